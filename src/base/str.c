/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/str.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool buf_reserve(struct vmp_buf *buf, size_t more)
{
	size_t want = buf->cap ? buf->cap : 64;
	char *grown;

	if (buf->oom || more > SIZE_MAX / 2 - buf->len)
		return !(buf->oom = true);
	if (buf->len + more + 1 <= buf->cap)
		return true;
	while (want < buf->len + more + 1)
		want *= 2;
	grown = realloc(buf->s, want);
	if (!grown)
		return !(buf->oom = true);
	buf->s = grown;
	buf->cap = want;
	return true;
}

void vmp_buf_add(struct vmp_buf *buf, const char *bytes, size_t len)
{
	if (!buf_reserve(buf, len))
		return;
	memcpy(buf->s + buf->len, bytes, len);
	buf->len += len;
	buf->s[buf->len] = '\0';
}

static __attribute__((format(printf, 2, 0))) void buf_vprintf(struct vmp_buf *buf, const char *fmt, va_list ap)
{
	va_list again;
	int len;

	va_copy(again, ap);
	len = vsnprintf(NULL, 0, fmt, ap);
	if (len < 0 || !buf_reserve(buf, (size_t)len)) {
		buf->oom = true;
	} else {
		vsnprintf(buf->s + buf->len, (size_t)len + 1, fmt, again);
		buf->len += (size_t)len;
	}
	va_end(again);
}

void vmp_buf_printf(struct vmp_buf *buf, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(buf, fmt, ap);
	va_end(ap);
}

size_t vmp_utf8_decode(const char *text, uint32_t *ret_code)
{
	const unsigned char *p = (const unsigned char *)text;
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t len = *p < 0x80 ? 1 : *p >= 0xf0 && *p < 0xf5 ? 4 : *p >= 0xe0 && *p < 0xf0 ? 3 : *p >= 0xc2 && *p < 0xe0 ? 2 : 0;
	uint32_t code;

	if (len == 0)
		return 0;
	code = len == 1 ? *p : *p & (0xffU >> (len + 1));
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (p[i] & 0x3fU);
	}
	if (code < least[len] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		return 0;
	*ret_code = code;
	return len;
}

bool vmp_utf8_is_unsafe(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x61c || (code >= 0x200b && code <= 0x200f) ||
	       (code >= 0x2028 && code <= 0x202e) || (code >= 0x2060 && code <= 0x2069) || code == 0xfeff ||
	       (code >= 0xfff9 && code <= 0xfffb) || (code >= 0xe0000 && code <= 0xe007f);
}

void vmp_buf_escape(struct vmp_buf *buf, const char *text)
{
	const char *p = text;

	while (p && *p) {
		uint32_t code = 0;
		size_t len = vmp_utf8_decode(p, &code);

		if (len == 0 || (vmp_utf8_is_unsafe(code) && code < 0x80)) {
			vmp_buf_printf(buf, "\\x%02x", (unsigned int)(unsigned char)*p);
			len = 1;
		} else if (vmp_utf8_is_unsafe(code)) {
			vmp_buf_printf(buf, "\\u{%04x}", (unsigned int)code);
		} else {
			vmp_buf_add(buf, p, len);
		}
		p += len;
	}
}

char *vmp_buf_take(struct vmp_buf *buf)
{
	char *s;

	if (!buf->s)
		vmp_buf_add(buf, "", 0);
	s = buf->oom ? NULL : buf->s;
	if (buf->oom)
		free(buf->s);
	memset(buf, 0, sizeof(*buf));
	return s;
}

void vmp_buf_clear(struct vmp_buf *buf)
{
	free(buf->s);
	memset(buf, 0, sizeof(*buf));
}

char *vmp_str_printf(const char *fmt, ...)
{
	struct vmp_buf buf = {0};
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&buf, fmt, ap);
	va_end(ap);
	return vmp_buf_take(&buf);
}

int vmp_str_set(char **slot, const char *text)
{
	char *copy = text ? strdup(text) : NULL;

	free(*slot);
	*slot = copy;
	return text && !copy ? -ENOMEM : 0;
}

unsigned int vmp_str_distance(const char *a, const char *b)
{
	enum { MOST = 64 };
	unsigned int row[3][MOST + 1];
	size_t la = strlen(a), lb = strlen(b);

	if (la > MOST || lb > MOST)
		return 99;
	for (size_t j = 0; j <= lb; j++)
		row[0][j] = (unsigned int)j;
	for (size_t i = 1; i <= la; i++) {
		unsigned int *now = row[i % 3], *before = row[(i + 2) % 3], *older = row[(i + 1) % 3];

		now[0] = (unsigned int)i;
		for (size_t j = 1; j <= lb; j++) {
			unsigned int best = before[j - 1] + (a[i - 1] != b[j - 1]);

			if (before[j] + 1 < best)
				best = before[j] + 1;
			if (now[j - 1] + 1 < best)
				best = now[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && older[j - 2] + 1 < best)
				best = older[j - 2] + 1;
			now[j] = best;
		}
	}
	return row[la % 3][lb] > 99 ? 99 : row[la % 3][lb];
}
