// CIM-XML from anybody: every request gets an answer, and that is well-formed XML or a sentence.
// The input: five lines of a header (CIMOperation, CIMMethod, CIMObject, CIMBatch,
// CIMProtocolVersion), then the body.
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "cimxml/responder_testing.h"
#include "xml/reader.h"

namespace {

std::string_view line_of(std::string_view& rest) {
  const std::size_t end = rest.find('\n');
  const std::string_view line = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  return line;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static qm::cimxml::CimWorld& world = [] -> qm::cimxml::CimWorld& {
    static qm::cimxml::CimWorld made;
    made.publish();
    return made;
  }();
  static qm::xml::Reader reader({.bytes = std::size_t{1} << 30U,
                                 .depth = 1'000,
                                 .elements = std::size_t{1} << 30U,
                                 .attributes = 1'000,
                                 .text_bytes = std::size_t{1} << 30U});
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  qm::cimxml::Ask ask;
  ask.operation = line_of(rest);
  ask.method = line_of(rest);
  ask.object = line_of(rest);
  ask.batch = line_of(rest);
  ask.protocol = line_of(rest);
  ask.body = rest;
  ask.client = "fuzz";
  world.now_ms += 50;
  qm::cimxml::Reply reply = world.responder.answer(ask, world.now_ms);
  QM_ASSERT(reply.status == 200 || reply.status == 400 || reply.status == 501);
  QM_ASSERT(reply.status != 200 || reader.read(std::move(reply.body).whole()));
  return 0;
}
