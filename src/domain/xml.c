/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domain/xml.h"

#include "base/str.h"
#include "domain/document.h"
#include "domain/nictype.h"
#include "model/host.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NICS_MAX = 1024, ADDRESSES_MAX = 64 };

/* Documents of libvirt that are mistaken for a domain, and what to give instead. */
static const struct {
	const char *root, *hint;
} others[] = {
	{"domstatus", "libvirt's own state file; give what virsh dumpxml prints"},
	{"domainsnapshot", "a snapshot; give what virsh dumpxml prints"},
	{"domaincheckpoint", "a checkpoint; give what virsh dumpxml prints"},
	{"network", "a virtual network; give the domain that is connected to it"},
	{"interface", "one interface; give the whole domain"},
	{"node", "the configuration of libvirt's test driver; open it with -c test:///FILE"},
	{"domains", "several domains; give one"},
};

static int fail_root(const struct vmp_document *document)
{
	const char *root = (const char *)document->root->name;
	const char *hint = "give what virsh dumpxml prints";

	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (strcmp(root, others[i].root) == 0)
			hint = others[i].hint;
	return vmp_err_set(document->err, EINVAL, "domain", document->what,
			   "reading the XML of %s: found <%.64s> where <domain> was expected: %s", document->what, root, hint);
}

