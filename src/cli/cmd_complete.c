/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmpath __complete: the words that contrib/completion asks for, one a line; quiet when there is nothing to say. */
#include "cli/cmd.h"
#include "domain/domain.h"
#include "finding/catalogue.h"

#include <stdlib.h>
#include <string.h>

/* A word with a control character in it cannot be one line, and no terminal should get it. */
static void add_word(struct vmp_buf *text, const char *word)
{
	for (const char *p = word; p && *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return;
	if (word && *word)
		vmp_buf_printf(text, "%s\n", word);
}

static int add_guests(struct vmp_domain *domain, const char *unused, struct vmp_buf *text, struct vmp_err *err)
{
	vmp_guests guests = {0};
	int code = vmp_domain_list(domain, &guests, err);

	(void)unused;
	vmp_vec_foreach (guest, &guests) {
		add_word(text, guest->name);
		vmp_guest_clear(guest);
	}
	vmp_vec_free(&guests);
	return code;
}

static int add_interfaces(struct vmp_domain *domain, const char *name, struct vmp_buf *text, struct vmp_err *err)
{
	struct vmp_guest guest = {0};
	char mac[VMP_MAC_STRLEN];
	int code = name ? vmp_domain_find(domain, name, &guest, NULL, err) : 0;

	vmp_vec_foreach (nic, &guest.nics) {
		add_word(text, nic->alias);
		add_word(text, nic->target);
		if (nic->has_mac)
			add_word(text, vmp_mac_format(&nic->mac, mac));
	}
	vmp_guest_clear(&guest);
	return code;
}

static int add_codes(struct vmp_domain *unused, const char *unused_too, struct vmp_buf *text, struct vmp_err *err)
{
	const struct vmp_code *code;

	(void)unused, (void)unused_too, (void)err;
	for (size_t i = 0; (code = vmp_catalogue_at(i)); i++)
		add_word(text, code->code);
	return 0;
}

static const struct kind {
	const char *what;
	bool asks_libvirt;
	int (*add)(struct vmp_domain *domain, const char *argument, struct vmp_buf *text, struct vmp_err *err);
} kinds[] = {
	{"guests", true, add_guests},
	{"interfaces", true, add_interfaces},
	{"codes", false, add_codes},
};

int vmp_cmd_complete(const struct vmp_options *options)
{
	const struct kind *kind = NULL;
	struct vmp_domain *domain = NULL;
	struct vmp_buf text = {0};
	struct vmp_err err = {0};
	int code = 0;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (strcmp(options->args[0], kinds[i].what) == 0)
			kind = &kinds[i];
	if (!kind)
		return VMP_EXIT_UNKNOWN;
	if (kind->asks_libvirt)
		code = vmp_domain_open(options->uri, &domain, &err);
	if (code == 0)
		code = kind->add(domain, options->n_args > 1 ? options->args[1] : NULL, &text, &err);
	vmp_domain_close(domain);
	if (code == 0)
		code = vmp_cmd_print(&text);
	vmp_buf_clear(&text);
	return code < 0 ? VMP_EXIT_UNKNOWN : VMP_EXIT_OK;
}
