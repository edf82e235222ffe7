/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Source of the types: libvirt, docs/formatdomain.rst, "Network interfaces"; src/conf/domain_conf.h, virDomainNetType. */
#include "domain/nictype.h"

#include "base/str.h"

#include <stdlib.h>
#include <string.h>

/* A formatted source, or the failure to make one. */
static void set_source(struct vmp_document *document, struct vmp_nic *nic, char *text)
{
	if (!text)
		vmp_document_oom(document);
	free(nic->source);
	nic->source = text;
}

/* <source><address type='pci' domain= bus= slot= function=/>: as lspci writes it. */
static void describe_hostdev(struct vmp_document *document, const xmlNode *element, struct vmp_nic *nic)
{
	static const char *const parts[] = {"domain", "bus", "slot", "function"};
	const xmlNode *address = vmp_document_child(vmp_document_child(element, "source"), "address");
	unsigned long numbers[4] = {0};

	if (!vmp_document_says(address, "type", "pci"))
		return;
	for (size_t i = 0; i < 4; i++) {
		char *text = NULL;

		vmp_document_attribute(document, address, parts[i], &text);
		numbers[i] = text ? strtoul(text, NULL, 0) : 0;
		free(text);
	}
	set_source(document, nic, vmp_str_printf("%04lx:%02lx:%02lx.%lx", numbers[0] & 0xffff, numbers[1] & 0xff,
						 numbers[2] & 0x1f, numbers[3] & 0x7));
}

/* <source address= port=>: the socket. */
static void describe_socket(struct vmp_document *document, const xmlNode *element, struct vmp_nic *nic)
{
	const xmlNode *source = vmp_document_child(element, "source");
	char *address = NULL, *port = NULL;

	vmp_document_attribute(document, source, "address", &address);
	vmp_document_attribute(document, source, "port", &port);
	if (address || port)
		set_source(document, nic, vmp_str_printf("%s:%s", address ? address : "", port ? port : ""));
	free(address);
	free(port);
}

static const char why_socket[] =
	"QEMU carries the frames of this interface over a socket of its own to another QEMU: there is no network device on "
	"the host to observe";

static const struct vmp_nictype types[] = {
	{"network", VMP_NIC_NETWORK, "network", NULL, NULL},
	{"bridge", VMP_NIC_BRIDGE, "bridge", NULL, NULL},
	{"ethernet", VMP_NIC_ETHERNET, NULL, NULL, NULL},
	{"direct", VMP_NIC_DIRECT, "dev", NULL, NULL},
	{"hostdev", VMP_NIC_HOSTDEV, NULL, describe_hostdev,
	 "the guest drives a PCI function of the host's NIC itself (passthrough, SR-IOV): its frames pass no network device of "
	 "the host; look at the VF's counters (ip -s link show of the physical function) and at the switch"},
	{"vdpa", VMP_NIC_VDPA, "dev", NULL,
	 "the guest's queues are served by vDPA hardware: its frames pass no network device of the host; look at the NIC's own "
	 "counters (vdpa dev vstats show) and at the switch"},
	{"vhostuser", VMP_NIC_VHOSTUSER, "path", NULL,
	 "a user-space switch (Open vSwitch with DPDK, VPP, passt) takes the frames over a vhost-user socket: there is no network "
	 "device on the host to observe; look at the switch's own port counters"},
	{"user", VMP_NIC_USER, "dev", NULL,
	 "user-mode networking (SLIRP or passt) turns the guest's traffic into sockets of a host process: there is no network "
	 "device on the host to observe"},
	{"server", VMP_NIC_SERVER, NULL, describe_socket, why_socket},
	{"client", VMP_NIC_CLIENT, NULL, describe_socket, why_socket},
	{"mcast", VMP_NIC_MCAST, NULL, describe_socket, why_socket},
	{"udp", VMP_NIC_UDP, NULL, describe_socket, why_socket},
	{"internal", VMP_NIC_INTERNAL, "name", NULL,
	 "the hypervisor connects its guests internally: there is no network device on the host to observe"},
	{"null", VMP_NIC_NULL, NULL, NULL, "this interface is connected to nothing"},
	{"vds", VMP_NIC_VDS, "switchid", NULL,
	 "a VMware distributed switch carries this interface: there is no network device on this host to observe"},
	{NULL, VMP_NIC_OTHER, NULL, NULL, NULL},
};

enum { TYPES = sizeof(types) / sizeof(*types) };

const struct vmp_nictype *vmp_nictype_find(const char *name)
{
	for (size_t i = 0; name && i < TYPES - 1; i++)
		if (strcmp(types[i].name, name) == 0)
			return &types[i];
	return &types[TYPES - 1];
}
