// What a server that is none, or a bad one, can do to the client: nothing. How a real one is spoken to:
// e2e/suites/kube.
#include "kube/rest_kube_client.h"

#include <gtest/gtest.h>
#include <prometheus/registry.h>

#include <thread>

#include "base/strings.h"
#include "kube/kube_metrics.h"
#include "kube/testing/raw_server.h"
#include "kube/testing/watch_recorder.h"
#include "kube/testing/widget.h"

namespace ballast {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::string Http(std::string_view status, std::string_view body, std::string_view headers = "") {
  return StrCat("HTTP/1.1 ", status, "\r\n", headers, "Content-Length: ", body.size(), "\r\n\r\n", body);
}
std::string Chunk(std::string_view bytes) {
  std::ostringstream out;
  out << std::hex << bytes.size() << "\r\n" << bytes << "\r\n";
  return out.str();
}
std::string Chunked(std::string_view body) {
  return StrCat("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", Chunk(body));
}
std::string Event(std::string_view type, std::string_view name) {
  return StrCat(R"({"type":")", type, R"(","object":{"metadata":{"name":")", name, R"(","resourceVersion":"7"}}})",
                "\n");
}

class RestKubeClientTest : public testing::Test {
 protected:
  static std::unique_ptr<RestKubeClient> Connect(const std::string& url, RestKubeOptions options = {}) {
    auto client = RestKubeClient::Create({.server = url}, std::move(options));
    BALLAST_CHECK(client.ok()) << client.status();
    return *std::move(client);
  }
  static Status Get(const std::string& answer) {
    RawServer server(answer);
    return Connect(server.url())->Get(kConfigMaps, kName, {}).status();
  }
  static Status Watch(const std::string& answer) {
    RawServer server(answer);
    const auto client = Connect(server.url());
    return WatchRecorder(*client, kConfigMaps, {.resource_version = "1"}).AwaitEnd();
  }

