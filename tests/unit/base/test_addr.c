/* SPDX-License-Identifier: GPL-2.0-or-later */
/* MAC and IP addresses. */
#include "base/addr.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct vmp_ip ip(const char *text)
{
	struct vmp_ip parsed;

	if (vmp_ip_parse(text, &parsed) < 0)
		fail_msg("%s is not parsed", text);
	return parsed;
}

static void mac_text(void **state)
{
	static const struct {
		const char *text, *canonical;
	} good[] = {
		{"52:54:00:02:1f:00", "52:54:00:02:1f:00"}, {"52-54-00-02-1F-00", "52:54:00:02:1f:00"},
		{"0:1:2:a:B:c", "00:01:02:0a:0b:0c"},       {"ff:ff:ff:ff:ff:ff", "ff:ff:ff:ff:ff:ff"},
	};
	static const char *const bad[] = {
		"", ":", "52:54:00:02:1f", "52:54:00:02:1f:00:", "52:54:00:02:1f:000", "52:54:00:02:1f:0g",
		"525400021f00",
		"52:54:00:02:1f:00 ", " 52:54:00:02:1f:00", "52::00:02:1f:00", "192.0.2.1", "52:54:00:02:1f:",
	};
	struct vmp_mac mac;
	char text[VMP_MAC_STRLEN];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		assert_int_equal(vmp_mac_parse(good[i].text, &mac), 0);
		assert_string_equal(vmp_mac_format(&mac, text), good[i].canonical);
	}
	memset(&mac, 0x77, sizeof(mac));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (vmp_mac_parse(bad[i], &mac) != -EINVAL)
			fail_msg("'%s' passes for a MAC", bad[i]);
	assert_string_equal(vmp_mac_format(&mac, text), "77:77:77:77:77:77");
}

static void mac_kinds(void **state)
{
	const struct vmp_mac unicast = {{0x52, 0x54, 0, 0, 0, 1}}, multicast = {{1, 0, 0x5e, 0, 0, 1}};
	const struct vmp_mac broadcast = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
	const struct vmp_mac near = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xfe}};

	(void)state;
	assert_false(vmp_mac_is_group(&unicast));
	assert_true(vmp_mac_is_group(&multicast));
	assert_true(vmp_mac_is_group(&broadcast));
	assert_true(vmp_mac_is_broadcast(&broadcast));
	assert_false(vmp_mac_is_broadcast(&near));
	assert_true(vmp_mac_equal(&near, &near));
	assert_false(vmp_mac_equal(&near, &broadcast));
}

static void ip_text(void **state)
{
	static const struct {
		const char *text, *canonical;
	} good[] = {
		{"192.0.2.10", "192.0.2.10"}, {"0.0.0.0", "0.0.0.0"}, {"2001:DB8:0:0::1", "2001:db8::1"}, {"::", "::"},
		{"::ffff:192.0.2.1", "::ffff:192.0.2.1"},
		{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
	};
	static const char *const bad[] = {
		"", "192.0.2", "192.0.2.256", "192.0.2.1/24", "fe80::1%eth0", "web01", "1", "::1::", " 192.0.2.1",
		"192.0.2.1 ", "0x7f.0.0.1",
	};
	struct vmp_ip parsed = ip("192.0.2.77");
	char text[VMP_IP_STRLEN];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		struct vmp_ip value = ip(good[i].text);

		assert_string_equal(vmp_ip_format(&value, text), good[i].canonical);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (vmp_ip_parse(bad[i], &parsed) != -EINVAL)
			fail_msg("'%s' passes for an address", bad[i]);
	assert_string_equal(vmp_ip_format(&parsed, text), "192.0.2.77");
	parsed.family = 0;
	assert_string_equal(vmp_ip_format(&parsed, text), "-");
}

static void ip_equality(void **state)
{
	struct vmp_ip none = {0}, four = ip("192.0.2.1"), six = ip("2001:db8::1"), junk = four;

	(void)state;
	junk.b[9] = 7; /* behind an IPv4 address nothing counts */
	assert_true(vmp_ip_equal(&four, &junk));
	assert_true(vmp_ip_equal(&six, &six));
	assert_false(vmp_ip_equal(&four, &six));
	assert_false(vmp_ip_equal(&none, &none));
	junk = six;
	junk.b[15] ^= 1;
	assert_false(vmp_ip_equal(&six, &junk));
}

static void ip_prefixes(void **state)
{
	static const struct {
		const char *ip, *prefix;
		unsigned int len;
		bool in;
	} cases[] = {
		{"192.0.2.1", "192.0.2.0", 24, true},    {"192.0.3.1", "192.0.2.0", 24, false},
		{"192.0.3.1", "192.0.2.0", 23, true},    {"192.0.2.1", "192.0.2.1", 32, true},
		{"192.0.2.0", "192.0.2.1", 32, false},   {"198.51.100.1", "0.0.0.0", 0, true},
		{"192.0.2.1", "192.0.2.0", 33, false},   {"2001:db8::1", "2001:db8::", 64, true},
		{"2001:db8::1", "2001:db8::", 128, false}, {"2001:db8::1", "2001:db8::1", 128, true},
		{"2001:db8::1", "2001:db9::", 31, true}, {"2001:db8::1", "2001:db9::", 32, false},
		{"2001:db8::1", "192.0.2.0", 0, false},  {"2001:db8::1", "::", 129, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct vmp_ip a = ip(cases[i].ip), prefix = ip(cases[i].prefix);

		if (vmp_ip_in_prefix(&a, &prefix, cases[i].len) != cases[i].in)
			fail_msg("%s in %s/%u", cases[i].ip, cases[i].prefix, cases[i].len);
	}
	assert_false(vmp_ip_in_prefix(&(struct vmp_ip){0}, &(struct vmp_ip){0}, 0));
}

static void ip_groups(void **state)
{
	static const char *const groups[] = {"224.0.0.1", "239.255.255.255", "255.255.255.255", "ff02::1"};
	static const char *const others[] = {"223.255.255.255", "240.0.0.1", "255.255.255.254", "fe80::1"};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct vmp_ip group = ip(groups[i]), other = ip(others[i]);

		assert_true(vmp_ip_is_group(&group));
		assert_false(vmp_ip_is_group(&other));
	}
	assert_false(vmp_ip_is_group(&(struct vmp_ip){0}));
}

static void ip_octets(void **state)
{
	static const uint8_t octets[16] = {192, 0, 2, 1, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
	struct vmp_ip four = vmp_ip_from_octets(4, octets), six = vmp_ip_from_octets(6, octets);
	struct vmp_ip expected = ip("192.0.2.1");

	(void)state;
	assert_memory_equal(&four, &expected, sizeof(four));
	assert_int_equal(six.family, 6);
	assert_memory_equal(six.b, octets, 16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mac_text),    cmocka_unit_test(mac_kinds),   cmocka_unit_test(ip_text),
		cmocka_unit_test(ip_equality), cmocka_unit_test(ip_prefixes), cmocka_unit_test(ip_groups),
		cmocka_unit_test(ip_octets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
