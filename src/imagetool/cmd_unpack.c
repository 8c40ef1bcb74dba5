/* SPDX-License-Identifier: Apache-2.0 */
/* sbx-image unpack IMAGE --map=MAPNAME: what sbx run calls when layers are missing for its id maps. */
#include <errno.h>
#include <getopt.h>
#include "sbx/cleanup.h"
#include "tool.h"
#include "unpack.h"

static int unpack(const char *text, const char *map_name, const struct platform *platform, struct progress *progress,
	struct sbx_err *err)
{
	_cleanup_store_ struct image_store store = {.fd = -1};
	_cleanup_image_ struct image *image = NULL;
	_cleanup_ref_ struct image_ref ref = {0};
	_cleanup_close_ int lock = -1, use = -1;
	size_t n_new = 0;
	int r = image_ref_parse(text, &ref, err);

	if (r >= 0)
		r = store_open(false, &store, err);
	if (r >= 0)
		r = image_find(&store, &ref, platform, &image, err);
	if (r < 0)
		return r;
	use = image_use(&store, &image->manifest_digest, err);
	if (use < 0)
		return use;
	lock = store_lock_content(&store, false, err);
	return lock < 0 ? lock : image_unpack(&store, image, map_name, progress, &n_new, err);
}

int tool_unpack(int argc, char **argv)
{
	enum { OPT_MAP = 256, OPT_PROGRESS, OPT_PLATFORM };
	static const struct option options[] = {
		{"map", required_argument, NULL, OPT_MAP},
		{"progress", required_argument, NULL, OPT_PROGRESS},
		{"platform", required_argument, NULL, OPT_PLATFORM},
		{0},
	};
	enum progress_mode mode = PROGRESS_AUTO;
	struct sbx_err err = {0};
	struct platform platform;
	struct progress progress;
	const char *map_name = NULL;
	int opt;

	platform_host(&platform);
	opterr = 0;
	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (opt) {
		case OPT_MAP:
			map_name = optarg;
			break;
		case OPT_PROGRESS:
			if (progress_parse(optarg, &mode) < 0)
				return tool_usage("--progress is auto, plain or none, not \"%s\"", optarg);
			break;
		case OPT_PLATFORM:
			if (platform_parse(optarg, &platform, &err) < 0)
				return tool_fail(&err);
			break;
		default:
			return tool_usage("unpack: unknown option or missing value: %s", argv[optind - 1]);
		}
	}
	if (!map_name || argc - optind != 1)
		return tool_usage("unpack: IMAGE --map=MAPNAME is needed");
	progress_init(&progress, mode);
	return unpack(argv[optind], map_name, &platform, &progress, &err) < 0 ? tool_fail(&err) : TOOL_OK;
}
