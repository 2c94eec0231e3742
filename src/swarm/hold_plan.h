// Whom a node tells which models it has whole. A state machine: no I/O.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/digest.h"

namespace ballast {

// In rounds: Next() says whom to tell what, On() what came of it, until Next() is empty. Each model ends with kToldOf
// nodes that have heard, where so many of its candidates live, and with its coordinator, wherever that is.
class HoldPlan {
 public:
  static constexpr size_t kToldOf = 2;
  static constexpr size_t kCandidates = 8;  // of a model

  using Round = std::map<std::string, std::vector<Digest>>;

  // `candidates`: other nodes in the rendezvous order of the model.
  void Add(const Digest& model, std::vector<std::string> candidates);

  Round Next();
  void OnTold(const std::string& node, const std::vector<Digest>& models);
  void OnFailed(const std::string& node);
  bool failed() const { return !failed_.empty(); }
  // `node` coordinates the model, as somebody who was told says.
  void OnElsewhere(const Digest& model, const std::string& node);

 private:
  struct Model {
    std::vector<std::string> candidates;
    size_t next = 0;
    size_t told = 0;
    std::set<std::string> asked;  // or told already
    std::vector<std::string> extra;
  };

  static bool IsCandidate(const Model& model, const std::string& node);

  std::map<Digest, Model> models_;
  std::set<std::string> failed_;
};

}  // namespace ballast
