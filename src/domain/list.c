/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domain/connection.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int vmp_libvirt_domains(struct vmp_domain *domain, virDomainPtr **ret_domains, struct vmp_err *err)
{
	int n = virConnectListAllDomains(domain->connection, ret_domains, 0);

	return n < 0 ? vmp_libvirt_error(err, domain->uri, "listing the guests", NULL) : n;
}

void vmp_libvirt_domains_free(virDomainPtr *domains, int n)
{
	for (int i = 0; i < n; i++)
		virDomainFree(domains[i]);
	free(domains);
}

/* Add one guest; one that went away since the list was made is no error. */
static int add_guest(virDomainPtr libvirt_domain, vmp_guests *guests, struct vmp_err *err)
{
	struct vmp_guest guest = {0}, *slot;
	struct vmp_err local = {0};
	int code = vmp_libvirt_guest(libvirt_domain, &guest, NULL, &local);

	if (code == -ENOENT)
		return 0;
	if (code < 0)
		return vmp_err_set(err, -code, "domain", local.object, "listing the guests: %s", local.message);
	slot = vmp_vec_add(guests);
	if (!slot) {
		vmp_guest_clear(&guest);
		return vmp_err_set(err, ENOMEM, "domain", NULL, "listing the guests: out of memory");
	}
	*slot = guest;
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	const struct vmp_guest *left = a, *right = b;

	return strcmp(left->name, right->name);
}

int vmp_domain_list(struct vmp_domain *domain, vmp_guests *ret_guests, struct vmp_err *err)
{
	virDomainPtr *domains = NULL;
	vmp_guests guests = {0};
	int n = vmp_libvirt_domains(domain, &domains, err), code = 0;

	if (n < 0)
		return n;
	for (int i = 0; i < n && code == 0; i++)
		code = add_guest(domains[i], &guests, err);
	vmp_libvirt_domains_free(domains, n);
	if (code < 0) {
		vmp_vec_foreach (guest, &guests)
			vmp_guest_clear(guest);
		vmp_vec_free(&guests);
		return code;
	}
	if (guests.n)
		qsort(guests.v, guests.n, sizeof(*guests.v), compare_names);
	*ret_guests = guests;
	return 0;
}
