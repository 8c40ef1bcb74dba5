/* SPDX-License-Identifier: Apache-2.0 */

/* Any frame: the filter must not crash, what it passes must read for libslirp as it read for the filter, and what it
 * answers must be a frame. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "src/netd/packet.h"

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

/* What libslirp 4.7 makes of a frame, step by step as in its slirp_input, ip_input, ip6_input, tcp_input and udp_input:
 * it cuts the packet to the header's length, strips IPv4 options, and takes what follows by the protocol's number. */
struct reading {
	uint8_t protocol;
	bool ip6, fragment, opens;
	const uint8_t *dst, *content;
	size_t n;
};

static bool slirp_reads(const uint8_t *frame, size_t len, struct reading *ret)
{
	const uint8_t *ip = frame + 14;
	memset(ret, 0, sizeof *ret);
	if (len < 14 || (rd16(frame + 12) != 0x0800 && rd16(frame + 12) != 0x86dd))
		return false;
	ret->ip6 = rd16(frame + 12) == 0x86dd;
	len -= 14;
	if (ret->ip6) {
		if (len < 40 || ip[0] >> 4 != 6 || len < 40u + rd16(ip + 4) || ip[7] == 0)
			return false;
		ret->protocol = ip[6];
		ret->dst = ip + 24;
		ret->content = ip + 40;
		ret->n = rd16(ip + 4);
		return true;
	}
	size_t header = len < 20 ? 0 : (ip[0] & 15u) << 2;
	if (len < 20 || ip[0] >> 4 != 4 || header < 20 || header > len || rd16(ip + 2) < header || rd16(ip + 2) > len ||
		ip[8] == 0)
		return false;
	ret->fragment = (rd16(ip + 6) & 0xbfff) != 0;
	ret->protocol = ip[9];
	ret->dst = ip + 16;
	ret->content = ip + header;
	ret->n = rd16(ip + 2) - header;
	return true;
}

static void same_address(const struct packet *p, const struct reading *r)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	require(p->ip6 == r->ip6);
	if (p->ip6) {
		require(memcmp(p->dst.bytes, r->dst, 16) == 0);
		require(memcmp(p->dst.bytes, mapped, 12) != 0 && memcmp(p->src.bytes, mapped, 12) != 0);
	} else {
		require(memcmp(p->dst.bytes, mapped, 12) == 0 && memcmp(p->dst.bytes + 12, r->dst, 4) == 0);
	}
}

static void same_reading(const struct packet *p, const uint8_t *frame, size_t len)
{
	struct reading r;
	require(slirp_reads(frame, len, &r));
	same_address(p, &r);
	require(p->fragment == r.fragment);
	if (p->fragment) {
		require(p->kind == PACKET_UDP && r.protocol == 17 && !p->dst_port && !p->src_port && !p->payload);
		return;
	}
	switch (p->kind) {
	case PACKET_TCP:
		require(r.protocol == 6 && r.n >= 20 && p->dst_port == rd16(r.content + 2) && p->dst_port != 0);
		require((r.content[12] >> 4) * 4u >= 20 && (r.content[12] >> 4) * 4u <= r.n);
		/* tcp_input makes a connection of these flags alone */
		require((r.content[13] & 0x37) != 0x02 || p->tcp_open);
		break;
	case PACKET_UDP:
		require(r.protocol == 17 && r.n >= 8 && p->dst_port == rd16(r.content + 2) && p->dst_port != 0);
		require(rd16(r.content + 4) == r.n && p->payload == r.content + 8 && p->payload_len == r.n - 8);
		break;
	case PACKET_PING:
		require(r.protocol == (r.ip6 ? 58 : 1) && r.n >= 8 && r.content[0] == (r.ip6 ? 128 : 8));
		break;
	default:
		require(p->kind == PACKET_NDP && r.ip6 && r.protocol == 58 && r.n >= 8 && r.content[0] >= 133 &&
			r.content[0] <= 136);
	}
}

static void fuzz_frame(const uint8_t *bytes, size_t n)
{
	uint8_t out[PACKET_REFUSAL_MAX], reply[2000];
	struct packet p, back;

	packet_parse(bytes, n, &p);
	if (p.kind == PACKET_OTHER)
		return;
	if (p.kind == PACKET_ARP) {
		require(n >= 42);
		return;
	}
	same_reading(&p, bytes, n);
	size_t len = packet_refuse(bytes, n, &p, out);
	require(len <= sizeof out);
	if (len > 0) {
		struct reading r;
		require(slirp_reads(out, len, &r));
		same_address(&(struct packet){.ip6 = p.ip6, .dst = p.src, .src = p.dst}, &r);
		packet_parse(out, len, &back);
		require(p.kind == PACKET_TCP ? back.kind == PACKET_TCP && !back.tcp_open && back.src_port == p.dst_port
					     : back.kind == PACKET_OTHER);
	}
	if (p.kind != PACKET_UDP || p.fragment)
		return;
	len = packet_udp_reply(bytes, &p, p.payload, p.payload_len, reply, sizeof reply);
	require(len <= sizeof reply);
	packet_parse(reply, len, &back);
	require(len == 0 || p.src_port == 0 ||
		(back.kind == PACKET_UDP && back.dst_port == p.src_port && back.payload_len == p.payload_len));
}

/* make_sum_right - of an IPv4 header: a fuzzer cannot guess it. */
static void make_sum_right(uint8_t *frame, size_t n)
{
	uint8_t *ip = frame + 14;
	size_t header = n < 34 || rd16(frame + 12) != 0x0800 ? 0 : (ip[0] & 15u) * 4;
	unsigned long sum = 0;

	if (header < 20 || header > n - 14)
		return;
	ip[10] = ip[11] = 0;
	for (size_t i = 0; i < header; i += 2)
		sum += rd16(ip + i);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = ~((sum & 0xffff) + (sum >> 16)) & 0xffff;
	ip[10] = (uint8_t)(sum >> 8);
	ip[11] = (uint8_t)sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	uint8_t *frame = malloc(n ? n : 1); /* of its own size, so that a read beyond is seen */

	require(frame != NULL);
	if (n > 0)
		memcpy(frame, bytes, n);
	fuzz_frame(frame, n);
	make_sum_right(frame, n);
	fuzz_frame(frame, n);
	free(frame);
	return 0;
}
