/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words of the records, and the helpers that fill and free them. */
#include "model/reading.h"
#include "model/run.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Each word of an enum from 0 to last is its own, and what lies past the last is "unknown". */
#define assert_words(name, last)                                                                   \
	do {                                                                                       \
		for (int a_ = 0; a_ <= (int)(last); a_++) {                                        \
			assert_true(*name(a_) != '\0');                                            \
			for (int b_ = 0; b_ < a_; b_++)                                            \
				assert_string_not_equal(name(a_), name(b_));                       \
		}                                                                                  \
		assert_string_equal(name((int)(last) + 1), "unknown");                             \
		assert_string_equal(name(-1), "unknown");                                          \
	} while (0)

static void every_value_has_its_word(void **state)
{
	(void)state;
	assert_words(vmp_direction_name, VMP_FROM_GUEST);
	assert_words(vmp_guest_state_name, VMP_GUEST_PMSUSPENDED);
	assert_words(vmp_link_kind_name, VMP_LINK_VIF);
	assert_words(vmp_port_state_name, VMP_PORT_BLOCKING);
	assert_words(vmp_hop_kind_name, VMP_HOP_GUEST);
	assert_words(vmp_observed_name, VMP_OBSERVED_YES);
	assert_words(vmp_unsure_name, VMP_UNSURE_REASONS - 1);
	assert_words(vmp_exchange_kind_name, VMP_EXCHANGE_KINDS - 1);
	assert_words(vmp_severity_name, VMP_SEVERITY_CRITICAL);
	assert_words(vmp_confidence_name, VMP_CONFIDENCE_CERTAIN);
	assert_words(vmp_state_name, VMP_STATE_INCONCLUSIVE);
}

/* Scripts read these. */
static void words_are_those_of_the_documents(void **state)
{
	(void)state;
	assert_string_equal(vmp_direction_name(VMP_TO_GUEST), "to_guest");
	assert_string_equal(vmp_direction_name(VMP_FROM_GUEST), "from_guest");
	assert_string_equal(vmp_guest_state_name(VMP_GUEST_RUNNING), "running");
	assert_string_equal(vmp_guest_state_name(VMP_GUEST_SHUTOFF), "shut off");
	assert_string_equal(vmp_hop_kind_name(VMP_HOP_NETWORK), "network");
	assert_string_equal(vmp_hop_kind_name(VMP_HOP_NIC), "nic");
	assert_string_equal(vmp_hop_kind_name(VMP_HOP_MACVTAP), "macvtap");
	assert_string_equal(vmp_hop_kind_name(VMP_HOP_HOST), "host");
	assert_string_equal(vmp_observed_name(VMP_OBSERVED_PARTLY), "partly");
	assert_string_equal(vmp_exchange_kind_name(VMP_EXCHANGE_ICMP_ECHO), "icmp-echo");
	assert_string_equal(vmp_severity_name(VMP_SEVERITY_CRITICAL), "critical");
	assert_string_equal(vmp_confidence_name(VMP_CONFIDENCE_LIKELY), "likely");
	assert_string_equal(vmp_state_name(VMP_STATE_OK), "ok");
	assert_string_equal(vmp_state_name(VMP_STATE_LOSS), "loss");
	assert_string_equal(vmp_state_name(VMP_STATE_INCONCLUSIVE), "inconclusive");
}

static struct vmp_ip ip(const char *text)
{
	struct vmp_ip parsed;

	assert_int_equal(vmp_ip_parse(text, &parsed), 0);
	return parsed;
}

