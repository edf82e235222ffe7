/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * many.json, many.txt: nft 1.0.6 on rules by nft, iptables-nft 1.8.9 and ebtables-nft, one of each kind that matters, and the chains that
 * libvirt's nwfilter makes.
 */
#include "world.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct vmp_run run;
static vmp_base_chains bases;

static struct vmp_base_chain *add_base(enum vmp_filter_family family, const char *table, const char *chain)
{
	struct vmp_base_chain *base = vmp_vec_add(&bases);

	assert_non_null(base);
	base->family = family;
	snprintf(base->table, sizeof(base->table), "%s", table);
	snprintf(base->chain, sizeof(base->chain), "%s", chain);
	return base;
}

static void add_device(struct vmp_base_chain *base, const char *device)
{
	snprintf(base->devices[base->n_devices++], sizeof(base->devices[0]), "%s", device);
}

static int begin(void **state)
{
	struct vmp_base_chain *base;

	(void)state;
	memset(&bases, 0, sizeof(bases));
	base = add_base(VMP_FILTER_IP, "filter", "FORWARD");
	base->counted = true;
	base->packets = 3;
	add_device(add_base(VMP_FILTER_NETDEV, "up", "in"), "eth0");
	add_device(add_base(VMP_FILTER_NETDEV, "up", "out"), "021f00");
	add_device(add_base(VMP_FILTER_NETDEV, "lab", "f"), "lo");
	return 0;
}

static int end(void **state)
{
	(void)state;
	vmp_vec_free(&bases);
	vmp_run_clear(&run);
	return 0;
}

static int look(const char *json, size_t len, bool bridged_ip)
{
	struct vmp_ruleset_way way = {&run.path, &run.guest.nics.v[0], bridged_ip, bridged_ip};
	struct vmp_ruleset_look found;
	struct vmp_err err = {0};
	int code = vmp_ruleset_before(json, len, &bases, &way, &run.filters, &run.gauges, &found, &err);

	assert_int_equal(code, -err.code);
	return code;
}

static void look_at(const char *name, bool bridged_ip)
{
	struct vmp_buf json = world_file(name);

	assert_int_equal(look(json.s, json.len, bridged_ip), 0);
	vmp_buf_clear(&json);
}

static void told(const char *want)
{
	char *rules = world_rules(&run);

	assert_string_equal(rules, want);
	free(rules);
}

#define BRIDGE_RULES \
	"bridge filter FORWARD handle 2 to forward!\n" \
	"bridge filter FORWARD policy to forward from forward uncounted\n" \
	"bridge lab f handle 2 to forward!\n" \
	"bridge lab f handle 3 to forward!\n" \
	"bridge nat I-021f00-ipv4-ip handle 14 from prerouting!\n" \
	"bridge nat PREROUTING handle 3 from prerouting!\n" \
	"bridge nat libvirt-I-021f00 handle 15 from prerouting!\n"
#define DEVICE_RULES \
	"netdev up in handle 2 to ingress!\n" \
	"netdev up in policy to ingress uncounted\n" \
	"netdev up out handle 4 to egress!\n"

/* Rules of IP never see a frame that the bridge does not hand to them; those of others' devices, MACs and addresses are not met. */
static void bridged(void **state)
{
	(void)state;
	world_begin(&run, false);
	look_at("many.json", false);
	told(BRIDGE_RULES DEVICE_RULES);
}

static void handed_on(void **state)
{
	(void)state;
	world_begin(&run, false);
	look_at("many.json", true);
	told(BRIDGE_RULES
	     "inet fw sub handle 11 to forward from forward reject\n"
	     "inet fw sub handle 12 to forward from forward\n"
	     "inet fw way handle 6 to forward uncounted\n"
	     "inet fw way policy to forward from forward uncounted\n"
	     "ip filter FORWARD handle 6 to forward from forward\n"
	     "ip filter FORWARD handle 7 to forward from forward\n"
	     "ip filter FORWARD handle 8 to forward reject\n"
	     "ip filter FORWARD policy to forward from forward\n"
	     "ip raw PREROUTING handle 2 to prerouting!\n"
	     DEVICE_RULES);
}

