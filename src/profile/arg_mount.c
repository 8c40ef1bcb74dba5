/* SPDX-License-Identifier: Apache-2.0 */

/* Words of [Files]: parts between colons, where \: is a colon of a path. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "sbx/cleanup.h"
#include "sbx/parse.h"
#include "sbx/profile.h"
#include "sbx/str.h"

#define PARTS_MAX 3

/* parts_split - at colons; backslashes taken off. More than @max parts: -E2BIG. */
static int parts_split(const char *word, size_t max, struct strv *ret)
{
	_cleanup_strbuf_ struct strbuf part = {0};

	for (const char *p = word;; p++) {
		if (p[0] == '\\' && (p[1] == ':' || p[1] == '\\')) {
			strbuf_addc(&part, *++p);
		} else if (*p == ':' || !*p) {
			if (ret->n == max)
				return -E2BIG;
			strv_take(ret, strbuf_steal(&part));
			if (!*p)
				return 0;
		} else {
			strbuf_addc(&part, *p);
		}
	}
}

void bind_arg_free(struct bind_arg *b)
{
	free(b->src);
	free(b->dst);
	*b = (struct bind_arg){0};
}

/* The words behind the second colon. */
static const struct {
	const char *name;
	size_t offset; /* of the bool in bind_arg */
	bool value;
} bind_options[] = {
	{"ro", offsetof(struct bind_arg, read_only), true},
	{"rw", offsetof(struct bind_arg, read_only), false},
	{"exec", offsetof(struct bind_arg, exec), true},
	{"noexec", offsetof(struct bind_arg, exec), false},
	{"dev", offsetof(struct bind_arg, dev), true},
	{"nodev", offsetof(struct bind_arg, dev), false},
	{"suid", offsetof(struct bind_arg, suid), true},
	{"nosuid", offsetof(struct bind_arg, suid), false},
	{"rec", offsetof(struct bind_arg, recursive), true},
	{"norec", offsetof(struct bind_arg, recursive), false},
	{"optional", offsetof(struct bind_arg, optional), true},
	{"create", offsetof(struct bind_arg, create), true},
};

static int bind_options_parse(char *text, struct bind_arg *ret, struct sbx_err *err)
{
	char *word;

	while ((word = strsep(&text, ","))) {
		size_t i = 0;
		while (i < ARRAY_SIZE(bind_options) && !str_eq(bind_options[i].name, word))
			i++;
		if (i == ARRAY_SIZE(bind_options))
			return sbx_fail_plain(err, -EINVAL,
				"unknown option '%s'; expected ro, rw, exec, noexec, dev, nodev, suid, nosuid, rec, "
				"norec, optional or create",
				word);
		*(bool *)((char *)ret + bind_options[i].offset) = bind_options[i].value;
	}
	return 0;
}

static int device_options_parse(const char *text, struct bind_arg *ret, struct sbx_err *err)
{
	ret->dev_read = ret->dev_write = ret->dev_mknod = false;
	for (const char *p = text; *p; p++) {
		if (*p == 'r')
			ret->dev_read = true;
		else if (*p == 'w')
			ret->dev_write = true;
		else if (*p == 'm')
			ret->dev_mknod = true;
		else
			return sbx_fail_plain(err, -EINVAL, "'%s' is no access; expected letters of rwm", text);
	}
	return *text ? 0 : sbx_fail_plain(err, -EINVAL, "no access is given; expected letters of rwm");
}

/* What each key's words look like. */
struct shape {
	enum profile_key key;
	const char *expected;
	bool needs_dst, takes_options;
};

static const struct shape shapes[] = {
	{KEY_Files_Bind, "SRC[:DST[:OPTS]]", false, true},
	{KEY_Files_BindReadOnly, "SRC[:DST[:OPTS]]", false, true},
	{KEY_Files_Volume, "NAME:DST[:OPTS]", false, true},
	{KEY_Files_Overlay, "SRC:DST", true, false},
	{KEY_Files_Device, "/dev/X[:DST[:rwm]]", false, true},
};

static const struct shape *shape_of(enum profile_key key)
{
	for (size_t i = 0; i < ARRAY_SIZE(shapes); i++)
		if (shapes[i].key == key)
			return &shapes[i];
	return &shapes[0];
}

static int volume_name_check(const char *name, struct sbx_err *err)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";

	if (name[0] == '.' || name[0] == '-' || name[strspn(name, letters)] || strlen(name) > 128)
		return sbx_fail_plain(err, -EINVAL,
			"'%s' is no volume's name; expected letters, digits, _ . and -, or a path with a / for a host "
			"directory",
			name);
	return 0;
}

