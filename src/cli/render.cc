#include "cli/render.h"

#include <algorithm>

#include "base/strings.h"
#include "identity/certificate_check.h"

namespace ballast::cli {
namespace {

using std::chrono::milliseconds;

// "12.3 of 28.6 GiB", "900 KiB of 28.6 GiB"
std::string OutOf(uint64_t done, uint64_t total) {
  const std::string a = FormatBytes(done);
  const std::string b = FormatBytes(total);
  const size_t unit_a = a.find(' ');
  const size_t unit_b = b.find(' ');
  const bool same = a.substr(unit_a) == b.substr(unit_b);
  return StrCat(same ? a.substr(0, unit_a) : a, " of ", b);
}

// 100 only when all is there.
int Percent(uint64_t done, uint64_t total) {
  if (total == 0) return 0;
  if (done >= total) return 100;
  return std::min(99, static_cast<int>(static_cast<double>(done) * 100 / static_cast<double>(total)));
}

std::string Figures(const TransferProgress& p) {
  std::string text = OutOf(p.bytes_done, p.bytes_total);
  if (p.bytes_per_second == 0) return text;
  if (p.bytes_done >= p.bytes_total) return StrCat(text, ", ", FormatRate(p.bytes_per_second));
  const double left = static_cast<double>(p.bytes_total - std::min(p.bytes_done, p.bytes_total));
  const milliseconds time(static_cast<int64_t>(1000 * left / static_cast<double>(p.bytes_per_second)));
  return StrCat(text, ", ", FormatRate(p.bytes_per_second), ", about ",
                FormatDuration(std::max(time, milliseconds(1000))));
}

// The length on a terminal of text that may hold UTF-8.
size_t Columns(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

using Row = std::vector<std::string>;

// "models take 52 GiB of 100 GiB, the disk is 45% full; eviction from 80% to 70%"
std::string DiskLine(const GarbageReport& r) {
  const uint64_t taken = r.disk_total_bytes - std::min(r.disk_total_bytes, r.disk_free_bytes);
  return StrCat("models take ", FormatBytes(r.used_bytes),
                r.quota_bytes == 0 ? ", no quota" : StrCat(" of ", FormatBytes(r.quota_bytes)), "; the disk is ",
                Percent(taken, r.disk_total_bytes), "% full",
                r.high_threshold_percent == 100
                    ? ""
                    : StrCat(", eviction goes from ", r.high_threshold_percent, "% to ", r.low_threshold_percent, "%"));
}

std::string Table(const std::vector<Row>& rows) {
  std::vector<size_t> widths(rows.front().size());
  for (const Row& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], Columns(row[i]));
  }
  std::string text;
  for (const Row& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] - Columns(row[i]) + 2, ' ');
    }
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return text;
}

std::string Ago(int64_t unix_seconds, WallTime now) {
  if (unix_seconds == 0) return "never";
  const int64_t seconds =
      std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count() - unix_seconds;
  if (seconds < 60) return "just now";
  if (seconds < int64_t{48} * 3600) return FormatDuration(std::chrono::seconds(seconds / 60 * 60)) + " ago";
  return StrCat(seconds / 86400, " days ago");
}

std::string Plural(uint64_t count, std::string_view one) { return StrCat(count, " ", one, count == 1 ? "" : "s"); }

std::string Phase(const CachedModel& m) {
  if (m.phase == "downloading") return StrCat("downloading ", Percent(m.bytes_here, m.bytes), "%");
  return m.phase;
}

std::string CameFrom(const ReadyModel& r) {
  if (r.bytes_fetched + r.bytes_from_peers == 0) return "all of it was here";
  if (r.bytes_from_peers == 0) return FormatBytes(r.bytes_fetched) + " fetched";
  return StrCat("from peers ", FormatBytes(r.bytes_from_peers), ", from the hub ", FormatBytes(r.bytes_fetched));
}

std::string NodeOrHub(const std::string& node) { return node.empty() ? "the hub" : node; }

std::string PiecesOf(const ModelTransfers::Transfer& t) {
  const std::string file = t.path.empty() ? "" : t.path + ", ";
  if (t.pieces == 1) return StrCat(file, "piece ", t.first_piece);
  return StrCat(file, "pieces ", t.first_piece, "-", t.first_piece + t.pieces - 1);
}

std::string SourceTable(const std::vector<ModelTransfers::Source>& sources) {
  std::vector<Row> rows = {{"  FROM", "ZONE", "BYTES", "RATE", "IN FLIGHT"}};
  for (const ModelTransfers::Source& s : sources) {
    const std::string zone =
        s.node.empty() ? "-" : StrCat(s.zone, s.zone.empty() ? "" : " ", s.same_zone ? "(ours)" : "(other)");
    rows.push_back(
        {"  " + NodeOrHub(s.node), zone, FormatBytes(s.bytes), FormatRate(s.bytes_per_second), StrCat(s.in_flight)});
  }
  return Table(rows);
}

