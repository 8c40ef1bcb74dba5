/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The words that stand as strings in a seccomp JSON file.  Each parser returns 0 or -EINVAL where not said otherwise.
 */

#include <stdbool.h>
#include <stdint.h>

bool seccomp_word_in(const char *words, const char *word); /* words: separated by blanks */
int seccomp_action_parse(const char *word, uint32_t *ret); /* "SCMP_ACT_ERRNO", its data 0 */
int seccomp_arch_parse(const char *word, uint32_t *ret);   /* "SCMP_ARCH_X86_64" */
int seccomp_compare_parse(const char *word, int *ret);     /* "SCMP_CMP_MASKED_EQ" */
int seccomp_errno_parse(const char *word);                 /* "ENOSYS": the number, or -EINVAL */
bool seccomp_goarch_is_native(const char *word);           /* "amd64": Go's name of this machine */
int seccomp_kernel_at_least(const char *version);          /* "4.8": 1, 0, or -EINVAL */
