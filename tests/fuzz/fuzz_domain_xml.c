/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A domain XML of somebody else (--domain-xml). Checked beside memory: what src/domain/xml.h promises of a guest that was
 * read, and that a NIC that was read can be chosen.
 */
#include "fuzz.h"

#include "domain/select.h"
#include "domain/xml.h"
#include "model/host.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { NICS_MAX = 1024, STRING_MAX = 1024 };

static void promise(bool kept)
{
	if (!kept)
		abort();
}

static void bounded(const char *text)
{
	promise(!text || strlen(text) <= STRING_MAX);
}

static void backend_or_reason(const struct vmp_nic *nic)
{
	promise((nic->target != NULL) == (nic->why_no_backend == NULL));
	promise(!nic->why_no_backend || *nic->why_no_backend);
	if (!nic->target)
		return;
	promise(*nic->target && strlen(nic->target) < VMP_IFNAMSIZ);
	promise(!strpbrk(nic->target, "/ \t\n\r") && strcmp(nic->target, ".") != 0 && strcmp(nic->target, "..") != 0);
}

static void look_at_nic(const struct vmp_nic *nic)
{
	bounded(nic->type_name);
	bounded(nic->model);
	bounded(nic->source);
	bounded(nic->network);
	bounded(nic->bridge);
	bounded(nic->alias);
	bounded(nic->filter);
	bounded(nic->backend_domain);
	promise(!nic->has_vlan || nic->vlan <= 4095);
	vmp_vec_foreach (address, &nic->addresses)
		promise(address->ip.family == 4 || address->ip.family == 6);
	backend_or_reason(nic);
}

static void can_be_chosen(const struct vmp_guest *guest, size_t i)
{
	const struct vmp_nic *nic = &guest->nics.v[i];
	char mac[VMP_MAC_STRLEN];
	const char *words[] = {nic->target, nic->alias, nic->has_mac ? vmp_mac_format(&nic->mac, mac) : NULL};
	struct vmp_err err = {0};
	size_t chosen = guest->nics.n;
	int code;

	for (size_t k = 0; k < sizeof(words) / sizeof(*words); k++) {
		if (!words[k])
			continue;
		code = vmp_nic_select(guest, words[k], NULL, &chosen, &err);
		promise((code == 0 && chosen == i) || code == -EEXIST);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vmp_guest guest = {0};
	struct vmp_err err = {0};
	char *copy = malloc(size ? size : 1);
	int code;

	promise(copy);
	if (size)
		memcpy(copy, data, size);
	code = vmp_domain_xml_parse(copy, size, &guest, &err);
	free(copy);
	if (code < 0) {
		promise(code == -EINVAL || code == -EFBIG);
		promise(err.code == -code && *err.message && !strchr(err.message, '\n'));
		return 0;
	}
	promise(guest.name && *guest.name && guest.state == VMP_GUEST_STATE_UNKNOWN && guest.nics.n <= NICS_MAX);
	bounded(guest.name);
	bounded(guest.uuid);
	bounded(guest.hypervisor);
	vmp_vec_foreach (nic, &guest.nics)
		look_at_nic(nic);
	/* Each choice looks at all of them */
	for (size_t i = 0; i < guest.nics.n && i < 64; i++)
		can_be_chosen(&guest, i);
	vmp_guest_clear(&guest);
	return 0;
}
