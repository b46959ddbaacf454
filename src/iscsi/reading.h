// One scan's way to the tree: below a root, with the list of what went wrong. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "iscsi/inventory.h"

namespace qm::iscsi {

// Problems in words, each once, at most kMostProblems; the last one counts what is left out.
class Problems {
 public:
  void add(std::string_view problem);  // made plain text
  std::vector<std::string> take() &&;

 private:
  std::vector<std::string> texts_;
  std::size_t left_out_ = 0;
};

struct Reading {
  const FileTree& tree;
  std::string root;  // ends with '/'
  Problems& problems;

  std::string path(std::string_view below_root) const { return root + std::string(below_root); }

  // An attribute's text; "" when it is not there, not set ("(null)"), or can't be had now. What is
  // neither absent nor disconnected is a problem.
  std::string text(const std::string& path) const;
  // The names in a directory; none when it does not exist, a problem when it can't be read.
  std::vector<std::string> names(const std::string& path) const;
  void note(const Error& error) const { problems.add(error.message); }
};

// The decimal number after a prefix ("session12" after "session"): the whole rest must be one,
// without leading zeros.
std::optional<std::uint32_t> number_after(std::string_view prefix, std::string_view text);

std::string_view base_name(std::string_view path);    // what stands after the last '/'
std::string_view parent_path(std::string_view path);  // what stands before it

}  // namespace qm::iscsi
