#include "store/store_check.h"

#include <algorithm>

#include "base/strings.h"
#include "store/blob_index.h"

namespace ballast {
namespace {

constexpr uint32_t kBlobMode = 0444;
constexpr uint64_t kBlock = 4096;  // bytes by which a file system may round
constexpr char kRecount[] = "restart ballastd: it counts anew";

using Findings = std::vector<Finding>;

std::string Octal(uint32_t mode) {
  std::string digits;
  for (int shift = 9; shift >= 0; shift -= 3) digits += static_cast<char>('0' + (mode >> shift & 7));
  return digits;
}

std::string NameOf(const std::string& path) { return path.substr(path.rfind('/') + 1); }

std::optional<Finding> ModeFinding(const char* invariant, const StoredFile& file) {
  if (file.info.mode == kBlobMode) return std::nullopt;
  return Finding{
      invariant, file.path, StrCat("has mode ", Octal(file.info.mode), " instead of 0444"),
      StrCat("somebody else changed it: run chmod 0444 on it, look who may write to the cache directory, and run "
             "ballast verify --deep again")};
}

std::optional<Finding> UsageFinding(const std::string& path, uint64_t accounted, uint64_t allocated) {
  const uint64_t difference = std::max(accounted, allocated) - std::min(accounted, allocated);
  if (difference <= kBlock) return std::nullopt;
  return Finding{"usage", path, StrCat("counts as ", accounted, " used bytes, and takes ", allocated), kRecount};
}

void Add(Findings& findings, std::optional<Finding> finding) {
  if (finding) findings.push_back(*std::move(finding));
}

// nullopt: a link of a blob, or an empty file.
std::optional<Finding> LinkFinding(const ViewFacts& view, const StoredFile& file, const std::set<uint64_t>& blobs) {
  const bool of_its_own = file.info.size == 0 || file.path.starts_with(view.view + "/.ballast/");
  if (of_its_own || blobs.contains(file.info.inode)) return std::nullopt;
  if (view.aside) {
    return Finding{"view", file.path, "is a file that was found damaged while it was mounted",
                   "start the pods anew that have it mounted; it goes with the last of them"};
  }
  return Finding{"view", file.path, "is no link of a blob, so that nothing proves its bytes",
                 "end the pods that have it mounted, then ballast rm the model and let it be fetched again"};
}

Findings CheckFile(const ViewFacts& view, const StoredFile& file, const std::set<uint64_t>& blobs) {
  if (file.info.type != FileInfo::Type::kFile) {
    return {{"view", file.path, "is no regular file (a symbolic link, or a device)",
             "somebody else put it there: look who may write to the cache directory, and ballast rm the model"}};
  }
  Findings findings;
  Add(findings, ModeFinding("view", file));
  Add(findings, LinkFinding(view, file, blobs));
  return findings;
}

}  // namespace

std::vector<Finding> CheckBlobs(const BlobFacts& blobs) {
  Findings findings;
  std::map<Digest, StoredFile> found;  // path of the first file, bytes of all
  for (const StoredFile& file : blobs.files) {
    const auto name = BlobFileName::Parse(NameOf(file.path));
    if (!name || file.info.type != FileInfo::Type::kFile) {
      findings.push_back({"leftover", file.path, "is no blob", "remove it: nothing of ballastd's refers to it"});
      continue;
    }
    Add(findings, ModeFinding("blob", file));
    StoredFile& all = found.emplace(name->digest, StoredFile{file.path, {}}).first->second;
    all.info.allocated += file.info.allocated;
  }
  for (const auto& [digest, all] : found) {
    const auto accounted = blobs.accounted.find(digest);
    Add(findings,
        UsageFinding(all.path, accounted == blobs.accounted.end() ? 0 : accounted->second, all.info.allocated));
  }
  return findings;  // a blob without a file is found by reading it
}

std::set<uint64_t> InodesOf(const BlobFacts& blobs) {
  std::set<uint64_t> inodes;
  for (const StoredFile& file : blobs.files) inodes.insert(file.info.inode);
  return inodes;
}

std::vector<Finding> CheckDownloads(const DownloadFacts& downloads) {
  Findings findings;
  for (const auto& [name, allocated] : downloads.folders) {
    const std::string path = "ingest/" + name;
    const auto accounted = downloads.accounted.find(name);
    if (!allocated) {
      findings.push_back({"leftover", path, "is a download without data", "restart ballastd: it removes it"});
    } else {
      Add(findings, UsageFinding(path, accounted == downloads.accounted.end() ? 0 : accounted->second, *allocated));
    }
  }
  for (const auto& [name, bytes] : downloads.accounted) {
    if (!downloads.folders.contains(name)) Add(findings, UsageFinding("ingest/" + name, bytes, 0));
  }
  return findings;
}

std::vector<Finding> CheckView(const ViewFacts& view, const std::set<uint64_t>& blobs) {
  Findings findings;
  if (!view.known) {
    findings.push_back({"leftover", view.view,
                        "is a view whose about.json cannot be read; it is kept, for it may be mounted",
                        "when no pod has it mounted, stop ballastd and remove the directory"});
  }
  for (const StoredFile& file : view.files) {
    Findings of_file = CheckFile(view, file, blobs);
    findings.insert(findings.end(), of_file.begin(), of_file.end());
  }
  return findings;
}

std::vector<Finding> CheckLeases(const LeaseFacts& facts) {
  Findings findings;
  for (const std::string& path : facts.unreadable) {
    findings.push_back({"lease", path, "cannot be read; no model is removed while it exists",
                        "remove the file if no pod uses a model of this node, then restart ballastd"});
  }
  for (const Lease& lease : facts.leases) {
    if (lease.view.empty() || facts.views.contains(lease.view)) continue;
    const std::string who = lease.pod.empty() ? "volume " + Quoted(lease.volume_id) : "pod " + Quoted(lease.pod);
    findings.push_back({"lease", lease.target_path,
                        StrCat("is held by ", who, " for ", lease.view, ", which is not here"),
                        StrCat("start ", who, " anew")});
  }
  return findings;
}

std::vector<Finding> CheckLeftovers(const std::vector<StoredFile>& files) {
  Findings findings;
  for (const StoredFile& file : files) {
    findings.push_back({.invariant = "leftover",
                        .path = file.path,
                        .problem = "belongs to nothing that is under way",
                        .remedy = "restart ballastd: it removes it",
                        .modified_ns = file.info.modified_ns});
  }
  return findings;
}

std::vector<Finding> Lasting(const std::vector<Finding>& first, const std::vector<Finding>& second) {
  Findings lasting;
  for (const Finding& now : second) {
    const auto same = [&now](const Finding& before) {
      return before.invariant == now.invariant && before.path == now.path && before.modified_ns == now.modified_ns;
    };
    if (std::ranges::any_of(first, same)) lasting.push_back(now);
  }
  return lasting;
}

}  // namespace ballast
