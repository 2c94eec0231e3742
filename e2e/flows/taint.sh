# A node that is born with the startup taint.
TAINT=startup-taint.cluster-autoscaler.kubernetes.io/ballast
tainted() { k get node "$1" -o 'jsonpath={.spec.taints[*].key}' | grep -q ballast; }
untainted() { ! tainted "$1"; }

startup_taint() {
  model required 8 >/dev/null
  hub_off
  cache required '{"nodes": {"required": true}}' >/dev/null
  k taint node n2 $TAINT=:NoSchedule >/dev/null
  check "with the hub off the taint stays" sleep 5
  check "the node is tainted still" tainted n2
  check "it goes at maxWait" wait_for 60 "the taint's end" untainted n2
  check "and an event says why" has_event n2 'maxWait|startup taint' 20
  hub_on
  check "the model comes in the end" is_warm required 120s
  k taint node n2 $TAINT=:NoSchedule >/dev/null
  check "a node that is warm loses it at once" wait_for 20 "the taint's end" untainted n2
}
