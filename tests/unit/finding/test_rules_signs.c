/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Traffic that explains itself: for each rule a run that raises it, one that must not, and one that leaves it unsure. */
#include "finding/finding.h"

#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

enum { NET, ETH0, TAP0, GUEST, HOPS };
enum { TO_TAP, TO_GUEST, FROM_GUEST };

static const struct vmp_mac guest_mac = {{0x52, 0x54, 0, 0, 0, 1}}, other_mac = {{0x02, 0, 0, 0, 0, 0x99}}, third_mac = {{2, 0, 0, 0, 0, 7}};
static struct vmp_run run;

static struct vmp_ip ip(uint8_t last)
{
	uint8_t octets[4] = {10, 0, 0, last};

	return vmp_ip_from_octets(4, octets);
}

static void add_hop(const char *name, enum vmp_role role, int rank)
{
	struct vmp_hop *hop = vmp_vec_add(&run.path.hops);
	struct vmp_hop_seen *seen = vmp_vec_add(&run.seen);

	assert_int_equal(vmp_str_set(&hop->name, name), 0);
	hop->role = role;
	hop->rank = rank;
	if (role == VMP_ROLE_NETWORK || role == VMP_ROLE_GUEST)
		return;
	hop->observed = VMP_OBSERVED_YES;
	hop->ifindex = rank;
	seen->has_point = true;
	seen->point = run.points.n;
	seen->to_guest.packets = seen->from_guest.packets = seen->unicast_to_guest = 100;
	assert_non_null(vmp_vec_add(&run.points));
	run.points.v[seen->point].opened = true;
}

static void add_segment(enum vmp_direction direction, int from, int to)
{
	*(struct vmp_segment *)vmp_vec_add(&run.segments) =
		(struct vmp_segment){.direction = direction, .from = from, .to = to, .offered = 100, .delivered = 100};
}

static int begin(void **state)
{
	struct vmp_nic *nic;

	(void)state;
	memset(&run, 0, sizeof(run));
	nic = vmp_vec_add(&run.guest.nics);
	nic->has_mac = true;
	nic->mac = guest_mac;
	assert_int_equal(vmp_str_set(&run.guest.name, "web01"), 0);
	run.guest.state = VMP_GUEST_RUNNING;
	run.settle_ns = 1000000000ULL;
	run.lasted_ns = 10 * 1000000000ULL;
	run.capture_whole = true;
	run.path.mode = VMP_PATH_BRIDGED;
	run.path.backend = TAP0;
	run.path.switch_hop = -1;
	run.path.has_guest_mac = true;
	run.path.guest_mac = guest_mac;
	add_hop("network", VMP_ROLE_NETWORK, 0);
	add_hop("eth0", VMP_ROLE_UPLINK, 1);
	add_hop("tap0", VMP_ROLE_BACKEND, 2);
	add_hop("guest", VMP_ROLE_GUEST, 3);
	add_segment(VMP_TO_GUEST, ETH0, TAP0);
	add_segment(VMP_TO_GUEST, TAP0, GUEST);
	add_segment(VMP_FROM_GUEST, TAP0, ETH0);
	return 0;
}

static int end(void **state)
{
	(void)state;
	vmp_run_clear(&run);
	return 0;
}

static struct vmp_sign *add(enum vmp_sign_kind kind, enum vmp_direction direction, int hop, uint64_t packets)
{
	struct vmp_sign *sign = vmp_vec_add(&run.signs);

	assert_non_null(sign);
	*sign = (struct vmp_sign){.kind = kind, .direction = direction, .hop = hop, .packets = packets, .ip = ip(254), .about = ip(77)};
	return sign;
}

static struct vmp_sign *add_error(uint8_t type, uint8_t code, uint64_t packets)
{
	struct vmp_sign *sign = add(VMP_SIGN_ICMP_ERROR, VMP_TO_GUEST, ETH0, packets);

	sign->type = type;
	sign->code = code;
	sign->proto = 17;
	return sign;
}

static struct vmp_finding *judged(const char *code)
{
	assert_int_equal(vmp_finding_judge(&run), 0);
	vmp_vec_foreach (finding, &run.findings)
		if (strcmp(finding->code, code) == 0)
			return finding;
	return NULL;
}

