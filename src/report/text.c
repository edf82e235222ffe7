/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/text.h"

#include "report/view.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

/* A terminal narrower than this is left to wrap by itself. */
#define WIDTH_MIN 40

void vmp_text_ink(struct vmp_buf *out, const struct vmp_report_style *style, enum vmp_ink ink)
{
	static const char *const codes[] = {
		[VMP_INK_BOLD] = "\033[1m",    [VMP_INK_DIM] = "\033[2m",       [VMP_INK_RED] = "\033[1;31m",
		[VMP_INK_GREEN] = "\033[1;32m", [VMP_INK_YELLOW] = "\033[1;33m",
	};

	if (style->colour && ink != VMP_INK_PLAIN)
		vmp_buf_printf(out, "%s", codes[ink]);
}

void vmp_text_ink_end(struct vmp_buf *out, const struct vmp_report_style *style, enum vmp_ink ink)
{
	if (style->colour && ink != VMP_INK_PLAIN)
		vmp_buf_printf(out, "\033[0m");
}

void vmp_text_safe(struct vmp_buf *out, const struct vmp_report_style *style, const char *text)
{
	struct vmp_buf safe = {0};

	if (style->utf8) {
		vmp_buf_escape(out, text);
		return;
	}
	/* Bytes of UTF-8 are control codes to a terminal of another character set. */
	vmp_buf_escape(&safe, text);
	for (const char *p = safe.s; p && *p;) {
		uint32_t code = 0;
		size_t len = vmp_utf8_decode(p, &code);

		if (len == 1)
			vmp_buf_add(out, p, 1);
		else
			vmp_buf_printf(out, "\\u{%04x}", (unsigned int)code);
		p += len ? len : 1;
	}
	out->oom |= safe.oom;
	vmp_buf_clear(&safe);
}

int vmp_text_width(const char *text)
{
	int width = 0;

	while (*text) {
		uint32_t code = 0;
		size_t len = vmp_utf8_decode(text, &code);
		int columns = len > 1 ? wcwidth((wchar_t)code) : 1;

		width += columns >= 0 ? columns : 1;
		text += len ? len : 1;
	}
	return width;
}

/* Width of the word at text in columns, and its length in bytes. */
static int word_width(const char *text, size_t *ret_len)
{
	size_t len = strcspn(text, " ");
	char *word = strndup(text, len);
	int width = word ? vmp_text_width(word) : (int)len;

	free(word);
	*ret_len = len;
	return width;
}

/* Append safe text, broken at blanks so that it stays left of the terminal's edge. */
static void add_wrapped(struct vmp_buf *out, const struct vmp_report_style *style, int indent, const char *text)
{
	int column = indent;
	bool first = true;

	while (*text) {
		size_t len;
		int width = word_width(text, &len);

		if (!first && column + 1 + width > style->width) {
			vmp_buf_printf(out, "\n%*s", indent, "");
			column = indent;
		} else if (!first) {
			vmp_buf_add(out, " ", 1);
			column++;
		}
		vmp_buf_add(out, text, len);
		column += width;
		first = false;
		text += len + (text[len] == ' ');
	}
}

void vmp_text_paragraph(struct vmp_buf *out, const struct vmp_report_style *style, int indent, enum vmp_ink ink,
			const char *label, const char *text)
{
	int hang = indent + vmp_text_width(label);
	struct vmp_buf safe = {0};

	vmp_text_safe(&safe, style, text);
	vmp_buf_printf(out, "%*s", indent, "");
	vmp_text_ink(out, style, ink);
	if (*label) {
		vmp_buf_printf(out, "%s", label);
		vmp_text_ink_end(out, style, ink);
	}
	if (safe.s && style->width >= WIDTH_MIN && hang < style->width / 2)
		add_wrapped(out, style, hang, safe.s);
	else if (safe.s)
		vmp_buf_add(out, safe.s, safe.len);
	if (!*label)
		vmp_text_ink_end(out, style, ink);
	vmp_buf_add(out, "\n", 1);
	out->oom |= safe.oom;
	vmp_buf_clear(&safe);
}

