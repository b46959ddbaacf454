#include <ostream>

#include "cli/cli.h"
#include "cli/format.h"
#include "cli/table.h"

namespace qm::cli {

int classes(const Options& options, Surroundings& around) {
  const auto answer = get_json(around.api, "/api/v1/classes?cooked=1");
  if (!answer) return report(answer.error(), around);
  const auto lines = class_lines_from(*answer);
  if (!lines) return report(lines.error(), around);
  if (options.format == Format::json) {
    around.out << json_text(*answer) << '\n';
    return kExitOk;
  }
  Table table({{"name", "CLASS"},
               {"instances", "INSTANCES", true},
               {"description", "DESCRIPTION", false, 0, true}});
  for (const ClassLine& line : *lines) {
    table.row({{text_value(line.name), around.terminal.shown(line.name)},
               {line.instances, line.abstract ? "abstract" : grouped(line.instances)},
               {text_value(line.description), around.terminal.shown(line.description)}});
  }
  table.write(around.terminal, around.out);
  return kExitOk;
}

}  // namespace qm::cli
