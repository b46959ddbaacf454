#include <ostream>

#include "cli/cli.h"
#include "cli/format.h"
#include "cli/session_view.h"
#include "cli/show.h"

namespace qm::cli {

int sessions(const Options& options, Surroundings& around) {
  const auto fetched = fetch_sessions(around.api);
  if (!fetched) return report(fetched.error(), around);
  if (options.format == Format::json) {
    boost::json::array list;
    for (const SessionView& view : fetched->views) {
      list.push_back(session_record(*fetched, view, around.terminal, true).json());
    }
    around.out << json_text(boost::json::object{{"refreshed", fetched->refreshed},
                                                {"providers", fetched->providers},
                                                {"sessions", std::move(list)}})
               << '\n';
    return kExitOk;
  }
  if (fetched->views.empty()) {
    write_empty(fetched->snapshot[0], around, around.out);
    return kExitOk;
  }
  bool first = true;
  for (const SessionView& view : fetched->views) {
    if (!first) around.out << '\n';
    first = false;
    session_record(*fetched, view, around.terminal, true).write(around.terminal, around.out);
  }
  return kExitOk;
}

}  // namespace qm::cli
