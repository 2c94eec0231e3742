// What every Mounter must do, written against a world that both the kernel and the fake can be arranged into.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "csi/mount/mounter.h"

namespace ballast::driver {

class MounterWorld {
 public:
  virtual ~MounterWorld() = default;
  virtual Mounter& mounter() = 0;
  // An absolute directory that exists; everything happens below it.
  virtual std::string root() const = 0;
  virtual void AddView(const std::string& view) = 0;
  virtual void RemoveView(const std::string& view) = 0;
  virtual void AddDirectory(const std::string& path) = 0;
  virtual void AddFile(const std::string& path) = 0;
  virtual void AddSymlink(const std::string& path) = 0;  // to a directory that exists
  virtual void AddForeignMount(const std::string& path) = 0;
  virtual bool HasDirectory(const std::string& path) = 0;
};

// INSTANTIATE_TEST_SUITE_P(Fake, MounterConformanceTest, testing::Values(&MakeFakeWorld));
using MakeWorld = std::unique_ptr<MounterWorld> (*)();

class MounterConformanceTest : public testing::TestWithParam<MakeWorld> {
 protected:
  void SetUp() override {
    world_ = GetParam()();
    world_->AddDirectory(Path("/pod"));
    world_->AddView("views/a1/data");
  }

  MounterWorld& world() { return *world_; }
  Mounter& mounter() { return world_->mounter(); }
  std::string Path(const std::string& below) const { return world_->root() + below; }
  Status Mount(const std::string& below) { return mounter().Mount("views/a1/data", Path(below), false); }
  TargetKind Kind(const std::string& below) { return mounter().Inspect(Path(below)).value().kind; }

 private:
  std::unique_ptr<MounterWorld> world_;
};

}  // namespace ballast::driver
