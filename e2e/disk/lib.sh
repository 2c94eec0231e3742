# Sourced by e2e/suites/disk: small file systems of their own, models for them, and the node that has its cache there.
KIB=1024 MIB=1048576
MODEL=$((3 * MIB + 60 * 12 * KIB))   # bytes of each model: what is written in pieces, and what is written in memory
NEEDS="needs 3.7 MiB"
WITH_VOLUMES="volumes: {sources: ['hf://*']}"

# --- file systems
disk() {  # NAME MIB [FLAG OF MKFS...]
  truncate -s "$2M" "$TMP/$1.img"
  mkfs.ext4 -q -m 0 "${@:3}" "$TMP/$1.img"
  mkdir -p "$TMP/$1/disk"
  mount -o loop "$TMP/$1.img" "$TMP/$1/disk"
}
unmount_both() { unmount "$1"; unmount "$2"; }
unmount() { umount "$TMP/$1/disk"; rm "$TMP/$1.img"; }
disk_daemon_config() {  # NAME [MORE OF cache:] [YAML]
  daemon_config "$1" "$(plain_origin hub)"$'\n'"${3:-}"
  sed -i "s|^cache:.*|cache: {dir: $TMP/$1/disk/cache, minAvailable: 0${2:+, $2}}|" "$TMP/$1.yaml"
}
disk_daemon() { disk_daemon_config "$@"; cache_dir "$TMP/$1/disk/cache"; daemon "$1"; }
available() { df --output=avail -B1 "$TMP/$1/disk" | tail -1; }
used_percent() { df -B1 --output=size,avail "$TMP/$1/disk" | awk 'NR == 2 { printf "%d", ($1 - $2) * 100 / $1 }'; }
# Another program's files, so that this much is left, or what metadata make of it.
leave_free() {  # NAME BYTES
  wait_for 5 "room for others" others_take_all_but "$1" $(($2 + 256 * KIB))   # a download may take some of it at the same moment
  head -c $(($(available "$1") - $2)) /dev/zero 2>/dev/null >"$TMP/$1/disk/others-2" || [ "$2" = 0 ]
}
others_take_all_but() { make_room "$1"; fallocate -l $(($(available "$1") - $2)) "$TMP/$1/disk/others"; }
make_room() { rm -rf "$TMP/$1"/disk/others*; }
cleanup() {
  local dir file
  for file in "$TMP"/pid/*; do [[ $file == */below-* ]] || [ ! -e "$file" ] || stop "$(basename "$file")"; done
  for dir in "$TMP"/*/pods/*/mount "$TMP"/*/disk; do ! mountpoint -q "$dir" || wait_for 10 "whoever uses $dir" umount "$dir"; done
  stop_all
}

# --- volumes, as the kubelet has them
csi_driver() {  # NAME: ballast-csi beside its daemon
  start "csi-$1" "$BIN/ballast-csi" --endpoint "unix://$TMP/$1/csi.sock" --cache-socket "unix://$TMP/$1/sock" \
    --cache-dir "$TMP/$1/disk/cache" --kubelet-registry "" --node-name "$1"
  wait_for 10 "ballast-csi" test -S "$TMP/$1/csi.sock"
}
csi() { timeout 60 "$PYTHON" "$ROOT/e2e/model/csi.py" "$TMP/$1/csi.sock" "$2" "$3" "$TMP/$1/pods/$3/mount" "${@:4}"; }
mounts() { mkdir -p "$TMP/$1/pods/$2"; csi "$1" publish "$2" "source=hf://org/$3" "${@:4}"; }  # NAME VOLUME MODEL [KEY=VALUE...]
unmounts() { csi "$1" unpublish "$2"; rmdir "$TMP/$1/pods/$2"; }
reads() {  # NAME VOLUME MODEL: from the disk
  local file there
  for file in "$TMP/root/models/org/$3"/*; do
    there=$(find "$TMP/$1/pods/$2/mount" -name "$(basename "$file")")
    cmp "$file" <(dd if="$there" iflag=direct bs=1M status=none)
  done
}
leases() { find "$TMP/$1/disk/cache/leases" -type f -printf '%f\n'; }
no_leases() { equal "leases" "" "$(leases "$1")"; }

# --- models and the daemon that has them
model() {  # NAME [MIB]
  local i dir=$TMP/root/models/org/$1
  mkdir -p "$dir"
  head -c $((${2:-3} * MIB)) /dev/urandom >"$dir/model.safetensors"
  for ((i = 0; i < 60; i++)); do head -c $((12 * KIB)) /dev/urandom >"$dir/file-$i.json"; done
}
models() { local name; for name in "$@"; do model "$name"; done; }
larger_models() { model slow 4; model loaded 4; }
cli() { timeout 60 "$BIN/ballast" --socket "$TMP/$1/sock" "${@:2}"; }
pull() { cli "$1" pull "hf://org/$2"; }
# A failure is remembered for five seconds, so that many who ask at once do not all try.
pulls_in_the_end() {  # NAME MODEL
  wait_for 20 "the pull of $2" pull "$1" "$2"
  is_whole "$1" "$2"
}
is_whole() {
  local dir file
  dir=$(cli "$1" pull "hf://org/$2" --output json | jq -r .dir)
  for file in "$TMP/root/models/org/$2"/*; do cmp "$file" "$dir/$(basename "$file")"; done
}
is_ready() { cli "$1" ls --output json | jq -e --arg model "hf://org/$2" '.models[] | select(.model == $model and .phase == "ready")'; }
sound() {
  local blob
  for blob in $(find "$TMP/$1/disk/cache/blobs/sha256" -type f); do equal "digest of a blob" "$(basename "$blob")" "$(sha256sum <"$blob" | cut -d' ' -f1)"; done
}
# What is under a digest has it, and beside what may be resumed nothing is left.
nothing_is_half_done() {
  ! is_ready "$1" "$2" || { echo "$2 is said to be ready"; return 1; }
  sound "$1"
  equal "views" "$(cli "$1" ls --output json | jq '[.models[] | select(.phase == "ready")] | length')" "$(ls "$TMP/$1/disk/cache/views" | wc -l)"
  equal "temporary files" "" "$(find "$TMP/$1/disk/cache" -name '*.tmp' -o -name '*.new')"
}
digest_of() { sha256sum <"$TMP/root/models/org/$1/model.safetensors" | cut -d' ' -f1; }
stop_with_csi() { stop "csi-$1"; stop "$1"; }
stop_both() { stop "$1"; stop "$2"; }
