/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* INI text into sections and values, through inih. */

#include <stdbool.h>
#include <stddef.h>

#define INIFILE_MAX_BYTES (1u << 20)

/* Who hears what was read.  Texts are borrowed for the call; lines count from 1. */
struct inifile_sink {
	/* a [name] line: false makes the reader skip what stands in it */
	bool (*section)(void *data, const char *name, unsigned line);
	/* one Key=Value, lines joined, outer blanks gone; @line is its first */
	void (*value)(void *data, const char *section, const char *name, const char *value, unsigned line);
	/* a line that is neither; the text says what was expected */
	void (*problem)(void *data, unsigned line, const char *text);
	void *data;
};

/* inifile_read - read @len bytes of @text.  No value is too long, nothing after a value is a comment, and a line's
 * indentation means nothing: inifile.c says how that goes together with inih. */
void inifile_read(const char *text, size_t len, const struct inifile_sink *sink);
