/* SPDX-License-Identifier: Apache-2.0 */

/* The profile language: files, order, expansion, values, messages. */

#include "profile_fixture.h"
#include <dirent.h>
#include "src/profile/table.h"

static void test_names_match_without_regard_to_case_and_aliases_are_known(void **state)
{
	struct fixture *f = *state;

	load_text(f, "[sandbox]\nROOTFS=/\n[Exec]\nworkingdir=/a//b/../c\nKillSignal=int\n");
	assert_string_equal(profile_text(f->profile, KEY_Sandbox_Rootfs), "/");
	assert_string_equal(profile_text(f->profile, KEY_Exec_WorkingDirectory), "/a/c");
	assert_int_equal(profile_get(f->profile, KEY_Exec_StopSignal)->num, 2);
}

static void test_lists_append_empty_values_clear_and_other_keys_take_the_last(void **state)
{
	struct fixture *f = *state;

	load_text(f, "[Exec]\nNice=1\nNice=-2\nEnvironment=A=1 'B=2 3'\nEnvironment=\nEnvironment=C=4\n"
		     "Environment=D=\"5;6\" \\\n E=7\nExec=one two\nExec=three\n");
	assert_int_equal(profile_get(f->profile, KEY_Exec_Nice)->num, -2);
	assert_int_equal(profile_get(f->profile, KEY_Exec_Environment)->n_words, 3);
	assert_string_equal(word(f, KEY_Exec_Environment, 0), "C=4");
	assert_string_equal(word(f, KEY_Exec_Environment, 1), "D=5;6");
	assert_string_equal(word(f, KEY_Exec_Environment, 2), "E=7");
	assert_int_equal(profile_get(f->profile, KEY_Exec_Exec)->n_words, 1);
}

static void test_variables_and_homes_expand_after_splitting(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *expected = NULL;

	load_text(f, "[Exec]\nEnvironment=A=${SBX_TEST_VALUE} B=${SBX_TEST_NONE:-x${UID}} C=$$5\nExec=echo $HOME\n"
		     "[Files]\nBind=~/x:/x src/./y:/y data:/z\n");
	assert_string_equal(word(f, KEY_Exec_Environment, 0), "A=a b:c");
	expected = xasprintf("B=x%u", (unsigned)getuid());
	assert_string_equal(word(f, KEY_Exec_Environment, 1), expected);
	assert_string_equal(word(f, KEY_Exec_Environment, 2), "C=$5");
	assert_string_equal(word(f, KEY_Exec_Exec, 1), "$HOME");
	assert_string_equal(word(f, KEY_Files_Bind, 0), "/home/somebody/x:/x");
	free(expected);
	expected = xasprintf("%s/src/y:/y", f->dir);
	assert_string_equal(word(f, KEY_Files_Bind, 1), expected);
	free(expected);
	expected = xasprintf("%s/data:/z", f->dir);
	assert_string_equal(word(f, KEY_Files_Bind, 2), expected);
}

static void test_files_are_read_includes_first_then_drop_ins_then_the_command_line(void **state)
{
	struct fixture *f = *state;

	write_text(f, "base.ini", "[Exec]\nNice=1\nUmask=077\nEnvironment=BASE=1\n");
	write_text(f, "box.ini.d/20.conf", "[Exec]\nNice=4\nEnvironment=DROP=20\n");
	write_text(f, "box.ini.d/10.conf", "[Exec]\nNice=3\nEnvironment=DROP=10\n");
	write_text(f, "box.ini.d/ignored", "[Exec]\nNice=9\n");
	strv_add(&f->sets, "Exec.Environment=SET=1");
	load_text(f, "[Exec]\nNice=2\nEnvironment=BOX=1\n[Sandbox]\nInclude=./base.ini\n");
	assert_int_equal(profile_get(f->profile, KEY_Exec_Nice)->num, 4);
	assert_int_equal(profile_get(f->profile, KEY_Exec_Umask)->num, 077);
	static const char *const order[] = {"BASE=1", "BOX=1", "DROP=10", "DROP=20", "SET=1"};
	assert_int_equal(profile_get(f->profile, KEY_Exec_Environment)->n_words, ARRAY_SIZE(order));
	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		assert_string_equal(word(f, KEY_Exec_Environment, i), order[i]);
	_cleanup_free_ char *origin = origin_word_text(&profile_get(f->profile, KEY_Exec_Environment)->words[4]);
	assert_string_equal(origin, "command line");
	assert_string_equal(profile_sandbox_name(f->profile), "box");
}

