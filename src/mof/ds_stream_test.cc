#include "mof/ds_stream.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <span>

#include "mof/mof_testing.h"

namespace qm::mof {
namespace {

// What the format's own description says, without any cleverness.
class Exhaustive {
 public:
  static std::string compress(std::string_view bytes) {
    Exhaustive out;
    for (std::size_t at = 0; at < bytes.size();) {
      if (at != 0 && at % kDsBlockBytes == 0) out.offset(4'415);
      const std::size_t most = std::min(bytes.size() - at, kDsBlockBytes - at % kDsBlockBytes);
      std::size_t best = 1;
      std::size_t back = 0;
      for (std::size_t i = 1; i <= std::min(at, kMostDsOffset); ++i) {
        std::size_t length = 0;
        while (length < most && bytes[at + length] == bytes[at + length - i]) ++length;
        if (length > best) {
          best = length;
          back = i;
        }
      }
      if (back == 0) {
        const auto byte = static_cast<unsigned char>(bytes[at]);
        out.put(byte >= 0x80 ? 1 : 2, 2);
        out.put(byte & 0x7fU, 7);
      } else {
        out.offset(back);
        unsigned bits = 0;
        while ((std::size_t{2} << bits) <= best - 1) ++bits;
        out.put(1U << bits, bits + 1);
        out.put(static_cast<unsigned>(best - 1 - (std::size_t{1} << bits)), bits);
      }
      at += best;
    }
    out.offset(4'415);
    while (out.bits_.size() % 8 != 0) out.put(0, 1);
    std::string stream("DS\0\1", 4);
    for (std::size_t i = 0; i < out.bits_.size(); i += 8) {
      unsigned byte = 0;
      for (unsigned k = 0; k < 8; ++k) byte |= (out.bits_[i + k] ? 1U : 0U) << k;
      stream += static_cast<char>(byte);
    }
    return stream;
  }

 private:
  void put(unsigned value, unsigned count) {
    for (unsigned i = 0; i < count; ++i) bits_.push_back((value >> i & 1U) != 0);
  }
  void offset(std::size_t back) {
    const auto value = static_cast<unsigned>(back);
    put(value < 64 ? 0 : 3, 2);
    if (value < 64) {
      put(value, 6);
    } else if (value < 320) {
      put(0, 1);
      put(value - 64, 8);
    } else {
      put(1, 1);
      put(value - 320, 12);
    }
  }
  std::vector<bool> bits_;
};

// Text with matches of all lengths and distances: pieces of itself and of a small alphabet.
std::string made_text(std::size_t letters, std::size_t size, unsigned seed) {
  std::string text;
  std::uint32_t state = seed * 2'654'435'761U + 1;
  const auto next = [&state](std::size_t below) {
    state = state * 1'664'525U + 1'013'904'223U;
    return static_cast<std::size_t>(state >> 8U) % below;
  };
  while (text.size() < size) {
    if (text.size() > 10 && next(3) != 0) {
      const std::size_t from = next(text.size());
      text += text.substr(from, 1 + next(next(8) == 0 ? 700 : 12));
    } else {
      text += static_cast<char>(next(letters) * 37);
    }
  }
  return text;
}

TEST(DsStream, CompressesAsTheExhaustiveSearch) {
  for (unsigned seed = 0; seed < 24; ++seed) {
    const std::string text = made_text(2 + seed * 5 % 100, 1 + seed * 600, seed);
    const std::string stream = ds_compress(text);
    EXPECT_TRUE(stream == Exhaustive::compress(text)) << seed;
    const auto back = ds_decompress(bytes_of(stream), text.size());
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_TRUE(back->bytes == text) << seed;
    EXPECT_EQ(back->used_bytes, stream.size());
  }
}

RC_GTEST_PROP(DsStream, AnyBytesComeBack, (const std::string& text)) {
  const std::string stream = ds_compress(text);
  RC_ASSERT(stream == Exhaustive::compress(text));
  const auto back = ds_decompress(bytes_of(stream), text.size());
  RC_ASSERT(back.has_value());
  RC_ASSERT(back->bytes == text);
}

RC_GTEST_PROP(DsStream, AnyStreamEndsInBytesOrAnError, (const std::string& any, bool headed)) {
  const std::string stream = (headed ? std::string("DS\0\1", 4) : "") + any;
  for (const std::size_t size : {0U, 1U, 100U, 10'000U})
    (void)ds_decompress(bytes_of(stream), size);
}

TEST(DsStream, RunsOfOneByteTakeTheLongestMatches) {
  const std::string zeros(kDsBlockBytes * 3, '\0');
  const std::string stream = ds_compress(zeros);
  EXPECT_TRUE(stream == Exhaustive::compress(zeros));
  EXPECT_LT(stream.size(), 24U);
}

TEST(DsStream, AMatchReachesAsFarAsTheFormat) {
  for (const std::size_t distance : {kMostDsOffset, kMostDsOffset + 1}) {
    std::string text = "\x7f\x7e\x7d";
    for (std::size_t i = 0; text.size() < distance; ++i) text += i % 2 == 0 ? 'a' : 'b';
    text.resize(distance, 'a');
    text += "\x7f\x7e\x7d";
    EXPECT_TRUE(ds_compress(text) == Exhaustive::compress(text)) << distance;
  }
}

TEST(DsStream, EveryPrefixIsAnError) {
  const std::string text = made_text(30, 3'000, 7);
  const std::string stream = ds_compress(text);
  // The last bytes may hold nothing but the final mark.
  for (std::size_t size = 0; size + 3 < stream.size(); ++size) {
    EXPECT_FALSE(ds_decompress(bytes_of(stream.substr(0, size)), text.size())) << size;
  }
}

TEST(DsStream, SizesBeyondTheLimitsAreRefused) {
  const std::string stream = ds_compress("x");
  const auto beyond = ds_decompress(bytes_of(stream), kMostDsBytes + 1);
  ASSERT_FALSE(beyond);
  EXPECT_EQ(beyond.error().code, ErrorCode::limit);
  const std::size_t most = (stream.size() + 1) * kMostDsGrowth - 1;
  const auto message = [&](std::size_t size) {
    return ds_decompress(bytes_of(stream), size).error().message;
  };
  EXPECT_EQ(message(most), "the stream ends early, within byte 1 of " + std::to_string(most));
  EXPECT_EQ(message(most + 1), std::to_string(stream.size()) + " bytes of stream cannot hold " +
                                   std::to_string(most + 1) + " bytes");
}

TEST(DsStream, MoreThanTheHeaderSaysIsAnError) {
  const std::string stream = ds_compress("hello hello hello");
  EXPECT_FALSE(ds_decompress(bytes_of(stream), 8));
}

}  // namespace
}  // namespace qm::mof
