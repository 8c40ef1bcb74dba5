/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Images as data: references, digests, the store (an OCI image layout), manifests and configurations.  Nothing here
 * reads layer bytes: that is sbx-image's work.  Used by sbx and sbx-image.  (src/image) Sources: OCI image-spec v1.1,
 * distribution reference grammar. */

#include <stdbool.h>
#include <stdint.h>
#include <jansson.h>
#include "sbx/err.h"
#include "sbx/idmap.h"
#include "sbx/strv.h"

#define DIGEST_HEX_LEN 64
#define IMAGE_LAYERS_MAX 127
#define IMAGE_JSON_MAX_BYTES (4u << 20) /* manifest, index, config */
#define IMAGE_JSON_MAX_DEPTH 64
#define IMAGE_INDEX_MAX_DEPTH 3 /* an index that names an index that names … */
#define IMAGE_INDEX_MAX_ENTRIES 10000
#define IMAGE_BLOB_MAX_BYTES (1ull << 40)

/* A sha256 digest.  The grammar is checked before a digest becomes a path: other algorithms are refused in words. */
struct digest {
	char hex[DIGEST_HEX_LEN + 1];
};
int digest_parse(const char *text, struct digest *ret, struct sbx_err *err); /* "sha256:HEX" */
bool digest_eq(const struct digest *a, const struct digest *b);
/* digest_of - of bytes in memory. */
void digest_of(const void *bytes, size_t n, struct digest *ret);
/* chain_id - of a layer on @parent (NULL: the lowest).  Source: OCI image-spec, config.md, "Layer ChainID". */
void chain_id(const struct digest *parent, const struct digest *diff_id, struct digest *ret);

/* What Image= may say. */
enum image_transport { IMAGE_NAME, IMAGE_OCI, IMAGE_OCI_ARCHIVE, IMAGE_DOCKER_ARCHIVE, IMAGE_ROOTFS, IMAGE_DIR };
struct image_ref {
	enum image_transport transport;
	char *name; /* IMAGE_NAME: "debian:12" as stored (tag added, "latest" by default), without a tag where a digest
		     * is given; NULL for "sha256:HEX" alone.  Else the host path as written, perhaps relative. */
	char *tag;  /* OCI, archives: the wanted tag or NULL; IMAGE_NAME: the tag, NULL with a digest */
	bool tag_default; /* IMAGE_NAME: the tag was not written: the name may be an image ID, too */
	bool has_digest;
	struct digest digest;
};
/* image_ref_parse - NAME[:TAG][@sha256:HEX], sha256:HEX, an image ID, oci:DIR[:TAG], oci-archive:FILE[:TAG],
 * docker-archive:FILE[:TAG], rootfs:FILE, dir:DIR; "/…" and "./…" are directories too.  The first ':' behind the
 * transport ends the path (as in skopeo), but for rootfs: and dir:, which have no tag.  -EINVAL with the reason.
 * *ret is to be freed after success alone. */
int image_ref_parse(const char *text, struct image_ref *ret, struct sbx_err *err);
void image_ref_free(struct image_ref *ref);
#define _cleanup_ref_ __attribute__((cleanup(image_ref_free)))
/* image_name_check - whether @name is a name with a tag that an image can be stored by ("debian:12"). */
int image_name_check(const char *name, struct sbx_err *err);

/* "os/arch[/variant]"; NULL text: this machine's. */
struct platform {
	char os[16], arch[16], variant[16];
};
int platform_parse(const char *text, struct platform *ret, struct sbx_err *err);
/* platform_make - from its parts, as JSON has them; NULL or "" as no variant.  -EINVAL. */
int platform_make(const char *os, const char *arch, const char *variant, struct platform *ret);
void platform_host(struct platform *ret);
/* platform_rank - how well @have serves who wants @want: 0 not at all, more is better. */
unsigned platform_rank(const struct platform *want, const struct platform *have);
char *platform_text(const struct platform *platform); /* "linux/arm/v7"; new */

/* A descriptor: what an index or a manifest says of a blob. */
struct descriptor {
	struct digest digest;
	uint64_t size_bytes;
	char *media_type;
	char *ref_name;           /* org.opencontainers.image.ref.name, or NULL */
	struct platform platform; /* os is empty where the index does not say */
	bool has_source;          /* sbx.source.digest: the index of many platforms that it was picked from */
	struct digest source;
};
void descriptor_free(struct descriptor *d);
void descriptor_copy(struct descriptor *ret, const struct descriptor *d);
#define _cleanup_descriptor_ __attribute__((cleanup(descriptor_free)))
struct image_index {
	struct descriptor *entries;
	size_t n;
};
void image_index_free(struct image_index *index);
#define _cleanup_index_ __attribute__((cleanup(image_index_free)))
bool media_type_is_index(const char *media_type);
bool media_type_is_manifest(const char *media_type);

