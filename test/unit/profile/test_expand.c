/* SPDX-License-Identifier: Apache-2.0 */

/* ~, ${NAME}, ${NAME:-default} and $$: what they become, where, and what is refused. */

#include "profile_fixture.h"
#include <pwd.h>
#include "src/profile/table.h"

/* A variable's assignment and what the program would get. */
static void gives(struct fixture *f, const char *written, const char *expected)
{
	_cleanup_free_ char *text = xasprintf("[Exec]\nEnvironment='A=%s'\n", written);
	load_text(f, text);
	assert_string_equal(word(f, KEY_Exec_Environment, 0) + 2, expected);
}

/* A Bind and its source and destination. */
static void binds(struct fixture *f, const char *written, const char *src, const char *dst)
{
	_cleanup_free_ char *text = xasprintf("[Files]\nBind=%s\n", written);
	_cleanup_(bind_arg_free) struct bind_arg arg = {0};
	load_text(f, text);
	assert_int_equal(profile_get(f->profile, KEY_Files_Bind)->n_words, 1);
	assert_int_equal(bind_arg_parse(KEY_Files_Bind, word(f, KEY_Files_Bind, 0), &arg, NULL), 0);
	assert_string_equal(arg.src, src);
	assert_string_equal(arg.dst, dst);
}

static void test_a_default_stands_for_what_is_undefined_or_empty(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(setenv("SBX_TEST_EMPTY", "", 1), 0);
	gives(f, "${SBX_TEST_NONE:-x}", "x");
	gives(f, "${SBX_TEST_EMPTY:-x}", "x");
	gives(f, "${SBX_TEST_EMPTY}", "");
	gives(f, "${SBX_TEST_NONE:-}", "");
	gives(f, "${SBX_TEST_VALUE:-x}", "a b:c");
	gives(f, "${SBX_TEST_VALUE:-${SBX_TEST_NONE}}", "a b:c"); /* a default that is not needed is not looked at */
	gives(f, "<${SBX_TEST_NONE:-a${SBX_TEST_EMPTY:-b${SBX_TEST_VALUE}}}>", "<aba b:c>");
	gives(f, "${SBX_TEST_NONE:-a:-b}", "a:-b");
	gives(f, "${SBX_TEST_NONE:-$${x}", "${x");
}

static void test_two_dollars_are_one_and_values_are_not_expanded_again(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(setenv("SBX_TEST_EMPTY", "${HOME} $$ ~ 'q' \\", 1), 0);
	gives(f, "$$", "$");
	gives(f, "$$$$", "$$");
	gives(f, "$${HOME}", "${HOME}");
	gives(f, "${SBX_TEST_EMPTY}", "${HOME} $$ ~ 'q' \\");
}

static void test_what_begins_no_variable_is_refused(void **state)
{
	static const struct {
		const char *written, *why;
	} wrong[] = {
		{"$HOME", "a $ that begins nothing; expected ${NAME}, ${NAME:-default}, or $$ for a dollar"},
		{"x$", "a $ that begins nothing; expected ${NAME}, ${NAME:-default}, or $$ for a dollar"},
		{"${HOME", "a $ that begins nothing; expected ${NAME}, ${NAME:-default}, or $$ for a dollar"},
		{"${A:-${B}", "a $ that begins nothing; expected ${NAME}, ${NAME:-default}, or $$ for a dollar"},
		{"${}", "${}: not a variable's name; expected ${NAME} or ${NAME:-default}, or $$ for a dollar"},
		{"${1A}", "${1A}: not a variable's name; expected ${NAME} or ${NAME:-default}, or $$ for a dollar"},
		{"${A-b}", "${A-b}: not a variable's name; expected ${NAME} or ${NAME:-default}, or $$ for a dollar"},
		{"${:-b}", "${:-b}: not a variable's name; expected ${NAME} or ${NAME:-default}, or $$ for a dollar"},
		{"${SBX_TEST_NONE:-${SBX_TEST_NONE}}",
			"${SBX_TEST_NONE} is not defined; expected a variable of the environment, or "
			"${SBX_TEST_NONE:-default}"},
	};
	struct fixture *f = *state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		_cleanup_free_ char *text = xasprintf("[Exec]\nEnvironment=A=%s\n", wrong[i].written);
		_cleanup_free_ char *problem =
			xasprintf("box.ini:2: [Exec] Environment: \"A=%s\": %s", wrong[i].written, wrong[i].why);
		refuses(f, text, problem);
	}
}

static void test_own_variables_are_those_of_the_run_whatever_the_environment_says(void **state)
{
	static const char *const names[] = {"PROFILE_DIR", "SANDBOX_NAME", "UID", "GID", "USER"};
	struct fixture *f = *state;
	const struct passwd *pw = getpwuid(getuid());
	_cleanup_free_ char *uid = xasprintf("%u", (unsigned)getuid()), *gid = xasprintf("%u", (unsigned)getgid());
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_int_equal(setenv(names[i], "wrong", 1), 0);
	gives(f, "${PROFILE_DIR}", f->dir);
	gives(f, "${SANDBOX_NAME}", "box");
	gives(f, "${UID}", uid);
	gives(f, "${GID}", gid);
	gives(f, "${USER}", pw ? pw->pw_name : uid);
	gives(f, "${HOME}", "/home/somebody");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_int_equal(unsetenv(names[i]), 0);
}

