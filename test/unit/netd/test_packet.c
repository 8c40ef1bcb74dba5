/* SPDX-License-Identifier: Apache-2.0 */

/* Unit tests of what the filter takes a frame for, and of the frames that go back. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "sbx/cleanup.h"
#include "src/netd/packet.h"
#include "frames.h"

static struct frame f;
static struct packet p;

static enum packet_kind kind(void)
{
	packet_parse(f.b, f.n, &p);
	return p.kind;
}

static void udp4(void)
{
	frame_ip4(&f, "192.0.2.7", IPPROTO_UDP, 0, 8 + 10);
	put_udp(&f, L4_AT, 53, 10);
}

static void tcp4(uint8_t flags)
{
	frame_ip4(&f, "192.0.2.7", IPPROTO_TCP, 0, 20);
	put_tcp(&f, L4_AT, 443, flags);
}

static void assert_addr(const struct net_addr *addr, const char *text)
{
	uint8_t want[16] = {[10] = 0xff, [11] = 0xff};
	if (strchr(text, ':'))
		inet_pton(AF_INET6, text, want);
	else
		inet_pton(AF_INET, text, want + 12);
	assert_memory_equal(addr->bytes, want, 16);
}

static void udp_shows_its_ends_and_content(void **state)
{
	(void)state;
	udp4();
	assert_int_equal(kind(), PACKET_UDP);
	assert_addr(&p.src, NET_GUEST4);
	assert_addr(&p.dst, "192.0.2.7");
	assert_int_equal(p.src_port, 40000);
	assert_int_equal(p.dst_port, 53);
	assert_ptr_equal(p.payload, f.b + L4_AT + 8);
	assert_int_equal(p.payload_len, 10);
	assert_false(p.ip6 || p.fragment || p.tcp_open);

	frame_ip6(&f, "2001:db8::7", IPPROTO_UDP, 8 + 3);
	put_udp(&f, L6_AT, 123, 3);
	assert_int_equal(kind(), PACKET_UDP);
	assert_true(p.ip6);
	assert_addr(&p.dst, "2001:db8::7");
	assert_int_equal(p.dst_port, 123);
	assert_ptr_equal(p.payload, f.b + L6_AT + 8);
	assert_int_equal(p.payload_len, 3);
}

static void padding_behind_the_packet_is_not_its_content(void **state)
{
	(void)state;
	udp4();
	f.n += 18;
	assert_int_equal(kind(), PACKET_UDP);
	assert_int_equal(p.payload_len, 10);
}

static void options_move_the_ports(void **state)
{
	(void)state;
	frame_ip4(&f, "192.0.2.7", IPPROTO_UDP, 40, 8);
	put_ports(&f, L4_AT, 1, 99); /* a decoy where the ports of a packet without options are */
	ip4_sum(&f);
	put_udp(&f, L4_AT + 40, 53, 0);
	assert_int_equal(kind(), PACKET_UDP);
	assert_int_equal(p.dst_port, 53);
}

static void only_a_syn_without_ack_opens(void **state)
{
	(void)state;
	for (unsigned flags = 0; flags < 256; flags++) {
		tcp4((uint8_t)flags);
		assert_int_equal(kind(), PACKET_TCP);
		assert_int_equal(p.tcp_open, (flags & 0x12) == 0x02);
	}
}

static void syn4(void)
{
	tcp4(2);
}

static void syn6(void)
{
	frame_ip6(&f, "2001:db8::7", IPPROTO_TCP, 20);
	put_tcp(&f, L6_AT, 443, 2);
}

static void every_cut_of_a_good_frame_is_dropped(void **state)
{
	(void)state;
	static void (*const make[])(void) = {udp4, syn4, syn6};
	for (size_t i = 0; i < ARRAY_SIZE(make); i++) {
		make[i]();
		assert_int_not_equal(kind(), PACKET_OTHER);
		for (size_t n = f.n; n-- > 0;) {
			f.n = n;
			assert_int_equal(kind(), PACKET_OTHER);
		}
	}
}

