// ballast-publish-bench: how long NodePublish takes for many volumes of one warm model, over a running driver's socket.
// Prints JSON lines; unpublishes everything. Needs root for its baseline, the plain bind mount of mount(2).
#include <grpcpp/create_channel.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "base/run_main.h"
#include "base/status.h"
#include "base/strings.h"
#include "csi/grpc_status.h"
#include "csi/proto/csi.grpc.pb.h"

namespace ballast::driver {
namespace {

namespace pb = csi::v1;
using std::chrono::steady_clock;
using Micros = std::chrono::duration<double, std::micro>;

struct Options {
  std::string endpoint;
  std::string targets;  // an existing directory; the mounts are made below it
  std::vector<std::string> attributes;
  int volumes = 110;
  int parallel = 16;
  int grow = 1000;
  int runs = 5;
};

struct Figure {
  std::string what;
  double value = 0;
  double baseline = 0;
  double target = 0;
  double min = 0;
  double max = 0;
  int runs = 1;
};

void Print(const Figure& f) {
  std::cout << R"({"id":"publish","what":")" << f.what << R"(","value":)" << f.value << R"(,"unit":"us","baseline":)"
            << f.baseline << R"(,"ratio":)" << (f.baseline > 0 ? f.value / f.baseline : 0) << R"(,"target":)"
            << f.target << R"(,"min":)" << f.min << R"(,"max":)" << f.max << R"(,"runs":)" << f.runs << "}\n";
}

double Percentile(std::vector<double> sorted, double p) {
  std::sort(sorted.begin(), sorted.end());
  return sorted[static_cast<size_t>(p * static_cast<double>(sorted.size() - 1))];
}

class Bench {
 public:
  explicit Bench(Options options)
      : options_(std::move(options)),
        stub_(pb::Node::NewStub(grpc::CreateChannel(options_.endpoint, grpc::InsecureChannelCredentials()))) {}

  Status Run() {
    RETURN_IF_ERROR(Publish(0));  // the model is warm, the connection is open
    RETURN_IF_ERROR(Unpublish(0));
    RETURN_IF_ERROR(Parallel());
    return Growth();
  }

 private:
  std::string Target(int i) const { return StrCat(options_.targets, "/v", i); }

  Status Publish(int i) {
    pb::NodePublishVolumeRequest request;
    request.set_volume_id(StrCat("bench-", i));
    request.set_target_path(Target(i));
    request.mutable_volume_capability()->mutable_mount();
    request.mutable_volume_capability()->mutable_access_mode()->set_mode(
        pb::VolumeCapability::AccessMode::SINGLE_NODE_WRITER);
    for (const std::string& attribute : options_.attributes) {
      const size_t equal = attribute.find('=');
      (*request.mutable_volume_context())[attribute.substr(0, equal)] =
          equal == std::string::npos ? "" : attribute.substr(equal + 1);
    }
    grpc::ClientContext context;
    pb::NodePublishVolumeResponse response;
    return FromGrpc(stub_->NodePublishVolume(&context, request, &response)).WithContext(Target(i));
  }

  Status Unpublish(int i) {
    pb::NodeUnpublishVolumeRequest request;
    request.set_volume_id(StrCat("bench-", i));
    request.set_target_path(Target(i));
    grpc::ClientContext context;
    pb::NodeUnpublishVolumeResponse response;
    return FromGrpc(stub_->NodeUnpublishVolume(&context, request, &response)).WithContext(Target(i));
  }

  // Runs `work` for [0, count) with `options_.parallel` threads; microseconds of each.
  Result<std::vector<double>> Timed(int count, const std::function<Status(int)>& work) {
    std::vector<double> times(static_cast<size_t>(count));
    std::vector<Status> failures(static_cast<size_t>(options_.parallel));
    std::atomic<int> next = 0;
    {
      std::vector<std::jthread> threads;
      threads.reserve(failures.size());
      for (Status& failure : failures) {
        threads.emplace_back([&] {
          for (int i = next++; i < count && failure.ok(); i = next++) {
            const auto begin = steady_clock::now();
            failure = work(i);
            times[static_cast<size_t>(i)] = Micros(steady_clock::now() - begin).count();
          }
        });
      }
    }
    for (const Status& failure : failures) RETURN_IF_ERROR(failure);
    return times;
  }

