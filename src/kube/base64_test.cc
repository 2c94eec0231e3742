#include "kube/base64.h"

#include <gtest/gtest.h>

namespace ballast {
namespace {

TEST(Base64Test, EveryLengthComesBack) {
  std::string bytes;
  for (int i = 0; i < 70; ++i) {
    EXPECT_EQ(DecodeBase64(EncodeBase64(bytes)).value(), bytes);
    bytes += static_cast<char>(i * 37);
  }
  EXPECT_EQ(EncodeBase64("hf_x"), "aGZfeA==");
}

TEST(Base64Test, WhatIsNoneIsRefused) {
  for (const char* text : {"*", "a", "abc", "ab\xff="}) {
    EXPECT_EQ(DecodeBase64(text).status().code(), StatusCode::kInvalidArgument) << text;
  }
}

TEST(Base64Test, AValueOfASecretIsReadAndNeverNamed) {
  const Json secret = {{"metadata", {{"namespace", "ns"}, {"name", "s"}}},
                       {"data", {{"good", "aGZfeA=="}, {"bad", "hunter2*"}, {"number", 7}}}};
  EXPECT_EQ(SecretValue(secret, "good").value(), "hf_x");
  EXPECT_EQ(SecretValue(secret, "none").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(SecretValue(secret, "number").status().code(), StatusCode::kNotFound);
  const Status bad = SecretValue(secret, "bad").status();
  EXPECT_EQ(bad.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(bad.message().find("hunter2"), std::string::npos);
}

}  // namespace
}  // namespace ballast
