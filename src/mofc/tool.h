// The mofc program as a library: its command line in, its exit code out.
#pragma once

namespace qm::mofc {

// Runs `mofc` with main's arguments; writes to standard output, standard error and the files that
// -o names. Returns 0 when all is fine, 1 when the input has errors or a file could not be read or
// written, 64 when the command line is wrong.
int run_mofc(int argc, char** argv);

}  // namespace qm::mofc
