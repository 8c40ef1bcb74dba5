/* SPDX-License-Identifier: Apache-2.0 */

/* sbx image tree: the layers of one image, of some, or of all, each below its parent, with what it adds and deletes. */

#include "scan.h"
#include "tool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "sbx/cleanup.h"
#include "sbx/str.h"

#define NO_PARENT SIZE_MAX
#define ID_LEN 12

/* A layer on all below it: what the chain ID names.  Images that begin alike share nodes. */
struct node {
	const struct image_layer *layer; /* borrowed from an image */
	size_t parent;
	uint64_t n_files, n_whiteouts, content_bytes;
	struct strv images; /* those whose uppermost layer this is */
};

struct forest {
	struct node *nodes; /* parents before children */
	size_t n;
};

static void forest_free(struct forest *f)
{
	for (size_t i = 0; i < f->n; i++)
		strv_clear(&f->nodes[i].images);
	free(f->nodes);
}

static size_t forest_find(const struct forest *f, const struct digest *chain)
{
	for (size_t i = 0; i < f->n; i++)
		if (digest_eq(&f->nodes[i].layer->chain_id, chain))
			return i;
	return NO_PARENT;
}

static void forest_add(struct forest *f, const struct image *image)
{
	size_t parent = NO_PARENT;

	for (size_t i = 0; i < image->n_layers; i++) {
		size_t at = forest_find(f, &image->layers[i].chain_id);
		if (at == NO_PARENT) {
			f->nodes = xrealloc(f->nodes, f->n + 1, sizeof(*f->nodes));
			at = f->n++;
			f->nodes[at] = (struct node){.layer = &image->layers[i], .parent = parent};
		}
		parent = at;
	}
	if (image->name)
		strv_add(&f->nodes[parent].images, image->name);
	else
		strv_addf(&f->nodes[parent].images, "sha256:%.*s", ID_LEN, image->config_digest.hex);
}

static int count_entry(const struct scan_entry *entry, void *data)
{
	struct node *node = data;

	if (entry->kind == SCAN_WHITEOUT || entry->kind == SCAN_OPAQUE)
		node->n_whiteouts++;
	else
		node->n_files++;
	node->content_bytes += entry->kind == SCAN_FILE ? entry->size_bytes : 0;
	return 0;
}

static int forest_count(const struct image_store *store, struct forest *f, struct sbx_err *err)
{
	for (size_t i = 0; i < f->n; i++) {
		int r = layer_scan(store, f->nodes[i].layer, count_entry, &f->nodes[i], err);
		if (r < 0)
			return sbx_err_prefix(err, r, "layer sha256:%.*s", ID_LEN, f->nodes[i].layer->diff_id.hex);
	}
	return 0;
}

/* n_children - how many layers stand on @parent; *ret_last: the last of them. */
static size_t n_children(const struct forest *f, size_t parent, size_t *ret_last)
{
	size_t n = 0;

	for (size_t i = parent == NO_PARENT ? 0 : parent + 1; i < f->n; i++) {
		if (f->nodes[i].parent != parent)
			continue;
		*ret_last = i;
		n++;
	}
	return n;
}

static char *join_names(const struct node *node)
{
	_cleanup_strbuf_ struct strbuf names = {0};

	for (size_t i = 0; i < node->images.n; i++)
		strbuf_addf(&names, "%s%s", i ? ", " : "", node->images.v[i]);
	return strbuf_steal(&names);
}

static void add_row(struct table *t, const struct forest *f, const struct node *node, const char *lead)
{
	_cleanup_free_ char *size = size_text(node->layer->size_bytes), *names = join_names(node);

	table_addf(t, "%s%.*s", lead, ID_LEN, node->layer->chain_id.hex);
	if (node->parent == NO_PARENT)
		table_add(t, "-");
	else
		table_addf(t, "%.*s", ID_LEN, f->nodes[node->parent].layer->chain_id.hex);
	table_add(t, size);
	table_addf(t, "%llu", (unsigned long long)node->n_files);
	table_addf(t, "%llu", (unsigned long long)node->n_whiteouts);
	table_add(t, names);
}

