/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs a fuzz target over its seeds, one TAP line for each, so that `make check` needs no libFuzzer. With arguments:
 * over these files instead, to look at what a fuzzer found.
 */
#include "fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int not_hidden(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* The bytes of a file in memory of just that size: a sanitizer sees a read past them. Caller frees; NULL: errno. */
static uint8_t *read_file(const char *path, size_t *ret_size)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data = NULL;
	long size = -1;

	if (!file)
		return NULL;
	if (fseek(file, 0, SEEK_END) == 0 && (size = ftell(file)) >= 0 && fseek(file, 0, SEEK_SET) == 0)
		data = malloc(size ? (size_t)size : 1);
	if (data && fread(data, 1, (size_t)size, file) != (size_t)size) {
		free(data);
		data = NULL;
	}
	fclose(file);
	*ret_size = (size_t)size;
	return data;
}

static int replay(size_t number, const char *name, const char *path)
{
	size_t size;
	uint8_t *data = read_file(path, &size);

	/* Told before it runs: a crash leaves the name of the seed behind. */
	printf("# %s\n", path);
	fflush(stdout);
	if (data)
		LLVMFuzzerTestOneInput(data, size);
	printf("%s %zu - %s: %s\n", data ? "ok" : "not ok", number, FUZZ_TARGET, name);
	if (!data)
		printf("# cannot read it: %s\n", strerror(errno));
	free(data);
	return data ? 0 : 1;
}

static int replay_seeds(void)
{
	const char *top = getenv("top_srcdir");
	char dir[PATH_MAX / 2], path[PATH_MAX];
	struct dirent **seeds = NULL;
	int failed = 0, n;

	snprintf(dir, sizeof(dir), "%s/tests/fuzz/seeds/%s", top ? top : ".", FUZZ_TARGET);
	n = scandir(dir, &seeds, not_hidden, alphasort);
	if (n <= 0) {
		printf("1..1\nnot ok 1 - %s: no seeds in %s\n", FUZZ_TARGET, dir);
		return EXIT_FAILURE;
	}
	printf("1..%d\n", n);
	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, seeds[i]->d_name);
		failed |= replay((size_t)i + 1, seeds[i]->d_name, path);
		free(seeds[i]);
	}
	free(seeds);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	int failed = 0;

	if (argc < 2)
		return replay_seeds();
	printf("1..%d\n", argc - 1);
	for (int i = 1; i < argc; i++)
		failed |= replay((size_t)i, argv[i], argv[i]);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
