/* SPDX-License-Identifier: Apache-2.0 */

/* A spec in plain words: what `sbx explain` shows.  Each part names in brackets the profile line behind it. */

#include <inttypes.h>
#include <string.h>
#include "describe.h"
#include "sbx/cleanup.h"
#include "sbx/parse.h"
#include "sbx/spec.h"
#include "sbx/str.h"

/* print_escaped - for text that may come from an image or a file. */
static void print_escaped(FILE *out, const char *text)
{
	_cleanup_free_ char *safe = text_escape(text ? text : "");
	fputs(safe, out);
}

static void print_heading(FILE *out, const char *title, const char *origin)
{
	fprintf(out, "\n%s", title);
	if (origin) {
		fputs("  [", out);
		print_escaped(out, origin);
		fputc(']', out);
	}
	fputc('\n', out);
}

static void print_field(FILE *out, const char *name, const char *value)
{
	fprintf(out, "  %-14s ", name);
	print_escaped(out, value);
	fputc('\n', out);
}

/* print_known - a field, and where it comes from. */
static void print_known(FILE *out, const char *name, const char *value, const char *origin)
{
	fprintf(out, "  %-14s ", name);
	print_escaped(out, value);
	fputs("  [", out);
	print_escaped(out, origin);
	fputs("]\n", out);
}

static void print_map(FILE *out, const char *what, const struct idmap *map)
{
	for (size_t i = 0; i < map->n; i++) {
		const struct idmap_extent *e = &map->extents[i];
		if (e->count == 1)
			fprintf(out, "  %s %" PRIu32 " inside is %" PRIu32 " on the host\n", what, e->inside,
				e->outside);
		else
			fprintf(out,
				"  %s %" PRIu32 " to %" PRIu32 " inside are %" PRIu32 " to %" PRIu32 " on the host\n",
				what, e->inside, e->inside + (e->count - 1), e->outside, e->outside + (e->count - 1));
	}
}

static void print_users(FILE *out, const struct sandbox_spec *spec)
{
	print_heading(out, "User and group ids", spec->userns_origin);
	print_field(out, "mode", spec->userns_mode);
	print_map(out, "uid", &spec->maps.uid);
	print_map(out, "gid", &spec->maps.gid);
	fputs(spec->maps.by_helper ? "  newuidmap and newgidmap write these maps\n"
				   : "  sbx writes these maps itself; setgroups is denied\n",
		out);
}

static void print_root(FILE *out, const struct sandbox_spec *spec)
{
	const struct root_spec *root = &spec->root;
	print_heading(out, "Root file system", root->origin);
	if (root->kind == ROOT_LAYERS)
		fprintf(out, "  %zu layer%s, topmost first:\n", root->lower.n, root->lower.n == 1 ? "" : "s");
	else
		fputs(root->kind == ROOT_HOST ? "  the host's own tree:\n" : "  a directory of the host:\n", out);
	for (size_t i = 0; i < root->lower.n; i++) {
		fputs("    ", out);
		print_escaped(out, root->lower.v[i]);
		fputc('\n', out);
	}
	if (root->read_only)
		fputs("  read-only\n", out);
	else if (root->scratch == SCRATCH_MEMORY && root->scratch_size_bytes)
		fprintf(out, "  changes stay in memory, at most %" PRIu64 " bytes, and vanish when it ends\n",
			root->scratch_size_bytes);
	else if (root->scratch == SCRATCH_MEMORY)
		fputs("  changes stay in memory and vanish when it ends\n", out);
	else
		fputs("  changes go to a scratch directory and vanish when it ends\n", out);
	if (root->scratch_parent)
		print_field(out, "scratch below", root->scratch_parent);
	print_field(out, "storage", storage_kind_name(root->storage));
	if (root->stacking)
		print_field(out, "stacked by", root->stacking);
}

static void print_mounts(FILE *out, const struct sandbox_spec *spec)
{
	print_heading(out, "Mounts, in this order", NULL);
	for (size_t i = 0; i < spec->n_mounts; i++) {
		const struct mount_op *op = &spec->mounts[i];
		_cleanup_free_ char *sentence = mount_op_sentence(op);
		_cleanup_free_ char *dst = text_escape(op->dst);
		fprintf(out, "  %-24s %s  [", dst, sentence);
		print_escaped(out, op->origin);
		fputs("]\n", out);
	}
}

static void print_network(FILE *out, const struct sandbox_spec *spec)
{
	_cleanup_strv_ struct strv lines = {0};
	print_heading(out, "Network", spec->net.origin);
	net_lines(&spec->net, &lines);
	for (size_t i = 0; i < lines.n; i++) {
		fputs("  ", out);
		print_escaped(out, lines.v[i]);
		fputc('\n', out);
	}
}

