/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domain/select.h"

#include "base/str.h"

#include <errno.h>
#include <string.h>

enum { NICS_SHOWN = 8 };

static bool is_called(const struct vmp_nic *nic, const char *which, const struct vmp_mac *mac)
{
	if (mac && nic->has_mac && vmp_mac_equal(&nic->mac, mac))
		return true;
	return (nic->target && strcmp(nic->target, which) == 0) || (nic->alias && strcmp(nic->alias, which) == 0);
}

/* Number of NICs that the choice leaves; *ret_nic is the first of them. Without a name and an address: all. */
static size_t count_matches(const struct vmp_guest *guest, const char *which, const struct vmp_ip *address, size_t *ret_nic)
{
	struct vmp_mac mac;
	bool is_mac = which && vmp_mac_parse(which, &mac) == 0;
	size_t matches = 0;

	for (size_t i = guest->nics.n; i-- > 0;) {
		const struct vmp_nic *nic = &guest->nics.v[i];

		if (which ? !is_called(nic, which, is_mac ? &mac : NULL) : address && !vmp_nic_has_address(nic, address))
			continue;
		matches++;
		*ret_nic = i;
	}
	return matches;
}

static void describe_nic(struct vmp_buf *text, const struct vmp_nic *nic)
{
	char mac[VMP_MAC_STRLEN];

	vmp_buf_printf(text, "%s", nic->has_mac ? vmp_mac_format(&nic->mac, mac) : "no MAC");
	vmp_buf_printf(text, " (%.32s", nic->type_name ? nic->type_name : "?");
	if (nic->source)
		vmp_buf_printf(text, " %.32s", nic->source);
	if (nic->target)
		vmp_buf_printf(text, ", target %.16s", nic->target);
	if (nic->alias)
		vmp_buf_printf(text, ", alias %.32s", nic->alias);
	vmp_buf_printf(text, ")");
}

static void describe_nics(struct vmp_buf *text, const struct vmp_guest *guest)
{
	for (size_t i = 0; i < guest->nics.n && i < NICS_SHOWN; i++) {
		vmp_buf_printf(text, "%s", i ? ", " : "");
		describe_nic(text, &guest->nics.v[i]);
	}
	if (guest->nics.n > NICS_SHOWN)
		vmp_buf_printf(text, " and %zu more", guest->nics.n - NICS_SHOWN);
}

static int fail(const struct vmp_guest *guest, const char *which, const struct vmp_ip *address, struct vmp_err *err)
{
	const char *name = guest->name ? guest->name : "?";
	struct vmp_buf list = {0};
	char ip[VMP_IP_STRLEN] = "";
	int code;

	if (address)
		vmp_ip_format(address, ip);
	if (guest->nics.n == 0)
		return vmp_err_set(err, ENODEV, "domain", name,
				   "guest %.100s has no network interface in its XML: nothing to observe", name);
	describe_nics(&list, guest);
	if (which && count_matches(guest, which, NULL, &(size_t){0}) == 0)
		code = vmp_err_set(err, ENODEV, "domain", name,
				   "guest %.100s has no interface with the MAC, target or alias \"%.40s\"; it has: %s", name, which,
				   list.s ? list.s : "");
	else if (which)
		code = vmp_err_set(err, EEXIST, "domain", name,
				   "several interfaces of guest %.100s are called \"%.40s\"; choose one by another of its "
				   "names with -i: %s", name, which, list.s ? list.s : "");
	else
		code = vmp_err_set(err, EEXIST, "domain", name,
				   "guest %.100s has several interfaces%s%s; choose one with -i MAC, TARGET or ALIAS: %s", name,
				   address ? " and none alone is known to have " : "", ip, list.s ? list.s : "");
	vmp_buf_clear(&list);
	return code;
}

int vmp_nic_select(const struct vmp_guest *guest, const char *which, const struct vmp_ip *address, size_t *ret_nic,
		   struct vmp_err *err)
{
	size_t nic = 0;

	if (!which && guest->nics.n == 1) {
		*ret_nic = 0;
		return 0;
	}
	if (guest->nics.n == 0 || (!which && !address) || count_matches(guest, which, address, &nic) != 1)
		return fail(guest, which, address, err);
	*ret_nic = nic;
	return 0;
}
