#include "base/source_map.h"

#include <fmt/format.h>

#include <algorithm>

namespace qm {

Result<const SourceMap::Source*> SourceMap::add(std::string name, KeptText text,
                                                Span included_from) {
  if (sources_.size() >= kMostSources) {
    return fail(ErrorCode::limit, fmt::format("more than {} source files", kMostSources));
  }
  // One position more than bytes: the end of a text is a place too.
  if (text.size() >= kMostBytes - (next_ - 1)) {
    return fail(ErrorCode::limit,
                fmt::format("more than {} MiB of source text", kMostBytes >> 20U));
  }
  const auto bytes = static_cast<std::uint32_t>(text.size());
  if (!texts_) texts_ = std::make_shared<Texts>();
  const std::string_view kept = texts_->sources.emplace_back(std::move(text)).view();
  sources_.push_back({std::move(name), kept, next_, included_from});
  next_ += bytes + 1;
  return &sources_.back();
}

Arena& SourceMap::arena() {
  if (!texts_) texts_ = std::make_shared<Texts>();
  return texts_->arena;
}

void SourceMap::add_expansion(Span use, std::string_view macro, Span definition) {
  if (expansions_.size() >= kMostRecordedExpansions) return;
  expansions_.push_back({use, std::string(macro), definition});
}

std::vector<std::string_view> SourceMap::paths() const {
  std::vector<std::string_view> names;
  for (const Source& one : sources_) {
    if (one.name != kCommandLine) names.push_back(one.name);
  }
  return names;
}

const SourceMap::Source* SourceMap::find(std::uint32_t position) const {
  if (position == 0 || position >= next_) return nullptr;
  const auto after =
      std::upper_bound(sources_.begin(), sources_.end(), position,
                       [](std::uint32_t at, const Source& source) { return at < source.begin; });
  return &*std::prev(after);
}

Place SourceMap::place(std::uint32_t position) const {
  const Source* source = find(position);
  if (source == nullptr) return {};
  const std::string_view text = source->text;
  const std::size_t at = position - source->begin;
  Place place;
  place.source = source->name;
  place.line = 1 + static_cast<std::uint32_t>(std::count(text.begin(), text.begin() + at, '\n'));
  const std::size_t newline = at == 0 ? std::string_view::npos : text.rfind('\n', at - 1);
  const std::size_t begin = newline == std::string_view::npos ? 0 : newline + 1;
  place.line_text = text.substr(begin, std::min(text.find('\n', at), text.size()) - begin);
  if (place.line_text.ends_with('\r')) place.line_text.remove_suffix(1);
  place.offset = std::min(at - begin, place.line_text.size());
  const std::string_view before = place.line_text.substr(0, place.offset);
  place.column =
      1 + static_cast<std::uint32_t>(std::count_if(before.begin(), before.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U;
      }));
  return place;
}

std::string_view SourceMap::text(Span span) const {
  const Source* source = find(span.begin);
  if (source == nullptr || span.end < span.begin) return {};
  const std::size_t at = span.begin - source->begin;
  return std::string_view(source->text).substr(at, span.end - span.begin);
}

const SourceMap::Expansion* SourceMap::expansion_at(std::uint32_t position) const {
  for (const Expansion& expansion : expansions_) {
    if (position >= expansion.use.begin && position < expansion.use.end) return &expansion;
  }
  return nullptr;
}

}  // namespace qm