/* One byte of a good frame changed each, with the header's sum made right again. */
static void what_lies_about_itself_is_dropped(void **state)
{
	(void)state;
	static const struct {
		const char *what;
		bool tcp;
		size_t at;
		uint8_t value;
	} lies[] = {
		{"version 6 in an IPv4 frame", false, 14, 0x65},
		{"header of 4 words", false, 14, 0x44},
		{"header longer than the packet", false, 14, 0x4f},
		{"total length beyond the frame", false, 17, 39},
		{"total length below the header", false, 17, 19},
		{"total length that cuts UDP", false, 17, 37},
		{"time to live 0", false, 22, 0},
		{"reserved flag", false, 20, 0x80},
		{"UDP longer than the packet", false, 39, 19},
		{"UDP shorter than the packet", false, 39, 17},
		{"UDP below its header", false, 39, 7},
		{"TCP header of 4 words", true, 46, 0x40},
		{"TCP header longer than the packet", true, 46, 0x60},
		{"protocol SCTP", true, 23, 132},
		{"protocol IPv6 in IPv4", true, 23, 41},
	};
	for (size_t i = 0; i < ARRAY_SIZE(lies); i++) {
		lies[i].tcp ? tcp4(2) : udp4();
		assert_int_not_equal(kind(), PACKET_OTHER);
		f.b[lies[i].at] = lies[i].value;
		ip4_sum(&f);
		if (kind() != PACKET_OTHER)
			fail_msg("%s passes", lies[i].what);
	}
	udp4();
	f.b[IP4_AT + 10] ^= 1;
	assert_int_equal(kind(), PACKET_OTHER);
	udp4();
	put_ports(&f, L4_AT, 40000, 0);
	assert_int_equal(kind(), PACKET_OTHER);
	tcp4(2);
	put_ports(&f, L4_AT, 40000, 0);
	assert_int_equal(kind(), PACKET_OTHER);
}

static void tags_and_strange_types_are_dropped(void **state)
{
	(void)state;
	static const unsigned types[] = {0x8100, 0x88a8, 0x88f8 /* NC-SI, which libslirp answers */, 0x8847, 0x0005};
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		udp4();
		be16(f.b + 12, types[i]);
		assert_int_equal(kind(), PACKET_OTHER);
	}
	udp4();
	be16(f.b + 12, 0x86dd);
	assert_int_equal(kind(), PACKET_OTHER);
	udp4();
	memmove(f.b + 16, f.b + 12, f.n - 12); /* a VLAN tag in front of IPv4 */
	be16(f.b + 12, 0x8100);
	be16(f.b + 14, 7);
	f.n += 4;
	assert_int_equal(kind(), PACKET_OTHER);
}

static void a_fragment_shows_no_ports(void **state)
{
	(void)state;
	static const unsigned fields[] = {0x2000, 0x0001, 0x2001, 0x4001 /* with "don't fragment" */};
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		frame_ip4(&f, "192.0.2.7", IPPROTO_UDP, 0, 16);
		put_udp(&f, L4_AT, 53, 8);
		be16(f.b + IP4_AT + 6, fields[i]);
		ip4_sum(&f);
		assert_int_equal(kind(), PACKET_UDP);
		assert_true(p.fragment);
		assert_int_equal(p.src_port, 0);
		assert_int_equal(p.dst_port, 0);
		assert_null(p.payload);
	}
}

static void fragments_of_tcp_and_icmp_and_too_long_ones_are_dropped(void **state)
{
	(void)state;
	tcp4(0x10);
	be16(f.b + IP4_AT + 6, 0x2000);
	ip4_sum(&f);
	assert_int_equal(kind(), PACKET_OTHER);

	frame_ip4(&f, "192.0.2.7", IPPROTO_ICMP, 0, 8);
	f.b[L4_AT] = 8;
	be16(f.b + IP4_AT + 6, 0x2000);
	ip4_sum(&f);
	assert_int_equal(kind(), PACKET_OTHER);

	frame_ip4(&f, "192.0.2.7", IPPROTO_UDP, 0, 16);
	be16(f.b + IP4_AT + 6, 8187); /* 65496 + 16 + 20 = 65532 */
	ip4_sum(&f);
	assert_int_equal(kind(), PACKET_UDP);
	be16(f.b + IP4_AT + 6, 8188);
	ip4_sum(&f);
	assert_int_equal(kind(), PACKET_OTHER);

	frame_ip4(&f, "192.0.2.7", IPPROTO_UDP, 0, 0); /* of nothing, for ever */
	be16(f.b + IP4_AT + 6, 0x2000);
	ip4_sum(&f);
	assert_int_equal(kind(), PACKET_OTHER);
}

