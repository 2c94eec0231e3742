// What the tests of origins share: a hub stand-in with one model, and a HuggingFace that asks it.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/testing/fake_clock.h"
#include "origin/hugging_face.h"
#include "origin/testing/hub_stand_in.h"

namespace ballast {

inline std::string TestBytes(size_t size) {
  std::string bytes(size, '\0');
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 31 + i / 251);
  return bytes;
}

inline std::vector<hub::File> HubFiles() {
  return {{.path = "config.json", .bytes = "{\"a\": 1}"},
          {.path = "empty", .bytes = ""},
          {.path = "model.safetensors", .bytes = TestBytes(300'000)},
          {.path = "sub dir/na\xc3\xafve +notes#1.txt", .bytes = "hello"}};
}

inline ModelRef HubRef(const std::string& text = "hf://org/name") {
  auto ref = ModelRef::Parse(text);
  BALLAST_CHECK(ref.ok()) << ref.status();
  return *ref;
}

inline std::unique_ptr<hub::StandIn> StartHub(hub::Options options = {}) {
  auto hub = hub::StandIn::Start(std::move(options));
  BALLAST_CHECK(hub.ok()) << hub.status();
  BALLAST_CHECK((*hub)->Publish("org/name", HubFiles()).ok());
  return *std::move(hub);
}

// Loopback is allowed.
inline HuggingFaceOptions HubOptions(const hub::StandIn& hub) {
  HuggingFaceOptions options{.endpoint = hub.endpoint()};
  options.http.allow_private_addresses = true;
  return options;
}

class HubTest : public testing::Test {
 protected:
  void Start(hub::Options options = {}) {
    hub_ = StartHub(std::move(options));
    Connect(HubOptions(*hub_));
  }
  void Connect(HuggingFaceOptions options) {
    auto made = HuggingFace::Make(std::move(options), clock_);
    BALLAST_CHECK(made.ok()) << made.status();
    origin_ = *std::move(made);
  }
  // An origin that soon gives up on a stalled answer, for tests of stalled answers only.
  void ConnectImpatiently() {
    HuggingFaceOptions options = HubOptions(*hub_);
    options.http.stall = {.silence = std::chrono::milliseconds(250),
                          .window = std::chrono::milliseconds(500),
                          .min_bytes_per_second = 10'000};
    Connect(std::move(options));
  }
  void ConnectWithToken(const std::string& token) {
    HuggingFaceOptions options = HubOptions(*hub_);
    options.token.value = token;
    Connect(std::move(options));
  }

  Result<ResolvedModel> Resolve(const std::string& ref = "hf://org/name", const PathFilter& filter = {}) {
    return origin_->Resolve(HubRef(ref), filter, {});
  }
  // The error of a Resolve() that must fail.
  Status Refusal(const std::string& ref = "hf://org/name") { return Resolve(ref).status(); }

  static const RemoteFile& FileOf(const ResolvedModel& model, const std::string& path) {
    for (const RemoteFile& file : model.files) {
      if (file.path.str() == path) return file;
    }
    BALLAST_CHECK(false) << "no " << path;
    std::abort();
  }
  // Into got_, which is cleared first.
  Status Read(const ResolvedModel& model, const std::string& path, ByteRange range, std::stop_token stop = {}) {
    got_.clear();
    const auto sink = [this](std::span<const std::byte> bytes) {
      got_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
      return OkStatus();
    };
    return origin_->Read(model, FileOf(model, path), range, sink, std::move(stop));
  }
  Status ReadWeights(const ResolvedModel& model, ByteRange range = {1000, 290'000}) {
    return Read(model, "model.safetensors", range);
  }
  std::string Weights(ByteRange range = {1000, 290'000}) const { return weights_.substr(range.begin, range.size()); }

  // Not EXPECT_EQ: nobody wants to read 300,000 bytes.
  bool Got(ByteRange range = {1000, 290'000}) const { return got_ == Weights(range); }

  int CountRequests(hub::Port port) const {
    int count = 0;
    for (const auto& request : hub_->requests()) count += request.port == port ? 1 : 0;
    return count;
  }

  FakeClock clock_;
  std::unique_ptr<hub::StandIn> hub_;
  std::unique_ptr<HuggingFace> origin_;
  const std::string weights_ = TestBytes(300'000);
  std::string got_;
};

}  // namespace ballast
