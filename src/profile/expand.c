/* SPDX-License-Identifier: Apache-2.0 */

/* Expansion.  It happens after a value was split into words, so that nothing a variable holds ever makes a new word;
 * and where a word has parts between colons, a colon that comes out of a variable is escaped, so that it makes no new
 * part. */

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "expand.h"
#include "sbx/cleanup.h"
#include "sbx/dirs.h"
#include "sbx/path.h"
#include "sbx/str.h"

#define DEFAULT_DEPTH_MAX 8 /* ${A:-${B:-...}}: deeper is no profile a person wrote */

/* What is defined beside the environment.  get returns new, or NULL and @err. */
static char *get_profile_dir(const struct expand_context *context, struct sbx_err *err)
{
	(void)err;
	return xstrdup(context->profile_dir);
}

static char *get_sandbox_name(const struct expand_context *context, struct sbx_err *err)
{
	if (!context->sandbox_name)
		sbx_fail_plain(err, -EINVAL,
			"${SANDBOX_NAME} is not known before all files are read; expected another variable");
	return xstrdup(context->sandbox_name);
}

static char *get_uid(const struct expand_context *context, struct sbx_err *err)
{
	(void)context;
	(void)err;
	return xasprintf("%u", (unsigned)getuid());
}

static char *get_gid(const struct expand_context *context, struct sbx_err *err)
{
	(void)context;
	(void)err;
	return xasprintf("%u", (unsigned)getgid());
}

static char *get_user(const struct expand_context *context, struct sbx_err *err)
{
	(void)context;
	(void)err;
	return user_name();
}

static char *get_home(const struct expand_context *context, struct sbx_err *err)
{
	(void)context;
	return dir_home(err);
}

static const struct {
	const char *name;
	char *(*get)(const struct expand_context *context, struct sbx_err *err);
} own_variables[] = {
	{"PROFILE_DIR", get_profile_dir},
	{"SANDBOX_NAME", get_sandbox_name},
	{"UID", get_uid},
	{"GID", get_gid},
	{"USER", get_user},
	{"HOME", get_home},
};

/* Defined also where the environment does not have them.  Source: XDG base directory specification. */
static const struct {
	const char *name, *below_home;
} xdg_variables[] = {
	{"XDG_CONFIG_HOME", ".config"},
	{"XDG_DATA_HOME", ".local/share"},
	{"XDG_STATE_HOME", ".local/state"},
	{"XDG_CACHE_HOME", ".cache"},
};

/* variable_get - *ret: new, or NULL where @name is not defined. */
static int variable_get(const struct expand_context *context, const char *name, char **ret, struct sbx_err *err)
{
	*ret = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(own_variables); i++) {
		if (strcmp(own_variables[i].name, name) != 0)
			continue;
		*ret = own_variables[i].get(context, err);
		return *ret ? 0 : -EINVAL;
	}
	const char *value = getenv(name);
	for (size_t i = 0; i < ARRAY_SIZE(xdg_variables); i++) {
		/* a relative one is ignored, as the specification wants */
		if (strcmp(xdg_variables[i].name, name) != 0 || (value && value[0] == '/'))
			continue;
		_cleanup_free_ char *home = dir_home(err);
		if (!home)
			return -EINVAL;
		*ret = path_join(home, xdg_variables[i].below_home);
		return 0;
	}
	*ret = xstrdup(value);
	return 0;
}

/* brace_end - the } that closes what begins at @p, behind "${"; NULL where there is none. */
static const char *brace_end(const char *p)
{
	for (unsigned depth = 1; *p; p++) {
		if (p[0] == '$' && (p[1] == '{' || p[1] == '$')) {
			depth += p[1] == '{';
			p++;
		} else if (*p == '}' && --depth == 0) {
			return p;
		}
	}
	return NULL;
}

static bool variable_name_ok(const char *name)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";
	return *name && !(*name >= '0' && *name <= '9') && name[strspn(name, letters)] == '\0';
}

static void add_escaped(struct strbuf *out, const char *text, const char *escape)
{
	for (; *text; text++) {
		if (strchr(escape, *text))
			strbuf_addc(out, '\\');
		strbuf_addc(out, *text);
	}
}

/* One expansion under way. */
struct expansion {
	const struct expand_context *context;
	const char *escape; /* bytes of a variable's value that get a backslash */
	bool is_path;       /* a ~ at its start is the home directory */
	struct strbuf out;
};

/* expand_home - a leading ~ of a path; *text moves behind it. */
static int expand_home(struct expansion *x, const char **text, size_t *n, struct sbx_err *err)
{
	if (*n == 0 || **text != '~')
		return 0;
	if (*n > 1 && (*text)[1] != '/')
		return sbx_fail_plain(
			err, -EINVAL, "~NAME, another user's home, is not looked up; expected ~/… or a path");
	_cleanup_free_ char *home = dir_home(err);
	if (!home)
		return -EINVAL;
	add_escaped(&x->out, home, x->escape);
	(*text)++;
	(*n)--;
	return 0;
}

