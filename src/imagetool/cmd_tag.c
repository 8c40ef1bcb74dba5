/* SPDX-License-Identifier: Apache-2.0 */

/* sbx image tag: another name for an image. */

#include "tool.h"

#include <errno.h>
#include <string.h>
#include "sbx/cleanup.h"
#include "sbx/str.h"

static int tag(const struct image_store *store, const char *source, const char *name, struct sbx_err *err)
{
	_cleanup_index_ struct image_index index = {0};
	_cleanup_descriptor_ struct descriptor d = {0};
	_cleanup_image_ struct image *image = NULL;
	_cleanup_ref_ struct image_ref ref = {0};
	int r = image_ref_parse(name, &ref, err);

	if (r == 0 && (ref.transport != IMAGE_NAME || ref.has_digest))
		r = sbx_fail_plain(err, -EINVAL, "%s is no name for an image: NAME[:TAG] is wanted", name);
	if (r < 0)
		return r;
	/* Lock 2: what is found here must still be there when the index refers to it a second time. */
	_cleanup_close_ int content = store_lock_content(store, false, err);
	r = content < 0 ? content : tool_find(store, source, &image, err);
	if (r == 0)
		r = index_read(store, &index, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < index.n; i++) {
		if (!digest_eq(&index.entries[i].digest, &image->manifest_digest))
			continue;
		descriptor_copy(&d, &index.entries[i]);
		free(d.ref_name);
		d.ref_name = xstrdup(ref.name);
		return index_add(store, &d, err);
	}
	return sbx_fail_plain(
		err, -EINVAL, "image %s is one platform of an image for many, which has its name already", source);
}

int tool_tag(int argc, char **argv)
{
	_cleanup_store_ struct image_store store = {.fd = -1};
	struct tool_options options;
	struct sbx_err err = {0};
	int first = tool_parse(argc, argv, 0, 2, 2, &options);

	if (first < 0)
		return TOOL_USAGE;
	if (store_open(false, &store, &err) < 0 || tag(&store, argv[first], argv[first + 1], &err) < 0)
		return tool_fail(&err);
	return TOOL_OK;
}
