/* SPDX-License-Identifier: Apache-2.0 */

/* The id maps of the sandbox: UserNS, UIDMap, GIDMap. */

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "plan_parts.h"
#include "sbx/cleanup.h"
#include "sbx/parse.h"
#include "sbx/spawn.h"
#include "sbx/str.h"

bool ids_beyond_one(const struct idmap_pair *maps)
{
	uint64_t uids = 0, gids = 0;
	for (size_t i = 0; i < maps->uid.n; i++)
		uids += maps->uid.extents[i].count;
	for (size_t i = 0; i < maps->gid.n; i++)
		gids += maps->gid.extents[i].count;
	return uids > 1 || gids > 1;
}

/* number_before - the id at the start of @text, up to @end. */
static bool number_before(const char *text, char end, uint32_t *ret)
{
	const char *stop = text ? strchr(text, end) : NULL;
	_cleanup_free_ char *part = text ? xstrndup(text, stop ? (size_t)(stop - text) : strlen(text)) : NULL;
	return part && parse_id(part, ret) == 0;
}

/* maps_single - the caller alone.  He is root inside, unless User= names another number: then he is that one, since
 * no other could exist. */
static void maps_single(const struct profile *profile, struct sandbox_spec *spec)
{
	uint32_t uid = 0, gid;
	const char *user = profile_text(profile, KEY_Exec_User), *group = profile_text(profile, KEY_Exec_Group);
	const char *colon = user ? strchr(user, ':') : NULL;
	if (!number_before(user, ':', &uid))
		uid = 0;
	if (!number_before(group ? group : colon ? colon + 1 : NULL, '\0', &gid))
		gid = uid;
	idmap_pair_single(&spec->maps, uid, gid);
	spec->userns_mode = "single";
}

static int maps_subuid(struct sandbox_spec *spec, struct sbx_err *err)
{
	spec->userns_mode = "subuid";
	return idmap_pair_subuid(&spec->maps, err);
}

/* maps_auto - subordinate ids where there are some and the programs that map them; else the caller alone, and a note
 * that says why.  Root needs no ranges to be anybody, and gives the inside no id but its own. */
static int maps_auto(const struct profile *profile, struct sandbox_spec *spec, struct sbx_err *err)
{
	struct sbx_err why = {0};
	if (geteuid() == 0) {
		maps_single(profile, spec);
		return 0;
	}
	_cleanup_free_ char *uid_helper = helper_find("newuidmap"), *gid_helper = helper_find("newgidmap");
	int r = 0;
	if (!uid_helper || !gid_helper)
		r = sbx_fail_plain(&why, -ENOENT,
			"newuidmap and newgidmap are not installed (Debian, Ubuntu: uidmap; Fedora: shadow-utils)");
	else
		r = maps_subuid(spec, &why);
	if (r == -ENOENT) {
		maps_single(profile, spec);
		strv_addf(&spec->notes, "UserNS=auto: a single user and group id inside: %s", why.msg);
		return 0;
	}
	if (r < 0 && err)
		*err = why;
	return r;
}

static int map_read(const struct profile *profile, enum profile_key key, struct idmap *ret, struct sbx_err *err)
{
	const struct profile_value *value = profile_get(profile, key);
	for (size_t i = 0; i < value->n_words; i++) {
		struct idmap_arg arg;
		int r = idmap_arg_parse(value->words[i].text, &arg, err);
		if (r == 0 && arg.count == 0)
			r = sbx_fail_plain(err, -EINVAL, "a count of 0 maps nothing");
		if (r < 0)
			return word_prefix(key, &value->words[i], r, err);
		idmap_add(ret, arg.inside, arg.outside, arg.count);
	}
	return 0;
}

/* holds_caller - the store and the scratch directory belong to the caller: without a number inside he could not even
 * enter them. */
static int holds_caller(
	const struct profile *profile, enum profile_key key, const struct idmap *map, uint32_t own, struct sbx_err *err)
{
	const char *what = key == KEY_Security_UIDMap ? "user" : "group";
	int r = idmap_check(map, what, err);
	if (r < 0)
		return value_prefix(profile, key, r, err);
	if (idmap_to_inside(map, own) != (uint32_t)-1)
		return 0;
	return value_fail(profile, key, -EINVAL, err,
		"your own %s id %u has no number inside, so the sandbox could not open its own files: add a line "
		"INSIDE:%u:1",
		what, own, own);
}

static int maps_listed(const struct profile *profile, struct sandbox_spec *spec, struct sbx_err *err)
{
	bool uids = value_given(profile, KEY_Security_UIDMap), gids = value_given(profile, KEY_Security_GIDMap);
	enum profile_key uid_key = uids ? KEY_Security_UIDMap : KEY_Security_GIDMap;
	enum profile_key gid_key = gids ? KEY_Security_GIDMap : KEY_Security_UIDMap;
	if (value_given(profile, KEY_Security_UserNS))
		return value_fail(profile, uid_key, -EINVAL, err,
			"the maps are given twice: UserNS= stands there as well; keep one of the two");
	/* With one list alone it serves for both, as with podman --uidmap. */
	int r = map_read(profile, uid_key, &spec->maps.uid, err);
	if (r == 0)
		r = map_read(profile, gid_key, &spec->maps.gid, err);
	if (r == 0)
		r = holds_caller(profile, uid_key, &spec->maps.uid, geteuid(), err);
	if (r == 0)
		r = holds_caller(profile, gid_key, &spec->maps.gid, getegid(), err);
	spec->maps.by_helper = ids_beyond_one(&spec->maps);
	spec->userns_mode = "map";
	spec->userns_origin = origin_text(profile_get(profile, uid_key));
	return r;
}

int plan_userns(const struct profile *profile, struct sandbox_spec *spec, struct sbx_err *err)
{
	struct userns_arg arg = {.mode = USERNS_AUTO};
	if (value_given(profile, KEY_Security_UIDMap) || value_given(profile, KEY_Security_GIDMap))
		return maps_listed(profile, spec, err);

	const char *text = profile_text(profile, KEY_Security_UserNS);
	int r = text ? userns_arg_parse(text, &arg, err) : 0;
	if (r == 0) {
		switch (arg.mode) {
		case USERNS_AUTO:
			r = maps_auto(profile, spec, err);
			break;
		case USERNS_SINGLE:
			maps_single(profile, spec);
			break;
		case USERNS_SUBUID:
			r = maps_subuid(spec, err);
			break;
		case USERNS_KEEP_ID:
			spec->userns_mode = "keep-id";
			r = idmap_pair_keep(&spec->maps, arg.uid, arg.gid, err);
			break;
		}
	}
	spec->userns_origin = origin_text(profile_get(profile, KEY_Security_UserNS));
	return r < 0 ? value_prefix(profile, KEY_Security_UserNS, r, err) : 0;
}