int bind_arg_parse(enum profile_key key, const char *word, struct bind_arg *ret, struct sbx_err *err)
{
	const struct shape *shape = shape_of(key);
	_cleanup_strv_ struct strv parts = {0};
	_cleanup_(bind_arg_free) struct bind_arg b = {
		.recursive = true, .exec = true, .dev_read = true, .dev_write = true};
	int r = parts_split(word, PARTS_MAX, &parts);

	if (r < 0 || str_empty(parts.v[0]))
		return sbx_fail_plain(
			err, -EINVAL, "%s; expected %s", r < 0 ? "too many colons" : "no source", shape->expected);
	b.read_only = key == KEY_Files_BindReadOnly;
	bool is_name = key == KEY_Files_Volume && !strchr(parts.v[0], '/');
	const char *dst = parts.n > 1 && !str_empty(parts.v[1]) ? parts.v[1] : NULL;
	if (!dst && (shape->needs_dst || is_name))
		return sbx_fail_plain(err, -EINVAL, "no place inside is given; expected %s", shape->expected);
	if (is_name && (r = volume_name_check(parts.v[0], err)) < 0)
		return r;
	if (parts.n > 2 && !shape->takes_options)
		return sbx_fail_plain(err, -EINVAL, "options are not taken here; expected %s", shape->expected);
	if (parts.n > 2)
		r = key == KEY_Files_Device ? device_options_parse(parts.v[2], &b, err)
					    : bind_options_parse(parts.v[2], &b, err);
	if (r < 0)
		return r;
	if (key == KEY_Files_BindReadOnly && !b.read_only)
		return sbx_fail_plain(err, -EINVAL, "rw in a read-only bind; expected Bind= for a writable one");
	if (b.optional && b.create)
		return sbx_fail_plain(err, -EINVAL, "optional and create exclude each other; expected one of them");
	b.src = xstrdup(parts.v[0]);
	b.dst = xstrdup(dst ? dst : parts.v[0]);
	if (b.dst[0] != '/')
		return sbx_fail_plain(
			err, -EINVAL, "'%s' is not absolute; expected a path inside that begins with /", b.dst);
	*ret = b;
	b = (struct bind_arg){0};
	return 0;
}

void tmpfs_arg_free(struct tmpfs_arg *t)
{
	free(t->dst);
	*t = (struct tmpfs_arg){0};
}

static int tmpfs_option_parse(const char *word, struct tmpfs_arg *t, struct sbx_err *err)
{
	static const char *const accepted[] = {"rw", "nosuid", "nodev"}; /* docker's words for what it is anyway */

	if (str_starts(word, "size=")) {
		if (parse_size(word + 5, &t->size_bytes) < 0 || t->size_bytes == 0)
			return sbx_fail_plain(
				err, -EINVAL, "size '%s'; expected bytes, or a number with K, M, G or T", word + 5);
		return 0;
	}
	if (str_starts(word, "mode=")) {
		if (parse_octal(word + 5, 01777, &t->mode) < 0 || t->mode == 0)
			return sbx_fail_plain(err, -EINVAL, "mode '%s'; expected octal digits, 1 to 1777", word + 5);
		return 0;
	}
	if (str_eq(word, "noexec") || str_eq(word, "exec")) {
		t->exec = word[0] == 'e';
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(accepted); i++)
		if (str_eq(word, accepted[i]))
			return 0;
	return sbx_fail_plain(err, -EINVAL, "unknown option '%s'; expected size=SIZE, mode=MODE or noexec", word);
}

int tmpfs_arg_parse(const char *word, struct tmpfs_arg *ret, struct sbx_err *err)
{
	_cleanup_strv_ struct strv parts = {0};
	_cleanup_(tmpfs_arg_free) struct tmpfs_arg t = {.exec = true};

	if (parts_split(word, 2, &parts) < 0)
		return sbx_fail_plain(err, -EINVAL, "too many colons; expected DST[:size=SIZE,mode=MODE,noexec]");
	if (parts.v[0][0] != '/')
		return sbx_fail_plain(
			err, -EINVAL, "'%s' is not absolute; expected a path inside that begins with /", parts.v[0]);
	char *rest = parts.n > 1 ? parts.v[1] : NULL, *option;
	while ((option = strsep(&rest, ","))) {
		int r = tmpfs_option_parse(option, &t, err);
		if (r < 0)
			return r;
	}
	t.dst = xstrdup(parts.v[0]);
	*ret = t;
	t = (struct tmpfs_arg){0};
	return 0;
}
