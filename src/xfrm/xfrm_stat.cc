#include <charconv>

#include "xfrm/codec.h"

namespace qm::xfrm {
namespace {

// A line is "XfrmInNoStates          \t12".
bool read_line(std::string_view line, std::string_view& name, std::uint64_t& value) {
  constexpr std::string_view kBlank = " \t";
  const std::size_t name_end = line.find_first_of(kBlank);
  if (name_end == std::string_view::npos) return false;
  const std::size_t value_at = line.find_first_not_of(kBlank, name_end);
  if (value_at == std::string_view::npos) return false;
  name = line.substr(0, name_end);
  const char* end = line.data() + line.size();
  const auto parsed = std::from_chars(line.data() + value_at, end, value);
  return parsed.ec == std::errc{} && parsed.ptr == end;
}

}  // namespace

NetnsErrors parse_xfrm_stat(std::string_view text) {
  NetnsErrors errors;
  struct Wanted {
    std::string_view name;
    std::uint64_t* value;
    bool found = false;
  } wanted[] = {{"XfrmInNoStates", &errors.in_no_states},
                {"XfrmInStateProtoError", &errors.in_state_proto_error},
                {"XfrmInStateSeqError", &errors.in_state_seq_error}};
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    std::string_view name;
    std::uint64_t value = 0;
    if (!read_line(line, name, value)) continue;
    for (Wanted& want : wanted) {
      if (want.name != name) continue;
      *want.value = value;
      want.found = true;
    }
  }
  errors.complete = true;
  for (const Wanted& want : wanted) errors.complete = errors.complete && want.found;
  return errors;
}

}  // namespace qm::xfrm
