// A coordinator for one node, without wisdom: whatever the node lacks in its windows it is given at once, from nodes
// that have everything, or from the origin. It holds the node to what it reports.
#pragma once

#include <functional>
#include <map>
#include <random>
#include <set>
#include <vector>

#include "swarm/messages.h"

namespace ballast {

// Not thread-safe.
class FakeCoordinator {
 public:
  struct File {
    uint64_t size = 0;  // 0 where an earlier file has the same bytes
    uint32_t piece_size = 1;
  };
  struct Options {
    uint32_t seed = 1;
    uint32_t nodes = 3;        // 0 .. nodes-1 have everything
    int from_origin = 20;      // percent of what is given
    uint32_t longest_run = 8;  // pieces
    int nonsense = 0;          // percent of the answers that hold something the node cannot take
  };
  FakeCoordinator(std::vector<File> files, const Options& options, std::function<Digest(PieceRef)> hash_of);

  Reply Begin();  // a coordinator that took over: knows nothing
  void On(const Announce& announce);
  Reply On(const Next& next);

  bool Has(PieceRef piece) const { return has_.contains(piece); }
  const std::set<PieceRef>& has() const { return has_; }
  const std::vector<Failed>& failed() const { return failed_; }
  const std::set<uint32_t>& proven() const { return proven_; }
  const std::set<uint32_t>& unproven() const { return unproven_; }
  bool origin_works() const { return origin_works_; }
  int hedges() const { return hedges_; }
  uint32_t OnTheWay() const;  // given and not yet named by the node
  bool announced() const { return announced_; }
  uint32_t Named() const { return static_cast<uint32_t>(named_.size()); }
  int broken_rules() const { return broken_rules_; }
  std::string first_broken_rule() const { return first_broken_rule_; }

  // These are told to be dropped with the next answer, and count as missing.
  void Withdraw(std::vector<PieceRef> pieces);
  void SetFromOrigin(int percent) { options_.from_origin = percent; }
  void SetNodes(uint32_t nodes) { options_.nodes = nodes; }

 private:
  using Given = std::pair<PieceRef, NodeId>;

  bool Chance(int percent) { return static_cast<int>(random_() % 100) < percent; }
  void Break(const std::string& rule);
  void Take(const Next& next);
  void GiveRuns(const Next& next, Reply& reply);
  void GivePieces(const Next& next, Reply& reply);
  void GiveHedges(const Next& next, Reply& reply);
  void GiveNonsense(Reply& reply);
  std::vector<PieceRef> Wanted(const Next& next) const;
  bool IsGiven(PieceRef piece) const;
  std::vector<NodeId> SourcesOf(PieceRef piece) const;
  uint32_t Count(uint32_t file) const;

  const std::vector<File> files_;
  Options options_;
  const std::function<Digest(PieceRef)> hash_of_;
  std::minstd_rand random_;
  std::set<PieceRef> has_;
  std::set<Given> given_;
  std::set<Given> named_;  // of given_: the node has named it in flight
  std::set<NodeId> banned_;
  std::set<uint32_t> proven_, unproven_;
  std::vector<Failed> failed_;
  std::vector<PieceRef> withdrawn_;
  bool announced_ = false;
  bool took_over_ = false;  // what was given before is not known
  bool origin_works_ = true;
  int hedges_ = 0;
  int broken_rules_ = 0;
  std::string first_broken_rule_;
};

}  // namespace ballast
