// Files that the build put into the binary (cmake/Embed.cmake makes the table).
#pragma once

#include <span>
#include <string_view>

namespace qm {

struct EmbeddedFile {
  std::string_view name;   // the file's own name, without its folder
  std::string_view bytes;  // valid for the life of the process
};

}  // namespace qm