void vmp_text_printf(struct vmp_buf *out, const struct vmp_report_style *style, int indent, enum vmp_ink ink,
		     const char *label, const char *fmt, ...)
{
	char *text;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	if (text)
		vmp_text_paragraph(out, style, indent, ink, label, text);
	else
		out->oom = true;
	free(text);
}

void vmp_text_heading(struct vmp_buf *out, const struct vmp_report_style *style, const char *heading)
{
	vmp_buf_add(out, "\n", 1);
	vmp_text_ink(out, style, VMP_INK_BOLD);
	vmp_buf_printf(out, "%s", heading);
	vmp_text_ink_end(out, style, VMP_INK_BOLD);
	vmp_buf_add(out, "\n", 1);
}

const char *vmp_text_direction(enum vmp_direction direction)
{
	return direction == VMP_TO_GUEST ? "to the guest" : "from the guest";
}

void vmp_text_place(struct vmp_buf *text, const struct vmp_report_style *style, const struct vmp_path *path,
		    enum vmp_direction direction, int from, int to)
{
	const char *a = vmp_view_hop_name(path, from), *b = vmp_view_hop_name(path, to);

	vmp_buf_printf(text, ", %s", vmp_text_direction(direction));
	if (a && b)
		vmp_buf_printf(text, ", %s %s %s", a, style->utf8 ? "\u2192" : "->", b);
	else if (a || b)
		vmp_buf_printf(text, ", at %s", a ? a : b);
}

static void add_finding(struct vmp_buf *out, const struct vmp_report_style *style, const struct vmp_finding *finding,
			const struct vmp_path *path)
{
	static const struct {
		const char *label;
		enum vmp_ink ink;
	} severities[] = {
		[VMP_SEVERITY_INFO] = {"info      ", VMP_INK_BOLD},
		[VMP_SEVERITY_WARNING] = {"warning   ", VMP_INK_YELLOW},
		[VMP_SEVERITY_CRITICAL] = {"critical  ", VMP_INK_RED},
	};
	struct vmp_buf place = {0};

	vmp_buf_printf(&place, "%s, %s", finding->code, vmp_confidence_name(finding->confidence));
	if (finding->cause[0])
		vmp_buf_printf(&place, ", cause %s", finding->cause);
	if (finding->has_place)
		vmp_text_place(&place, style, path, finding->direction, finding->from, finding->to);
	vmp_text_paragraph(out, style, 2, severities[finding->severity].ink, severities[finding->severity].label,
			   finding->summary ? finding->summary : finding->code);
	vmp_text_printf(out, style, 12, VMP_INK_DIM, "", "[%s]", place.s ? place.s : "");
	vmp_buf_clear(&place);
	vmp_vec_foreach (line, &finding->evidence)
		vmp_text_paragraph(out, style, 12, VMP_INK_PLAIN, "- ", *line);
	if (finding->remedy) {
		/* Commands are copied from here, so they are never broken. */
		struct vmp_report_style whole = *style;

		whole.width = 0;
		vmp_text_paragraph(out, &whole, 12, VMP_INK_BOLD, "look: ", finding->remedy);
	}
}

void vmp_text_findings(struct vmp_buf *out, const struct vmp_report_style *style, const vmp_findings *findings,
		       const struct vmp_path *path)
{
	for (size_t i = 0; findings && i < findings->n; i++)
		add_finding(out, style, &findings->v[i], path);
}

void vmp_text_explain_hint(struct vmp_buf *out, const struct vmp_report_style *style, const char *code)
{
	vmp_text_printf(out, style, 2, VMP_INK_DIM, "", "what a code means: vmpath explain %s", code);
}

const char *vmp_text_guest_name(const struct vmp_guest *guest)
{
	return guest->name ? guest->name : "?";
}

void vmp_text_nic(struct vmp_buf *out, const struct vmp_nic *nic)
{
	char mac[VMP_MAC_STRLEN];

	if (nic->has_mac)
		vmp_buf_printf(out, "%s", vmp_mac_format(&nic->mac, mac));
	if (nic->target)
		vmp_buf_printf(out, "%s%s", nic->has_mac ? " on " : "", nic->target);
	if (!nic->has_mac && !nic->target)
		vmp_buf_printf(out, "%s", nic->alias ? nic->alias : "no MAC");
}
