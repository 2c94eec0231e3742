#include <curl/curl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <filesystem>
#include <memory>

#include "base/strings.h"
#include "origin/testing/hub_test_client.h"

namespace ballast::hub {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// A self-signed certificate for both loopback addresses, as files that go with the test.
class TlsTest : public StandInTest {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(folder_);
    std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
    std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_new(), &X509_free);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("hub"), -1, -1, 0);
    X509_set_issuer_name(certificate.get(), X509_get_subject_name(certificate.get()));
    X509_EXTENSION* names = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "IP:127.0.0.1,IP:127.0.0.2");
    X509_add_ext(certificate.get(), names, -1);
    X509_EXTENSION_free(names);
    X509_set_version(certificate.get(), X509_VERSION_3);
    X509_set_pubkey(certificate.get(), key.get());
    ASSERT_GT(X509_sign(certificate.get(), key.get(), EVP_sha256()), 0);
    Write(certificate_, [&](FILE* file) { return PEM_write_X509(file, certificate.get()); });
    Write(key_,
          [&](FILE* file) { return PEM_write_PrivateKey(file, key.get(), nullptr, nullptr, 0, nullptr, nullptr); });
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  template <typename Writer>
  void Write(const std::filesystem::path& path, Writer writer) {
    std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "w"), &std::fclose);
    ASSERT_TRUE(file != nullptr && writer(file.get()) == 1);
  }

  const std::filesystem::path folder_ = std::filesystem::path(::testing::TempDir()) / StrCat("hub-tls-", getpid());
  const std::filesystem::path certificate_ = folder_ / "certificate.pem";
  const std::filesystem::path key_ = folder_ / "key.pem";
};

TEST_F(TlsTest, BothPortsSpeakTlsWithTheGivenCertificate) {
  Start({.certificate = certificate_, .key = key_});
  PublishModel();
  EXPECT_THAT(hub_->endpoint(), StartsWith("https://"));
  Answer answer = Fetch(Resolve("model.safetensors"), {.follow = true, .ca = certificate_});
  EXPECT_EQ(answer.curl, CURLE_OK);
  EXPECT_EQ(answer.body, weights_);
  EXPECT_EQ(Fetch(Resolve("model.safetensors"), {.range = "10-19", .follow = true, .ca = certificate_}).body,
            weights_.substr(10, 10));
}

TEST_F(TlsTest, StrangersToTheCaAreTurnedAway) {
  Start({.certificate = certificate_, .key = key_});
  EXPECT_EQ(Fetch(Resolve("config.json")).curl, CURLE_PEER_FAILED_VERIFICATION);
}

TEST_F(TlsTest, AMissingCertificateIsNamed) {
  auto started = StandIn::Start({.certificate = folder_ / "none.pem", .key = key_});
  EXPECT_EQ(started.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(started.status().message(), HasSubstr("none.pem"));
}

}  // namespace
}  // namespace ballast::hub
