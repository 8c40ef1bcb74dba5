/* SPDX-License-Identifier: Apache-2.0 */

/* Unit tests of src/util. */

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "sbx/cleanup.h"
#include "sbx/err.h"
#include "sbx/parse.h"
#include "sbx/path.h"
#include "sbx/str.h"
#include "sbx/strv.h"

static void an_error_carries_code_and_text(void **state)
{
	(void)state;
	struct sbx_err err = {0};
	assert_int_equal(sbx_fail(&err, -ENOENT, "open %s", "/x"), -ENOENT);
	assert_string_equal(err.msg, "open /x: No such file or directory");
	assert_int_equal(sbx_err_prefix(&err, -1, "image %s", "a"), -ENOENT);
	assert_string_equal(err.msg, "image a: open /x: No such file or directory");
	assert_int_equal(sbx_fail_plain(NULL, -EIO, "x"), -EIO);
}

static void a_long_error_is_cut_at_a_character(void **state)
{
	(void)state;
	struct sbx_err err = {0};
	char text[2 * SBX_ERR_MSG_MAX];
	for (size_t shift = 0; shift < 3; shift++) {
		size_t n = shift;
		memset(text, 'a', shift);
		for (; n + 3 < sizeof text; n += 3)
			memcpy(text + n, "\xe2\x82\xac", 3);
		text[n] = '\0';
		sbx_fail_plain(&err, -EIO, "%s", text);
		size_t len = strlen(err.msg);
		assert_in_range(len, SBX_ERR_MSG_MAX - 4, SBX_ERR_MSG_MAX - 1);
		assert_int_equal((len - shift) % 3, 0);
	}
}

static void numbers_are_strict(void **state)
{
	(void)state;
	uint64_t u = 7;
	uint32_t id = 7, mode = 7;
	assert_int_equal(parse_u64("18446744073709551615", UINT64_MAX, &u), 0);
	assert_true(u == UINT64_MAX);
	assert_int_equal(parse_u64("18446744073709551616", UINT64_MAX, &u), -ERANGE);
	static const char *const bad[] = {"", " 1", "1 ", "+1", "-1", "0x1", "1a", "١"};
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(parse_u64(bad[i], UINT64_MAX, &u), -EINVAL);
	assert_int_equal(parse_u64("11", 10, &u), -ERANGE);
	assert_int_equal(parse_id("4294967294", &id), 0);
	assert_int_equal(parse_id("4294967295", &id), -ERANGE);
	assert_int_equal(parse_octal("1777", 07777, &mode), 0);
	assert_int_equal(mode, 01777);
	assert_int_equal(parse_octal("8", 07777, &mode), -EINVAL);
	assert_int_equal(parse_octal("10000", 07777, &mode), -ERANGE);
}

static void sizes_and_times_have_units(void **state)
{
	(void)state;
	uint64_t v;
	assert_int_equal(parse_size("64M", &v), 0);
	assert_true(v == 64u << 20);
	assert_int_equal(parse_size("3t", &v), 0);
	assert_true(v == (uint64_t)3 << 40);
	assert_int_equal(parse_size("10X", &v), -EINVAL);
	assert_int_equal(parse_size("1KB", &v), -EINVAL);
	assert_int_equal(parse_size("99999999T", &v), -ERANGE);
	static const struct {
		const char *text;
		uint64_t ms;
	} times[] = {{"10", 10000}, {"250ms", 250}, {"1.5s", 1500}, {"2min", 120000}, {"1h", 3600000}, {"0.001", 1},
		{"1d", 86400000}};
	for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
		assert_int_equal(parse_time_ms(times[i].text, &v), 0);
		assert_true(v == times[i].ms);
	}
	assert_int_equal(parse_time_ms("1.s", &v), -EINVAL);
	assert_int_equal(parse_time_ms("1 s", &v), -EINVAL);
	assert_int_equal(parse_time_ms("9999999999999999d", &v), -ERANGE);
}

static void signals_have_names(void **state)
{
	(void)state;
	int sig = 0;
	assert_int_equal(parse_signal("SIGTERM", &sig), 0);
	assert_int_equal(sig, SIGTERM);
	assert_int_equal(parse_signal("quit", &sig), 0);
	assert_int_equal(sig, SIGQUIT);
	assert_int_equal(parse_signal("9", &sig), 0);
	assert_int_equal(sig, SIGKILL);
	assert_int_equal(parse_signal("RTMIN+3", &sig), 0);
	assert_int_equal(sig, SIGRTMIN + 3);
	assert_int_equal(parse_signal("SIGRTMAX-1", &sig), 0);
	assert_int_equal(sig, SIGRTMAX - 1);
	assert_int_equal(parse_signal("0", &sig), -ERANGE);
	assert_int_equal(parse_signal("SIGFOO", &sig), -EINVAL);
	assert_int_equal(parse_signal("RTMIN+99", &sig), -EINVAL);
	assert_string_equal(signal_name(SIGUSR1), "SIGUSR1");
	assert_string_equal(signal_name(0), "?");
}

