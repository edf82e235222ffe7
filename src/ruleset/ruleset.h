/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's packet filter as nft tells it: which of its rules this guest's packets may meet, and what they counted. Reading it (with
 * libnftables, where it was built in) and making sense of it are apart: the first is done by the process that may, the second by the
 * one that has no privilege.
 */
#ifndef VMP_RULESET_RULESET_H
#define VMP_RULESET_RULESET_H

#include "base/err.h"
#include "base/str.h"
#include "model/filter.h"
#include "model/gauge.h"
#include "model/run.h"

/* Whether this program was built with libnftables. */
bool vmp_ruleset_is_built_in(void);

/*
 * Append the ruleset of this network namespace as JSON (libnftables-json(5)). Needs CAP_NET_ADMIN; blocks while the kernel tells it. context:
 * none. Errors: ENOSYS without libnftables; EPERM; EIO with what libnftables says.
 */
int vmp_ruleset_list(void *context, struct vmp_buf *out, struct vmp_err *err);

/* The same as text, with handles: how nft prints each rule. */
int vmp_ruleset_list_text(void *context, struct vmp_buf *out, struct vmp_err *err);

/* Of whose packets the rules are looked at. All borrowed. */
struct vmp_ruleset_way {
	const struct vmp_path *path;
	const struct vmp_nic *nic;
	bool bridged_ip, bridged_ip6;   /* the bridge hands its frames to the rules of these families (br_netfilter) */
};

/* What was found in one look. */
struct vmp_ruleset_look {
	size_t rules;                   /* in all */
	bool cut;                       /* more of them drop than are kept */
};

/*
 * The first look: the rules that drop and that packets of this way may meet, with their counters "before". json: as vmp_ruleset_list()
 * gives it, of which nothing is trusted; ret_rules: appended to. Errors: EBADMSG when it is not such a document, ENOMEM.
 */
int vmp_ruleset_before(const char *json, size_t len, const vmp_base_chains *bases, const struct vmp_ruleset_way *way,
		       vmp_filter_rules *rules, struct vmp_gauges *gauges, struct vmp_ruleset_look *ret_look, struct vmp_err *err);

/* The last look: what the same rules counted "after". Rules that came in between are not known. Errors as above. */
int vmp_ruleset_after(const char *json, size_t len, const vmp_base_chains *bases, struct vmp_gauges *gauges, struct vmp_err *err);

/*
 * Give the rules that counted something, or count nothing, the words that nft prints them with: text as vmp_ruleset_list_text() gives it.
 * Returns 0 or -ENOMEM.
 */
int vmp_ruleset_name(const char *text, size_t len, vmp_filter_rules *rules, struct vmp_gauges *gauges);

#endif
