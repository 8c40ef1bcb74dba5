/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Ethernet frames from the sandbox: what the filter and the name server need to know of one, and the frames that go
 * back without libslirp.  A frame is what a hostile program sends: any bytes.  Sources: RFC 791, 8200, 9293, 768, 792,
 * 4443, 826. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "sbx/nethelper.h"

enum packet_kind {
	PACKET_ARP,
	PACKET_NDP, /* ICMPv6 neighbour and router discovery */
	PACKET_TCP,
	PACKET_UDP,
	PACKET_PING,  /* an echo request */
	PACKET_OTHER, /* anything else: dropped */
};

struct packet {
	enum packet_kind kind;
	bool ip6;
	bool fragment; /* of a bigger packet: the ports are not to be believed, and 0 here */
	bool tcp_open; /* TCP with SYN and without ACK: a new connection */
	struct net_addr src, dst;
	uint16_t src_port, dst_port; /* host order; 0 where there are none */
	const uint8_t *payload;      /* UDP: the datagram's content, within the frame */
	size_t payload_len;
};

/* packet_parse - look at one frame.  What is not wholly as its RFC says (lengths, header sizes, IPv4 options allowed,
 * IPv6 extension headers not, ports 0, IPv4 written in IPv6) is PACKET_OTHER; so are fragments but for UDP over IPv4,
 * and a UDP length that is not exactly what IP carries.  @ret->payload points into @frame. */
void packet_parse(const uint8_t *frame, size_t len, struct packet *ret);

/* packet_refuse - the frame that tells the sandbox at once that @frame (parsed as @p) leads nowhere: TCP RST for a new
 * connection, ICMP "administratively prohibited" for UDP and pings.  Returns its length, 0 where nothing may be
 * answered (other TCP segments, later fragments, broadcast).  @out has room for PACKET_REFUSAL_MAX bytes. */
#define PACKET_REFUSAL_MAX 1280
size_t packet_refuse(const uint8_t *frame, size_t len, const struct packet *p, uint8_t *out);

/* packet_udp_reply - the frame of a UDP datagram that answers @query_frame (an IPv4 or IPv6 UDP frame, parsed as @p),
 * with the addresses and ports turned round.  Only the frame's Ethernet header is read: the rest need not be kept.
 * Returns its length, 0 where @n is too much for one frame or @size. */
size_t packet_udp_reply(const uint8_t *query_frame, const struct packet *p, const uint8_t *content, size_t n,
	uint8_t *out, size_t size);
