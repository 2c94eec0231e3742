// Errors as values: Status, Result<T>, and the two macros that pass them on.
//
// The codes and their numbers are gRPC's canonical ones, so that a Status crosses an RPC unchanged. A message is user
// interface: it names what happened, to what, and what to do about it.
#pragma once

#include <chrono>
#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/check.h"

namespace ballast {

enum class StatusCode : uint8_t {
  kOk = 0,
  kCancelled = 1,
  kUnknown = 2,
  kInvalidArgument = 3,
  kDeadlineExceeded = 4,
  kNotFound = 5,
  kAlreadyExists = 6,
  kPermissionDenied = 7,
  kResourceExhausted = 8,
  kFailedPrecondition = 9,
  kAborted = 10,
  kOutOfRange = 11,
  kUnimplemented = 12,
  kInternal = 13,
  kUnavailable = 14,
  kDataLoss = 15,
  kUnauthenticated = 16,
};

// "UNAVAILABLE", as gRPC spells it.
std::string_view StatusCodeName(StatusCode code);

class [[nodiscard]] Status {
 public:
  Status() = default;  // OK
  Status(StatusCode code, std::string message) : code_(code), message_(std::move(message)) {}

  bool ok() const { return code_ == StatusCode::kOk; }
  StatusCode code() const { return code_; }
  const std::string& message() const { return message_; }

  // "NOT_FOUND: no such model"; "OK".
  std::string ToString() const;

  // The same code with "prefix: " before the message. OK stays OK.
  Status WithContext(std::string_view prefix) const;

  // How long the other side asked us to wait before a next attempt (Retry-After); zero where it did not say.
  std::chrono::milliseconds retry_after() const { return retry_after_; }
  Status WithRetryAfter(std::chrono::milliseconds wait) const;

  friend bool operator==(const Status&, const Status&) = default;

 private:
  StatusCode code_ = StatusCode::kOk;
  std::string message_;
  std::chrono::milliseconds retry_after_{0};
};

std::ostream& operator<<(std::ostream& out, const Status& status);

inline Status OkStatus() { return {}; }
inline Status Cancelled(std::string m) { return {StatusCode::kCancelled, std::move(m)}; }
inline Status Unknown(std::string m) { return {StatusCode::kUnknown, std::move(m)}; }
inline Status InvalidArgument(std::string m) { return {StatusCode::kInvalidArgument, std::move(m)}; }
inline Status DeadlineExceeded(std::string m) { return {StatusCode::kDeadlineExceeded, std::move(m)}; }
inline Status NotFound(std::string m) { return {StatusCode::kNotFound, std::move(m)}; }
inline Status AlreadyExists(std::string m) { return {StatusCode::kAlreadyExists, std::move(m)}; }
inline Status PermissionDenied(std::string m) { return {StatusCode::kPermissionDenied, std::move(m)}; }
inline Status ResourceExhausted(std::string m) { return {StatusCode::kResourceExhausted, std::move(m)}; }
inline Status FailedPrecondition(std::string m) { return {StatusCode::kFailedPrecondition, std::move(m)}; }
inline Status Aborted(std::string m) { return {StatusCode::kAborted, std::move(m)}; }
inline Status OutOfRange(std::string m) { return {StatusCode::kOutOfRange, std::move(m)}; }
inline Status Unimplemented(std::string m) { return {StatusCode::kUnimplemented, std::move(m)}; }
inline Status Internal(std::string m) { return {StatusCode::kInternal, std::move(m)}; }
inline Status Unavailable(std::string m) { return {StatusCode::kUnavailable, std::move(m)}; }
inline Status DataLoss(std::string m) { return {StatusCode::kDataLoss, std::move(m)}; }
inline Status Unauthenticated(std::string m) { return {StatusCode::kUnauthenticated, std::move(m)}; }

// True for what a later identical attempt may cure: Aborted, Unavailable, ResourceExhausted, DeadlineExceeded.
// Everything else is final until the input changes.
bool IsRetryable(const Status& status);

// A T or the reason why there is none. Reading the value of a failed Result is a bug and crashes.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}        // NOLINT(google-explicit-constructor): `return value;`
  Result(Status status) : state_(std::move(status)) {  // NOLINT(google-explicit-constructor): `return NotFound(..);`
    BALLAST_CHECK(!std::get<Status>(state_).ok()) << "a Result needs a value or an error";
  }

  bool ok() const { return std::holds_alternative<T>(state_); }
  Status status() const { return ok() ? OkStatus() : std::get<Status>(state_); }

  T& value() & { return Checked(), std::get<T>(state_); }
  const T& value() const& { return Checked(), std::get<T>(state_); }
  T&& value() && { return Checked(), std::get<T>(std::move(state_)); }

  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  void Checked() const { BALLAST_CHECK(ok()) << std::get<Status>(state_); }

  std::variant<T, Status> state_;
};

}  // namespace ballast

// The macros' own variables have names that no caller uses: RETURN_IF_ERROR(status_) must not read its own status_.
#define RETURN_IF_ERROR(expression)                                              \
  do {                                                                           \
    if (::ballast::Status ballast_status = (expression); !ballast_status.ok()) { \
      return ballast_status;                                                     \
    }                                                                            \
  } while (false)

#define BALLAST_CONCAT_INNER(a, b) a##b
#define BALLAST_CONCAT(a, b) BALLAST_CONCAT_INNER(a, b)
#define BALLAST_ASSIGN_OR_RETURN(result, target, expression) \
  auto result = (expression);                                \
  if (!result.ok()) return result.status();                  \
  target = std::move(result).value()

// ASSIGN_OR_RETURN(auto blob, store.Open(digest));
#define ASSIGN_OR_RETURN(target, expression) \
  BALLAST_ASSIGN_OR_RETURN(BALLAST_CONCAT(ballast_result_, __LINE__), target, expression)
