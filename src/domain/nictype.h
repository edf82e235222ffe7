/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What <interface type='...'> means on the host: one row per type. Internal to this folder. */
#ifndef VMP_DOMAIN_NICTYPE_H
#define VMP_DOMAIN_NICTYPE_H

#include "domain/document.h"
#include "model/guest.h"

struct vmp_nictype {
	const char *name;       /* the word of the XML */
	enum vmp_nic_type type;
	const char *attribute;  /* of <source>: what the interface hangs on; NULL: none, or describe() says it */
	/* Set nic->source where one attribute does not do. element: the <interface>. May be NULL. */
	void (*describe)(struct vmp_document *document, const xmlNode *element, struct vmp_nic *nic);
	const char *why;        /* no device on the host ever: the sentence; NULL: <target dev=> names the device */
};

/* The row of a type; the last row (VMP_NIC_OTHER) for one that is not known. name may be NULL. */
const struct vmp_nictype *vmp_nictype_find(const char *name);

#endif
