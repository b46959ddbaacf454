// Rows and records that are filled once and written for people or as JSON. Pure.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cstddef>
#include <iosfwd>
#include <string>
#include <vector>

#include "cli/terminal.h"

namespace qm::cli {

struct Column {
  std::string key;      // in JSON
  std::string heading;  // for people; empty: JSON only
  bool to_right = false;
  unsigned rank = 0;   // 0 always stays; where the terminal is too narrow the highest goes first
  bool wraps = false;  // the last column only: long text goes on below itself
};

struct Cell {
  boost::json::value value;
  std::string text;  // fit to be shown (Terminal::shown)
  Style style = Style::plain;
};

// A table. Columns that are empty in every row are left out of the text.
class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
  void row(std::vector<Cell> cells);  // one a column
  bool empty() const { return rows_.empty(); }

  // Ends with a line that names the columns that had no room.
  void write(const Terminal& terminal, std::ostream& out) const;
  boost::json::array json() const;

 private:
  std::vector<std::size_t> widths() const;  // 0: left out
  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

// A heading and labelled fields below it, each of one or more lines.
class Record {
 public:
  Record(std::string heading, Style style) : heading_(std::move(heading)), style_(style) {}
  // No lines: JSON only. No key: for people only.
  void field(std::string key, std::string label, boost::json::value value,
             std::vector<std::string> lines);

  void write(const Terminal& terminal, std::ostream& out) const;
  boost::json::object json() const;

 private:
  struct Field {
    std::string key;
    std::string label;
    boost::json::value value;
    std::vector<std::string> lines;
  };
  std::string heading_;
  Style style_;
  std::vector<Field> fields_;
};

// Lines of text that hang below their label: "label  text text\n       text".
void write_hanging(std::string_view label, std::string_view text, const Terminal& terminal,
                   std::ostream& out);

}  // namespace qm::cli
