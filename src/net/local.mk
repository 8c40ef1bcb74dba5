# SPDX-License-Identifier: Apache-2.0
# The launcher's side of a sandbox's network.
noinst_LIBRARIES += libnet.a
libnet_a_SOURCES = include/sbx/net.h include/sbx/nethelper.h src/net/interfaces.c src/net/resolv.c

if HAVE_CMOCKA
check_PROGRAMS += test/unit/net/test_resolv
TESTS += test/unit/net/test_resolv
test_unit_net_test_resolv_SOURCES = test/unit/net/test_resolv.c
test_unit_net_test_resolv_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
test_unit_net_test_resolv_LDADD = libnet.a $(FLOOR_SYS) $(TEST_LIBS)
endif
