/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Namespaces shared with a running sandbox. */

#include <stdint.h>
#include <sys/types.h>
#include "sbx/err.h"
#include "sbx/spec.h"

/* join_clone - like proc_clone, but the child begins in the user and network namespaces of the sandbox
 * @spec->net.joined, which has to have the same id maps.  Who owns a network namespace is a user namespace, and only
 * its members may enter. Returns the pid in the parent, 0 in the child, -errno.  Context: parent, single-threaded. */
pid_t join_clone(const struct sandbox_spec *spec, uint64_t flags, int cgroup_fd, int *ret_pidfd, struct sbx_err *err);
