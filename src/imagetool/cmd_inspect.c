/* SPDX-License-Identifier: Apache-2.0 */

/* sbx image inspect: all that an image says of itself. */

#include "tool.h"

#include <stdlib.h>
#include <string.h>
#include "sbx/cleanup.h"
#include "sbx/str.h"

static json_t *json_strv(const struct strv *words)
{
	json_t *list = json_array();

	for (size_t i = 0; i < words->n; i++)
		json_array_append_new(list, json_text(words->v[i]));
	return list;
}

static json_t *json_labels(const struct strv *labels)
{
	json_t *object = json_object();

	for (size_t i = 0; i < labels->n; i++) {
		const char *equals = strchr(labels->v[i], '=');
		_cleanup_free_ char *name = xstrndup(labels->v[i], (size_t)(equals - labels->v[i]));
		json_object_set_new(object, name, json_text(equals + 1));
	}
	return object;
}

static json_t *json_layers(const struct image *image)
{
	json_t *list = json_array();

	for (size_t i = 0; i < image->n_layers; i++) {
		const struct image_layer *layer = &image->layers[i];
		json_array_append_new(list,
			json_pack("{s:o, s:o, s:o, s:I, s:o, s:o}", "digest", json_digest(&layer->digest), "diff_id",
				json_digest(&layer->diff_id), "chain_id", json_digest(&layer->chain_id), "size",
				(json_int_t)layer->size_bytes, "media_type", json_text(layer->media_type), "created_by",
				json_text(layer->created_by)));
	}
	return list;
}

static json_t *json_image(const struct image *image)
{
	_cleanup_free_ char *platform = platform_text(&image->platform), *created = time_text_utc(image->created_s);

	return json_pack("{s:o, s:o, s:o, s:o, s:s, s:o, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
		"name", json_text(image->name), "id", json_digest(&image->config_digest), "digest",
		json_digest(&image->manifest_digest), "source_digest", json_digest(&image->source_digest), "platform",
		platform, "created", json_text(created), "size", (json_int_t)image_size(image), "entrypoint",
		json_strv(&image->entrypoint), "cmd", json_strv(&image->cmd), "env", json_strv(&image->env),
		"working_dir", json_text(image->working_dir), "user", json_text(image->user), "stop_signal",
		json_text(image->stop_signal), "volumes", json_strv(&image->volumes), "exposed_ports",
		json_strv(&image->exposed_ports), "labels", json_labels(&image->labels), "layers", json_layers(image));
}

/* print_line - "Name:      value"; nothing for nothing. */
static void print_line(const char *name, const char *value)
{
	if (str_empty(value))
		return;
	_cleanup_free_ char *safe = text_escape(value);
	printf("%-13s %s\n", name, safe);
}

/* print_list - the first value beside the name, the others below it. */
static void print_list(const char *name, const struct strv *values)
{
	for (size_t i = 0; i < values->n; i++)
		print_line(i ? "" : name, values->v[i]);
}

static void print_image(const struct image *image)
{
	_cleanup_free_ char *platform = platform_text(&image->platform), *created = time_text(image->created_s);
	_cleanup_free_ char *size = size_text(image_size(image));
	_cleanup_free_ char *entrypoint = words_quote(&image->entrypoint), *cmd = words_quote(&image->cmd);

	print_line("Name:", image->name ? image->name : "<none>");
	printf("%-13s sha256:%s\n", "ID:", image->config_digest.hex);
	printf("%-13s sha256:%s\n", "Digest:", image->manifest_digest.hex);
	if (!digest_eq(&image->manifest_digest, &image->source_digest))
		printf("%-13s sha256:%s\n", "From index:", image->source_digest.hex);
	print_line("Platform:", platform);
	print_line("Created:", created);
	print_line("Size:", size);
	print_line("Entrypoint:", entrypoint);
	print_line("Cmd:", cmd);
	print_line("Working dir:", image->working_dir);
	print_line("User:", image->user);
	print_line("Stop signal:", image->stop_signal);
	print_list("Env:", &image->env);
	print_list("Volumes:", &image->volumes);
	print_list("Ports:", &image->exposed_ports);
	print_list("Labels:", &image->labels);
	for (size_t i = 0; i < image->n_layers; i++) {
		const struct image_layer *layer = &image->layers[i];
		_cleanup_free_ char *layer_size = size_text(layer->size_bytes);
		printf("%-13s %3zu  sha256:%s  %s\n", i ? "" : "Layers:", i + 1, layer->diff_id.hex, layer_size);
	}
}

int tool_inspect(int argc, char **argv)
{
	_cleanup_store_ struct image_store store = {.fd = -1};
	struct tool_options options;
	struct sbx_err err = {0};
	int first = tool_parse(argc, argv, OPT_FORMAT, 1, -1, &options), status = TOOL_OK;

	if (first < 0)
		return TOOL_USAGE;
	if (store_open(false, &store, &err) < 0)
		return tool_fail(&err);
	json_auto_t *list = json_array();
	for (int i = first; i < argc; i++) {
		_cleanup_image_ struct image *image = NULL;
		if (tool_find(&store, argv[i], &image, &err) < 0) {
			status = tool_fail(&err);
			continue;
		}
		if (options.json) {
			json_array_append_new(list, json_image(image));
			continue;
		}
		if (i > first)
			putchar('\n');
		print_image(image);
	}
	/* Nothing on standard output where all failed. */
	if (options.json && (status == TOOL_OK || json_array_size(list) > 0))
		json_print(json_incref(list));
	return status;
}
