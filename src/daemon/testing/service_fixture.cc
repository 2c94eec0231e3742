#include "daemon/testing/service_fixture.h"

#include <fstream>
#include <random>
#include <thread>

namespace ballast {

namespace fs = std::filesystem;
namespace v1 = cache::v1;

std::string Weights(uint64_t size, uint32_t seed) {
  std::string bytes(size, '\0');
  std::minstd_rand random(seed);
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

ServiceFixture::ServiceFixture() {
  std::string name = "/tmp/ballast-daemon-XXXXXX";
  root_ = mkdtemp(name.data());
  fs::create_directory(root_ / "caches");
  config_.cache.dir = root_ / "cache";
  config_.cache.min_available = 0;
  config_.socket.path = root_ / "run/s";
  config_.http.address = "127.0.0.1:0";
  config_.manifests = root_ / "caches";
  config_.volumes.sources = {"hf://org/*"};
  config_.fetch.streams = 4;
  jobs_.backoff = {.initial = std::chrono::milliseconds(1), .max = std::chrono::milliseconds(4)};
  jobs_.notify_every = std::chrono::milliseconds(0);
  commit_ = origin_.Put("hf://org/a", {{.path = "config.json", .content = "{}", .kind = FakeFileKind::kPlain},
                                       {.path = "model.safetensors", .content = weights_}});
}

ServiceFixture::~ServiceFixture() {
  stub_.reset();
  daemon_.reset();
  fs::remove_all(root_);
}

Result<std::unique_ptr<Daemon>> ServiceFixture::TryStart() {
  Daemon::Setup setup = setup_;
  setup.config = config_;
  setup.version = "1.2.3";
  setup.origins = [this](const ModelRequest& request) -> Result<Origin*> {
    const auto own = origin_of_.find(request.domain);
    return own == origin_of_.end() ? &origin_ : own->second;
  };
  setup.jobs = jobs_;
  setup.pace = pace_;
  return Daemon::Start(std::move(setup), clock_);
}

void ServiceFixture::Start() {
  auto daemon = TryStart();
  ASSERT_TRUE(daemon.ok()) << daemon.status();
  daemon_ = *std::move(daemon);
  stub_ = v1::Cache::NewStub(grpc::CreateChannel("unix:" + config_.socket.path, grpc::InsecureChannelCredentials()));
}

v1::PrepareRequest ServiceFixture::Volume(const std::string& source, const std::string& id, v1::Layout layout) {
  v1::PrepareRequest request;
  request.set_source(source);
  request.set_volume(true);
  request.set_layout(layout);
  request.mutable_lease()->set_volume_id(id);
  request.mutable_lease()->set_target_path("/pods/" + id);
  request.mutable_lease()->set_pod("team/" + id);
  return request;
}

v1::PrepareRequest ServiceFixture::Pull(const std::string& source) {
  v1::PrepareRequest request;
  request.set_source(source);
  return request;
}

Prepared ServiceFixture::Prepare(const v1::PrepareRequest& request) {
  grpc::ClientContext context;
  Prepared prepared;
  const auto reader = stub_->Prepare(&context, request);
  for (v1::PrepareUpdate update; reader->Read(&update);) {
    if (update.has_ready()) prepared.ready = update.ready();
    if (update.has_progress()) prepared.progress.push_back(update.progress());
  }
  prepared.status = reader->Finish();
  return prepared;
}

std::vector<v1::Lease> ServiceFixture::Leases() {
  grpc::ClientContext context;
  v1::ListLeasesResponse response;
  EXPECT_TRUE(stub_->ListLeases(&context, {}, &response).ok());
  return {response.leases().begin(), response.leases().end()};
}

std::vector<v1::Model> ServiceFixture::List() {
  grpc::ClientContext context;
  v1::ListResponse response;
  EXPECT_TRUE(stub_->List(&context, {}, &response).ok());
  return {response.models().begin(), response.models().end()};
}

grpc::Status ServiceFixture::Remove(const std::string& model, v1::RemoveResponse* response) {
  grpc::ClientContext context;
  v1::RemoveRequest request;
  request.set_model(model);
  v1::RemoveResponse ignored;
  return stub_->Remove(&context, request, response == nullptr ? &ignored : response);
}

v1::StatusResponse ServiceFixture::GetStatus() {
  grpc::ClientContext context;
  v1::StatusResponse response;
  EXPECT_TRUE(stub_->Status(&context, {}, &response).ok());
  return response;
}

v1::CollectGarbageResponse ServiceFixture::CollectGarbage(bool dry_run) {
  grpc::ClientContext context;
  v1::CollectGarbageRequest request;
  request.set_dry_run(dry_run);
  v1::CollectGarbageResponse response;
  EXPECT_TRUE(stub_->CollectGarbage(&context, request, &response).ok());
  return response;
}

grpc::Status ServiceFixture::Release(const std::string& id) {
  grpc::ClientContext context;
  v1::ReleaseRequest request;
  request.set_volume_id(id);
  request.set_target_path("/pods/" + id);
  v1::ReleaseResponse response;
  return stub_->Release(&context, request, &response);
}

v1::VerifyUpdate ServiceFixture::Verify(const std::string& model, bool deep) {
  grpc::ClientContext context;
  v1::VerifyRequest request;
  request.set_model(model);
  request.set_deep(deep);
  const auto reader = stub_->Verify(&context, request);
  v1::VerifyUpdate last;
  for (v1::VerifyUpdate update; reader->Read(&update);) last = update;
  EXPECT_TRUE(reader->Finish().ok());
  return last;
}

grpc::Status ServiceFixture::Warm(const std::string& model, v1::WarmUpdate* last) {
  grpc::ClientContext context;
  v1::WarmRequest request;
  request.set_model(model);
  const auto reader = stub_->Warm(&context, request);
  for (v1::WarmUpdate update; reader->Read(&update);) *last = update;
  return reader->Finish();
}

std::string ServiceFixture::Content(const std::string& view, const std::string& path) const {
  std::ifstream file(fs::path(config_.cache.dir) / view / path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void ServiceFixture::FlipABit(const Digest& blob) const {
  constexpr int kAt = 1000;
  const fs::path path = fs::path(config_.cache.dir) / "blobs/sha256" / blob.Hex();
  fs::permissions(path, fs::perms::owner_write, fs::perm_options::add);
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(kAt);
  const auto byte = static_cast<char>(file.get() ^ 1);
  file.seekp(kAt);
  file.put(byte);
}

void ServiceFixture::WriteCache(const std::string& name, const std::string& spec) const {
  std::ofstream(root_ / "caches" / (name + ".yaml"))
      << "apiVersion: ballast.dev/v1alpha1\nkind: ClusterModelCache\nmetadata: {name: " << name << "}\nspec: {" << spec
      << "}\n";
}

void ServiceFixture::WaitUntil(const std::function<bool()>& condition) {
  while (!condition()) std::this_thread::yield();
}

}  // namespace ballast
