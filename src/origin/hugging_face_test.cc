#include "origin/hugging_face.h"

#include <gmock/gmock.h>

#include "base/testing/fake_clock.h"
#include "origin/testing/hub_stand_in.h"
#include "origin/testing/origin_conformance.h"

namespace ballast {
namespace {

using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

std::string Bytes(size_t size) {
  std::string bytes(size, '\0');
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 31 + i / 251);
  return bytes;
}

const std::string kWeights = Bytes(300'000);

std::vector<hub::File> Files() {
  return {{.path = "model.safetensors", .bytes = kWeights},
          {.path = "config.json", .bytes = "{\"a\": 1}"},
          {.path = "sub dir/na\xc3\xafve +notes#1.txt", .bytes = "hello"},
          {.path = "empty", .bytes = ""}};
}

ModelRef Ref(const std::string& text = "hf://org/name") { return *ModelRef::Parse(text); }

std::unique_ptr<hub::StandIn> StartHub(hub::Options options = {}) {
  auto hub = hub::StandIn::Start(std::move(options));
  BALLAST_CHECK(hub.ok()) << hub.status();
  BALLAST_CHECK((*hub)->Publish("org/name", Files()).ok());
  return *std::move(hub);
}

HuggingFaceOptions OptionsFor(const hub::StandIn& hub) {
  HuggingFaceOptions options{.endpoint = hub.endpoint()};
  options.http.allow_private_addresses = true;
  options.http.stall = {.silence = std::chrono::milliseconds(300),
                        .window = std::chrono::milliseconds(600),
                        .min_bytes_per_second = 10'000};
  return options;
}

struct HubUnderTest : OriginUnderTest {
  explicit HubUnderTest(hub::Options options = {}) : hub(StartHub(std::move(options))) {}
  Origin& origin() override { return *hugging_face; }
  ModelRef ref() const override { return Ref(); }
  ModelRef unknown_ref() const override { return Ref("hf://org/other"); }
  std::map<std::string, std::string> content() const override {
    std::map<std::string, std::string> content;
    for (const auto& file : Files()) content[file.path] = file.bytes;
    return content;
  }
  FakeClock clock;
  std::unique_ptr<hub::StandIn> hub;
  std::unique_ptr<HuggingFace> hugging_face = *HuggingFace::Make(OptionsFor(*hub), clock);
};

std::unique_ptr<OriginUnderTest> MakeHub() { return std::make_unique<HubUnderTest>(); }
std::unique_ptr<OriginUnderTest> MakePagedMirror() {
  return std::make_unique<HubUnderTest>(
      hub::Options{.prefix = "/api/hf-remote", .page_size = 1, .resolve_cache = true});
}
INSTANTIATE_TEST_SUITE_P(Hub, OriginConformanceTest, testing::Values(&MakeHub));
INSTANTIATE_TEST_SUITE_P(PagedMirrorWithPrefix, OriginConformanceTest, testing::Values(&MakePagedMirror));

}  // namespace
}  // namespace ballast
