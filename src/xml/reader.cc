#include "xml/reader.h"

#include <expat.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/text.h"
#include "xml/encoding.h"

namespace qm::xml {
namespace {

// Between a namespace and a local name, as expat hands them over: no character of XML's.
constexpr char kSeparator = '\x01';

bool is_white(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

bool is_white(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return is_white(c); });
}

}  // namespace

const Element* Element::child(std::string_view of_name_space, std::string_view of_name) const {
  for (const Element* at = first_child; at != nullptr; at = at->next) {
    if (at->is(of_name_space, of_name)) return at;
  }
  return nullptr;
}

std::optional<std::string_view> Element::attribute(std::string_view of_name_space,
                                                   std::string_view of_name) const {
  for (const Attribute& one : attributes) {
    if (one.name == of_name && one.name_space == of_name_space) return one.value;
  }
  return std::nullopt;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_white(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_white(text.back())) text.remove_suffix(1);
  return text;
}

// What expat calls while it reads. The first complaint ends the reading and is the one that counts.
class TreeMaker {
 public:
  TreeMaker(XML_Parser parser, const Limits& limits, Encoding encoding, bool charset_given,
            Document& into)
      : parser_(parser),
        limits_(limits),
        encoding_(encoding),
        charset_given_(charset_given),
        document_(into) {}

  void attach() {
    XML_SetUserData(parser_, this);
    XML_SetElementHandler(parser_, &on_start, &on_end);
    XML_SetCharacterDataHandler(parser_, &on_text);
    XML_SetStartDoctypeDeclHandler(parser_, &on_doctype);
    XML_SetXmlDeclHandler(parser_, &on_declaration);
    XML_SetStartNamespaceDeclHandler(parser_, &on_name_space);
  }
  const std::optional<Error>& complaint() const { return complaint_; }

 private:
  struct Level {
    Element* element = nullptr;
    Element* last_child = nullptr;
    std::string text;
  };

  static TreeMaker& self(void* user) { return *static_cast<TreeMaker*>(user); }
  static void on_start(void* user, const XML_Char* name, const XML_Char** attributes) {
    self(user).start(name, attributes);
  }
  static void on_end(void* user, const XML_Char*) { self(user).end(); }
  static void on_text(void* user, const XML_Char* text, int bytes) {
    self(user).add_text({text, static_cast<std::size_t>(bytes)});
  }
  static void on_doctype(void* user, const XML_Char*, const XML_Char*, const XML_Char*, int) {
    self(user).stop(ErrorCode::invalid, "a DOCTYPE is not taken");
  }
  static void on_declaration(void* user, const XML_Char*, const XML_Char* encoding, int) {
    if (encoding != nullptr) self(user).check_encoding(encoding);
  }
  static void on_name_space(void* user, const XML_Char*, const XML_Char* uri) {
    if (uri != nullptr && std::strlen(uri) > kMostNamespaceBytes) {
      self(user).stop(ErrorCode::limit,
                      fmt::format("a namespace is longer than {} bytes", kMostNamespaceBytes));
    }
  }

  void stop(ErrorCode code, std::string message) {
    if (complaint_) return;
    complaint_ = Error{code, std::move(message)};
    XML_StopParser(parser_, XML_FALSE);
  }

  // RFC 7303: what the transport says outranks what the document says of itself.
  void check_encoding(std::string_view declared) {
    const bool says_16 = declared.size() >= 6 && same_name(declared.substr(0, 6), "utf-16");
    const bool is_16 = encoding_ != Encoding::utf8;
    if (!is_known_charset(declared) || (says_16 != is_16 && !charset_given_)) {
      stop(ErrorCode::unsupported, fmt::format("encoding {}: UTF-8 and UTF-16 are read, and must "
                                               "be what they say",
                                               plain_text(declared, 64)));
    }
  }

  std::string_view keep(std::string_view text) {
    if (text.empty()) return {};
    char* const at = static_cast<char*>(document_.arena_->allocate(text.size(), 1));
    std::memcpy(at, text.data(), text.size());
    return {at, text.size()};
  }

  // A long one may stand before each of many elements: it is kept once.
  std::string_view keep_name_space(std::string_view text) {
    for (auto at = name_spaces_.rbegin(); at != name_spaces_.rend(); ++at) {
      if (*at == text) return *at;
    }
    if (name_spaces_.size() == kMostNamespaces) {
      stop(ErrorCode::limit, fmt::format("more than {} namespaces", kMostNamespaces));
      return {};
    }
    return name_spaces_.emplace_back(keep(text));
  }

  std::pair<std::string_view, std::string_view> split(std::string_view name) {
    const std::size_t at = name.find(kSeparator);
    if (at == std::string_view::npos) return {{}, keep(name)};
    return {keep_name_space(name.substr(0, at)), keep(name.substr(at + 1))};
  }

