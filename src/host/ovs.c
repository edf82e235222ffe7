/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Open vSwitch in the kernel: the datapath's own device (ovs-system) and internal ports name the kind "openvswitch"; ports
 * of other kinds are known by their master and slave kind alone. What flows do with frames, netlink does not tell.
 */
#include "host/kind.h"

const struct vmp_host_kind vmp_host_kind_ovs = {.name = "openvswitch", .kind = VMP_LINK_OVS};
