/* SPDX-License-Identifier: GPL-2.0-or-later */
/* run.json: what is written is read again, whole; and what vmpath did not write is refused. */
#include "evidence/index.h"
#include "evidence/run_file.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint64_t next_value;

static uint64_t value(void)
{
	return ++next_value;
}

static char *text(const char *what)
{
	char *out;

	assert_true(asprintf(&out, "%s-%llu", what, (unsigned long long)value()) > 0);
	return out;
}

static struct vmp_mac mac(void)
{
	return (struct vmp_mac){{0x52, 0x54, 0, 1, 2, (uint8_t)value()}};
}

static void fill_nic(struct vmp_nic *nic)
{
	struct vmp_ip ip;

	*nic = (struct vmp_nic){
		.type = VMP_NIC_DIRECT, .type_name = text("type"), .has_mac = true, .mac = mac(), .model = text("model"),
		.source = text("source"), .network = text("network"), .bridge = text("bridge"), .source_mode = text("mode"),
		.virtualport = text("virtualport"), .target = text("target"), .alias = text("alias"), .driver = text("driver"),
		.filter = text("filter"), .backend_domain = text("domain"), .link_up = VMP_NO, .isolated = VMP_YES, .has_mtu = true,
		.mtu = (uint32_t)value(), .has_queues = true, .queues = (uint32_t)value(), .has_vlan = true, .vlan = (uint16_t)value(),
		.has_bandwidth = true, .why_no_backend = NULL,
	};
	assert_int_equal(vmp_ip_parse("2001:db8::7", &ip), 0);
	assert_int_equal(vmp_nic_add_address(nic, &ip, VMP_ADDRESS_LEASE), 0);
}

static void fill_path(struct vmp_path *path)
{
	*path = (struct vmp_path){.mode = VMP_PATH_ROUTED, .nat = true, .guest_mac = mac(), .has_guest_mac = true, .backend = 1, .switch_hop = 0};
	for (int i = 0; i < 3; i++) {
		struct vmp_hop *hop = vmp_vec_add(&path->hops);

		*hop = (struct vmp_hop){
			.name = text("hop"), .kind = VMP_HOP_BOND, .role = i == 1 ? VMP_ROLE_BACKEND : VMP_ROLE_PEER,
			.ifindex = (int)value(), .rank = i, .to_guest = VMP_DEV_OUT, .observed = VMP_OBSERVED_PARTLY, .why = text("why"),
			.routed = true, .inactive = true, .has_tag = true, .tag = (uint16_t)value(), .has_tunnel = true,
			.tunnel = {(uint32_t)value(), (uint16_t)value()}, .owner = i ? text("owner") : NULL, .shown = true,
		};
	}
	*(struct vmp_home *)vmp_vec_add(&path->homes) = (struct vmp_home){
		.mac = mac(), .has_vlan = true, .vlan = (uint16_t)value(), .hop = 2, .ifindex = (int)value(), .local = true};
	*(struct vmp_mac *)vmp_vec_add(&path->host_macs) = mac();
	*(struct vmp_lead *)vmp_vec_add(&path->leads) = (struct vmp_lead){
		.dst = {4, {10, 1, 2, 0}}, .prefix_len = 24, .hop = 2, .has_gateway = true, .gateway = {4, {10, 9, 8, 7}}};
	path->leads_unsure = true;
	*(struct vmp_host_address *)vmp_vec_add(&path->own) = (struct vmp_host_address){
		.ifindex = (int)value(), .ip = {4, {10, 3, 2, 1}}, .prefix_len = 25};
	assert_int_equal(vmp_path_add_fact(path, "backend-down", 1, "detail %d", 5), 0);
}

