// `ballast kube` as a person runs it, against an apiserver in memory.
#include "cli/cluster/cluster_cli.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <tuple>

#include "base/strings.h"
#include "base/testing/fake_clock.h"
#include "base/testing/temp_dir.h"
#include "cli/cluster/resources.h"
#include "cli/exit_code.h"
#include "kube/testing/fake_kube_client.h"

namespace ballast::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kKubeconfig[] = R"(
apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "https://10.0.0.1:6443"}}]
users: [{name: u, user: {token: secret}}]
contexts: [{name: x, context: {cluster: c, user: u, namespace: default}}]
current-context: x
)";

// 2026-01-01T00:00:00Z and two minutes.
constexpr WallTime kNow(std::chrono::seconds(1767225600 + 120));

constexpr char kManifest[] = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
constexpr char kOther[] = "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

constexpr char kUnderWay[] =
    R"({"revision": {"current": "0e9e39f2", "manifest": "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "bytes": 1073741824}, "nodes": {"desired": 3, "ready": 1}, "progress": {"percent": 40, "bytesPerSecond": 1048576,
    "estimatedCompletionTime": "2026-01-01T00:05:00Z"}})";

struct Answer {
  int code = 0;
  std::string out;
  std::string err;
};

class ClusterCliTest : public testing::Test {
 protected:
  ClusterCliTest() {
    for (const auto& [resource, kind] :
         std::vector<std::pair<KubeResource, const char*>>{{kPods, "Pod"},
                                                           {kClaims, "PersistentVolumeClaim"},
                                                           {kVolumes, "PersistentVolume"},
                                                           {kNodes, "Node"},
                                                           {kNamespaces, "Namespace"},
                                                           {kEvents, "Event"},
                                                           {kSecrets, "Secret"},
                                                           {kConfigMaps, "ConfigMap"},
                                                           {kLeases, "Lease"},
                                                           {kStorageClasses, "StorageClass"},
                                                           {kDriverNodes, "CSINode"},
                                                           {kDaemonSets, "DaemonSet"},
                                                           {kModelCaches, "ModelCache"},
                                                           {kClusterModelCaches, "ClusterModelCache"},
                                                           {kCachePolicies, "CachePolicy"},
                                                           {kCacheNodes, "CacheNode"}}) {
      client_.Serve({.resource = resource, .kind = kind});
      kinds_[resource.plural] = kind;
    }
    clock_.SetWall(kNow);
    std::ofstream(dir_.path() + "/kubeconfig") << kKubeconfig;
    Add(kStorageClasses,
        R"({"metadata": {"name": "ballast"}, "provisioner": "csi.ballast.dev", "volumeBindingMode": "Immediate"})");
    Add(kNamespaces, R"({"metadata": {"name": "default", "labels": {"tier": "serving"}}})");
  }

  void Add(const KubeResource& resource, Json object) {
    object["apiVersion"] = resource.ApiVersion();
    object["kind"] = kinds_[resource.plural];
    ASSERT_EQ(client_.Create(resource, object, {}).status(), OkStatus());
  }
  void Add(const KubeResource& resource, const char* text) { Add(resource, Json::parse(text)); }

  Answer Run(std::vector<std::string> arguments) {
    std::ostringstream out;
    std::ostringstream err;
    arguments.insert(arguments.end(), {"--kubeconfig", dir_.path() + "/kubeconfig"});
    const auto connect = [&](const KubeAccess&) {
      return Result<std::shared_ptr<KubeClient>>(std::shared_ptr<KubeClient>(&client_, [](KubeClient*) {}));
    };
    const auto pause = [&](Duration wait, const std::stop_token&) {
      clock_.Advance(wait);
      if (on_pause_) on_pause_();
    };
    const int code =
        RunInCluster(arguments, {out, err, [](const std::string&) { return ""; }, clock_, connect, {}, pause});
    return {code, out.str(), err.str()};
  }

