// The conformance tests against a real apiserver: ballast-kube-conformance KUBECONFIG [gtest flags], or in its place
// the folder of a service account, with KUBERNETES_SERVICE_HOST and _PORT. Makes the test CRD and a namespace for each
// test, and deletes them in the end.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>

#include "base/run_main.h"
#include "kube/rest_kube_client.h"
#include "kube/testing/kube_conformance.h"

namespace ballast {
namespace {

const KubeResource kDefinitions{"apiextensions.k8s.io", "v1", "customresourcedefinitions", false};
const KubeResource kNamespaces{"", "v1", "namespaces", false};

std::unique_ptr<RestKubeClient> g_client;

class RestUnderTest final : public KubeUnderTest {
 public:
  RestUnderTest() {
    const Json ns = {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"generateName", "conformance-"}}}};
    const auto created = g_client->Create(kNamespaces, ns, {});
    BALLAST_CHECK(created.ok()) << created.status();
    ns_ = NameOf(*created).name;
  }
  ~RestUnderTest() override {
    const Status deleted = g_client->Delete(kNamespaces, {"", ns_}, {}, {});
    EXPECT_TRUE(deleted.ok()) << deleted;
  }
  KubeClient& client() override { return *g_client; }
  std::string ns() override { return ns_; }
  void PassWatchTimeout() override {}

 private:
  std::string ns_;
};

std::unique_ptr<KubeUnderTest> MakeRest() { return std::make_unique<RestUnderTest>(); }

INSTANTIATE_TEST_SUITE_P(Rest, KubeConformanceTest, testing::Values(&MakeRest));

bool IsEstablished(const Json& definition) {
  for (const Json& condition : ChildAt(definition, "/status/conditions")) {
    if (StringAt(condition, "/type") == "Established" && StringAt(condition, "/status") == "True") return true;
  }
  return false;
}

// Until the apiserver serves widgets.
Status DefineWidgets(KubeClient& client) {
  Status created = client.Create(kDefinitions, WidgetDefinition(), {}).status();
  if (!created.ok() && created.code() != StatusCode::kAlreadyExists) return created;
  ASSIGN_OR_RETURN(const Json definition, client.Get(kDefinitions, {"", kWidgets.FullName()}, {}));
  if (IsEstablished(definition)) return OkStatus();
  const Status done = Cancelled("established");
  const auto sink = [&](const WatchEvent& event) { return IsEstablished(event.object) ? done : OkStatus(); };
  const Status end = client.Watch(kDefinitions, {.resource_version = ResourceVersionOf(definition)}, sink, {});
  return end == done ? OkStatus() : end;
}

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

Result<KubeAccess> LoadAccess(const std::string& path) {
  return std::filesystem::is_directory(path) ? InClusterAccess(Environment, path) : LoadKubeconfig(path);
}

Result<std::unique_ptr<RestKubeClient>> Connect(const char* path) {
  ASSIGN_OR_RETURN(const KubeAccess access, LoadAccess(path));
  ASSIGN_OR_RETURN(auto client, RestKubeClient::Create(access));
  RETURN_IF_ERROR(DefineWidgets(*client));
  return client;
}

int Run(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (argc != 2) {
    std::cerr << "usage: ballast-kube-conformance KUBECONFIG|SERVICE-ACCOUNT-DIR [gtest flags]\n";
    return 2;
  }
  auto client = Connect(argv[1]);
  if (!client.ok()) {
    std::cerr << "error: " << client.status() << "\n";
    return 1;
  }
  g_client = std::move(client).value();
  const int failed = RUN_ALL_TESTS();
  g_client.reset();
  return failed;
}

}  // namespace
}  // namespace ballast

int main(int argc, char** argv) { return ballast::RunMain(ballast::Run, argc, argv); }
