/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* One line on standard error that is drawn again and again while bytes are moved.  On a terminal only. */

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

enum progress_mode { PROGRESS_AUTO, PROGRESS_PLAIN, PROGRESS_NONE };

struct progress {
	enum progress_mode mode;
	bool bar; /* standard error is a terminal */
	bool drawn;
	const char *what;     /* borrowed: "copy", "unpack" */
	uint64_t done, total; /* bytes */
	struct timespec last;
};

/* progress_parse - "auto", "plain", "none"; -EINVAL. */
int progress_parse(const char *text, enum progress_mode *ret);
void progress_init(struct progress *p, enum progress_mode mode);
/* progress_begin - a new thing is being done; PROGRESS_PLAIN prints one line of it. */
void progress_begin(struct progress *p, const char *what, uint64_t total);
/* progress_set - so much is done; draws at most ten times a second. */
void progress_set(struct progress *p, uint64_t done);
/* progress_clear - wipe the line, so that something else can be printed. */
void progress_clear(struct progress *p);