  // A pod with an inline volume of `cache`, on node n1 where `scheduled`.
  void AddPod(const std::string& cache, bool scheduled = true, const std::string& phase = "Pending") {
    Json pod = Json::parse(R"({"metadata": {"name": "reader", "namespace": "default"},
      "spec": {"volumes": [{"name": "model", "csi": {"driver": "csi.ballast.dev", "volumeAttributes": {}}}, {"name": "tmp", "emptyDir": {}}]},
      "status": {"conditions": [{"type": "PodScheduled", "status": "False", "message": "0/3 nodes are available"}]}})");
    pod["spec"]["volumes"][0]["csi"]["volumeAttributes"]["clusterCache"] = cache;
    pod["status"]["phase"] = phase;
    if (scheduled) {
      pod["spec"]["nodeName"] = "n1";
      pod["status"]["conditions"][0] = {
          {"type", "PodScheduled"}, {"status", "True"}, {"lastTransitionTime", "2026-01-01T00:00:00Z"}};
    }
    Add(kPods, pod);
  }

  void AddCache(const std::string& name, const std::string& spec = "{}", const std::string& status = "") {
    Json cache = {{"kind", "ClusterModelCache"}, {"metadata", {{"name", name}}}, {"spec", Json::parse(spec)}};
    cache["spec"]["source"] = {{"uri", "hf://org/" + name}};
    cache["status"] =
        status.empty() ? Json::parse(R"({"revision": {"current": "0e9e39f2", "manifest": ")" + std::string(kManifest) +
                                     R"(", "bytes": 1073741824}, "nodes": {"desired": 3, "ready": 1}})")
                       : Json::parse(status);
    Add(kClusterModelCaches, cache);
  }

  void AddNode(const std::string& name, bool ready = true) {
    Add(kNodes, Json{{"metadata", {{"name", name}, {"labels", {{"disk", "nvme"}}}}},
                     {"status", {{"conditions", {{{"type", "Ready"}, {"status", ready ? "True" : "False"}}}}}}});
    Add(kDriverNodes, Json{{"metadata", {{"name", name}}}, {"spec", {{"drivers", {{{"name", "csi.ballast.dev"}}}}}}});
  }

  void AddEvent(const std::string& name, const std::string& message, const std::string& time) {
    Add(kEvents, Json{{"metadata", {{"name", name}, {"namespace", "default"}}},
                      {"involvedObject", {{"kind", "Pod"}, {"name", "reader"}}},
                      {"reason", "ModelWarming"},
                      {"message", message},
                      {"lastTimestamp", time}});
  }

  void AddAgent(bool ready = true, const std::string& ns = "ballast-system") {
    Json agent = Json::parse(R"({"metadata": {"name": "ballast-agent-default-x", "namespace": "ballast-system",
      "labels": {"app.kubernetes.io/name": "ballast", "app.kubernetes.io/component": "agent"}}, "spec": {"nodeName": "n1"}, "status": {"conditions": []}})");
    agent["metadata"]["namespace"] = ns;
    agent["status"]["conditions"] = {{{"type", "Ready"},
                                      {"status", ready ? "True" : "False"},
                                      {"message", "containers with unready status: [cache]"}}};
    if (!ready)
      agent["status"]["containerStatuses"] = {
          {{"name", "cache"}, {"state", {{"waiting", {{"reason", "CrashLoopBackOff"}}}}}}};
    Add(kPods, agent);
  }

  void AddCacheNode(const std::string& spec, const std::string& status, const std::string& name = "n1") {
    Add(kCacheNodes, Json{{"kind", "CacheNode"},
                          {"metadata", {{"name", name}}},
                          {"spec", Json::parse(spec)},
                          {"status", Json::parse(status)}});
  }
  static std::string Entry(const std::string& cache, const std::string& manifest, bool pinned, int priority) {
    return StrCat(R"({"cache": ")", cache, R"(", "manifest": ")", manifest, R"(", "source": "hf://org/)", cache,
                  R"(@0e9e39f2", "pinned": )", pinned ? "true" : "false", R"(, "priority": )", priority, "}");
  }
  static std::string Phase(const std::string& cache, const std::string& manifest, const std::string& phase,
                           uint64_t bytes, const std::string& more = "") {
    return StrCat(R"({"cache": ")", cache, R"(", "manifest": ")", manifest, R"(", "phase": ")", phase,
                  R"(", "bytes": )", bytes, R"(, "since": "2026-01-01T00:01:00Z")", more, "}");
  }

  void AddClaim(const std::string& spec) {
    Json claim = {{"metadata", {{"name", "data"}, {"namespace", "default"}}}, {"spec", Json::parse(spec)}};
    claim["spec"].emplace("storageClassName", "ballast");
    Add(kClaims, claim);
  }

  std::string WritePolicy(const std::string& text) {
    std::string file = dir_.path() + "/policy.yaml";
    std::ofstream(file) << text;
    return file;
  }

  std::map<std::string, std::string> kinds_;
  TempDir dir_;
  FakeClock clock_;
  FakeKubeClient client_{clock_};
  std::function<void()> on_pause_;
};

// --- why
// ---------------------------------------------------------------------------------------------------------------

TEST_F(ClusterCliTest, WhyNamesTheCacheThatIsMissingAndTheNearest) {
  AddPod("lama");
  AddCache("llama");
  const Answer answer = Run({"why", "pod/reader"});
  EXPECT_EQ(answer.code, kOk);
  EXPECT_THAT(answer.out,
              AllOf(HasSubstr("volume model (ClusterModelCache lama)"),
                    HasSubstr("waits for: ClusterModelCache lama, which does not exist; did you mean \"llama\"?"),
                    HasSubstr("remedy:    kubectl apply the ClusterModelCache")));
}

TEST_F(ClusterCliTest, WhyTellsOfANamespaceThatIsNotAdmitted) {
  AddPod("llama");
  AddCache("llama",
           R"({"allowedNamespaces": {"from": "Selector", "selector": {"matchLabels": {"tier": "research"}}}})");
  EXPECT_THAT(Run({"why", "pod", "reader"}).out,
              HasSubstr("namespace default is none of the allowedNamespaces of ClusterModelCache llama"));
}

// The bytes of a CacheNode's entry are the size of the revision: an agent writes no progress there.
TEST_F(ClusterCliTest, WhyTellsHowFarTheModelIsAndThatNothingHasToBeDone) {
  AddPod("llama");
  AddCache("llama", "{}", kUnderWay);
  AddNode("n1");
  AddAgent();
  AddCacheNode(StrCat(R"({"caches": [)", Entry("llama", kManifest, true, 0), "]}"),
               StrCat(R"({"caches": [)", Phase("llama", kManifest, "Downloading", 1073741824), "]}"));
  EXPECT_THAT(Run({"why", "pod/reader"}).out,
              AllOf(HasSubstr("pod default/reader on node n1"),
                    HasSubstr("the model to arrive on node n1 (1.0 GiB); all nodes together: 40 %, 1.0 MiB/s, done "
                              "about 2026-01-01T00:05:00Z\n"),
                    Not(HasSubstr("100 %")), HasSubstr("since:     2026-01-01T00:01:00Z (1 min)"),
                    HasSubstr("remedy:    none: the pod starts by itself")));
}

TEST_F(ClusterCliTest, WhyGivesWhatTheAgentLastToldThePod) {
  AddPod("llama");
  AddCache("llama");
  AddNode("n1");
  AddAgent();
  AddCacheNode(StrCat(R"({"caches": [)", Entry("llama", kManifest, true, 0), "]}"),
               StrCat(R"({"caches": [)", Phase("llama", kManifest, "Downloading", 1073741824), "]}"));
  AddEvent("e1", "model hf://org/llama@0e9e39f2 is warming: 10% (102 MiB of 1.0 GiB)", "2026-01-01T00:02:10Z");
  AddEvent("e2", "model hf://org/llama@0e9e39f2 is warming: 25% (256 MiB of 1.0 GiB)", "2026-01-01T00:02:30Z");
  AddEvent("e3", "model hf://org/llama-2@0e9e39f2 is warming: 99% (another)", "2026-01-01T00:02:40Z");
  EXPECT_THAT(Run({"why", "pod/reader"}).out,
              HasSubstr("; its agent said at 2026-01-01T00:02:30Z: 25% (256 MiB of 1.0 GiB)"));
}

