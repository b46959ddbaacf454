#include "metrics/page.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "base/output.h"
#include "metrics/number_text.h"

namespace qm::metrics {

char* write_decimal(char* out, std::uint64_t value, unsigned decimals) {
  std::uint64_t scale = 1;
  for (unsigned i = 0; i < decimals; ++i) scale *= 10;
  out = write_integer(out, value / scale);
  std::uint64_t rest = value % scale;
  if (rest == 0) return out;
  *out++ = '.';
  while (rest != 0) {
    scale /= 10;
    *out++ = static_cast<char>('0' + rest / scale);
    rest %= scale;
  }
  return out;
}

char* write_real(char* out, double value) {
  if (std::isnan(value)) return fmt::format_to(out, "NaN");
  if (std::isinf(value)) return fmt::format_to(out, "{}", value > 0 ? "+Inf" : "-Inf");
  return fmt::format_to(out, "{}", value);
}

Page own_part(const std::vector<OwnFamily>& own, Format format) {
  constexpr std::size_t kUsualBytes = 8'192;
  Output out(kUsualBytes);
  std::uint64_t samples = 0;
  for (const OwnFamily& one : own) {
    const Family family = family_of(one.name, one.kind, one.unit, one.help);
    out.append(family.intro[static_cast<std::size_t>(format)]);
    const std::string_view suffix = one.kind == Kind::counter ? "_total"
                                    : one.kind == Kind::info  ? "_info"
                                                              : "";
    for (const OwnSample& sample : one.samples) {
      out.append(one.name);
      out.append(suffix);
      if (!sample.labels.empty()) out.append(fmt::format("{{{}}}", sample.labels));
      out.append(" ");
      out.commit(write_decimal(out.room(kMostNumberBytes), sample.value, sample.decimals));
      out.append("\n");
      ++samples;
    }
  }
  if (format == Format::open_metrics) out.append("# EOF\n");
  return {std::move(out).take(), samples};
}

std::string_view content_type(Format format) {
  return format == Format::open_metrics
             ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
             : "text/plain; version=0.0.4; charset=utf-8";
}

}  // namespace qm::metrics
