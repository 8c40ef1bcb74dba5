/* SPDX-License-Identifier: Apache-2.0 */

/* What the listing commands have in common: their options, and how they find an image. */

#include "tool.h"

#include <errno.h>
#include <string.h>
#include "sbx/cleanup.h"
#include "sbx/str.h"

static const struct {
	unsigned bit;
	struct option option;
} known[] = {
	{OPT_FORMAT, {"format", required_argument, NULL, OPT_FORMAT}},
	{OPT_QUIET, {"quiet", no_argument, NULL, OPT_QUIET}},
	{OPT_NO_TRUNC, {"no-trunc", no_argument, NULL, OPT_NO_TRUNC}},
	{OPT_FORCE, {"force", no_argument, NULL, OPT_FORCE}},
};

static int take(int option, struct tool_options *ret)
{
	switch (option) {
	case OPT_FORMAT:
		ret->json = str_eq(optarg, "json");
		return ret->json || str_eq(optarg, "text") ? 0 : -EINVAL;
	case OPT_QUIET:
		ret->quiet = true;
		return 0;
	case OPT_NO_TRUNC:
		ret->no_trunc = true;
		return 0;
	case OPT_FORCE:
		ret->force = true;
		return 0;
	default:
		return -EINVAL;
	}
}

int tool_parse(int argc, char **argv, unsigned allowed, int min, int max, struct tool_options *ret)
{
	struct option options[ARRAY_SIZE(known) + 1] = {0};
	size_t n = 0;
	int option;

	*ret = (struct tool_options){0};
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (allowed & known[i].bit)
			options[n++] = known[i].option;
	opterr = 0;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (take(option, ret) < 0) {
			tool_usage("image %s: wrong option %s (see `sbx image %s --help`)", argv[0], argv[optind - 1],
				argv[0]);
			return -1;
		}
	}
	if (argc - optind < min || (max >= 0 && argc - optind > max)) {
		tool_usage("image %s: %s (see `sbx image %s --help`)", argv[0],
			argc - optind < min ? "the name of an image is missing" : "too many words", argv[0]);
		return -1;
	}
	return optind;
}

int tool_find(const struct image_store *store, const char *text, struct image **ret, struct sbx_err *err)
{
	_cleanup_ref_ struct image_ref ref = {0};
	_cleanup_index_ struct image_index index = {0};
	struct platform platform;
	int r = image_ref_parse(text, &ref, err);

	if (r < 0)
		return r;
	platform_host(&platform);
	if (ref.transport != IMAGE_NAME) {
		r = image_find_source(store, &ref, &platform, ret, err);
		return r;
	}
	r = image_find(store, &ref, &platform, ret, err);
	if (r != -ENOEXEC)
		return r;
	/* It is there for other machines only: the first of these. */
	r = index_read(store, &index, err);
	for (size_t i = 0; r == 0 && i < index.n; i++)
		if (*index.entries[i].platform.os &&
			image_find(store, &ref, &index.entries[i].platform, ret, NULL) == 0)
			return 0;
	return r < 0 ? r : image_find(store, &ref, &platform, ret, err);
}
