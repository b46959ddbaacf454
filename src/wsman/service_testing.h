// For tests of WS-Management: a namespace with instances, and the one who answers about it.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wmi/wql_testing.h"
#include "wsman/asking_testing.h"
#include "wsman/names.h"
#include "wsman/service.h"
#include "xml/encoding.h"
#include "xml/reader.h"

namespace qm::wsman {

// An answer as it is sent.
struct Said {
  unsigned status = 0;
  std::string content_type;
  std::string body;
  std::optional<std::uint64_t> again_ms;
};

// The same, read as a client would.
struct Told {
  Said reply;
  std::shared_ptr<const xml::Document> document;
  const xml::Element* header = nullptr;
  const xml::Element* body = nullptr;  // the first element in s:Body

  std::string action() const { return text(header->child(kAddressing, "Action")); }
  static std::string text(const xml::Element* element) {
    return element == nullptr ? "(none)" : std::string(element->text);
  }
  // The elements of a list, whichever namespace it is of.
  std::vector<const xml::Element*> items() const {
    std::vector<const xml::Element*> out;
    const xml::Element* list = body->child(kManagement, "Items");
    if (list == nullptr) list = body->child(kEnumeration, "Items");
    if (list == nullptr) return out;
    for (const auto* one = list->first_child; one != nullptr; one = one->next) out.push_back(one);
    return out;
  }
  std::string context() const { return text(body->child(kEnumeration, "EnumerationContext")); }
  // "s:Sender w:EncodingLimit MaxEnvelopeSize".
  std::string fault() const {
    if (body == nullptr || !body->is(kSoap, "Fault")) return "(no fault)";
    const xml::Element* code = body->child(kSoap, "Code");
    const xml::Element* sub = code->child(kSoap, "Subcode");
    std::string out = text(code->child(kSoap, "Value"));
    if (sub != nullptr) out += " " + text(sub->child(kSoap, "Value"));
    const xml::Element* detail = body->child(kSoap, "Detail")->child(kManagement, "FaultDetail");
    if (detail != nullptr) out += " " + text(detail).substr(text(detail).rfind('/') + 1);
    return out;
  }
  std::string reason() const { return text(body->child(kSoap, "Reason")->child(kSoap, "Text")); }
};

// The values of a property, whatever its namespace: nil as "nil".
inline std::string values_of(const xml::Element& instance, std::string_view name) {
  std::string out;
  for (const auto* one = instance.first_child; one != nullptr; one = one->next) {
    if (one->name != name) continue;
    if (!out.empty()) out += ",";
    const bool nil = one->attribute(kInstance, "nil") == "true";
    const xml::Element* inner = one->first_child;
    out += nil ? "nil" : std::string(inner != nullptr ? inner->text : one->text);
  }
  return out;
}

class WsManTest : public ::testing::Test {
 protected:
  WsManTest() {
    using wmi::BlockBuilder;
    BlockBuilder one(world_.the("Test_All"));
    one.set<std::uint8_t>("U8", 200).set<std::int8_t>("S8", -5).set<std::uint16_t>("U16", 60'000);
    one.set<std::uint64_t>("U64", ~std::uint64_t{0}).set<std::int64_t>("S64", INT64_MIN);
    one.set<float>("R32", 1.5F).set<double>("R64", -2.25).set<std::uint8_t>("Flag", 1);
    one.set<char16_t>("Letter", u'<').text("Text", "]]> <a&b> \"ü\"").text("Other", " x ");
    one.set("When", units(u"20260101120000.000000+060"));
    one.set("List", std::array<std::uint32_t, 3>{1, 2, 3});
    BlockBuilder two(world_.the("Test_All"));
    two.set<std::uint64_t>("U64", 7).text("Text", "small").set<std::int64_t>("S64", -7);
    two.quality("U16", QM_UNAVAILABLE, QM_REASON_NO_PROBE);
    all_ = world_.source.add(world_.the("Test_All"), "one", 1);
    all_instances_ = {{"A\\<one>&_0", "", true, one.block(), one.qualities()},
                      {"two_0", "", true, two.block(), two.qualities()},
                      {"off_0", "", false, two.block(), two.qualities()}};
    world_.source.publish(all_, {5, 6}, all_instances_);
    small_ = world_.source.add(world_.the("Test_Small"), "two", 2);
    publish_small(5);
  }

  static std::array<char16_t, 25> units(std::u16string_view text) {
    std::array<char16_t, 25> out{};
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = text[i];
    return out;
  }

  void publish_small(std::uint64_t value) {
    wmi::BlockBuilder small(world_.the("Test_Small"));
    small.set<std::uint64_t>("U64", value);
    world_.source.publish(small_, {5, 6}, {{"small", "", true, small.block(), small.qualities()}});
  }

  // Both classes anew, so that no part is the old snapshot's.
  void publish_both(std::uint64_t value) {
    world_.source.publish(all_, {5, 6}, all_instances_);
    publish_small(value);
  }

  Said ask_bytes(std::string_view bytes,
                 std::string_view type = "application/soap+xml;charset=UTF-8") {
    Question question;
    question.content_type = type;
    question.body = bytes;
    question.client = client_;
    question.now = world_.time;
    question.repository = world_.repository;
    question.snapshot = [this](auto) { return world_.snapshot(); };
    question.waited_ms = waited_ms_;
    Reply reply = service_->answer(question);
    return {reply.status, std::move(reply.content_type), std::move(reply.body).whole(),
            reply.again_ms};
  }

  Told read(Said reply) {
    Told out;
    out.reply = std::move(reply);
    xml::Limits limits;
    limits.bytes = 2 * kMostEnvelopeBytes;
    xml::Reader reader(limits);
    auto document = reader.read(out.reply.body, xml::charset_of(out.reply.content_type));
    EXPECT_TRUE(document) << out.reply.body.substr(0, 2'048);
    if (!document) return out;
    out.document = std::make_shared<const xml::Document>(std::move(*document));
    out.header = out.document->root().child(kSoap, "Header");
    out.body = out.document->root().child(kSoap, "Body")->first_child;
    return out;
  }

  Told ask(const Asking& asking) { return read(ask_bytes(asking.text())); }
  std::string fault_of(const Asking& asking) { return ask(asking).fault(); }

  void pass_ms(std::uint64_t ms) {
    world_.time.boot_ns += ms * 1'000'000;
    world_.time.filetime_100ns += ms * 10'000;
  }

  wmi::wql::World world_;
  std::uint64_t all_ = 0;
  std::uint64_t small_ = 0;
  std::vector<wmi::MadeInstance> all_instances_;
  std::string client_ = "here";
  std::uint64_t waited_ms_ = 0;
  std::unique_ptr<Service> service_ = std::make_unique<Service>("HOST", "0.1.0");
};

}  // namespace qm::wsman
