/* SPDX-License-Identifier: Apache-2.0 */

/* Unit tests of src/image: manifests, indexes and configurations, those that are refused and those that are not. */

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "sbx/cleanup.h"
#include "sbx/fdio.h"
#include "sbx/image.h"
#include "sbx/str.h"
#include "src/image/json.h"

#define HEX_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HEX_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define GZIP_LAYER "application/vnd.oci.image.layer.v1.tar+gzip"

/* parse_index, parse_manifest, parse_config - what a file of the corpus is given to, after its name. */
static int parse_index(const char *bytes, size_t n, struct sbx_err *err)
{
	_cleanup_index_ struct image_index index = {0};

	return image_index_parse(bytes, n, "the index", &index, err);
}

static int parse_manifest(const char *bytes, size_t n, struct sbx_err *err)
{
	_cleanup_image_ struct image *image = NULL;

	return image_from_json("x", bytes, n, "{}", 2, &image, err);
}

static int parse_config(const char *bytes, size_t n, struct sbx_err *err)
{
	_cleanup_image_ struct image *image = xcalloc(1, sizeof(*image));
	_cleanup_free_ struct digest *diff_ids = NULL;
	json_auto_t *root = json_load_bounded(bytes, n, "the image's configuration", err);
	size_t n_diff_ids;

	image->layers = xcalloc(1, sizeof(*image->layers));
	image->n_layers = 1;
	int r = root ? config_parse(root, image, &diff_ids, &n_diff_ids, err) : -EBADMSG;
	return r < 0 ? r : config_history(root, image, err);
}

static const struct {
	const char *prefix;
	int (*parse)(const char *bytes, size_t n, struct sbx_err *err);
} parsers[] = {{"index-", parse_index}, {"manifest-", parse_manifest}, {"config-", parse_config}};

static void check_refused(int dir, const char *name, const char *message)
{
	_cleanup_free_ char *bytes = NULL;
	struct sbx_err err = {0};
	bool known = false;
	size_t n;

	assert_int_equal(read_file_at(dir, name, 1 << 20, &bytes, &n, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(parsers); i++) {
		if (!str_starts(name, parsers[i].prefix))
			continue;
		known = true;
		int r = parsers[i].parse(bytes, n, &err);
		if (r >= 0 || strcmp(err.msg, message) != 0)
			print_error("%s\n", name);
		assert_true(r < 0);
		assert_int_equal(r, err.code);
		assert_string_equal(err.msg, message);
	}
	assert_true(known);
}

static void each_of_the_corpus_is_refused_with_its_message(void **state)
{
	(void)state;
	const char *top = getenv("SBX_SRCDIR");
	_cleanup_free_ char *path = xasprintf("%s/test/fuzz/corpus/manifest", top ? top : ".");
	_cleanup_close_ int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_free_ char *list = NULL;
	size_t n_checked = 0;

	assert_true(dir >= 0);
	assert_int_equal(read_file_at(dir, "REFUSED", 1 << 20, &list, NULL, NULL), 0);
	for (char *rest = list, *line = strsep(&rest, "\n"); line && *line; line = strsep(&rest, "\n")) {
		char *message = line, *name = strsep(&message, "\t");
		assert_non_null(message);
		check_refused(dir, name, message);
		n_checked++;
	}
	assert_true(n_checked >= 50);
}

static void too_much_json_is_refused_before_it_is_parsed(void **state)
{
	(void)state;
	struct sbx_err err = {0};
	size_t n = IMAGE_JSON_MAX_BYTES + 1;
	_cleanup_free_ char *bytes = xmalloc(n);

	memset(bytes, ' ', n);
	assert_null(json_load_bounded(bytes, n, "the manifest", &err));
	assert_string_equal(err.msg, "the manifest has 4194305 bytes, more than the 4194304 allowed");
	assert_int_equal(err.code, -EBADMSG);
}

static void an_index_of_10001_entries_is_refused(void **state)
{
	(void)state;
	_cleanup_strbuf_ struct strbuf text = {0};
	struct sbx_err err = {0};

	strbuf_add(&text, "{\"schemaVersion\":2,\"manifests\":[0");
	for (int i = 0; i < 10000; i++)
		strbuf_add(&text, ",0");
	strbuf_add(&text, "]}");
	assert_int_equal(parse_index(text.s, text.len, &err), -EBADMSG);
	assert_string_equal(err.msg, "the index names 10001 images, more than the 10000 allowed");
}

static void brackets_in_strings_do_not_count_as_depth(void **state)
{
	(void)state;
	_cleanup_strbuf_ struct strbuf text = {0};
	struct sbx_err err = {0};

	strbuf_add(&text, "{\"a\\\"\":\"");
	for (int i = 0; i < 100; i++)
		strbuf_add(&text, "[{");
	strbuf_add(&text, "\"}");
	json_auto_t *root = json_load_bounded(text.s, text.len, "x", &err);
	assert_non_null(root);
}

/* make_manifest - of one layer, for a configuration.  New. */
static char *make_manifest(const char *config, unsigned n_layers)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	struct digest digest;

	digest_of(config, strlen(config), &digest);
	strbuf_addf(&text,
		"{\"schemaVersion\":2,\"config\":{\"mediaType\":\"application/vnd.oci.image.config.v1+json\","
		"\"digest\":\"sha256:%s\",\"size\":%zu},\"layers\":[",
		digest.hex, strlen(config));
	for (unsigned i = 0; i < n_layers; i++)
		strbuf_addf(&text,
			"%s{\"mediaType\":\"" GZIP_LAYER "\",\"digest\":\"sha256:" HEX_B "\",\"size\":%u,"
			"\"urls\":[\"http://evil.example/\"]}",
			i ? "," : "", 100 + i);
	strbuf_add(&text, "]}");
	return strbuf_steal(&text);
}

