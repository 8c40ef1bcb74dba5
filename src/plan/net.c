/* SPDX-License-Identifier: Apache-2.0 */

/* [Network]: which network, which ports, which servers, and whom the inside may talk to. */

#include <errno.h>
#include <string.h>
#include "plan_parts.h"
#include "sbx/cleanup.h"
#include "sbx/net.h"
#include "sbx/parse.h"
#include "sbx/policy.h"
#include "sbx/spawn.h"
#include "sbx/str.h"

#define PORTS_MAX 1024
#define LANDLOCK_ABI_SCOPE 6 /* LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET: Linux 6.12 */

/* Keys that only some networks can keep. */
#define WITH(kind) (1u << (kind))
static const struct {
	enum profile_key key;
	unsigned kinds;
	const char *needs;
} key_needs[] = {
	{KEY_Network_PublishPort, WITH(NET_SLIRP) | WITH(NET_PASTA), "needs Network=slirp or pasta"},
	{KEY_Network_HostPort, WITH(NET_SLIRP), "needs Network=slirp"},
	{KEY_Network_AllowDomain, WITH(NET_SLIRP), "needs Network=slirp"},
	{KEY_Network_AllowAddress, WITH(NET_SLIRP), "needs Network=slirp"},
	{KEY_Network_LogConnections, WITH(NET_SLIRP), "needs Network=slirp"},
	{KEY_Network_IPv6, WITH(NET_SLIRP) | WITH(NET_PASTA), "needs Network=slirp or pasta"},
};

static int check_keys(struct plan *p, struct sbx_err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(key_needs); i++) {
		const struct profile_value *value = profile_get(p->profile, key_needs[i].key);
		bool asks = value->set && (value->n_words > 0 || !str_empty(value->text));
		if (asks && !(key_needs[i].kinds & WITH(p->spec->net.kind)))
			return value_fail(p->profile, key_needs[i].key, -EINVAL, err, "%s; here it is %s",
				key_needs[i].needs, net_kind_name(p->spec->net.kind));
	}
	return 0;
}

static int plan_kind(struct plan *p, struct sbx_err *err)
{
	static const enum net_kind kinds[] = {NET_NONE, NET_HOST, NET_SLIRP, NET_PASTA};
	struct net_spec *net = &p->spec->net;
	const char *text = profile_text(p->profile, KEY_Network_Network);
	net->origin = origin_text(profile_get(p->profile, KEY_Network_Network));
	net->kind = p->image ? NET_SLIRP : NET_NONE;
	if (!text)
		return 0;
	if (str_starts(text, "sandbox:")) {
		net->kind = NET_SANDBOX;
		net->joined = xstrdup(text + strlen("sandbox:"));
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strcmp(text, net_kind_name(kinds[i])) == 0) {
			net->kind = kinds[i];
			return 0;
		}
	return value_fail(
		p->profile, KEY_Network_Network, -EINVAL, err, "expected none, slirp, pasta, host or sandbox:NAME");
}

static int plan_helper(struct plan *p, struct sbx_err *err)
{
	struct net_spec *net = &p->spec->net;
	if (net->kind == NET_SLIRP && !(net->helper_path = own_libexec("sbx-net")))
		return value_fail(p->profile, KEY_Network_Network, -ENOENT, err,
			"sbx-net was not found beside sbx or in its libexec directory: the installation is incomplete");
	if (net->kind == NET_PASTA && !(net->helper_path = helper_find("pasta")))
		return value_fail(p->profile, KEY_Network_Network, -ENOENT, err,
			"pasta is not installed (package passt); or use Network=slirp");
	return 0;
}

static bool same_port(const struct port_spec *a, const struct port_spec *b)
{
	return a->udp == b->udp && a->host_port == b->host_port &&
	       memcmp(&a->host_addr, &b->host_addr, sizeof a->host_addr) == 0;
}

static int add_port(struct plan *p, const struct profile_word *word, const struct port_spec *port, struct sbx_err *err)
{
	struct net_spec *net = &p->spec->net;
	for (size_t i = 0; i < net->n_ports; i++)
		if (same_port(&net->ports[i], port))
			return word_fail(KEY_Network_PublishPort, word, -EINVAL, err,
				"port %u of the host is published twice", port->host_port);
	if (net->n_ports == PORTS_MAX)
		return word_fail(KEY_Network_PublishPort, word, -E2BIG, err, "more than %d ports", PORTS_MAX);
	net->ports = xrealloc(net->ports, net->n_ports + 1, sizeof *net->ports);
	net->ports[net->n_ports] = *port;
	net->ports[net->n_ports++].origin = origin_word_text(word);
	return 0;
}