static int expand_text(struct expansion *x, const char *in, size_t n, unsigned depth, struct sbx_err *err);

/* expand_variable - NAME or NAME:-default, @n bytes of it. */
static int expand_variable(struct expansion *x, const char *in, size_t n, unsigned depth, struct sbx_err *err)
{
	const char *colon = memmem(in, n, ":-", 2), *name_end = colon ? colon : in + n;
	_cleanup_free_ char *name = xstrndup(in, (size_t)(name_end - in)), *value = NULL;
	if (!variable_name_ok(name))
		return sbx_fail_plain(err, -EINVAL,
			"${%.*s}: not a variable's name; expected ${NAME} or ${NAME:-default}, or $$ for a dollar",
			(int)n, in);
	int r = variable_get(x->context, name, &value, err);
	if (r < 0)
		return r;
	if (colon && str_empty(value))
		return expand_text(x, colon + 2, (size_t)(in + n - colon - 2), depth + 1, err);
	if (!value)
		return sbx_fail_plain(err, -EINVAL,
			"${%s} is not defined; expected a variable of the environment, or ${%s:-default}", name, name);
	add_escaped(&x->out, value, x->escape);
	return 0;
}

/* expand_text - append @in, @n bytes of it, to the output. */
static int expand_text(struct expansion *x, const char *in, size_t n, unsigned depth, struct sbx_err *err)
{
	strbuf_add(&x->out, "");
	if (depth > DEFAULT_DEPTH_MAX)
		return sbx_fail_plain(err, -EINVAL, "defaults within defaults; expected at most %d", DEFAULT_DEPTH_MAX);
	/* A default that begins the path counts as its start, as in a shell; what a variable holds does not. */
	int r = x->is_path && x->out.len == 0 ? expand_home(x, &in, &n, err) : 0;
	if (r < 0)
		return r;
	const char *end = in + n;
	for (const char *p = in; p < end; p++) {
		if (*p != '$') {
			strbuf_addc(&x->out, *p);
			continue;
		}
		p++;
		if (p < end && *p == '$') {
			strbuf_addc(&x->out, '$');
			continue;
		}
		const char *close = p < end && *p == '{' ? brace_end(p + 1) : NULL;
		if (!close || close >= end)
			return sbx_fail_plain(err, -EINVAL,
				"a $ that begins nothing; expected ${NAME}, ${NAME:-default}, or $$ for a dollar");
		r = expand_variable(x, p + 1, (size_t)(close - p - 1), depth, err);
		if (r < 0)
			return r;
		p = close;
	}
	return 0;
}

/* path_tidy - "." parts and double slashes gone.  ".." stays where it stands: behind a link it does not lead to the
 * directory that the text above it names. Takes @path, returns new. */
static char *path_tidy(char *path)
{
	_cleanup_free_ char *taken = path;
	bool dotdot = strstr(path, "/../") || str_ends(path, "/..");
	char *clean = dotdot ? NULL : path_clean(path);
	return clean ? clean : steal_ptr(taken);
}

/* expand_part - ~ and variables of one path.  @anchor: make it absolute, below the profile's directory. */
static int expand_part(const struct expand_context *context, const char *text, size_t n, const char *escape,
	bool anchor, char **ret, struct sbx_err *err)
{
	struct expansion x = {.context = context, .escape = escape, .is_path = true};
	int r = expand_text(&x, text, n, 0, err);
	_cleanup_free_ char *path = strbuf_steal(&x.out);
	if (r < 0)
		return r;
	if (!anchor) {
		*ret = steal_ptr(path);
		return 0;
	}
	if (!*path)
		return sbx_fail_plain(err, -EINVAL, "an empty path; expected a path on the host");
	_cleanup_strbuf_ struct strbuf dir = {0};
	strbuf_add(&dir, "");
	add_escaped(&dir, context->profile_dir, escape);
	*ret = path_tidy(path_join(dir.s, path));
	return 0;
}

/* part_end - the colon that ends the part at @word, or the end of the text.  ${…} is one piece, \: is no end. */
static const char *part_end(const char *word)
{
	const char *p = word;
	for (; *p && *p != ':'; p++) {
		if ((p[0] == '\\' && p[1]) || (p[0] == '$' && p[1] == '$')) {
			p++;
		} else if (p[0] == '$' && p[1] == '{') {
			p = brace_end(p + 2);
			if (!p)
				return word + strlen(word); /* which is told when the part is expanded */
		}
	}
	return p;
}

/* source_is_path - whether the first part of a mount is a host path: a volume's name has no /. */
static bool source_is_path(const char *part, size_t n)
{
	return n > 0 && (memchr(part, '/', n) || *part == '~' || *part == '.' || *part == '$');
}

