/* SPDX-License-Identifier: Apache-2.0 */

/* What nothing inside can see: sbx's own directories, [Files] Inaccessible and [Security] Mask.  A mask covers one
 * path; the same file of the host may show up at several, through the root and through each bind, and each of them is
 * masked. */

#include <errno.h>
#include <limits.h>
#include <linux/mount.h>
#include <stdlib.h>
#include <string.h>
#include "plan_parts.h"
#include "sbx/cleanup.h"
#include "sbx/dirs.h"
#include "sbx/fdio.h"
#include "sbx/path.h"
#include "sbx/str.h"

char *path_real(const char *path)
{
	/* What is missing yet still has a place: that of its parent. */
	_cleanup_free_ char *clean = path_clean(path);
	if (!clean)
		return xstrdup(path);
	for (char *end = clean + strlen(clean);;) {
		char kept = *end;
		*end = '\0';
		char *real = realpath(*clean ? clean : "/", NULL);
		*end = kept;
		if (real && !kept)
			return real;
		if (real) {
			char *joined = xasprintf("%s%s", strcmp(real, "/") == 0 ? "" : real, end);
			free(real);
			return joined;
		}
		if (end == clean)
			return xstrdup(clean);
		while (end > clean && *--end != '/')
			;
	}
}

int hide_own_dirs(const char *store, struct strv *ret, struct sbx_err *err)
{
	_cleanup_free_ char *state = dir_state(err);
	_cleanup_free_ char *runtime = state ? dir_runtime(err) : NULL;
	if (!runtime)
		return -ENOENT;
	strv_take(ret, path_real(store));
	strv_take(ret, path_real(state));
	strv_take(ret, path_real(runtime));
	return 0;
}

int hide_refuse_source(const struct plan *p, const char *src, struct sbx_err *err)
{
	_cleanup_free_ char *real = path_real(src);
	for (size_t i = 0; i < p->own_dirs->n; i++)
		if (path_below(real, p->own_dirs->v[i]))
			return sbx_fail_plain(err, -EPERM,
				"%s lies in sbx's own directory %s, which no sandbox may see; move the data elsewhere, "
				"or keep it in "
				"a Volume=",
				src, p->own_dirs->v[i]);
	return 0;
}

/* A tree of the host that shows up inside. */
struct exposure {
	char *real; /* on the host; NULL: something else, which covers what lies below */
	const char *dst;
};

struct exposures {
	struct exposure *list; /* in the order of mounting */
	size_t n;
};

static void exposures_free(struct exposures *e)
{
	for (size_t i = 0; i < e->n; i++)
		free(e->list[i].real);
	cleanup_free(&e->list);
}

static void exposures_find(const struct sandbox_spec *spec, struct exposures *ret)
{
	ret->list = xcalloc(spec->n_mounts + 1, sizeof *ret->list);
	ret->list[ret->n++] = (struct exposure){
		.real = spec->root.kind == ROOT_LAYERS ? NULL : xstrdup(spec->root.lower.v[0]), .dst = "/"};
	for (size_t i = 0; i < spec->n_mounts; i++) {
		const struct mount_op *op = &spec->mounts[i];
		if (op->kind == MOUNT_OP_READONLY || op->kind == MOUNT_OP_MASK)
			continue;
		bool of_host = op->kind == MOUNT_OP_BIND || (op->kind == MOUNT_OP_OVERLAY && op->src);
		/* An overlay without a source is a view of what is there already. */
		if (op->kind == MOUNT_OP_OVERLAY && !op->src)
			continue;
		ret->list[ret->n++] = (struct exposure){.real = of_host ? path_real(op->src) : NULL, .dst = op->dst};
	}
}

/* shown_at - the host's path that is seen at @inside; NULL where that is none of the host's.  Returns new. */
static char *shown_at(const struct exposures *e, const char *inside)
{
	const struct exposure *top = NULL;
	for (size_t i = 0; i < e->n; i++)
		if (path_below(inside, e->list[i].dst))
			top = &e->list[i];
	if (!top || !top->real)
		return NULL;
	const char *rest = strcmp(top->dst, "/") == 0 ? inside : inside + strlen(top->dst);
	while (*rest == '/')
		rest++;
	return *rest ? path_join(top->real, rest) : xstrdup(top->real);
}