static void an_address_is_known_once_by_its_best_source(void **state)
{
	struct vmp_ip first = ip("192.0.2.10"), second = ip("2001:db8::10"), none = {0};
	struct vmp_guest guest = {0};
	struct vmp_nic *nic = vmp_vec_add(&guest.nics);

	(void)state;
	assert_non_null(nic);
	assert_false(vmp_nic_has_address(nic, &first));
	assert_int_equal(vmp_nic_add_address(nic, &first, VMP_ADDRESS_NEIGHBOUR), 0);
	assert_int_equal(vmp_nic_add_address(nic, &first, VMP_ADDRESS_XML), 0);
	assert_int_equal(vmp_nic_add_address(nic, &first, VMP_ADDRESS_CAPTURE), 0);
	assert_int_equal(vmp_nic_add_address(nic, &second, VMP_ADDRESS_CAPTURE), 0);
	assert_int_equal(vmp_nic_add_address(nic, &none, VMP_ADDRESS_OPERATOR), 0);
	assert_int_equal(nic->addresses.n, 2);
	assert_int_equal(nic->addresses.v[0].source, VMP_ADDRESS_XML);
	assert_int_equal(nic->addresses.v[1].source, VMP_ADDRESS_CAPTURE);
	assert_true(vmp_nic_has_address(nic, &second));
	assert_false(vmp_nic_has_address(nic, &none));
	vmp_guest_clear(&guest);
	assert_null(guest.nics.v);
}

static void links_are_found(void **state)
{
	struct vmp_host host = {0};
	struct vmp_link *link;

	(void)state;
	for (int i = 1; i <= 3; i++) {
		link = vmp_vec_add(&host.links);
		assert_non_null(link);
		link->ifindex = i * 10;
		link->name[0] = (char)('a' + i);
	}
	assert_string_equal(vmp_host_link(&host, 20)->name, "c");
	assert_int_equal(vmp_host_link_named(&host, "d")->ifindex, 30);
	assert_null(vmp_host_link(&host, 40));
	assert_null(vmp_host_link_named(&host, ""));
	vmp_host_clear(&host);
	assert_null(vmp_host_link(&host, 20));
}

static void hops_are_found(void **state)
{
	struct vmp_path path = {0};

	(void)state;
	assert_non_null(vmp_vec_add(&path.hops)); /* "network": no device */
	assert_non_null(vmp_vec_add(&path.hops));
	path.hops.v[1].ifindex = 7;
	assert_int_equal(vmp_path_find(&path, 7), 1);
	assert_int_equal(vmp_path_find(&path, 8), -1);
	assert_int_equal(vmp_path_find(&path, 0), -1);
	assert_int_equal(vmp_path_add_fact(&path, "mtu-smaller", 1, "MTU %d after %d", 1400, 1500), 0);
	assert_string_equal(path.facts.v[0].code, "mtu-smaller");
	assert_string_equal(path.facts.v[0].detail, "MTU 1400 after 1500");
	vmp_path_clear(&path);
	assert_int_equal(path.facts.n, 0);
}

static void findings_are_filled(void **state)
{
	vmp_findings findings = {0};
	struct vmp_finding *finding;

	(void)state;
	finding = vmp_finding_add(&findings, "lost-in-host", VMP_SEVERITY_CRITICAL, VMP_CONFIDENCE_CERTAIN,
				  "%d of %d lost", 5, 9);
	assert_non_null(finding);
	assert_false(finding->has_place);
	vmp_finding_place(finding, VMP_FROM_GUEST, 4, 2);
	vmp_finding_evidence(finding, "seen at %s", "021f00");
	vmp_finding_evidence(finding, "not seen at %s", "eth0");
	vmp_finding_remedy(finding, "first thought");
	vmp_finding_remedy(finding, "second %s", "thought");
	assert_string_equal(finding->code, "lost-in-host");
	assert_string_equal(finding->summary, "5 of 9 lost");
	assert_true(finding->has_place);
	assert_int_equal(finding->direction, VMP_FROM_GUEST);
	assert_int_equal(finding->from * 10 + finding->to, 42);
	assert_int_equal(finding->evidence.n, 2);
	assert_string_equal(finding->evidence.v[1], "not seen at eth0");
	assert_string_equal(finding->remedy, "second thought");
	vmp_findings_clear(&findings);
	assert_int_equal(findings.n, 0);
}

