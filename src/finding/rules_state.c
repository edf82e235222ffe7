/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why a guest does not take what it is given, as far as the host knows without asking the guest: it is paused, its process is stopped, or
 * it waits for a CPU.
 *
 * Source: kernel, kernel/sched/stats.h: run_delay counts the time that a thread was runnable and did not run, and is written when it runs
 * again. So a thread that never ran, and was runnable at both readings, waited all the time though its counter stands still; and one
 * that is stopped by a signal does not wait.
 */
#include "finding/rules.h"

#include <errno.h>
#include <string.h>

typedef unsigned long long ull;

/* In per cent of the time between the two readings. */
enum {
	STARVED = 25,           /* a thread that waited so long cannot keep up */
	WORTH_A_LINE = 5,
	RAN_MUCH = 20,          /* one that ran so long would have taken something */
};

struct share {
	const char *object;
	uint64_t waited_ns, ran_ns, throttled_ns, elapsed_ns;
	bool stopped;
	bool never_ran;         /* runnable at both readings */
};

static bool is_not_running(enum vmp_guest_state state)
{
	return state != VMP_GUEST_RUNNING && state != VMP_GUEST_STATE_UNKNOWN && state != VMP_GUEST_BLOCKED;
}

/* What to do, by the reason that libvirt gives. */
static void add_remedy(const struct vmp_guest *guest, struct vmp_finding *finding)
{
	static const struct {
		const char *reason, *command, *advice;
	} rows[] = {
		{"I/O error", "domblkerror", ": make room on its storage or mend it, then virsh resume it"},
		{"migrating", "domjobinfo", ": on which host does it run now?"},
		{"migrated", "domstate --reason", ": it runs on another host now, look for it there"},
		{"post-copy migration failed", "domjobinfo", "; virsh migrate --postcopy-resume takes it up again"},
		{"saving", "domjobinfo", ": it goes on when that is done"},
		{"dumping", "domjobinfo", ": it goes on when that is done"},
		{"creating snapshot", "domjobinfo", ": it goes on when that is done"},
		{"crashed", "console", ": what does it say? /var/log/libvirt/qemu has its log; then virsh reset and virsh resume"},
	};

	for (size_t i = 0; guest->state_reason && i < sizeof(rows) / sizeof(*rows); i++)
		if (strcmp(rows[i].reason, guest->state_reason) == 0) {
			vmp_finding_remedy(finding, "virsh %s %s%s", rows[i].command, guest->name, rows[i].advice);
			return;
		}
	if (guest->state == VMP_GUEST_PAUSED)
		vmp_finding_remedy(finding, "virsh domstate --reason %s; virsh resume %s", guest->name, guest->name);
	else
		vmp_finding_remedy(finding, "virsh domstate --reason %s", guest->name);
}

static void add_states(const struct vmp_guest *guest, struct vmp_finding *finding)
{
	const char *reason = guest->state_reason;

	vmp_finding_evidence(finding, "state of the domain: %s%s%s%s", vmp_guest_state_name(guest->state), reason ? " (" : "",
			     reason ? reason : "", reason ? ")" : "");
	if (guest->has_state_before && guest->state_before != guest->state)
		vmp_finding_evidence(finding, "when the trace began: %s", vmp_guest_state_name(guest->state_before));
}

int vmp_rule_guest_not_running(struct vmp_run *run)
{
	const struct vmp_guest *guest = &run->guest;
	bool now = is_not_running(guest->state), before = guest->has_state_before && is_not_running(guest->state_before);
	const char *state = vmp_guest_state_name(now ? guest->state : guest->state_before);
	const char *reason = now ? guest->state_reason : guest->reason_before;
	struct vmp_finding *untaken = vmp_rules_untaken(run), *finding;

	/* Known, and no reason: that is worth a line where one is looked for. */
	if (!now && !before && guest->has_state_before && guest->state == VMP_GUEST_RUNNING) {
		vmp_finding_evidence(untaken, "libvirt says that the guest is running, as it did when the trace began");
		vmp_finding_evidence(vmp_rules_silence(run), "libvirt says that the guest is running, as it did when the trace began");
	}
	if (!now && !before)
		return 0;
	/* One finding where it explains a loss. */
	if (vmp_finding_explain(untaken, "guest-not-running", "the guest %s %s%s%s%s", now ? "is" : "was, when the trace began,", state,
				reason ? " (" : "", reason ? reason : "", reason ? ")" : "")) {
		add_states(guest, untaken);
		if (now)
			add_remedy(guest, untaken);
		return 0;
	}
	finding = vmp_finding_add(&run->findings, "guest-not-running", now ? VMP_SEVERITY_CRITICAL : VMP_SEVERITY_WARNING,
				  VMP_CONFIDENCE_CERTAIN, now ? "libvirt says the guest is %s%s%s%s: its virtual processors do not run"
							       : "libvirt said that the guest was %s%s%s%s when the trace began",
				  state, reason ? " (" : "", reason ? reason : "", reason ? ")" : "");
	if (!finding)
		return -ENOMEM;
	add_states(guest, finding);
	if (now)
		add_remedy(guest, finding);
	return 0;
}

