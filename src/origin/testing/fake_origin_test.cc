#include "origin/testing/fake_origin.h"

#include <gmock/gmock.h>

#include "origin/testing/origin_conformance.h"

namespace ballast {
namespace {

using testing::ElementsAre;
using Call = FakeOrigin::ReadCall;

std::string Bytes(size_t size) {
  std::string bytes(size, '\0');
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 31 + i / 251);
  return bytes;
}

const std::vector<FakeFile>& Files() {
  static const std::vector<FakeFile> files = {{"model.safetensors", Bytes(150'000)},
                                              {"config.json", "{}", FakeFileKind::kPlain},
                                              {"sub/empty", "", FakeFileKind::kUnnamed}};
  return files;
}

ModelRef Ref(const char* text = "hf://org/name") { return *ModelRef::Parse(text); }

struct FakeUnderTest final : OriginUnderTest {
  FakeUnderTest() { fake.Put("hf://org/name", Files()); }
  Origin& origin() override { return fake; }
  ModelRef ref() const override { return Ref(); }
  ModelRef unknown_ref() const override { return Ref("hf://org/other"); }
  std::map<std::string, std::string> content() const override {
    std::map<std::string, std::string> content;
    for (const auto& file : Files()) content[file.path] = file.content;
    return content;
  }
  FakeOrigin fake;
};

std::unique_ptr<OriginUnderTest> MakeFake() { return std::make_unique<FakeUnderTest>(); }
INSTANTIATE_TEST_SUITE_P(Fake, OriginConformanceTest, testing::Values(&MakeFake));

class FakeOriginTest : public testing::Test {
 protected:
  Status Read(ByteRange range, std::stop_token stop = {}) {
    got_.clear();
    return fake_.Read(
        *model_, model_->files[0], range,
        [this](std::span<const std::byte> bytes) {
          got_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
          return OkStatus();
        },
        std::move(stop));
  }

  FakeOrigin fake_;
  std::string commit_ = fake_.Put("hf://org/name", Files());
  Result<ResolvedModel> model_ = fake_.Resolve(Ref(), {}, {});
  std::string got_;
};

TEST_F(FakeOriginTest, PinsACommitThatStaysReadable) {
  const std::string second = fake_.Put("hf://org/name", {{"model.safetensors", "new"}});
  EXPECT_NE(second, commit_);
  EXPECT_EQ(fake_.Resolve(Ref(), {}, {})->commit, second);
  EXPECT_TRUE(Read({0, 150'000}).ok());
  EXPECT_EQ(got_, Bytes(150'000));
}

TEST_F(FakeOriginTest, FailsOnceAfterSoManyBytes) {
  fake_.FailRead("model.safetensors", Unavailable("reset"), 100'000);
  EXPECT_EQ(Read({1000, 150'000}), Unavailable("reset"));
  EXPECT_EQ(got_, Bytes(150'000).substr(1000, 100'000));
  EXPECT_TRUE(Read({101'000, 150'000}).ok());
  EXPECT_THAT(fake_.reads(),
              ElementsAre(Call{"model.safetensors", {1000, 150'000}}, Call{"model.safetensors", {101'000, 150'000}}));
}

TEST_F(FakeOriginTest, FlipsOneBitOnce) {
  fake_.CorruptRead("", 77'777);
  EXPECT_TRUE(Read({0, 150'000}).ok());
  std::string expected = Bytes(150'000);
  expected[77'777] ^= 1;
  EXPECT_EQ(got_, expected);
  EXPECT_TRUE(Read({0, 150'000}).ok());
  EXPECT_EQ(got_, Bytes(150'000));
}

TEST_F(FakeOriginTest, HoldsUntilItMayContinue) {
  fake_.HoldRead("model.safetensors", 70'000);
  std::jthread reader([this] { EXPECT_TRUE(Read({0, 150'000}).ok()); });
  fake_.AwaitHeld();
  EXPECT_EQ(fake_.bytes_delivered(), 65'536U);
  fake_.Continue();
}

TEST_F(FakeOriginTest, AHeldReadStopsWhenAskedTo) {
  fake_.HoldRead("");
  std::stop_source stop;
  std::jthread reader([&] { EXPECT_EQ(Read({0, 9}, stop.get_token()).code(), StatusCode::kCancelled); });
  fake_.AwaitHeld();
  stop.request_stop();
}

TEST_F(FakeOriginTest, ResolveFailsOnDemand) {
  fake_.FailResolve(Unavailable("down").WithRetryAfter(std::chrono::seconds(3)));
  EXPECT_EQ(fake_.Resolve(Ref(), {}, {}).status().retry_after(), std::chrono::seconds(3));
  EXPECT_TRUE(fake_.Resolve(Ref(), {}, {}).ok());
  EXPECT_EQ(fake_.resolves(), 3);
}

}  // namespace
}  // namespace ballast