/* image_index_parse - the entries of an OCI index or a Docker manifest list.  @what names it in messages. */
int image_index_parse(const char *bytes, size_t n, const char *what, struct image_index *ret, struct sbx_err *err);
/* manifest_config - the descriptor of the configuration, from the bytes of a manifest. */
int manifest_config(const char *manifest, size_t n, struct descriptor *ret, struct sbx_err *err);
/* blob_read - a small blob (manifest, index, configuration) of the OCI layout at @dirfd; size and digest are checked.
 * @what: "the manifest".  -ENOENT it is not there; -EBADMSG other bytes than named. */
int blob_read(
	int dirfd, const struct descriptor *d, const char *what, char **ret, size_t *ret_len, struct sbx_err *err);
/* layout_resolve - the manifest that @d stands for on @platform: itself, or the best entry of the index it names
 * (nested ones too).  @ret_source: the digest of the outermost index, or of the manifest itself.
 * -ENOEXEC: for other platforms only (the message names them). */
int layout_resolve(int dirfd, const struct descriptor *d, const struct platform *platform, struct descriptor *ret,
	struct digest *ret_source, struct sbx_err *err);

struct image_layer {
	struct digest digest;   /* of the blob as it is stored */
	struct digest diff_id;  /* of the uncompressed tar */
	struct digest chain_id; /* of this layer on all below it */
	uint64_t size_bytes;    /* of the blob */
	char *media_type;
	char *created_by; /* the history entry's command, or NULL */
};

struct image {
	char *name;                                   /* as in the store; NULL for one without a name */
	struct digest manifest_digest, config_digest; /* the config's is the image ID */
	struct platform platform;
	uint64_t created_s;         /* seconds since 1970, 0 unknown */
	struct image_layer *layers; /* lowest first */
	size_t n_layers;
	struct digest source_digest; /* of the many-platform index that it came from, else its manifest's */
	/* the configuration, as the image says; nothing is merged with a profile here */
	struct strv entrypoint, cmd, env, volumes, exposed_ports, labels;
	char *working_dir, *user, *stop_signal; /* NULL where not set */
};
void image_free(struct image *image);
static inline void image_freep(struct image **p)
{
	image_free(*p);
}
#define _cleanup_image_ __attribute__((cleanup(image_freep)))

/* The store.
 *
 * Locks, always taken in this order, each held by flock(2) on an open file, so that a killed process leaves none:
 *   1. STORE/use/HEX   (HEX an image's manifest)  shared: while a sandbox runs on it, from before its layers are looked
 *                      at; exclusive: while its last entry leaves the index.           image_use, image_use_exclusive
 *   2. STORE/content   shared: while blobs or layers are added that nothing refers to yet, until the index or a layer's
 *                      final name does; exclusive: while what nothing refers to is removed.        store_lock_content
 *   3. STORE/lock      exclusive: while index.json is read, changed and written; never held while waiting for 1 or 2.
 * An exclusive lock 1 is only ever tried, not waited for, so the remover may try it while it holds 2.
 * Readers of index.json take none: it is replaced as a whole. */
struct image_store {
	char *path;
	int fd; /* O_PATH|O_DIRECTORY */
};
/* store_open - open the store; @create: make it (0700, oci-layout, index.json) where missing.
 * -ENOENT where it is missing and not made; a store of another's, or with other permissions, is refused. */
int store_open(bool create, struct image_store *ret, struct sbx_err *err);
/* store_open_at - the same at a given path (tests, SBX_STORE). */
int store_open_at(const char *path, bool create, struct image_store *ret, struct sbx_err *err);
void store_close(struct image_store *store);
/* store_path - where the store is: $SBX_STORE, else the data directory.  New, or NULL with @err. */
char *store_path(struct sbx_err *err);
/* store_lock_content - lock 2; waits.  @exclusive: does not wait, -EBUSY while something is being imported.
 * store_lock_index - lock 3; waits.  Return a descriptor; closing it (and its copies) unlocks. */
int store_lock_content(const struct image_store *store, bool exclusive, struct sbx_err *err);
int store_lock_index(const struct image_store *store, struct sbx_err *err);
/* image_use - lock 1, shared: the image and its layers stay as long as the returned descriptor (or a copy) is open.
 * -ENOENT where the image was removed since it was found.  Context: parent, before image_is_unpacked. */