static void ip6_with_extension_headers_is_dropped(void **state)
{
	(void)state;
	static const uint8_t headers[] = {0, 43, 44, 50, 51, 59, 60, 135};
	for (size_t i = 0; i < ARRAY_SIZE(headers); i++) {
		frame_ip6(&f, "2001:db8::7", headers[i], 8 + 20);
		f.b[L6_AT] = IPPROTO_TCP;
		put_tcp(&f, L6_AT + 8, 443, 2);
		assert_int_equal(kind(), PACKET_OTHER);
	}
}

static void ip4_written_in_ip6_is_dropped(void **state)
{
	(void)state;
	frame_ip6(&f, "::ffff:192.0.2.7", IPPROTO_TCP, 20);
	put_tcp(&f, L6_AT, 443, 2);
	assert_int_equal(kind(), PACKET_OTHER);
	frame_ip6(&f, "2001:db8::7", IPPROTO_TCP, 20);
	put_tcp(&f, L6_AT, 443, 2);
	assert_int_equal(kind(), PACKET_TCP);
	inet_pton(AF_INET6, "::ffff:10.213.7.2", f.b + IP4_AT + 8);
	assert_int_equal(kind(), PACKET_OTHER);
}

static void of_icmp_only_an_echo_request_and_neighbour_discovery_are_known(void **state)
{
	(void)state;
	for (unsigned type = 0; type < 256; type++) {
		frame_ip4(&f, "192.0.2.7", IPPROTO_ICMP, 0, 8);
		f.b[L4_AT] = (uint8_t)type;
		assert_int_equal(kind(), type == 8 ? PACKET_PING : PACKET_OTHER);
		frame_ip6(&f, "ff02::1", IPPROTO_ICMPV6, 24);
		f.b[L6_AT] = (uint8_t)type;
		assert_int_equal(kind(), type == 128                  ? PACKET_PING
					 : type >= 133 && type <= 136 ? PACKET_NDP
								      : PACKET_OTHER);
		f.b[IP4_AT + 7] = 64; /* from beyond a router */
		assert_int_equal(kind(), type == 128 ? PACKET_PING : PACKET_OTHER);
	}
	frame_ip6(&f, "ff02::1", IPPROTO_ICMPV6, 23); /* a solicitation without its whole target */
	f.b[L6_AT] = 135;
	assert_int_equal(kind(), PACKET_OTHER);
}

static void arp_is_of_ethernet_and_ip4_and_whole(void **state)
{
	(void)state;
	frame_start(&f, 0x0806);
	memcpy(f.b + 14, "\0\1\10\0\6\4\0\1", 8);
	f.n = 42;
	assert_int_equal(kind(), PACKET_ARP);
	f.n = 41;
	assert_int_equal(kind(), PACKET_OTHER);
	f.n = 42;
	f.b[18] = 8;
	assert_int_equal(kind(), PACKET_OTHER);
}

static void assert_turned_round(const uint8_t *out)
{
	assert_memory_equal(out, f.b + 6, 6);
	assert_memory_equal(out + 6, f.b, 6);
	assert_memory_equal(out + 12, f.b + 12, 2);
	bool ip6 = rd16(out + 12) == 0x86dd;
	size_t at = ip6 ? 22 : 26, n = ip6 ? 16 : 4;
	assert_memory_equal(out + at, f.b + at + n, n);
	assert_memory_equal(out + at + n, f.b + at, n);
	if (!ip6)
		assert_int_equal(plain_sum(out + 14, 20, 0), 0xffff);
}

