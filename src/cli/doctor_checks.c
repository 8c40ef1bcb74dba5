/* SPDX-License-Identifier: Apache-2.0 */

/* The checks of `sbx doctor`, one function each and one table.  A lack says what it costs and the exact change that
 * mends it. Wherever it can be tried, it is tried: a sysctl says less than a namespace that could be made. */

#include "doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>
#include "sbx/cgroupfs.h"
#include "sbx/cleanup.h"
#include "sbx/image.h"
#include "sbx/path.h"
#include "sbx/policy.h"
#include "sbx/runtime.h"
#include "sbx/spawn.h"
#include "sbx/str.h"

#define SPACE_WANTED_BYTES (UINT64_C(1) << 30) /* a distribution's image, unpacked beside its blobs */
#define INODES_WANTED 50000
#define RANGE_WANTED 65536
#define LANDLOCK_SCOPE_ABI 6
#define MIB (UINT64_C(1) << 20)

static void good(struct doctor_finding *ret, char *found)
{
	*ret = (struct doctor_finding){.ok = true, .found = found};
}

static void lack(struct doctor_finding *ret, char *found, const char *costs, char *mend)
{
	*ret = (struct doctor_finding){.found = found, .costs = xstrdup(costs), .mend = mend};
}

static void skip(struct doctor_finding *ret, const char *because)
{
	*ret = (struct doctor_finding){.skipped = true, .found = xasprintf("not tried: %s", because)};
}

static void look_user_namespaces(struct doctor *d, struct doctor_finding *ret)
{
	struct sbx_err err;

	if (userns_probe(&err) == 0) {
		d->have_userns = true;
		good(ret, xstrdup("an unprivileged user namespace can be made, and the other six in it"));
		return;
	}
	/* The message is "what: why; what to change", where something is known to change. */
	char *cut = strstr(err.msg, "; ");
	if (cut)
		*cut = '\0';
	lack(ret, xstrdup(err.msg), "no sandbox can be made at all",
		xstrdup(cut ? cut + 2
			    : "a kernel with CONFIG_USER_NS, or outside of the container or chroot that forbids it"));
}

static char *usermod_words(const struct doctor *d)
{
	uint64_t start = doctor_free_ids();
	return xasprintf("as root: usermod --add-subuids %" PRIu64 "-%" PRIu64 " --add-subgids %" PRIu64 "-%" PRIu64
			 " %s",
		start, start + RANGE_WANTED - 1, start, start + RANGE_WANTED - 1, d->user);
}

static void look_ranges(struct doctor *d, struct doctor_finding *ret)
{
	static const char *const files[] = {"/etc/subuid", "/etc/subgid"};
	static const char costs[] =
		"only your own id exists inside: every file of an image is yours, and programs that "
		"run as a user of their own (postgres, _apt) cannot change to it";
	uint32_t start[2], count[2];

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		struct sbx_err err;
		if (subid_range(files[i], getuid(), d->user, &start[i], &count[i], &err) < 0) {
			lack(ret, xasprintf("%s in %s", err.code == -ENOENT ? "no range for you" : err.msg, files[i]),
				costs, usermod_words(d));
			return;
		}
	}
	d->have_ranges = true;
	if (count[0] < RANGE_WANTED || count[1] < RANGE_WANTED) {
		lack(ret, xasprintf("%" PRIu32 " uids and %" PRIu32 " gids", count[0], count[1]),
			"an image with files of a higher id (nobody is 65534) cannot keep their owners",
			usermod_words(d));
		return;
	}
	good(ret, xasprintf("uids %" PRIu32 "+%" PRIu32 ", gids %" PRIu32 "+%" PRIu32, start[0], count[0], start[1],
			  count[1]));
}