static void is(const char *code, enum vmp_severity severity)
{
	const struct vmp_finding *finding = judged(code);

	if (!finding)
		fail_msg("%s is not found", code);
	assert_int_equal(finding->severity, severity);
	assert_true(finding->evidence.n > 0);
	assert_non_null(finding->remedy);
	/* None of them is a loss by itself. */
	assert_string_equal(run.verdict.code, "no-loss");
	assert_int_equal(vmp_finding_exit_status(&run), severity == VMP_SEVERITY_WARNING ? 1 : 0);
}

static void lose(int segment, uint64_t lost, uint32_t shortest, uint32_t longest)
{
	run.segments.v[segment].lost = lost;
	run.segments.v[segment].delivered -= lost;
	run.segments.v[segment].shortest_lost = shortest;
	run.segments.v[segment].longest_delivered = longest;
}

static void nothing(void **state)
{
	(void)state;
	assert_int_equal(vmp_finding_judge(&run), 0);
	assert_int_equal(run.findings.n, 0);
}

static void too_big(void **state)
{
	(void)state;
	add_error(3, 4, 1)->mtu = 1400;
	is("packet-too-big", VMP_SEVERITY_INFO); /* how path MTU discovery works */
	assert_non_null(strstr(judged("packet-too-big")->summary, "1400"));
	run.signs.v[0].packets = 3;
	is("packet-too-big", VMP_SEVERITY_WARNING);
}

static void too_big_explains(void **state)
{
	(void)state;
	add_error(3, 4, 2)->mtu = 1400;
	lose(FROM_GUEST, 10, 1420, 1400);
	assert_string_equal(judged("lost-in-host")->cause, "packet-too-big");
	assert_null(judged("packet-too-big")); /* one finding, not two */
}

static void too_big_does_not_explain(void **state)
{
	(void)state;
	add_error(3, 4, 2)->mtu = 1400;
	lose(FROM_GUEST, 10, 60, 1400); /* small ones are lost too */
	assert_string_not_equal(judged("lost-in-host")->cause, "packet-too-big");
	assert_non_null(judged("packet-too-big"));
	run.segments.v[FROM_GUEST].shortest_lost = 1420;
	run.signs.v[0].direction = VMP_FROM_GUEST; /* tells the peer, and it is the guest's packets that are lost */
	assert_string_not_equal(judged("lost-in-host")->cause, "packet-too-big");
}

static void unreachable(void **state)
{
	(void)state;
	add_error(3, 13, 4);
	is("destination-unreachable", VMP_SEVERITY_WARNING);
	assert_non_null(strstr(judged("destination-unreachable")->summary, "prohibited by a packet filter"));
	run.signs.v[0].six = true;
	run.signs.v[0].type = 1;
	run.signs.v[0].code = 200; /* no such code */
	is("destination-unreachable", VMP_SEVERITY_WARNING);
	run.signs.v[0].type = 200;
	assert_null(judged("destination-unreachable"));
	assert_int_equal(run.findings.n, 0);
}

static void unreachable_explains(void **state)
{
	struct vmp_exchange *exchange = vmp_vec_add(&run.exchanges);

	(void)state;
	*exchange = (struct vmp_exchange){.kind = VMP_EXCHANGE_ICMP_ECHO, .direction = VMP_FROM_GUEST, .asked = 5, .reached = 5,
					  .asker = ip(1), .asked_of = ip(77)};
	add_error(3, 1, 4);
	assert_string_equal(judged("questions-unanswered")->cause, "destination-unreachable");
	assert_null(judged("destination-unreachable"));
	exchange->asked_of = ip(78); /* asks somebody else */
	assert_string_equal(judged("questions-unanswered")->cause, "");
	assert_non_null(judged("destination-unreachable"));
}

static void seen_at_two_hops(void **state)
{
	(void)state;
	add_error(3, 1, 4);
	add_error(3, 1, 4)->hop = TAP0;
	assert_non_null(judged("destination-unreachable"));
	assert_int_equal(run.findings.n, 1);
}

