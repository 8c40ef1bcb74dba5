/* SPDX-License-Identifier: Apache-2.0 */

/* [Exec] without the command line and the environment: who, where, and how it is stopped. */

#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
#include "plan_parts.h"
#include "sbx/cleanup.h"
#include "sbx/parse.h"
#include "sbx/path.h"
#include "sbx/spawn.h"
#include "sbx/str.h"

#define HOST_NAME_MAX_LEN 63 /* of a label, RFC 1035; HOST_NAME_MAX is 64 */

_Static_assert(TERMINAL_AUTO == 0 && TERMINAL_YES == 1 && TERMINAL_NO == 2, "the order of the choices of Terminal");

/* host_name_from - a sandbox's name as a host name: what may not stand in one becomes a hyphen.  Returns new. */
static char *host_name_from(const char *name)
{
	char *host = xstrndup(name, HOST_NAME_MAX_LEN);
	size_t len = strlen(host);
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)host[i]) && host[i] != '.')
			host[i] = '-';
	while (len > 0 && !isalnum((unsigned char)host[len - 1]))
		host[--len] = '\0';
	size_t skip = strspn(host, "-.");
	memmove(host, host + skip, len - (skip < len ? skip : len) + 1);
	if (*host)
		return host;
	cleanup_free(&host);
	return xstrdup("sandbox");
}

/* user_split - USER[:GROUP].  An empty half is as if it were not there. */
static void user_split(struct process_spec *process, const char *text)
{
	const char *colon = strchr(text, ':');
	process->user = colon ? xstrndup(text, (size_t)(colon - text)) : xstrdup(text);
	if (colon && colon[1])
		process->group = xstrdup(colon + 1);
	if (!*process->user) {
		cleanup_free(&process->user);
		process->user = xstrdup("0");
	}
}

/* user_default - where the profile names nobody.  With keep-id the caller: that is what it is for.  With one id whoever
 * has it, since an image's user other than that one could not exist. */
static void user_default(struct plan *p)
{
	struct process_spec *process = &p->spec->process;
	bool keep = strcmp(p->spec->userns_mode, "keep-id") == 0;
	if (keep) {
		process->user = xasprintf("%u", idmap_to_inside(&p->spec->maps.uid, geteuid()));
		process->group = xasprintf("%u", idmap_to_inside(&p->spec->maps.gid, getegid()));
	} else
		user_split(process, p->image && !str_empty(p->image->user) ? p->image->user : "0");
}

/* default_origin - of what the image says, where it does.  Returns new. */
static char *default_origin(const struct plan *p, const char *of_image)
{
	return xstrdup(p->image && !str_empty(of_image) ? "image" : "default");
}

static int plan_user(struct plan *p, struct sbx_err *err)
{
	struct process_spec *process = &p->spec->process;
	const struct idmap_pair *maps = &p->spec->maps;
	const char *user = profile_text(p->profile, KEY_Exec_User), *group = profile_text(p->profile, KEY_Exec_Group);
	const struct profile_value *groups = profile_get(p->profile, KEY_Exec_SupplementaryGroups);
	process->user_origin = user ? origin_text(profile_get(p->profile, KEY_Exec_User))
				    : default_origin(p, p->image ? p->image->user : NULL);
	if (user)
		user_split(process, user);
	else
		user_default(p);
	if (user && strchr(user, ':') && group)
		return value_fail(p->profile, KEY_Exec_Group, -EINVAL, err,
			"User=%s names a group as well; keep one of the two", user);
	if (group) {
		cleanup_free(&process->group);
		process->group = xstrdup(group);
	}
	/* With a single id that is not root's, the group of the image's passwd would have no mapping. */
	if (!process->group && !ids_beyond_one(maps) && maps->uid.n == 1 && maps->uid.extents[0].inside != 0)
		process->group = xasprintf("%u", maps->gid.extents[0].inside);
	for (size_t i = 0; i < groups->n_words; i++) {
		if (!maps->by_helper)
			return word_fail(KEY_Exec_SupplementaryGroups, &groups->words[i], -EOPNOTSUPP, err,
				"the kernel forbids a change of groups where a single id is mapped: use UserNS=subuid, "
				"with ranges in "
				"/etc/subuid and /etc/subgid");
		strv_add(&process->groups, groups->words[i].text);
	}
	process->keep_groups = profile_get(p->profile, KEY_Security_KeepGroups)->num != 0;
	if (process->keep_groups && groups->n_words > 0)
		return value_fail(p->profile, KEY_Security_KeepGroups, -EINVAL, err,
			"SupplementaryGroups= replaces the caller's groups; keep one of the two");
	return 0;
}

