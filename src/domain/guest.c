/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One libvirt domain -> guest: its XML, state, job and leases. */
#include "domain/connection.h"

#include "base/log.h"
#include "base/str.h"
#include "domain/xml.h"

#include <errno.h>
#include <libvirt/virterror.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const enum vmp_guest_state states[] = {
	[VIR_DOMAIN_NOSTATE] = VMP_GUEST_STATE_UNKNOWN,
	[VIR_DOMAIN_RUNNING] = VMP_GUEST_RUNNING,
	[VIR_DOMAIN_BLOCKED] = VMP_GUEST_BLOCKED,
	[VIR_DOMAIN_PAUSED] = VMP_GUEST_PAUSED,
	[VIR_DOMAIN_SHUTDOWN] = VMP_GUEST_SHUTDOWN,
	[VIR_DOMAIN_SHUTOFF] = VMP_GUEST_SHUTOFF,
	[VIR_DOMAIN_CRASHED] = VMP_GUEST_CRASHED,
	[VIR_DOMAIN_PMSUSPENDED] = VMP_GUEST_PMSUSPENDED,
};

enum { STATES = sizeof(states) / sizeof(*states) };

/* name: taken before the call that failed, since every call of libvirt, also for a name, forgets the last error. */
static int fail(struct vmp_err *err, const char *name, const char *what)
{
	char doing[256];

	snprintf(doing, sizeof(doing), "reading the %s of guest %.128s", what, name);
	return vmp_libvirt_error(err, name, doing, NULL);
}

int vmp_libvirt_state(virDomainPtr libvirt_domain, struct vmp_guest *guest, struct vmp_err *err)
{
	const char *name = virDomainGetName(libvirt_domain);
	int state, reason;

	if (virDomainGetState(libvirt_domain, &state, &reason, 0) < 0)
		return fail(err, name ? name : "?", "state");
	guest->state = state >= 0 && state < STATES ? states[state] : VMP_GUEST_STATE_UNKNOWN;
	if (vmp_str_set(&guest->state_reason, vmp_libvirt_reason(state, reason)) < 0 || vmp_libvirt_job(libvirt_domain, guest) < 0)
		return vmp_err_set(err, ENOMEM, "domain", name, "reading the state of guest %.128s: out of memory", name ? name : "?");
	return 0;
}

static int add_lease(struct vmp_guest *guest, const virDomainInterface *lease)
{
	struct vmp_mac mac;
	struct vmp_ip ip;

	if (!lease->hwaddr || vmp_mac_parse(lease->hwaddr, &mac) < 0)
		return 0;
	vmp_vec_foreach (nic, &guest->nics) {
		if (!nic->has_mac || !vmp_mac_equal(&nic->mac, &mac))
			continue;
		for (unsigned int i = 0; i < lease->naddrs; i++)
			if (vmp_ip_parse(lease->addrs[i].addr, &ip) == 0 &&
			    vmp_nic_add_address(nic, &ip, VMP_ADDRESS_LEASE) < 0)
				return -ENOMEM;
	}
	return 0;
}

/* Leases of libvirt's own DHCP servers. Most guests have none, and that none could be had is no failure. */
static int add_leases(virDomainPtr libvirt_domain, struct vmp_guest *guest)
{
	virDomainInterfacePtr *leases = NULL;
	int n = virDomainInterfaceAddresses(libvirt_domain, &leases, VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_LEASE, 0);
	int code = 0;

	if (n < 0)
		vmp_log(VMP_LOG_DEBUG, "no DHCP leases of a guest: %s", virGetLastErrorMessage());
	for (int i = 0; i < n; i++) {
		if (code == 0)
			code = add_lease(guest, leases[i]);
		virDomainInterfaceFree(leases[i]);
	}
	free(leases);
	return code;
}

int vmp_libvirt_guest(virDomainPtr libvirt_domain, struct vmp_guest *ret_guest, char **ret_xml, struct vmp_err *err)
{
	const char *name = virDomainGetName(libvirt_domain);
	struct vmp_guest guest = {0};
	char *xml = virDomainGetXMLDesc(libvirt_domain, 0);
	int code;

	if (!xml)
		return fail(err, name ? name : "?", "XML");
	code = vmp_domain_xml_parse(xml, strlen(xml), &guest, err);
	if (code < 0)
		vmp_err_context(err, "guest %.128s", name ? name : "?");
	else
		code = vmp_libvirt_state(libvirt_domain, &guest, err);
	if (code == 0 && guest.has_id && add_leases(libvirt_domain, &guest) < 0)
		code = vmp_err_set(err, ENOMEM, "domain", guest.name, "reading the leases of guest %.128s: out of memory",
				   guest.name);
	if (code < 0) {
		vmp_guest_clear(&guest);
		free(xml);
		return code;
	}
	*ret_guest = guest;
	if (ret_xml)
		*ret_xml = xml;
	else
		free(xml);
	return 0;
}
