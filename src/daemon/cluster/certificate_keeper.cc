#include "daemon/cluster/certificate_keeper.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "base/errno_status.h"
#include "base/logging.h"
#include "base/small_file.h"
#include "base/strings.h"
#include "base/thread.h"
#include "identity/pem.h"
#include "identity/pem_file.h"

namespace ballast {
namespace {

constexpr size_t kMaxToken = 64 << 10;

Status MakeFolder(const std::string& file) {
  const std::string folder = file.substr(0, file.rfind('/'));
  if (::mkdir(folder.c_str(), 0700) == 0 || errno == EEXIST) return OkStatus();
  return ErrnoStatus(errno, "make the folder " + folder);
}

bool IsSame(const CertificateFacts& a, const CertificateFacts& b) {
  return a.valid == b.valid && a.reason == b.reason && a.message == b.message;
}

}  // namespace

WallTime RenewAt(const Validity& validity, double jitter) {
  const auto life = validity.not_after - validity.not_before;
  const auto moved = std::chrono::duration<double>(life) * (2.0 / 3 + jitter / 20);
  return validity.not_before + std::chrono::round<WallTime::duration>(moved);
}

CertificateKeeper::CertificateKeeper(Parts parts)
    : parts_(std::move(parts)),
      files_(parts_.paths, parts_.clock),
      backoff_(parts_.backoff, static_cast<uint32_t>(std::hash<std::string>()(parts_.node) | 1)),
      random_(static_cast<uint32_t>(std::hash<std::string>()(parts_.node) | 1)) {
  Look();
  thread_ = StartThread([this](const std::stop_token& stop) { Run(stop); });
}

CertificateKeeper::~CertificateKeeper() = default;

CertificateFacts CertificateKeeper::facts() const {
  MutexLock lock(mutex_);
  return facts_;
}

std::shared_ptr<const Credentials> CertificateKeeper::credentials() const {
  MutexLock lock(mutex_);
  return credentials_;
}

void CertificateKeeper::Run(const std::stop_token& stop) {
  std::mutex waiting;
  std::unique_lock lock(waiting);
  std::condition_variable_any wake;
  while (!stop.stop_requested()) {
    if (IsDue()) {
      failure_ = Renew(stop);
      if (stop.stop_requested()) return;
      if (failure_.ok()) backoff_.Reset();
      const Duration wait = failure_.ok() ? Duration() : std::max<Duration>(backoff_.Next(), failure_.retry_after());
      not_before_ = parts_.clock.Steady() + wait;
    }
    Look();
    parts_.tick();
    wake.wait_for(lock, stop, parts_.look_every, [] { return false; });
  }
}

bool CertificateKeeper::IsDue() const {
  if (parts_.clock.Steady() < not_before_) return false;
  return !renew_at_ || parts_.clock.Now() >= *renew_at_;
}

// What the files hold now, as others would judge it.
void CertificateKeeper::Look() {
  const CredentialFiles::Refreshed refreshed = files_.Refresh();
  const auto& found = refreshed.credentials;
  const std::string because = failure_.ok() ? "" : ": " + failure_.message();
  if (found == nullptr)
    return SetFacts({.valid = false, .reason = Reason::kNoCertificate, .message = "no certificate yet" + because}, {});
  const Result<CredentialFacts> facts = Check(*found, parts_.clock.Now());
  const bool ours = facts.ok() && !facts->identity.is_operator() && facts->identity.node() == parts_.node;
  if (!ours) {
    renew_at_.reset();
    const std::string why = facts.ok() ? StrCat("it is of ", facts->identity) : facts.status().message();
    return SetFacts({.valid = false, .reason = Reason::kCertificateExpired, .message = why + because}, {});
  }
  if (found != seen_) {
    seen_ = found;
    renew_at_ = RenewAt(facts->validity, std::uniform_real_distribution<double>(-1, 1)(random_));
  }
  SetFacts(
      {.valid = true, .reason = Reason::kCertificateValid, .message = std::string(TextOf(Reason::kCertificateValid))},
      found);
}

Status CertificateKeeper::Renew(const std::stop_token& stop) {
  Result<std::string> ca = ReadSmallFile(parts_.ca_file, kMaxPemBytes);
  if (!ca.ok())
    return ca.status().WithContext("the operator's CA (ConfigMap ballast-ca) is not here; the operator writes it");
  Result<std::string> token = ReadSmallFile(parts_.token_file, kMaxToken);
  if (!token.ok()) return token.status().WithContext("this pod has no token for the operator (audience ballast)");
  ASSIGN_OR_RETURN(
      const Credentials issued,
      parts_.issuer.IssueCertificate({.node = parts_.node, .ca = *ca, .token = std::string(Trim(*token))}, stop));
  RETURN_IF_ERROR(Save(issued));
  LOG(INFO) << Message("The operator issued a certificate").With("node", parts_.node);
  return OkStatus();
}

// The certificate comes last: until then the old one fits no key, and what is in use stays in use.
Status CertificateKeeper::Save(const Credentials& issued) const {
  RETURN_IF_ERROR(MakeFolder(parts_.paths.key));
  RETURN_IF_ERROR(ReplacePemFile(parts_.paths.ca, issued.ca, Secrecy::kPublic));
  RETURN_IF_ERROR(ReplacePemFile(parts_.paths.key, issued.key, Secrecy::kPrivate));
  return ReplacePemFile(parts_.paths.certificate, issued.certificate, Secrecy::kPublic);
}

void CertificateKeeper::SetFacts(CertificateFacts facts, std::shared_ptr<const Credentials> credentials) {
  {
    MutexLock lock(mutex_);
    credentials_ = std::move(credentials);
    if (IsSame(facts, facts_)) return;
    if (!facts.valid) LOG(WARNING) << Message("This node's certificate").With("problem", facts.message);
    facts_ = std::move(facts);
  }
  parts_.changed();
}

}  // namespace ballast
