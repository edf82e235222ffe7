/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest's side: does it take what it is given, and does it answer what it takes? */
#include "finding/rules.h"

#include "base/addr.h"
#include "base/clock.h"

#include <errno.h>

typedef unsigned long long ull;

enum {
	SURE_ASKED = 3,         /* this many unanswered questions make silence certain */
	AGAIN_ASKED = 2,        /* this often must a question be repeated to mean something */
};

static void add_queue_evidence(const struct vmp_run *run, const struct vmp_segment *segment, struct vmp_finding *finding)
{
	const struct vmp_backend_gauge *gauge = &run->gauges.backend;
	const char *device = vmp_run_hop_name(run, segment->from);

	vmp_finding_evidence(finding, "of this trace seen leaving on %s towards the guest: %llu", device, (ull)segment->offered);
	if (!gauge->known)
		return;
	if (gauge->counts_taken)
		vmp_finding_evidence(finding, "%s, all traffic: given %llu, taken by QEMU or vhost (tx_packets) %llu, dropped (tx_dropped) "
				     "%llu, waiting in its queue %llu", device, (ull)gauge->given, (ull)gauge->taken,
				     (ull)gauge->dropped, (ull)gauge->waiting);
	else
		vmp_finding_evidence(finding, "%s, all traffic: given %llu, dropped at its full queue (rx_dropped) %llu", device,
				     (ull)gauge->given, (ull)gauge->dropped);
	if (gauge->waiting > gauge->slack && gauge->waited_ns)
		vmp_finding_evidence(finding, "nothing was taken from the queue for the last %.1f s; its length is %u (txqueuelen)",
				     (double)gauge->waited_ns / 1e9, gauge->queue_len);
}

int vmp_rule_not_taken(struct vmp_run *run)
{
	const struct vmp_segment *segment = vmp_rules_last_hop(run);
	bool link_down = vmp_run_nic(run)->link_up == VMP_NO;
	struct vmp_finding *finding;

	if (!segment || segment->lost == 0)
		return 0;
	finding = vmp_finding_add(&run->findings, "not-taken-by-guest", VMP_SEVERITY_CRITICAL, VMP_CONFIDENCE_CERTAIN,
				  link_down ? "all %llu of %llu packets reach %s, and QEMU throws them away: the link of this interface "
					      "is set down"
					    : "%llu of %llu packets reach %s and the guest does not take them",
				  (ull)segment->lost, (ull)segment->offered, vmp_run_hop_name(run, segment->from));
	if (!finding)
		return -ENOMEM;
	vmp_finding_place(finding, VMP_TO_GUEST, segment->from, segment->to);
	finding->packets = segment->lost;
	if (link_down) {
		vmp_finding_evidence(finding, "domain XML: <link state='down'/>; %llu packets of this trace were given to the backend",
				     (ull)segment->offered);
		vmp_finding_remedy(finding, "virsh domif-setlink %s %s up", run->guest.name, vmp_run_hop_name(run, segment->from));
		return 0;
	}
	add_queue_evidence(run, segment, finding);
	if (run->guest.state == VMP_GUEST_PAUSED)
		vmp_finding_remedy(finding, "virsh domstate --reason %s; virsh resume %s", run->guest.name, run->guest.name);
	else
		vmp_finding_remedy(finding, "virsh domstate --reason %s; virsh domstats --vcpu %s; look at the guest's driver; a queue "
				   "that only overflows in bursts is helped by: ip link set dev %s txqueuelen 10000",
				   run->guest.name, run->guest.name, vmp_run_hop_name(run, segment->from));
	return 0;
}

/* The backend dropped frames, and none of them is provably of this trace: others' perhaps, but nobody's loss is health. */
int vmp_rule_queue_drops(struct vmp_run *run)
{
	const struct vmp_segment *segment = vmp_rules_last_hop(run);
	const struct vmp_backend_gauge *gauge = &run->gauges.backend;
	struct vmp_finding *finding;

	if (!segment || segment->lost > 0 || !gauge->known || gauge->dropped == 0)
		return 0;
	finding = vmp_finding_add(&run->findings, "queue-drops", VMP_SEVERITY_WARNING, VMP_CONFIDENCE_CERTAIN,
				  "%s dropped %llu frames at its full queue: the guest does not take them fast enough",
				  vmp_run_hop_name(run, segment->from), (ull)gauge->dropped);
	if (!finding)
		return -ENOMEM;
	vmp_finding_place(finding, VMP_TO_GUEST, segment->from, segment->to);
	vmp_finding_evidence(finding, "whether packets of this trace are among them is not known: it has %llu of the %llu frames given to %s",
			     (ull)segment->offered, (ull)gauge->given, vmp_run_hop_name(run, segment->from));
	add_queue_evidence(run, segment, finding);
	vmp_finding_remedy(finding, "trace all traffic of the interface: leave out ADDRESS and -f; virsh domstats --vcpu %s; bursts are "
			   "helped by: ip link set dev %s txqueuelen 10000", run->guest.name, vmp_run_hop_name(run, segment->from));
	return 0;
}