  void start(const XML_Char* name, const XML_Char** attributes) {
    if (complaint_) return;
    if (depth_ == limits_.depth) {
      return stop(ErrorCode::limit, fmt::format("nested deeper than {} elements", limits_.depth));
    }
    if (++elements_ > limits_.elements) {
      return stop(ErrorCode::limit, fmt::format("more than {} elements", limits_.elements));
    }
    void* const room = document_.arena_->allocate(sizeof(Element), alignof(Element));
    auto* const element = new (room) Element;
    std::tie(element->name_space, element->name) = split(name);
    if (!take_attributes(*element, attributes)) return;
    if (depth_ == 0) {
      document_.root_ = element;
    } else {
      Level& parent = levels_[depth_ - 1];
      (parent.last_child == nullptr ? parent.element->first_child : parent.last_child->next) =
          element;
      parent.last_child = element;
    }
    if (levels_.size() == depth_) levels_.emplace_back();
    Level& level = levels_[depth_++];
    level.element = element;
    level.last_child = nullptr;
    level.text.clear();
  }

  bool take_attributes(Element& element, const XML_Char** attributes) {
    std::size_t count = 0;
    while (attributes[2 * count] != nullptr) ++count;
    if (count == 0) return true;
    if (count > limits_.attributes) {
      stop(ErrorCode::limit, fmt::format("more than {} attributes", limits_.attributes));
      return false;
    }
    void* const room = document_.arena_->allocate(count * sizeof(Attribute), alignof(Attribute));
    auto* const first = static_cast<Attribute*>(room);
    for (std::size_t i = 0; i < count; ++i) {
      auto* const one = new (first + i) Attribute;
      std::tie(one->name_space, one->name) = split(attributes[2 * i]);
      const std::string_view value = attributes[2 * i + 1];
      if (value.size() > limits_.text_bytes) {
        stop(ErrorCode::limit,
             fmt::format("an attribute of more than {} bytes", limits_.text_bytes));
        return false;
      }
      one->value = keep(value);
    }
    element.attributes = {first, count};
    return true;
  }

  void add_text(std::string_view text) {
    if (complaint_ || depth_ == 0) return;
    Level& level = levels_[depth_ - 1];
    if (level.text.size() + text.size() > limits_.text_bytes) {
      return stop(ErrorCode::limit,
                  fmt::format("{} holds more than {} bytes of text",
                              plain_text(level.element->name, 64), limits_.text_bytes));
    }
    level.text += text;
  }

  void end() {
    if (complaint_) return;
    Level& level = levels_[--depth_];
    if (level.element->first_child != nullptr && is_white(level.text)) return;
    level.element->text = keep(level.text);
  }

  XML_Parser parser_;
  const Limits& limits_;
  Encoding encoding_;
  bool charset_given_;
  Document& document_;
  std::vector<Level> levels_;
  std::vector<std::string_view> name_spaces_;
  std::size_t depth_ = 0;
  std::size_t elements_ = 0;
  std::optional<Error> complaint_;
};

struct Reader::Parser {
  Parser() : of(XML_ParserCreateNS("UTF-8", kSeparator)) { QM_ASSERT(of != nullptr); }
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;
  ~Parser() { XML_ParserFree(of); }
  XML_Parser of;
  // Against names made to collide. Expat would ask the kernel for one at every document.
  unsigned long salt = static_cast<unsigned long>(random_number() | 1U);
};

Reader::Reader(Limits limits) : limits_(limits), parser_(std::make_unique<Parser>()) {}
Reader::~Reader() = default;

Result<Document> Reader::read(std::string_view bytes, std::string_view charset) {
  if (bytes.size() > limits_.bytes) {
    return fail(ErrorCode::limit, fmt::format("XML of more than {} bytes", limits_.bytes));
  }
  const Encoding encoding = TRY(encoding_of(bytes, charset));
  std::string converted;
  if (encoding != Encoding::utf8) {
    converted = TRY(as_utf8(bytes, encoding));
    bytes = converted;
  }
  Document document;
  document.arena_ = std::make_unique<Document::Arena>(bytes.size() + 2'048);
  TreeMaker maker(parser_->of, limits_, encoding, !charset.empty(), document);
  if (XML_ParserReset(parser_->of, "UTF-8") != XML_TRUE) parser_ = std::make_unique<Parser>();
  XML_SetHashSalt(parser_->of, parser_->salt);
  maker.attach();
  const XML_Status status =
      XML_Parse(parser_->of, bytes.data(), static_cast<int>(bytes.size()), XML_TRUE);
  if (maker.complaint()) return std::unexpected(*maker.complaint());
  if (status != XML_STATUS_OK) {
    return fail(ErrorCode::invalid, fmt::format("not well-formed XML at line {}, column {}: {}",
                                                XML_GetCurrentLineNumber(parser_->of),
                                                XML_GetCurrentColumnNumber(parser_->of) + 1,
                                                XML_ErrorString(XML_GetErrorCode(parser_->of))));
  }
  return document;
}

}  // namespace qm::xml
