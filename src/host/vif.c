/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Xen netback: vifDOMAIN.DEVICE, which names no kind. Its parent tells since 5.14; before, the name does, which
 * libxl gives (libxl_nic: "vif%d.%d"). The "-emu" twin is a tap and known as such.
 */
#include "host/kind.h"

#include <stdio.h>
#include <string.h>

static bool vif_is_one(const struct vmp_link *link, const struct vmp_host_raw *raw)
{
	unsigned int domain, device;
	int end = 0;

	if (raw->bus[0] != '\0')
		return strcmp(raw->bus, "xen-backend") == 0;
	return sscanf(link->name, "vif%u.%u%n", &domain, &device, &end) == 2 && link->name[end] == '\0';
}

const struct vmp_host_kind vmp_host_kind_vif = {.kind = VMP_LINK_VIF, .is_one = vif_is_one};
