/* SPDX-License-Identifier: Apache-2.0 */

/* Unit tests of the reader of DNS messages: what it takes, what it refuses, and that an answer says nothing but what
 * was asked. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "sbx/cleanup.h"
#include "src/netd/dns_message.h"
#include "messages.h"

#define ID 0x1234

static struct message m;
static struct dns_query query;
static struct dns_answer answer;

static void ask(const char *name, unsigned type)
{
	m_start(&m, 0x4242, 0x0100);
	m_question(&m, name, type);
	assert_int_equal(dns_query_parse(m.b, m.n, &query), DNS_NOERROR);
}

/* An answer to "www.example.org A", so far without records. */
static void begin(void)
{
	ask("www.example.org", A);
	m_start(&m, ID, ANSWER);
	m_question(&m, "www.example.org", A);
}

static int parse(void)
{
	memset(&answer, 0x55, sizeof answer);
	return dns_answer_parse(m.b, m.n, &query, ID, &answer);
}

static void assert_teaches_nothing(void)
{
	parse();
	assert_int_equal(answer.n_addrs, 0);
}

static void names_are_read_in_one_form(void **state)
{
	(void)state;
	static const struct {
		const char *wire;
		size_t n;
		const char *text;
	} rows[] = {
		{"\3WwW\7eXample\3org", 17, "www.example.org"},
		{"", 1, ""},
		{"\4_tcp\1a", 8, "_tcp.a"},
		{"\3a.b\1c", 7, "a\\046b.c"},
		{"\2\0x\1c", 6, "\\000x.c"},
		{"\3\xc3\xbc \1\"", 7, "\\195\\188\\032.\\034"},
		{"\1\\", 3, "\\092"},
	};
	char text[DNS_TEXT_MAX];
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		m_start(&m, ID, 0);
		memcpy(m.b + 12, rows[i].wire, rows[i].n);
		assert_int_equal(dns_name_read(m.b, 12 + rows[i].n, 12, text), rows[i].n);
		assert_string_equal(text, rows[i].text);
		for (size_t n = 12; n < 12 + rows[i].n; n++)
			assert_int_equal(dns_name_read(m.b, n, 12, text), 0);
	}
}

static void a_name_has_at_most_255_octets(void **state)
{
	(void)state;
	char text[DNS_TEXT_MAX];
	m_start(&m, ID, 0);
	for (size_t at = 12; at < 12 + 3 * 64; at += 64)
		m.b[at] = 63; /* of NULs, which are written longest */
	m.b[12 + 192] = 61;
	assert_int_equal(dns_name_read(m.b, 500, 12, text), 255);
	assert_int_equal(strlen(text), 4 * (3 * 63 + 61) + 3);
	m.b[12 + 192] = 62;
	assert_int_equal(dns_name_read(m.b, 500, 12, text), 0);
}

static void pointers_lead_back_and_end(void **state)
{
	(void)state;
	char text[DNS_TEXT_MAX];
	m_start(&m, ID, 0);
	m_name(&m, "example.org");
	memcpy(m.b + m.n, "\3www\xc0\x0c", 6);
	assert_int_equal(dns_name_read(m.b, m.n + 6, m.n, text), 6);
	assert_string_equal(text, "www.example.org");
	assert_int_equal(dns_name_read(m.b, m.n + 5, m.n, text), 0);

	static const struct {
		const char *what, *wire;
		size_t n, at;
	} rows[] = {
		{"to itself", "\xc0\x0c", 2, 12},
		{"to its own start", "\1a\xc0\x0c", 4, 12},
		{"forwards", "\xc0\x0e\1a", 5, 12},
		{"beyond the end", "\xff\xff", 2, 12},
		{"into the header", "\1a\xc0\x04", 4, 12},
		{"to and fro", "\xc0\x0e\xc0\x0c", 4, 14},
		{"within its own labels", "\1a\1b\xc0\x0e", 6, 12},
		{"label kind 01", "\x41x", 3, 12},
		{"label kind 10", "\x81x", 3, 12},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		m_start(&m, ID, 0);
		memcpy(m.b + 12, rows[i].wire, rows[i].n);
		if (dns_name_read(m.b, 12 + rows[i].n, rows[i].at, text) != 0)
			fail_msg("a pointer %s is followed", rows[i].what);
	}
	m_start(&m, ID, 0);
	m_name(&m, "a");
	for (unsigned i = 0; i < 200; i++) { /* pointers to pointers */
		m16(&m, 0xc000u | (i == 0 ? 12 : (unsigned)m.n - 2));
		assert_int_equal(dns_name_read(m.b, m.n, m.n - 2, text), i < 127 ? 2 : 0);
	}
}

