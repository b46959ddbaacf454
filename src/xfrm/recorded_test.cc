// What a real kernel said (tests/data/xfrm, recorded in the lab, keys zeroed), as the codec tells
// it. UPDATE_GOLDEN=1 rewrites the golden files.
#include <gmock/gmock.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>

#include "support/xfrm_telling_sink.h"

namespace qm::xfrm {
namespace {

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// A recording is a sequence of datagrams, each behind its length (32 bits, little endian).
std::string told_of(const std::string& recording) {
  const Bytes bytes = std::as_bytes(std::span(recording));
  std::string text;
  std::size_t offset = 0;
  while (offset < bytes.size()) {
    std::uint32_t length = 0;
    Bytes datagram;
    if (!read_at(bytes, offset, length) || !slice(bytes, offset + 4, length, datagram)) {
      ADD_FAILURE() << "the recording is cut at byte " << offset;
      break;
    }
    for (const std::string& line : test::told(datagram)) text += line + "\n";
    offset += 4 + std::size_t{length};
  }
  return text;
}

class Recorded : public testing::TestWithParam<const char*> {};

TEST_P(Recorded, is_told_as_before) {
  const std::string source = QM_SOURCE_DIR;
  const std::string golden = source + "/tests/golden/xfrm/" + GetParam() + ".txt";
  const std::string text = told_of(read_file(source + "/tests/data/xfrm/" + GetParam() + ".bin"));
  ASSERT_NE(text, "");
  EXPECT_THAT(text, testing::Not(testing::HasSubstr("malformed")));
  if (std::getenv("UPDATE_GOLDEN") != nullptr) std::ofstream(golden, std::ios::binary) << text;
  EXPECT_EQ(text, read_file(golden)) << "if this is right: UPDATE_GOLDEN=1";
}

INSTANTIATE_TEST_SUITE_P(Lab, Recorded, testing::Values("sa_dump", "policy_dump", "events"),
                         [](const auto& instance) { return std::string(instance.param); });

}  // namespace
}  // namespace qm::xfrm
