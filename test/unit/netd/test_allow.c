/* SPDX-License-Identifier: Apache-2.0 */

/* Unit tests of the allow-list: what its texts mean, what is learned, for how long, and what never passes. */

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "sbx/cleanup.h"
#include "src/netd/allow.h"
#include "src/netd/allow_learned.h"

#define NOW 1000000u
#define MINUTE 60000u

static struct allow *allow;

static int setup(void **state)
{
	(void)state;
	allow = allow_new();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	allow_free(allow);
	return 0;
}

static struct net_addr addr(const char *text)
{
	struct net_addr ret = {{[10] = 0xff, [11] = 0xff}};
	int family = strchr(text, ':') ? AF_INET6 : AF_INET;
	assert_int_equal(inet_pton(family, text, family == AF_INET6 ? ret.bytes : ret.bytes + 12), 1);
	return ret;
}

static enum allow_verdict check_at(const char *text, uint16_t port, bool udp, uint64_t now_ms)
{
	struct net_addr a = addr(text);
	return allow_check(allow, &a, port, udp, now_ms);
}

static enum allow_verdict tcp(const char *text, uint16_t port)
{
	return check_at(text, port, false, NOW);
}

static enum allow_verdict udp(const char *text, uint16_t port)
{
	return check_at(text, port, true, NOW);
}

static void learn(const char *name, const char *text, uint32_t ttl_s)
{
	struct net_addr a = addr(text);
	allow_learn(allow, name, &a, ttl_s, NOW);
}

static void domain(const char *text)
{
	struct sbx_err err = {0};
	if (allow_add_domain(allow, text, &err) != 0)
		fail_msg("%s: %s", text, err.msg);
}

static void range(const char *text)
{
	struct sbx_err err = {0};
	if (allow_add_address(allow, text, &err) != 0)
		fail_msg("%s: %s", text, err.msg);
}

static void without_lists_the_world_is_open(void **state)
{
	(void)state;
	static const char *const open[] = {"192.0.2.1", "10.0.0.1", "192.168.1.1", "2001:db8::1", "fd00::1",
		"64:ff9b::192.0.2.1", "2002:c000:201::1", "10.213.8.1", "fd73:6278:6e65:7401::1"};
	for (size_t i = 0; i < ARRAY_SIZE(open); i++) {
		assert_int_equal(tcp(open[i], 443), ALLOW_PASS);
		assert_int_equal(udp(open[i], 443), ALLOW_PASS);
		assert_int_equal(tcp(open[i], 0), ALLOW_PASS);
	}
	assert_true(allow_name(allow, "anything.example"));
}

static void some_addresses_never_pass_whatever_the_lists_say(void **state)
{
	(void)state;
	static const char *const never[] = {"0.0.0.0", "0.1.2.3", "127.0.0.1", "127.255.255.255", "169.254.169.254",
		"224.0.0.1", "239.255.255.250", "255.255.255.255", NET_HOST4, NET_GUEST4, "10.213.7.255", NET_PREFIX4,
		"::", "::1", "::127.0.0.1", "::192.0.2.1", "fe80::1", "febf::1", "ff02::1", NET_HOST6, NET_GUEST6,
		NET_PREFIX6, "64:ff9b::127.0.0.1", "64:ff9b::10.213.7.1", "2002:7f00:1::", "2002:a9fe:a9fe::1"};
	for (int lists = 0; lists < 2; lists++) {
		for (size_t i = 0; i < ARRAY_SIZE(never); i++) {
			struct net_addr a = addr(never[i]);
			assert_true(allow_never(&a));
			learn("rebind.example", never[i], 600);
			if (tcp(never[i], 80) != ALLOW_REFUSE || udp(never[i], 80) != ALLOW_REFUSE)
				fail_msg("%s passes", never[i]);
			assert_null(allow_name_of(allow, &a));
		}
		range("0.0.0.0/0");
		range("::/0");
		domain("rebind.example");
	}
}