static void numbers(void **state)
{
	struct vmp_buf json = world_file("many.json"), text = world_file("many.txt");
	const struct vmp_counter *counter;
	struct vmp_err err = {0};
	char *at = json.s;

	(void)state;
	world_begin(&run, false);
	assert_int_equal(look(json.s, json.len, true), 0);
	while ((at = strstr(at, "\"packets\": 0")))
		at[11] = '7';
	bases.v[0].packets = 45;
	assert_int_equal(vmp_ruleset_after(json.s, json.len, &bases, &run.gauges, &err), 0);
	assert_int_equal(vmp_ruleset_name(text.s, text.len, &run.filters, &run.gauges), 0);
	counter = vmp_gauges_counter(&run.gauges, "nft", "bridge lab f handle 2", "packets");
	assert_non_null(counter);
	assert_true(counter->before_known && counter->after_known);
	assert_int_equal(vmp_counter_grew(counter), 7);
	assert_string_equal(counter->text, "oifname \"021f00\" ether type ip tcp dport 8080 counter drop comment \"no web\"");
	counter = vmp_gauges_counter(&run.gauges, "nft", "ip filter FORWARD policy", "packets");
	assert_int_equal(vmp_counter_grew(counter), 42);
	counter = vmp_gauges_counter(&run.gauges, "nft", "ip filter FORWARD handle 6", "packets");
	assert_string_equal(counter->text, "xt match physdev ct state invalid counter drop");
	vmp_vec_foreach (rule, &run.filters) {
		if (strcmp(rule->object, "inet fw way handle 6") == 0)
			assert_string_equal(rule->text, "ip saddr @bad counter name \"named\" drop");
		if (!rule->policy)
			assert_non_null(rule->text);
	}
	vmp_buf_clear(&json);
	vmp_buf_clear(&text);
}

/* Behind this host's routing: devices by their side, addresses only where they are not translated. */
static void routed(void **state)
{
	static const char json[] =
		"{\"nftables\": [{\"chain\": {\"family\": \"ip\", \"table\": \"t\", \"name\": \"fwd\", \"handle\": 1, \"hook\": \"forward\"}},"
		"{\"chain\": {\"family\": \"ip\", \"table\": \"t\", \"name\": \"pre\", \"handle\": 2, \"hook\": \"prerouting\"}},"
#define RULE(chain, n, matches) \
	"{\"rule\": {\"family\": \"ip\", \"table\": \"t\", \"chain\": \"" chain "\", \"handle\": " n ", \"expr\": [" matches \
	", {\"counter\": {\"packets\": 1, \"bytes\": 9}}, {\"drop\": null}]}}"
#define MATCH(op, left, right) "{\"match\": {\"op\": \"" op "\", \"left\": " left ", \"right\": " right "}}"
#define IIF "{\"meta\": {\"key\": \"iifname\"}}"
#define OIF "{\"meta\": {\"key\": \"oifname\"}}"
#define IP(field) "{\"payload\": {\"protocol\": \"ip\", \"field\": \"" field "\"}}"
		RULE("fwd", "10", MATCH("==", IIF, "\"br0\"")) "," RULE("fwd", "11", MATCH("==", OIF, "\"br0\"")) ","
		RULE("fwd", "12", MATCH("==", IIF, "\"br1\"")) "," RULE("fwd", "13", MATCH("!=", OIF, "\"br0\"")) ","
		RULE("fwd", "14", MATCH("==", IP("daddr"), "\"192.0.2.10\"")) ","
			RULE("fwd", "15", MATCH("==", IP("saddr"), "\"198.51.100.1\"")) ","
		RULE("fwd", "16", MATCH("==", IP("daddr"), "{\"prefix\": {\"addr\": \"192.0.2.0\", \"len\": 24}}")) ","
		RULE("pre", "20", MATCH("==", IP("daddr"), "\"198.51.100.1\"")) "," RULE("pre", "21", MATCH("==", OIF, "\"eth0\"")) ","
		RULE("fwd", "17", MATCH("!=", IP("saddr"), "\"192.0.2.10\"")) ","
			RULE("fwd", "18", MATCH("in", IP("saddr"), "\"192.0.2.77\"")) "]}";

	(void)state;
	world_begin(&run, true);
	assert_int_equal(look(json, strlen(json), false), 0);
	told("ip t fwd handle 10 from forward\n"
	     "ip t fwd handle 11 to forward\n"
	     "ip t fwd handle 13 from forward\n"
	     "ip t fwd handle 14 to forward!\n"
	     "ip t fwd handle 15 to forward\n"
	     "ip t fwd handle 16 to forward from forward\n"
	     "ip t fwd handle 17 to forward from forward\n"
	     "ip t fwd handle 18 to forward from forward\n"
	     "ip t pre handle 20 to prerouting from prerouting\n");
}

