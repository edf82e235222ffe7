/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmpath doctor: what this host lets be seen, and what each missing thing costs in answers. Changes nothing. */
#include "capture/capture.h"
#include "cause/cause.h"
#include "cli/cmd.h"
#include "domain/domain.h"
#include "evidence/evidence.h"
#include "finding/doctor.h"
#include "guard/guard.h"
#include "host/kernel.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>

#define EVIDENCE_DIR "/var/tmp"
#define EVIDENCE_BYTES (64ULL << 20) /* a trace does not begin with less */

static void ask_libvirt(const char *uri, struct vmp_probe *probe)
{
	struct vmp_domain *domain = NULL;
	vmp_guests guests = {0};
	struct vmp_err err = {0};
	size_t running = 0;

	if (vmp_domain_open(uri, &domain, &err) < 0 || vmp_domain_list(domain, &guests, &err) < 0) {
		vmp_probe_set(probe, VMP_NO, "%s", err.message);
	} else {
		vmp_vec_foreach (guest, &guests)
			running += guest->state == VMP_GUEST_RUNNING || guest->state == VMP_GUEST_BLOCKED;
		vmp_probe_set(probe, VMP_YES, "%s, read-only: %zu guest%s, %zu running", vmp_domain_uri(domain), guests.n,
			      guests.n == 1 ? "" : "s", running);
	}
	vmp_vec_foreach (guest, &guests)
		vmp_guest_clear(guest);
	vmp_vec_free(&guests);
	vmp_domain_close(domain);
}

static void look_for_space(struct vmp_probe *probe)
{
	struct vmp_err err = {0};

	if (vmp_evidence_check_space(EVIDENCE_DIR, EVIDENCE_BYTES, &err) < 0)
		vmp_probe_set(probe, VMP_NO, "%s", err.message);
	else
		vmp_probe_set(probe, VMP_YES, "64 MiB or more are free");
}

/* Loads what a trace would load, and ends it again: lockdown and security modules may refuse what capabilities allow. */
static void look_for_bpf(struct vmp_probe *probe)
{
	struct vmp_err err = {0};

	if (vmp_drop_watch_probe(&err) < 0)
		vmp_probe_set(probe, VMP_NO, "%s", err.message);
	else
		vmp_probe_set(probe, VMP_YES, "the program loads");
}

/* What is asked of netfilter is refused to others. */
static void need_admin(bool is_admin, struct vmp_probe *probe)
{
	if (!is_admin && probe->there == VMP_YES)
		vmp_probe_set(probe, VMP_NO, "needs CAP_NET_ADMIN");
}

static void look(const struct vmp_options *options, const char *release, struct vmp_probe probes[VMP_SIGHTS])
{
	bool is_admin;

	vmp_kernel_read("", release, probes);
	vmp_kernel_ask(probes);
	vmp_capture_probe(&probes[VMP_SIGHT_PACKET_SOCKETS]);
	is_admin = vmp_guard_probe(probes);
	look_for_bpf(&probes[VMP_SIGHT_BPF]);
	look_for_space(&probes[VMP_SIGHT_SPACE]);
	need_admin(is_admin, &probes[VMP_SIGHT_NFTABLES]);
	need_admin(is_admin, &probes[VMP_SIGHT_CONNTRACK]);
	ask_libvirt(options->uri, &probes[VMP_SIGHT_LIBVIRT]);
}

int vmp_cmd_doctor(const struct vmp_options *options)
{
	static struct vmp_checkup checkup;
	struct vmp_report_style style;
	struct vmp_buf text = {0};
	struct utsname name = {0};
	int code;

	uname(&name);
	snprintf(checkup.host, sizeof(checkup.host), "%s", name.nodename);
	snprintf(checkup.kernel, sizeof(checkup.kernel), "%s", name.release);
	look(options, name.release, checkup.probes);
	vmp_doctor_judge(&checkup);
	vmp_cmd_style(options, &style);
	code = vmp_cmd_format(options)->doctor(&checkup, &style, &text);
	if (code < 0) {
		struct vmp_err err = {0};

		vmp_err_set(&err, -code, "cli", NULL, "writing what this host lets be seen: out of memory");
		vmp_cmd_fail(&err);
	} else {
		code = vmp_cmd_print(&text);
	}
	vmp_buf_clear(&text);
	return code < 0 ? VMP_EXIT_UNKNOWN : vmp_doctor_exit_status(&checkup);
}
