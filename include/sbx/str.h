/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Allocation that cannot fail quietly, and small string work. */

#include <stdbool.h>
#include <stddef.h>
#include "sbx/err.h"
#include "sbx/strv.h"

void *xmalloc(size_t n);
void *xcalloc(size_t n, size_t size); /* overflow-checked */
void *xrealloc(void *p, size_t n, size_t size);
char *xstrdup(const char *s); /* NULL stays NULL */
char *xstrndup(const char *s, size_t n);
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static inline bool str_empty(const char *s)
{
	return !s || !*s;
}
bool str_eq(const char *a, const char *b); /* NULL equals NULL */
bool str_starts(const char *s, const char *prefix);
bool str_ends(const char *s, const char *suffix);

/* str_nearest - the candidate with the least edit distance to @word, or NULL where none is close enough to be meant
 * (more than a third of the word's letters differ).  Letter case does not count. Borrowed result. */
const char *str_nearest(const char *word, const char *const *candidates, size_t n);

/* words_split - split like a shell splits words: blanks separate; '…', "…" and \ quote.  No globbing, no expansion.
 * @ret: words are appended.  Returns 0; -EINVAL an open quote or a trailing backslash. */
int words_split(const char *text, struct strv *ret, struct sbx_err *err);

/* words_quote - the inverse, for showing a command line: words joined by blanks, quoted where a shell would need it.
 * Returns new. */
char *words_quote(const struct strv *words);

/* text_escape - @s with control characters, DEL, invalid UTF-8 and backslash written as \n, \t, \xNN or \\, so that a
 * name that came from an image cannot drive a terminal.  Returns new. */
char *text_escape(const char *s);
