#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "mof/mof.h"
#include "wmi/repository.h"

namespace qm {
std::span<const EmbeddedFile> embedded_mof();  // made by the build, cmake/Embed.cmake
}

namespace qm::wmi {
namespace {

std::string_view base_name(std::string_view path) {
  const std::size_t slash = path.find_last_of("/\\");
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

}  // namespace

Result<std::shared_ptr<const Repository>> Repository::compile(std::span<const EmbeddedFile> files) {
  const mof::FileReader read = [files](const std::string& path) -> Result<std::string> {
    for (const EmbeddedFile& file : files) {
      if (file.name == base_name(path)) return std::string(file.bytes);
    }
    return fail(ErrorCode::not_found, fmt::format("{}: not among the texts of this build", path));
  };
  std::vector<std::string> paths;
  paths.reserve(files.size());
  for (const EmbeddedFile& file : files) paths.emplace_back(file.name);

  mof::Options options;
  options.name_space = "root\\wmi";
  Diagnostics diagnostics;
  mof::Model model = mof::compile(paths, read, options, diagnostics);
  if (diagnostics.has_errors()) {
    return fail(ErrorCode::invalid, "the built-in classes: " + diagnostics.text());
  }
  return of(std::move(model));
}

Result<std::shared_ptr<const Repository>> Repository::built_in() {
  return compile(embedded_mof());
}

}  // namespace qm::wmi