TEST_F(ClusterCliTest, WhyGivesNothingThatAnEarlierPodOfThatNameWasTold) {
  AddPod("llama");
  AddCache("llama");
  AddNode("n1");
  AddAgent();
  AddCacheNode(StrCat(R"({"caches": [)", Entry("llama", kManifest, true, 0), "]}"), "{}");
  AddEvent("e1", "model hf://org/llama@0e9e39f2 is warming: 10% (102 MiB of 1.0 GiB)", "2026-01-01T00:01:00Z");
  EXPECT_THAT(Run({"why", "pod/reader"}).out, Not(HasSubstr("its agent said")));
}

// What is under way enters the status of a CacheNode after a minute.
TEST_F(ClusterCliTest, WhyKnowsThatTheNodeWasToldBeforeItsStatusSaysSo) {
  AddPod("llama");
  AddCache("llama");
  AddNode("n1");
  AddAgent();
  AddCacheNode(StrCat(R"({"caches": [)", Entry("llama", kManifest, false, 0), "]}"), "{}");
  EXPECT_THAT(
      Run({"why", "pod/reader"}).out,
      AllOf(HasSubstr("the model to arrive on node n1 (1.0 GiB): it was told to, and downloads it or is about to"),
            HasSubstr("remedy:    none: the pod starts by itself"), Not(HasSubstr("the operator to admit"))));
}

TEST_F(ClusterCliTest, WhyWaitsForTheOperatorWhereTheNodeWasNotTold) {
  AddPod("llama");
  AddCache("llama");
  AddNode("n1");
  AddAgent();
  AddCacheNode(StrCat(R"({"caches": [)", Entry("llama", kOther, false, 0), "]}"), "{}");
  EXPECT_THAT(Run({"why", "pod/reader"}).out, HasSubstr("the operator to admit llama to node n1"));
}

TEST_F(ClusterCliTest, WhyNamesTheNamespaceOfTheOperator) {
  AddPod("llama");
  AddCache("llama");
  AddNode("n1");
  AddAgent(true, "models");
  EXPECT_THAT(Run({"why", "pod/reader"}).out, HasSubstr("kubectl -n models logs deploy/ballast-operator"))
      << "by its agents";
  AddClaim(R"({"dataSourceRef": {"apiGroup": "ballast.dev", "kind": "ClusterModelCache", "name": "llama"}})");
  Add(kPods, R"({"metadata": {"name": "ballast-operator-x", "namespace": "control",
    "labels": {"app.kubernetes.io/name": "ballast", "app.kubernetes.io/component": "operator"}}})");
  EXPECT_THAT(Run({"why", "pvc/data"}).out, HasSubstr("kubectl -n control logs deploy/ballast-operator"));
}

TEST_F(ClusterCliTest, WhyNamesTheUsualNamespaceToWhoMayNotListPods) {
  AddClaim(R"({"dataSourceRef": {"apiGroup": "ballast.dev", "kind": "ClusterModelCache", "name": "llama"}})");
  AddCache("llama");
  client_.OnCall([this](const FakeCall& call) {
    if (call.verb == KubeVerb::kList && call.resource == kPods)
      client_.FailNext(KubeVerb::kList, PermissionDenied("pods is forbidden"));
  });
  EXPECT_THAT(Run({"why", "pvc/data"}).out, HasSubstr("kubectl -n ballast-system logs deploy/ballast-operator"));
}

TEST_F(ClusterCliTest, WhyGivesTheOperatorsRefusal) {
  AddPod("llama");
  AddCache("llama");
  AddNode("n1");
  AddAgent();
  AddCacheNode(
      R"({"refused": [{"cache": "llama", "reason": "NodeTooSmall", "message": "needs 131 GiB, this node's quota is 100 GiB"}]})",
      "{}");
  EXPECT_THAT(Run({"why", "pod/reader"}).out,
              AllOf(HasSubstr("NodeTooSmall: needs 131 GiB, this node's quota is 100 GiB"),
                    HasSubstr("Add a nodeSelector to the pod, or use placement: Require.")));
}

TEST_F(ClusterCliTest, WhySaysThatTheCacheIsSuspendedAlsoWhereItIsResolved) {
  AddPod("llama");
  AddCache("llama", R"({"suspend": true})");
  EXPECT_THAT(Run({"why", "pod/reader"}).out, AllOf(HasSubstr("waits for: the cache is suspended"),
                                                    HasSubstr("set spec.suspend of the cache to false")));
}

TEST_F(ClusterCliTest, WhyNamesTheAgentThatIsNotReadyAndHowToLookAtIt) {
  AddPod("llama");
  AddCache("llama");
  AddNode("n1");
  AddAgent(false);
  EXPECT_THAT(Run({"why", "pod/reader"}).out,
              AllOf(HasSubstr("the agent of node n1 (pod ballast-system/ballast-agent-default-x) is not ready: "
                              "container cache: CrashLoopBackOff"),
                    HasSubstr("kubectl -n ballast-system logs ballast-agent-default-x --all-containers")));
}

TEST_F(ClusterCliTest, WhyTellsOfANodeWithoutAgent) {
  AddPod("llama");
  AddCache("llama");
  AddNode("n1");
  EXPECT_THAT(Run({"why", "pod/reader"}).out, HasSubstr("node n1 has no agent"));
}

TEST_F(ClusterCliTest, WhyGivesTheReasonOfAFailedDownload) {
  AddPod("llama");
  AddCache("llama");
  AddNode("n1");
  AddAgent();
  AddCacheNode(
      StrCat(R"({"caches": [)", Entry("llama", kManifest, true, 0), "]}"),
      StrCat(R"({"caches": [)",
             Phase("llama", kManifest, "Failed", 0, R"(, "reason": "Unauthorized", "message": "the hub answers 401")"),
             "]}"));
  EXPECT_THAT(Run({"why", "pod/reader"}).out,
              AllOf(HasSubstr("the model, which did not come: Unauthorized: the hub answers 401"),
                    HasSubstr("Check the Secret")));
}

