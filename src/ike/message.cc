#include <fmt/format.h>

#include <algorithm>

#include "ike/vici.h"

namespace qm::ike {
namespace {

enum Element : std::uint8_t {
  kSectionStart = 1,
  kSectionEnd = 2,
  kKeyValue = 3,
  kListStart = 4,
  kListItem = 5,
  kListEnd = 6,
};

template <class Pairs>
const auto* find_first(const Pairs& pairs, std::string_view key) {
  const auto found =
      std::ranges::find_if(pairs, [key](const auto& pair) { return pair.first == key; });
  return found == pairs.end() ? nullptr : &found->second;
}

std::string text_of(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

class MessageParser {
 public:
  explicit MessageParser(Bytes body) : body_(body) {}

  Result<Section> parse() {
    if (body_.size() > kMostPacketBytes) return fail(ErrorCode::limit, "a vici message too long");
    while (at_ < body_.size()) {
      if (++elements_ > kMostElements) {
        return fail(ErrorCode::limit,
                    fmt::format("a vici message of more than {} elements", kMostElements));
      }
      const auto element = static_cast<std::uint8_t>(body_[at_++]);
      TRY(list_ == nullptr ? in_section(element) : in_list(element));
    }
    if (list_ != nullptr) return malformed("ends inside a list");
    if (open_.size() > 1) return malformed("ends inside a section");
    return std::move(root_);
  }

 private:
  std::unexpected<Error> malformed(std::string_view what) const {
    return fail(ErrorCode::invalid, fmt::format("a vici message {} at byte {}", what, at_));
  }

  Result<bool> in_section(std::uint8_t element) {
    switch (element) {
      case kSectionStart: {
        if (open_.size() > kMostNesting) {
          return fail(ErrorCode::limit,
                      fmt::format("a vici message of sections deeper than {}", kMostNesting));
        }
        std::string name = TRY(take_name());
        auto& sections = open_.back()->sections;
        sections.emplace_back(std::move(name), Section{});
        open_.push_back(&sections.back().second);
        return true;
      }
      case kSectionEnd:
        if (open_.size() == 1) return malformed("ends a section that never began");
        open_.pop_back();
        return true;
      case kKeyValue: {
        std::string name = TRY(take_name());
        open_.back()->values.emplace_back(std::move(name), TRY(take_value()));
        return true;
      }
      case kListStart: {
        std::string name = TRY(take_name());
        auto& lists = open_.back()->lists;
        lists.emplace_back(std::move(name), std::vector<std::string>{});
        list_ = &lists.back().second;
        return true;
      }
      default:
        return malformed(fmt::format("has element {} in a section", element));
    }
  }

  Result<bool> in_list(std::uint8_t element) {
    if (element == kListItem) {
      list_->push_back(TRY(take_value()));
    } else if (element == kListEnd) {
      list_ = nullptr;
    } else {
      return malformed(fmt::format("has element {} in a list", element));
    }
    return true;
  }

  Result<std::string> take_name() {
    std::uint8_t size = 0;
    if (!read_at(body_, at_, size)) return malformed("is cut off");
    return take_text(at_ + 1, size);
  }

  Result<std::string> take_value() {
    std::uint16_t network_size = 0;
    if (!read_at(body_, at_, network_size)) return malformed("is cut off");
    return take_text(at_ + 2, big_endian16(network_size));
  }

  Result<std::string> take_text(std::size_t from, std::size_t size) {
    Bytes bytes;
    if (!slice(body_, from, size, bytes)) return malformed("is cut off");
    at_ = from + size;
    return text_of(bytes);
  }

  Bytes body_;
  std::size_t at_ = 0;
  std::size_t elements_ = 0;
  Section root_;
  // The sections that are open, outermost first. Only the innermost grows, so the pointers hold.
  std::vector<Section*> open_{&root_};
  std::vector<std::string>* list_ = nullptr;  // the list that is open; lists don't nest
};

}  // namespace

Section::Section() = default;
Section::Section(const Section&) = default;
Section::Section(Section&&) noexcept = default;
Section& Section::operator=(const Section&) = default;
Section& Section::operator=(Section&&) noexcept = default;
Section::~Section() = default;

const std::string* Section::value(std::string_view key) const {
  return find_first(values, key);
}

const std::vector<std::string>* Section::list(std::string_view key) const {
  return find_first(lists, key);
}

const Section* Section::section(std::string_view key) const {
  return find_first(sections, key);
}

Result<Section> parse_message(Bytes body) {
  return MessageParser(body).parse();
}

}  // namespace qm::ike
