// XML that others sent, as a small tree.
//
// Promise: what comes out is well-formed XML 1.0 with namespaces resolved (a prefix is never seen);
// no DOCTYPE, so no entity but the five, nothing fetched, nothing that grows; what breaks a rule or
// a limit is refused whole. Comments and processing instructions are passed over.
// Threads: a Reader belongs to one; a Document may be read by any. Limits: kMost… below; names are
// bounded by the document's bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <memory_resource>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace qm::xml {

inline constexpr std::size_t kMostBytes = std::size_t{1} << 20U;  // as sent
inline constexpr std::size_t kMostDepth = 64;
inline constexpr std::size_t kMostElements = 65'536;
inline constexpr std::size_t kMostAttributes = 64;                    // of one element
inline constexpr std::size_t kMostTextBytes = std::size_t{1} << 19U;  // of an element, an attribute
inline constexpr std::size_t kMostNamespaces = 64;                    // that differ
inline constexpr std::size_t kMostNamespaceBytes = 1'024;             // of each

// The same, so that a reader of small messages need not take large ones.
struct Limits {
  std::size_t bytes = kMostBytes;
  std::size_t depth = kMostDepth;
  std::size_t elements = kMostElements;
  std::size_t attributes = kMostAttributes;
  std::size_t text_bytes = kMostTextBytes;
};

struct Attribute {
  std::string_view name_space;  // "" without a prefix
  std::string_view name;
  std::string_view value;
};

struct Element {
  std::string_view name_space;
  std::string_view name;
  std::string_view text;  // its own characters, joined; "" where there is nothing but white space
                          // between its children
  std::span<const Attribute> attributes;  // without declarations of namespaces
  const Element* first_child = nullptr;
  const Element* next = nullptr;  // sibling

  bool is(std::string_view of_name_space, std::string_view of_name) const {
    return name == of_name && name_space == of_name_space;
  }
  // The first such child, or nullptr.
  const Element* child(std::string_view of_name_space, std::string_view of_name) const;
  std::optional<std::string_view> attribute(std::string_view of_name_space,
                                            std::string_view of_name) const;
};

// Everything in it lives as long as it does, also when it is moved.
class Document {
 public:
  const Element& root() const { return *root_; }

 private:
  friend class Reader;
  friend class TreeMaker;
  using Arena = std::pmr::monotonic_buffer_resource;
  std::unique_ptr<Arena> arena_;
  const Element* root_ = nullptr;
};

// Keeps what it has of memory from one document to the next.
class Reader {
 public:
  explicit Reader(Limits limits = {});
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  ~Reader();

  // charset: what the transport said (charset_of), or "". Errors: invalid (not well-formed, a
  // DOCTYPE, a line and column are told); limit; unsupported (another encoding than UTF-8, UTF-16).
  Result<Document> read(std::string_view bytes, std::string_view charset = {});

 private:
  struct Parser;
  Limits limits_;
  std::unique_ptr<Parser> parser_;
};

// Without white space at both ends.
std::string_view trimmed(std::string_view text);

}  // namespace qm::xml