static int plan_ports(struct plan *p, struct sbx_err *err)
{
	const struct profile_value *publish = profile_get(p->profile, KEY_Network_PublishPort);
	for (size_t i = 0; i < publish->n_words; i++) {
		const struct profile_word *word = &publish->words[i];
		struct publish_arg arg;
		struct port_spec port = {0};
		int r = publish_arg_parse(word->text, &arg, err);
		if (r == 0)
			r = net_addr_parse(arg.address, &port.host_addr);
		if (r < 0)
			return word_prefix(KEY_Network_PublishPort, word, r, err);
		if (!net_addr_is4(&port.host_addr) && !p->spec->net.ipv6)
			return word_fail(KEY_Network_PublishPort, word, -EINVAL, err,
				"an IPv6 address, and there is no IPv6 here");
		port.udp = arg.udp;
		for (unsigned n = 0; r == 0 && n <= (unsigned)(arg.last - arg.first); n++) {
			port.host_port = (uint16_t)(arg.host_first + n);
			port.port = (uint16_t)(arg.first + n);
			r = add_port(p, word, &port, err);
		}
		if (r < 0)
			return r;
	}
	return 0;
}

static void plan_host_ports(struct plan *p)
{
	const struct profile_value *value = profile_get(p->profile, KEY_Network_HostPort);
	struct net_spec *net = &p->spec->net;
	net->host_ports = xcalloc(value->n_words, sizeof *net->host_ports);
	for (; net->n_host_ports < value->n_words; net->n_host_ports++) {
		uint64_t port = 0;
		parse_u64(value->words[net->n_host_ports].text, UINT16_MAX, &port); /* checked when it was read */
		net->host_ports[net->n_host_ports] = (uint16_t)port;
	}
}

static int plan_servers(struct plan *p, struct sbx_err *err)
{
	const struct profile_value *dns = profile_get(p->profile, KEY_Network_DNS);
	struct net_spec *net = &p->spec->net;
	for (size_t i = 0; i < dns->n_words; i++) {
		const struct profile_word *word = &dns->words[i];
		if (i == NET_DNS_SERVERS_MAX)
			return word_fail(KEY_Network_DNS, word, -EINVAL, err,
				"resolvers look at the first %d servers only", NET_DNS_SERVERS_MAX);
		if (net_server_parse(word->text, &net->servers[i]) < 0)
			return word_fail(KEY_Network_DNS, word, -EINVAL, err, "expected IP[#PORT]");
		if (net->servers[i].port != 53 && net->kind != NET_SLIRP)
			return word_fail(KEY_Network_DNS, word, -EINVAL, err,
				"resolvers inside ask at port 53; another one needs Network=slirp");
		net->n_servers++;
	}
	return 0;
}

static void take_words(const struct plan *p, enum profile_key key, struct strv *ret)
{
	const struct profile_value *value = profile_get(p->profile, key);
	for (size_t i = 0; i < value->n_words; i++)
		strv_add(ret, value->words[i].text);
}

/* scope_abstract - with the host's network its abstract sockets are in reach, X11's and the session bus' among them. */
static void scope_abstract(struct plan *p)
{
	if (p->spec->net.kind != NET_HOST)
		return;
	if (landlock_abi() >= LANDLOCK_ABI_SCOPE)
		p->spec->security.scope_abstract_unix = true;
	else
		strv_addf(&p->spec->notes,
			"%s: [Network] Network=host: the host's abstract UNIX sockets are in reach: this kernel has no "
			"Landlock that could cut them off (Linux 6.12)",
			p->spec->net.origin);
}

int plan_net(struct plan *p, struct sbx_err *err)
{
	struct net_spec *net = &p->spec->net;
	int r = plan_kind(p, err);
	if (r == 0)
		r = check_keys(p, err);
	if (r == 0)
		r = plan_helper(p, err);
	if (r < 0)
		return r;
	net->ipv6 = (net->kind == NET_SLIRP || net->kind == NET_PASTA) &&
		    profile_get(p->profile, KEY_Network_IPv6)->num != 0 && net_has_ipv6();
	net->log = profile_get(p->profile, KEY_Network_LogConnections)->num != 0;
	take_words(p, KEY_Network_AllowDomain, &net->allow_domains);
	take_words(p, KEY_Network_AllowAddress, &net->allow_addresses);
	plan_host_ports(p);
	scope_abstract(p);
	r = plan_ports(p, err);
	return r == 0 ? plan_servers(p, err) : r;
}
