/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Parts of a spec as words, shared by the text and the JSON form. */

#include "sbx/spec.h"

const char *root_kind_name(enum root_kind kind);       /* "layers", "directory", "host" */
const char *storage_kind_name(enum storage_kind kind); /* "auto", "native", "fuse" */

/* mount_op_sentence - what an operation does, as people read it: "host directory or file /src, read-only". Returns new.
 */
char *mount_op_sentence(const struct mount_op *op);
