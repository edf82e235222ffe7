/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct vmp_mac mac_a = {{0x52, 0x54, 0, 0, 0, 1}}, mac_b = {{0x52, 0x54, 0, 0, 0, 2}};

static void add_neighbour(struct vmp_host *host, uint32_t low, const struct vmp_mac *mac)
{
	struct vmp_neighbour *neighbour = vmp_vec_add(&host->neighbours);

	assert_non_null(neighbour);
	neighbour->ip = vmp_ip_from_octets(4, (uint8_t[]){192, 0, (uint8_t)(low >> 8), (uint8_t)low});
	neighbour->has_mac = mac != NULL;
	if (mac)
		neighbour->mac = *mac;
}

static void add_nic(struct vmp_guest *guest, const struct vmp_mac *mac)
{
	struct vmp_nic *nic = vmp_vec_add(&guest->nics);

	assert_non_null(nic);
	nic->has_mac = mac != NULL;
	if (mac)
		nic->mac = *mac;
}

static void learns_by_mac(void **state)
{
	static const struct vmp_mac zero = {{0}};
	struct vmp_host host = {0};
	struct vmp_guest guest = {0};
	struct vmp_ip known = vmp_ip_from_octets(4, (uint8_t[]){192, 0, 0, 7});

	(void)state;
	add_nic(&guest, &mac_a);
	add_nic(&guest, NULL);
	add_nic(&guest, &mac_b);
	assert_int_equal(vmp_nic_add_address(&guest.nics.v[0], &known, VMP_ADDRESS_LEASE), 0);
	add_neighbour(&host, 7, &mac_a);
	add_neighbour(&host, 8, &mac_a);
	add_neighbour(&host, 9, NULL);
	add_neighbour(&host, 10, &zero);
	add_neighbour(&host, 11, &mac_b);
	assert_int_equal(vmp_host_learn_addresses(&host, &guest), 0);
	assert_int_equal(guest.nics.v[0].addresses.n, 2);
	assert_int_equal(guest.nics.v[0].addresses.v[0].source, VMP_ADDRESS_LEASE);
	assert_int_equal(guest.nics.v[0].addresses.v[1].source, VMP_ADDRESS_NEIGHBOUR);
	assert_int_equal(guest.nics.v[0].addresses.v[1].ip.b[3], 8);
	assert_int_equal(guest.nics.v[1].addresses.n, 0);
	assert_int_equal(guest.nics.v[2].addresses.n, 1);
	vmp_guest_clear(&guest);
	vmp_host_clear(&host);
}

static void a_guest_cannot_fill_the_list(void **state)
{
	struct vmp_host host = {0};
	struct vmp_guest guest = {0};

	(void)state;
	add_nic(&guest, &mac_a);
	for (uint32_t i = 0; i < 5000; i++)
		add_neighbour(&host, i, &mac_a);
	assert_int_equal(vmp_host_learn_addresses(&host, &guest), 0);
	assert_int_equal(guest.nics.v[0].addresses.n, 64);
	vmp_guest_clear(&guest);
	vmp_host_clear(&host);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(learns_by_mac),
		cmocka_unit_test(a_guest_cannot_fill_the_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
