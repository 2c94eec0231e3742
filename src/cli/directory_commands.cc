#include "cli/directory_commands.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "base/strings.h"
#include "core/hasher.h"
#include "fetch/directory_index.h"

namespace ballast::cli {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLookInterval{500};
constexpr size_t kBlock = 1 << 20;

std::string Join(const std::string& dir, std::string_view path) { return StrCat(dir, "/", path); }

Result<bool> Exists(FileSystem& files, const std::string& path) {
  const auto info = files.Stat(path);
  if (info.ok()) return true;
  if (info.status().code() == StatusCode::kNotFound) return false;
  return info.status();
}

Result<std::optional<DirectoryIndex>> ReadIndex(const std::string& dir, FileSystem& files) {
  const auto text = ReadSmallFile(files, Join(dir, kDirectoryIndexPath), kMaxDirectoryIndexBytes);
  if (text.status().code() == StatusCode::kNotFound) return std::optional<DirectoryIndex>();
  if (!text.ok()) return text.status();
  auto index = DirectoryIndex::FromJson(*text);
  if (!index.ok()) return index.status().WithContext(Join(dir, kDirectoryIndexPath));
  return std::optional<DirectoryIndex>(std::move(*index));
}

// Files that are there in full, by their sizes.
TransferProgress Count(const std::string& dir, const DirectoryIndex& index, FileSystem& files) {
  TransferProgress progress;
  progress.model = index.model;
  progress.phase = "downloading";
  progress.files_total = static_cast<uint32_t>(index.files.size());
  progress.bytes_total = index.TotalBytes();
  for (const auto& [path, file] : index.files) {
    const auto info = files.Stat(Join(dir, path.str()));
    if (!info.ok() || info->size != file.size) continue;
    progress.bytes_done += file.size;
    ++progress.files_done;
  }
  return progress;
}

Result<DirectoryState> WithoutIndex(const std::string& dir, FileSystem& files) {
  ASSIGN_OR_RETURN(const auto entries, files.List(dir));
  if (entries.empty()) {
    return FailedPrecondition(
        StrCat(dir, " is empty and has no ", kDirectoryIndexPath, ": is the volume mounted there?"));
  }
  return DirectoryState{true, "no-index", {}};
}

// False: stop was requested.
bool Pause(milliseconds time, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  return !never.wait_for(lock, stop, time, [&stop] { return stop.stop_requested(); });
}

milliseconds Since(SteadyTime start, const Clock& clock) {
  return std::chrono::duration_cast<milliseconds>(clock.Steady() - start);
}

Result<Digest> HashFile(FileSystem& files, const std::string& path, uint64_t size,
                        const std::function<void(uint64_t)>& on_bytes, const std::stop_token& stop) {
  ASSIGN_OR_RETURN(const auto file, files.Open(path, OpenMode::kRead));
  std::vector<std::byte> block(kBlock);
  Sha256Hasher hasher;
  for (uint64_t at = 0; at < size;) {
    if (stop.stop_requested()) return Cancelled("stopped");
    ASSIGN_OR_RETURN(const size_t count, file->Read(at, block));
    if (count == 0) break;
    hasher.Update(std::span(block).first(count));
    on_bytes(count);
    at += count;
  }
  return hasher.Finish();
}

std::string SizeProblem(uint64_t expected, uint64_t actual) {
  if (actual < expected) return StrCat("is ", expected - actual, " bytes short");
  return StrCat("is ", actual - expected, " bytes too long");
}

// "" where the file is what the index says.
Result<std::string> ProblemOf(const std::string& path, const IndexedFile& file, FileSystem& files,
                              const std::function<void(uint64_t)>& on_bytes, const std::stop_token& stop) {
  const auto info = files.Stat(path);
  if (info.status().code() == StatusCode::kNotFound) return std::string("is missing");
  if (!info.ok()) return info.status();
  if (info->type != FileInfo::Type::kFile) return std::string("is no regular file");
  if (info->size != file.size) return SizeProblem(file.size, info->size);
  const Result<Digest> digest = HashFile(files, path, file.size, on_bytes, stop);
  if (digest.status().code() == StatusCode::kDataLoss) return StrCat("can't be read: ", digest.status().message());
  if (!digest.ok()) return digest.status();
  return *digest == *file.sha256 ? std::string() : StrCat("has ", *digest, ", not ", *file.sha256);
}

Status CheckVerifiable(const std::string& dir, const std::optional<DirectoryIndex>& index) {
  if (!index) {
    return NotFound(
        StrCat(dir, " has no ", kDirectoryIndexPath, ": only what `ballast pull --to` made can be verified"));
  }
  const bool proven =
      std::all_of(index->files.begin(), index->files.end(), [](const auto& f) { return f.second.sha256.has_value(); });
  if (index->state == "downloading" || !proven) {
    return FailedPrecondition(
        StrCat(dir, " is not complete",
               index->model.empty() ? "" : StrCat("; finish it with: ballast pull ", index->model, " --to ", dir)));
  }
  return OkStatus();
}

// The next pull takes no mark of an earlier proof for these, and `wait` doesn't call the directory complete.
void MarkDamaged(const std::string& dir, DirectoryIndex index, const VerifyReport& report, FileSystem& files,
                 Console& console) {
  for (const Damage& damage : report.damage)
    index.files.at(SafePath::Parse(damage.paths.front()).value()).modified_ns = 0;
  index.state = "damaged";
  Status marked = WriteSmallFile(files, Join(dir, kDirectoryIndexPath), index.ToJson());
  if (marked.ok()) marked = files.Remove(Join(dir, kDirectoryReadyPath));
  if (marked.ok() || marked.code() == StatusCode::kNotFound) {
    console.Message(StrCat("to repair: ballast pull ", index.model, " --to ", dir));
  } else {
    console.Message(
        StrCat("the damage could not be marked (", marked.message(), "); remove the damaged files and pull again"));
  }
}

}  // namespace

