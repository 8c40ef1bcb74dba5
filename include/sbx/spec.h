/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* sandbox_spec - everything that one run does, as plain data.  The plan fills it, plan_check proves it, and from then
 * on it is constant: the runtime reads this and nothing else, `sbx explain` prints this.  All strings are owned by the
 * spec.  Host paths are absolute; paths inside are absolute and clean (path_clean). */

#include <linux/filter.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/types.h>
#include "sbx/idmap.h"
#include "sbx/nethelper.h"
#include "sbx/strv.h"

/* Where a line of the plan comes from, for `explain` and for messages: "hello.ini:12", "image", "default",
 * "command line". Never NULL in a finished spec. */

enum root_kind {
	ROOT_LAYERS, /* the image's extracted layers */
	ROOT_DIR,    /* Rootfs=DIR */
	ROOT_HOST,   /* Rootfs=/ */
};

enum storage_kind { STORAGE_AUTO, STORAGE_NATIVE, STORAGE_FUSE };
enum scratch_kind { SCRATCH_DISK, SCRATCH_MEMORY };

struct root_spec {
	enum root_kind kind;
	struct strv lower;           /* host directories, topmost first */
	enum storage_kind storage;   /* auto: native is tried, fuse-overlayfs where the kernel refuses */
	enum scratch_kind scratch;   /* where the ephemeral upper layer lives */
	uint64_t scratch_size_bytes; /* of SCRATCH_MEMORY; 0: the kernel's default, half of the memory */
	char *scratch_parent;        /* host directory below which a run makes its own scratch directory (disk) */
	bool read_only;
	char *origin;
	char *stacking; /* for explain: what probing says of this root, "native overlay: works here"; NULL: not probed
			 */
};

/* What one mount operation does.  One table in the runtime (mount_op.c) gives each its function; the order in the spec
 * is the order of execution. */
enum mount_op_kind {
	MOUNT_OP_BIND,    /* src: host path; a file, a directory, a socket */
	MOUNT_OP_DEVICE,  /* src: host device node, checked to be one; bound, never made */
	MOUNT_OP_TMPFS,   /* size_bytes, mode */
	MOUNT_OP_PROC,    /* a new procfs of the sandbox's PID namespace, or with MOUNT_OP_HOST the host's, bound */
	MOUNT_OP_SYSFS,   /* a new sysfs of the network namespace, or with MOUNT_OP_HOST the host's, bound, read-only */
	MOUNT_OP_CGROUP,  /* cgroup2 of the cgroup namespace, read-only; optional where the host has none */
	MOUNT_OP_DEV,     /* a fresh tmpfs with null zero full random urandom tty, pts, shm, mqueue, ptmx, fd, std* */
	MOUNT_OP_FILE,    /* a file made by sbx: content; bound over dst from the scratch directory */
	MOUNT_OP_OVERLAY, /* src: host directory, or NULL for the new root's own dst: a writable view, changes in
			     scratch */
	MOUNT_OP_MASK,    /* nothing can be seen at dst: an empty file or directory, read-only, mode 0 */
	MOUNT_OP_READONLY, /* the part of the tree at dst becomes read-only; missing dst is fine */
	MOUNT_OP_UNMASK,   /* placeholder the plan consumes; never in a finished spec */
};

enum {
	MOUNT_OP_RECURSIVE = 1 << 0, /* BIND: with the mounts below src */
	MOUNT_OP_OPTIONAL =
		1 << 1, /* a missing src (BIND, DEVICE, OVERLAY), dst (MASK) or its directory (FILE) is no error */
	MOUNT_OP_CREATE = 1 << 2,    /* BIND: make a missing src directory on the host, 0700; MASK: plan_prepare does */
	MOUNT_OP_HOST = 1 << 3,      /* PROC, SYSFS: bind the host's */
	MOUNT_OP_WITH_DEV = 1 << 4,  /* BIND: the profile's line says `dev`: no MOUNT_ATTR_NODEV */
	MOUNT_OP_WITH_SUID = 1 << 5, /* BIND: the profile's line says `suid`: no MOUNT_ATTR_NOSUID */
};

struct mount_op {
	enum mount_op_kind kind;
	char *src;      /* host path or NULL; MASK: NULL, or the host path that shows up at dst, for explain alone */
	char *dst;      /* inside */
	uint64_t attrs; /* MOUNT_ATTR_RDONLY, NOSUID, NODEV, NOEXEC */
	unsigned flags; /* MOUNT_OP_* */
	uint64_t size_bytes; /* TMPFS; /dev/shm's for DEV; 0: default */
	mode_t mode;         /* TMPFS, FILE; 0: 0755, 0644 */
	char *content;       /* FILE: its bytes, text */
	char *origin;
};

enum net_kind {
	NET_NONE,    /* a loopback of its own */
	NET_HOST,    /* the host's own network namespace */
	NET_SLIRP,   /* a tap, served by sbx-net */
	NET_PASTA,   /* an interface that pasta makes and serves */
	NET_SANDBOX, /* the network namespace of another sandbox, and its user namespace, which owns it */
};

/* One port inside that the host reaches. */
struct port_spec {
	bool udp;
	struct net_addr host_addr; /* where the host listens */
	uint16_t host_port, port;
	char *origin;
};

