/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "evidence/reread.h"

#include "evidence/run_file.h"
#include "evidence/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <gcrypt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TRACE, INDEX, RUN, REPORT, TEXT, XML, SUMS, FILES };

static const struct {
	const char *name;
	bool needed;
} files[FILES] = {
	[TRACE] = {"trace.pcapng", true}, [INDEX] = {VMP_INDEX_NAME, true}, [RUN] = {"run.json", true},
	[REPORT] = {"report.json", false}, [TEXT] = {"report.txt", false}, [XML] = {"domain.xml", false},
	[SUMS] = {"SHA256SUMS", true},
};

#define RUN_MAX_BYTES  (256U << 20)
#define SUMS_MAX_BYTES 8192U
#define PIECE_BYTES    (256U << 10)

struct vmp_reread {
	int fd[FILES];
	FILE *index;
	bool begun;             /* the head of the index was read */
	unsigned long long row;
};

static int failed(struct vmp_err *err, const char *name)
{
	return vmp_err_set(err, errno, "evidence", name, "reading %s: %s", name, strerror(errno));
}

static int open_file(int dir_fd, const char *folder, size_t i, int *ret_fd, struct vmp_err *err)
{
	struct stat st;

	*ret_fd = openat(dir_fd, files[i].name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (*ret_fd < 0 && errno == ENOENT && !files[i].needed)
		return 0;
	if (*ret_fd < 0 && errno == ENOENT)
		return vmp_err_set(err, ENOENT, "evidence", folder,
				   "%s is no evidence folder of this version: it has no %s; captures are judged with: vmpath analyze "
				   "--mac MAC HOP=FILE HOP=FILE ...", folder, files[i].name);
	if (*ret_fd < 0)
		return vmp_err_set(err, errno, "evidence", folder, "opening %s/%s: %s", folder, files[i].name, strerror(errno));
	if (fstat(*ret_fd, &st) < 0 || !S_ISREG(st.st_mode))
		return vmp_err_set(err, EINVAL, "evidence", folder, "%s/%s is not a plain file", folder, files[i].name);
	return 0;
}

int vmp_reread_open(const char *folder, struct vmp_reread **ret_reread, struct vmp_err *err)
{
	struct vmp_reread *reread;
	int dir_fd, code = vmp_sink_init(err);

	if (code < 0)
		return code;
	dir_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd < 0)
		return vmp_err_set(err, errno, "evidence", folder, "opening the evidence folder %s: %s%s", folder, strerror(errno),
				   errno == ENOTDIR ? "; a capture file is named with its hop: eth0=FILE" : "");
	reread = calloc(1, sizeof(*reread));
	if (!reread) {
		close(dir_fd);
		return vmp_err_set(err, ENOMEM, "evidence", folder, "out of memory");
	}
	for (size_t i = 0; i < FILES; i++)
		reread->fd[i] = -1;
	for (size_t i = 0; i < FILES && code == 0; i++)
		code = open_file(dir_fd, folder, i, &reread->fd[i], err);
	close(dir_fd);
	if (code < 0) {
		vmp_reread_close(reread);
		return code;
	}
	*ret_reread = reread;
	return 0;
}

/* A whole file, with a NUL behind it. Caller frees. */
static int read_whole(int fd, const char *name, size_t most, char **ret_text, size_t *ret_len, struct vmp_err *err)
{
	size_t len = 0, cap = 0;
	char *text = NULL;

	for (;;) {
		ssize_t got;

		if (len + 1 >= cap) {
			char *grown = realloc(text, cap = cap ? cap * 2 : 16384);

			if (!grown) {
				free(text);
				return vmp_err_set(err, ENOMEM, "evidence", name, "reading %s: out of memory", name);
			}
			text = grown;
		}
		got = pread(fd, text + len, cap - len - 1, (off_t)len);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 || len > most) {
			free(text);
			return got < 0 ? failed(err, name)
				       : vmp_err_set(err, EFBIG, "evidence", name, "reading %s: it is larger than %zu bytes", name, most);
		}
		if (got == 0)
			break;
		len += (size_t)got;
	}
	text[len] = '\0';
	*ret_text = text;
	*ret_len = len;
	return 0;
}