static void findings_are_explained(void **state)
{
	vmp_findings findings = {0};
	struct vmp_finding *finding;

	(void)state;
	assert_false(vmp_finding_explain(NULL, "mtu-smaller", "nobody"));
	finding = vmp_finding_add(&findings, "lost-in-host", VMP_SEVERITY_CRITICAL, VMP_CONFIDENCE_CERTAIN, "%d of 50 vanish", 40);
	assert_true(vmp_finding_explain(finding, "conntrack-full", "the table is full (%d of %d)", 64, 64));
	assert_string_equal(finding->cause, "conntrack-full");
	assert_string_equal(finding->summary, "40 of 50 vanish: the table is full (64 of 64)");
	assert_false(vmp_finding_explain(finding, "conntrack-full", "the same once more"));
	assert_int_equal(finding->evidence.n, 0);
	assert_false(vmp_finding_explain(finding, "dropped-by-filter", "a rule drops them"));
	assert_string_equal(finding->cause, "conntrack-full");
	assert_int_equal(finding->evidence.n, 1);
	assert_string_equal(finding->evidence.v[0], "also: a rule drops them");
	vmp_findings_clear(&findings);
}

/* Without memory there is no finding, and what would fill it does nothing. */
static void no_finding_is_no_crash(void **state)
{
	(void)state;
	vmp_finding_place(NULL, VMP_TO_GUEST, 0, 1);
	vmp_finding_evidence(NULL, "%s", "nothing");
	vmp_finding_remedy(NULL, "%s", "nothing");
}

static void a_long_code_is_cut(void **state)
{
	vmp_findings findings = {0};
	char code[100];

	(void)state;
	memset(code, 'c', sizeof(code) - 1);
	code[sizeof(code) - 1] = '\0';
	assert_non_null(vmp_finding_add(&findings, code, VMP_SEVERITY_INFO, VMP_CONFIDENCE_WEAK, "cut"));
	assert_int_equal(strlen(findings.v[0].code), sizeof(findings.v[0].code) - 1);
	vmp_findings_clear(&findings);
}

static void gauges_are_found(void **state)
{
	struct vmp_gauges gauges = {0};
	struct vmp_device_gauge *device = vmp_vec_add(&gauges.devices);

	(void)state;
	assert_non_null(device);
	device->ifindex = 5;
	assert_ptr_equal(vmp_gauges_device(&gauges, 5), device);
	assert_null(vmp_gauges_device(&gauges, 6));
	vmp_gauges_clear(&gauges);
	assert_null(vmp_gauges_device(&gauges, 5));
}

static void an_empty_run_answers(void **state)
{
	struct vmp_run run = {0};

	(void)state;
	assert_non_null(vmp_run_nic(&run));
	assert_false(vmp_run_nic(&run)->has_mac);
	assert_string_equal(vmp_run_hop_name(&run, 0), "?");
	assert_string_equal(vmp_run_hop_name(&run, -1), "?");
	vmp_run_clear(&run);
}

