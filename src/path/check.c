/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the domain XML says against what the kernel has; and the order of all checks. */
#include "path/check.h"

#include "path/walk.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void vmp_check_fact(struct vmp_check *check, const char *code, int hop, const char *fmt, ...)
{
	char *detail = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&detail, fmt, ap) < 0)
		detail = NULL;
	va_end(ap);
	if (!detail || vmp_path_add_fact(check->path, code, hop, "%s", detail) < 0)
		check->oom = true;
	free(detail);
}

void vmp_check_run(struct vmp_check *check, vmp_check_fn *const *table)
{
	for (; *table; table++)
		(*table)(check);
}

const struct vmp_link *vmp_check_link(const struct vmp_check *check, size_t hop)
{
	int ifindex = check->path->hops.v[hop].ifindex;

	return ifindex > 0 ? vmp_host_link(check->host, ifindex) : NULL;
}

bool vmp_check_feeds_switch(const struct vmp_check *check, size_t hop)
{
	const struct vmp_hop *at = &check->path->hops.v[hop];
	const struct vmp_link *link = vmp_check_link(check, hop);

	if (!link || (at->role != VMP_ROLE_UPLINK && at->role != VMP_ROLE_TRANSIT))
		return false;
	if (check->path->mode == VMP_PATH_MACVTAP)
		return check->backend && check->backend->lower == link->ifindex;
	return check->sw && link->master == check->sw->ifindex;
}

static bool is_off(const struct vmp_guest *guest)
{
	return guest->state == VMP_GUEST_SHUTOFF || guest->state == VMP_GUEST_CRASHED;
}

static void check_guest_state(struct vmp_check *check)
{
	const char *name = check->guest->name ? check->guest->name : "the guest";

	if (is_off(check->guest))
		vmp_check_fact(check, "guest-not-running", -1, "%s is %s", name, vmp_guest_state_name(check->guest->state));
	if (check->guest->job_active)
		vmp_check_fact(check, "guest-job", -1, "a migration or save job of %s was running", name);
}

static void check_link_state(struct vmp_check *check)
{
	if (check->nic->link_up == VMP_NO)
		vmp_check_fact(check, "guest-link-down", check->path->backend, "the domain XML has <link state='down'/> for %s",
			       check->nic->target ? check->nic->target : "this interface");
}

static void check_backend_there(struct vmp_check *check)
{
	const struct vmp_nic *nic = check->nic;

	if (nic->why_no_backend)
		vmp_check_fact(check, "no-host-device", -1, "%s", nic->why_no_backend);
	else if (check->backend || is_off(check->guest))
		return;
	else if (nic->target)
		vmp_check_fact(check, "backend-missing", -1, "the domain XML names %s, and this host has no such device", nic->target);
	else if (check->guest->state != VMP_GUEST_STATE_UNKNOWN)
		vmp_check_fact(check, "backend-missing", -1, "the domain XML of the running guest names no device");
}

static void check_master(struct vmp_check *check)
{
	const char *wanted = vmp_walk_xml_bridge(check->nic);
	const struct vmp_link *backend = check->backend;
	const struct vmp_link *master = backend && backend->master ? vmp_host_link(check->host, backend->master) : NULL;

	if (!backend || check->path->mode == VMP_PATH_MACVTAP || check->path->mode == VMP_PATH_OVS)
		return;
	if (!backend->master && wanted)
		vmp_check_fact(check, "no-master", check->path->backend, "the domain XML puts %s into bridge %s%s; it is in none",
			       backend->name, wanted,
			       vmp_host_link_named(check->host, wanted) ? "" : ", which this host does not have");
	else if (!backend->master && check->path->mode != VMP_PATH_ROUTED)
		vmp_check_fact(check, "no-master", check->path->backend, "%s is in no bridge and no route leads to it", backend->name);
	else if (wanted && master && vmp_host_link_named(check->host, wanted) != master)
		vmp_check_fact(check, "wrong-master", check->path->backend, "the domain XML says %s, the kernel has %s in %s", wanted,
			       backend->name, master->name);
}

static void check_other_switch(struct vmp_check *check)
{
	const char *wanted = vmp_walk_xml_bridge(check->nic);
	bool ovs = check->nic->virtualport && strcmp(check->nic->virtualport, "openvswitch") == 0;

	if (check->path->mode == VMP_PATH_OVS && wanted && !ovs)
		vmp_check_fact(check, "wrong-master", check->path->backend,
			       "the domain XML says bridge %s, the kernel has %s in Open vSwitch", wanted, check->backend->name);
}

static bool has_uplink(const struct vmp_path *path)
{
	vmp_vec_foreach (hop, &path->hops)
		if (hop->role == VMP_ROLE_UPLINK)
			return true;
	return false;
}

static void check_uplink_there(struct vmp_check *check)
{
	if (check->path->mode == VMP_PATH_ROUTED) {
		if (!check->host->ip_forward)
			vmp_check_fact(check, "ip-forward-off", -1, "net.ipv4.ip_forward is 0: this host routes nothing");
		return;
	}
	if (check->path->mode == VMP_PATH_UNKNOWN || has_uplink(check->path))
		return;
	if (check->hints->isolated)
		vmp_check_fact(check, "isolated-network", check->path->switch_hop,
			       "the guest's libvirt network does not leave this host");
	else if (check->path->mode == VMP_PATH_MACVTAP)
		vmp_check_fact(check, "no-uplink", -1, "the device below the macvtap is not in this network namespace");
	else
		vmp_check_fact(check, "no-uplink", check->path->switch_hop, "%s has no port that leads to the network",
			       check->path->switch_hop >= 0 ? check->path->hops.v[check->path->switch_hop].name : "the bridge");
}

static void check_torn(struct vmp_check *check)
{
	static const struct {
		size_t offset;
		const char *what;
	} parts[] = {{offsetof(struct vmp_host, links_torn), "devices"}, {offsetof(struct vmp_host, fdb_torn), "forwarding tables"},
		     {offsetof(struct vmp_host, neighbours_torn), "neighbours"},
		     {offsetof(struct vmp_host, addresses_torn), "addresses"}, {offsetof(struct vmp_host, routes_torn), "routes"}};

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		if (*(const bool *)((const char *)check->host + parts[i].offset))
			vmp_check_fact(check, "dump-incomplete", -1, "the kernel's list of %s kept changing or was too long to read whole",
				       parts[i].what);
}

static vmp_check_fn *const checks[] = {
	check_guest_state, check_link_state, check_backend_there, check_master, check_other_switch, check_uplink_there,
	vmp_check_devices, vmp_check_ports, vmp_check_macs, vmp_check_routed, check_torn, NULL,
};

int vmp_path_check(const struct vmp_guest *guest, size_t nic, const struct vmp_host *host,
		   const struct vmp_path_hints *hints, struct vmp_path *path)
{
	static const struct vmp_path_hints none;
	struct vmp_check check = {.guest = guest, .nic = &guest->nics.v[nic], .host = host, .hints = hints ? hints : &none,
				  .path = path};

	if (path->backend >= 0)
		check.backend = vmp_check_link(&check, (size_t)path->backend);
	if (path->switch_hop >= 0 && path->hops.v[path->switch_hop].kind == VMP_HOP_BRIDGE)
		check.sw = vmp_check_link(&check, (size_t)path->switch_hop);
	vmp_check_run(&check, checks);
	return check.oom ? -ENOMEM : 0;
}
