// The type that conformance is tested with: as a CustomResourceDefinition for an apiserver, and as rules for the fake.
#pragma once

#include <string>

#include "kube/resource.h"
#include "kube/testing/fake_store.h"

namespace ballast {

inline const KubeResource kConfigMaps{"", "v1", "configmaps", true};
inline const KubeResource kWidgets{"test.ballast.dev", "v1", "widgets", true};

FakeResource ConfigMapRules();
// spec {size: 0..100, color: immutable}, status {phase}.
FakeResource WidgetRules();
Json WidgetDefinition();

Json MakeConfigMap(const ObjectName& name, const Json& data);
Json MakeWidget(const ObjectName& name, const Json& spec);

}  // namespace ballast
