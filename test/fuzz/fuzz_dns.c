/* SPDX-License-Identifier: Apache-2.0 */

/* Any bytes as a query, and any bytes as the answer to one: no crash, all bounds kept, and an answer gives addresses
 * only as records of its own answer section do.  The first two bytes divide the rest into query and answer. */

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "src/netd/dns_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static unsigned rd16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

static void fuzz_name(const uint8_t *bytes, size_t n)
{
	char text[DNS_TEXT_MAX];
	for (size_t at = 0; at < n && at < 300; at++) {
		size_t taken = dns_name_read(bytes, n, at, text);
		/* one more than a name has, where a pointer stands for its root */
		require(taken <= n - at && taken <= DNS_NAME_LEN_MAX + 1);
		if (taken == 0)
			continue;
		require(strlen(text) < sizeof text);
		for (const char *p = text; *p; p++)
			require(*p > ' ' && *p < 0x7f && !(*p >= 'A' && *p <= 'Z') && *p != '"');
	}
}

static bool fuzz_query(const uint8_t *bytes, size_t n, struct dns_query *query)
{
	uint8_t reply[DNS_REPLY_MAX], forward[DNS_QUERY_MAX];
	struct dns_query again;
	int r = dns_query_parse(bytes, n, query);

	require(r >= -EBADMSG && r <= DNS_REFUSED);
	if (r < 0)
		return false;
	size_t len = dns_reply(query, DNS_REFUSED, DNS_WHY_PROHIBITED, false, reply);
	require(len >= DNS_HEADER_LEN && len <= sizeof reply);
	require(dns_query_parse(reply, len, &again) == -EBADMSG);
	if (r != DNS_NOERROR)
		return false;
	len = dns_query_make(query, 7, forward);
	require(len == n && rd16(forward) == 7);
	require(dns_query_parse(forward, len, &again) == DNS_NOERROR && strcmp(again.name, query->name) == 0);

	struct dns_answer answer; /* what we say ourselves is an answer, and gives no address */
	len = dns_reply(query, DNS_NOERROR, DNS_WHY_FILTERED, false, reply);
	require(dns_answer_parse(reply, len, query, query->id, &answer) == 0 && answer.n_addrs == 0);
	return true;
}

static bool stands_in(const uint8_t *bytes, size_t n, const struct net_addr *addr, size_t size)
{
	return memmem(bytes, n, addr->bytes + 16 - size, size) != NULL;
}

static void fuzz_answer(const uint8_t *bytes, size_t n, const struct dns_query *query)
{
	struct dns_answer answer;
	int r = n < 2 ? -ENOMSG : dns_answer_parse(bytes, n, query, (uint16_t)rd16(bytes), &answer);

	require(r == 0 || r == -ENOMSG || r == -EBADMSG);
	if (r < 0) {
		require(n < 2 || answer.n_addrs == 0);
		return;
	}
	require(answer.n_addrs <= DNS_ADDRS_MAX);
	require(answer.n_addrs == 0 || (answer.rcode == DNS_NOERROR && !answer.truncated));
	require(answer.n_addrs == 0 || query->type == DNS_A || query->type == DNS_AAAA);
	for (size_t i = 0; i < answer.n_addrs; i++)
		require(stands_in(bytes, n, &answer.addrs[i], query->type == DNS_A ? 4 : 16));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct dns_query query;

	if (n < 2)
		return 0;
	size_t n_query = rd16(bytes) % (n - 1);
	bytes += 2;
	n -= 2;
	fuzz_name(bytes, n);
	if (fuzz_query(bytes, n_query, &query))
		fuzz_answer(bytes + n_query, n - n_query, &query);
	return 0;
}