  static inline const ObjectName kName{"default", "a"};
};

TEST_F(RestKubeClientTest, WhatIsNoApiserverIsUnavailable) {
  const std::string answers[] = {
      "",
      "SSH-2.0-OpenSSH_9.2\r\n",
      std::string(100'000, 'x'),
      std::string("\0\xff\x01", 3),
      "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"half\":",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"a\"",
      Http("200 OK", "<html>welcome</html>"),
      Http("200 OK", ""),
      Http("200 OK", "[1]"),
      Http("200 OK", std::string(100'000, '[')),
      Http("200 OK", "\"\xff\""),
  };
  for (const std::string& answer : answers) {
    EXPECT_EQ(Get(answer).code(), StatusCode::kUnavailable) << Quoted(answer, 60) << ": " << Get(answer);
  }
}

TEST_F(RestKubeClientTest, NobodyIsUnavailable) {
  std::string url;
  {
    RawServer server("");
    url = server.url();
  }
  const Status status = Connect(url)->Get(kConfigMaps, kName, {}).status();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_NE(status.message().find(StrCat("get configmaps default/a at ", url)), std::string::npos) << status;
}

TEST_F(RestKubeClientTest, AServerThatIsSilentIsGivenUp) {
  for (const char* answer : {"", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{"}) {
    RawServer server(answer, /*hold=*/true);
    const auto client = Connect(server.url());
    EXPECT_EQ(client->Get(kConfigMaps, kName, CallLimits({}, milliseconds(1))).status().code(),
              StatusCode::kDeadlineExceeded);
  }
}

TEST_F(RestKubeClientTest, ACallToAServerThatIsSilentCanBeStopped) {
  RawServer server("", /*hold=*/true);
  const auto client = Connect(server.url());
  std::stop_source stop;
  std::jthread stopper([&] {
    server.AwaitRequest();
    stop.request_stop();
  });
  EXPECT_EQ(client->Get(kConfigMaps, kName, stop.get_token()).status().code(), StatusCode::kCancelled);
}

TEST_F(RestKubeClientTest, ARedirectIsNotFollowed) {
  RawServer elsewhere(Http("200 OK", "{}"));
  const Status status = Get(Http("302 Found", "", StrCat("Location: ", elsewhere.url(), "/\r\n")));
  EXPECT_EQ(status.code(), StatusCode::kUnknown) << status;
}

TEST_F(RestKubeClientTest, AServerThatIsBusySaysHowLong) {
  const Status status = Get(Http("429 Too Many Requests", "slow down", "Retry-After: 7\r\n"));
  EXPECT_EQ(status.code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(status.retry_after(), seconds(7));
}

TEST_F(RestKubeClientTest, WhatIsForbiddenNamesVerbAndResource) {
  RawServer server(Http("403 Forbidden", R"({"kind":"Status","code":403,"message":"configmaps is forbidden"})",
                        "Connection: close\r\n"));
  const auto client = Connect(server.url());
  const auto says = [](const Status& status, const char* call) {
    return status.code() == StatusCode::kPermissionDenied && status.message().starts_with(call) &&
           status.message().ends_with(": configmaps is forbidden");
  };
  const Json object = MakeConfigMap(kName, {});
  EXPECT_TRUE(says(client->List(kConfigMaps, {}, {}).status(), "list configmaps"));
  EXPECT_TRUE(says(client->Get(kConfigMaps, kName, {}).status(), "get configmaps default/a"));
  EXPECT_TRUE(says(client->Create(kConfigMaps, object, {}).status(), "create configmaps default/a"));
  EXPECT_TRUE(says(client->Patch(kConfigMaps, kName, object, Subresource::kNone, {}).status(), "patch configmaps"));
  EXPECT_TRUE(says(client->Delete(kConfigMaps, kName, {}, {}), "delete configmaps default/a"));
  EXPECT_TRUE(says(WatchRecorder(*client, kConfigMaps, {.resource_version = "1"}).AwaitEnd(), "watch configmaps"));
}

// An apiserver writes '<' as six bytes: the largest JSON that an object of this size can become.
std::string Escaped(size_t characters) {
  std::string text;
  for (size_t i = 0; i < characters; ++i) text += "\\u003c";
  return text;
}

TEST_F(RestKubeClientTest, AnObjectOfAMebibyteIsReadListedAndWatched) {
  const std::string meta = R"("metadata":{"name":"a","namespace":"default","resourceVersion":"7"})";
  const std::string object = StrCat("{", meta, R"(,"data":{"a":")", Escaped(1 << 20), "\"}}");
  const std::string large(1 << 20, '<');
  RawServer one(Http("200 OK", object));
  EXPECT_EQ(StringAt(*Connect(one.url())->Get(kConfigMaps, kName, {}), "/data/a"), large);
  RawServer list(Http("200 OK", StrCat(R"({"metadata":{"resourceVersion":"7"},"items":[)", object, ",", object, "]}")));
  const auto page = Connect(list.url())->List(kConfigMaps, {}, {});
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_EQ(page->items.size(), 2U);
  EXPECT_EQ(StringAt(page->items[1], "/data/a"), large);
  RawServer events(Chunked(StrCat(R"({"type":"ADDED","object":)", object, "}\n")), /*hold=*/true);
  const auto client = Connect(events.url());
  WatchRecorder watch(*client, kConfigMaps, {.resource_version = "1"});
  EXPECT_EQ(StringAt(watch.Await(1).at(0).object, "/data/a"), large);
}

TEST_F(RestKubeClientTest, AnAnswerWithoutEndIsGivenUp) {
  RawServer server(Http("200 OK", std::string(100'000, ' ')));
  const auto client = Connect(server.url(), {.max_answer_bytes = 50'000});
  EXPECT_EQ(client->Get(kConfigMaps, kName, {}).status().code(), StatusCode::kDataLoss);
}

TEST_F(RestKubeClientTest, EachAnswerIsCounted) {
  prometheus::Registry registry;
  RawServer server(Http("404 Not Found", ""));
  const auto client = Connect(server.url(), {.on_answer = CountKubeAnswers(registry)});
  EXPECT_EQ(client->Get(kConfigMaps, kName, {}).status().code(), StatusCode::kNotFound);
  const auto families = registry.Collect();
  ASSERT_EQ(families.size(), 1U);
  EXPECT_EQ(families[0].name, "ballast_kube_requests_total");
  ASSERT_EQ(families[0].metric.size(), 1U);
  EXPECT_EQ(families[0].metric[0].counter.value, 1);
}

TEST_F(RestKubeClientTest, AnEventIsDeliveredBeforeTheAnswerEnds) {
  RawServer server(Chunked(Event("ADDED", "a")), /*hold=*/true);
  const auto client = Connect(server.url());
  WatchRecorder watch(*client, kConfigMaps, {.resource_version = "1"});
  EXPECT_EQ(watch.AwaitNames(1), std::vector<std::string>{"ADDED a"});
  watch.RequestStop();
  EXPECT_EQ(watch.AwaitEnd().code(), StatusCode::kCancelled);
}

TEST_F(RestKubeClientTest, AWatchThatFallsSilentIsGivenUp) {
  RawServer server(Chunked(Event("ADDED", "a")), /*hold=*/true);
  const auto client = Connect(server.url(), {.watch_silence = milliseconds(50)});
  WatchRecorder watch(*client, kConfigMaps, {.resource_version = "1"});
  EXPECT_EQ(watch.AwaitEnd().code(), StatusCode::kDeadlineExceeded);
}

TEST_F(RestKubeClientTest, AWatchEndsAsItsServerEndsIt) {
  EXPECT_EQ(Watch(Chunked(Event("ADDED", "a")) + "0\r\n\r\n"), OkStatus());
  EXPECT_EQ(Watch(Chunked(Event("ADDED", "a"))).code(), StatusCode::kUnavailable) << "cut";
  EXPECT_EQ(Watch(Chunked("garbage\n")).code(), StatusCode::kUnavailable);
  EXPECT_EQ(Watch(Chunked(R"({"type":"ERROR","object":{"code":410}})"
                          "\n"))
                .code(),
            StatusCode::kOutOfRange);
  EXPECT_EQ(Watch(Http("410 Gone", "")).code(), StatusCode::kOutOfRange);
  EXPECT_EQ(Watch(Http("403 Forbidden", "")).code(), StatusCode::kPermissionDenied);
}

TEST_F(RestKubeClientTest, NothingSecretGoesOverPlainHttp) {
  EXPECT_EQ(RestKubeClient::Create({.server = "http://127.0.0.1:1", .token = "secret"}).status().code(),
            StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace ballast
