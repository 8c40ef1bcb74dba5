/* SPDX-License-Identifier: Apache-2.0 */

/* The network of a spec as lines that people read. */

#include "describe.h"
#include "sbx/cleanup.h"
#include "sbx/str.h"

/* What each network is. */
static const char *const kind_lines[] = {
	[NET_NONE] = "none: a loopback of its own and nothing else",
	[NET_HOST] = "host: the host's own network, with all that listens on its loopback",
	[NET_SLIRP] = "slirp: an interface of its own; sbx-net, confined, makes its connections on the host",
	[NET_PASTA] = "pasta: an interface of its own; pasta makes its connections on the host",
	[NET_SANDBOX] = "sandbox: the network of another sandbox, and its user namespace",
};

char *net_port_text(const struct port_spec *port)
{
	char address[NET_ADDR_TEXT_MAX];
	net_addr_text(&port->host_addr, address);
	return xasprintf(net_addr_is4(&port->host_addr) ? "%s:%u" : "[%s]:%u", address, port->host_port);
}

char *net_server_text(const struct net_server *server)
{
	char address[NET_ADDR_TEXT_MAX];
	net_addr_text(&server->addr, address);
	return xasprintf("%s#%u", address, server->port);
}

static void add_allowed(const struct net_spec *net, struct strv *ret)
{
	const struct strv *lists[] = {&net->allow_domains, &net->allow_addresses};
	if (lists[0]->n + lists[1]->n == 0) {
		strv_add(ret, "it may talk to any address but this machine's loopback and link-local ones");
		return;
	}
	for (size_t k = 0; k < ARRAY_SIZE(lists); k++)
		for (size_t i = 0; i < lists[k]->n; i++)
			strv_addf(ret, "it may talk to %s; what no such line names is refused", lists[k]->v[i]);
}

void net_lines(const struct net_spec *net, struct strv *ret)
{
	strv_add(ret, kind_lines[net->kind]);
	if (net->kind == NET_SANDBOX)
		strv_addf(ret, "that of %s", net->joined);
	if (net->kind == NET_SLIRP)
		add_allowed(net, ret);
	if (net->kind == NET_SLIRP || net->kind == NET_PASTA)
		strv_add(ret, net->ipv6 ? "IPv4 and IPv6" : "IPv4 alone");
	for (size_t i = 0; i < net->n_ports; i++) {
		_cleanup_free_ char *where = net_port_text(&net->ports[i]);
		strv_addf(ret, "%s/%s of the host leads to port %u inside  [%s]", where,
			net->ports[i].udp ? "udp" : "tcp", net->ports[i].port, net->ports[i].origin);
	}
	for (size_t i = 0; i < net->n_host_ports; i++)
		strv_addf(ret, "port %u of the host's loopback is in reach, as host.sbx.internal", net->host_ports[i]);
	for (size_t i = 0; i < net->n_servers; i++) {
		_cleanup_free_ char *server = net_server_text(&net->servers[i]);
		strv_addf(ret, "names are looked up at %s", server);
	}
	if (net->n_servers == 0 && (net->kind == NET_SLIRP || net->kind == NET_PASTA))
		strv_add(ret, net->kind == NET_SLIRP
				      ? "names are looked up at the host's servers, also when they change"
				      : "names are looked up at the host's servers");
	if (net->log)
		strv_add(ret, "each new connection is logged (sbx net log)");
}
