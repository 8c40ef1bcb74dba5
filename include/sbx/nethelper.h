/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the launcher and sbx-net, the helper of Network=slirp, say to each other; and the addresses of a sandbox's
 * network.  (No code of its own: both sides include this.)
 *
 * The launcher starts `sbx-net --control=FD …` with one end of a SOCK_SEQPACKET pair; each message is one struct
 * net_record.  The helper binds the published ports, confines itself and says NET_READY, or NET_FAILED; then it gets
 * NET_TAP with the descriptor, and NET_DNS at first and whenever it asks.  End of file on the socket
 * ends the helper. */

#include <stdint.h>
#include "sbx/err.h"
#include "sbx/netaddr.h"

/* A network that hosts seldom have themselves; every sandbox has the same, each in a namespace of its own. */
#define NET_PREFIX4 "10.213.7.0"
#define NET_PREFIX4_BITS 24
#define NET_HOST4 "10.213.7.1" /* the gateway; also the host's loopback, for the ports of HostPort= */
#define NET_GUEST4 "10.213.7.2"
#define NET_DNS4 "10.213.7.53"
#define NET_PREFIX6 "fd73:6278:6e65:7400::"
#define NET_PREFIX6_BITS 64
#define NET_HOST6 "fd73:6278:6e65:7400::1"
#define NET_GUEST6 "fd73:6278:6e65:7400::2"
#define NET_MTU 65520
#define NET_TAP_NAME "eth0"

#define NET_DNS_SERVERS_MAX 3 /* MAXNS of resolv.h */

enum net_record_kind {
	NET_READY = 1, /* helper: the ports are bound, it is confined and waits for the tap */
	NET_FAILED,    /* helper: err says why; it ends */
	NET_ASK, /* helper: the sandbox is about to ask a name server: which are the host's now?  NET_DNS answers */
	NET_TAP, /* launcher, with the descriptor of the tap */
	NET_DNS, /* launcher: the servers to ask from now on */
};

struct net_record {
	uint32_t kind; /* enum net_record_kind */
	uint32_t n_servers;
	struct net_server servers[NET_DNS_SERVERS_MAX];
	struct sbx_err err;
};

/* Counters of a running helper, in a file that it maps shared (--stats=FD) and `sbx net stats` reads.  Each is written
 * by the helper alone, 64 bits at once. */
#define NET_STATS_MAGIC UINT64_C(0x7362786e65743031) /* "sbxnet01" */
struct net_stats {
	uint64_t magic;
	uint64_t out_bytes, out_packets; /* frames from the sandbox */
	uint64_t in_bytes, in_packets;   /* frames to it */
	uint64_t connections;            /* new TCP connections and UDP flows let through, from inside */
	uint64_t refusals;               /* new ones refused */
	uint64_t dns_queries, dns_refusals;
};
