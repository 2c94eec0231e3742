// What a node has beside its pinned copies: earlier revisions, copies that pods asked for, and the answers to what they
// ask for now. Pure.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "operator/placement/pins.h"

namespace ballast::controller {

using ClaimsByName = std::map<std::string_view, CacheClaim*>;

// What the node holds of caches that can't be read: all of it stays, and has its room before anybody asks for some.
void KeepUnread(NodeRow& row, const std::set<std::string>& unread_caches);

// Entries that the node holds, and that are not planned yet: which of them stay, unpinned.
void KeepHeld(NodeRow& row, const ClaimsByName& claims);

// Answers each question of the node's pods by an entry or a refusal.
void AnswerQuestions(NodeRow& row, const ClaimsByName& claims, TenantTotals& totals);

// Tells nodes with a startup taint which of their required caches will never be there.
void TellRequiredInVain(const CacheClaim& claim);

}  // namespace ballast::controller
