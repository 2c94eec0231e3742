// Members from one DNS name whose addresses are the swarm's nodes: for clusters without Kubernetes where a name service
// is kept anyhow, and a list in every node's configuration would not be.
//
// Who they are. An address record gives no name, yet every node needs the same name for each member at once: rendezvous
// order is computed from it, and a certificate is checked against it. So an address is the node's name, for good:
// NodeNameOfAddress(). Certificates of such a swarm are issued for these names, and both ends of a connection check
// them like any other. The two other ways were rejected: a name learned from the certificate that a peer shows (names
// would change as peers are met and differ from node to node, and an address could be taken over by any node's
// certificate), and names from reverse look-ups (a second answer that may contradict the first, which most networks do
// not serve). Hence what this way costs: an address that goes to another machine needs a certificate for that machine.
// Where addresses are not stable, a static list or Kubernetes is the choice.
//
// Zones are not in DNS: all members are in zone "". All nodes use the same two ports and one family, IPv4 or IPv6.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/mutex.h"
#include "swarm/member_board.h"
#include "swarm/name_lookup.h"

namespace ballast {

// "10.0.0.7" of an IPv4 address; of an IPv6 address, all its digits and dashes:
// "fd00-0000-0000-0000-0000-0000-0000-0007". InvalidArgument for what is no address. Any spelling of one address has
// one name.
Result<std::string> NodeNameOfAddress(const std::string& address);

struct DnsMembershipOptions {
  std::string name;       // what is looked up; a dot at its end keeps resolv.conf's search list out
  std::string self_host;  // this node's address as `name` has it; its family is the swarm's
  uint16_t control_port = 0;
  uint16_t data_port = 0;
  Duration interval = std::chrono::seconds(10);  // between the end of a look-up and the next
};

// Thread-safe. The last good answer stays until a better one comes; before the first one, this node is alone. This node
// is always a member, in the answer or not. What goes wrong is logged when it begins and when it ends, not each time.
class DnsMembership final : public Membership {
 public:
  // Looks nothing up yet. InvalidArgument: a bad name, address, port or interval. `lookup` must outlive it.
  static Result<std::unique_ptr<DnsMembership>> Of(DnsMembershipOptions options, NameLookup& lookup);
  // Waits for a look-up that is under way, since the C library's cannot be interrupted.
  ~DnsMembership() override = default;

  // Looks up at once and then every interval, on a thread of its own, until destruction. To be called once.
  void Start();
  // One look-up, by the caller. Not OK: why there was no good answer, so that the last one stays.
  Status Refresh();

  const std::string& self() const override { return board_.self(); }
  MemberListPtr Current() const override { return board_.Current(); }
  MembershipWatch Watch(Callback callback) override { return board_.Watch(std::move(callback)); }

 private:
  enum class Trouble { kNone, kNoAnswer, kSelfAbsent };

  DnsMembership(DnsMembershipOptions options, NameLookup& lookup, MemberListPtr only_self);

  Result<std::vector<Member>> Found();
  Result<MemberListPtr> Look(Trouble& trouble);
  void Say(Trouble trouble, const Status& status) REQUIRES(refreshing_);
  void Poll(const std::stop_token& stop);
  void WaitForInterval(const std::stop_token& stop);

  const DnsMembershipOptions options_;
  const Member self_member_;
  NameLookup& lookup_;
  MemberBoard board_;
  Mutex refreshing_;  // one look-up at a time
  Trouble said_ GUARDED_BY(refreshing_) = Trouble::kNone;
  Mutex waiting_;
  CondVar stopped_;
  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace ballast
