#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/output.h"
#include "metrics/columns.h"
#include "metrics/instances.h"
#include "metrics/names.h"
#include "metrics/number_text.h"
#include "metrics/page.h"
#include "wmi/block_integers.h"
#include "wmi/quality.h"

namespace qm::metrics {
namespace {

// The text of a value that is no integer, or null when there is none. out has kMostNumberBytes.
char* write_value(char* out, const Series& series, const wmi::Part& part,
                  const provider::InstanceData& instance) {
  if (series.reading == Reading::active) {
    *out = instance.active ? '1' : '0';
    return out + 1;
  }
  const wmi::ItemPlan& item = series.property->plan;
  if (!wmi::is_available(instance, item)) return nullptr;
  const wmi::Value value = wmi::item_of(part, instance, *series.property).value;
  if (const bool* flag = std::get_if<bool>(&value.data)) {
    *out = *flag ? '1' : '0';
    return out + 1;
  }
  if (const double* real = std::get_if<double>(&value.data)) return write_real(out, *real);
  const auto* text = std::get_if<std::string>(&value.data);
  double seconds = 0;
  if (text == nullptr || !unix_seconds(*text, seconds)) return nullptr;
  return fmt::format_to(out, "{:.6f}", seconds);
}

class Writer {
 public:
  Writer(InstanceLabels& labels, ColumnMemory& columns, const wmi::Snapshot& snapshot,
         Format format, std::size_t most_bytes, std::string memory)
      : labels_(labels),
        names_(labels.names()),
        column_memory_(columns),
        snapshot_(snapshot),
        format_(format),
        most_bytes_(most_bytes),
        out_(expected_bytes(), std::move(memory)) {}

  bool write_classes(const Plan& plan) {
    for (const ClassPlan& one : plan.classes()) {
      const Parts parts = snapshot_.parts_of(*one.the_class);
      if (parts.empty()) {
        labels_.forget(one);
        continue;
      }
      const Tails& tails = labels_.of(one, parts);
      if (tails.size() == 0) continue;
      Columns columns(one, parts, tails.size(), column_memory_);
      for (const Family& family : one.families) {
        begin(family);
        for (const Series& series : family.series) {
          const bool fits = series.reading == Reading::integer
                                ? write_integers(series, columns.next(), tails)
                                : write_series(series, parts, tails);
          if (!fits) return false;
        }
      }
      if (one.the_class->performance) write_quality(one, parts, tails);
      if (!one.subject.empty()) write_info(one, parts, tails);
      if (out_.bytes() > most_bytes_) return false;
    }
    return true;
  }

  std::optional<Page> take() && {
    if (out_.bytes() > most_bytes_) return std::nullopt;
    return Page{std::move(out_).take(), samples_};
  }

