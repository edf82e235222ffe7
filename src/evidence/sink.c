/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "evidence/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <gcrypt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct vmp_sink {
	int fd;
	int failed;                 /* negative errno of the first failure */
	char name[64];
	uint8_t *buf;
	size_t len, cap;
	uint64_t total;
	gcry_md_hd_t hash;
};

int vmp_sink_init(struct vmp_err *err)
{
	/* Another library of this process may have started it already. No secrets are hashed: no locked memory is needed. */
	if (!gcry_control(GCRYCTL_INITIALIZATION_FINISHED_P)) {
		if (!gcry_check_version(NULL))
			return vmp_err_set(err, ENOSYS, "evidence", "SHA-256",
					   "preparing the evidence's checksums: libgcrypt does not start");
		gcry_control(GCRYCTL_DISABLE_SECMEM, 0);
		gcry_control(GCRYCTL_INITIALIZATION_FINISHED, 0);
	}
	if (gcry_md_test_algo(GCRY_MD_SHA256))
		return vmp_err_set(err, ENOSYS, "evidence", "SHA-256",
				   "preparing the evidence's checksums: libgcrypt offers no SHA-256");
	return 0;
}

/* Names are put into SHA256SUMS as they are, where a backslash or a newline would need quoting. */
static bool name_is_plain(const char *name)
{
	if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return false;
	for (const char *p = name; *p; p++)
		if (*p == '/' || *p == '\\' || (unsigned char)*p < 0x20 || *p == 0x7f)
			return false;
	return strlen(name) < sizeof(((struct vmp_sink *)0)->name);
}

int vmp_sink_open(int dir_fd, const char *name, size_t buffer_bytes, struct vmp_sink **ret_sink, struct vmp_err *err)
{
	struct vmp_sink *sink;
	int code;

	if (!name_is_plain(name))
		return vmp_err_set(err, EINVAL, "evidence", name, "creating a file of the evidence: its name is not a plain one");
	sink = calloc(1, sizeof(*sink));
	if (!sink)
		return vmp_err_set(err, ENOMEM, "evidence", name, "creating %s: out of memory", name);
	sink->fd = -1;
	sink->cap = buffer_bytes;
	sink->buf = malloc(buffer_bytes);
	snprintf(sink->name, sizeof(sink->name), "%s", name);
	if (!sink->buf || gcry_md_open(&sink->hash, GCRY_MD_SHA256, 0)) {
		vmp_sink_free(sink);
		return vmp_err_set(err, ENOMEM, "evidence", name, "creating %s: out of memory", name);
	}
	sink->fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (sink->fd < 0) {
		code = errno;
		vmp_sink_free(sink);
		return vmp_err_set(err, code, "evidence", name, "creating %s in the evidence folder: %s", name, strerror(code));
	}
	*ret_sink = sink;
	return 0;
}

static int fail(struct vmp_sink *sink, int code, struct vmp_err *err)
{
	const char *advice = code == ENOSPC || code == EDQUOT || code == EFBIG
				     ? "; make room there or name another folder" : "";

	sink->failed = -code;
	return vmp_err_set(err, code, "evidence", sink->name, "writing %s of the evidence: %s%s", sink->name, strerror(code),
			   advice);
}

/* Write and hash what the buffer holds. */
static int flush(struct vmp_sink *sink, struct vmp_err *err)
{
	size_t done = 0;

	while (done < sink->len) {
		ssize_t n = write(sink->fd, sink->buf + done, sink->len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return fail(sink, n < 0 ? errno : EIO, err);
		done += (size_t)n;
	}
	gcry_md_write(sink->hash, sink->buf, sink->len);
	sink->len = 0;
	return 0;
}

int vmp_sink_write(struct vmp_sink *sink, const void *data, size_t len, struct vmp_err *err)
{
	const uint8_t *from = data;

	if (sink->failed)
		return fail(sink, -sink->failed, err);
	while (len > 0) {
		size_t part = len < sink->cap - sink->len ? len : sink->cap - sink->len;
		int result;

		memcpy(sink->buf + sink->len, from, part);
		sink->len += part;
		sink->total += part;
		from += part;
		len -= part;
		if (sink->len < sink->cap)
			continue;
		result = flush(sink, err);
		if (result < 0)
			return result;
	}
	return 0;
}

uint64_t vmp_sink_total(const struct vmp_sink *sink)
{
	return sink->total;
}

int vmp_sink_finish(struct vmp_sink *sink, char ret_hex[VMP_SHA256_STRLEN], struct vmp_err *err)
{
	const unsigned char *digest;
	int result, fd = sink->fd;

	if (sink->failed)
		return fail(sink, -sink->failed, err);
	result = flush(sink, err);
	if (result < 0)
		return result;
	if (fsync(fd) < 0)
		return fail(sink, errno, err);
	sink->fd = -1;
	/* A network file system may tell of a full disk only here. */
	if (close(fd) < 0)
		return fail(sink, errno, err);
	digest = gcry_md_read(sink->hash, GCRY_MD_SHA256);
	for (int i = 0; i < 32; i++)
		snprintf(ret_hex + 2 * i, 3, "%02x", digest[i]);
	return 0;
}

void vmp_sink_free(struct vmp_sink *sink)
{
	if (!sink)
		return;
	if (sink->fd >= 0)
		close(sink->fd);
	if (sink->hash)
		gcry_md_close(sink->hash);
	free(sink->buf);
	free(sink);
}