std::string Text(const ModelTransfers& m) {
  std::string text = StrCat(m.model, ": ", m.progress ? ProgressText(*m.progress) : m.phase, "\n");
  if (!m.sources.empty()) text += SourceTable(m.sources);
  if (!m.coordinator.empty()) text += StrCat("  coordinated by ", m.coordinator, "\n");
  for (const ModelTransfers::Transfer& t : m.transfers)
    text += StrCat("  ", NodeOrHub(t.source), " -> ", t.receiver, ": ", PiecesOf(t), "\n");
  for (const std::string& node : m.quarantined)
    text += StrCat("  quarantined: ", node, " sent or attested wrong bytes; check its disk and memory\n");
  return text;
}

std::string DamageLine(const Damage& d) {
  const std::string what = d.paths.empty() ? d.blob : Join(d.paths, ", ");
  return StrCat("damaged: ", what, " ", d.problem, d.models.empty() ? "" : " (of " + Join(d.models, ", ") + ")", "\n");
}

}  // namespace

std::string ProgressText(const TransferProgress& p) {
  if (p.bytes_total == 0 && p.files_total == 0)
    return p.waiting_for.empty() ? p.phase : StrCat("waiting: ", p.waiting_for);
  const std::string done = StrCat(Percent(p.bytes_done, p.bytes_total), "%");
  if (!p.waiting_for.empty())
    return StrCat(done, " (", OutOf(p.bytes_done, p.bytes_total), "), waiting: ", p.waiting_for);
  return StrCat(done, " (", Figures(p), ")");
}

std::string ProgressBar(const TransferProgress& p, int width) {
  const auto limit = static_cast<size_t>(std::max(width, 20));
  std::string line = p.bytes_total == 0 || !p.waiting_for.empty() ? ProgressText(p) : "";
  if (line.empty()) {
    constexpr int kCells = 24;
    const int full = Percent(p.bytes_done, p.bytes_total) * kCells / 100;
    const std::string percent = StrCat(Percent(p.bytes_done, p.bytes_total), "%");
    line = StrCat(std::string(4 - std::min<size_t>(4, percent.size()), ' '), percent, " [",
                  std::string(static_cast<size_t>(full), '#'), std::string(static_cast<size_t>(kCells - full), '.'),
                  "] ", Figures(p));
  }
  return line.substr(0, limit);
}

std::string Text(const PulledDirectory& p) {
  std::string text =
      StrCat("pulled ", p.model, p.commit.empty() ? "" : " (" + p.commit.substr(0, 8) + ")", " to ", p.dir, "\n");
  text += StrCat("  ", Plural(p.files, "file"), ", ", FormatBytes(p.bytes), ", every digest verified\n");
  text += StrCat("  ", FormatBytes(p.bytes_fetched), " fetched in ", FormatDuration(p.took));
  if (p.bytes_fetched > 0 && p.took.count() > 0) {
    text += StrCat(" (", FormatRate(p.bytes_fetched * 1000 / static_cast<uint64_t>(p.took.count())), ")");
  }
  if (p.files_found > 0)
    text += StrCat(", ", Plural(p.files_found, "file"), p.files_found == 1 ? " was" : " were", " here");
  return text + "\n";
}

std::string Text(const ReadyModel& r) {
  std::string text = StrCat("ready: ", r.model, r.commit.empty() ? "" : " (" + r.commit.substr(0, 8) + ")", ", ",
                            Plural(r.files, "file"), ", ", FormatBytes(r.bytes), ", ", CameFrom(r), "\n");
  return StrCat(text, "  manifest ", r.manifest, "\n  directory ", r.dir, "\n");
}

std::string Text(const WaitedDirectory& w) {
  if (w.how == "no-index")
    return StrCat("ready: ", w.dir, " (a complete directory: it has no .ballast that says otherwise)\n");
  return StrCat("ready: ", w.dir, ", ", Plural(w.files, "file"), ", ", FormatBytes(w.bytes), ", waited ",
                FormatDuration(w.took), "\n");
}

