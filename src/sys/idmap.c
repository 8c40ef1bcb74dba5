/* SPDX-License-Identifier: Apache-2.0 */

/* Id maps as data: make, check, translate. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "sbx/cleanup.h"
#include "sbx/dirs.h"
#include "sbx/idmap.h"
#include "sbx/str.h"

#define NO_ID UINT32_MAX

void idmap_add(struct idmap *map, uint32_t inside, uint32_t outside, uint32_t count)
{
	if (count == 0)
		return;
	map->extents = xrealloc(map->extents, map->n + 1, sizeof(*map->extents));
	size_t at = map->n++;
	for (; at > 0 && map->extents[at - 1].inside > inside; at--)
		map->extents[at] = map->extents[at - 1];
	/* Adjacent extents are not joined: newuidmap allows the caller's own id only as an extent of its own. */
	map->extents[at] = (struct idmap_extent){.inside = inside, .outside = outside, .count = count};
}

void idmap_free(struct idmap *map)
{
	cleanup_free(&map->extents);
	*map = (struct idmap){0};
}

void idmap_pair_free(struct idmap_pair *maps)
{
	idmap_free(&maps->uid);
	idmap_free(&maps->gid);
}

void idmap_pair_single(struct idmap_pair *ret, uint32_t inside_uid, uint32_t inside_gid)
{
	*ret = (struct idmap_pair){.by_helper = false};
	idmap_add(&ret->uid, inside_uid, geteuid(), 1);
	idmap_add(&ret->gid, inside_gid, getegid(), 1);
}

/* add_keep - the caller's id at @inside, everything else inside from the range, in order. */
static void add_keep(struct idmap *map, uint32_t inside, uint32_t own, uint32_t start, uint32_t count)
{
	uint32_t below = inside < count ? inside : count;
	idmap_add(map, 0, start, below);
	idmap_add(map, inside, own, 1);
	/* Where @inside is near the top, what would lie above the last id is left out. */
	uint64_t room = (uint64_t)NO_ID - 1 - inside, above = count - below;
	idmap_add(map, inside + 1, start + below, (uint32_t)(above < room ? above : room));
}

static int add_range(struct idmap *map, const char *file, const char *option, const char *name, uint32_t inside,
	uint32_t own, struct sbx_err *err)
{
	uint32_t start, count;
	int r = subid_range(file, getuid(), name, &start, &count, err);
	if (r == -ENOENT)
		return sbx_fail_plain(err, -ENOENT,
			"user %s has no subordinate ids in %s; add the line \"%s:100000:65536\" there (as root: "
			"usermod "
			"--add-%s 100000-165535 %s), or use UserNS=single",
			name, file, name, option, name);
	if (r < 0)
		return r;
	add_keep(map, inside, own, start, count);
	return 0;
}

int idmap_pair_keep(struct idmap_pair *ret, uint32_t inside_uid, uint32_t inside_gid, struct sbx_err *err)
{
	_cleanup_free_ char *name = user_name();
	*ret = (struct idmap_pair){.by_helper = true};
	int r = add_range(&ret->uid, "/etc/subuid", "subuids", name, inside_uid, geteuid(), err);
	if (r == 0)
		r = add_range(&ret->gid, "/etc/subgid", "subgids", name, inside_gid, getegid(), err);
	if (r == 0)
		r = idmap_check(&ret->uid, "user", err);
	if (r == 0)
		r = idmap_check(&ret->gid, "group", err);
	if (r < 0)
		idmap_pair_free(ret);
	return r;
}

int idmap_pair_subuid(struct idmap_pair *ret, struct sbx_err *err)
{
	return idmap_pair_keep(ret, 0, 0, err);
}

/* overlaps - whether two runs of ids share one. */
static bool overlaps(uint32_t a, uint32_t n_a, uint32_t b, uint32_t n_b)
{
	return (uint64_t)a < (uint64_t)b + n_b && (uint64_t)b < (uint64_t)a + n_a;
}

int idmap_check(const struct idmap *map, const char *what, struct sbx_err *err)
{
	if (map->n == 0)
		return sbx_fail_plain(err, -EINVAL, "the %s id map is empty", what);
	if (map->n > IDMAP_EXTENTS_MAX)
		return sbx_fail_plain(err, -EINVAL, "the %s id map has %zu extents; the kernel takes %d", what, map->n,
			IDMAP_EXTENTS_MAX);
	for (size_t i = 0; i < map->n; i++) {
		const struct idmap_extent *e = &map->extents[i];
		if (e->count == 0 || (uint64_t)e->inside + e->count > NO_ID || (uint64_t)e->outside + e->count > NO_ID)
			return sbx_fail_plain(err, -EINVAL, "%s id map %u:%u:%u: empty, or past the last id 4294967294",
				what, e->inside, e->outside, e->count);
		for (size_t k = 0; k < i; k++) {
			const struct idmap_extent *o = &map->extents[k];
			bool inside = overlaps(e->inside, e->count, o->inside, o->count);
			if (inside || overlaps(e->outside, e->count, o->outside, o->count))
				return sbx_fail_plain(err, -EINVAL, "%s id map: %u:%u:%u and %u:%u:%u overlap %s", what,
					o->inside, o->outside, o->count, e->inside, e->outside, e->count,
					inside ? "inside" : "outside");
		}
	}
	return 0;
}

uint32_t idmap_to_outside(const struct idmap *map, uint32_t inside)
{
	for (size_t i = 0; i < map->n; i++) {
		const struct idmap_extent *e = &map->extents[i];
		if (inside >= e->inside && inside - e->inside < e->count)
			return e->outside + (inside - e->inside);
	}
	return NO_ID;
}

uint32_t idmap_to_inside(const struct idmap *map, uint32_t outside)
{
	for (size_t i = 0; i < map->n; i++) {
		const struct idmap_extent *e = &map->extents[i];
		if (outside >= e->outside && outside - e->outside < e->count)
			return e->inside + (outside - e->outside);
	}
	return NO_ID;
}