TEST_F(ClusterCliTest, WhyGivesTheSchedulersWords) {
  AddPod("llama", false);
  AddCache("llama");
  EXPECT_THAT(Run({"why", "pod/reader"}).out, HasSubstr("waits for: a node: 0/3 nodes are available"));
}

TEST_F(ClusterCliTest, WhySaysThatARunningPodWaitsForNothing) {
  AddPod("llama", true, "Running");
  AddCache("llama");
  const Answer answer = Run({"why", "pod/reader"});
  EXPECT_THAT(answer.out, AllOf(HasSubstr("mounted; the pod is Running"), Not(HasSubstr("waits for"))));
}

TEST_F(ClusterCliTest, WhySaysThatAPodWithoutVolumesOfOursIsNotOurs) {
  Add(kPods,
      R"({"metadata": {"name": "other", "namespace": "default"}, "spec": {"volumes": []}, "status": {"phase": "Pending"}})");
  EXPECT_THAT(Run({"why", "pod/other"}).out, HasSubstr("it has no volume of Ballast"));
}

TEST_F(ClusterCliTest, WhyExplainsAClaimThatWaitsForItsCache) {
  AddClaim(R"({"dataSourceRef": {"apiGroup": "ballast.dev", "kind": "ClusterModelCache", "name": "llama"}})");
  EXPECT_THAT(Run({"why", "pvc/data"}).out,
              AllOf(HasSubstr("claim default/data"),
                    HasSubstr("ClusterModelCache llama, which does not exist; there is none at all")));
}

TEST_F(ClusterCliTest, WhyExplainsAClaimWhoseCacheIsNotResolved) {
  AddClaim(R"({"dataSourceRef": {"apiGroup": "ballast.dev", "kind": "ClusterModelCache", "name": "llama"}})");
  AddCache("llama", "{}",
           R"({"conditions": [{"type": "SecretNotReadable", "status": "True", "reason": "SecretNotReadable",
    "message": "apply this Role", "lastTransitionTime": "2026-01-01T00:00:00Z"}]})");
  EXPECT_THAT(Run({"why", "pvc/data"}).out, AllOf(HasSubstr("SecretNotReadable: apply this Role"),
                                                  HasSubstr("since:     2026-01-01T00:00:00Z (2 min)")));
}

TEST_F(ClusterCliTest, WhyExplainsAClaimThatAsksForWhatThereIsNot) {
  AddClaim(
      R"({"accessModes": ["ReadWriteMany"], "dataSourceRef": {"apiGroup": "ballast.dev", "kind": "ClusterModelCache", "name": "llama"}})");
  AddCache("llama");
  EXPECT_THAT(Run({"why", "pvc/data"}).out, AllOf(HasSubstr("waits for: it asks for accessModes ReadWriteMany"),
                                                  HasSubstr("remedy:    models are read-only; use ReadOnlyMany")));
}

TEST_F(ClusterCliTest, WhyFollowsAPodsClaimThatIsNotBound) {
  Add(kPods, R"({"metadata": {"name": "reader", "namespace": "default"}, "status": {"phase": "Pending"},
    "spec": {"volumes": [{"name": "model", "persistentVolumeClaim": {"claimName": "data"}}]}})");
  AddClaim("{}");
  EXPECT_THAT(Run({"why", "pod/reader"}).out, HasSubstr("it names no cache"));
}

TEST_F(ClusterCliTest, WhyIsAlsoJson) {
  AddPod("lama");
  const Json answer = Json::parse(Run({"why", "pod/reader", "-o", "json"}).out);
  EXPECT_EQ(answer["findings"][0]["reason"], "UnknownCache");
  EXPECT_TRUE(answer["findings"][0]["waits"].get<bool>());
}

TEST_F(ClusterCliTest, WhatThereIsNotIsNotFound) {
  EXPECT_EQ(Run({"why", "pod/nowhere"}).code, kNotFound);
  EXPECT_EQ(Run({"why", "pvc/nowhere"}).code, kNotFound);
  EXPECT_EQ(Run({"why", "service/x"}).code, kUsage);
  EXPECT_THAT(Run({"why", "service/x"}).err, HasSubstr("why takes pod/NAME or pvc/NAME, not \"service/x\""));
}

// --- status
// ------------------------------------------------------------------------------------------------------------

TEST_F(ClusterCliTest, StatusListsCaches) {
  AddCache("llama", "{}",
           R"({"summary": {"revision": "0e9e39f2", "size": "15.0 GiB", "ready": "38/40", "progress": "97%"},
    "conditions": [{"type": "Ready", "status": "False", "reason": "NodesWarming", "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z"}]})");
  EXPECT_EQ(Run({"status"}).out,
            "CACHE   SOURCE           REVISION   SIZE       READY   PROGRESS   STATE\n"
            "llama   hf://org/llama   0e9e39f2   15.0 GiB   38/40   97%        NodesWarming\n");
}

TEST_F(ClusterCliTest, StatusOfACacheIsNodeByNode) {
  AddCache("llama");
  const std::string entry = StrCat(R"({"caches": [)", Entry("llama", kManifest, true, 0), "]}");
  AddCacheNode(entry, StrCat(R"({"caches": [)", Phase("llama", kManifest, "Ready", 1073741824), "]}"), "n1");
  AddCacheNode(entry,
               StrCat(R"({"caches": [)",
                      Phase("llama", kManifest, "Failed", 0, R"(, "reason": "DiskFull", "message": "no room")"), "]}"),
               "n2");
  AddCacheNode(R"({"refused": [{"cache": "llama", "reason": "NodeTooSmall", "message": "quota"}]})", "{}", "n3");
  EXPECT_THAT(Run({"status", "llama"}).out,
              AllOf(HasSubstr("llama: hf://org/llama@0e9e39f2"), HasSubstr("on 1 of 3 nodes"),
                    HasSubstr("n1     Ready     1.0 GiB   100%   hf://org/llama@0e9e39f2\n"),
                    HasSubstr("n2     Failed    0 B       0%     hf://org/llama@0e9e39f2   DiskFull: no room\n"),
                    HasSubstr("NodeTooSmall: quota")));
  EXPECT_THAT(Run({"status", "lama"}).err, HasSubstr("did you mean \"llama\"?"));
}

