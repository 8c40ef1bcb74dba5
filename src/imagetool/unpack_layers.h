/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The half of image_unpack that runs as root of the user namespace. */

#include "unpack.h"

#define UNPACK_TMP_PREFIX ".tmp-" /* in layers/MAP: not finished */

enum { UNPACK_NOTE_NEW, UNPACK_NOTE_DEVICES };

/* unpack_layers - start a process for each missing layer, as many at a time as there are processors; then make all of
 * them durable and give them their names.  @data: the struct unpack_job.  Context: userns_job's child, in layers/MAP.
 */
int unpack_layers(struct unpack_job *job, uint32_t notes[4], struct sbx_err *err);