static void a_good_query_is_passed_on_under_another_id(void **state)
{
	(void)state;
	uint8_t out[DNS_QUERY_MAX];
	m_start(&m, 0x4242, 0x0160); /* RD, AD and a bit that must be zero */
	m_question(&m, "WWW.example.org", AAAA);
	m_opt(&m, 1400);
	assert_int_equal(dns_query_parse(m.b, m.n, &query), DNS_NOERROR);
	assert_string_equal(query.name, "www.example.org");
	assert_int_equal(query.type, AAAA);
	assert_int_equal(query.id, 0x4242);
	assert_int_equal(query.udp_size, 1400);
	assert_int_equal(dns_query_make(&query, ID, out), m.n);
	assert_memory_equal(out, "\x12\x34\x01\x20", 4);
	assert_memory_equal(out + 4, m.b + 4, m.n - 4);
	ask("", NS);
	assert_int_equal(query.udp_size, 512);
	assert_string_equal(query.name, "");
	ask("a", HTTPS);
}

static void queries_that_make_no_sense_to_pass_on_are_answered_at_once(void **state)
{
	(void)state;
	static const unsigned refused[] = {
		0, OPT, 128, 249 /* TKEY */, 250 /* TSIG */, 251 /* IXFR */, 252 /* AXFR */, 253, 254, 255 /* ANY */};
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		m_start(&m, 1, 0);
		m_question(&m, "example.org", refused[i]);
		assert_int_equal(dns_query_parse(m.b, m.n, &query), DNS_REFUSED);
	}
	m_start(&m, 1, 0);
	m_question(&m, "version.bind", TXT);
	m.b[m.n - 1] = 3; /* class CH */
	assert_int_equal(dns_query_parse(m.b, m.n, &query), DNS_REFUSED);
	m_start(&m, 1, 0x2800); /* an update */
	m_question(&m, "example.org", SOA);
	assert_int_equal(dns_query_parse(m.b, m.n, &query), DNS_NOTIMP);
}

static void malformed_queries_are_told_so(void **state)
{
	(void)state;
	m_start(&m, 1, 0);
	assert_int_equal(dns_query_parse(m.b, m.n, &query), DNS_FORMERR); /* no question */
	m_question(&m, "example.org", A);
	m_question(&m, "example.net", A);
	assert_int_equal(dns_query_parse(m.b, m.n, &query), DNS_FORMERR); /* two */
	ask("example.org", A);
	assert_int_equal(dns_query_parse(m.b, m.n + 1, &query), DNS_FORMERR); /* more than that */
	for (size_t n = m.n; n-- > 12;)
		assert_int_equal(dns_query_parse(m.b, n, &query), DNS_FORMERR);
	for (size_t n = 12; n-- > 0;)
		assert_int_equal(dns_query_parse(m.b, n, &query), -EBADMSG);
	for (size_t section = 1; section < 4; section++) { /* records smuggle what is not asked */
		m_start(&m, 1, 0);
		m_question(&m, "example.org", A);
		m_address(&m, section, "x.example.org", 1, "192.0.2.1");
		assert_int_equal(dns_query_parse(m.b, m.n, &query), DNS_FORMERR);
		m_start(&m, 1, 0);
		m_question(&m, "example.org", A);
		m_address(&m, section, "", 1, "192.0.2.1");
		assert_int_equal(dns_query_parse(m.b, m.n, &query), DNS_FORMERR);
	}
	m_start(&m, 1, 0);
	m_question(&m, "example.org", A);
	m_opt(&m, 512);
	m_opt(&m, 512);
	assert_int_equal(dns_query_parse(m.b, m.n, &query), DNS_FORMERR);
	m_start(&m, 1, ANSWER);
	m_question(&m, "example.org", A);
	assert_int_equal(dns_query_parse(m.b, m.n, &query), -EBADMSG);
	memset(&m, 0, sizeof m);
	assert_int_equal(dns_query_parse(m.b, DNS_QUERY_MAX + 1, &query), DNS_FORMERR);
}

