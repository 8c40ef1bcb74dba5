/* SPDX-License-Identifier: Apache-2.0 */

/* The reader of INI text: each way in which it differs from inih alone, and what inih alone does. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "sbx/cleanup.h"
#include "sbx/str.h"
#include "src/profile/inifile.h"

/* What the sink heard, a line each: "2 [Name]", "3 Name.Key=Value", "4 ! problem". */
static bool hear_section(void *data, const char *name, unsigned line)
{
	strbuf_addf(data, "%u [%s]\n", line, name);
	return strcmp(name, "Unknown") != 0;
}

static void hear_value(void *data, const char *section, const char *name, const char *value, unsigned line)
{
	strbuf_addf(data, "%u %s.%s=%s\n", line, section, name, value);
}

static void hear_problem(void *data, unsigned line, const char *text)
{
	strbuf_addf(data, "%u ! %s\n", line, text);
}

static void expect_bytes(const char *text, size_t len, const char *heard)
{
	_cleanup_strbuf_ struct strbuf got = {0};
	const struct inifile_sink sink = {hear_section, hear_value, hear_problem, &got};
	strbuf_add(&got, "");
	inifile_read(text, len, &sink);
	assert_string_equal(got.s, heard);
}

static void expect(const char *text, const char *heard)
{
	expect_bytes(text, strlen(text), heard);
}

/* handle_alone - a handler for inih without our reader. */
static int handle_alone(void *data, const char *section, const char *name, const char *value
#if INI_HANDLER_LINENO
	,
	int number
#endif
)
{
#if INI_HANDLER_LINENO
	(void)number;
#endif
	strbuf_addf(data, "%s.%s=%s\n", section, name, value);
	return 1;
}

/* expect_alone - what inih makes of a text without our reader; @first_wrong: the line that it tells, 0 none. */
static void expect_alone(const char *text, const char *heard, int first_wrong)
{
	_cleanup_strbuf_ struct strbuf got = {0};
	strbuf_add(&got, "");
	assert_int_equal(ini_parse_string(text, handle_alone, &got), first_wrong);
	assert_string_equal(got.s, heard);
}

static void inih_alone_has_the_limits_that_the_reader_is_there_for(void **state)
{
	(void)state;
	expect_alone("[A]\nKey=\"one ;two\"\n", "A.Key=\"one\n", 0);
	expect_alone("[A]\nKey=one\n  Other=two\n", "A.Key=one\nA.Key=Other=two\n", 0);
	expect_alone("[A] behind\nKey: one\n", "A.Key=one\n", 0);
	expect_alone("[A]\nwrong\nKey=1\nworse\n", "A.Key=1\n", 2);
	expect_alone("[a.name.of.sixty.bytes.which.is.cut.after.forty.nine.of.them]\nKey=1\n",
		"a.name.of.sixty.bytes.which.is.cut.after.forty.ni.Key=1\n", 0);

	_cleanup_strbuf_ struct strbuf line = {0}, got = {0};
	strbuf_add(&line, "[A]\nKey=");
	for (int i = 0; i < 400; i++)
		strbuf_addc(&line, 'x');
	strbuf_add(&line, "\n");
	strbuf_add(&got, "");
	ini_parse_string(line.s, handle_alone, &got);
	assert_true(got.len > 0 && got.len < 300); /* cut, and handed over all the same */
}

static void lines_may_be_longer_than_any_buffer(void **state)
{
	(void)state;
	static const size_t lengths[] = {150, 198, 199, 200, 201, 202, 255, 256, 4095, 4096, 4097, 300000};
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		_cleanup_strbuf_ struct strbuf value = {0}, text = {0}, heard = {0};
		for (size_t n = 0; n < lengths[i]; n++)
			strbuf_addc(&value, (char)('a' + n % 26));
		strbuf_addf(&text, "[A]\nKey=%s\nLast=1\n", value.s);
		strbuf_addf(&heard, "1 [A]\n2 A.Key=%s\n3 A.Last=1\n", value.s);
		expect(text.s, heard.s);
	}
}

static void a_long_value_keeps_blanks_and_semicolons_wherever_it_is_cut(void **state)
{
	(void)state;
	for (size_t shift = 1; shift < 12; shift++) {
		_cleanup_strbuf_ struct strbuf value = {0}, text = {0}, heard = {0};
		for (size_t n = 0; n < shift; n++)
			strbuf_addc(&value, 'x');
		for (int n = 0; n < 300; n++)
			strbuf_add(&value, " ;\001=#");
		strbuf_add(&value, "end");
		strbuf_addf(&text, "[A]\nKey=%s\n", value.s);
		strbuf_addf(&heard, "1 [A]\n2 A.Key=%s\n", value.s);
		expect(text.s, heard.s);
	}
}

static void nothing_behind_a_value_is_a_comment(void **state)
{
	(void)state;
	expect("[A]\nKey=one ;two\nKey=one # two\nKey=\"one ;two\"\nKey=;\n",
		"1 [A]\n2 A.Key=one ;two\n3 A.Key=one # two\n4 A.Key=\"one ;two\"\n5 A.Key=;\n");
	expect("; one\n# two\n  ; three\n[A]\n\t# four\nKey=1\n", "4 [A]\n6 A.Key=1\n");
}

static void an_indented_line_is_a_line_of_its_own(void **state)
{
	(void)state;
	expect("[A]\nKey=one\n  Other=two\n\tThird = three \n   [B]\n Key=4\n",
		"1 [A]\n2 A.Key=one\n3 A.Other=two\n4 A.Third=three\n5 [B]\n6 B.Key=4\n");
}

