/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Connection URIs: frames are captured on this host, so libvirt must be this host's. Source: libvirt, docs/uri.rst. */
#include "domain/connection.h"

#include "base/addr.h"

#include <errno.h>
#include <libxml/uri.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static bool is_loopback(const char *server)
{
	static const struct vmp_ip loopback6 = {.family = 6, .b = {[15] = 1}};
	struct vmp_ip ip;

	if (strcasecmp(server, "localhost") == 0)
		return true;
	if (vmp_ip_parse(server, &ip) < 0)
		return false;
	return ip.family == 4 ? ip.b[0] == 127 : vmp_ip_equal(&ip, &loopback6);
}

/* True when the server part names this host. An IPv6 address stands in brackets. */
static bool is_this_host(const char *server)
{
	char name[256], own[256];
	size_t len = strlen(server);

	if (server[0] == '[' && server[len - 1] == ']') {
		server++;
		len -= 2;
	}
	if (len >= sizeof(name))
		return false;
	memcpy(name, server, len);
	name[len] = '\0';
	if (is_loopback(name))
		return true;
	if (gethostname(own, sizeof(own)) < 0)
		return false;
	own[sizeof(own) - 1] = '\0';
	return strcasecmp(own, name) == 0;
}

static bool has_server(const xmlURI *parsed)
{
	return parsed->server && *parsed->server;
}

/* "+ext" reaches libvirt through a program of the operator's: where that ends cannot be known. */
static bool has_external_transport(const xmlURI *parsed)
{
	const char *transport = parsed->scheme ? strchr(parsed->scheme, '+') : NULL;

	return transport && strcasecmp(transport, "+ext") == 0;
}

int vmp_uri_check(const char *uri, struct vmp_err *err)
{
	xmlURIPtr parsed = xmlParseURI(uri);
	int code = 0;

	if (!parsed)
		return vmp_err_set(err, EINVAL, "domain", uri,
				   "connecting to libvirt: \"%s\" is not a URI; give one like qemu:///system", uri);
	if (has_server(parsed) && !is_this_host(parsed->server))
		code = vmp_err_set(err, EXDEV, "domain", uri,
				   "connecting to libvirt at %s: it is on another host (%s), but packets are captured on this one, "
				   "where its guests are not; run vmpath there", uri, parsed->server);
	else if (has_external_transport(parsed))
		code = vmp_err_set(err, EXDEV, "domain", uri,
				   "connecting to libvirt at %s: an external transport may lead to another host, but packets are "
				   "captured on this one; give a local URI like qemu:///system", uri);
	xmlFreeURI(parsed);
	return code;
}

bool vmp_uri_has_server(const char *uri)
{
	xmlURIPtr parsed = xmlParseURI(uri);
	bool has = parsed && has_server(parsed);

	xmlFreeURI(parsed);
	return has;
}