static void of_our_own_network_only_the_doors_are_open(void **state)
{
	(void)state;
	allow_add_host_port(allow, 8080);
	allow_add_host_port(allow, 69);
	for (int lists = 0; lists < 2; lists++) {
		assert_int_equal(tcp(NET_DNS4, 53), ALLOW_DNS);
		assert_int_equal(udp(NET_DNS4, 53), ALLOW_DNS);
		assert_int_equal(udp(NET_DNS4, 54), ALLOW_REFUSE);
		assert_int_equal(tcp(NET_DNS4, 0), ALLOW_REFUSE);
		assert_int_equal(tcp(NET_HOST4, 8080), ALLOW_PASS);
		assert_int_equal(tcp(NET_HOST4, 8081), ALLOW_REFUSE);
		assert_int_equal(tcp(NET_HOST4, 69), ALLOW_PASS);
		assert_int_equal(udp(NET_HOST4, 69), ALLOW_REFUSE); /* libslirp's own TFTP server */
		assert_int_equal(tcp(NET_HOST4, 53), ALLOW_REFUSE);
		assert_int_equal(tcp(NET_HOST6, 8080), ALLOW_REFUSE);
		assert_int_equal(tcp(NET_HOST4, 0), ALLOW_PASS); /* a ping */
		assert_int_equal(tcp(NET_HOST6, 0), ALLOW_PASS);
		assert_int_equal(udp(NET_HOST4, 0), ALLOW_REFUSE); /* a fragment: for any port of the host's loopback */
		assert_int_equal(tcp(NET_GUEST4, 0), ALLOW_REFUSE);
		domain("example.org");
	}
}

static void a_name_opens_its_addresses_once_it_is_learned(void **state)
{
	(void)state;
	domain("example.org");
	assert_int_equal(tcp("192.0.2.1", 443), ALLOW_REFUSE);
	learn("example.org", "192.0.2.1", 60);
	learn("example.org", "2001:db8::1", 60);
	assert_int_equal(tcp("192.0.2.1", 443), ALLOW_PASS);
	assert_int_equal(udp("192.0.2.1", 443), ALLOW_PASS);
	assert_int_equal(tcp("192.0.2.1", 0), ALLOW_PASS);
	assert_int_equal(tcp("2001:db8::1", 1), ALLOW_PASS);
	assert_int_equal(tcp("192.0.2.2", 443), ALLOW_REFUSE);
	assert_int_equal(tcp("2001:db8::2", 443), ALLOW_REFUSE);
	learn("other.example", "192.0.2.3", 60);
	assert_int_equal(tcp("192.0.2.3", 443), ALLOW_REFUSE);
}

static void names_match_whole_and_wildcards_below(void **state)
{
	(void)state;
	static const struct {
		const char *rule, *name;
		bool allowed;
	} rows[] = {
		{"example.org", "example.org", true},
		{"Example.ORG.", "example.org", true},
		{"example.org", "www.example.org", false},
		{"example.org", "badexample.org", false},
		{"example.org", "example.org.evil.test", false},
		{"example.org", "", false},
		{"*.example.org", "www.example.org", true},
		{"*.EXAMPLE.org.", "a.b.example.org", true},
		{"*.example.org", "example.org", false},
		{"*.example.org", "badexample.org", false},
		{"*.example.org", ".example.org", false},
		{"*.example.org", "www.example.org.evil.test", false},
		{"*.example.org", "www\\046example.org", false},
		{"*.example.org:443", "www.example.org", true},
		{"localhost", "localhost", true},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct allow *one = allow_new();
		assert_int_equal(allow_add_domain(one, rows[i].rule, NULL), 0);
		if (allow_name(one, rows[i].name) != rows[i].allowed)
			fail_msg("%s and %s", rows[i].rule, rows[i].name);
		allow_free(one);
	}
}

static void a_port_in_the_list_is_the_only_one(void **state)
{
	(void)state;
	domain("*.example.net:443");
	learn("a.example.net", "192.0.2.1", 60);
	assert_int_equal(tcp("192.0.2.1", 443), ALLOW_PASS);
	assert_int_equal(tcp("192.0.2.1", 80), ALLOW_REFUSE);
	assert_int_equal(tcp("192.0.2.1", 0), ALLOW_REFUSE);
	assert_int_equal(udp("192.0.2.1", 0), ALLOW_REFUSE);
	domain("b.example.net:80");
	assert_int_equal(tcp("192.0.2.1", 80), ALLOW_REFUSE);
	learn("b.example.net", "192.0.2.1", 60); /* both names have this address: so both ports */
	assert_int_equal(tcp("192.0.2.1", 80), ALLOW_PASS);
	assert_int_equal(tcp("192.0.2.1", 443), ALLOW_PASS);
	range("198.51.100.0/24:22");
	assert_int_equal(tcp("198.51.100.9", 22), ALLOW_PASS);
	assert_int_equal(tcp("198.51.100.9", 23), ALLOW_REFUSE);
	assert_int_equal(tcp("198.51.100.9", 0), ALLOW_REFUSE);
}

