/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "samples.h"

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

#define STARTED (1795300389123456789ULL) /* 2026-11-21T22:33:09.123456789Z */

static char *copy(const char *text)
{
	char *out = NULL;

	if (vmp_str_set(&out, text) < 0)
		abort();
	return out;
}

static struct vmp_ip ip(const char *text)
{
	struct vmp_ip out;

	if (vmp_ip_parse(text, &out) < 0)
		abort();
	return out;
}

static struct vmp_nic *add_nic(struct vmp_guest *guest, const char *type, const char *mac, const char *target)
{
	struct vmp_nic *nic = vmp_vec_add(&guest->nics);

	nic->type_name = copy(type);
	nic->has_mac = vmp_mac_parse(mac, &nic->mac) == 0;
	nic->target = copy(target);
	nic->alias = vmp_str_printf("net%zu", guest->nics.n - 1);
	return nic;
}

static void make_guest(struct vmp_guest *guest)
{
	struct vmp_ip address = ip("192.0.2.10");
	struct vmp_nic *nic;

	guest->name = copy("web01");
	guest->uuid = copy("3b3d7c1e-9a4f-4c55-8a3c-0d4d5a0f1b11");
	guest->has_id = true;
	guest->id = 7;
	guest->state = VMP_GUEST_RUNNING;
	guest->hypervisor = copy("qemu");
	nic = add_nic(guest, "bridge", "52:54:00:02:1f:00", "021f00");
	nic->model = copy("virtio");
	nic->source = copy("br0");
	nic->bridge = copy("br0");
	vmp_nic_add_address(nic, &address, VMP_ADDRESS_LEASE);
}

static struct vmp_hop *add_hop(struct vmp_path *path, const char *name, enum vmp_hop_kind kind, int ifindex)
{
	struct vmp_hop *hop = vmp_vec_add(&path->hops);

	hop->name = copy(name);
	hop->kind = kind;
	hop->ifindex = ifindex;
	hop->observed = ifindex > 0 ? VMP_OBSERVED_YES : VMP_OBSERVED_NO;
	hop->shown = true;
	return hop;
}

static void make_path(struct vmp_path *path)
{
	struct vmp_hop *hop;

	path->mode = VMP_PATH_BRIDGED;
	add_hop(path, "network", VMP_HOP_NETWORK, 0);
	add_hop(path, "eth0", VMP_HOP_NIC, 2);
	hop = add_hop(path, "br0", VMP_HOP_BRIDGE, 3);
	hop->observed = VMP_OBSERVED_PARTLY;
	hop->why = copy("without promiscuous mode a bridge shows only frames to or from the host itself");
	add_hop(path, "021f00", VMP_HOP_TAP, 6);
	add_hop(path, "guest", VMP_HOP_GUEST, 0);
	path->switch_hop = 2;
	path->backend = 3;
}

/* What a hop saw; its point is made too. */
static struct vmp_point *see(struct vmp_run *run, size_t hop, uint64_t to_guest, uint64_t from_guest)
{
	struct vmp_point *point = vmp_vec_add(&run->points);
	struct vmp_hop_seen *seen = &run->seen.v[hop];

	strncpy(point->name, run->path.hops.v[hop].name, sizeof(point->name) - 1);
	point->ifindex = run->path.hops.v[hop].ifindex;
	point->filter = copy("ether host 52:54:00:02:1f:00");
	point->opened = true;
	point->opened_ns = STARTED - 1000000;
	point->received = to_guest + from_guest;
	seen->has_point = true;
	seen->point = run->points.n - 1;
	seen->to_guest = (struct vmp_count){to_guest, to_guest * 98};
	seen->from_guest = (struct vmp_count){from_guest, from_guest * 98};
	return point;
}

