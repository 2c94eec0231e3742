// Who decides which model a caller of Prepare gets.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "daemon/admission.h"
#include "proto/cache.pb.h"

namespace ballast {

struct Admittance {
  Result<Admitted> admitted;
  std::string waiting_for;  // not "": nobody has decided yet, and this is who will; ask again when the watch says so
};

// Ends a watch when it goes. Afterwards its callback does not run, and is not running: hold no lock here that the
// callback takes.
class [[nodiscard]] AdmissionWatch {
 public:
  AdmissionWatch() = default;
  explicit AdmissionWatch(std::function<void()> end) : end_(std::move(end)) {}
  AdmissionWatch(AdmissionWatch&& other) noexcept : end_(std::exchange(other.end_, nullptr)) {}
  AdmissionWatch& operator=(AdmissionWatch&& other) noexcept {
    if (end_) end_();
    end_ = std::exchange(other.end_, nullptr);
    return *this;
  }
  ~AdmissionWatch() {
    if (end_) end_();
  }

 private:
  std::function<void()> end_;
};

// Thread-safe.
class Admissions {
 public:
  virtual ~Admissions() = default;
  virtual Admittance Admit(const cache::v1::PrepareRequest& asked) = 0;
  // Calls `changed` whenever answers may be others, and every second or so: who waits asks again then. It must be short
  // and must not call back.
  virtual AdmissionWatch Watch(std::function<void()> changed) = 0;
  // Why answers may be wrong, for people: one sentence each.
  virtual std::vector<std::string> Problems() const { return {}; }
};

}  // namespace ballast
