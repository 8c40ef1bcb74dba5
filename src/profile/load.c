/* SPDX-License-Identifier: Apache-2.0 */

/* Which files a profile is made of, and in which order: includes, the file, its drop-ins, the command line. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>
#include "expand.h"
#include "inifile.h"
#include "model.h"
#include "sbx/cleanup.h"
#include "sbx/dirs.h"
#include "sbx/fdio.h"
#include "sbx/path.h"
#include "sbx/str.h"
#include "table.h"

#define SOURCES_MAX 256 /* a file that is included on many ways is read each time */

struct loader {
	struct profile *p;
	struct assignment_list *list;
	struct strv *problems;
};

/* What the reader's calls need: one file. */
struct reading {
	struct loader *loader;
	const struct source *source;
	struct assignment_list own;
};

struct source *source_add(struct profile *p, char *file, char *dir)
{
	struct source *source = xcalloc(1, sizeof *source);

	source->file = file;
	source->dir = dir;
	p->sources = xrealloc(p->sources, p->n_sources + 1, sizeof p->sources[0]);
	p->sources[p->n_sources++] = source;
	return source;
}

static bool on_section(void *data, const char *name, unsigned line)
{
	const struct reading *r = data;

	if (section_find(name))
		return true;
	problem_unknown_section(r->loader->problems, r->source, line, name);
	return false;
}

static void on_value(void *data, const char *section, const char *name, const char *value, unsigned line)
{
	struct reading *r = data;
	int key = profile_key_find(section, name);

	if (key < 0) {
		problem_unknown_key(r->loader->problems, r->source, line, section, name);
		return;
	}
	const struct assignment a = {
		.key = (enum profile_key)key,
		.by_alias = strcasecmp(name, profile_key_info((enum profile_key)key)->name) != 0,
		.value = xstrdup(value),
		.line = line,
		.source = r->source,
	};
	assignment_add(&r->own, &a);
}

static void on_problem(void *data, unsigned line, const char *text)
{
	const struct reading *r = data;

	problem_add(r->loader->problems, r->source, line, -1, "%s", text);
}

static char *dir_of(const char *path, struct sbx_err *err)
{
	const char *slash = strrchr(path, '/');
	_cleanup_free_ char *dir = slash ? xstrndup(path, slash == path ? 1 : (size_t)(slash - path)) : xstrdup(".");

	if (dir[0] == '/')
		return steal_ptr(dir);
	_cleanup_free_ char *cwd = getcwd(NULL, 0);
	if (!cwd) {
		sbx_fail(err, -errno, "find the working directory");
		return NULL;
	}
	_cleanup_free_ char *whole = path_join(cwd, dir);
	/* Not cleaned where a ".." stands behind what may be a link. */
	return strstr(whole, "..") ? steal_ptr(whole) : path_clean(whole);
}

/* read_text - the bytes of @path.  Anything but a directory may be read: <(...) of a shell is a pipe. */
static int read_text(struct source *source, const char *path, char **ret, size_t *ret_len, struct sbx_err *err)
{
	struct stat st;
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0 || fstat(fd, &st) < 0)
		return sbx_fail(err, -errno, "read the profile %s", path);
	if (S_ISDIR(st.st_mode))
		return sbx_fail_plain(err, -EISDIR, "read the profile %s: it is a directory", path);
	source->dev = st.st_dev;
	source->ino = st.st_ino;
	int r = read_all(fd, INIFILE_MAX_BYTES, ret, ret_len, err);
	if (r == -EFBIG)
		return sbx_fail_plain(
			err, r, "read the profile %s: more than %u bytes is no profile", path, INIFILE_MAX_BYTES);
	return r < 0 ? sbx_err_prefix(err, r, "read the profile %s", path) : 0;
}

static bool is_open(const struct profile *p, const struct source *source)
{
	for (size_t i = 0; i < p->n_sources; i++)
		if (p->sources[i] != source && p->sources[i]->open && p->sources[i]->ino == source->ino &&
			p->sources[i]->dev == source->dev)
			return true;
	return false;
}

/* profile_find - the file of a name: the user's own, then the installed.  New, or NULL with @err. */
static char *profile_find(const char *name, struct sbx_err *err)
{
	_cleanup_free_ char *config = dir_config(NULL), *installed = dir_profiles();
	_cleanup_free_ char *own = config ? xasprintf("%s/profiles/%s.ini", config, name) : NULL;
	_cleanup_free_ char *shared = xasprintf("%s/%s.ini", installed, name);

	if (own && access(own, F_OK) == 0)
		return steal_ptr(own);
	if (access(shared, F_OK) == 0)
		return steal_ptr(shared);
	sbx_fail_plain(err, -ENOENT, "there is no profile '%s': looked for %s and %s (a path has a / or ends in .ini)",
		name, own ? own : "(no home directory)", shared);
	return NULL;
}

static int load_file(
	struct loader *l, const char *path, const char *anchor, const struct assignment *from, struct sbx_err *err);

