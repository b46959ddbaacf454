#include "serve/host.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/text.h"

namespace qm::serve {
namespace {

struct NameAndPort {
  std::string_view name;  // an address without its brackets
  std::optional<std::uint16_t> port;
};

std::optional<NameAndPort> split(std::string_view text) {
  NameAndPort out;
  std::string_view rest;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    out.name = text.substr(1, end - 1);
    rest = text.substr(end + 1);
  } else {
    const std::size_t colon = text.find(':');
    out.name = text.substr(0, colon);
    rest = colon == std::string_view::npos ? std::string_view() : text.substr(colon);
  }
  if (out.name.empty()) return std::nullopt;
  if (rest.empty()) return out;
  std::uint16_t port = 0;
  const char* const end = rest.data() + rest.size();
  const auto parsed = std::from_chars(rest.data() + 1, end, port);
  if (rest[0] != ':' || parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  out.port = port;
  return out;
}

}  // namespace

bool is_loopback(const Address& address) {
  if (address.family == Family::v4) return address.bytes[0] == 127;
  std::array<std::uint8_t, 16> one{};
  one.back() = 1;
  return address.family == Family::v6 && address.bytes == one;
}

bool is_local_host(std::string_view host, std::span<const std::string> own_names) {
  const std::optional<NameAndPort> parts = split(host);
  if (!parts) return false;
  if (const Result<Address> address = Address::parse(parts->name)) return is_loopback(*address);
  std::string_view name = parts->name;
  if (name.ends_with('.')) name.remove_suffix(1);
  return same_name(name, "localhost") ||
         std::ranges::any_of(own_names, [&](const std::string& own) {
           return !own.empty() && same_name(name, own);
         });
}

Asked<void> check_names(const Naming& naming, login::Door door,
                        std::span<const std::string> own_names) {
  if (naming.hosts > 1 || (naming.hosts == 0 && naming.http11)) {
    return refuse(400, "a request must carry one Host header");
  }
  if (door == login::Door::query_socket) return {};
  const std::string_view host = naming.authority.empty() ? naming.host : naming.authority;
  // HTTP/1.0 may name none: no browser sends that.
  const bool unnamed = naming.hosts == 0 && naming.authority.empty();
  const bool plain = door == login::Door::loopback;
  if (plain && !unnamed && !is_local_host(host, own_names)) {
    return refuse(421, fmt::format("{} is not this host; ask http://127.0.0.1:PORT or "
                                   "http://localhost:PORT",
                                   plain_text(host, 256)));
  }
  // Any page may make a browser POST here (a "simple request"); the browser then names the page.
  std::string_view origin = naming.origin;
  if (naming.get || origin.empty()) return {};
  const std::size_t scheme = origin.find("://");
  if (scheme != std::string_view::npos) origin.remove_prefix(scheme + 3);
  if (plain ? is_local_host(origin, own_names) : same_name(origin, host)) return {};
  return refuse(403, "pages of other hosts may not post here");
}

std::string Listener::url() const {
  return fmt::format("{}://{}", tls ? "https" : "http", text());
}

Result<Listener> parse_listener(std::string_view text) {
  constexpr std::string_view kHttps = "https://";
  constexpr std::string_view kHttp = "http://";
  std::string_view place = text;
  const bool https = place.starts_with(kHttps);
  const bool http = place.starts_with(kHttp);
  if (https || http) place.remove_prefix(https ? kHttps.size() : kHttp.size());
  const std::optional<NameAndPort> parts = split(place);
  if (!parts || !parts->port) {
    return fail(ErrorCode::invalid,
                fmt::format("listen on {}: want ADDRESS:PORT, such as 127.0.0.1:5985, [::1]:0 or "
                            "https://0.0.0.0:5986",
                            plain_text(text, 200)));
  }
  const Result<Address> address = Address::parse(parts->name);
  if (!address) {
    return fail(ErrorCode::invalid, fmt::format("listen on {}: {} is not an IP address",
                                                plain_text(text, 200), plain_text(parts->name)));
  }
  const Listener listener{{*address, *parts->port}, https || (!http && parts->port == kTlsPort)};
  if (!listener.tls && !is_loopback(*address)) {
    return fail(
        ErrorCode::denied,
        fmt::format("listen on {}: only loopback addresses (127.0.0.1, [::1]) are served in "
                    "plain HTTP; for others there is TLS and a login: https://{}:{}, and "
                    "`quickmode user add`",
                    plain_text(text, 200), plain_text(parts->name), *parts->port));
  }
  return listener;
}

}  // namespace qm::serve
