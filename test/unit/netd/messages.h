/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* DNS messages put together by hand. */

#include <arpa/inet.h>
#include <assert.h>
#include <stdint.h>
#include <string.h>

struct message {
	uint8_t b[70000];
	size_t n;
};

enum { IN = 1, A = 1, NS = 2, CNAME = 5, SOA = 6, TXT = 16, AAAA = 28, OPT = 41, HTTPS = 65, ANSWER = 0x8180 };

static inline void m16(struct message *m, unsigned value)
{
	m->b[m->n++] = (uint8_t)(value >> 8);
	m->b[m->n++] = (uint8_t)value;
}

static inline void m_count(struct message *m, size_t section)
{
	uint8_t *p = m->b + 4 + 2 * section;
	unsigned value = ((unsigned)p[0] << 8 | p[1]) + 1;
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

static inline void m_name(struct message *m, const char *text)
{
	while (*text) {
		size_t n = strcspn(text, ".");
		m->b[m->n++] = (uint8_t)n;
		memcpy(m->b + m->n, text, n);
		m->n += n;
		text += n + (text[n] == '.');
	}
	m->b[m->n++] = 0;
}

static inline void m_start(struct message *m, unsigned id, unsigned flags)
{
	memset(m, 0, sizeof *m);
	m16(m, id);
	m16(m, flags);
	m->n = 12;
}

static inline void m_question(struct message *m, const char *name, unsigned type)
{
	m_name(m, name);
	m16(m, type);
	m16(m, IN);
	m_count(m, 0);
}

/* m_record - all but its data; @n bytes of that follow. @section: 1 answer, 2 authority, 3 additional. */
static inline void m_record(
	struct message *m, size_t section, const char *name, unsigned type, unsigned ttl_s, size_t n)
{
	m_name(m, name);
	m16(m, type);
	m16(m, IN);
	m16(m, ttl_s >> 16);
	m16(m, ttl_s & 0xffff);
	m16(m, (unsigned)n);
	m_count(m, section);
}

static inline void m_address(struct message *m, size_t section, const char *name, unsigned ttl_s, const char *text)
{
	int family = strchr(text, ':') ? AF_INET6 : AF_INET;
	size_t n = family == AF_INET ? 4 : 16;
	m_record(m, section, name, family == AF_INET ? A : AAAA, ttl_s, n);
	assert(inet_pton(family, text, m->b + m->n) == 1);
	m->n += n;
}

static inline void m_alias(struct message *m, size_t section, const char *name, unsigned ttl_s, const char *target)
{
	m_record(m, section, name, CNAME, ttl_s, strlen(target) + 2);
	m_name(m, target);
}

static inline void m_opt(struct message *m, unsigned size)
{
	m->b[m->n++] = 0;
	m16(m, OPT);
	m16(m, size);
	memset(m->b + m->n, 0, 6);
	m->n += 6;
	m_count(m, 3);
}