/* add_below - the layers on @parent, depth first.  Only where more than one stands on the same parent are they set in:
 * an image of 127 layers is one straight line. */
static void add_below(struct table *t, const struct forest *f, size_t parent, const char *lead)
{
	size_t last = 0, n = n_children(f, parent, &last);
	bool branch = n > 1 && parent != NO_PARENT;

	for (size_t i = parent == NO_PARENT ? 0 : parent + 1; n > 0 && i <= last; i++) {
		if (f->nodes[i].parent != parent)
			continue;
		_cleanup_free_ char *own = xasprintf("%s%s", lead, !branch ? "" : i == last ? "└─ " : "├─ ");
		_cleanup_free_ char *below = xasprintf("%s%s", lead, !branch ? "" : i == last ? "   " : "│  ");
		add_row(t, f, &f->nodes[i], own);
		add_below(t, f, i, below);
	}
}

static void print_table(const struct forest *f)
{
	static const char *const head[] = {"LAYER", "PARENT", "SIZE", "FILES", "WHITEOUTS", "IMAGES"};
	struct table t = {.n_columns = ARRAY_SIZE(head), .right = 1u << 2 | 1u << 3 | 1u << 4};

	for (size_t i = 0; i < ARRAY_SIZE(head); i++)
		table_add(&t, head[i]);
	add_below(&t, f, NO_PARENT, "");
	table_print(&t);
}

static void print_json(const struct forest *f)
{
	json_t *list = json_array();

	for (size_t i = 0; i < f->n; i++) {
		const struct node *node = &f->nodes[i];
		json_t *images = json_array();
		for (size_t j = 0; j < node->images.n; j++)
			json_array_append_new(images, json_text(node->images.v[j]));
		json_array_append_new(
			list, json_pack("{s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:o, s:o}", "chain_id",
				      json_digest(&node->layer->chain_id), "parent",
				      node->parent == NO_PARENT ? json_null()
								: json_digest(&f->nodes[node->parent].layer->chain_id),
				      "diff_id", json_digest(&node->layer->diff_id), "digest",
				      json_digest(&node->layer->digest), "size", (json_int_t)node->layer->size_bytes,
				      "content", (json_int_t)node->content_bytes, "files", (json_int_t)node->n_files,
				      "whiteouts", (json_int_t)node->n_whiteouts, "created_by",
				      json_text(node->layer->created_by), "images", images));
	}
	json_print(list);
}

/* select_images - those named, or all.  *ret: new array of new images. */
static int select_images(const struct image_store *store, int n_words, char **words, struct image ***ret, size_t *ret_n,
	struct sbx_err *err)
{
	if (n_words == 0)
		return image_list(store, ret, ret_n, err);
	*ret = xcalloc((size_t)n_words, sizeof(struct image *));
	for (int i = 0; i < n_words; i++) {
		int r = tool_find(store, words[i], &(*ret)[i], err);
		if (r < 0)
			return r;
		(*ret_n)++;
	}
	return 0;
}

int tool_tree(int argc, char **argv)
{
	_cleanup_store_ struct image_store store = {.fd = -1};
	_cleanup_(forest_free) struct forest forest = {0};
	struct tool_options options;
	struct image **images = NULL;
	struct sbx_err err = {0};
	size_t n = 0;
	int first = tool_parse(argc, argv, OPT_FORMAT, 0, -1, &options);

	if (first < 0)
		return TOOL_USAGE;
	int r = store_open(false, &store, &err);
	if (r == -ENOENT && first == argc)
		r = 0; /* no store, no layers */
	else if (r == 0)
		r = select_images(&store, argc - first, argv + first, &images, &n, &err);
	for (size_t i = 0; r == 0 && i < n; i++)
		forest_add(&forest, images[i]);
	if (r == 0)
		r = forest_count(&store, &forest, &err);
	if (r == 0 && options.json)
		print_json(&forest);
	else if (r == 0)
		print_table(&forest);
	for (size_t i = 0; i < n; i++)
		image_free(images[i]);
	free(images);
	return r < 0 ? tool_fail(&err) : TOOL_OK;
}
