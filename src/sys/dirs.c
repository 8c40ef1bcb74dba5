/* SPDX-License-Identifier: Apache-2.0 */

/* sbx's own directories, and the caller's entry in the password database.
 * Source: XDG base directory specification 0.8. */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "sbx/cleanup.h"
#include "sbx/dirs.h"
#include "sbx/fdio.h"
#include "sbx/parse.h"
#include "sbx/str.h"
#include "own.h"

#define PASSWD_MAX_BYTES (4u << 20)

/* passwd_field - one field (0 the name, 5 the home) of the caller's line in /etc/passwd.  Returns new or NULL.
 * Read by hand first: getpwuid(3) loads the name service's libraries, which costs a launcher more than all else. */
static char *passwd_field(unsigned field)
{
	_cleanup_close_ int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC | O_NOCTTY);
	_cleanup_free_ char *text = NULL;
	if (fd < 0 || read_all(fd, PASSWD_MAX_BYTES, &text, NULL, NULL) < 0)
		return NULL;
	for (char *rest = text, *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n")) {
		const char *fields[7] = {0};
		for (size_t i = 0; i < ARRAY_SIZE(fields) && line; i++)
			fields[i] = strsep(&line, ":");
		uint32_t uid;
		if (fields[6] && parse_id(fields[2], &uid) == 0 && uid == getuid())
			return xstrdup(fields[field]);
	}
	return NULL;
}

char *user_name(void)
{
	char *name = passwd_field(0);
	if (name)
		return name;
	const struct passwd *pw = getpwuid(getuid()); /* LDAP and the like */
	return pw ? xstrdup(pw->pw_name) : xasprintf("%u", (unsigned)getuid());
}

char *dir_home(struct sbx_err *err)
{
	const char *home = getenv("HOME");
	if (home && *home == '/')
		return xstrdup(home);
	char *field = passwd_field(5);
	if (field && *field == '/')
		return field;
	cleanup_free(&field);
	const struct passwd *pw = getpwuid(getuid());
	if (pw && pw->pw_dir && *pw->pw_dir == '/')
		return xstrdup(pw->pw_dir);
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
