/* SPDX-License-Identifier: Apache-2.0 */

/* Addresses that names were answered with.  A table of lists, since each datagram asks it. */

#include <stdlib.h>
#include <string.h>
#include "sbx/str.h"
#include "allow_learned.h"

/* A program resolves a name once and connects for a while: browsers keep an address for 60 s whatever its TTL, and a
 * connect that is tried again on the next address takes two minutes.  So: the TTL and a minute, but no less than five
 * minutes (load balancers answer with TTLs of 0 to 60) and no more than a day, whatever a server says (RFC 8767
 * allows a week; an address that has changed hands should not stay open so long). */
#define GRACE_MS UINT64_C(60000)
#define LEAST_MS UINT64_C(300000)
#define TTL_MOST_S UINT32_C(86400)

/* FNV-1a; who fills one bucket on purpose slows down his own packets, at most LEARNED_MAX steps. */
static size_t bucket_of(const struct net_addr *addr)
{
	uint32_t hash = UINT32_C(2166136261);
	for (size_t i = 0; i < sizeof addr->bytes; i++)
		hash = (hash ^ addr->bytes[i]) * UINT32_C(16777619);
	return (hash ^ hash >> 16) % LEARNED_BUCKETS;
}

static bool is_of(const struct learned_entry *entry, const struct net_addr *addr)
{
	return memcmp(entry->addr.bytes, addr->bytes, sizeof addr->bytes) == 0;
}

static struct learned_entry *of_address(struct learned_entry *entry, const struct net_addr *addr)
{
	while (entry && !is_of(entry, addr))
		entry = entry->next;
	return entry;
}

struct learned_entry *learned_first(const struct learned *learned, const struct net_addr *addr)
{
	return of_address(learned->buckets[bucket_of(addr)], addr);
}

struct learned_entry *learned_next(const struct learned_entry *entry)
{
	return of_address(entry->next, &entry->addr);
}

void learned_extend(struct learned_entry *entry, uint64_t now_ms)
{
	if (entry->until_ms < now_ms + LEAST_MS)
		entry->until_ms = now_ms + LEAST_MS;
}

void learned_clear(struct learned *learned)
{
	for (size_t i = 0; i < LEARNED_BUCKETS; i++) {
		while (learned->buckets[i]) {
			struct learned_entry *entry = learned->buckets[i];
			learned->buckets[i] = entry->next;
			free(entry);
		}
	}
	learned->n = 0;
}

/* take - the entry at @link out of its list. */
static struct learned_entry *take(struct learned *learned, struct learned_entry **link)
{
	struct learned_entry *entry = *link;
	*link = entry->next;
	learned->n--;
	return entry;
}

static void drop_first_to_end(struct learned *learned)
{
	struct learned_entry **least = NULL;
	for (size_t i = 0; i < LEARNED_BUCKETS; i++)
		for (struct learned_entry **link = &learned->buckets[i]; *link; link = &(*link)->next)
			if (!least || (*link)->until_ms < (*least)->until_ms)
				least = link;
	if (least)
		free(take(learned, least));
}

void learned_add(
	struct learned *learned, const char *name, const struct net_addr *addr, uint32_t ttl_s, uint64_t now_ms)
{
	uint64_t until_ms = now_ms + (ttl_s < TTL_MOST_S ? ttl_s : TTL_MOST_S) * UINT64_C(1000) + GRACE_MS;
	struct learned_entry **link = &learned->buckets[bucket_of(addr)], *entry = NULL;

	while (*link && !(is_of(*link, addr) && strcmp((*link)->name, name) == 0))
		link = &(*link)->next;
	if (*link) {
		entry = take(learned, link);
	} else {
		if (learned->n >= LEARNED_MAX)
			drop_first_to_end(learned);
		entry = xcalloc(1, sizeof *entry + strlen(name) + 1);
		entry->addr = *addr;
		memcpy(entry->name, name, strlen(name) + 1);
	}
	if (entry->until_ms < until_ms)
		entry->until_ms = until_ms;
	learned_extend(entry, now_ms);
	link = &learned->buckets[bucket_of(addr)];
	entry->next = *link;
	*link = entry;
	learned->n++;
}
