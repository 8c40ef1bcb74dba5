/* SPDX-License-Identifier: Apache-2.0 */

/* Rules for the values of [Network]. */

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include "sbx/cleanup.h"
#include "sbx/parse.h"
#include "sbx/str.h"
#include "table.h"

static bool is_port(const char *text)
{
	uint64_t port;

	return text && parse_u64(text, 65535, &port) == 0 && port > 0;
}

static bool is_address(const char *text, int *ret_family)
{
	unsigned char bytes[16];

	*ret_family = strchr(text, ':') ? AF_INET6 : AF_INET;
	return inet_pton(*ret_family, text, bytes) == 1;
}

/* is_domain - labels of letters, digits, - and _, with dots between.  Source: RFC 1035, 2.3.4. */
static bool is_domain(const char *text)
{
	size_t label = 0, len = strlen(text);

	if (len == 0 || len > 253)
		return false;
	for (const char *c = text; *c; c++) {
		if (*c == '.') {
			if (label == 0)
				return false;
			label = 0;
		} else if ((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') ||
			   *c == '_' || (*c == '-' && label > 0)) {
			if (++label > 63)
				return false;
		} else {
			return false;
		}
	}
	return true;
}

int check_network(enum profile_key key, const char *word, struct sbx_err *err)
{
	static const char *const names[] = {"none", "slirp", "pasta", "host"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (str_eq(names[i], word))
			return 0;
	if (str_starts(word, "sandbox:"))
		return check_sandbox_name(key, word + strlen("sandbox:"), err);
	return sbx_fail_plain(err, -EINVAL, "no network; expected none, slirp, pasta, host or sandbox:NAME");
}

int check_publish(enum profile_key key, const char *word, struct sbx_err *err)
{
	struct publish_arg arg;

	(void)key;
	return publish_arg_parse(word, &arg, err);
}

int check_port(enum profile_key key, const char *word, struct sbx_err *err)
{
	(void)key;
	return is_port(word) ? 0 : sbx_fail_plain(err, -EINVAL, "no port; expected a number from 1 to 65535");
}

int check_dns(enum profile_key key, const char *word, struct sbx_err *err)
{
	_cleanup_free_ char *copy = xstrdup(word);
	char *port = copy, *address = strsep(&port, "#");
	int family;

	(void)key;
	if (!is_address(address, &family) || (port && !is_port(port)))
		return sbx_fail_plain(err, -EINVAL, "no name server; expected IP[#PORT]");
	return 0;
}

int check_domain(enum profile_key key, const char *word, struct sbx_err *err)
{
	(void)key;
	return is_domain(word) || str_eq(word, ".") ? 0
						    : sbx_fail_plain(err, -EINVAL, "no domain; expected example.org");
}

int check_add_host(enum profile_key key, const char *word, struct sbx_err *err)
{
	const char *colon = strchr(word, ':');
	_cleanup_free_ char *name = colon ? xstrndup(word, (size_t)(colon - word)) : NULL;
	int family;

	(void)key;
	if (!name || !is_domain(name) || !is_address(colon + 1, &family))
		return sbx_fail_plain(err, -EINVAL, "no line for /etc/hosts; expected NAME:IP");
	return 0;
}

int check_allow_domain(enum profile_key key, const char *word, struct sbx_err *err)
{
	_cleanup_free_ char *copy = xstrdup(word);
	char *port = copy, *name = strsep(&port, ":");

	(void)key;
	if (str_starts(name, "*."))
		name += 2;
	if (!is_domain(name) || (port && !is_port(port)))
		return sbx_fail_plain(err, -EINVAL, "no name; expected NAME[:PORT] or *.NAME[:PORT]");
	return 0;
}

int check_allow_address(enum profile_key key, const char *word, struct sbx_err *err)
{
	_cleanup_free_ char *copy = xstrdup(word);
	char *text = copy, *port = NULL;
	uint64_t bits;
	int family;
	bool good = true;

	(void)key;
	if (text[0] == '[') { /* [CIDR]:PORT for IPv6 */
		char *end = strchr(text, ']');
		good = end && (end[1] == ':' || !end[1]);
		if (good) {
			port = end[1] ? end + 2 : NULL;
			*end = '\0';
			text++;
		}
	} else if (strchr(text, ':') && strchr(text, ':') == strrchr(text, ':')) {
		port = strchr(text, ':');
		*port++ = '\0';
	}
	char *prefix = text, *address = strsep(&prefix, "/");
	good = good && is_address(address, &family) &&
	       (!prefix || parse_u64(prefix, family == AF_INET ? 32 : 128, &bits) == 0) && (!port || is_port(port));
	return good ? 0 : sbx_fail_plain(err, -EINVAL, "no address; expected CIDR[:PORT], 10.0.0.0/8:443");
}