static const char full_config[] =
	"{\"created\":\"2024-02-29T12:30:00.123456789+01:00\",\"os\":\"linux\",\"architecture\":\"arm64\","
	"\"variant\":\"v8\",\"config\":{\"Env\":[\"PATH=/bin\",\"EMPTY=\"],\"Entrypoint\":[\"/e\"],\"Cmd\":null,"
	"\"WorkingDir\":\"/w\",\"User\":\"\",\"StopSignal\":\"SIGINT\",\"Volumes\":{\"/data\":{}},"
	"\"ExposedPorts\":{\"80/tcp\":{}},\"Labels\":{\"a\":\"b=c\"}},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":["
	"\"sha256:" HEX_A "\",\"sha256:" HEX_B "\"]},\"history\":[{\"created_by\":\"one\"},"
	"{\"created_by\":\"nothing\",\"empty_layer\":true},{\"created_by\":\"two\"}]}";

static void an_image_is_read_whole(void **state)
{
	(void)state;
	_cleanup_free_ char *manifest = make_manifest(full_config, 2);
	_cleanup_image_ struct image *image = NULL;
	struct sbx_err err = {0};
	struct digest chain;

	assert_int_equal(
		image_from_json("a:1", manifest, strlen(manifest), full_config, strlen(full_config), &image, &err), 0);
	assert_string_equal(image->name, "a:1");
	assert_string_equal(image->platform.arch, "arm64");
	assert_string_equal(image->platform.variant, "v8");
	assert_true(image->created_s == 1709206200);
	assert_int_equal(image->env.n, 2);
	assert_string_equal(image->env.v[1], "EMPTY=");
	assert_string_equal(image->entrypoint.v[0], "/e");
	assert_int_equal(image->cmd.n, 0);
	assert_string_equal(image->working_dir, "/w");
	assert_null(image->user);
	assert_string_equal(image->stop_signal, "SIGINT");
	assert_string_equal(image->volumes.v[0], "/data");
	assert_string_equal(image->exposed_ports.v[0], "80/tcp");
	assert_string_equal(image->labels.v[0], "a=b=c");
	assert_int_equal(image->n_layers, 2);
	assert_true(image->layers[1].size_bytes == 101);
	assert_string_equal(image->layers[0].created_by, "one");
	assert_string_equal(image->layers[1].created_by, "two");
	assert_string_equal(image->layers[0].chain_id.hex, HEX_A);
	/* printf 'sha256:aa… sha256:bb…' | sha256sum */
	digest_of("sha256:" HEX_A " sha256:" HEX_B, 2 * 71 + 1, &chain);
	assert_string_equal(image->layers[1].chain_id.hex, chain.hex);
}

static void a_history_that_does_not_fit_the_layers_is_left_out(void **state)
{
	(void)state;
	static const char config[] = "{\"os\":\"linux\",\"architecture\":\"amd64\",\"rootfs\":{\"type\":\"layers\","
				     "\"diff_ids\":[\"sha256:" HEX_A "\"]},\"history\":[{\"created_by\":\"one\"},"
				     "{\"created_by\":\"two\"}]}";
	_cleanup_free_ char *manifest = make_manifest(config, 1);
	_cleanup_image_ struct image *image = NULL;

	assert_int_equal(image_from_json(NULL, manifest, strlen(manifest), config, strlen(config), &image, NULL), 0);
	assert_null(image->layers[0].created_by);
	assert_null(image->name);
}

static void layers_and_diff_ids_must_be_as_many(void **state)
{
	(void)state;
	_cleanup_free_ char *manifest = make_manifest(full_config, 3);
	_cleanup_image_ struct image *image = NULL;
	struct sbx_err err = {0};

	assert_int_equal(
		image_from_json(NULL, manifest, strlen(manifest), full_config, strlen(full_config), &image, &err),
		-EBADMSG);
	assert_string_equal(err.msg, "the manifest names 3 layers, the configuration 2");
}

static void a_configuration_with_another_digest_is_refused(void **state)
{
	(void)state;
	_cleanup_free_ char *manifest = make_manifest("{}", 1);
	_cleanup_image_ struct image *image = NULL;
	struct sbx_err err = {0};

	assert_int_equal(image_from_json(NULL, manifest, strlen(manifest), "{ }", 3, &image, &err), -EBADMSG);
	assert_string_equal(err.msg,
		"the image's configuration has another digest "
		"(sha256:257c1be96ae69f4b01c2c69bdb6d78605f59175819fb007d0bf245bf48444c4a) than the "
		"manifest names "
		"(sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_of_the_corpus_is_refused_with_its_message),
		cmocka_unit_test(too_much_json_is_refused_before_it_is_parsed),
		cmocka_unit_test(an_index_of_10001_entries_is_refused),
		cmocka_unit_test(brackets_in_strings_do_not_count_as_depth),
		cmocka_unit_test(an_image_is_read_whole),
		cmocka_unit_test(a_history_that_does_not_fit_the_layers_is_left_out),
		cmocka_unit_test(layers_and_diff_ids_must_be_as_many),
		cmocka_unit_test(a_configuration_with_another_digest_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
