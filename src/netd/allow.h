/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Whom the sandbox may talk to: addresses and names of the profile, and the addresses that our own name server gave out
 * for names.  Names are learned from nowhere else. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "sbx/err.h"
#include "sbx/nethelper.h"

struct allow;

/* allow_new - lets everything pass but what is never allowed, until the first allow_add_*. */
struct allow *allow_new(void);
void allow_free(struct allow *allow);

/* allow_add_domain - NAME[:PORT] or *.NAME[:PORT] (RFC 1123 names; case and a trailing dot don't matter; `*.` stands
 * for one or more labels, not for NAME itself).  allow_add_address - CIDR[:PORT], [CIDR]:PORT for IPv6 with a port.
 * allow_add_host_port - a port on the host's loopback, reached at NET_HOST4.
 * Return 0, -EINVAL. */
int allow_add_domain(struct allow *allow, const char *text, struct sbx_err *err);
int allow_add_address(struct allow *allow, const char *text, struct sbx_err *err);
void allow_add_host_port(struct allow *allow, uint16_t port);

/* allow_name - whether the name server may look up @name (text form, lower case, no trailing dot).  Without lists: any
 * name; with AllowAddress alone: none. */
bool allow_name(const struct allow *allow, const char *name);

/* allow_learn - the name server has answered @name (the one that was asked, whatever it is an alias of) with @addr,
 * good for @ttl_s seconds (plus a grace of ours).  Remembered also without lists, for the log; an address of
 * allow_never is not.  Bounded: the entry that ends first makes room. */
void allow_learn(struct allow *allow, const char *name, const struct net_addr *addr, uint32_t ttl_s, uint64_t now_ms);

enum allow_verdict {
	ALLOW_PASS,
	ALLOW_REFUSE,
	ALLOW_DNS, /* to our name server: port 53 of NET_DNS4 */
};

/* allow_never - an address that no list opens: the host's loopback, unspecified, link-local, multicast and broadcast
 * addresses, IPv4 written in IPv6 where it is one of these or has no use, and all of our own network. */
bool allow_never(const struct net_addr *addr);

/* allow_check - whether a new connection or datagram may go to @addr.  @port: host order; 0: a ping (not @udp) or a
 * fragment (@udp), which want the address allowed for all ports.  @udp: a datagram, which extends the life of what let
 * it pass, so that a flow does not end with a TTL.  Nothing of allow_never passes but the name server, a ping of the
 * gateway, and HostPort=. */
enum allow_verdict allow_check(
	struct allow *allow, const struct net_addr *addr, uint16_t port, bool udp, uint64_t now_ms);

/* allow_name_of - the name that @addr was last learned for, or NULL.  Borrowed until the next allow_learn. */
const char *allow_name_of(const struct allow *allow, const struct net_addr *addr);
