/* SPDX-License-Identifier: Apache-2.0 */

/* The command line: Entrypoint, then the words after --, or Exec, or the image's Cmd.
 * Source: OCI image-spec, config.md; docker run: a replaced entrypoint takes the image's Cmd with it. */

#include <errno.h>
#include <string.h>
#include "plan_parts.h"
#include "sbx/cleanup.h"
#include "sbx/str.h"

/* One of the two halves, and where it comes from. */
struct half {
	struct strv words;
	char *origin;
};

static void half_free(struct half *h)
{
	strv_clear(&h->words);
	cleanup_free(&h->origin);
}

static void half_from_profile(struct half *h, const struct profile_value *value)
{
	for (size_t i = 0; i < value->n_words; i++)
		strv_add(&h->words, value->words[i].text);
	h->origin = origin_text(value);
}

static void half_from(struct half *h, const struct strv *words, const char *origin)
{
	strv_add_all(&h->words, words);
	h->origin = xstrdup(origin);
}

int plan_argv(struct plan *p, struct sbx_err *err)
{
	_cleanup_(half_free) struct half entry = {0}, command = {0};
	const struct profile_value *own_entry = profile_get(p->profile, KEY_Exec_Entrypoint);
	const struct profile_value *exec = profile_get(p->profile, KEY_Exec_Exec);
	struct process_spec *process = &p->spec->process;

	if (own_entry->set)
		half_from_profile(&entry, own_entry);
	else if (p->image)
		half_from(&entry, &p->image->entrypoint, "image");

	if (p->command && p->command->n > 0)
		half_from(&command, p->command, "command line");
	else if (exec->n_words > 0)
		half_from_profile(&command, exec);
	else if (p->image && !own_entry->set)
		half_from(&command, &p->image->cmd, "image");

	strv_add_all(&process->argv, &entry.words);
	strv_add_all(&process->argv, &command.words);
	if (process->argv.n == 0)
		return sbx_fail_plain(err, -EINVAL,
			"%s: nothing to execute: %s: set [Exec] Exec=, or give a command after --",
			profile_path(p->profile),
			!p->image        ? "Rootfs= names no program"
			: own_entry->set ? "Entrypoint= was emptied and took the image's Cmd with it"
					 : "the image names no program");
	if (!*process->argv.v[0])
		return sbx_fail_plain(err, -EINVAL, "%s: the name of the program is empty",
			entry.words.n > 0 ? entry.origin : command.origin);
	bool both = entry.words.n > 0 && command.words.n > 0 && !str_eq(entry.origin, command.origin);
	if (both)
		process->argv_origin = xasprintf("%s, %s", entry.origin, command.origin);
	else
		process->argv_origin = xstrdup(entry.words.n > 0 ? entry.origin : command.origin);
	return 0;
}