static void port(void **state)
{
	(void)state;
	add_error(3, 3, 4)->port = 53;
	is("port-unreachable", VMP_SEVERITY_INFO);
}

static void hops(void **state)
{
	(void)state;
	add_error(11, 0, 3);
	is("ttl-exceeded", VMP_SEVERITY_INFO); /* traceroute */
	run.signs.v[0].packets = 10;
	is("ttl-exceeded", VMP_SEVERITY_WARNING);
	run.signs.v[0].code = 1; /* a fragment is missing: no hop limit */
	assert_null(judged("ttl-exceeded"));
}

static void duplicate(void **state)
{
	struct vmp_sign *sign = add(VMP_SIGN_OTHER_OWNER, VMP_TO_GUEST, ETH0, 2);

	(void)state;
	sign->mac = other_mac;
	sign->again = 5;
	is("duplicate-address", VMP_SEVERITY_WARNING);
	sign->again = 0; /* handed over, as a failover does */
	assert_null(judged("duplicate-address"));
	sign->again = 5;
	sign->mac = guest_mac; /* another card of the guest's */
	assert_null(judged("duplicate-address"));
}

static void duplicate_explains(void **state)
{
	struct vmp_exchange *exchange = vmp_vec_add(&run.exchanges);
	struct vmp_sign *sign = add(VMP_SIGN_OTHER_OWNER, VMP_TO_GUEST, ETH0, 2);

	(void)state;
	sign->mac = other_mac;
	sign->again = 5;
	*exchange = (struct vmp_exchange){.kind = VMP_EXCHANGE_TCP_HANDSHAKE, .direction = VMP_TO_GUEST, .asked = 5, .reached = 5,
					  .answered = 5, .asked_again = 4, .asker = ip(9), .asked_of = ip(1)};
	assert_string_equal(judged("lost-beyond-host")->cause, "duplicate-address");
	assert_null(judged("duplicate-address"));
}

static void two_owners(void **state)
{
	struct vmp_sign *sign = add(VMP_SIGN_TWO_OWNERS, VMP_TO_GUEST, ETH0, 3);

	(void)state;
	sign->mac = other_mac;
	sign->other_mac = third_mac;
	sign->again = 3;
	is("address-claimed-twice", VMP_SEVERITY_WARNING);
	sign->again = 0; /* taken over */
	assert_null(judged("address-claimed-twice"));
}

static void wrong_mac(void **state)
{
	add(VMP_SIGN_WRONG_MAC, VMP_TO_GUEST, TAP0, 7)->mac = other_mac;
	(void)state;
	is("wrong-guest-mac", VMP_SEVERITY_WARNING);
	run.signs.v[0].mac = guest_mac;
	assert_null(judged("wrong-guest-mac"));
}

static void tagged(void **state)
{
	struct vmp_exchange *exchange;

	(void)state;
	add(VMP_SIGN_TAGGED, VMP_TO_GUEST, TAP0, 7)->tag = 100;
	is("unexpected-vlan-tag", VMP_SEVERITY_INFO); /* it may know the VLAN and only listen in it */
	exchange = vmp_vec_add(&run.exchanges);
	*exchange = (struct vmp_exchange){.kind = VMP_EXCHANGE_ARP, .direction = VMP_TO_GUEST, .asked = 5, .reached = 5,
					  .asker = ip(9), .asked_of = ip(1)};
	assert_int_equal(judged("unexpected-vlan-tag")->severity, VMP_SEVERITY_WARNING);
	run.exchanges.n = 0;
	add(VMP_SIGN_TAGGED, VMP_FROM_GUEST, TAP0, 1)->tag = 100; /* the guest knows this VLAN */
	assert_null(judged("unexpected-vlan-tag"));
	run.signs.n = 1;
	run.seen.v[TAP0].from_guest.packets = 0; /* it says nothing: who knows */
	assert_int_equal(vmp_finding_judge(&run), 0);
	assert_null(judged("unexpected-vlan-tag"));
}

