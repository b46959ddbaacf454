#include "cli/tls_client.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <limits>

#include "base/text.h"

namespace qm::cli {
namespace {

struct FreeContext {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
struct FreeSession {
  void operator()(SSL* session) const { SSL_free(session); }
};

std::string last_reason() {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  ERR_clear_error();
  return reason == nullptr ? "no reason was given" : reason;
}

class OpenSslClient final : public TlsClient {
 public:
  Result<void> open(const std::string& host, const std::string& ca_file) {
    host_ = host;
    context_.reset(SSL_CTX_new(TLS_client_method()));
    if (!context_) return fail(ErrorCode::limit, "TLS: " + last_reason());
    SSL_CTX_set_min_proto_version(context_.get(), TLS1_2_VERSION);
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
    const bool trusts = ca_file.empty() ? SSL_CTX_set_default_verify_paths(context_.get()) == 1
                                        : SSL_CTX_load_verify_locations(
                                              context_.get(), ca_file.c_str(), nullptr) == 1;
    if (!trusts) {
      return fail(ErrorCode::invalid, fmt::format("{}: no certificate in PEM ({})",
                                                  plain_text(ca_file), last_reason()));
    }
    session_.reset(SSL_new(context_.get()));
    in_ = BIO_new(BIO_s_mem());
    out_ = BIO_new(BIO_s_mem());
    if (!session_ || in_ == nullptr || out_ == nullptr) {
      BIO_free(in_);
      BIO_free(out_);
      return fail(ErrorCode::limit, "TLS: " + last_reason());
    }
    BIO_set_mem_eof_return(in_, -1);         // no bytes yet is not the end
    SSL_set_bio(session_.get(), in_, out_);  // which frees them
    SSL_set_connect_state(session_.get());
    return name_peer();
  }

  void feed(std::string_view received) override {
    while (!received.empty()) {
      const int took = BIO_write(in_, received.data(), chunk(received));
      if (took <= 0) return;  // out of memory: the handshake or the answer will lack it
      received.remove_prefix(static_cast<std::size_t>(took));
    }
  }

  std::string to_send() override {
    std::string out(BIO_ctrl_pending(out_), '\0');
    const int got = out.empty() ? 0 : BIO_read(out_, out.data(), chunk(out));
    out.resize(static_cast<std::size_t>(std::max(got, 0)));
    return out;
  }

  Result<bool> handshake() override {
    const int done = SSL_do_handshake(session_.get());
    if (done == 1) return true;
    if (wants_more(done)) return false;
    const long verdict = SSL_get_verify_result(session_.get());
    if (verdict == X509_V_OK) {
      return fail(ErrorCode::invalid, fmt::format("{}: TLS fails: {}", host_, last_reason()));
    }
    ERR_clear_error();
    return fail(ErrorCode::denied,
                fmt::format("{}: its certificate is not trusted: {}; copy the certificate of "
                            "that host here and name it with --ca-file",
                            host_, X509_verify_cert_error_string(verdict)));
  }

  Result<void> write(std::string_view text) override {
    while (!text.empty()) {
      const int took = SSL_write(session_.get(), text.data(), chunk(text));
      if (took <= 0) return fail(ErrorCode::io, fmt::format("{}: TLS: {}", host_, last_reason()));
      text.remove_prefix(static_cast<std::size_t>(took));
    }
    return {};
  }

  Result<std::string> read() override {
    std::string out;
    std::array<char, 16'384> buffer;  // a record's most
    for (;;) {
      const int got = SSL_read(session_.get(), buffer.data(), buffer.size());
      if (got > 0) {
        out.append(buffer.data(), static_cast<std::size_t>(got));
        continue;
      }
      const int why = SSL_get_error(session_.get(), got);
      ERR_clear_error();
      if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ||
          why == SSL_ERROR_ZERO_RETURN) {
        return out;
      }
      return fail(ErrorCode::io, fmt::format("{}: TLS: the answer is broken", host_));
    }
  }

 private:
  static int chunk(std::string_view text) {
    return static_cast<int>(std::min<std::size_t>(text.size(), std::numeric_limits<int>::max()));
  }

  bool wants_more(int result) {
    const int why = SSL_get_error(session_.get(), result);
    return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE;
  }

  // Whom the certificate must be for. An address is told to nobody by SNI (RFC 6066 section 3).
  Result<void> name_peer() {
    X509_VERIFY_PARAM* const wanted = SSL_get0_param(session_.get());
    X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (X509_VERIFY_PARAM_set1_ip_asc(wanted, host_.c_str()) == 1) return {};
    ERR_clear_error();
    if (X509_VERIFY_PARAM_set1_host(wanted, host_.c_str(), 0) == 1 &&
        SSL_set_tlsext_host_name(session_.get(), host_.c_str()) == 1) {
      return {};
    }
    return fail(ErrorCode::invalid, fmt::format("{}: no host's name", plain_text(host_)));
  }

  std::string host_;
  std::unique_ptr<SSL_CTX, FreeContext> context_;
  std::unique_ptr<SSL, FreeSession> session_;
  BIO* in_ = nullptr;  // the session's
  BIO* out_ = nullptr;
};

}  // namespace

Result<std::unique_ptr<TlsClient>> TlsClient::make(const std::string& host,
                                                   const std::string& ca_file) {
  auto client = std::make_unique<OpenSslClient>();
  TRY(client->open(host, ca_file));
  return client;
}

}  // namespace qm::cli
