/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The options that run and explain share: each is a profile key in short form. */

#include <stdbool.h>
#include "cli.h"
#include "sbx/strv.h"

/* The numbers of options that are more than a key's short form. */
enum run_option_id {
	RUN_KEY = 1, /* nothing but its `set` */
	RUN_ROOT,    /* --image, --rootfs: there is no profile then */
	RUN_NAME,
	RUN_SET,
	RUN_MOUNT,
	RUN_ULIMIT,
	RUN_SECURITY_OPT,
	RUN_DETACH,
	RUN_QUIET,
	RUN_LOG_LEVEL,
	RUN_OWN, /* the first that a command may use for itself */
};

/* What the words of the command line ask for. */
struct run_words {
	struct strv sets; /* "Section.Key=Value", in order */
	const char *name; /* --name, or NULL */
	bool has_root;
	bool quiet;
	const char *profile; /* NULL: none */
	struct strv command;
};
void run_words_free(struct run_words *words);

/* run_option_take - one of the shared options.  0, or -errno with @err. */
int run_option_take(const struct cli_option *option, const char *value, struct run_words *words, struct sbx_err *err);

/* run_operands - what stands behind the options: PROFILE [-- COMMAND...], or with --image or --rootfs
 * [--] COMMAND...  @first: index of the first operand. */
int run_operands(int argc, char **argv, int first, struct run_words *words, struct sbx_err *err);

/* run_mount_set, run_ulimit_set, run_security_set - the values of --mount, --ulimit, --security-opt as sets
 * (run_values.c). */
int run_mount_set(const char *value, struct strv *sets, struct sbx_err *err);
int run_ulimit_set(const char *value, struct strv *sets, struct sbx_err *err);
int run_security_set(const char *value, struct strv *sets, struct sbx_err *err);

/* clang-format off */
/* NAME, letter, kind and name of the value, help, id, and what it sets: "Section.Key" takes the value as one word,
 * "Section.Key=%s" as it is written, "Section.Key=yes" nothing of it. */
