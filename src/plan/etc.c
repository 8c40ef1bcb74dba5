/* SPDX-License-Identifier: Apache-2.0 */

/* The files of /etc that depend on the run: hosts, hostname, resolv.conf.
 * Sources: hosts(5), hostname(5), resolv.conf(5). */

#include <errno.h>
#include <linux/mount.h>
#include <string.h>
#include "plan_parts.h"
#include "sbx/cleanup.h"
#include "sbx/net.h"
#include "sbx/path.h"
#include "sbx/str.h"

/* is_covered - whether the profile mounts something at @path itself, or a host directory above it: what is there is the
 * profile's then, and a file of ours would have to be made in it. */
static bool is_covered(const struct plan *p, size_t first, const char *path)
{
	for (size_t i = first; i < p->spec->n_mounts; i++) {
		const struct mount_op *op = &p->spec->mounts[i];
		if (strcmp(op->dst, path) == 0 || (op->kind == MOUNT_OP_BIND && path_below(path, op->dst)))
			return true;
	}
	return false;
}

static void add_file(struct plan *p, size_t first, const char *path, struct strbuf *content, const char *origin)
{
	if (is_covered(p, first, path))
		return;
	struct mount_op *op = spec_add_mount(p->spec, MOUNT_OP_FILE, NULL, path, origin);
	op->attrs = ATTRS_QUIET | (p->spec->root.read_only ? MOUNT_ATTR_RDONLY : 0);
	op->mode = 0644;
	op->content = strbuf_steal(content);
}

static int hosts_text(const struct plan *p, struct strbuf *ret, struct sbx_err *err)
{
	const struct profile_value *add = profile_get(p->profile, KEY_Network_AddHost);
	strbuf_add(ret, "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n");
	if (strcmp(p->spec->process.host_name, "localhost") != 0)
		strbuf_addf(ret, "127.0.0.1\t%s\n", p->spec->process.host_name);
	if (p->spec->net.n_host_ports > 0)
		strbuf_add(ret, NET_HOST4 "\thost.sbx.internal\n");
	for (size_t i = 0; i < add->n_words; i++) {
		const char *text = add->words[i].text;
		const char *colon = strchr(text, ':'); /* the first: an IPv6 address has more */
		if (!colon || colon == text || !colon[1])
			return word_fail(KEY_Network_AddHost, &add->words[i], -EINVAL, err, "expected NAME:IP");
		strbuf_addf(ret, "%s\t%.*s\n", colon + 1, (int)(colon - text), text);
	}
	return 0;
}

/* name_servers - the lines of DNS=, or the one of sbx's own server, which asks those or the host's. */
static void name_servers(const struct plan *p, struct strbuf *ret)
{
	const struct net_spec *net = &p->spec->net;
	char text[NET_ADDR_TEXT_MAX];
	/* What another sandbox has is at the same address. */
	bool own =
		net->kind == NET_SLIRP || ((net->kind == NET_SANDBOX || net->kind == NET_PASTA) && net->n_servers == 0);
	if (own)
		strbuf_add(ret, "nameserver " NET_DNS4 "\n");
	for (size_t i = 0; !own && i < net->n_servers; i++) {
		net_addr_text(&net->servers[i].addr, text);
		strbuf_addf(ret, "nameserver %s\n", text);
	}
}

/* host_servers - with the host's network its own servers are in reach, also those on its loopback. */
static void host_servers(const struct resolv *host, struct strbuf *ret)
{
	char text[NET_ADDR_TEXT_MAX];
	for (size_t i = 0; i < host->n_servers; i++) {
		net_addr_text(&host->servers[i].addr, text);
		strbuf_addf(ret, "nameserver %s", text);
		if (host->servers[i].scope_id)
			strbuf_addf(ret, "%%%u", host->servers[i].scope_id);
		strbuf_addc(ret, '\n');
	}
}

static void search_domains(const struct plan *p, const struct resolv *host, struct strbuf *ret)
{
	const struct profile_value *search = profile_get(p->profile, KEY_Network_DNSSearch);
	for (size_t i = 0; i < search->n_words; i++)
		strbuf_addf(ret, "%s%s%s", i ? " " : "search ", search->words[i].text,
			i + 1 == search->n_words ? "\n" : "");
	if (search->n_words == 0 && host->search)
		strbuf_addf(ret, "search %s\n", host->search);
	if (host->options)
		strbuf_addf(ret, "options %s\n", host->options);
}

