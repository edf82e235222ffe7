/* SPDX-License-Identifier: GPL-2.0-or-later */
/* veth: its other end is told by IFLA_LINK and IFLA_LINK_NETNSID, which every link has in common. */
#include "host/kind.h"

const struct vmp_host_kind vmp_host_kind_veth = {.name = "veth", .kind = VMP_LINK_VETH};
