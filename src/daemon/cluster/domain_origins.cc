#include "daemon/cluster/domain_origins.h"

#include <utility>

namespace ballast {

bool RenewingOrigin::HasAnother(const Status& refusal) {
  const bool refused =
      refusal.code() == StatusCode::kUnauthenticated || refusal.code() == StatusCode::kPermissionDenied;
  return refused && tokens_.Renew(domain_);
}

Result<ResolvedModel> RenewingOrigin::Resolve(const ModelRef& ref, const PathFilter& filter, std::stop_token stop) {
  Result<ResolvedModel> resolved = origin_.Resolve(ref, filter, stop);
  return HasAnother(resolved.status()) ? origin_.Resolve(ref, filter, std::move(stop)) : std::move(resolved);
}

Status RenewingOrigin::Read(const ResolvedModel& model, const RemoteFile& file, ByteRange range, const ByteSink& sink,
                            std::stop_token stop) {
  uint64_t delivered = 0;
  const ByteSink counting = [&](std::span<const std::byte> bytes) {
    delivered += bytes.size();
    return sink(bytes);
  };
  Status read = origin_.Read(model, file, range, counting, stop);
  if (delivered > 0 || !HasAnother(read)) return read;
  return origin_.Read(model, file, range, sink, std::move(stop));
}

Status RenewingOrigin::Reach(const ModelRef& ref, Duration patience, std::stop_token stop) {
  return origin_.Reach(ref, patience, std::move(stop));
}

Result<DomainOrigins::OfDomain*> DomainOrigins::Of(const std::string& domain) {
  OfDomain& of = domains_[domain];
  if (of.set == nullptr) {
    const auto load = [this, domain] { return tokens_.Get(domain); };
    ASSIGN_OR_RETURN(of.set, OriginSet::Make(configs_, clock_, &registry_, load));
  }
  return &of;
}

Result<Origin*> DomainOrigins::Select(const ModelRequest& request) {
  MutexLock lock(mutex_);
  ASSIGN_OR_RETURN(OfDomain* const of, Of(request.domain));
  ASSIGN_OR_RETURN(Origin* const origin, of->set->Select(request.ref, request.origin));
  std::unique_ptr<RenewingOrigin>& renewing = of->renewing[origin];
  if (renewing == nullptr) renewing = std::make_unique<RenewingOrigin>(*origin, tokens_, request.domain);
  return renewing.get();
}

}  // namespace ballast
