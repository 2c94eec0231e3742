# Who may have what: namespaces, tokens by consent, caches that volumes are bound to.
namespaced() {  # NAME SOURCE-FIELDS NAMESPACE: a ModelCache of org/NAME that follows its branch
  k apply -f - <<Y
apiVersion: ballast.dev/v1alpha1
kind: ModelCache
metadata: {name: $1, namespace: $3}
spec:
  source: {uri: "hf://org/$1"$2}
  nodes: {}
  updatePolicy: {type: Automatic}
Y
}
delete_is_refused() { fails_with "default/held" k delete "cmcache/$1" --timeout=10s; }

bound_cache() {
  model held 4
  cache held 'priority: 0' >/dev/null
  claim held held >/dev/null
  check "a claim is bound" wait_for 30 "a volume" is_bound held
  check "the cache knows it" wait_for 15 "the claim in its status" bound_in_status held
  check "deleting the cache is refused, and names the claim" delete_is_refused held
  k annotate cmcache/held ballast.dev/allow-delete=true >/dev/null
  check "unless it is allowed explicitly" k delete cmcache/held --timeout=30s
}
bound_in_status() { k get "cmcache/$1" -o json | jq -e '.status.volumes.bound == 1'; }

foreign_namespace() {
  model inhouse 4
  k create namespace serving >/dev/null; k label namespace serving tier=serving >/dev/null; k create namespace other >/dev/null
  cache inhouse 'nodes: {}
  allowedNamespaces: {from: Selector, selector: {matchLabels: {tier: serving}}}' >/dev/null
  check "the bytes are on every node" is_warm inhouse
  NAMESPACE=serving NODE=n1 pod insider clusterCache=inhouse >/dev/null
  NAMESPACE=other NODE=n1 pod outsider clusterCache=inhouse >/dev/null
  check "a pod of an allowed namespace runs" k wait -n serving --for=condition=Ready pod/insider --timeout=60s
  check "one of another is refused" has_event outsider 'allowedNamespaces'
  check "kubectl ballast why says so" why_says outsider 'none of the allowedNamespaces' pod other
  check "and has no mount" fails_with "" k exec -n other outsider -- true
  k delete namespace serving other --timeout=60s >/dev/null
}

gated() {
  model gated 4
  admin -d '{"repository": "org/gated", "gated": true, "tokens": ["hf_good", "hf_rotated"]}' "$HUB_ADMIN/access" >/dev/null
  k create namespace tenant >/dev/null
  token_is hf_good >/dev/null
  namespaced gated ', tokenSecretRef: {name: hf, key: token}' tenant >/dev/null
  check "without consent the Secret is not read, and the condition says what to apply" wait_for 30 "SecretNotReadable" asks_for_consent
  k get mcache -n tenant gated -o "jsonpath={.status.conditions[?(@.type=='SecretNotReadable')].message}" | awk '/^apiVersion|^---/ { on = 1 } on' >"$TMP/consent.yaml"
  NAMESPACE=tenant NODE=n2 pod early cache=gated >/dev/null
  check "kubectl ballast why of a pod that waits for it says so, too" wait_for 60 "the reason" why_says early 'SecretNotReadable' pod tenant
  check "what it says can be applied as it is" k apply -f "$TMP/consent.yaml"
  check "then the model comes" k wait -n tenant --for=condition=Ready mcache/gated --timeout=90s
  NAMESPACE=tenant NODE=n2 pod reader cache=gated >/dev/null
  check "and a pod of the tenant reads it" k wait -n tenant --for=condition=Ready pod/reader --timeout=60s
  rotated
  token_is hf_wrong >/dev/null
  moves gated
  check "a token that is revoked: Unauthorized, and the warm copies stay" wait_for 60 "the reason" says_unauthorized
  NAMESPACE=tenant NODE=n3 pod later cache=gated >/dev/null
  check "pods go on to mount it" k wait -n tenant --for=condition=Ready pod/later --timeout=60s
  check "no token is in logs, objects or metrics" no_secret_anywhere
  k delete namespace tenant --timeout=60s >/dev/null
}
token_is() { k create secret generic hf -n tenant --from-literal="token=$1" --dry-run=client -o yaml | k apply -f -; }
rotated() {
  token_is hf_rotated >/dev/null
  admin -d '{"repository": "org/gated", "gated": true, "tokens": ["hf_rotated"]}' "$HUB_ADMIN/access" >/dev/null
  hub_forgets
  moves gated
  check "the Secret is rotated, and the branch moves: the new one becomes current" wait_for 60 "the new commit" current_moved gated mcache -n tenant
  check "every node has it" wait_for 30 "it on all nodes" has_moved gated
  check "it was fetched with the new token alone: the hub refuses the old one" fetched_with hf_rotated
  check "and the cache is Ready" k wait -n tenant --for=condition=Ready mcache/gated --timeout=30s
}
# How the hub answered who asked for the weights of the new commit: "TOKEN STATUS" a line.
who_asked() {
  local commit; commit=$(k get mcache -n tenant gated -o 'jsonpath={.status.revision.current}')
  admin "$HUB_ADMIN/requests" | jq -r --arg path "/org/gated/resolve/$commit/model.safetensors" '.[] | select(.path == $path) | "\(.token) \(.status)"' | sort -u
}
fetched_with() { local asked; asked=$(who_asked | awk '$2 < 400'); who_asked; equal "tokens that were let in" "$1 302" "$asked"; }
asks_for_consent() { k get mcache -n tenant gated -o json | jq -e '.status.conditions[] | select(.type == "SecretNotReadable" and .status == "True") | .message | test("RoleBinding")'; }
says_unauthorized() { k get mcache -n tenant gated -o json | jq -e '[.status.conditions[] | .reason] | index("Unauthorized")'; }
no_secret_anywhere() {
  local p said=$TMP/said
  { k get ballast -A -o yaml; k get events -A -o yaml; } >"$said"
  for p in $(k get pods -n $SYSTEM -o name); do k logs -n $SYSTEM "$p" --all-containers >>"$said"; done
  grep -q '"Model is ready"' "$said"      # the agents' logs are in it
  every_metric >>"$said"
  ! grep -E 'hf_good|hf_wrong|hf_rotated' "$said"
}
# /metrics of each of our pods.
every_metric() {
  local component address
  for component in agent operator; do
    for address in $(k get pods -n $SYSTEM -l "app.kubernetes.io/component=$component" -o 'jsonpath={.items[*].status.podIP}'); do
      admin --max-time 20 "http://$address:$(metrics_port $component)/metrics" | grep '^ballast_' || { echo "no metric of $component $address" >&2; return 1; }
    done
  done
}

