/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmpath list: the guests, their interfaces, backends and addresses. */
#include "base/log.h"
#include "cli/cmd.h"
#include "domain/domain.h"
#include "host/host.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static int print_list(const struct vmp_options *options, const char *uri, const vmp_guests *guests)
{
	char host_name[256] = "";
	struct vmp_listing listing = {.host_name = host_name, .uri = uri, .guests = guests->v, .n_guests = guests->n};
	struct vmp_report_style style;
	struct vmp_buf text = {0};
	int code;

	gethostname(host_name, sizeof(host_name) - 1);
	vmp_cmd_style(options, &style);
	code = vmp_cmd_format(options)->list(&listing, &style, &text);
	if (code < 0) {
		struct vmp_err err = {0};

		vmp_err_set(&err, -code, "cli", uri, "writing the list of guests: out of memory");
		vmp_cmd_fail(&err);
	} else {
		code = vmp_cmd_print(&text);
	}
	vmp_buf_clear(&text);
	return code < 0 ? VMP_EXIT_UNKNOWN : VMP_EXIT_OK;
}

/* What the host's own neighbour table knows. A list without it is still a list. */
static void add_neighbours(vmp_guests *guests)
{
	struct vmp_host_reader *reader = NULL;
	struct vmp_host host = {0};
	struct vmp_err err = {0};
	int code = vmp_host_open(&reader, &err);

	if (code == 0)
		code = vmp_host_read(reader, &host, &err);
	if (code < 0)
		vmp_log(VMP_LOG_WARN, "addresses from the neighbour table are missing: %s", err.message);
	vmp_vec_foreach (guest, guests)
		vmp_host_learn_addresses(&host, guest);
	vmp_host_clear(&host);
	vmp_host_close(reader);
}

int vmp_cmd_list(const struct vmp_options *options)
{
	struct vmp_domain *domain = NULL;
	vmp_guests guests = {0};
	struct vmp_err err = {0};
	int status;

	if (vmp_domain_open(options->uri, &domain, &err) < 0)
		return vmp_cmd_fail(&err);
	if (vmp_domain_list(domain, &guests, &err) < 0) {
		status = vmp_cmd_fail(&err);
	} else {
		add_neighbours(&guests);
		status = print_list(options, vmp_domain_uri(domain), &guests);
	}
	vmp_vec_foreach (guest, &guests)
		vmp_guest_clear(guest);
	vmp_vec_free(&guests);
	vmp_domain_close(domain);
	return status;
}
