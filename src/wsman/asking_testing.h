// Envelopes for questions, as no client at hand writes them: for tests, benchmarks and the fuzzer.
#pragma once

#include <string>
#include <string_view>

#include "wsman/names.h"

namespace qm::wsman {

inline constexpr std::string_view kTestUri =
    "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/wmi/";

// A request's envelope; prefixes as no client at hand writes them, since they must not matter.
struct Asking {
  std::string action = std::string(kGet);
  std::string uri = std::string(kTestUri) + "Test_All";
  std::string headers;  // with the prefixes below
  std::string body;
  std::string text() const {
    const std::string resource =
        uri.empty() ? ""
                    : "<man:ResourceURI env:mustUnderstand=\"1\">" + uri + "</man:ResourceURI>";
    return "<?xml version=\"1.0\"?><env:Envelope xmlns:env=\"" + std::string(kSoap) +
           "\" xmlns:adr=\"" + std::string(kAddressing) + "\" xmlns:man=\"" +
           std::string(kManagement) + "\" xmlns:en=\"" + std::string(kEnumeration) +
           "\" xmlns:ev=\"" + std::string(kEventing) + "\" xmlns:cb=\"" + std::string(kCimBinding) +
           "\"><env:Header><adr:Action env:mustUnderstand=\"true\">" + action +
           "</adr:Action><adr:To>http://localhost:5985/wsman</adr:To><adr:MessageID>uuid:1-2"
           "</adr:MessageID><adr:ReplyTo><adr:Address>" +
           std::string(kAnonymous) + "</adr:Address></adr:ReplyTo>" + resource + headers +
           "</env:Header><env:Body>" + body + "</env:Body></env:Envelope>";
  }
};

inline Asking enumerate(const std::string& inside, const std::string& class_name = "Test_All",
                        std::string headers = "") {
  return {std::string(kEnumerate), std::string(kTestUri) + class_name, std::move(headers),
          "<en:Enumerate>" + inside + "</en:Enumerate>"};
}
inline constexpr std::string_view kAllAtOnce =
    "<man:OptimizeEnumeration/><man:MaxElements>1000</man:MaxElements>";

inline std::string wql_filter(std::string_view query) {
  return "<man:Filter Dialect=\"" + std::string(kWqlDialect) + "\">" + std::string(query) +
         "</man:Filter>";
}

inline Asking pull(const std::string& context, const std::string& more = "",
                   const std::string& headers = "") {
  return {std::string(kPull), std::string(kTestUri) + "Test_All", headers,
          "<en:Pull><en:EnumerationContext>" + context + "</en:EnumerationContext>" + more +
              "</en:Pull>"};
}

inline std::string selector(std::string_view name, std::string_view value) {
  return "<man:Selector Name=\"" + std::string(name) + "\">" + std::string(value) +
         "</man:Selector>";
}
inline std::string selectors(std::string_view inside) {
  return "<man:SelectorSet>" + std::string(inside) + "</man:SelectorSet>";
}

}  // namespace qm::wsman
