/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What QEMU's monitor and the guest's agent say, where they were asked: it explains a loss or a silence that the packets show, and where
 * they show none it is a finding of its own, a smaller one.
 */
#include "finding/rules.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

typedef unsigned long long ull;

/* ---- where it is told -------------------------------------------------------------------------------------------------- */

static struct vmp_finding *find(struct vmp_run *run, const char *code)
{
	vmp_vec_foreach (finding, &run->findings)
		if (strcmp(finding->code, code) == 0)
			return finding;
	return NULL;
}

/*
 * Explain every finding of this code. Returns the first whose cause it became, NULL: none. The text is formatted by the caller, since it is
 * needed again when there is no such finding.
 */
static struct vmp_finding *explain(struct vmp_run *run, const char *code, const char *cause, const char *why)
{
	struct vmp_finding *first = NULL;

	vmp_vec_foreach (finding, &run->findings)
		if (strcmp(finding->code, code) == 0 && vmp_finding_explain(finding, cause, "%s", why) && !first)
			first = finding;
	return first;
}

/*
 * It explains a silence, and if explains_untaken also why packets are not taken; or it is a warning of its own. ret_finding: where evidence
 * and remedy belong; NULL: another cause was found before, and this is told with it.
 */
static int tell(struct vmp_run *run, const char *code, bool explains_untaken, enum vmp_confidence confidence, const char *why,
		struct vmp_finding **ret_finding)
{
	const struct vmp_finding *untaken = explains_untaken ? vmp_rules_untaken(run) : NULL;
	bool any = untaken || find(run, "guest-silent");

	*ret_finding = untaken ? explain(run, untaken->code, code, why) : NULL;
	if (!*ret_finding)
		*ret_finding = explain(run, "guest-silent", code, why);
	if (any)
		return 0;
	*ret_finding = vmp_finding_add(&run->findings, code, VMP_SEVERITY_WARNING, confidence, "%s", why);
	return *ret_finding ? 0 : -ENOMEM;
}

/* ---- the monitor --------------------------------------------------------------------------------------------------------- */

int vmp_rule_driver(struct vmp_run *run)
{
	const struct vmp_driver *driver = &run->inside.driver;
	const char *why = driver->failed                          ? "the guest's driver has given the card up (status FAILED)"
			  : driver->needs_reset || driver->broken ? "the card is in error and waits until the guest's driver resets it"
			  : !driver->driver_ok                    ? "the guest's driver has not set up the card (no status DRIVER_OK)"
								  : NULL;
	struct vmp_finding *finding;

	if (driver->has_status && !why) {
		vmp_finding_evidence(vmp_rules_untaken(run), "QEMU's monitor: the guest's driver has set up the card (DRIVER_OK)");
		vmp_finding_evidence(vmp_rules_silence(run), "QEMU's monitor: the guest's driver has set up the card (DRIVER_OK)");
	}
	if (!driver->has_status || !why)
		return 0;
	if (tell(run, "guest-driver-not-ready", true, VMP_CONFIDENCE_CERTAIN, why, &finding) < 0)
		return -ENOMEM;
	vmp_finding_evidence(finding, "QEMU's monitor (x-query-virtio-status): DRIVER_OK %s, FAILED %s, NEEDS_RESET %s, broken %s",
			     driver->driver_ok ? "yes" : "no", driver->failed ? "yes" : "no", driver->needs_reset ? "yes" : "no",
			     driver->broken ? "yes" : "no");
	vmp_finding_remedy(finding, "virsh console %s: is virtio_net (or NetKVM) loaded, and what does its kernel say of it? Restarting the guest "
			   "resets the card", run->guest.name);
	return 0;
}

/* Buffers of the guest that the device took between the two readings; indices count modulo 65536. */
static unsigned int moved(const struct vmp_inside_queue *queue)
{
	return (uint16_t)(queue->taken_after - queue->taken_before);
}

static bool is_read(const struct vmp_inside_queue *queue)
{
	return queue->index % 2 == 0 && queue->before_known && queue->after_known && queue->size > 0;
}