static void our_own_answers_say_why_to_who_speaks_edns(void **state)
{
	(void)state;
	uint8_t out[DNS_REPLY_MAX];
	ask("www.example.org", A);
	assert_int_equal(dns_reply(&query, DNS_REFUSED, DNS_WHY_PROHIBITED, false, out), m.n);
	assert_memory_equal(out, "\x42\x42\x81\x85\0\1\0\0\0\0\0\0", 12);
	assert_memory_equal(out + 12, m.b + 12, m.n - 12);
	m_opt(&m, 4096);
	assert_int_equal(dns_query_parse(m.b, m.n, &query), DNS_NOERROR);
	size_t n = dns_reply(&query, DNS_REFUSED, DNS_WHY_PROHIBITED, true, out);
	assert_int_equal(n, m.n + 6);
	assert_memory_equal(out, "\x42\x42\x83\x85\0\1\0\0\0\0\0\1", 12);
	assert_memory_equal(out + n - 8, "\0\6\0\17\0\2\0\22", 8);
	m_start(&m, 7, 0x2800);
	dns_query_parse(m.b, m.n, &query);
	assert_int_equal(dns_reply(&query, DNS_NOTIMP, DNS_WHY_NONE, false, out), 12);
	assert_memory_equal(out, "\0\7\xa8\x84\0\0\0\0\0\0\0\0", 12);
}

static void assert_first_addr4(const char *text)
{
	uint8_t want[16] = {[10] = 0xff, [11] = 0xff};
	inet_pton(AF_INET, text, want + 12);
	assert_memory_equal(answer.addrs[0].bytes, want, 16);
}

static void addresses_of_the_name_are_read(void **state)
{
	(void)state;
	begin();
	m_address(&m, 1, "WWW.example.ORG", 300, "192.0.2.1");
	m_address(&m, 1, "www.example.org", 200, "192.0.2.2");
	m_address(&m, 3, "ns.example.org", 5, "192.0.2.53");
	assert_int_equal(parse(), 0);
	assert_int_equal(answer.n_addrs, 2);
	assert_first_addr4("192.0.2.1");
	assert_int_equal(answer.ttl_s, 200);

	ask("www.example.org", AAAA);
	m_start(&m, ID, ANSWER);
	m_question(&m, "www.example.org", AAAA);
	m_address(&m, 1, "www.example.org", 0x80000000, "2001:db8::1");
	assert_int_equal(parse(), 0);
	assert_int_equal(answer.n_addrs, 1);
	assert_memory_equal(answer.addrs[0].bytes, m.b + m.n - 16, 16);
	assert_int_equal(answer.ttl_s, 0); /* RFC 2181, 8 */
}

static void chains_are_followed_in_any_order(void **state)
{
	(void)state;
	begin();
	m_address(&m, 1, "c.example.net", 300, "192.0.2.1");
	m_alias(&m, 1, "b.example.net", 30, "C.example.net");
	m_alias(&m, 1, "www.example.org", 300, "b.example.net");
	assert_int_equal(parse(), 0);
	assert_int_equal(answer.n_addrs, 1);
	assert_first_addr4("192.0.2.1");
	assert_int_equal(answer.ttl_s, 30);
}

