/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/drop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_kind(const struct vmp_drop_kind *kind, const struct vmp_drop_kind *like)
{
	return kind->ifindex == like->ifindex && strcmp(kind->symbol, like->symbol) == 0 && strcmp(kind->reason, like->reason) == 0 &&
	       strcmp(kind->caller, like->caller) == 0 && strcmp(kind->device, like->device) == 0;
}

unsigned int vmp_drops_kind(struct vmp_drops *drops, const struct vmp_drop *drop, enum vmp_drop_place place, bool copies)
{
	struct vmp_drop_kind like = {.ifindex = drop->ifindex, .place = place, .copies = copies}, *kind;

	snprintf(like.reason, sizeof(like.reason), "%s", drop->reason);
	snprintf(like.symbol, sizeof(like.symbol), "%s", drop->symbol);
	snprintf(like.caller, sizeof(like.caller), "%s", drop->caller);
	snprintf(like.device, sizeof(like.device), "%s", drop->device);
	for (size_t i = 0; i < drops->kinds.n; i++)
		if (is_kind(&drops->kinds.v[i], &like))
			return (unsigned int)i + 1;
	kind = drops->kinds.n < VMP_DROP_KINDS_MAX ? vmp_vec_add(&drops->kinds) : NULL;
	if (!kind)
		return 0;
	*kind = like;
	return (unsigned int)drops->kinds.n;
}

void vmp_drops_clear(struct vmp_drops *drops)
{
	free(drops->why_not);
	vmp_vec_free(&drops->kinds);
	memset(drops, 0, sizeof(*drops));
}

const char *vmp_drop_place_name(enum vmp_drop_place place)
{
	static const char *const names[] = {
		[VMP_DROP_ON_PATH] = "path", [VMP_DROP_BRIDGE] = "bridge", [VMP_DROP_BESIDE] = "beside", [VMP_DROP_OTHER_PORT] = "other-port",
	};

	return names[place];
}
