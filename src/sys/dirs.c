/* SPDX-License-Identifier: Apache-2.0 */

/* sbx's own directories, and the caller's entry in the password database.
 * Source: XDG base directory specification 0.8. */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "sbx/cleanup.h"
#include "sbx/dirs.h"
#include "sbx/fdio.h"
#include "sbx/parse.h"
#include "sbx/spawn.h"
#include "sbx/str.h"
#include "own.h"

#define PASSWD_MAX_BYTES (4u << 20)

/* passwd_file, passwd_services - all lines of /etc/passwd; the caller's line by the name services (LDAP and the like),
 * from getent(1): getpwuid(3) would load their libraries, which costs a launcher more than all else and cannot be
 * linked in. Return new or NULL. */
static char *passwd_file(void)
{
	_cleanup_close_ int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC | O_NOCTTY);
	char *text = NULL;
	return fd < 0 || read_all(fd, PASSWD_MAX_BYTES, &text, NULL, NULL) < 0 ? NULL : text;
}

static char *passwd_services(void)
{
	_cleanup_free_ char *getent = helper_find("getent"), *uid = xasprintf("%u", (unsigned)getuid());
	int out[2];
	char *text = NULL;
	if (!getent || pipe2(out, O_CLOEXEC) < 0)
		return NULL;
	const char *const argv[] = {getent, "passwd", uid, NULL};
	pid_t pid = helper_spawn(argv, out[1], NULL, 0, NULL, NULL);
	close(out[1]);
	int r = pid < 0 ? pid : read_all(out[0], PASSWD_MAX_BYTES, &text, NULL, NULL);
	close(out[0]);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	return r < 0 ? NULL : text;
}

/* passwd_field - one field (0 the name, 5 the home) of the caller's line in the password database.  Returns new or
 * NULL. */
static char *passwd_field(unsigned field)
{
	static char *(*const sources[])(void) = {passwd_file, passwd_services};
	for (size_t s = 0; s < ARRAY_SIZE(sources); s++) {
		_cleanup_free_ char *text = sources[s]();
		for (char *rest = text, *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n")) {
			const char *fields[7] = {0};
			for (size_t i = 0; i < ARRAY_SIZE(fields) && line; i++)
				fields[i] = strsep(&line, ":");
			uint32_t uid;
			if (fields[6] && parse_id(fields[2], &uid) == 0 && uid == getuid())
				return xstrdup(fields[field]);
		}
	}
	return NULL;
}

char *user_name(void)
{
	char *name = passwd_field(0);
	return name ? name : xasprintf("%u", (unsigned)getuid());
}

char *dir_home(struct sbx_err *err)
{
	const char *home = getenv("HOME");
	if (home && *home == '/')
		return xstrdup(home);
	_cleanup_free_ char *field = passwd_field(5);
	if (field && *field == '/')
		return steal_ptr(field);
	sbx_fail_plain(err, -ENOENT,
		"no home directory: $HOME is not an absolute path and the password database has none for user %u",
		(unsigned)getuid());
	return NULL;
}

/* dir_xdg - $VARIABLE/sbx, else HOME/below/sbx. */
static char *dir_xdg(const char *variable, const char *below, struct sbx_err *err)
{
	const char *value = getenv(variable);
	if (value && *value == '/')
		return xasprintf("%s/sbx", value);
	_cleanup_free_ char *home = dir_home(err);
	if (!home) {
		sbx_err_prefix(err, -ENOENT, "$%s is not set", variable);
		return NULL;
	}
	return xasprintf("%s/%s/sbx", home, below);
}

char *dir_data(struct sbx_err *err)
{
	return dir_xdg("XDG_DATA_HOME", ".local/share", err);
}

char *dir_config(struct sbx_err *err)
{
	return dir_xdg("XDG_CONFIG_HOME", ".config", err);
}

char *dir_state(struct sbx_err *err)
{
	return dir_xdg("XDG_STATE_HOME", ".local/state", err);
}

char *dir_runtime(struct sbx_err *err)
{
	(void)err; /* a place below /tmp is always known */
	const char *value = getenv("XDG_RUNTIME_DIR");
	return value && *value == '/' ? xasprintf("%s/sbx", value) : xasprintf("/tmp/sbx-%u", (unsigned)geteuid());
}

char *dir_profiles(void)
{
	_cleanup_free_ char *own = own_dir();
	/* hello.ini tells a build tree, or a tree that was moved as a whole, from any directory of that name. */
	static const char *const places[] = {"/profiles", "/../share/sbx/profiles"};
	for (size_t i = 0; own && i < ARRAY_SIZE(places); i++) {
		_cleanup_free_ char *dir = xasprintf("%s%s", own, places[i]);
		_cleanup_free_ char *hello = xasprintf("%s/hello.ini", dir);
		if (access(hello, R_OK) == 0)
			return steal_ptr(dir);
	}
	return xstrdup(SBX_DATADIR "/profiles");
}
