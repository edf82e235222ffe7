/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guard/guard.h"

#include "guard/filter.h"

#include <cap-ng.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define FALLBACK_ID 65534U      /* the kernel's overflowuid, "nobody" nearly everywhere */

/* LeakSanitizer looks at its own process with ptrace(), which a process that is not dumpable refuses. */
#ifdef VMP_SANITIZERS
#define DUMPABLE 1UL
#else
#define DUMPABLE 0UL
#endif

static int guard_failed(struct vmp_err *err, const char *what)
{
	int code = errno;

	return vmp_err_set(err, code, "guard", NULL, "giving up privileges: %s: %s", what, strerror(code));
}

int vmp_guard_check(struct vmp_err *err)
{
	if (capng_get_caps_process() != 0)
		return guard_failed(err, "reading capabilities");
	if (!capng_have_capability(CAPNG_EFFECTIVE, CAP_NET_RAW))
		return vmp_err_set(err, EPERM, "guard", NULL, "capturing packets needs root (or CAP_NET_RAW): run it as root, with sudo for "
				   "example");
	return 0;
}

int vmp_guard_begin(struct vmp_err *err)
{
	const struct rlimit none = {0, 0};

	umask(077);
	if (setrlimit(RLIMIT_CORE, &none) != 0)
		return guard_failed(err, "switching core dumps off");
	if (prctl(PR_SET_DUMPABLE, DUMPABLE, 0, 0, 0) != 0)
		return guard_failed(err, "prctl(PR_SET_DUMPABLE)");
	return 0;
}

void vmp_guard_ids(unsigned int *ret_uid, unsigned int *ret_gid)
{
	const struct passwd *nobody;

	if (geteuid() != 0) {
		*ret_uid = getuid();
		*ret_gid = getgid();
		return;
	}
	nobody = getpwnam("nobody");
	*ret_uid = nobody && nobody->pw_uid != 0 ? nobody->pw_uid : FALLBACK_ID;
	*ret_gid = nobody && nobody->pw_gid != 0 ? nobody->pw_gid : FALLBACK_ID;
}

/*
 * The bounding set goes while CAP_SETPCAP is still there. Who has no CAP_SETPCAP cannot change it, and has no use for
 * it either once no_new_privs is set.
 */
static int drop_bounding(struct vmp_err *err)
{
	if (!capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP))
		return 0;
	capng_clear(CAPNG_SELECT_BOUNDS);
	if (capng_apply(CAPNG_SELECT_BOUNDS) != 0)
		return guard_failed(err, "emptying the bounding set");
	return 0;
}

/* For all threads: the C library sees to it. The kernel takes their capabilities along with uid 0. */
static int drop_ids(struct vmp_err *err)
{
	unsigned int uid, gid;

	if (geteuid() != 0)
		return 0;
	vmp_guard_ids(&uid, &gid);
	if (setgroups(0, NULL) != 0)
		return guard_failed(err, "setgroups");
	if (setresgid(gid, gid, gid) != 0)
		return guard_failed(err, "setresgid");
	if (setresuid(uid, uid, uid) != 0)
		return guard_failed(err, "setresuid");
	return 0;
}

static int drop_capabilities(struct vmp_err *err)
{
	capng_clear(CAPNG_SELECT_CAPS);
	if (capng_apply(CAPNG_SELECT_CAPS) != 0)
		return guard_failed(err, "clearing capabilities");
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0 && errno != EINVAL)
		return guard_failed(err, "clearing ambient capabilities");
	return 0;
}

/* Trust nothing: try to come back. */
static int drop_verify(struct vmp_err *err)
{
	uid_t uid[3];
	gid_t gid[3];

	if (getresuid(&uid[0], &uid[1], &uid[2]) != 0 || getresgid(&gid[0], &gid[1], &gid[2]) != 0)
		return guard_failed(err, "getresuid");
	for (size_t i = 0; i < 3; i++)
		if (uid[i] == 0 || gid[i] != gid[0] || uid[i] != uid[0])
			return vmp_err_set(err, EPERM, "guard", NULL, "giving up privileges: user or group id was kept");
	if (setuid(0) == 0 || seteuid(0) == 0)
		return vmp_err_set(err, EPERM, "guard", NULL, "giving up privileges: root could be regained");
	if (capng_get_caps_process() != 0 || capng_have_capabilities(CAPNG_SELECT_CAPS) != CAPNG_NONE)
		return vmp_err_set(err, EPERM, "guard", NULL, "giving up privileges: capabilities are left");
	return 0;
}

int vmp_guard_drop(struct vmp_err *err)
{
	static bool dropped;
	int r;

	if (dropped)
		return 0;
	if (capng_get_caps_process() != 0)
		return guard_failed(err, "reading capabilities");
	r = drop_bounding(err);
	if (r == 0)
		r = drop_ids(err);
	if (r == 0)
		r = drop_capabilities(err);
	if (r == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		r = guard_failed(err, "prctl(PR_SET_NO_NEW_PRIVS)");
	/* Changing ids has made the kernel set this anew. */
	if (r == 0 && prctl(PR_SET_DUMPABLE, DUMPABLE, 0, 0, 0) != 0)
		r = guard_failed(err, "prctl(PR_SET_DUMPABLE)");
	if (r == 0)
		r = drop_verify(err);
	if (r == 0)
		r = vmp_filter_install(VMP_FILTER_TRACER, err);
	dropped = r == 0;
	return r;
}
