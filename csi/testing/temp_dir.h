// A directory below /tmp (short enough for sockets) that goes with its owner.
#pragma once

#include <filesystem>
#include <string>

#include "base/check.h"

namespace ballast::driver {

class TempDir {
 public:
  TempDir() {
    path_ = (std::filesystem::temp_directory_path() / "ballast-csi-XXXXXX").string();
    BALLAST_CHECK(::mkdtemp(path_.data()) != nullptr) << path_;
  }
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  std::string Path(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace ballast::driver
