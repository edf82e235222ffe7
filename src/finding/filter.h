/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the packet filter's hooks lie, and who made a rule. Inside finding/ only. */
#ifndef VMP_FINDING_FILTER_H
#define VMP_FINDING_FILTER_H

#include "model/run.h"

/* Whose hooks: a device's own, the bridge's, those of IP. */
enum vmp_filter_layer { VMP_LAYER_DEVICE, VMP_LAYER_BRIDGE, VMP_LAYER_IP };

/* Where the kernel says that the packet filter dropped packets. */
struct vmp_filter_place {
	enum vmp_filter_layer layer;
	uint8_t hooks;
	bool by_rules;              /* by a rule or policy of nf_tables; else it may as well be conntrack or iptables-legacy */
	uint64_t packets;
};

/* Of the hooks at which this guest's packets may meet the rule those that lie in the segment; 0: none. */
uint8_t vmp_filter_hooks_between(const struct vmp_path *path, const struct vmp_segment *segment, const struct vmp_filter_rule *rule);

/* Is this a drop of the packet filter, and where was it? */
bool vmp_filter_cause_place(const struct vmp_cause *cause, struct vmp_filter_place *ret_place);

/* Whose hooks a rule hangs at. */
enum vmp_filter_layer vmp_filter_layer_of(const struct vmp_filter_rule *rule);

/*
 * Is the chain one of those that libvirt's nwfilter makes for an interface? ret_device: its name, VMP_IFNAMSIZ bytes. libvirt 9.0,
 * src/nwfilter/nwfilter_ebiptables_driver.c: libvirt-I-DEV, I-DEV-mac, FO-DEV and the like; J and P stand for I and O while it changes them.
 */
bool vmp_filter_is_nwfilter(const struct vmp_filter_rule *rule, char *ret_device);

/* Whose rule it is, for a person: "libvirt's network", "Docker's"; NULL: not known. */
const char *vmp_filter_maker(const struct vmp_filter_rule *rule);

/* The command that shows the rule with its counters: into buf, which is returned. */
const char *vmp_filter_command(const struct vmp_filter_rule *rule, char *buf, size_t size);

#endif
