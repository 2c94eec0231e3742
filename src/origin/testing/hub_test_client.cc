#include "origin/testing/hub_test_client.h"

#include <curl/curl.h>

#include <string_view>

#include "base/strings.h"

namespace ballast::hub {
namespace {

size_t AddBody(char* data, size_t size, size_t count, void* answer) {
  static_cast<Answer*>(answer)->body.append(data, size * count);
  return size * count;
}

size_t AddHeader(char* data, size_t size, size_t count, void* answer) {
  std::string_view line(data, size * count);
  auto& headers = static_cast<Answer*>(answer)->headers;
  if (line.starts_with("HTTP/")) headers.clear();
  size_t colon = line.find(':');
  if (colon != std::string_view::npos)
    headers[ToLower(line.substr(0, colon))] = std::string(Trim(line.substr(colon + 1)));
  return size * count;
}

}  // namespace

Answer Fetch(const std::string& url, const Ask& ask) {
  Answer answer;
  CURL* curl = curl_easy_init();
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &AddBody);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, &AddHeader);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &answer);
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, ask.follow ? 1L : 0L);
  curl_easy_setopt(curl, CURLOPT_MAXREDIRS, 10L);
  if (ask.method == "HEAD") curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
  if (!ask.form.empty()) curl_easy_setopt(curl, CURLOPT_POSTFIELDS, ask.form.c_str());
  if (!ask.range.empty()) curl_easy_setopt(curl, CURLOPT_RANGE, ask.range.c_str());
  if (!ask.ca.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, ask.ca.c_str());
  curl_slist* headers = nullptr;
  if (!ask.token.empty()) headers = curl_slist_append(headers, ("Authorization: Bearer " + ask.token).c_str());
  for (const std::string& header : ask.headers) headers = curl_slist_append(headers, header.c_str());
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
  answer.curl = curl_easy_perform(curl);
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer.status);
  curl_slist_free_all(headers);
  curl_easy_cleanup(curl);
  return answer;
}

void StandInTest::Start(Options options) {
  auto started = StandIn::Start(std::move(options));
  ASSERT_TRUE(started.ok()) << started.status();
  hub_ = std::move(started).value();
}

void StandInTest::PublishModel() {
  weights_.clear();
  for (size_t i = 0; i < 100'000; ++i) weights_ += static_cast<char>(i * 31 + i / 251);
  auto commit = hub_->Publish("org/name", {{.path = "config.json", .bytes = "{}"},
                                           {.path = "model.safetensors", .bytes = weights_},
                                           {.path = "sub dir/na\xc3\xafve +#1.txt", .bytes = "hello"}});
  ASSERT_TRUE(commit.ok()) << commit.status();
  commit_ = *commit;
}

}  // namespace ballast::hub
