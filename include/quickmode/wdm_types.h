/* The basic types that a header made by mofc uses, for builds that have no Windows headers.
 * C11 and C++; no dependencies. SPDX-License-Identifier: MIT */
#ifndef QUICKMODE_WDM_TYPES_H
#define QUICKMODE_WDM_TYPES_H

#ifndef _WIN32

#include <stddef.h>
#include <stdint.h>

typedef uint8_t BOOLEAN;
typedef int8_t CHAR;
typedef uint8_t UCHAR;
typedef int16_t SHORT;
typedef uint16_t USHORT;
typedef int32_t LONG; /* 32 bits, as on Windows, wherever this is compiled */
typedef uint32_t ULONG;
typedef int64_t LONGLONG;
typedef uint64_t ULONGLONG;
typedef uint16_t WCHAR; /* a UTF-16 unit */

/* NOLINTNEXTLINE(bugprone-reserved-identifier): Windows' own tag */
typedef struct _GUID {
  uint32_t Data1;
  uint16_t Data2;
  uint16_t Data3;
  uint8_t Data4[8];
} GUID;

#ifndef FIELD_OFFSET
#define FIELD_OFFSET(type, field) ((ULONG)offsetof(type, field))
#endif

/* Every user of a generated header gets its own constant; unused ones cost nothing. */
#ifdef __cplusplus
#define DEFINE_GUID(name, l, w1, w2, b1, b2, b3, b4, b5, b6, b7, b8) \
  inline constexpr GUID name = {l, w1, w2, {b1, b2, b3, b4, b5, b6, b7, b8}}
#else
#define DEFINE_GUID(name, l, w1, w2, b1, b2, b3, b4, b5, b6, b7, b8) \
  __attribute__((unused)) static const GUID name = {l, w1, w2, {b1, b2, b3, b4, b5, b6, b7, b8}}
#endif

#endif /* !_WIN32 */
#endif
