#include "csi/mount/testing/fake_mounter.h"

#include "csi/mount/testing/mounter_conformance.h"

namespace ballast::driver {
namespace {

class FakeWorld final : public MounterWorld {
 public:
  Mounter& mounter() override { return mounter_; }
  std::string root() const override { return "/root"; }
  void AddView(const std::string& view) override { mounter_.AddView(view); }
  void RemoveView(const std::string& view) override { mounter_.RemoveView(view); }
  void AddDirectory(const std::string& path) override { mounter_.AddDirectory(path); }
  void AddFile(const std::string& path) override { mounter_.AddFile(path); }
  void AddSymlink(const std::string& path) override { mounter_.AddSymlink(path); }
  void AddForeignMount(const std::string& path) override { mounter_.AddForeignMount(path); }
  bool HasDirectory(const std::string& path) override { return mounter_.HasDirectory(path); }

 private:
  FakeMounter mounter_;
};

INSTANTIATE_TEST_SUITE_P(Fake, MounterConformanceTest, testing::Values([]() -> std::unique_ptr<MounterWorld> {
                           return std::make_unique<FakeWorld>();
                         }));

}  // namespace
}  // namespace ballast::driver
