/* SPDX-License-Identifier: Apache-2.0 */

/* INI text through inih, without inih's limits.
 *
 * inih 55 as Debian builds it, and as test/unit/profile/test_inifile.c shows: lines are cut at 200 bytes and
 * what is left of them reaches the handler; " ;" begins a comment, also inside quotes; an indented line is more
 * of the line above; "Key: value" is a value; a section's name is cut at 49 bytes; text behind "]" is dropped;
 * only the first line that is wrong is told; line numbers may or may not be given to the handler, as the library
 * was built.
 *
 * So inih never sees the file.  The reader below makes logical lines (joined, unindented, checked for their form),
 * counts them, and hands each value over in pieces that are short lines of their own:
 *
 *	Name=<PAYLOAD+     the first piece, more follow
 *	Name=-PAYLOAD+     a further piece
 *	Name=-PAYLOAD>     the last; a value of one piece is <PAYLOAD>
 *
 * The marks keep outer blanks from inih's trimming.  In the payload a semicolon is written ESCAPE s and the escape byte
 * itself ESCAPE e, so that nothing in it is a comment.  inih calls the handler between two calls of the reader, so the
 * reader's line number is the handler's. */

#include <ini.h>
#include <stdio.h>
#include <string.h>
#include "inifile.h"
#include "sbx/err.h"
#include "sbx/str.h"

#define BLANKS " \t\r\v\f"
#define ESCAPE '\001'
#define NAME_LEN_MAX 48 /* inih compares and keeps 49 bytes of a name; every key is shorter */
/* Name, '=', two marks, one escaped byte, newline, NUL: less room than this and no piece moves on. */
#define PIECE_ROOM_MIN (NAME_LEN_MAX + 8)

struct reader {
	const char *next, *end; /* the text not read yet */
	unsigned line;          /* number of the last line taken from it */
	unsigned first_line;    /* of the logical line in hand */
	const struct inifile_sink *sink;

	struct strbuf logical;
	char name[NAME_LEN_MAX + 1]; /* of the value in hand; "" none */
	size_t value_at, value_pos;  /* where it begins in logical, how far it is handed over */
	bool value_started;
	bool in_section, skip_section;
	struct strbuf value; /* handler: put together again */
};

/* line_take - the next physical line without its end, as [*ret, *ret + *ret_len).  false at the end of the text. */
static bool line_take(struct reader *r, const char **ret, size_t *ret_len)
{
	if (r->next >= r->end)
		return false;
	const char *nl = memchr(r->next, '\n', (size_t)(r->end - r->next));
	const char *line_end = nl ? nl : r->end;
	*ret = r->next;
	*ret_len = (size_t)(line_end - r->next);
	r->next = nl ? nl + 1 : r->end;
	r->line++;
	return true;
}

static void trim(const char **s, size_t *len)
{
	while (*len > 0 && memchr(BLANKS, **s, sizeof BLANKS - 1)) {
		(*s)++;
		(*len)--;
	}
	while (*len > 0 && memchr(BLANKS, (*s)[*len - 1], sizeof BLANKS - 1))
		(*len)--;
}

static bool is_comment(const char *s, size_t len)
{
	return len > 0 && (*s == '#' || *s == ';');
}

/* joins_next - whether a line ends in a backslash that is not itself quoted by one. */
static bool joins_next(const char *s, size_t len)
{
	size_t n = 0;
	while (n < len && s[len - 1 - n] == '\\')
		n++;
	return n % 2 == 1;
}

/* logical_take - the next logical line into r->logical: comments and empty lines left out, lines that end in \ joined
 * by one blank.  As in systemd.syntax(7), a comment between joined lines is left out as well.  false at the end. */
static bool logical_take(struct reader *r)
{
	r->logical.len = 0; /* the memory serves again */
	strbuf_add(&r->logical, "");
	const char *s;
	size_t len;
	bool joining = false, has_nul = false;
	while (line_take(r, &s, &len)) {
		trim(&s, &len);
		bool nul = memchr(s, '\0', len) != NULL;
		if (nul && !has_nul)
			r->sink->problem(r->sink->data, r->line, "a NUL byte; expected text");
		if (is_comment(s, len) || (!joining && len == 0))
			continue;
		if (!joining)
			r->first_line = r->line;
		has_nul |= nul;
		bool more = joins_next(s, len);
		strbuf_addn(&r->logical, s, more ? len - 1 : len);
		joining = more;
		if (more) {
			strbuf_addc(&r->logical, ' ');
			continue;
		}
		if (has_nul) { /* reported; go on behind it */
			r->logical.len = 0;
			strbuf_add(&r->logical, "");
			has_nul = false;
			continue;
		}
		return true;
	}
	if (joining && !has_nul)
		r->sink->problem(r->sink->data, r->line, "a \\ at the end of the file; expected a line to join");
	return false;
}

static bool name_is_sound(const char *s, size_t len)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
	return len > 0 && len <= NAME_LEN_MAX && strspn(s, letters) >= len;
}

/* section_take - a logical line that begins with [.  true: @out, of PIECE_ROOM_MIN bytes or more, holds it for inih,
 * with blanks around the name gone: inih would make them part of it. */