static void fill_inside(struct vmp_inside *inside)
{
	struct vmp_agent *agent = &inside->agent;
	struct vmp_driver *driver = &inside->driver;
	struct vmp_inside_interface *interface = vmp_vec_add(&agent->interfaces);

	agent->asked = agent->answered = agent->routes_known = agent->cut = true;
	agent->why_not = text("why");
	*interface = (struct vmp_inside_interface){.name = text("inside"), .has_mac = true, .mac = mac()};
	*(struct vmp_inside_address *)vmp_vec_add(&interface->addresses) = (struct vmp_inside_address){
		.ip = {4, {10, 1, 1, 1}}, .has_prefix = true, .prefix_len = (uint8_t)value()};
	*(struct vmp_inside_route *)vmp_vec_add(&agent->routes) = (struct vmp_inside_route){
		.interface = text("inside"), .dst = {4, {10, 2, 0, 0}}, .prefix_len = (uint8_t)value(), .has_gateway = true,
		.gateway = {4, {10, 3, 2, 1}}};
	*driver = (struct vmp_driver){
		.asked = true, .why_not = text("why"), .has_filter = true, .has_status = true, .driver_ok = true, .failed = true,
		.needs_reset = true, .broken = true, .vhost_started = true,
		.filter = {.promiscuous = true, .unicast_overflow = true, .multicast_overflow = true,
			   .unicast = VMP_RX_ALL, .multicast = VMP_RX_NONE, .vlan = VMP_RX_ALL, .has_main_mac = true, .main_mac = mac()}};
	((struct vmp_inside_mac *)vmp_vec_add(&driver->filter.unicast_table))->mac = mac();
	((struct vmp_inside_mac *)vmp_vec_add(&driver->filter.multicast_table))->mac = mac();
	((struct vmp_inside_vlan *)vmp_vec_add(&driver->filter.vlan_table))->id = (uint16_t)value();
	*(struct vmp_inside_queue *)vmp_vec_add(&driver->queues) = (struct vmp_inside_queue){
		.index = (uint32_t)value(), .before_known = true, .after_known = true, .taken_before = (uint16_t)value(),
		.taken_after = (uint16_t)value(), .has_posted = true, .posted_after = (uint16_t)value(), .size = (uint32_t)value()};
}

static void fill(struct vmp_run *run)
{
	struct vmp_device_gauge *device;
	struct vmp_counter *counter;
	struct vmp_drop_kind *drop;
	struct vmp_filter_rule *filter;
	struct vmp_point *point;

	memset(run, 0, sizeof(*run));
	next_value = 0;
	run->uri = text("uri");
	run->host_name = text("host \"quoted\" \033[31m");
	run->started_ns = 1700000000123456789ULL;
	run->ended_ns = run->started_ns + 2000000000;
	run->lasted_ns = value();
	run->settle_ns = 1000000001;
	run->complete_ns = run->ended_ns + 1000000002;
	run->interrupted = run->has_address = run->promisc = run->capture_whole = true;
	run->guest = (struct vmp_guest){.name = text("guest"), .uuid = text("uuid"), .has_id = true, .id = (int)value(),
					.state = VMP_GUEST_PAUSED, .hypervisor = text("kvm"), .job_active = true,
					.state_reason = text("reason"), .has_state_before = true, .state_before = VMP_GUEST_PMSUSPENDED,
					.reason_before = text("reason"), .job = text("job")};
	fill_nic(vmp_vec_add(&run->guest.nics));
	fill_nic(vmp_vec_add(&run->guest.nics));
	run->nic = 1;
	assert_int_equal(vmp_ip_parse("192.0.2.10", &run->address), 0);
	run->filter = text("filter");
	run->has_slow = true;
	run->slow_ns = value();
	fill_path(&run->path);
	point = vmp_vec_add(&run->points);
	*point = (struct vmp_point){
		.ifindex = (int)value(), .hop = 2, .filter = text("pcap"), .inner_filter = text("inner"), .promisc = true,
		.has_mac = true, .mac = mac(), .opened = true,
		.why_not = text("why"), .opened_ns = value(), .vanished = true, .vanished_ns = value(), .received = UINT64_MAX,
		.dropped = value(), .dropped_in = value(), .dropped_out = value()};
	snprintf(point->name, sizeof(point->name), "fifteen-letters");
	*(struct vmp_blind *)vmp_vec_add(&run->blinds) = (struct vmp_blind){
		.told_ns = value(), .point = 0, .counted = true, .devdir = VMP_DEV_OUT, .frames = value(), .from_ns = 7, .to_ns = UINT64_MAX,
		.why = VMP_UNSURE_CLOCK};
	device = vmp_vec_add(&run->gauges.devices);
	device->ifindex = (int)value();
	device->before_known = device->after_known = true;
	for (size_t i = 0; i < sizeof(device->before) / sizeof(uint64_t); i++) {
		((uint64_t *)&device->before)[i] = value();
		((uint64_t *)&device->after)[i] = value();
	}
	device->before_ns = value();
	device->after_ns = value();
	run->gauges.backend = (struct vmp_backend_gauge){
		.known = true, .why_not = text("why"), .counts_taken = true, .given = value(), .taken = value(), .dropped = value(),
		.waiting = value(), .slack = value(), .queue_len = (uint32_t)value(), .waited_ns = value()};
	counter = vmp_gauges_add(&run->gauges, "conntrack", "cpu1", "insert_failed", VMP_COUNTER_FILLS);
	*counter = (struct vmp_counter){
		.kind = VMP_COUNTER_FILLS, .ifindex = 7, .before_known = true, .after_known = true, .before = value(), .after = value(),
		.has_limit = true, .limit = value(), .text = text("rule")};
	snprintf(counter->source, sizeof(counter->source), "conntrack");
	snprintf(counter->object, sizeof(counter->object), "cpu1");
	snprintf(counter->name, sizeof(counter->name), "insert_failed");
	drop = vmp_vec_add(&run->drops.kinds);
	*drop = (struct vmp_drop_kind){.ifindex = (int)value(), .place = VMP_DROP_BESIDE, .copies = true, .packets = value()};
	snprintf(drop->reason, sizeof(drop->reason), "NETFILTER_DROP");
	snprintf(drop->symbol, sizeof(drop->symbol), "nft_do_chain");
	snprintf(drop->caller, sizeof(drop->caller), "__br_forward");
	snprintf(drop->device, sizeof(drop->device), "tap0");
	run->drops.known = true;
	snprintf(run->drops.source, sizeof(run->drops.source), "bpf");
	run->drops.why_not = text("why");
	run->drops.missed = value();
	filter = vmp_vec_add(&run->filters);
	*filter = (struct vmp_filter_rule){
		.family = VMP_FILTER_NETDEV, .policy = true, .rejects = true, .counted = true, .to_guest = 0x7f, .from_guest = 0x3f,
		.only_to = 0x1f, .only_from = 0x0f, .ifindex = (int)value(),
		.table = text("table"), .chain = text("chain"), .text = text("drop")};
	snprintf(filter->object, sizeof(filter->object), "netdev lab f policy");
	run->observations.late = value();
	run->observations.clock_stepped = true;
	run->observations.wrong_vni_frames = value();
	run->observations.wrong_vni = (uint32_t)value();
	*(struct vmp_translation *)vmp_vec_add(&run->translations) = (struct vmp_translation){
		.hop = 2, .proto = 6, .guest = {4, {10, 0, 0, 1}}, .outside = {4, {10, 0, 0, 2}}, .peer = {4, {10, 0, 0, 3}},
		.guest_port = (uint16_t)value(), .outside_port = (uint16_t)value(), .peer_port = (uint16_t)value(), .since_ns = value(),
		.source = VMP_TRANSLATION_CONNTRACK, .far = {4, {10, 0, 0, 4}}, .far_port = (uint16_t)value(), .left_s = 30};
	fill_inside(&run->inside);
	run->left_out = value();
	run->left_out_ns = value();
	vmp_run_note(run, "a note");
}

