/* SPDX-License-Identifier: Apache-2.0 */

/* The host's name servers.  Source: resolv.conf(5). */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "sbx/cleanup.h"
#include "sbx/fdio.h"
#include "sbx/net.h"
#include "sbx/str.h"

#define RESOLV_CONF_MAX_BYTES (64u << 10)
#define BLANKS " \t\r"

static void add_word(char **list, const char *word)
{
	char *longer = *list ? xasprintf("%s %s", *list, word) : xstrdup(word);
	free(*list);
	*list = longer;
}

static void parse_line(char *line, struct resolv *ret)
{
	char *word = strtok_r(line, BLANKS, &line);
	if (!word || *word == '#' || *word == ';')
		return;
	bool search = str_eq(word, "search") || str_eq(word, "domain"), options = str_eq(word, "options");
	if (str_eq(word, "nameserver")) {
		const char *text = strtok_r(NULL, BLANKS, &line);
		if (text && ret->n_servers < NET_DNS_SERVERS_MAX &&
			net_server_parse(text, &ret->servers[ret->n_servers]) == 0)
			ret->n_servers++;
		return;
	}
	if (search)
		cleanup_free(&ret->search); /* the last line counts */
	while ((search || options) && (word = strtok_r(NULL, BLANKS, &line)))
		add_word(search ? &ret->search : &ret->options, word);
}

void resolv_parse(char *text, struct resolv *ret)
{
	*ret = (struct resolv){0};
	for (char *rest = text, *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n"))
		parse_line(line, ret);
	if (ret->n_servers == 0)
		net_server_parse("127.0.0.1", &ret->servers[ret->n_servers++]);
}

int resolv_read(struct resolv *ret, struct sbx_err *err)
{
	char none[] = "";
	_cleanup_free_ char *text = NULL;
	_cleanup_close_ int fd = open(RESOLV_CONF, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	*ret = (struct resolv){0};
	if (fd < 0 && errno != ENOENT)
		return sbx_fail(err, -errno, "read the host's " RESOLV_CONF);
	int r = fd < 0 ? 0 : read_all(fd, RESOLV_CONF_MAX_BYTES, &text, NULL, err);
	if (r < 0)
		return sbx_err_prefix(err, r, "the host's " RESOLV_CONF);
	resolv_parse(text ? text : none, ret);
	return 0;
}

void resolv_clear(struct resolv *resolv)
{
	cleanup_free(&resolv->search);
	cleanup_free(&resolv->options);
}