/* A counter that stands before a condition counts more than what is dropped; one with a name may be another rule's. */
static void what_is_counted(void **state)
{
	static const char json[] =
		"{\"nftables\": [{\"chain\": {\"family\": \"bridge\", \"table\": \"t\", \"name\": \"c\", \"hook\": \"forward\"}},"
#define EXPR(n, expr) "{\"rule\": {\"family\": \"bridge\", \"table\": \"t\", \"chain\": \"c\", \"handle\": " n ", \"expr\": [" expr "]}}"
#define COUNTER "{\"counter\": {\"packets\": 1, \"bytes\": 9}}"
		EXPR("1", COUNTER ", {\"drop\": null}") ","
		EXPR("2", COUNTER ", {\"match\": {\"op\": \"==\", \"left\": {\"meta\": {\"key\": \"mark\"}}, \"right\": 1}}, {\"drop\": null}") ","
		EXPR("3", COUNTER ", {\"limit\": {\"rate\": 5}}, {\"drop\": null}") ","
		EXPR("4", "{\"counter\": \"mine\"}, {\"drop\": null}") ","
		EXPR("5", COUNTER ", {\"log\": null}, {\"drop\": null}") ","
		EXPR("6", COUNTER ", {\"accept\": null}") ","
		EXPR("7", "{\"xt\": {\"type\": \"match\", \"name\": \"ip\"}}, " COUNTER ", "
			  "{\"xt\": {\"type\": \"target\", \"name\": \"REJECT\"}}") ","
		EXPR("8", COUNTER ", {\"xt\": {\"type\": \"target\", \"name\": \"LOG\"}}") "]}";

	(void)state;
	world_begin(&run, false);
	assert_int_equal(look(json, strlen(json), false), 0);
	told("bridge t c handle 1 to forward from forward\n"
	     "bridge t c handle 2 to forward from forward uncounted\n"
	     "bridge t c handle 3 to forward from forward uncounted\n"
	     "bridge t c handle 4 to forward from forward uncounted\n"
	     "bridge t c handle 5 to forward from forward\n"
	     "bridge t c handle 7 to forward from forward reject\n");
}

