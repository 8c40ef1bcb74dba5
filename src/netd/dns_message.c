/* SPDX-License-Identifier: Apache-2.0 */

/* Names and queries; answers are read in dns_answer.c. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "dns_message.h"
#include "dns_wire.h"
#include "packet_bytes.h"

#define JUMPS_MAX 127 /* a name has no more labels */
#define OPT_LEN 11
#define OPTION_EDE 15
#define TYPE_META_FIRST 128 /* RFC 6895, 3.1: to 255 are questions and transfers */
#define TYPE_META_LAST 255

/* What stands for itself in a text: not the dot and the backslash, nor the quote, which ends strings elsewhere. */
static bool is_plain(uint8_t c)
{
	return c > 0x20 && c < 0x7f && c != '.' && c != '\\' && c != '"';
}

static size_t put_label(char *out, const uint8_t *label, size_t n)
{
	size_t len = 0;
	for (size_t i = 0; i < n; i++) {
		uint8_t c = label[i];
		if (c >= 'A' && c <= 'Z')
			c = (uint8_t)(c - 'A' + 'a');
		if (is_plain(c))
			out[len++] = (char)c;
		else
			len += (size_t)sprintf(out + len, "\\%03u", c);
	}
	return len;
}

size_t dns_name_read(const uint8_t *msg, size_t n, size_t at, char *ret)
{
	size_t taken = 0, octets = 1, len = 0, first = at, pos = at, jumps = 0;

	while (pos < n) {
		uint8_t kind = msg[pos] & 0xc0;
		size_t label = msg[pos];
		if (kind == 0xc0) {
			if (pos + 2 > n)
				return 0;
			size_t to = get16(msg + pos) & 0x3fff;
			if (taken == 0)
				taken = pos + 2 - at;
			/* Each leads farther back than all before, so that loops end; and pointers to pointers to
			 * pointers, which would take long for nothing, end as well. */
			if (to >= first || to < DNS_HEADER_LEN || ++jumps > JUMPS_MAX)
				return 0;
			first = pos = to;
			continue;
		}
		if (kind != 0)
			return 0;
		if (label == 0) {
			ret[len] = '\0';
			return taken ? taken : pos + 1 - at;
		}
		octets += label + 1;
		if (octets > DNS_NAME_LEN_MAX || label + 1 > n - pos)
			return 0;
		if (len > 0)
			ret[len++] = '.';
		len += put_label(ret + len, msg + pos + 1, label);
		pos += label + 1;
	}
	return 0;
}

size_t dns_record_read(const uint8_t *msg, size_t n, size_t at, struct dns_record *ret)
{
	size_t name = dns_name_read(msg, n, at, ret->name);

	if (name == 0 || n - at - name < DNS_RECORD_FIXED)
		return 0;
	const uint8_t *fixed = msg + at + name;
	ret->type = get16(fixed);
	ret->class = get16(fixed + 2);
	ret->ttl_s = get32(fixed + 4);
	if (ret->ttl_s > INT32_MAX)
		ret->ttl_s = 0; /* RFC 2181, 8 */
	ret->data_len = get16(fixed + 8);
	ret->data = at + name + DNS_RECORD_FIXED;
	return ret->data_len <= n - ret->data ? name + DNS_RECORD_FIXED + ret->data_len : 0;
}

size_t dns_question_read(const uint8_t *msg, size_t n, char *ret_name, uint16_t *ret_type, uint16_t *ret_class)
{
	size_t name = dns_name_read(msg, n, DNS_HEADER_LEN, ret_name);

	/* Nothing stands before it to point to: what is read here is whole where it stands. */
	if (name == 0 || n - DNS_HEADER_LEN - name < 4)
		return 0;
	*ret_type = get16(msg + DNS_HEADER_LEN + name);
	*ret_class = get16(msg + DNS_HEADER_LEN + name + 2);
	return DNS_HEADER_LEN + name + 4;
}

static bool type_is_forwarded(uint16_t type)
{
	return type != 0 && type != DNS_OPT && !(type >= TYPE_META_FIRST && type <= TYPE_META_LAST);
}

static bool read_edns(struct dns_query *q)
{
	struct dns_record opt;

	if (get16(q->wire + 10) == 0)
		return q->question_end == q->n;
	if (get16(q->wire + 10) != 1 || dns_record_read(q->wire, q->n, q->question_end, &opt) != q->n - q->question_end)
		return false;
	if (opt.type != DNS_OPT || opt.name[0] != '\0')
		return false;
	q->has_edns = true;
	if (opt.class > q->udp_size)
		q->udp_size = opt.class;
	return true;
}

int dns_query_parse(const uint8_t *msg, size_t n, struct dns_query *ret)
{
	ret->n = 0;
	ret->has_question = ret->has_edns = false;
	ret->question_end = DNS_HEADER_LEN;
	ret->udp_size = DNS_UDP_LEAST;
	ret->name[0] = '\0';
	if (n < DNS_HEADER_LEN || (get16(msg + 2) & DNS_FLAG_ANSWER))
		return -EBADMSG;
	ret->id = get16(msg);
	ret->flags = get16(msg + 2);
	if (n > DNS_QUERY_MAX)
		return DNS_FORMERR;
	memcpy(ret->wire, msg, n);
	ret->n = n;
	if (ret->flags & DNS_FLAGS_OPCODE)
		return DNS_NOTIMP;
	size_t end = get16(msg + 4) == 1 ? dns_question_read(msg, n, ret->name, &ret->type, &ret->class) : 0;
	if (end == 0)
		return DNS_FORMERR;
	ret->question_end = end;
	ret->has_question = true;
	if (get16(msg + 6) != 0 || get16(msg + 8) != 0 || !read_edns(ret))
		return DNS_FORMERR;
	return ret->class == DNS_CLASS_IN && type_is_forwarded(ret->type) ? DNS_NOERROR : DNS_REFUSED;
}

size_t dns_reply(const struct dns_query *query, enum dns_rcode rcode, enum dns_why why, bool truncated,
	uint8_t out[static DNS_REPLY_MAX])
{
	size_t n = DNS_HEADER_LEN;
	uint16_t flags = query->flags & (DNS_FLAGS_OPCODE | DNS_FLAG_RD | DNS_FLAG_CD);

	memset(out, 0, DNS_HEADER_LEN);
	put16(out, query->id);
	put16(out + 2, flags | DNS_FLAG_ANSWER | DNS_FLAG_RA | (truncated ? DNS_FLAG_TRUNCATED : 0) | (uint16_t)rcode);
	if (query->has_question) {
		put16(out + 4, 1);
		memcpy(out + n, query->wire + n, query->question_end - n);
		n = query->question_end;
	}
	if (query->has_edns) {
		put16(out + 10, 1);
		memset(out + n, 0, OPT_LEN);
		put16(out + n + 1, DNS_OPT);
		put16(out + n + 3, DNS_QUERY_MAX);
		n += OPT_LEN;
		if (why != DNS_WHY_NONE) {
			put16(out + n - 2, 6);
			put16(out + n, OPTION_EDE);
			put16(out + n + 2, 2);
			put16(out + n + 4, why);
			n += 6;
		}
	}
	return n;
}

size_t dns_query_make(const struct dns_query *query, uint16_t id, uint8_t out[static DNS_QUERY_MAX])
{
	memcpy(out, query->wire, query->n);
	put16(out, id);
	put16(out + 2, query->flags & (DNS_FLAG_RD | DNS_FLAG_AD | DNS_FLAG_CD));
	return query->n;
}