static void test_an_include_that_includes_itself_is_refused(void **state)
{
	struct fixture *f = *state;

	write_text(f, "other.ini", "[Sandbox]\nInclude=./box.ini\n");
	write_text(f, "box.ini", "[Sandbox]\nInclude=./other.ini\n");
	assert_int_equal(load(f, "box.ini"), -EINVAL);
	assert_int_equal(f->problems.n, 1);
	assert_non_null(strstr(f->problems.v[0], "other.ini:2: [Sandbox] Include: "));
	assert_non_null(strstr(f->problems.v[0], "includes itself"));
}

static void test_every_message_names_place_key_and_what_was_expected(void **state)
{
	struct fixture *f = *state;

	refuses(f, "[Exec]\nNice=many\n", "box.ini:2: [Exec] Nice: \"many\": expected a number");
	refuses(f, "[Exec]\nNice=20\n", "box.ini:2: [Exec] Nice: \"20\": out of range; expected -20 to 19");
	refuses(f, "[Exec]\nRunInit=maybe\n", "box.ini:2: [Exec] RunInit: \"maybe\": expected yes or no");
	refuses(f, "[Sandbox]\nStorage=fues\n",
		"box.ini:2: [Sandbox] Storage: \"fues\": expected auto, native or fuse; did you mean fuse?");
	refuses(f, "[Sandbx]\nName=x\n", "box.ini:1: [Sandbx]: unknown section; did you mean [Sandbox]?");
	refuses(f, "[Exec]\nEnvirnoment=A=1\n",
		"box.ini:2: [Exec] Envirnoment: unknown key; did you mean Environment?");
	refuses(f, "[Exec]\nBind=/x\n", "box.ini:2: [Exec] Bind: unknown key; it belongs in [Files]");
	refuses(f, "[Exec]\nEnvironment=A=${SBX_TEST_NONE}\n",
		"box.ini:2: [Exec] Environment: \"A=${SBX_TEST_NONE}\": ${SBX_TEST_NONE} is not defined; expected a "
		"variable of the environment, or ${SBX_TEST_NONE:-default}");
	refuses(f, "[Files]\nTmpfs=tmp\n",
		"box.ini:2: [Files] TemporaryFileSystem: \"tmp\": 'tmp' is not absolute; expected a path inside that "
		"begins with /");
	refuses(f, "[Security]\nAddCapability=NET_RAV\n",
		"box.ini:2: [Security] AddCapability: \"NET_RAV\": no capability; did you mean NET_RAW?");
}