struct net_spec {
	enum net_kind kind;
	char *helper_path; /* host path of sbx-net or pasta; NULL: none is needed */
	char *joined;      /* NET_SANDBOX: the other's name */
	bool ipv6;
	bool log; /* new connections are written to the sandbox's network log */
	struct port_spec *ports;
	size_t n_ports;
	uint16_t *host_ports; /* on the host's loopback, that the inside may reach */
	size_t n_host_ports;
	struct net_server servers[NET_DNS_SERVERS_MAX]; /* DNS=; none: the host's, followed as they change */
	size_t n_servers;
	struct strv allow_domains, allow_addresses; /* as written; both empty: all */
	char *origin;
};

struct process_spec {
	struct strv argv; /* at least one */
	char *argv_origin;
	struct strv env; /* NAME=VALUE; HOME, PATH, TERM and so on included; HOME only if known without the image's
			    passwd */
	struct strv env_origins; /* where each of env comes from */
	char *cwd;               /* inside; made where missing */
	char *cwd_origin, *user_origin, *host_name_origin, *nice_origin, *oom_origin;
	char *user, *group; /* as written: a name or a number of the image's passwd and group; group NULL: the user's */
	struct strv groups; /* SupplementaryGroups, likewise */
	bool keep_groups;
	char *host_name;
	enum terminal_mode { TERMINAL_AUTO, TERMINAL_YES, TERMINAL_NO } terminal;
	bool run_init;   /* sbx-init is process 1 */
	char *init_path; /* host path of sbx-init, where run_init */
	int stop_signal;
	uint64_t stop_timeout_ms;
	uint64_t runtime_max_ms; /* 0: no limit */
	mode_t umask;
	int nice; /* added; 0: unchanged */
	bool set_oom_score_adj;
	int oom_score_adj;
};

/* What is written to one file of the sandbox's cgroup. */
struct cgroup_line {
	const char *controller, *file; /* "memory", "memory.max"; static */
	char *text;
	const char *key; /* of [Limits]; static */
	char *origin;
};

struct cgroup_spec {
	struct cgroup_line *lines;
	size_t n;         /* 0: no cgroup is made */
	char *memory_max; /* MemoryMax= as written, for the message of who met it; NULL: none */
	bool try_only;    /* Enforce=try: what cannot be enforced is said, and the run goes on */
};

struct rlimit_spec {
	int resource;     /* RLIMIT_* */
	const char *name; /* "NOFILE", static */
	struct rlimit limit;
	char *origin;
};

struct security_spec {
	uint64_t caps; /* bit N: capability N is in the bounding set, and in permitted and effective of a uid 0 program
			*/
	char *caps_text;    /* the same as names, for explain: "CHOWN KILL", "none" */
	bool caps_explicit; /* AddCapability named some: they are given to a program that is not uid 0 as well (ambient
			       stays empty) */
	bool no_new_privs;
	char *seccomp_name;          /* "default", "strict" ... or the JSON file's path; "unconfined": no filter */
	struct sock_filter *seccomp; /* compiled, owned; NULL with 0: none */
	size_t seccomp_len;          /* instructions */
	bool fake_root;              /* a second filter answers calls that change ownership with success */
	bool scope_abstract_unix;    /* Landlock scope: no abstract sockets of the host (Network=host), where the kernel
					has it */
	char *origin;
};

struct sandbox_spec {
	char *name;
	bool name_given;    /* it was asked for, and no other will do */
	char *image;        /* as asked for, or NULL */
	char *image_digest; /* of the manifest, "sha256:…", or NULL */
	struct idmap_pair maps;
	const char *userns_mode; /* "single", "subuid", "keep-id", "map": static text for explain */
	char *userns_origin;
	struct root_spec root;
	struct mount_op *mounts;
	size_t n_mounts;
	struct net_spec net;
	struct process_spec process;
	struct security_spec security;
	struct cgroup_spec cgroup;
	struct rlimit_spec *rlimits;
	size_t n_rlimits;
	struct strv notes; /* what the person should know: downgrades, "escape" labels; one line each */
};

struct sandbox_spec *spec_new(void); /* zeroed, with net none and terminal auto */
void spec_free(struct sandbox_spec *spec);
static inline void spec_freep(struct sandbox_spec **p)
{
	spec_free(*p);
}
#define _cleanup_spec_ __attribute__((cleanup(spec_freep)))

/* spec_add_mount - append an operation; takes copies of the strings.  Returns it for further fields; the pointer is
 * good until the next call. */
struct mount_op *spec_add_mount(
	struct sandbox_spec *spec, enum mount_op_kind kind, const char *src, const char *dst, const char *origin);
const char *mount_op_name(enum mount_op_kind kind); /* "bind", "tmpfs" … */
const char *net_kind_name(enum net_kind kind);      /* "none", "slirp" … */

/* spec_print_text, spec_print_json - what `sbx explain` shows.  Strings that may come from an image or a file are
 * escaped.
 * @out: borrowed.  spec_print_json: 0, or -EIO where @out takes no more.  The JSON document's fields are named in
 * print_json.c and do not change their meaning. */
void spec_print_text(const struct sandbox_spec *spec, FILE *out);
int spec_print_json(const struct sandbox_spec *spec, FILE *out);