// How far one node is, no object says.
TEST_F(ClusterCliTest, StatusOfANodeThatDownloadsIsNotDone) {
  AddCache("llama", "{}", kUnderWay);
  const std::string entry = StrCat(R"({"caches": [)", Entry("llama", kManifest, true, 0), "]}");
  AddCacheNode(entry, StrCat(R"({"caches": [)", Phase("llama", kManifest, "Downloading", 1073741824), "]}"), "n1");
  AddCacheNode(entry, "{}", "n2");
  EXPECT_THAT(Run({"status", "llama"}).out,
              AllOf(HasSubstr("\nall nodes together: 40 %, 1.0 MiB/s, done about 2026-01-01T00:05:00Z\n"),
                    HasSubstr("n1     Downloading   -       -   hf://org/llama@0e9e39f2\n"),
                    HasSubstr("n2     Waiting       -       -   hf://org/llama@0e9e39f2\n")));
  const Json json = Json::parse(Run({"status", "llama", "-o", "json"}).out)["caches"][0];
  EXPECT_EQ(json["percent"], 40);
  EXPECT_EQ(json["bytes_per_second"], 1048576);
  EXPECT_EQ(json["done_about"], "2026-01-01T00:05:00Z");
  EXPECT_EQ(json["nodes"][0]["bytes"], nullptr);
  EXPECT_EQ(json["nodes"][0]["total"], 1073741824);
}

TEST_F(ClusterCliTest, StatusKnowsTheSizeOfARevisionThatTheCacheNamesNoMore) {
  AddCache("llama");
  AddCacheNode(StrCat(R"({"caches": [)", Entry("llama", kOther, false, 0), "]}"),
               StrCat(R"({"caches": [)", Phase("llama", kOther, "Ready", 2147483648), "]}"));
  EXPECT_THAT(Run({"status", "llama"}).out, HasSubstr("n1     Ready   2.0 GiB   100%   hf://org/llama@0e9e39f2\n"));
}

TEST_F(ClusterCliTest, StatusOfAFailedDownloadTellsWhatIsOnTheDisk) {
  AddCache("llama");
  AddCacheNode(
      StrCat(R"({"caches": [)", Entry("llama", kManifest, true, 0), "]}"),
      StrCat(R"({"caches": [)", Phase("llama", kManifest, "Failed", 268435456, R"(, "reason": "DiskFull")"), "]}"));
  EXPECT_THAT(Run({"status", "llama"}).out, HasSubstr("n1     Failed   256 MiB   25%   "));
}

// --- plan
// --------------------------------------------------------------------------------------------------------------

TEST_F(ClusterCliTest, PlanTellsWhatWouldNotFitAndWhatWouldGo) {
  AddNode("n1");
  AddCache("llama");
  AddCache("qwen", "{}",
           StrCat(R"({"revision": {"current": "1", "manifest": ")", kOther, R"(", "bytes": 2147483648}})"));
  AddCacheNode(
      StrCat(R"({"caches": [)", Entry("qwen", kOther, true, 900), ",", Entry("llama", kManifest, false, 10), "]}"),
      StrCat(R"({"caches": [)", Phase("llama", kManifest, "Ready", 1073741824),
             R"(], "disk": {"usedBytes": 1073741824, "capacityBytes": 10737418240, "availableBytes": 9663676416}})"));
  const std::string policy = WritePolicy(
      "apiVersion: ballast.dev/v1alpha1\nkind: CachePolicy\nmetadata: {name: small}\nspec: {priority: 1, disk: {quota: "
      "2Gi}}\n");
  EXPECT_EQ(Run({"plan", "-f", policy}).out,
            "policy small would govern 1 nodes\nn1: quota 2.0 GiB, 1.0 GiB used\n  evicted: llama: needs 1.0 GiB, 0 B "
            "left after qwen(900)\n  stays: qwen (wanted)\n");
  const std::string tiny = WritePolicy(
      "apiVersion: ballast.dev/v1alpha1\nkind: CachePolicy\nmetadata: {name: small}\nspec: {disk: {quota: 1Gi}}\n");
  EXPECT_THAT(Run({"plan", "-f", tiny}).out, HasSubstr("not admitted: qwen: needs 2.0 GiB, 1.0 GiB left"));
}

// Of three copies of 1 GiB on demand there is room for two: the mounted one has its place before those of more
// priority.
TEST_F(ClusterCliTest, PlanKnowsThatWhatIsMountedStays) {
  const std::string third = "sha256:" + std::string(64, 'c');
  AddNode("n1");
  AddCache("llama");
  const auto one_gib = [](const std::string& manifest) {
    return StrCat(R"({"revision": {"current": "1", "manifest": ")", manifest, R"(", "bytes": 1073741824}})");
  };
  AddCache("qwen", "{}", one_gib(kOther));
  AddCache("phi", "{}", one_gib(third));
  AddCacheNode(StrCat(R"({"caches": [)", Entry("llama", kManifest, false, 1), ",", Entry("qwen", kOther, false, 10),
                      ",", Entry("phi", third, false, 100), "]}"),
               StrCat(R"({"caches": [)", Phase("llama", kManifest, "Ready", 1073741824), ",",
                      Phase("qwen", kOther, "Ready", 1073741824), ",", Phase("phi", third, "Ready", 1073741824),
                      R"(], "disk": {"usedBytes": 3221225472}})"));
  const std::string policy = WritePolicy(
      "apiVersion: ballast.dev/v1alpha1\nkind: CachePolicy\nmetadata: {name: small}\nspec: {disk: {quota: 2Gi}}\n");
  EXPECT_THAT(Run({"plan", "-f", policy}).out,
              HasSubstr("  evicted: llama: needs 1.0 GiB, 0 B left after phi(100), qwen(10)\n"
                        "  stays: phi (on demand), qwen (on demand)\n"));
  client_.FailNext(KubeVerb::kList, PermissionDenied("persistentvolumes is forbidden"));
  EXPECT_THAT(Run({"plan", "-f", policy}).out, HasSubstr("you may not list pods"));

  AddPod("llama", true, "Running");
  constexpr char kMountedStays[] =
      "  evicted: qwen: needs 1.0 GiB, 0 B left after llama(mounted), phi(100)\n"
      "  stays: llama (mounted), phi (on demand)\n";
  EXPECT_THAT(Run({"plan", "-f", policy}).out, HasSubstr(kMountedStays));

  ASSERT_EQ(client_.Delete(kPods, {"default", "reader"}, {}, {}), OkStatus());
  Json volume =
      Json::parse(R"({"metadata": {"name": "pv"}, "spec": {"claimRef": {"namespace": "default", "name": "data"},
    "csi": {"driver": "csi.ballast.dev", "volumeAttributes": {"clusterCache": "llama"}}}})");
  volume["spec"]["csi"]["volumeAttributes"]["manifest"] = kManifest;
  Add(kVolumes, volume);
  Add(kPods, Json::parse(R"({"metadata": {"name": "by-claim", "namespace": "default"}, "spec": {"nodeName": "n1",
    "volumes": [{"name": "model", "persistentVolumeClaim": {"claimName": "data"}}]}, "status": {"phase": "Running"}})"));
  EXPECT_THAT(Run({"plan", "-f", policy}).out, HasSubstr(kMountedStays)) << "by a claim";
}

