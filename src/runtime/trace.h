/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* --trace: a timeline of the start, in memory that launcher and child share. */

#include <stdint.h>
#include "sbx/err.h"

struct trace; /* NULL: no trace is wanted, and every call is a test of a pointer */

/* trace_new - returns new, NULL and @err where there is no memory. */
struct trace *trace_new(struct sbx_err *err);
/* trace_mark - a phase ends here, the next one begins.  @name: static text.  Context: launcher (@child 0), child (1).
 */
void trace_mark(struct trace *t, int child, const char *name);
/* trace_write - as Chrome's trace-event JSON into @path. Source: Trace Event Format, Google, 2016. */
int trace_write(const struct trace *t, const char *path, struct sbx_err *err);
void trace_free(struct trace *t);
