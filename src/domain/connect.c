/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domain/connection.h"

#include "base/str.h"

#include <errno.h>
#include <libvirt/virterror.h>
#include <libxml/xmlerror.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* libvirt prints every error to stderr unless told otherwise; here they are read with virGetLastError() instead. */
static void keep_quiet(void *data, virErrorPtr error)
{
	(void)data;
	(void)error;
}

/* libxml2 does so too, for libvirt's drivers that read files in this process. */
static void keep_xml_quiet(void *data, const char *fmt, ...)
{
	(void)data;
	(void)fmt;
}

static int fail_open(const char *uri, struct vmp_err *err)
{
	const char *hint = uri && strncmp(uri, "test:", 5) == 0
				   ? "check the file of the test driver"
				   : "is libvirtd (or virtqemud) running? -c URI names another connection";
	char doing[256];
	struct vmp_err local = {0};

	snprintf(doing, sizeof(doing), "connecting to libvirt (%.160s)", uri ? uri : "its default URI");
	vmp_libvirt_error(&local, uri, doing, hint);
	return vmp_err_set(err, local.code == EACCES ? EACCES : ECONNREFUSED, "domain", uri, "%s", local.message);
}

/* True when both host names are the same, as far as both are written out. */
static bool same_host_name(const char *a, const char *b)
{
	size_t la = strcspn(a, "."), lb = strcspn(b, ".");

	if (a[la] && b[lb])
		return strcasecmp(a, b) == 0;
	return la == lb && strncasecmp(a, b, la) == 0;
}

/* A URI to "localhost" may be a tunnel: what the other end calls itself tells. */
static int check_host_name(struct vmp_domain *domain, struct vmp_err *err)
{
	char own[256] = "";
	char *theirs;
	int code = 0;

	if (!vmp_uri_has_server(domain->uri))
		return 0;
	theirs = virConnectGetHostname(domain->connection);
	if (!theirs)
		return vmp_libvirt_error(err, domain->uri, "asking libvirt which host it is on", NULL);
	gethostname(own, sizeof(own) - 1);
	if (!same_host_name(own, theirs))
		code = vmp_err_set(err, EXDEV, "domain", domain->uri,
				   "connecting to libvirt at %s: it is on the host %s, but packets are captured on this one (%s), "
				   "where its guests are not; run vmpath there", domain->uri, theirs, own);
	free(theirs);
	return code;
}

/* An alias or libvirt's own default can lead to another host too: what was connected to is checked once more. */
static int check_connection(struct vmp_domain *domain, struct vmp_err *err)
{
	int code;

	domain->uri = virConnectGetURI(domain->connection);
	if (!domain->uri)
		return vmp_libvirt_error(err, NULL, "asking libvirt for the URI of the connection", NULL);
	code = vmp_uri_check(domain->uri, err);
	return code < 0 ? code : check_host_name(domain, err);
}

static int open_connection(const char *uri, bool writable, struct vmp_domain **ret_domain, struct vmp_err *err)
{
	const char *wanted = uri ? uri : getenv("LIBVIRT_DEFAULT_URI");
	struct vmp_domain *domain;
	int code = wanted && *wanted ? vmp_uri_check(wanted, err) : 0;

	if (code < 0)
		return code;
	domain = calloc(1, sizeof(*domain));
	if (!domain)
		return vmp_err_set(err, ENOMEM, "domain", uri, "connecting to libvirt: out of memory");
	virSetErrorFunc(NULL, keep_quiet);
	xmlSetGenericErrorFunc(NULL, keep_xml_quiet);
	domain->connection = writable ? virConnectOpen(uri) : virConnectOpenReadOnly(uri);
	code = domain->connection ? check_connection(domain, err) : fail_open(wanted, err);
	if (code < 0) {
		vmp_domain_close(domain);
		return code;
	}
	*ret_domain = domain;
	return 0;
}

int vmp_domain_open(const char *uri, struct vmp_domain **ret_domain, struct vmp_err *err)
{
	return open_connection(uri, false, ret_domain, err);
}

int vmp_domain_open_writable(const char *uri, struct vmp_domain **ret_domain, struct vmp_err *err)
{
	return open_connection(uri, true, ret_domain, err);
}

void vmp_domain_close(struct vmp_domain *domain)
{
	if (!domain)
		return;
	if (domain->connection)
		virConnectClose(domain->connection);
	free(domain->uri);
	free(domain);
}

const char *vmp_domain_uri(const struct vmp_domain *domain)
{
	return domain->uri;
}
