/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* own_dir - the directory that holds the running program.  Returns new or NULL.  Source: proc(5), /proc/self/exe. */
char *own_dir(void);