/* A chain that nothing leads to drops nothing; one that two ways lead to is this guest's alone only if both are. */
static void ways(void **state)
{
	static const char json[] =
		"{\"nftables\": [{\"chain\": {\"family\": \"bridge\", \"table\": \"t\", \"name\": \"c\", \"hook\": \"forward\"}},"
#define CHAIN(name) "{\"chain\": {\"family\": \"bridge\", \"table\": \"t\", \"name\": \"" name "\"}}"
#define DROP(name, n) \
	"{\"rule\": {\"family\": \"bridge\", \"table\": \"t\", \"chain\": \"" name "\", \"handle\": " n ", \"expr\": [" COUNTER \
	", {\"drop\": null}]}}"
#define JUMP(n, name) MATCH("==", OIF, n) ", {\"jump\": {\"target\": \"" name "\"}}"
		CHAIN("mine") "," CHAIN("both") "," CHAIN("loop") "," CHAIN("others") "," CHAIN("nobodys") ","
		"{\"map\": {\"family\": \"bridge\", \"table\": \"t\", \"name\": \"m\", "
		"\"elem\": [[\"021f00\", {\"goto\": {\"target\": \"loop\"}}]]}},"
		EXPR("1", JUMP("\"021f00\"", "mine")) "," EXPR("2", JUMP("\"021f00\"", "both")) ","
			EXPR("3", "{\"jump\": {\"target\": \"both\"}}") ","
		EXPR("4", JUMP("\"vnet9\"", "others")) ","
		EXPR("5", "{\"vmap\": {\"key\": " OIF ", \"data\": \"@m\"}}") ","
		"{\"rule\": {\"family\": \"bridge\", \"table\": \"t\", \"chain\": \"loop\", \"handle\": 6, "
		"\"expr\": [{\"jump\": {\"target\": \"loop\"}}]}},"
		DROP("mine", "11") "," DROP("both", "12") "," DROP("loop", "13") "," DROP("others", "14") "," DROP("nobodys", "15") "]}";

	(void)state;
	world_begin(&run, false);
	assert_int_equal(look(json, strlen(json), false), 0);
	told("bridge t both handle 12 to forward from forward\n"
	     "bridge t loop handle 13 to forward from forward\n"
	     "bridge t mine handle 11 to forward!\n");
}

/* What was made anew meanwhile, or is gone, is not known to have dropped anything. */
static void made_anew(void **state)
{
	static const char before[] =
		"{\"nftables\": [{\"chain\": {\"family\": \"bridge\", \"table\": \"t\", \"name\": \"c\", \"hook\": \"forward\"}},"
		EXPR("1", "{\"counter\": {\"packets\": 50, \"bytes\": 9}}, {\"drop\": null}") "," EXPR("2", COUNTER ", {\"drop\": null}") "]}";
	static const char after[] = "{\"nftables\": [{\"chain\": {\"family\": \"bridge\", \"table\": \"t\", \"name\": \"c\", \"hook\": \"forward\"}},"
		EXPR("1", COUNTER ", {\"drop\": null}") "," EXPR("3", COUNTER ", {\"drop\": null}") "]}";
	struct vmp_err err = {0};

	(void)state;
	world_begin(&run, false);
	assert_int_equal(look(before, strlen(before), false), 0);
	assert_int_equal(vmp_ruleset_after(after, strlen(after), &bases, &run.gauges, &err), 0);
	assert_int_equal(run.gauges.counters.n, 2);
	vmp_vec_foreach (counter, &run.gauges.counters) {
		assert_false(counter->after_known);
		assert_int_equal(vmp_counter_grew(counter), 0);
	}
}

/* Names of any length: the handle stays, so that two rules are never one. */
static void long_names(void **state)
{
	struct vmp_buf json = {0};
	char name[251];

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	world_begin(&run, false);
	vmp_buf_printf(&json, "{\"nftables\": [{\"chain\": {\"family\": \"bridge\", \"table\": \"%s\", \"name\": \"%s\", "
		       "\"hook\": \"forward\"}}", name, name);
	for (int i = 1; i <= 2; i++)
		vmp_buf_printf(&json, ",{\"rule\": {\"family\": \"bridge\", \"table\": \"%s\", \"chain\": \"%s\", \"handle\": 1844674407370955161%d, "
			       "\"expr\": [{\"counter\": {\"packets\": 1}}, {\"drop\": null}]}}", name, name, i);
	vmp_buf_printf(&json, "]}");
	assert_int_equal(look(json.s, json.len, false), 0);
	assert_int_equal(run.filters.n, 2);
	assert_int_equal(run.gauges.counters.n, 2);
	assert_string_equal(run.filters.v[0].object, "bridge xxxxxxxxxxxxxxxxxxxxxxxx~ xxxxxxxxxxxxxxxxxxxxxxxx~ handle 18446744073709551611");
	assert_string_equal(run.filters.v[0].chain, name);
	vmp_buf_clear(&json);
}