static int hash_file(int fd, const char *name, char ret_hex[VMP_SHA256_STRLEN], struct vmp_err *err)
{
	unsigned char *piece = malloc(PIECE_BYTES);
	const unsigned char *digest;
	gcry_md_hd_t hash = NULL;
	off_t at = 0;
	ssize_t got = 0;

	if (!piece || gcry_md_open(&hash, GCRY_MD_SHA256, 0) != 0) {
		free(piece);
		return vmp_err_set(err, ENOMEM, "evidence", name, "reading %s: out of memory", name);
	}
	while ((got = pread(fd, piece, PIECE_BYTES, at)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			break;
		gcry_md_write(hash, piece, (size_t)got);
		at += got;
	}
	free(piece);
	digest = got == 0 ? gcry_md_read(hash, GCRY_MD_SHA256) : NULL;
	for (size_t i = 0; digest && i < 32; i++)
		snprintf(ret_hex + 2 * i, 3, "%02x", digest[i]);
	gcry_md_close(hash);
	return digest ? 0 : failed(err, name);
}

/* The line of a file in SHA256SUMS begins here; NULL: it has none. */
static const char *find_sum(const char *sums, const char *name)
{
	size_t len = strlen(name);

	for (const char *line = sums; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
		if (strspn(line, "0123456789abcdef") == 64 && strncmp(line + 64, "  ", 2) == 0 &&
		    strncmp(line + 66, name, len) == 0 && (line[66 + len] == '\n' || line[66 + len] == '\0'))
			return line;
	return NULL;
}

int vmp_reread_check(struct vmp_reread *reread, struct vmp_err *err)
{
	char hex[VMP_SHA256_STRLEN];
	size_t len;
	char *sums;
	int code = read_whole(reread->fd[SUMS], files[SUMS].name, SUMS_MAX_BYTES, &sums, &len, err);

	for (size_t i = 0; code == 0 && i < SUMS; i++) {
		const char *line = find_sum(sums, files[i].name);

		if (reread->fd[i] < 0 && !line)
			continue;
		if (reread->fd[i] >= 0 && line)
			code = hash_file(reread->fd[i], files[i].name, hex, err);
		if (code == 0 && (reread->fd[i] < 0 || !line || strncmp(line, hex, 64) != 0))
			code = vmp_err_set(err, EILSEQ, "evidence", files[i].name,
					   "%s is %s: the folder cannot be judged as evidence; the packets alone can, with: vmpath analyze --mac MAC "
					   "HOP=FILE HOP=FILE ...", files[i].name, reread->fd[i] < 0 ? "missing, though SHA256SUMS has it" :
					   line ? "not what SHA256SUMS says" : "not in SHA256SUMS");
	}
	free(sums);
	return code;
}

int vmp_reread_run(struct vmp_reread *reread, struct vmp_run *run, struct vmp_err *err)
{
	size_t len;
	char *text;
	int code = read_whole(reread->fd[RUN], files[RUN].name, RUN_MAX_BYTES, &text, &len, err);

	if (code < 0)
		return code;
	code = vmp_run_file_read(text, len, run, err);
	free(text);
	return code;
}

int vmp_reread_next(struct vmp_reread *reread, size_t n_points, struct vmp_index_row *ret_row, struct vmp_err *err)
{
	uint8_t bytes[VMP_INDEX_ROW_BYTES];
	size_t got;

	if (!reread->index) {
		reread->index = fdopen(reread->fd[INDEX], "rb");
		if (!reread->index)
			return failed(err, VMP_INDEX_NAME);
		reread->fd[INDEX] = -1;
		if (fread(bytes, 1, VMP_INDEX_HEAD_BYTES, reread->index) != VMP_INDEX_HEAD_BYTES || !vmp_index_is_head(bytes))
			return vmp_err_set(err, EINVAL, "evidence", VMP_INDEX_NAME,
					   "reading " VMP_INDEX_NAME ": its head is not one that this version writes");
	}
	got = fread(bytes, 1, sizeof(bytes), reread->index);
	if (got == 0 && !ferror(reread->index))
		return 0;
	if (got != sizeof(bytes) || !vmp_index_get(bytes, n_points, ret_row))
		return vmp_err_set(err, EINVAL, "evidence", VMP_INDEX_NAME, "reading " VMP_INDEX_NAME ": row %llu is %s", reread->row,
				   got == sizeof(bytes) ? "not as vmpath writes it" : "cut off");
	reread->row++;
	return 1;
}

int vmp_reread_take_trace(struct vmp_reread *reread)
{
	int fd = reread->fd[TRACE];

	reread->fd[TRACE] = -1;
	return fd;
}

void vmp_reread_close(struct vmp_reread *reread)
{
	if (!reread)
		return;
	for (size_t i = 0; i < FILES; i++)
		if (reread->fd[i] >= 0)
			close(reread->fd[i]);
	if (reread->index)
		fclose(reread->index);
	free(reread);
}
