# SPDX-License-Identifier: Apache-2.0
# sbx-net, the helper of Network=slirp.  libnetd.a is all of it that does without libslirp: what the tests and fuzzers link.
noinst_LIBRARIES += libnetd.a
libnetd_a_SOURCES = \
	include/sbx/nethelper.h src/netd/allow.h src/netd/allow_learned.h src/netd/allow_parse.h src/netd/dns.h \
	src/netd/dns_forward.h src/netd/dns_message.h src/netd/dns_wire.h src/netd/gate.h src/netd/loop.h \
	src/netd/netlog.h src/netd/options.h src/netd/packet.h src/netd/packet_bytes.h src/netd/stack.h \
	src/netd/allow.c src/netd/allow_learned.c src/netd/allow_parse.c src/netd/dns.c src/netd/dns_answer.c \
	src/netd/dns_ask.c src/netd/dns_message.c src/netd/dns_tcp.c src/netd/gate.c src/netd/loop.c \
	src/netd/netlog.c src/netd/options.c src/netd/packet.c src/netd/packet_reply.c

sbxlibexec_PROGRAMS += sbx-net
sbx_net_SOURCES = src/netd/confine.c src/netd/confine.h src/netd/main.c src/netd/stack.c
sbx_net_LDADD = libnetd.a libpolicy.a $(FLOOR_SYS) -lslirp

if HAVE_CMOCKA
NETD_TESTS = test/unit/netd/test_packet test/unit/netd/test_allow test/unit/netd/test_dns_message \
	test/unit/netd/test_corpus test/unit/netd/test_dns test/unit/netd/test_dns_tcp \
	test/unit/netd/test_loop test/unit/netd/test_options test/unit/netd/test_gate test/unit/netd/test_helper
check_PROGRAMS += $(NETD_TESTS)
TESTS += $(NETD_TESTS)
NETD_TEST_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
NETD_TEST_LIBS = libnetd.a $(FLOOR_SYS) $(TEST_LIBS)
test_unit_netd_test_packet_SOURCES = test/unit/netd/test_packet.c test/unit/netd/frames.h
test_unit_netd_test_packet_CFLAGS = $(NETD_TEST_CFLAGS)
test_unit_netd_test_packet_LDADD = $(NETD_TEST_LIBS)
test_unit_netd_test_allow_SOURCES = test/unit/netd/test_allow.c
test_unit_netd_test_allow_CFLAGS = $(NETD_TEST_CFLAGS)
test_unit_netd_test_allow_LDADD = $(NETD_TEST_LIBS)
test_unit_netd_test_dns_message_SOURCES = test/unit/netd/test_dns_message.c test/unit/netd/messages.h
test_unit_netd_test_dns_message_CFLAGS = $(NETD_TEST_CFLAGS)
test_unit_netd_test_dns_message_LDADD = $(NETD_TEST_LIBS)
test_unit_netd_test_corpus_SOURCES = test/unit/netd/test_corpus.c
test_unit_netd_test_corpus_CFLAGS = $(NETD_TEST_CFLAGS)
test_unit_netd_test_corpus_LDADD = $(NETD_TEST_LIBS)
test_unit_netd_test_dns_SOURCES = test/unit/netd/test_dns.c test/unit/netd/dns_fixture.h
test_unit_netd_test_dns_CFLAGS = $(NETD_TEST_CFLAGS)
test_unit_netd_test_dns_LDADD = $(NETD_TEST_LIBS)
test_unit_netd_test_dns_tcp_SOURCES = test/unit/netd/test_dns_tcp.c test/unit/netd/dns_fixture.h
test_unit_netd_test_dns_tcp_CFLAGS = $(NETD_TEST_CFLAGS)
test_unit_netd_test_dns_tcp_LDADD = $(NETD_TEST_LIBS)
test_unit_netd_test_loop_SOURCES = test/unit/netd/test_loop.c
test_unit_netd_test_loop_CFLAGS = $(NETD_TEST_CFLAGS)
test_unit_netd_test_loop_LDADD = $(NETD_TEST_LIBS)
test_unit_netd_test_options_SOURCES = test/unit/netd/test_options.c
test_unit_netd_test_options_CFLAGS = $(NETD_TEST_CFLAGS)
test_unit_netd_test_options_LDADD = $(NETD_TEST_LIBS)
test_unit_netd_test_gate_SOURCES = test/unit/netd/test_gate.c test/unit/netd/frames.h
test_unit_netd_test_gate_CFLAGS = $(NETD_TEST_CFLAGS)
test_unit_netd_test_gate_LDADD = $(NETD_TEST_LIBS)
test_unit_netd_test_helper_SOURCES = test/unit/netd/test_helper.c test/unit/netd/frames.h
test_unit_netd_test_helper_CFLAGS = $(NETD_TEST_CFLAGS)
test_unit_netd_test_helper_LDADD = $(NETD_TEST_LIBS)
endif
EXTRA_DIST += $(patsubst $(srcdir)/%,%,$(wildcard $(srcdir)/test/fuzz/corpus/packet/* $(srcdir)/test/fuzz/corpus/dns/*))

if FUZZERS
EXTRA_PROGRAMS += test/fuzz/fuzz_packet test/fuzz/fuzz_dns
test_fuzz_fuzz_packet_SOURCES = test/fuzz/fuzz_packet.c
test_fuzz_fuzz_packet_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
test_fuzz_fuzz_packet_LDADD = libnetd.a libutil.a
test_fuzz_fuzz_dns_SOURCES = test/fuzz/fuzz_dns.c
test_fuzz_fuzz_dns_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
test_fuzz_fuzz_dns_LDADD = libnetd.a libutil.a
fuzz: test/fuzz/fuzz_packet$(EXEEXT) test/fuzz/fuzz_dns$(EXEEXT)
endif
