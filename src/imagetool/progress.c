/* SPDX-License-Identifier: Apache-2.0 */
/* The progress line. */
#include "progress.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "sbx/cleanup.h"

#define BAR_CELLS 24
#define REDRAW_MS 100
#define BAR_LINE_COLUMNS (BAR_CELLS + 32)

int progress_parse(const char *text, enum progress_mode *ret)
{
	static const char *const names[] = {
		[PROGRESS_AUTO] = "auto", [PROGRESS_PLAIN] = "plain", [PROGRESS_NONE] = "none"};

	for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(text, names[i]) == 0) {
			*ret = (enum progress_mode)i;
			return 0;
		}
	return -EINVAL;
}

void progress_init(struct progress *p, enum progress_mode mode)
{
	struct winsize size;

	*p = (struct progress){.mode = mode};
	/* A terminal too narrow for the line would scroll with each drawing. */
	p->bar = mode == PROGRESS_AUTO && isatty(STDERR_FILENO) &&
		 (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0 || size.ws_col > BAR_LINE_COLUMNS);
}

static long ms_since(const struct timespec *then, struct timespec *now)
{
	clock_gettime(CLOCK_MONOTONIC, now);
	return (now->tv_sec - then->tv_sec) * 1000 + (now->tv_nsec - then->tv_nsec) / 1000000;
}

void progress_begin(struct progress *p, const char *what, uint64_t total)
{
	progress_clear(p);
	p->what = what;
	p->done = 0;
	p->total = total;
	/* What is over at once is not worth a flash of a bar. */
	ms_since(&p->last, &p->last);
	if (p->mode == PROGRESS_PLAIN)
		fprintf(stderr, "sbx: %s %.1f MiB\n", what, (double)total / (1 << 20));
}

void progress_set(struct progress *p, uint64_t done)
{
	struct timespec now;
	char bar[BAR_CELLS + 1];

	p->done = done;
	if (!p->bar || p->total == 0 || ms_since(&p->last, &now) < REDRAW_MS)
		return;
	p->last = now;
	if (done > p->total)
		done = p->total;
	size_t full = (size_t)((double)done / (double)p->total * BAR_CELLS);
	memset(bar, '-', BAR_CELLS);
	memset(bar, '#', full);
	bar[BAR_CELLS] = '\0';
	fprintf(stderr, "\r%-8s [%s] %3u%% of %.1f MiB\033[K", p->what, bar,
		(unsigned)((double)done * 100 / (double)p->total), (double)p->total / (1 << 20));
	p->drawn = true;
}

void progress_clear(struct progress *p)
{
	if (p->drawn)
		fputs("\r\033[K", stderr);
	p->drawn = false;
}
