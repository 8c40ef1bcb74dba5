/* SPDX-License-Identifier: Apache-2.0 */

/* Every parser of src/image on the same bytes: indexes, manifests, configurations, references, digests, platforms.
 * Whatever comes out must be within the bounds that its users rely on. */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "sbx/cleanup.h"
#include "sbx/image.h"
#include "sbx/str.h"
#include "src/image/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void check_digest(const struct digest *digest)
{
	require(strspn(digest->hex, "0123456789abcdef") == DIGEST_HEX_LEN && !digest->hex[DIGEST_HEX_LEN]);
}

static void fuzz_index(const char *text, size_t n)
{
	_cleanup_index_ struct image_index index = {0};
	struct sbx_err err = {0};

	if (image_index_parse(text, n, "the index", &index, &err) < 0) {
		require(err.code < 0 && err.msg[0]);
		return;
	}
	require(index.n <= IMAGE_INDEX_MAX_ENTRIES);
	for (size_t i = 0; i < index.n; i++) {
		check_digest(&index.entries[i].digest);
		require(index.entries[i].size_bytes <= IMAGE_BLOB_MAX_BYTES);
	}
}

/* fuzz_config - also through a manifest that fits it, so that what joins the two runs. */
static void fuzz_config(const char *text, size_t n)
{
	_cleanup_image_ struct image *image = NULL, *alone = xcalloc(1, sizeof(*alone));
	_cleanup_free_ struct digest *diff_ids = NULL;
	_cleanup_strbuf_ struct strbuf manifest = {0};
	struct sbx_err err = {0};
	struct digest digest;
	size_t n_diff_ids = 0;
	json_auto_t *root = json_load_bounded(text, n, "the configuration", &err);

	if (!root || config_parse(root, alone, &diff_ids, &n_diff_ids, &err) < 0)
		return;
	require(n_diff_ids <= IMAGE_LAYERS_MAX);
	digest_of(text, n, &digest);
	strbuf_addf(&manifest,
		"{\"schemaVersion\":2,\"config\":{\"mediaType\":\"application/"
		"vnd.oci.image.config.v1+json\",\"digest\":"
		"\"sha256:%s\",\"size\":1},\"layers\":[",
		digest.hex);
	for (size_t i = 0; i < n_diff_ids; i++)
		strbuf_addf(&manifest,
			"%s{\"mediaType\":\"application/"
			"vnd.oci.image.layer.v1.tar\",\"digest\":\"sha256:%s\",\"size\":1}",
			i ? "," : "", digest.hex);
	strbuf_add(&manifest, "]}");
	if (image_from_json("x", manifest.s, manifest.len, text, n, &image, &err) < 0)
		return;
	require(image->n_layers > 0 && image->n_layers == n_diff_ids);
	for (size_t i = 0; i < image->env.n; i++)
		require(strchr(image->env.v[i], '=') > image->env.v[i]);
}

static void fuzz_text(const char *text)
{
	_cleanup_ref_ struct image_ref ref = {0};
	struct platform platform;
	struct digest digest;

	if (image_ref_parse(text, &ref, NULL) == 0) {
		require(ref.name || ref.has_digest);
		if (ref.transport == IMAGE_NAME && ref.name)
			require(!strstr(ref.name, "../") && !strstr(ref.name, "/.") && ref.name[0] != '/');
	}
	if (digest_parse(text, &digest, NULL) == 0)
		check_digest(&digest);
	if (platform_parse(text, &platform, NULL) == 0)
		require(platform.os[sizeof(platform.os) - 1] == '\0' && platform_rank(&platform, &platform) > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	_cleanup_image_ struct image *image = NULL;
	_cleanup_descriptor_ struct descriptor config = {0};
	_cleanup_free_ char *text = xstrndup((const char *)bytes, n);

	fuzz_index((const char *)bytes, n);
	image_from_json("x", (const char *)bytes, n, "{}", 2, &image, NULL);
	manifest_config((const char *)bytes, n, &config, NULL);
	fuzz_config((const char *)bytes, n);
	fuzz_text(text);
	return 0;
}
