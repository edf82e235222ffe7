/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a code of a finding, cause or verdict means to whoever has to act on it. */
#ifndef VMP_MODEL_CODE_H
#define VMP_MODEL_CODE_H

#include <stddef.h>

/* Where a code turns up; some do in several places. */
#define VMP_CODE_VERDICT (1U << 0)
#define VMP_CODE_FINDING (1U << 1) /* of a trace */
#define VMP_CODE_PATH    (1U << 2) /* told from settings alone: vmpath path has it as well */
#define VMP_CODE_CAUSE   (1U << 3) /* explains another finding, which is told with it */

/* All texts are plain sentences, constant, and for every code there. */
struct vmp_code {
	const char *code;
	unsigned int kinds;     /* VMP_CODE_* */
	const char *title;      /* a few words, no full stop */
	const char *means;
	const char *present;    /* what has to be seen for it ... */
	const char *absent;     /* ... and what must not be */
	const char *next;       /* what to do, or where to look */
	const char *is_not;     /* what it is easily taken for */
	const char *words;      /* what people type who have it, with "; " between; NULL: nothing of its own */
};

/* "verdict", "finding", "path", "cause" for one bit; NULL for a bit that is none. */
const char *vmp_code_kind_name(unsigned int kind);

#endif
