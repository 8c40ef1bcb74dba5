/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* ~, ${NAME}, ${NAME:-default}, $$, and relative host paths. */

#include "sbx/err.h"
#include "table.h"

struct expand_context {
	const char *profile_dir;  /* absolute: of the file where the line stands */
	const char *sandbox_name; /* NULL while files are still being included */
};

/* expand_word - @word as @how says. *ret: new, untouched on failure.
 * Returns 0; -EINVAL with "what; expected …". */
int expand_word(
	const struct expand_context *context, enum key_expand how, const char *word, char **ret, struct sbx_err *err);

/* expand_profile_ref - like EXPAND_PROFILE, but a relative path stays relative.  *ret_is_path: whether it is a path,
 * and no name. */
int expand_profile_ref(
	const struct expand_context *context, const char *word, char **ret, bool *ret_is_path, struct sbx_err *err);

/* profile_ref_is_path - a path has a / or ends in .ini; anything else is a name. */
bool profile_ref_is_path(const char *word);

/* expand_protect - @text so that expansion gives it back: $ doubled where @how expands variables.  Returns new. */
char *expand_protect(enum key_expand how, const char *text);