static void hops_spent(void **state)
{
	(void)state;
	add(VMP_SIGN_HOPS_SPENT, VMP_FROM_GUEST, TAP0, 5);
	is("ttl-too-small", VMP_SEVERITY_INFO);
	run.signs.v[0].packets = 10; /* no traceroute sends so many to one */
	is("ttl-too-small", VMP_SEVERITY_WARNING);
	run.signs.v[0].packets = 5;
	lose(FROM_GUEST, 5, 60, 0);
	assert_string_equal(judged("lost-in-host")->cause, "ttl-too-small");
	assert_null(judged("ttl-too-small"));
	lose(FROM_GUEST, 6, 60, 0); /* one more is lost than had TTL 1 */
	assert_string_equal(judged("lost-in-host")->cause, "");
}

static void refused(void **state)
{
	(void)state;
	add(VMP_SIGN_REFUSAL, VMP_FROM_GUEST, TAP0, 2)->port = 80;
	is("connections-refused", VMP_SEVERITY_INFO);
	run.signs.v[0].packets = 1;
	assert_null(judged("connections-refused"));
}

static void dhcp(void **state)
{
	(void)state;
	add(VMP_SIGN_DHCP, VMP_FROM_GUEST, TAP0, 3);
	is("dhcp-unanswered", VMP_SEVERITY_WARNING);
	run.signs.v[0].again = 1;
	assert_null(judged("dhcp-unanswered"));
	run.signs.v[0].again = 0;
	run.signs.v[0].packets = 1; /* too young */
	assert_null(judged("dhcp-unanswered"));
	run.signs.v[0].packets = 3;
	run.has_address = true; /* answers to all are not captured then */
	run.address = ip(1);
	assert_null(judged("dhcp-unanswered"));
	run.has_address = false;
	run.capture_whole = false;
	assert_null(judged("dhcp-unanswered"));
}

static void router(void **state)
{
	(void)state;
	add(VMP_SIGN_ROUTER, VMP_FROM_GUEST, TAP0, 3);
	is("router-silent", VMP_SEVERITY_INFO);
	run.signs.v[0].again = 1;
	assert_null(judged("router-silent"));
}

static void storm(void **state)
{
	struct vmp_sign *sign = add(VMP_SIGN_GROUP, VMP_TO_GUEST, ETH0, 20000);

	(void)state;
	sign->mac = other_mac;
	sign->again = 15000;
	sign->arp = 19000;
	is("broadcast-storm", VMP_SEVERITY_WARNING);
	assert_non_null(strstr(judged("broadcast-storm")->summary, "02:00:00:00:00:99"));
	sign->again = 500; /* from all sides */
	assert_null(strstr(judged("broadcast-storm")->summary, "02:00:00:00:00:99"));
	sign->packets = 9000; /* in ten seconds: a large network */
	assert_null(judged("broadcast-storm"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nothing, begin, end),
		cmocka_unit_test_setup_teardown(too_big, begin, end),
		cmocka_unit_test_setup_teardown(too_big_explains, begin, end),
		cmocka_unit_test_setup_teardown(too_big_does_not_explain, begin, end),
		cmocka_unit_test_setup_teardown(unreachable, begin, end),
		cmocka_unit_test_setup_teardown(unreachable_explains, begin, end),
		cmocka_unit_test_setup_teardown(seen_at_two_hops, begin, end),
		cmocka_unit_test_setup_teardown(port, begin, end),
		cmocka_unit_test_setup_teardown(hops, begin, end),
		cmocka_unit_test_setup_teardown(duplicate, begin, end),
		cmocka_unit_test_setup_teardown(duplicate_explains, begin, end),
		cmocka_unit_test_setup_teardown(two_owners, begin, end),
		cmocka_unit_test_setup_teardown(wrong_mac, begin, end),
		cmocka_unit_test_setup_teardown(tagged, begin, end),
		cmocka_unit_test_setup_teardown(hops_spent, begin, end),
		cmocka_unit_test_setup_teardown(refused, begin, end),
		cmocka_unit_test_setup_teardown(dhcp, begin, end),
		cmocka_unit_test_setup_teardown(router, begin, end),
		cmocka_unit_test_setup_teardown(storm, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
