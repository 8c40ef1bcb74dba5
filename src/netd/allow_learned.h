/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Addresses that names were answered with, each for its time. */

#include <stddef.h>
#include <stdint.h>
#include "sbx/nethelper.h"

#define LEARNED_MAX 4096
#define LEARNED_BUCKETS 1024

struct learned_entry {
	struct learned_entry *next; /* in its bucket; what was learned last stands first */
	struct net_addr addr;
	uint64_t until_ms;
	char name[];
};

struct learned {
	struct learned_entry *buckets[LEARNED_BUCKETS];
	size_t n;
};

void learned_clear(struct learned *learned);
void learned_add(
	struct learned *learned, const char *name, const struct net_addr *addr, uint32_t ttl_s, uint64_t now_ms);

/* The entries of one address, ended ones too, the last learned first. */
struct learned_entry *learned_first(const struct learned *learned, const struct net_addr *addr);
struct learned_entry *learned_next(const struct learned_entry *entry);

/* learned_extend - it is in use. */
void learned_extend(struct learned_entry *entry, uint64_t now_ms);
