#include "wmi/wql_program.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/text.h"
#include "wmi/wql_maker.h"

namespace qm::wmi::wql {
namespace {

// An integer as the unsigned number that orders as it does; nothing for NULL.
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

}  // namespace qm::wmi::wql
