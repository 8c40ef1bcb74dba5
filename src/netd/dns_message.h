/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* DNS messages: questions from a hostile program, answers from servers that may be lied to.  Sources: RFC 1035, 2181
 * (TTLs, one CNAME a name), 6891 (EDNS), 8914 (why an answer is not given). */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "sbx/nethelper.h"

#define DNS_HEADER_LEN 12
#define DNS_NAME_LEN_MAX 255 /* octets with the lengths and the root */
#define DNS_TEXT_MAX 1024    /* a name as text: each octet is at most \DDD; and a NUL */
#define DNS_QUERY_MAX 1232   /* a longer query is refused; no EDNS option needs it */
#define DNS_MESSAGE_MAX 65535
#define DNS_REPLY_MAX 512 /* what dns_reply makes */
#define DNS_UDP_LEAST 512
#define DNS_ADDRS_MAX 128

enum dns_type {
	DNS_A = 1,
	DNS_CNAME = 5,
	DNS_AAAA = 28,
	DNS_OPT = 41,
};

enum dns_rcode {
	DNS_NOERROR = 0,
	DNS_FORMERR = 1,
	DNS_SERVFAIL = 2,
	DNS_NXDOMAIN = 3,
	DNS_NOTIMP = 4,
	DNS_REFUSED = 5,
};

/* Extended errors, RFC 8914, 4; told to who speaks EDNS. */
enum dns_why {
	DNS_WHY_NONE = 0,
	DNS_WHY_FILTERED = 17,
	DNS_WHY_PROHIBITED = 18,
	DNS_WHY_NO_SERVER = 22, /* "No Reachable Authority" */
};

struct dns_query {
	uint16_t id, flags;
	uint16_t type, class;
	bool has_question, has_edns;
	uint16_t udp_size;       /* what the asker takes over UDP */
	char name[DNS_TEXT_MAX]; /* lower case, no trailing dot; "" is the root; see dns_name_read */
	size_t n;
	uint8_t wire[DNS_QUERY_MAX]; /* the whole message */
	size_t question_end;         /* in wire */
};

struct dns_answer {
	enum dns_rcode rcode;
	bool truncated;
	struct net_addr addrs[DNS_ADDRS_MAX]; /* of the name asked for, through its aliases */
	size_t n_addrs;
	uint32_t ttl_s; /* the least of the chain and the addresses */
};

/* dns_name_read - the name at @at, which may be compressed, as text: lower case, and what is not a letter, digit or
 * harmless sign as \DDD, so that no label can look like two.  @ret has room for DNS_TEXT_MAX.
 * Returns the octets taken at @at, 0 where it is none: over 255 octets, a pointer that does not point back before all
 * that was read of the name, an unknown kind of label, or past the end. */
size_t dns_name_read(const uint8_t *msg, size_t n, size_t at, char *ret);

/* dns_query_parse - a message as a query that may be passed on: one question, of class IN and of a type that is one
 * record's type, and at most an OPT record behind it.
 * Returns DNS_NOERROR; the code to answer with; -EBADMSG where nothing is to be answered.  @ret is good for dns_reply
 * in each case but the last. */
int dns_query_parse(const uint8_t *msg, size_t n, struct dns_query *ret);

/* dns_reply - an answer of our own: the question, the code and, to who speaks EDNS, why.  Returns its length. */
size_t dns_reply(const struct dns_query *query, enum dns_rcode rcode, enum dns_why why, bool truncated,
	uint8_t out[static DNS_REPLY_MAX]);

/* dns_query_make - the query under another id, for a server.  Returns its length, at most DNS_QUERY_MAX. */
size_t dns_query_make(const struct dns_query *query, uint16_t id, uint8_t out[static DNS_QUERY_MAX]);

/* dns_answer_parse - a message as the answer to @query, which was sent as @id.
 * Addresses are those at the end of the chain of CNAMEs that begins at the question's name; whatever else the message
 * says of other names is not looked at.  A truncated answer gives none.
 * Returns 0; -ENOMSG it is none to this query (id, question); -EBADMSG it is one, but malformed. */
int dns_answer_parse(const uint8_t *msg, size_t n, const struct dns_query *query, uint16_t id, struct dns_answer *ret);