static void a_refused_connection_is_reset(void **state)
{
	(void)state;
	uint8_t out[PACKET_REFUSAL_MAX];

	frame_ip4(&f, "192.0.2.7", IPPROTO_TCP, 4, 20 + 3); /* with IP options, and data in the SYN */
	put_tcp(&f, L4_AT + 4, 443, 2);
	assert_int_equal(kind(), PACKET_TCP);
	assert_int_equal(packet_refuse(f.b, f.n, &p, out), 14 + 20 + 20);
	assert_turned_round(out);
	assert_int_equal(rd16(out + L4_AT), 443);
	assert_int_equal(rd16(out + L4_AT + 2), 40000);
	assert_memory_equal(out + L4_AT + 8, "\1\2\3\10", 4); /* the SYN and three bytes are acknowledged */
	assert_int_equal(out[L4_AT + 13], 0x14);
	assert_int_equal(content_sum(out, L4_AT, 20, IPPROTO_TCP), 0xffff);

	frame_ip6(&f, "2001:db8::7", IPPROTO_TCP, 20);
	put_tcp(&f, L6_AT, 443, 2);
	assert_int_equal(kind(), PACKET_TCP);
	assert_int_equal(packet_refuse(f.b, f.n, &p, out), 14 + 40 + 20);
	assert_turned_round(out);
	assert_memory_equal(out + L6_AT + 8, "\1\2\3\5", 4);
	assert_int_equal(content_sum(out, L6_AT, 20, IPPROTO_TCP), 0xffff);
}

static void a_refused_datagram_is_answered_by_icmp_within_its_bounds(void **state)
{
	(void)state;
	static const size_t contents[] = {0, 1, 500, 2000, 60000};
	for (size_t i = 0; i < ARRAY_SIZE(contents); i++) {
		uint8_t out[PACKET_REFUSAL_MAX];
		frame_ip4(&f, "192.0.2.7", IPPROTO_UDP, 0, 8 + contents[i]);
		put_udp(&f, L4_AT, 7, contents[i]);
		assert_int_equal(kind(), PACKET_UDP);
		size_t n = packet_refuse(f.b, f.n, &p, out);
		size_t quoted = f.n - 14 < 548 ? f.n - 14 : 548;
		assert_int_equal(n, 14 + 20 + 8 + quoted);
		assert_turned_round(out);
		assert_int_equal(rd16(out + 16), n - 14);
		assert_int_equal(out[L4_AT], 3);
		assert_int_equal(out[L4_AT + 1], 13);
		assert_memory_equal(out + L4_AT + 8, f.b + 14, quoted);
		assert_int_equal(plain_sum(out + L4_AT, n - L4_AT, 0), 0xffff);

		frame_ip6(&f, "2001:db8::7", IPPROTO_UDP, 8 + contents[i]);
		put_udp(&f, L6_AT, 7, contents[i]);
		assert_int_equal(kind(), PACKET_UDP);
		n = packet_refuse(f.b, f.n, &p, out);
		assert_true(n > 0 && n <= PACKET_REFUSAL_MAX);
		assert_turned_round(out);
		assert_int_equal(out[L6_AT], 1);
		assert_int_equal(out[L6_AT + 1], 1);
		assert_int_equal(rd16(out + 18), n - L6_AT);
		assert_memory_equal(out + L6_AT + 8, f.b + 14, n - L6_AT - 8);
		assert_int_equal(content_sum(out, L6_AT, n - L6_AT, IPPROTO_ICMPV6), 0xffff);
	}
}

static void not_everything_is_answered(void **state)
{
	(void)state;
	static const char *const many[] = {"255.255.255.255", "224.0.0.251", "0.0.0.0"};
	uint8_t out[PACKET_REFUSAL_MAX];

	tcp4(0x10);
	kind();
	assert_int_equal(packet_refuse(f.b, f.n, &p, out), 0);
	for (size_t i = 0; i < ARRAY_SIZE(many); i++) {
		frame_ip4(&f, many[i], IPPROTO_UDP, 0, 8);
		put_udp(&f, L4_AT, 7, 0);
		assert_int_equal(kind(), PACKET_UDP);
		assert_int_equal(packet_refuse(f.b, f.n, &p, out), 0);
	}
	frame_ip6(&f, "ff02::fb", IPPROTO_UDP, 8);
	put_udp(&f, L6_AT, 7, 0);
	assert_int_equal(kind(), PACKET_UDP);
	assert_int_equal(packet_refuse(f.b, f.n, &p, out), 0);
	udp4();
	f.b[0] |= 1; /* to a group of Ethernet stations */
	kind();
	assert_int_equal(packet_refuse(f.b, f.n, &p, out), 0);
	udp4();
	be16(f.b + IP4_AT + 6, 0x0001); /* not the first fragment */
	ip4_sum(&f);
	assert_int_equal(kind(), PACKET_UDP);
	assert_int_equal(packet_refuse(f.b, f.n, &p, out), 0);
}