int vmp_rule_rx_queue(struct vmp_run *run)
{
	const struct vmp_driver *driver = &run->inside.driver;
	const struct vmp_backend_gauge *gauge = &run->gauges.backend;
	struct vmp_finding *finding = vmp_rules_untaken(run);
	const struct vmp_inside_queue *first = NULL;
	unsigned int queues = 0, still = 0;

	vmp_vec_foreach (queue, &driver->queues) {
		if (!is_read(queue))
			continue;
		queues++;
		still += moved(queue) == 0;
		if (!first || moved(queue) == 0)
			first = queue;
	}
	if (!finding || !first)
		return 0;
	vmp_finding_evidence(finding, "QEMU's monitor: of %u receive queues %u moved; queue %u: %u of the guest's buffers taken meanwhile", queues,
			     queues - still, first->index, moved(first));
	if (first->has_posted)
		vmp_finding_evidence(finding, "buffers in queue %u that wait to be filled: %u of %u", first->index,
				     (uint16_t)(first->posted_after - first->taken_after), first->size);
	/* What stands still because the guest does not run is no reason of its own. */
	if (still < queues || finding->cause[0] || !gauge->known || !gauge->counts_taken || gauge->taken > 0)
		return 0;
	if (vmp_finding_explain(finding, "guest-rx-queue-stuck", first->has_posted && first->posted_after == first->taken_after
									  ? "its driver puts no buffers into the card's receive queue"
									  : "the card's receive queue stands still"))
		vmp_finding_remedy(finding, "virsh console %s: is the interface up inside, and what does its kernel say of the driver? A driver "
				   "that hangs is often helped by: virsh domif-setlink %s %s down, then up", run->guest.name, run->guest.name,
				   vmp_run_hop_name(run, run->path.backend));
	return 0;
}

/* The group that solicitations for an address go to. RFC 4291 2.7.1, RFC 2464 7. */
static struct vmp_mac solicited_node(const struct vmp_ip *ip)
{
	return (struct vmp_mac){{0x33, 0x33, 0xff, ip->b[13], ip->b[14], ip->b[15]}};
}

/* Is a question of this kind left unanswered that reached the guest? */
static const struct vmp_exchange *unanswered(const struct vmp_run *run, enum vmp_exchange_kind kind)
{
	const struct vmp_exchange *exchange = vmp_rules_exchange(run, kind, VMP_TO_GUEST);

	return exchange && exchange->reached > exchange->answered ? exchange : NULL;
}

/* What the filter throws away of that which this guest should get, as a sentence into buf. */
static bool filtered(const struct vmp_run *run, const struct vmp_rx_filter *filter, char *buf, size_t len)
{
	const struct vmp_exchange *nd = unanswered(run, VMP_EXCHANGE_ND);
	const struct vmp_hop *backend = &run->path.hops.v[run->path.backend];
	char mac[VMP_MAC_STRLEN], main_mac[VMP_MAC_STRLEN];
	struct vmp_mac group;

	if (run->path.has_guest_mac && !vmp_rx_filter_takes(filter, &run->path.guest_mac)) {
		snprintf(buf, len, "the card's receive filter, set by the guest's driver, takes no frames for %s%s%s",
			 vmp_mac_format(&run->path.guest_mac, mac), filter->has_main_mac ? ": its MAC is " : "",
			 filter->has_main_mac ? vmp_mac_format(&filter->main_mac, main_mac) : "");
		return true;
	}
	if (backend->has_tag && backend->tag && !vmp_rx_filter_takes_vlan(filter, backend->tag)) {
		snprintf(buf, len, "the card's receive filter, set by the guest's driver, takes no frames of VLAN %u", backend->tag);
		return true;
	}
	if (nd && nd->asked_of.family == 6) {
		group = solicited_node(&nd->asked_of);
		if (!vmp_rx_filter_takes(filter, &group)) {
			snprintf(buf, len, "the card's receive filter, set by the guest's driver, takes no frames for %s, the group that asks for "
				 "its IPv6 address", vmp_mac_format(&group, mac));
			return true;
		}
	}
	return false;
}

int vmp_rule_rx_filter(struct vmp_run *run)
{
	const struct vmp_driver *driver = &run->inside.driver;
	struct vmp_finding *finding;
	char why[256];

	/* vhost hands frames to the guest past QEMU, and QEMU's filter. What was not taken was not filtered either. */
	if (!driver->has_filter || driver->vhost_started || run->path.backend < 0 || find(run, "not-taken-by-guest") ||
	    !filtered(run, &driver->filter, why, sizeof(why)))
		return 0;
	if (tell(run, "guest-rx-filter", false, VMP_CONFIDENCE_LIKELY, why, &finding) < 0)
		return -ENOMEM;
	vmp_finding_evidence(finding, "QEMU's monitor (query-rx-filter): not promiscuous, %zu unicast and %zu multicast addresses, %zu VLANs",
			     driver->filter.unicast_table.n, driver->filter.multicast_table.n, driver->filter.vlan_table.n);
	vmp_finding_remedy(finding, "in the guest: ip -d link show, ip maddr show; was its MAC changed? virsh domiflist %s", run->guest.name);
	return 0;
}

