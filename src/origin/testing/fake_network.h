// A name service and a network for the one test program that these files are compiled into: they take the place of the
// C library's getaddrinfo() and connect(), so that libcurl behind its interface sees names and addresses that a test
// makes up. Nothing leaves the machine: a name that no test gave does not exist, and an address that is not on loopback
// is reached only as a test routes it.
#pragma once

#include <string>
#include <vector>

namespace ballast::fake_network {

// Forgets all of it, and lets every look-up go on.
void Clear();
// The look-ups of `name` are answered one after the other by `answers`, the last of them from then on. An answer is a
// list of addresses; an empty one says that there is no such name.
void Name(const std::string& name, std::vector<std::vector<std::string>> answers);
// Look-ups wait from now on, until Clear(); AwaitHeld() returns once one does.
void HoldNames();
void AwaitHeld();
// Whoever connects to `address` gets to `to` of the same family, at the port that was asked for.
void Route(const std::string& address, const std::string& to);
// The addresses that were connected to, as they were asked for.
std::vector<std::string> Dialled();

}  // namespace ballast::fake_network