std::string Text(const std::vector<CachedModel>& models, WallTime now) {
  if (models.empty()) return "no models here\n";
  std::vector<Row> rows = {{"MODEL", "REVISION", "PHASE", "SIZE", "OWN DISK", "MOUNTS", "LAST USED", "WANTED BY"}};
  for (const CachedModel& m : models) {
    rows.push_back({m.model, m.commit.substr(0, 8), Phase(m), FormatBytes(m.bytes), FormatBytes(m.allocated_bytes),
                    StrCat(m.mounts), Ago(m.last_used_unix, now), m.wanted_by.empty() ? "-" : Join(m.wanted_by, ",")});
  }
  std::string text = Table(rows);
  for (const CachedModel& m : models) {
    if (!m.message.empty()) text += StrCat(m.model, ": ", m.message, "\n");
  }
  return text;
}

std::string Text(const NodeStatus& s, WallTime now) {
  std::string text = Table({
      {"ballastd", StrCat(s.version, s.node.empty() ? "" : " on " + s.node, ", started ", Ago(s.started_unix, now))},
      {"cache", s.cache_dir},
      {"models", StrCat(Plural(s.models, "model"), ", ", Plural(s.blobs, "blob"), ", ", Plural(s.leases, "lease"))},
      {"used",
       StrCat(FormatBytes(s.used_bytes), s.quota_bytes == 0 ? "" : " of a quota of " + FormatBytes(s.quota_bytes),
              s.reserved_bytes == 0 ? "" : ", " + FormatBytes(s.reserved_bytes) + " reserved for downloads")},
      {"disk", StrCat(FormatBytes(s.disk_free_bytes), " free of ", FormatBytes(s.disk_total_bytes))},
  });
  for (const TransferProgress& p : s.in_progress) text += StrCat(p.model, ": ", ProgressText(p), "\n");
  for (const std::string& problem : s.problems) text += StrCat("problem: ", problem, "\n");
  return text;
}

std::string Text(const std::vector<ModelTransfers>& models) {
  std::string text;
  for (const ModelTransfers& m : models) text += Text(m);
  return text;
}

std::string Text(const VerifyReport& r, const std::string& what) {
  std::string text;
  for (const Damage& d : r.damage) text += DamageLine(d);
  for (const Finding& f : r.findings) text += StrCat(f.invariant, ": ", f.path, " ", f.problem, "\n  ", f.remedy, "\n");
  std::string sum = r.damage.empty() ? "" : StrCat(r.damage.size(), " damaged");
  if (!r.findings.empty()) sum += StrCat(sum.empty() ? "" : ", ", Plural(r.findings.size(), "finding"));
  return StrCat(text, what, ": ", r.checked, " checked, ", FormatBytes(r.bytes), ", ", r.intact() ? "all intact" : sum,
                "\n");
}

std::string Text(const WarmReport& r, const std::string& model) {
  const std::string held = StrCat(model, ": ", FormatBytes(r.held_bytes), " of ", FormatBytes(r.bytes), " in memory\n");
  return r.limited_by.empty() ? held : StrCat(held, "problem: ", r.limited_by, "\n");
}

std::string Text(const RemovedModel& r, const std::string& model) {
  return StrCat("removed ", model, ": ", FormatBytes(r.freed_bytes), " freed\n");
}

std::string Text(const GarbageReport& r) {
  std::string text;
  std::vector<Row> rows{{r.dry_run ? "WOULD GO" : "WENT", "FREED", "WHY"}};
  for (const GarbageReport::Eviction& e : r.evictions) rows.push_back({e.what, FormatBytes(e.freed_bytes), e.why});
  if (rows.size() > 1) text += Table(rows);
  rows = {{"STAYS", "WHY"}};
  for (const GarbageReport::Protected& p : r.stays) rows.push_back({p.model, p.why});
  if (rows.size() > 1) text += Table(rows);
  for (const std::string& problem : r.problems) text += StrCat("problem: ", problem, "\n");
  text += StrCat(r.dry_run ? "would free " : "freed ", FormatBytes(r.freed_bytes), "; ", DiskLine(r), "\n");
  if (r.missing_bytes > 0)
    text += StrCat("problem: ", FormatBytes(r.missing_bytes), " more would have to come free, and ",
                   FormatBytes(r.protected_bytes),
                   " may not go: delete pods or caches that hold them, or raise the quota\n");
  return text;
}

std::string Text(const MadeAuthority& m) {
  return StrCat(
      "made a CA, valid until ", FormatUtc(m.not_after), "\n  certificate ", m.certificate,
      ": goes to every node\n  key ", m.key,
      ": whoever has it can be any node; keep it off the nodes\nnext: ballast certs issue --dir DIR --node NAME\n");
}

std::string Text(const IssuedFiles& i) {
  return StrCat("issued a certificate for ", i.subject, ", valid until ", FormatUtc(i.not_after), "\n  certificate ",
                i.certificate, "\n  key ", i.key, "\n  CA ", i.ca, "\ngive these three files to ", i.subject, "\n");
}

}  // namespace ballast::cli
