/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Images as data: references, digests, the store (an OCI image layout), manifests and configurations.  Nothing here reads
 * layer bytes: that is sbx-image's work.  Used by sbx and sbx-image.  (src/image)
 * Sources: OCI image-spec v1.1, distribution reference grammar. */

#include <stdbool.h>
#include <stdint.h>
#include <jansson.h>
#include "sbx/err.h"
#include "sbx/idmap.h"
#include "sbx/strv.h"

#define DIGEST_HEX_LEN 64
#define IMAGE_LAYERS_MAX 127
#define IMAGE_JSON_MAX_BYTES (4u << 20) /* manifest, index, config */

/* A sha256 digest.  The grammar is checked before a digest becomes a path: other algorithms are refused in words. */
struct digest {
	char hex[DIGEST_HEX_LEN + 1];
};
int digest_parse(const char *text, struct digest *ret, struct sbx_err *err); /* "sha256:HEX" */
bool digest_eq(const struct digest *a, const struct digest *b);

/* What Image= may say. */
enum image_transport { IMAGE_NAME, IMAGE_OCI, IMAGE_OCI_ARCHIVE, IMAGE_DOCKER_ARCHIVE, IMAGE_ROOTFS, IMAGE_DIR };
struct image_ref {
	enum image_transport transport;
	char *name; /* IMAGE_NAME: "debian:12" as stored (tag added, "latest" by default); else the host path */
	char *tag;  /* OCI, archives: the wanted tag or NULL; IMAGE_NAME: the tag */
	bool has_digest;
	struct digest digest;
};
int image_ref_parse(const char *text, struct image_ref *ret, struct sbx_err *err);
void image_ref_free(struct image_ref *ref);

/* "os/arch[/variant]"; NULL text: this machine's. */
struct platform {
	char os[16], arch[16], variant[16];
};
int platform_parse(const char *text, struct platform *ret, struct sbx_err *err);
void platform_host(struct platform *ret);

struct image_layer {
	struct digest digest;   /* of the blob as it is stored */
	struct digest diff_id;  /* of the uncompressed tar */
	struct digest chain_id; /* of this layer on all below it */
	uint64_t size_bytes;    /* of the blob */
	char *media_type;
	char *created_by;       /* the history entry's command, or NULL */
};

struct image {
	char *name;                 /* as in the store; NULL for one found by digest alone */
	struct digest manifest_digest, config_digest; /* the config's is the image ID */
	struct platform platform;
	uint64_t created_s;         /* seconds since 1970, 0 unknown */
	struct image_layer *layers; /* lowest first */
	size_t n_layers;
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

/* The store. */
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

/* layer_path - the tree of an extracted layer: "STORE/layers/MAP/HEX", HEX its *chain* ID.  Returns new.
 * Not the diff ID: parent directories that a tar leaves out take mode, owner and times from the layers below, a hard link
 * may name a lower layer's file, and the root can be emptied.  On another base the same diff ID is another tree.  It
 * also gives an image that holds one layer twice two trees, where overlayfs refuses one directory as two layers (ELOOP). */
char *layer_path(const struct image_store *store, const char *map_name, const struct image_layer *layer);
/* image_is_unpacked - whether every layer is extracted for this map. */
bool image_is_unpacked(const struct image_store *store, const struct image *image, const char *map_name);

/* json_load_bounded - strict JSON of at most @max bytes: no duplicate keys, depth bounded. New reference or NULL. */
json_t *json_load_bounded(const char *bytes, size_t n, const char *what, struct sbx_err *err);
