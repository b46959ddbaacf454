#include "mof/load.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "base/text.h"
#include "mof/bmf.h"
#include "mof/file.h"
#include "mof/limits.h"
#include "mof/mof_text.h"
#include "mof/pe_resource.h"
#include "mof/read_ahead.h"

namespace qm::mof {
namespace {

constexpr std::size_t kFrontBytes = 64;  // enough to tell what a file is

Bytes bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

bool is_binary(Bytes front) {
  return looks_like_bmf(front) || looks_like_pe(front);
}

Result<BmfContent> read_binary(std::string file, const std::string& resource) {
  const std::string bmf = TRY(bmf_within(std::move(file), resource));
  return read_bmf(bytes_of(bmf));
}

}  // namespace

Result<std::string> bmf_within(std::string bytes, const std::string& resource) {
  if (looks_like_bmf(bytes_of(bytes)) || !looks_like_pe(bytes_of(bytes))) return bytes;
  const std::vector<MofResource> all = TRY(mof_resources(bytes_of(bytes)));
  if (all.empty()) {
    return fail(ErrorCode::not_found, "this program has no resource of type MOFDATA");
  }
  std::string names;
  for (const MofResource& one : all) {
    if (!resource.empty() && !same_name(one.name, resource)) {
      names += (names.empty() ? "" : ", ") + plain_text(one.name, 80);
      continue;
    }
    if (resource.empty() && all.size() > 1 && one.name != all.front().name) {
      return fail(
          ErrorCode::not_found,
          fmt::format("this program has {} resources of type MOFDATA; choose one with "
                      "--resource, such as '{}' or '{}'",
                      all.size(), plain_text(all.front().name, 80), plain_text(one.name, 80)));
    }
  }
  const auto chosen = std::ranges::find_if(all, [&](const MofResource& one) {
    return resource.empty() || same_name(one.name, resource);
  });
  if (chosen == all.end()) {
    return fail(ErrorCode::not_found,
                fmt::format("there is no MOFDATA resource '{}', only {}", resource, names));
  }
  return std::string(reinterpret_cast<const char*>(chosen->data.data()), chosen->data.size());
}

FileReader reader_of_any_form(const std::string& resource) {
  return reading_ahead([resource](const std::string& path) -> Result<KeptText> {
    Result<std::string> text = read_file(path, kMostSourceBytes);
    const bool is_long = !text && text.error().code == ErrorCode::limit;
    if (!is_long && (!text || !is_binary(bytes_of(*text)))) return text;
    const Result<std::string> front = read_front(path, kFrontBytes);
    if (!front || !is_binary(bytes_of(*front))) return text;
    std::string bytes = TRY(read_file(path, kMostPeBytes));
    return emit_mof(TRY(read_binary(std::move(bytes), resource)).model);
  });
}

Model load_model(const std::vector<std::string>& paths, const Options& options,
                 const std::string& resource, Diagnostics& diagnostics) {
  if (paths.size() == 1) {
    const std::string& path = paths.front();
    const Result<std::string> front = read_front(path, kFrontBytes);
    if (front && is_binary(bytes_of(*front))) {
      Result<std::string> file = read_file(path, kMostPeBytes);
      Result<BmfContent> content =
          file ? read_binary(std::move(*file), resource) : std::unexpected(std::move(file).error());
      if (content) return std::move(content->model);
      diagnostics.error("bad-bmf", {}, fmt::format("{}: {}", path, content.error().message));
      return {};
    }
  }
  return compile(paths, disk_reader(), options, diagnostics);
}

}  // namespace qm::mof
