/* SPDX-License-Identifier: Apache-2.0 */

/* What the directory of a running sandbox says of it, as JSON: {"name", "pid", "network", "cgroup" (a path or null),
 * "image", "command": [...], "created": seconds since 1970, "launcher", "stop_signal",
 * "stop_timeout_ms", "ports"}.  Written once, before the program starts; read by other
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

/* ports_text - "127.0.0.1:8080->80/tcp, …", as docker writes them. */
static char *ports_text(const struct net_spec *net)
{
	struct strbuf text = {0};
	strbuf_add(&text, "");
	for (size_t i = 0; i < net->n_ports; i++) {
		char address[NET_ADDR_TEXT_MAX];
		const struct port_spec *port = &net->ports[i];
		net_addr_text(&port->host_addr, address);
		strbuf_addf(&text, net_addr_is4(&port->host_addr) ? "%s%s:%u->%u/%s" : "%s[%s]:%u->%u/%s",
			i ? ", " : "", address, port->host_port, port->port, port->udp ? "udp" : "tcp");
	}
	return strbuf_steal(&text);
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
	json_object_set_new(record, "launcher", json_integer(getpid()));
	json_object_set_new(record, "stop_signal", json_integer(spec->process.stop_signal));
	json_object_set_new(record, "stop_timeout_ms", json_integer((json_int_t)spec->process.stop_timeout_ms));
	_cleanup_free_ char *ports = ports_text(&spec->net);
	json_object_set_new(record, "ports", text_json(ports));
	_cleanup_free_ char *text = json_dumps(record, JSON_COMPACT);
	/* Under another name first: a reader sees the whole record or none. */
	_cleanup_close_ int fd =
		openat(state->fd, STATE_RECORD ".new", O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r = fd < 0 ? -errno : write_all(fd, text, strlen(text));
	if (r == 0 && renameat(state->fd, STATE_RECORD ".new", state->fd, STATE_RECORD) < 0)
		r = -errno;
	return r < 0 ? sbx_fail(err, r, "write what is known of %s", state->name) : 0;
}

static void take_text(const json_t *value, char *ret, size_t size)
{
	const char *text = json_string_value(value);
	snprintf(ret, size, "%s", text ? text : "");
}

/* record_take - -EPROTO where it is not what state_write writes. */
static int record_take(const json_t *record, struct state_record *ret)
{
	json_int_t pid, launcher, stop_signal, stop_timeout_ms, created;
	const json_t *command = json_object_get(record, "command");
	if (json_unpack((json_t *)(uintptr_t)record, "{s:I, s:I, s:I, s:I, s:I}", "pid", &pid, "launcher", &launcher,
		    "stop_signal", &stop_signal, "stop_timeout_ms", &stop_timeout_ms, "created", &created) < 0)
		return -EPROTO;
	if (pid <= 0 || pid > INT32_MAX || launcher <= 0 || launcher > INT32_MAX || stop_signal <= 0 ||
		stop_signal > 64 || stop_timeout_ms < 0)
		return -EPROTO;
	ret->pid = (pid_t)pid;
	ret->launcher = (pid_t)launcher;
	ret->stop_signal = (int)stop_signal;
	ret->stop_timeout_ms = (uint64_t)stop_timeout_ms;
	ret->created_s = created;
	take_text(json_object_get(record, "network"), ret->network, sizeof ret->network);
	take_text(json_object_get(record, "cgroup"), ret->cgroup, sizeof ret->cgroup);
	take_text(json_object_get(record, "image"), ret->image, sizeof ret->image);
	take_text(json_object_get(record, "ports"), ret->ports, sizeof ret->ports);
	_cleanup_strv_ struct strv words = {0};
	for (size_t i = 0; i < json_array_size(command); i++)
		strv_add(&words, json_string_value(json_array_get(command, i)) ?: "");
	_cleanup_free_ char *quoted = words_quote(&words);
	snprintf(ret->command, sizeof ret->command, "%s", quoted);
	return 0;
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
	json_auto_t *record = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	return record_take(record, ret) < 0
		       ? sbx_fail_plain(err, -EPROTO, "what is known of %s is of another version of sbx", name)
		       : 0;
}
