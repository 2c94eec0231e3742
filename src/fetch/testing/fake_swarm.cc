#include "fetch/testing/fake_swarm.h"

#include <algorithm>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>
#include <variant>

#include "base/check.h"

namespace ballast {
namespace {

Manifest ManifestOf(const std::map<std::string, std::string>& files) {
  std::vector<ManifestFile> list;
  list.reserve(files.size());
  for (const auto& [path, content] : files) {
    list.push_back({SafePath::Parse(path).value(), Digest::Of(content), content.size()});
  }
  return Manifest::Make(std::move(list)).value();
}

std::vector<FakeCoordinator::File> FilesOf(const Manifest& manifest, uint32_t piece_size) {
  std::vector<FakeCoordinator::File> files;
  std::set<Digest> seen;
  for (const ManifestFile& file : manifest.files()) {
    files.push_back({seen.insert(file.digest).second ? file.size : 0, piece_size});
  }
  return files;
}

}  // namespace

// Answers on a thread of its own, as a real one does.
class FakeSwarm::Session final : public SwarmSession {
 public:
  Session(FakeSwarm& swarm, SwarmListener& listener) : swarm_(swarm), listener_(listener) {
    thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
  }
  ~Session() override {
    thread_.request_stop();
    said_something_.notify_all();
    thread_.join();
  }

  void Send(Announce announce) override { Push(std::move(announce)); }
  void Send(Next next) override { Push(std::move(next)); }

 private:
  using Said = std::variant<Announce, Next>;

  void Push(Said said) {
    const std::lock_guard lock(mutex_);
    said_.push_back(std::move(said));
    said_something_.notify_all();
  }

  void Run(const std::stop_token& stop) {
    while (true) {
      std::unique_lock lock(mutex_);
      said_something_.wait(lock, stop, [this] { return !said_.empty(); });
      if (stop.stop_requested()) return Drain();
      const Said said = std::move(said_.front());
      said_.pop_front();
      lock.unlock();
      Hear(said, true);
    }
  }

  // What was said before the goodbye is heard.
  void Drain() {
    for (const Said& said : said_) Hear(said, false);
  }

  void Hear(const Said& said, bool answer) {
    if (const auto* announce = std::get_if<Announce>(&said)) {
      const MutexLock lock(swarm_.mutex_);
      return swarm_.coordinator_->On(*announce);
    }
    const Reply reply = swarm_.Answer(std::get<Next>(said));
    const bool empty = reply.assignments.empty() && reply.withdrawn.empty() && !reply.announce;
    if (answer && !empty) listener_.OnReply(reply);
  }

  FakeSwarm& swarm_;
  SwarmListener& listener_;
  std::mutex mutex_;
  std::condition_variable_any said_something_;
  std::deque<Said> said_;
  std::jthread thread_;
};

FakeSwarm::FakeSwarm(const std::map<std::string, std::string>& files, uint32_t piece_size,
                     FakeCoordinator::Options options)
    : piece_size_(piece_size), manifest_(ManifestOf(files)) {
  for (const auto& [path, content] : files) right_[Digest::Of(content)] = content;
  const MutexLock lock(mutex_);
  sent_ = right_;
  coordinator_ =
      std::make_unique<FakeCoordinator>(FilesOf(manifest_, piece_size), options,
                                        [this](PieceRef piece) NO_THREAD_SAFETY_ANALYSIS { return HashOf(piece); });
}

FakeSwarm::~FakeSwarm() = default;

Digest FakeSwarm::HashOf(PieceRef piece) const {
  if (piece.file >= manifest_.files().size()) return {};
  const std::string& content = sent_.at(manifest_.files()[piece.file].digest);
  const uint64_t begin = uint64_t{piece.piece} * piece_size_;
  return begin < content.size() ? Digest::Of(std::string_view(content).substr(begin, piece_size_)) : Digest{};
}

void FakeSwarm::SetScript(Script script) {
  const MutexLock lock(mutex_);
  script_ = std::move(script);
}

void FakeSwarm::Attest(const std::string& path, const std::string& content) {
  const MutexLock lock(mutex_);
  for (const ManifestFile& file : manifest_.files()) {
    if (file.path.str() == path) sent_[file.digest] = content;
  }
}

void FakeSwarm::WithdrawWhenUnproven(const std::string& path, const std::vector<uint32_t>& pieces) {
  const MutexLock lock(mutex_);
  for (uint32_t i = 0; i < manifest_.files().size(); ++i) {
    if (manifest_.files()[i].path.str() == path) to_withdraw_[i] = pieces;
  }
}

Reply FakeSwarm::Answer(const Next& next) {
  const MutexLock lock(mutex_);
  for (const uint32_t file : next.unproven) {
    std::vector<PieceRef> pieces;
    for (const uint32_t piece : to_withdraw_[file]) pieces.push_back({file, piece});
    if (pieces.empty()) continue;
    coordinator_->Withdraw(std::move(pieces));
    const Digest& digest = manifest_.files()[file].digest;
    sent_[digest] = right_.at(digest);
  }
  return coordinator_->On(next);
}

FakePiece FakeSwarm::Begin(const Request& request) {
  const MutexLock lock(mutex_);
  requests_.push_back(request);
  return script_ ? script_(request, static_cast<int>(requests_.size()) - 1) : FakePiece{};
}

Status FakeSwarm::ReadPiece(NodeId peer, const Digest& blob, ByteRange range, std::span<std::byte> into,
                            std::stop_token stop) {
  BALLAST_CHECK(range.size() == into.size()) << "a piece and its buffer";
  const FakePiece how = Begin({peer, blob, range});
  if (how.hang || how.wait.count() > 0) {
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    const auto most = how.hang ? std::chrono::hours(1) : how.wait;
    never.wait_for(lock, stop, most, [] { return false; });
  }
  if (stop.stop_requested()) return Cancelled("stopped");
  if (!how.status.ok()) return how.status;
  const MutexLock lock(mutex_);
  const auto bytes = std::as_bytes(std::span(sent_.at(blob))).subspan(range.begin, range.size());
  std::copy(bytes.begin(), bytes.end(), into.begin());
  if (how.damage) how.damage(into);
  return OkStatus();
}

std::unique_ptr<SwarmSession> FakeSwarm::Join(const Manifest&, SwarmListener& listener) {
  {
    const MutexLock lock(mutex_);
    (void)coordinator_->Begin();  // the node says by itself what it has
  }
  return std::make_unique<Session>(*this, listener);
}

std::vector<FakeSwarm::Request> FakeSwarm::requests() const {
  const MutexLock lock(mutex_);
  return requests_;
}
std::vector<FailureReason> FakeSwarm::failures() const {
  const MutexLock lock(mutex_);
  std::vector<FailureReason> reasons;
  for (const Failed& failed : coordinator_->failed()) reasons.push_back(failed.reason);
  return reasons;
}
std::set<uint32_t> FakeSwarm::proven() const {
  const MutexLock lock(mutex_);
  return coordinator_->proven();
}
int FakeSwarm::broken_rules() const {
  const MutexLock lock(mutex_);
  return coordinator_->broken_rules();
}
std::string FakeSwarm::first_broken_rule() const {
  const MutexLock lock(mutex_);
  return coordinator_->first_broken_rule();
}
int FakeSwarm::hedges() const {
  const MutexLock lock(mutex_);
  return coordinator_->hedges();
}
bool FakeSwarm::origin_works() const {
  const MutexLock lock(mutex_);
  return coordinator_->origin_works();
}

}  // namespace ballast
