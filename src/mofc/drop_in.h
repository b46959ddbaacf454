// mofc under the names of Microsoft's tools, with their options and exit codes, so that a driver's
// build files work unchanged.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace qm::mofc {

// "…/mofcomp", "wmimofck.exe" in any case: which tool the program was called as; "" for neither.
std::string_view drop_in_name(std::string_view program_path);

// mofcomp: 0 fine, 1 no server to give the classes to, 2 wrong options, 3 errors in the text.
// Source: Microsoft's "mofcomp" page.
int run_mofcomp(std::span<char* const> arguments);

// wmimofck: 0 fine, 1 anything else. Source: Microsoft's "Using wmimofck.exe" page.
int run_wmimofck(std::span<char* const> arguments);

}  // namespace qm::mofc
