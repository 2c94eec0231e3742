// ballast-proto-compare CSI_PROTO PLUGINREGISTRATION_PROTO [--print]: is what our generated code speaks a subset of the
// official files? Prints each line of ours that they do not have; exit status 1 then. --print shows our own lines (the
// golden list).
#include <google/protobuf/compiler/importer.h>

#include <filesystem>
#include <iostream>

#include "base/run_main.h"
#include "csi/proto/csi.pb.h"
#include "csi/proto/describe.h"
#include "csi/proto/pluginregistration.pb.h"

namespace ballast::driver {
namespace {

namespace pb = google::protobuf;

class Errors final : public pb::compiler::MultiFileErrorCollector {
 public:
  void AddError(const std::string& file, int line, int, const std::string& message) override {
    std::cerr << file << ":" << line + 1 << ": " << message << "\n";
  }
};

// Empty where the file cannot be read or is no .proto.
std::set<std::string> Official(const std::string& path) {
  const std::filesystem::path file(path);
  pb::compiler::DiskSourceTree tree;
  tree.MapPath("", file.parent_path().string());
  tree.MapPath("", "/usr/include");  // google/protobuf/*.proto
  Errors errors;
  pb::compiler::Importer importer(&tree, &errors);
  const pb::FileDescriptor* parsed = importer.Import(file.filename().string());
  return parsed == nullptr ? std::set<std::string>() : DescribeWire(*parsed);
}

int CountMissing(const pb::FileDescriptor& ours, const std::string& path) {
  const std::set<std::string> official = Official(path);
  int missing = 0;
  for (const std::string& line : DescribeWire(ours)) {
    if (official.contains(line)) continue;
    std::cout << "not in " << path << ": " << line << "\n";
    ++missing;
  }
  return missing;
}

int Main(int argc, char** argv) {
  const auto& csi = *csi::v1::VolumeCapability::descriptor()->file();
  const auto& registration = *pluginregistration::PluginInfo::descriptor()->file();
  if (argc == 2 && std::string(argv[1]) == "--print") {
    for (const auto* file : {&csi, &registration}) {
      for (const std::string& line : DescribeWire(*file)) std::cout << line << "\n";
    }
    return 0;
  }
  if (argc != 3) {
    std::cerr << "usage: ballast-proto-compare CSI_PROTO PLUGINREGISTRATION_PROTO | --print\n";
    return 2;
  }
  const int missing = CountMissing(csi, argv[1]) + CountMissing(registration, argv[2]);
  std::cout << DescribeWire(csi).size() + DescribeWire(registration).size() << " lines compared, " << missing
            << " differ\n";
  return missing == 0 ? 0 : 1;
}

}  // namespace
}  // namespace ballast::driver

int main(int argc, char** argv) { return ballast::RunMain(ballast::driver::Main, argc, argv); }