/* is_privileged - setuid root, or with file capabilities: Debian has the one, Fedora the other. */
static bool is_privileged(const char *path)
{
	struct stat st;
	char value[64];

	if (stat(path, &st) == 0 && st.st_uid == 0 && (st.st_mode & S_ISUID))
		return true;
	return getxattr(path, "security.capability", value, sizeof value) > 0;
}

static void look_map_helpers(struct doctor *d, struct doctor_finding *ret)
{
	static const char *const helpers[] = {"newuidmap", "newgidmap"};
	static const char costs[] = "subordinate ids cannot be mapped: only your own id exists inside";

	for (size_t i = 0; i < ARRAY_SIZE(helpers); i++) {
		_cleanup_free_ char *path = helper_find(helpers[i]);
		if (!path) {
			lack(ret, xasprintf("%s is not installed", helpers[i]), costs,
				xstrdup("Debian, Ubuntu: apt-get install uidmap; Fedora: dnf install "
					"shadow-utils-subid"));
			return;
		}
		if (!is_privileged(path)) {
			lack(ret, xasprintf("%s has neither the setuid bit nor file capabilities", path), costs,
				xasprintf("as root: chmod u+s %s", path));
			return;
		}
	}
	if (!d->have_userns || !d->have_ranges) {
		good(ret, xstrdup("newuidmap and newgidmap are installed"));
		return;
	}
	struct sbx_err err;
	int r = idmap_pair_subuid(&d->maps, &err);
	if (r == 0)
		r = doctor_probe_maps(&d->maps, &err);
	if (r == 0) {
		good(ret, xstrdup("newuidmap and newgidmap map your ranges"));
		return;
	}
	idmap_pair_free(&d->maps);
	d->maps = (struct idmap_pair){0};
	lack(ret, xstrdup(err.msg), costs,
		xstrdup("check that /usr is not mounted nosuid, and that no other user's range covers yours in "
			"/etc/subuid"));
}

static void look_store(struct doctor *d, struct doctor_finding *ret)
{
	static const char costs[] = "no image can be stored";
	struct sbx_err err;
	struct image_store store;

	if (!d->store) {
		lack(ret, xstrdup(d->store_err.msg), costs,
			xstrdup("set HOME, or SBX_STORE to a directory on a local disk"));
		return;
	}
	if (!d->probe_dir) {
		lack(ret, xstrdup(d->probe_err.msg), costs,
			xstrdup("make it writable for you, or set SBX_STORE to a directory on a local disk"));
		return;
	}
	/* A store that is not there yet is tried beside its place: the same file system answers. */
	_cleanup_free_ char *trial = path_join(d->probe_dir, "store");
	int r = store_open_at(access(d->store, F_OK) == 0 ? d->store : trial, access(d->store, F_OK) < 0, &store, &err);
	if (r < 0 && access(d->store, F_OK) == 0 && r == -ENOENT)
		r = store_open_at(trial, true, &store, &err); /* an empty directory in its place */
	if (r < 0) {
		lack(ret, xstrdup(err.msg), costs, xstrdup("set SBX_STORE to a directory of yours on a local disk"));
		return;
	}
	store_close(&store);
	good(ret, xasprintf("%s%s", d->store, access(d->store, F_OK) == 0 ? "" : " (made by the first import)"));
}

static void look_space(struct doctor *d, struct doctor_finding *ret)
{
	static const char costs[] = "images may not fit, and runs that write much fail when it is full";
	struct statvfs fs;

	if (!d->probe_dir || statvfs(d->probe_dir, &fs) < 0) {
		skip(ret, "there is no place for a store");
		return;
	}
	uint64_t free_bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
	if (free_bytes < SPACE_WANTED_BYTES) {
		lack(ret, xasprintf("%" PRIu64 " MiB free at %s", free_bytes / MIB, d->store), costs,
			xstrdup("free some (sbx rmi), or set SBX_STORE to a larger disk"));
		return;
	}
	/* btrfs and others count no inodes: f_files is 0 there. */
	if (fs.f_files > 0 && fs.f_favail < INODES_WANTED) {
		lack(ret, xasprintf("%" PRIu64 " inodes free at %s", (uint64_t)fs.f_favail, d->store), costs,
			xstrdup("remove small files, or set SBX_STORE to another file system"));
		return;
	}
	good(ret, xasprintf("%" PRIu64 " MiB free", free_bytes / MIB));
}

