#include "store/view_about.h"

#include <nlohmann/json.hpp>

#include "store/view_plan.h"

namespace ballast {
namespace {

using Json = nlohmann::json;

Result<Layout> LayoutFromName(std::string_view name) {
  for (const Layout layout : {Layout::kPlain, Layout::kHf, Layout::kHfRepo}) {
    if (LayoutName(layout) == name) return layout;
  }
  return InvalidArgument("no layout of this version");
}

Result<ViewAbout> FromParsed(const Json& json) {
  ViewAbout about;
  if (json.contains("manifest")) {
    ASSIGN_OR_RETURN(about.manifest, Digest::Parse(json.at("manifest").get<std::string>()));
  }
  ASSIGN_OR_RETURN(about.layout, LayoutFromName(json.at("layout").get<std::string>()));
  ASSIGN_OR_RETURN(about.origin, OriginRecord::FromJson(json.at("origin").get<std::string>()));
  for (const Json& digest : json.at("generated")) {
    ASSIGN_OR_RETURN(const Digest parsed, Digest::Parse(digest.get<std::string>()));
    about.generated.push_back(parsed);
  }
  about.aside_of = json.value("aside_of", "");
  return about;
}

}  // namespace

std::string AboutToJson(const ViewAbout& about) {
  OriginRecord origin = about.origin;
  origin.files.clear();
  Json json = {{"generated", Json::array()}, {"layout", LayoutName(about.layout)}, {"origin", origin.ToJson()}};
  if (!about.aside_of.empty()) json["aside_of"] = about.aside_of;
  if (about.manifest) json["manifest"] = about.manifest->ToString();
  for (const Digest& digest : about.generated) json["generated"].push_back(digest.ToString());
  return json.dump() + "\n";
}

Result<ViewAbout> AboutFromJson(std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  try {
    if (json.is_object()) return FromParsed(json);
  } catch (const Json::exception&) {  // a key is missing or of another type
  }
  return InvalidArgument("not what a view says of itself");
}

}  // namespace ballast
