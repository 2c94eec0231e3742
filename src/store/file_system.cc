#include "store/file_system.h"

#include "base/strings.h"
#include "store/aligned_buffer.h"

namespace ballast {

std::string ParentPath(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

bool IsUnfinished(const DirEntry& entry) {
  const bool temporary = entry.name.ends_with(".new") || entry.name.ends_with(".tmp");
  return temporary && entry.info.type == FileInfo::Type::kFile;
}

Result<std::string> ReadSmallFile(FileSystem& files, const std::string& path, uint64_t limit) {
  ASSIGN_OR_RETURN(const FileInfo info, files.Stat(path));
  if (info.size > limit) {
    return OutOfRange(StrCat(path, " has ", info.size, " bytes; at most ", limit, " make sense"));
  }
  ASSIGN_OR_RETURN(const auto file, files.Open(path, OpenMode::kRead));
  std::string content(info.size, '\0');
  ASSIGN_OR_RETURN(const size_t count, file->Read(0, std::as_writable_bytes(std::span(content))));
  content.resize(count);
  return content;
}

Status IgnoreNotFound(const Status& status) { return status.code() == StatusCode::kNotFound ? OkStatus() : status; }

Result<std::unique_ptr<File>> CreateAnew(FileSystem& files, const std::string& path) {
  auto file = files.Open(path, OpenMode::kCreate);
  if (file.status().code() != StatusCode::kAlreadyExists) return file;
  RETURN_IF_ERROR(files.Remove(path));
  return files.Open(path, OpenMode::kCreate);
}

namespace {

Status WriteAnew(FileSystem& files, const std::string& path, std::string_view content, bool sync) {
  ASSIGN_OR_RETURN(const auto file, CreateAnew(files, path));
  RETURN_IF_ERROR(file->Write(0, std::as_bytes(std::span(content))));
  return sync ? file->Sync() : OkStatus();
}

}  // namespace

// What could not be written goes: on a full disk it would take room until somebody writes that file again.
Status WriteSmallFile(FileSystem& files, const std::string& path, std::string_view content, Durability durability) {
  const bool sync = durability == Durability::kNow;
  const std::string fresh = path + ".new";
  Status written = WriteAnew(files, fresh, content, sync);
  if (written.ok()) written = files.Rename(fresh, path);
  if (!written.ok()) {
    (void)files.Remove(fresh);  // what failed is the error to tell
    return written;
  }
  return sync ? files.SyncDirectory(ParentPath(path)) : OkStatus();
}

Status EnsureDirectory(FileSystem& files, const std::string& path) {
  Status made = files.MakeDirectory(path);
  return made.code() == StatusCode::kAlreadyExists ? OkStatus() : made;
}

Status EnsureDirectories(FileSystem& files, const std::string& base, std::string_view relative) {
  if (!base.empty()) RETURN_IF_ERROR(EnsureDirectory(files, base));
  std::string path = base;
  for (const std::string_view part : Split(relative, '/')) {
    if (part.empty()) continue;
    path.append("/").append(part);
    RETURN_IF_ERROR(EnsureDirectory(files, path));
  }
  return OkStatus();
}

Status CopyFile(FileSystem& files, const std::string& from, const std::string& to, uint32_t mode) {
  ASSIGN_OR_RETURN(const auto source, files.Open(from, OpenMode::kRead));
  ASSIGN_OR_RETURN(const auto target, files.Open(to, OpenMode::kCreate));
  AlignedBuffer buffer(1 << 20);
  for (uint64_t offset = 0;;) {
    ASSIGN_OR_RETURN(const size_t count, source->Read(offset, buffer.span()));
    RETURN_IF_ERROR(target->Write(offset, buffer.span().first(count)));
    offset += count;
    if (count < buffer.span().size()) break;
  }
  RETURN_IF_ERROR(files.SetMode(to, mode));
  return target->Sync();
}

Status RemoveTree(FileSystem& files, const std::string& path) {  // NOLINT(misc-no-recursion): our own shallow trees
  auto entries = files.List(path);
  if (entries.status().code() == StatusCode::kNotFound) return OkStatus();
  if (!entries.ok()) return entries.status();
  for (const DirEntry& entry : *entries) {
    const std::string child = path + "/" + entry.name;
    const bool directory = entry.info.type == FileInfo::Type::kDirectory;
    RETURN_IF_ERROR(directory ? RemoveTree(files, child) : files.Remove(child));
  }
  return files.RemoveDirectory(path);
}

}  // namespace ballast
