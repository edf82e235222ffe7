/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/code.h"

const char *vmp_code_kind_name(unsigned int kind)
{
	switch (kind) {
	case VMP_CODE_VERDICT: return "verdict";
	case VMP_CODE_FINDING: return "finding";
	case VMP_CODE_PATH: return "path";
	case VMP_CODE_CAUSE: return "cause";
	}
	return NULL;
}
