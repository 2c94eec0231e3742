#include <nlohmann/json.hpp>

#include "cli/render.h"

namespace ballast::cli {
namespace {

using nlohmann::json;

// Foreign bytes may be no UTF-8.
std::string Dump(const json& object) { return object.dump(-1, ' ', false, json::error_handler_t::replace) + "\n"; }

json Of(const TransferProgress& p) {
  return {{"model", p.model},
          {"phase", p.phase},
          {"bytes_done", p.bytes_done},
          {"bytes_total", p.bytes_total},
          {"bytes_per_second", p.bytes_per_second},
          {"files_done", p.files_done},
          {"files_total", p.files_total},
          {"waiting_for", p.waiting_for}};
}

json Of(const CachedModel& m) {
  return {{"model", m.model},           {"commit", m.commit},
          {"revisions", m.revisions},   {"manifest", m.manifest},
          {"phase", m.phase},           {"bytes", m.bytes},
          {"bytes_here", m.bytes_here}, {"allocated_bytes", m.allocated_bytes},
          {"files", m.files},           {"wanted_by", m.wanted_by},
          {"mounts", m.mounts},         {"last_used_unix", m.last_used_unix},
          {"message", m.message}};
}

json Of(const ModelTransfers::Source& s) {
  return {{"node", s.node},           {"zone", s.zone},           {"bytes", s.bytes},
          {"same_zone", s.same_zone}, {"in_flight", s.in_flight}, {"bytes_per_second", s.bytes_per_second}};
}

json Of(const ModelTransfers::Transfer& t) {
  return {{"receiver", t.receiver},
          {"source", t.source},
          {"path", t.path},
          {"first_piece", t.first_piece},
          {"pieces", t.pieces}};
}

json Of(const Damage& d) {
  return {{"blob", d.blob}, {"problem", d.problem}, {"models", d.models}, {"paths", d.paths}};
}

json Of(const Finding& f) {
  return {{"invariant", f.invariant}, {"path", f.path}, {"problem", f.problem}, {"remedy", f.remedy}};
}

json Of(const GarbageReport::Eviction& e) {
  return {
      {"what", e.what}, {"manifest", e.manifest}, {"reason", e.reason}, {"why", e.why}, {"freed_bytes", e.freed_bytes}};
}

json Of(const GarbageReport::Protected& p) { return {{"model", p.model}, {"manifest", p.manifest}, {"why", p.why}}; }

json Of(const ModelTransfers& m);

template <typename T>
json ListOf(const std::vector<T>& values) {
  json list = json::array();
  for (const T& value : values) list.push_back(Of(value));
  return list;
}

json Of(const ModelTransfers& m) {
  return {{"model", m.model},
          {"manifest", m.manifest},
          {"phase", m.phase},
          {"progress", m.progress ? Of(*m.progress) : json()},
          {"sources", ListOf(m.sources)},
          {"coordinator", m.coordinator},
          {"transfers", ListOf(m.transfers)},
          {"quarantined", m.quarantined}};
}

double Seconds(std::chrono::milliseconds time) { return static_cast<double>(time.count()) / 1000; }

int64_t UnixSeconds(WallTime time) { return std::chrono::system_clock::to_time_t(time); }

}  // namespace

std::string Json(const PulledDirectory& p) {
  return Dump({{"model", p.model},
               {"commit", p.commit},
               {"manifest", p.manifest},
               {"dir", p.dir},
               {"files", p.files},
               {"bytes", p.bytes},
               {"bytes_fetched", p.bytes_fetched},
               {"files_found", p.files_found},
               {"seconds", Seconds(p.took)}});
}

std::string Json(const ReadyModel& r) {
  return Dump({{"model", r.model},
               {"commit", r.commit},
               {"manifest", r.manifest},
               {"view", r.view},
               {"dir", r.dir},
               {"files", r.files},
               {"bytes", r.bytes},
               {"bytes_fetched", r.bytes_fetched},
               {"bytes_from_peers", r.bytes_from_peers},
               {"warning", r.warning}});
}

std::string Json(const WaitedDirectory& w) {
  return Dump({{"dir", w.dir}, {"how", w.how}, {"files", w.files}, {"bytes", w.bytes}, {"seconds", Seconds(w.took)}});
}

std::string Json(const std::vector<CachedModel>& models) { return Dump({{"models", ListOf(models)}}); }

std::string Json(const NodeStatus& s) {
  return Dump({{"version", s.version},
               {"node", s.node},
               {"cache_dir", s.cache_dir},
               {"used_bytes", s.used_bytes},
               {"reserved_bytes", s.reserved_bytes},
               {"quota_bytes", s.quota_bytes},
               {"disk_free_bytes", s.disk_free_bytes},
               {"disk_total_bytes", s.disk_total_bytes},
               {"blobs", s.blobs},
               {"models", s.models},
               {"leases", s.leases},
               {"started_unix", s.started_unix},
               {"in_progress", ListOf(s.in_progress)},
               {"problems", s.problems}});
}

std::string Json(const std::vector<ModelTransfers>& models) { return Dump({{"models", ListOf(models)}}); }

std::string Json(const VerifyReport& r) {
  return Dump(
      {{"checked", r.checked}, {"bytes", r.bytes}, {"damage", ListOf(r.damage)}, {"findings", ListOf(r.findings)}});
}

std::string Json(const WarmReport& r) {
  return Dump(
      {{"bytes", r.bytes}, {"held_bytes", r.held_bytes}, {"room_bytes", r.room_bytes}, {"limited_by", r.limited_by}});
}

std::string Json(const RemovedModel& r) { return Dump({{"manifests", r.manifests}, {"freed_bytes", r.freed_bytes}}); }

std::string Json(const GarbageReport& r) {
  return Dump({{"dry_run", r.dry_run},
               {"evictions", ListOf(r.evictions)},
               {"protected", ListOf(r.stays)},
               {"problems", r.problems},
               {"freed_bytes", r.freed_bytes},
               {"missing_bytes", r.missing_bytes},
               {"protected_bytes", r.protected_bytes},
               {"used_bytes", r.used_bytes},
               {"quota_bytes", r.quota_bytes},
               {"disk_free_bytes", r.disk_free_bytes},
               {"disk_total_bytes", r.disk_total_bytes},
               {"high_threshold_percent", r.high_threshold_percent},
               {"low_threshold_percent", r.low_threshold_percent},
               {"min_available_bytes", r.min_available_bytes}});
}

std::string Json(const MadeAuthority& m) {
  return Dump({{"certificate", m.certificate}, {"key", m.key}, {"not_after_unix", UnixSeconds(m.not_after)}});
}

std::string Json(const IssuedFiles& i) {
  return Dump({{"node", i.subject.node()},
               {"operator", i.subject.is_operator()},
               {"certificate", i.certificate},
               {"key", i.key},
               {"ca", i.ca},
               {"not_after_unix", UnixSeconds(i.not_after)}});
}

std::string Json(const Status& error) {
  return Dump({{"error", {{"code", std::string(StatusCodeName(error.code()))}, {"message", error.message()}}}});
}

}  // namespace ballast::cli