static struct vmp_segment *add_segment(struct vmp_run *run, enum vmp_direction direction, int from, int to,
				       uint64_t offered, uint64_t delivered, uint64_t lost)
{
	struct vmp_segment *segment = vmp_vec_add(&run->segments);

	segment->direction = direction;
	segment->from = from;
	segment->to = to;
	segment->offered = offered;
	segment->delivered = delivered;
	segment->lost = lost;
	segment->unsure = offered - delivered - lost;
	return segment;
}

static void add_echo(struct vmp_run *run, uint64_t asked, uint64_t answered)
{
	struct vmp_exchange *exchange = vmp_vec_add(&run->exchanges);

	exchange->kind = VMP_EXCHANGE_ICMP_ECHO;
	exchange->direction = VMP_TO_GUEST;
	exchange->asked = asked;
	exchange->reached = asked;
	exchange->answered = answered;
	if (answered < asked) {
		exchange->asker = ip("198.51.100.1");
		exchange->asked_of = ip("192.0.2.10");
	}
	exchange->first_ns = STARTED;
	exchange->last_ns = STARTED + 9800 * VMP_NS_PER_MS;
}

static void give_verdict(struct vmp_run *run, enum vmp_state state, const char *code, const char *summary)
{
	run->verdict.state = state;
	run->verdict.confidence = VMP_CONFIDENCE_CERTAIN;
	strncpy(run->verdict.code, code, sizeof(run->verdict.code) - 1);
	run->verdict.summary = copy(summary);
}

static void place_verdict(struct vmp_run *run, enum vmp_direction direction, int from, int to)
{
	run->verdict.has_place = true;
	run->verdict.direction = direction;
	run->verdict.from = from;
	run->verdict.to = to;
}

/* A run over the common path with nothing seen yet. */
static void make_run(struct vmp_run *run)
{
	memset(run, 0, sizeof(*run));
	run->uri = copy("qemu:///system");
	run->host_name = copy("hv17");
	run->started_ns = STARTED;
	run->ended_ns = STARTED + 10 * VMP_NS_PER_S;
	run->lasted_ns = 10 * VMP_NS_PER_S;
	run->settle_ns = VMP_NS_PER_S;
	run->capture_whole = true;
	run->has_address = true;
	run->address = ip("192.0.2.10");
	make_guest(&run->guest);
	make_path(&run->path);
	for (size_t i = 0; i < run->path.hops.n; i++)
		vmp_vec_add(&run->seen);
}

static void count_backend(struct vmp_run *run, uint64_t given, uint64_t taken)
{
	struct vmp_backend_gauge *backend = &run->gauges.backend;

	backend->known = true;
	backend->counts_taken = true;
	backend->given = given;
	backend->taken = taken;
	backend->waiting = given - taken;
	backend->queue_len = 1000;
}

/* One that moved, one that did not, a level with a limit, and more that moved than a text shows. */
static void add_counters(struct vmp_run *run)
{
	struct vmp_counter *counter = vmp_gauges_add(&run->gauges, "qdisc", "021f00 htb 1:", "drops", VMP_COUNTER_MOVES);

	*counter = (struct vmp_counter){.source = "qdisc", .object = "021f00 htb 1:", .name = "drops", .before_known = true,
					.after_known = true, .before = 3, .after = 53};
	counter = vmp_gauges_add(&run->gauges, "softnet", "cpu1", "dropped", VMP_COUNTER_MOVES);
	counter->before_known = counter->after_known = true;
	counter = vmp_gauges_add(&run->gauges, "conntrack", "", "count", VMP_COUNTER_FILLS);
	counter->before_known = counter->after_known = counter->has_limit = true;
	counter->before = 7;
	counter->after = 9;
	counter->limit = 262144;
	for (char c = 'a'; c <= 'u'; c++) {
		char name[] = {'r', 'x', '_', c, '\0'};

		counter = vmp_gauges_add(&run->gauges, "ethtool.other", "eth0", name, VMP_COUNTER_MOVES);
		counter->before_known = counter->after_known = true;
		counter->after = 1;
	}
}

