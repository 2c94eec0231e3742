#include "swarm/poll_set.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <array>
#include <cerrno>

#include "base/check.h"
#include "base/errno_status.h"

namespace ballast {
namespace {

epoll_event EventFor(uint64_t id, PollSet::For what) {
  epoll_event event{};
  event.events = (what == PollSet::For::kRead ? EPOLLIN : EPOLLOUT) | EPOLLONESHOT;
  event.data.u64 = id;
  return event;
}

}  // namespace

Result<PollSet> PollSet::Make() {
  UniqueFd poll(::epoll_create1(EPOLL_CLOEXEC));
  if (!poll.valid()) return ErrnoStatus(errno, "make an epoll set");
  UniqueFd event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!event.valid()) return ErrnoStatus(errno, "make an eventfd");
  PollSet set(std::move(poll), std::move(event));
  RETURN_IF_ERROR(set.Add(set.event_.get(), kWoken, For::kRead));
  return set;
}

Status PollSet::Add(int fd, uint64_t id, For what) {
  epoll_event event = EventFor(id, what);
  if (::epoll_ctl(poll_.get(), EPOLL_CTL_ADD, fd, &event) == 0) return OkStatus();
  return ErrnoStatus(errno, "watch a socket");
}

void PollSet::Arm(int fd, uint64_t id, For what) {
  epoll_event event = EventFor(id, what);
  BALLAST_CHECK(::epoll_ctl(poll_.get(), EPOLL_CTL_MOD, fd, &event) == 0) << "epoll_ctl: " << errno;
}

std::vector<uint64_t> PollSet::Wait(std::chrono::milliseconds timeout) {
  std::array<epoll_event, 64> events;
  const int count =
      ::epoll_wait(poll_.get(), events.data(), static_cast<int>(events.size()), static_cast<int>(timeout.count()));
  std::vector<uint64_t> ids;
  for (int i = 0; i < count; ++i) {
    const uint64_t id = events[static_cast<size_t>(i)].data.u64;
    if (id == kWoken) {
      eventfd_t ignored = 0;
      ::eventfd_read(event_.get(), &ignored);
      Arm(event_.get(), kWoken, For::kRead);
    }
    ids.push_back(id);
  }
  return ids;
}

void PollSet::Wake() const { ::eventfd_write(event_.get(), 1); }

}  // namespace ballast
