/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domain/document.h"

#include "base/str.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <libxml/parser.h>
#include <libxml/xmlerror.h>
#include <stdlib.h>
#include <string.h>

/* A DTD is where entities come from, and no libvirt document has one: stop before its first declaration is read. */
static void refuse_dtd(void *data, const xmlChar *name, const xmlChar *external_id, const xmlChar *system_id)
{
	xmlParserCtxtPtr ctxt = data;
	bool *has_dtd = ctxt->_private;

	(void)name;
	(void)external_id;
	(void)system_id;
	*has_dtd = true;
	xmlStopParser(ctxt);
}

static int fail_parse(xmlParserCtxtPtr ctxt, bool has_dtd, const char *what, struct vmp_err *err)
{
	const xmlError *error = xmlCtxtGetLastError(ctxt);
	const char *text = error && error->message ? error->message : "it is not well-formed";

	if (has_dtd)
		return vmp_err_set(err, EINVAL, "domain", what,
				   "reading the XML of %s: it has a document type declaration, which libvirt never writes and "
				   "which is not accepted; give it as virsh dumpxml prints it", what);
	return vmp_err_set(err, EINVAL, "domain", what,
			   "reading the XML of %s: not XML, line %d: %.*s; give it as virsh dumpxml prints it", what,
			   error ? error->line : 0, (int)strcspn(text, "\n"), text);
}

/* White space around the document is harmless, but before an XML declaration the parser refuses it. */
static void trim(const char **xml, size_t *len)
{
	while (*len && isspace((unsigned char)**xml)) {
		(*xml)++;
		(*len)--;
	}
	while (*len && isspace((unsigned char)(*xml)[*len - 1]))
		(*len)--;
}

int vmp_document_open(const char *xml, size_t len, size_t max, const char *what, struct vmp_document *ret_document,
		      struct vmp_err *err)
{
	enum { OPTIONS = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NOCDATA };
	xmlParserCtxtPtr ctxt;
	bool has_dtd = false;
	xmlDocPtr doc;

	if (len > max || len > INT_MAX)
		return vmp_err_set(err, EFBIG, "domain", what,
				   "reading the XML of %s: it is larger than %zu bytes; no domain XML is", what, max);
	trim(&xml, &len);
	if (len == 0)
		return vmp_err_set(err, EINVAL, "domain", what,
				   "reading the XML of %s: it is empty; give it as virsh dumpxml prints it", what);
	/* The parser would take it for the end and call the rest well. */
	if (memchr(xml, '\0', len))
		return vmp_err_set(err, EINVAL, "domain", what,
				   "reading the XML of %s: not XML, it has a NUL byte; give it as virsh dumpxml prints it", what);
	ctxt = xmlNewParserCtxt();
	if (!ctxt)
		return vmp_err_set(err, ENOMEM, "domain", what, "reading the XML of %s: out of memory", what);
	ctxt->_private = &has_dtd;
	ctxt->sax->internalSubset = refuse_dtd;
	doc = xmlCtxtReadMemory(ctxt, xml, (int)len, NULL, NULL, OPTIONS);
	if (!doc || has_dtd || !xmlDocGetRootElement(doc)) {
		int code = fail_parse(ctxt, has_dtd, what, err);

		xmlFreeDoc(doc);
		xmlFreeParserCtxt(ctxt);
		return code;
	}
	xmlFreeParserCtxt(ctxt);
	*ret_document = (struct vmp_document){.doc = doc, .root = xmlDocGetRootElement(doc), .what = what, .err = err};
	return 0;
}

void vmp_document_close(struct vmp_document *document)
{
	xmlFreeDoc(document->doc);
	memset(document, 0, sizeof(*document));
}

int vmp_document_oom(struct vmp_document *document)
{
	if (!document->failed)
		document->failed = vmp_err_set(document->err, ENOMEM, "domain", document->what,
					       "reading the XML of %s: out of memory", document->what);
	return document->failed;
}

bool vmp_document_is(const xmlNode *node, const char *name)
{
	return node->type == XML_ELEMENT_NODE && !node->ns && strcmp((const char *)node->name, name) == 0;
}

static xmlNodePtr first_named(xmlNodePtr node, const char *name)
{
	while (node && !vmp_document_is(node, name))
		node = node->next;
	return node;
}

xmlNodePtr vmp_document_child(const xmlNode *parent, const char *name)
{
	return parent ? first_named(parent->children, name) : NULL;
}

xmlNodePtr vmp_document_next(const xmlNode *node)
{
	return first_named(node->next, (const char *)node->name);
}

/* Copy a string of the parser into *slot, or record why not. */
static void keep(struct vmp_document *document, const char *name, const xmlChar *value, char **slot)
{
	const char *text = (const char *)value;

	if (document->failed)
		return;
	if (strlen(text) > VMP_DOCUMENT_STRING_MAX)
		document->failed = vmp_err_set(document->err, EINVAL, "domain", document->what,
					       "reading the XML of %s: \"%s\" is longer than %u bytes, which libvirt never "
					       "writes", document->what, name, VMP_DOCUMENT_STRING_MAX);
	else if (vmp_str_set(slot, text) < 0)
		vmp_document_oom(document);
}

void vmp_document_attribute(struct vmp_document *document, const xmlNode *node, const char *name, char **slot)
{
	xmlChar *value = node ? xmlGetNoNsProp(node, (const xmlChar *)name) : NULL;

	if (value)
		keep(document, name, value, slot);
	xmlFree(value);
}

void vmp_document_text(struct vmp_document *document, const xmlNode *node, char **slot)
{
	xmlChar *value = node ? xmlNodeGetContent(node) : NULL;

	if (value)
		keep(document, (const char *)node->name, value, slot);
	xmlFree(value);
}

bool vmp_document_says(const xmlNode *node, const char *name, const char *word)
{
	xmlChar *value = node ? xmlGetNoNsProp(node, (const xmlChar *)name) : NULL;
	bool same = value && strcmp((const char *)value, word) == 0;

	xmlFree(value);
	return same;
}

bool vmp_document_number(const xmlNode *node, const char *name, uint32_t most, uint32_t *ret_value)
{
	xmlChar *value = node ? xmlGetNoNsProp(node, (const xmlChar *)name) : NULL;
	const char *text = (const char *)value;
	unsigned long long number;
	bool good = false;
	char *end;

	if (text && isdigit((unsigned char)*text)) {
		errno = 0;
		number = strtoull(text, &end, 10);
		good = !errno && !*end && number <= most;
		if (good)
			*ret_value = (uint32_t)number;
	}
	xmlFree(value);
	return good;
}