void sample_loss(struct vmp_run *run)
{
	struct vmp_finding *finding;
	struct vmp_segment *segment;
	struct vmp_cause *cause;

	make_run(run);
	see(run, 1, 50, 0);
	see(run, 2, 0, 0);
	see(run, 3, 0, 0);
	segment = add_segment(run, VMP_TO_GUEST, 1, 3, 50, 0, 50);
	segment->shortest_lost = 84;
	segment->has_first_lost = true;
	segment->first_lost_id = 1;
	segment->first_lost_ns = STARTED + 1;
	segment->last_lost_ns = STARTED + 9 * VMP_NS_PER_S;
	cause = vmp_vec_add(&segment->causes);
	strcpy(cause->reason, "NETFILTER_DROP");
	strcpy(cause->symbol, "nft_do_chain");
	strcpy(cause->device, "eth0");
	cause->packets = 50;
	add_segment(run, VMP_TO_GUEST, 3, 4, 0, 0, 0);
	add_segment(run, VMP_FROM_GUEST, 3, 1, 0, 0, 0);
	add_echo(run, 0, 0);
	count_backend(run, 0, 0);
	add_counters(run);
	finding = vmp_finding_add(&run->findings, "lost-in-host", VMP_SEVERITY_CRITICAL, VMP_CONFIDENCE_CERTAIN,
				  "50 of 50 packets to the guest vanish between eth0 and 021f00");
	vmp_finding_place(finding, VMP_TO_GUEST, 1, 3);
	finding->packets = 50;
	vmp_finding_evidence(finding, "eth0 saw 50, 021f00 saw 0, and 021f00 lost no frame itself");
	vmp_finding_evidence(finding, "packets of 84 bytes are lost; none of another length was seen");
	vmp_finding_remedy(finding, "nft list ruleset; bridge -d link show dev 021f00");
	give_verdict(run, VMP_STATE_LOSS, "lost-in-host", "50 of 50 packets to the guest vanish between eth0 and 021f00");
	place_verdict(run, VMP_TO_GUEST, 1, 3);
}

void sample_healthy(struct vmp_run *run)
{
	struct vmp_segment *segment;

	make_run(run);
	see(run, 1, 50, 50);
	see(run, 2, 0, 0);
	see(run, 3, 50, 50);
	segment = add_segment(run, VMP_TO_GUEST, 1, 3, 50, 50, 0);
	segment->latency = (struct vmp_latency){.known = true, .p50_us = 3.1, .p99_us = 9.8, .max_us = 1531.0,
						.octave = {[11] = 48, [13] = 1, [20] = 1}, .n_slow = 1};
	segment->latency.slow[0] = (struct vmp_slow){.packet_id = 17, .seen_ns = 1753956000123456789ULL, .latency_ns = 1531000};
	add_segment(run, VMP_TO_GUEST, 3, 4, 50, 50, 0);
	segment = add_segment(run, VMP_FROM_GUEST, 3, 1, 50, 50, 0);
	segment->latency = (struct vmp_latency){.known = true, .p50_us = 0.0 / 1.0, .p99_us = 1e300, .max_us = -1.0};
	add_echo(run, 50, 50);
	count_backend(run, 50, 50);
	give_verdict(run, VMP_STATE_OK, "no-loss", "all of 100 packets crossed this host, and all 50 questions were answered");
}

void sample_slow(struct vmp_run *run)
{
	struct vmp_latency *latency;

	sample_healthy(run);
	run->has_slow = true;
	run->slow_ns = 250000;
	latency = &run->segments.v[0].latency;
	latency->took_long = 7;
	for (size_t i = 0; i < 5; i++)
		latency->slow[i] = (struct vmp_slow){.packet_id = 17 + i, .seen_ns = 1753956000123456789ULL + i, .latency_ns = 1531000 - i * 100000};
	latency->n_slow = 5;
}

