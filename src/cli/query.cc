#include <fmt/format.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <ostream>
#include <sstream>

#include "base/text.h"
#include "cli/cli.h"
#include "cli/format.h"
#include "cli/legend.h"
#include "cli/table.h"

namespace qm::cli {
namespace {

constexpr std::size_t kMostReportBytes = 65'536;

// One instance, class or event of the answer.
struct Found {
  std::string heading;             // its path, or what happened to what
  std::string label;               // for the lines that say why a number is not exact
  boost::json::object properties;  // those of an object in it as "Object.Property"
  std::map<std::string, QualityNote, std::less<>> quality;
};

const boost::json::value* member(const boost::json::value& of, std::string_view name) {
  const auto* object = of.if_object();
  return object == nullptr ? nullptr : object->if_contains(name);
}

std::string text_of(const boost::json::value& of, std::string_view name) {
  const auto* value = member(of, name);
  const auto* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string() : std::string(*text);
}

QualityNote note_from(const boost::json::value& note) {
  QualityNote out{Quality::unavailable, text_of(note, "reason"), text_of(note, "text")};
  const std::string word = text_of(note, "quality");
  for (const Quality quality : {Quality::exact, Quality::at_least, Quality::inferred}) {
    if (word == quality_word(quality)) out.quality = quality;
  }
  return out;
}

// What the class and its key are called in a path: …:Class.InstanceName="X" is X.
std::string label_of(const boost::json::value& row) {
  std::string path = text_of(row, "path");
  const std::size_t begin = path.find('"');
  if (begin == std::string::npos || !path.ends_with('"') || begin + 1 == path.size()) return path;
  std::string out;
  for (std::size_t i = begin + 1; i + 1 < path.size(); ++i) {
    if (path[i] == '\\') ++i;
    out += path[i];
  }
  return out;
}

boost::json::object flat(const boost::json::object& properties) {
  boost::json::object out;
  for (const auto& [name, value] : properties) {
    const auto* inner = value.if_object();
    if (inner == nullptr) {
      out[name] = value;
      continue;
    }
    for (const auto& [item, held] : *inner) {
      out[fmt::format("{}.{}", std::string_view(name), std::string_view(item))] = held;
    }
  }
  return out;
}

Result<std::vector<Found>> found_in(const boost::json::value& answer) {
  const bool events = text_of(answer, "kind") == "events";
  const auto* list = member(answer, events ? "events" : "instances");
  const auto* rows = list == nullptr ? nullptr : list->if_array();
  if (rows == nullptr) {
    return fail(ErrorCode::invalid, "quickmode-serve's answer to the query has no rows");
  }
  std::vector<Found> out;
  for (const boost::json::value& row : *rows) {
    Found one;
    const std::string of = text_of(row, "instance_class");
    one.heading =
        events ? text_of(row, "class") + (of.empty() ? "" : " of " + of) : text_of(row, "path");
    one.label = label_of(row);
    const auto* properties = member(row, "properties");
    const auto* object = properties == nullptr ? nullptr : properties->if_object();
    if (object == nullptr) {
      return fail(ErrorCode::invalid, "a row of quickmode-serve's answer has no properties");
    }
    one.properties = flat(*object);
    const auto* quality = member(row, "quality");
    if (const auto* notes = quality == nullptr ? nullptr : quality->if_object()) {
      for (const auto& [name, note] : *notes) one.quality.emplace(name, note_from(note));
    }
    out.push_back(std::move(one));
  }
  return out;
}

std::vector<std::string> columns_of(const boost::json::value& answer,
                                    const std::vector<Found>& rows) {
  std::vector<std::string> out;
  const auto add = [&](std::string_view name) {
    if (std::ranges::find(out, name) == out.end()) out.emplace_back(name);
  };
  const auto* columns = member(answer, "columns");
  if (const auto* list = columns == nullptr ? nullptr : columns->if_array()) {
    for (const boost::json::value& one : *list) {
      const auto* name = one.if_string();
      const auto has = [name](const Found& row) { return row.properties.contains(*name); };
      if (name != nullptr && (rows.empty() || std::ranges::any_of(rows, has))) add(*name);
    }
  }
  for (const Found& row : rows) {
    for (const auto& [name, value] : row.properties) add(name);
  }
  return out;
}

std::string cell_text(const Found& row, const std::string& column, const Terminal& terminal) {
  const auto* value = row.properties.if_contains(column);
  if (value == nullptr) return {};
  if (value->is_null()) return std::string(terminal.null());
  const auto note = row.quality.find(column);
  const auto mark = mark_of(note == row.quality.end() ? nullptr : &note->second, terminal);
  if (const auto* text = value->if_string()) return terminal.shown(*text);
  if (const auto* flag = value->if_bool()) return *flag ? "yes" : "no";
  if (const auto number = number_text(*value, true)) return std::string(mark) + *number;
  return terminal.shown(json_text(*value));
}

bool is_number(const std::vector<Found>& rows, const std::string& column) {
  return std::ranges::any_of(rows, [&](const Found& row) {
    const auto* value = row.properties.if_contains(column);
    return value != nullptr && value->is_number();
  });
}

// A table where it fits, else one property a line.
void write_text(const std::vector<Found>& rows, const std::vector<std::string>& columns,
                Surroundings& around) {
  const Terminal& terminal = around.terminal;
  std::vector<Column> headings;
  std::size_t width = 0;
  for (const std::string& column : columns) {
    std::size_t widest = display_width(column);
    for (const Found& row : rows) {
      widest = std::max(widest, display_width(cell_text(row, column, terminal)));
    }
    width += widest + (width == 0 ? 0 : 2);
    headings.push_back({column, terminal.shown(column), is_number(rows, column)});
  }
  Legend legend;
  for (const Found& row : rows) {
    for (const auto& [name, note] : row.quality) {
      legend.add(&note, terminal.shown(name), terminal.shown(row.label));
    }
  }
  if (width <= terminal.width) {
    Table table(std::move(headings));
    for (const Found& row : rows) {
      std::vector<Cell> cells;
      cells.reserve(columns.size());
      for (const std::string& column : columns) {
        cells.push_back({nullptr, cell_text(row, column, terminal)});
      }
      table.row(std::move(cells));
    }
    table.write(terminal, around.out);
  } else {
    for (const Found& row : rows) {
      if (&row != &rows.front()) around.out << '\n';
      Record record(terminal.shown(row.heading), Style::bold);
      for (const auto& [name, value] : row.properties) {
        record.field("", terminal.shown(name), nullptr, {cell_text(row, name, terminal)});
      }
      record.write(terminal, around.out);
    }
  }
  if (!legend.empty()) around.out << '\n';
  legend.write(rows.size(), terminal, around.out);
}

class QueryCommand {
 public:
  QueryCommand(const Options& options, Surroundings& around) : options_(options), around_(around) {
    target_ = fmt::format("/api/v1/query?q={}&namespace={}", percent_encoded(options.subject),
                          percent_encoded(options.name_space));
  }

