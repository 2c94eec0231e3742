#include "daemon/cluster/slice_membership.h"

#include <algorithm>
#include <utility>

#include "base/logging.h"
#include "base/small_file.h"
#include "base/strings.h"

namespace ballast {
namespace {

constexpr size_t kMaxFile = 16 << 20;

InformerOptions OfRelease(const SliceMembership::Parts& parts) {
  InformerOptions options = parts.informer;
  options.ns = parts.ns;
  options.label_selector = kPartOfBallast;
  options.seed = static_cast<uint32_t>(std::hash<std::string>()(parts.self.name) | 1);
  return options;
}

// What was known at the last start; without it, this node alone.
ClusterEndpoints Kept(const std::string& file) {
  const Result<std::string> text = ReadSmallFile(file, kMaxFile);
  if (text.status().code() == StatusCode::kNotFound) return {};
  const Result<ClusterEndpoints> kept = text.ok() ? EndpointsFromJson(*text) : Result<ClusterEndpoints>(text.status());
  if (kept.ok()) return *kept;
  LOG(WARNING)
      << Message("Cannot use the last list of members on disk").With("file", file).With("error", kept.status());
  return {};
}

// This node as it is now.
std::vector<Member> WithSelf(std::vector<Member> members, const Member& self) {
  Member own = self;
  std::erase_if(members, [&](const Member& one) {
    if (one.name == self.name) own.zone = one.zone;
    const bool there = one.control_port == self.control_port || one.data_port == self.data_port;
    return one.name == self.name || (there && one.host == self.host);
  });
  members.push_back(std::move(own));
  return members;
}

}  // namespace

Result<std::unique_ptr<SliceMembership>> SliceMembership::Start(Parts parts) {
  auto self = CheckedMember(parts.self);
  if (!self.ok()) return self.status().WithContext("--address, or POD_IP, is where other nodes reach this one");
  parts.self = *std::move(self);
  ClusterEndpoints known = Kept(parts.file);
  auto first = MemberList::Of(WithSelf(known.members, parts.self));
  if (!first.ok()) first = MemberList::Of({parts.self});
  if (!first.ok()) return first.status();
  std::unique_ptr<SliceMembership> made(new SliceMembership(std::move(parts), *std::move(first), std::move(known)));
  made->informer_.AddHandler([raw = made.get()](const ObjectChange& /*change*/) { raw->Read(); });
  made->informer_.Start();
  return made;
}

SliceMembership::SliceMembership(Parts parts, MemberListPtr first, ClusterEndpoints known)
    : parts_(std::move(parts)),
      board_(parts_.self.name, std::move(first)),
      now_(std::move(known)),
      saved_(EndpointsToJson(now_)),
      informer_(parts_.kube, kEndpointSlices, OfRelease(parts_)) {}

// The first change of a list finds all of it in the store.
void SliceMembership::Read() {
  std::vector<Json> slices;
  for (const auto& slice : informer_.store().List()) slices.push_back(*slice);
  ClusterEndpoints next = EndpointsOf(slices, parts_.self);
  const auto list = MemberList::Of(next.members);
  if (!list.ok()) {
    LOG(ERROR) << Message("The EndpointSlices make no list of members").With("error", list.status());
    return;
  }
  {
    MutexLock lock(mutex_);
    now_ = std::move(next);
  }
  if (board_.Publish(*list)) LOG(INFO) << Message("Members of the swarm").With("members", (*list)->size());
}

std::vector<IssuerAddress> SliceMembership::Operators() const {
  MutexLock lock(mutex_);
  return now_.operators;
}

void SliceMembership::Save() {
  MutexLock lock(mutex_);
  std::string text = EndpointsToJson(now_);
  if (text == saved_) return;
  const Status saved = ReplaceSmallFile(parts_.file, text);
  if (!saved.ok()) LOG(ERROR) << Message("Cannot keep the list of members on disk").With("error", saved);
  saved_ = std::move(text);
}

}  // namespace ballast
