# helm uninstall: refused while a pod has a model mounted, and leaves nothing without one.
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
