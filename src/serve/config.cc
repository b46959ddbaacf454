#include "serve/config.h"

#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
#include <fmt/format.h>
#include <toml++/toml.h>

#include <functional>
#include <span>

#include "base/text.h"
#include "serve/host.h"

namespace qm::serve {
namespace {

struct Place {
  std::string_view file_name;
  const toml::node& node;
};

std::unexpected<Error> complaint(const Place& place, std::string_view what) {
  return fail(ErrorCode::invalid,
              fmt::format("{}:{}: {}", place.file_name, place.node.source().begin.line, what));
}

Result<std::string> text_at(const Place& place, std::string_view key) {
  const auto* text = place.node.as_string();
  if (text == nullptr) return complaint(place, fmt::format("{} must be a string", key));
  if (!is_plain_text(text->get())) {
    return complaint(place, fmt::format("{} holds control characters", key));
  }
  return text->get();
}

Result<std::vector<std::string>> texts_at(const Place& place, std::string_view key) {
  const auto* list = place.node.as_array();
  if (list == nullptr || list->size() > kMostConfigList) {
    return complaint(place,
                     fmt::format("{} must be a list of at most {} strings", key, kMostConfigList));
  }
  std::vector<std::string> texts;
  for (const toml::node& node : *list) texts.push_back(TRY(text_at({place.file_name, node}, key)));
  return texts;
}

Result<void> set_listen(const Place& place, Config& config) {
  config.listen = TRY(texts_at(place, "serve.listen"));
  for (const std::string& one : config.listen) {
    if (const auto listener = parse_listener(one); !listener) {
      return complaint(place, listener.error().message);
    }
  }
  return {};
}

Result<void> set_mode(const Place& place, Config& config) {
  const std::string text = TRY(text_at(place, "query.mode"));
  unsigned mode = 0;
  for (const char c : text)
    mode = c >= '0' && c <= '7' && mode <= 0777 ? mode * 8U + unsigned(c - '0') : ~0U;
  if (text.empty() || mode > 0777) {
    return complaint(place, "query.mode must be an octal mode in quotes, such as \"0660\"");
  }
  config.query_mode = mode;
  return {};
}

Result<void> set_loopback(const Place& place, Config& config) {
  const std::string text = TRY(text_at(place, "login.loopback"));
  if (text != "read" && text != "password") {
    return complaint(place,
                     "login.loopback must be \"read\" (no login is needed there) or "
                     "\"password\"");
  }
  config.loopback_password = text == "password";
  return {};
}

Result<void> set_identify(const Place& place, Config& config) {
  const auto* flag = place.node.as_boolean();
  if (flag == nullptr) return complaint(place, "login.identify must be true or false");
  config.identify = flag->get();
  return {};
}

struct Key {
  std::string_view section;
  std::string_view name;
  Result<void> (*set)(const Place&, Config&);
};

constexpr Key kKeys[] = {
    {"serve", "listen", set_listen},
    {"tls", "certificate",
     [](const Place& place, Config& config) -> Result<void> {
       config.tls_certificate = TRY(text_at(place, "tls.certificate"));
       return {};
     }},
    {"tls", "key",
     [](const Place& place, Config& config) -> Result<void> {
       config.tls_key = TRY(text_at(place, "tls.key"));
       return {};
     }},
    {"login", "loopback", set_loopback},
    {"login", "identify", set_identify},
    {"classes", "dir",
     [](const Place& place, Config& config) -> Result<void> {
       config.class_dir = TRY(text_at(place, "classes.dir"));
       return {};
     }},
    {"query", "mode", set_mode},
    {"query", "group",
     [](const Place& place, Config& config) -> Result<void> {
       config.query_group = TRY(text_at(place, "query.group"));
       return {};
     }},
    {"providers", "users",
     [](const Place& place, Config& config) -> Result<void> {
       config.provider_users = TRY(texts_at(place, "providers.users"));
       return {};
     }},
    {"providers", "groups",
     [](const Place& place, Config& config) -> Result<void> {
       config.provider_groups = TRY(texts_at(place, "providers.groups"));
       return {};
     }},
};

std::string known_keys() {
  std::string out;
  for (const Key& key : kKeys) {
    out += fmt::format("{}{}.{}", out.empty() ? "" : ", ", key.section, key.name);
  }
  return out;
}

Result<void> set_section(std::string_view section, const Place& place, Config& config) {
  const auto unknown = [&](const Place& at, std::string_view name) {
    return complaint(
        at, fmt::format("unknown key {}; there are {}", plain_text(name, 200), known_keys()));
  };
  const toml::table* table = place.node.as_table();
  if (table == nullptr) return unknown(place, section);
  for (const auto& [name, node] : *table) {
    const Place at{place.file_name, node};
    const Key* found = nullptr;
    for (const Key& key : kKeys) {
      if (key.section == section && key.name == name.str()) found = &key;
    }
    if (found == nullptr) return unknown(at, fmt::format("{}.{}", section, name.str()));
    TRY(found->set(at, config));
  }
  return {};
}

}  // namespace

Result<Config> parse_config(std::string_view text, std::string_view file_name, Config base) {
  if (text.size() > kMostConfigBytes) {
    return fail(ErrorCode::limit,
                fmt::format("{}: longer than {} bytes", file_name, kMostConfigBytes));
  }
  const toml::parse_result parsed = toml::parse(text);
  if (!parsed) {
    return fail(ErrorCode::invalid,
                fmt::format("{}:{}: {}", file_name, parsed.error().source().begin.line,
                            plain_text(parsed.error().description())));
  }
  for (const auto& [name, node] : parsed.table()) {
    TRY(set_section(name.str(), {file_name, node}, base));
  }
  if (base.tls_certificate.empty() != base.tls_key.empty()) {
    return fail(ErrorCode::invalid,
                fmt::format("{}: tls.certificate and tls.key go together: name both, or neither "
                            "for a certificate of one's own",
                            file_name));
  }
  return base;
}

}  // namespace qm::serve
