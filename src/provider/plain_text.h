/* Text from a driver, made safe to show: the C twin of base/text.h (a test compares the two over
 * all of Unicode), since libquickmode-provider depends on nothing. Pure.
 * SPDX-License-Identifier: MIT */
#ifndef QUICKMODE_PROVIDER_PLAIN_TEXT_H
#define QUICKMODE_PROVIDER_PLAIN_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The code point that text (bytes long, at least 1) starts with, into *out; returns its length,
 * or 0 when that is not valid UTF-8. */
size_t qm_decode_utf8(const char* text, size_t bytes, uint32_t* out);

/* Control characters and those that steer or hide text: Cc, Cf, Zl, Zp and noncharacters. */
bool qm_is_hidden(uint32_t code_point);

/* Copies text, with U+FFFD for what is invalid or hidden, up to room bytes, cut at a character.
 * Returns the bytes written; no terminator. */
size_t qm_copy_plain(const char* text, char* out, size_t room);

#ifdef __cplusplus
}
#endif
#endif
