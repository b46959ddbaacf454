// Where mofc's words go. All system calls of the folder are in file_linux.cc.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace qm::mof {

inline constexpr std::string_view kStandardInput = "-";  // in a path's place

// The bytes of a regular file, or of standard input. Errors: `not_found`, `limit` beyond
// most_bytes, `invalid` for what is no regular file, `denied`, `io`.
Result<std::string> read_file(const std::string& path, std::size_t most_bytes);

// Its first bytes, fewer when it has no more. Errors: `invalid`, `denied`, `io`.
Result<std::string> read_front(const std::string& path, std::size_t bytes);

// Has the kernel begin to read a file that will be read soon. Whether it is there shows then.
void read_ahead(const std::string& path);
// Whether reading it would wait for a disk, as far as its first byte tells.
bool must_be_fetched(const std::string& path);

// Replaces the file as a whole: a temporary file beside it, then rename. What was there stays
// when anything fails. Error `io` or `denied`.
Result<bool> write_file(const std::string& path, std::string_view bytes);

Result<bool> write_output(std::string_view bytes);  // standard output
void write_error(std::string_view bytes);           // standard error; nobody to tell when it fails
bool error_is_terminal();

}  // namespace qm::mof
