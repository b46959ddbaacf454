// What `quickmode show` shows, and its surfaces. Pure: a view holds what was answered.
#pragma once

#include <boost/json/object.hpp>
#include <iosfwd>
#include <string>
#include <vector>

#include "cli/model.h"
#include "cli/terminal.h"

namespace qm::cli {

struct View {
  const ClassInfo* info = nullptr;
  std::vector<const Property*> properties;  // the ones asked for, by WmiDataId
  bool all_properties = true;
  bool rates = false;
  Instances sample;                 // the instances asked for
  const Instance* total = nullptr;  // of the twin class (twin.h), where there is one
  std::string total_class;
};

// One instance, or a class that is not all counters: a block an instance.
void write_vertical(const View& view, const Terminal& terminal, std::ostream& out);
// Counters as rows, instances as columns, in as many blocks as the width asks for.
void write_matrix(const View& view, const Terminal& terminal, std::ostream& out);
bool fits_matrix(const View& view);

// The first line: class, host, time, and what is old about it.
void write_heading(const View& view, const Terminal& terminal, std::ostream& out);

void write_mof(const View& view, std::ostream& out);

// The API's answer with the instances and properties that were asked for.
boost::json::object show_json(const View& view);

// As typeperf: the columns are those of the first sample; what comes later is left out, what goes
// leaves empty fields.
class CsvWriter {
 public:
  void write(const View& view, const Terminal& terminal, std::ostream& out);

 private:
  struct Path {
    std::string instance;
    std::string property;
  };
  bool started_ = false;
  std::vector<Path> paths_;
};

}  // namespace qm::cli
