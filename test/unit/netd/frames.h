/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Frames as a program in the sandbox would send them, and sums counted in another way than src/netd counts them. */

#include <arpa/inet.h>
#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <netinet/in.h>
#include "sbx/nethelper.h"

struct frame {
	uint8_t b[66000];
	size_t n;
};

#define IP4_AT 14
#define L4_AT 34 /* behind an IPv4 header without options */
#define L6_AT 54

static inline void be16(uint8_t *p, unsigned value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

static inline unsigned rd16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

/* The one's complement sum word by word with the carry put back each time (RFC 1071's definition). */
static inline uint16_t plain_sum(const uint8_t *p, size_t n, uint32_t sum)
{
	for (size_t i = 0; i < n; i++) {
		sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
		if (sum > 0xffff)
			sum -= 0xffff;
	}
	return (uint16_t)sum;
}

/* What is 0xffff where the sum of the content at @at, with the pseudo-header, is right. */
static inline uint16_t content_sum(const uint8_t *frame, size_t at, size_t n, uint8_t protocol)
{
	bool ip6 = rd16(frame + 12) == 0x86dd;
	uint8_t tail[4] = {0, protocol};
	be16(tail + 2, (unsigned)n);
	uint32_t sum = plain_sum(frame + IP4_AT + (ip6 ? 8 : 12), ip6 ? 32 : 8, 0);
	sum = plain_sum(tail, 4, sum);
	return plain_sum(frame + at, n, sum);
}

static inline void frame_start(struct frame *f, unsigned type)
{
	static const uint8_t macs[12] = {0x52, 0x55, 10, 213, 7, 1, 0x02, 1, 2, 3, 4, 5};
	memset(f, 0, sizeof *f);
	memcpy(f->b, macs, sizeof macs);
	be16(f->b + 12, type);
}

static inline void ip4_sum(struct frame *f)
{
	uint8_t *ip = f->b + IP4_AT;
	be16(ip + 10, 0);
	be16(ip + 10, 0xffffu ^ plain_sum(ip, (size_t)(ip[0] & 15) * 4, 0));
}

/* @options: bytes of IP options, a multiple of 4. */
static inline void frame_ip4(struct frame *f, const char *dst, uint8_t protocol, size_t options, size_t content)
{
	frame_start(f, 0x0800);
	uint8_t *ip = f->b + IP4_AT;
	ip[0] = (uint8_t)(0x40 | (5 + options / 4));
	be16(ip + 2, (unsigned)(20 + options + content));
	ip[8] = 64;
	ip[9] = protocol;
	inet_pton(AF_INET, NET_GUEST4, ip + 12);
	inet_pton(AF_INET, dst, ip + 16);
	memset(ip + 20, 1, options);
	ip4_sum(f);
	f->n = IP4_AT + 20 + options + content;
}

static inline void frame_ip6(struct frame *f, const char *dst, uint8_t protocol, size_t content)
{
	frame_start(f, 0x86dd);
	uint8_t *ip = f->b + IP4_AT;
	ip[0] = 0x60;
	be16(ip + 4, (unsigned)content);
	ip[6] = protocol;
	ip[7] = 255;
	inet_pton(AF_INET6, NET_GUEST6, ip + 8);
	inet_pton(AF_INET6, dst, ip + 24);
	f->n = L6_AT + content;
}

static inline void put_ports(struct frame *f, size_t at, unsigned src, unsigned dst)
{
	be16(f->b + at, src);
	be16(f->b + at + 2, dst);
}

/* A TCP header of 20 bytes at @at with @flags and the sequence number 0x01020304. */
static inline void put_tcp(struct frame *f, size_t at, unsigned dst_port, uint8_t flags)
{
	put_ports(f, at, 40000, dst_port);
	memcpy(f->b + at + 4, "\1\2\3\4", 4);
	f->b[at + 12] = 0x50;
	f->b[at + 13] = flags;
}

static inline void put_udp(struct frame *f, size_t at, unsigned dst_port, size_t content)
{
	put_ports(f, at, 40000, dst_port);
	be16(f->b + at + 4, (unsigned)(8 + content));
	memset(f->b + at + 8, 'u', content);
}
