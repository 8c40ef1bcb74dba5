/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Headers as bytes: no struct is laid over what a stranger sent, so alignment and byte order cannot go wrong. */

#include <stddef.h>
#include <stdint.h>
#include "sbx/nethelper.h"

#define ETH_LEN 14
#define ETH_ARP 0x0806
#define ETH_IP4 0x0800
#define ETH_IP6 0x86dd

#define IP4_LEN 20
#define IP4_RESERVED 0x8000
#define IP4_DONT 0x4000
#define IP4_MORE 0x2000
#define IP4_OFFSET 0x1fff
#define IP6_LEN 40

#define TCP_LEN 20
#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_ACK 0x10
#define UDP_LEN 8
#define ICMP_LEN 8
#define ICMP4_ECHO 8
#define ICMP6_ECHO 128

/* ::ffff:0:0/96, under which struct net_addr keeps IPv4. */
static const uint8_t packet_mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static inline uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static inline void put16(uint8_t *p, size_t value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

static inline void put32(uint8_t *p, uint32_t value)
{
	put16(p, value >> 16);
	put16(p + 2, value);
}

/* packet_sum - go on with the sum of 16-bit words, folded; its complement is the checksum.  @sum of an even number of
 * bytes.  Source: RFC 1071. */
uint16_t packet_sum(uint16_t sum, const uint8_t *bytes, size_t n);

/* packet_pseudo_sum - the sum of the pseudo-header of TCP, UDP and ICMPv6.  Source: RFC 9293, 8200. */
uint16_t packet_pseudo_sum(const struct net_addr *src, const struct net_addr *dst, uint8_t protocol, size_t n);

void packet_addr4(struct net_addr *ret, const uint8_t *bytes);
