/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Owned lists of strings and growable text.  Allocation failure ends the process with a message (see xalloc.h):
 * sbx holds little memory, and an out-of-memory path that is never run is a bug that waits. */

#include <stdbool.h>
#include <stddef.h>

struct strv {
	char **v; /* NULL-terminated once anything was added; NULL while empty */
	size_t n;
};

void strv_add(struct strv *s, const char *text); /* copies */
void strv_take(struct strv *s, char *text);      /* takes @text */
void strv_addf(struct strv *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void strv_add_all(struct strv *s, const struct strv *from); /* copies */
void strv_clear(struct strv *s);                            /* frees all, leaves an empty list */
bool strv_contains(const struct strv *s, const char *text);
/* strv_env_set - replace or append NAME=VALUE by its name. @assignment: borrowed, holds '='. */
void strv_env_set(struct strv *s, const char *assignment);
const char *strv_env_get(const struct strv *s, const char *name); /* borrowed value or NULL */
#define _cleanup_strv_ __attribute__((cleanup(strv_clear)))

struct strbuf {
	char *s; /* NUL-terminated once anything was added; NULL while empty */
	size_t len, cap;
};

void strbuf_add(struct strbuf *b, const char *text);
void strbuf_addn(struct strbuf *b, const void *bytes, size_t n);
void strbuf_addc(struct strbuf *b, char c);
void strbuf_addf(struct strbuf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
char *strbuf_steal(struct strbuf *b); /* returns new, "" where nothing was added; leaves an empty buffer */
void strbuf_clear(struct strbuf *b);
#define _cleanup_strbuf_ __attribute__((cleanup(strbuf_clear)))
