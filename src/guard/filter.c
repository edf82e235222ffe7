/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guard/filter.h"

#include "base/log.h"

#include <errno.h>
#include <string.h>

#if defined(HAVE_LIBSECCOMP) && !defined(VMP_SANITIZERS)

#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <seccomp.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * What is in no table fails with EPERM. Not death: the C library and libvirt take other calls in their next version,
 * and a call that fails is a line in a log, while a trace that is killed in production is an answer lost. Nothing is
 * gained for an attacker by the difference. Only what no part of this program ever has a reason to try is death.
 */

/* Both processes: memory, clocks, signals, waiting, ending. */
static const char *const calls_common[] = {
	"brk", "munmap", "mremap", "madvise",
	"clock_gettime", "clock_gettime64", "clock_getres", "gettimeofday", "time",
	"rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigreturn", "sigaltstack", "restart_syscall",
	"futex", "futex_time64", "set_robust_list", "get_robust_list", "rseq", "sched_yield", "membarrier",
	"getpid", "gettid", "getppid", "getuid", "geteuid", "getgid", "getegid", "getresuid", "getresgid", "getgroups",
	"read", "readv", "write", "writev", "close", "close_range", "lseek", "_llseek", "fcntl", "fcntl64",
	"fstat", "fstat64", "newfstatat", "fstatat64", "statx", "getdents64", "openat", "fsync", "fdatasync",
	"recvfrom", "recvmsg", "sendto", "sendmsg", "poll", "ppoll", "ppoll_time64",
	"getrandom", "exit", "exit_group",
};

/*
 * The tracer: libpcap's rings, netlink and libvirt's connection over sockets that are open, evidence and reports below
 * an open folder, stdio, the keeper's end. No socket is made, nothing is executed, no identity changed.
 */
static const char *const calls_tracer[] = {
	"pread64", "preadv", "pwrite64", "pwritev", "ftruncate", "ftruncate64", "fallocate", "fadvise64", "flock",
	"fchmod", "mkdirat", "renameat", "renameat2", "unlinkat", "readlink", "readlinkat",
	"access", "faccessat", "faccessat2", "stat", "stat64", "lstat", "lstat64", "statfs", "statfs64", "fstatfs",
	"fstatfs64", "getcwd", "umask",
	"getsockopt", "setsockopt", "getsockname", "getpeername", "recvmmsg", "recvmmsg_time64", "sendmmsg", "shutdown",
	"select", "_newselect", "pselect6", "pselect6_time64", "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait",
	"eventfd2", "pipe2", "dup", "dup2", "dup3",
	"timerfd_create", "timerfd_settime", "timerfd_settime64", "timerfd_gettime", "timerfd_gettime64", "setitimer",
	"getitimer", "alarm", "nanosleep", "clock_nanosleep", "clock_nanosleep_time64",
	"uname", "sysinfo", "getrlimit", "ugetrlimit", "getrusage", "times", "sched_getaffinity", "capget", "wait4",
	"waitid", "getcpu",
};

static const char *const calls_keeper[] = {
	"fchown", "fchown32", "fchmod", "mkdirat", "renameat", "renameat2", "unlinkat", "getsockopt",
};

/* Besides netlink sockets: libnftables reads names of marks and protocols in /etc. */
static const char *const calls_warden[] = {
	"bind", "getsockname", "setsockopt", "getsockopt", "access", "faccessat", "faccessat2", "stat", "stat64", "lstat", "lstat64",
	"readlink", "uname", "sysinfo", "select", "pselect6",
};

/* An attempt at one of these is an attack. */
static const char *const calls_deadly[] = {
	"execve", "execveat", "ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "pidfd_getfd",
	"init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load", "bpf", "perf_event_open",
	"mount", "umount2", "pivot_root", "chroot", "open_tree", "move_mount", "fsopen", "fsconfig", "fsmount",
	"unshare", "setns", "reboot", "swapon", "swapoff", "iopl", "ioperm", "add_key", "request_key", "keyctl",
	"userfaultfd", "io_uring_setup", "open_by_handle_at", "settimeofday", "clock_settime", "adjtimex",
	"sethostname", "setdomainname", "quotactl", "acct", "personality",
};

/*
 * Terminal size and kind, bytes waiting, and the state of a device that is being captured. No TIOCSTI. SIOCETHTOOL reads counters of drivers
 * after the window; what it could change needs CAP_NET_ADMIN, which is gone (Linux, net/ethtool/ioctl.c, dev_ethtool()).
 */
static const unsigned long ioctls_tracer[] = {
	TIOCGWINSZ, TCGETS, FIONREAD, FIONBIO, SIOCGIFNAME, SIOCGIFFLAGS, SIOCGIFINDEX,
	SIOCGIFHWADDR, SIOCETHTOOL,
};

