// Hostile answers into the renderers. The first byte chooses the command, the second the surface;
// the rest, cut at NUL bytes, are the bodies of the answers in turn (the last one repeats).
// Nothing that a terminal could obey may come out.
#include <array>
#include <cstddef>
#include <cstdint>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "cli/cli.h"
#include "cli/http_answer.h"

namespace {

using namespace qm::cli;

class HostileApi final : public Api {
 public:
  explicit HostileApi(std::string_view bodies) : bodies_(bodies) {}
  qm::Result<Answer> get(std::string_view) override {
    const std::size_t end = bodies_.find('\0');
    const std::string_view body = bodies_.substr(0, end);
    if (end != std::string_view::npos) bodies_.remove_prefix(end + 1);
    return Answer{200, std::string(body)};
  }

 private:
  std::string_view bodies_;
};

class NoPacer final : public Pacer {
 public:
  void begin() override {}
  bool wait(std::uint64_t) override { return true; }
};

void check_plain(const std::string& text) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) QM_ASSERT(qm::is_plain_text(line));
}

void run_one(std::uint8_t which, std::uint8_t surface, std::string_view bodies) {
  static constexpr std::array<std::string_view, 8> kCommands{
      "show", "adapters", "sessions", "sas", "audit", "explain", "classes", "class"};
  Options options;
  options.command = kCommands[which % kCommands.size()];
  options.subject = options.command == "explain" || options.command == "class" ? "A" : "";
  options.format = static_cast<Format>(surface % 5);
  options.rates = (surface & 0x80U) != 0;
  Terminal terminal;
  terminal.utf8 = (surface & 0x40U) != 0;
  terminal.width = (surface & 0x20U) != 0 ? kLeastWidth : kDefaultWidth;
  HostileApi api(bodies);
  NoPacer pacer;
  std::ostringstream out;
  std::ostringstream err;
  Surroundings around{api, pacer, terminal, out, err};
  run(options, around);
  check_plain(out.str());
  check_plain(err.str());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view bodies(reinterpret_cast<const char*>(data) + 2, size - 2);
  run_one(data[0], data[1], bodies);
  HttpAnswer answer;
  const auto done = answer.feed(bodies);
  if (done) static_cast<void>(answer.finish());
  return 0;
}