static int open_corpus(void)
{
	const char *top = getenv("SBX_SRCDIR");
	_cleanup_free_ char *path = xasprintf("%s/test/fuzz/corpus/profile", top ? top : ".");
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static int load_corpus(struct fixture *f, const char *name)
{
	_cleanup_free_ char *bytes = NULL, *box = xasprintf("%s/box.ini", f->dir);
	_cleanup_close_ int dir = open_corpus(), fd = open(box, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	size_t n;

	assert_int_equal(read_file_at(dir, name, 1 << 20, &bytes, &n, NULL), 0);
	assert_int_equal(write_all(fd, bytes, n), 0);
	return load(f, "box.ini");
}

static void test_each_of_the_corpus_is_refused_with_its_message(void **state)
{
	struct fixture *f = *state;
	_cleanup_close_ int dir = open_corpus();
	_cleanup_free_ char *list = NULL;
	size_t n_listed = 0, n_files = 0;

	assert_int_equal(read_file_at(dir, "REFUSED", 1 << 20, &list, NULL, NULL), 0);
	for (char *rest = list, *line = strsep(&rest, "\n"); line && *line; line = strsep(&rest, "\n")) {
		char *message = line;
		const char *name = strsep(&message, "\t");
		assert_non_null(message);
		if (load_corpus(f, name) != -EINVAL || f->problems.n == 0)
			fail_msg("%s was accepted", name);
		assert_string_equal(f->problems.v[0] + strlen(f->dir) + 1, message);
		strv_clear(&f->problems);
		n_listed++;
	}
	DIR *entries = fdopendir(steal_fd(&dir));
	for (const struct dirent *entry; (entry = readdir(entries));)
		n_files += entry->d_name[0] != '.' && !str_starts(entry->d_name, "good-");
	closedir(entries);
	assert_int_equal(n_listed, n_files - 1); /* REFUSED itself */
}

static void test_each_key_of_the_table_is_in_the_corpus_and_taken(void **state)
{
	struct fixture *f = *state;

	if (load_corpus(f, "good-all-keys") < 0)
		fail_msg("%s", f->problems.n ? f->problems.v[0] : f->err.msg);
	for (int i = 0; i < PROFILE_N_KEYS; i++)
		if (i != KEY_Sandbox_Include && !profile_is_set(f->profile, (enum profile_key)i))
			fail_msg("%s is not in good-all-keys", key_row((enum profile_key)i)->info.name);
	assert_string_equal(profile_sandbox_name(f->profile), "box.1"); /* quotes gone, as of any value */
}

static void test_a_file_of_more_than_a_mebibyte_is_no_profile(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *text = xcalloc(1, (1 << 20) + 2);

	memset(text, '\n', (1 << 20) + 1);
	write_text(f, "box.ini", text);
	assert_true(load(f, "box.ini") < 0);
	assert_non_null(strstr(f->problems.n ? f->problems.v[0] : f->err.msg, "more than 1048576 bytes is no profile"));
	strv_clear(&f->problems);
	memcpy(text, "[Exec]\nNice=1\n", 14);
	text[1 << 20] = '\0';
	write_text(f, "box.ini", text);
	assert_int_equal(load(f, "box.ini"), 0);
	assert_int_equal(profile_get(f->profile, KEY_Exec_Nice)->num, 1);
}

static void test_all_problems_of_a_file_are_told_at_once(void **state)
{
	struct fixture *f = *state;

	write_text(f, "box.ini", "[Exec]\nNice=x\nUmask=9\n[Nope]\nA=1\n[Exec]\nno equals\n");
	strv_add(&f->sets, "Exec.Nicee=1");
	assert_int_equal(load(f, "box.ini"), -EINVAL);
	assert_int_equal(f->problems.n, 5);
}

static void test_words_of_mounts(void **state)
{
	struct bind_arg b;
	struct sbx_err err;

	(void)state;
	assert_int_equal(bind_arg_parse(KEY_Files_Bind, "/a\\:b:/c:ro,noexec,norec,create", &b, &err), 0);
	assert_string_equal(b.src, "/a:b");
	assert_string_equal(b.dst, "/c");
	assert_true(b.read_only && b.create && !b.exec && !b.recursive && !b.suid && !b.dev);
	bind_arg_free(&b);
	assert_int_equal(bind_arg_parse(KEY_Files_Volume, "data:/d", &b, &err), 0);
	assert_true(!b.read_only && b.recursive && b.exec);
	bind_arg_free(&b);
	assert_int_equal(bind_arg_parse(KEY_Files_Volume, "data", &b, &err), -EINVAL);
	assert_int_equal(bind_arg_parse(KEY_Files_Volume, "..:/d", &b, &err), -EINVAL);
	assert_int_equal(bind_arg_parse(KEY_Files_Bind, "/a:b", &b, &err), -EINVAL);
	assert_int_equal(bind_arg_parse(KEY_Files_Bind, "/a:/b:ro:rw", &b, &err), -EINVAL);
	assert_int_equal(bind_arg_parse(KEY_Files_Bind, "/a:/b:soft", &b, &err), -EINVAL);
	assert_int_equal(bind_arg_parse(KEY_Files_BindReadOnly, "/a:/b:rw", &b, &err), -EINVAL);
	assert_int_equal(bind_arg_parse(KEY_Files_Overlay, "/a", &b, &err), -EINVAL);
	struct tmpfs_arg t;
	assert_int_equal(tmpfs_arg_parse("/t:mode=0", &t, &err), -EINVAL); /* 0 stands for the default */
	assert_int_equal(bind_arg_parse(KEY_Files_Device, "/dev/x:/dev/y:q", &b, &err), -EINVAL);
}

static void test_limits_take_their_own_units(void **state)
{
	struct rlimit_arg r;
	struct sbx_err err;

	(void)state;
	assert_int_equal(rlimit_arg_parse(KEY_Limits_LimitNOFILE, "10:20", &r, &err), 0);
	assert_true(r.soft == 10 && r.hard == 20);
	assert_int_equal(rlimit_arg_parse(KEY_Limits_LimitAS, "1G", &r, &err), 0);
	assert_true(r.soft == 1u << 30 && r.hard == 1u << 30);
	assert_int_equal(rlimit_arg_parse(KEY_Limits_LimitCPU, "2min:infinity", &r, &err), 0);
	assert_true(r.soft == 120 && r.hard == UINT64_MAX);
	assert_int_equal(rlimit_arg_parse(KEY_Limits_LimitNICE, "-5", &r, &err), 0);
	assert_true(r.soft == 25);
	assert_int_equal(rlimit_arg_parse(KEY_Limits_LimitRTTIME, "5ms", &r, &err), 0);
	assert_true(r.soft == 5000);
	assert_int_equal(rlimit_arg_parse(KEY_Limits_LimitNOFILE, "20:10", &r, &err), -EINVAL);
	assert_int_equal(rlimit_arg_parse(KEY_Limits_LimitNOFILE, "1G", &r, &err), -EINVAL);
	assert_int_equal(rlimit_arg_parse(KEY_Limits_LimitNOFILE, "10:", &r, &err), -EINVAL);
}

static void test_percentages_are_exact_and_cpus_is_a_number_of_processors(void **state)
{
	struct fixture *f = *state;

	load_text(f, "[Limits]\nCPUQuota=150%\n");
	assert_int_equal(profile_get(f->profile, KEY_Limits_CPUQuota)->num, 15000);
	load_text(f, "[Limits]\nCPUs=1.5\n");
	assert_int_equal(profile_get(f->profile, KEY_Limits_CPUQuota)->num, 15000);
	char *json = NULL;
	size_t len;
	FILE *out = open_memstream(&json, &len);
	assert_int_equal(profile_print_json(f->profile, out), 0);
	fclose(out);
	assert_non_null(strstr(json, "\"value\": \"150.00%\"")); /* under the key's own name, in its unit */
	free(json);
	refuses(f, "[Limits]\nCPUQuota=150\n", "box.ini:2: [Limits] CPUQuota: \"150\": expected a percentage, 150%");
}

static void test_booleans_sizes_and_times_have_the_spellings_that_are_promised(void **state)
{
	static const struct {
		enum profile_key key;
		const char *text;
		int64_t num;
	} values[] = {
		{KEY_Exec_RunInit, "yes", 1},
		{KEY_Exec_RunInit, "TRUE", 1},
		{KEY_Exec_RunInit, "On", 1},
		{KEY_Exec_RunInit, "1", 1},
		{KEY_Security_NoNewPrivileges, "no", 0},
		{KEY_Security_NoNewPrivileges, "False", 0},
		{KEY_Security_NoNewPrivileges, "off", 0},
		{KEY_Security_NoNewPrivileges, "0", 0},
		{KEY_Limits_ShmSize, "4096", 4096},
		{KEY_Limits_ShmSize, "5K", 5 << 10},
		{KEY_Limits_ShmSize, "6m", 6 << 20},
		{KEY_Limits_ShmSize, "7G", INT64_C(7) << 30},
		{KEY_Limits_ShmSize, "1T", INT64_C(1) << 40},
		{KEY_Exec_StopTimeout, "2", 2000},
		{KEY_Exec_StopTimeout, "20ms", 20},
		{KEY_Exec_StopTimeout, "1.5s", 1500},
		{KEY_Exec_StopTimeout, "3min", 180000},
		{KEY_Exec_StopTimeout, "2h", 7200000},
		{KEY_Exec_StopTimeout, "1d", 86400000},
		{KEY_Exec_Umask, "027", 027},
		{KEY_Exec_Nice, "+3", 3},
		{KEY_Exec_StopSignal, "sigusr1", 10},
		{KEY_Exec_StopSignal, "9", 9},
		{KEY_Sandbox_Storage, "FUSE", 2},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		const struct key_info *info = profile_key_info(values[i].key);
		_cleanup_free_ char *text = xasprintf("[%s]\n%s=%s\n", info->section, info->name, values[i].text);
		load_text(f, text);
		if (profile_get(f->profile, values[i].key)->num != values[i].num)
			fail_msg("%s is not %lld", text, (long long)values[i].num);
	}
	refuses(f, "[Limits]\nShmSize=1KB\n",
		"box.ini:2: [Limits] ShmSize: \"1KB\": expected bytes, or a number with K, M, G or T");
	refuses(f, "[Exec]\nStopTimeout=1 min\n",
		"box.ini:2: [Exec] StopTimeout: \"1 min\": expected seconds, or a number with ms, s, min, h or d");
	refuses(f, "[Exec]\nRunInit=y\n", "box.ini:2: [Exec] RunInit: \"y\": expected yes or no");
}

static void test_command_lines_split_as_a_shell_splits_words_without_globbing_or_commands(void **state)
{
	static const char *const words[] = {
		"a", "b c", "d$e\"", "\\x", "", "f g", "h'i j'", "*", "`k`", "$(l)", "#m", ";", "n=o p"};
	struct fixture *f = *state;

	load_text(f, "[Exec]\nExec=a 'b c' \"d$e\\\"\" \"\\x\" '' f\\ g \"h'i j'\" * `k` $(l) #m ; n=\"o \"p\n");
	assert_int_equal(profile_get(f->profile, KEY_Exec_Exec)->n_words, ARRAY_SIZE(words));
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		assert_string_equal(word(f, KEY_Exec_Exec, i), words[i]);
	load_text(f, "[Exec]\nHostName=\"box-1\"\nWorkingDirectory=  '/a b '  \n");
	assert_string_equal(profile_text(f->profile, KEY_Exec_HostName), "box-1");
	assert_string_equal(profile_text(f->profile, KEY_Exec_WorkingDirectory), "/a b ");
}

static void test_a_literal_comes_back_unchanged(void **state)
{
	static const char *const texts[] = {"A=x $y ${z} $$", "A='q' \"r\" \\ ;#", "A= lead and trail ", "A=", "NAME"};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		strv_take(&f->sets, profile_set_literal(KEY_Exec_Environment, texts[i]));
	strv_take(&f->sets, profile_set_literal(KEY_Exec_WorkingDirectory, "/with blank/$x/'q'"));
	assert_int_equal(load(f, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_string_equal(word(f, KEY_Exec_Environment, i), texts[i]);
	assert_string_equal(profile_text(f->profile, KEY_Exec_WorkingDirectory), "/with blank/$x/'q'");
}

static void test_keys_of_a_later_build_are_accepted_and_counted(void **state)
{
	struct fixture *f = *state;
	_cleanup_strv_ struct strv notes = {0};

	load_text(f, "[Desktop]\nFonts=yes\nThemes=\n[Desktop]\nAppID=org.x.Y\n");
	assert_int_equal(profile_unsupported(f->profile, &notes), 2);
	assert_non_null(strstr(notes.v[0], "box.ini:2: [Desktop] Fonts: not in this build yet"));
	assert_non_null(strstr(notes.v[1], "box.ini:5: [Desktop] AppID: not in this build yet"));
}

static void test_escapes_by_nature_are_labelled(void **state)
{
	struct fixture *f = *state;
	_cleanup_strv_ struct strv notes = {0};

	load_text(f, "[Files]\nBind=~:/h /run/docker.sock /tmp/.X11-unix /data\nBindReadOnly=~:/i\n");
	assert_int_equal(profile_escapes(f->profile, &notes), 3);
	assert_non_null(strstr(notes.v[0], ":2: [Files] Bind=/home/somebody:/h: escape: "));
}

static void test_every_default_of_the_table_is_of_its_type_and_range(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < PROFILE_N_KEYS; i++) {
		const struct key_row *row = key_row((enum profile_key)i);
		if (row->default_value)
			strv_addf(&f->sets, "%s.%s=%s", row->info.section, row->info.name, row->default_value);
	}
	assert_int_equal(load(f, NULL), 0);
}

static void test_a_printed_profile_is_read_again_as_the_same(void **state)
{
	struct fixture *f = *state;
	char *first = NULL, *second = NULL;
	size_t len;

	load_text(f, "[Sandbox]\nRootfs=/\n[Exec]\nExec=sh -c 'echo $A; ls'\nEnvironment='A=$$x y'\n[Files]\n"
		     "Bind=src:/in:ro\n[Limits]\nCPUs=1.5\n");
	FILE *out = open_memstream(&first, &len);
	profile_print(f->profile, out);
	fclose(out);
	load_text(f, first);
	out = open_memstream(&second, &len);
	profile_print(f->profile, out);
	fclose(out);
	/* but for the line numbers */
	for (char *a = first, *b = second; *a || *b;) {
		char *line_a = strsep(&a, "\n"), *line_b = strsep(&b, "\n");
		if (line_a[0] != '#')
			assert_string_equal(line_a, line_b);
		if (!a || !b)
			break;
	}
	free(first);
	free(second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_names_match_without_regard_to_case_and_aliases_are_known),
		TEST(test_lists_append_empty_values_clear_and_other_keys_take_the_last),
		TEST(test_variables_and_homes_expand_after_splitting),
		TEST(test_files_are_read_includes_first_then_drop_ins_then_the_command_line),
		TEST(test_an_include_that_includes_itself_is_refused),
		TEST(test_every_message_names_place_key_and_what_was_expected),
		TEST(test_each_of_the_corpus_is_refused_with_its_message),
		TEST(test_each_key_of_the_table_is_in_the_corpus_and_taken),
		TEST(test_a_file_of_more_than_a_mebibyte_is_no_profile),
		TEST(test_all_problems_of_a_file_are_told_at_once),
		TEST(test_words_of_mounts),
		TEST(test_limits_take_their_own_units),
		TEST(test_percentages_are_exact_and_cpus_is_a_number_of_processors),
		TEST(test_booleans_sizes_and_times_have_the_spellings_that_are_promised),
		TEST(test_command_lines_split_as_a_shell_splits_words_without_globbing_or_commands),
		TEST(test_a_literal_comes_back_unchanged),
		TEST(test_keys_of_a_later_build_are_accepted_and_counted),
		TEST(test_escapes_by_nature_are_labelled),
		TEST(test_every_default_of_the_table_is_of_its_type_and_range),
		TEST(test_a_printed_profile_is_read_again_as_the_same),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
