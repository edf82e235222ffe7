/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files that talk to libvirt share. Internal to this folder. */
#ifndef VMP_DOMAIN_CONNECTION_H
#define VMP_DOMAIN_CONNECTION_H

#include "base/err.h"
#include "domain/domain.h"

#include <libvirt/libvirt.h>
#include <stdbool.h>

struct vmp_domain {
	virConnectPtr connection;
	char *uri;
};

/*
 * Turn libvirt's last error into ours. object: what it was done to; doing: "reading the XML of guest web01", without
 * newline; hint: what to do when the error itself does not tell, may be NULL; all borrowed. The message gets libvirt's own
 * first line. Returns -errno.
 */
int vmp_libvirt_error(struct vmp_err *err, const char *object, const char *doing, const char *hint);

/* True when libvirt's last error says that the domain or network is not there (or cannot be, by its name). */
bool vmp_libvirt_is_absent(void);

/*
 * Why a connection URI may not be used: it names another host. uri: borrowed.
 * Returns 0; -EXDEV for another host; -EINVAL when it is not a URI. The rules are those of libvirt's remote driver.
 */
int vmp_uri_check(const char *uri, struct vmp_err *err);

/* True when the URI names a server (this host by one of its names): its answers need to be checked for the host. */
bool vmp_uri_has_server(const char *uri);

/* Everything libvirt says of one domain, addresses included. As vmp_domain_find(). */
int vmp_libvirt_guest(virDomainPtr libvirt_domain, struct vmp_guest *ret_guest, char **ret_xml, struct vmp_err *err);

/* State of a domain, why it is in it, and its job, into the guest. Returns 0 or -errno. */
int vmp_libvirt_state(virDomainPtr libvirt_domain, struct vmp_guest *guest, struct vmp_err *err);

/* Why a domain is in its state, as virsh domstate --reason says it; NULL: libvirt does not tell. state, reason: its numbers. */
const char *vmp_libvirt_reason(int state, int reason);

/* The job of a domain, into the guest. A driver that knows no jobs has none running. Returns 0 or -ENOMEM. */
int vmp_libvirt_job(virDomainPtr libvirt_domain, struct vmp_guest *guest);

/*
 * All domains of a connection, running or not. Returns their number and *ret_domains, to be freed with
 * vmp_libvirt_domains_free(); or -errno.
 */
int vmp_libvirt_domains(struct vmp_domain *domain, virDomainPtr **ret_domains, struct vmp_err *err);

/* Free a list of domains of that many elements. */
void vmp_libvirt_domains_free(virDomainPtr *domains, int n);

#endif
