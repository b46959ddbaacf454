#include "wmi/wql_program.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/text.h"
#include "wmi/wql_maker.h"

namespace qm::wmi::wql {
namespace {

// An integer in the block as the unsigned number that orders as it does.
std::uint64_t load_unsigned(const std::byte* at, std::uint8_t bytes) {
  const auto read = [at]<class T>(T value) {
    std::memcpy(&value, at, sizeof value);
    return std::uint64_t{value};
  };
  switch (bytes) {
    case 1:
      return read(std::uint8_t{});
    case 2:
      return read(std::uint16_t{});
    case 4:
      return read(std::uint32_t{});
    default:
      return read(std::uint64_t{});
  }
}

std::uint64_t load_signed(const std::byte* at, std::uint8_t bytes) {
  const auto read = [at]<class T>(T value) {
    std::memcpy(&value, at, sizeof value);
    return mapped(value);
  };
  switch (bytes) {
    case 1:
      return read(std::int8_t{});
    case 2:
      return read(std::int16_t{});
    case 4:
      return read(std::int32_t{});
    default:
      return read(std::int64_t{});
  }
}

constexpr std::uint8_t kLoadSigned = 0x10;
constexpr std::uint8_t kLoadBoolean = 0x20;

std::uint64_t load_quickly(const std::byte* at, std::uint8_t load) {
  if (load == 8) return load_unsigned(at, 8);  // nearly all counters
  if ((load & kLoadBoolean) != 0) return *at != std::byte{0} ? 1 : 0;
  const auto bytes = static_cast<std::uint8_t>(load & 0x0fU);
  return (load & kLoadSigned) != 0 ? load_signed(at, bytes) : load_unsigned(at, bytes);
}

// A value that lies nowhere in a block, likewise; nothing for NULL.
std::optional<std::uint64_t> ordered(const Value& value, bool is_signed) {
  if (const auto* flag = std::get_if<bool>(&value.data)) return *flag ? 1 : 0;
  if (const auto* number = std::get_if<std::uint64_t>(&value.data)) {
    return is_signed ? mapped(static_cast<std::int64_t>(*number)) : *number;
  }
  if (const auto* number = std::get_if<std::int64_t>(&value.data)) {
    return is_signed ? mapped(*number) : static_cast<std::uint64_t>(*number);
  }
  return std::nullopt;
}

const Value* inner_of(const Value& value, const std::vector<std::string>& names) {
  const Value* at = &value;
  for (const std::string& name : names) {
    const auto* object = std::get_if<ValueObject>(&at->data);
    if (object == nullptr) return nullptr;
    const auto found = std::ranges::find_if(
        *object, [&](const NamedValue& one) { return same_name(one.name, name); });
    if (found == object->end()) return nullptr;
    at = &found->value;
  }
  return at;
}

// Text without copying the names that every instance has.
std::optional<std::string_view> text_of(const Candidate& candidate, const Access& access,
                                        const Setting& setting, Value& storage) {
  const Row& row = candidate[static_cast<std::size_t>(access.side)];
  if (access.entry != nullptr && row.instance != nullptr) {
    if (access.entry->origin == Origin::instance_name) return row.instance->name;
    if (access.entry->origin == Origin::caption) return row.instance->caption;
  }
  storage = value_of(candidate, access, setting);
  const auto* text = std::get_if<std::string>(&storage.data);
  return text == nullptr ? std::nullopt : std::optional<std::string_view>(*text);
}

bool order_fits(Operator op, std::strong_ordering order) {
  switch (op) {
    case Operator::equal:
      return order == 0;
    case Operator::less:
      return order < 0;
    case Operator::less_equal:
      return order <= 0;
    case Operator::greater:
      return order > 0;
    case Operator::greater_equal:
      return order >= 0;
    default:
      return order != 0;
  }
}

}  // namespace

Value value_of(const Candidate& candidate, const Access& access, const Setting& setting) {
  const Row& row = candidate[static_cast<std::size_t>(access.side)];
  if (row.the_class == nullptr) return {};
  Value whole;
  if (access.system) {
    whole = system_value(row, *access.system, setting);
  } else if (access.entry == nullptr) {
    whole = {object_of(row)};
  } else {
    whole = item_of(row, *access.entry).value;
  }
  if (access.inner.empty()) return whole;
  const Value* inner = inner_of(whole, access.inner);
  return inner == nullptr ? Value{} : *inner;
}

bool Program::passes(const Test& test, const Candidate& candidate, const Setting& setting) const {
  const Row& row = candidate[static_cast<std::size_t>(test.access.side)];
  switch (test.kind) {
    case Test::Kind::never:
      return false;
    case Test::Kind::integer: {
      const auto number = ordered(value_of(candidate, test.access, setting), test.is_signed);
      return number && *number - test.first <= test.span;
    }
    case Test::Kind::constant: {
      const bool text = test.group == Group::text && !test.value.is_null();
      if (!text) {
        return holds(test.group, test.op, value_of(candidate, test.access, setting), test.value);
      }
      Value storage;
      const auto left = text_of(candidate, test.access, setting, storage);
      const auto& right = std::get<std::string>(test.value.data);
      return left && order_fits(test.op, compare_text(*left, right));
    }
    case Test::Kind::property:
      return holds(test.group, test.op, value_of(candidate, test.access, setting),
                   value_of(candidate, test.other, setting));
    case Test::Kind::like: {
      Value storage;
      const auto text = text_of(candidate, test.access, setting, storage);
      return text && test.pattern.matches(*text);
    }
    case Test::Kind::derives:
      return row.the_class != nullptr &&
             derives(*row.the_class, std::get<std::string>(test.value.data));
  }
  return false;
}

bool Program::accepts(const Candidate& candidate, const Setting& setting) const {
  std::uint32_t at = start_;
  while (at < steps_.size()) {
    const Step& step = steps_[at];
    const bool passed = passes(step.test, candidate, setting) != step.test.negated;
    at = passed ? step.on_true : step.on_false;
  }
  return at == kAccept;
}

bool Program::scan_evenly(const Part& part, std::vector<std::uint32_t>& found) const {
  if (!part.index) return false;
  const PartIndex::Shape& shape = part.index->shape(part.generation);
  if (!shape.even) return false;
  std::vector<Quick> quick;
  for (const Step& step : steps_) {
    const Test& test = step.test;
    const bool fits = test.kind == Test::Kind::integer && test.bytes != 0 &&
                      std::size_t{test.offset_bytes} + test.bytes <= shape.block_stride_bytes;
    if (!fits) return false;
    const auto load = static_cast<std::uint8_t>(test.bytes | (test.is_signed ? kLoadSigned : 0U) |
                                                (test.is_boolean ? kLoadBoolean : 0U));
    const bool doubted =
        test.item < shape.some_unavailable.size() && shape.some_unavailable[test.item];
    quick.push_back({test.first, test.span, test.offset_bytes, test.item, step.on_true,
                     step.on_false, load, test.negated, doubted});
  }
  const std::size_t count = part.generation.instances.size();
  if (quick.size() == 1 && quick.front().load == 8 && !quick.front().doubted) {
    const Quick test = quick.front();  // one counter and one constant: as fast as the memory is
    const bool wanted = (test.on_true == kAccept) != test.negated;
    const std::byte* at = shape.blocks + test.offset_bytes;
    for (std::size_t i = 0; i < count; ++i, at += shape.block_stride_bytes) {
      const bool in = load_unsigned(at, 8) - test.first <= test.span;
      if (in == wanted) found.push_back(static_cast<std::uint32_t>(i));
    }
    return true;
  }
  const std::byte* block = shape.blocks;
  const provider::ItemQuality* qualities = shape.qualities;
  for (std::size_t i = 0; i < count; ++i) {
    std::uint32_t at = start_;
    while (at < quick.size()) {
      const Quick& test = quick[at];
      const bool null = test.doubted && qualities[test.item].quality == QM_UNAVAILABLE;
      const bool in = load_quickly(block + test.offset_bytes, test.load) - test.first <= test.span;
      at = (in && !null) != test.negated ? test.on_true : test.on_false;
    }
    if (at == kAccept) found.push_back(static_cast<std::uint32_t>(i));
    block += shape.block_stride_bytes;
    qualities += shape.quality_stride;
  }
  return true;
}

void Program::scan(const Part& part, const Setting& setting,
                   std::vector<std::uint32_t>& found) const {
  if (scan_evenly(part, found)) return;
  Candidate candidate;
  Row& row = candidate[static_cast<std::size_t>(Side::target)];
  row = {part.the_class, &part, nullptr, nullptr};
  const auto& instances = part.generation.instances;
  for (std::size_t i = 0; i < instances.size(); ++i) {
    row.instance = &instances[i];
    if (accepts(candidate, setting)) found.push_back(static_cast<std::uint32_t>(i));
  }
}

}  // namespace qm::wmi::wql