static void test_the_sandbox_name_is_the_last_one_given_wherever_it_is_used(void **state)
{
	struct fixture *f = *state;
	write_text(f, "box.ini.d/1.conf", "[Sandbox]\nName=\"third\"\n");
	load_text(f, "[Sandbox]\nName=first\n[Exec]\nEnvironment=A=${SANDBOX_NAME}\n[Sandbox]\nName=second\n");
	assert_string_equal(word(f, KEY_Exec_Environment, 0), "A=third");
	refuses(f, "[Sandbox]\nInclude=./${SANDBOX_NAME}.ini\n",
		"box.ini:2: [Sandbox] Include: \"./${SANDBOX_NAME}.ini\": ${SANDBOX_NAME} is not known before all "
		"files are read; expected another variable");
}

static void test_base_directories_are_defined_where_the_environment_lacks_them(void **state)
{
	struct fixture *f = *state;
	gives(f, "${XDG_CONFIG_HOME}", f->dir);
	gives(f, "${XDG_DATA_HOME}", "/home/somebody/.local/share");
	assert_int_equal(setenv("XDG_DATA_HOME", "relative", 1), 0); /* to be ignored, says the specification */
	gives(f, "${XDG_DATA_HOME}", "/home/somebody/.local/share");
	assert_int_equal(unsetenv("XDG_STATE_HOME"), 0);
	gives(f, "${XDG_STATE_HOME}", "/home/somebody/.local/state");
	assert_int_equal(unsetenv("XDG_CACHE_HOME"), 0);
	gives(f, "${XDG_CACHE_HOME}", "/home/somebody/.cache");
	assert_int_equal(unsetenv("XDG_RUNTIME_DIR"), 0); /* nothing stands for that one */
	gives(f, "${XDG_RUNTIME_DIR:-none}", "none");
}

static void test_a_tilde_is_the_home_only_at_the_start_of_a_path(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *below = xasprintf("%s/~", f->dir);
	binds(f, "~:/h", "/home/somebody", "/h");
	binds(f, "'~/with blank':/h", "/home/somebody/with blank", "/h");
	binds(f, "/a~b:~/c", "/a~b", "/home/somebody/c");
	binds(f, "./~:/h", below, "/h");
	binds(f, "${SBX_TEST_NONE:-~/data}:/h", "/home/somebody/data", "/h");
	binds(f, "/x${SBX_TEST_NONE:-~/data}:/h", "/x~/data", "/h");
	assert_int_equal(setenv("SBX_TEST_EMPTY", "~", 1), 0);
	binds(f, "${SBX_TEST_EMPTY}:/h", below, "/h"); /* a value is a name, as in a shell */
	gives(f, "~/x", "~/x");
	refuses(f, "[Files]\nBind=~root/x:/h\n",
		"box.ini:2: [Files] Bind: \"~root/x:/h\": ~NAME, another user's home, is not looked up; expected "
		"~/… or a path");
}

static void test_what_a_variable_holds_makes_no_new_word_and_no_new_part(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *src = xasprintf("%s/a b:c", f->dir), *odd = xasprintf("%s/x\\:y", f->dir);
	binds(f, "${SBX_TEST_VALUE}:/h", src, "/h");
	binds(f, "/s:/${SBX_TEST_VALUE}:ro", "/s", "/a b:c");
	assert_int_equal(setenv("SBX_TEST_EMPTY", "x\\:y", 1), 0);
	binds(f, "${SBX_TEST_EMPTY}:/h", odd, "/h");
	binds(f, "/$${a:/b}", "/${a", "/b}");
	binds(f, "${SBX_TEST_NONE:-/a:/b}", "/a", "/b"); /* the author's own colon is one */
	load_text(f, "[Files]\nTmpfs=/${SBX_TEST_VALUE}:size=4K\n");
	assert_string_equal(word(f, KEY_Files_TemporaryFileSystem, 0), "/a b\\:c:size=4K");
}

static void test_relative_host_paths_start_from_the_file_that_names_them(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *own = xasprintf("%s/data", f->dir), *included = xasprintf("%s/sub/data", f->dir);
	_cleanup_free_ char *up = xasprintf("%s/sub/../x", f->dir);
	write_text(f, "sub/base.ini", "[Files]\nBind=data:/1 ${PROFILE_DIR}:/2 ../x:/3\n");
	write_text(f, "box.ini.d/1.conf", "[Files]\nBind=data:/5\n");
	load_text(f, "[Sandbox]\nInclude=sub/base.ini\n[Files]\nBind=data:/4\n");
	static const char *const dst[] = {":/1", ":/2", ":/3", ":/4", ":/5"};
	const char *src[] = {included, NULL, up, own, own}; /* ".." stays: "sub" may be a link */
	for (size_t i = 0; i < ARRAY_SIZE(dst); i++) {
		_cleanup_free_ char *expected =
			src[i] ? xasprintf("%s%s", src[i], dst[i]) : xasprintf("%s/sub%s", f->dir, dst[i]);
		assert_string_equal(word(f, KEY_Files_Bind, i), expected);
	}
}