#define RUN_OPTIONS \
	{"image", 0, CLI_ARG_IMAGE, "IMAGE", "run on this image, without a profile", RUN_ROOT, "Sandbox.Image"}, \
	{"rootfs", 0, CLI_ARG_DIR, "DIR", "run on this directory, without a profile; / is the host's own tree", RUN_ROOT, "Sandbox.Rootfs"}, \
	{"name", 0, CLI_ARG_TEXT, "NAME", "the sandbox's name", RUN_NAME, NULL}, \
	{"keep", 0, CLI_ARG_NONE, NULL, "keep its changes under its name", RUN_KEY, "Sandbox.Ephemeral=no"}, \
	{"rm", 0, CLI_ARG_NONE, NULL, "forget its changes when it ends, whatever the profile says", RUN_KEY, "Sandbox.Ephemeral=yes"}, \
	{"detach", 'd', CLI_ARG_NONE, NULL, "in the background", RUN_DETACH, NULL}, \
	{"tty", 't', CLI_ARG_NONE, NULL, "a new terminal for the program", RUN_KEY, "Exec.Terminal=yes"}, \
	{"env", 'e', CLI_ARG_TEXT, "NAME[=VALUE]", "set a variable; NAME alone copies the host's", RUN_KEY, "Exec.Environment"}, \
	{"env-file", 0, CLI_ARG_FILE, "FILE", "set variables from a file of NAME=VALUE lines", RUN_KEY, "Exec.EnvironmentFile"}, \
	{"volume", 'v', CLI_ARG_TEXT, "SRC:DST[:OPTS]", "show a host path (with a /) or a named volume inside", RUN_KEY, "Files.Volume"}, \
	{"mount", 0, CLI_ARG_TEXT, "type=TYPE,...", "bind, volume or tmpfs: source=, target=, readonly, tmpfs-size=, tmpfs-mode=", RUN_MOUNT, NULL}, \
	{"tmpfs", 0, CLI_ARG_TEXT, "DST[:OPTS]", "an empty file system in memory", RUN_KEY, "Files.TemporaryFileSystem"}, \
	{"device", 0, CLI_ARG_TEXT, "/dev/X[:DST[:rwm]]", "a device node of the host", RUN_KEY, "Files.Device"}, \
	{"publish", 'p', CLI_ARG_TEXT, "[[IP:]HOSTPORT:]PORT", "a port inside that the host reaches", RUN_KEY, "Network.PublishPort"}, \
	{"network", 0, CLI_ARG_TEXT, "NETWORK", "none, slirp, pasta, host or sandbox:NAME", RUN_KEY, "Network.Network"}, \
	{"dns", 0, CLI_ARG_TEXT, "IP", "a name server", RUN_KEY, "Network.DNS"}, \
	{"add-host", 0, CLI_ARG_TEXT, "NAME:IP", "a line for /etc/hosts", RUN_KEY, "Network.AddHost"}, \
	{"allow-domain", 0, CLI_ARG_TEXT, "NAME[:PORT]", "a name that may be reached; all else is refused", RUN_KEY, "Network.AllowDomain"}, \
	{"workdir", 'w', CLI_ARG_TEXT, "DIR", "the directory to start in", RUN_KEY, "Exec.WorkingDirectory"}, \
	{"user", 'u', CLI_ARG_TEXT, "USER[:GROUP]", "names or numbers inside", RUN_KEY, "Exec.User"}, \
	{"hostname", 0, CLI_ARG_TEXT, "NAME", "the host name inside", RUN_KEY, "Exec.HostName"}, \
	{"entrypoint", 0, CLI_ARG_TEXT, "PROGRAM", "instead of the image's Entrypoint; empty for none", RUN_KEY, "Exec.Entrypoint"}, \
	{"init", 0, CLI_ARG_NONE, NULL, "a small init as process 1", RUN_KEY, "Exec.RunInit=yes"}, \
	{"memory", 'm', CLI_ARG_TEXT, "SIZE", "memory; beyond it the kernel kills", RUN_KEY, "Limits.MemoryMax"}, \
	{"cpus", 0, CLI_ARG_TEXT, "NUMBER", "processor time as a number of processors", RUN_KEY, "Limits.CPUs=%s"}, \
	{"cpuset-cpus", 0, CLI_ARG_TEXT, "LIST", "processors it may use", RUN_KEY, "Limits.AllowedCPUs"}, \
	{"pids-limit", 0, CLI_ARG_TEXT, "NUMBER", "processes and threads", RUN_KEY, "Limits.TasksMax"}, \
	{"shm-size", 0, CLI_ARG_TEXT, "SIZE", "size of /dev/shm", RUN_KEY, "Limits.ShmSize"}, \
	{"ulimit", 0, CLI_ARG_TEXT, "NAME=SOFT[:HARD]", "a limit of setrlimit(2), nofile=1024", RUN_ULIMIT, NULL}, \
	{"read-only", 0, CLI_ARG_NONE, NULL, "the root file system is read-only", RUN_KEY, "Sandbox.ReadOnly=yes"}, \
	{"cap-add", 0, CLI_ARG_TEXT, "NAME", "a capability beyond the default, or all", RUN_KEY, "Security.AddCapability"}, \
	{"cap-drop", 0, CLI_ARG_TEXT, "NAME", "a capability to take away, or all", RUN_KEY, "Security.DropCapability"}, \
	{"security-opt", 0, CLI_ARG_TEXT, "OPTION", "seccomp=PROFILE or no-new-privileges[=yes|no]", RUN_SECURITY_OPT, NULL}, \
	{"userns", 0, CLI_ARG_TEXT, "MODE", "auto, single, subuid or keep-id[:uid=N,gid=N]", RUN_KEY, "Security.UserNS"}, \
	{"pull", 0, CLI_ARG_CHOICE, "missing|always|never|newer", "when to ask for the image anew", RUN_KEY, "Sandbox.Pull"}, \
	{"platform", 0, CLI_ARG_TEXT, "OS/ARCH[/VARIANT]", "from an image for many platforms, this one", RUN_KEY, "Sandbox.Platform"}, \
	{"timeout", 0, CLI_ARG_TEXT, "TIME", "stop it after so long", RUN_KEY, "Exec.RuntimeMaxSec"}, \
	{"stop-signal", 0, CLI_ARG_TEXT, "SIGNAL", "the signal that asks the program to end", RUN_KEY, "Exec.StopSignal"}, \
	{"stop-timeout", 0, CLI_ARG_TEXT, "TIME", "the time from that to SIGKILL", RUN_KEY, "Exec.StopTimeout"}, \
	{"set", 0, CLI_ARG_KEY, "Section.Key=VALUE", "any key of the profile", RUN_SET, NULL}, \
	{"quiet", 'q', CLI_ARG_NONE, NULL, "say nothing but errors", RUN_QUIET, NULL}, \
	{"log-level", 0, CLI_ARG_CHOICE, "error|warning|info|debug", "how much to say", RUN_LOG_LEVEL, NULL}
/* clang-format on */
