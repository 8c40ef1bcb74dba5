/* SPDX-License-Identifier: Apache-2.0 */

/* What the directory of a running sandbox says of it, as JSON: {"name", "pid", "network", "cgroup" (a path or null),
 * "image", "command": [...], "created": seconds since 1970}.  Written once, before the program starts; read by other
 * commands without a lock. */

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "sbx/cleanup.h"
#include "sbx/fdio.h"
#include "sbx/str.h"
#include "state_run.h"

#define RECORD_MAX_BYTES (1u << 20)

static json_t *text_json(const char *text)
{
	if (!text)
		return json_null();
	json_t *value = json_string(text);
	if (value)
		return value;
	_cleanup_free_ char *safe = text_escape(text); /* not UTF-8 */
	return json_string(safe);
}

int state_write(const struct run_state *state, const struct sandbox_spec *spec, pid_t pid, const char *cgroup,
	struct sbx_err *err)
{
	json_auto_t *record = json_object();
	json_t *command = json_array();
	json_object_set_new(record, "name", json_string(state->name));
	json_object_set_new(record, "pid", json_integer(pid));
	json_object_set_new(record, "network", json_string(net_kind_name(spec->net.kind)));
	json_object_set_new(record, "cgroup", text_json(cgroup));
	json_object_set_new(record, "image", text_json(spec->image));
	for (size_t i = 0; i < spec->process.argv.n; i++)
		json_array_append_new(command, text_json(spec->process.argv.v[i]));
	json_object_set_new(record, "command", command);
	json_object_set_new(record, "created", json_integer(time(NULL)));
	_cleanup_free_ char *text = json_dumps(record, JSON_COMPACT);
	/* Under another name first: a reader sees the whole record or none. */
	_cleanup_close_ int fd =
		openat(state->fd, STATE_RECORD ".new", O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r = fd < 0 ? -errno : write_all(fd, text, strlen(text));
	if (r == 0 && renameat(state->fd, STATE_RECORD ".new", state->fd, STATE_RECORD) < 0)
		r = -errno;
	return r < 0 ? sbx_fail(err, r, "write what is known of %s", state->name) : 0;
}

int state_read(const char *name, struct state_record *ret, struct sbx_err *err)
{
	_cleanup_close_ int dir = state_open(name, err);
	_cleanup_free_ char *text = NULL;
	size_t len;
	*ret = (struct state_record){0};
	if (dir < 0)
		return dir;
	int r = read_file_at(dir, STATE_RECORD, RECORD_MAX_BYTES, &text, &len, err);
	if (r == -ENOENT)
		return sbx_fail_plain(err, r, "%s is just being started", name);
	if (r < 0)
		return r;
	const char *network;
	json_int_t pid;
	json_auto_t *record = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	if (!record || json_unpack(record, "{s:I, s:s}", "pid", &pid, "network", &network) < 0 || pid <= 0 ||
		pid > INT32_MAX)
		return sbx_fail_plain(err, -EPROTO, "what is known of %s is of another version of sbx", name);
	ret->pid = (pid_t)pid;
	const char *cgroup = json_string_value(json_object_get(record, "cgroup"));
	snprintf(ret->cgroup, sizeof ret->cgroup, "%s", cgroup ? cgroup : "");
	snprintf(ret->network, sizeof ret->network, "%s", network);
	return 0;
}
