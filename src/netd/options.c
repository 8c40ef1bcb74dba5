/* SPDX-License-Identifier: Apache-2.0 */

/* Options, all in the form --NAME=VALUE; every value is checked, whoever wrote it. */

#include "options.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include "sbx/cleanup.h"
#include "sbx/parse.h"
#include "sbx/str.h"

static int take_fd(const char *value, int *ret)
{
	uint64_t fd;
	if (parse_u64(value, INT_MAX, &fd) < 0 || fcntl((int)fd, F_SETFD, FD_CLOEXEC) < 0)
		return -EINVAL;
	*ret = (int)fd;
	return 0;
}

static int take_port(const char *value, uint16_t *ret)
{
	uint64_t port;
	if (!value || parse_u64(value, UINT16_MAX, &port) < 0 || port == 0)
		return -EINVAL;
	*ret = (uint16_t)port;
	return 0;
}

static int take_control(const char *value, struct netd_options *o, struct sbx_err *err)
{
	(void)err;
	return take_fd(value, &o->control_fd);
}

static int take_stats(const char *value, struct netd_options *o, struct sbx_err *err)
{
	(void)err;
	return take_fd(value, &o->stats_fd);
}

static int take_log(const char *value, struct netd_options *o, struct sbx_err *err)
{
	(void)err;
	return take_fd(value, &o->log_fd);
}

static int take_ipv6(const char *value, struct netd_options *o, struct sbx_err *err)
{
	(void)err;
	return parse_bool(value, &o->ipv6);
}

/* take_publish - PROTO:[ADDR]:HOSTPORT:PORT. */
static int take_publish(const char *value, struct netd_options *o, struct sbx_err *err)
{
	_cleanup_free_ char *copy = xstrdup(value);
	char *rest = copy;
	struct publish_option p = {0};
	(void)err;
	const char *protocol = strsep(&rest, ":");
	p.udp = str_eq(protocol, "udp");
	char *end = rest ? strchr(rest, ']') : NULL;
	if ((!p.udp && !str_eq(protocol, "tcp")) || !end || rest[0] != '[' || end[1] != ':')
		return -EINVAL;
	*end = '\0';
	char *port = end + 2;
	const char *host_port = strsep(&port, ":");
	if (net_addr_parse(rest + 1, &p.host_addr) < 0 || take_port(host_port, &p.host_port) < 0 ||
		take_port(port, &p.port) < 0)
		return -EINVAL;
	o->publish = xrealloc(o->publish, o->n_publish + 1, sizeof *o->publish);
	o->publish[o->n_publish++] = p;
	o->publishes_udp |= p.udp;
	return 0;
}

static int take_host_port(const char *value, struct netd_options *o, struct sbx_err *err)
{
	uint16_t port;
	(void)err;
	if (take_port(value, &port) < 0)
		return -EINVAL;
	allow_add_host_port(o->allow, port);
	o->host_ports = true;
	return 0;
}

static int take_domain(const char *value, struct netd_options *o, struct sbx_err *err)
{
	return allow_add_domain(o->allow, value, err);
}

static int take_address(const char *value, struct netd_options *o, struct sbx_err *err)
{
	return allow_add_address(o->allow, value, err);
}

static const struct {
	const char *name;
	int (*take)(const char *value, struct netd_options *o, struct sbx_err *err);
} table[] = {
	{"--control=", take_control},
	{"--stats=", take_stats},
	{"--log=", take_log},
	{"--ipv6=", take_ipv6},
	{"--publish=", take_publish},
	{"--host-port=", take_host_port},
	{"--allow-domain=", take_domain},
	{"--allow-address=", take_address},
};

static int take(const char *word, struct netd_options *o, struct sbx_err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		if (!str_starts(word, table[i].name))
			continue;
		*err = (struct sbx_err){0};
		int r = table[i].take(word + strlen(table[i].name), o, err);
		if (r < 0 && err->code == 0)
			return sbx_fail_plain(err, r, "sbx-net: %s is not understood", word);
		return r;
	}
	return sbx_fail_plain(err, -EINVAL, "sbx-net: %s is not understood", word);
}

int netd_options_parse(int argc, char **argv, struct netd_options *ret, struct sbx_err *err)
{
	*ret = (struct netd_options){
		.control_fd = -1, .stats_fd = -1, .log_fd = -1, .ipv6 = true, .allow = allow_new()};
	for (int i = 1; i < argc; i++) {
		int r = take(argv[i], ret, err);
		if (r < 0)
			return r;
	}
	if (ret->control_fd < 0 || ret->stats_fd < 0)
		return sbx_fail_plain(
			err, -EINVAL, "sbx-net is started by sbx, for Network=slirp (--control=FD --stats=FD)");
	return 0;
}

void netd_options_clear(struct netd_options *options)
{
	free(options->publish);
	allow_free(options->allow);
	*options = (struct netd_options){0};
}
