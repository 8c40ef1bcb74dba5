/* SPDX-License-Identifier: Apache-2.0 */

/* sbx image verify: every digest computed again - manifest and configuration (when they are read), each layer's blob,
 * and each layer's content (its diff ID). */

#include "tool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "blob.h"
#include "layer_read.h"
#include "scan.h"
#include "sbx/cleanup.h"
#include "sbx/str.h"

#define READ_BYTES (256u << 10)

/* hash_stream - of all that a caged process writes. */
static int hash_stream(int fd, struct digest *ret, struct sbx_err *err)
{
	_cleanup_hasher_ struct hasher h = {0};
	_cleanup_free_ void *buf = xmalloc(READ_BYTES);
	int r = hasher_init(&h, err);

	while (r == 0) {
		ssize_t n = read(fd, buf, READ_BYTES);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return sbx_fail(err, -errno, "read");
		if (n == 0)
			return hasher_final(&h, ret, err);
		r = hasher_update(&h, buf, (size_t)n, err);
	}
	return r;
}

static int check(const char *what, const struct digest *is, const struct digest *wanted, struct sbx_err *err)
{
	if (digest_eq(is, wanted))
		return 0;
	return sbx_fail_plain(
		err, -EBADMSG, "%s is damaged: its digest is sha256:%s, not sha256:%s", what, is->hex, wanted->hex);
}

static int verify_layer(const struct image_store *store, const struct image_layer *layer, struct sbx_err *err)
{
	_cleanup_layer_read_ struct layer_read reader = LAYER_READ_NONE;
	_cleanup_close_ int fd = layer_open(store, layer, err);
	struct digest digest;
	int r = fd < 0 ? fd : hash_range(fd, 0, layer->size_bytes, &digest, err);

	if (r == 0)
		r = check("its blob", &digest, &layer->digest, err);
	/* The blob is what it was when it was imported; only now is it worth inflating. */
	if (r == 0)
		r = layer_read_start(fd, NULL, &reader, err);
	if (r == 0)
		r = hash_stream(reader.out_fd, &digest, err);
	if (r == 0)
		r = layer_read_finish(&reader, err);
	return r < 0 ? r : check("its content", &digest, &layer->diff_id, err);
}

static int verify_image(const struct image_store *store, const struct image *image, struct sbx_err *err)
{
	for (size_t i = 0; i < image->n_layers; i++) {
		int r = verify_layer(store, &image->layers[i], err);
		if (r < 0)
			return sbx_err_prefix(err, r, "layer %zu (sha256:%.12s)", i + 1, image->layers[i].diff_id.hex);
	}
	return 0;
}

/* A run over some images, and what is told of each. */
struct verification {
	const struct image_store *store;
	bool json, failed;
	json_t *list;
	struct strv done; /* manifests: two names of one image are one work */
};

static void tell(struct verification *v, const char *name, const struct sbx_err *err, size_t n_layers)
{
	if (err)
		v->failed = true;
	if (v->json) {
		json_array_append_new(
			v->list, json_pack("{s:o, s:b, s:o, s:I}", "name", json_text(name), "ok", !err, "error",
					 json_text(err ? err->msg : NULL), "layers", (json_int_t)n_layers));
		return;
	}
	_cleanup_free_ char *safe = text_escape(name);
	if (!err) {
		printf("%s: ok, %zu layer%s\n", safe, n_layers, n_layers == 1 ? "" : "s");
		return;
	}
	struct sbx_err named = *err;
	if (!str_starts(named.msg, "image "))
		sbx_err_prefix(&named, named.code, "image %s", name);
	tool_fail(&named);
}

/* verify_entry - what an entry of the index names; without reading others, which may be damaged. */
static void verify_entry(struct verification *v, const struct descriptor *entry)
{
	_cleanup_free_ char *id = xasprintf("sha256:%.12s", entry->digest.hex);
	_cleanup_descriptor_ struct descriptor manifest = {0};
	_cleanup_image_ struct image *image = NULL;
	const char *name = entry->ref_name ? entry->ref_name : id;
	struct platform host;
	struct sbx_err err = {0};

	platform_host(&host);
	int r = layout_resolve(v->store->fd, entry, &host, &manifest, NULL, &err);
	if (r == 0)
		r = image_load(v->store->fd, name, &manifest, &image, &err);
	if (r == 0 && !strv_contains(&v->done, image->manifest_digest.hex))
		r = verify_image(v->store, image, &err);
	if (r == 0)
		strv_add(&v->done, image->manifest_digest.hex);
	tell(v, name, r < 0 ? &err : NULL, image ? image->n_layers : 0);
}

static void verify_word(struct verification *v, const char *word)
{
	_cleanup_image_ struct image *image = NULL;
	struct sbx_err err = {0};
	int r = tool_find(v->store, word, &image, &err);

	if (r == 0)
		r = verify_image(v->store, image, &err);
	tell(v, word, r < 0 ? &err : NULL, image ? image->n_layers : 0);
}

int tool_verify(int argc, char **argv)
{
	_cleanup_store_ struct image_store store = {.fd = -1};
	_cleanup_index_ struct image_index index = {0};
	struct tool_options options;
	struct sbx_err err = {0};
	int first = tool_parse(argc, argv, OPT_FORMAT, 0, -1, &options);

	if (first < 0)
		return TOOL_USAGE;
	int r = store_open(false, &store, &err);
	if (r < 0 && (r != -ENOENT || first < argc))
		return tool_fail(&err);
	struct verification v = {.store = &store, .json = options.json, .list = json_array()};
	if (r == 0 && first == argc && index_read(&store, &index, &err) < 0)
		return tool_fail(&err);
	for (int i = first; i < argc; i++)
		verify_word(&v, argv[i]);
	for (size_t i = 0; i < index.n; i++)
		verify_entry(&v, &index.entries[i]);
	strv_clear(&v.done);
	if (options.json)
		json_print(v.list);
	else
		json_decref(v.list);
	return v.failed ? TOOL_FAILED : TOOL_OK;
}