static void test_a_volume_and_a_filter_have_names_that_are_left_alone(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *path = xasprintf("%s/v:/b", f->dir), *filter = xasprintf("%s/f.json", f->dir);
	load_text(f, "[Files]\nVolume=data:/a ./v:/b\n[Security]\nSeccompProfile=strict\n");
	assert_string_equal(word(f, KEY_Files_Volume, 0), "data:/a");
	assert_string_equal(word(f, KEY_Files_Volume, 1), path);
	assert_string_equal(profile_text(f->profile, KEY_Security_SeccompProfile), "strict");
	load_text(f, "[Security]\nSeccompProfile=f.json\n");
	assert_string_equal(profile_text(f->profile, KEY_Security_SeccompProfile), filter);
}

static void test_images_expand_and_their_files_are_relative_to_the_profile(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *archive = xasprintf("oci-archive:%s/a b:c", f->dir);
	load_text(f, "[Sandbox]\nImage=${SBX_TEST_NONE:-debian}:12\n");
	assert_string_equal(profile_text(f->profile, KEY_Sandbox_Image), "debian:12");
	load_text(f, "[Sandbox]\nImage=oci:~/images/x:latest\n");
	assert_string_equal(profile_text(f->profile, KEY_Sandbox_Image), "oci:/home/somebody/images/x:latest");
	assert_int_equal(setenv("SBX_TEST_EMPTY", "oci-archive:a b:c", 1), 0);
	load_text(f, "[Sandbox]\nImage=${SBX_TEST_EMPTY}\n");
	assert_string_equal(profile_text(f->profile, KEY_Sandbox_Image), archive);
}

/* Paths, environment values and images; for all other keys a $ is a $. */
static const enum profile_key expanding[] = {KEY_Sandbox_Image, KEY_Sandbox_Rootfs, KEY_Sandbox_Include,
	KEY_Exec_WorkingDirectory, KEY_Exec_Environment, KEY_Exec_EnvironmentFile, KEY_Files_Bind,
	KEY_Files_BindReadOnly, KEY_Files_Volume, KEY_Files_TemporaryFileSystem, KEY_Files_Overlay,
	KEY_Files_Inaccessible, KEY_Files_Device, KEY_Security_SeccompProfile, KEY_Security_Mask, KEY_Security_Unmask,
	KEY_Limits_IOReadBandwidthMax, KEY_Limits_IOWriteBandwidthMax, KEY_Limits_IOReadIOPSMax,
	KEY_Limits_IOWriteIOPSMax};

static void test_paths_environment_values_and_images_expand_and_nothing_else(void **state)
{
	struct fixture *f = *state;
	for (int i = 0; i < PROFILE_N_KEYS; i++) {
		const struct key_info *info = profile_key_info((enum profile_key)i);
		bool expects = false, expanded = false;
		for (size_t k = 0; k < ARRAY_SIZE(expanding); k++)
			expects |= expanding[k] == (enum profile_key)i;
		strv_clear(&f->sets);
		strv_addf(&f->sets, "%s.%s=/a=${SBX_TEST_NONE} 1", info->section, info->name);
		load(f, NULL);
		for (size_t k = 0; k < f->problems.n; k++)
			expanded |= strstr(f->problems.v[k], "${SBX_TEST_NONE} is not defined") != NULL;
		strv_clear(&f->problems);
		if (expanded != expects)
			fail_msg("[%s] %s %s variables", info->section, info->name, expanded ? "expands" : "ignores");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_default_stands_for_what_is_undefined_or_empty),
		TEST(test_two_dollars_are_one_and_values_are_not_expanded_again),
		TEST(test_what_begins_no_variable_is_refused),
		TEST(test_own_variables_are_those_of_the_run_whatever_the_environment_says),
		TEST(test_the_sandbox_name_is_the_last_one_given_wherever_it_is_used),
		TEST(test_base_directories_are_defined_where_the_environment_lacks_them),
		TEST(test_a_tilde_is_the_home_only_at_the_start_of_a_path),
		TEST(test_what_a_variable_holds_makes_no_new_word_and_no_new_part),
		TEST(test_relative_host_paths_start_from_the_file_that_names_them),
		TEST(test_a_volume_and_a_filter_have_names_that_are_left_alone),
		TEST(test_images_expand_and_their_files_are_relative_to_the_profile),
		TEST(test_paths_environment_values_and_images_expand_and_nothing_else),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
