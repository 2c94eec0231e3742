# Who may: deletion, namespaces, tokens.
namespace() { k create namespace "$1" >/dev/null; k label namespace "$1" "$2" >/dev/null; }
# The namespace's own account comes a moment after it.
account() { wait_for 20 "the account of $1" k get serviceaccount default -n "$1"; }

bound_cache() {
  cache small >/dev/null
  check "the model is warm" is_warm small 90s
  claim small small >/dev/null
  check "a claim is bound" k wait --for=jsonpath='{.status.phase}'=Bound pvc/small --timeout=60s
  check "its cache counts it" wait_for 30 "a bound volume" equal_bound 1
  check "the deletion of a bound cache is refused with its users' names" fails_with "default/small" k delete cmcache small --timeout=20s
}
equal_bound() { equal "bound volumes" "$1" "$(k get cmcache small -o 'jsonpath={.status.volumes.bound}')"; }

not_admitted() {
  namespace friends tier=serving
  namespace strangers tier=other
  account friends; account strangers
  cache small '{"nodes": {}, "allowedNamespaces": {"from": "Selector", "selector": {"matchLabels": {"tier": "serving"}}}}' >/dev/null
  check "the model is warm on every node" is_warm small 90s
  NAMESPACE=friends NODE=n1 pod friend clusterCache=small >/dev/null
  NAMESPACE=strangers NODE=n1 pod stranger clusterCache=small >/dev/null
  check "a pod of an admitted namespace runs" k wait --for=condition=Ready -n friends pod/friend --timeout=60s
  check "a pod of another is refused, although the bytes are on its node" has_event stranger 'NotAllowed|none of the cache|namespace' 60
  check "kubectl ballast why says so" wait_for 20 "an answer" why_in strangers pod/stranger "none of the allowedNamespaces"
  claim stranger small ballast strangers >/dev/null
  check "so is its claim" has_event stranger 'namespace' 60
  k delete namespace friends strangers --timeout=60s >/dev/null
}
why_in() { why "$2" -n "$1" | tee /dev/stderr | grep -F -- "$3"; }

local_cache() {  # NAMESPACE NAME
  k apply -n "$1" -f - <<Y
apiVersion: ballast.dev/v1alpha1
kind: ModelCache
metadata: {name: $2}
spec:
  source: {uri: "hf://org/$2", tokenSecretRef: {name: hf, key: HF_TOKEN}}
  nodes: {}
Y
}
consent() {
  k apply -n "$1" -f - <<Y
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: ballast-hf}
rules: [{apiGroups: [""], resources: [secrets], resourceNames: [hf], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: ballast-hf}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: ballast-hf}
subjects: [{kind: ServiceAccount, name: ballast-operator, namespace: $SYSTEM}]
Y
}
secret_is() { k create secret generic hf -n "$1" --from-literal "HF_TOKEN=$2" --dry-run=client -o yaml | k apply -f -; }
condition_says() { condition "$1" "$2" message | tee /dev/stderr | grep -E -- "$3"; }
local_warm() { k wait -n "$1" --for=condition=Ready "mcache/$2" --timeout="${3:-90s}" || { k get mcache -n "$1" "$2" -o yaml | sed -n '/^status/,$p'; return 1; }; }

gated() {
  model gated 8 >/dev/null
  access gated '"hf_good"'
  namespace team tier=serving
  account team
  secret_is team hf_good >/dev/null
  local_cache team gated >/dev/null
  check "a tenant's Secret is not read without consent; the condition has the Role" wait_for 30 "SecretNotReadable" condition_says "mcache/gated -n team" SecretNotReadable 'Role'
  consent team >/dev/null
  check "with consent the gated model comes" local_warm team gated
  NAMESPACE=team NODE=n1 pod reader cache=gated >/dev/null
  check "a pod of the tenant reads it" k wait --for=condition=Ready -n team pod/reader --timeout=60s
  access gated '"hf_stranger"'
  check "the token is revoked: warm copies go on" k exec -n team reader -- sha256sum /model/model.safetensors
  NAMESPACE=team NODE=n1 pod again cache=gated >/dev/null
  check "also for a new pod" k wait --for=condition=Ready -n team pod/again --timeout=60s
  k delete namespace team --timeout=90s >/dev/null
}
