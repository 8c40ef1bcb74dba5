/* SPDX-License-Identifier: Apache-2.0 */

/* Split like a shell splits words, and the way back.  Source: POSIX Shell Command Language, 2.2 Quoting. */

#include <errno.h>
#include <string.h>
#include "sbx/str.h"

#define BLANKS " \t\n\r"

/* add_double_quoted - take a "…" part; @p stands after the opening quote.  Returns the place after the closing one,
 * NULL where it is missing.  Inside, a backslash quotes only " \ $ and `. */
static const char *add_double_quoted(const char *p, struct strbuf *word)
{
	for (; *p != '"'; p++) {
		if (*p == '\\' && p[1] && strchr("\"\\$`", p[1]))
			p++;
		if (!*p)
			return NULL;
		strbuf_addc(word, *p);
	}
	return p + 1;
}

/* add_word - take one word that begins at @p.  Returns the place after it, NULL and *ret_what where it never ends. */
static const char *add_word(const char *p, struct strbuf *word, const char **ret_what)
{
	strbuf_addn(word, "", 0);
	while (*p && !strchr(BLANKS, *p)) {
		if (*p == '\'') {
			const char *end = strchr(++p, '\'');
			*ret_what = "a single quote is not closed";
			if (!end)
				return NULL;
			strbuf_addn(word, p, (size_t)(end - p));
			p = end + 1;
		} else if (*p == '"') {
			*ret_what = "a double quote is not closed";
			p = add_double_quoted(p + 1, word);
			if (!p)
				return NULL;
		} else {
			*ret_what = "nothing follows the last backslash";
			if (*p == '\\' && !*++p)
				return NULL;
			strbuf_addc(word, *p++);
		}
	}
	return p;
}

int words_split(const char *text, struct strv *ret, struct sbx_err *err)
{
	const char *p = text + strspn(text, BLANKS);
	while (*p) {
		_cleanup_strbuf_ struct strbuf word = {0};
		const char *what = NULL;
		p = add_word(p, &word, &what);
		if (!p)
			return sbx_fail_plain(err, -EINVAL, "%s", what);
		strv_take(ret, strbuf_steal(&word));
		p += strspn(p, BLANKS);
	}
	return 0;
}

char *words_quote(const struct strv *words)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";
	struct strbuf out = {0};
	for (size_t i = 0; i < words->n; i++) {
		const char *w = words->v[i];
		if (i > 0)
			strbuf_addc(&out, ' ');
		if (*w && w[strspn(w, plain)] == '\0') {
			strbuf_add(&out, w);
			continue;
		}
		strbuf_addc(&out, '\'');
		for (; *w; w++) {
			if (*w == '\'')
				strbuf_add(&out, "'\\''");
			else
				strbuf_addc(&out, *w);
		}
		strbuf_addc(&out, '\'');
	}
	return strbuf_steal(&out);
}