/* Does the guest leave questions that reached it unanswered? */
static bool leaves_questions(const struct vmp_run *run)
{
	vmp_vec_foreach (exchange, &run->exchanges)
		if (exchange->direction == VMP_TO_GUEST && exchange->reached > exchange->answered)
			return true;
	return false;
}

/* The guest repeats a question although the answer reached its backend: it does not hear. */
int vmp_rule_guest_ignores_answers(struct vmp_run *run)
{
	const struct vmp_segment *last = vmp_rules_last_hop(run);

	for (size_t i = 0; i < run->exchanges.n; i++) {
		const struct vmp_exchange *exchange = &run->exchanges.v[i];
		char asked_of[VMP_IP_STRLEN], asker[VMP_IP_STRLEN];
		struct vmp_finding *finding;
		bool tool;

		if (exchange->direction != VMP_FROM_GUEST || exchange->asked_again < AGAIN_ASKED || !last)
			continue;
		tool = vmp_rules_tool_asks(exchange) && !leaves_questions(run);
		finding = vmp_finding_add(&run->findings, "guest-ignores-answers", tool ? VMP_SEVERITY_WARNING : VMP_SEVERITY_CRITICAL,
					  tool ? VMP_CONFIDENCE_WEAK : VMP_CONFIDENCE_LIKELY,
					  "the guest repeats %s although they are answered: its driver or network stack drops what it is given%s",
					  vmp_rules_questions(exchange->kind), tool ? ", unless a tool like arping asks on purpose" : "");
		if (!finding)
			return -ENOMEM;
		vmp_finding_place(finding, VMP_TO_GUEST, last->from, last->to);
		finding->packets = exchange->asked_again;
		vmp_finding_evidence(finding, "asked %llu times, answered %llu times; %llu times asked again after the answer had reached %s",
				     (ull)exchange->asked, (ull)exchange->answered, (ull)exchange->asked_again,
				     vmp_run_hop_name(run, last->from));
		vmp_finding_evidence(finding, "mostly: %s asks for %s", vmp_ip_format(&exchange->asker, asker),
				     vmp_ip_format(&exchange->asked_of, asked_of));
		vmp_finding_remedy(finding, "on the guest's console look at its network driver and packet filter; restarting its NIC is a "
				   "known cure: virsh domif-setlink %s %s down, then up", run->guest.name, vmp_run_hop_name(run, last->from));
	}
	return 0;
}

/* The guest asks for the very address it would have to answer, and nobody answers: then it cannot. */
static bool cannot_answer(const struct vmp_run *run, const struct vmp_exchange *unanswered)
{
	vmp_vec_foreach (exchange, &run->exchanges)
		if (exchange->direction == VMP_FROM_GUEST && exchange->reached > 0 && exchange->answered == 0 &&
		    (exchange->kind == VMP_EXCHANGE_ARP || exchange->kind == VMP_EXCHANGE_ND) &&
		    vmp_ip_equal(&exchange->asker, &unanswered->asked_of))
			return true;
	return false;
}

/* Questions of this kind that the guest really was handed: the last hop's loss is not silence. */
static bool was_handed_over(const struct vmp_run *run)
{
	const struct vmp_segment *last = vmp_rules_last_hop(run);

	return !last || last->offered == 0 || last->lost * 2 < last->offered;
}

/* Some questions may have been dropped at the full queue behind the last point: their missing answers say nothing. */
static bool dropped_on_the_way(const struct vmp_run *run, uint64_t unanswered)
{
	const struct vmp_segment *last = vmp_rules_last_hop(run);

	return last && run->gauges.backend.known && run->gauges.backend.dropped > 0 && last->lost + last->unsure >= unanswered;
}

/* A guest with much TCP traffic that leaves some connection attempts alone has a packet filter and is being scanned. */
static bool is_scanned(const struct vmp_run *run, const struct vmp_exchange *exchange)
{
	return exchange->kind == VMP_EXCHANGE_TCP_HANDSHAKE &&
	       run->observations.guest_tcp_packets > 10 * (exchange->reached - exchange->answered);
}

