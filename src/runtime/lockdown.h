/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* From "root of the new namespaces" to "a program that may do what the plan says".  Child, after pivot, in this order.
 */

#include "identity.h"
#include "sbx/err.h"
#include "sbx/spec.h"

/* lockdown_resources - session keyring, rlimits, OOM score, nice value, umask: what needs /proc or the first ids. */
int lockdown_resources(const struct sandbox_spec *spec, struct sbx_err *err);

/* lockdown_identity - bounding set, groups, ids; the working directory is entered as the program will see it.
 * Afterwards the permitted set is still what it was. */
int lockdown_identity(const struct sandbox_spec *spec, const struct identity *id, struct sbx_err *err);

/* lockdown_last - no_new_privs, Landlock, capabilities, and the system-call filters as the very last. */
int lockdown_last(const struct sandbox_spec *spec, const struct identity *id, struct sbx_err *err);
