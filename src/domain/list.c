/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domain/connection.h"

#include "base/log.h"
#include "base/str.h"

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

/* A guest whose XML cannot be read is listed all the same, by what libvirt says besides. */
static int name_only(virDomainPtr libvirt_domain, struct vmp_guest *guest, struct vmp_err *err)
{
	char uuid[VIR_UUID_STRING_BUFLEN];
	const char *name = virDomainGetName(libvirt_domain);

	if (vmp_str_set(&guest->name, name ? name : "?") < 0 ||
	    (virDomainGetUUIDString(libvirt_domain, uuid) == 0 && vmp_str_set(&guest->uuid, uuid) < 0))
		return vmp_err_set(err, ENOMEM, "domain", name, "listing the guests: out of memory");
	return vmp_libvirt_state(libvirt_domain, &guest->state, &guest->job_active, err);
}

/* Add one guest; one that went away since the list was made is no error. */
static int add_guest(virDomainPtr libvirt_domain, vmp_guests *guests, struct vmp_err *err)
{
	struct vmp_guest guest = {0}, *slot;
	struct vmp_err local = {0};
	int code = vmp_libvirt_guest(libvirt_domain, &guest, NULL, &local);

	if (code == -ENOENT)
		return 0;
	if (code == -EINVAL || code == -EFBIG) {
		vmp_log(VMP_LOG_WARN, "%s", local.message);
		code = name_only(libvirt_domain, &guest, &local);
	}
	slot = code == 0 ? vmp_vec_add(guests) : NULL;
	if (slot) {
		*slot = guest;
		return 0;
	}
	vmp_guest_clear(&guest);
	if (code == 0)
		return vmp_err_set(err, ENOMEM, "domain", NULL, "listing the guests: out of memory");
	return vmp_err_set(err, -code, "domain", local.object, "%s", local.message);
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
