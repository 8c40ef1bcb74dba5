/* SPDX-License-Identifier: Apache-2.0 */

/* Owned lists of strings and growable text. */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "sbx/strv.h"
#include "sbx/str.h"

/* The vector grows when the count reaches a power of two, so no capacity needs to be kept. */
void strv_take(struct strv *s, char *text)
{
	size_t need = s->n + 2;
	if (!s->v || ((s->n + 1) & s->n) == 0)
		s->v = xrealloc(s->v, need * 2, sizeof *s->v);
	s->v[s->n++] = text;
	s->v[s->n] = NULL;
}

void strv_add(struct strv *s, const char *text)
{
	strv_take(s, xstrdup(text));
}

void strv_addf(struct strv *s, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;
	va_start(ap, fmt);
	int n = vasprintf(&text, fmt, ap);
	va_end(ap);
	strv_take(s, n < 0 ? xstrdup("") : text);
}

void strv_add_all(struct strv *s, const struct strv *from)
{
	for (size_t i = 0; i < from->n; i++)
		strv_add(s, from->v[i]);
}

void strv_clear(struct strv *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->v[i]);
	free(s->v);
	s->v = NULL;
	s->n = 0;
}

bool strv_contains(const struct strv *s, const char *text)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->v[i], text) == 0)
			return true;
	return false;
}

void strv_env_set(struct strv *s, const char *assignment)
{
	size_t n = strcspn(assignment, "=") + 1;
	for (size_t i = 0; i < s->n; i++) {
		if (strncmp(s->v[i], assignment, n) != 0)
			continue;
		char *copy = xstrdup(assignment);
		free(s->v[i]);
		s->v[i] = copy;
		return;
	}
	strv_add(s, assignment);
}

const char *strv_env_get(const struct strv *s, const char *name)
{
	size_t n = strlen(name);
	for (size_t i = 0; i < s->n; i++)
		if (strncmp(s->v[i], name, n) == 0 && s->v[i][n] == '=')
			return s->v[i] + n + 1;
	return NULL;
}

static void strbuf_reserve(struct strbuf *b, size_t more)
{
	size_t need = b->len + more + 1;
	if (need <= b->cap)
		return;
	b->cap = need < 64 ? 64 : need * 2;
	b->s = xrealloc(b->s, b->cap, 1);
}

void strbuf_addn(struct strbuf *b, const void *bytes, size_t n)
{
	strbuf_reserve(b, n);
	memcpy(b->s + b->len, bytes, n);
	b->len += n;
	b->s[b->len] = '\0';
}

void strbuf_add(struct strbuf *b, const char *text)
{
	strbuf_addn(b, text, strlen(text));
}

void strbuf_addc(struct strbuf *b, char c)
{
	strbuf_addn(b, &c, 1);
}

void strbuf_addf(struct strbuf *b, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	strbuf_reserve(b, (size_t)n);
	va_start(ap, fmt);
	vsnprintf(b->s + b->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
}

char *strbuf_steal(struct strbuf *b)
{
	char *s = b->s ? b->s : xstrdup("");
	*b = (struct strbuf){0};
	return s;
}

void strbuf_clear(struct strbuf *b)
{
	free(b->s);
	*b = (struct strbuf){0};
}
