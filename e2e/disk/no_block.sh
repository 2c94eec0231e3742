# Not one block is left: what is stored serves on, volumes come and go, and room can be made.
a_disk_with_models() {
  local name
  disk brim 64 -b 4096
  echo 0 >"/sys/fs/ext4/$(basename "$(findmnt -no SOURCE "$TMP/brim/disk")")/reserved_clusters"   # ext4 has some of its own otherwise
  disk_daemon brim "" "$WITH_VOLUMES"
  csi_driver brim
  for name in n0 n1 n2 n3 m0 m16; do pull brim $name; done
  mounts brim before n0
}
# What was removed comes free when the journal is committed, and the last blocks of all go to a small file.
no_block_is_left() {
  local bytes
  for bytes in 100M 1K; do head -c $bytes /dev/zero >"$(mktemp "$TMP/$1/disk/others-XXXXXX")"; done
  sync -f "$TMP/$1/disk"
  equal "free blocks" 0 "$(stat -f -c %f "$TMP/$1/disk")"
}
fill() { wait_for 10 "a disk without a free block" no_block_is_left "$1"; }
reads_on() { fill brim; reads brim before n0; }
comes_or_is_refused() {  # NAME VOLUME MODEL [KEY=VALUE...]
  if mounts "$@" >"$TMP/refused" 2>&1; then reads "$1" "$2" "$3"; return; fi
  cat "$TMP/refused"
  grep -E "^(RESOURCE_EXHAUSTED|UNAVAILABLE): .*No space left on device; .* free there: make room on the disk" "$TMP/refused"
  ! mountpoint "$TMP/$1/pods/$2/mount"
}
another_volume() {
  fill brim
  comes_or_is_refused brim plain n1
  comes_or_is_refused brim hf n1 layout=hf
  is_ready brim n1
  make_room brim
  mounts brim plain n1; mounts brim hf n1 layout=hf
  reads brim plain n1; reads brim hf n1
}
blocks_are_left() {  # N MODEL: enough for a lease and not for a view, or for all of a view but its last file, or for both
  make_room brim
  head -c $(($1 * 4096)) /dev/zero >"$TMP/brim/disk/others-spare"
  fill brim
  rm "$TMP/brim/disk/others-spare"; sync -f "$TMP/brim/disk"
  equal "free blocks" "$1" "$(stat -f -c %f "$TMP/brim/disk")"
  comes_or_is_refused brim few "$2" layout=hf
  unmounts brim few
}
few_blocks_are_left() { blocks_are_left 1 n2; blocks_are_left 3 n3; blocks_are_left 14 m0; blocks_are_left 24 m16; }
volumes_go() { fill brim; unmounts brim plain; unmounts brim hf; equal "leases" 1 "$(leases brim | wc -l)"; }
freed() { sync -f "$TMP/$1/disk"; [ "$(available "$1")" -ge "$2" ] || { echo "$(available "$1") bytes are free"; return 1; }; }
is_removed() {  # MODEL
  local freed
  fill brim
  freed=$(cli brim rm "hf://org/$1" --output json | jq .freed_bytes)
  [ "$freed" -ge $MODEL ] || { echo "rm freed $freed bytes"; return 1; }
  freed brim $MODEL
}
starts_there() {
  stop brim
  fill brim
  daemon brim
  http brim /readyz
  is_ready brim n0; is_ready brim n2
  cli brim verify | grep "all intact"
  reads brim before n0
  comes_or_is_refused brim again n2
  unmounts brim again
}
gc_makes_room() {
  stop brim
  disk_daemon_config brim "highThresholdPercent: 95, lowThresholdPercent: 95" "$WITH_VOLUMES"
  fill brim
  daemon brim
  cli brim gc
  below brim 95
  freed brim $MODEL
  is_ready brim n0
  reads brim before n0
}
finds_nothing() { cli "$1" verify --deep; }
last_volume_goes() { unmounts brim before; no_leases brim; }

when_no_block() {
  must "a disk of 64 MiB, six models, and a volume of one" a_disk_with_models
  check "not one block is left: a volume reads on" reads_on
  check "not one block is left: another volume is mounted or refused with the remedy, and mounted once there is room" another_volume
  check "not one block is left: volumes are unmounted" volumes_go
  check "1 to 24 blocks are left: a volume with a new view is mounted or refused with the remedy" few_blocks_are_left
  check "nothing is left of views that had no room" finds_nothing brim
  check "not one block is left: rm frees the bytes of a model" is_removed n1
  check "not one block is left: rm frees the bytes of a model whose view had no room" is_removed m0
  check "not one block is left: ballastd starts, and serves what is stored" starts_there
  check "not one block is left: gc goes to the threshold; what is mounted stays" gc_makes_room
  check "the last volume goes" last_volume_goes
  check "ballast verify --deep finds nothing" finds_nothing brim
  check "they end when told" stop_with_csi brim
  check "their disk can be unmounted" unmount brim
}
