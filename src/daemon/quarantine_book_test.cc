#include "daemon/quarantine_book.h"

#include <gmock/gmock.h>

#include "base/strings.h"

namespace ballast {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(QuarantineBookTest, EachNodeIsNamedOnceWithItsModelAndEachFindingCounts) {
  QuarantineBook book;
  const Digest a = Digest::Of("a");
  book.Add(a, "n2");
  book.Add(a, "n1");
  book.Add(a, "n2");
  book.Add(Digest::Of("b"), "n3");
  EXPECT_THAT(book.Of(a), ElementsAre("n1", "n2"));
  EXPECT_THAT(book.Of(Digest::Of("b")), ElementsAre("n3"));
  EXPECT_THAT(book.Of(Digest::Of("c")), IsEmpty());
  EXPECT_EQ(book.count(), 4U);
}

TEST(QuarantineBookTest, TheOldestGoAndAreStillCounted) {
  QuarantineBook book;
  book.Add(Digest::Of("old"), "n1");
  for (size_t i = 0; i < QuarantineBook::kMostKept; ++i) book.Add(Digest::Of(StrCat(i)), "n2");
  EXPECT_THAT(book.Of(Digest::Of("old")), IsEmpty());
  EXPECT_THAT(book.Of(Digest::Of("0")), ElementsAre("n2"));
  EXPECT_EQ(book.count(), QuarantineBook::kMostKept + 1);
}

}  // namespace
}  // namespace ballast