int image_use(const struct image_store *store, const struct digest *manifest, struct sbx_err *err);
/* image_use_exclusive - lock 1 for removing: -EBUSY while somebody uses the image. */
int image_use_exclusive(const struct image_store *store, const struct digest *manifest, struct sbx_err *err);
#define _cleanup_store_ __attribute__((cleanup(store_close)))

/* image_find - an image by reference name or digest.  -ENOENT not in the store; -ENOEXEC for another platform (the
 * message names both).  The manifest and the config are checked against their digests. */
int image_find(const struct image_store *store, const struct image_ref *ref, const struct platform *platform,
	struct image **ret, struct sbx_err *err);
/* image_list - all of the index.  *ret: array of new images (config read too). */
int image_list(const struct image_store *store, struct image ***ret, size_t *ret_n, struct sbx_err *err);
/* image_from_json - parse an image from manifest and config bytes (importer, fuzzers). @name borrowed or NULL. */
int image_from_json(const char *name, const char *manifest, size_t manifest_len, const char *config, size_t config_len,
	struct image **ret, struct sbx_err *err);

/* store_reserve_make, store_reserve_drop - files that take some room, so that an image can be removed from a store on
 * a full disk: removing one makes a lock and writes a new index.json first. Made with the store and after each
 * collection; failing to make them is no failure. */
void store_reserve_make(const struct image_store *store);
void store_reserve_drop(const struct image_store *store);

/* image_load - an image by a manifest's descriptor in the OCI layout at @dirfd (the store's, or a source's).
 * @name: borrowed or NULL.  Layers are not looked at. */
int image_load(int dirfd, const char *name, const struct descriptor *manifest, struct image **ret, struct sbx_err *err);

/* What tells whether a source has changed: of the archive, or of an OCI layout's index.json. */
struct source_print {
	uint64_t dev, ino, size_bytes;
	int64_t mtime_ns, ctime_ns;
};
/* source_print_take - of the file behind the reference, by path (which for IMAGE_OCI is DIR/index.json). */
int source_print_take(const struct image_ref *ref, struct source_print *ret, struct sbx_err *err);
/* source_record - note which image a source gave; @print was taken before the source was read. */
int source_record(const struct image_store *store, const struct image_ref *ref, const struct platform *platform,
	const struct source_print *print, const struct digest *manifest, struct sbx_err *err);
/* image_find_source - the image that was imported from @ref (not IMAGE_NAME) before, if the source has not changed
 * since. -ENOENT not imported yet, changed, or the image has gone: import it (again); any other error concerns the
 * source. */
int image_find_source(const struct image_store *store, const struct image_ref *ref, const struct platform *platform,
	struct image **ret, struct sbx_err *err);

/* For writers.  Each takes lock 3, reads index.json, changes it, writes it durably; entries and annotations that
 * it does not know are kept. */
/* index_add - let the index refer to a manifest whose blobs are all durable.  @d->ref_name: its name, or NULL.
 * An entry of the same name and platform loses the name, and stays as a nameless one where no other name holds its
 * image. Returns 1 changed, 0 was so already, -errno. */
int index_add(const struct image_store *store, const struct descriptor *d, struct sbx_err *err);
/* index_remove - drop the entry with @name for @manifest (name NULL: all entries for the manifest).
 * Returns how many entries for the manifest remain, -ENOENT none was there, -errno. */
int index_remove(const struct image_store *store, const char *name, const struct digest *manifest, struct sbx_err *err);
/* index_read - index.json's entries; none where the store is empty. */
int index_read(const struct image_store *store, struct image_index *ret, struct sbx_err *err);

/* layer_path - the tree of an extracted layer: "STORE/layers/MAP/HEX", HEX its *chain* ID.  Returns new.
 * Not the diff ID: parent directories that a tar leaves out take mode, owner and times from the layers below, a hard
 * link may name a lower layer's file, and the root can be emptied.  On another base the same diff ID is another tree.
 * It also gives an image that holds one layer twice two trees, where overlayfs refuses one directory as two layers
 * (ELOOP). */
char *layer_path(const struct image_store *store, const char *map_name, const struct image_layer *layer);
/* image_is_unpacked - whether every layer is extracted for this map. */
bool image_is_unpacked(const struct image_store *store, const struct image *image, const char *map_name);

/* json_load_bounded - strict JSON of at most IMAGE_JSON_MAX_BYTES: no duplicate keys, no NUL in strings, depth bounded.
 * @what names it in messages.  New reference, or NULL with @err. */
json_t *json_load_bounded(const char *bytes, size_t n, const char *what, struct sbx_err *err);
