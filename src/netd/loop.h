/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* One thread, one poll(2): descriptors, deadlines, and whatever else has descriptors of its own (libslirp). */

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;

/* One descriptor that the loop waits for.  Owned by who adds it, who also closes the descriptor; it must stay where it
 * is until it is removed.  @ready may remove any watch, its own too, and may end the loop. */
struct loop_watch {
	int fd;
	short events; /* POLLIN, POLLOUT; may be changed at any time; 0: not waited for */
	void (*ready)(void *data, short revents);
	void *data;
};

/* One deadline; likewise owned by who adds it. */
struct loop_timer {
	uint64_t due_ms; /* loop_now_ms() time; 0: never */
	void (*due)(void *data);
	void *data;
};

/* What has a changing set of descriptors: asked before each poll, told after it. */
struct loop_guest {
	/* fill - loop_guest_add for each; @timeout_ms: may be made shorter, -1 is forever. */
	void (*fill)(void *data, struct loop *loop, int *timeout_ms);
	/* polled - loop_guest_revents tells of each.  @failed: poll(2) has failed. */
	void (*polled)(void *data, struct loop *loop, bool failed);
	void *data;
};

struct loop *loop_new(void);
void loop_free(struct loop *loop);
void loop_add(struct loop *loop, struct loop_watch *watch);
void loop_remove(struct loop *loop, struct loop_watch *watch);
void loop_add_timer(struct loop *loop, struct loop_timer *timer); /* set due_ms at any time */
void loop_remove_timer(struct loop *loop, struct loop_timer *timer);
uint64_t loop_now_ms(void);       /* CLOCK_MONOTONIC; never 0 */
void loop_end(struct loop *loop); /* loop_run returns after the callback that called this */

/* loop_run - until loop_end; may be run again.  @guest: may be NULL.  Returns 0; -errno where poll(2) fails for good.
 */
int loop_run(struct loop *loop, const struct loop_guest *guest);
int loop_guest_add(struct loop *loop, int fd, short events); /* returns the index for loop_guest_revents */
short loop_guest_revents(const struct loop *loop, int index);
