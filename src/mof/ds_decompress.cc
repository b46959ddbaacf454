#include <fmt/format.h>

#include <bit>
#include <cstdint>
#include <cstring>

#include "mof/ds_stream.h"

namespace qm::mof {
namespace {

constexpr std::size_t kHeaderBytes = 4;
constexpr unsigned kMostLengthBits = 8;

class BitReader {
 public:
  explicit BitReader(Bytes bytes) : bytes_(bytes) {}

  // At least 32 bits in the buffer, zeros behind the end.
  void fill() {
    if (count_ >= 32) return;
    if (bytes_.size() - at_ >= 8) {
      std::uint64_t next = 0;
      std::memcpy(&next, bytes_.data() + at_, 8);
      bits_ |= next << count_;
      const unsigned taken = (63 - count_) / 8;
      at_ += taken;
      count_ += taken * 8;
      return;
    }
    while (count_ <= 56) {
      const std::uint64_t next = at_ < bytes_.size() ? std::to_integer<unsigned>(bytes_[at_]) : 0;
      if (at_ < bytes_.size()) {
        ++at_;
      } else {
        borrowed_bits_ += 8;
      }
      bits_ |= next << count_;
      count_ += 8;
    }
  }
  unsigned peek(unsigned bits) const {
    return static_cast<unsigned>(bits_ & ((std::uint64_t{1} << bits) - 1));
  }
  unsigned zeros() const { return static_cast<unsigned>(std::countr_zero(bits_)); }
  void skip(unsigned bits) {
    bits_ >>= bits;
    count_ -= bits;
  }
  unsigned take(unsigned bits) {
    const unsigned value = peek(bits);
    skip(bits);
    return value;
  }
  bool past_end() const { return count_ < borrowed_bits_; }
  // Up to the byte that the last bit taken lies in.
  std::size_t used_bytes() const {
    const unsigned real = count_ - borrowed_bits_;
    return at_ - real / 8;
  }

 private:
  Bytes bytes_;
  std::size_t at_ = 0;
  std::uint64_t bits_ = 0;
  unsigned count_ = 0;
  unsigned borrowed_bits_ = 0;  // of count_: zeros that stand behind the end
};

// The bytes back of a match whose tag was taken; kDsSync for a sync mark.
unsigned take_offset(BitReader& in, unsigned tag) {
  if (tag == 0) return in.take(6);
  if (in.take(1) == 0) return in.take(8) + 64;
  return in.take(12) + 320;
}

// Copies forward byte by byte where source and target overlap, as the format means it.
void copy_match(char* to, std::size_t back, std::size_t length) {
  const char* from = to - back;
  if (back >= 8 && length > 8) {
    while (length >= 8) {
      std::memcpy(to, from, 8);
      to += 8;
      from += 8;
      length -= 8;
    }
  }
  while (length-- > 0) *to++ = *from++;
}

Result<std::size_t> take_length(BitReader& in) {
  const unsigned bits = in.zeros();
  if (bits > kMostLengthBits) return fail(ErrorCode::invalid, "a match of impossible length");
  in.skip(bits + 1);
  return (std::size_t{1} << bits) + in.take(bits) + 1;
}

// The items up to the size; the sync mark behind the last byte is taken too, where one stands.
Result<std::size_t> expand(BitReader& in, std::string& out) {
  std::size_t at = 0;
  const std::size_t size = out.size();
  while (true) {
    in.fill();
    const unsigned tag = in.peek(2);
    if (at == size && tag != 3) break;
    in.skip(2);
    if (tag == 1 || tag == 2) {
      out[at++] = static_cast<char>(in.take(7) | (tag == 1 ? 0x80U : 0U));
    } else {
      const unsigned back = take_offset(in, tag);
      if (back == kDsSync) {
        if (at == size) break;
        if (in.past_end()) return at;
        continue;
      }
      in.fill();
      if (in.past_end()) return at;
      const std::size_t length = TRY(take_length(in));
      if (back == 0 || back > at) {
        return fail(ErrorCode::invalid,
                    fmt::format("a match points {} bytes before byte {}", back, at));
      }
      if (length > size - at) {
        return fail(ErrorCode::invalid, "the stream holds more than its header says");
      }
      copy_match(out.data() + at, back, length);
      at += length;
    }
    if (in.past_end()) return at;
  }
  return at;
}

}  // namespace

Result<DsText> ds_decompress(Bytes stream, std::size_t decompressed_bytes) {
  constexpr std::string_view kMagic("DS\0\1", kHeaderBytes);
  if (stream.size() < kHeaderBytes ||
      std::memcmp(stream.data(), kMagic.data(), kHeaderBytes) != 0) {
    return fail(ErrorCode::invalid, "no DS stream: it does not begin with 'DS'");
  }
  if (decompressed_bytes > kMostDsBytes) {
    return fail(ErrorCode::limit, fmt::format("{} bytes when decompressed; the limit is {}",
                                              decompressed_bytes, kMostDsBytes));
  }
  if (decompressed_bytes / kMostDsGrowth > stream.size()) {
    return fail(ErrorCode::invalid, fmt::format("{} bytes of stream cannot hold {} bytes",
                                                stream.size(), decompressed_bytes));
  }
  DsText text;
  text.bytes.resize(decompressed_bytes);
  BitReader in(stream.subspan(kHeaderBytes));
  const std::size_t made = TRY(expand(in, text.bytes));
  if (in.past_end() && made <= decompressed_bytes) {
    // Zeros behind the end were taken for an item, unless all was there before.
    return fail(ErrorCode::invalid, fmt::format("the stream ends early, within byte {} of {}", made,
                                                decompressed_bytes));
  }
  text.used_bytes = kHeaderBytes + in.used_bytes();
  return text;
}

}  // namespace qm::mof
