/* SPDX-License-Identifier: Apache-2.0 */

/* A spec as one JSON document: `sbx explain --format json`.  The fields, stable once published:
 *
 * name, image, image_digest; userns {mode, origin, by_helper, uid_map, gid_map: [{inside, outside, count}]};
 * root {kind, lower: [PATH], storage, stacking, scratch, scratch_parent, scratch_size_bytes, read_only, origin};
 * mounts [{kind, source, destination, read_only, nosuid, nodev, noexec, recursive, optional, create, host, size_bytes,
 * mode, content, origin}]; network {kind, joined, ipv6, log,
 * ports: [{protocol, host_address, host_port, port, origin}], host_ports: [PORT], servers: [IP#PORT], empty where the
 * host's are followed, allow_domains: [TEXT], allow_addresses: [TEXT], origin}; process {argv, origin, env,
 * env_origins, cwd, cwd_origin, user, user_origin, group, groups, keep_groups, host_name, host_name_origin, terminal,
 * run_init, stop_signal, stop_timeout_ms, runtime_max_ms, umask, nice, oom_score_adj}; limits [{name, soft, hard,
 * origin}], infinity as null; cgroup [{key, file, text, origin}]; security {capabilities: [NAME],
 * capabilities_explicit, no_new_privs, seccomp, seccomp_instructions, fake_root, scope_abstract_unix, origin}; notes
 * [TEXT]. A text that is not UTF-8 is given with its bytes escaped (text_escape). */

#include <errno.h>
#include <jansson.h>
#include <linux/mount.h>
#include <stdlib.h>
#include "describe.h"
#include "sbx/cleanup.h"
#include "sbx/parse.h"
#include "sbx/spec.h"
#include "sbx/str.h"

static json_t *text_json(const char *text)
{
	if (!text)
		return json_null();
	json_t *value = json_string(text);
	if (value)
		return value;
	_cleanup_free_ char *safe = text_escape(text);
	return json_string(safe);
}

static void set_text(json_t *object, const char *name, const char *text)
{
	json_object_set_new(object, name, text_json(text));
}

static void set_bool(json_t *object, const char *name, bool value)
{
	json_object_set_new(object, name, json_boolean(value));
}

/* JSON numbers of jansson are signed; a size beyond that cannot come out of the profile's parser. */
static void set_number(json_t *object, const char *name, uint64_t value)
{
	json_object_set_new(object, name, json_integer((json_int_t)value));
}

static json_t *list_json(const struct strv *list)
{
	json_t *array = json_array();
	for (size_t i = 0; i < list->n; i++)
		json_array_append_new(array, text_json(list->v[i]));
	return array;
}

static json_t *map_json(const struct idmap *map)
{
	json_t *array = json_array();
	for (size_t i = 0; i < map->n; i++) {
		json_t *extent = json_object();
		set_number(extent, "inside", map->extents[i].inside);
		set_number(extent, "outside", map->extents[i].outside);
		set_number(extent, "count", map->extents[i].count);
		json_array_append_new(array, extent);
	}
	return array;
}

static json_t *userns_json(const struct sandbox_spec *spec)
{
	json_t *object = json_object();
	set_text(object, "mode", spec->userns_mode);
	set_text(object, "origin", spec->userns_origin);
	set_bool(object, "by_helper", spec->maps.by_helper);
	json_object_set_new(object, "uid_map", map_json(&spec->maps.uid));
	json_object_set_new(object, "gid_map", map_json(&spec->maps.gid));
	return object;
}

static json_t *root_json(const struct root_spec *root)
{
	json_t *object = json_object();
	set_text(object, "kind", root_kind_name(root->kind));
	json_object_set_new(object, "lower", list_json(&root->lower));
	set_text(object, "storage", storage_kind_name(root->storage));
	set_text(object, "stacking", root->stacking);
	set_text(object, "scratch", root->scratch == SCRATCH_MEMORY ? "memory" : "disk");
	set_text(object, "scratch_parent", root->scratch_parent);
	set_number(object, "scratch_size_bytes", root->scratch_size_bytes);
	set_bool(object, "read_only", root->read_only);
	set_text(object, "origin", root->origin);
	return object;
}

