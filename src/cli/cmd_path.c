/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmpath path: the hops of each interface, and what is already wrong with them, without capturing a packet. */
#include "cli/cmd.h"
#include "cli/hints.h"
#include "domain/domain.h"
#include "domain/select.h"
#include "domain/xml.h"
#include "finding/finding.h"
#include "host/host.h"

#include <errno.h>
#include <stdlib.h>

struct path_job {
	const struct vmp_options *options;
	struct vmp_domain *domain;      /* NULL: the guest came from a file */
	struct vmp_guest guest;
	struct vmp_host host;
	struct vmp_hints hints;
	struct vmp_path *paths;         /* by NIC */
	vmp_findings *findings;         /* by NIC */
};

static int find_guest(struct path_job *job, struct vmp_err *err)
{
	const struct vmp_options *options = job->options;
	int code;

	if (options->domain_xml && options->n_args > 0)
		return vmp_err_set(err, EINVAL, "cli", options->args[0],
				   "\"%s\" is one word too many: with --domain-xml no GUEST is given", options->args[0]);
	if (options->domain_xml)
		return vmp_domain_xml_read(options->domain_xml, &job->guest, NULL, err);
	if (options->n_args == 0)
		return vmp_err_set(err, EINVAL, "cli", NULL, "which guest? usage: vmpath path GUEST; see vmpath list");
	code = vmp_domain_open(options->uri, &job->domain, err);
	return code < 0 ? code : vmp_domain_find(job->domain, options->args[0], &job->guest, NULL, err);
}

/* With -i only that interface is left. */
static int choose_nic(struct path_job *job, struct vmp_err *err)
{
	struct vmp_guest *guest = &job->guest;
	struct vmp_nic chosen;
	size_t which = 0;
	int code;

	if (!job->options->interface)
		return 0;
	code = vmp_nic_select(guest, job->options->interface, NULL, &which, err);
	if (code < 0)
		return code;
	chosen = guest->nics.v[which];
	for (size_t i = 0; i < guest->nics.n; i++)
		if (i != which)
			vmp_nic_clear(&guest->nics.v[i]);
	guest->nics.v[0] = chosen;
	guest->nics.n = 1;
	return 0;
}

static int read_host(struct path_job *job, struct vmp_err *err)
{
	struct vmp_host_reader *reader = NULL;
	int code = vmp_host_open(&reader, err);

	if (code == 0)
		code = vmp_host_read(reader, &job->host, err);
	vmp_host_close(reader);
	if (code == 0 && vmp_host_learn_addresses(&job->host, &job->guest) < 0)
		return vmp_err_set(err, ENOMEM, "cli", NULL, "out of memory");
	return code;
}

static int walk_paths(struct path_job *job, struct vmp_err *err)
{
	size_t n = job->guest.nics.n;

	job->paths = calloc(n ? n : 1, sizeof(*job->paths));
	job->findings = calloc(n ? n : 1, sizeof(*job->findings));
	if (!job->paths || !job->findings)
		return vmp_err_set(err, ENOMEM, "cli", NULL, "out of memory");
	vmp_hints_read(&job->hints, job->domain);
	for (size_t i = 0; i < n; i++) {
		const struct vmp_nic *nic = &job->guest.nics.v[i];
		int code;

		vmp_hints_for_nic(&job->hints, job->domain, nic);
		code = vmp_path_build(&job->guest, i, &job->host, &job->hints.path, &job->paths[i], err);
		if (code < 0)
			return code;
		if (vmp_finding_from_path(&job->paths[i], &job->guest, nic, &job->findings[i]) < 0)
			return vmp_err_set(err, ENOMEM, "cli", NULL, "out of memory");
	}
	return 0;
}

static int print_paths(const struct path_job *job, struct vmp_err *err)
{
	struct vmp_listing listing = {.host_name = job->host.name, .uri = job->domain ? vmp_domain_uri(job->domain) : NULL,
				      .guests = &job->guest, .n_guests = 1, .paths = job->paths,
				      .path_findings = job->findings};
	struct vmp_report_style style;
	struct vmp_buf text = {0};
	int code;

	vmp_cmd_style(job->options, &style);
	code = vmp_cmd_format(job->options)->path(&listing, &style, &text);
	if (code < 0)
		vmp_err_set(err, -code, "cli", job->guest.name, "writing the path of guest %s: out of memory",
			    job->guest.name ? job->guest.name : "?");
	else if (vmp_cmd_print(&text) < 0)
		code = -EIO; /* said already */
	vmp_buf_clear(&text);
	return code;
}

/* What the paths say; a guest that does not run has none, whatever else was told. */
static int exit_status(const struct path_job *job)
{
	const struct vmp_guest *guest = &job->guest;
	int status = VMP_EXIT_OK;

	if (guest->state == VMP_GUEST_SHUTOFF || guest->state == VMP_GUEST_CRASHED) {
		struct vmp_err err = {0};

		vmp_err_set(&err, ESRCH, "cli", guest->name, "guest %s is not running (%s), so it has no path; start it: virsh start %s",
			    guest->name, vmp_guest_state_name(guest->state), guest->name);
		return vmp_cmd_fail(&err);
	}
	for (size_t i = 0; i < guest->nics.n; i++) {
		int one = vmp_findings_exit_status(&job->findings[i]);

		status = one > status ? one : status;
	}
	return status;
}

static void clear_job(struct path_job *job)
{
	for (size_t i = 0; i < job->guest.nics.n; i++) {
		if (job->paths)
			vmp_path_clear(&job->paths[i]);
		if (job->findings)
			vmp_findings_clear(&job->findings[i]);
	}
	free(job->paths);
	free(job->findings);
	vmp_hints_clear(&job->hints);
	vmp_host_clear(&job->host);
	vmp_guest_clear(&job->guest);
	vmp_domain_close(job->domain);
}

int vmp_cmd_path(const struct vmp_options *options)
{
	static int (*const steps[])(struct path_job *job, struct vmp_err *err) = {find_guest, choose_nic, read_host, walk_paths};
	struct path_job job = {.options = options};
	struct vmp_err err = {0};
	int code = 0, status;

	for (size_t i = 0; code == 0 && i < sizeof(steps) / sizeof(*steps); i++)
		code = steps[i](&job, &err);
	if (code == 0)
		code = print_paths(&job, &err);
	if (code == 0)
		status = exit_status(&job);
	else
		status = err.code ? vmp_cmd_fail(&err) : VMP_EXIT_UNKNOWN;
	clear_job(&job);
	return status;
}
