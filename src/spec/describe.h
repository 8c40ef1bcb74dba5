/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Parts of a spec as words, shared by the text and the JSON form. */

#include "sbx/spec.h"

const char *root_kind_name(enum root_kind kind);       /* "layers", "directory", "host" */
const char *storage_kind_name(enum storage_kind kind); /* "auto", "native", "fuse" */

/* net_lines - what the network is, what it lets through and where names come from; appended.
 * net_port_text - "127.0.0.1:8080"; net_server_text - "1.1.1.1#53".  Return new. */
void net_lines(const struct net_spec *net, struct strv *ret);
char *net_port_text(const struct port_spec *port);
char *net_server_text(const struct net_server *server);

/* mount_op_sentence - what an operation does, as people read it: "host directory or file /src, read-only". Returns new.
 */
char *mount_op_sentence(const struct mount_op *op);