static void long_chains_and_loops_are_refused(void **state)
{
	(void)state;
	for (unsigned length = 1; length <= 20; length++) {
		char from[32] = "www.example.org", to[32];
		begin();
		for (unsigned i = 0; i < length; i++) {
			snprintf(to, sizeof to, "n%u.example", i);
			m_alias(&m, 1, from, 60, to);
			strcpy(from, to);
		}
		m_address(&m, 1, from, 60, "192.0.2.1");
		assert_int_equal(parse(), length <= 16 ? 0 : -EBADMSG);
		assert_int_equal(answer.n_addrs, length <= 16);
	}
	begin();
	m_alias(&m, 1, "www.example.org", 60, "a.example");
	m_alias(&m, 1, "a.example", 60, "www.example.org");
	m_address(&m, 1, "www.example.org", 60, "192.0.2.1");
	assert_int_equal(parse(), -EBADMSG);
	assert_int_equal(answer.n_addrs, 0);
	begin();
	m_alias(&m, 1, "www.example.org", 60, "www.example.org");
	assert_int_equal(parse(), -EBADMSG);
	begin(); /* two aliases of one name: which is it? */
	m_alias(&m, 1, "www.example.org", 60, "a.example");
	m_alias(&m, 1, "www.example.org", 60, "b.example");
	m_address(&m, 1, "a.example", 60, "192.0.2.1");
	assert_int_equal(parse(), -EBADMSG);
	assert_int_equal(answer.n_addrs, 0);
}

static void a_poisoned_answer_teaches_nothing(void **state)
{
	(void)state;
	begin(); /* a record of another name */
	m_address(&m, 1, "victim.example", 60, "192.0.2.1");
	assert_teaches_nothing();
	begin(); /* an alias to one name, an address of a third */
	m_alias(&m, 1, "www.example.org", 60, "a.example");
	m_address(&m, 1, "b.example", 60, "192.0.2.1");
	assert_teaches_nothing();
	begin(); /* the name itself, but it is an alias */
	m_alias(&m, 1, "www.example.org", 60, "a.example");
	m_address(&m, 1, "www.example.org", 60, "192.0.2.1");
	assert_teaches_nothing();
	for (size_t section = 2; section < 4; section++) { /* where answers do not stand */
		begin();
		m_address(&m, section, "www.example.org", 60, "192.0.2.1");
		assert_teaches_nothing();
		begin();
		m_alias(&m, section, "www.example.org", 60, "a.example");
		m_address(&m, 1, "a.example", 60, "192.0.2.1");
		assert_teaches_nothing();
	}
	begin(); /* of the other type */
	m_address(&m, 1, "www.example.org", 60, "2001:db8::1");
	assert_teaches_nothing();
	begin(); /* of another class */
	m_address(&m, 1, "www.example.org", 60, "192.0.2.1");
	m.b[m.n - 11] = 3;
	assert_teaches_nothing();
	begin(); /* dots in a label are no borders */
	m.n -= 21;
	memcpy(m.b + m.n, "\17www.example.org\0\0\1\0\1", 21);
	m.n += 21;
	m_address(&m, 1, "www.example.org", 60, "192.0.2.1");
	assert_int_equal(parse(), -ENOMSG);
	begin(); /* an error, with an address all the same */
	m_address(&m, 1, "www.example.org", 60, "192.0.2.1");
	m.b[3] |= DNS_NXDOMAIN;
	assert_teaches_nothing();
	ask("www.example.org", HTTPS); /* hints of a service are no addresses */
	m_start(&m, ID, ANSWER);
	m_question(&m, "www.example.org", HTTPS);
	m_address(&m, 1, "www.example.org", 60, "192.0.2.1");
	assert_teaches_nothing();
}

static void the_answer_to_another_question_is_no_answer(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		unsigned id, flags, type;
	} rows[] = {
		{"www.example.org", ID + 1, ANSWER, A},
		{"www.example.org", ID, 0x0100, A},
		{"www.example.com", ID, ANSWER, A},
		{"example.org", ID, ANSWER, A},
		{"www.example.org", ID, ANSWER, AAAA},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		begin();
		m_start(&m, rows[i].id, rows[i].flags);
		m_question(&m, rows[i].name, rows[i].type);
		m_address(&m, 1, "www.example.org", 60, "192.0.2.1");
		assert_int_equal(parse(), -ENOMSG);
		assert_int_equal(answer.n_addrs, 0);
	}
	begin();
	m_start(&m, ID, ANSWER);
	assert_int_equal(parse(), -ENOMSG); /* no question at all */
	m.b[3] |= DNS_FORMERR;
	assert_int_equal(parse(), 0); /* but so answers who did not understand it */
	begin();
	m_question(&m, "www.example.org", A);
	assert_int_equal(parse(), -ENOMSG);
}

