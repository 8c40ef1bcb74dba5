/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The network log: one JSON object a line for each new connection, allowed or refused, and
 * each name that the name server refused (protocol "dns").
 *	{"time":"2026-11-24T12:00:00.123Z","protocol":"tcp","name":"a.example"|null,"address":"192.0.2.1","port":443,
 *	"verdict":"allowed"|"refused"}
 * Fields keep their meaning. */

#include <stdbool.h>
#include <stdint.h>
#include "sbx/netaddr.h"

#define NETLOG_MAX_BYTES (UINT64_C(64) << 20)

struct netlog {
	int fd;                 /* owned; -1: no log */
	uint64_t written_bytes; /* at NETLOG_MAX_BYTES a last line says that there is no more */
};

/* netlog_write - @name: what the address was last asked for as, or NULL. */
void netlog_write(struct netlog *log, const char *protocol, const char *name, const struct net_addr *addr,
	uint16_t port, bool allowed);