 private:
  // Of a page that says as much as the last samples of each class would: a guess, to grow rarely.
  std::size_t expected_bytes() const {
    std::size_t bytes = 16'384;
    for (const auto& part : snapshot_.parts) {
      bytes += part->generation.instances.size() * part->the_class->data_items() * 110;
    }
    return std::min(bytes, most_bytes_ + 4'096);
  }

  void begin(const Family& family) { out_.append(family.intro[static_cast<std::size_t>(format_)]); }

  bool write_integers(const Series& series, const Column& column, const Tails& tails) {
    std::string head = series.head;
    head.resize(head.size() + kStepBytes);
    for (std::size_t i = 0; i < tails.size(); ++i) {
      if (column.signs[i] == Sign::none) continue;
      const std::string_view tail = tails.tail(i);
      char* at =
          out_.room(series.head.size() + tail.size() + kMostNumberBytes + 2 * kStepBytes + 1);
      at = copy_piece(at, head.data(), series.head.size());
      at = copy_piece(at, tail.data(), tail.size());
      if (column.signs[i] == Sign::minus) *at++ = '-';
      at = series.decimals == 0 ? write_integer(at, column.magnitudes[i])
                                : write_decimal(at, column.magnitudes[i], series.decimals);
      *at++ = '\n';
      out_.commit(at);
      ++samples_;
    }
    return out_.bytes() <= most_bytes_;
  }

  bool write_series(const Series& series, Parts parts, const Tails& tails) {
    std::size_t index = 0;
    for (const auto& part : parts) {
      for (const provider::InstanceData& instance : part->generation.instances) {
        const std::string_view tail = tails.tail(index++);
        char* at = out_.room(series.head.size() + tail.size() + kMostNumberBytes + 1);
        std::memcpy(at, series.head.data(), series.head.size());
        at += series.head.size();
        std::memcpy(at, tail.data(), tail.size());
        at = write_value(at + tail.size(), series, *part, instance);
        if (at == nullptr) continue;  // what was written does not count
        *at++ = '\n';
        out_.commit(at);
        ++samples_;
      }
    }
    return out_.bytes() <= most_bytes_;
  }

  void write_quality(const ClassPlan& plan, Parts parts, const Tails& tails) {
    bool begun = false;
    std::size_t index = 0;
    for (const auto& part : parts) {
      for (const provider::InstanceData& instance : part->generation.instances) {
        const std::size_t at = index++;
        if (!instance.active) continue;
        for (const wmi::PropertyEntry& entry : plan.the_class->properties) {
          const std::uint32_t item = entry.plan.data_id - 1;
          if (entry.origin != wmi::Origin::data || item >= instance.qualities.size()) continue;
          const provider::ItemQuality quality = instance.qualities[item];
          if (quality.quality == QM_EXACT) continue;
          if (!std::exchange(begun, true)) begin(plan.quality);
          out_.append(plan.quality.name);
          out_.append("{");
          out_.append(tails.labels(at));
          out_.append(",counter=\"");
          out_.append(entry.property->name);
          out_.append("\",quality=\"");
          out_.append(wmi::quality_word(quality));
          out_.append("\",reason=\"");
          out_.append(wmi::reason_word(quality));
          out_.append("\"} 1\n");
          ++samples_;
        }
        if (out_.bytes() > most_bytes_) return;
      }
    }
  }

  void write_info(const ClassPlan& plan, Parts parts, const Tails& tails) {
    begin(plan.info);
    std::string line;
    std::size_t index = 0;
    for (const auto& part : parts) {
      for (const provider::InstanceData& instance : part->generation.instances) {
        line = plan.info.name;
        line.append("_info{").append(tails.labels(index++));
        add_label(line, "instance_name", instance.name);
        if (plan.the_class->performance) add_label(line, "caption", instance.caption);
        for (const InfoLabel& label : plan.info_labels) {
          add_label(line, label.label, text_of(label, *part, instance));
        }
        line += "} 1\n";
        out_.append(line);
        ++samples_;
        if (out_.bytes() > most_bytes_) return;
      }
    }
  }

  static void add_label(std::string& line, std::string_view label, std::string_view value) {
    if (value.empty()) return;  // an empty label is none
    line.append(",").append(label).append("=\"");
    append_label_value(line, value);
    line += '"';
  }

  std::string text_of(const InfoLabel& label, const wmi::Part& part,
                      const provider::InstanceData& instance) const {
    const wmi::Value value = wmi::item_of(part, instance, *label.property).value;
    std::string text;
    if (const auto* number = std::get_if<std::uint64_t>(&value.data)) {
      text = fmt::format("{}", *number);
    } else if (const auto* below = std::get_if<std::int64_t>(&value.data)) {
      text = fmt::format("{}", *below);
    } else if (const auto* flag = std::get_if<bool>(&value.data)) {
      text = *flag ? "true" : "false";
    } else if (const auto* words = std::get_if<std::string>(&value.data)) {
      text = *words;
    }
    for (const auto& [number, word] : label.words) {
      if (number == text) return word;
    }
    if (label.names_subject) return std::string(names_.shown(label.label, text));
    return text;
  }

  InstanceLabels& labels_;
  const InstanceNames& names_;
  ColumnMemory& column_memory_;
  const wmi::Snapshot& snapshot_;
  Format format_;
  std::size_t most_bytes_;
  Output out_;
  std::uint64_t samples_ = 0;
};

}  // namespace

struct Renderer::Kept {
  explicit Kept(std::shared_ptr<const Plan> of) : plan(std::move(of)), labels(*plan) {}
  std::shared_ptr<const Plan> plan;
  InstanceLabels labels;
  ColumnMemory columns;
};

Renderer::Renderer(std::shared_ptr<const Plan> plan)
    : kept_(std::make_unique<Kept>(std::move(plan))) {}
Renderer::~Renderer() = default;

std::optional<Page> Renderer::classes(const wmi::Snapshot& snapshot, Format format,
                                      std::size_t most_bytes, std::string memory) {
  kept_->labels.update(snapshot);
  Writer writer(kept_->labels, kept_->columns, snapshot, format, most_bytes, std::move(memory));
  if (!writer.write_classes(*kept_->plan)) return std::nullopt;
  return std::move(writer).take();
}

}  // namespace qm::metrics
