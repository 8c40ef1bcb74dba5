/* SPDX-License-Identifier: Apache-2.0 */

/* sbx image history: how the image was made, the newest step first, steps without a layer too. */

#include "tool.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "sbx/cleanup.h"
#include "sbx/fdio.h"
#include "sbx/str.h"

#define COMMAND_MAX 60 /* characters of a command in a table on a terminal */

/* config_load - the configuration as JSON.  New reference or NULL. */
static json_t *config_load(const struct image_store *store, const struct image *image, struct sbx_err *err)
{
	_cleanup_free_ char *path = xasprintf("blobs/sha256/%s", image->config_digest.hex), *bytes = NULL;
	struct digest digest;
	size_t n;

	if (read_file_at(store->fd, path, IMAGE_JSON_MAX_BYTES, &bytes, &n, err) < 0)
		return NULL;
	digest_of(bytes, n, &digest);
	if (!digest_eq(&digest, &image->config_digest)) {
		sbx_fail_plain(err, -EBADMSG, "the image's configuration has changed on disk");
		return NULL;
	}
	return json_load_bounded(bytes, n, "the image's configuration", err);
}

/* step_json - one step; @layer NULL: it made none. */
static json_t *step_json(const json_t *entry, const struct image_layer *layer)
{
	return json_pack("{s:o, s:o, s:o, s:b, s:I, s:o}", "created",
		json_text(json_string_value(json_object_get(entry, "created"))), "created_by",
		json_text(json_string_value(json_object_get(entry, "created_by"))), "comment",
		json_text(json_string_value(json_object_get(entry, "comment"))), "empty_layer", !layer, "size",
		(json_int_t)(layer ? layer->size_bytes : 0), "diff_id",
		layer ? json_digest(&layer->diff_id) : json_null());
}

/* steps - the history from the oldest on, or, where the image has none that fits its layers, the bare layers. */
static json_t *steps(const json_t *config, const struct image *image)
{
	json_t *list = json_array(), *entry;
	const json_t *history = json_object_get(config, "history");
	size_t i, n = 0;

	json_array_foreach(history, i, entry) n += !json_is_true(json_object_get(entry, "empty_layer"));
	bool fits = n == image->n_layers;
	n = 0;
	if (fits)
		json_array_foreach(history, i, entry) json_array_append_new(list,
			step_json(entry,
				json_is_true(json_object_get(entry, "empty_layer")) ? NULL : &image->layers[n++]));
	while (n < image->n_layers)
		json_array_append_new(list, step_json(NULL, &image->layers[n++]));
	return list;
}

static void print_table(const json_t *list, bool no_trunc)
{
	struct table t = {.n_columns = 4, .right = 1u << 2};
	static const char *const head[] = {"LAYER", "CREATED", "SIZE", "CREATED BY"};
	bool cut = !no_trunc && isatty(STDOUT_FILENO);

	for (size_t i = 0; i < ARRAY_SIZE(head); i++)
		table_add(&t, head[i]);
	for (size_t i = json_array_size(list); i > 0; i--) {
		const json_t *step = json_array_get(list, i - 1);
		const char *id = json_string_value(json_object_get(step, "diff_id"));
		const char *created = json_string_value(json_object_get(step, "created"));
		const char *command = json_string_value(json_object_get(step, "created_by"));
		_cleanup_free_ char *size = size_text((uint64_t)json_integer_value(json_object_get(step, "size")));
		table_addf(&t, "%.*s", no_trunc ? DIGEST_HEX_LEN : 12, id ? id + strlen("sha256:") : "-");
		table_addf(&t, "%.19s", created ? created : "-");
		table_add(&t, id ? size : "-");
		table_addf(&t, "%.*s", cut ? COMMAND_MAX : -1, command ? command : "-");
	}
	table_print(&t);
}

int tool_history(int argc, char **argv)
{
	_cleanup_store_ struct image_store store = {.fd = -1};
	_cleanup_image_ struct image *image = NULL;
	struct tool_options options;
	struct sbx_err err = {0};
	int first = tool_parse(argc, argv, OPT_FORMAT | OPT_NO_TRUNC, 1, 1, &options);

	if (first < 0)
		return TOOL_USAGE;
	if (store_open(false, &store, &err) < 0 || tool_find(&store, argv[first], &image, &err) < 0)
		return tool_fail(&err);
	json_auto_t *config = config_load(&store, image, &err);
	if (!config)
		return tool_fail(&err);
	json_auto_t *list = steps(config, image);
	if (options.json)
		json_print(json_incref(list));
	else
		print_table(list, options.no_trunc);
	return TOOL_OK;
}
