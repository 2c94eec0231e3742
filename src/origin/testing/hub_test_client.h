// What the stand-in's tests share: a plain HTTP client (libcurl) and a stand-in with one model.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "origin/testing/hub_stand_in.h"

namespace ballast::hub {

struct Answer {
  int curl = 0;  // CURLE_OK
  long status = 0;
  std::string body;
  std::map<std::string, std::string> headers;  // lower case; of the last response
};

struct Ask {
  std::string method = "GET";
  std::string range;
  std::string token;
  std::string form;
  bool follow = false;  // up to 10 redirects
  std::vector<std::string> headers;
  std::string ca;
};

Answer Fetch(const std::string& url, const Ask& ask = {});

class StandInTest : public ::testing::Test {
 protected:
  void Start(Options options = {});
  // org/name: config.json "{}", model.safetensors `weights_`, and a text "hello" whose name must be encoded.
  void PublishModel();
  std::string Url(const std::string& path) const { return hub_->endpoint() + path; }
  std::string Resolve(const std::string& path) const { return Url("/org/name/resolve/main/" + path); }

  std::unique_ptr<StandIn> hub_;
  std::string weights_;
  std::string commit_;
};

}  // namespace ballast::hub
