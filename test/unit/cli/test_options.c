/* SPDX-License-Identifier: Apache-2.0 */

/* The tables of options, and what options of run become. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "sbx/cleanup.h"
#include "sbx/profile.h"
#include "sbx/str.h"
#include "src/cli/commands.h"
#include "src/cli/run_options.h"

/* The table of commands is main's; of these tests, cli_parse alone would ask for it. */
const struct cli_command cli_commands[] = {{NULL, NULL, NULL, NULL, NULL, NULL, CLI_ARG_NONE}};
const struct cli_command *cli_command_find(const char *name)
{
	(void)name;
	return NULL;
}
int cli_run_subcommand(const struct cli_command *self, int argc, char **argv)
{
	(void)self;
	(void)argc;
	(void)argv;
	return CLI_USAGE;
}

static void test_every_option_of_run_names_a_key_and_has_its_own_letter(void **state)
{
	char letters[64] = "h";

	(void)state;
	for (const struct cli_option *o = run_options; o->name; o++) {
		assert_true((o->arg == CLI_ARG_NONE) == (o->metavar == NULL));
		assert_non_null(o->help);
		if (o->letter) {
			assert_null(strchr(letters, o->letter));
			letters[strlen(letters)] = o->letter;
		}
		if (!o->set)
			continue;
		const char *dot = strchr(o->set, '.');
		assert_non_null(dot);
		_cleanup_free_ char *section = xstrndup(o->set, (size_t)(dot - o->set));
		_cleanup_free_ char *key = xstrndup(dot + 1, strcspn(dot + 1, "="));
		if (profile_key_find(section, key) < 0)
			fail_msg("--%s sets %s, which is no key", o->name, o->set);
		/* a flag sets a value of its own, and what takes a value does not */
		assert_true((o->arg == CLI_ARG_NONE) == (strchr(o->set, '=') && !str_ends(o->set, "=%s")));
	}
}

static void check_set(int (*set)(const char *, struct strv *, struct sbx_err *), const char *value, const char *want)
{
	_cleanup_strv_ struct strv sets = {0};
	struct sbx_err err = {0};
	int r = set(value, &sets, &err);

	if (!want) {
		assert_int_equal(r, -EINVAL);
		assert_true(err.msg[0]);
		assert_int_equal(sets.n, 0);
		return;
	}
	assert_int_equal(r, 0);
	assert_int_equal(sets.n, 1);
	assert_string_equal(sets.v[0], want);
}

static void test_values_with_a_language_of_their_own_become_keys(void **state)
{
	(void)state;
	check_set(run_mount_set, "type=bind,source=/a,target=/b", "Files.Bind=/a:/b");
	check_set(run_mount_set, "type=bind,src=/a,dst=/b,ro", "Files.Bind=/a:/b:ro");
	check_set(run_mount_set, "type=bind,src=/a,dst=/b,readonly=false", "Files.Bind=/a:/b");
	check_set(run_mount_set, "source=data,destination=/b", "Files.Volume=data:/b");
	check_set(run_mount_set, "type=tmpfs,dst=/t", "Files.TemporaryFileSystem=/t");
	check_set(run_mount_set, "type=tmpfs,dst=/t,tmpfs-size=1M,tmpfs-mode=700",
		"Files.TemporaryFileSystem=/t:size=1M,mode=700");
	check_set(run_mount_set, "type=bind,source=/a:b,target=/b", NULL);
	check_set(run_mount_set, "type=bind,source=/a", NULL);
	check_set(run_mount_set, "type,source=/a,target=/b", NULL);
	check_set(run_ulimit_set, "nofile=10:20", "Limits.LimitNOFILE=10:20");
	check_set(run_ulimit_set, "nofile=", NULL);
	check_set(run_ulimit_set, "nothing=1", NULL);
	check_set(run_security_set, "no-new-privileges", "Security.NoNewPrivileges=yes");
	check_set(run_security_set, "no-new-privileges:false", "Security.NoNewPrivileges=no");
	check_set(run_security_set, "seccomp=strict", "Security.SeccompProfile=strict");
	check_set(run_security_set, "no-new-privilegesx", NULL);
}

static void test_operands_are_a_profile_and_a_command_behind_dashes(void **state)
{
	char *with_profile[] = {"run", "box.ini", "--", "true", "--", "x", NULL};
	char *with_image[] = {"run", "--image=x", "--", "sh", NULL};
	struct run_words words = {0};
	struct sbx_err err;

	(void)state;
	assert_int_equal(run_operands(6, with_profile, 1, &words, &err), 0);
	assert_string_equal(words.profile, "box.ini");
	assert_int_equal(words.command.n, 3);
	assert_string_equal(words.command.v[1], "--");
	run_words_free(&words);
	words = (struct run_words){.has_root = true};
	assert_int_equal(run_operands(4, with_image, 3, &words, &err), 0);
	assert_null(words.profile);
	assert_int_equal(words.command.n, 1);
	run_words_free(&words);
	words = (struct run_words){0};
	assert_int_equal(run_operands(2, with_profile, 2, &words, &err), -EINVAL);
	assert_int_equal(run_operands(4, with_image, 3, &words, &err), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_option_of_run_names_a_key_and_has_its_own_letter),
		cmocka_unit_test(test_values_with_a_language_of_their_own_become_keys),
		cmocka_unit_test(test_operands_are_a_profile_and_a_command_behind_dashes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
