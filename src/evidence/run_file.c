/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tables of what is kept, and what must hold of it. A field that a judgement looks at is one line here. */
#include "evidence/run_file.h"

#include "evidence/record.h"

#include <errno.h>
#include <string.h>

#define SCHEMA "vmpath.run/1"
#define NAME   "run.json"

enum {
	NICS_MAX = 1024, ADDRESSES_MAX = 1 << 18, HOPS_MAX = 512, HOMES_MAX = 1 << 20, FACTS_MAX = 4096, POINTS_MAX = 512,
	BLINDS_MAX = 1 << 20, TRANSLATIONS_MAX = 1 << 16, DEVICES_MAX = 4096, NOTES_MAX = 1 << 16,
};

#define TABLE(name, ...)                                                       \
	static const struct vmp_member name##_members[] = {__VA_ARGS__};       \
	static const struct vmp_record name = {name##_members, sizeof(name##_members) / sizeof(*name##_members)}

#define T struct vmp_nic_address
TABLE(address, VMP_FIELD(IP, ip), VMP_FIELD_ENUM(source, VMP_ADDRESS_CAPTURE));
#undef T

#define T struct vmp_nic
TABLE(nic,
      VMP_FIELD_ENUM(type, VMP_NIC_VDS), VMP_FIELD(STRING, type_name), VMP_FIELD(BOOL, has_mac), VMP_FIELD(MAC, mac),
      VMP_FIELD(STRING, model), VMP_FIELD(STRING, source), VMP_FIELD(STRING, network), VMP_FIELD(STRING, bridge),
      VMP_FIELD(STRING, source_mode), VMP_FIELD(STRING, virtualport), VMP_FIELD(STRING, target), VMP_FIELD(STRING, alias),
      VMP_FIELD(STRING, driver), VMP_FIELD(STRING, filter), VMP_FIELD(STRING, backend_domain),
      VMP_FIELD_ENUM(link_up, VMP_YES), VMP_FIELD_ENUM(isolated, VMP_YES), VMP_FIELD(BOOL, has_mtu), VMP_FIELD(U32, mtu),
      VMP_FIELD(BOOL, has_queues), VMP_FIELD(U32, queues), VMP_FIELD(BOOL, has_vlan), VMP_FIELD(U16, vlan),
      VMP_FIELD(BOOL, has_bandwidth), VMP_FIELD_LIST(addresses, ADDRESSES_MAX, &address), VMP_FIELD(STRING, why_no_backend));
#undef T

#define T struct vmp_guest
TABLE(guest,
      VMP_FIELD(STRING, name), VMP_FIELD(STRING, uuid), VMP_FIELD(BOOL, has_id), VMP_FIELD(INT, id),
      VMP_FIELD_ENUM(state, VMP_GUEST_PMSUSPENDED), VMP_FIELD(STRING, hypervisor), VMP_FIELD(BOOL, job_active),
      VMP_FIELD_LIST(nics, NICS_MAX, &nic), VMP_LATER(STRING, state_reason), VMP_LATER(BOOL, has_state_before),
      VMP_LATER_ENUM(state_before, VMP_GUEST_PMSUSPENDED), VMP_LATER(STRING, reason_before), VMP_LATER(STRING, job));
#undef T

#define T struct vmp_tunnel
TABLE(tunnel, VMP_FIELD(U32, vni), VMP_FIELD(U16, port));
#undef T

#define T struct vmp_hop
TABLE(hop,
      VMP_FIELD(STRING, name), VMP_FIELD_ENUM(kind, VMP_HOP_GUEST), VMP_FIELD_ENUM(role, VMP_ROLE_GUEST), VMP_FIELD(INT, ifindex),
      VMP_FIELD(INT, rank), VMP_FIELD_ENUM(to_guest, VMP_DEV_UNKNOWN), VMP_FIELD_ENUM(observed, VMP_OBSERVED_YES),
      VMP_FIELD(STRING, why), VMP_FIELD(BOOL, routed), VMP_FIELD(BOOL, inactive), VMP_FIELD(BOOL, has_tag), VMP_FIELD(U16, tag),
      VMP_FIELD(BOOL, has_tunnel), VMP_FIELD_RECORD(tunnel, &tunnel), VMP_FIELD(STRING, owner), VMP_FIELD(BOOL, shown));
#undef T

#define T struct vmp_home
TABLE(home,
      VMP_FIELD(MAC, mac), VMP_FIELD(BOOL, has_vlan), VMP_FIELD(U16, vlan), VMP_FIELD(INT, hop), VMP_FIELD(INT, ifindex),
      VMP_FIELD(BOOL, local));
#undef T

/* A list of bare MACs is one of records with a single member. */
struct mac_row {
	struct vmp_mac mac;
};
_Static_assert(sizeof(struct mac_row) == sizeof(struct vmp_mac), "a row is the MAC itself");

#define T struct mac_row
TABLE(host_mac, VMP_FIELD(MAC, mac));
#undef T

#define T struct vmp_path_fact
TABLE(fact, VMP_FIELD(CHARS, code), VMP_FIELD(INT, hop), VMP_FIELD(STRING, detail));
#undef T

#define T struct vmp_lead
TABLE(lead,
      VMP_FIELD(IP, dst), VMP_FIELD(U8, prefix_len), VMP_FIELD(INT, hop), VMP_FIELD(BOOL, has_gateway), VMP_FIELD(IP, gateway));
#undef T

#define T struct vmp_host_address
TABLE(own_address, VMP_FIELD(INT, ifindex), VMP_FIELD(IP, ip), VMP_FIELD(U8, prefix_len));
#undef T

#define T struct vmp_path
TABLE(path_record,
      VMP_FIELD_ENUM(mode, VMP_PATH_OVS), VMP_FIELD(BOOL, nat), VMP_FIELD(MAC, guest_mac), VMP_FIELD(BOOL, has_guest_mac),
      VMP_FIELD_LIST(hops, HOPS_MAX, &hop), VMP_FIELD(INT, backend), VMP_FIELD(INT, switch_hop),
      VMP_FIELD_LIST(homes, HOMES_MAX, &home), VMP_FIELD_LIST(host_macs, HOMES_MAX, &host_mac),
      VMP_FIELD_LIST(leads, HOMES_MAX, &lead), VMP_FIELD(BOOL, leads_unsure), VMP_FIELD(BOOL, flowtables),
      VMP_FIELD_LIST(own, ADDRESSES_MAX, &own_address),
      VMP_FIELD_LIST(facts, FACTS_MAX, &fact));
#undef T

#define T struct vmp_point
TABLE(point,
      VMP_FIELD(CHARS, name), VMP_FIELD(INT, ifindex), VMP_FIELD(INT, hop), VMP_FIELD(STRING, filter),
      VMP_FIELD(STRING, inner_filter), VMP_FIELD(BOOL, promisc), VMP_FIELD(BOOL, has_mac), VMP_FIELD(MAC, mac),
      VMP_FIELD(BOOL, opened), VMP_FIELD(STRING, why_not), VMP_FIELD(U64, opened_ns),
      VMP_FIELD(BOOL, vanished), VMP_FIELD(U64, vanished_ns), VMP_FIELD(U64, received), VMP_FIELD(U64, dropped),
      VMP_FIELD(U64, dropped_in), VMP_FIELD(U64, dropped_out));
#undef T

#define T struct vmp_link_stats
TABLE(stats,
      VMP_FIELD(U64, rx_packets), VMP_FIELD(U64, tx_packets), VMP_FIELD(U64, rx_bytes), VMP_FIELD(U64, tx_bytes),
      VMP_FIELD(U64, rx_errors), VMP_FIELD(U64, tx_errors), VMP_FIELD(U64, rx_dropped), VMP_FIELD(U64, tx_dropped),
      VMP_FIELD(U64, rx_missed), VMP_FIELD(U64, rx_fifo_errors), VMP_FIELD(U64, rx_crc_errors), VMP_FIELD(U64, rx_nohandler),
      VMP_FIELD(U64, rx_otherhost));
#undef T

#define T struct vmp_device_gauge
TABLE(device,
      VMP_FIELD(CHARS, name), VMP_FIELD(INT, ifindex), VMP_FIELD(BOOL, before_known), VMP_FIELD(BOOL, after_known),
      VMP_FIELD_RECORD(before, &stats), VMP_FIELD_RECORD(after, &stats), VMP_FIELD(U64, before_ns), VMP_FIELD(U64, after_ns));
#undef T

#define T struct vmp_backend_gauge
TABLE(backend,
      VMP_FIELD(BOOL, known), VMP_FIELD(STRING, why_not), VMP_FIELD(BOOL, counts_taken), VMP_FIELD(U64, given), VMP_FIELD(U64, taken),
      VMP_FIELD(U64, dropped), VMP_FIELD(U64, waiting), VMP_FIELD(U64, slack), VMP_FIELD(U32, queue_len), VMP_FIELD(U64, waited_ns));
#undef T

#define T struct vmp_counter
TABLE(counter,
      VMP_FIELD(CHARS, source), VMP_FIELD(CHARS, object), VMP_FIELD(CHARS, name), VMP_FIELD_ENUM(kind, VMP_COUNTER_FILLS),
      VMP_FIELD(INT, ifindex), VMP_FIELD(BOOL, before_known), VMP_FIELD(BOOL, after_known), VMP_FIELD(U64, before), VMP_FIELD(U64, after),
      VMP_FIELD(BOOL, has_limit), VMP_FIELD(U64, limit), VMP_FIELD(STRING, text));
#undef T

#define T struct vmp_gauges
TABLE(gauges, VMP_FIELD_LIST(devices, DEVICES_MAX, &device), VMP_FIELD_RECORD(backend, &backend),
      VMP_LATER_LIST(counters, VMP_COUNTERS_MAX, &counter));
#undef T

#define T struct vmp_drop_kind
TABLE(drop_kind,
      VMP_FIELD(CHARS, reason), VMP_FIELD(CHARS, symbol), VMP_FIELD(CHARS, caller), VMP_FIELD(CHARS, device), VMP_FIELD(INT, ifindex),
      VMP_FIELD_ENUM(place, VMP_DROP_OTHER_PORT), VMP_FIELD(BOOL, copies), VMP_FIELD(U64, packets));
#undef T

#define T struct vmp_drops
TABLE(drops,
      VMP_FIELD(BOOL, known), VMP_FIELD(CHARS, source), VMP_FIELD(STRING, why_not), VMP_FIELD(U64, missed),
      VMP_FIELD_LIST(kinds, VMP_DROP_KINDS_MAX, &drop_kind));
#undef T

#define T struct vmp_filter_rule
TABLE(filter_rule,
      VMP_FIELD(CHARS, object), VMP_FIELD_ENUM(family, VMP_FILTER_NETDEV), VMP_FIELD(BOOL, policy), VMP_FIELD(BOOL, rejects),
      VMP_FIELD(BOOL, counted), VMP_FIELD(U8, to_guest), VMP_FIELD(U8, from_guest), VMP_FIELD(U8, only_to), VMP_FIELD(U8, only_from),
      VMP_FIELD(INT, ifindex), VMP_FIELD(STRING, table), VMP_FIELD(STRING, chain), VMP_FIELD(STRING, text));
#undef T

#define T struct vmp_inside_address
TABLE(inside_address, VMP_FIELD(IP, ip), VMP_FIELD(BOOL, has_prefix), VMP_FIELD(U8, prefix_len));
#undef T

#define T struct vmp_inside_interface
TABLE(inside_interface,
      VMP_FIELD(STRING, name), VMP_FIELD(BOOL, has_mac), VMP_FIELD(MAC, mac),
      VMP_FIELD_LIST(addresses, VMP_INSIDE_ADDRESSES_MAX, &inside_address));
#undef T

#define T struct vmp_inside_route
TABLE(inside_route,
      VMP_FIELD(STRING, interface), VMP_FIELD(IP, dst), VMP_FIELD(U8, prefix_len), VMP_FIELD(BOOL, has_gateway), VMP_FIELD(IP, gateway));
#undef T

#define T struct vmp_agent
TABLE(agent,
      VMP_FIELD(BOOL, asked), VMP_FIELD(BOOL, answered), VMP_FIELD(STRING, why_not),
      VMP_FIELD_LIST(interfaces, VMP_INSIDE_INTERFACES_MAX, &inside_interface), VMP_FIELD(BOOL, routes_known),
      VMP_FIELD_LIST(routes, VMP_INSIDE_ROUTES_MAX, &inside_route), VMP_FIELD(BOOL, cut));
#undef T

#define T struct vmp_inside_mac
TABLE(inside_mac, VMP_FIELD(MAC, mac));
#undef T

#define T struct vmp_inside_vlan
TABLE(inside_vlan, VMP_FIELD(U16, id));
#undef T

#define T struct vmp_rx_filter
TABLE(rx_filter,
      VMP_FIELD(BOOL, promiscuous), VMP_FIELD(BOOL, unicast_overflow), VMP_FIELD(BOOL, multicast_overflow),
      VMP_FIELD_ENUM(unicast, VMP_RX_ALL), VMP_FIELD_ENUM(multicast, VMP_RX_ALL), VMP_FIELD_ENUM(vlan, VMP_RX_ALL),
      VMP_FIELD(BOOL, has_main_mac), VMP_FIELD(MAC, main_mac), VMP_FIELD_LIST(unicast_table, VMP_INSIDE_MACS_MAX, &inside_mac),
      VMP_FIELD_LIST(multicast_table, VMP_INSIDE_MACS_MAX, &inside_mac), VMP_FIELD_LIST(vlan_table, VMP_INSIDE_VLANS_MAX, &inside_vlan));
#undef T

#define T struct vmp_inside_queue
TABLE(inside_queue,
      VMP_FIELD(U32, index), VMP_FIELD(BOOL, before_known), VMP_FIELD(BOOL, after_known), VMP_FIELD(U16, taken_before),
      VMP_FIELD(U16, taken_after), VMP_FIELD(BOOL, has_posted), VMP_FIELD(U16, posted_after), VMP_FIELD(U32, size));
#undef T

#define T struct vmp_driver
TABLE(driver,
      VMP_FIELD(BOOL, asked), VMP_FIELD(STRING, why_not), VMP_FIELD(BOOL, has_filter), VMP_FIELD_RECORD(filter, &rx_filter),
      VMP_FIELD(BOOL, has_status), VMP_FIELD(BOOL, driver_ok), VMP_FIELD(BOOL, failed), VMP_FIELD(BOOL, needs_reset),
      VMP_FIELD(BOOL, broken), VMP_FIELD(BOOL, vhost_started), VMP_FIELD_LIST(queues, VMP_INSIDE_QUEUES_MAX, &inside_queue));
#undef T

#define T struct vmp_inside
TABLE(inside, VMP_FIELD_RECORD(agent, &agent), VMP_FIELD_RECORD(driver, &driver));
#undef T

/* Of the observations those that the frames do not show again. */
#define T struct vmp_observations
TABLE(observations,
      VMP_FIELD(U64, late), VMP_FIELD(BOOL, clock_stepped), VMP_FIELD(U64, wrong_vni_frames), VMP_FIELD(U32, wrong_vni));
#undef T

#define T struct vmp_blind
TABLE(blind,
      VMP_FIELD(U64, told_ns), VMP_FIELD(SIZE, point), VMP_FIELD(BOOL, counted), VMP_FIELD_ENUM(devdir, VMP_DEV_OUT),
      VMP_FIELD(U64, frames), VMP_FIELD(U64, from_ns), VMP_FIELD(U64, to_ns), VMP_FIELD_ENUM(why, VMP_UNSURE_REASONS - 1));
#undef T

#define T struct vmp_translation
TABLE(translation,
      VMP_FIELD(INT, hop), VMP_FIELD_ENUM(source, VMP_TRANSLATION_CONNTRACK), VMP_FIELD(U8, proto), VMP_FIELD(IP, guest),
      VMP_FIELD(IP, outside), VMP_FIELD(IP, peer), VMP_FIELD(IP, far), VMP_FIELD(U16, guest_port), VMP_FIELD(U16, outside_port),
      VMP_FIELD(U16, peer_port), VMP_FIELD(U16, far_port), VMP_FIELD(U32, left_s), VMP_FIELD(U64, since_ns));
#undef T

#define T struct vmp_run
TABLE(run_record,
      VMP_FIELD(STRING, uri), VMP_FIELD(STRING, host_name), VMP_FIELD(U64, started_ns), VMP_FIELD(U64, ended_ns),
      VMP_FIELD(U64, lasted_ns), VMP_FIELD(U64, settle_ns), VMP_FIELD(U64, complete_ns), VMP_FIELD(BOOL, interrupted),
      VMP_FIELD_RECORD(guest, &guest), VMP_FIELD(SIZE, nic), VMP_FIELD(BOOL, has_address), VMP_FIELD(IP, address),
      VMP_FIELD(STRING, filter), VMP_FIELD(BOOL, promisc), VMP_FIELD(BOOL, has_slow), VMP_FIELD(U64, slow_ns),
      VMP_FIELD_RECORD(path, &path_record), VMP_FIELD_LIST(points, POINTS_MAX, &point), VMP_FIELD_LIST(blinds, BLINDS_MAX, &blind),
      VMP_FIELD_LIST(translations, TRANSLATIONS_MAX, &translation),
      VMP_FIELD_RECORD(gauges, &gauges), VMP_LATER_RECORD(drops, &drops),
      VMP_FIELD_RECORD(observations, &observations), VMP_FIELD(BOOL, capture_whole),
      VMP_FIELD(U64, left_out), VMP_FIELD(U64, left_out_ns), VMP_FIELD_STRINGS(notes, NOTES_MAX),
      VMP_LATER_LIST(filters, VMP_FILTER_RULES_MAX, &filter_rule), VMP_LATER_RECORD(inside, &inside));
#undef T

int vmp_run_file_write(const struct vmp_run *run, struct vmp_buf *out)
{
	return vmp_record_write(&run_record, run, SCHEMA, out);
}

/* ---- what must hold ----------------------------------------------------------------------------------------------- */

static bool is_index(int index, size_t n)
{
	return index >= -1 && (index < 0 || (size_t)index < n);
}

static const char *check_path(const struct vmp_path *path)
{
	enum { RANK_MAX = 4096 };
	size_t n = path->hops.n;

	vmp_vec_foreach (each, &path->hops) {
		if (!each->name || !*each->name)
			return "a hop has no name";
		if (each->rank < 0 || each->rank > RANK_MAX || each->ifindex < 0)
			return "a hop's rank or ifindex is out of range";
	}
	if (path->backend < 0 || !is_index(path->backend, n) || path->hops.v[path->backend].role != VMP_ROLE_BACKEND)
		return "path.backend is no backend";
	if (!is_index(path->switch_hop, n))
		return "path.switch_hop is no hop";
	vmp_vec_foreach (each, &path->homes)
		if (!is_index(each->hop, n))
			return "a home is at no hop";
	vmp_vec_foreach (each, &path->leads)
		if (!is_index(each->hop, n) || !each->dst.family || each->prefix_len > (each->dst.family == 6 ? 128 : 32))
			return "a route leads to no hop";
	vmp_vec_foreach (each, &path->facts)
		if (!is_index(each->hop, n))
			return "a fact is about no hop";
	return NULL;
}

static const char *check(const struct vmp_run *run)
{
	enum { SETTLE_MAX_S = 60 };

	if (!run->guest.name)
		return "the guest has no name";
	if (run->nic >= run->guest.nics.n)
		return "nic is none of the guest's";
	if (run->has_address != (run->address.family != 0))
		return "address contradicts has_address";
	if (run->started_ns > run->ended_ns || run->complete_ns < run->started_ns || run->complete_ns > INT64_MAX)
		return "the times of its window contradict each other";
	if (run->has_slow != (run->slow_ns > 0))
		return "slow_ns contradicts has_slow";
	if (run->settle_ns == 0 || run->settle_ns > SETTLE_MAX_S * 1000000000ULL)
		return "settle_ns is out of range";
	vmp_vec_foreach (each, &run->points)
		if (each->hop < 0 || !is_index(each->hop, run->path.hops.n))
			return "a point is at no hop";
	vmp_vec_foreach (each, &run->translations)
		if (each->hop < 0 || !is_index(each->hop, run->path.hops.n))
			return "a translation is at no hop";
	vmp_vec_foreach (each, &run->blinds)
		if (each->point >= run->points.n || each->from_ns > each->to_ns)
			return "a gap is at no point, or ends before it begins";
	vmp_vec_foreach (each, &run->filters)
		if (!each->table || !each->chain)
			return "a rule of the packet filter is in no chain";
	return check_path(&run->path);
}

int vmp_run_file_read(const char *text, size_t len, struct vmp_run *run, struct vmp_err *err)
{
	int code = vmp_record_read(&run_record, text, len, SCHEMA, NAME, run, err);
	const char *wrong = code == 0 ? check(run) : NULL;

	if (wrong)
		code = vmp_err_set(err, EINVAL, "evidence", NAME, "reading " NAME ": %s; this is not as vmpath wrote it", wrong);
	return code;
}
