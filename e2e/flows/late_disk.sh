# The disk of a cache is mounted after its agent started (a RAID made at boot): nothing goes to the disk below, and nobody has to do anything.
LATE=/run/late/models
pools_with_a_late_disk() {
  helm upgrade ballast "$ROOT/charts/ballast" -n $SYSTEM --set-json 'agent.pools=[
    {"name": "default", "nodeSelector": {"disk": "early"}, "cache": {"hostPath": "/var/lib/ballast", "minAvailable": "1Gi"}},
    {"name": "late", "nodeSelector": {"disk": "late"}, "cache": {"hostPath": "'$LATE'", "requireMountPoint": true, "minAvailable": "1Mi"}}]'
}
says_disk_is_missing() { [ "$(condition cachenode/n3 Ready reason)" = CacheDiskMissing ]; }
root_disk_is_unchanged() { equal "files below the mount point" "" "$(on_node n3 find $LATE -mindepth 1)"; }
has_late_copy() { [ -n "$(on_node n3 find $LATE/blobs -name "$(sha_of "$1")")" ]; }

late_disk() {
  on_node n3 mkdir -p $LATE
  k label node n1 n2 disk=early >/dev/null; k label node n3 disk=late >/dev/null
  check "helm upgrade makes a pool whose disk comes late" pools_with_a_late_disk
  check "a CacheNode says CacheDiskMissing" wait_for 90 "the condition" says_disk_is_missing
  model tardy 8
  cache tardy >/dev/null
  check "the other nodes get a model" wait_for 60 "two copies" equal_copies tardy 2
  check "the root disk has nothing of it" root_disk_is_unchanged
  on_node n3 mount -t tmpfs -o mode=755 late $LATE
  check "the disk comes: the agent goes on by itself" wait_for 60 "the agent" agent_is_ready n3
  check "and the model is on that disk" wait_for 60 "a copy" has_late_copy tardy
  check "helm rollback" helm rollback ballast -n $SYSTEM --wait --timeout 3m
  k label node n1 n2 n3 disk- >/dev/null
  on_node n3 umount $LATE
}
