#include "mof/hex_text.h"

#include <fmt/format.h>

namespace qm::mof {

std::string hex_text(std::string_view bytes) {
  constexpr std::size_t kRow = 16;
  std::string out = fmt::format("Name(WQMO, Buffer({})\n{{\n", bytes.size());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    out += i % kRow == 0 ? "    " : " ";
    out += fmt::format("0x{:02x}", static_cast<unsigned char>(bytes[i]));
    if (i + 1 != bytes.size()) out += ',';
    if (i % kRow == kRow - 1 || i + 1 == bytes.size()) out += '\n';
  }
  return out + "})\n";
}

}  // namespace qm::mof
