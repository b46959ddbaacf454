#include "serve/tls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>

namespace qm::serve {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

constexpr std::int64_t kNow_s = 1'900'000'000;
constexpr std::int64_t kDay_s = 86'400;

class TlsTest : public ::testing::Test {
 protected:
  TlsTest() {
    char path[] = "/tmp/quickmode-test-XXXXXX";
    state_dir_ = ::mkdtemp(path);
  }
  ~TlsTest() override { std::filesystem::remove_all(state_dir_); }
  TlsFiles own(std::int64_t now_s = kNow_s, const std::string& host = "san1.example.org") {
    const std::vector<std::string> names{host, "localhost", "not a, name"};
    const std::vector<Address> addresses{Address::parse("192.0.2.7").value(),
                                         Address::parse("2001:db8::7").value()};
    const auto files = own_certificate(state_dir_, names, addresses, now_s,
                                       [this](const std::string& line) { log_.push_back(line); });
    EXPECT_TRUE(files) << files.error().message;
    return files.value_or(TlsFiles{});
  }
  static std::string text(const std::string& file) {
    return login::read_private_file(file, kMostPemBytes).value();
  }
  void write(const std::string& file, const std::string& text) {
    ASSERT_TRUE(login::replace_private_file(file, text));
  }

  std::string state_dir_;
  std::vector<std::string> log_;
};

TEST_F(TlsTest, a_certificate_of_ones_own_is_made_once_and_told_of) {
  const TlsFiles files = own();
  const CertificateFacts facts = read_certificate(text(files.certificate)).value();
  EXPECT_EQ(facts.until_s, kNow_s + std::int64_t{kOwnCertificateDays} * kDay_s);
  EXPECT_EQ(facts.fingerprint.size(), 32U * 3 - 1);
  EXPECT_EQ(facts.names,
            "DNS:san1.example.org, DNS:localhost, IP Address:192.0.2.7, "
            "IP Address:2001:DB8:0:0:0:0:0:7");
  EXPECT_THAT(log_, Contains(HasSubstr(facts.fingerprint)));
  EXPECT_THAT(log_, Contains(HasSubstr("Import-Certificate")));
  struct stat info{};
  ASSERT_EQ(::stat(files.key.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  log_.clear();
  own();
  EXPECT_TRUE(log_.empty());
  EXPECT_EQ(read_certificate(text(files.certificate))->fingerprint, facts.fingerprint);
  own(facts.until_s - kSoonExpires_s);
  EXPECT_NE(read_certificate(text(files.certificate))->fingerprint, facts.fingerprint);
}

TEST_F(TlsTest, a_certificate_of_ones_own_is_made_anew_for_another_host_name) {
  const TlsFiles files = own();
  const std::string before = read_certificate(text(files.certificate))->fingerprint;
  own(kNow_s, "SAN1.example.org");
  EXPECT_EQ(read_certificate(text(files.certificate))->fingerprint, before);
  log_.clear();
  own(kNow_s, "san2.example.org");
  const CertificateFacts facts = read_certificate(text(files.certificate)).value();
  EXPECT_NE(facts.fingerprint, before);
  EXPECT_THAT(facts.names, HasSubstr("DNS:san2.example.org"));
  EXPECT_THAT(log_, Contains(HasSubstr("another name")));
}

TEST_F(TlsTest, renewed_files_are_taken_and_bad_ones_leave_the_old_in_use) {
  const TlsFiles files = own();
  const auto tls = Tls::open(files);
  ASSERT_TRUE(tls) << tls.error().message;
  const std::string first = (*tls)->facts().fingerprint;
  const Tls::Context context = (*tls)->context();
  EXPECT_FALSE((*tls)->renew().value());
  std::filesystem::remove(files.certificate);
  EXPECT_EQ((*tls)->renew().error().code, ErrorCode::not_found);
  own();  // another key, too
  EXPECT_TRUE((*tls)->renew().value());
  EXPECT_NE((*tls)->facts().fingerprint, first);
  EXPECT_NE((*tls)->context(), context);
  const Tls::Context good = (*tls)->context();
  write(files.certificate, "nonsense");
  EXPECT_THAT((*tls)->renew().error().message, HasSubstr("no certificate in PEM"));
  EXPECT_FALSE((*tls)->renew().value());  // told once
  EXPECT_EQ((*tls)->context(), good);
}

TEST_F(TlsTest, what_is_wrong_with_certificate_and_key_is_said) {
  const TlsFiles files = own();
  const std::string certificate = text(files.certificate);
  const OwnCertificate other =
      make_certificate({}, std::vector{Address::parse("::1").value()}, 1).value();
  const auto message = [&] { return Tls::open(files).error().message; };
  write(files.key, other.key);
  EXPECT_THAT(message(), HasSubstr("key.pem"));
  write(files.key, "nonsense");
  EXPECT_THAT(message(), HasSubstr("no private key in PEM"));
  write(files.key, std::string(kMostPemBytes + 1, 'x'));
  EXPECT_THAT(message(), HasSubstr("longer than"));
  EXPECT_EQ(Tls::open({files.certificate, state_dir_ + "/none"}).error().code,
            ErrorCode::not_found);
}

}  // namespace
}  // namespace qm::serve
