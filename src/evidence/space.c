/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "evidence/evidence.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/statvfs.h>

int vmp_evidence_check_space(const char *dir, uint64_t want_bytes, struct vmp_err *err)
{
	struct statvfs fs;
	uint64_t have;

	if (statvfs(dir, &fs) < 0)
		return vmp_err_set(err, errno, "evidence", dir, "looking for free space in %s: %s", dir, strerror(errno));
	/* f_bavail, not f_bfree: what is reserved for root is out of reach once privileges are dropped. */
	have = (uint64_t)fs.f_bavail * fs.f_frsize;
	if (have >= want_bytes)
		return 0;
	return vmp_err_set(err, ENOSPC, "evidence", dir,
			   "writing evidence to %s may take %" PRIu64 " MiB, but %" PRIu64
			   " MiB are free there: make room or name another folder",
			   dir, (want_bytes + (1U << 20) - 1) >> 20, have >> 20);
}
