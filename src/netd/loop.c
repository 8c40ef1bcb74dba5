/* SPDX-License-Identifier: Apache-2.0 */

/* The loop.  Arrays grow and never shrink; a removed watch leaves a hole until the turn is over, so that a callback may
 * remove what the same turn has still to tell. */

#include "loop.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <time.h>
#include "sbx/str.h"

struct loop {
	struct loop_watch **watches;
	size_t n_watches;
	struct loop_timer **timers;
	size_t n_timers;
	struct pollfd *fds; /* the watches', then the guest's */
	size_t n_fds, n_room;
	bool ended;
};

struct loop *loop_new(void)
{
	return xcalloc(1, sizeof(struct loop));
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	free(loop->watches);
	free(loop->timers);
	free(loop->fds);
	free(loop);
}

void loop_add(struct loop *loop, struct loop_watch *watch)
{
	loop->watches = xrealloc(loop->watches, loop->n_watches + 1, sizeof *loop->watches);
	loop->watches[loop->n_watches++] = watch;
}

void loop_remove(struct loop *loop, struct loop_watch *watch)
{
	for (size_t i = 0; i < loop->n_watches; i++)
		if (loop->watches[i] == watch)
			loop->watches[i] = NULL;
}

void loop_add_timer(struct loop *loop, struct loop_timer *timer)
{
	loop->timers = xrealloc(loop->timers, loop->n_timers + 1, sizeof *loop->timers);
	loop->timers[loop->n_timers++] = timer;
}

void loop_remove_timer(struct loop *loop, struct loop_timer *timer)
{
	for (size_t i = 0; i < loop->n_timers; i++)
		if (loop->timers[i] == timer)
			loop->timers[i] = NULL;
}

uint64_t loop_now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000 + 1;
}

void loop_end(struct loop *loop)
{
	loop->ended = true;
}

static int fds_add(struct loop *loop, int fd, short events)
{
	if (loop->n_fds == loop->n_room) {
		loop->n_room = loop->n_room ? loop->n_room * 2 : 64;
		loop->fds = xrealloc(loop->fds, loop->n_room, sizeof *loop->fds);
	}
	loop->fds[loop->n_fds] = (struct pollfd){.fd = events ? fd : -1, .events = events};
	return (int)loop->n_fds++;
}

int loop_guest_add(struct loop *loop, int fd, short events)
{
	return fds_add(loop, fd, events);
}

short loop_guest_revents(const struct loop *loop, int index)
{
	return index >= 0 && (size_t)index < loop->n_fds ? loop->fds[index].revents : 0;
}

/* close_holes - before a turn, when nobody goes through the arrays. */
static void close_holes(struct loop *loop)
{
	size_t n = 0;
	for (size_t i = 0; i < loop->n_watches; i++)
		if (loop->watches[i])
			loop->watches[n++] = loop->watches[i];
	loop->n_watches = n;
	n = 0;
	for (size_t i = 0; i < loop->n_timers; i++)
		if (loop->timers[i])
			loop->timers[n++] = loop->timers[i];
	loop->n_timers = n;
}

/* next_timeout - milliseconds to the first deadline; -1: there is none, so an idle process sleeps. */
static int next_timeout(const struct loop *loop)
{
	uint64_t first = 0, now;
	for (size_t i = 0; i < loop->n_timers; i++)
		if (loop->timers[i]->due_ms && (!first || loop->timers[i]->due_ms < first))
			first = loop->timers[i]->due_ms;
	if (!first)
		return -1;
	now = loop_now_ms();
	if (first <= now)
		return 0;
	return first - now > INT_MAX ? INT_MAX : (int)(first - now);
}

static void run_timers(struct loop *loop)
{
	if (loop->n_timers == 0)
		return;
	uint64_t now = loop_now_ms();
	for (size_t i = 0; i < loop->n_timers && !loop->ended; i++) {
		struct loop_timer *timer = loop->timers[i];
		if (!timer || !timer->due_ms || timer->due_ms > now)
			continue;
		timer->due_ms = 0;
		timer->due(timer->data);
	}
}

static void run_watches(struct loop *loop, size_t n)
{
	for (size_t i = 0; i < n && !loop->ended; i++)
		if (loop->watches[i] && loop->fds[i].revents)
			loop->watches[i]->ready(loop->watches[i]->data, loop->fds[i].revents);
}

int loop_run(struct loop *loop, const struct loop_guest *guest)
{
	while (!loop->ended) {
		close_holes(loop);
		size_t n = loop->n_watches;
		loop->n_fds = 0;
		for (size_t i = 0; i < n; i++)
			fds_add(loop, loop->watches[i]->fd, loop->watches[i]->events);
		int timeout_ms = next_timeout(loop);
		if (guest)
			guest->fill(guest->data, loop, &timeout_ms);
		int r = poll(loop->fds, loop->n_fds, timeout_ms);
		bool failed = r < 0;
		if (failed && errno != EINTR && errno != EAGAIN)
			return -errno;
		if (!failed)
			run_watches(loop, n);
		/* Last: what a frame has set going, libslirp sends here, and else only when something else happens. */
		if (guest)
			guest->polled(guest->data, loop, failed);
		run_timers(loop);
	}
	loop->ended = false;
	return 0;
}