/* load_includes - the files that the Include= lines of @own name, in order. */
static int load_includes(struct loader *l, const struct assignment_list *own, struct sbx_err *err)
{
	size_t first = 0;

	for (size_t i = 0; i < own->n; i++) /* an empty one clears those above it in its file */
		if (own->v[i].key == KEY_Sandbox_Include && !*own->v[i].value)
			first = i;
	for (size_t i = first; i < own->n; i++) {
		const struct assignment *a = &own->v[i];
		const struct expand_context context = {.profile_dir = a->source->dir};
		_cleanup_strv_ struct strv words = {0};
		if (a->key != KEY_Sandbox_Include || words_split(a->value, &words, NULL) < 0)
			continue; /* a wrong one is told when it is applied */
		for (size_t w = 0; w < words.n; w++) {
			_cleanup_free_ char *ref = NULL, *path = NULL;
			struct sbx_err why = {0};
			bool is_path;
			if (expand_profile_ref(&context, words.v[w], &ref, &is_path, &why) < 0)
				continue;
			path = is_path ? path_join(a->source->dir, ref) : profile_find(ref, &why);
			if (!path)
				problem_add(l->problems, a->source, a->line, KEY_Sandbox_Include, "%s", why.msg);
			int r = path ? load_file(l, path, path, a, err) : 0;
			if (r < 0)
				return r;
		}
	}
	return 0;
}

/* load_file - one file with all that it includes.  @anchor: the file whose directory relative paths start from.
 * @from: the line that includes it, where what is wrong with the file is told; NULL: the profile itself, whose failure
 * ends the load. */
static int load_file(
	struct loader *l, const char *path, const char *anchor, const struct assignment *from, struct sbx_err *err)
{
	_cleanup_free_ char *text = NULL;
	struct sbx_err why = {0};
	size_t len = 0;
	char *dir = dir_of(anchor, err);

	if (!dir)
		return err->code;
	struct source *source = source_add(l->p, xstrdup(path), dir);
	int r = l->p->n_sources > SOURCES_MAX
			? sbx_fail_plain(&why, -ELOOP, "more than %d files; expected fewer includes", SOURCES_MAX)
			: read_text(source, path, &text, &len, &why);
	if (r == 0 && is_open(l->p, source))
		r = sbx_fail_plain(&why, -ELOOP, "%s includes itself; expected another file", path);
	if (r < 0 && from) {
		problem_add(l->problems, from->source, from->line, KEY_Sandbox_Include, "%s", why.msg);
		return 0;
	}
	if (r < 0) {
		*err = why;
		return r;
	}
	struct reading reading = {.loader = l, .source = source};
	const struct inifile_sink sink = {on_section, on_value, on_problem, &reading};
	inifile_read(text, len, &sink);
	source->open = true;
	r = load_includes(l, &reading.own, err);
	source->open = false;
	for (size_t i = 0; i < reading.own.n; i++)
		assignment_add(l->list, &reading.own.v[i]);
	free(reading.own.v);
	return r;
}

static int is_drop_in(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && str_ends(entry->d_name, ".conf");
}

/* by_bytes - alphabetical whatever the locale. */
static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* load_drop_ins - PROFILE.d/\*.conf. */
static int load_drop_ins(struct loader *l, const char *path, struct sbx_err *err)
{
	_cleanup_free_ char *dir = xasprintf("%s.d", path);
	struct dirent **entries = NULL;
	int r = 0, n = scandir(dir, &entries, is_drop_in, by_bytes);

	if (n < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : sbx_fail(err, -errno, "read the drop-ins %s", dir);
	for (int i = 0; i < n; i++) {
		_cleanup_free_ char *file = path_join(dir, entries[i]->d_name);
		if (r == 0) /* a drop-in is part of the profile, and so are its relative paths */
			r = load_file(l, file, path, NULL, err);
		free(entries[i]);
	}
	free(entries);
	return r;
}

static int load_profile(struct loader *l, const char *name, struct sbx_err *err)
{
	l->p->path = profile_ref_is_path(name) ? xstrdup(name) : profile_find(name, err);
	if (!l->p->path)
		return -ENOENT;
	int r = load_file(l, l->p->path, l->p->path, NULL, err);
	return r < 0 ? r : load_drop_ins(l, l->p->path, err);
}

int sources_load(const struct profile_request *request, struct profile *p, struct assignment_list *list,
	struct strv *problems, struct sbx_err *err)
{
	struct loader l = {.p = p, .list = list, .problems = problems};
	struct assignment_list sets = {0};
	int r = 0;

	if (request->name_or_path)
		r = load_profile(&l, request->name_or_path, err);
	else
		p->path = xstrdup("command line");
	if (r < 0)
		return r;
	char *cwd = getcwd(NULL, 0);
	struct source *source = source_add(p, xstrdup("command line"), cwd ? cwd : xstrdup("/"));
	sets_parse(request->sets, source, &sets, problems);
	r = load_includes(&l, &sets, err);
	for (size_t i = 0; i < sets.n; i++)
		assignment_add(list, &sets.v[i]);
	free(sets.v);
	return r;
}
