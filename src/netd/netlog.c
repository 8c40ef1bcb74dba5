/* SPDX-License-Identifier: Apache-2.0 */

/* The network log.  A full disk loses lines and never a packet. */

#include "netlog.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include "sbx/cleanup.h"
#include "sbx/fdio.h"
#include "sbx/str.h"

/* add_string - as JSON; a name may hold any byte. */
static void add_string(struct strbuf *line, const char *text)
{
	if (!text) {
		strbuf_add(line, "null");
		return;
	}
	strbuf_addc(line, '"');
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		if (c < 0x20 || c >= 0x7f || c == '"' || c == '\\')
			strbuf_addf(line, "\\u%04x", c);
		else
			strbuf_addc(line, (char)c);
	}
	strbuf_addc(line, '"');
}

static void add_time(struct strbuf *line)
{
	struct timespec now;
	struct tm tm;
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	strbuf_addf(line, "\"%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ\"", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
		tm.tm_hour, tm.tm_min, tm.tm_sec, now.tv_nsec / 1000000);
}

void netlog_write(struct netlog *log, const char *protocol, const char *name, const struct net_addr *addr,
	uint16_t port, bool allowed)
{
	char text[NET_ADDR_TEXT_MAX];
	_cleanup_strbuf_ struct strbuf line = {0};
	if (log->fd < 0 || log->written_bytes >= NETLOG_MAX_BYTES)
		return;
	strbuf_add(&line, "{\"time\":");
	add_time(&line);
	strbuf_addf(&line, ",\"protocol\":\"%s\",\"name\":", protocol);
	add_string(&line, name);
	net_addr_text(addr, text);
	strbuf_addf(&line, ",\"address\":\"%s\",\"port\":%u,\"verdict\":\"%s\"}\n", text, port,
		allowed ? "allowed" : "refused");
	log->written_bytes += line.len;
	if (log->written_bytes >= NETLOG_MAX_BYTES)
		strbuf_add(&line, "{\"truncated\":true}\n");
	write_all(log->fd, line.s, line.len);
}
