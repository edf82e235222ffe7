/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domain/connection.h"

#include <errno.h>
#include <libvirt/libvirt-qemu.h>
#include <stdio.h>
#include <stdlib.h>

/* Doing is called after the command: "asking the guest's agent for guest-network-get-interfaces". */
static int fail(struct vmp_err *err, const char *uuid, const char *whom, const char *command)
{
	char doing[256];

	snprintf(doing, sizeof(doing), "asking %s for %.80s", whom, command);
	return vmp_libvirt_error(err, uuid, doing, NULL);
}

static int look_up(struct vmp_domain *domain, const char *uuid, virDomainPtr *ret_domain, struct vmp_err *err)
{
	*ret_domain = virDomainLookupByUUIDString(domain->connection, uuid);
	return *ret_domain ? 0 : vmp_libvirt_error(err, uuid, "looking for the guest", NULL);
}

int vmp_domain_ask_agent(struct vmp_domain *domain, const char *uuid, const char *command, unsigned int seconds, char **ret_text,
			 struct vmp_err *err)
{
	char text[160];
	virDomainPtr found;
	int code = look_up(domain, uuid, &found, err);

	if (code < 0)
		return code;
	snprintf(text, sizeof(text), "{\"execute\":\"%.80s\"}", command);
	*ret_text = virDomainQemuAgentCommand(found, text, (int)seconds, 0);
	if (!*ret_text)
		code = fail(err, uuid, "the guest's agent", command);
	virDomainFree(found);
	return code;
}

int vmp_domain_ask_monitor(struct vmp_domain *domain, const char *uuid, const char *command, const char *arguments, char **ret_text,
			   struct vmp_err *err)
{
	char text[512], *answer = NULL;
	virDomainPtr found;
	int code = look_up(domain, uuid, &found, err);

	if (code < 0)
		return code;
	snprintf(text, sizeof(text), "{\"execute\":\"%.80s\",\"arguments\":{%.384s}}", command, arguments);
	if (virDomainQemuMonitorCommand(found, text, &answer, 0) < 0 || !answer)
		code = fail(err, uuid, "QEMU's monitor", command);
	else
		*ret_text = answer;
	virDomainFree(found);
	return code;
}
