# Read-only, as the kernel makes it after an error.
volumes_of_a_model() { csi_driver broken; pull broken n0; mounts broken one n0; mounts broken two n0; }
an_error_of_the_file_system() { sync -f "$TMP/broken/disk"; mount -o remount,abort "$TMP/broken/disk"; ! touch "$TMP/broken/disk/file"; }
names_the_read_only_disk() {
  local code=0
  pull broken n1 >"$TMP/refused" 2>&1 || code=$?
  cat "$TMP/refused"
  equal "exit code" 7 $code
  grep -F "Read-only file system; what is stored can be read" "$TMP/refused"
  grep -F "run fsck, and start anew" "$TMP/refused"
  cli broken status | grep "problem: hf://org/n1@main: .*Read-only file system"
}
serves_what_is_stored() {
  is_ready broken n0
  cli broken verify | grep "61 checked, .*, all intact"
  http broken /readyz
  cmp "$TMP/root/models/org/n0/model.safetensors" "$TMP/broken/disk/cache/blobs/sha256/$(digest_of n0)"
}
volumes_read_on() {
  local text
  reads broken one n0
  ! mounts broken three n0 >"$TMP/refused" 2>&1 || { echo "a lease was written on a read-only disk"; return 1; }
  cat "$TMP/refused"
  for text in "Read-only file system; what is stored can be read" "run fsck, and start anew"; do grep -F "$text" "$TMP/refused"; done
  rmdir "$TMP/broken/pods/three"   # nothing is mounted there
}
volume_goes() { unmounts broken one; grep -F "Lease is not given back yet" "$TMP/log/csi-broken"; }
# Nobody can write there. It says so once, and volumes need no ballastd.
does_not_start_there() {
  local code=0
  stop broken
  timeout 15 "$BIN/ballastd" --config "$TMP/broken.yaml" >"$TMP/refused" 2>&1 || code=$?
  cat "$TMP/refused"
  equal "exit code" 1 $code
  equal "messages" 1 "$(grep -c 'Read-only file system; .* run fsck, and start anew' "$TMP/refused")"
  reads broken two n0
  unmounts broken two
}
mounted_anew() {
  stop csi-broken
  umount "$TMP/broken/disk"
  e2fsck -fy "$TMP/broken.img" || [ $? = 1 ]   # 1: repaired
  mount -o loop "$TMP/broken.img" "$TMP/broken/disk"
  daemon broken
  csi_driver broken
  is_ready broken n0
  pulls_in_the_end broken n1
  wait_for 10 "the end of the leases" no_leases broken
}

when_read_only() {
  must "a disk of 64 MiB" disk broken 64
  must "ballastd has its cache there" disk_daemon broken "" "scrub: {bytesPerSecond: 1Gi}"$'\n'"$WITH_VOLUMES"
  must "two volumes of a model" volumes_of_a_model
  must "an error makes it read-only" an_error_of_the_file_system
  check "a pull names the read-only disk and the remedy, and so does status" names_the_read_only_disk
  check "what is stored is there and sound" serves_what_is_stored
  check "volumes read on; another one is refused with the remedy" volumes_read_on
  check "a volume is unmounted, and its lease left for later" volume_goes
  check "ballastd does not start there: it names the read-only disk; volumes read on and are unmounted" does_not_start_there
  check "mounted again: what was stored is there, pulls go on, and the leases go" mounted_anew
  check "ballast verify --deep finds nothing" finds_nothing broken
  check "they end when told" stop_with_csi broken
  check "their disk can be unmounted" unmount broken
}
