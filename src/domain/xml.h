/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Domain XML -> guest. Untrusted: parsed with network access, entities and DTDs off, bounded in size. */
#ifndef VMP_DOMAIN_XML_H
#define VMP_DOMAIN_XML_H

#include "base/err.h"
#include "model/guest.h"

#include <stddef.h>

#define VMP_DOMAIN_XML_MAX (4U << 20) /* bytes */

/*
 * Parse one <domain>. xml: len bytes, borrowed. The guest's state stays unknown (XML does not say it).
 * Every NIC gets either a target or why_no_backend. ret_guest: set on success, caller clears.
 * Errors: EINVAL (not XML, or not a domain; says what was found instead), EFBIG.
 */
int vmp_domain_xml_parse(const char *xml, size_t len, struct vmp_guest *ret_guest, struct vmp_err *err);

/* The same for a file, as `virsh dumpxml` prints it; "-" is not special. ret_xml: its text, caller frees; may be NULL. */
int vmp_domain_xml_read(const char *file, struct vmp_guest *ret_guest, char **ret_xml, struct vmp_err *err);

#endif
