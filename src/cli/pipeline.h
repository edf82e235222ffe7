/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The stages in their order; see pipeline.c. */
#ifndef VMP_CLI_PIPELINE_H
#define VMP_CLI_PIPELINE_H

#include "cli/trace.h"

/*
 * Trace one guest interface. options: borrowed for the life of the trace. On success trace->run is judged and complete; on
 * failure err says what to do. Either way the caller calls vmp_pipeline_end().
 */
int vmp_pipeline_trace(struct vmp_trace *trace, const struct vmp_options *options, struct vmp_err *err);

/* Write the evidence, if it was asked for, and publish it. ret_folder: its path, NULL if none; caller frees. */
int vmp_pipeline_publish(struct vmp_trace *trace, char **ret_folder, struct vmp_err *err);

/* Let go of everything. */
void vmp_pipeline_end(struct vmp_trace *trace);

#endif