/* A call that this architecture or this libseccomp does not know needs no rule. */
static int rules_add(scmp_filter_ctx ctx, uint32_t action, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int nr = seccomp_syscall_resolve_name(names[i]);
		int r = nr == __NR_SCMP_ERROR ? 0 : seccomp_rule_add(ctx, action, nr, 0);

		if (r != 0 && r != -EEXIST && r != -EDOM)
			return r;
	}
	return 0;
}

#define RULES_ADD(ctx, action, table) rules_add(ctx, action, table, sizeof(table) / sizeof(*(table)))

/* No new executable memory. mmap2 is the mmap of 32-bit machines. */
static int rules_add_memory(scmp_filter_ctx ctx)
{
	static const char *const names[] = {"mmap", "mmap2", "mprotect"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		int nr = seccomp_syscall_resolve_name(names[i]);
		int r;

		if (nr == __NR_SCMP_ERROR)
			continue;
		r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, nr, 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
		if (r != 0 && r != -EDOM)
			return r;
	}
	return 0;
}

/* Signals to itself only (abort(), raise()), and the ioctls of the table. */
static int rules_add_tracer(scmp_filter_ctx ctx)
{
	scmp_datum_t pid = (scmp_datum_t)getpid();
	int r;

	r = RULES_ADD(ctx, SCMP_ACT_ALLOW, calls_tracer);
	if (r == 0)
		r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, SCMP_A0(SCMP_CMP_EQ, pid));
	for (size_t i = 0; r == 0 && i < sizeof(ioctls_tracer) / sizeof(*ioctls_tracer); i++)
		r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
				     SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffffU, (uint32_t)ioctls_tracer[i]));
	return r;
}

/* Of all sockets those by which the kernel tells of links and of its packet filter. */
static int rules_add_warden(scmp_filter_ctx ctx)
{
	static const int families[] = {NETLINK_ROUTE, NETLINK_NETFILTER};
	int r = RULES_ADD(ctx, SCMP_ACT_ALLOW, calls_warden);

	for (size_t i = 0; r == 0 && i < sizeof(families) / sizeof(*families); i++)
		r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2, SCMP_A0(SCMP_CMP_EQ, AF_NETLINK),
				     SCMP_A2(SCMP_CMP_EQ, (scmp_datum_t)families[i]));
	return r;
}

static int rules_add_keeper(scmp_filter_ctx ctx)
{
	return RULES_ADD(ctx, SCMP_ACT_ALLOW, calls_keeper);
}

static int (*const rules_add_own[])(scmp_filter_ctx ctx) = {
	[VMP_FILTER_TRACER] = rules_add_tracer,
	[VMP_FILTER_KEEPER] = rules_add_keeper,
	[VMP_FILTER_WARDEN] = rules_add_warden,
};

static int filter_build(scmp_filter_ctx ctx, enum vmp_filter filter)
{
	int r;

	/* Threads that a library may have started are held to it as well. */
	r = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_TSYNC, 1);
	if (r == 0)
		r = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	if (r == 0)
		r = RULES_ADD(ctx, SCMP_ACT_ALLOW, calls_common);
	if (r == 0)
		r = rules_add_memory(ctx);
	if (r == 0)
		r = RULES_ADD(ctx, SCMP_ACT_KILL_PROCESS, calls_deadly);
	if (r == 0)
		r = rules_add_own[filter](ctx);
	return r;
}

/* A kernel with filters looks at the program before anything else, and finds none. Source: seccomp(2). */
static bool kernel_has_filters(void)
{
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL) != 0 && errno == EFAULT;
}

int vmp_filter_install(enum vmp_filter filter, struct vmp_err *err)
{
	scmp_filter_ctx ctx;
	int r;

	if (!kernel_has_filters()) {
		vmp_log(VMP_LOG_WARN, "this kernel has no system-call filters: going on without");
		return 0;
	}
	ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	r = ctx ? filter_build(ctx, filter) : -ENOMEM;
	if (r == 0)
		r = seccomp_load(ctx);
	if (ctx)
		seccomp_release(ctx);
	if (r != 0)
		return vmp_err_set(err, -r, "guard", NULL, "installing the system-call filter: %s", strerror(-r));
	return 0;
}

#else

int vmp_filter_install(enum vmp_filter filter, struct vmp_err *err)
{
	(void)filter;
	(void)err;
#ifdef VMP_SANITIZERS
	vmp_log(VMP_LOG_INFO, "built with sanitizers: no system-call filter");
#else
	vmp_log(VMP_LOG_INFO, "built without libseccomp: no system-call filter");
#endif
	return 0;
}

#endif
