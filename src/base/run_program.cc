#include "base/run_program.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <map>

#include "base/errno_status.h"
#include "base/strings.h"
#include "base/unique_fd.h"

namespace ballast {
namespace {

std::vector<std::string> EnvironmentWith(const std::vector<std::pair<std::string, std::string>>& more) {
  std::map<std::string, std::string> variables;
  for (char** at = environ; *at != nullptr; ++at) {
    const std::string_view entry(*at);
    const size_t end = entry.find('=');
    if (end != std::string_view::npos) variables.emplace(entry.substr(0, end), entry.substr(end + 1));
  }
  for (const auto& [name, value] : more) variables.insert_or_assign(name, value);
  std::vector<std::string> all;
  all.reserve(variables.size());
  for (const auto& [name, value] : variables) all.push_back(StrCat(name, "=", value));
  return all;
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// posix_spawn's own descriptions of the child, freed with this.
class Child {
 public:
  explicit Child(const ProgramCall& call, int output) {
    ::posix_spawn_file_actions_init(&files_);
    ::posix_spawn_file_actions_adddup2(&files_, output, STDOUT_FILENO);
    if (!call.reads_input) ::posix_spawn_file_actions_addopen(&files_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    sigset_t none;
    ::sigemptyset(&none);
    sigset_t pipe;
    ::sigemptyset(&pipe);
    ::sigaddset(&pipe, SIGPIPE);
    ::posix_spawnattr_init(&attributes_);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setsigdefault(&attributes_, &pipe);
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~Child() {
    ::posix_spawn_file_actions_destroy(&files_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  Result<pid_t> Start(const ProgramCall& call) {
    std::vector<std::string> words{call.program};
    words.insert(words.end(), call.arguments.begin(), call.arguments.end());
    std::vector<std::string> variables = EnvironmentWith(call.environment);
    pid_t pid = 0;
    const int error = ::posix_spawnp(&pid, call.program.c_str(), &files_, &attributes_, Pointers(words).data(),
                                     Pointers(variables).data());
    if (error != 0) return ErrnoStatus(error, StrCat("run ", Quoted(call.program)));
    return pid;
  }

 private:
  posix_spawn_file_actions_t files_;
  posix_spawnattr_t attributes_;
};

Result<std::string> ReadAll(int fd, size_t most) {
  std::string text;
  std::array<char, 4096> buffer;
  for (;;) {
    const ssize_t n = ::read(fd, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ErrnoStatus(errno, "read its output");
    if (n == 0) return text;
    text.append(buffer.data(), static_cast<size_t>(n));
    if (text.size() > most) return ResourceExhausted(StrCat("it wrote more than ", most, " bytes"));
  }
}

Status Await(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) return ErrnoStatus(errno, "wait for its end");
  }
  if (WIFSIGNALED(status)) return FailedPrecondition(StrCat("it was ended by signal ", WTERMSIG(status)));
  if (WEXITSTATUS(status) != 0) return FailedPrecondition(StrCat("it ended with status ", WEXITSTATUS(status)));
  return OkStatus();
}

}  // namespace

Result<std::string> RunProgram(const ProgramCall& call) {
  std::array<int, 2> ends;
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return ErrnoStatus(errno, "make a pipe");
  const UniqueFd read_end(ends[0]);
  UniqueFd write_end(ends[1]);
  ASSIGN_OR_RETURN(const pid_t pid, Child(call, write_end.get()).Start(call));
  write_end.Reset();
  Result<std::string> output = ReadAll(read_end.get(), call.max_output);
  if (!output.ok()) ::kill(pid, SIGKILL);  // it may go on for ever
  const Status end = Await(pid);
  RETURN_IF_ERROR(output.status());
  RETURN_IF_ERROR(end);
  return output;
}

}  // namespace ballast
