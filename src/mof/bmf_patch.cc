#include "mof/bmf_patch.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace qm::mof {
namespace {

// Unequal bytes closer than this become one patch.
constexpr std::size_t kNear = 8;

std::string hex_text(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) out += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return out;
}

Result<std::string> bytes_of_hex(std::string_view hex) {
  if (hex.size() % 2 != 0) return fail(ErrorCode::invalid, "an odd number of hex digits");
  std::string out;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    unsigned byte = 0;
    const auto read = std::from_chars(hex.data() + i, hex.data() + i + 2, byte, 16);
    if (read.ptr != hex.data() + i + 2) return fail(ErrorCode::invalid, "no hex digits");
    out += static_cast<char>(byte);
  }
  return out;
}

void append_patch(std::string& out, std::size_t offset, std::size_t removed,
                  std::string_view bytes) {
  do {
    const std::string_view piece = bytes.substr(0, kMostPatchBytes);
    out += fmt::format("#pragma bmf_patch({}, {}, \"{}\")\n", offset, removed, hex_text(piece));
    bytes.remove_prefix(piece.size());
    offset += removed;  // the rest goes behind what was removed
    removed = 0;
  } while (!bytes.empty());
}

std::size_t number(std::string_view text) {
  std::size_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  return read.ptr == text.data() + text.size() && read.ec == std::errc() ? value
                                                                         : std::string::npos;
}

}  // namespace

std::string patch_pragmas(std::string_view have, std::string_view wanted) {
  std::string out;
  if (have.size() != wanted.size()) {
    const std::size_t most = std::min(have.size(), wanted.size());
    std::size_t front = 0;
    while (front < most && have[front] == wanted[front]) ++front;
    std::size_t back = 0;
    while (back < most - front &&
           have[have.size() - 1 - back] == wanted[wanted.size() - 1 - back]) {
      ++back;
    }
    append_patch(out, front, have.size() - front - back,
                 wanted.substr(front, wanted.size() - front - back));
    return out;
  }
  for (std::size_t at = 0; at < have.size(); ++at) {
    if (have[at] == wanted[at]) continue;
    std::size_t end = at + 1;
    for (std::size_t i = end; i < have.size() && i < end + kNear; ++i) {
      if (have[i] != wanted[i]) end = i + 1;
    }
    append_patch(out, at, end - at, wanted.substr(at, end - at));
    at = end;
  }
  return out;
}

std::string hex_pragmas(std::string_view name, std::string_view bytes) {
  std::string out;
  for (; !bytes.empty(); bytes.remove_prefix(std::min(bytes.size(), kMostPatchBytes))) {
    out += fmt::format("#pragma {}(\"{}\")\n", name, hex_text(bytes.substr(0, kMostPatchBytes)));
  }
  return out;
}

Result<std::string> apply_patches(std::string image, const std::vector<Pragma>& pragmas) {
  std::string out;
  std::size_t done = 0;  // of the image
  for (const Pragma& one : pragmas) {
    if (one.name != "bmf_patch") continue;
    const std::vector<std::string>& words = one.arguments;
    const std::size_t offset = words.size() == 3 ? number(words[0]) : std::string::npos;
    const std::size_t removed = words.size() == 3 ? number(words[1]) : std::string::npos;
    if (offset < done || offset > image.size() || removed > image.size() - offset) {
      return fail(ErrorCode::invalid,
                  fmt::format("#pragma bmf_patch({}, …) does not fit the {} bytes of these classes",
                              words.empty() ? "" : words[0], image.size()));
    }
    const std::string bytes = TRY(bytes_of_hex(words[2]));
    out.append(image, done, offset - done);
    out += bytes;
    done = offset + removed;
  }
  if (done == 0 && out.empty()) return image;
  out.append(image, done);
  return out;
}

Result<std::string> hex_of_pragmas(const std::vector<Pragma>& pragmas, std::string_view name) {
  std::string out;
  for (const Pragma& one : pragmas) {
    if (one.name != name) continue;
    for (const std::string& hex : one.arguments) out += TRY(bytes_of_hex(hex));
  }
  return out;
}

}  // namespace qm::mof
