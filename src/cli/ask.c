/* SPDX-License-Identifier: GPL-2.0-or-later */
/* --agent and --qemu-monitor: their price, and when they are asked. */
#include "base/str.h"
#include "cli/trace.h"

#include <errno.h>
#include <stdio.h>

/* Before it is done, and whoever reads the report later has to know as well. */
static void say_price(struct vmp_run *run, bool asked, const char *option, const char *whom, const char *mark)
{
	struct vmp_buf name = {0};

	if (!asked)
		return;
	vmp_buf_escape(&name, run->guest.name);
	fprintf(stderr, "vmpath: %s: asking %s of guest %s: libvirt is opened for writing, logs it, and marks the guest as tainted (%s) until it is "
		"stopped\n", option, whom, name.s ? name.s : "?", mark);
	vmp_buf_clear(&name);
	vmp_run_note(run, "%s: %s was asked, for which libvirt marks the guest as tainted (%s) until it is stopped", option, whom, mark);
}

/* What comes back is only kept: the guest wrote it, and this is root still. */
int vmp_trace_ask_guest(struct vmp_trace *trace, struct vmp_err *err)
{
	const struct vmp_options *options = trace->options;
	const struct vmp_nic *nic = vmp_run_nic(&trace->run);
	struct vmp_inquiry_conf conf = {
		.uri = options->uri, .uuid = trace->run.guest.uuid, .alias = nic->alias, .agent = options->agent,
		.monitor = options->qemu_monitor, .queues = nic->type != VMP_NIC_VHOSTUSER, .pairs = nic->has_queues ? nic->queues : 1,
	};
	int code;

	if (!conf.agent && !conf.monitor)
		return 0;
	say_price(&trace->run, conf.agent, "--agent", "the guest's agent", "custom-ga-command");
	say_price(&trace->run, conf.monitor, "--qemu-monitor", "QEMU's monitor", "custom-monitor");
	code = vmp_inquiry_start(&conf, &trace->inquiry, err);
	if (code < 0)
		return code;
	return vmp_inquiry_ask(trace->inquiry, false) < 0 ? vmp_err_set(err, ENOMEM, "cli", NULL, "out of memory") : 0;
}

int vmp_trace_ask_guest_again(struct vmp_trace *trace)
{
	if (!trace->inquiry)
		return 0;
	return vmp_inquiry_ask(trace->inquiry, true) < 0 || vmp_inquiry_tell(trace->inquiry, &trace->run) < 0 ? -ENOMEM : 0;
}