/* ---- the agent ------------------------------------------------------------------------------------------------------------ */

static bool is_ours(const struct vmp_run *run, const struct vmp_inside_interface *interface)
{
	const struct vmp_nic *nic = vmp_run_nic(run);

	return interface->has_mac && nic->has_mac && vmp_mac_equal(&interface->mac, &nic->mac);
}

/* The guest's interface with the card's MAC that has addresses, or else the first with that MAC; NULL: none has it. */
static const struct vmp_inside_interface *our_interface(const struct vmp_run *run)
{
	const struct vmp_inside_interface *best = NULL;

	vmp_vec_foreach (interface, &run->inside.agent.interfaces)
		if (is_ours(run, interface) && (!best || (best->addresses.n == 0 && interface->addresses.n > 0)))
			best = interface;
	return best;
}

static bool has_address(const struct vmp_agent *agent, const struct vmp_ip *ip)
{
	vmp_vec_foreach (interface, &agent->interfaces)
		vmp_vec_foreach (address, &interface->addresses)
			if (vmp_ip_equal(&address->ip, ip))
				return true;
	return false;
}

/* The question to the guest of which most are unanswered. */
static const struct vmp_exchange *worst_silence(const struct vmp_run *run)
{
	const struct vmp_exchange *worst = NULL;

	vmp_vec_foreach (exchange, &run->exchanges)
		if (exchange->direction == VMP_TO_GUEST && exchange->reached > exchange->answered &&
		    (!worst || exchange->reached - exchange->answered > worst->reached - worst->answered))
			worst = exchange;
	return worst;
}

/* Packets prove that the guest has it, whatever its agent says: it may be a container's, in a namespace that the agent does not see. */
static bool is_used(const struct vmp_run *run, const struct vmp_ip *ip)
{
	vmp_vec_foreach (exchange, &run->exchanges)
		if ((exchange->direction == VMP_TO_GUEST && exchange->answered > 0 && vmp_ip_equal(&exchange->asked_of, ip)) ||
		    (exchange->direction == VMP_FROM_GUEST && exchange->asked > 0 && vmp_ip_equal(&exchange->asker, ip)))
			return true;
	return false;
}

/* The address that the guest is asked for. */
static const struct vmp_ip *wanted(struct vmp_run *run)
{
	const struct vmp_exchange *silence = find(run, "guest-silent") ? worst_silence(run) : NULL;

	if (silence && silence->asked_of.family)
		return &silence->asked_of;
	return run->has_address && !run->observations.address_is_peers ? &run->address : NULL;
}

static void add_addresses(const struct vmp_inside_interface *interface, struct vmp_finding *finding)
{
	enum { SHOWN = 8 };
	char text[SHOWN * (VMP_IP_STRLEN + 8)] = "", ip[VMP_IP_STRLEN];
	size_t len = 0;

	for (size_t i = 0; i < interface->addresses.n && i < SHOWN; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s/%u", i ? ", " : "",
					vmp_ip_format(&interface->addresses.v[i].ip, ip), interface->addresses.v[i].prefix_len);
	vmp_finding_evidence(finding, "the guest's agent: %s has %s%s", interface->name, len ? text : "no address",
			     interface->addresses.n > SHOWN ? ", ..." : "");
}

int vmp_rule_guest_address(struct vmp_run *run)
{
	const struct vmp_agent *agent = &run->inside.agent;
	const struct vmp_inside_interface *interface = our_interface(run);
	const struct vmp_ip *ip = wanted(run);
	struct vmp_finding *finding;
	char why[256], address[VMP_IP_STRLEN];
	const char *code;

	/* A list that was cut does not say what is not in it. */
	if (!agent->answered || agent->cut || !vmp_run_nic(run)->has_mac)
		return 0;
	if (!interface) {
		code = "guest-interface-missing";
		snprintf(why, sizeof(why), "no interface in the guest has the MAC of this card, as its agent says: its driver is not loaded, or "
			 "the MAC was changed");
	} else if (ip && (has_address(agent, ip) || is_used(run, ip))) {
		return 0;
	} else if (interface->addresses.n == 0 && ip) {
		code = "guest-no-address";
		snprintf(why, sizeof(why), "%s in the guest has no address, as its agent says: it is down or not configured", interface->name);
	} else if (ip) {
		code = "guest-address-differs";
		snprintf(why, sizeof(why), "the guest does not have the address %s, as its agent says", vmp_ip_format(ip, address));
	} else {
		return 0;
	}
	if (tell(run, code, !interface, VMP_CONFIDENCE_LIKELY, why, &finding) < 0)
		return -ENOMEM;
	if (interface)
		add_addresses(interface, finding);
	else
		vmp_finding_evidence(finding, "the guest's agent names %zu interfaces", agent->interfaces.n);
	vmp_finding_remedy(finding, "virsh domifaddr --source agent %s; virsh console %s: ip addr; did DHCP give it another address?",
			   run->guest.name, run->guest.name);
	return 0;
}

