/* SPDX-License-Identifier: Apache-2.0 */

/* The files of /etc that depend on the run: hosts, hostname, resolv.conf.
 * Sources: hosts(5), hostname(5), resolv.conf(5). */

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <string.h>
#include <unistd.h>
#include "plan_parts.h"
#include "sbx/cleanup.h"
#include "sbx/fdio.h"
#include "sbx/path.h"
#include "sbx/str.h"

#define RESOLV_CONF "/etc/resolv.conf"
#define RESOLV_CONF_MAX_BYTES (64u << 10)
#define NAME_SERVERS_MAX 3 /* MAXNS of resolv.h: further ones are not looked at */
#define DNS_PORT "53"

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
	for (size_t i = 0; i < add->n_words; i++) {
		const char *text = add->words[i].text;
		const char *colon = strchr(text, ':'); /* the first: an IPv6 address has more */
		if (!colon || colon == text || !colon[1])
			return word_fail(KEY_Network_AddHost, &add->words[i], -EINVAL, err, "expected NAME:IP");
		strbuf_addf(ret, "%s\t%.*s\n", colon + 1, (int)(colon - text), text);
	}
	return 0;
}

/* name_servers - the lines of DNS=.  resolv.conf(5) has no place for a port. */
static int name_servers(const struct plan *p, struct strbuf *ret, struct sbx_err *err)
{
	const struct profile_value *dns = profile_get(p->profile, KEY_Network_DNS);
	for (size_t i = 0; i < dns->n_words; i++) {
		const char *text = dns->words[i].text, *hash = strchr(text, '#');
		if (hash && strcmp(hash + 1, DNS_PORT) != 0)
			return word_fail(KEY_Network_DNS, &dns->words[i], -EOPNOTSUPP, err,
				"resolvers inside can ask at port 53 only in this build; leave out the port");
		if (i == NAME_SERVERS_MAX)
			return word_fail(KEY_Network_DNS, &dns->words[i], -EINVAL, err,
				"resolvers look at the first %d servers only", NAME_SERVERS_MAX);
		strbuf_addf(ret, "nameserver %.*s\n", (int)(hash ? hash - text : (ptrdiff_t)strlen(text)), text);
	}
	return 0;
}

static void search_domains(const struct plan *p, struct strbuf *ret)
{
	const struct profile_value *search = profile_get(p->profile, KEY_Network_DNSSearch);
	for (size_t i = 0; i < search->n_words; i++)
		strbuf_addf(ret, "%s%s%s", i ? " " : "search ", search->words[i].text,
			i + 1 == search->n_words ? "\n" : "");
}

/* host_resolv - the host's own file, without its search lines where the profile has some. */
static int host_resolv(struct strbuf *ret, bool with_search, struct sbx_err *err)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_close_ int fd = open(RESOLV_CONF, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 && errno == ENOENT) {
		strbuf_add(ret, "# the host has no /etc/resolv.conf\n");
		return 0;
	}
	if (fd < 0)
		return sbx_fail(err, -errno, "read the host's " RESOLV_CONF);
	int r = read_all(fd, RESOLV_CONF_MAX_BYTES, &text, NULL, err);
	if (r < 0)
		return sbx_err_prefix(err, r, "the host's " RESOLV_CONF);
	for (char *rest = text, *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n"))
		if (*line && (with_search || (!str_starts(line, "search") && !str_starts(line, "domain"))))
			strbuf_addf(ret, "%s\n", line);
	return 0;
}

static int resolv_text(const struct plan *p, struct strbuf *ret, struct sbx_err *err)
{
	bool has_search = value_given(p->profile, KEY_Network_DNSSearch);
	int r = 0;
	if (value_given(p->profile, KEY_Network_DNS))
		r = name_servers(p, ret, err);
	else if (p->spec->net.kind == NET_HOST)
		r = host_resolv(ret, !has_search, err);
	else
		strbuf_add(ret, "# made by sbx: Network=none, so there are no name servers\n");
	search_domains(p, ret);
	return r;
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

int plan_etc(struct plan *p, size_t first, struct sbx_err *err)
{
	_cleanup_strbuf_ struct strbuf hosts = {0}, resolv = {0}, name = {0};
	_cleanup_free_ char *hosts_origin = etc_origin(p, KEY_Network_AddHost, KEY_Exec_HostName);
	_cleanup_free_ char *name_origin = origin_text(profile_get(p->profile, KEY_Exec_HostName));
	_cleanup_free_ char *dns_origin = etc_origin(p, KEY_Network_DNS, KEY_Network_DNSSearch);
	int r = hosts_text(p, &hosts, err);
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