/* stack_probe - try one way of stacking with the maps that a run would have. */
static int stack_probe(struct doctor *d,
	int (*probe)(const struct idmap_pair *, const char *, const char *, struct sbx_err *), struct sbx_err *err)
{
	struct idmap_pair single = {0};
	_cleanup_free_ char *lower = path_join(d->probe_dir, "lower"), *scratch = path_join(d->probe_dir, "scratch");

	if ((mkdir(lower, 0755) < 0 && errno != EEXIST) || (mkdir(scratch, 0700) < 0 && errno != EEXIST))
		return sbx_fail(err, -errno, "make a directory in %s", d->probe_dir);
	idmap_pair_single(&single, 0, 0);
	int r = probe(d->maps.uid.n > 0 ? &d->maps : &single, lower, scratch, err);
	idmap_pair_free(&single);
	return r;
}

static bool cannot_stack(struct doctor *d, struct doctor_finding *ret)
{
	if (!d->have_userns)
		skip(ret, "it needs a user namespace");
	else if (!d->probe_dir)
		skip(ret, "there is no place for a store");
	else
		return false;
	return true;
}

static void look_native(struct doctor *d, struct doctor_finding *ret)
{
	struct sbx_err err;

	if (cannot_stack(d, ret))
		return;
	if (stack_probe(d, rootfs_probe_native, &err) == 0)
		good(ret, xstrdup("the kernel's overlayfs stacks layers for you"));
	else
		lack(ret, xstrdup(err.msg),
			"layers are stacked by fuse-overlayfs: the same, but trees are read several times slower",
			xstrdup("Linux 5.11 or later, and the store (SBX_STORE) on ext4, xfs or btrfs"));
}

static void look_fuse_device(struct doctor *d, struct doctor_finding *ret)
{
	(void)d;
	_cleanup_close_ int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);

	if (fd >= 0)
		good(ret, xstrdup("/dev/fuse can be opened"));
	else
		lack(ret, xasprintf("/dev/fuse: %s", strerrordesc_np(errno)), "fuse-overlayfs cannot be used",
			xstrdup(errno == ENOENT || errno == ENODEV || errno == ENXIO ? "as root: modprobe fuse"
										     : "as root: chmod 666 /dev/fuse"));
}

static void look_fuse(struct doctor *d, struct doctor_finding *ret)
{
	static const char costs[] =
		"no stacking where the kernel's overlayfs will not do: file systems without user xattrs, some id maps";
	struct sbx_err err;
	_cleanup_free_ char *helper = helper_find("fuse-overlayfs");

	if (!helper)
		lack(ret, xstrdup("fuse-overlayfs is not installed"), costs,
			xstrdup("Debian, Ubuntu: apt-get install fuse-overlayfs; Fedora: dnf install fuse-overlayfs"));
	else if (cannot_stack(d, ret))
		return;
	else if (stack_probe(d, rootfs_probe_fuse, &err) == 0)
		good(ret, xasprintf("%s stacks layers", helper));
	else
		lack(ret, xstrdup(err.msg), costs, xstrdup("open /dev/fuse to you, and fuse-overlayfs 1.10 or later"));
}

static void look_proc(struct doctor *d, struct doctor_finding *ret)
{
	struct sbx_err err;

	if (!d->have_userns)
		skip(ret, "it needs a user namespace");
	else if (doctor_probe_proc(&err) == 0)
		good(ret, xstrdup("a sandbox gets a /proc of its own"));
	else
		lack(ret, xasprintf("%s (parts of /proc are covered here, as in a container)", err.msg),
			"profiles need Proc=host-bind, which shows the processes of this machine inside",
			xstrdup("start the outer container with podman's --security-opt unmask=ALL or docker's "
				"--security-opt "
				"systempaths=unconfined; or Proc=host-bind in the profile's [Files]"));
}

