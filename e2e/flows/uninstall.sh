# helm uninstall: refused while a pod has a model mounted, and leaves nothing without one.
uninstall_is_refused() { fails_with "" helm uninstall ballast -n $SYSTEM --timeout 60s; }
agents_still_run() { equal "agents" 3 "$(k get pods -n $SYSTEM -l app.kubernetes.io/component=agent --no-headers | grep -cw Running)"; }

uninstall() {
  model kept 4
  cache kept >/dev/null
  check "a model is warm" is_warm kept
  NODE=n1 pod user clusterCache=kept >/dev/null
  check "a pod has it" ready user
  check "helm uninstall is refused" uninstall_is_refused
  check "agents run on" agents_still_run
  check "the pod reads on" reads_model user kept
}