static void print_identity(FILE *out, const struct process_spec *process)
{
	_cleanup_strbuf_ struct strbuf who = {0};
	strbuf_add(&who, process->user);
	if (process->group)
		strbuf_addf(&who, ", group %s", process->group);
	for (size_t i = 0; i < process->groups.n; i++)
		strbuf_addf(&who, "%s%s", i ? " " : ", also in ", process->groups.v[i]);
	if (process->keep_groups)
		strbuf_add(&who, ", keeping your own supplementary groups");
	print_known(out, "as user", who.s, process->user_origin);
}

static void print_process(FILE *out, const struct sandbox_spec *spec)
{
	const struct process_spec *process = &spec->process;
	_cleanup_free_ char *command = words_quote(&process->argv);
	print_heading(out, "Program", process->argv_origin);
	print_field(out, "runs", command);
	print_known(out, "in directory", process->cwd, process->cwd_origin);
	print_identity(out, process);
	print_known(out, "host name", process->host_name, process->host_name_origin);
	print_field(out, "terminal",
		process->terminal == TERMINAL_YES ? "a new one" : "none, the three descriptors pass through");
	print_field(out, "process 1",
		process->run_init ? "sbx-init, which reaps and forwards signals" : "the program itself");
	fprintf(out, "  %-14s %s, SIGKILL after %" PRIu64 " ms\n", "stopped by", signal_name(process->stop_signal),
		process->stop_timeout_ms);
	if (process->runtime_max_ms)
		fprintf(out, "  %-14s %" PRIu64 " ms\n", "runs at most", process->runtime_max_ms);
	fprintf(out, "  %-14s %04o\n", "umask", (unsigned)process->umask);
	char number[16];
	snprintf(number, sizeof number, "%+d", process->nice);
	if (process->nice)
		print_known(out, "nice", number, process->nice_origin);
	snprintf(number, sizeof number, "%d", process->oom_score_adj);
	if (process->set_oom_score_adj)
		print_known(out, "oom score adj", number, process->oom_origin);
	fputs("  environment\n", out);
	for (size_t i = 0; i < process->env.n; i++) {
		fputs("    ", out);
		print_escaped(out, process->env.v[i]);
		fputs("  [", out);
		print_escaped(out, i < process->env_origins.n ? process->env_origins.v[i] : NULL);
		fputs("]\n", out);
	}
}

static void print_limit_value(FILE *out, rlim_t value)
{
	if (value == RLIM_INFINITY)
		fputs("infinity", out);
	else
		fprintf(out, "%" PRIu64, (uint64_t)value);
}

static void print_limits(FILE *out, const struct sandbox_spec *spec)
{
	if (!spec->n_rlimits && !spec->cgroup.n)
		return;
	print_heading(out, "Limits", NULL);
	for (size_t i = 0; i < spec->cgroup.n; i++) {
		const struct cgroup_line *line = &spec->cgroup.lines[i];
		fprintf(out, "  %-14s its cgroup's %s is %s  [", line->key, line->file, line->text);
		print_escaped(out, line->origin);
		fputs("]\n", out);
	}
	if (spec->cgroup.try_only && spec->cgroup.n)
		fputs("  Enforce=try: where the cgroup cannot be had, that is said and the run goes on\n", out);
	for (size_t i = 0; i < spec->n_rlimits; i++) {
		const struct rlimit_spec *limit = &spec->rlimits[i];
		fprintf(out, "  %-14s ", limit->name);
		print_limit_value(out, limit->limit.rlim_cur);
		fputs(", hard ", out);
		print_limit_value(out, limit->limit.rlim_max);
		fputs("  [", out);
		print_escaped(out, limit->origin);
		fputs("]\n", out);
	}
}

static void print_security(FILE *out, const struct sandbox_spec *spec)
{
	const struct security_spec *security = &spec->security;
	print_heading(out, "Security", security->origin);
	print_field(out, "capabilities", security->caps_text);
	print_field(out, "new privileges", security->no_new_privs ? "never" : "allowed");
	fprintf(out, "  %-14s ", "system calls");
	print_escaped(out, security->seccomp_name);
	if (security->seccomp)
		fprintf(out, " filter, %zu instructions\n", security->seccomp_len);
	else
		fputs(": no filter\n", out);
	if (security->fake_root)
		print_field(out, "fake root", "calls that change ownership succeed without effect");
	if (security->scope_abstract_unix)
		print_field(out, "landlock", "the host's abstract sockets are out of reach");
}

void spec_print_text(const struct sandbox_spec *spec, FILE *out)
{
	fputs("Sandbox ", out);
	print_escaped(out, spec->name);
	fputc('\n', out);
	if (spec->image)
		print_field(out, "image", spec->image);
	if (spec->image_digest)
		print_field(out, "digest", spec->image_digest);
	print_users(out, spec);
	print_root(out, spec);
	print_mounts(out, spec);
	print_network(out, spec);
	print_process(out, spec);
	print_limits(out, spec);
	print_security(out, spec);
	if (spec->notes.n)
		print_heading(out, "Notes", NULL);
	for (size_t i = 0; i < spec->notes.n; i++) {
		fputs("  ", out);
		print_escaped(out, spec->notes.v[i]);
		fputc('\n', out);
	}
}
