/* SPDX-License-Identifier: Apache-2.0 */

/* What a profile asks for that this build has not; and grants that are an escape by nature. */

#include <string.h>
#include <sys/stat.h>
#include "model.h"
#include "sbx/cleanup.h"
#include "sbx/dirs.h"
#include "sbx/path.h"
#include "sbx/str.h"
#include "table.h"

static void add_later(const struct profile_value *value, enum profile_key key, const char *shown, struct strv *problems)
{
	const struct key_info *info = profile_key_info(key);
	_cleanup_free_ char *place = origin_text(value);
	_cleanup_free_ char *safe = text_escape(shown ? shown : "");

	strv_addf(problems, "%s: [%s] %s%s%s: not in this build yet", place, info->section, info->name,
		shown ? "=" : "", safe);
}

size_t profile_unsupported(const struct profile *p, struct strv *problems)
{
	size_t before = problems->n;

	for (int i = 0; i < PROFILE_N_KEYS; i++) {
		const struct profile_value *value = &p->values[i];
		/* An empty one asks for nothing. */
		bool asks = value->set && (value->n_words > 0 || !str_empty(value->text));
		if (asks && !profile_key_info((enum profile_key)i)->supported)
			add_later(value, (enum profile_key)i, NULL, problems);
	}
	if (p->values[KEY_Sandbox_Ephemeral].set && p->values[KEY_Sandbox_Ephemeral].num == 0)
		add_later(&p->values[KEY_Sandbox_Ephemeral], KEY_Sandbox_Ephemeral, "no", problems);
	return problems->n - before;
}

/* Sockets through which a container engine, a bus or a display server does anything its user can. */
static const struct {
	const char *suffix, *why;
} escape_sockets[] = {
	{"/docker.sock", "a container engine's socket: who reaches it can do anything on this machine"},
	{"/podman.sock", "a container engine's socket: who reaches it can do anything that you can"},
	{"/containerd.sock", "a container engine's socket: who reaches it can do anything on this machine"},
	{"/crio.sock", "a container engine's socket: who reaches it can do anything on this machine"},
	{"/.X11-unix", "raw X11: programs inside see and control every window and key"},
	{"/.X11-unix/X0", "raw X11: programs inside see and control every window and key"},
	{"/system_bus_socket", "an unfiltered system bus"},
	{"/systemd/private", "the user's service manager, which starts programs outside"},
};

/* holds - whether a bind of @src shows @path. */
static bool holds(const char *src, const char *path)
{
	return path && path_below(path, src);
}

/* bind_why - why a bind is an escape; NULL: it is none. */
static const char *bind_why(const struct bind_arg *arg, const char *home, const char *runtime)
{
	_cleanup_free_ char *bus = runtime ? path_join(runtime, "bus") : NULL;
	_cleanup_free_ char *clean = path_clean(arg->src);

	if (!clean)
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(escape_sockets); i++)
		if (str_ends(clean, escape_sockets[i].suffix))
			return escape_sockets[i].why;
	/* A socket is reached through a read-only mount just as well. */
	if (holds(clean, bus))
		return "an unfiltered session bus: programs can be started outside through it";
	if (holds(clean, "/run/docker.sock") || holds(clean, "/var/run/docker.sock"))
		return "it may hold sockets of a container engine or of the system";
	if (!arg->read_only && holds(clean, home))
		return "a writable home: what is written into its start-up files runs outside";
	if (str_eq(clean, "/proc") || str_starts(clean, "/proc/"))
		return "the host's processes";
	return NULL;
}

size_t profile_escapes(const struct profile *p, struct strv *notes)
{
	static const enum profile_key keys[] = {KEY_Files_Bind, KEY_Files_BindReadOnly, KEY_Files_Volume};
	_cleanup_free_ char *home_text = NULL, *home = NULL;
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	size_t before = notes->n;

	for (size_t k = 0; k < ARRAY_SIZE(keys); k++) {
		const struct profile_value *value = &p->values[keys[k]];
		const struct key_info *info = profile_key_info(keys[k]);
		for (size_t i = 0; i < value->n_words; i++) {
			_cleanup_(bind_arg_free) struct bind_arg arg = {0};
			if (bind_arg_parse(keys[k], value->words[i].text, &arg, NULL) < 0)
				continue;
			if (!home_text)
				home_text = dir_home(NULL);
			if (home_text && !home)
				home = path_clean(home_text);
			const char *why = bind_why(&arg, home, runtime && runtime[0] == '/' ? runtime : NULL);
			if (!why)
				continue;
			_cleanup_free_ char *place = origin_word_text(&value->words[i]);
			_cleanup_free_ char *safe = text_escape(value->words[i].text);
			strv_addf(notes, "%s: [%s] %s=%s: escape: %s", place, info->section, info->name, safe, why);
		}
	}
	return notes->n - before;
}
