/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The texts of AllowDomain= and AllowAddress=. */

#include <stdbool.h>
#include <stdint.h>
#include "sbx/err.h"
#include "sbx/nethelper.h"

struct allow_domain {
	char *name; /* lower case, without a trailing dot and without "*." */
	bool wildcard;
	uint16_t port; /* 0: any */
};

struct allow_range {
	struct net_addr addr;
	uint8_t bits;  /* of the 128 */
	uint16_t port; /* 0: any */
};

/* Return 0, -EINVAL.  The domain's name is owned by the caller. */
int allow_domain_parse(const char *text, struct allow_domain *ret, struct sbx_err *err);
int allow_range_parse(const char *text, struct allow_range *ret, struct sbx_err *err);

bool allow_range_has(const struct allow_range *range, const struct net_addr *addr);
