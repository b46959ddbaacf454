// Which of several forms of an answer a client would rather have (RFC 9110 section 12.5). Pure.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace qm::serve {

// A form that can be given. parameter: what tells it from others of its type and must agree where
// the client names it ("version=0.0.4"); "" for none.
struct MediaType {
  std::string_view type;  // "text/plain"
  std::string_view parameter;
};

// The index of the one that accept likes best; of equals the one that stands first. Where accept is
// empty, or likes none, the first: an answer in a form that was not asked for is better than none.
std::size_t best_of(std::string_view accept, std::span<const MediaType> offered);

// Whether accept_encoding likes gzip, and at least as much as no encoding, where it names that.
bool takes_gzip(std::string_view accept_encoding);

}  // namespace qm::serve
