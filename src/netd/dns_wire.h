/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Pieces of a DNS message, for the files that read them. */

#include "dns_message.h"

#define DNS_FLAG_ANSWER 0x8000
#define DNS_FLAGS_OPCODE 0x7800
#define DNS_FLAG_TRUNCATED 0x0200
#define DNS_FLAG_RD 0x0100
#define DNS_FLAG_RA 0x0080
#define DNS_FLAG_AD 0x0020
#define DNS_FLAG_CD 0x0010
#define DNS_FLAGS_RCODE 0x000f
#define DNS_CLASS_IN 1
#define DNS_RECORD_FIXED 10 /* type, class, TTL, length */

struct dns_record {
	char name[DNS_TEXT_MAX];
	uint16_t type, class, data_len;
	uint32_t ttl_s;
	size_t data; /* in the message */
};

/* Return the octets taken from @at (from the start of the message for the question), 0 where it is malformed. */
size_t dns_record_read(const uint8_t *msg, size_t n, size_t at, struct dns_record *ret);
size_t dns_question_read(const uint8_t *msg, size_t n, char *ret_name, uint16_t *ret_type, uint16_t *ret_class);
