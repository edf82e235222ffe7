/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Prints the man page vmpath-findings(7) from the catalogue: `make findings-page` keeps the one in man/ the same. */
#include "finding/catalogue.h"

#include <stdio.h>
#include <string.h>

static const char head[] =
	".\\\" SPDX-License-Identifier: GPL-2.0-or-later\n"
	".\\\" Made from src/finding/catalogue*.c by \"make findings-page\": change it there.\n"
	".Dd November 28, 2026\n"
	".Dt VMPATH-FINDINGS 7\n"
	".Os\n"
	".Sh NAME\n"
	".Nm vmpath-findings\n"
	".Nd what the codes of vmpath mean\n"
	".Sh DESCRIPTION\n"
	"What\n"
	".Xr vmpath 8\n"
	"finds has a code, which is stable, so that scripts and tickets may rely on it.\n"
	"For each code this page says what it means, what has to be there for it and what must not be, what to do, and what it is\n"
	"easily taken for.\n"
	".Ql vmpath explain CODE\n"
	"prints the same, and\n"
	".Ql vmpath explain\n"
	"followed by words of an error message names the codes that may fit.\n";

/* Text of mdoc: a sentence on a line of its own, and no line that reads as a request. */
static void print_text(const char *text)
{
	int column = 0;

	for (const char *p = text; *p; p++) {
		if (column == 0 && (*p == '.' || *p == '\''))
			fputs("\\&", stdout);
		if (*p == '\\')
			fputs("\\e", stdout);
		else if (*p == '-' && p[1] == '-')
			fputs("\\-", stdout);
		else
			putchar(*p);
		column++;
		if ((*p == '.' || *p == '?') && p[1] == ' ') {
			putchar('\n');
			column = 0;
			p++;
		}
	}
	putchar('\n');
}

static void print_part(const char *tag, const char *text)
{
	if (!text)
		return;
	printf(".It %s\n", tag);
	print_text(text);
}

static void print_code(const struct vmp_code *code)
{
	const char *before = "";

	printf(".Ss %s\n", code->code);
	printf("%c", code->title[0] >= 'a' && code->title[0] <= 'z' ? code->title[0] - 'a' + 'A' : code->title[0]);
	printf("%s\n.Pq ", code->title + 1);
	for (unsigned int bit = 1; vmp_code_kind_name(bit); bit <<= 1) {
		if (!(code->kinds & bit))
			continue;
		printf("%s%s", before, vmp_code_kind_name(bit));
		before = ", ";
	}
	printf(" .\n.Pp\n");
	print_text(code->means);
	printf(".Bl -tag -width \"must not be\"\n");
	print_part("must be", code->present);
	print_part("must not be", code->absent);
	print_part("do", code->next);
	print_part("is not", code->is_not);
	print_part("people say", code->words);
	printf(".El\n");
}

int main(void)
{
	const struct vmp_code_table *table;

	fputs(head, stdout);
	for (size_t i = 0; (table = vmp_catalogue_table(i)); i++) {
		if (!table->codes->code)
			continue;
		printf(".Sh %s\n%s\n", table->heading, table->text);
		for (const struct vmp_code *code = table->codes; code->code; code++)
			print_code(code);
	}
	printf(".Sh SEE ALSO\n.Xr vmpath-json 5 ,\n.Xr vmpath 8\n");
	return 0;
}
