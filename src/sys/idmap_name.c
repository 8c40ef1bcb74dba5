/* SPDX-License-Identifier: Apache-2.0 */

/* Id maps as folder names, and back. */

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include "sbx/cleanup.h"
#include "sbx/idmap.h"
#include "sbx/parse.h"
#include "sbx/str.h"

static void add_extents(struct strbuf *name, const struct idmap *map)
{
	for (size_t i = 0; i < map->n; i++) {
		const struct idmap_extent *e = &map->extents[i];
		strbuf_addf(name, "%s%u-%u-%u", i ? "," : "", e->inside, e->outside, e->count);
	}
}

static bool map_eq(const struct idmap *a, const struct idmap *b)
{
	return a->n == b->n && (a->n == 0 || memcmp(a->extents, b->extents, a->n * sizeof(*a->extents)) == 0);
}

/* hash_text - FNV-1a.  The maps are the caller's own, so a collision can be no attack. */
static uint64_t hash_text(const char *s, uint64_t hash)
{
	for (; *s; s++)
		hash = (hash ^ (unsigned char)*s) * 0x100000001b3u;
	return hash;
}

char *idmap_name(const struct idmap_pair *maps)
{
	if (!maps->by_helper)
		return xstrdup("single");
	_cleanup_strbuf_ struct strbuf name = {0};
	strbuf_addc(&name, 'u');
	add_extents(&name, &maps->uid);
	if (!map_eq(&maps->uid, &maps->gid)) {
		strbuf_add(&name, "+g");
		add_extents(&name, &maps->gid);
	}
	if (name.len <= NAME_MAX)
		return strbuf_steal(&name);
	return xasprintf("h%016llx%016llx", (unsigned long long)hash_text(name.s, 0xcbf29ce484222325u),
		(unsigned long long)hash_text(name.s, 0x84222325cbf29ce4u));
}

/* parse_extents - "INSIDE-OUTSIDE-COUNT,…"; @text is cut into pieces. */
static int parse_extents(char *text, struct idmap *map)
{
	for (char *rest = text, *one = strsep(&rest, ","); one; one = strsep(&rest, ",")) {
		const char *inside = strsep(&one, "-"), *outside = strsep(&one, "-"), *count = strsep(&one, "-");
		struct idmap_extent e;
		uint64_t n;
		if (!count || one || parse_id(inside, &e.inside) < 0 || parse_id(outside, &e.outside) < 0 ||
			parse_u64(count, UINT32_MAX, &n) < 0 || n == 0 || map->n >= IDMAP_EXTENTS_MAX)
			return -EINVAL;
		idmap_add(map, e.inside, e.outside, (uint32_t)n);
	}
	return 0;
}

/* parse_pair - a name other than "single". */
static int parse_pair(const char *name, struct idmap_pair *ret)
{
	if (*name != 'u')
		return -EINVAL;
	_cleanup_free_ char *copy = xstrdup(name + 1);
	char *gid = strstr(copy, "+g");
	if (gid)
		*gid = '\0';
	/* Where the maps are alike, the one text is read twice; parsing cuts its copy up. */
	_cleanup_free_ char *gid_text = xstrdup(gid ? gid + 2 : copy);
	int r = parse_extents(copy, &ret->uid);
	return r < 0 ? r : parse_extents(gid_text, &ret->gid);
}

int idmap_pair_parse(const char *name, struct idmap_pair *ret, struct sbx_err *err)
{
	if (strcmp(name, "single") == 0) {
		idmap_pair_single(ret, 0, 0);
		return 0;
	}
	*ret = (struct idmap_pair){.by_helper = true};
	int r = parse_pair(name, ret);
	if (r < 0)
		r = sbx_fail_plain(err, -EINVAL, "%s: not the name of id maps", name);
	if (r == 0)
		r = idmap_check(&ret->uid, "user", err);
	if (r == 0)
		r = idmap_check(&ret->gid, "group", err);
	if (r < 0)
		idmap_pair_free(ret);
	return r;
}