// Of a disk of 10 GiB 8 are used, 5 by models: 3 on demand, of which one is mounted, 1 wanted, and 1 that no cache
// names.
class ClusterCliThresholdsTest : public ClusterCliTest {
 protected:
  ClusterCliThresholdsTest() {
    AddNode("n1");
    std::vector<std::string> entries;
    std::vector<std::string> phases;
    for (const auto& [name, digit, pinned, priority] :
         std::vector<std::tuple<std::string, char, bool, int>>{{"wanted", 'a', true, 1},
                                                               {"dear", 'b', false, 100},
                                                               {"cheap", 'c', false, 10},
                                                               {"mounted", 'd', false, 1}}) {
      const std::string manifest = "sha256:" + std::string(64, digit);
      AddCache(name, "{}",
               StrCat(R"({"revision": {"current": "1", "manifest": ")", manifest, R"(", "bytes": 1073741824}})"));
      entries.push_back(Entry(name, manifest, pinned, priority));
      phases.push_back(Phase(name, manifest, "Ready", 1073741824));
    }
    AddPod("mounted", true, "Running");
    AddCacheNode(
        StrCat(R"({"caches": [)", Join(entries, ","), "]}"),
        StrCat(R"({"caches": [)", Join(phases, ","),
               R"(], "disk": {"usedBytes": 5368709120, "capacityBytes": 10737418240, "availableBytes": 2147483648}})"));
  }
  std::string Plan(const std::string& spec) {
    return Run({"plan", "-f",
                WritePolicy(StrCat(
                    "apiVersion: ballast.dev/v1alpha1\nkind: CachePolicy\nmetadata: {name: new}\nspec: ", spec, "\n"))})
        .out;
  }
};

TEST_F(ClusterCliThresholdsTest, PlanIsAnAllClearWhereAllIsKnownAndNothingGoes) {
  EXPECT_EQ(Plan("{disk: {highThresholdPercent: 90, minAvailable: 1Gi}}"),
            "policy new would govern 1 nodes\nn1: quota none, 5.0 GiB used\n"
            "  stays: wanted (wanted), mounted (mounted), dear (on demand), cheap (on demand)\n"
            "nothing would be evicted, and every cache admitted\n");
}

TEST_F(ClusterCliThresholdsTest, PlanTellsWhatGoesByThresholds) {
  EXPECT_THAT(Plan("{disk: {highThresholdPercent: 75, lowThresholdPercent: 65}}"),
              AllOf(HasSubstr("  evicted: cheap: its file system holds 1.5 GiB more than the thresholds allow\n"),
                    HasSubstr("  evicted: up to 1.0 GiB of unfinished downloads and of what no cache names\n"),
                    HasSubstr("  stays: wanted (wanted), mounted (mounted), dear (on demand)\n"),
                    Not(HasSubstr("nothing would be evicted"))));
  EXPECT_THAT(Plan("{disk: {minAvailable: 3Gi, highThresholdPercent: 90}}"),
              AllOf(HasSubstr("up to 1.0 GiB of unfinished"), Not(HasSubstr("evicted: cheap")),
                    Not(HasSubstr("nothing would be evicted"))));
}

TEST_F(ClusterCliThresholdsTest, PlanTellsWhatIsMissingThoughAllGoes) {
  EXPECT_THAT(Plan("{disk: {highThresholdPercent: 50, lowThresholdPercent: 40}}"),
              AllOf(HasSubstr("  evicted: cheap: "), HasSubstr("  evicted: dear: "),
                    HasSubstr("  1.0 GiB more would have to go by its thresholds, and nothing may\n"),
                    HasSubstr("  stays: wanted (wanted), mounted (mounted)\n")));
}

TEST_F(ClusterCliThresholdsTest, PlanNamesWhatItDoesNotEvaluate) {
  const std::string plain = "disk: {highThresholdPercent: 90}";
  const std::pair<std::string, std::string> cases[] = {
      {", eviction: {unusedFor: 1h}", "eviction.unusedFor"},
      {", tenants: [{namespaceSelector: {}, quotaPerNode: 1Gi}]", "tenants[].quotaPerNode"},
      {", tenants: [{namespaceSelector: {}, quotaTotal: 1Gi}]", "tenants[].quotaTotal"},
      {", tenants: [{namespaceSelector: {}, maxPriority: 5, prewarm: Denied}]",
       "tenants[].maxPriority, tenants[].prewarm"},
      {", tenants: [{namespaceSelector: {}, sources: ['hf://*']}]", "tenants[].sources"}};
  for (const auto& [more, named] : cases) {
    EXPECT_THAT(Plan(StrCat("{", plain, more, "}")),
                AllOf(HasSubstr(StrCat("not evaluated, and more may go or not be admitted by it: ", named, "\n")),
                      Not(HasSubstr("nothing would be evicted"))))
        << more;
  }
}

