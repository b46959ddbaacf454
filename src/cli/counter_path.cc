#include "cli/counter_path.h"

#include <fmt/format.h>

#include "base/text.h"

namespace qm::cli {
namespace {

std::unexpected<Error> wrong(std::string_view text, std::string_view what) {
  return fail(ErrorCode::invalid,
              fmt::format("{}: {}; a counter path looks like "
                          "'MSiSCSI_QMIPSECStats(*)\\ActiveSA', in quotes for the shell's sake",
                          plain_text(text, 256), what));
}

}  // namespace

Result<CounterPath> parse_counter_path(std::string_view text) {
  if (text.size() > kMostPathBytes) {
    return fail(ErrorCode::limit,
                fmt::format("a counter path may have {} bytes at most", kMostPathBytes));
  }
  CounterPath path;
  std::string_view rest = text;
  if (rest.starts_with("\\\\")) {
    rest.remove_prefix(2);
    const std::size_t end = rest.find('\\');
    if (end == std::string_view::npos) return wrong(text, "no class behind the host");
    if (end == 0) return wrong(text, "no host between the backslashes");
    path.host = rest.substr(0, end);
    rest.remove_prefix(end);
  }
  if (rest.starts_with('\\')) rest.remove_prefix(1);

  const std::size_t name_end = rest.find_first_of("(\\");
  path.class_name = rest.substr(0, name_end);
  if (path.class_name.empty()) return wrong(text, "no class");
  if (path.class_name.find_first_of("*?") != std::string::npos) {
    return wrong(text, "a class can't be a pattern");
  }
  if (name_end == std::string_view::npos) return path;
  rest.remove_prefix(name_end);

  if (rest.front() == '(') {
    const std::size_t before_counter = rest.rfind(")\\");
    const std::size_t close = rest.ends_with(')') ? rest.size() - 1 : before_counter;
    if (close == std::string_view::npos) return wrong(text, "no \")\" behind the instance");
    path.instance = rest.substr(1, close - 1);
    if (path.instance.empty()) return wrong(text, "no instance between the parentheses");
    rest.remove_prefix(close + 1);
    if (rest.empty()) return path;
  }
  rest.remove_prefix(1);  // the backslash
  path.counter = rest;
  if (path.counter.empty()) return wrong(text, "no counter behind the last backslash");
  if (path.counter.find_first_of("\\()") != std::string::npos) {
    return wrong(text, "an instance stands in parentheses, before the counter");
  }
  return path;
}

std::string path_text(const CounterPath& path) {
  const std::string host = path.host.empty() ? "" : "\\\\" + path.host;
  return fmt::format("{}\\{}({})\\{}", host, path.class_name, path.instance, path.counter);
}

}  // namespace qm::cli
