/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/finding.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static __attribute__((format(printf, 1, 0))) char *format_text(const char *fmt, va_list ap)
{
	char *text;

	return vasprintf(&text, fmt, ap) < 0 ? NULL : text;
}

struct vmp_finding *vmp_finding_add(vmp_findings *findings, const char *code, enum vmp_severity severity,
				    enum vmp_confidence confidence, const char *fmt, ...)
{
	struct vmp_finding *finding = vmp_vec_add(findings);
	va_list ap;

	if (!finding)
		return NULL;
	snprintf(finding->code, sizeof(finding->code), "%s", code);
	finding->severity = severity;
	finding->confidence = confidence;
	va_start(ap, fmt);
	finding->summary = format_text(fmt, ap);
	va_end(ap);
	if (!finding->summary) {
		findings->n--;
		return NULL;
	}
	return finding;
}

void vmp_finding_place(struct vmp_finding *finding, enum vmp_direction direction, int from, int to)
{
	if (!finding)
		return;
	finding->has_place = true;
	finding->direction = direction;
	finding->from = from;
	finding->to = to;
}

void vmp_finding_evidence(struct vmp_finding *finding, const char *fmt, ...)
{
	va_list ap;
	char *text, **slot;

	if (!finding)
		return;
	va_start(ap, fmt);
	text = format_text(fmt, ap);
	va_end(ap);
	slot = text ? vmp_vec_add(&finding->evidence) : NULL;
	if (slot)
		*slot = text;
	else
		free(text);
}

void vmp_finding_remedy(struct vmp_finding *finding, const char *fmt, ...)
{
	va_list ap;

	if (!finding)
		return;
	free(finding->remedy);
	va_start(ap, fmt);
	finding->remedy = format_text(fmt, ap);
	va_end(ap);
}

bool vmp_finding_explain(struct vmp_finding *finding, const char *cause, const char *fmt, ...)
{
	bool first = finding && !finding->cause[0];
	char *why, *summary;
	va_list ap;

	if (!finding || strcmp(finding->cause, cause) == 0)
		return false;
	va_start(ap, fmt);
	why = format_text(fmt, ap);
	va_end(ap);
	if (!why)
		return false;
	if (!first)
		vmp_finding_evidence(finding, "also: %s", why);
	if (first && asprintf(&summary, "%s: %s", finding->summary ? finding->summary : finding->code, why) >= 0) {
		free(finding->summary);
		finding->summary = summary;
		snprintf(finding->cause, sizeof(finding->cause), "%s", cause);
	}
	free(why);
	return first && finding->cause[0];
}

void vmp_findings_clear(vmp_findings *findings)
{
	vmp_vec_foreach (finding, findings) {
		free(finding->summary);
		free(finding->remedy);
		vmp_vec_foreach (line, &finding->evidence)
			free(*line);
		vmp_vec_free(&finding->evidence);
	}
	vmp_vec_free(findings);
}

void vmp_verdict_clear(struct vmp_verdict *verdict)
{
	free(verdict->summary);
	memset(verdict, 0, sizeof(*verdict));
}
