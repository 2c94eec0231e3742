// The CRDs of crds/ as JSON, and objects that are made of their schemas.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>

namespace ballast {

// The whole CustomResourceDefinition in crds/<plural>.yaml.
nlohmann::json ReadCrd(const std::string& plural);
// The schema of its one version.
nlohmann::json SchemaOf(const nlohmann::json& crd);

// What FieldLister knows of a schema too, without metadata, apiVersion and kind; requirements in alphabetical order.
nlohmann::json Comparable(const nlohmann::json& schema);

// An object with every property, each list with one item, every value other than its default.
nlohmann::json ExampleOf(const nlohmann::json& schema);

// Calls `visit` with each property of the schema, those of list items too, and its place in an object.
using VisitProperty = std::function<void(const nlohmann::json::json_pointer& place, const nlohmann::json& property)>;
void EachProperty(const nlohmann::json& schema, const VisitProperty& visit,
                  const nlohmann::json::json_pointer& place = nlohmann::json::json_pointer());

}  // namespace ballast