static void round_trip(void **state)
{
	struct vmp_buf once = {0}, twice = {0};
	struct vmp_run run, again = {0};
	struct vmp_err err = {0};
	uint64_t most;

	(void)state;
	fill(&run);
	most = next_value;
	assert_int_equal(vmp_run_file_write(&run, &once), 0);
	/* each value that was given out stands somewhere in the text */
	for (uint64_t i = 1; i <= most; i++) {
		char plain[32], in_text[32], in_mac[32];

		snprintf(plain, sizeof(plain), ":%llu", (unsigned long long)i);
		snprintf(in_text, sizeof(in_text), "-%llu\"", (unsigned long long)i);
		snprintf(in_mac, sizeof(in_mac), ":01:02:%02llx\"", (unsigned long long)i);
		if (!strstr(once.s, plain) && !strstr(once.s, in_text) && !strstr(once.s, in_mac))
			fail_msg("value %llu is not in the text", (unsigned long long)i);
	}
	assert_int_equal(vmp_run_file_read(once.s, once.len, &again, &err), 0);
	assert_int_equal(vmp_run_file_write(&again, &twice), 0);
	assert_string_equal(once.s, twice.s);
	assert_string_equal(again.host_name, run.host_name);
	assert_int_equal(again.points.v[0].received, UINT64_MAX);
	assert_null(again.path.hops.v[0].owner);
	assert_memory_equal(&again.gauges.devices.v[0].after, &run.gauges.devices.v[0].after, sizeof(struct vmp_link_stats));
	vmp_run_clear(&run);
	vmp_run_clear(&again);
	vmp_buf_clear(&once);
	vmp_buf_clear(&twice);
}

/*
 * Who adds a field to one of these records decides whether a judgement looks at it: then it belongs into the table in
 * src/evidence/run_file.c, and into fill() above. Then the number here is corrected.
 */