static void look_seccomp(struct doctor *d, struct doctor_finding *ret)
{
	(void)d;
	if (seccomp_available())
		good(ret, xstrdup("system-call filters can be loaded"));
	else
		lack(ret, xstrdup("this kernel takes no system-call filters"),
			"only profiles with SeccompProfile=unconfined can run",
			xstrdup("a kernel of 4.14 or later with CONFIG_SECCOMP_FILTER"));
}

static void look_landlock(struct doctor *d, struct doctor_finding *ret)
{
	(void)d;
	int abi = landlock_abi();

	if (abi == 0)
		lack(ret, xstrdup("not in this kernel, or not switched on"),
			"layers are unpacked without this one of the unpacker's walls; with Network=host the host's "
			"abstract "
			"sockets can be reached",
			xstrdup("a kernel with CONFIG_SECURITY_LANDLOCK, and landlock first in lsm= of its command "
				"line"));
	else if (abi < LANDLOCK_SCOPE_ABI)
		lack(ret, xasprintf("ABI %d", abi), "with Network=host the host's abstract sockets can be reached",
			xstrdup("Linux 6.12 or later"));
	else
		good(ret, xasprintf("ABI %d", abi));
}

/* look_limits - by trying: a scope of the user's systemd, and what it could hand on. */
static void look_limits(struct doctor *d, struct doctor_finding *ret)
{
	static const char *const controllers[] = {"cpu", "cpuset", "io", "memory", "pids"};
	static const char costs[] = "MemoryMax, CPUQuota, TasksMax and the other limits of a cgroup are refused";
	struct sbx_err err = {0};
	_cleanup_free_ char *run = helper_find("systemd-run");
	_cleanup_free_ char *manager =
		xasprintf("/user.slice/user-%u.slice/user@%u.service", (unsigned)geteuid(), (unsigned)geteuid());

	(void)d;
	if (cgroup_v2_check(&err) < 0) {
		char *cut = strstr(err.msg, ": boot it");
		if (cut)
			*cut = '\0';
		lack(ret, xstrdup(err.msg), costs, xstrdup(cut ? cut + 2 : "cgroup v2"));
		return;
	}
	const char *argv[] = {run, "--user", "--scope", "--quiet", "--property=Delegate=yes", "--", "/bin/true", NULL};
	if (!run || helper_run(argv, &err) < 0) {
		lack(ret,
			run ? xasprintf("your systemd gives no scope: %s", err.msg)
			    : xstrdup("there is no systemd here"),
			costs,
			xstrdup("log in so that a user manager runs (not by su), or loginctl enable-linger; or start "
				"sbx in a "
				"cgroup that is delegated to you"));
		return;
	}
	_cleanup_close_ int fd = cgroup_open(manager, &err);
	_cleanup_strbuf_ struct strbuf missing = {0};
	for (size_t i = 0; fd >= 0 && i < ARRAY_SIZE(controllers); i++)
		if (!cgroup_has(fd, "cgroup.controllers", controllers[i]))
			strbuf_addf(&missing, " %s", controllers[i]);
	if (missing.len == 0)
		good(ret, xstrdup("your systemd gives scopes with cpu, cpuset, io, memory and pids"));
	else
		lack(ret, xasprintf("your systemd gives scopes, but not the controllers%s", missing.s),
			"the limits of these controllers are refused",
			xstrdup("as root: mkdir -p /etc/systemd/system/user@.service.d; (echo '[Service]'; "
				"echo 'Delegate=cpu cpuset io memory pids') "
				">/etc/systemd/system/user@.service.d/delegate.conf; systemctl daemon-reload; "
				"then log out and in"));
}

