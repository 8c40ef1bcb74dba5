/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* sbx's own directories after the XDG base directory specification.  (src/sys) */

#include "sbx/err.h"

/* Each returns new, an absolute path ending in /sbx; the directory itself need not exist.  NULL and @err filled where
 * neither the variable nor a home directory is known. A relative $XDG_* value is ignored, as the specification says. */
char *dir_data(struct sbx_err *err);    /* $XDG_DATA_HOME/sbx, ~/.local/share/sbx: the store */
char *dir_config(struct sbx_err *err);  /* $XDG_CONFIG_HOME/sbx */
char *dir_state(struct sbx_err *err);   /* $XDG_STATE_HOME/sbx */
char *dir_runtime(struct sbx_err *err); /* $XDG_RUNTIME_DIR/sbx, else /tmp/sbx-UID (0700, owner checked when made) */
char *dir_home(struct sbx_err *err);    /* $HOME, else the password database's; not ending in /sbx */
char *user_name(void);                  /* of the real uid, from the password database; new; its number where unknown */
/* dir_profiles - the installed profiles: profiles/ of the build tree where sbx runs from one, else
 * $datadir/sbx/profiles */
char *dir_profiles(void);