static void no_field_is_forgotten(void **state)
{
	(void)state;
	if (sizeof(void *) != 8)
		skip();
	assert_int_equal(sizeof(struct vmp_nic_address), 24);
	assert_int_equal(sizeof(struct vmp_nic), 176);
	assert_int_equal(sizeof(struct vmp_guest), 104);
	assert_int_equal(sizeof(struct vmp_hop), 72);
	assert_int_equal(sizeof(struct vmp_home), 24);
	assert_int_equal(sizeof(struct vmp_path_fact), 56);
	assert_int_equal(sizeof(struct vmp_lead), 44);
	assert_int_equal(sizeof(struct vmp_host_address), 24);
	assert_int_equal(sizeof(struct vmp_translation), 104);
	assert_int_equal(sizeof(struct vmp_path), 176);
	assert_int_equal(sizeof(struct vmp_point), 128);
	assert_int_equal(sizeof(struct vmp_link_stats), 104);
	assert_int_equal(sizeof(struct vmp_device_gauge), 248);
	assert_int_equal(sizeof(struct vmp_backend_gauge), 80);
	assert_int_equal(sizeof(struct vmp_counter), 216);
	assert_int_equal(sizeof(struct vmp_gauges), 152);
	assert_int_equal(sizeof(struct vmp_drop_kind), 216);
	assert_int_equal(sizeof(struct vmp_drops), 64);
	assert_int_equal(sizeof(struct vmp_filter_rule), 136);
	assert_int_equal(sizeof(struct vmp_inside_address), 19);
	assert_int_equal(sizeof(struct vmp_inside_interface), 40);
	assert_int_equal(sizeof(struct vmp_inside_route), 48);
	assert_int_equal(sizeof(struct vmp_agent), 80);
	assert_int_equal(sizeof(struct vmp_rx_filter), 96);
	assert_int_equal(sizeof(struct vmp_inside_queue), 20);
	assert_int_equal(sizeof(struct vmp_driver), 152);
	assert_int_equal(sizeof(struct vmp_blind), 56);
	assert_int_equal(sizeof(struct vmp_observations), 80);
	assert_int_equal(sizeof(struct vmp_run), 1288);
}

/* A text with one place changed. Caller frees. */
static char *changed(const char *from, const char *what, const char *into)
{
	const char *at = strstr(from, what);
	char *out;

	assert_non_null(at);
	assert_true(asprintf(&out, "%.*s%s%s", (int)(at - from), from, into, at + strlen(what)) > 0);
	return out;
}

static void refused(void **state)
{
	static const struct {
		const char *what, *into, *says;
		int code;
	} cases[] = {
		{"vmpath.run/1", "vmpath.run/2", "this version of vmpath reads \"vmpath.run/1\"", EPROTONOSUPPORT},
		{"\"backend\":1", "\"backend\":2", "path.backend is no backend", EINVAL},
		{"\"backend\":1", "\"backend\":3", "path.backend is no backend", EINVAL},
		{"\"backend\":1", "\"backend\":-7", "path.backend is no backend", EINVAL},
		{"\"backend\":1", "\"backend\":4294967297", "path.backend is out of range", EINVAL},
		{"\"backend\":1", "\"backend\":1.0", "path.backend is not a whole number", EINVAL},
		{"\"backend\":1", "\"backend\":null", "path.backend is not a whole number", EINVAL},
		{"\"switch_hop\":0", "\"switch_hop\":3", "switch_hop", EINVAL},
		{"\"nic\":1", "\"nic\":2", "nic is none", EINVAL},
		{"\"nic\":1", "\"nic\":-1", "nic is out of range", EINVAL},
		{"\"mode\":2", "\"mode\":9", "path.mode is out of range", EINVAL},
		{"\"rank\":2", "\"rank\":70000", "rank", EINVAL},
		{"\"point\":0", "\"point\":1", "a gap is at no point", EINVAL},
		{"\"from_ns\":7", "\"from_ns\":-7", "blinds[0].from_ns is out of range", EINVAL},
		{"\"name\":\"fifteen-letters\"", "\"name\":\"sixteen-letters-\"", "points[0].name is too long a text", EINVAL},
		{"\"name\":\"fifteen-letters\"", "\"name\":\"a\\u0000b\"", "points[0].name is too long a text, or has a NUL", EINVAL},
		{"\"192.0.2.10\"", "\"192.0.2\"", "address is not an address", EINVAL},
		{"\"192.0.2.10\"", "null", "address contradicts has_address", EINVAL},
		{"\"clock_stepped\":true", "\"clock_stepped\":1", "clock_stepped is neither true nor false", EINVAL},
		{"\"settle_ns\"", "\"settle\"", "settle_ns is missing", EINVAL},
		{"\"started_ns\":17", "\"started_ns\":18", "the times", EINVAL},
		{"\"has_slow\":true", "\"has_slow\":false", "slow_ns contradicts has_slow", EINVAL},
		{"\"a note\"", "null", "notes[0] is null", EINVAL},
		{"\"notes\":[", "\"notes\":[[],", "notes[0] is not a text", EINVAL},
		{"\"hops\":[", "\"hops\":[[],", "path.hops[0] is not an object", EINVAL},
		{"\"hops\":[", "\"hops\":{}, \"more\":[", "path.hops is not a list", EINVAL},
		{"{", "[", "not JSON", EINVAL},
	};
	struct vmp_buf pretty = {0};
	struct vmp_run run;
	char *flat, *to;

	(void)state;
	fill(&run);
	assert_int_equal(vmp_run_file_write(&run, &pretty), 0);
	vmp_run_clear(&run);
	/* without the blanks of the layout, so that places are easy to name */
	flat = to = malloc(pretty.len + 1);
	for (const char *from = pretty.s; *from; from++)
		if (*from != '\n' && !(*from == ' ' && (from[1] == ' ' || from[1] == '"' || from[1] == '{' || from[1] == '}' || from[1] == ']' ||
							 from[-1] == ' ' || from[-1] == '\n')))
			*to++ = *from;
	*to = '\0';
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *broken = changed(flat, cases[i].what, cases[i].into);
		struct vmp_run read = {0};
		struct vmp_err err = {0};

		assert_int_equal(vmp_run_file_read(broken, strlen(broken), &read, &err), -cases[i].code);
		if (!strstr(err.message, cases[i].says))
			fail_msg("%s: %s", cases[i].into, err.message);
		vmp_run_clear(&read);
		free(broken);
	}
	for (size_t len = 0; len < strlen(flat); len += 97) {
		struct vmp_run read = {0};
		struct vmp_err err = {0};

		assert_int_equal(vmp_run_file_read(flat, len, &read, &err), -EINVAL);
		vmp_run_clear(&read);
	}
	free(flat);
	vmp_buf_clear(&pretty);
}