/* A sanitizer's leak check is what makes this a test. */
static void a_full_run_is_freed(void **state)
{
	struct vmp_run run = {0};
	struct vmp_finding *finding;
	struct vmp_nic *nic;

	(void)state;
	run.uri = strdup("qemu:///system");
	run.filter = strdup("icmp");
	run.host_name = strdup("hv17");
	run.guest.name = strdup("web01");
	run.guest.uuid = strdup("4dea22b3-1d52-d8f3-2516-782e98ab3fa0");
	nic = vmp_vec_add(&run.guest.nics);
	assert_non_null(nic);
	nic->target = strdup("021f00");
	nic->why_no_backend = strdup("why");
	assert_non_null(vmp_vec_add(&run.path.hops));
	run.path.hops.v[0].name = strdup("eth0");
	run.path.hops.v[0].why = strdup("why");
	assert_int_equal(vmp_path_add_fact(&run.path, "code", 0, "detail"), 0);
	assert_non_null(vmp_vec_add(&run.path.homes));
	assert_non_null(vmp_vec_add(&run.points));
	run.points.v[0].filter = strdup("ip");
	run.points.v[0].why_not = strdup("why");
	assert_non_null(vmp_vec_add(&run.segments));
	assert_non_null(vmp_vec_add(&run.segments.v[0].causes));
	assert_non_null(vmp_vec_add(&run.exchanges));
	run.gauges.backend.why_not = strdup("why");
	vmp_run_note(&run, "could not read %s", "the FDB");
	finding = vmp_finding_add(&run.findings, "code", VMP_SEVERITY_INFO, VMP_CONFIDENCE_WEAK, "so");
	vmp_finding_evidence(finding, "line");
	run.verdict.summary = strdup("summary");
	assert_string_equal(vmp_run_nic(&run)->target, "021f00");
	assert_string_equal(vmp_run_hop_name(&run, 0), "eth0");
	assert_string_equal(vmp_run_hop_name(&run, 1), "?");
	assert_string_equal(run.notes.v[0], "could not read the FDB");
	vmp_run_clear(&run);
	assert_null(run.uri);
	assert_int_equal(run.findings.n + run.notes.n + run.path.hops.n, 0);
	vmp_run_clear(&run); /* twice is once */
}

static struct vmp_blind blind(size_t point, uint64_t from_ns, uint64_t to_ns)
{
	return (struct vmp_blind){.point = point, .counted = true, .frames = 1, .from_ns = from_ns, .to_ns = to_ns, .why = VMP_UNSURE_CAPTURE_LOSS};
}

/* One point that misses something all the time must not take the places of the others: what they miss would count as lost. */
static void gaps_run_out_for_no_point(void **state)
{
	enum { MOST = 10 };
	struct vmp_run run = {.capture_whole = true};
	struct vmp_blind what = blind(0, 1, 2), told;

	(void)state;
	for (size_t i = 0; i < 3; i++)
		snprintf(((struct vmp_point *)vmp_vec_add(&run.points))->name, VMP_IFNAMSIZ, "eth%zu", i);
	for (size_t i = 0; i < MOST - 3; i++) {
		assert_int_equal(vmp_run_add_blind(&run, &what, MOST, &told), 1);
		assert_true(told.counted && told.from_ns == 1 && told.to_ns == 2);
	}
	assert_true(run.capture_whole && run.notes.n == 0);
	assert_int_equal(vmp_run_add_blind(&run, &what, MOST, &told), 1);
	assert_true(!told.counted && told.point == 0 && told.from_ns == 0 && told.to_ns == UINT64_MAX);
	assert_false(run.capture_whole);
	for (size_t i = 0; i < 100; i++)
		assert_int_equal(vmp_run_add_blind(&run, &what, MOST, &told), 0);
	for (size_t point = 1; point < 3; point++) {
		what = blind(point, 5, 6);
		assert_int_equal(vmp_run_add_blind(&run, &what, MOST, &told), 1);
		assert_true(!told.counted && told.point == point && told.from_ns == 0 && told.to_ns == UINT64_MAX);
		assert_int_equal(vmp_run_add_blind(&run, &what, MOST, &told), 0);
	}
	assert_int_equal(run.blinds.n, MOST);
	assert_int_equal(run.notes.n, 3);
	assert_non_null(strstr(run.notes.v[2], "eth2"));
	vmp_run_clear(&run);
}

static void a_gap_of_a_clock_that_went_back_is_one(void **state)
{
	struct vmp_run run = {0};
	struct vmp_blind what = blind(0, 9, 4), told;

	(void)state;
	assert_non_null(vmp_vec_add(&run.points));
	assert_int_equal(vmp_run_add_blind(&run, &what, 10, &told), 1);
	assert_true(told.counted && told.from_ns == 4 && told.to_ns == 9);
	assert_memory_equal(&run.blinds.v[0], &told, sizeof(told));
	vmp_run_clear(&run);
}

