/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domain/connection.h"

#include "domain/document.h"
#include "domain/xml.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Source: libvirt, docs/formatnetwork.rst, "Connectivity". */
static const struct {
	const char *name;
	enum vmp_forward forward;
} modes[] = {
	{"nat", VMP_FORWARD_NAT},
	{"route", VMP_FORWARD_ROUTE},
	{"open", VMP_FORWARD_OPEN},
	{"bridge", VMP_FORWARD_BRIDGE},
};

static enum vmp_forward read_forward(const xmlNode *root)
{
	const xmlNode *forward = vmp_document_child(root, "forward");

	if (!forward)
		return VMP_FORWARD_NONE;
	if (!xmlHasProp(forward, (const xmlChar *)"mode"))
		return VMP_FORWARD_NAT; /* libvirt's own default */
	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++)
		if (vmp_document_says(forward, "mode", modes[i].name))
			return modes[i].forward;
	return VMP_FORWARD_OTHER;
}

static int parse_network(const char *xml, const char *name, enum vmp_forward *ret_forward, struct vmp_err *err)
{
	struct vmp_document document;
	int code = vmp_document_open(xml, strlen(xml), VMP_DOMAIN_XML_MAX, name, &document, err);

	if (code < 0)
		return code;
	if (vmp_document_is(document.root, "network"))
		*ret_forward = read_forward(document.root);
	else
		code = vmp_err_set(err, EINVAL, "domain", name, "reading the XML of network %s: it is no <network>", name);
	vmp_document_close(&document);
	return code;
}

int vmp_domain_network_forward(struct vmp_domain *domain, const char *name, enum vmp_forward *ret_forward,
			       struct vmp_err *err)
{
	virNetworkPtr network = virNetworkLookupByName(domain->connection, name);
	char *xml = network ? virNetworkGetXMLDesc(network, 0) : NULL;
	char doing[256];
	int code;

	snprintf(doing, sizeof(doing), "asking libvirt about its network %.128s", name);
	code = xml ? parse_network(xml, name, ret_forward, err) : vmp_libvirt_error(err, name, doing, NULL);
	free(xml);
	if (network)
		virNetworkFree(network);
	return code;
}