static json_t *mount_json(const struct mount_op *op)
{
	static const struct {
		const char *name;
		uint64_t attr;
	} attrs[] = {
		{"read_only", MOUNT_ATTR_RDONLY},
		{"nosuid", MOUNT_ATTR_NOSUID},
		{"nodev", MOUNT_ATTR_NODEV},
		{"noexec", MOUNT_ATTR_NOEXEC},
	};
	static const struct {
		const char *name;
		unsigned flag;
	} flags[] = {
		{"recursive", MOUNT_OP_RECURSIVE},
		{"optional", MOUNT_OP_OPTIONAL},
		{"create", MOUNT_OP_CREATE},
		{"host", MOUNT_OP_HOST},
	};
	json_t *object = json_object();
	set_text(object, "kind", mount_op_name(op->kind));
	set_text(object, "source", op->src);
	set_text(object, "destination", op->dst);
	for (size_t i = 0; i < ARRAY_SIZE(attrs); i++)
		set_bool(object, attrs[i].name, (op->attrs & attrs[i].attr) != 0);
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		set_bool(object, flags[i].name, (op->flags & flags[i].flag) != 0);
	set_number(object, "size_bytes", op->size_bytes);
	set_number(object, "mode", op->mode);
	set_text(object, "content", op->content);
	set_text(object, "origin", op->origin);
	return object;
}

static json_t *ports_json(const struct net_spec *net)
{
	json_t *array = json_array();
	for (size_t i = 0; i < net->n_ports; i++) {
		char address[NET_ADDR_TEXT_MAX];
		json_t *port = json_object();
		net_addr_text(&net->ports[i].host_addr, address);
		set_text(port, "protocol", net->ports[i].udp ? "udp" : "tcp");
		set_text(port, "host_address", address);
		set_number(port, "host_port", net->ports[i].host_port);
		set_number(port, "port", net->ports[i].port);
		set_text(port, "origin", net->ports[i].origin);
		json_array_append_new(array, port);
	}
	return array;
}

static json_t *network_json(const struct net_spec *net)
{
	json_t *object = json_object(), *host_ports = json_array(), *servers = json_array();
	set_text(object, "kind", net_kind_name(net->kind));
	set_text(object, "joined", net->joined);
	set_bool(object, "ipv6", net->ipv6);
	set_bool(object, "log", net->log);
	json_object_set_new(object, "ports", ports_json(net));
	for (size_t i = 0; i < net->n_host_ports; i++)
		json_array_append_new(host_ports, json_integer(net->host_ports[i]));
	json_object_set_new(object, "host_ports", host_ports);
	for (size_t i = 0; i < net->n_servers; i++) {
		_cleanup_free_ char *server = net_server_text(&net->servers[i]);
		json_array_append_new(servers, text_json(server));
	}
	json_object_set_new(object, "servers", servers);
	json_object_set_new(object, "allow_domains", list_json(&net->allow_domains));
	json_object_set_new(object, "allow_addresses", list_json(&net->allow_addresses));
	set_text(object, "origin", net->origin);
	return object;
}