/* What the kernel takes as a device name (net/core/dev.c, dev_valid_name()). */
static bool is_device_name(const char *name)
{
	if (!*name || strlen(name) >= VMP_IFNAMSIZ || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return false;
	for (; *name; name++)
		if (*name == '/' || *name == ':' || isspace((unsigned char)*name))
			return false;
	return true;
}

static void set_why(struct vmp_document *document, struct vmp_nic *nic, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void set_why(struct vmp_document *document, struct vmp_nic *nic, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (vmp_str_set(&nic->why_no_backend, text) < 0)
		vmp_document_oom(document);
}

/* Xen's own control domain has several names; everything else is a driver domain with a kernel of its own. */
static bool is_driver_domain(const char *name)
{
	return name && strcmp(name, "Domain-0") != 0 && strcmp(name, "dom0") != 0 && strcmp(name, "0") != 0;
}

/* Either a target or a sentence why there is none. nic->target holds what the XML says. */
static void settle_backend(struct vmp_document *document, const struct vmp_nictype *type, bool running, struct vmp_nic *nic)
{
	if (type->why)
		set_why(document, nic, "%s", type->why);
	else if (is_driver_domain(nic->backend_domain))
		set_why(document, nic, "the backend is in the Xen driver domain %.200s, not on this host; look there",
			nic->backend_domain);
	else if (nic->target && !is_device_name(nic->target))
		set_why(document, nic, "the XML names the device \"%.200s\", which cannot be the name of a network device",
			nic->target);
	else if (!nic->target && !nic->type_name)
		set_why(document, nic, "the XML gives this interface neither a type nor a host device (no <target dev=...>)");
	else if (!nic->target && type->type == VMP_NIC_OTHER)
		set_why(document, nic,
			"the interface type \"%.64s\" is not known to vmpath, and the XML names no host device for it",
			nic->type_name);
	else if (!nic->target && !running)
		set_why(document, nic, "the guest is not running, or this is its inactive XML (it has no id): no host device is "
			"named (no <target dev=...>)");
	else if (!nic->target)
		set_why(document, nic, "the XML names no host device for this interface (no <target dev=...>)");
	if (nic->why_no_backend)
		vmp_str_set(&nic->target, NULL);
}

static void add_address(struct vmp_document *document, struct vmp_nic *nic, const xmlNode *element, const char *attribute,
			enum vmp_address_source source)
{
	struct vmp_ip ip;
	char *text = NULL;

	vmp_document_attribute(document, element, attribute, &text);
	if (text && nic->addresses.n < ADDRESSES_MAX && vmp_ip_parse(text, &ip) == 0 &&
	    vmp_nic_add_address(nic, &ip, source) < 0)
		vmp_document_oom(document);
	free(text);
}

/* Addresses that the XML binds to the guest: the filter's parameters, and <ip>, which for `user` is the subnet instead. */
static void read_addresses(struct vmp_document *document, const xmlNode *element, struct vmp_nic *nic)
{
	const xmlNode *filter = vmp_document_child(element, "filterref");

	for (const xmlNode *p = vmp_document_child(filter, "parameter"); p; p = vmp_document_next(p))
		if (vmp_document_says(p, "name", "IP") || vmp_document_says(p, "name", "IPV6"))
			add_address(document, nic, p, "value", VMP_ADDRESS_FILTER);
	if (nic->type == VMP_NIC_USER)
		return;
	for (const xmlNode *ip = vmp_document_child(element, "ip"); ip; ip = vmp_document_next(ip))
		add_address(document, nic, ip, "address", VMP_ADDRESS_XML);
}

static enum vmp_tristate read_tristate(const xmlNode *node, const char *name, const char *yes, const char *no)
{
	return vmp_document_says(node, name, yes) ? VMP_YES : vmp_document_says(node, name, no) ? VMP_NO : VMP_UNKNOWN;
}

static void read_mac(struct vmp_document *document, const xmlNode *element, struct vmp_nic *nic)
{
	char *text = NULL;

	vmp_document_attribute(document, vmp_document_child(element, "mac"), "address", &text);
	nic->has_mac = text && vmp_mac_parse(text, &nic->mac) == 0;
	free(text);
}

static void read_settings(struct vmp_document *document, const xmlNode *element, struct vmp_nic *nic)
{
	const xmlNode *driver = vmp_document_child(element, "driver");
	const xmlNode *tag = vmp_document_child(vmp_document_child(element, "vlan"), "tag");
	uint32_t number = 0;

	vmp_document_attribute(document, vmp_document_child(element, "model"), "type", &nic->model);
	vmp_document_attribute(document, vmp_document_child(element, "virtualport"), "type", &nic->virtualport);
	vmp_document_attribute(document, vmp_document_child(element, "target"), "dev", &nic->target);
	vmp_document_attribute(document, vmp_document_child(element, "alias"), "name", &nic->alias);
	vmp_document_attribute(document, vmp_document_child(element, "filterref"), "filter", &nic->filter);
	vmp_document_attribute(document, vmp_document_child(element, "backenddomain"), "name", &nic->backend_domain);
	vmp_document_attribute(document, driver, "name", &nic->driver);
	nic->has_queues = vmp_document_number(driver, "queues", UINT32_MAX, &nic->queues);
	nic->has_mtu = vmp_document_number(vmp_document_child(element, "mtu"), "size", UINT32_MAX, &nic->mtu);
	nic->has_vlan = vmp_document_number(tag, "id", 4095, &number);
	nic->vlan = nic->has_vlan ? (uint16_t)number : 0;
	nic->has_bandwidth = vmp_document_child(element, "bandwidth") != NULL;
	nic->link_up = read_tristate(vmp_document_child(element, "link"), "state", "up", "down");
	nic->isolated = read_tristate(vmp_document_child(element, "port"), "isolated", "yes", "no");
}

/* <source>: what the type says it names, and the network and bridge that the live XML adds. */
static void read_source(struct vmp_document *document, const xmlNode *element, const struct vmp_nictype *type,
			struct vmp_nic *nic)
{
	const xmlNode *source = vmp_document_child(element, "source");

	if (type->attribute)
		vmp_document_attribute(document, source, type->attribute, &nic->source);
	if (type->describe)
		type->describe(document, element, nic);
	vmp_document_attribute(document, source, "network", &nic->network);
	vmp_document_attribute(document, source, "bridge", &nic->bridge);
	if (type->type == VMP_NIC_DIRECT)
		vmp_document_attribute(document, source, "mode", &nic->source_mode);
}

static void read_nic(struct vmp_document *document, const xmlNode *element, bool running, struct vmp_nic *nic)
{
	const struct vmp_nictype *type;

	vmp_document_attribute(document, element, "type", &nic->type_name);
	type = vmp_nictype_find(nic->type_name);
	nic->type = type->type;
	read_mac(document, element, nic);
	read_source(document, element, type, nic);
	read_settings(document, element, nic);
	read_addresses(document, element, nic);
	settle_backend(document, type, running, nic);
}

static int read_nics(struct vmp_document *document, struct vmp_guest *guest)
{
	const xmlNode *devices, *element;

	for (devices = vmp_document_child(document->root, "devices"); devices; devices = vmp_document_next(devices)) {
		for (element = vmp_document_child(devices, "interface"); element; element = vmp_document_next(element)) {
			struct vmp_nic *nic;

			if (guest->nics.n == NICS_MAX)
				return vmp_err_set(document->err, EINVAL, "domain", document->what,
						   "reading the XML of %s: more than %d interfaces, which no hypervisor offers",
						   document->what, NICS_MAX);
			nic = vmp_vec_add(&guest->nics);
			if (!nic)
				return vmp_document_oom(document);
			read_nic(document, element, guest->has_id, nic);
			if (document->failed)
				return document->failed;
		}
	}
	return 0;
}

static int read_domain(struct vmp_document *document, struct vmp_guest *guest)
{
	uint32_t id = 0;

	if (!vmp_document_is(document->root, "domain"))
		return fail_root(document);
	vmp_document_attribute(document, document->root, "type", &guest->hypervisor);
	vmp_document_text(document, vmp_document_child(document->root, "name"), &guest->name);
	vmp_document_text(document, vmp_document_child(document->root, "uuid"), &guest->uuid);
	guest->has_id = vmp_document_number(document->root, "id", INT_MAX, &id);
	guest->id = (int)id;
	if (document->failed)
		return document->failed;
	if (!guest->name || !*guest->name)
		return vmp_err_set(document->err, EINVAL, "domain", document->what,
				   "reading the XML of %s: the domain has no <name>; give it as virsh dumpxml prints it",
				   document->what);
	return read_nics(document, guest);
}

static int parse(const char *xml, size_t len, const char *what, struct vmp_guest *ret_guest, struct vmp_err *err)
{
	struct vmp_document document;
	struct vmp_guest guest = {0};
	int code = vmp_document_open(xml, len, VMP_DOMAIN_XML_MAX, what, &document, err);

	if (code < 0)
		return code;
	code = read_domain(&document, &guest);
	vmp_document_close(&document);
	if (code < 0)
		vmp_guest_clear(&guest);
	else
		*ret_guest = guest;
	return code;
}

int vmp_domain_xml_parse(const char *xml, size_t len, struct vmp_guest *ret_guest, struct vmp_err *err)
{
	return parse(xml, len, "the domain", ret_guest, err);
}

/* Read a whole file or pipe, at most one byte more than is accepted. */
static int read_whole(int fd, struct vmp_buf *text)
{
	char block[16384];

	while (text->len <= VMP_DOMAIN_XML_MAX) {
		ssize_t got = read(fd, block, sizeof(block));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		vmp_buf_add(text, block, (size_t)got);
		if (text->oom)
			return -ENOMEM;
	}
	return 0;
}

int vmp_domain_xml_read(const char *file, struct vmp_guest *ret_guest, char **ret_xml, struct vmp_err *err)
{
	struct vmp_buf text = {0};
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY), code;

	if (fd < 0)
		return vmp_err_set(err, errno, "domain", file, "reading the domain XML from %s: %s", file, strerror(errno));
	code = read_whole(fd, &text);
	close(fd);
	if (code < 0)
		vmp_err_set(err, -code, "domain", file, "reading the domain XML from %s: %s", file, strerror(-code));
	else
		code = parse(text.s ? text.s : "", text.len, file, ret_guest, err);
	if (code == 0 && ret_xml)
		*ret_xml = vmp_buf_take(&text);
	vmp_buf_clear(&text);
	return code;
}