static void a_backslash_joins_the_next_line_and_lines_are_counted_from_the_first(void **state)
{
	(void)state;
	expect("[A]\nKey=one \\\n  two \\\n# between\n\tthree\nNext=4\n",
		"1 [A]\n2 A.Key=one  two  three\n6 A.Next=4\n");
	expect("[A]\nKey=C:\\\\\nNext=2\n", "1 [A]\n2 A.Key=C:\\\\\n3 A.Next=2\n"); /* an escaped one joins nothing */
	expect("[A]\nKey=three\\\\\\\nmore\n", "1 [A]\n2 A.Key=three\\\\ more\n");
	expect("[A]\r\nKey=a\\\r\nb\r\nNext=2", "1 [A]\n2 A.Key=a b\n4 A.Next=2\n");
	expect("[A]\nKey=one\\", "1 [A]\n2 ! a \\ at the end of the file; expected a line to join\n");
}

static void a_NUL_is_refused_and_the_lines_behind_it_are_read(void **state)
{
	(void)state;
	static const char text[] = "[A]\nKey=one\0two\nNext=3\nLong=\\\n a\0b \\\n c\nEnd=1\n";
	expect_bytes(text, sizeof text - 1,
		"1 [A]\n2 ! a NUL byte; expected text\n3 A.Next=3\n5 ! a NUL byte; expected text\n7 A.End=1\n");
	static const char others[] = "# com\0ment\n[A\0]\nKey=1\n";
	expect_bytes(others, sizeof others - 1,
		"1 ! a NUL byte; expected text\n2 ! a NUL byte; expected text\n"
		"3 ! a key before any section; expected [Section] above it\n");
}

static void ends_of_lines_and_a_byte_order_mark_are_taken_as_they_come(void **state)
{
	(void)state;
	expect("\xef\xbb\xbf[A]\r\nKey=one\r\n\r\nNext=two", "1 [A]\n2 A.Key=one\n4 A.Next=two\n");
	expect("", "");
	expect("\n\n  \n", "");
}

static void what_is_no_line_is_told_with_its_number_and_all_at_once(void **state)
{
	(void)state;
	expect("Early=1\n[A] behind\nKey=1\n[B]\nno equals\nKey: value\n=nothing\nbad name=1\nKey=2\n[C\n",
		"1 ! a key before any section; expected [Section] above it\n"
		"2 ! a line that begins with [; expected [Section] and nothing behind it\n"
		"4 [B]\n"
		"5 ! no = in the line; expected Key=Value, [Section], or a comment that begins with #\n"
		"6 ! no = in the line; expected Key=Value, [Section], or a comment that begins with #\n"
		"7 ! no key's name before the =; expected Key=Value\n"
		"8 ! no key's name before the =; expected Key=Value\n"
		"9 B.Key=2\n"
		"10 ! a line that begins with [; expected [Section] and nothing behind it\n");
}

static void a_section_that_nobody_knows_is_skipped_whole(void **state)
{
	(void)state;
	expect("[Unknown]\nKey=1\nno equals\n[ A ]\nKey=2\n",
		"1 [Unknown]\n3 ! no = in the line; expected Key=Value, [Section], or a comment that begins with #\n"
		"4 [A]\n5 A.Key=2\n");
}

static void names_that_inih_would_cut_reach_the_sink_whole_or_not_at_all(void **state)
{
	(void)state;
	_cleanup_strbuf_ struct strbuf text = {0}, heard = {0}, name = {0};
	for (int i = 0; i < 60; i++)
		strbuf_addc(&name, 'n');
	strbuf_addf(&text, "[%s]\nKey=1\n[A]\n%s=2\nKey=3\n", name.s, name.s);
	strbuf_addf(&heard, "1 [%s]\n3 [A]\n4 ! no key's name before the =; expected Key=Value\n5 A.Key=3\n", name.s);
	expect(text.s, heard.s);
}

static void an_equals_sign_and_outer_blanks(void **state)
{
	(void)state;
	expect("[A]\nKey = a=b = c  \nEmpty=\nQuoted=\" kept \"\n",
		"1 [A]\n2 A.Key=a=b = c\n3 A.Empty=\n4 A.Quoted=\" kept \"\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(inih_alone_has_the_limits_that_the_reader_is_there_for),
		cmocka_unit_test(lines_may_be_longer_than_any_buffer),
		cmocka_unit_test(a_long_value_keeps_blanks_and_semicolons_wherever_it_is_cut),
		cmocka_unit_test(nothing_behind_a_value_is_a_comment),
		cmocka_unit_test(an_indented_line_is_a_line_of_its_own),
		cmocka_unit_test(a_backslash_joins_the_next_line_and_lines_are_counted_from_the_first),
		cmocka_unit_test(a_NUL_is_refused_and_the_lines_behind_it_are_read),
		cmocka_unit_test(ends_of_lines_and_a_byte_order_mark_are_taken_as_they_come),
		cmocka_unit_test(what_is_no_line_is_told_with_its_number_and_all_at_once),
		cmocka_unit_test(a_section_that_nobody_knows_is_skipped_whole),
		cmocka_unit_test(names_that_inih_would_cut_reach_the_sink_whole_or_not_at_all),
		cmocka_unit_test(an_equals_sign_and_outer_blanks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