static json_t *process_json(const struct process_spec *process)
{
	json_t *object = json_object();
	json_object_set_new(object, "argv", list_json(&process->argv));
	set_text(object, "origin", process->argv_origin);
	json_object_set_new(object, "env", list_json(&process->env));
	json_object_set_new(object, "env_origins", list_json(&process->env_origins));
	set_text(object, "cwd", process->cwd);
	set_text(object, "cwd_origin", process->cwd_origin);
	set_text(object, "user", process->user);
	set_text(object, "user_origin", process->user_origin);
	set_text(object, "group", process->group);
	json_object_set_new(object, "groups", list_json(&process->groups));
	set_bool(object, "keep_groups", process->keep_groups);
	set_text(object, "host_name", process->host_name);
	set_text(object, "host_name_origin", process->host_name_origin);
	set_bool(object, "terminal", process->terminal == TERMINAL_YES);
	set_bool(object, "run_init", process->run_init);
	set_text(object, "stop_signal", signal_name(process->stop_signal));
	set_number(object, "stop_timeout_ms", process->stop_timeout_ms);
	set_number(object, "runtime_max_ms", process->runtime_max_ms);
	set_number(object, "umask", process->umask);
	json_object_set_new(object, "nice", json_integer(process->nice));
	json_object_set_new(object, "oom_score_adj",
		process->set_oom_score_adj ? json_integer(process->oom_score_adj) : json_null());
	return object;
}

static json_t *limit_value_json(rlim_t value)
{
	return value == RLIM_INFINITY ? json_null() : json_integer((json_int_t)value);
}

static json_t *cgroup_json(const struct cgroup_spec *cgroup)
{
	json_t *array = json_array();
	for (size_t i = 0; i < cgroup->n; i++) {
		json_t *object = json_object();
		set_text(object, "key", cgroup->lines[i].key);
		set_text(object, "file", cgroup->lines[i].file);
		set_text(object, "text", cgroup->lines[i].text);
		set_text(object, "origin", cgroup->lines[i].origin);
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *limits_json(const struct sandbox_spec *spec)
{
	json_t *array = json_array();
	for (size_t i = 0; i < spec->n_rlimits; i++) {
		json_t *object = json_object();
		set_text(object, "name", spec->rlimits[i].name);
		json_object_set_new(object, "soft", limit_value_json(spec->rlimits[i].limit.rlim_cur));
		json_object_set_new(object, "hard", limit_value_json(spec->rlimits[i].limit.rlim_max));
		set_text(object, "origin", spec->rlimits[i].origin);
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *security_json(const struct security_spec *security)
{
	json_t *object = json_object();
	_cleanup_strv_ struct strv caps = {0};
	if (security->caps)
		words_split(security->caps_text, &caps, NULL);
	json_object_set_new(object, "capabilities", list_json(&caps));
	set_bool(object, "capabilities_explicit", security->caps_explicit);
	set_bool(object, "no_new_privs", security->no_new_privs);
	set_text(object, "seccomp", security->seccomp_name);
	set_number(object, "seccomp_instructions", security->seccomp_len);
	set_bool(object, "fake_root", security->fake_root);
	set_bool(object, "scope_abstract_unix", security->scope_abstract_unix);
	set_text(object, "origin", security->origin);
	return object;
}

int spec_print_json(const struct sandbox_spec *spec, FILE *out)
{
	json_t *document = json_object();
	set_text(document, "name", spec->name);
	set_text(document, "image", spec->image);
	set_text(document, "image_digest", spec->image_digest);
	json_object_set_new(document, "userns", userns_json(spec));
	json_object_set_new(document, "root", root_json(&spec->root));
	json_t *mounts = json_array();
	for (size_t i = 0; i < spec->n_mounts; i++)
		json_array_append_new(mounts, mount_json(&spec->mounts[i]));
	json_object_set_new(document, "mounts", mounts);
	json_object_set_new(document, "network", network_json(&spec->net));
	json_object_set_new(document, "process", process_json(&spec->process));
	json_object_set_new(document, "limits", limits_json(spec));
	json_object_set_new(document, "cgroup", cgroup_json(&spec->cgroup));
	json_object_set_new(document, "security", security_json(&spec->security));
	json_object_set_new(document, "notes", list_json(&spec->notes));
	int r = json_dumpf(document, out, JSON_INDENT(2));
	json_decref(document);
	return r == 0 && fputc('\n', out) != EOF ? 0 : -EIO;
}
