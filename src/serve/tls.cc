#include "serve/tls.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "login/secret.h"
#include "serve/system.h"

namespace qm::serve {
namespace {

namespace ssl = boost::asio::ssl;
using boost::system::error_code;

constexpr const char* kCiphersOfTls12 = "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL";

// HTTP/1.1 for who asks by ALPN; who offers others alone is left without an answer (RFC 7301
// section 3.2 would rather end it, but its HTTP fails as clearly).
int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* chosen_bytes,
                    const unsigned char* offered, unsigned offered_bytes, void*) {
  static constexpr std::array<unsigned char, 9> kHttp{8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  unsigned char* found = nullptr;
  if (SSL_select_next_proto(&found, chosen_bytes, kHttp.data(), kHttp.size(), offered,
                            offered_bytes) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_NOACK;
  }
  *chosen = found;
  return SSL_TLSEXT_ERR_OK;
}

Error tls_error(const std::string& path, std::string_view what, const error_code& ec) {
  ERR_clear_error();
  return {ErrorCode::invalid,
          fmt::format("{}: {} ({})", plain_text(path), what, plain_text(ec.message(), 200))};
}

void harden_context(ssl::context& context) {
  SSL_CTX* const raw = context.native_handle();
  SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(raw, kCiphersOfTls12);
  SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION |
                               SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_num_tickets(raw, 0);
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS);  // an idle connection holds none
  SSL_CTX_set_alpn_select_cb(raw, choose_protocol, nullptr);
}

}  // namespace

Result<std::unique_ptr<Tls>> Tls::open(TlsFiles files) {
  std::unique_ptr<Tls> tls(new Tls(std::move(files)));
  TRY(tls->renew(true));
  return tls;
}

Result<bool> Tls::renew(bool always) {
  const login::FileStamp certificate = TRY(login::stamp_of(files_.certificate));
  const login::FileStamp key = TRY(login::stamp_of(files_.key));
  if (!always && certificate == certificate_stamp_ && key == key_stamp_) return false;
  certificate_stamp_ = certificate;
  key_stamp_ = key;
  const std::string before = facts_.fingerprint;
  TRY(load());
  return facts_.fingerprint != before;
}

Result<void> Tls::load() {
  const std::string certificate = TRY(login::read_private_file(files_.certificate, kMostPemBytes));
  const login::Secret key(TRY(login::read_private_file(files_.key, kMostPemBytes)));
  auto facts = read_certificate(certificate);
  if (!facts) return std::unexpected(std::move(facts).error().in(files_.certificate));
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  harden_context(*context);
  error_code ec;
  // Else OpenSSL would ask for it at the terminal.
  context->set_password_callback(
      [](std::size_t, ssl::context::password_purpose) { return std::string(); }, ec);
  context->use_certificate_chain(boost::asio::buffer(certificate), ec);
  if (ec) return std::unexpected(tls_error(files_.certificate, "OpenSSL does not take it", ec));
  context->use_private_key(boost::asio::buffer(key.text()), ssl::context::pem, ec);
  if (ec) {
    return std::unexpected(tls_error(
        files_.key, "no private key in PEM without a password, or not the certificate's", ec));
  }
  if (SSL_CTX_check_private_key(context->native_handle()) != 1) {
    return std::unexpected(tls_error(files_.key, "the key is not the certificate's", ec));
  }
  context_ = std::move(context);
  facts_ = std::move(*facts);
  return {};
}

Result<TlsFiles> own_certificate(const std::string& state_dir, std::span<const std::string> names,
                                 std::span<const Address> addresses, std::int64_t now_s,
                                 const std::function<void(const std::string&)>& say) {
  const std::string directory = state_dir + "/tls";
  const TlsFiles files{directory + "/certificate.pem", directory + "/key.pem"};
  if (const auto text = login::read_private_file(files.certificate, kMostPemBytes)) {
    const auto facts = read_certificate(*text);
    const bool lasts = facts && facts->until_s - now_s > kSoonExpires_s;
    if (lasts && login::stamp_of(files.key)) {
      if (is_for(*text, names)) return files;
      say(fmt::format("this host has another name than those in the certificate: {}",
                      facts->names));
    }
  }
  TRY(make_directory(state_dir));
  TRY(make_directory(directory));
  OwnCertificate made = TRY(make_certificate(names, addresses, now_s));
  const login::Secret key(std::move(made.key));
  TRY(login::replace_private_file(files.key, key.text()));
  TRY(login::replace_private_file(files.certificate, made.certificate, 0644));
  const CertificateFacts facts = TRY(read_certificate(made.certificate));
  say(fmt::format("made a certificate of its own: {} for {}, until {}", files.certificate,
                  facts.names, facts.until));
  say(fmt::format("its SHA-256 fingerprint: {}", facts.fingerprint));
  say("clients must be told to trust it: copy it to them (it is no secret; the key beside it is); "
      "on Windows: Import-Certificate -FilePath certificate.pem -CertStoreLocation "
      "Cert:\\LocalMachine\\Root; or name one of your own: [tls] certificate, key");
  return files;
}

}  // namespace qm::serve
