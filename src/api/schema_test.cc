// The CRDs in crds/ and the codecs say the same: no property of the one is unknown to the other.
#include "api/testing/schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "api/cache_node_fields.h"
#include "api/cache_policy_fields.h"
#include "api/model_cache_fields.h"
#include "api/object_codec.h"
#include "api/testing/field_lister.h"

namespace ballast {
namespace {

using nlohmann::json;

// How a kind is listed, read strictly, and written, whatever its struct.
struct Kind {
  std::string name;
  std::string plural;
  std::function<json()> list;
  std::function<Result<json>(const json&)> round_trip;
};

void PrintTo(const Kind& kind, std::ostream* out) { *out << kind.name; }

template <typename T>
Result<T> ReadStrictly(const json& object, T initial) {
  ASSIGN_OR_RETURN(const YamlValue value, YamlFromJson(object));
  YamlReader yaml(value, "object");
  yaml.Ignore("apiVersion");
  yaml.Ignore("kind");
  FieldReader io(yaml);
  Fields(io, initial);
  RETURN_IF_ERROR(yaml.Finish());
  return initial;
}

template <typename T>
Kind MakeKind(const std::string& name, const std::string& plural, const T& initial) {
  const auto list = [initial] {
    json schema;
    FieldLister io(schema);
    T object = initial;
    Fields(io, object);
    return Comparable(schema);
  };
  const auto round_trip = [initial](const json& object) -> Result<json> {
    ASSIGN_OR_RETURN(const T read, ReadStrictly(object, initial));
    return ToJson(read);
  };
  return {name, plural, list, round_trip};
}

ModelCache NamespacedCache() {
  ModelCache cache;
  cache.cluster_scoped = false;
  return cache;
}

class SchemaTest : public ::testing::TestWithParam<Kind> {
 protected:
  json Schema() const { return SchemaOf(ReadCrd(GetParam().plural)); }
  json Example() const {
    json object = ExampleOf(Schema());
    object["apiVersion"] = kApiVersion;
    object["kind"] = GetParam().name;
    object["metadata"] = {{"name", "example"}};
    return object;
  }
};

INSTANTIATE_TEST_SUITE_P(AllKinds, SchemaTest,
                         ::testing::Values(MakeKind("ModelCache", "modelcaches", NamespacedCache()),
                                           MakeKind("ClusterModelCache", "clustermodelcaches", ModelCache()),
                                           MakeKind("CachePolicy", "cachepolicies", CachePolicy()),
                                           MakeKind("CacheNode", "cachenodes", CacheNode())),
                         [](const auto& kind) { return kind.param.name; });

TEST_P(SchemaTest, TheCodecKnowsWhatTheSchemaKnowsAndNothingElse) {
  const json schema = Comparable(Schema());
  const json codec = GetParam().list();
  EXPECT_EQ(json::diff(schema, codec), json::array()) << "what would make the codec's fields of the schema's";
}

TEST_P(SchemaTest, AnObjectWithEveryPropertyIsReadAndWrittenAgain) {
  const json object = Example();
  const Result<json> again = GetParam().round_trip(object);
  ASSERT_TRUE(again.ok()) << again.status() << "\n" << object.dump(2);
  EXPECT_EQ(json::diff(object, *again), json::array()) << object.dump(2);
}

TEST_P(SchemaTest, TheDefaultsAreThoseOfTheStructs) {
  int defaults = 0;
  EachProperty(Schema(), [&](const json::json_pointer& place, const json& property) {
    if (!property.contains("default")) return;
    ++defaults;
    json with = Example();
    with[place] = property["default"];
    json without = with;
    without[place.parent_pointer()].erase(place.back());
    const Result<json> read_with = GetParam().round_trip(with);
    const Result<json> read_without = GetParam().round_trip(without);
    ASSERT_TRUE(read_with.ok() && read_without.ok()) << place << read_with.status() << read_without.status();
    EXPECT_EQ(*read_with, *read_without) << place;
  });
  EXPECT_GT(defaults, 4);
}

// What `kubectl explain` and the documentation show, and what keeps the apiserver's estimate of a rule's cost finite.
TEST_P(SchemaTest, EveryPropertyIsDescribedAndBounded) {
  EachProperty(Schema(), [&](const json::json_pointer& place, const json& property) {
    EXPECT_GT(property.value("description", "").size(), 3U) << place;
    const std::string type = property.value("type", "");
    if (type == "string") {
      EXPECT_TRUE(property.contains("maxLength") || property.contains("enum") || property.contains("format")) << place;
    }
    if (type == "array") {
      EXPECT_TRUE(property.contains("maxItems") && property.contains("x-kubernetes-list-type")) << place;
    }
    if (property.contains("additionalProperties")) {
      EXPECT_TRUE(property.contains("maxProperties")) << place;
    }
  });
}

TEST_P(SchemaTest, EveryRuleSaysWhatToDo) {
  int rules = 0;
  EachProperty(json{{"properties", {{"object", Schema()}}}}, [&](const auto& place, const json& property) {
    for (const json& rule : property.value("x-kubernetes-validations", json::array())) {
      ++rules;
      EXPECT_GT(rule.value("message", "").size(), 10U) << place << rule;
    }
  });
  if (GetParam().name != "CacheNode") {  // nobody writes that one by hand
    EXPECT_GT(rules, 5);
  }
}

TEST_P(SchemaTest, EveryColumnShowsAProperty) {
  const json object = Example();
  const json crd = ReadCrd(GetParam().plural);
  for (const json& column : crd["spec"]["versions"][0]["additionalPrinterColumns"]) {
    std::string path = column["jsonPath"];
    path = path.substr(0, path.find('['));
    std::replace(path.begin(), path.end(), '.', '/');
    EXPECT_TRUE(path == "/metadata/creationTimestamp" || object.contains(json::json_pointer(path))) << column;
  }
}

TEST(ClusterSchemaTest, IsThatOfModelCacheWithMoreSourcesAndAllowedNamespaces) {
  json cluster = SchemaOf(ReadCrd("clustermodelcaches"));
  json namespaced = SchemaOf(ReadCrd("modelcaches"));
  json& spec = cluster["/properties/spec"_json_pointer];
  spec["properties"].erase("allowedNamespaces");
  spec["x-kubernetes-validations"].erase(1);
  json& token = spec["/properties/source/properties/tokenSecretRef"_json_pointer];
  token["properties"].erase("namespace");
  token["required"].erase(2);
  for (json* schema : {&cluster, &namespaced}) {
    schema->erase("description");
    json& source = (*schema)["/properties/spec/properties/source/properties"_json_pointer];
    source["tokenSecretRef"].erase("description");
    source["uri"].erase("description");
    source["uri"].erase("x-kubernetes-validations");
  }
  EXPECT_EQ(json::diff(namespaced, cluster), json::array());
}

}  // namespace
}  // namespace ballast