/* Found by its words whatever was added before, also in a record that was read and has no index yet; and never more than there may be. */
static void counters_are_found_again(void **state)
{
	struct vmp_gauges gauges = {0};
	struct vmp_counter *counter = vmp_vec_add(&gauges.counters);
	char name[32];

	(void)state;
	assert_non_null(counter);
	strcpy(counter->source, "nft");
	strcpy(counter->name, "packets");
	assert_ptr_equal(vmp_gauges_add(&gauges, "nft", "", "packets", VMP_COUNTER_MOVES), counter);
	for (int round = 0; round < 2; round++)
		for (unsigned int i = 0; i < 10000; i++) {
			snprintf(name, sizeof(name), "rx%u_drops", i);
			counter = vmp_gauges_add(&gauges, "ethtool", i % 2 ? "eth0" : "eth1", name, VMP_COUNTER_MOVES);
			assert_non_null(counter);
			assert_ptr_equal(counter, &gauges.counters.v[i + 1]);
		}
	assert_int_equal(gauges.counters.n, 10001);
	assert_ptr_not_equal(vmp_gauges_add(&gauges, "ethtool", "eth0", "rx0_drops", VMP_COUNTER_MOVES), &gauges.counters.v[1]);
	for (unsigned int i = 0; gauges.counters.n < VMP_COUNTERS_MAX; i++) {
		snprintf(name, sizeof(name), "tx%u_drops", i);
		assert_non_null(vmp_gauges_add(&gauges, "ethtool", "eth0", name, VMP_COUNTER_MOVES));
	}
	assert_null(vmp_gauges_add(&gauges, "ethtool", "eth0", "one more", VMP_COUNTER_MOVES));
	assert_non_null(vmp_gauges_add(&gauges, "ethtool", "eth0", "tx7_drops", VMP_COUNTER_MOVES));
	vmp_gauges_clear(&gauges);
}

static void what_was_read_is_forgotten(void **state)
{
	struct vmp_reading reading = {0};
	struct vmp_reading_device *device = vmp_vec_add(&reading.devices);
	struct vmp_reading_file *file = vmp_vec_add(&reading.files);

	(void)state;
	assert_non_null(device);
	assert_non_null(file);
	file->text = strdup("1");
	assert_non_null(vmp_vec_add(&device->counters));
	assert_non_null(vmp_vec_add(&device->irqs));
	assert_non_null(vmp_vec_add(&reading.queues));
	device->has_counters = device->has_rps = reading.queues_known = true;
	vmp_reading_forget(&reading);
	assert_null(file->text);
	assert_int_equal(device->counters.n + device->irqs.n + reading.queues.n, 0);
	assert_false(device->has_counters || device->has_rps || reading.queues_known);
	assert_int_equal(reading.files.n, 1);
	assert_int_equal(reading.devices.n, 1);
	vmp_reading_clear(&reading);
	assert_int_equal(reading.files.n + reading.devices.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counters_are_found_again),
		cmocka_unit_test(what_was_read_is_forgotten),
		cmocka_unit_test(every_value_has_its_word),
		cmocka_unit_test(words_are_those_of_the_documents),
		cmocka_unit_test(an_address_is_known_once_by_its_best_source),
		cmocka_unit_test(links_are_found),
		cmocka_unit_test(hops_are_found),
		cmocka_unit_test(findings_are_filled),
		cmocka_unit_test(findings_are_explained),
		cmocka_unit_test(no_finding_is_no_crash),
		cmocka_unit_test(a_long_code_is_cut),
		cmocka_unit_test(gauges_are_found),
		cmocka_unit_test(an_empty_run_answers),
		cmocka_unit_test(a_full_run_is_freed),
		cmocka_unit_test(gaps_run_out_for_no_point),
		cmocka_unit_test(a_gap_of_a_clock_that_went_back_is_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
