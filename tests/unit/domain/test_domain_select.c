/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domain/select.h"

#include "domain/xml.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define NIC(mac, target, alias, ip)                                                                        \
	"<interface type='bridge'><mac address='" mac "'/><source bridge='br0'/><target dev='" target "'/>" \
	"<alias name='" alias "'/><ip address='" ip "'/></interface>"

/* net0 and net1 share an address; net2's MAC is net3's; net4 is called as net0's target is. */
static const char five[] =
	"<domain type='kvm' id='1'><name>five</name><devices>"
	NIC("52:54:00:00:00:01", "vnet0", "net0", "192.0.2.1") NIC("52:54:00:00:00:02", "vnet1", "net1", "192.0.2.1")
	NIC("52:54:00:00:00:03", "vnet2", "net2", "192.0.2.3") NIC("52:54:00:00:00:03", "vnet3", "net3", "192.0.2.4")
	NIC("52:54:00:00:00:05", "vnet4", "vnet0", "2001:db8::5")
	"</devices></domain>";
static const char one[] = "<domain type='kvm' id='1'><name>one</name><devices>"
			  NIC("52:54:00:00:00:01", "vnet0", "net0", "192.0.2.1") "</devices></domain>";
static const char none[] = "<domain type='kvm' id='1'><name>none</name></domain>";

enum { FAILS = 1000 };

static const struct choice {
	const char *name, *xml, *which, *address;
	int expected;               /* index of the NIC, or FAILS + errno */
	const char *says;
} choices[] = {
	{"the only one", one, NULL, NULL, 0, NULL},
	{"the only one, whatever the address", one, NULL, "203.0.113.9", 0, NULL},
	{"the only one, by MAC", one, "52:54:00:00:00:01", NULL, 0, NULL},
	{"the only one is not called so", one, "net1", NULL, FAILS + ENODEV, "\"net1\"; it has: 52:54:00:00:00:01"},
	{"none at all", none, NULL, NULL, FAILS + ENODEV, "no network interface"},
	{"none at all, by name", none, "net0", NULL, FAILS + ENODEV, "no network interface"},
	{"by MAC", five, "52:54:00:00:00:02", NULL, 1, NULL},
	{"by MAC, written otherwise", five, "52-54-0-0-0-2", NULL, 1, NULL},
	{"by target", five, "vnet2", NULL, 2, NULL},
	{"by alias", five, "net3", NULL, 3, NULL},
	{"case counts in names", five, "VNET2", NULL, FAILS + ENODEV, "\"VNET2\""},
	{"no prefix of a name", five, "vnet", NULL, FAILS + ENODEV, "\"vnet\""},
	{"a MAC of two", five, "52:54:00:00:00:03", NULL, FAILS + EEXIST, "several interfaces of guest five are called"},
	{"target of one, alias of another", five, "vnet0", NULL, FAILS + EEXIST, "several interfaces"},
	{"nothing said", five, NULL, NULL, FAILS + EEXIST, "choose one with -i"},
	{"an address settles it", five, NULL, "192.0.2.3", 2, NULL},
	{"an IPv6 address settles it", five, NULL, "2001:db8::5", 4, NULL},
	{"an address of two", five, NULL, "192.0.2.1", FAILS + EEXIST, "none alone is known to have 192.0.2.1"},
	{"a peer's address", five, NULL, "203.0.113.9", FAILS + EEXIST, "vnet4, alias vnet0"},
	{"a name goes before the address", five, "net1", "192.0.2.3", 1, NULL},
	{"an empty name", five, "", NULL, FAILS + ENODEV, "\"\""},
};

static void chooses(void **state)
{
	const struct choice *row = *state;
	struct vmp_guest guest = {0};
	struct vmp_err err = {0};
	struct vmp_ip ip;
	size_t nic = 77;
	int code;

	assert_int_equal(vmp_domain_xml_parse(row->xml, strlen(row->xml), &guest, &err), 0);
	if (row->address)
		assert_int_equal(vmp_ip_parse(row->address, &ip), 0);
	code = vmp_nic_select(&guest, row->which, row->address ? &ip : NULL, &nic, &err);
	if (row->expected < FAILS) {
		assert_int_equal(code, 0);
		assert_int_equal(nic, row->expected);
	} else {
		assert_int_equal(code, FAILS - row->expected);
		assert_int_equal(err.code, row->expected - FAILS);
		assert_int_equal(nic, 77);
		if (!strstr(err.message, row->says))
			fail_msg("\"%s\" is not in: %s", row->says, err.message);
	}
	vmp_guest_clear(&guest);
}

/* However many there are, the list in the message ends with how many are left out and not in the middle of one. */
static void bounds_its_message(void **state)
{
	struct vmp_guest guest = {0};
	struct vmp_err err = {0};
	struct vmp_nic *nic;
	size_t ret_nic;

	(void)state;
	for (unsigned int i = 0; i < 40; i++) {
		nic = vmp_vec_add(&guest.nics);
		assert_non_null(nic);
		nic->has_mac = true;
		nic->mac.b[5] = (uint8_t)i;
	}
	assert_int_equal(vmp_nic_select(&guest, NULL, NULL, &ret_nic, &err), -EEXIST);
	assert_non_null(strstr(err.message, "and 32 more"));
	vmp_guest_clear(&guest);
}

enum { CHOICES = sizeof(choices) / sizeof(*choices) };

int main(void)
{
	struct CMUnitTest tests[CHOICES + 1] = {0};

	for (size_t i = 0; i < CHOICES; i++)
		tests[i] = (struct CMUnitTest){.name = choices[i].name, .test_func = chooses,
					       .initial_state = (void *)(uintptr_t)&choices[i]};
	tests[CHOICES] = (struct CMUnitTest)cmocka_unit_test(bounds_its_message);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
