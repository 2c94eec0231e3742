// views/<name>/about.json: what a view is of, so that it is found again after a start. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/store.h"

namespace ballast {

struct ViewAbout {
  std::optional<Digest> manifest;  // absent: an early view that is not complete
  Layout layout = Layout::kPlain;
  OriginRecord origin;            // without its files
  std::vector<Digest> generated;  // blobs made for this view
  std::string aside_of;           // what it was called before a file of it was found damaged; "": it was not

  friend bool operator==(const ViewAbout&, const ViewAbout&) = default;
};

std::string AboutToJson(const ViewAbout& about);
Result<ViewAbout> AboutFromJson(std::string_view json);

}  // namespace ballast
