/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel says of the packets that it drops. The edge to libbpf. */
#ifndef VMP_CAUSE_CAUSE_H
#define VMP_CAUSE_CAUSE_H

#include "base/addr.h"
#include "base/err.h"
#include "model/drop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vmp_drop_watch;

/* Of whose packets is to be told: those with one of these MACs or addresses, and broadcasts. What exceeds the room for them is left out. */
struct vmp_drop_conf {
	const struct vmp_mac *macs;
	size_t n_macs;
	const struct vmp_ip *ips;
	size_t n_ips;
};

/* Called for each drop; it and what it points to are valid during the call only. */
typedef void vmp_drop_fn(void *context, const struct vmp_drop *drop);

/*
 * Ask the kernel to tell of drops in this network namespace from now on. Needs root's privilege (CAP_BPF and CAP_PERFMON); what it opens
 * works on without. Does not block, and changes nothing on the host that outlives this process. ret_watch: caller ends it with
 * vmp_drop_watch_end(). Errors: EOPNOTSUPP (built without, or the kernel has no BTF), EPERM, ENOMEM, ...; err says it in a sentence.
 */
int vmp_drop_watch_begin(const struct vmp_drop_conf *conf, struct vmp_drop_watch **ret_watch, struct vmp_err *err);

/* How it is told, a word: "bpf". Borrowed. */
const char *vmp_drop_watch_source(const struct vmp_drop_watch *watch);

/* Hand over what was told since the last call. Does not block. Returns how many, or -errno. */
int vmp_drop_watch_read(struct vmp_drop_watch *watch, vmp_drop_fn *take, void *context);

/* Events for which there was no room, so far. */
uint64_t vmp_drop_watch_missed(const struct vmp_drop_watch *watch);

/* End it; NULL is allowed. */
void vmp_drop_watch_end(struct vmp_drop_watch *watch);

/*
 * Could drops be told of on this host? For vmpath doctor: loads what would be loaded, and ends it again. Errors: as
 * vmp_drop_watch_begin().
 */
int vmp_drop_watch_probe(struct vmp_err *err);

#endif