static void ranges_hold_what_their_bits_say(void **state)
{
	(void)state;
	static const struct {
		const char *rule, *in, *out;
	} rows[] = {
		{"192.0.2.1", "192.0.2.1", "192.0.2.2"},
		{"192.0.2.77/24", "192.0.2.255", "192.0.3.0"},
		{"192.0.2.0/25", "192.0.2.127", "192.0.2.128"},
		{"192.0.2.128/31:80", "192.0.2.129", "192.0.2.130"},
		{"0.0.0.0/0", "203.0.113.1", "2001:db8::1"},
		{"::/0", "2001:db8::1", "203.0.113.1"},
		{"2001:db8::/33", "2001:db8:7fff::", "2001:db8:8000::"},
		{"[2001:db8::1]:80", "2001:db8::1", "2001:db8::2"},
		{"[2001:db8::/32]:80", "2001:db8:ffff::2", "2001:db9::"},
		{"[2001:db8::2]", "2001:db8::2", "2001:db8::3"},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct allow *one = allow_new();
		struct net_addr in = addr(rows[i].in), out = addr(rows[i].out);
		assert_int_equal(allow_add_address(one, rows[i].rule, NULL), 0);
		assert_int_equal(allow_check(one, &in, 80, false, NOW), ALLOW_PASS);
		assert_int_equal(allow_check(one, &out, 80, false, NOW), ALLOW_REFUSE);
		assert_false(allow_name(one, "example.org"));
		allow_free(one);
	}
}

static void bad_texts_are_refused_with_a_reason(void **state)
{
	(void)state;
	static const char *const domains[] = {"", ".", "*", "*.", "*.*.org", "a..b", ".a", "a.org..", "-a.org",
		"a-.org", "a_b.org", "a b.org",
		"b\xc3\xbc"
		"cher.org",
		"192.0.2.1", "a.1", "a.org:", "a.org:0", "a.org:65536", "a.org:x", "a.org:80:80", ":80", "http://a.org",
		"a.org/b", "1234567890123456789012345678901234567890123456789012345678901234.org"};
	static const char *const ranges[] = {"", "a.org", "192.0.2", "192.0.2.1/33", "192.0.2.1/", "192.0.2.1/-1",
		"192.0.2.1:0", "192.0.2.1:", "192.0.2.1:65536", "[192.0.2.1]:80", "[2001:db8::1", "[2001:db8::1]80",
		"2001:db8::/129", "2001:db8::1%eth0", "::ffff:192.0.2.1", "[::1]:0", "192.0.2.01", "192.0.2.1/24/24"};
	char longest[300];
	struct sbx_err err = {0};

	for (size_t i = 0; i < ARRAY_SIZE(domains); i++) {
		err = (struct sbx_err){0};
		if (allow_add_domain(allow, domains[i], &err) != -EINVAL)
			fail_msg("'%s' is a name", domains[i]);
		assert_true(strstr(err.msg, domains[i]) == err.msg && strlen(err.msg) > strlen(domains[i]));
	}
	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
		err = (struct sbx_err){0};
		if (allow_add_address(allow, ranges[i], &err) != -EINVAL)
			fail_msg("'%s' is a range", ranges[i]);
		assert_true(strstr(err.msg, ranges[i]) == err.msg);
	}
	assert_int_equal(allow_add_domain(allow, "a.org:0", &err), -EINVAL);
	assert_string_equal(err.msg, "a.org:0: the port is not a number from 1 to 65535");
	memset(longest, 'a', sizeof longest);
	for (size_t i = 50; i < sizeof longest; i += 50)
		longest[i] = '.';
	longest[253] = '\0';
	domain(longest);
	longest[253] = 'a';
	longest[254] = '\0';
	assert_int_equal(allow_add_domain(allow, longest, NULL), -EINVAL);
}

