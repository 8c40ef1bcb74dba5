/* SPDX-License-Identifier: Apache-2.0 */

/* Images found in the store: by name, by digest, by ID; and all of them. */

#include "sbx/image.h"

#include <errno.h>
#include <string.h>
#include "sbx/cleanup.h"
#include "sbx/log.h"
#include "sbx/str.h"

#define SHORT_ID_MIN 4

/* What a short name may be stored as by podman, buildah and docker, tried in this order after the name itself. */
static const char *const prefixes[] = {"localhost/", "docker.io/library/", "docker.io/"};

/* A search: what is looked for, and what was met. */
struct search {
	const struct image_store *store;
	const struct platform *platform;
	struct image_index index;
	struct image *found;
	char *others; /* the platforms of entries that would have fitted, or NULL */
};

/* note_other - an entry that is for another platform. */
static void note_other(struct search *s, const struct platform *platform)
{
	_cleanup_free_ char *text = platform_text(platform), *before = s->others;

	s->others = before ? xasprintf("%s, %s", before, text) : xstrdup(text);
}

/* load - the image behind an entry, for the platform that is wanted.  1 found, 0 for another platform. */
static int load(struct search *s, const struct descriptor *entry, struct sbx_err *err)
{
	_cleanup_descriptor_ struct descriptor manifest = {0};
	_cleanup_image_ struct image *image = NULL;
	struct digest source;

	if (*entry->platform.os && !platform_rank(s->platform, &entry->platform)) {
		note_other(s, &entry->platform);
		return 0;
	}
	int r = layout_resolve(s->store->fd, entry, s->platform, &manifest, &source, err);
	if (r == -ENOEXEC) {
		free(s->others);
		s->others = xstrdup("other platforms");
		return 0;
	}
	if (r >= 0)
		r = image_load(s->store->fd, entry->ref_name, &manifest, &image, err);
	if (r < 0)
		return sbx_err_prefix(err, r, "image %s", entry->ref_name ? entry->ref_name : "without a name");
	if (!platform_rank(s->platform, &image->platform)) {
		note_other(s, &image->platform);
		return 0;
	}
	image->source_digest = source;
	/* Of several that fit, the one that fits best. */
	if (!s->found ||
		platform_rank(s->platform, &image->platform) > platform_rank(s->platform, &s->found->platform)) {
		image_free(s->found);
		s->found = steal_ptr(image);
	}
	return 1;
}

