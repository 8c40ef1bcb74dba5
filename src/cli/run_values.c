/* SPDX-License-Identifier: Apache-2.0 */

/* Options whose values have a language of their own, as docker-run(1) and podman-run(1) have them. */

#include <errno.h>
#include <string.h>
#include "run_options.h"
#include "sbx/cleanup.h"
#include "sbx/parse.h"
#include "sbx/profile.h"
#include "sbx/str.h"

/* The fields of --mount; others are refused. */
enum mount_field { MOUNT_TYPE, MOUNT_SOURCE, MOUNT_TARGET, MOUNT_READONLY, MOUNT_SIZE, MOUNT_MODE, MOUNT_FIELDS };

static const struct {
	const char *name;
	enum mount_field field;
} mount_names[] = {
	{"type", MOUNT_TYPE},
	{"source", MOUNT_SOURCE},
	{"src", MOUNT_SOURCE},
	{"target", MOUNT_TARGET},
	{"destination", MOUNT_TARGET},
	{"dst", MOUNT_TARGET},
	{"readonly", MOUNT_READONLY},
	{"ro", MOUNT_READONLY},
	{"tmpfs-size", MOUNT_SIZE},
	{"tmpfs-mode", MOUNT_MODE},
};

/* mount_fields - cut "name=value,…" in place. */
static int mount_fields(char *text, const char *fields[static MOUNT_FIELDS], struct sbx_err *err)
{
	char *word;

	while ((word = strsep(&text, ","))) {
		char *value = word, *name = strsep(&value, "=");
		size_t i = 0;
		while (i < ARRAY_SIZE(mount_names) && !str_eq(mount_names[i].name, name))
			i++;
		if (i == ARRAY_SIZE(mount_names))
			return sbx_fail_plain(err, -EINVAL,
				"--mount: unknown field '%s'; type, source, target, readonly, tmpfs-size and "
				"tmpfs-mode are known",
				name);
		if (!value && mount_names[i].field != MOUNT_READONLY)
			return sbx_fail_plain(err, -EINVAL, "--mount: '%s' needs a value: %s=...", name, name);
		fields[mount_names[i].field] = value ? value : "yes";
	}
	return 0;
}

static int mount_set_tmpfs(const char *const fields[static MOUNT_FIELDS], struct strv *sets, struct sbx_err *err)
{
	_cleanup_strbuf_ struct strbuf word = {0};
	const char *gap = ":";

	if (fields[MOUNT_SOURCE] || fields[MOUNT_READONLY])
		return sbx_fail_plain(err, -EINVAL, "--mount: a tmpfs has no source and is not read-only");
	strbuf_add(&word, fields[MOUNT_TARGET]);
	if (fields[MOUNT_SIZE]) {
		strbuf_addf(&word, "%ssize=%s", gap, fields[MOUNT_SIZE]);
		gap = ",";
	}
	if (fields[MOUNT_MODE])
		strbuf_addf(&word, "%smode=%s", gap, fields[MOUNT_MODE]);
	strv_take(sets, profile_set_literal(KEY_Files_TemporaryFileSystem, word.s));
	return 0;
}

static int mount_set_source(
	enum profile_key key, const char *const fields[static MOUNT_FIELDS], struct strv *sets, struct sbx_err *err)
{
	bool read_only = false;

	if (!fields[MOUNT_SOURCE])
		return sbx_fail_plain(err, -EINVAL, "--mount: type=%s needs a source=...", fields[MOUNT_TYPE]);
	if (fields[MOUNT_SIZE] || fields[MOUNT_MODE])
		return sbx_fail_plain(err, -EINVAL, "--mount: tmpfs-size and tmpfs-mode are for type=tmpfs");
	if (fields[MOUNT_READONLY] && parse_bool(fields[MOUNT_READONLY], &read_only) < 0)
		return sbx_fail_plain(err, -EINVAL, "--mount: readonly=%s: expected yes or no", fields[MOUNT_READONLY]);
	if (strchr(fields[MOUNT_SOURCE], ':'))
		return sbx_fail_plain(
			err, -EINVAL, "--mount: '%s': a path with a ':' cannot be mounted", fields[MOUNT_SOURCE]);
	if (key == KEY_Files_Volume && strchr(fields[MOUNT_SOURCE], '/'))
		return sbx_fail_plain(err, -EINVAL, "--mount: '%s' is no name of a volume; type=bind is for host paths",
			fields[MOUNT_SOURCE]);
	_cleanup_free_ char *word =
		xasprintf("%s:%s%s", fields[MOUNT_SOURCE], fields[MOUNT_TARGET], read_only ? ":ro" : "");
	strv_take(sets, profile_set_literal(key, word));
	return 0;
}

int run_mount_set(const char *value, struct strv *sets, struct sbx_err *err)
{
	_cleanup_free_ char *text = xstrdup(value);
	const char *fields[MOUNT_FIELDS] = {0};
	int r = mount_fields(text, fields, err);

	if (r < 0)
		return r;
	if (!fields[MOUNT_TYPE])
		fields[MOUNT_TYPE] = "volume"; /* as docker-run(1) has it */
	if (!fields[MOUNT_TARGET] || strchr(fields[MOUNT_TARGET], ':'))
		return sbx_fail_plain(err, -EINVAL, "--mount: needs a target=..., an absolute path without ':'");
	if (str_eq(fields[MOUNT_TYPE], "tmpfs"))
		return mount_set_tmpfs(fields, sets, err);
	if (str_eq(fields[MOUNT_TYPE], "bind"))
		return mount_set_source(KEY_Files_Bind, fields, sets, err);
	if (str_eq(fields[MOUNT_TYPE], "volume"))
		return mount_set_source(KEY_Files_Volume, fields, sets, err);
	return sbx_fail_plain(err, -EINVAL, "--mount: type=%s: expected bind, volume or tmpfs", fields[MOUNT_TYPE]);
}

int run_ulimit_set(const char *value, struct strv *sets, struct sbx_err *err)
{
	const char *equals = strchr(value, '=');

	if (!equals || !equals[1])
		return sbx_fail_plain(err, -EINVAL, "--ulimit: '%s': expected NAME=SOFT[:HARD]", value);
	_cleanup_free_ char *name = xasprintf("Limit%.*s", (int)(equals - value), value);
	int key = profile_key_find("Limits", name);
	if (key < 0)
		return sbx_fail_plain(err, -EINVAL,
			"--ulimit: there is no limit '%.*s'; setrlimit(2) has them, nofile for RLIMIT_NOFILE",
			(int)(equals - value), value);
	strv_take(sets, profile_set_literal((enum profile_key)key, equals + 1));
	return 0;
}

int run_security_set(const char *value, struct strv *sets, struct sbx_err *err)
{
	static const char nnp[] = "no-new-privileges", seccomp[] = "seccomp=";
	bool yes = true;

	if (str_starts(value, seccomp)) {
		strv_take(sets, profile_set_literal(KEY_Security_SeccompProfile, value + strlen(seccomp)));
		return 0;
	}
	const char *rest = str_starts(value, nnp) ? value + strlen(nnp) : NULL;
	/* docker writes ':' here, podman takes '=' as well */
	if (!rest || (*rest && ((*rest != '=' && *rest != ':') || parse_bool(rest + 1, &yes) < 0)))
		return sbx_fail_plain(err, -EINVAL,
			"--security-opt: '%s': expected seccomp=PROFILE or no-new-privileges[=yes|no]", value);
	strv_addf(sets, "Security.NoNewPrivileges=%s", yes ? "yes" : "no");
	return 0;
}
