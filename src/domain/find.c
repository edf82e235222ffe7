/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domain/connection.h"

#include "base/str.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <libvirt/virterror.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NEAR_SHOWN = 3 };

static virDomainPtr by_name(virConnectPtr connection, const char *word)
{
	return virDomainLookupByName(connection, word);
}

static virDomainPtr by_uuid(virConnectPtr connection, const char *word)
{
	return virDomainLookupByUUIDString(connection, word);
}

static virDomainPtr by_id(virConnectPtr connection, const char *word)
{
	char *end;
	long id;

	errno = 0;
	id = strtol(word, &end, 10);
	if (!isdigit((unsigned char)*word) || *end || errno || id > INT_MAX)
		return NULL;
	return virDomainLookupByID(connection, (int)id);
}

/* A guest may be named "5": names win, as the operator chose them. */
static virDomainPtr (*const lookups[])(virConnectPtr connection, const char *word) = {by_name, by_uuid, by_id};

/* How far a name is from the word that was asked for: a part of it is near, whatever the rest. */
static unsigned int nearness(const char *name, const char *word)
{
	size_t len = strlen(word);
	unsigned int most = len < 4 ? 1 : len < 9 ? 2 : 3, distance = vmp_str_distance(name, word);

	if (strcasecmp(name, word) == 0)
		return 0;
	if (distance <= most)
		return distance;
	return len >= 3 && strcasestr(name, word) ? most + 1 : UINT_MAX;
}

struct near {
	const char *name;
	unsigned int distance;
};

/* libvirt's order of guests is that of a hash table: equally near ones are ordered by name. */
static int compare_near(const void *a, const void *b)
{
	const struct near *left = a, *right = b;

	if (left->distance != right->distance)
		return left->distance < right->distance ? -1 : 1;
	return strcmp(left->name, right->name);
}

/* The guests whose names are near, nearest first. Returns how many; *ret_near is freed by the caller. */
static size_t find_near(virDomainPtr *domains, int n, const char *word, struct near **ret_near)
{
	struct near *near = calloc((size_t)n + 1, sizeof(*near));
	size_t found = 0;

	for (int i = 0; near && i < n; i++) {
		const char *name = virDomainGetName(domains[i]);

		if (!name || nearness(name, word) == UINT_MAX)
			continue;
		near[found].name = name;
		near[found++].distance = nearness(name, word);
	}
	if (found)
		qsort(near, found, sizeof(*near), compare_near);
	*ret_near = near;
	return found;
}

static void describe_near(struct vmp_buf *text, virDomainPtr *domains, int n, const char *word)
{
	struct near *near = NULL;
	size_t found = find_near(domains, n, word, &near);

	for (size_t i = 0; i < found && i < NEAR_SHOWN; i++)
		vmp_buf_printf(text, "%s\"%.80s\"", i == 0 ? "did you mean " : " or ", near[i].name);
	if (found)
		vmp_buf_printf(text, "? ");
	free(near);
	if (n == 0)
		vmp_buf_printf(text, "libvirt knows no guests there at all: is -c URI the right one?");
	else
		vmp_buf_printf(text, "vmpath list shows all guests");
}

static int fail_unknown(struct vmp_domain *domain, const char *word, struct vmp_err *err)
{
	virDomainPtr *domains = NULL;
	struct vmp_buf text = {0};
	int n = vmp_libvirt_domains(domain, &domains, err);

	if (n < 0)
		return n;
	describe_near(&text, domains, n, word);
	vmp_libvirt_domains_free(domains, n);
	vmp_err_set(err, ENOENT, "domain", word,
		    "looking for guest \"%.160s\" at %.160s: there is no guest of this name, UUID or id; %s", word,
		    domain->uri, text.s ? text.s : "");
	vmp_buf_clear(&text);
	return -ENOENT;
}

int vmp_domain_find(struct vmp_domain *domain, const char *name, struct vmp_guest *ret_guest, char **ret_xml,
		    struct vmp_err *err)
{
	virDomainPtr found = NULL;
	int code;

	for (size_t i = 0; i < sizeof(lookups) / sizeof(*lookups) && !found; i++) {
		virResetLastError();
		found = lookups[i](domain->connection, name);
		if (!found && virGetLastError() && !vmp_libvirt_is_absent())
			return vmp_libvirt_error(err, name, "looking for the guest", NULL);
	}
	if (!found)
		return fail_unknown(domain, name, err);
	code = vmp_libvirt_guest(found, ret_guest, ret_xml, err);
	virDomainFree(found);
	return code;
}

int vmp_domain_state(struct vmp_domain *domain, struct vmp_guest *guest, struct vmp_err *err)
{
	virDomainPtr found = virDomainLookupByUUIDString(domain->connection, guest->uuid);
	int code;

	if (!found)
		return vmp_libvirt_error(err, guest->uuid, "reading the state of the guest", NULL);
	code = vmp_libvirt_state(found, guest, err);
	virDomainFree(found);
	return code;
}