static bool section_take(struct reader *r, char *out)
{
	const char *s = r->logical.s;
	size_t len = r->logical.len;
	r->in_section = true;
	r->skip_section = true;
	if (s[len - 1] != ']') {
		r->sink->problem(r->sink->data, r->first_line,
			"a line that begins with [; expected [Section] and nothing behind it");
		return false;
	}
	_cleanup_strbuf_ struct strbuf name = {0};
	const char *inner = s + 1;
	size_t inner_len = len - 2;
	trim(&inner, &inner_len);
	strbuf_addn(&name, inner, inner_len);
	r->skip_section = !r->sink->section(r->sink->data, name.s, r->first_line) || !name_is_sound(name.s, name.len);
	if (r->skip_section)
		return false;
	snprintf(out, PIECE_ROOM_MIN, "[%s]\n", name.s);
	return true;
}

/* value_take - a logical line that must be Key=Value: becomes the value in hand. */
static void value_take(struct reader *r)
{
	const char *s = r->logical.s, *equals = strchr(s, '=');
	if (!equals) {
		r->sink->problem(r->sink->data, r->first_line,
			"no = in the line; expected Key=Value, [Section], or a comment that begins with #");
		return;
	}
	if (!r->in_section) {
		r->sink->problem(r->sink->data, r->first_line, "a key before any section; expected [Section] above it");
		return;
	}
	if (r->skip_section)
		return;
	const char *name = s, *value = equals + 1;
	size_t name_len = (size_t)(equals - s), value_len = r->logical.len - name_len - 1;
	trim(&name, &name_len);
	trim(&value, &value_len);
	if (!name_is_sound(name, name_len)) {
		r->sink->problem(r->sink->data, r->first_line, "no key's name before the =; expected Key=Value");
		return;
	}
	memcpy(r->name, name, name_len);
	r->name[name_len] = '\0';
	r->value_at = (size_t)(value - s);
	r->logical.s[r->value_at + value_len] = '\0';
	r->value_pos = r->value_at;
	r->value_started = false;
}

/* piece_put - the next piece of the value in hand. */
static void piece_put(struct reader *r, char *out, size_t room)
{
	size_t n = strlen(r->name);
	memcpy(out, r->name, n);
	out[n++] = '=';
	out[n++] = r->value_started ? '-' : '<';
	r->value_started = true;
	const char *s = r->logical.s;
	/* room for: this byte escaped, the end mark, newline, NUL */
	for (; s[r->value_pos] && n + 5 <= room; r->value_pos++) {
		char c = s[r->value_pos];
		if (c == ';' || c == ESCAPE) {
			out[n++] = ESCAPE;
			c = c == ';' ? 's' : 'e';
		}
		out[n++] = c;
	}
	bool last = s[r->value_pos] == '\0';
	out[n++] = last ? '>' : '+';
	out[n++] = '\n';
	out[n] = '\0';
	if (last)
		r->value_at = 0;
}

/* reader_next - inih's reader: one short line into @out, at most @room bytes with the NUL; NULL at the end. */
static char *reader_next(char *out, int room, void *stream)
{
	struct reader *r = stream;
	if (room < PIECE_ROOM_MIN) {
		r->sink->problem(r->sink->data, 0, "the inih library takes lines that are too short for any key");
		return NULL;
	}
	while (r->value_at == 0) {
		if (!logical_take(r))
			return NULL;
		if (r->logical.len == 0)
			continue;
		if (r->logical.s[0] != '[')
			value_take(r);
		else if (section_take(r, out))
			return out;
	}
	piece_put(r, out, (size_t)room);
	return out;
}

/* handle_piece - inih's handler.  Its line number, where the library was built to give one, counts pieces: not used. */
static int handle_piece(void *user, const char *section, const char *name, const char *piece
#if INI_HANDLER_LINENO
	,
	int piece_number
#endif
)
{
	struct reader *r = user;
#if INI_HANDLER_LINENO
	(void)piece_number;
#endif
	size_t len = strlen(piece);
	if (len < 2)
		return 0;
	if (piece[0] == '<') {
		r->value.len = 0;
		strbuf_add(&r->value, "");
	}
	for (size_t i = 1; i < len - 1; i++) {
		if (piece[i] == ESCAPE)
			strbuf_addc(&r->value, piece[++i] == 's' ? ';' : ESCAPE);
		else
			strbuf_addc(&r->value, piece[i]);
	}
	if (piece[len - 1] == '>')
		r->sink->value(r->sink->data, section, name, r->value.s, r->first_line);
	return 1;
}

void inifile_read(const char *text, size_t len, const struct inifile_sink *sink)
{
	struct reader r = {.next = text, .end = text + len, .sink = sink};
	static const char bom[] = "\xef\xbb\xbf";
	if (len >= 3 && memcmp(text, bom, 3) == 0)
		r.next += 3;
	/* A wrong form was reported by the reader, so that inih finds none; anything else is a library this code does
	 * not understand, and then no line of it can be trusted. */
	if (ini_parse_stream(reader_next, &r, handle_piece, &r) != 0)
		sink->problem(sink->data, r.first_line, "the inih library does not read what it was given");
	strbuf_clear(&r.logical);
	strbuf_clear(&r.value);
}
