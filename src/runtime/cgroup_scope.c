/* SPDX-License-Identifier: Apache-2.0 */

/* A scope from the user's systemd, through busctl: D-Bus is other people's work, and a run without limits pays nothing
 * for it.  Source: org.freedesktop.systemd1(5), StartTransientUnit; systemd's CGROUP_DELEGATION. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>
#include "cgroup.h"
#include "sbx/cgroupfs.h"
#include "sbx/cleanup.h"
#include "sbx/fdio.h"
#include "sbx/spawn.h"
#include "sbx/str.h"
#include "sbx/strv.h"

#define ENTER_WAIT_MS 10000
#define ENTER_PAUSE_MS 2

/* unit_word - @name as part of a unit's name: what may not stand there becomes _. */
static char *unit_word(const char *name)
{
	char *word = xstrdup(name);
	for (char *c = word; *c; c++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-", *c))
			*c = '_';
	return word;
}

/* bus_check - why there is no user manager to ask, in words. */
static int bus_check(struct sbx_err *err)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	_cleanup_free_ char *own = runtime ? NULL : xasprintf("/run/user/%u", (unsigned)geteuid());
	_cleanup_free_ char *bus = xasprintf("%s/bus", runtime ? runtime : own);
	if (!runtime && access(own, F_OK) < 0)
		return sbx_fail_plain(err, -ENOENT,
			"there is no user manager of systemd (no %s): log in on a terminal or by ssh, not with su; or "
			"loginctl enable-linger",
			own);
	if (!getenv("DBUS_SESSION_BUS_ADDRESS") && access(bus, F_OK) < 0)
		return sbx_fail_plain(err, -ENOENT,
			"there is no bus of a user manager at %s: systemctl start user@%u.service as root, and the "
			"package dbus-user-session",
			bus, (unsigned)geteuid());
	return 0;
}

/* scope_start - ask for it.  The answer comes before the scope is there. */
static int scope_start(const char *unit, const char *name, struct sbx_err *err)
{
	_cleanup_free_ char *busctl = helper_find("busctl");
	if (!busctl)
		return sbx_fail_plain(err, -ENOENT, "busctl is not installed (package systemd)");
	_cleanup_free_ char *description = xasprintf("sbx sandbox %s", name), *pid = xasprintf("%d", (int)getpid());
	/* busctl knows of its place only from these; cron and sudo set neither. */
	bool told = getenv("DBUS_SESSION_BUS_ADDRESS") || getenv("XDG_RUNTIME_DIR");
	_cleanup_free_ char *bus =
		told ? xstrdup("--user") : xasprintf("--address=unix:path=/run/user/%u/bus", (unsigned)geteuid());
	const char *argv[] = {busctl, bus, "--quiet", "call", "org.freedesktop.systemd1", "/org/freedesktop/systemd1",
		"org.freedesktop.systemd1.Manager", "StartTransientUnit", "ssa(sv)a(sa(sv))", unit, "fail", "4",
		"Description", "s", description, "PIDs", "au", "1", pid, "Delegate", "b", "true", "CollectMode", "s",
		"inactive-or-failed", "0", NULL};
	return helper_run(argv, err);
}

static int wait_inside(const char *unit, char **ret_path, struct sbx_err *err)
{
	for (int waited = 0; waited < ENTER_WAIT_MS; waited += ENTER_PAUSE_MS) {
		_cleanup_free_ char *path = cgroup_own(err);
		if (!path)
			return -ENOENT;
		if (str_ends(path, unit)) {
			*ret_path = steal_ptr(path);
			return 0;
		}
		nanosleep(&(struct timespec){.tv_nsec = ENTER_PAUSE_MS * 1000000L}, NULL);
	}
	return sbx_fail_plain(err, -ETIMEDOUT,
		"the user manager did not put this process into %s: systemctl --user status %s", unit, unit);
}

int scope_enter(const char *name, char **ret_path, struct sbx_err *err)
{
	uint16_t random = 0;
	_cleanup_free_ char *word = unit_word(name);
	int r = bus_check(err);
	if (r < 0)
		return r;
	if (getrandom(&random, sizeof random, 0) != sizeof random)
		return sbx_fail(err, -errno, "getrandom");
	_cleanup_free_ char *unit = xasprintf("sbx-%s-%04x.scope", word, random);
	r = scope_start(unit, name, err);
	if (r < 0) {
		_cleanup_free_ char *why = xstrdup(err->msg);
		return sbx_fail_plain(err, r,
			"ask the user manager for a scope: %s; where it has ended, as root: systemctl start "
			"user@%u.service",
			why, (unsigned)geteuid());
	}
	return wait_inside(unit, ret_path, err);
}

bool unit_delegates(const char *path)
{
	int out[2], pidfd = -1;
	const char *unit = strrchr(path, '/');
	_cleanup_free_ char *systemctl = helper_find("systemctl"), *said = NULL;
	if (!systemctl || !unit || pipe2(out, O_CLOEXEC) < 0)
		return false;
	const char *argv[] = {systemctl, "--user", "show", "--property=Delegate", "--value", "--", unit + 1, NULL};
	_cleanup_close_ int ours = out[0], theirs = out[1];
	if (helper_spawn(argv, theirs, NULL, 0, &pidfd, NULL) < 0)
		return false;
	cleanup_close(&theirs);
	bool yes = read_all(ours, 4096, &said, NULL, NULL) == 0 && str_starts(said, "yes");
	pidfd_wait(pidfd, NULL);
	close(pidfd);
	return yes;
}
