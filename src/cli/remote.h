// Queries asked of another host, over WS-Management: an Api that answers as quickmode-serve's own
// would, so that what is shown does not depend on the way it came.
//
// Promise: of /api/v1/query alone. What comes from the other host is not believed: XML within the
// limits of xml/reader.h, at most kMostRemoteRows rows and kMostRemotePulls answers; a fault is an
// Answer with its status. A password goes over TLS or to this host, and nowhere else.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "cli/api.h"
#include "cli/options.h"
#include "login/basic.h"
#include "login/secret.h"
#include "xml/reader.h"

namespace qm::cli {

inline constexpr std::size_t kMostRemoteRows = 1'000'000;
inline constexpr std::size_t kMostRemotePulls = 100'000;
inline constexpr std::uint16_t kRemotePort = 5985;
inline constexpr std::uint16_t kRemoteTlsPort = 5986;

struct RemoteUrl {
  bool tls = false;
  std::string host;  // without brackets
  std::uint16_t port = kRemotePort;
  std::string path = "/wsman";
};

// HOST, HOST:PORT, [V6]:PORT, http://…, https://…. Errors: invalid.
Result<RemoteUrl> parse_remote(std::string_view text);
std::string host_field(const RemoteUrl& url);  // of HTTP: with the port, a v6 address in brackets

// How a request goes there and its answer comes back.
class Poster {
 public:
  Poster() = default;
  Poster(const Poster&) = delete;
  Poster& operator=(const Poster&) = delete;
  virtual ~Poster() = default;
  // POST of an envelope. Errors: as Api::get.
  virtual Result<Answer> post(std::string_view envelope) = 0;
};

struct RemoteAccess {
  std::string user;  // "": without a login
  login::Secret password;
  std::string ca_file;  // whom TLS trusts, in PEM; "": whom the system trusts
};

// Over TCP, or TLS (remote_linux.cc).
class TcpPoster final : public Poster {
 public:
  TcpPoster(RemoteUrl url, RemoteAccess access, const class SignalPacer* pacer)
      : url_(std::move(url)), access_(std::move(access)), pacer_(pacer) {}
  Result<Answer> post(std::string_view envelope) override;

 private:
  RemoteUrl url_;
  RemoteAccess access_;
  const class SignalPacer* pacer_;
};

// The file's first line, else the environment's, else what the terminal is asked for
// (remote_linux.cc). Errors: io, denied, state (there is no terminal, or Ctrl-C), limit.
Result<login::Secret> password_for(std::string_view user, std::string_view host,
                                   const char* environment, const std::string& file);

class ManagementApi final : public Api {
 public:
  // url: for messages and the To of requests. poster must outlive it.
  ManagementApi(RemoteUrl url, Poster& poster) : url_(std::move(url)), poster_(poster) {}
  Result<Answer> get(std::string_view target) override;

 private:
  using Types = std::map<std::string, std::string, std::less<>>;  // of properties, by name
  struct Ask {
    std::string query, name_space, cursor;
  };
  struct Said;  // an answer's body

  Result<Answer> rows(const Ask& ask);
  Result<Answer> begin_events(const Ask& ask);
  Result<Answer> events(const Ask& ask);
  Result<Said> send(std::string_view action, const std::string& uri, std::string_view body,
                    std::string_view headers = {});
  const Types& types_of(const std::string& class_name, const std::string& name_space);
  boost::json::value value_of(const xml::Element& element, std::string_view type,
                              const std::string& name_space, unsigned depth);
  boost::json::object properties_of(const xml::Element& instance, const std::string& class_name,
                                    const std::string& name_space, unsigned depth);
  boost::json::object row_of(const xml::Element& item, const std::string& name_space);

  RemoteUrl url_;
  Poster& poster_;
  xml::Reader reader_{{.bytes = kMostAnswerBytes, .elements = 4'000'000}};
  std::map<std::string, Types, std::less<>> types_;  // by class
  std::uint64_t messages_ = 0;
};

// Of the options of a query: parses the URL, reads the password. Errors: of both.
Result<std::unique_ptr<Api>> api_of_host(const Options& options, const char* environment_password,
                                         const class SignalPacer* pacer);

}  // namespace qm::cli