static int add_silence(struct vmp_run *run, const struct vmp_exchange *exchange)
{
	uint64_t unanswered = exchange->reached - exchange->answered;
	bool all = exchange->answered == 0 && !is_scanned(run, exchange), assumed = run->observations.address_assumed;
	const struct vmp_path_fact *xdp = vmp_rules_xdp(run, run->path.backend);
	bool doubt = !all || run->foreign || assumed || xdp || exchange->reached < SURE_ASKED;
	enum vmp_confidence confidence = doubt ? VMP_CONFIDENCE_LIKELY : VMP_CONFIDENCE_CERTAIN;
	int backend = run->path.backend, guest = vmp_rules_hop(run, VMP_ROLE_GUEST);
	char target[VMP_IP_STRLEN], asker[VMP_IP_STRLEN];
	struct vmp_finding *finding;

	if (exchange->reached < 2)
		confidence = VMP_CONFIDENCE_WEAK;
	finding = vmp_finding_add(&run->findings, all ? "guest-silent" : "guest-answers-partly",
				  all && confidence > VMP_CONFIDENCE_WEAK			? VMP_SEVERITY_CRITICAL
				  : !all && exchange->kind == VMP_EXCHANGE_TCP_HANDSHAKE ? VMP_SEVERITY_INFO
											 : VMP_SEVERITY_WARNING,
				  confidence, "the guest is given %llu %s and answers %llu of them%s", (ull)exchange->reached,
				  vmp_rules_questions(exchange->kind), (ull)exchange->answered,
				  xdp ? ", or an XDP program drops its answers" : "");
	if (!finding)
		return -ENOMEM;
	vmp_finding_place(finding, VMP_FROM_GUEST, guest, backend);
	finding->packets = unanswered;
	vmp_finding_evidence(finding, "asked at %s: %llu, answered: %llu; mostly %s asks %s", vmp_run_hop_name(run, backend),
			     (ull)exchange->reached, (ull)exchange->answered, vmp_ip_format(&exchange->asker, asker),
			     vmp_ip_format(&exchange->asked_of, target));
	if (run->gauges.backend.known && run->gauges.backend.counts_taken)
		vmp_finding_evidence(finding, "%s, all traffic: given %llu, taken by QEMU or vhost %llu, dropped %llu",
				     vmp_run_hop_name(run, backend), (ull)run->gauges.backend.given, (ull)run->gauges.backend.taken,
				     (ull)run->gauges.backend.dropped);
	if (xdp)
		vmp_finding_evidence(finding, "%s", xdp->detail);
	if (run->foreign)
		vmp_finding_evidence(finding, "from captures it cannot be told whether the guest took them");
	if (assumed)
		vmp_finding_evidence(finding, "that %s is the guest's own address is assumed: nothing in the traffic shows it",
				     vmp_ip_format(&run->address, target));
	vmp_finding_remedy(finding, "look inside the guest (virsh console %s): is its interface up, the address set, a packet filter "
			   "active, a service listening?", run->guest.name);
	return 0;
}

int vmp_rule_guest_silent(struct vmp_run *run)
{
	if (!was_handed_over(run) || run->path.backend < 0)
		return 0;
	for (size_t i = 0; i < run->exchanges.n; i++) {
		const struct vmp_exchange *exchange = &run->exchanges.v[i];
		uint64_t unanswered = exchange->reached - exchange->answered;

		if (exchange->direction != VMP_TO_GUEST || unanswered == 0 || cannot_answer(run, exchange))
			continue;
		/* The capture may have lost the answers. */
		if (unanswered <= vmp_rules_unseen(run, run->path.backend, VMP_FROM_GUEST))
			continue;
		/* A few missing answers among many are the guest's affair: rate limits, a busy listener. */
		if (exchange->answered > 0 && (unanswered < SURE_ASKED || unanswered * 10 < exchange->reached ||
					       dropped_on_the_way(run, unanswered)))
			continue;
		if (add_silence(run, exchange) < 0)
			return -ENOMEM;
	}
	return 0;
}

static bool sends_as_itself(const struct vmp_run *run)
{
	vmp_vec_foreach (segment, &run->segments)
		if (segment->direction == VMP_FROM_GUEST && segment->offered > 0)
			return true;
	return false;
}

int vmp_rule_foreign_macs(struct vmp_run *run)
{
	const struct vmp_observations *seen = &run->observations;
	char mac[VMP_MAC_STRLEN], own[VMP_MAC_STRLEN];
	struct vmp_finding *finding;

	vmp_mac_format(&run->path.guest_mac, own);
	if (seen->foreign_source_mac > 0 && run->path.has_guest_mac) {
		/* A guest that bridges or routes for others sends with its own MAC too; one whose MAC was changed does not. */
		finding = vmp_finding_add(&run->findings, "guest-uses-other-mac",
					  sends_as_itself(run) ? VMP_SEVERITY_INFO : VMP_SEVERITY_WARNING, VMP_CONFIDENCE_CERTAIN,
					  "the guest sends with another MAC (%s) than the domain XML says (%s)",
					  vmp_mac_format(&seen->foreign_source, mac), own);
		if (!finding)
			return -ENOMEM;
		vmp_finding_evidence(finding, "%llu frames out of %s; such frames are not followed", (ull)seen->foreign_source_mac,
				     vmp_run_hop_name(run, run->path.backend));
		vmp_finding_remedy(finding, "compare the MAC inside the guest with virsh domiflist %s", run->guest.name);
	}
	if (seen->from_outside_with_guest_mac > 0) {
		finding = vmp_finding_add(&run->findings, "guest-mac-from-outside", VMP_SEVERITY_WARNING, VMP_CONFIDENCE_LIKELY,
					  "frames with the guest's MAC (%s) come in from the network: a second owner of the MAC, or a loop",
					  own);
		if (!finding)
			return -ENOMEM;
		vmp_finding_evidence(finding, "%llu frames", (ull)seen->from_outside_with_guest_mac);
		vmp_finding_remedy(finding, "look for %s on the switches and on other hosts", own);
	}
	return 0;
}