  Result<std::vector<double>> BindMounts(const std::string& source) {
    for (int i = 0; i < options_.volumes; ++i) ::mkdir(Target(i).c_str(), 0750);
    auto times = Timed(options_.volumes, [&](int i) {
      return ::mount(source.c_str(), Target(i).c_str(), nullptr, MS_BIND, nullptr) == 0 ? OkStatus()
                                                                                        : Internal("mount --bind");
    });
    for (int i = 0; i < options_.volumes; ++i) {
      ::umount2(Target(i).c_str(), MNT_DETACH);
      ::rmdir(Target(i).c_str());
    }
    return times;
  }

  Status Parallel() {
    std::vector<double> p50;
    std::vector<double> p99;
    std::vector<double> base;
    std::vector<double> base99;
    std::vector<double> unpublish99;
    for (int run = 0; run < options_.runs; ++run) {
      ASSIGN_OR_RETURN(const std::vector<double> bind, BindMounts(options_.targets));
      ASSIGN_OR_RETURN(const std::vector<double> times, Timed(options_.volumes, [this](int i) { return Publish(i); }));
      ASSIGN_OR_RETURN(const std::vector<double> gone, Timed(options_.volumes, [this](int i) { return Unpublish(i); }));
      p50.push_back(Percentile(times, 0.5));
      p99.push_back(Percentile(times, 0.99));
      base.push_back(Percentile(bind, 0.5));
      base99.push_back(Percentile(bind, 0.99));
      unpublish99.push_back(Percentile(gone, 0.99));
    }
    const std::string of = StrCat(options_.volumes, " volumes, ", options_.parallel, " at a time");
    PrintRuns("p50 of NodePublish, " + of, p50, Percentile(base, 0.5), 0);
    PrintRuns("p99 of NodePublish, " + of, p99, Percentile(base99, 0.5), 5000);
    PrintRuns("p99 of NodeUnpublish, " + of, unpublish99, 0, 0);
    return OkStatus();
  }

  static void PrintRuns(const std::string& what, const std::vector<double>& runs, double baseline, double target) {
    Print({.what = what,
           .value = Percentile(runs, 0.5),
           .baseline = baseline,
           .target = target,
           .min = *std::min_element(runs.begin(), runs.end()),
           .max = *std::max_element(runs.begin(), runs.end()),
           .runs = static_cast<int>(runs.size())});
  }

  // One after the other: the median of the mounts around the 10th against that around the last.
  Status Growth() {
    std::vector<double> times;
    Status failed;
    for (int i = 0; i < options_.grow && failed.ok(); ++i) {
      const auto begin = steady_clock::now();
      failed = Publish(i);
      times.push_back(Micros(steady_clock::now() - begin).count());
    }
    for (size_t i = 0; i < times.size(); ++i) (void)Unpublish(static_cast<int>(i));
    RETURN_IF_ERROR(failed);
    const double early = Percentile({times.begin(), times.begin() + 20}, 0.5);
    const std::vector<double> last(times.end() - 20, times.end());
    const double late = Percentile(last, 0.5);
    Print({.what = StrCat("NodePublish number ", options_.grow, " against the 10th (medians of 20)"),
           .value = late,
           .baseline = early,
           .target = 2,
           .min = *std::min_element(last.begin(), last.end()),
           .max = *std::max_element(last.begin(), last.end())});
    return OkStatus();
  }

  const Options options_;
  std::unique_ptr<pb::Node::Stub> stub_;
};

int Main(int argc, char** argv) {
  Options options;
  CLI::App app("Times NodePublish of many volumes of one warm model; prints JSON lines.");
  app.add_option("--endpoint", options.endpoint, "unix:///path of the driver")->required();
  app.add_option("--targets", options.targets, "An empty directory for the mounts")->required();
  app.add_option("--attribute", options.attributes, "KEY=VALUE of the volume context; repeat")->required();
  app.add_option("--volumes", options.volumes)->capture_default_str()->check(CLI::Range(1, 100000));
  app.add_option("--parallel", options.parallel)->capture_default_str()->check(CLI::Range(1, 256));
  app.add_option("--grow", options.grow, "Mounts of the growth test")
      ->capture_default_str()
      ->check(CLI::Range(40, 100000));
  app.add_option("--runs", options.runs)->capture_default_str()->check(CLI::Range(1, 1000));
  CLI11_PARSE(app, argc, argv);
  const Status status = Bench(options).Run();
  if (!status.ok()) std::cerr << "ballast-publish-bench: " << status << "\n";
  return status.ok() ? 0 : 1;
}

}  // namespace
}  // namespace ballast::driver

int main(int argc, char** argv) { return ballast::RunMain(ballast::driver::Main, argc, argv); }