/* by_name - all entries with exactly this name. */
static int by_name(struct search *s, const char *name, struct sbx_err *err)
{
	for (size_t i = 0; i < s->index.n; i++) {
		if (!str_eq(s->index.entries[i].ref_name, name))
			continue;
		int r = load(s, &s->index.entries[i], err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* by_spelling - the name, then what other tools may have made of it, then what the person may have added to it. */
static int by_spelling(struct search *s, const struct image_ref *ref, struct sbx_err *err)
{
	int r = by_name(s, ref->name, err);

	if (r == 0 && !s->found && ref->tag_default) { /* skopeo and umoci store names without a tag */
		_cleanup_free_ char *bare = xstrndup(ref->name, strlen(ref->name) - strlen(":latest"));
		r = by_name(s, bare, err);
	}
	for (size_t i = 0; r == 0 && !s->found && i < ARRAY_SIZE(prefixes); i++) {
		_cleanup_free_ char *longer = xasprintf("%s%s", prefixes[i], ref->name);
		r = by_name(s, longer, err);
		if (r == 0 && !s->found && str_starts(ref->name, prefixes[i]))
			r = by_name(s, ref->name + strlen(prefixes[i]), err);
	}
	return r;
}

static int by_digest(struct search *s, const struct digest *digest, struct sbx_err *err)
{
	for (size_t i = 0; i < s->index.n && !s->found; i++) {
		const struct descriptor *d = &s->index.entries[i];
		if (!digest_eq(&d->digest, digest) && !(d->has_source && digest_eq(&d->source, digest)))
			continue;
		int r = load(s, d, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* by_id - by the first digits of an image ID (its configuration's digest) or of its manifest's.  The slow way, which
 * reads every image: taken when no name fitted. */
static int by_id(struct search *s, const char *id, struct sbx_err *err)
{
	_cleanup_image_ struct image *match = NULL;

	for (size_t i = 0; i < s->index.n; i++) {
		if (load(s, &s->index.entries[i], NULL) != 1) /* a damaged one is not this one's matter */
			continue;
		_cleanup_image_ struct image *image = steal_ptr(s->found);
		if (!str_starts(image->config_digest.hex, id) && !str_starts(image->manifest_digest.hex, id))
			continue;
		if (match && !digest_eq(&match->config_digest, &image->config_digest))
			return sbx_fail_plain(err, -EINVAL, "image ID %s is not unique: give more of its digits", id);
		if (!match)
			match = steal_ptr(image);
	}
	s->found = steal_ptr(match);
	return 0;
}

/* id_of - the digits, where a reference may be an image ID.  New or NULL. */
static char *id_of(const struct image_ref *ref)
{
	if (ref->has_digest)
		return ref->name ? NULL : xstrdup(ref->digest.hex);
	if (!ref->tag_default)
		return NULL;
	size_t n = strspn(ref->name, "0123456789abcdef");
	return ref->name[n] == ':' && n >= SHORT_ID_MIN && n <= DIGEST_HEX_LEN ? xstrndup(ref->name, n) : NULL;
}

static int search(struct search *s, const struct image_ref *ref, struct sbx_err *err)
{
	int r = index_read(s->store, &s->index, err);

	if (r < 0)
		return r;
	r = ref->has_digest ? by_digest(s, &ref->digest, err) : by_spelling(s, ref, err);
	if (r < 0 || s->found)
		return r;
	_cleanup_free_ char *id = id_of(ref), *others = steal_ptr(s->others);
	r = id ? by_id(s, id, err) : 0;
	free(s->others);
	s->others = steal_ptr(others); /* those of the name, not of every image */
	return r;
}

int image_find(const struct image_store *store, const struct image_ref *ref, const struct platform *platform,
	struct image **ret, struct sbx_err *err)
{
	struct search s = {.store = store, .platform = platform};
	int r = search(&s, ref, err);
	_cleanup_free_ char *others = s.others;
	_cleanup_free_ char *digest = ref->has_digest ? xasprintf("sha256:%.12s", ref->digest.hex) : NULL;
	const char *name = ref->name ? ref->name : digest;

	image_index_free(&s.index);
	if (r >= 0 && s.found) {
		*ret = s.found;
		return 0;
	}
	image_free(s.found);
	if (r < 0)
		return r;
	if (others) {
		_cleanup_free_ char *wanted = platform_text(platform);
		return sbx_fail_plain(err, -ENOEXEC, "image %s is for %s, not for %s: import it for this platform",
			name, others, wanted);
	}
	return sbx_fail_plain(err, -ENOENT, "image %s is not in the store (`sbx images` lists what is)", name);
}

/* load_any - the image behind an entry, whatever its platform; this machine's where there is a choice. */
static int load_any(
	const struct image_store *store, const struct descriptor *entry, struct image **ret, struct sbx_err *err)
{
	_cleanup_descriptor_ struct descriptor manifest = {0};
	struct platform host;
	struct digest source;

	platform_host(&host);
	int r = layout_resolve(store->fd, entry, &host, &manifest, &source, err);
	if (r >= 0)
		r = image_load(store->fd, entry->ref_name, &manifest, ret, err);
	if (r >= 0)
		(*ret)->source_digest = source;
	return r;
}

int image_list(const struct image_store *store, struct image ***ret, size_t *ret_n, struct sbx_err *err)
{
	_cleanup_index_ struct image_index index = {0};
	size_t n = 0;
	int r = index_read(store, &index, err);

	if (r < 0)
		return r;
	struct image **images = xcalloc(index.n + 1, sizeof(struct image *));
	for (size_t i = 0; i < index.n; i++) {
		struct sbx_err why = {0};
		if (load_any(store, &index.entries[i], &images[n], &why) == 0) {
			n++;
			continue;
		}
		_cleanup_free_ char *name = text_escape(index.entries[i].ref_name ? index.entries[i].ref_name : "");
		log_warning("image %s (sha256:%.12s) is left out: %s", *name ? name : "without a name",
			index.entries[i].digest.hex, why.msg);
	}
	*ret = images;
	*ret_n = n;
	return 0;
}