static void words_split_as_a_shell_does(void **state)
{
	(void)state;
	_cleanup_strv_ struct strv words = {0};
	struct sbx_err err = {0};
	assert_int_equal(words_split("a  'b c' \"d \\\"e\\n\" f\\ g '' x\"y\"z", &words, &err), 0);
	static const char *const want[] = {"a", "b c", "d \"e\\n", "f g", "", "xyz"};
	assert_int_equal(words.n, ARRAY_SIZE(want));
	for (size_t i = 0; i < words.n; i++)
		assert_string_equal(words.v[i], want[i]);
	_cleanup_free_ char *quoted = words_quote(&words);
	_cleanup_strv_ struct strv again = {0};
	assert_int_equal(words_split(quoted, &again, &err), 0);
	assert_int_equal(again.n, words.n);
	for (size_t i = 0; i < words.n; i++)
		assert_string_equal(again.v[i], words.v[i]);
	assert_int_equal(words_split("a 'b", &again, &err), -EINVAL);
	assert_string_equal(err.msg, "a single quote is not closed");
	assert_int_equal(words_split("a \"b\\", &again, &err), -EINVAL);
	assert_string_equal(err.msg, "a double quote is not closed");
	assert_int_equal(words_split("a\\", &again, &err), -EINVAL);
	assert_string_equal(err.msg, "nothing follows the last backslash");
}

static void paths_are_cleaned_as_text(void **state)
{
	(void)state;
	static const char *const pairs[][2] = {{"/", "/"}, {"//a//b/", "/a/b"}, {"/a/./b/../c", "/a/c"},
		{"/../..", "/"}, {"/a/...", "/a/..."}, {"/a/..", "/"}};
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		_cleanup_free_ char *clean = path_clean(pairs[i][0]);
		assert_string_equal(clean, pairs[i][1]);
	}
	assert_null(path_clean("a/b"));
	_cleanup_free_ char *joined = path_join("/a/", "b"), *absolute = path_join("/a", "/b");
	assert_string_equal(joined, "/a/b");
	assert_string_equal(absolute, "/b");
	assert_true(path_below("/a/b", "/a"));
	assert_true(path_below("/a", "/a"));
	assert_true(path_below("/a", "/"));
	assert_false(path_below("/ab", "/a"));
	assert_int_equal(path_depth("/"), 0);
	assert_int_equal(path_depth("/a/b"), 2);
}

static void a_misspelt_word_finds_its_neighbour(void **state)
{
	(void)state;
	static const char *const names[] = {"Image", "Rootfs", "MemoryMax", "Bind", "BindReadOnly"};
	assert_string_equal(str_nearest("Imgae", names, 5), "Image");
	assert_string_equal(str_nearest("memorymx", names, 5), "MemoryMax");
	assert_string_equal(str_nearest("BindReadonly", names, 5), "BindReadOnly");
	assert_null(str_nearest("Whatever", names, 5));
	assert_null(str_nearest("", names, 5));
}

static void names_from_strangers_cannot_drive_a_terminal(void **state)
{
	(void)state;
	_cleanup_free_ char *a = text_escape("a\033[2Jb\n\t\\\x7f\xc2\x9b ä \xe2\x80\xae \xff");
	assert_string_equal(a, "a\\x1b[2Jb\\n\\t\\\\\\x7f\\xc2\\x9b ä \\xe2\\x80\\xae \\xff");
}

static void an_environment_keeps_one_value_a_name(void **state)
{
	(void)state;
	_cleanup_strv_ struct strv env = {0};
	strv_env_set(&env, "A=1");
	strv_env_set(&env, "AB=2");
	strv_env_set(&env, "A=3");
	assert_int_equal(env.n, 2);
	assert_string_equal(strv_env_get(&env, "A"), "3");
	assert_string_equal(strv_env_get(&env, "AB"), "2");
	assert_null(strv_env_get(&env, "B"));
	for (int i = 0; i < 1000; i++)
		strv_addf(&env, "N%d=%d", i, i);
	assert_int_equal(env.n, 1002);
	assert_null(env.v[1002]);
	assert_string_equal(strv_env_get(&env, "N999"), "999");
}

static void booleans_are_the_eight_words(void **state)
{
	(void)state;
	bool b = false;
	assert_int_equal(parse_bool("Yes", &b), 0);
	assert_true(b);
	assert_int_equal(parse_bool("off", &b), 0);
	assert_false(b);
	assert_int_equal(parse_bool("y", &b), -EINVAL);
}

static void what_is_cleaned_up_is_gone_and_can_be_cleaned_up_again(void **state)
{
	(void)state;
	char *text = xstrdup("text");
	int fd = dup(0);
	errno = EBADMSG;
	for (int i = 0; i < 2; i++) {
		cleanup_free(&text);
		cleanup_close(&fd);
	}
	assert_null(text);
	assert_int_equal(fd, -1);
	assert_int_equal(errno, EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_error_carries_code_and_text),
		cmocka_unit_test(a_long_error_is_cut_at_a_character),
		cmocka_unit_test(numbers_are_strict),
		cmocka_unit_test(sizes_and_times_have_units),
		cmocka_unit_test(booleans_are_the_eight_words),
		cmocka_unit_test(signals_have_names),
		cmocka_unit_test(words_split_as_a_shell_does),
		cmocka_unit_test(paths_are_cleaned_as_text),
		cmocka_unit_test(a_misspelt_word_finds_its_neighbour),
		cmocka_unit_test(names_from_strangers_cannot_drive_a_terminal),
		cmocka_unit_test(an_environment_keeps_one_value_a_name),
		cmocka_unit_test(what_is_cleaned_up_is_gone_and_can_be_cleaned_up_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
