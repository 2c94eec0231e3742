#include "kube/event_recorder.h"

#include <gtest/gtest.h>

#include "base/strings.h"
#include "base/testing/fake_clock.h"
#include "kube/testing/fake_kube_client.h"
#include "kube/testing/widget.h"

namespace ballast {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class EventRecorderTest : public testing::Test {
 protected:
  EventRecorderTest() { client_.Serve({.resource = kEvents, .kind = "Event"}); }

  static KubeEvent Event(const std::string& note, const std::string& object = "a") {
    Json widget = MakeWidget({"team", object}, {});
    widget["metadata"]["uid"] = object;
    return {.regarding = RegardingOf(widget), .reason = "Tested", .action = "Test", .note = note};
  }
  void Record(const KubeEvent& event) {
    recorder_.Record(event);
    recorder_.Flush();
  }
  std::vector<Json> Written() { return client_.List(kEvents, {}, {})->items; }

  FakeClock clock_;
  FakeKubeClient client_{clock_};
  EventRecorder recorder_{client_, clock_, {.controller = "ballast.dev/test", .instance = "pod"}};
};

TEST_F(EventRecorderTest, AnEventSaysWhatHappenedToWhom) {
  KubeEvent event = Event("all is well");
  event.warning = true;
  Record(event);
  ASSERT_EQ(Written().size(), 1U);
  const Json written = Written()[0];
  EXPECT_EQ(NameOf(written).ns, "team");
  EXPECT_EQ(StringAt(written, "/regarding/name"), "a");
  EXPECT_EQ(StringAt(written, "/type"), "Warning");
  EXPECT_EQ(StringAt(written, "/reason"), "Tested");
  EXPECT_EQ(StringAt(written, "/note"), "all is well");
  EXPECT_EQ(StringAt(written, "/reportingController"), "ballast.dev/test");
  EXPECT_FALSE(written.contains("series"));
}

TEST_F(EventRecorderTest, TheSameEventIsCountedAndItsCountWrittenNowAndThen) {
  for (int i = 0; i < 100; ++i) Record(Event("again"));
  EXPECT_EQ(client_.calls().size(), 1U);
  clock_.Advance(seconds(30));
  recorder_.Flush();
  ASSERT_EQ(Written().size(), 1U);
  EXPECT_EQ(IntAt(Written()[0], "/series/count"), 100);
  recorder_.Flush();
  EXPECT_EQ(client_.CountCalls(KubeVerb::kPatch), 1);
}

TEST_F(EventRecorderTest, ASeriesWhoseEventExpiredIsWrittenAnew) {
  for (int i = 0; i < 3; ++i) Record(Event("again"));
  ASSERT_TRUE(client_.Delete(kEvents, NameOf(Written()[0]), {}, {}).ok());
  clock_.Advance(seconds(30));
  recorder_.Flush();
  ASSERT_EQ(Written().size(), 1U);
  EXPECT_EQ(IntAt(Written()[0], "/series/count"), 3);
}

TEST_F(EventRecorderTest, AfterSomeMinutesTheSameIsANewEvent) {
  Record(Event("again"));
  clock_.Advance(minutes(6));
  Record(Event("again"));
  EXPECT_EQ(Written().size(), 2U);
}

TEST_F(EventRecorderTest, OneObjectCannotFloodTheRest) {
  for (int i = 0; i < 100; ++i) Record(Event(StrCat("note ", i)));
  Record(Event("note", "b"));
  EXPECT_EQ(Written().size(), 25U + 1U);
  EXPECT_EQ(recorder_.counts().dropped, 75U);
  clock_.Advance(minutes(2));
  for (int i = 0; i < 100; ++i) Record(Event(StrCat("later ", i)));
  EXPECT_EQ(Written().size(), 26U + 2U);
}

TEST_F(EventRecorderTest, AnEventThatCannotBeWrittenIsCountedAndForgotten) {
  client_.FailNext(KubeVerb::kCreate, Unavailable("down"));
  Record(Event("lost"));
  Record(Event("kept"));
  EXPECT_EQ(recorder_.counts().failed, 1U);
  EXPECT_EQ(recorder_.counts().written, 1U);
}

TEST_F(EventRecorderTest, ALongNoteIsCutBetweenCharacters) {
  std::string note(1019, 'x');
  note += "ääääää";
  Record(Event(note));
  EXPECT_EQ(StringAt(Written()[0], "/note"), std::string(1019, 'x') + "ä...");
}

TEST_F(EventRecorderTest, AnEventOfAClusterScopedObjectIsInTheDefaultNamespace) {
  KubeEvent event = Event("x");
  event.regarding.erase("namespace");
  Record(event);
  EXPECT_EQ(NameOf(Written()[0]).ns, "default");
}

}  // namespace
}  // namespace ballast