/* What a later version added is not known of what an older one wrote. */
static void older_one(void **state)
{
	struct vmp_buf text = {0};
	struct vmp_run run, again;
	struct vmp_err err = {0};
	char *counters, *end;

	(void)state;
	fill(&run);
	assert_int_equal(vmp_run_file_write(&run, &text), 0);
	vmp_run_clear(&run);
	counters = strstr(text.s, "\"counters\"");
	assert_non_null(counters);
	end = strchr(counters, ']');
	assert_non_null(end);
	while (*--counters != ',')
		;
	memmove(counters, end + 1, strlen(end + 1) + 1);
	memset(&again, 0, sizeof(again));
	assert_int_equal(vmp_run_file_read(text.s, strlen(text.s), &again, &err), 0);
	assert_int_equal(again.gauges.counters.n, 0);
	assert_true(again.gauges.backend.known);
	vmp_run_clear(&again);
	vmp_buf_clear(&text);
}

static void index_rows(void **state)
{
	struct vmp_index_row row = {.point = 3, .devdir = VMP_DEV_OUT, .fingerprint = {{{0x0123456789abcdefULL, 42}}, true},
				    .cause = 200}, read;
	uint8_t bytes[VMP_INDEX_ROW_BYTES], head[VMP_INDEX_HEAD_BYTES];

	(void)state;
	vmp_index_put(&row, bytes);
	assert_true(vmp_index_get(bytes, 4, &read));
	assert_int_equal(read.point, 3);
	assert_int_equal(read.devdir, VMP_DEV_OUT);
	assert_true(read.fingerprint.usable);
	assert_int_equal(read.cause, 200);
	assert_true(vmp_fingerprint_equal(&read.fingerprint, &row.fingerprint));
	assert_int_equal(bytes[8], 0xef);
	assert_false(vmp_index_get(bytes, 3, &read));
	bytes[4] = VMP_DEV_UNKNOWN;
	assert_false(vmp_index_get(bytes, 4, &read));
	bytes[4] = VMP_DEV_IN;
	bytes[7] = 1;
	assert_false(vmp_index_get(bytes, 4, &read));
	vmp_index_put_head(head);
	assert_true(vmp_index_is_head(head));
	head[8]++;
	assert_false(vmp_index_is_head(head));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip),
		cmocka_unit_test(no_field_is_forgotten),
		cmocka_unit_test(refused),
		cmocka_unit_test(older_one),
		cmocka_unit_test(index_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
