#include "origin/testing/fake_network.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <map>
#include <optional>
#include <utility>

#include "base/check.h"
#include "base/mutex.h"
#include "origin/address_check.h"

namespace ballast::fake_network {
namespace {

using Answers = std::vector<std::vector<std::string>>;

struct World {
  Mutex mutex;
  CondVar changed;
  bool holding GUARDED_BY(mutex) = false;
  int held GUARDED_BY(mutex) = 0;
  std::map<std::string, std::pair<Answers, size_t>> names GUARDED_BY(mutex);  // and how many were asked for
  std::map<std::string, std::string> routes GUARDED_BY(mutex);
  std::vector<std::string> dialled GUARDED_BY(mutex);
};

World& TheWorld() {
  static World world;
  return world;
}

template <typename Function>
Function* Real(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

bool IsAddress(const std::string& host) {
  in6_addr bytes{};
  return inet_pton(AF_INET, host.c_str(), &bytes) == 1 || inet_pton(AF_INET6, host.c_str(), &bytes) == 1;
}

std::vector<std::string> NextAnswer(const std::string& name) {
  World& world = TheWorld();
  const MutexLock lock(world.mutex);
  ++world.held;
  world.changed.NotifyAll();
  while (world.holding) world.changed.Wait(world.mutex);
  --world.held;
  const auto known = world.names.find(name);
  if (known == world.names.end()) return {};
  auto& [answers, asked] = known->second;
  return answers[std::min(asked++, answers.size() - 1)];
}

// Notes what is dialled, and says where that leads: nothing where it leads nowhere.
std::optional<std::string> Dial(const sockaddr* address) {
  World& world = TheWorld();
  const MutexLock lock(world.mutex);
  const std::string text = AddressText(address);
  world.dialled.push_back(text);
  const auto route = world.routes.find(text);
  if (route != world.routes.end()) return route->second;
  return PrivateRange(address) == "loopback" ? std::optional(text) : std::nullopt;
}

}  // namespace

void Clear() {
  World& world = TheWorld();
  const MutexLock lock(world.mutex);
  world.names.clear();
  world.routes.clear();
  world.dialled.clear();
  world.holding = false;
  world.changed.NotifyAll();
}

void HoldNames() {
  World& world = TheWorld();
  const MutexLock lock(world.mutex);
  world.holding = true;
}

void AwaitHeld() {
  World& world = TheWorld();
  const MutexLock lock(world.mutex);
  while (world.held == 0) world.changed.Wait(world.mutex);
}

void Name(const std::string& name, std::vector<std::vector<std::string>> answers) {
  BALLAST_CHECK(!answers.empty()) << name;
  World& world = TheWorld();
  const MutexLock lock(world.mutex);
  world.names[name] = {std::move(answers), 0};
}

void Route(const std::string& address, const std::string& to) {
  World& world = TheWorld();
  const MutexLock lock(world.mutex);
  world.routes[address] = to;
}

std::vector<std::string> Dialled() {
  World& world = TheWorld();
  const MutexLock lock(world.mutex);
  return world.dialled;
}

}  // namespace ballast::fake_network

// One list per address, each by the C library, so that its freeaddrinfo() takes them back.
extern "C" int getaddrinfo(const char* host, const char* service, const addrinfo* hints, addrinfo** result) {
  namespace fake = ballast::fake_network;
  static const auto real = fake::Real<decltype(getaddrinfo)>("getaddrinfo");
  if (host == nullptr || fake::IsAddress(host)) return real(host, service, hints, result);
  addrinfo* all = nullptr;
  addrinfo** end = &all;
  for (const std::string& address : fake::NextAnswer(host)) {
    if (real(address.c_str(), service, hints, end) != 0) continue;  // of a family that is not wanted
    while (*end != nullptr) end = &(*end)->ai_next;
  }
  *result = all;
  return all == nullptr ? EAI_NONAME : 0;
}

extern "C" int connect(int fd, const sockaddr* address, socklen_t size) {
  namespace fake = ballast::fake_network;
  static const auto real = fake::Real<decltype(connect)>("connect");
  if (address->sa_family != AF_INET && address->sa_family != AF_INET6) return real(fd, address, size);
  const std::optional<std::string> to = fake::Dial(address);
  if (!to) return errno = ENETUNREACH, -1;
  sockaddr_storage there{};
  std::memcpy(&there, address, size);
  if (address->sa_family == AF_INET) {
    inet_pton(AF_INET, to->c_str(), &reinterpret_cast<sockaddr_in*>(&there)->sin_addr);
  } else {
    inet_pton(AF_INET6, to->c_str(), &reinterpret_cast<sockaddr_in6*>(&there)->sin6_addr);
  }
  return real(fd, reinterpret_cast<const sockaddr*>(&there), size);
}