static void what_is_learned_ends_with_its_ttl_and_a_grace(void **state)
{
	(void)state;
	domain("example.org");
	learn("example.org", "192.0.2.1", 0);    /* five minutes at least */
	learn("example.org", "192.0.2.2", 3600); /* and a minute */
	learn("example.org", "192.0.2.3", UINT32_MAX);
	assert_int_equal(check_at("192.0.2.1", 80, false, NOW + 5 * MINUTE - 1), ALLOW_PASS);
	assert_int_equal(check_at("192.0.2.1", 80, false, NOW + 5 * MINUTE), ALLOW_REFUSE);
	assert_int_equal(check_at("192.0.2.2", 80, false, NOW + 61 * MINUTE - 1), ALLOW_PASS);
	assert_int_equal(check_at("192.0.2.2", 80, false, NOW + 61 * MINUTE), ALLOW_REFUSE);
	assert_int_equal(check_at("192.0.2.3", 80, false, NOW + 24 * 60 * MINUTE), ALLOW_PASS);
	assert_int_equal(check_at("192.0.2.3", 80, false, NOW + 24 * 60 * MINUTE + MINUTE), ALLOW_REFUSE);
	learn("example.org", "192.0.2.2", 0); /* a shorter TTL takes nothing back */
	assert_int_equal(check_at("192.0.2.2", 80, false, NOW + 61 * MINUTE - 1), ALLOW_PASS);
}

static void a_datagram_keeps_its_flow_open_and_a_connection_does_not(void **state)
{
	(void)state;
	domain("example.org");
	learn("example.org", "192.0.2.1", 0);
	learn("example.org", "192.0.2.2", 0);
	for (unsigned minute = 4; minute < 20; minute += 4)
		assert_int_equal(check_at("192.0.2.1", 443, true, NOW + minute * MINUTE), ALLOW_PASS);
	assert_int_equal(check_at("192.0.2.2", 443, false, NOW + 4 * MINUTE), ALLOW_PASS);
	assert_int_equal(check_at("192.0.2.2", 443, false, NOW + 6 * MINUTE), ALLOW_REFUSE);
	assert_int_equal(check_at("192.0.2.1", 443, true, NOW + 30 * MINUTE), ALLOW_REFUSE);
}

static void the_log_shows_the_name_that_was_learned_last(void **state)
{
	(void)state;
	struct net_addr a = addr("192.0.2.1"), other = addr("192.0.2.2");
	assert_null(allow_name_of(allow, &a));
	learn("one.example", "192.0.2.1", 60);
	assert_string_equal(allow_name_of(allow, &a), "one.example");
	learn("two.example", "192.0.2.1", 60);
	assert_string_equal(allow_name_of(allow, &a), "two.example");
	learn("one.example", "192.0.2.1", 60);
	assert_string_equal(allow_name_of(allow, &a), "one.example");
	assert_null(allow_name_of(allow, &other));
}

static void memory_is_bounded_and_what_ends_first_makes_room(void **state)
{
	(void)state;
	domain("example.org");
	learn("example.org", "192.0.2.1", 7200);
	learn("example.org", "192.0.2.2", 0);
	for (unsigned i = 0; i < LEARNED_MAX - 1; i++) {
		char text[32];
		snprintf(text, sizeof text, "198.18.%u.%u", i / 256, i % 256);
		learn("example.org", text, 3600);
	}
	assert_int_equal(tcp("192.0.2.1", 80), ALLOW_PASS);
	assert_int_equal(tcp("192.0.2.2", 80), ALLOW_REFUSE);
	assert_int_equal(tcp("198.18.0.0", 80), ALLOW_PASS);
	assert_int_equal(tcp("198.18.15.254", 80), ALLOW_PASS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(without_lists_the_world_is_open, setup, teardown),
		cmocka_unit_test_setup_teardown(some_addresses_never_pass_whatever_the_lists_say, setup, teardown),
		cmocka_unit_test_setup_teardown(of_our_own_network_only_the_doors_are_open, setup, teardown),
		cmocka_unit_test_setup_teardown(a_name_opens_its_addresses_once_it_is_learned, setup, teardown),
		cmocka_unit_test_setup_teardown(names_match_whole_and_wildcards_below, setup, teardown),
		cmocka_unit_test_setup_teardown(a_port_in_the_list_is_the_only_one, setup, teardown),
		cmocka_unit_test_setup_teardown(ranges_hold_what_their_bits_say, setup, teardown),
		cmocka_unit_test_setup_teardown(bad_texts_are_refused_with_a_reason, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_learned_ends_with_its_ttl_and_a_grace, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_datagram_keeps_its_flow_open_and_a_connection_does_not, setup, teardown),
		cmocka_unit_test_setup_teardown(the_log_shows_the_name_that_was_learned_last, setup, teardown),
		cmocka_unit_test_setup_teardown(memory_is_bounded_and_what_ends_first_makes_room, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
