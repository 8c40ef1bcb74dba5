/* SPDX-License-Identifier: Apache-2.0 */

/* The host's resolv.conf, and addresses as text. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <string.h>
#include <cmocka.h>
#include "sbx/cleanup.h"
#include "sbx/net.h"
#include "sbx/str.h"

static struct resolv parsed;

static int teardown(void **state)
{
	(void)state;
	resolv_clear(&parsed);
	return 0;
}

static void parse(const char *text)
{
	_cleanup_free_ char *copy = xstrdup(text);
	resolv_clear(&parsed);
	resolv_parse(copy, &parsed);
}

static void assert_server(size_t i, const char *address, uint16_t port)
{
	char text[NET_ADDR_TEXT_MAX];
	assert_true(i < parsed.n_servers);
	net_addr_text(&parsed.servers[i].addr, text);
	assert_string_equal(text, address);
	assert_int_equal(parsed.servers[i].port, port);
}

static void the_first_three_servers_count(void **state)
{
	(void)state;
	parse("nameserver 192.0.2.1\nnameserver\t2001:db8::1 # ours\nnameserver 192.0.2.3\r\nnameserver 192.0.2.4\n");
	assert_int_equal(parsed.n_servers, 3);
	assert_server(0, "192.0.2.1", 53);
	assert_server(1, "2001:db8::1", 53);
	assert_server(2, "192.0.2.3", 53);
}

static void what_is_no_address_is_left_out_and_without_any_it_is_the_loopback(void **state)
{
	(void)state;
	parse("nameserver example.org\nnameserver\n# nameserver 192.0.2.1\n;nameserver 192.0.2.2\nnameservers "
	      "192.0.2.3\n"
	      "nameserver 192.0.2.256\nnameserver 192.0.2.9\n");
	assert_int_equal(parsed.n_servers, 1);
	assert_server(0, "192.0.2.9", 53);
	parse("");
	assert_int_equal(parsed.n_servers, 1);
	assert_server(0, "127.0.0.1", 53);
}

static void the_last_list_of_domains_counts_and_options_add_up(void **state)
{
	(void)state;
	parse("domain old.example\nsearch a.example  b.example\noptions ndots:2\noptions edns0 trust-ad\n");
	assert_string_equal(parsed.search, "a.example b.example");
	assert_string_equal(parsed.options, "ndots:2 edns0 trust-ad");
	parse("search a.example\nsearch\n");
	assert_null(parsed.search);
}

static void a_link_local_server_keeps_its_interface(void **state)
{
	struct net_server server;
	(void)state;
	assert_int_equal(net_server_parse("fe80::1%lo", &server), 0);
	assert_int_equal(server.scope_id, 1);
	assert_int_equal(net_server_parse("fe80::1%no-such-if", &server), -EINVAL);
}

static void servers_have_ports_and_nothing_else_behind_them(void **state)
{
	struct net_server server;
	static const char *const wrong[] = {"", "#53", "192.0.2.1#", "192.0.2.1#0", "192.0.2.1#65536", "192.0.2.1#5x",
		"192.0.2.1:53", "192.0.2", " 192.0.2.1"};
	(void)state;
	assert_int_equal(net_server_parse("192.0.2.1#5353", &server), 0);
	assert_int_equal(server.port, 5353);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		if (net_server_parse(wrong[i], &server) != -EINVAL)
			fail_msg("%s was taken", wrong[i]);
}

static void addresses_of_both_families_come_back_as_they_were(void **state)
{
	static const char *const texts[] = {"0.0.0.0", "192.0.2.1", "255.255.255.255", "::", "::1", "2001:db8::1"};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct net_addr addr;
		char text[NET_ADDR_TEXT_MAX];
		assert_int_equal(net_addr_parse(texts[i], &addr), 0);
		assert_int_equal(net_addr_is4(&addr), strchr(texts[i], ':') == NULL);
		net_addr_text(&addr, text);
		assert_string_equal(text, texts[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_three_servers_count),
		cmocka_unit_test(what_is_no_address_is_left_out_and_without_any_it_is_the_loopback),
		cmocka_unit_test(the_last_list_of_domains_counts_and_options_add_up),
		cmocka_unit_test(a_link_local_server_keeps_its_interface),
		cmocka_unit_test(servers_have_ports_and_nothing_else_behind_them),
		cmocka_unit_test(addresses_of_both_families_come_back_as_they_were),
	};
	return cmocka_run_group_tests(tests, NULL, teardown);
}
