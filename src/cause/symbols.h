/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of the kernel's functions by their addresses. Internal to this folder. */
#ifndef VMP_CAUSE_SYMBOLS_H
#define VMP_CAUSE_SYMBOLS_H

#include <stdint.h>
#include <stdio.h>

struct vmp_symbols;

/*
 * Read a table of symbols as /proc/kallsyms has it (address, type, name, module) and keep the functions. Suffixes that compilers add
 * (".isra.0", ".constprop.0") are taken off. Returns NULL without memory. A table that is hidden (all addresses 0) yields no names.
 */
struct vmp_symbols *vmp_symbols_read(FILE *file);

/* The function that an address is in, NULL: not known. Borrowed. */
const char *vmp_symbols_name(const struct vmp_symbols *symbols, uint64_t address);

/* Free; NULL is allowed. */
void vmp_symbols_free(struct vmp_symbols *symbols);

#endif
