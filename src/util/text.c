/* SPDX-License-Identifier: Apache-2.0 */

/* Small string work, and names from strangers made safe to print. */

#include <string.h>
#include "sbx/str.h"

bool str_eq(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

bool str_starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool str_ends(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);
	return n >= m && strcmp(s + n - m, suffix) == 0;
}

/* utf8_length - bytes of the valid UTF-8 character at @s that is safe to print, 0 where there is none.  C1 control
 * characters (U+0080 to U+009F) drive terminals as well; so do the bidirectional overrides, which reorder a line. */
static size_t utf8_length(const unsigned char *s)
{
	if (s[0] < 0x80)
		return s[0] >= 0x20 && s[0] != 0x7f && s[0] != '\\' ? 1 : 0;
	size_t n = s[0] >= 0xf0 && s[0] <= 0xf4  ? 4
		   : s[0] >= 0xe0 && s[0] < 0xf0 ? 3
		   : s[0] >= 0xc2 && s[0] < 0xe0 ? 2
						 : 0;
	if (n == 0)
		return 0;
	unsigned code = s[0] & (0xffu >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (s[i] & 0x3fu);
	}
	static const unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};
	bool bad = code < least[n] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff) || code < 0xa0 ||
		   (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) || code == 0x2028 ||
		   code == 0x2029;
	return bad ? 0 : n;
}

char *text_escape(const char *s)
{
	struct strbuf out = {0};
	for (const unsigned char *p = (const unsigned char *)s; *p;) {
		size_t n = utf8_length(p);
		if (n > 0) {
			strbuf_addn(&out, p, n);
			p += n;
			continue;
		}
		switch (*p) {
		case '\n':
			strbuf_add(&out, "\\n");
			break;
		case '\t':
			strbuf_add(&out, "\\t");
			break;
		case '\\':
			strbuf_add(&out, "\\\\");
			break;
		default:
			strbuf_addf(&out, "\\x%02x", *p);
		}
		p++;
	}
	return strbuf_steal(&out);
}
