// What must hold for a certificate, each with a text that says what is wrong and what to do.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "identity/openssl_ptr.h"

namespace ballast {

struct Validity {
  WallTime not_before;
  WallTime not_after;
};

Result<Validity> ValidityOf(const X509& certificate);
// "2026-11-23 21:25:00 UTC"
std::string FormatUtc(WallTime time);

// InvalidArgument: its basic constraints don't say that it may sign others.
Status CheckIsAuthority(const X509& certificate);
// InvalidArgument: it is the certificate of another key.
Status CheckKeyFits(const X509& certificate, const EVP_PKEY& key);
// Unauthenticated: no extended key usage, or not the one of its role (XKU_SSL_SERVER, XKU_SSL_CLIENT, or both).
Status CheckUsage(const X509& certificate, uint32_t roles);

// Why OpenSSL refused a chain (X509_V_ERR_*) at `certificate`, which may be null. Unauthenticated.
Status RefusedChain(int error, const X509* certificate);

// Trusts exactly these, each of which must be an authority; an intermediate alone is enough (cert-manager's may be
// one).
Result<TrustPtr> MakeTrust(const std::vector<CertificatePtr>& authorities);
// Whether `certificate` leads to `trust` at the time `now`, over the rest of `chain`.
Status CheckChain(X509_STORE& trust, const std::vector<CertificatePtr>& chain, WallTime now);

}  // namespace ballast
