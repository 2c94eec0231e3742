// The commands as a person runs them, against the hub stand-in and a daemon that answers from memory.
#include "cli/cli.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "base/strings.h"
#include "base/testing/temp_dir.h"
#include "cli/exit_code.h"
#include "core/digest.h"
#include "origin/testing/hub_stand_in.h"
#include "store/journal.h"

namespace ballast::cli {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string ReadText(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

std::string Weights(size_t size) {
  std::string bytes(size, '\0');
  uint32_t seed = 7;
  for (char& c : bytes) c = static_cast<char>((seed = seed * 1664525 + 1013904223) >> 24);
  return bytes;
}

// What a daemon would say.
class FakeCache final : public CacheClient {
 public:
  std::string warning;
  Result<ReadyModel> Pull(const std::string& ref, const std::string&, const OnProgress& progress,
                          std::stop_token) override {
    progress({"", "downloading", 50, 100, 0, 0, 1, ""});
    return ReadyModel{ref, "sha256:ab", "0e9e39f2aa", "views/x/data", 100, 1, 100, 0, warning, "/c/views/x/data"};
  }
  Result<std::vector<CachedModel>> List(std::stop_token) override { return std::vector<CachedModel>{}; }
  Result<NodeStatus> GetStatus(std::stop_token) override { return NodeStatus{.version = "9", .cache_dir = "/c"}; }
  Result<std::vector<ModelTransfers>> Transfers(const std::string& model, std::stop_token) override {
    return std::vector<ModelTransfers>{{.model = model, .phase = "ready", .coordinator = "n3"}};
  }
  Result<VerifyReport> Verify(const std::string&, bool deep, const OnProgress&, std::stop_token) override {
    if (deep) return VerifyReport{2, 10, {}, {{"leftover", "tmp/x", "belongs to nothing", "restart ballastd"}}};
    return VerifyReport{2, 10, {{"sha256:ab", "is missing", {"hf://a/b"}, {"model.bin"}}}};
  }
  Result<std::vector<HeldLease>> Leases(std::stop_token) override {
    return std::vector<HeldLease>{{"vol", "/proc/self/target", "ns/pod", "views/a/data"}};
  }
  Result<GarbageReport> CollectGarbage(bool dry_run, std::stop_token) override {
    return GarbageReport{.dry_run = dry_run,
                         .evictions = {{"hf://a/b@main", "sha256:ab", "expired", "unused for too long", 2048}},
                         .stays = {{"hf://a/c@main", "sha256:cd", "mounted by serving/llama-0"}},
                         .freed_bytes = 2048,
                         .used_bytes = 4096,
                         .quota_bytes = 8192,
                         .disk_free_bytes = 50,
                         .disk_total_bytes = 100,
                         .high_threshold_percent = 80,
                         .low_threshold_percent = 70};
  }
  Result<WarmReport> Warm(const std::string& model, const OnProgress&, std::stop_token) override {
    return model == "hf://a/big" ? WarmReport{100, 40, 40, "the limit is 40"} : WarmReport{100, 100, 200, ""};
  }
  Result<RemovedModel> Remove(const std::string&, std::stop_token) override {
    return FailedPrecondition("hf://a/b is wanted by llama: remove it from there first");
  }
};

class CliTest : public ::testing::Test {
 protected:
  struct Outcome {
    int code;
    std::string out;
    std::string err;
  };

  void SetUp() override {
    auto hub = hub::StandIn::Start({});
    ASSERT_TRUE(hub.ok()) << hub.status();
    hub_ = std::move(*hub);
    const auto commit = hub_->Publish(
        "org/name", {{.path = "config.json", .bytes = "{}"}, {.path = "model.safetensors", .bytes = weights_}});
    ASSERT_TRUE(commit.ok()) << commit.status();
    environment_["HF_ENDPOINT"] = hub_->endpoint();
    environment_["HF_HOME"] = temp_.path();
  }

  Outcome Do(const std::vector<std::string>& arguments) {
    std::ostringstream out, err;
    const Environment environment = [this](const std::string& name) { return environment_[name]; };
    const int code = cli::Run(arguments, {out, err, false, 80, environment, clock_, connect_, stop_.get_token()});
    return {code, out.str(), err.str()};
  }
  Outcome Pull() { return Do({"pull", "hf://org/name", "--to", dir_}); }
  // Of the one large file, as its journal says.
  size_t PiecesKept() const {
    for (const auto& entry : fs::recursive_directory_iterator(dir_ + "/.ballast/ingest")) {
      if (entry.path().filename() != "journal") continue;
      const size_t size = fs::file_size(entry.path());
      return size < JournalHeader::kSize ? 0 : (size - JournalHeader::kSize) / JournalRecord::kSize;
    }
    return 0;
  }
  uint64_t BytesFromCdn() {
    uint64_t bytes = 0;
    for (const auto& request : hub_->requests()) bytes += request.port == hub::Port::kCdn ? request.length : 0;
    return bytes;
  }

  TempDir temp_;
  std::string dir_ = temp_.path() + "/model";
  const std::string weights_ = Weights(5'000'000);
  std::unique_ptr<hub::StandIn> hub_;
  std::map<std::string, std::string> environment_;
  std::function<Result<std::unique_ptr<CacheClient>>(const std::string&)> connect_ = [](const std::string&) {
    return Result<std::unique_ptr<CacheClient>>(std::make_unique<FakeCache>());
  };
  RealClock clock_;
  std::stop_source stop_;
};

TEST_F(CliTest, PullToADirectoryVerifiesAndSaysWhatItDid) {
  const Outcome pulled = Pull();
  ASSERT_EQ(pulled.code, kOk) << pulled.err;
  EXPECT_EQ(ReadText(dir_ + "/model.safetensors"), weights_);
  EXPECT_THAT(pulled.out,
              AllOf(HasSubstr("pulled hf://org/name"), HasSubstr("2 files, 4.8 MiB, every digest verified")));
  const Outcome verified = Do({"verify", dir_});
  EXPECT_EQ(verified.code, kOk) << verified.err;
  EXPECT_EQ(verified.out, dir_ + ": 2 checked, 4.8 MiB, all intact\n");
  const Outcome waited = Do({"wait", dir_, "--output", "json"});
  EXPECT_EQ(waited.code, kOk) << waited.err;
  EXPECT_THAT(waited.out, HasSubstr("\"how\":\"ready\""));
}

TEST_F(CliTest, AHostileListingOrAPatternThatFitsNothingCreatesNothing) {
  for (const char* name : {"../../evil", "/etc/evil", "a/../../../evil", ".ballast/ready", "a\nb"}) {
    ASSERT_TRUE(hub_->Publish("org/evil", {{.path = name, .bytes = "x"}, {.path = "good", .bytes = "x"}}).ok());
    const Outcome pulled = Do({"pull", "hf://org/evil", "--to", dir_});
    EXPECT_EQ(pulled.code, kUsage) << name;
    EXPECT_THAT(pulled.err, HasSubstr("exclude"));
  }
  const Outcome nothing = Do({"pull", "hf://org/name", "--to", dir_, "--include", "*.safetensor"});
  EXPECT_EQ(nothing.code, kUsage);
  EXPECT_THAT(nothing.err, HasSubstr("check the patterns"));
  EXPECT_TRUE(fs::is_empty(temp_.path()));
}

TEST_F(CliTest, PullIntoTheHubsOwnCacheLayout) {
  const Outcome pulled = Do({"pull", "hf://org/name@main", "--to", dir_, "--layout", "hf", "--output", "json"});
  ASSERT_EQ(pulled.code, kOk) << pulled.err;
  const std::string commit = hub_->Commit("org/name");
  const std::string repository = dir_ + "/models--org--name";
  EXPECT_EQ(ReadText(repository + "/refs/main"), commit);
  EXPECT_EQ(ReadText(repository + "/snapshots/" + commit + "/model.safetensors"), weights_);
  EXPECT_TRUE(fs::is_directory(repository + "/blobs"));
  EXPECT_TRUE(fs::exists(repository + "/trees/" + commit + ".json"));
  EXPECT_THAT(pulled.out, HasSubstr("\"commit\":\"" + commit + "\""));
}

TEST_F(CliTest, OnlyWhatThePatternsAdmitIsPulled) {
  ASSERT_EQ(Do({"pull", "hf://org/name", "--to", dir_, "--include", "*.json"}).code, kOk);
  EXPECT_TRUE(fs::exists(dir_ + "/config.json"));
  EXPECT_FALSE(fs::exists(dir_ + "/model.safetensors"));
}

TEST_F(CliTest, AStoppedPullGoesOnWhereItWas) {
  hub_->AddFault({.kind = hub::FaultKind::kStall, .port = hub::Port::kCdn, .offset = 3'500'000});
  std::jthread interrupt([this] {
    hub_->WaitForStalled(1);
    while (PiecesKept() < 3) std::this_thread::yield();  // what was sent is not yet received
    stop_.request_stop();
  });
  const Outcome stopped = Do({"pull", "hf://org/name", "--to", dir_, "--streams", "1"});
  EXPECT_EQ(stopped.code, kInterrupted) << stopped.err;
  EXPECT_THAT(stopped.err, HasSubstr("goes on where it was stopped"));
  EXPECT_FALSE(fs::exists(dir_ + "/model.safetensors"));
  interrupt.join();
  stop_ = std::stop_source();
  hub_->ClearFaults();
  hub_->ClearRequests();
  const Outcome pulled = Pull();
  ASSERT_EQ(pulled.code, kOk) << pulled.err;
  EXPECT_EQ(ReadText(dir_ + "/model.safetensors"), weights_);
  EXPECT_LE(BytesFromCdn(), weights_.size() - (3 << 20)) << "no piece is fetched twice";
}

TEST_F(CliTest, WrongBytesAreRefusedWithBothDigests) {
  hub_->AddFault({.kind = hub::FaultKind::kCorrupt, .port = hub::Port::kCdn, .times = -1, .offset = 12});
  const Outcome pulled = Pull();
  EXPECT_EQ(pulled.code, kDamaged);
  std::string wrong = weights_;
  wrong[12] = static_cast<char>(wrong[12] ^ 1);
  EXPECT_THAT(pulled.err, AllOf(HasSubstr("expected " + Digest::Of(weights_).ToString()),
                                HasSubstr("got " + Digest::Of(wrong).ToString())));
  EXPECT_FALSE(fs::exists(dir_ + "/model.safetensors"));
}

TEST_F(CliTest, AnUnknownModelAndAnUnknownRevisionAreNotFound) {
  environment_["HF_TOKEN"] = "";
  EXPECT_EQ(Do({"pull", "hf://org/nothing", "--to", dir_}).code, kNotFound);
  const Outcome revision = Do({"pull", "hf://org/name@nothing", "--to", dir_, "--output", "json"});
  EXPECT_EQ(revision.code, kNotFound);
  EXPECT_THAT(revision.out, HasSubstr("\"code\":\"NOT_FOUND\""));
}

TEST_F(CliTest, AGatedModelNeedsATokenThatMayReadIt) {
  ASSERT_TRUE(hub_->SetAccess("org/name", {.gated = true, .tokens = {"hf_reader"}}).ok());
  const Outcome without = Pull();
  EXPECT_EQ(without.code, kNotAdmitted) << without.err;
  EXPECT_THAT(without.err, HasSubstr("HF_TOKEN"));
  environment_["HF_TOKEN"] = "hf_wrong";
  const Outcome wrong = Pull();
  EXPECT_EQ(wrong.code, kNotAdmitted) << wrong.err;
  EXPECT_THAT(wrong.err, Not(HasSubstr("hf_wrong")));
  environment_["HF_TOKEN"] = "hf_reader";
  EXPECT_EQ(Pull().code, kOk);
}

TEST_F(CliTest, TheTokenFileOfALoginIsUsed) {
  ASSERT_TRUE(hub_->SetAccess("org/name", {.gated = true, .tokens = {"hf_reader"}}).ok());
  std::ofstream(temp_.path() + "/token") << "hf_reader\n";
  EXPECT_EQ(Pull().code, kOk);
}

TEST_F(CliTest, DamageIsFoundMarkedAndRepaired) {
  ASSERT_EQ(Pull().code, kOk);
  const auto time = fs::last_write_time(dir_ + "/model.safetensors");
  std::fstream(dir_ + "/model.safetensors", std::ios::in | std::ios::out | std::ios::binary).seekp(1'000'000).put('x');
  fs::last_write_time(dir_ + "/model.safetensors", time);
  const Outcome verified = Do({"verify", dir_});
  EXPECT_EQ(verified.code, kDamaged);
  EXPECT_THAT(verified.out, HasSubstr("damaged: model.safetensors has sha256:"));
  EXPECT_THAT(verified.err, HasSubstr("to repair: ballast pull hf://org/name --to " + dir_));
  const Outcome waited = Do({"wait", dir_, "--timeout", "0"});
  EXPECT_EQ(waited.code, kUnavailable);
  EXPECT_THAT(waited.err, HasSubstr("repair"));
  EXPECT_EQ(Pull().code, kOk);
  EXPECT_EQ(ReadText(dir_ + "/model.safetensors"), weights_);
  EXPECT_EQ(Do({"verify", dir_}).code, kOk);
}

TEST_F(CliTest, WaitFollowsAPullOfAnotherProcess) {
  hub_->AddFault({.kind = hub::FaultKind::kStall, .port = hub::Port::kCdn, .offset = 0});
  std::jthread pull([this] { EXPECT_EQ(Pull().code, kOk); });
  hub_->WaitForStalled(1);
  const Outcome early = Do({"wait", dir_, "--timeout", "0"});
  EXPECT_EQ(early.code, kUnavailable);
  EXPECT_THAT(early.err, HasSubstr("is not complete after 0.0 s: 0% ("));
  hub_->ClearFaults();
  const Outcome waited = Do({"wait", dir_});
  EXPECT_EQ(waited.code, kOk) << waited.err;
  EXPECT_EQ(ReadText(dir_ + "/model.safetensors"), weights_);
}

TEST_F(CliTest, WaitForAnEarlyViewLooksAtTheFilesAlone) {
  fs::create_directories(dir_ + "/.ballast");
  std::ofstream(dir_ + "/.ballast/files.json") << R"({"files":[{"path":"a","size":1},{"path":"b","size":2}]})";
  std::ofstream(dir_ + "/a") << "1";
  const Outcome early = Do({"wait", dir_, "--timeout", "0"});
  EXPECT_EQ(early.code, kUnavailable);
  EXPECT_THAT(early.err, HasSubstr("33% (1 of 3 B)"));
  std::ofstream(dir_ + "/b") << "22";
  EXPECT_EQ(Do({"wait", dir_}).code, kOk);
}

TEST_F(CliTest, WaitSaysWhenADirectoryTellsNothing) {
  fs::create_directories(dir_);
  EXPECT_EQ(Do({"wait", dir_}).code, kRefused);
  std::ofstream(dir_ + "/model.bin") << "x";
  const Outcome plain = Do({"wait", dir_});
  EXPECT_EQ(plain.code, kOk);
  EXPECT_THAT(plain.out, HasSubstr("it has no .ballast"));
  EXPECT_EQ(Do({"wait", dir_ + "/none"}).code, kNotFound);
  EXPECT_EQ(Do({"verify", dir_}).code, kNotFound);
}

TEST_F(CliTest, WithoutADaemonTheRemedyIsSaid) {
  connect_ = ConnectToCache;
  for (const std::vector<std::string>& command : {std::vector<std::string>{"pull", "hf://org/name"},
                                                  {"ls"},
                                                  {"status"},
                                                  {"verify"},
                                                  {"rm", "hf://org/name"},
                                                  {"gc"}}) {
    std::vector<std::string> arguments = {"--socket", temp_.path() + "/none.sock"};
    arguments.insert(arguments.begin(), command.begin(), command.end());
    const Outcome outcome = Do(arguments);
    EXPECT_EQ(outcome.code, kUnavailable);
    EXPECT_THAT(outcome.err, StartsWith(StrCat("error: ballastd does not answer at ", temp_.path(),
                                               "/none.sock: start it, or name its socket")));
    EXPECT_EQ(outcome.err.find("--to DIR") != std::string::npos, command[0] == "pull");
  }
}

TEST_F(CliTest, CommandsShowWhatTheDaemonSays) {
  const Outcome pulled = Do({"pull", "hf://org/name", "--layout", "hf"});
  EXPECT_EQ(pulled.code, kOk);
  EXPECT_THAT(pulled.out,
              AllOf(HasSubstr("ready: hf://org/name (0e9e39f2)"), HasSubstr("directory /c/views/x/data\n")));
  EXPECT_EQ(pulled.err, "hf://org/name: 50% (50 of 100 B)\n");
  EXPECT_THAT(Do({"pull", "hf://org/name", "--output", "json"}).out, HasSubstr("\"dir\":\"/c/views/x/data\""));
  EXPECT_EQ(Do({"ls"}).out, "no models here\n");
  EXPECT_EQ(Do({"status", "hf://a/b"}).out, "hf://a/b: ready\n  coordinated by n3\n");
  EXPECT_THAT(Do({"status", "--output", "json"}).out, HasSubstr("\"cache_dir\":\"/c\""));
  EXPECT_EQ(Do({"verify"}).code, kDamaged);
  const Outcome deep = Do({"verify", "--deep"});
  EXPECT_EQ(deep.code, kDamaged);
  EXPECT_THAT(deep.out, HasSubstr("leftover: tmp/x belongs to nothing\n  restart ballastd\n"));
  EXPECT_THAT(deep.out, HasSubstr("mount: /proc/self/target has a lease of pod \"ns/pod\" and no mount\n"));
  EXPECT_EQ(Do({"verify", "--deep", "hf://a/b"}).code, kUsage);
  const Outcome removed = Do({"rm", "hf://a/b"});
  EXPECT_EQ(removed.code, kRefused);
  EXPECT_EQ(removed.err, "error: hf://a/b is wanted by llama: remove it from there first\n");
}

TEST_F(CliTest, WarmSaysWhatIsInMemoryAndWhyNotMore) {
  EXPECT_EQ(Do({"warm", "hf://a/b"}).out, "hf://a/b: 100 B of 100 B in memory\n");
  const Outcome partly = Do({"warm", "hf://a/big"});
  EXPECT_EQ(partly.code, kNoRoom);
  EXPECT_EQ(partly.out, "hf://a/big: 40 B of 100 B in memory\nproblem: the limit is 40\n");
  EXPECT_THAT(Do({"warm", "hf://a/b", "--output", "json"}).out, HasSubstr("\"held_bytes\":100"));
}

TEST_F(CliTest, GcSaysWhatWouldGoAndWhoHoldsTheRest) {
  EXPECT_EQ(
      Do({"gc", "--dry-run"}).out,
      "WOULD GO       FREED    WHY\n"
      "hf://a/b@main  2.0 KiB  unused for too long\n"
      "STAYS          WHY\n"
      "hf://a/c@main  mounted by serving/llama-0\n"
      "would free 2.0 KiB; models take 4.0 KiB of 8.0 KiB; the disk is 50% full, eviction goes from 80% to 70%\n");
  EXPECT_THAT(Do({"gc"}).out, AllOf(StartsWith("WENT "), HasSubstr("\nfreed 2.0 KiB; ")));
  const std::string json = Do({"gc", "--output", "json"}).out;
  EXPECT_THAT(json, HasSubstr("\"dry_run\":false"));
  EXPECT_THAT(json, HasSubstr("\"reason\":\"expired\""));
}

TEST_F(CliTest, AModelThatIsServedThoughItsHubIsDownComesWithAWarning) {
  connect_ = [](const std::string&) {
    auto cache = std::make_unique<FakeCache>();
    cache->warning = "the origin does not answer";
    return Result<std::unique_ptr<CacheClient>>(std::move(cache));
  };
  const Outcome pulled = Do({"pull", "hf://org/name"});
  EXPECT_EQ(pulled.code, kOk);
  EXPECT_THAT(pulled.err, HasSubstr("warning: the origin does not answer\n"));
  const Outcome json = Do({"pull", "hf://org/name", "--output", "json"});
  EXPECT_THAT(json.out, HasSubstr("\"warning\":\"the origin does not answer\""));
  EXPECT_EQ(json.err, "");
}

TEST_F(CliTest, AMistakeInTheCommandLineIsJsonToo) {
  const Outcome wrong = Do({"pull", "--output", "json"});
  EXPECT_EQ(wrong.code, kUsage);
  EXPECT_THAT(wrong.out, StartsWith("{\"error\":{\"code\":\"INVALID_ARGUMENT\""));
}

}  // namespace
}  // namespace ballast::cli
