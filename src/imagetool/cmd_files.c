/* SPDX-License-Identifier: Apache-2.0 */

/* sbx image files: what a layer holds, as `tar -tv` would show it, with whiteouts named for what they are. */

#include "scan.h"
#include "tool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "sbx/cleanup.h"
#include "sbx/parse.h"
#include "sbx/str.h"

static const struct {
	char letter;
	const char *name;
} kinds[] = {
	[SCAN_FILE] = {'-', "file"},
	[SCAN_DIR] = {'d', "dir"},
	[SCAN_SYMLINK] = {'l', "symlink"},
	[SCAN_HARDLINK] = {'h', "hardlink"},
	[SCAN_CHAR] = {'c', "char"},
	[SCAN_BLOCK] = {'b', "block"},
	[SCAN_FIFO] = {'p', "fifo"},
	[SCAN_WHITEOUT] = {'w', "whiteout"},
	[SCAN_OPAQUE] = {'o', "opaque"},
};

struct listing {
	size_t layer; /* its number, from 1 */
	bool json, any;
};

static void mode_text(const struct scan_entry *e, char ret[11])
{
	static const char bits[] = "rwxrwxrwx";

	ret[0] = kinds[e->kind].letter;
	for (unsigned i = 0; i < 9; i++)
		ret[1 + i] = e->mode & (0400u >> i) ? bits[i] : '-';
	static const struct {
		uint32_t bit;
		int at;
		char set, only;
	} special[] = {{04000, 3, 's', 'S'}, {02000, 6, 's', 'S'}, {01000, 9, 't', 'T'}};
	for (size_t i = 0; i < ARRAY_SIZE(special); i++)
		if (e->mode & special[i].bit)
			ret[special[i].at] = ret[special[i].at] == 'x' ? special[i].set : special[i].only;
	ret[10] = '\0';
}

static int print_text(const struct scan_entry *e)
{
	_cleanup_free_ char *path = text_escape(e->path), *target = text_escape(e->target);
	_cleanup_free_ char *time = e->mtime_s > 0 ? time_text((uint64_t)e->mtime_s) : xstrdup("1970-01-01 00:00");
	_cleanup_free_ char *owner = xasprintf("%u/%u", e->uid, e->gid);
	_cleanup_free_ char *size = e->kind == SCAN_CHAR || e->kind == SCAN_BLOCK
					    ? xasprintf("%u,%u", e->dev_major, e->dev_minor)
					    : xasprintf("%llu", (unsigned long long)e->size_bytes);
	char mode[11];

	mode_text(e, mode);
	if (e->kind == SCAN_WHITEOUT)
		return printf("deleted    %s\n", path);
	if (e->kind == SCAN_OPAQUE)
		return printf("emptied    %s\n", path);
	return printf("%s %9s %10s %s %s%s%s\n", mode, owner, size, time, path,
		e->kind == SCAN_SYMLINK    ? " -> "
		: e->kind == SCAN_HARDLINK ? " link to "
					   : "",
		target);
}

/* print_json - one element of the list, written as it comes: a layer may hold a million. */
static int print_json(const struct scan_entry *e, struct listing *list)
{
	json_auto_t *entry = json_pack("{s:I, s:s, s:o, s:I, s:I, s:I, s:I, s:I}", "layer", (json_int_t)list->layer,
		"type", kinds[e->kind].name, "path", json_text(e->path), "mode", (json_int_t)e->mode, "uid",
		(json_int_t)e->uid, "gid", (json_int_t)e->gid, "size", (json_int_t)e->size_bytes, "mtime",
		(json_int_t)e->mtime_s);

	if (*e->target)
		json_object_set_new(entry, "target", json_text(e->target));
	fputs(list->any ? ",\n" : "[\n", stdout);
	list->any = true;
	return json_dumpf(entry, stdout, JSON_COMPACT);
}

static int print_entry(const struct scan_entry *e, void *data)
{
	struct listing *list = data;

	errno = 0;
	/* Nobody reads any more, or the disk is full: a long layer is not read to its end for that. */
	if ((list->json ? print_json(e, list) : print_text(e)) < 0 || ferror(stdout))
		return errno ? -errno : -EIO;
	return 0;
}

/* layer_index - "2", or the first digits of a layer's diff ID, blob digest or chain ID, with or without "sha256:". */
static int layer_index(const struct image *image, const char *word, size_t *ret, struct sbx_err *err)
{
	uint64_t number;

	if (parse_u64(word, image->n_layers, &number) == 0 && number > 0) {
		*ret = (size_t)number - 1;
		return 0;
	}
	const char *hex = str_starts(word, "sha256:") ? word + strlen("sha256:") : word;
	for (size_t i = 0; i < image->n_layers && strlen(hex) >= 4; i++) {
		const struct image_layer *layer = &image->layers[i];
		if (str_starts(layer->diff_id.hex, hex) || str_starts(layer->digest.hex, hex) ||
			str_starts(layer->chain_id.hex, hex)) {
			*ret = i;
			return 0;
		}
	}
	return sbx_fail_plain(err, -ENOENT, "image %s has no layer %s: it has %zu, numbered from 1 (the lowest)",
		image->name ? image->name : "without a name", word, image->n_layers);
}

static int list_layers(const struct image_store *store, const struct image *image, size_t first, size_t last, bool json,
	struct sbx_err *err)
{
	struct listing list = {.json = json};
	int r = 0;

	for (size_t i = first; r == 0 && i <= last; i++) {
		list.layer = i + 1;
		if (!json && first != last)
			printf("%slayer %zu sha256:%s\n", i > first ? "\n" : "", i + 1, image->layers[i].diff_id.hex);
		r = layer_scan(store, &image->layers[i], print_entry, &list, err);
		if (r < 0)
			sbx_err_prefix(err, r, "layer %zu", i + 1);
	}
	if (json && (list.any || r == 0)) /* nothing at all where all failed */
		puts(list.any ? "\n]" : "[]");
	return r;
}

int tool_files(int argc, char **argv)
{
	_cleanup_store_ struct image_store store = {.fd = -1};
	_cleanup_image_ struct image *image = NULL;
	struct tool_options options;
	struct sbx_err err = {0};
	int first = tool_parse(argc, argv, OPT_FORMAT, 1, 2, &options);
	size_t from = 0, to;

	if (first < 0)
		return TOOL_USAGE;
	int r = store_open(false, &store, &err);
	if (r == 0)
		r = tool_find(&store, argv[first], &image, &err);
	if (r < 0)
		return tool_fail(&err);
	to = image->n_layers - 1;
	if (argc - first == 2) {
		r = layer_index(image, argv[first + 1], &from, &err);
		to = from;
	}
	_cleanup_close_ int use = r < 0 ? -1 : image_use(&store, &image->manifest_digest, &err);
	if (r == 0)
		r = use < 0 ? use : list_layers(&store, image, from, to, options.json, &err);
	return r < 0 ? tool_fail(&err) : TOOL_OK;
}
