/* SPDX-License-Identifier: Apache-2.0 */

/* Where extracted layers are. */

#include "sbx/image.h"

#include <fcntl.h>
#include <unistd.h>
#include "sbx/cleanup.h"
#include "sbx/str.h"

char *layer_path(const struct image_store *store, const char *map_name, const struct image_layer *layer)
{
	return xasprintf("%s/layers/%s/%s", store->path, map_name, layer->chain_id.hex);
}

bool image_is_unpacked(const struct image_store *store, const struct image *image, const char *map_name)
{
	_cleanup_free_ char *maps = xasprintf("layers/%s", map_name);
	_cleanup_close_ int fd = openat(store->fd, maps, O_PATH | O_DIRECTORY | O_CLOEXEC);

	/* A layer gets its name when all of it is there and durable. */
	for (size_t i = image->n_layers; fd >= 0 && i > 0; i--)
		if (faccessat(fd, image->layers[i - 1].chain_id.hex, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
			return false;
	return fd >= 0;
}