static int resolv_text(const struct plan *p, struct strbuf *ret, struct sbx_err *err)
{
	_cleanup_(resolv_clear) struct resolv host = {0};
	const struct net_spec *net = &p->spec->net;
	if (net->kind == NET_NONE && net->n_servers == 0)
		strbuf_add(ret, "# made by sbx: Network=none, so there are no name servers\n");
	/* A private network has no use for the host's domains. */
	int r = net->kind == NET_NONE ? 0 : resolv_read(&host, err);
	if (r < 0)
		return r;
	name_servers(p, ret);
	if (net->kind == NET_HOST && net->n_servers == 0)
		host_servers(&host, ret);
	search_domains(p, &host, ret);
	return 0;
}

/* etc_origin - of a file: the first of its keys that is given. */
static char *etc_origin(const struct plan *p, enum profile_key a, enum profile_key b)
{
	return origin_text(profile_get(p->profile, value_given(p->profile, a) ? a : b));
}

/* add_apt_conf - with FakeRoot apt's downloads would change to user _apt, find that they are still root, and end. Calls
 * that only seem to succeed cannot hide that from a program that looks; apt is told not to change. */
static void add_apt_conf(struct plan *p, size_t first)
{
	_cleanup_free_ char *origin = origin_text(profile_get(p->profile, KEY_Security_FakeRoot));
	_cleanup_strbuf_ struct strbuf text = {0};
	strbuf_add(&text, "// by sbx: [Security] FakeRoot\nAPT::Sandbox::User \"root\";\n");
	size_t n = p->spec->n_mounts;
	add_file(p, first, "/etc/apt/apt.conf.d/99sbx-fake-root", &text, origin);
	if (p->spec->n_mounts > n)
		p->spec->mounts[n].flags |= MOUNT_OP_OPTIONAL;
}

/* Keys that end in a file.  With Network=slirp DNS= does not: sbx's own server asks those. */
static const struct {
	enum profile_key key;
	const char *path;
} written[] = {
	{KEY_Network_AddHost, "/etc/hosts"},
	{KEY_Network_DNS, RESOLV_CONF},
	{KEY_Network_DNSSearch, RESOLV_CONF},
};

/* check_written - a key whose file is covered by one of the profile's would be read and ignored. */
static int check_written(const struct plan *p, size_t first, struct sbx_err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(written); i++) {
		bool served = written[i].key == KEY_Network_DNS && p->spec->net.kind == NET_SLIRP;
		if (value_given(p->profile, written[i].key) && !served && is_covered(p, first, written[i].path))
			return value_fail(p->profile, written[i].key, -EINVAL, err,
				"it is written to %s, and [Files] mounts something there; keep one of the two",
				written[i].path);
	}
	return 0;
}

int plan_etc(struct plan *p, size_t first, struct sbx_err *err)
{
	_cleanup_strbuf_ struct strbuf hosts = {0}, resolv = {0}, name = {0};
	_cleanup_free_ char *hosts_origin = etc_origin(p, KEY_Network_AddHost, KEY_Exec_HostName);
	_cleanup_free_ char *name_origin = origin_text(profile_get(p->profile, KEY_Exec_HostName));
	_cleanup_free_ char *dns_origin = etc_origin(p, KEY_Network_DNS, KEY_Network_DNSSearch);
	int r = check_written(p, first, err);
	if (r == 0)
		r = hosts_text(p, &hosts, err);
	if (r == 0)
		r = resolv_text(p, &resolv, err);
	if (r < 0)
		return r;
	strbuf_addf(&name, "%s\n", p->spec->process.host_name);
	add_file(p, first, "/etc/hosts", &hosts, hosts_origin);
	add_file(p, first, "/etc/hostname", &name, name_origin);
	add_file(p, first, RESOLV_CONF, &resolv, dns_origin);
	if (p->spec->security.fake_root && p->image)
		add_apt_conf(p, first);
	return 0;
}
