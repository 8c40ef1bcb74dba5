/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The parts of the name server, for its own files: dns.c decides, dns_ask.c asks the servers, dns_tcp.c has the
 * connections from inside. */

#include "dns.h"
#include "dns_message.h"
#include "packet_bytes.h"

#define DNS_ASKS_MAX 128 /* each has a descriptor */
#define DNS_CONNS_MAX 16
#define DNS_CONN_ASKS_MAX 8 /* queries of one connection on their way */

struct dns_conn;

/* One query on its way to the servers. */
struct dns_ask {
	struct dns *dns;
	struct dns_ask *next;
	struct dns_query query;

	/* whom to answer: a connection, or else who sent the frame */
	struct dns_conn *conn;
	struct packet packet;
	uint8_t ethernet[ETH_LEN];

	/* the attempt */
	struct loop_watch watch;
	struct loop_timer timer;
	unsigned attempt; /* begun so far */
	uint16_t id;
	uint8_t out[2 + DNS_QUERY_MAX]; /* TCP: with its length in front */
	size_t n_out, sent;
	uint8_t *in; /* TCP: the answer with its length in front */
	size_t n_in;
};

struct dns {
	struct dns_options options;
	struct net_server servers[NET_DNS_SERVERS_MAX];
	size_t n_servers;
	struct dns_ask *asks;
	size_t n_asks;
	struct loop_watch listener;
	struct loop_timer listener_again;
	struct dns_conn *conns;
	size_t n_conns;
	uint8_t message[DNS_MESSAGE_MAX];
	uint8_t frame[ETH_LEN + NET_MTU];
};

/* dns_take - one query, of @conn or of the frame @frame parsed as @p.  It is answered at once or later; false: never,
 * since it is no query. */
bool dns_take(struct dns *dns, const uint8_t *msg, size_t n, struct dns_conn *conn, const uint8_t *frame,
	const struct packet *p);

/* dns_answered - a server's answer to the running attempt; @msg is written to.  Ends the ask, goes on to the next
 * server, or, where it is no answer to it, returns false. */
bool dns_answered(struct dns_ask *ask, uint8_t *msg, size_t n);

/* dns_failed - no server answers.  Ends the ask. */
void dns_failed(struct dns_ask *ask);

/* dns_ask_next - begin the next attempt; where there is none left: dns_failed. */
void dns_ask_next(struct dns_ask *ask);
void dns_ask_free(struct dns_ask *ask);

/* dns_drop_asks - nobody is there any more to take the answers of @conn. */
void dns_drop_asks(struct dns *dns, const struct dns_conn *conn);

/* dns_conn_reply - one answer into the connection's queue. */
void dns_conn_reply(struct dns_conn *conn, const uint8_t *msg, size_t n);
void dns_conns_free(struct dns *dns);
