// vici's other side, for tests: messages and packets as a daemon sends them. Pure.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ike/packet.h"
#include "ike/vici.h"

namespace qm::ike {

inline Bytes bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

inline void put_name(std::string& out, char element, std::string_view name) {
  out += element;
  out += static_cast<char>(name.size());
  out += name;
}

inline void put_value(std::string& out, std::string_view value) {
  out += static_cast<char>(value.size() >> 8U);
  out += static_cast<char>(value.size() & 0xffU);
  out += value;
}

inline std::string build_message(const Section& section) {
  std::string out;
  for (const auto& [name, value] : section.values) {
    put_name(out, 3, name);
    put_value(out, value);
  }
  for (const auto& [name, items] : section.lists) {
    put_name(out, 4, name);
    for (const std::string& item : items) {
      out += 5;
      put_value(out, item);
    }
    out += 6;
  }
  for (const auto& [name, inner] : section.sections) {
    put_name(out, 1, name);
    out += build_message(inner);
    out += 2;
  }
  return out;
}

inline std::string event_bytes(std::string_view name, const Section& section) {
  return packet_bytes(PacketType::event, name, build_message(section));
}

using Values = std::vector<std::pair<std::string, std::string>>;
using Lists = std::vector<std::pair<std::string, std::vector<std::string>>>;

inline Section section_of(Values values, Lists lists = {}) {
  Section section;
  section.values = std::move(values);
  section.lists = std::move(lists);
  return section;
}

inline Section inside(std::string name, Section section) {
  Section outer;
  outer.sections.emplace_back(std::move(name), std::move(section));
  return outer;
}

// An IKE SA as charon 5.9 lists it (vici_query.c, list_ike).
inline Section ike_sa(Lists tasks, std::string unique_id = "7") {
  return section_of({{"uniqueid", std::move(unique_id)},
                     {"version", "2"},
                     {"state", "ESTABLISHED"},
                     {"local-host", "10.99.0.1"},
                     {"local-port", "500"},
                     {"local-id", "10.99.0.1"},
                     {"remote-host", "10.99.0.2"},
                     {"remote-port", "500"},
                     {"remote-id", "10.99.0.2"},
                     {"initiator", "yes"},
                     {"initiator-spi", "21b050a4c5d40f0c"},
                     {"responder-spi", "6f63b5b2a276e66b"}},
                    std::move(tasks));
}

// One of the two in a child-rekey event (vici_query.c, list_child).
inline Section child_sa(std::string spi_in, std::string spi_out) {
  return section_of({{"name", "iscsi"},
                     {"uniqueid", "3"},
                     {"reqid", "5"},
                     {"state", "REKEYING"},
                     {"mode", "TRANSPORT"},
                     {"protocol", "ESP"},
                     {"spi-in", std::move(spi_in)},
                     {"spi-out", std::move(spi_out)},
                     {"encr-alg", "AES_CBC"},
                     {"encr-keysize", "128"},
                     {"bytes-in", "5325148"}},
                    {{"local-ts", {"10.99.0.1/32"}}, {"remote-ts", {"10.99.0.2/32[tcp/3260]"}}});
}

inline Section rekey_event(Section old, Section renewed) {
  Section child;
  child.sections.emplace_back("old", std::move(old));
  child.sections.emplace_back("new", std::move(renewed));
  Section ike = ike_sa({});
  ike.sections.emplace_back("child-sas", inside("iscsi", std::move(child)));
  return inside("lab", std::move(ike));
}

}  // namespace qm::ike
