/* SPDX-License-Identifier: Apache-2.0 */

/* sbx image ls, sbx images: what is in the store. */

#include "tool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "sbx/cleanup.h"
#include "sbx/str.h"

#define SHORT_LEN 12

static int by_name(const void *a, const void *b)
{
	const struct image *x = *(struct image *const *)a, *y = *(struct image *const *)b;

	/* Those without a name come last. */
	if (!x->name || !y->name)
		return !x->name - !y->name;
	return strcmp(x->name, y->name);
}

static void print_json(struct image **images, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++) {
		const struct image *image = images[i];
		_cleanup_free_ char *platform = platform_text(&image->platform);
		_cleanup_free_ char *created = time_text_utc(image->created_s);
		json_array_append_new(list,
			json_pack("{s:o, s:o, s:o, s:s, s:o, s:I, s:I}", "name", json_text(image->name), "id",
				json_digest(&image->config_digest), "digest", json_digest(&image->manifest_digest),
				"platform", platform, "created", json_text(created), "size",
				(json_int_t)image_size(image), "layers", (json_int_t)image->n_layers));
	}
	json_print(list);
}

static void print_table(struct image **images, size_t n, const struct tool_options *options)
{
	struct table t = {.n_columns = 5, .right = 1u << 4};
	static const char *const head[] = {"NAME", "TAG", "IMAGE ID", "CREATED", "SIZE"};
	int id_len = options->no_trunc ? DIGEST_HEX_LEN : SHORT_LEN;

	for (size_t i = 0; i < ARRAY_SIZE(head); i++)
		table_add(&t, head[i]);
	for (size_t i = 0; i < n; i++) {
		_cleanup_free_ char *repository = NULL, *tag = NULL;
		_cleanup_free_ char *size = size_text(image_size(images[i])),
				    *created = time_text(images[i]->created_s);
		image_name_split(images[i]->name, &repository, &tag);
		table_add(&t, repository);
		table_add(&t, tag);
		table_addf(&t, "%.*s", id_len, images[i]->config_digest.hex);
		table_add(&t, created);
		table_add(&t, size);
	}
	table_print(&t);
}

int tool_ls(int argc, char **argv)
{
	_cleanup_store_ struct image_store store = {.fd = -1};
	struct tool_options options;
	struct image **images = NULL;
	struct sbx_err err = {0};
	size_t n = 0;

	if (tool_parse(argc, argv, OPT_FORMAT | OPT_QUIET | OPT_NO_TRUNC, 0, 0, &options) < 0)
		return TOOL_USAGE;
	/* A store that nobody has made yet holds no images; that is no failure. */
	int r = store_open(false, &store, &err);
	if (r == 0)
		r = image_list(&store, &images, &n, &err);
	if (r < 0 && r != -ENOENT)
		return tool_fail(&err);
	if (n)
		qsort(images, n, sizeof(struct image *), by_name);
	if (options.json)
		print_json(images, n);
	else if (!options.quiet)
		print_table(images, n, &options);
	for (size_t i = 0; i < n; i++) {
		if (options.quiet && !options.json)
			printf("%.*s\n", options.no_trunc ? DIGEST_HEX_LEN : SHORT_LEN, images[i]->config_digest.hex);
		image_free(images[i]);
	}
	free(images);
	return TOOL_OK;
}