static void not_such_a_document(void **state)
{
	static const char *const texts[] = {
		"", "{", "[]", "{\"nftables\"", "{\"nftables\": ", "{\"nftables\": [", "{\"nftables\": [{", "{\"nftables\": [{}",
		"{\"nftables\": [1]}",
		"{\"nftables\": [{\"rule\": \"]}", "{\"nftables\": [{\"rule\": {\"a\": [}]}", "{\"other\": []}",
		"{\"nftables\": [{\"a\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}]}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		world_begin(&run, false);
		assert_int_equal(look(texts[i], strlen(texts[i]), true), -EBADMSG);
		vmp_run_clear(&run);
	}
	world_begin(&run, false);
	assert_int_equal(look("{\"nftables\": []}", 16, true), 0);
	assert_int_equal(run.filters.n, 0);
}

/* Cut anywhere, and with one byte changed anywhere: an error or some rules, and nothing else. */
static void damaged(void **state)
{
	struct vmp_buf json = world_file("many.json");

	(void)state;
	for (size_t i = 0; i + 4 < json.len; i += 7) {
		char was = json.s[i];
		int code;

		world_begin(&run, i & 1);
		assert_int_equal(look(json.s, i, true), -EBADMSG);
		vmp_run_clear(&run);
		world_begin(&run, i & 1);
		json.s[i] = "{}[]\",:0x"[i % 9];
		code = look(json.s, json.len, true);
		assert_true(code == 0 || code == -EBADMSG);
		json.s[i] = was;
		vmp_run_clear(&run);
	}
	world_begin(&run, false);
	vmp_buf_clear(&json);
}

/* More rules that drop than are kept: so many are, and that there were more is said. */
static void many_more(void **state)
{
	struct vmp_ruleset_way way = {.nic = NULL};
	struct vmp_ruleset_look found;
	struct vmp_buf json = {0};
	struct vmp_err err = {0};

	(void)state;
	world_begin(&run, false);
	way.path = &run.path;
	way.nic = &run.guest.nics.v[0];
	vmp_buf_printf(&json, "{\"nftables\": [{\"chain\": {\"family\": \"bridge\", \"table\": \"t\", \"name\": \"c\", \"hook\": \"forward\"}}");
	for (int i = 0; i < VMP_FILTER_RULES_MAX + 10; i++)
		vmp_buf_printf(&json, ",{\"rule\": {\"family\": \"bridge\", \"table\": \"t\", \"chain\": \"c\", \"handle\": %d, "
			       "\"expr\": [{\"drop\": null}]}}", i);
	vmp_buf_printf(&json, "]}");
	assert_int_equal(vmp_ruleset_before(json.s, json.len, &bases, &way, &run.filters, &run.gauges, &found, &err), 0);
	assert_int_equal(run.filters.n, VMP_FILTER_RULES_MAX);
	assert_int_equal(found.rules, VMP_FILTER_RULES_MAX + 10);
	assert_true(found.cut);
	vmp_buf_clear(&json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(bridged, begin, end),
		cmocka_unit_test_setup_teardown(handed_on, begin, end),
		cmocka_unit_test_setup_teardown(numbers, begin, end),
		cmocka_unit_test_setup_teardown(routed, begin, end),
		cmocka_unit_test_setup_teardown(what_is_counted, begin, end),
		cmocka_unit_test_setup_teardown(ways, begin, end),
		cmocka_unit_test_setup_teardown(made_anew, begin, end),
		cmocka_unit_test_setup_teardown(long_names, begin, end),
		cmocka_unit_test_setup_teardown(not_such_a_document, begin, end),
		cmocka_unit_test_setup_teardown(damaged, begin, end),
		cmocka_unit_test_setup_teardown(many_more, begin, end),
	};

	return cmocka_run_group_tests_name("ruleset", tests, NULL, NULL);
}
