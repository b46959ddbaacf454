#include "mof/read_ahead.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "mof/file.h"

namespace qm::mof {
namespace {

constexpr std::string_view kPragma = "#pragma include";

// Takes the word off the text's front, and white space before it.
bool take(std::string_view& text, char word) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  if (!text.starts_with(word)) return false;
  text.remove_prefix(1);
  return true;
}

// Some of them, from everywhere, for all.
bool are_cached(const std::vector<std::string>& paths) {
  for (std::size_t i = 0; i < kWorthAThread; ++i) {
    if (must_be_fetched(paths[i * paths.size() / kWorthAThread])) return false;
  }
  return true;
}

}  // namespace

std::vector<std::string> included_paths(std::string_view path, std::string_view text) {
  const std::string folder(path.substr(0, path.rfind('/') + 1));  // "" when there is no '/'
  std::vector<std::string> paths;
  while (paths.size() < kMostReadAhead) {
    const std::size_t at = text.find(kPragma);
    if (at == std::string_view::npos) break;
    text.remove_prefix(at + kPragma.size());
    if (!take(text, '(') || !take(text, '"')) continue;
    const std::size_t end = text.find_first_of("\"\n");
    if (end == std::string_view::npos || text[end] != '"') continue;
    std::string name(text.substr(0, end));
    if (name.empty() || name.find('\0') != std::string::npos) continue;
    std::ranges::replace(name, '\\', '/');
    paths.push_back(name.front() == '/' ? name : folder + name);
  }
  return paths;
}

FileReader reading_ahead(FileReader reader) {
  auto ahead = std::make_shared<std::optional<std::jthread>>();
  return [reader = std::move(reader), ahead](const std::string& path) -> Result<KeptText> {
    Result<KeptText> text = reader(path);
    if (!text || ahead->has_value()) return text;
    std::vector<std::string> paths = included_paths(path, text->view());
    if (paths.size() < kWorthAThread || are_cached(paths)) return text;
    try {
      ahead->emplace([paths = std::move(paths)](const std::stop_token& stop) {
        for (const std::string& one : paths) {
          if (stop.stop_requested()) return;
          read_ahead(one);
        }
      });
    } catch (const std::system_error&) {
      ahead->reset();  // no thread to be had: each is read when its turn comes
    }
    return text;
  };
}

}  // namespace qm::mof
