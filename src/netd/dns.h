/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The name server inside: passes queries on to the host's servers, refuses names that are not allowed, and teaches the
 * allow-list what was answered.  UDP queries come as frames, TCP ones through a UNIX socket that libslirp connects to.
 * Sources: RFC 1035, 2181, 6891, 7766, 9520. */

#include "allow.h"
#include "loop.h"
#include "packet.h"
#include "sbx/nethelper.h"

struct dns;

struct dns_options {
	struct loop *loop;       /* borrowed */
	struct allow *allow;     /* borrowed */
	struct net_stats *stats; /* borrowed */
	/* send_frame - a frame to the sandbox. */
	void (*send_frame)(void *data, const uint8_t *frame, size_t n);
	/* answered - for the log: a name was asked for and allowed or refused.  May be NULL. */
	void (*asked)(void *data, const char *name, bool allowed);
	void *data;
};

struct dns *dns_new(const struct dns_options *options);
void dns_free(struct dns *dns);

/* dns_set_servers - ask these from now on, in this order; copies.  None: queries are answered with SERVFAIL. */
void dns_set_servers(struct dns *dns, const struct net_server *servers, size_t n);

/* dns_query_frame - one UDP query, in the frame @frame parsed as @p.  Answers at once or later through send_frame. */
void dns_query_frame(struct dns *dns, const uint8_t *frame, size_t len, const struct packet *p);

/* dns_listen - take TCP queries from connections to @listen_fd (a listening UNIX stream socket; takes it). */
void dns_listen(struct dns *dns, int listen_fd);
