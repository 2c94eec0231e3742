// Bytes that are here by one right, asked for by another.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/cluster/node_admission.h"
#include "daemon/current_manifests.h"
#include "daemon/current_policy.h"
#include "daemon/folder_admissions.h"
#include "daemon/testing/cluster_fixture.h"
#include "daemon/testing/cluster_swarm.h"

namespace ballast {
namespace {

using ::testing::HasSubstr;

// Lists what another origin lists, digests and sizes, and has none of it.
class LyingMirror final : public Origin {
 public:
  explicit LyingMirror(Origin& real) : real_(real) {}
  Result<ResolvedModel> Resolve(const ModelRef& ref, const PathFilter& filter, std::stop_token stop) override {
    return real_.Resolve(ref, filter, std::move(stop));
  }
  Status Read(const ResolvedModel&, const RemoteFile& file, ByteRange range, const ByteSink& sink,
              std::stop_token) override {
    if (file.path.str() == "config.json") return sink(std::as_bytes(std::span("{}", 2)).first(range.size()));
    if (!invents_) return PermissionDenied("you have not been admitted to this repository");
    const std::string invented(range.size(), 'x');
    return sink(std::as_bytes(std::span(invented)));
  }
  void Invent() { invents_ = true; }

 private:
  Origin& real_;
  std::atomic<bool> invents_ = false;
};

class DomainsInClusterTest : public ClusterFixture {
 protected:
  CacheEntry Of(const std::string& cache, const std::string& domain) const {
    CacheEntry entry = Entry(cache);
    entry.domain = domain;
    return entry;
  }
  std::string ReasonOf(const std::string& cache) {
    for (const CacheEntryStatus& one : NodeStatus().caches) {
      if (one.cache == cache) return one.reason;
    }
    return "";
  }
  LyingMirror liar_{origin_};
};

TEST_F(DomainsInClusterTest, ALyingMirrorGetsNobodyWhatAnotherDomainHas) {
  origin_of_["b/1"] = &liar_;
  WriteEntries({Of("a/llama", "a/1"), Of("b/stolen", "b/1")});
  Start();
  AwaitPhase("a/llama", CachePhase::kReady);
  AwaitPhase("b/stolen", CachePhase::kFailed);
  EXPECT_EQ(ReasonOf("b/stolen"), "Unauthorized");
  cache::v1::PrepareRequest request = PodVolume("", "v1", "b");
  request.set_cache("stolen");
  EXPECT_FALSE(Prepare(request).status.ok());
  liar_.Invent();
  AwaitStatus([&](const CacheNodeStatus&) { return ReasonOf("b/stolen") == "DigestMismatch"; });
  request = PodVolume("", "v2", "a");
  request.set_cache("llama");
  EXPECT_TRUE(Prepare(request).status.ok()) << "who has the right goes on";
}

TEST_F(DomainsInClusterTest, WithoutATokenAGatedModelsDigestsOpenNothing) {
  origin_of_[""] = &liar_;
  WriteEntries({Of("a/llama", "a/1")});
  Start();
  AwaitPhase("a/llama", CachePhase::kReady);
  WriteEntries({Of("a/llama", "a/1"), Of("tokenless", "")});
  AwaitPhase("tokenless", CachePhase::kFailed);
  EXPECT_FALSE(Prepare(PodVolume("tokenless", "v1")).status.ok());
}

TEST_F(DomainsInClusterTest, AnotherDomainThatHasTheRightGetsTheCopyThatIsHere) {
  WriteEntries({Of("a/llama", "a/1")});
  Start();
  AwaitPhase("a/llama", CachePhase::kReady);
  const uint64_t before = origin_.bytes_delivered();
  WriteEntries({Of("a/llama", "a/1"), Of("b/llama", "b/1")});
  AwaitPhase("b/llama", CachePhase::kReady);
  EXPECT_LE(origin_.bytes_delivered() - before, 2U * 65536);
}

TEST_F(DomainsInClusterTest, WhatIsProvenStaysProvenOverARestart) {
  WriteEntries({Of("a/llama", "a/1")});
  Start();
  AwaitPhase("a/llama", CachePhase::kReady);
  Stop();
  const uint64_t before = origin_.bytes_delivered();
  Start();
  cache::v1::PrepareRequest request = PodVolume("", "v1", "a");
  request.set_cache("llama");
  EXPECT_TRUE(Prepare(request).status.ok());
  EXPECT_EQ(origin_.bytes_delivered(), before);
}

// ---- a volume that brings its own token

class TokenOfVolumeTest : public DomainsInClusterTest {
 protected:
  void StartAdmitting() {
    WriteSpec(
        {.caches = {Of("a/llama", "a/1")}, .policy = {.tenants = {{.namespaces = {"*"}, .sources = {"hf://org/*"}}}}});
    Start();
    AwaitPhase("a/llama", CachePhase::kReady);
  }
  cache::v1::PrepareRequest Inline(const std::string& id, const std::string& pod_namespace, const std::string& token) {
    cache::v1::PrepareRequest request = PodVolume("", id, pod_namespace);
    request.set_source("hf://org/a");
    request.set_token(token);
    return request;
  }
};

TEST_F(TokenOfVolumeTest, OpensWhatItsOriginGivesItsNamespace) {
  origin_of_[DomainOfToken("team", "hf_bad")] = &liar_;
  origin_of_[DomainOfToken("other", "hf_good")] = &liar_;
  StartAdmitting();
  EXPECT_TRUE(Prepare(Inline("v1", "team", "hf_good")).status.ok());
  EXPECT_FALSE(Prepare(Inline("v2", "team", "hf_bad")).status.ok()) << "the bytes are here, the right is not";
  EXPECT_FALSE(Prepare(Inline("v3", "other", "hf_good")).status.ok());
}

TEST_F(TokenOfVolumeTest, IsNothingForANodeWithoutKubernetes) {
  cache::v1::PrepareRequest request = Inline("v1", "team", "hf_good");
  const CurrentManifests manifests;
  const CurrentPolicy policy{NodePolicy()};
  const std::vector<std::string> sources{"hf://*"};
  const Admittance answer = FolderAdmissions(manifests, policy, sources).Admit(request);
  EXPECT_EQ(answer.admitted.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(answer.admitted.status().message(), HasSubstr("tokenFile"));
}

// https://host/file#sha256=<digest>: the digest is whatever its author wrote.
class ClaimingOrigin final : public Origin {
 public:
  ClaimingOrigin(std::string claimed, std::string has) : claimed_(std::move(claimed)), has_(std::move(has)) {}
  Result<ResolvedModel> Resolve(const ModelRef& ref, const PathFilter&, std::stop_token) override {
    return ResolvedModel{.ref = ref,
                         .files = {{.path = SafePath::Parse("model.safetensors").value(),
                                    .size = claimed_.size(),
                                    .sha256 = Digest::Of(claimed_)}}};
  }
  Status Read(const ResolvedModel&, const RemoteFile&, ByteRange range, const ByteSink& sink,
              std::stop_token) override {
    bytes_ += range.size();
    return sink(std::as_bytes(std::span(has_)).subspan(range.begin, range.size()));
  }
  uint64_t bytes() const { return bytes_; }

 private:
  const std::string claimed_;
  const std::string has_;
  std::atomic<uint64_t> bytes_ = 0;
};

class ClaimInClusterTest : public DomainsInClusterTest {
 protected:
  void StartWithClaim(const std::string& has) {
    claiming_.emplace(weights_, has);
    origin_of_["claim"] = &*claiming_;
    CacheEntry claim{
        .cache = "claim",
        .manifest =
            Manifest::Make({{SafePath::Parse("model.safetensors").value(), Digest::Of(weights_), weights_.size()}})
                ->Id()
                .ToString(),
        .source = "https://models.example/model.safetensors#sha256=" + Digest::Of(weights_).Hex(),
        .current = true,
        .pinned = true,
        .namespaces = {"*"},
        .domain = "claim"};
    WriteEntries({Of("a/llama", "a/1")});
    Start();
    AwaitPhase("a/llama", CachePhase::kReady);
    WriteEntries({Of("a/llama", "a/1"), claim});
  }
  std::optional<ClaimingOrigin> claiming_;
};

TEST_F(ClaimInClusterTest, AClaimedDigestAloneOpensNothing) {
  StartWithClaim(std::string(weights_.size(), 'x'));
  AwaitPhase("claim", CachePhase::kFailed);
  EXPECT_FALSE(Prepare(PodVolume("claim", "v1")).status.ok());
}

TEST_F(ClaimInClusterTest, WhoClaimsADigestHasToDeliverAllOfIt) {
  StartWithClaim(weights_);
  AwaitPhase("claim", CachePhase::kReady);
  EXPECT_EQ(claiming_->bytes(), weights_.size());
}

// ---- between nodes

class DomainsInSwarmTest : public ClusterSwarm {
 protected:
  CacheEntry Of(const std::string& domain) const {
    CacheEntry entry = Entry();
    entry.domain = domain;
    return entry;
  }
  void StartTwo() {
    for (const char* name : {"n1", "n2"}) Add(name);
    WriteSlices();
    for (const char* name : {"n1", "n2"}) WriteEntries(name, {});
    for (const char* name : {"n1", "n2"}) AwaitCertificate(name, ConditionStatus::kTrue);
  }
};

TEST_F(DomainsInSwarmTest, NodesOfOneDomainShareOneCopyAlsoWithTheHubOff) {
  StartTwo();
  WriteEntries("n1", {Of("a/1")});
  AwaitReady("n1");
  origin_.TurnOff();
  WriteEntries("n2", {Of("a/1")});
  AwaitReady("n2");
}

TEST_F(DomainsInSwarmTest, PeersGiveNothingToADomainThatTheyDoNotHaveItBy) {
  StartTwo();
  WriteEntries("n1", {Of("a/1")});
  AwaitReady("n1");
  origin_.RefuseReads();
  WriteEntries("n2", {Of("b/1")});
  WaitUntil([&] { return origin_.refused() > 0; });  // so it has asked the swarm, which sent it to its origin
  EXPECT_EQ(nodes_[1]->GetStatus().models(), 0U);
  EXPECT_THAT(nodes_[0]->Get("/metrics"), HasSubstr("\nballast_swarm_uploaded_bytes_total 0\n"));
}

TEST_F(DomainsInSwarmTest, BytesFromPeersAreOfTheirDomainAlone) {
  StartTwo();
  WriteEntries("n1", {Of("a/1")});
  AwaitReady("n1");
  origin_.RefuseReads();
  WriteEntries("n2", {Of("a/1")});
  AwaitReady("n2");
  CacheEntry stolen = Of("b/1");
  stolen.cache = "stolen";
  WriteEntries("n2", {Of("a/1"), stolen});
  WaitUntil([&] {
    const CacheNodeStatus status = StatusOf("n2");
    return status.caches.size() == 2 && status.caches[1].reason == "Unauthorized";
  });
  EXPECT_EQ(StatusOf("n2").caches[0].phase, CachePhase::kReady);
}

}  // namespace
}  // namespace ballast
