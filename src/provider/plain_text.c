#include "provider/plain_text.h"

#include <string.h>

#include "quickmode/provider.h"

static const char kReplacement[] = "\xef\xbf\xbd"; /* U+FFFD */
enum { kReplacementBytes = 3 };

size_t qm_decode_utf8(const char* text, size_t bytes, uint32_t* out) {
  /* Smallest value for each length: what is smaller is an overlong form. */
  static const uint32_t kSmallest[5] = {0, 0, 0x80, 0x800, 0x10000};
  const uint32_t lead = (unsigned char)text[0];
  size_t length = 1;
  uint32_t value = lead;
  if (lead >= 0xf0) {
    length = 4;
    value = lead & 0x0fU;
  } else if (lead >= 0xe0) {
    length = 3;
    value = lead & 0x0fU;
  } else if (lead >= 0xc0) {
    length = 2;
    value = lead & 0x1fU;
  } else if (lead >= 0x80) {
    return 0;
  }
  if (length > bytes) return 0;
  for (size_t i = 1; i < length; ++i) {
    const uint32_t tail = (unsigned char)text[i];
    if ((tail & 0xc0U) != 0x80U) return 0;
    value = (value << 6U) | (tail & 0x3fU);
  }
  if (value < kSmallest[length] || value > 0x10ffff) return 0;
  if (value >= 0xd800 && value <= 0xdfff) return 0;
  *out = value;
  return length;
}

bool qm_is_hidden(uint32_t c) {
  return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0xad || c == 0x61c || c == 0x180e ||
         (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
         (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xfff0 && c <= 0xfffb) ||
         (c & 0xfffeU) == 0xfffe || (c >= 0xfdd0 && c <= 0xfdef) || (c >= 0xe0000 && c <= 0xe0fff);
}

bool qm_is_plain_text(const char* text) {
  if (text == NULL || text[0] == '\0') return false;
  const size_t bytes = strnlen(text, QM_MOST_NAME_BYTES + 1U);
  if (bytes > QM_MOST_NAME_BYTES) return false;
  for (size_t at = 0; at < bytes;) {
    uint32_t point = 0;
    const size_t length = qm_decode_utf8(text + at, bytes - at, &point);
    if (length == 0 || qm_is_hidden(point)) return false;
    at += length;
  }
  return true;
}

size_t qm_copy_plain(const char* text, char* out, size_t room) {
  /* A character takes at most 4 bytes, so what lies beyond 4 × room can't fit. */
  const size_t bytes = strnlen(text, room * 4);
  size_t written = 0;
  for (size_t at = 0; at < bytes;) {
    uint32_t point = 0;
    const size_t length = qm_decode_utf8(text + at, bytes - at, &point);
    const bool good = length != 0 && !qm_is_hidden(point);
    const char* piece = good ? text + at : kReplacement;
    const size_t piece_bytes = good ? length : (size_t)kReplacementBytes;
    if (written + piece_bytes > room) break;
    memcpy(out + written, piece, piece_bytes);
    written += piece_bytes;
    at += length == 0 ? 1 : length;
  }
  return written;
}

void qm_set_string(WCHAR* item, size_t capacity, const char* utf8) {
  const size_t bytes = strlen(utf8);
  const size_t most = capacity < 0x7fff ? capacity : 0x7fff; /* the byte count is a USHORT */
  size_t units = 0;
  for (size_t at = 0; at < bytes;) {
    uint32_t point = 0;
    const size_t length = qm_decode_utf8(utf8 + at, bytes - at, &point);
    if (length == 0) point = 0xfffd;
    const size_t needed = point >= 0x10000 ? 2 : 1;
    if (units + needed > most) break;
    if (needed == 2) {
      item[1 + units] = (WCHAR)(0xd800U + ((point - 0x10000U) >> 10U));
      item[2 + units] = (WCHAR)(0xdc00U + ((point - 0x10000U) & 0x3ffU));
    } else {
      item[1 + units] = (WCHAR)point;
    }
    units += needed;
    at += length == 0 ? 1 : length;
  }
  item[0] = (WCHAR)(units * sizeof(WCHAR));
  memset(item + 1 + units, 0, (capacity - units) * sizeof(WCHAR));
}

const char* qm_quality_text(qm_quality quality) {
  static const char* const kTexts[] = {"exact", "at least", "inferred", "unavailable"};
  const unsigned index = (unsigned)quality;
  return index < sizeof kTexts / sizeof kTexts[0] ? kTexts[index] : NULL;
}

const char* qm_reason_text(qm_reason reason) {
  static const char* const kTexts[QM_REASON_COUNT] = {
      [QM_REASON_NONE] = "It is exact.",
      [QM_REASON_GAP] = "Events were lost: what ended meanwhile is not in the total.",
      [QM_REASON_FLUSH] = "SAs were flushed: the kernel told no final counters.",
      [QM_REASON_IN_FLIGHT] = "Packets in flight when an SA ended may be missing.",
      [QM_REASON_LARVALS] = "Counted from larval SAs: no IKE daemon answers.",
      [QM_REASON_OVERLAP] = "Rekeys told from SAs that overlap: no IKE daemon said so.",
      [QM_REASON_SOLE_USER] = "A counter of the whole host; every SA of it is this adapter's.",
      [QM_REASON_NOT_SOLE_USER] = "A counter of the whole host; others use IPsec too.",
      [QM_REASON_NO_PROBE] = "It needs a kernel probe that is not there.",
      [QM_REASON_SHARED_SA] = "An SA carries the traffic of several adapters and is not split.",
      [QM_REASON_BYPASS] = "The adapter bypasses the kernel's IPsec.",
      [QM_REASON_NO_KERNEL] = "This kernel has no IPsec, or it may not be read.",
      [QM_REASON_NO_IKE] = "The IKE daemon does not answer.",
      [QM_REASON_NOT_SAMPLED] = "No sample has been taken yet.",
      [QM_REASON_RESTART] = "What ended while the collector was down is not in the total.",
      [QM_REASON_KIND] = "There is a kind of SA that this version does not count.",
  };
  const unsigned index = (unsigned)reason;
  return index < QM_REASON_COUNT ? kTexts[index] : NULL;
}
