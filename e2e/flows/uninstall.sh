# helm uninstall: refused while a pod has a model mounted, and leaves nothing without one, but for the caches' files; with purgeCache these go, too.
uninstall_is_refused() { fails_with "default/holder (node n1)" helm uninstall ballast -n $SYSTEM --timeout 60s; }
agents_still_run() { equal "agents" 3 "$(k get pods -n $SYSTEM -l app.kubernetes.io/component=agent --no-headers | grep -cw Running)"; }

uninstall_under_a_pod() {
  NODE=n1 pod holder clusterCache=minilm >/dev/null
  check "a pod has a model" ready holder
  check "helm uninstall is refused, and names the pod" uninstall_is_refused
  check "agents run on" agents_still_run
  check "the pod reads on" in_pod holder ls /model/config.json
  k delete pod/holder --timeout=60s >/dev/null
}

what_is_ours() {
  k get crd -o name | grep 'ballast\.dev'
  k get namespace $SYSTEM -o name
  k get clusterroles,clusterrolebindings,validatingadmissionpolicies,validatingadmissionpolicybindings,storageclasses,csidrivers -o name | grep ballast
  k get csinodes -o json | jq -r '.items[].spec.drivers[]?.name' | grep ballast
  k get nodes -o json | jq -r '.items[].metadata.labels // {} | keys[] | select(startswith("ballast.dev/"))'
  k get pv -o name
}
nothing_is_ours() { ! what_is_ours 2>/dev/null | grep .; }

MINILM=sentence-transformers/all-MiniLM-L6-v2/model.safetensors
caches_are_kept() { local n; for n in "${NODES[@]}"; do [ -n "$(find "$(cache_of "$n")/blobs" -name "$(sha256sum <"$HUB/models/$MINILM" | cut -c1-64)")" ] || { echo "$n has lost its model"; return 1; }; done; }
caches_are_empty() { local n; for n in "${NODES[@]}"; do equal "what is left in the cache of $n" "" "$(find "$(cache_of "$n")" -mindepth 1)"; done; }
purges_from_now_on() {
  k create namespace $SYSTEM
  k label namespace $SYSTEM pod-security.kubernetes.io/enforce=privileged
  helm install ballast "$ROOT/charts/ballast" --namespace $SYSTEM --set uninstall.purgeCache=true --wait
}
nothing_came_from_the_hub() { equal "bytes of the weights" 0 "$(admin "$HUB_ADMIN/requests" | jq --arg file $MINILM '[.[] | select(.file == $file) | .bytes_sent] | add // 0')"; }
definitions_go() { k get crd -o name | grep 'ballast\.dev' | xargs "$KUBECTL" delete && k delete namespace $SYSTEM; }

uninstall_with_the_caches() {
  check "each node keeps its models" caches_are_kept
  hub_forgets
  check "installed again, with purgeCache" purges_from_now_on
  check "a model that nodes have kept is warm" readme 2
  check "without the hub's help" nothing_came_from_the_hub
  check "helm uninstall" helm uninstall ballast --namespace $SYSTEM --wait
  check "each node's cache is empty" caches_are_empty
  check "the CRDs go, and the namespace" definitions_go
  check "nothing of ours is left in the cluster" wait_for 60 "an empty cluster" nothing_is_ours
}