static void look_tun(struct doctor *d, struct doctor_finding *ret)
{
	(void)d;
	_cleanup_close_ int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	if (fd >= 0)
		good(ret, xstrdup("/dev/net/tun can be opened"));
	else
		lack(ret, xasprintf("/dev/net/tun: %s", strerrordesc_np(errno)),
			"no Network=slirp, which is the default for images, and no Network=pasta: only none and host",
			xstrdup(errno == ENOENT || errno == ENODEV || errno == ENXIO
					? "as root: modprobe tun"
					: "as root: chmod 666 /dev/net/tun"));
}

static void look_pasta(struct doctor *d, struct doctor_finding *ret)
{
	(void)d;
	_cleanup_free_ char *helper = helper_find("pasta");

	if (helper)
		good(ret, xasprintf("%s is there for Network=pasta", helper));
	else
		lack(ret, xstrdup("pasta is not installed"),
			"no Network=pasta, which moves more bytes a second than slirp",
			xstrdup("Debian, Ubuntu: apt-get install passt; Fedora: dnf install passt"));
}

/* look_ping - the kernel lets groups of this range open ICMP sockets; sbx-net has the caller's.  Source: icmp(7). */
static void look_ping(struct doctor *d, struct doctor_finding *ret)
{
	(void)d;
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_ICMP);

	if (fd >= 0)
		good(ret, xstrdup("ping works for you, and so inside"));
	else
		lack(ret, xstrdup("you may not open ICMP sockets"), "ping from inside gets no answer",
			xstrdup("as root: sysctl -w net.ipv4.ping_group_range=\"0 2147483647\""));
}

static void look_programs(struct doctor *d, struct doctor_finding *ret)
{
	static const char *const programs[] = {"sbx-image", "sbx-init", "sbx-net"};

	(void)d;
	for (size_t i = 0; i < ARRAY_SIZE(programs); i++) {
		_cleanup_free_ char *path = own_libexec(programs[i]);
		if (!path) {
			lack(ret, xasprintf("%s is not where it belongs", programs[i]),
				"images cannot be imported, and neither RunInit=yes nor Network=slirp can be",
				xstrdup("install sbx whole: make install"));
			return;
		}
	}
	good(ret, xstrdup("sbx-image, sbx-init and sbx-net are where they belong"));
}

const struct doctor_check doctor_checks[] = {
	{"user-namespaces", "User namespaces", DOCTOR_NEEDED, look_user_namespaces},
	{"subordinate-ids", "Subordinate ids", DOCTOR_BETTER, look_ranges},
	{"id-map-helpers", "Id map helpers", DOCTOR_BETTER, look_map_helpers},
	{"store", "Image store", DOCTOR_NEEDED, look_store},
	{"space", "Space for images", DOCTOR_BETTER, look_space},
	{"overlay-native", "Native overlay", DOCTOR_ONE_STACK, look_native},
	{"fuse-device", "/dev/fuse", DOCTOR_BETTER, look_fuse_device},
	{"overlay-fuse", "FUSE overlay", DOCTOR_ONE_STACK, look_fuse},
	{"proc", "Own /proc", DOCTOR_BETTER, look_proc},
	{"seccomp", "Seccomp", DOCTOR_NEEDED, look_seccomp},
	{"landlock", "Landlock", DOCTOR_BETTER, look_landlock},
	{"limits", "Limits", DOCTOR_BETTER, look_limits},
	{"tun-device", "/dev/net/tun", DOCTOR_BETTER, look_tun},
	{"pasta", "pasta", DOCTOR_BETTER, look_pasta},
	{"ping", "Ping", DOCTOR_BETTER, look_ping},
	{"programs", "sbx's programs", DOCTOR_NEEDED, look_programs},
	{NULL, NULL, DOCTOR_BETTER, NULL},
};