/* ---- CPU ------------------------------------------------------------------------------------------------------------ */

static uint64_t grew(const struct vmp_run *run, const struct vmp_counter *like, const char *name)
{
	const struct vmp_counter *counter = vmp_gauges_counter(&run->gauges, like->source, like->object, name);

	return counter ? vmp_counter_grew(counter) : 0;
}

/* A level that was not zero: at both readings, or at the last. */
static bool was(const struct vmp_run *run, const struct vmp_counter *like, const char *name, bool both)
{
	const struct vmp_counter *counter = vmp_gauges_counter(&run->gauges, like->source, like->object, name);

	return counter && counter->after_known && counter->after && (!both || (counter->before_known && counter->before));
}

/* A thread's share of the time; false when it was not read twice. delay: its counter "delay_ns". */
static bool read_share(const struct vmp_run *run, const struct vmp_counter *delay, uint64_t elapsed_ns, struct share *ret_share)
{
	if (!delay->before_known || !delay->after_known || elapsed_ns == 0)
		return false;
	*ret_share = (struct share){
		.object = delay->object, .waited_ns = vmp_counter_grew(delay), .ran_ns = grew(run, delay, "run_ns"),
		.throttled_ns = grew(run, delay, "throttled_ns"), .elapsed_ns = elapsed_ns, .stopped = was(run, delay, "stopped", true),
	};
	ret_share->never_ran = ret_share->ran_ns == 0 && was(run, delay, "runnable", true);
	if (ret_share->never_ran || ret_share->waited_ns > elapsed_ns)
		ret_share->waited_ns = elapsed_ns;
	return true;
}

static unsigned int percent(uint64_t ns, const struct share *share)
{
	return (unsigned int)((ns * 100 + share->elapsed_ns / 2) / share->elapsed_ns);
}

struct cpu {
	unsigned int vcpus, starved, never_ran; /* those read, and of these those that waited much, or all the time */
	struct share worst;             /* of them the one that waited most */
	bool has_reader, stopped;
	struct share reader;            /* the thread that takes packets from the tap and waited most: vhost, or QEMU's main loop */
	bool vhost;
};

static void read_cpu(const struct vmp_run *run, struct cpu *cpu)
{
	const struct vmp_counter *elapsed = vmp_gauges_counter(&run->gauges, "qemu", "", "elapsed_ns");
	uint64_t elapsed_ns = elapsed ? vmp_counter_grew(elapsed) : 0;

	memset(cpu, 0, sizeof(*cpu));
	vmp_vec_foreach (counter, &run->gauges.counters) {
		bool is_vcpu = strcmp(counter->source, "vcpu") == 0, vhost = strncmp(counter->object, "vhost", 5) == 0;
		struct share share;

		if ((!is_vcpu && strcmp(counter->source, "qemu") != 0) || strcmp(counter->name, "delay_ns") != 0 ||
		    !read_share(run, counter, elapsed_ns, &share))
			continue;
		cpu->stopped |= share.stopped && !vhost;
		if (is_vcpu) {
			cpu->vcpus++;
			cpu->starved += percent(share.waited_ns, &share) >= STARVED;
			cpu->never_ran += share.never_ran;
			if (cpu->vcpus == 1 || share.waited_ns > cpu->worst.waited_ns)
				cpu->worst = share;
		} else if (!cpu->has_reader || (vhost && !cpu->vhost) ||
			   (vhost == cpu->vhost && share.waited_ns > cpu->reader.waited_ns)) {
			cpu->has_reader = true;
			cpu->vhost = vhost;
			cpu->reader = share;
		}
	}
}

static void add_share(const struct share *share, const char *what, struct vmp_finding *finding)
{
	vmp_finding_evidence(finding, "%s (%s) waited for a CPU %.2f s of %.2f s (%u %%) and ran %.2f s%s", share->object, what,
			     (double)share->waited_ns / 1e9, (double)share->elapsed_ns / 1e9, percent(share->waited_ns, share),
			     (double)share->ran_ns / 1e9, share->never_ran ? ": it was ready all the time and never got one" : "");
	if (share->throttled_ns)
		vmp_finding_evidence(finding, "%s: held back by a CPU quota of its cgroups for at most %.2f s of that", share->object,
				     (double)share->throttled_ns / 1e9);
}