static void a_reply_comes_from_where_the_query_went(void **state)
{
	(void)state;
	static uint8_t out[66000], content[65520];
	memset(content, 'r', sizeof content);
	for (size_t n = 0; n < 40; n++) {
		udp4();
		kind();
		assert_int_equal(packet_udp_reply(f.b, &p, content, n, out, sizeof out), 14 + 20 + 8 + n);
		assert_turned_round(out);
		assert_int_equal(rd16(out + L4_AT), 53);
		assert_int_equal(rd16(out + L4_AT + 2), 40000);
		assert_int_equal(rd16(out + L4_AT + 4), 8 + n);
		assert_memory_equal(out + L4_AT + 8, content, n);
		assert_int_equal(content_sum(out, L4_AT, 8 + n, IPPROTO_UDP), 0xffff);
		frame_ip6(&f, "2001:db8::7", IPPROTO_UDP, 8);
		put_udp(&f, L6_AT, 53, 0);
		kind();
		assert_int_equal(packet_udp_reply(f.b, &p, content, n, out, sizeof out), 14 + 40 + 8 + n);
		assert_turned_round(out);
		assert_int_equal(content_sum(out, L6_AT, 8 + n, IPPROTO_UDP), 0xffff);
	}
	udp4();
	kind();
	assert_int_equal(packet_udp_reply(f.b, &p, content, NET_MTU - 28, out, sizeof out), 14 + NET_MTU);
	assert_int_equal(packet_udp_reply(f.b, &p, content, NET_MTU - 27, out, sizeof out), 0);
	assert_int_equal(packet_udp_reply(f.b, &p, content, 100, out, 141), 0);
}

/* A sum of 0 would say that there is none. */
static void a_sum_of_nought_is_written_as_all_ones(void **state)
{
	(void)state;
	unsigned found = 0;
	for (unsigned value = 0; value <= 0xffff; value++) {
		uint8_t out[100], content[2] = {(uint8_t)(value >> 8), (uint8_t)value};
		udp4();
		kind();
		packet_udp_reply(f.b, &p, content, 2, out, sizeof out);
		assert_int_not_equal(rd16(out + L4_AT + 6), 0);
		found += rd16(out + L4_AT + 6) == 0xffff;
	}
	assert_true(found > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(udp_shows_its_ends_and_content),
		cmocka_unit_test(padding_behind_the_packet_is_not_its_content),
		cmocka_unit_test(options_move_the_ports),
		cmocka_unit_test(only_a_syn_without_ack_opens),
		cmocka_unit_test(every_cut_of_a_good_frame_is_dropped),
		cmocka_unit_test(what_lies_about_itself_is_dropped),
		cmocka_unit_test(tags_and_strange_types_are_dropped),
		cmocka_unit_test(a_fragment_shows_no_ports),
		cmocka_unit_test(fragments_of_tcp_and_icmp_and_too_long_ones_are_dropped),
		cmocka_unit_test(ip6_with_extension_headers_is_dropped),
		cmocka_unit_test(ip4_written_in_ip6_is_dropped),
		cmocka_unit_test(of_icmp_only_an_echo_request_and_neighbour_discovery_are_known),
		cmocka_unit_test(arp_is_of_ethernet_and_ip4_and_whole),
		cmocka_unit_test(a_refused_connection_is_reset),
		cmocka_unit_test(a_refused_datagram_is_answered_by_icmp_within_its_bounds),
		cmocka_unit_test(not_everything_is_answered),
		cmocka_unit_test(a_reply_comes_from_where_the_query_went),
		cmocka_unit_test(a_sum_of_nought_is_written_as_all_ones),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
