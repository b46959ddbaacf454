// For tests of CIM-XML: requests in words, answers read.
#pragma once

#include <fmt/format.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cimxml/responder.h"
#include "wmi/wql_testing.h"

namespace qm::cimxml {

inline std::string parameter(std::string_view name, std::string_view xml) {
  return fmt::format("<IPARAMVALUE NAME=\"{}\">{}</IPARAMVALUE>", name, xml);
}
inline std::string text_parameter(std::string_view name, std::string_view text) {
  return parameter(name, fmt::format("<VALUE>{}</VALUE>", text));
}
inline std::string class_parameter(std::string_view name, std::string_view of = "ClassName") {
  return parameter(of, fmt::format("<CLASSNAME NAME=\"{}\"/>", name));
}
inline std::string instance_parameter(std::string_view class_name, std::string_view key,
                                      std::string_view value,
                                      std::string_view of = "InstanceName") {
  return parameter(of, fmt::format("<INSTANCENAME CLASSNAME=\"{}\"><KEYBINDING NAME=\"{}\">"
                                   "<KEYVALUE VALUETYPE=\"string\">{}</KEYVALUE></KEYBINDING>"
                                   "</INSTANCENAME>",
                                   class_name, key, value));
}

inline std::string simple_request(std::string_view method, std::string_view parameters,
                                  std::string_view name_space) {
  std::string path;
  while (!name_space.empty()) {
    const std::size_t end = name_space.find('/');
    path += fmt::format("<NAMESPACE NAME=\"{}\"/>", name_space.substr(0, end));
    name_space = end == std::string_view::npos ? std::string_view{} : name_space.substr(end + 1);
  }
  return fmt::format(
      "<SIMPLEREQ><IMETHODCALL NAME=\"{}\"><LOCALNAMESPACEPATH>{}"
      "</LOCALNAMESPACEPATH>{}</IMETHODCALL></SIMPLEREQ>",
      method, path, parameters);
}

inline std::string message(std::string_view request) {
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"utf-8\"?><CIM CIMVERSION=\"2.0\" "
      "DTDVERSION=\"2.0\"><MESSAGE ID=\"1001\" PROTOCOLVERSION=\"1.0\">{}"
      "</MESSAGE></CIM>",
      request);
}

class CimWorld : public wmi::wql::World {
 public:
  explicit CimWorld(std::size_t most_bytes = kMostAnswerBytes)
      : snapshots(repository, source, {}),
        responder(
            repository, [this](auto classes) { return snapshots.take(classes, time); },
            enumerations, "HOST", most_bytes) {}

  // One instance of Test_All and two of Test_Small, one of them inactive.
  void publish() {
    const wmi::ClassEntry& all = the("Test_All");
    wmi::BlockBuilder block(all);
    block.set("U64", std::uint64_t{18'446'744'073'709'551'615U}).set("S8", std::int8_t{-5});
    block.set("R64", 1.5).set("Flag", std::uint8_t{1}).set("U32", std::uint32_t{7});
    block.set("Letter", char16_t{u'<'}).text("Text", "<small & odd>").text("Other", "x");
    block.quality("U16", QM_UNAVAILABLE, QM_REASON_GAP);
    publish_one("Test_All",
                {{"ROOT\\A&B\\<one>_0", "caption", true, block.block(), block.qualities()}});
    wmi::BlockBuilder small(the("Test_Small"));
    small.set("U64", std::uint64_t{42});
    publish_one("Test_Small", {{"<small & odd>", "", true, small.block(), small.qualities()},
                               {"off", "", false, small.block(), small.qualities()}});
  }

  void publish_one(std::string_view class_name, std::vector<wmi::MadeInstance> instances) {
    const std::uint64_t id = source.add(the(class_name), "driver", 1);
    source.publish(id, {}, std::move(instances));
  }

  struct Said {
    unsigned status = 0;
    std::string body;
    std::vector<std::pair<std::string_view, std::string>> fields;
  };
  Said send(std::string_view body, Ask ask) {
    ask.body = body;
    if (ask.operation.empty()) ask.operation = "MethodCall";
    ask.content_type = "application/xml; charset=\"utf-8\"";
    ask.client = "test";
    Reply reply = responder.answer(ask, now_ms);
    return {reply.status, std::move(reply.body).whole(), std::move(reply.fields)};
  }

  // What stands within IMETHODRESPONSE.
  std::string raw(std::string_view method, std::string_view parameters,
                  std::string_view name_space = "root/wmi") {
    Ask ask;
    ask.method = method;
    ask.object = name_space;
    const Said reply = send(message(simple_request(method, parameters, name_space)), ask);
    if (reply.status != 200) return fmt::format("{} {}", reply.status, reply.body);
    const std::string begin = fmt::format("<IMETHODRESPONSE NAME=\"{}\">", method);
    const std::size_t at = reply.body.find(begin) + begin.size();
    return reply.body.substr(at, reply.body.find("</IMETHODRESPONSE>") - at);
  }

  // The same, well-formed, one element a line.
  std::string call(std::string_view method, std::string_view parameters = {},
                   std::string_view name_space = "root/wmi") {
    std::string out = raw(method, parameters, name_space);
    xml::Reader reader;
    if (!reader.read("<a>" + out + "</a>")) return "not well-formed: " + out;
    for (std::size_t i = 0; (i = out.find("><", i)) != std::string::npos; ++i) {
      const bool opened = out[out.rfind('<', i) + 1] != '/' && out[i - 1] != '/';
      if (!opened || out.compare(i + 1, 2, "</") != 0) out.insert(i + 1, 1, '\n');
    }
    return out;
  }

  wmi::Snapshots snapshots;
  wmi::Enumerations enumerations;
  Responder responder;
  std::uint64_t now_ms = 1'000'000;
};

}  // namespace qm::cimxml
