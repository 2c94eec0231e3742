# helm uninstall: refused under a mounted pod; then nothing is left.
crds="modelcaches.ballast.dev clustermodelcaches.ballast.dev cachepolicies.ballast.dev cachenodes.ballast.dev"
what_is_ours() {
  k get crd -o name | grep 'ballast\.dev'
  k get namespace $SYSTEM -o name
  k get clusterroles,clusterrolebindings,validatingadmissionpolicies,validatingadmissionpolicybindings,storageclasses,csidrivers -o name | grep ballast
  k get csinodes -o json | jq -r '.items[].spec.drivers[]?.name' | grep ballast
  k get nodes -o json | jq -r '.items[] | .metadata.labels + {} | keys[] | select(startswith("ballast.dev/"))'
  k get pv -o name
}
nothing_is_ours() { ! what_is_ours 2>/dev/null | grep .; }
refused_under_a_pod() { fails_with "default/holder" helm uninstall ballast --namespace $SYSTEM --timeout 60s; }
