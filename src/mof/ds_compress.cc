// The greedy parse of mofcomp with the matches that an exhaustive search would find: the longest,
// of several the nearest. A match of 8 bytes or more is sought in the chain of equal 8-byte words,
// one of 4 to 7 in that of equal 4-byte words; of shorter ones the last is always the right one.
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <vector>

#include "mof/ds_stream.h"

namespace qm::mof {
namespace {

constexpr std::int32_t kNone = -1;

class BitWriter {
 public:
  explicit BitWriter(std::string& out) : out_(out) {}
  void put(std::uint32_t value, unsigned bits) {
    bits_ |= std::uint64_t{value} << count_;
    count_ += bits;
    while (count_ >= 8) {
      out_ += static_cast<char>(bits_ & 0xffU);
      bits_ >>= 8U;
      count_ -= 8;
    }
  }
  void finish() {
    if (count_ != 0) put(0, 8 - count_);
  }

 private:
  std::string& out_;
  std::uint64_t bits_ = 0;
  unsigned count_ = 0;
};

struct Match {
  std::size_t length = 0;  // 0: none
  std::size_t back = 0;
};

// Equal bytes from a and b on, at most `most`.
std::size_t common(const char* a, const char* b, std::size_t most) {
  std::size_t length = 0;
  while (length + 8 <= most) {
    std::uint64_t x = 0;
    std::uint64_t y = 0;
    std::memcpy(&x, a + length, 8);
    std::memcpy(&y, b + length, 8);
    if (x != y) return length + static_cast<std::size_t>(std::countr_zero(x ^ y)) / 8;
    length += 8;
  }
  while (length < most && a[length] == b[length]) ++length;
  return length;
}

// Where the bytes of one word length were last seen, each place linked to the one before it.
template <unsigned kWordBytes, unsigned kHashBits>
class Chain {
 public:
  Chain() : heads_(std::size_t{1} << kHashBits, kNone), before_(kWindow, kNone) {}

  static std::size_t slot(const char* at) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, kWordBytes);
    return static_cast<std::size_t>((word * 0x9e3779b97f4a7c15U) >> (64U - kHashBits));
  }
  std::int32_t last(const char* at) const { return heads_[slot(at)]; }
  std::int32_t before(std::int32_t place) const {
    return before_[static_cast<std::size_t>(place) % kWindow];
  }
  void add(const char* at, std::int32_t place) {
    std::int32_t& head = heads_[slot(at)];
    before_[static_cast<std::size_t>(place) % kWindow] = head;
    head = place;
  }

 private:
  static constexpr std::size_t kWindow = 8'192;  // a power of two beyond kMostDsOffset
  std::vector<std::int32_t> heads_;
  std::vector<std::int32_t> before_;
};

class Compressor {
 public:
  Compressor(std::string_view bytes, std::string& out) : bytes_(bytes), out_(out) {}

  void run() {
    std::size_t at = 0;
    while (at < bytes_.size()) {
      if (at != 0 && at % kDsBlockBytes == 0) put_offset(kDsSync);
      const std::size_t most = std::min(bytes_.size() - at, kDsBlockBytes - at % kDsBlockBytes);
      const Match match = longest(at, most);
      if (match.length >= 2) {
        put_match(match);
      } else {
        const auto byte = static_cast<unsigned char>(bytes_[at]);
        out_.put(byte >= 0x80 ? 1 : 2, 2);
        out_.put(byte & 0x7fU, 7);
      }
      const std::size_t end = at + std::max<std::size_t>(match.length, 1);
      for (; at < end; ++at) remember(at);
    }
    put_offset(kDsSync);
    out_.finish();
  }

 private:
  bool near(std::int32_t place, std::size_t at) const {
    return place != kNone && at - static_cast<std::size_t>(place) <= kMostDsOffset;
  }

  // The best of a chain; those of fewer than `least` bytes do not count.
  template <class Words>
  Match search(const Words& words, std::size_t at, std::size_t most, std::size_t enough,
               std::size_t least) const {
    Match best;
    best.length = least - 1;
    const char* here = bytes_.data() + at;
    for (std::int32_t place = words.last(here); near(place, at);) {
      const char* there = bytes_.data() + place;
      // Only a place that goes on where the best one ended can be better.
      if (there[best.length] == here[best.length]) {
        const std::size_t length = common(there, here, most);
        if (length > best.length) {
          best = {length, at - static_cast<std::size_t>(place)};
          if (length >= enough) return best;
        }
      }
      const std::int32_t next = words.before(place);
      if (next >= place) break;  // its slot in the window was taken by a later place
      place = next;
    }
    return best.back == 0 ? Match{} : best;
  }

  Match longest(std::size_t at, std::size_t most) const {
    if (most >= 8) {
      const Match match = search(eights_, at, most, most, 8);
      if (match.length != 0) return match;
    }
    if (most >= 4) {
      const Match match = search(fours_, at, most, std::min<std::size_t>(most, 7), 4);
      if (match.length != 0) return match;
    }
    if (most >= 3) {
      const Match match = search(threes_, at, most, 3, 3);
      if (match.length != 0) return match;
    }
    if (most < 2) return {};
    const std::int32_t place = pairs_[pair(at)];
    return near(place, at) ? Match{2, at - static_cast<std::size_t>(place)} : Match{};
  }

  std::size_t pair(std::size_t at) const {
    return static_cast<std::size_t>(static_cast<unsigned char>(bytes_[at])) << 8U |
           static_cast<unsigned char>(bytes_[at + 1]);
  }

  void remember(std::size_t at) {
    const std::size_t left = bytes_.size() - at;
    const char* here = bytes_.data() + at;
    const auto place = static_cast<std::int32_t>(at);
    if (left >= 8) eights_.add(here, place);
    if (left >= 4) fours_.add(here, place);
    if (left >= 3) threes_.add(here, place);
    if (left >= 2) pairs_[pair(at)] = place;
  }

  void put_offset(std::size_t back) {
    const auto offset = static_cast<std::uint32_t>(back);
    if (offset < 64) {
      out_.put(offset << 2U, 8);
    } else if (offset < 320) {
      out_.put(3U | (offset - 64) << 3U, 11);
    } else {
      out_.put(7U | (offset - 320) << 3U, 15);
    }
  }
  void put_match(Match match) {
    put_offset(match.back);
    const auto value = static_cast<std::uint32_t>(match.length - 1);
    const auto bits = static_cast<unsigned>(std::bit_width(value)) - 1;
    out_.put(1U << bits, bits + 1);
    out_.put(value - (1U << bits), bits);
  }

  std::string_view bytes_;
  BitWriter out_;
  Chain<8, 14> eights_;
  Chain<4, 14> fours_;
  Chain<3, 14> threes_;
  std::vector<std::int32_t> pairs_ = std::vector<std::int32_t>(1U << 16U, kNone);
};

}  // namespace

std::string ds_compress(std::string_view bytes) {
  std::string out("DS\0\1", 4);
  out.reserve(bytes.size() / 4);
  Compressor(bytes, out).run();
  return out;
}

}  // namespace qm::mof
