/* SPDX-License-Identifier: Apache-2.0 */

/* The environment inside.  Later wins: sbx's own few, the image's, EnvironmentFile, Environment.
 * The host's gets in by name alone.  Sources: environ(7); podman-run(1), --env-file. */

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "plan_parts.h"
#include "sbx/cleanup.h"
#include "sbx/fdio.h"
#include "sbx/str.h"

#define PATH_DEFAULT "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define ENV_FILE_MAX_BYTES (1u << 20)

/* name_is_sound - not empty, and nothing that a shell or a log would trip over. */
static bool name_is_sound(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (isspace((unsigned char)text[i]) || iscntrl((unsigned char)text[i]))
			return false;
	return len > 0;
}

/* env_set - one variable, and where it comes from. */
static void env_set(struct process_spec *process, const char *assignment, const char *origin)
{
	size_t before = process->env.n, len = strcspn(assignment, "=") + 1;
	strv_env_set(&process->env, assignment);
	if (process->env.n > before) {
		strv_add(&process->env_origins, origin);
		return;
	}
	for (size_t i = 0; i < process->env.n; i++)
		if (strncmp(process->env.v[i], assignment, len) == 0) {
			free(process->env_origins.v[i]);
			process->env_origins.v[i] = xstrdup(origin);
		}
}

/* env_add - NAME=VALUE, or NAME alone: the host's value, where it has one. */
static int env_add(struct process_spec *process, const char *text, const char *origin, struct sbx_err *err)
{
	if (!name_is_sound(text, strcspn(text, "=")))
		return sbx_fail_plain(err, -EINVAL, "expected NAME=VALUE, or NAME to copy the host's value");
	if (strchr(text, '=')) {
		env_set(process, text, origin);
		return 0;
	}
	const char *value = getenv(text);
	_cleanup_free_ char *assignment = value ? xasprintf("%s=%s", text, value) : NULL;
	if (assignment)
		env_set(process, assignment, origin);
	return 0;
}

/* file_add - a line each; everything behind the first = is the value, quotes too; # begins a line that says nothing. */
static int file_add(struct process_spec *process, const char *path, const char *origin, struct sbx_err *err)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	_cleanup_free_ char *text = NULL;
	size_t len = 0;
	if (fd < 0)
		return sbx_fail(err, -errno, "open %s", path);
	int r = read_all(fd, ENV_FILE_MAX_BYTES, &text, &len, err);
	if (r < 0)
		return r;
	if (strlen(text) != len)
		return sbx_fail_plain(err, -EINVAL, "%s is not text: it holds a NUL byte", path);
	unsigned number = 0;
	for (char *rest = text, *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n")) {
		number++;
		size_t n = strlen(line);
		if (n > 0 && line[n - 1] == '\r')
			line[n - 1] = '\0';
		line += strspn(line, " \t");
		if (!*line || *line == '#')
			continue;
		_cleanup_free_ char *place = xasprintf("%s, %s:%u", origin, path, number);
		r = env_add(process, line, place, err);
		if (r < 0)
			return sbx_err_prefix(err, r, "%s:%u", path, number);
	}
	return 0;
}

/* add_image - an entry without a name is dropped, and said: it could not be seen by getenv(3), but by a shell. */
static void add_image(struct plan *p)
{
	for (size_t i = 0; p->image && i < p->image->env.n; i++) {
		const char *text = p->image->env.v[i], *equals = strchr(text, '=');
		if (equals && name_is_sound(text, (size_t)(equals - text))) {
			env_set(&p->spec->process, text, "image");
			continue;
		}
		_cleanup_free_ char *shown = text_escape(text);
		strv_addf(&p->spec->notes, "image: the environment entry \"%s\" has no name and is left out", shown);
	}
}

static int timezone_add(struct plan *p, struct sbx_err *err)
{
	static const char marker[] = "/zoneinfo/";
	char target[4096];
	const char *zone = profile_text(p->profile, KEY_Exec_Timezone);
	if (!zone)
		return 0;
	if (strcmp(zone, "local") == 0) {
		ssize_t n = readlink("/etc/localtime", target, sizeof target - 1);
		target[n > 0 ? n : 0] = '\0';
		zone = strstr(target, marker);
		if (!zone)
			return value_fail(p->profile, KEY_Exec_Timezone, -ENOENT, err,
				"the host's /etc/localtime is no link into zoneinfo, so its zone has no name: write "
				"it, as in "
				"Timezone=Europe/Berlin");
		zone += strlen(marker);
	}
	_cleanup_free_ char *assignment = xasprintf("TZ=%s", zone);
	_cleanup_free_ char *origin = origin_text(profile_get(p->profile, KEY_Exec_Timezone));
	env_set(&p->spec->process, assignment, origin);
	return 0;
}

static int words_add(struct plan *p, enum profile_key key,
	int (*add)(struct process_spec *, const char *, const char *, struct sbx_err *), struct sbx_err *err)
{
	const struct profile_value *value = profile_get(p->profile, key);
	for (size_t i = 0; i < value->n_words; i++) {
		_cleanup_free_ char *origin = origin_word_text(&value->words[i]);
		int r = add(&p->spec->process, value->words[i].text, origin, err);
		if (r < 0)
			return word_prefix(key, &value->words[i], r, err);
	}
	return 0;
}

int plan_env(struct plan *p, struct sbx_err *err)
{
	struct process_spec *process = &p->spec->process;
	const char *term = getenv("TERM");
	env_set(process, PATH_DEFAULT, "default");
	add_image(p);
	env_set(process, "container=sbx", "default"); /* systemd.io/CONTAINER_INTERFACE */
	if (process->terminal != TERMINAL_NO) {
		_cleanup_free_ char *assignment = xasprintf("TERM=%s", str_empty(term) ? "xterm" : term);
		env_set(process, assignment, "default");
	}
	int r = timezone_add(p, err);
	if (r == 0)
		r = words_add(p, KEY_Exec_EnvironmentFile, file_add, err);
	if (r == 0)
		r = words_add(p, KEY_Exec_Environment, env_add, err);
	return r;
}