  int run() {
    std::string cursor;
    for (std::uint64_t look = 0;; ++look) {
      auto answer = ask(cursor);
      if (!answer) return reported_ ? kExitUsage : report(answer.error(), around_);
      const bool events = text_of(*answer, "kind") == "events";
      const auto written = write(*answer, events);
      if (!written) return report(written.error(), around_);
      around_.out.flush();
      if (!events || !around_.out) return kExitOk;
      if (look == 0) around_.pacer.begin();
      if (options_.samples != 0 && look == options_.samples) return kExitOk;
      cursor = "&cursor=" + percent_encoded(text_of(*answer, "cursor"));
      const auto* within = member(*answer, "within_ms");
      const auto* interval = within == nullptr ? nullptr : within->if_int64();
      const std::int64_t interval_ms = interval == nullptr ? 1'000 : *interval;
      const bool goes_on = around_.pacer.wait(std::max(
          static_cast<std::uint64_t>(std::max<std::int64_t>(interval_ms, 0)), kLeastIntervalMs));
      if (!goes_on) return kExitInterrupted;
    }
  }

 private:
  Result<boost::json::value> ask(const std::string& cursor) {
    const std::string target = target_ + cursor;
    const Answer answer = TRY(around_.api.get(target));
    if (answer.status == 400 && say_report(answer.body)) {
      return fail(ErrorCode::not_found, "the query is wrong");
    }
    return json_from(answer, target);
  }

  // What is wrong with the query, with its line and a caret.
  bool say_report(const std::string& body) {
    boost::system::error_code error;
    const boost::json::value parsed = boost::json::parse(body, error);
    const auto* said = error ? nullptr : member(parsed, "error");
    if (said == nullptr) return false;
    std::istringstream lines(text_of(*said, "report").substr(0, kMostReportBytes));
    for (std::string line; std::getline(lines, line);) {
      reported_ = true;
      around_.err << around_.terminal.shown(line) << '\n';
    }
    return reported_;
  }

  Result<void> write(const boost::json::value& answer, bool events) {
    const std::vector<Found> rows = TRY(found_in(answer));
    if (options_.format == Format::json) {
      around_.out << json_text(answer) << '\n';
      return {};
    }
    const std::vector<std::string> columns = columns_of(answer, rows);
    if (options_.format == Format::csv) {
      write_csv(rows, columns);
    } else if (!rows.empty()) {
      if (written_ && events) around_.out << '\n';
      write_text(rows, columns, around_);
      written_ = true;
    } else if (!events) {
      around_.out << "Nothing fits this query.\n";
    }
    return {};
  }

  // The columns are those of the first rows that come.
  void write_csv(const std::vector<Found>& rows, const std::vector<std::string>& columns) {
    if (columns_.empty()) {
      columns_ = columns;
      std::string line;
      for (const std::string& column : columns_) {
        line += (line.empty() ? "" : ",") + csv_field(plain_text(column));
      }
      if (!columns_.empty()) around_.out << line << '\n';
    }
    for (const Found& row : rows) {
      bool first = true;
      for (const std::string& column : columns_) {
        const auto* value = row.properties.if_contains(column);
        around_.out << (first ? "" : ",") << (value == nullptr ? "" : csv_value(*value));
        first = false;
      }
      around_.out << '\n';
    }
  }

  const Options& options_;
  Surroundings& around_;
  std::string target_;
  std::vector<std::string> columns_;
  bool reported_ = false;
  bool written_ = false;
};

}  // namespace

int query(const Options& options, Surroundings& around) {
  return QueryCommand(options, around).run();
}

}  // namespace qm::cli
