/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "sbx/err.h"

/* userns_fail - why the kernel refused namespaces, and what to change: reads the sysctls that forbid them.
 * @code: what clone returned.  Returns @code. */
int userns_fail(int code, struct sbx_err *err);
