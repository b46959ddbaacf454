// A strict reader of pages of metrics, for tests: of what the formats allow, only what this project
// writes, and everything that a scraper would refuse is an error.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace qm::metrics {

struct ReadSample {
  std::string name;
  std::map<std::string, std::string> labels;  // unescaped
  std::string value;
};

struct ReadPage {
  std::vector<ReadSample> samples;
  std::map<std::string, std::string> types;  // by family's name as it stands in TYPE
  std::vector<std::string> errors;

  // The value with exactly these labels among all; "" when there is none, "?" for several.
  std::string value(const std::string& name,
                    const std::map<std::string, std::string>& labels = {}) const {
    std::string found;
    for (const ReadSample& sample : samples) {
      const bool fits = sample.name == name && std::ranges::all_of(labels, [&](const auto& label) {
                          const auto at = sample.labels.find(label.first);
                          return at != sample.labels.end() && at->second == label.second;
                        });
      if (fits) found = found.empty() ? sample.value : "?";
    }
    return found;
  }
  std::size_t count(const std::string& name) const {
    return static_cast<std::size_t>(
        std::ranges::count(samples, name, [](const ReadSample& one) { return one.name; }));
  }
};

class ExpositionReader {
 public:
  ExpositionReader(std::string_view text, bool open_metrics)
      : rest_(text), open_metrics_(open_metrics) {}

  ReadPage read() {
    while (!rest_.empty()) {
      const std::size_t end = rest_.find('\n');
      if (end == std::string_view::npos) {
        fail("the last line does not end");
        break;
      }
      line_ = rest_.substr(0, end);
      rest_.remove_prefix(end + 1);
      if (ended_) fail("something follows # EOF");
      if (line_ == "# EOF" && open_metrics_) {
        ended_ = true;
      } else if (line_.starts_with("# ")) {
        read_comment();
      } else {
        read_sample();
      }
    }
    if (open_metrics_ && !ended_) fail("no # EOF");
    return std::move(page_);
  }

 private:
  void fail(const std::string& what) {
    page_.errors.push_back(fmt::format("{}: {}", what, line_.substr(0, 300)));
  }
  static bool is_name(std::string_view text) {
    return !text.empty() && !(text[0] >= '0' && text[0] <= '9') &&
           std::ranges::all_of(text, [](char c) {
             return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
           });
  }
  std::string_view word() {
    const std::size_t end = std::min(line_.find(' '), line_.size());
    const std::string_view taken = line_.substr(0, end);
    line_.remove_prefix(std::min(end + 1, line_.size()));
    return taken;
  }

  void read_comment() {
    line_.remove_prefix(2);
    const std::string_view what = word();
    const std::string name(word());
    if (!is_name(name)) fail("no name");
    if (name != family_) {
      family_ = name;
      said_.clear();
      if (!families_.insert(name).second) fail("a family stands twice");
    }
    if (!said_.insert(std::string(what)).second) fail("said twice");
    if (what == "TYPE") {
      page_.types[name] = line_;
      static const std::set<std::string_view> kTypes = {"counter", "gauge", "untyped"};
      static const std::set<std::string_view> kOpenTypes = {"counter", "gauge", "unknown", "info"};
      if (!(open_metrics_ ? kOpenTypes : kTypes).contains(line_)) fail("no such type");
    } else if (what == "UNIT") {
      if (!open_metrics_) fail("0.0.4 has no UNIT");
      if (!name.ends_with("_" + std::string(line_))) fail("the name does not end in its unit");
    } else if (what != "HELP") {
      fail("no such comment");
    } else if (line_.empty()) {
      fail("no help");
    }
  }

  void read_sample() {
    const std::string_view whole = line_;
    ReadSample sample;
    const std::size_t end = line_.find_first_of("{ ");
    sample.name = line_.substr(0, end);
    if (!is_name(sample.name)) fail("no name");
    line_.remove_prefix(std::min(end, line_.size()));
    if (line_.starts_with('{') && !read_labels(sample)) return;
    if (!line_.starts_with(' ')) return fail("no space before the value");
    sample.value = line_.substr(1);
    check_value(sample.value);
    std::string suffix;
    if (open_metrics_ && page_.types[family_] == "counter") suffix = "_total";
    if (open_metrics_ && page_.types[family_] == "info") suffix = "_info";
    if (sample.name != family_ + suffix) fail("a sample outside its family");
    if (!said_.contains("TYPE") || !said_.contains("HELP")) fail("no TYPE or HELP before it");
    if (!series_.insert(std::string(whole.substr(0, whole.rfind(' ')))).second) fail("twice");
    page_.samples.push_back(std::move(sample));
  }

  bool read_labels(ReadSample& sample) {
    do {
      line_.remove_prefix(1);
      const std::size_t sign = line_.find("=\"");
      if (sign == std::string_view::npos) return fail("a label without a value"), false;
      const std::string label(line_.substr(0, sign));
      if (!is_name(label) || label.starts_with("__")) fail("a label's name");
      line_.remove_prefix(sign + 2);
      std::string value;
      while (!line_.empty() && line_[0] != '"') {
        if (line_[0] == '\\') {
          line_.remove_prefix(1);
          if (line_.empty() || (line_[0] != '\\' && line_[0] != '"' && line_[0] != 'n')) {
            return fail("a bad escape"), false;
          }
          value += line_[0] == 'n' ? '\n' : line_[0];
        } else {
          value += line_[0];
        }
        line_.remove_prefix(1);
      }
      if (line_.empty()) return fail("a label's value does not end"), false;
      line_.remove_prefix(1);
      if (!sample.labels.emplace(label, value).second) fail("a label stands twice");
    } while (line_.starts_with(','));
    if (!line_.starts_with('}')) return fail("labels do not end"), false;
    line_.remove_prefix(1);
    return true;
  }

  void check_value(const std::string& value) {
    if (value == "NaN" || value == "+Inf" || value == "-Inf") return;
    std::size_t read = 0;
    try {
      std::ignore = std::stod(value, &read);
    } catch (const std::exception&) {
      return fail("no number");
    }
    if (read != value.size()) fail("more than a number");
  }

  std::string_view rest_;
  std::string_view line_;
  bool open_metrics_;
  bool ended_ = false;
  std::string family_;
  std::set<std::string> families_;
  std::set<std::string> said_;
  std::set<std::string> series_;
  ReadPage page_;
};

}  // namespace qm::metrics
