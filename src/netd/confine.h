/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The cage that sbx-net puts itself into before it reads the first packet.  It keeps the host's network namespace,
 * since its connections are made there, and nothing else of the host's. */

#include "sbx/err.h"

/* confine_namespaces - user, mount, IPC, UTS, cgroup and PID namespaces of its own, an empty read-only root and
 * no capabilities.  The standard descriptors lead nowhere; the launcher has passed no others but those that are needed.
 * @ret_dns_fd: a listening UNIX socket at @dns_path in that root; owned.
 * Returns in a new process, process 1 of its PID namespace; the old one only waits for it. */
int confine_namespaces(const char *dns_path, int *ret_dns_fd, struct sbx_err *err);

/* confine_last - resource limits, Landlock where the kernel has it, and a filter of system calls that leaves sockets,
 * memory and the descriptors that are open. */
int confine_last(struct sbx_err *err);
