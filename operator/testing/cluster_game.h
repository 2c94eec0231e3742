// A cluster that users, nodes, agents and a hub change at random, for rules that hold after each plan.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "operator/placement/placement.h"

namespace ballast::controller {

// Values only; the same seed gives the same game.
class ClusterGame {
 public:
  explicit ClusterGame(uint32_t seed);

  // What PlanCluster() reads.
  const ClusterObserved& observed() const { return observed_; }
  // The operator writes its plan, agents have not acted yet.
  void Write(const Placement& plan);
  // Agents take a step, then something happens: a label, a cordon, a revision, a quota, a volume, a question, a cache.
  void Move();

  static std::string Manifest(int number);

 private:
  int Pick(int below) { return static_cast<int>(random_() % static_cast<uint32_t>(below)); }
  bool Chance(int percent) { return Pick(100) < percent; }
  template <typename T, typename F>
  void Change(std::shared_ptr<const T>& value, const F& change);

  void AddCache(int number);
  void AddPolicy(int number);
  void MoveAgents();
  void MoveCache();
  void MoveNode();
  void MoveVolumes();
  void Ask();

  std::minstd_rand random_;
  ClusterObserved observed_;
  int revisions_ = 0;
};

}  // namespace ballast::controller
