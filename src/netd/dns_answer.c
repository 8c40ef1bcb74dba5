/* SPDX-License-Identifier: Apache-2.0 */

/* Answers, and which addresses they give for the name that was asked. */

#include <errno.h>
#include <string.h>
#include "dns_wire.h"
#include "packet_bytes.h"

#define CHAIN_MAX 16     /* aliases; resolvers give up between 8 and 16 */
#define RECORDS_MAX 1024 /* of the answer section; the chain is looked up in it for each alias */

/* one_alias - the record that says what @name is an alias of.  Two of a name contradict each other (RFC 2181, 10.1).
 * Returns 1 with the record, 0, -EBADMSG. */
static int one_alias(const uint8_t *msg, size_t n, size_t at, const char *name, struct dns_record *ret)
{
	struct dns_record record;
	int found = 0;

	for (unsigned left = get16(msg + 6); left > 0; left--) {
		at += dns_record_read(msg, n, at, &record);
		if (record.type != DNS_CNAME || record.class != DNS_CLASS_IN || strcmp(record.name, name) != 0)
			continue;
		if (++found > 1)
			return -EBADMSG;
		*ret = record;
	}
	return found;
}

/* follow_chain - from @name, which becomes the name at its end.  Returns 0; -EBADMSG: a loop, or no end in sight. */
static int follow_chain(const uint8_t *msg, size_t n, size_t at, char *name, uint32_t *ttl_s)
{
	struct dns_record alias;

	for (unsigned hops = 0; hops <= CHAIN_MAX; hops++) {
		int r = one_alias(msg, n, at, name, &alias);
		if (r <= 0)
			return r;
		if (dns_name_read(msg, n, alias.data, name) != alias.data_len)
			return -EBADMSG;
		if (alias.ttl_s < *ttl_s)
			*ttl_s = alias.ttl_s;
	}
	return -EBADMSG;
}

static int read_addresses(
	const uint8_t *msg, size_t n, size_t at, const struct dns_query *query, struct dns_answer *ret)
{
	size_t size = query->type == DNS_A ? 4 : 16;
	struct dns_record record;
	char name[DNS_TEXT_MAX];

	strcpy(name, query->name);
	ret->ttl_s = UINT32_MAX;
	int r = follow_chain(msg, n, at, name, &ret->ttl_s);
	if (r < 0)
		return r;
	for (unsigned left = get16(msg + 6); left > 0; left--) {
		at += dns_record_read(msg, n, at, &record);
		if (record.type != query->type || record.class != DNS_CLASS_IN || strcmp(record.name, name) != 0)
			continue;
		if (record.data_len != size)
			return -EBADMSG;
		if (ret->n_addrs == DNS_ADDRS_MAX)
			continue;
		struct net_addr *addr = &ret->addrs[ret->n_addrs++];
		if (size == 4)
			packet_addr4(addr, msg + record.data);
		else
			memcpy(addr->bytes, msg + record.data, size);
		if (record.ttl_s < ret->ttl_s)
			ret->ttl_s = record.ttl_s;
	}
	return 0;
}

/* all_records_are_whole - up to the last octet, in all sections. */
static bool all_records_are_whole(const uint8_t *msg, size_t n, size_t at)
{
	unsigned records = (unsigned)get16(msg + 6) + get16(msg + 8) + get16(msg + 10);
	struct dns_record record;

	for (; records > 0; records--) {
		size_t taken = dns_record_read(msg, n, at, &record);
		if (taken == 0)
			return false;
		at += taken;
	}
	return at == n;
}

int dns_answer_parse(const uint8_t *msg, size_t n, const struct dns_query *query, uint16_t id, struct dns_answer *ret)
{
	char name[DNS_TEXT_MAX];
	uint16_t type, class;

	ret->n_addrs = 0;
	ret->ttl_s = 0;
	if (n < DNS_HEADER_LEN || get16(msg) != id || !(get16(msg + 2) & DNS_FLAG_ANSWER))
		return -ENOMSG;
	uint16_t flags = get16(msg + 2);
	ret->rcode = (enum dns_rcode)(flags & DNS_FLAGS_RCODE);
	ret->truncated = flags & DNS_FLAG_TRUNCATED;
	/* A server that did not understand may leave the question out. */
	if (get16(msg + 4) == 0 && n == DNS_HEADER_LEN && ret->rcode != DNS_NOERROR && ret->rcode != DNS_NXDOMAIN)
		return 0;
	size_t at = get16(msg + 4) == 1 ? dns_question_read(msg, n, name, &type, &class) : 0;
	if (at == 0 || type != query->type || class != query->class || strcmp(name, query->name) != 0)
		return -ENOMSG;
	if (flags & DNS_FLAGS_OPCODE)
		return -EBADMSG;
	if (ret->truncated)
		return 0; /* it may be cut anywhere */
	if (get16(msg + 6) > RECORDS_MAX || !all_records_are_whole(msg, n, at))
		return -EBADMSG;
	if (ret->rcode != DNS_NOERROR || (type != DNS_A && type != DNS_AAAA))
		return 0;
	int r = read_addresses(msg, n, at, query, ret);
	if (r < 0)
		ret->n_addrs = 0;
	return r;
}