TEST_F(ClusterCliThresholdsTest, PlanNamesWhatThePolicyOfTodaySaysAndTheNewOneDoesNot) {
  Add(kCachePolicies,
      R"({"kind": "CachePolicy", "metadata": {"name": "old"}, "spec": {"priority": -1, "tenants": [{"namespaceSelector": {}, "maxPriority": 5}]}})");
  ASSERT_EQ(client_.Patch(kCacheNodes, {"", "n1"}, {{"spec", {{"policy", {{"name", "old"}}}}}}, Subresource::kNone, {})
                .status(),
            OkStatus());
  EXPECT_THAT(Plan("{disk: {highThresholdPercent: 90}}"), HasSubstr("not be admitted by it: tenants[].maxPriority\n"));
}

TEST_F(ClusterCliThresholdsTest, PlanTellsWhatIsRefusedToday) {
  ASSERT_EQ(
      client_
          .Patch(kCacheNodes, {"", "n1"},
                 Json::parse(R"({"spec": {"refused": [{"cache": "big", "reason": "NodeTooSmall", "message": "no"}]}})"),
                 Subresource::kNone, {})
          .status(),
      OkStatus());
  EXPECT_THAT(Plan("{disk: {highThresholdPercent: 90}}"),
              AllOf(HasSubstr("  refused today: big: NodeTooSmall: no\n"), Not(HasSubstr("every cache admitted"))));
}

TEST_F(ClusterCliTest, PlanIsNoAllClearForADiskThatIsNotKnown) {
  AddNode("n1");
  AddCacheNode("{}", "{}");
  const std::string policy = WritePolicy(
      "apiVersion: ballast.dev/v1alpha1\nkind: CachePolicy\nmetadata: {name: new}\nspec: {disk: {minAvailable: "
      "1Gi}}\n");
  EXPECT_THAT(Run({"plan", "-f", policy}).out,
              AllOf(HasSubstr("disk thresholds of n1, which has not told its disk"), Not(HasSubstr("more would have")),
                    Not(HasSubstr("nothing would be evicted"))));
}

// The node says the size of what it has yet to download.
TEST_F(ClusterCliTest, PlanEvictsNothingThatIsNotHereYet) {
  AddNode("n1");
  AddCache("llama");
  AddCacheNode(StrCat(R"({"caches": [)", Entry("llama", kManifest, false, 10), "]}"),
               StrCat(R"({"caches": [)", Phase("llama", kManifest, "Downloading", 1073741824), "]}"));
  const std::string policy = WritePolicy(
      "apiVersion: ballast.dev/v1alpha1\nkind: CachePolicy\nmetadata: {name: new}\nspec: {disk: {quota: 1Mi}}\n");
  EXPECT_THAT(Run({"plan", "-f", policy}).out, Not(HasSubstr("evicted: llama")));
}

TEST_F(ClusterCliTest, PlanNamesTheNodesThatAnotherPolicyGoverns) {
  AddNode("n1");
  AddCacheNode("{}", "{}");
  Add(kCachePolicies, R"({"kind": "CachePolicy", "metadata": {"name": "storage"}, "spec": {"priority": 200}})");
  const std::string policy = WritePolicy(
      "apiVersion: ballast.dev/v1alpha1\nkind: CachePolicy\nmetadata: {name: small}\nspec: {disk: {quota: 2Gi}}\n");
  EXPECT_THAT(Run({"plan", "-f", policy}).out, HasSubstr("would govern 0 nodes, not n1 (storage, priority 200)"));
}

TEST_F(ClusterCliTest, AFileThatIsNoPolicyIsRefusedWithItsLine) {
  const std::string policy = WritePolicy(
      "apiVersion: ballast.dev/v1alpha1\nkind: CachePolicy\nmetadata: {name: small}\nspec: {disk: {qouta: 2Gi}}\n");
  const Answer answer = Run({"plan", "-f", policy});
  EXPECT_EQ(answer.code, kUsage);
  EXPECT_THAT(answer.err, AllOf(HasSubstr("policy.yaml:4"), HasSubstr("did you mean \"quota\"?")));
}

// --- what the chart's hooks run
// ------------------------------------------------------------------------------------------

TEST_F(ClusterCliTest, ApplyWaitsUntilTheKindIsServed) {
  const std::string policy = WritePolicy(
      R"({"apiVersion": "ballast.dev/v1alpha1", "kind": "CachePolicy", "metadata": {"name": "default"}, "spec": {"priority": 0}})");
  client_.FailNext(KubeVerb::kApply, NotFound("the server could not find the requested resource"), 3);
  EXPECT_EQ(Run({"apply", "-f", policy}).out, "applied default\n");
  EXPECT_EQ(client_.CountCalls(KubeVerb::kApply), 4);
}

TEST_F(ClusterCliTest, ApplyGivesUpInTheEnd) {
  const std::string policy =
      WritePolicy(R"({"apiVersion": "ballast.dev/v1alpha1", "kind": "CachePolicy", "metadata": {"name": "default"}})");
  client_.FailNext(KubeVerb::kApply, NotFound("no such resource"), 1000);
  const Answer answer = Run({"apply", "-f", policy, "--timeout", "5"});
  EXPECT_EQ(answer.code, kNotFound);
  EXPECT_THAT(answer.err, HasSubstr("no such resource"));
}

TEST_F(ClusterCliTest, AnUninstallIsRefusedWithTheNamesOfThePods) {
  AddPod("llama", true, "Running");
  const Answer answer = Run({"check-uninstall"});
  EXPECT_EQ(answer.code, kRefused);
  EXPECT_THAT(answer.err,
              HasSubstr("1 pod has a volume of Ballast mounted: default/reader (node n1); delete them first"));
}

TEST_F(ClusterCliTest, AnUninstallIsRefusedForAPodWithAClaimOfOurs) {
  Add(kVolumes,
      R"({"metadata": {"name": "pvc-1"}, "spec": {"csi": {"driver": "csi.ballast.dev"}, "claimRef": {"namespace": "default", "name": "data"}}})");
  Add(kPods, R"({"metadata": {"name": "a", "namespace": "default"}, "status": {"phase": "Pending"},
    "spec": {"nodeName": "n1", "volumes": [{"name": "model", "persistentVolumeClaim": {"claimName": "data"}}]}})");
  EXPECT_EQ(Run({"check-uninstall"}).code, kRefused);
}

