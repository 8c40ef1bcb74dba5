/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The prototypes of all commands and of their tables; each stands in the cmd_*.c named after the command (images and
 * rmi in cmd_image.c, help in main.c). */

#include "cli.h"

#define COMMAND(name, ...) int cmd_##name(int argc, char **argv);
#define LATER(name)
#include "commands.def"
#undef COMMAND
#undef LATER

extern const struct cli_option run_options[], explain_options[], images_options[], rmi_options[], doctor_options[],
	kill_options[], ps_options[], stop_options[], stats_options[], update_options[], version_options[];
extern const struct cli_command profile_subcommands[], image_subcommands[], net_subcommands[];