void sample_silent(struct vmp_run *run)
{
	struct vmp_finding *finding;

	make_run(run);
	see(run, 1, 50, 0);
	see(run, 2, 0, 0);
	see(run, 3, 50, 0);
	add_segment(run, VMP_TO_GUEST, 1, 3, 50, 50, 0);
	add_segment(run, VMP_TO_GUEST, 3, 4, 50, 50, 0);
	add_echo(run, 50, 0);
	run->exchanges.v[0].asked_again = 49;
	count_backend(run, 61, 60);
	run->gauges.backend.waited_ns = 1500 * VMP_NS_PER_MS;
	finding = vmp_finding_add(&run->findings, "guest-silent", VMP_SEVERITY_CRITICAL, VMP_CONFIDENCE_LIKELY,
				  "the guest takes its packets and answers none of 50 questions");
	vmp_finding_place(finding, VMP_FROM_GUEST, 4, 3);
	vmp_finding_evidence(finding, "QEMU took 60 of the 61 frames that 021f00 was given");
	finding = vmp_finding_add(&run->findings, "arp-asked-again", VMP_SEVERITY_WARNING, VMP_CONFIDENCE_WEAK,
				  "the guest keeps asking ARP although it is answered");
	vmp_finding_remedy(finding, "restart the guest's driver");
	give_verdict(run, VMP_STATE_LOSS, "guest-silent", "the guest takes its packets and answers none of 50 questions");
	run->verdict.confidence = VMP_CONFIDENCE_LIKELY;
	place_verdict(run, VMP_FROM_GUEST, 4, 3);
	vmp_run_note(run, "the firewall's rules were not read: nftables support is not built in");
}

/* The path of sample_tangled: a bond below a VLAN device, and other guests' ports. */
static void tangle_path(struct vmp_path *path)
{
	struct vmp_hop *hop;

	vmp_path_clear(path);
	add_hop(path, "network", VMP_HOP_NETWORK, 0);
	add_hop(path, "eth0", VMP_HOP_NIC, 2);
	add_hop(path, "eth1", VMP_HOP_NIC, 3)->inactive = true;
	hop = add_hop(path, "bond0.700", VMP_HOP_VLAN, 4);
	hop->has_tag = true;
	hop->tag = 700;
	hop = add_hop(path, "vnet8", VMP_HOP_TAP, 8);
	hop->owner = copy("db02");
	hop->shown = false;
	add_hop(path, "vnet9", VMP_HOP_TAP, 9)->shown = false;
	hop = add_hop(path, "vnet10", VMP_HOP_TAP, 10);
	hop->observed = VMP_OBSERVED_NO;
	hop->why = copy("the device went away before it could be opened");
	add_hop(path, "021f00", VMP_HOP_TAP, 6);
	add_hop(path, "guest", VMP_HOP_GUEST, 0);
	path->switch_hop = -1;
	path->backend = 7;
}

