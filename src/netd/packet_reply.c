/* SPDX-License-Identifier: Apache-2.0 */

/* Frames that go back to the sandbox without libslirp. */

#include <string.h>
#include <netinet/in.h>
#include "packet.h"
#include "packet_bytes.h"

#define HOP_LIMIT 64

#define ICMP4_UNREACH 3
#define ICMP4_PROHIBITED 13 /* RFC 1812, 5.2.7.1; Linux gives a socket EHOSTUNREACH */
#define ICMP4_MAX 576       /* RFC 1812, 4.3.2.3 */
#define ICMP6_UNREACH 1
#define ICMP6_PROHIBITED 1 /* RFC 4443, 3.1; EACCES */

uint16_t packet_sum(uint16_t sum, const uint8_t *bytes, size_t n)
{
	uint64_t total = sum;
	for (size_t i = 0; i + 1 < n; i += 2)
		total += get16(bytes + i);
	if (n % 2)
		total += (uint64_t)bytes[n - 1] << 8;
	while (total >> 16)
		total = (total & 0xffff) + (total >> 16);
	return (uint16_t)total;
}

/* IPv4 in its mapped form sums up as itself but for the prefix's ffff, which is nought in ones' complement. */
uint16_t packet_pseudo_sum(const struct net_addr *src, const struct net_addr *dst, uint8_t protocol, size_t n)
{
	uint8_t rest[8] = {0};
	put32(rest, (uint32_t)n);
	rest[7] = protocol;
	uint16_t sum = packet_sum(0, src->bytes, sizeof src->bytes);
	sum = packet_sum(sum, dst->bytes, sizeof dst->bytes);
	return packet_sum(sum, rest, sizeof rest);
}

static size_t ip_len(const struct packet *p)
{
	return p->ip6 ? IP6_LEN : IP4_LEN;
}

/* put_headers - Ethernet and IP headers of a packet with @n bytes of content that goes from @src to who sent
 * @frame.  Returns where the content begins. */
static uint8_t *put_headers(uint8_t *out, const uint8_t *frame, const struct packet *p, uint8_t protocol, size_t n)
{
	uint8_t *ip = out + ETH_LEN;

	memcpy(out, frame + 6, 6);
	memcpy(out + 6, frame, 6);
	put16(out + 12, p->ip6 ? ETH_IP6 : ETH_IP4);
	memset(ip, 0, ip_len(p));
	if (p->ip6) {
		ip[0] = 0x60;
		put16(ip + 4, n);
		ip[6] = protocol;
		ip[7] = HOP_LIMIT;
		memcpy(ip + 8, p->dst.bytes, 16);
		memcpy(ip + 24, p->src.bytes, 16);
	} else {
		ip[0] = 0x45;
		put16(ip + 2, IP4_LEN + n);
		put16(ip + 6, IP4_DONT); /* whole, so that its identification may be 0 (RFC 6864) */
		ip[8] = HOP_LIMIT;
		ip[9] = protocol;
		memcpy(ip + 12, p->dst.bytes + 12, 4);
		memcpy(ip + 16, p->src.bytes + 12, 4);
		put16(ip + 10, (uint16_t)~packet_sum(0, ip, IP4_LEN));
	}
	return ip + ip_len(p);
}

static void put_sum(uint8_t *at, uint16_t start, const uint8_t *content, size_t n)
{
	put16(at, (uint16_t)~packet_sum(start, content, n));
}

/* A reset that the sandbox's TCP takes for an answer to its SYN: it acknowledges it, and what came with it
 * (RFC 9293, 3.10.7.1). */