static void add_cpu_evidence(const struct cpu *cpu, struct vmp_finding *finding)
{
	const char *reader = cpu->vhost ? "vhost, which takes packets from the tap" : "QEMU's, which takes packets from the tap";

	if (cpu->vcpus && percent(cpu->worst.waited_ns, &cpu->worst) < WORTH_A_LINE)
		vmp_finding_evidence(finding, "the guest's processors waited for a CPU %.1f %% of the time at most: they are not short of it",
				     100.0 * (double)cpu->worst.waited_ns / (double)cpu->worst.elapsed_ns);
	else if (cpu->vcpus)
		add_share(&cpu->worst, cpu->vcpus > 1 ? "the one of its processors that waited most" : "its processor", finding);
	if (cpu->has_reader && percent(cpu->reader.waited_ns, &cpu->reader) >= WORTH_A_LINE)
		add_share(&cpu->reader, reader, finding);
}

/* Nothing at all was taken by a guest that ran: it does not take packets for another reason, however long it waited besides. */
static bool would_have_taken(const struct vmp_run *run, const struct cpu *cpu)
{
	const struct vmp_backend_gauge *gauge = &run->gauges.backend;

	return gauge->known && gauge->counts_taken && gauge->taken == 0 && cpu->vcpus && percent(cpu->worst.ran_ns, &cpu->worst) >= RAN_MUCH;
}

static bool is_starved(const struct vmp_run *run, const struct cpu *cpu)
{
	bool reader = cpu->has_reader && percent(cpu->reader.waited_ns, &cpu->reader) >= STARVED;

	return ((cpu->starved && cpu->starved * 2 >= cpu->vcpus) || reader) && !would_have_taken(run, cpu);
}

static void explain_stopped(const struct vmp_run *run, struct vmp_finding *finding)
{
	const struct vmp_counter *pid = vmp_gauges_counter(&run->gauges, "qemu", "", "pid");

	if (!vmp_finding_explain(finding, "qemu-stopped", "its QEMU process is stopped, by a signal (SIGSTOP) or a debugger"))
		return;
	vmp_finding_evidence(finding, "the threads of process %llu are in state T, while libvirt calls the guest %s", pid ? (ull)pid->after : 0,
			     vmp_guest_state_name(run->guest.state));
	vmp_finding_remedy(finding, "who stopped it? ps -o pid,ppid,stat,wchan -p %llu; then: kill -CONT %llu", pid ? (ull)pid->after : 0,
			   pid ? (ull)pid->after : 0);
}

static void explain_starved(const struct vmp_run *run, const struct cpu *cpu, struct vmp_finding *finding)
{
	bool vcpus = cpu->starved && cpu->starved * 2 >= cpu->vcpus;
	const struct share *share = vcpus ? &cpu->worst : &cpu->reader;
	bool first = vmp_finding_explain(finding, "vcpu-starved", "%s waited for a CPU of this host %u %% of the time%s",
					 vcpus ? "the guest's processors" : "the thread that takes its packets", percent(share->waited_ns, share),
					 share->throttled_ns * 2 > share->waited_ns ? ", held back by a CPU quota" : "");

	if (first && share->throttled_ns * 2 > share->waited_ns)
		vmp_finding_remedy(finding, "virsh schedinfo %s: raise vcpu_quota, emulator_quota or global_quota; virsh vcpuinfo %s",
				   run->guest.name, run->guest.name);
	else if (first)
		vmp_finding_remedy(finding, "virsh domstats --vcpu %s; virsh vcpupin %s; who takes the CPUs? top -H; mpstat -P ALL 1",
				   run->guest.name, run->guest.name);
}

int vmp_rule_short_of_cpu(struct vmp_run *run)
{
	struct vmp_finding *untaken = vmp_rules_untaken(run), *silent = vmp_rules_silence(run);
	struct cpu cpu;

	read_cpu(run, &cpu);
	if (cpu.stopped) {
		explain_stopped(run, untaken);
		explain_stopped(run, silent);
		return 0;
	}
	/* Who is paused, or has no link, does not take them for that, however little it waits. */
	if (untaken && vmp_run_nic(run)->link_up != VMP_NO && strcmp(untaken->cause, "guest-not-running") != 0) {
		add_cpu_evidence(&cpu, untaken);
		if (is_starved(run, &cpu))
			explain_starved(run, &cpu, untaken);
	}
	/* One that is slow answers late; one that does not run at all is silent. */
	if (silent) {
		add_cpu_evidence(&cpu, silent);
		if (cpu.vcpus && cpu.never_ran == cpu.vcpus)
			explain_starved(run, &cpu, silent);
	}
	return 0;
}