void sample_tangled(struct vmp_run *run)
{
	struct vmp_segment *segment;
	struct vmp_point *point;

	make_run(run);
	tangle_path(&run->path);
	while (run->seen.n < run->path.hops.n)
		vmp_vec_add(&run->seen);
	run->interrupted = true;
	run->ended_ns = STARTED + 3250 * VMP_NS_PER_MS;
	run->lasted_ns = 3250 * VMP_NS_PER_MS;
	run->capture_whole = false;
	run->filter = copy("tcp port 80");
	see(run, 1, 1000, 900)->dropped = 12;
	run->seen.v[1].stray = 3;
	run->seen.v[1].duplicates = 2;
	run->seen.v[4].stray = run->seen.v[4].astray = 40;
	see(run, 2, 0, 0)->promisc = true;
	see(run, 3, 1000, 900);
	see(run, 4, 40, 0);
	point = see(run, 6, 0, 0);
	point->opened = false;
	point->why_not = copy("No such device");
	point = see(run, 7, 18446744073709551615ULL, 9007199254740993ULL);
	point->vanished = true;
	point->vanished_ns = STARTED + 3 * VMP_NS_PER_S;
	segment = add_segment(run, VMP_TO_GUEST, 3, 7, 1000, 940, 50);
	segment->unsure_why[VMP_UNSURE_CAPTURE_LOSS] = 7;
	segment->unsure_why[VMP_UNSURE_WINDOW] = 3;
	segment->unsure_lost = 4;
	segment->elsewhere = 40;
	segment->elsewhere_hop = 4;
	segment->wrong_tag = 10;
	segment->wrong_tag_id = 701;
	segment->group_lost = 2;
	segment->longest_delivered = 1500;
	segment->shortest_lost = 1501;
	add_segment(run, VMP_FROM_GUEST, 7, 3, 900, 899, 0)->unsure_why[VMP_UNSURE_CLOCK] = 1;
	add_segment(run, VMP_FROM_GUEST, 3, 1, 900, 900, 0);
	add_segment(run, VMP_TO_GUEST, 1, 3, 1000, 1000, 0);
	add_segment(run, VMP_TO_GUEST, 2, 3, 0, 0, 0);
	add_segment(run, VMP_FROM_GUEST, 7, 5, 0, 0, 0);
	run->gauges.backend.why_not = copy("021f00 went away, so its counters could not be read again");
	run->seen.v[7].stray = 1;
	run->exchanges.n = 0;
	add_echo(run, 10, 9);
	run->exchanges.v[0].refused = 1;
	run->exchanges.v[0].pending = 2;
	run->exchanges.v[0].answers_lost_inside = 1;
	give_verdict(run, VMP_STATE_INCONCLUSIVE, "capture-incomplete",
		     "the capture on eth0 lost frames and 021f00 went away");
	run->verdict.confidence = VMP_CONFIDENCE_WEAK;
}

void sample_hostile(struct vmp_run *run)
{
	static const char nasty[] = "\033]0;owned\007\r\nOK  fake: all is well \xff\xc3( \xc2\x9b"
				    "31m \xe2\x80\xae\xd8\x9c\"\\/ \xf4\x90\x80\x80 \xed\xa0\x80 end";
	struct vmp_nic *nic;

	sample_loss(run);
	vmp_str_set(&run->guest.name, nasty);
	vmp_str_set(&run->host_name, nasty);
	vmp_str_set(&run->filter, nasty);
	nic = &run->guest.nics.v[0];
	vmp_str_set(&nic->source, nasty);
	vmp_str_set(&nic->target, nasty);
	vmp_str_set(&nic->type_name, nasty);
	vmp_str_set(&nic->why_no_backend, nasty);
	vmp_str_set(&run->path.hops.v[1].name, nasty);
	vmp_str_set(&run->path.hops.v[2].why, nasty);
	vmp_str_set(&run->path.hops.v[3].owner, nasty);
	vmp_str_set(&run->points.v[0].filter, nasty);
	memcpy(run->segments.v[0].causes.v[0].symbol, "\033[2J\xff", 6);
	vmp_str_set(&run->findings.v[0].summary, nasty);
	vmp_str_set(&run->findings.v[0].evidence.v[0], nasty);
	vmp_str_set(&run->findings.v[0].remedy, nasty);
	vmp_str_set(&run->verdict.summary, nasty);
	vmp_run_note(run, "%s", nasty);
}

void sample_bare(struct vmp_run *run)
{
	struct vmp_finding *finding;

	memset(run, 0, sizeof(*run));
	run->offline = true;
	run->path.backend = run->path.switch_hop = -1;
	add_hop(&run->path, "network", VMP_HOP_NETWORK, 0)->shown = true;
	/* Places that are none must not be followed. */
	add_segment(run, VMP_TO_GUEST, -1, 99, 5, 5, 0);
	finding = vmp_finding_add(&run->findings, "no-place", VMP_SEVERITY_INFO, VMP_CONFIDENCE_WEAK, "nothing is known");
	vmp_finding_place(finding, VMP_TO_GUEST, -1, 99);
	run->verdict.state = VMP_STATE_INCONCLUSIVE;
	strcpy(run->verdict.code, "no-traffic");
}

