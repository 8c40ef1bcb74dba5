/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Typed reads of untrusted JSON.  @what ("the manifest") begins each message.  A key that is missing, or null (which
 * Go programs write for an empty list), gives NULL and success; one of another type is -EBADMSG. */

#include <jansson.h>
#include <stdint.h>
#include "sbx/err.h"
#include "sbx/image.h"
#include "sbx/strv.h"

int json_bad(struct sbx_err *err, const char *what, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

int json_get_string(const json_t *object, const char *key, const char *what, const char **ret, struct sbx_err *err);
int json_get_object(const json_t *object, const char *key, const char *what, json_t **ret, struct sbx_err *err);
int json_get_array(const json_t *object, const char *key, const char *what, json_t **ret, struct sbx_err *err);
/* json_get_strings - an array of strings, appended. */
int json_get_strings(const json_t *object, const char *key, const char *what, struct strv *ret, struct sbx_err *err);
/* json_check_schema - "schemaVersion": 2. */
int json_check_schema(const json_t *object, const char *what, struct sbx_err *err);

/* descriptor_parse - one descriptor; *ret is to be freed after success alone. */
int descriptor_parse(const json_t *object, const char *what, struct descriptor *ret, struct sbx_err *err);

/* config_parse - an image's configuration into @image; *ret_diff_ids: its rootfs.diff_ids. */
int config_parse(
	const json_t *config, struct image *image, struct digest **ret_diff_ids, size_t *ret_n, struct sbx_err *err);
/* config_history - each layer's command from the history, where the history fits the layers. */
int config_history(const json_t *config, struct image *image, struct sbx_err *err);
