/* SPDX-License-Identifier: Apache-2.0 */

/* What a frame from the sandbox is, read so that libslirp cannot read it otherwise: lengths must agree exactly where
 * libslirp would cut (UDP), and what only its rarer paths would see (fragmented TCP and ICMP, IPv6 extension headers,
 * VLAN tags, NC-SI) never gets there.  Sums of TCP, UDP and ICMP are left to it: it drops what is wrong. */

#include <string.h>
#include <netinet/in.h>
#include "packet.h"
#include "packet_bytes.h"

#define ARP_LEN 28

#define NDP_ROUTER_SOLICIT 133
#define NDP_NEIGHBOR_ADVERT 136

void packet_addr4(struct net_addr *ret, const uint8_t *bytes)
{
	memcpy(ret->bytes, packet_mapped, sizeof packet_mapped);
	memcpy(ret->bytes + sizeof packet_mapped, bytes, 4);
}

/* Source: RFC 1071: the sum over a header with its checksum is all ones. */
static bool header_sum_is_right(const uint8_t *ip, size_t n)
{
	return packet_sum(0, ip, n) == 0xffff;
}

static void parse_tcp(const uint8_t *tcp, size_t n, struct packet *p)
{
	if (n < TCP_LEN)
		return;
	size_t header = (size_t)(tcp[12] >> 4) * 4;
	if (header < TCP_LEN || header > n)
		return;
	p->src_port = get16(tcp);
	p->dst_port = get16(tcp + 2);
	p->tcp_open = (tcp[13] & (TCP_SYN | TCP_ACK)) == TCP_SYN;
	if (p->src_port != 0 && p->dst_port != 0)
		p->kind = PACKET_TCP;
}

static void parse_udp(const uint8_t *udp, size_t n, struct packet *p)
{
	if (n < UDP_LEN || get16(udp + 4) != n)
		return;
	p->src_port = get16(udp);
	p->dst_port = get16(udp + 2);
	p->payload = udp + UDP_LEN;
	p->payload_len = n - UDP_LEN;
	if (p->dst_port != 0)
		p->kind = PACKET_UDP;
}

static void parse_icmp4(const uint8_t *icmp, size_t n, struct packet *p)
{
	if (n >= ICMP_LEN && icmp[0] == ICMP4_ECHO && icmp[1] == 0)
		p->kind = PACKET_PING;
}

/* RFC 4861, 6.1 and 7.1: a hop limit of 255 says that no router has passed it on; code 0; the fixed part is whole. */
static void parse_icmp6(const uint8_t *icmp, size_t n, uint8_t hop_limit, struct packet *p)
{
	static const size_t least[] = {8, 16, 24, 24}; /* from router solicitation on */
	if (n < ICMP_LEN || icmp[1] != 0)
		return;
	if (icmp[0] == ICMP6_ECHO)
		p->kind = PACKET_PING;
	else if (icmp[0] >= NDP_ROUTER_SOLICIT && icmp[0] <= NDP_NEIGHBOR_ADVERT && hop_limit == 255 &&
		 n >= least[icmp[0] - NDP_ROUTER_SOLICIT])
		p->kind = PACKET_NDP;
}

/* parse_fragment - only of UDP: no stack cuts TCP below the MTU, and libslirp's reassembly is best not reached at all.
 * What would be put together to more than a datagram can hold is refused (a "ping of death"). */
static void parse_fragment(const uint8_t *ip, size_t header, size_t total, struct packet *p)
{
	size_t offset = (size_t)(get16(ip + 6) & IP4_OFFSET) * 8;
	bool more = get16(ip + 6) & IP4_MORE;

	p->fragment = true;
	if (ip[9] == IPPROTO_UDP && total > header && header + offset + (total - header) <= UINT16_MAX &&
		(!more || (total - header) % 8 == 0))
		p->kind = PACKET_UDP;
}

static void parse_ip4(const uint8_t *ip, size_t n, struct packet *p)
{
	if (n < IP4_LEN || ip[0] >> 4 != 4)
		return;
	size_t header = (size_t)(ip[0] & 15) * 4, total = get16(ip + 2);
	if (header < IP4_LEN || total < header || total > n || ip[8] == 0 || !header_sum_is_right(ip, header))
		return;
	packet_addr4(&p->src, ip + 12);
	packet_addr4(&p->dst, ip + 16);
	if (get16(ip + 6) & IP4_RESERVED)
		return;
	if (get16(ip + 6) & (IP4_MORE | IP4_OFFSET)) {
		parse_fragment(ip, header, total, p);
		return;
	}
	switch (ip[9]) {
	case IPPROTO_TCP:
		parse_tcp(ip + header, total - header, p);
		break;
	case IPPROTO_UDP:
		parse_udp(ip + header, total - header, p);
		break;
	case IPPROTO_ICMP:
		parse_icmp4(ip + header, total - header, p);
		break;
	default:
		break;
	}
}

static void parse_ip6(const uint8_t *ip, size_t n, struct packet *p)
{
	if (n < IP6_LEN || ip[0] >> 4 != 6)
		return;
	size_t content = get16(ip + 4);
	if (content > n - IP6_LEN || ip[7] == 0)
		return;
	/* struct net_addr could not tell these from IPv4, and the host's kernel would take them for it. */
	if (memcmp(ip + 8, packet_mapped, sizeof packet_mapped) == 0 ||
		memcmp(ip + 24, packet_mapped, sizeof packet_mapped) == 0)
		return;
	p->ip6 = true;
	memcpy(p->src.bytes, ip + 8, 16);
	memcpy(p->dst.bytes, ip + 24, 16);
	switch (ip[6]) {
	case IPPROTO_TCP:
		parse_tcp(ip + IP6_LEN, content, p);
		break;
	case IPPROTO_UDP:
		parse_udp(ip + IP6_LEN, content, p);
		break;
	case IPPROTO_ICMPV6:
		parse_icmp6(ip + IP6_LEN, content, ip[7], p);
		break;
	default:
		break;
	}
}

void packet_parse(const uint8_t *frame, size_t len, struct packet *ret)
{
	static const uint8_t arp_of_ip4[] = {0, 1, 8, 0, 6, 4}; /* Ethernet, IPv4, lengths of their addresses */

	memset(ret, 0, sizeof *ret);
	ret->kind = PACKET_OTHER;
	if (len < ETH_LEN)
		return;
	switch (get16(frame + 12)) {
	case ETH_ARP:
		if (len >= ETH_LEN + ARP_LEN && memcmp(frame + ETH_LEN, arp_of_ip4, sizeof arp_of_ip4) == 0)
			ret->kind = PACKET_ARP;
		break;
	case ETH_IP4:
		parse_ip4(frame + ETH_LEN, len - ETH_LEN, ret);
		break;
	case ETH_IP6:
		parse_ip6(frame + ETH_LEN, len - ETH_LEN, ret);
		break;
	default:
		break;
	}
}