static void add_mask(struct plan *p, const char *dst, const char *src, unsigned flags, const char *origin)
{
	for (size_t i = 0; i < p->spec->n_mounts; i++)
		if (p->spec->mounts[i].kind == MOUNT_OP_MASK && strcmp(p->spec->mounts[i].dst, dst) == 0)
			return;
	struct mount_op *op = spec_add_mount(p->spec, MOUNT_OP_MASK, src, dst, origin);
	op->attrs = ATTRS_QUIET | MOUNT_ATTR_RDONLY;
	op->flags = flags;
}

/* masks_reduce - of the masks from @first on, one below another goes: in a mask there is no place for a second.  Where
 * the lower one would be made, the upper one is: else neither would be there. */
static void masks_reduce(struct sandbox_spec *spec, size_t first)
{
	mounts_sort(spec, first);
	for (size_t i = first; i < spec->n_mounts;) {
		size_t k = first;
		while (k < i && !path_below(spec->mounts[i].dst, spec->mounts[k].dst))
			k++;
		if (k == i) {
			i++;
			continue;
		}
		spec->mounts[k].flags &= spec->mounts[i].flags | ~(unsigned)MOUNT_OP_OPTIONAL;
		mount_remove(spec, i);
	}
}

/* mask_everywhere - the host's path @real, at each place inside where it shows up. */
static void mask_everywhere(
	struct plan *p, const struct exposures *e, const char *real, unsigned flags, const char *origin)
{
	for (size_t i = 0; i < e->n; i++) {
		const struct exposure *x = &e->list[i];
		if (!x->real || !path_below(real, x->real))
			continue;
		const char *rest = real + (strcmp(x->real, "/") == 0 ? 0 : strlen(x->real));
		while (*rest == '/')
			rest++;
		_cleanup_free_ char *dst = *rest ? path_join(x->dst, rest) : xstrdup(x->dst);
		/* Where a later mount covers the place, another file is seen there. */
		_cleanup_free_ char *seen = shown_at(e, dst);
		if (str_eq(seen, real))
			add_mask(p, dst, real, flags, origin);
	}
}

/* hide_words - the paths of a list key.  @flags: MOUNT_OP_OPTIONAL where one that is missing is none to hide; else it
 * is made, so that nobody inside can make it later. */
static int hide_words(
	struct plan *p, const struct exposures *e, enum profile_key key, unsigned flags, struct sbx_err *err)
{
	const struct profile_value *value = profile_get(p->profile, key);
	for (size_t i = 0; i < value->n_words; i++) {
		const struct profile_word *word = &value->words[i];
		_cleanup_free_ char *dst = path_clean(word->text);
		_cleanup_free_ char *origin = origin_word_text(word);
		if (!dst || strcmp(dst, "/") == 0)
			return word_fail(key, word, -EINVAL, err, "expected an absolute path below the root");
		_cleanup_free_ char *shown = shown_at(e, dst);
		_cleanup_free_ char *real = shown ? path_real(shown) : NULL;
		/* In /proc and /sys nothing can be made, so what is not there now is left alone. */
		bool kernels = path_below(dst, "/proc") || path_below(dst, "/sys");
		add_mask(p, dst, real, kernels ? MOUNT_OP_OPTIONAL : flags, origin);
		if (real)
			mask_everywhere(p, e, real, flags, origin);
	}
	return 0;
}

int plan_hide(struct plan *p, struct sbx_err *err)
{
	_cleanup_(exposures_free) struct exposures e = {0};
	size_t first = p->spec->n_mounts;
	exposures_find(p->spec, &e);
	for (size_t i = 0; i < p->own_dirs->n; i++)
		mask_everywhere(p, &e, p->own_dirs->v[i], MOUNT_OP_OPTIONAL | MOUNT_OP_CREATE, "default");
	int r = hide_words(p, &e, KEY_Files_Inaccessible, 0, err);
	if (r == 0)
		r = hide_words(p, &e, KEY_Security_Mask, MOUNT_OP_OPTIONAL, err);
	if (r == 0)
		masks_reduce(p->spec, first);
	return r;
}

void plan_prepare(const struct sandbox_spec *spec)
{
	for (size_t i = 0; i < spec->n_mounts; i++) {
		const struct mount_op *op = &spec->mounts[i];
		if (op->kind != MOUNT_OP_MASK || !op->src || !(op->flags & MOUNT_OP_CREATE))
			continue;
		_cleanup_close_ int fd = mkdir_private(op->src, NULL);
		(void)fd;
	}
}