static void malformed_answers_are_refused_and_teach_nothing(void **state)
{
	(void)state;
	begin();
	m_address(&m, 1, "www.example.org", 60, "192.0.2.1");
	size_t whole = m.n, question = 12 + 17 + 4;
	assert_int_equal(parse(), 0);
	for (m.n = whole - 1; m.n >= question; m.n--) {
		assert_int_equal(parse(), -EBADMSG);
		assert_int_equal(answer.n_addrs, 0);
	}
	m.n = whole + 1; /* more than the records */
	assert_int_equal(parse(), -EBADMSG);
	m.n = whole;
	m.b[7] = 2; /* a record that is not there */
	assert_int_equal(parse(), -EBADMSG);
	begin();
	m_record(&m, 1, "www.example.org", A, 60, 5);
	m.n += 5;
	assert_int_equal(parse(), -EBADMSG);
	begin(); /* an alias that does not fill its data */
	m_record(&m, 1, "www.example.org", CNAME, 60, 4);
	m_name(&m, "a");
	m.n++;
	assert_int_equal(parse(), -EBADMSG);
	begin();
	for (unsigned i = 0; i < 1025; i++)
		m_record(&m, 1, "x", TXT, 60, 0);
	assert_int_equal(parse(), -EBADMSG);
}

static void a_truncated_answer_is_known_as_such_and_not_read(void **state)
{
	(void)state;
	begin();
	m_address(&m, 1, "www.example.org", 60, "192.0.2.1");
	m.b[2] |= 2;
	m.n -= 2;
	assert_int_equal(parse(), 0);
	assert_true(answer.truncated);
	assert_int_equal(answer.n_addrs, 0);
}

/* Every address record of a full message is bounded, and so is the time: this would take minutes otherwise. */
static void a_bomb_of_names_is_read_in_no_time(void **state)
{
	(void)state;
	begin();
	m.b[6] = 3; /* 1000 answers */
	m.b[7] = 0xe8;
	m16(&m, 0xc00c);
	m16(&m, TXT);
	m16(&m, IN);
	m.n += 4;
	size_t data = m.n + 2;
	m16(&m, 40000);
	for (unsigned i = 0; i < 20000; i++) /* pointers to pointers */
		m16(&m, 0xc000u | (i == 0 ? 12 : (unsigned)(data + 2 * (i - 1)) & 0x3fff));
	for (unsigned i = 0; i < 999; i++) {
		m16(&m, 0xc000u | ((unsigned)data + 2 * 125)); /* the longest that is followed */
		m16(&m, TXT);
		m16(&m, IN);
		m.n += 6;
	}
	assert_int_equal(parse(), 0);
	assert_int_equal(answer.n_addrs, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_read_in_one_form),
		cmocka_unit_test(a_name_has_at_most_255_octets),
		cmocka_unit_test(pointers_lead_back_and_end),
		cmocka_unit_test(a_good_query_is_passed_on_under_another_id),
		cmocka_unit_test(queries_that_make_no_sense_to_pass_on_are_answered_at_once),
		cmocka_unit_test(malformed_queries_are_told_so),
		cmocka_unit_test(our_own_answers_say_why_to_who_speaks_edns),
		cmocka_unit_test(addresses_of_the_name_are_read),
		cmocka_unit_test(chains_are_followed_in_any_order),
		cmocka_unit_test(long_chains_and_loops_are_refused),
		cmocka_unit_test(a_poisoned_answer_teaches_nothing),
		cmocka_unit_test(the_answer_to_another_question_is_no_answer),
		cmocka_unit_test(malformed_answers_are_refused_and_teach_nothing),
		cmocka_unit_test(a_truncated_answer_is_known_as_such_and_not_read),
		cmocka_unit_test(a_bomb_of_names_is_read_in_no_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
