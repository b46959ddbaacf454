// Parses a class from memory, visits what was understood, and emits its binary MOF and header.
#include <quickmode/mof.h>

#include <cstdio>
#include <string>

namespace {

constexpr const char* kText = R"(
[WMI, Dynamic, Provider("WMIProv"), guid("{11111111-2222-3333-4444-555555555555}")]
class Example_Adapter
{
  [key, read] string InstanceName;
  [read] boolean Active;
  [read, WmiDataId(1), Description("Frames that arrived.")] uint64 FramesReceived;
  [read, WmiDataId(2), MaxLen(15)] string Label;
};
)";

class Printer : public qm::mof::Visitor {
 public:
  void the_class(const qm::mof::Class& one) override {
    std::printf("class %s\n", std::string(one.name).c_str());
  }
  void property(const qm::mof::Class&, const qm::mof::Property& one) override {
    const std::string type(qm::mof::type_name(one.type));
    std::printf("  %s %s\n", type.c_str(), std::string(one.name).c_str());
  }
};

}  // namespace

int main() {
  qm::Diagnostics diagnostics;
  const qm::mof::Model model = qm::mof::compile(
      {"example.mof"}, qm::mof::memory_reader({{"example.mof", kText}}), {}, diagnostics);
  std::fputs(diagnostics.text().c_str(), stderr);
  if (diagnostics.has_errors()) return 1;

  Printer printer;
  qm::mof::visit(model, printer);
  const qm::mof::Layout layout = qm::mof::layout_of(model, model.classes.front());
  std::printf("%u bytes in a data block\n", layout.bytes);

  const qm::Result<std::string> binary = qm::mof::write_bmf(model);
  if (!binary) return 1;
  std::printf("%zu bytes of header, binary MOF begins with %s\n",
              qm::mof::emit_header(model, {.guard = "_example_h_"}).size(),
              binary->substr(0, 4).c_str());
  return 0;
}
