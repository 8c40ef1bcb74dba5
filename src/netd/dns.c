/* SPDX-License-Identifier: Apache-2.0 */

/* The name server inside: which queries go on, and what their answers teach. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "sbx/str.h"
#include "dns_forward.h"

/* What a name that is not allowed is answered with.  REFUSED would be the better word, but musl's resolver takes it for
 * no answer and waits; this one ends the search everywhere, and the extended error says why. */
#define RCODE_NOT_ALLOWED DNS_NXDOMAIN

struct dns *dns_new(const struct dns_options *options)
{
	struct dns *dns = xcalloc(1, sizeof *dns);
	dns->options = *options;
	dns->listener.fd = -1;
	return dns;
}

static void ask_end(struct dns_ask *ask)
{
	struct dns_ask **link = &ask->dns->asks;
	while (*link != ask)
		link = &(*link)->next;
	*link = ask->next;
	ask->dns->n_asks--;
	dns_ask_free(ask);
}

void dns_free(struct dns *dns)
{
	if (!dns)
		return;
	dns_conns_free(dns);
	while (dns->asks)
		ask_end(dns->asks);
	free(dns);
}

void dns_set_servers(struct dns *dns, const struct net_server *servers, size_t n)
{
	dns->n_servers = n < NET_DNS_SERVERS_MAX ? n : NET_DNS_SERVERS_MAX;
	if (dns->n_servers > 0)
		memcpy(dns->servers, servers, dns->n_servers * sizeof *servers);
}

static void deliver(const struct dns_ask *ask, const uint8_t *msg, size_t n)
{
	struct dns *dns = ask->dns;
	uint8_t cut[DNS_REPLY_MAX];

	if (ask->conn) {
		dns_conn_reply(ask->conn, msg, n);
		return;
	}
	if (n > ask->query.udp_size) {
		n = dns_reply(&ask->query, DNS_NOERROR, DNS_WHY_NONE, true, cut);
		msg = cut;
	}
	size_t len = packet_udp_reply(ask->ethernet, &ask->packet, msg, n, dns->frame, sizeof dns->frame);
	if (len > 0)
		dns->options.send_frame(dns->options.data, dns->frame, len);
}

static void deliver_own(const struct dns_ask *ask, enum dns_rcode rcode, enum dns_why why, bool truncated)
{
	uint8_t reply[DNS_REPLY_MAX];
	deliver(ask, reply, dns_reply(&ask->query, rcode, why, truncated, reply));
}

/* answer_at_once - what needs no server.  Returns whether it did. */
static bool answer_at_once(struct dns_ask *ask, enum dns_rcode rcode)
{
	struct dns *dns = ask->dns;
	bool allowed = rcode == DNS_NOERROR && allow_name(dns->options.allow, ask->query.name);

	dns->options.stats->dns_queries++;
	if (rcode == DNS_REFUSED || (rcode == DNS_NOERROR && !allowed))
		dns->options.stats->dns_refusals++;
	if (rcode == DNS_NOERROR && dns->options.asked)
		dns->options.asked(dns->options.data, ask->query.name, allowed);
	if (rcode != DNS_NOERROR)
		deliver_own(ask, rcode, rcode == DNS_REFUSED ? DNS_WHY_PROHIBITED : DNS_WHY_NONE, false);
	else if (!allowed)
		deliver_own(ask, RCODE_NOT_ALLOWED, DNS_WHY_PROHIBITED, false);
	else if (dns->n_servers == 0 || dns->n_asks >= DNS_ASKS_MAX)
		deliver_own(ask, DNS_SERVFAIL, dns->n_servers ? DNS_WHY_NONE : DNS_WHY_NO_SERVER, false);
	else
		return false;
	return true;
}

bool dns_take(struct dns *dns, const uint8_t *msg, size_t n, struct dns_conn *conn, const uint8_t *frame,
	const struct packet *p)
{
	struct dns_ask *ask = xcalloc(1, sizeof *ask);
	int r = dns_query_parse(msg, n, &ask->query);

	ask->dns = dns;
	ask->watch.fd = -1;
	ask->conn = conn;
	if (!conn) {
		ask->packet = *p;
		memcpy(ask->ethernet, frame, sizeof ask->ethernet);
	}
	if (r < 0 || answer_at_once(ask, (enum dns_rcode)r)) {
		free(ask);
		return r >= 0;
	}
	ask->next = dns->asks;
	dns->asks = ask;
	dns->n_asks++;
	dns_ask_next(ask);
	return true;
}

void dns_drop_asks(struct dns *dns, const struct dns_conn *conn)
{
	struct dns_ask *next;
	for (struct dns_ask *ask = dns->asks; ask; ask = next) {
		next = ask->next;
		if (ask->conn == conn)
			ask_end(ask);
	}
}

void dns_query_frame(struct dns *dns, const uint8_t *frame, size_t len, const struct packet *p)
{
	(void)len; /* packet_parse has compared it with the lengths inside */
	if (p->kind == PACKET_UDP && p->payload)
		dns_take(dns, p->payload, p->payload_len, NULL, frame, p);
}

void dns_failed(struct dns_ask *ask)
{
	deliver_own(ask, DNS_SERVFAIL, DNS_WHY_NO_SERVER, false);
	ask_end(ask);
}

/* One such address spoils the answer: that is what rebinding looks like, and a program that got the rest would still
 * have learnt what the name's owner wanted it to.  It is answered as if the name had no address of that type: resolvers
 * take that at once and for good, where a refusal makes some ask again or wait, and NXDOMAIN would deny the other
 * type's good addresses too (RFC 8020).  Without a SOA nobody keeps it. */
static bool rebinds(const struct dns_answer *answer)
{
	for (size_t i = 0; i < answer->n_addrs; i++)
		if (allow_never(&answer->addrs[i]))
			return true;
	return false;
}

static void pass_on(struct dns_ask *ask, uint8_t *msg, size_t n, const struct dns_answer *answer)
{
	uint64_t now_ms = loop_now_ms();

	if (answer->truncated && !ask->conn) {
		deliver_own(ask, answer->rcode, DNS_WHY_NONE, true);
		return;
	}
	if (rebinds(answer)) {
		deliver_own(ask, DNS_NOERROR, DNS_WHY_FILTERED, false);
		return;
	}
	for (size_t i = 0; i < answer->n_addrs; i++)
		allow_learn(ask->dns->options.allow, ask->query.name, &answer->addrs[i], answer->ttl_s, now_ms);
	put16(msg, ask->query.id);
	deliver(ask, msg, n);
}

/* A server that will not or cannot is no reason to give up while there is another. */
static bool worth_another(const struct dns_ask *ask, enum dns_rcode rcode)
{
	bool helpless = rcode == DNS_SERVFAIL || rcode == DNS_REFUSED || rcode == DNS_NOTIMP;
	return helpless && ask->attempt < ask->dns->n_servers;
}

bool dns_answered(struct dns_ask *ask, uint8_t *msg, size_t n)
{
	struct dns_answer answer;
	int r = dns_answer_parse(msg, n, &ask->query, ask->id, &answer);

	if (r == 0 && answer.truncated && ask->conn)
		r = -EBADMSG; /* over TCP there is room */
	if (r == -ENOMSG)
		return false;
	if (r < 0 || worth_another(ask, answer.rcode)) {
		dns_ask_next(ask);
		return true;
	}
	pass_on(ask, msg, n, &answer);
	ask_end(ask);
	return true;
}