/* expand_mount - SRC[:DST[:OPTS]] or, with EXPAND_DST, DST[:OPTS].  Options are left alone. */
static int expand_mount(
	const struct expand_context *context, enum key_expand how, const char *word, char **ret, struct sbx_err *err)
{
	_cleanup_strbuf_ struct strbuf out = {0};
	unsigned index = how == EXPAND_DST;
	strbuf_add(&out, "");
	for (const char *p = word;; index++) {
		const char *end = part_end(p);
		size_t n = (size_t)(end - p);
		if (index > 1 || n == 0 || (index == 0 && how == EXPAND_VOLUME && !source_is_path(p, n))) {
			strbuf_addn(&out, p, n);
		} else {
			_cleanup_free_ char *part = NULL;
			int r = expand_part(context, p, n, "\\:", index == 0, &part, err);
			if (r < 0)
				return r;
			strbuf_add(&out, part);
		}
		if (!*end)
			break;
		strbuf_addc(&out, ':');
		p = end + 1;
	}
	*ret = strbuf_steal(&out);
	return 0;
}

/* image_file_prefix - the length of "oci:" and its like, 0 where @text is an image's name. */
static size_t image_file_prefix(const char *text)
{
	static const char *const prefixes[] = {"oci:", "oci-archive:", "docker-archive:", "rootfs:"};
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		if (str_starts(text, prefixes[i]))
			return strlen(prefixes[i]);
	}
	return 0;
}

static int expand_image(const struct expand_context *context, const char *word, char **ret, struct sbx_err *err)
{
	_cleanup_free_ char *text = NULL, *path = NULL;
	size_t prefix = image_file_prefix(word);
	int r = expand_part(context, word + prefix, strlen(word + prefix), "", prefix > 0, &path, err);
	if (r < 0)
		return r;
	text = xasprintf("%.*s%s", (int)prefix, word, path);
	if (prefix == 0) { /* ${IMAGE} may have held oci:DIR */
		prefix = image_file_prefix(text);
		if (prefix > 0 && text[prefix]) {
			_cleanup_free_ char *whole = path_tidy(path_join(context->profile_dir, text + prefix));
			char *anchored = xasprintf("%.*s%s", (int)prefix, text, whole);
			free(text);
			text = anchored;
		}
	}
	*ret = steal_ptr(text);
	return 0;
}

bool profile_ref_is_path(const char *word)
{
	return strchr(word, '/') || str_ends(word, ".ini");
}

int expand_profile_ref(
	const struct expand_context *context, const char *word, char **ret, bool *ret_is_path, struct sbx_err *err)
{
	const struct expand_context early = {.profile_dir = context->profile_dir};
	int r = expand_part(&early, word, strlen(word), "", false, ret, err);
	if (r < 0)
		return r;
	if (!**ret) {
		free(*ret);
		return sbx_fail_plain(err, -EINVAL, "an empty name; expected a profile's path or name");
	}
	*ret_is_path = profile_ref_is_path(*ret);
	return 0;
}

static int expand_profile(const struct expand_context *context, const char *word, char **ret, struct sbx_err *err)
{
	_cleanup_free_ char *ref = NULL;
	bool is_path;
	int r = expand_profile_ref(context, word, &ref, &is_path, err);
	if (r < 0)
		return r;
	*ret = is_path ? path_tidy(path_join(context->profile_dir, ref)) : steal_ptr(ref);
	return 0;
}

static int expand_env(const struct expand_context *context, const char *word, char **ret, struct sbx_err *err)
{
	const char *equals = strchr(word, '=');
	if (!equals) {
		*ret = xstrdup(word);
		return 0;
	}
	struct expansion x = {.context = context, .escape = ""};
	strbuf_addn(&x.out, word, (size_t)(equals + 1 - word));
	int r = expand_text(&x, equals + 1, strlen(equals + 1), 0, err);
	_cleanup_free_ char *text = strbuf_steal(&x.out);
	if (r == 0)
		*ret = steal_ptr(text);
	return r;
}

int expand_word(
	const struct expand_context *context, enum key_expand how, const char *word, char **ret, struct sbx_err *err)
{
	switch (how) {
	case EXPAND_NOTHING:
		break;
	case EXPAND_TEXT:
		return expand_part(context, word, strlen(word), "", false, ret, err);
	case EXPAND_SECCOMP:
		if (!strchr(word, '/') && !str_ends(word, ".json"))
			break;
		return expand_part(context, word, strlen(word), "", true, ret, err);
	case EXPAND_PATH:
	case EXPAND_DEVICE:
		return expand_part(context, word, strlen(word), "", true, ret, err);
	case EXPAND_ENV:
		return expand_env(context, word, ret, err);
	case EXPAND_MOUNT:
	case EXPAND_VOLUME:
	case EXPAND_DST:
		return expand_mount(context, how, word, ret, err);
	case EXPAND_IMAGE:
		return expand_image(context, word, ret, err);
	case EXPAND_PROFILE:
		return expand_profile(context, word, ret, err);
	}
	*ret = xstrdup(word);
	return 0;
}

char *expand_protect(enum key_expand how, const char *text)
{
	struct strbuf out = {0};
	for (; *text; text++) {
		if (*text == '$' && how != EXPAND_NOTHING)
			strbuf_addc(&out, '$');
		strbuf_addc(&out, *text);
	}
	return strbuf_steal(&out);
}
