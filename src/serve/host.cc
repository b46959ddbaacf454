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

Result<Endpoint> parse_listener(std::string_view text) {
  const std::optional<NameAndPort> parts = split(text);
  if (!parts || !parts->port) {
    return fail(ErrorCode::invalid,
                fmt::format("listen on {}: want ADDRESS:PORT, such as 127.0.0.1:5985 or [::1]:0",
                            plain_text(text, 200)));
  }
  const Result<Address> address = Address::parse(parts->name);
  if (!address) {
    return fail(ErrorCode::invalid, fmt::format("listen on {}: {} is not an IP address",
                                                plain_text(text, 200), plain_text(parts->name)));
  }
  if (!is_loopback(*address)) {
    return fail(ErrorCode::denied,
                fmt::format("listen on {}: only loopback addresses (127.0.0.1, [::1]) are served: "
                            "for others a login over TLS is needed, which is not there yet; "
                            "forward the port, e.g. ssh -L 5985:127.0.0.1:5985",
                            plain_text(text, 200)));
  }
  return Endpoint{*address, *parts->port};
}

}  // namespace qm::serve
