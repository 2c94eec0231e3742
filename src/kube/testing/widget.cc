#include "kube/testing/widget.h"

namespace ballast {
namespace {

Status CheckWidget(const Json& widget, const Json* old) {
  const int64_t size = IntAt(widget, "/spec/size");
  if (size < 0 || size > 100) return InvalidArgument("spec.size in body should be less than or equal to 100");
  if (old != nullptr && StringAt(*old, "/spec/color") != StringAt(widget, "/spec/color")) {
    return InvalidArgument("spec.color: Invalid value: color is immutable");
  }
  return OkStatus();
}

Json Schema() {
  return Json::parse(R"({
    "type": "object",
    "properties": {
      "spec": {
        "type": "object",
        "properties": {
          "size": {"type": "integer", "minimum": 0, "maximum": 100},
          "color": {"type": "string",
                    "x-kubernetes-validations": [{"rule": "self == oldSelf", "message": "color is immutable"}]}
        }
      },
      "status": {"type": "object", "properties": {"phase": {"type": "string"}}}
    }
  })");
}

Json Make(const KubeResource& resource, const char* kind, const ObjectName& name) {
  return {{"apiVersion", resource.ApiVersion()},
          {"kind", kind},
          {"metadata", {{"name", name.name}, {"namespace", name.ns}}}};
}

}  // namespace

FakeResource ConfigMapRules() { return {.resource = kConfigMaps, .kind = "ConfigMap"}; }

FakeResource WidgetRules() {
  return {.resource = kWidgets,
          .kind = "Widget",
          .status_subresource = true,
          .has_generation = true,
          .validate = CheckWidget};
}

Json WidgetDefinition() {
  const Json version = {{"name", kWidgets.version},
                        {"served", true},
                        {"storage", true},
                        {"subresources", {{"status", Json::object()}}},
                        {"schema", {{"openAPIV3Schema", Schema()}}}};
  return {{"apiVersion", "apiextensions.k8s.io/v1"},
          {"kind", "CustomResourceDefinition"},
          {"metadata", {{"name", kWidgets.FullName()}}},
          {"spec",
           {{"group", kWidgets.group},
            {"scope", "Namespaced"},
            {"names", {{"plural", kWidgets.plural}, {"singular", "widget"}, {"kind", "Widget"}}},
            {"versions", Json::array({version})}}}};
}

Json MakeConfigMap(const ObjectName& name, const Json& data) {
  Json object = Make(kConfigMaps, "ConfigMap", name);
  object["data"] = data;
  return object;
}

Json MakeWidget(const ObjectName& name, const Json& spec) {
  Json object = Make(kWidgets, "Widget", name);
  object["spec"] = spec;
  return object;
}

}  // namespace ballast
