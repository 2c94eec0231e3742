#include "store/removal.h"

#include "base/strings.h"

namespace ballast {
namespace {

constexpr std::string_view kModel = "model ";
constexpr std::string_view kBlob = "blob ";

}  // namespace

std::string RemovalToText(const Removal& removal) {
  std::string text;
  for (const auto& [model, blobs] : removal) {
    text += StrCat(kModel, model.Hex(), "\n");
    for (const Digest& blob : blobs) text += StrCat(kBlob, blob.Hex(), "\n");
  }
  return text;
}

Removal RemovalFromText(std::string_view text) {
  Removal removal;
  std::set<Digest>* blobs = nullptr;
  for (const std::string_view line : Split(text, '\n')) {
    const bool is_model = line.starts_with(kModel);
    if (!is_model && !line.starts_with(kBlob)) continue;
    const auto digest = Digest::FromHex(line.substr((is_model ? kModel : kBlob).size()));
    if (!digest.ok()) continue;
    if (is_model) {
      blobs = &removal[*digest];
    } else if (blobs != nullptr) {
      blobs->insert(*digest);
    }
  }
  return removal;
}

}  // namespace ballast
