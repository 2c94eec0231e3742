#include "cli/certs.h"

#include <filesystem>

#include "base/errno_status.h"
#include "base/strings.h"
#include "identity/authority.h"
#include "identity/certificate_check.h"
#include "identity/pem.h"
#include "identity/pem_file.h"

namespace ballast::cli {
namespace {

namespace fs = std::filesystem;

struct Pair {
  std::string certificate;
  std::string key;
};

Pair PairIn(const std::string& dir, const std::string& name) {
  const fs::path base = fs::path(dir) / name;
  return {base.string() + ".pem", base.string() + ".key"};
}

Status MakeDirectories(const std::string& dir) {
  std::error_code error;
  fs::create_directories(dir, error);
  return error ? ErrnoStatus(error.value(), StrCat("make directory ", dir)) : OkStatus();
}

Status RefuseToReplace(const Pair& ca) {
  for (const std::string& path : {ca.certificate, ca.key}) {
    std::error_code error;
    if (fs::symlink_status(path, error).type() == fs::file_type::not_found) continue;
    return FailedPrecondition(StrCat(path,
                                     " is there already, and no node trusts a certificate of another CA than its ",
                                     "own: name another --dir, or move ca.pem and ca.key away first"));
  }
  return OkStatus();
}

Result<CertificateAuthority> LoadAuthority(const std::string& dir) {
  const Pair paths = PairIn(dir, "ca");
  const auto read = [&dir](const std::string& path, Secrecy secrecy) -> Result<std::string> {
    auto text = ReadPemFile(path, secrecy);
    if (text.status().code() != StatusCode::kNotFound) return text;
    return NotFound(StrCat("there is no ", path, "; make a CA with: ballast certs init --dir ", dir));
  };
  ASSIGN_OR_RETURN(const std::string certificate, read(paths.certificate, Secrecy::kPublic));
  ASSIGN_OR_RETURN(const std::string key, read(paths.key, Secrecy::kPrivate));
  auto authority = CertificateAuthority::Load(certificate, key);
  if (!authority.ok()) return authority.status().WithContext(dir);
  return authority;
}

// A node may be called "ca", or "operator".
Status CheckReplacesItsOwn(const std::string& path, const PeerIdentity& subject) {
  const auto text = ReadPemFile(path, Secrecy::kPublic);
  if (!text.ok()) return OkStatus();
  const auto certificates = ParseCertificates(*text);
  if (!certificates.ok()) return OkStatus();
  const X509& there = *certificates->front();
  if (CheckIsAuthority(there).ok())
    return FailedPrecondition(StrCat(path, " is a CA's certificate and is not replaced: name another --out"));
  const auto other = PeerIdentity::FromCertificate(there);
  if (!other.ok() || *other == subject) return OkStatus();
  return FailedPrecondition(
      StrCat(path, " is the certificate of ", *other, " and is not replaced: name another --out"));
}

}  // namespace

Result<MadeAuthority> InitCerts(const CertsInitCommand& command, WallTime now) {
  const Pair paths = PairIn(command.dir, "ca");
  RETURN_IF_ERROR(MakeDirectories(command.dir));
  RETURN_IF_ERROR(RefuseToReplace(paths));
  ASSIGN_OR_RETURN(const CertificateAuthority authority, CertificateAuthority::Create(now));
  ASSIGN_OR_RETURN(const std::string certificate, authority.CertificatePem());
  ASSIGN_OR_RETURN(const std::string key, authority.KeyPem());
  RETURN_IF_ERROR(CreatePemFile(paths.key, key, Secrecy::kPrivate));
  RETURN_IF_ERROR(CreatePemFile(paths.certificate, certificate, Secrecy::kPublic));
  ASSIGN_OR_RETURN(const Validity validity, ValidityOf(authority.certificate()));
  return MadeAuthority{paths.certificate, paths.key, validity.not_after};
}

Result<IssuedFiles> IssueCerts(const CertsIssueCommand& command, WallTime now) {
  ASSIGN_OR_RETURN(const PeerIdentity subject,
                   command.for_operator ? PeerIdentity::Operator() : PeerIdentity::Node(command.node));
  ASSIGN_OR_RETURN(const CertificateAuthority authority, LoadAuthority(command.dir));
  const std::string out = command.out.empty() ? command.dir : command.out;
  const Pair paths = PairIn(out, subject.is_operator() ? "operator" : subject.node());
  RETURN_IF_ERROR(MakeDirectories(out));
  RETURN_IF_ERROR(CheckReplacesItsOwn(paths.certificate, subject));
  ASSIGN_OR_RETURN(const IssuedCertificate issued, authority.Issue(subject, now, std::chrono::days(command.days)));
  RETURN_IF_ERROR(ReplacePemFile(paths.key, issued.key, Secrecy::kPrivate));
  RETURN_IF_ERROR(ReplacePemFile(paths.certificate, issued.certificate, Secrecy::kPublic));
  return IssuedFiles{subject, paths.certificate, paths.key, PairIn(command.dir, "ca").certificate, issued.not_after};
}

}  // namespace ballast::cli
