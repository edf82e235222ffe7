/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_writer DIR COUNT: write the sample bundle for test_tools.sh, and tell how long it took. */
#include "base/clock.h"
#include "sample.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct vmp_evidence_conf conf = {.max_bytes = 1ULL << 32};
	struct vmp_err err = {0};
	uint64_t before = vmp_clock_monotonic_ns();
	int dir_fd = argc == 3 ? open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (dir_fd < 0) {
		fprintf(stderr, "usage: test_writer DIR COUNT\n");
		return 2;
	}
	if (sample_bundle(dir_fd, &conf, (unsigned int)atoi(argv[2]), NULL, &err) < 0) {
		fprintf(stderr, "%s\n", err.message);
		return 1;
	}
	close(dir_fd);
	printf("%.3f s\n", (double)(vmp_clock_monotonic_ns() - before) / 1e9);
	return 0;
}
