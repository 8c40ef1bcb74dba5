# SPDX-License-Identifier: Apache-2.0
# The launcher's side of a sandbox's network.
noinst_LIBRARIES += libnet.a
libnet_a_SOURCES = include/sbx/net.h include/sbx/nethelper.h src/net/interfaces.c src/net/resolv.c
