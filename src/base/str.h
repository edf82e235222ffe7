/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Strings: a growing buffer, escaping for terminals, nearness of names. */
#ifndef VMP_BASE_STR_H
#define VMP_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Always NUL-terminated once something was added. oom stays set after the first failed growth: check it once, at the end. */
struct vmp_buf {
	char *s;
	size_t len, cap;
	bool oom;
};

/* Append formatted text. */
void vmp_buf_printf(struct vmp_buf *buf, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Append len bytes. */
void vmp_buf_add(struct vmp_buf *buf, const char *bytes, size_t len);

/*
 * Append untrusted text so that it is safe on a terminal: control bytes, DEL, bytes of invalid UTF-8, C1 controls and
 * bidirectional controls become \xNN or \u{NNNN}. text: borrowed, may be NULL (nothing is added).
 */
void vmp_buf_escape(struct vmp_buf *buf, const char *text);

/*
 * Read one code point. text: NUL-terminated, borrowed. Returns the bytes it takes and sets *ret_code, or returns 0 where no
 * valid sequence stands (RFC 3629: no overlong forms, no surrogates). The NUL itself is code 0, one byte long.
 */
size_t vmp_utf8_decode(const char *text, uint32_t *ret_code);

/* True for code points that move the cursor of a terminal, hide text or turn its direction around. */
bool vmp_utf8_is_unsafe(uint32_t code);

/* Give the text away (caller frees; never NULL unless out of memory) and empty the buffer. */
char *vmp_buf_take(struct vmp_buf *buf);

/* Free the text and empty the buffer. */
void vmp_buf_clear(struct vmp_buf *buf);

/* Allocated formatted string (caller frees), NULL without memory. */
char *vmp_str_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Replace *slot by a copy of text (NULL empties it), freeing what it held. Returns 0 or -ENOMEM (slot is NULL then). */
int vmp_str_set(char **slot, const char *text);

/* Number of edits (insert, delete, replace, swap of neighbours) between two names; at most 99. For "did you mean". */
unsigned int vmp_str_distance(const char *a, const char *b);

#endif
