/* SPDX-License-Identifier: GPL-2.0-or-later */
/* XML of somebody else, read safely: no DTD, no entities of its own, no network, bounded. Internal to this folder. */
#ifndef VMP_DOMAIN_DOCUMENT_H
#define VMP_DOMAIN_DOCUMENT_H

#include "base/err.h"

#include <libxml/tree.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VMP_DOCUMENT_STRING_MAX 1024U /* bytes of one attribute or of the text of one element */

struct vmp_document {
	xmlDocPtr doc;
	xmlNodePtr root;
	const char *what;       /* borrowed: how messages call it: a guest, a file */
	struct vmp_err *err;    /* borrowed: where the first failure is recorded */
	int failed;             /* 0, or -errno of the first failure of a read: check it once, at the end */
};

/*
 * Parse a document. xml: len bytes, borrowed, may begin and end with white space; what: borrowed for as long as the
 * document is open. ret_document: set on success, caller closes.
 * Errors: EINVAL (not well-formed, or a DTD), EFBIG (more than max bytes).
 */
int vmp_document_open(const char *xml, size_t len, size_t max, const char *what, struct vmp_document *ret_document,
		      struct vmp_err *err);

/* Free the document. */
void vmp_document_close(struct vmp_document *document);

/* Record want of memory, unless something failed before. Returns document->failed. */
int vmp_document_oom(struct vmp_document *document);

/* True for an element of this name in no namespace. */
bool vmp_document_is(const xmlNode *node, const char *name);

/* First child element of this name, or NULL. parent may be NULL. */
xmlNodePtr vmp_document_child(const xmlNode *parent, const char *name);

/* Next sibling element of the same name, or NULL. */
xmlNodePtr vmp_document_next(const xmlNode *node);

/* Put the attribute into *slot (owned by the caller; freed first). Left alone when absent; node may be NULL. */
void vmp_document_attribute(struct vmp_document *document, const xmlNode *node, const char *name, char **slot);

/* Put the text of an element into *slot, likewise. */
void vmp_document_text(struct vmp_document *document, const xmlNode *node, char **slot);

/* True when the attribute is there and is this word. */
bool vmp_document_says(const xmlNode *node, const char *name, const char *word);

/* Read a decimal attribute from 0 to most. Returns false (and leaves *ret_value) when absent or not such a number. */
bool vmp_document_number(const xmlNode *node, const char *name, uint32_t most, uint32_t *ret_value);

#endif