# An inline volume that brings its own token, where the policy admits its source.
inline_pod() {  # NAME SECRET
  k apply -n inliners -f - <<Y
apiVersion: v1
kind: Pod
metadata: {name: $1}
spec:
  terminationGracePeriodSeconds: 0
  nodeName: n2
  containers: [{name: main, image: "localhost/busybox:e2e", imagePullPolicy: Never, command: [sleep, "100000"], volumeMounts: [{name: model, mountPath: /model}]}]
  volumes: [{name: model, csi: {driver: csi.ballast.dev, readOnly: true, volumeAttributes: {source: "hf://org/private"}, nodePublishSecretRef: {name: $2}}}]
Y
}
inline_token() {
  model private 4
  admin -d '{"repository": "org/private", "gated": true, "tokens": ["hf_good"]}' "$HUB_ADMIN/access" >/dev/null
  k create namespace inliners >/dev/null; k label namespace inliners tier=inline >/dev/null
  k create secret generic right -n inliners --from-literal=token=hf_good >/dev/null
  k create secret generic wrong -n inliners --from-literal=token=hf_wrong >/dev/null
  inline_pod refused right >/dev/null
  check "an inline source that no policy admits is refused" has_event refused 'tenants.. of the CachePolicy|tenants\[\]'
  k delete pod -n inliners refused --timeout=30s >/dev/null
  k apply -f - >/dev/null <<Y
apiVersion: ballast.dev/v1alpha1
kind: CachePolicy
metadata: {name: inline}
spec:
  priority: 100
  tenants: [{namespaceSelector: {matchLabels: {tier: inline}}, sources: ["hf://org/*"]}]
Y
  inline_pod admitted right >/dev/null
  check "one that is admitted comes with the token of its own Secret" k wait -n inliners --for=condition=Ready pod/admitted --timeout=60s
  inline_pod stranger wrong >/dev/null
  check "another token gets nothing of it, although it is on the node" has_event stranger 'hf://org/private.*(token|401|403)'
  check "nor a mount" fails_with "" k exec -n inliners stranger -- true
  check "the tokens are in no log, object or metric" no_secret_anywhere
  k delete namespace inliners --timeout=60s >/dev/null
  k delete cachepolicy inline >/dev/null
}

access() { bound_cache; foreign_namespace; gated; inline_token; }