TEST_F(ClusterCliTest, PodsThatEndedOrAreOthersDoNotHoldUpAnUninstall) {
  AddPod("llama", true, "Succeeded");
  Add(kPods, R"({"metadata": {"name": "b", "namespace": "default"}, "status": {"phase": "Running"},
    "spec": {"nodeName": "n1", "volumes": [{"name": "d", "persistentVolumeClaim": {"claimName": "others"}}]}})");
  EXPECT_EQ(Run({"check-uninstall"}).code, kOk);
}

TEST_F(ClusterCliTest, CleanUpFreesWhatNobodyElseWould) {
  Add(kClusterModelCaches,
      R"({"kind": "ClusterModelCache", "metadata": {"name": "llama", "finalizers": ["ballast.dev/cache", "example.com/other"]},
    "spec": {"source": {"uri": "hf://a/b"}}})");
  AddCacheNode("{}", "{}");
  Add(kVolumes,
      R"({"metadata": {"name": "pvc-1"}, "spec": {"csi": {"driver": "csi.ballast.dev"}}, "status": {"phase": "Released"}})");
  Add(kVolumes,
      R"({"metadata": {"name": "pvc-2"}, "spec": {"csi": {"driver": "csi.ballast.dev"}}, "status": {"phase": "Bound"}})");
  Add(kNodes, R"({"metadata": {"name": "n1", "labels": {"ballast.dev/warm.llama": "true", "role": "gpu"}},
    "spec": {"taints": [{"key": "startup-taint.cluster-autoscaler.kubernetes.io/ballast", "effect": "NoSchedule"}, {"key": "gpu", "effect": "NoSchedule"}]}})");
  Add(kLeases, R"({"metadata": {"name": "ballast-operator", "namespace": "default"}})");
  Add(kSecrets, R"({"metadata": {"name": "ballast-ca", "namespace": "default"}})");
  const Answer answer = Run({"clean-up", "--secret", "ballast-ca"});
  EXPECT_EQ(answer.code, kOk) << answer.err;
  EXPECT_EQ(client_.Get(kClusterModelCaches, {"", "llama"}, {})->at("metadata").at("finalizers"),
            Json({"example.com/other"}));
  EXPECT_EQ(client_.Get(kCacheNodes, {"", "n1"}, {}).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(client_.Get(kVolumes, {"", "pvc-1"}, {}).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(client_.Get(kVolumes, {"", "pvc-2"}, {}).status(), OkStatus());
  EXPECT_EQ(client_.Get(kSecrets, {"default", "ballast-ca"}, {}).status().code(), StatusCode::kNotFound);
  const Json node = *client_.Get(kNodes, {"", "n1"}, {});
  EXPECT_EQ(node.at("metadata").at("labels"), Json({{"role", "gpu"}}));
  EXPECT_EQ(node.at("spec").at("taints").size(), 1U);
  EXPECT_EQ(Run({"clean-up"}).out, "nothing was left\n");
}

TEST_F(ClusterCliTest, CleanUpWaitsForThePurge) {
  Add(kDaemonSets,
      R"({"metadata": {"name": "purge", "namespace": "default"}, "status": {"desiredNumberScheduled": 2, "numberReady": 1}})");
  on_pause_ = [&] {
    EXPECT_EQ(
        client_.Patch(kDaemonSets, {"default", "purge"}, {{"status", {{"numberReady", 2}}}}, Subresource::kNone, {})
            .status(),
        OkStatus());
  };
  EXPECT_THAT(Run({"clean-up", "--wait-for", "purge"}).out, HasSubstr("purge is done\n"));
}

// Else finalizers would hold up namespaces because of a node that is down.
TEST_F(ClusterCliTest, CleanUpCleansUpAlthoughANodeIsNotPurged) {
  for (const char* pool : {"a", "b"}) {
    Json purge = Json::parse(R"({"metadata": {"namespace": "default"}, "spec": {"selector": {"matchLabels": {}}},
      "status": {"desiredNumberScheduled": 2, "numberReady": 1}})");
    purge["metadata"]["name"] = StrCat("purge-", pool);
    purge["spec"]["selector"]["matchLabels"]["pool"] = pool;
    Add(kDaemonSets, purge);
  }
  for (const auto& [name, ready] : std::vector<std::pair<std::string, std::string>>{{"1", "True"}, {"2", "False"}}) {
    Add(kPods, Json{{"metadata", {{"name", "purge-a-" + name}, {"namespace", "default"}, {"labels", {{"pool", "a"}}}}},
                    {"spec", {{"nodeName", "n" + name}}},
                    {"status", {{"conditions", {{{"type", "Ready"}, {"status", ready}}}}}}});
  }
  AddCacheNode("{}", "{}");
  const SteadyTime begin = clock_.Steady();
  const Answer answer = Run({"clean-up", "--wait-for", "purge-a", "--wait-for", "purge-b", "--timeout", "240"});
  EXPECT_EQ(answer.code, kUnavailable);
  EXPECT_THAT(answer.out, HasSubstr("cachenodes n1: deleted"));
  EXPECT_EQ(answer.err,
            "error: not all nodes were purged: DaemonSet purge-a: 1 of 2 pods are ready, not purge-a-2 on node n2; "
            "DaemonSet purge-b: 1 of 2 pods are ready; such a node keeps its cache folder: remove it there by hand\n");
  EXPECT_LE(clock_.Steady() - begin, std::chrono::seconds(241)) << "the timeout is of all";
}

TEST_F(ClusterCliTest, HelpNeedsNoCluster) {
  const Answer answer = Run({"--help"});
  EXPECT_EQ(answer.code, kOk);
  EXPECT_THAT(answer.out, AllOf(HasSubstr("why"), HasSubstr("status"), HasSubstr("plan")));
}

}  // namespace
}  // namespace ballast::cli
