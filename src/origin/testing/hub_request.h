// A request as it came, and what became of it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "origin/testing/hub_fault.h"

namespace ballast::hub {

struct Request {
  Port port = Port::kHub;
  std::string method;
  std::string path;                            // raw, percent-encoded, without query
  std::string query;                           // raw, without '?'
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
  bool keep_alive = true;  // the client does not want the connection closed

  std::string Header(const std::string& lower_case_name) const {
    auto at = headers.find(lower_case_name);
    return at == headers.end() ? "" : at->second;
  }
};

struct LoggedRequest {
  uint64_t number = 0;  // 1, 2, ... in the order of arrival
  Port port = Port::kHub;
  std::string method;
  std::string path;  // raw, with the prefix
  std::string query;
  std::string range;           // the Range header, "" if none
  std::string host;            // the Host header
  bool authorization = false;  // an Authorization header came
  std::string token;           // of "Authorization: Bearer ..."
  std::string user_agent;
  std::string accept_encoding;

  int status = 0;           // 0: not answered yet
  std::string file;         // "org/name/path" where the answer is a file's content, on both ports
  uint64_t first = 0;       // of the file: the first byte of the answer
  uint64_t length = 0;      // bytes of body that the answer ought to have
  uint64_t bytes_sent = 0;  // bytes of body handed to the kernel so far
  bool done = false;        // the answer has ended, or the connection broke
};

}  // namespace ballast::hub
