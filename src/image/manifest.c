/* SPDX-License-Identifier: Apache-2.0 */

/* Manifest and configuration together: an image.  Source: OCI image-spec v1.1, manifest.md; Docker's manifest-v2-2. */

#include "json.h"

#include <errno.h>
#include <string.h>
#include "sbx/cleanup.h"
#include "sbx/str.h"

static const char what[] = "the manifest";

/* Layer media types.  Those that may not be passed on are layers like the others once their bytes are here; the
 * addresses that come with them are never followed (CVE-2020-15157). */
static const char *const layer_types[] = {
	"application/vnd.oci.image.layer.v1.tar",
	"application/vnd.oci.image.layer.v1.tar+gzip",
	"application/vnd.oci.image.layer.v1.tar+zstd",
	"application/vnd.oci.image.layer.nondistributable.v1.tar",
	"application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
	"application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
	"application/vnd.docker.image.rootfs.diff.tar",
	"application/vnd.docker.image.rootfs.diff.tar.gzip",
	"application/vnd.docker.image.rootfs.diff.tar.zstd",
	"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
};

static const char *const config_types[] = {
	"application/vnd.oci.image.config.v1+json",
	"application/vnd.docker.container.image.v1+json",
};

static bool type_known(const char *type, const char *const *types, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(type, types[i]) == 0)
			return true;
	return false;
}

void image_free(struct image *image)
{
	if (!image)
		return;
	for (size_t i = 0; i < image->n_layers; i++) {
		free(image->layers[i].media_type);
		free(image->layers[i].created_by);
	}
	free(image->layers);
	struct strv *lists[] = {
		&image->entrypoint, &image->cmd, &image->env, &image->volumes, &image->exposed_ports, &image->labels};
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		strv_clear(lists[i]);
	free(image->name);
	free(image->working_dir);
	free(image->user);
	free(image->stop_signal);
	free(image);
}

/* parse_root - the manifest as JSON, of the right kind.  New reference or NULL. */
static json_t *parse_root(const char *bytes, size_t n, struct sbx_err *err)
{
	json_t *root = json_load_bounded(bytes, n, what, err);
	const char *media_type = NULL;

	if (!root)
		return NULL;
	int r = json_check_schema(root, what, err);
	if (r >= 0)
		r = json_get_string(root, "mediaType", what, &media_type, err);
	if (r >= 0 && media_type && !media_type_is_manifest(media_type))
		r = json_bad(err, what, "is of the type \"%s\", which is no image manifest", media_type);
	if (r >= 0 && json_object_get(root, "manifests"))
		r = json_bad(err, what, "is wrong: it is an index and a manifest at once");
	if (r < 0) {
		json_decref(root);
		return NULL;
	}
	return root;
}

static int parse_config_descriptor(const json_t *root, struct descriptor *ret, struct sbx_err *err)
{
	_cleanup_descriptor_ struct descriptor d = {0};
	json_t *config;
	int r = json_get_object(root, "config", what, &config, err);

	if (r < 0)
		return r;
	if (!config)
		return json_bad(err, what, "has no \"config\"");
	r = descriptor_parse(config, what, &d, err);
	if (r < 0)
		return r;
	if (!type_known(d.media_type, config_types, ARRAY_SIZE(config_types)))
		return json_bad(err, what,
			"has a configuration of the type \"%s\": this is an artifact, not a container image",
			d.media_type);
	*ret = d;
	d = (struct descriptor){0};
	return 0;
}

int manifest_config(const char *manifest, size_t n, struct descriptor *ret, struct sbx_err *err)
{
	json_auto_t *root = parse_root(manifest, n, err);

	return root ? parse_config_descriptor(root, ret, err) : -EBADMSG;
}

static int parse_layer(const json_t *object, struct image_layer *layer, struct sbx_err *err)
{
	_cleanup_descriptor_ struct descriptor d = {0};
	int r = descriptor_parse(object, what, &d, err);

	if (r < 0)
		return r;
	if (str_ends(d.media_type, "+encrypted"))
		return json_bad(err, what, "has an encrypted layer (\"%s\"), which sbx cannot read", d.media_type);
	if (!type_known(d.media_type, layer_types, ARRAY_SIZE(layer_types)))
		return json_bad(err, what, "has a layer of the type \"%s\", which is no container layer", d.media_type);
	layer->digest = d.digest;
	layer->size_bytes = d.size_bytes;
	layer->media_type = steal_ptr(d.media_type);
	return 0;
}

static int parse_layers(const json_t *root, struct image *image, struct sbx_err *err)
{
	json_t *layers, *layer;
	size_t i;
	int r = json_get_array(root, "layers", what, &layers, err);

	if (r < 0)
		return r;
	if (json_array_size(layers) == 0)
		return json_bad(err, what, "names no layers");
	if (json_array_size(layers) > IMAGE_LAYERS_MAX)
		return json_bad(err, what, "names %zu layers; at most %d can be stacked", json_array_size(layers),
			IMAGE_LAYERS_MAX);
	image->layers = xcalloc(json_array_size(layers), sizeof(*image->layers));
	image->n_layers = json_array_size(layers);
	json_array_foreach(layers, i, layer)
	{
		r = parse_layer(layer, &image->layers[i], err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* join - the configuration's diff IDs beside the manifest's layers. */
static int join(struct image *image, const struct digest *diff_ids, size_t n, struct sbx_err *err)
{
	if (n != image->n_layers)
		return json_bad(err, what, "names %zu layers, the configuration %zu", image->n_layers, n);
	for (size_t i = 0; i < n; i++) {
		image->layers[i].diff_id = diff_ids[i];
		chain_id(i ? &image->layers[i - 1].chain_id : NULL, &diff_ids[i], &image->layers[i].chain_id);
	}
	return 0;
}

int image_from_json(const char *name, const char *manifest, size_t manifest_len, const char *config, size_t config_len,
	struct image **ret, struct sbx_err *err)
{
	_cleanup_image_ struct image *image = xcalloc(1, sizeof(*image));
	_cleanup_descriptor_ struct descriptor d = {0};
	_cleanup_free_ struct digest *diff_ids = NULL;
	size_t n_diff_ids = 0;
	json_auto_t *root = parse_root(manifest, manifest_len, err);
	int r = root ? parse_config_descriptor(root, &d, err) : -EBADMSG;

	if (r >= 0)
		r = parse_layers(root, image, err);
	if (r < 0)
		return r;
	digest_of(manifest, manifest_len, &image->manifest_digest);
	digest_of(config, config_len, &image->config_digest);
	image->source_digest = image->manifest_digest;
	if (!digest_eq(&d.digest, &image->config_digest))
		return sbx_fail_plain(err, -EBADMSG,
			"the image's configuration has another digest (sha256:%s) than the manifest names (sha256:%s)",
			image->config_digest.hex, d.digest.hex);
	json_auto_t *config_root = json_load_bounded(config, config_len, "the image's configuration", err);
	r = config_root ? config_parse(config_root, image, &diff_ids, &n_diff_ids, err) : -EBADMSG;
	if (r >= 0)
		r = join(image, diff_ids, n_diff_ids, err);
	if (r >= 0)
		r = config_history(config_root, image, err);
	if (r < 0)
		return r;
	image->name = xstrdup(name);
	*ret = steal_ptr(image);
	return 0;
}
