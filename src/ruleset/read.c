/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ruleset/ruleset.h"

#include <errno.h>
#include <string.h>

#ifdef HAVE_LIBNFTABLES

#include <nftables/libnftables.h>

/* Numbers are enough for what is read by a machine; names would be asked of the name service for every rule. */
static const unsigned int json_flags = NFT_CTX_OUTPUT_JSON | NFT_CTX_OUTPUT_HANDLE | NFT_CTX_OUTPUT_NUMERIC_PROTO;
static const unsigned int text_flags = NFT_CTX_OUTPUT_HANDLE;

bool vmp_ruleset_is_built_in(void)
{
	return true;
}

/* The first line of what it complains of. */
static int list_failed(struct nft_ctx *ctx, int code, struct vmp_err *err)
{
	const char *words = nft_ctx_get_error_buffer(ctx);
	size_t len = words ? strcspn(words, "\n") : 0;

	if (code == EPERM || (words && strstr(words, "Operation not permitted")))
		return vmp_err_set(err, EPERM, "ruleset", NULL, "the kernel tells it only to who has CAP_NET_ADMIN");
	return vmp_err_set(err, EIO, "ruleset", NULL, "libnftables says: %.*s", len ? (int)len : 7, len ? words : "nothing");
}

static int list(unsigned int flags, struct vmp_buf *out, struct vmp_err *err)
{
	struct nft_ctx *ctx = nft_ctx_new(NFT_CTX_DEFAULT);
	const char *text;
	int code = 0;

	if (!ctx)
		return vmp_err_set(err, ENOMEM, "ruleset", NULL, "out of memory");
	nft_ctx_output_set_flags(ctx, flags);
	if (nft_ctx_buffer_output(ctx) != 0 || nft_ctx_buffer_error(ctx) != 0)
		code = vmp_err_set(err, ENOMEM, "ruleset", NULL, "out of memory");
	errno = 0;
	if (code == 0 && nft_run_cmd_from_buffer(ctx, "list ruleset") != 0)
		code = list_failed(ctx, errno, err);
	text = code == 0 ? nft_ctx_get_output_buffer(ctx) : NULL;
	if (text)
		vmp_buf_add(out, text, strlen(text));
	nft_ctx_free(ctx);
	return code;
}

int vmp_ruleset_list(void *context, struct vmp_buf *out, struct vmp_err *err)
{
	(void)context;
	return list(json_flags, out, err);
}

int vmp_ruleset_list_text(void *context, struct vmp_buf *out, struct vmp_err *err)
{
	(void)context;
	return list(text_flags, out, err);
}

#else

bool vmp_ruleset_is_built_in(void)
{
	return false;
}

int vmp_ruleset_list(void *context, struct vmp_buf *out, struct vmp_err *err)
{
	(void)context;
	(void)out;
	return vmp_err_set(err, ENOSYS, "ruleset", NULL, "this vmpath was built without libnftables");
}

int vmp_ruleset_list_text(void *context, struct vmp_buf *out, struct vmp_err *err)
{
	return vmp_ruleset_list(context, out, err);
}

#endif
