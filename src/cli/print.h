/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Help, from the tables.  Private to options.c and main.c. */

#include "cli.h"

/* print_help - of one command on standard output; @name as it was called, "image ls".  @self NULL: of sbx as a whole.
 */
void print_help(const char *name, const struct cli_command *self);

/* print_flush - standard output is through: CLI_OK, or CLI_FAILED with an error printed. */
int print_flush(void);
