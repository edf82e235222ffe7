/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Causes: what explains a loss and is told with it, and findings about what does not lie on the path of single packets. */
#include "finding/catalogue.h"

const struct vmp_code vmp_codes_cause[] = {
	{.code = NULL},
};
