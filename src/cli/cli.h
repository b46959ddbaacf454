// The command line. It promises: what is shown is what quickmode-serve answered at one moment,
// unknown is never shown as 0, and nothing that others named (targets, adapters, mounts) can steer
// a terminal, a spreadsheet or a monitoring system. Scripts may rely on docs/commands.md.
//
// One thread. A command is a function of its options, an Api (what serve answers), a Pacer (the
// clock of --interval) and a Terminal (what may be printed), and writes to two streams; only
// *_linux.cc files make system calls.
// Limits: an answer of 64 MiB and 10 s (api.h), JSON 32 levels deep, arguments of 4 KiB
// (options.h), 16 candidates for a total's class (twin.h).
#pragma once

#include <iosfwd>

#include "cli/api.h"
#include "cli/model.h"
#include "cli/options.h"
#include "cli/pacer.h"
#include "cli/terminal.h"

namespace qm::cli {

// What the program's end says to scripts. 64, 69 and 74 are sysexits.h's.
enum ExitCode : int {
  kExitOk = 0,
  kExitNoMatch = 1,       // no instance of that name; audit: a session is unprotected
  kExitFailed = 1,        // user: the logins could not be read or written
  kExitUnknown = 3,       // audit: it can't be told
  kExitNoSession = 4,     // audit: there is none
  kExitUsage = 64,        // the command line is wrong, or names a class or counter that isn't there
  kExitUnavailable = 69,  // quickmode-serve can't be reached, or its answer can't be read
  kExitOutput = 74,       // the output could not be written
  kExitInterrupted = 130
};

struct Surroundings {
  Api& api;
  Pacer& pacer;
  const Terminal& terminal;
  std::ostream& out;
  std::ostream& err;
};

// Runs the command that the options name; returns the exit code.
int run(const Options& options, Surroundings& around);

// Says the error on err as "quickmode: …" and returns the exit code that goes with it.
int report(const Error& error, Surroundings& around);

// What to say when there is nothing to show: that, what the collector says about itself where
// something is wrong, and what to try. Asks for Quickmode_CollectorHealth.
void write_empty(const Instances& sample, Surroundings& around, std::ostream& out);
// The same without the first sentence.
void write_hints(const Instances& sample, Surroundings& around, std::ostream& out);

// One file a command.
int show(const Options& options, Surroundings& around);
int adapters(const Options& options, Surroundings& around);
int sessions(const Options& options, Surroundings& around);
int sas(const Options& options, Surroundings& around);
int audit(const Options& options, Surroundings& around);
int explain(const Options& options, Surroundings& around);
int classes(const Options& options, Surroundings& around);
int query(const Options& options, Surroundings& around);
int user(const Options& options, Surroundings& around);
int class_of_name(const Options& options, Surroundings& around);

}  // namespace qm::cli