static size_t refuse_tcp(const uint8_t *frame, const struct packet *p, uint8_t *out)
{
	const uint8_t *ip = frame + ETH_LEN;
	size_t header = p->ip6 ? IP6_LEN : (size_t)(ip[0] & 15) * 4;
	size_t content = p->ip6 ? get16(ip + 4) : get16(ip + 2) - header;
	const uint8_t *tcp = ip + header;
	size_t data = content - (size_t)(tcp[12] >> 4) * 4;
	uint8_t *reset = put_headers(out, frame, p, IPPROTO_TCP, TCP_LEN);

	memset(reset, 0, TCP_LEN);
	put16(reset, p->dst_port);
	put16(reset + 2, p->src_port);
	put32(reset + 8, get32(tcp + 4) + 1 + (uint32_t)data + (tcp[13] & TCP_FIN ? 1 : 0));
	reset[12] = TCP_LEN / 4 << 4;
	reset[13] = TCP_RST | TCP_ACK;
	put_sum(reset + 16, packet_pseudo_sum(&p->dst, &p->src, IPPROTO_TCP, TCP_LEN), reset, TCP_LEN);
	return ETH_LEN + ip_len(p) + TCP_LEN;
}

static size_t refuse_icmp(const uint8_t *frame, const struct packet *p, uint8_t *out)
{
	const uint8_t *ip = frame + ETH_LEN;
	size_t most = (p->ip6 ? PACKET_REFUSAL_MAX - ETH_LEN : ICMP4_MAX) - ip_len(p) - ICMP_LEN;
	size_t quoted = p->ip6 ? IP6_LEN + (size_t)get16(ip + 4) : get16(ip + 2);

	if (quoted > most)
		quoted = most;
	uint8_t *icmp = put_headers(out, frame, p, p->ip6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP, ICMP_LEN + quoted);
	memset(icmp, 0, ICMP_LEN);
	icmp[0] = p->ip6 ? ICMP6_UNREACH : ICMP4_UNREACH;
	icmp[1] = p->ip6 ? ICMP6_PROHIBITED : ICMP4_PROHIBITED;
	memcpy(icmp + ICMP_LEN, ip, quoted);
	uint16_t start = p->ip6 ? packet_pseudo_sum(&p->dst, &p->src, IPPROTO_ICMPV6, ICMP_LEN + quoted) : 0;
	put_sum(icmp + 2, start, icmp, ICMP_LEN + quoted);
	return ETH_LEN + ip_len(p) + ICMP_LEN + quoted;
}

/* one_host - an address that can be a party of its own: not unspecified, multicast or broadcast (RFC 1122, 3.2.2). */
static bool one_host(const struct net_addr *addr)
{
	static const uint8_t nought[16];
	const uint8_t *b = addr->bytes;
	if (memcmp(b, packet_mapped, sizeof packet_mapped) == 0)
		return b[12] != 0 && b[12] < 224;
	return b[0] != 0xff && memcmp(b, nought, sizeof nought) != 0;
}

size_t packet_refuse(const uint8_t *frame, size_t len, const struct packet *p, uint8_t *out)
{
	(void)len; /* packet_parse has compared it with the lengths inside */
	if (((frame[0] | frame[6]) & 1) || !one_host(&p->src) || !one_host(&p->dst))
		return 0;
	if (p->kind == PACKET_TCP)
		return p->tcp_open ? refuse_tcp(frame, p, out) : 0;
	if (p->kind != PACKET_UDP && p->kind != PACKET_PING)
		return 0;
	if (p->fragment && (get16(frame + ETH_LEN + 6) & IP4_OFFSET))
		return 0; /* only the first is answered */
	return refuse_icmp(frame, p, out);
}

size_t packet_udp_reply(
	const uint8_t *query_frame, const struct packet *p, const uint8_t *content, size_t n, uint8_t *out, size_t size)
{
	size_t headers = ip_len(p) + UDP_LEN;
	if (n > NET_MTU - headers || size < ETH_LEN + headers + n)
		return 0;
	uint8_t *udp = put_headers(out, query_frame, p, IPPROTO_UDP, UDP_LEN + n);

	put16(udp, p->dst_port);
	put16(udp + 2, p->src_port);
	put16(udp + 4, UDP_LEN + n);
	put16(udp + 6, 0);
	memcpy(udp + UDP_LEN, content, n);
	put_sum(udp + 6, packet_pseudo_sum(&p->dst, &p->src, IPPROTO_UDP, UDP_LEN + n), udp, UDP_LEN + n);
	if (get16(udp + 6) == 0)
		put16(udp + 6, 0xffff); /* 0 would mean: no sum */
	return ETH_LEN + headers + n;
}
