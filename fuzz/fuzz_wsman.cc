// Any bytes as a body of WS-Management: there is an answer, it is XML, and it is no longer than
// asked for. The first byte says who asks and in which encoding.
#include <cstdint>
#include <string_view>

#include "wmi/wql_testing.h"
#include "wsman/service.h"
#include "xml/encoding.h"
#include "xml/reader.h"

namespace {

using namespace qm;

struct World {
  World() {
    const wmi::ClassEntry& all = host.the("Test_All");
    wmi::BlockBuilder block(all);
    block.text("Text", "<alpha> & ]]>").set<std::uint64_t>("U64", 7);
    block.quality("U8", QM_UNAVAILABLE, QM_REASON_NO_PROBE);
    host.source.publish(host.source.add(all, "fuzz", 1), {5, 6},
                        {{"a<_0", "", true, block.block(), block.qualities()},
                         {"b_0", "", false, block.block(), block.qualities()}});
    snapshot = host.snapshot();
  }
  wmi::wql::World host;
  std::shared_ptr<const wmi::Snapshot> snapshot;
  wsman::Service service{"HOST", "0.1.0"};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static World& world = *new World;
  if (size == 0) return 0;
  wsman::Question question;
  question.content_type =
      (data[0] & 1U) != 0 ? "application/soap+xml;charset=UTF-16" : "application/soap+xml";
  question.client = (data[0] & 2U) != 0 ? "one" : "other";
  question.waited_ms = (data[0] & 4U) != 0 ? wsman::kMostWaitMs : 0;
  question.body = {reinterpret_cast<const char*>(data) + 1, size - 1};
  world.host.time.boot_ns += 1'000'000'000;  // so that enumerations end
  question.now = world.host.time;
  question.repository = world.host.repository;
  question.snapshot = [](auto) { return world.snapshot; };
  wsman::Reply reply = world.service.answer(question);
  if (reply.again_ms) {
    if (*reply.again_ms == 0) __builtin_trap();
    return 0;
  }
  const std::string body = std::move(reply.body).whole();
  if (body.size() > wsman::kMostEnvelopeBytes) __builtin_trap();
  xml::Limits limits;
  limits.bytes = 2 * wsman::kMostEnvelopeBytes;
  xml::Reader reader(limits);
  if (!reader.read(body, xml::charset_of(reply.content_type))) __builtin_trap();
  return 0;
}
