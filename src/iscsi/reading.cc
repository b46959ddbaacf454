#include "iscsi/reading.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "iscsi/records.h"

namespace qm::iscsi {
namespace {

constexpr std::size_t kMostProblemBytes = 300;

}  // namespace

void Problems::add(std::string_view problem) {
  std::string text = plain_text(problem, kMostProblemBytes);
  if (std::ranges::find(texts_, text) != texts_.end()) return;
  if (texts_.size() < kMostProblems) {
    texts_.push_back(std::move(text));
  } else {
    ++left_out_;
  }
}

std::vector<std::string> Problems::take() && {
  if (left_out_ > 0) texts_.back() = fmt::format("and {} more problems", left_out_ + 1);
  return std::move(texts_);
}

std::string Reading::text(const std::string& path) const {
  auto read = tree.read(path);
  if (read) return std::string(unless_null(*read));
  const ErrorCode code = read.error().code;
  if (code != ErrorCode::not_found && code != ErrorCode::state) note(read.error());
  return {};
}

std::vector<std::string> Reading::names(const std::string& path) const {
  auto listed = tree.list(path);
  if (listed) return *std::move(listed);
  if (listed.error().code != ErrorCode::not_found) note(listed.error());
  return {};
}

std::optional<std::uint32_t> number_after(std::string_view prefix, std::string_view text) {
  if (!text.starts_with(prefix)) return std::nullopt;
  text.remove_prefix(prefix.size());
  if (text.size() > 1 && text.starts_with('0')) return std::nullopt;
  std::uint32_t number = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
  if (result.ec != std::errc{} || result.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

std::string_view base_name(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

std::string_view parent_path(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view{} : path.substr(0, slash);
}

}  // namespace qm::iscsi