Result<DirectoryState> LookAtDirectory(const std::string& dir, FileSystem& files) {
  ASSIGN_OR_RETURN(const bool ready, Exists(files, Join(dir, kDirectoryReadyPath)));
  ASSIGN_OR_RETURN(const auto index, ReadIndex(dir, files));
  if (!index && !ready) return WithoutIndex(dir, files);
  DirectoryState state;
  if (index) state.progress = Count(dir, *index, files);
  const bool all_here = index && (index->state.empty() || index->state == "complete") &&
                        state.progress.files_done == state.progress.files_total;
  state.ready = ready || all_here;
  state.how = ready ? "ready" : all_here ? "complete" : "";
  if (index && index->state == "damaged")
    state.progress.waiting_for = StrCat("a repair of damaged files: ballast pull ", index->model, " --to ", dir);
  return state;
}

Result<WaitedDirectory> WaitForDirectory(const std::string& dir, std::optional<milliseconds> timeout, FileSystem& files,
                                         const Clock& clock, Console& console, std::stop_token stop) {
  const SteadyTime start = clock.Steady();
  while (true) {
    ASSIGN_OR_RETURN(const DirectoryState state, LookAtDirectory(dir, files));
    if (state.ready)
      return WaitedDirectory{dir, state.how, state.progress.files_total, state.progress.bytes_total,
                             Since(start, clock)};
    if (timeout && Since(start, clock) >= *timeout) {
      return DeadlineExceeded(
          StrCat(dir, " is not complete after ", FormatDuration(*timeout), ": ", ProgressText(state.progress)));
    }
    console.Progress(state.progress);
    const milliseconds left = timeout ? *timeout - Since(start, clock) : kLookInterval;
    if (!Pause(std::min(kLookInterval, std::max(left, milliseconds(1))), stop)) return Cancelled("stopped");
  }
}

Result<VerifyReport> VerifyDirectory(const std::string& dir, FileSystem& files, Console& console,
                                     std::stop_token stop) {
  ASSIGN_OR_RETURN(const std::optional<DirectoryIndex> index, ReadIndex(dir, files));
  RETURN_IF_ERROR(CheckVerifiable(dir, index));
  VerifyReport report;
  TransferProgress progress{dir, "verifying", 0, index->TotalBytes(), 0, 0, static_cast<uint32_t>(index->files.size()),
                            ""};
  for (const auto& [path, file] : index->files) {
    ASSIGN_OR_RETURN(const std::string problem, ProblemOf(
                                                    Join(dir, path.str()), file, files,
                                                    [&](uint64_t bytes) {
                                                      report.bytes += bytes;
                                                      progress.bytes_done += bytes;
                                                      console.Progress(progress);
                                                    },
                                                    stop));
    if (!problem.empty()) report.damage.push_back({"", problem, {}, {path.str()}});
    progress.files_done = ++report.checked;
  }
  if (!report.damage.empty()) MarkDamaged(dir, *index, report, files, console);
  return report;
}

}  // namespace ballast::cli
