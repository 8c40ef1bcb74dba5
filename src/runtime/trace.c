/* SPDX-License-Identifier: Apache-2.0 */

/* The timeline of a start.  Open the file in Perfetto or chrome://tracing. */

#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <time.h>
#include "sbx/cleanup.h"
#include "trace.h"

#define MARKS_MAX 64

struct trace_lane {
	uint64_t start_ns;
	struct {
		const char *name; /* the child is a fork: the same address is the same text */
		uint64_t end_ns;
	} marks[MARKS_MAX];
	unsigned n;
};

struct trace {
	struct trace_lane lanes[2]; /* launcher, child */
};

static uint64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

struct trace *trace_new(struct sbx_err *err)
{
	struct trace *t = mmap(NULL, sizeof *t, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (t == MAP_FAILED) {
		sbx_fail(err, -errno, "memory for the trace");
		return NULL;
	}
	t->lanes[0].start_ns = t->lanes[1].start_ns = now_ns();
	return t;
}

void trace_mark(struct trace *t, int child, const char *name)
{
	if (!t)
		return;
	struct trace_lane *lane = &t->lanes[child];
	if (!name) /* the child's beginning */
		lane->start_ns = now_ns();
	else if (lane->n < MARKS_MAX) {
		lane->marks[lane->n].name = name;
		lane->marks[lane->n++].end_ns = now_ns();
	}
}

int trace_write(const struct trace *t, const char *path, struct sbx_err *err)
{
	static const char *const lane_names[] = {"launcher", "sandbox"};
	const char *comma = "";
	_cleanup_file_ FILE *out = fopen(path, "we");
	if (!out)
		return sbx_fail(err, -errno, "write the trace %s", path);
	fprintf(out, "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n");
	for (int l = 0; l < 2; l++) {
		const struct trace_lane *lane = &t->lanes[l];
		uint64_t begin = lane->start_ns;
		fprintf(out,
			"%s{\"name\":\"thread_name\",\"ph\":\"M\",\"pid\":1,\"tid\":%d,\"args\":{\"name\":\"%s\"}}",
			comma, l + 1, lane_names[l]);
		comma = ",\n";
		for (unsigned i = 0; i < lane->n; i++) {
			uint64_t end = lane->marks[i].end_ns;
			fprintf(out, ",\n{\"name\":\"%s\",\"ph\":\"X\",\"pid\":1,\"tid\":%d,\"ts\":%.3f,\"dur\":%.3f}",
				lane->marks[i].name, l + 1, (double)(begin - t->lanes[0].start_ns) / 1e3,
				(double)(end - begin) / 1e3);
			begin = end;
		}
	}
	fprintf(out, "\n]}\n");
	if (fflush(out) != 0)
		return sbx_fail(err, -errno, "write the trace %s", path);
	return 0;
}

void trace_free(struct trace *t)
{
	if (t)
		munmap(t, sizeof *t);
}