static bool leads_to(const struct vmp_agent *agent, const struct vmp_ip *ip)
{
	vmp_vec_foreach (route, &agent->routes)
		if (vmp_ip_in_prefix(ip, &route->dst, route->prefix_len))
			return true;
	vmp_vec_foreach (interface, &agent->interfaces)
		vmp_vec_foreach (address, &interface->addresses)
			if (address->has_prefix && vmp_ip_in_prefix(ip, &address->ip, address->prefix_len))
				return true;
	return false;
}

int vmp_rule_guest_route(struct vmp_run *run)
{
	const struct vmp_agent *agent = &run->inside.agent;
	const struct vmp_exchange *silence = find(run, "guest-silent") ? worst_silence(run) : NULL;
	char asker[VMP_IP_STRLEN];
	struct vmp_finding *finding;

	if (!agent->routes_known || agent->cut || !silence || !silence->asker.family || vmp_ip_is_link_local(&silence->asker) ||
	    !has_address(agent, &silence->asked_of) || leads_to(agent, &silence->asker))
		return 0;
	finding = find(run, "guest-silent");
	if (!vmp_finding_explain(finding, "guest-no-route", "the guest has no route to %s, as its agent says",
				 vmp_ip_format(&silence->asker, asker)))
		return 0;
	vmp_finding_evidence(finding, "the guest's agent names %zu routes, none of them leads to %s", agent->routes.n, asker);
	vmp_finding_remedy(finding, "virsh console %s: ip route; is there a default route?", run->guest.name);
	return 0;
}

/* By how much a counter of the guest's own grew, of the one interface where it grew most: others may stand upon it. */
static uint64_t grew_inside(const struct vmp_run *run, const char *name, const char **ret_interface)
{
	uint64_t most = 0;

	vmp_vec_foreach (counter, &run->gauges.counters)
		if (strcmp(counter->source, "agent") == 0 && strcmp(counter->name, name) == 0 && vmp_counter_grew(counter) > most) {
			most = vmp_counter_grew(counter);
			*ret_interface = counter->object;
		}
	return most;
}

int vmp_rule_guest_drops(struct vmp_run *run)
{
	const char *interface = NULL;
	uint64_t errors = grew_inside(run, "rx_errors", &interface), dropped = grew_inside(run, "rx_dropped", &interface);
	uint64_t received = grew_inside(run, "rx_packets", &interface), lost = dropped + errors;
	const struct vmp_exchange *silence = worst_silence(run);
	struct vmp_finding *finding = find(run, "guest-silent");
	bool much = lost * 10 >= received;
	char why[256];

	if (lost == 0)
		return 0;
	snprintf(why, sizeof(why), "the guest was given them and dropped %llu frames itself, as its agent says", (ull)lost);
	if (finding && silence && lost * 2 >= silence->reached - silence->answered) {
		if (!vmp_finding_explain(finding, "guest-drops", "%s", why))
			return 0;
	} else {
		finding = vmp_finding_add(&run->findings, "guest-drops", much ? VMP_SEVERITY_WARNING : VMP_SEVERITY_INFO, VMP_CONFIDENCE_LIKELY,
					  "the guest itself dropped %llu of the frames that it was given, as its agent says", (ull)lost);
		if (!finding)
			return -ENOMEM;
	}
	vmp_finding_evidence(finding, "the guest's agent: %s: received %llu, dropped %llu, errors %llu between the two readings", interface,
			     (ull)received, (ull)dropped, (ull)errors);
	vmp_finding_evidence(finding, "Linux counts among them frames of protocols that nothing in the guest speaks, such as LLDP");
	vmp_finding_remedy(finding, "virsh console %s: ip -s -s link show; ethtool -S; nstat -az", run->guest.name);
	return 0;
}