struct vmp_listing sample_guests(void)
{
	VMP_VEC(struct vmp_guest) guests = {0};
	struct vmp_ip second = ip("2001:db8::10");
	struct vmp_guest *guest;
	struct vmp_nic *nic;

	make_guest(vmp_vec_add(&guests));
	vmp_nic_add_address(&guests.v[0].nics.v[0], &second, VMP_ADDRESS_NEIGHBOUR);
	nic = add_nic(&guests.v[0], "hostdev", "52:54:00:02:1f:01", NULL);
	nic->why_no_backend = copy("its network card is passed through to the guest, so its packets do not cross this "
				   "host's kernel");
	guest = vmp_vec_add(&guests);
	guest->name = copy("\xe6\x9d\xb1\xe4\xba\xac e\xcc\x81\033[31m");
	guest->state = VMP_GUEST_PAUSED;
	add_nic(guest, "direct", "52:54:00:aa:bb:cc", "macvtap0")->source = copy("eth0");
	guest = vmp_vec_add(&guests);
	guest->name = copy("empty");
	guest->state = VMP_GUEST_SHUTOFF;
	return (struct vmp_listing){
		.host_name = "hv17", .uri = "qemu:///system", .guests = guests.v, .n_guests = guests.n};
}

void sample_guests_clear(struct vmp_listing *listing)
{
	struct vmp_guest *guests = (struct vmp_guest *)(uintptr_t)listing->guests;

	for (size_t i = 0; i < listing->n_guests; i++)
		vmp_guest_clear(&guests[i]);
	free(guests);
}

struct vmp_listing sample_paths(void)
{
	struct vmp_guest *guest = calloc(1, sizeof(*guest));
	struct vmp_path *paths = calloc(3, sizeof(*paths));
	vmp_findings *findings = calloc(3, sizeof(*findings));
	struct vmp_finding *finding;
	struct vmp_nic *nic;

	make_guest(guest);
	make_path(&paths[0]);
	nic = add_nic(guest, "bridge", "52:54:00:02:1f:01", "021f01");
	nic->link_up = VMP_NO;
	nic->has_mtu = nic->has_vlan = nic->has_queues = true;
	nic->mtu = 9000;
	nic->vlan = 700;
	nic->queues = 4;
	nic->isolated = VMP_YES;
	nic->driver = copy("vhost");
	tangle_path(&paths[1]);
	finding = vmp_finding_add(&findings[1], "duplicate-mac", VMP_SEVERITY_WARNING, VMP_CONFIDENCE_LIKELY,
				  "db02 on vnet8 has the same MAC");
	vmp_finding_place(finding, VMP_TO_GUEST, 3, 4);
	finding = vmp_finding_add(&findings[1], "link-down", VMP_SEVERITY_CRITICAL, VMP_CONFIDENCE_CERTAIN,
				  "the link is down in the domain XML");
	vmp_finding_evidence(finding, "<link state='down'/>");
	vmp_finding_remedy(finding, "virsh domif-setlink web01 021f01 up");
	nic = add_nic(guest, "user", "52:54:00:02:1f:02", NULL);
	nic->why_no_backend = copy("user-mode networking is done inside QEMU");
	return (struct vmp_listing){.host_name = "hv17",
				    .uri = "qemu:///system",
				    .guests = guest,
				    .n_guests = 1,
				    .paths = paths,
				    .path_findings = findings};
}

void sample_paths_clear(struct vmp_listing *listing)
{
	struct vmp_path *paths = (struct vmp_path *)(uintptr_t)listing->paths;
	vmp_findings *findings = (vmp_findings *)(uintptr_t)listing->path_findings;

	for (size_t i = 0; i < listing->guests[0].nics.n; i++) {
		vmp_path_clear(&paths[i]);
		vmp_findings_clear(&findings[i]);
	}
	free(paths);
	free(findings);
	sample_guests_clear(listing);
}