static int plan_cwd(struct plan *p, struct sbx_err *err)
{
	const char *own = profile_text(p->profile, KEY_Exec_WorkingDirectory);
	const char *of_image = p->image && !str_empty(p->image->working_dir) ? p->image->working_dir : "/";
	/* An image may say "app": relative to the root, as every engine reads it. */
	_cleanup_free_ char *absolute = own ? xstrdup(own) : path_join("/", of_image);
	p->spec->process.cwd = path_clean(absolute);
	p->spec->process.cwd_origin = own ? origin_text(profile_get(p->profile, KEY_Exec_WorkingDirectory))
					  : default_origin(p, p->image ? p->image->working_dir : NULL);
	if (!p->spec->process.cwd)
		return value_fail(p->profile, KEY_Exec_WorkingDirectory, -EINVAL, err, "expected an absolute path");
	return 0;
}

static void plan_stop(struct plan *p)
{
	struct process_spec *process = &p->spec->process;
	const struct profile_value *own = profile_get(p->profile, KEY_Exec_StopSignal);
	const char *of_image = p->image ? p->image->stop_signal : NULL;
	process->stop_signal = SIGTERM;
	if (own->set && own->num > 0)
		process->stop_signal = (int)own->num;
	else if (!str_empty(of_image) && parse_signal(of_image, &process->stop_signal) < 0) {
		_cleanup_free_ char *shown = text_escape(of_image);
		strv_addf(&p->spec->notes, "image: its stop signal \"%s\" is none; SIGTERM is used", shown);
		process->stop_signal = SIGTERM;
	}
	process->stop_timeout_ms = (uint64_t)profile_get(p->profile, KEY_Exec_StopTimeout)->num;
	if (value_given(p->profile, KEY_Exec_RuntimeMaxSec))
		process->runtime_max_ms = (uint64_t)profile_get(p->profile, KEY_Exec_RuntimeMaxSec)->num;
}

static int plan_init(struct plan *p, struct sbx_err *err)
{
	struct process_spec *process = &p->spec->process;
	process->run_init = profile_get(p->profile, KEY_Exec_RunInit)->num != 0;
	if (!process->run_init)
		return 0;
	process->init_path = own_libexec("sbx-init");
	if (!process->init_path)
		return value_fail(p->profile, KEY_Exec_RunInit, -ENOENT, err,
			"sbx-init was not found beside sbx or in its libexec directory: the installation is "
			"incomplete");
	return 0;
}

int plan_process(struct plan *p, struct sbx_err *err)
{
	struct process_spec *process = &p->spec->process;
	const char *host_name = profile_text(p->profile, KEY_Exec_HostName);
	process->host_name_origin =
		host_name ? origin_text(profile_get(p->profile, KEY_Exec_HostName)) : xstrdup("default");
	process->host_name = host_name ? xstrdup(host_name) : host_name_from(p->spec->name);
	process->terminal = (enum terminal_mode)profile_get(p->profile, KEY_Exec_Terminal)->num;
	process->umask = (mode_t)profile_get(p->profile, KEY_Exec_Umask)->num;
	process->nice = (int)profile_get(p->profile, KEY_Exec_Nice)->num;
	process->nice_origin = origin_text(profile_get(p->profile, KEY_Exec_Nice));
	process->oom_origin = origin_text(profile_get(p->profile, KEY_Exec_OOMScoreAdjust));
	process->set_oom_score_adj = value_given(p->profile, KEY_Exec_OOMScoreAdjust);
	if (process->set_oom_score_adj)
		process->oom_score_adj = (int)profile_get(p->profile, KEY_Exec_OOMScoreAdjust)->num;
	plan_stop(p);
	int r = plan_user(p, err);
	if (r == 0)
		r = plan_cwd(p, err);
	if (r == 0)
		r = plan_init(p, err);
	if (r == 0)
		r = plan_env(p, err);
	return r == 0 ? plan_argv(p, err) : r;
}
