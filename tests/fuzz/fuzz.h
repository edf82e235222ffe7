/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every fuzz target defines and both drivers call: libFuzzer's, and replay.c. */
#ifndef VMP_TESTS_FUZZ_H
#define VMP_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Feed one input to the code under test; abort() when it breaks a promise. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
