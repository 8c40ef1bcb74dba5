/* SPDX-License-Identifier: Apache-2.0 */

/* From the words of `sbx run` and `sbx explain` to what a profile would say. */

#include "run_options.h"

#include <errno.h>
#include <string.h>
#include "sbx/cleanup.h"
#include "sbx/log.h"
#include "sbx/profile.h"
#include "sbx/str.h"

void run_words_free(struct run_words *words)
{
	strv_clear(&words->sets);
	strv_clear(&words->command);
}

/* add_setting - what the option is short for, "Section.Key..." of its row. */
static int add_setting(const struct cli_option *option, const char *value, struct strv *sets, struct sbx_err *err)
{
	const char *set = option->set, *dot = strchr(set, '.'), *equals = strchr(set, '=');

	if (equals && !str_eq(equals, "=%s")) {
		strv_add(sets, set);
		return 0;
	}
	_cleanup_free_ char *section = xstrndup(set, (size_t)(dot - set));
	_cleanup_free_ char *name = xstrndup(dot + 1, strcspn(dot + 1, "="));
	/* A row that names no key of the table is caught by the unit test that goes through all rows. */
	enum profile_key key = (enum profile_key)profile_key_find(section, name);
	if (*value && equals)
		strv_addf(sets, "%s.%s=%s", section, name, value);
	else if (*value)
		strv_take(sets, profile_set_literal(key, value));
	else if (profile_key_info(key)->type == KEY_COMMAND)
		strv_addf(sets, "%s=", set); /* --entrypoint '' clears the image's, as with docker and podman */
	else
		return sbx_fail_plain(
			err, -EINVAL, "--%s: the value is empty; expected %s", option->name, option->metavar);
	return 0;
}

static void set_log_level(const char *word)
{
	static const char *const words[] = {"error", "warning", "info", "debug"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (str_eq(word, words[i]))
			log_set_level((enum log_level)i);
}

int run_option_take(const struct cli_option *option, const char *value, struct run_words *words, struct sbx_err *err)
{
	switch (option->id) {
	case RUN_ROOT:
		words->has_root = true;
		break;
	case RUN_NAME:
		words->name = value;
		break;
	case RUN_SET:
		strv_add(&words->sets, value);
		break;
	case RUN_MOUNT:
		return run_mount_set(value, &words->sets, err);
	case RUN_ULIMIT:
		return run_ulimit_set(value, &words->sets, err);
	case RUN_SECURITY_OPT:
		return run_security_set(value, &words->sets, err);
	case RUN_DETACH:
		return sbx_fail_plain(err, -EOPNOTSUPP,
			"--%s: running in the background is not in this build yet; leave it out, and end the command "
			"line with & in the shell",
			option->name);
	case RUN_QUIET:
		words->quiet = true;
		log_set_level(LOG_ERROR);
		break;
	case RUN_LOG_LEVEL:
		set_log_level(value);
		break;
	default:
		break;
	}
	return option->set ? add_setting(option, value, &words->sets, err) : 0;
}

int run_operands(int argc, char **argv, int first, struct run_words *words, struct sbx_err *err)
{
	bool dashes = first > 1 && first <= argc && str_eq(argv[first - 1], "--");
	int command = first;

	if (words->has_root) {
		if (!dashes && first < argc && str_ends(argv[first], ".ini"))
			return sbx_fail_plain(err, -EINVAL,
				"--image and --rootfs are for a run without a profile; for a profile on another image: "
				"--set Sandbox.Image=IMAGE %s",
				argv[first]);
	} else {
		if (first >= argc || dashes)
			return sbx_fail_plain(err, -EINVAL, "which profile? PROFILE, --image IMAGE or --rootfs DIR");
		words->profile = argv[first];
		command = first + 1;
		if (command < argc && !str_eq(argv[command], "--"))
			return sbx_fail_plain(err, -EINVAL, "'%s' behind the profile: %s", argv[command],
				argv[command][0] == '-' ? "options stand before the profile"
							: "put -- before the command");
		command++;
	}
	for (int i = command; i < argc; i++)
		strv_add(&words->command, argv[i]);
	return 0;
}
