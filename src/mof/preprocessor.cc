#include "mof/preprocessor.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "mof/encoding.h"
#include "mof/limits.h"

namespace qm::mof {
namespace {

std::string folder_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string() : std::string(path.substr(0, slash + 1));
}

}  // namespace

Preprocessor::Preprocessor(const FileReader& read, const Options& options, Diagnostics& diagnostics)
    : read_(read), options_(options), diagnostics_(diagnostics) {
  for (const auto& [name, value] : options.defines) {
    // As if a file had said so; what is wrong with it is then shown like anything else.
    auto source = diagnostics_.sources().add(std::string(SourceMap::kCommandLine),
                                             fmt::format("{} {}\n", name, value));
    if (!source) {
      give_up("limit", {}, source.error().message, "");
      return;
    }
    push_file(**source);
    define();
    files_.pop_back();
    find_ahead();
  }
}

void Preprocessor::push_file(const SourceMap::Source& source) {
  files_.push_back({&source, Lexer(source, diagnostics_), {}});
  find_ahead();
}

Result<const SourceMap::Source*> Preprocessor::load(const std::string& path, Span from) {
  KeptText bytes = TRY(read_(path));
  if (bytes.size() > kMostSourceBytes) {
    return fail(ErrorCode::limit, fmt::format("more than {} MiB", kMostSourceBytes >> 20U));
  }
  DecodedSource decoded = TRY(decode_source(std::move(bytes)));
  const SourceMap::Source* source =
      TRY(diagnostics_.sources().add(path, std::move(decoded.text), from));
  if (!decoded.doubtful.empty()) {
    diagnostics_.warning("encoding", {source->begin, source->begin}, decoded.doubtful,
                         "save the file as UTF-8, or as UTF-16 with a byte order mark");
  }
  return source;
}

void Preprocessor::open(const std::string& path) {
  const auto source = load(path, {});
  if (!source) {
    diagnostics_.error("unreadable", {},
                       fmt::format("cannot read {}: {}", path, source.error().message));
    return;
  }
  end_span_ = {};
  end_unclosed_ = false;
  push_file(**source);
}

void Preprocessor::include(std::string_view name, Span at, bool own_folder_first) {
  if (files_.empty()) return;
  std::string wanted(name);
  std::ranges::replace(wanted, '\\', '/');
  if (files_.size() >= kMostIncludeDepth) {
    const auto same = [&](const File& file) {
      return file.source->name == files_.back().source->name;
    };
    const bool cycle = std::ranges::count_if(files_, same) > 1;
    give_up(
        "include-depth", at, fmt::format("files include files {} deep", kMostIncludeDepth),
        cycle ? "this file includes itself; put #ifndef … #define … #endif around its text" : "");
    return;
  }
  if (wanted.starts_with('/')) {
    if (include_file(wanted, at)) return;
  } else {
    const std::string own_folder = folder_of(files_.back().source->name);
    if (own_folder_first && include_file(own_folder + wanted, at)) return;
    for (const std::string& folder : options_.include_dirs) {
      if (include_file(fmt::format("{}/{}", folder, wanted), at)) return;
    }
  }
  diagnostics_.error("no-such-file", at, fmt::format("there is no file '{}'", wanted),
                     "name its folder with -I");
}

// False when there is no such file; all else ends the search.
bool Preprocessor::include_file(const std::string& path, Span at) {
  const auto source = load(path, at);
  if (source) {
    push_file(**source);
    return true;
  }
  if (source.error().code == ErrorCode::not_found) return false;
  diagnostics_.error("unreadable", at,
                     fmt::format("cannot read {}: {}", path, source.error().message));
  return true;
}

// At the end of a file: what it left open is its own fault, not the includer's.
void Preprocessor::close_file() {
  const File& file = files_.back();
  const auto end = file.source->begin + static_cast<std::uint32_t>(file.source->text.size());
  end_span_ = {end, end};
  for (const Condition& open : file.conditions) {
    diagnostics_.error("open-condition", open.where, "this condition is never closed",
                       "end it with #endif");
  }
  files_.pop_back();
  find_ahead();
}

void Preprocessor::give_up(std::string_view code, Span at, std::string message, std::string hint) {
  if (!stopped_) diagnostics_.error(code, at, std::move(message), std::move(hint));
  stopped_ = true;
  find_ahead();
}

// A directive or the end of a file. True when it is a #pragma, which the caller's caller shall see.
bool Preprocessor::obey(Token& token) {
  if (token.kind == TokenKind::end) {
    end_unclosed_ = token.unclosed;
    close_file();
    return false;
  }
  directive(token);
  if (!in_pragma_) return false;
  token.kind = TokenKind::pragma;
  token.symbol = '\0';
  token.span = pragma_span_;
  return true;
}

void Preprocessor::next_expanded(Token& token) {
  while (!stopped_ && !diagnostics_.full() && !files_.empty()) {
    token = raw_next();
    if (in_pragma_) {
      in_pragma_ = token.kind != TokenKind::end_of_line;
      find_ahead();
      return;
    }
    if (token.kind == TokenKind::end || (token.at_line_start && token.is('#'))) {
      if (obey(token)) return;
      continue;
    }
    if (token.kind == TokenKind::identifier && !macros_.empty() && expand(token)) continue;
    token.after_trouble = std::exchange(call_failed_, false);
    return;
  }
  token = {};
  token.after_trouble = call_failed_;
  token.unclosed = end_unclosed_;
  token.span = end_span_;
}

}  // namespace qm::mof
