# Sourced by e2e/demo, after e2e/netns/lib.sh, meter.sh and ballast.sh: ten nodes that want one model at the same moment, by plain
# downloads and with Ballast, in one run.
# It wants REPO, $TMP/hub (that holds it), MODEL_BYTES, CACHES (manifests with `minilm`), csi; it sets what `story_row` shows.

NODES=10 NODE_MBIT=1000 HUB=http://10.87.1.1 NODE_GROUP=nodes RUN=$TMP/run

story_hub() {
  start story-hub in_group origin $(enter origin) "$BIN/ballast-hub-stand-in" --root "$TMP/hub" --ready-file "$TMP/story-hub.json" \
    --address 10.87.1.1 --port 80 --cdn-address 10.87.1.1 --cdn-port 8080
  wait_for 10 "the hub" test -s "$TMP/story-hub.json"
}
story_admin() { on origin curl -sSf --noproxy '*' -X "$1" "$(jq -r .admin "$TMP/story-hub.json")/requests"; }
story_sent() { story_admin GET | jq '[.[].bytes_sent] | add // 0'; }

# What `curl` is to fetch: the files of the repository.
plain_list() {  # I
  (cd "$TMP/hub/models/$REPO" && find . -type f ! -path './.*' -printf '%P\n') |
    while read -r file; do printf 'url = "%s/%s/resolve/main/%s"\noutput = "%s/plain-%s/%s"\n' "$HUB" "$REPO" "$file" "$RUN" "$1" "$file"; done
}
plain_node() { on "node-$1" curl -fsSL --noproxy '*' --create-dirs --config "$RUN/plain-$1.list"; }
ballast_node() { node_cli "$1" pull "hf://$REPO" >"$TMP/log/pull-$1" 2>&1 || { cat "$TMP/log/pull-$1"; return 1; }; }

# timed FUNCTION: on all nodes at once; sets TOOK, SENT, CPU (seconds, bytes out of the hub, CPU-seconds of everything).
timed() {
  local begin cpu
  story_admin DELETE >/dev/null
  cpu=$(minus "$(cpu nodes)" "-$(cpu origin)")
  begin=$(now)
  (echo "$BASHPID" >"$(group nodes)/cgroup.procs"; in_parallel "$1" $(seq "$NODES"))
  TOOK=$(awk -v us=$(($(now) - begin)) 'BEGIN { printf "%.2f", us / 1e6 }')
  CPU=$(minus "$(minus "$(cpu nodes)" "-$(cpu origin)")" "$cpu")
  SENT=$(story_sent)
}

# Two volumes on node 1, which has the model now: milliseconds of the second one.
second_mount() {
  local ms v
  start story-csi "$BIN/ballast-csi" --endpoint "unix://$TMP/story-csi.sock" --cache-socket "unix://$RUN/node-1/sock" --cache-dir "$RUN/node-1/cache" \
    --kubelet-registry "" --node-name node-1
  wait_for 10 "ballast-csi" test -S "$TMP/story-csi.sock"
  mkdir -p "$TMP/story-volumes"
  for v in one two; do ms=$(csi "$TMP/story-csi.sock" publish "story-$v" "$TMP/story-volumes/$v" clusterCache=minilm); done
  cmp "$TMP/hub/models/$REPO/model.safetensors" "$TMP/story-volumes/two/model.safetensors"
  for v in one two; do csi "$TMP/story-csi.sock" unpublish "story-$v" "$TMP/story-volumes/$v"; done
  stop story-csi
  echo "$ms"
}

on_disk() { du -s --block-size=1 "$@" | awk '{ if ($1 > most) most = $1 } END { print most }'; }
story_row() { printf '  %-34s %16s %16s   %s\n' "$@"; }
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'; }

# story SECONDS: how long ten plain downloads are to take; the hub's line is made for it.
story() {
  local hub lb i plain plain_sent plain_disk floor
  hub=$(awk -v b="$MODEL_BYTES" -v n=$NODES -v s="$1" 'BEGIN { printf "%d", n * b * 8 / s / 0.957 / 1e6 }')   # 4.3 % are headers
  shape origin "$hub"
  lb=$(awk -v f="$MODEL_BYTES" -v o="$hub" -v u=$NODE_MBIT -v n=$NODES 'BEGIN {
    f *= 8 / 1e6; lb = f / (o < u ? o : u); all = n * f / (o + n * u); printf "%.2f", (all > lb ? all : lb) }')
  rm -rf "$RUN"; mkdir -p "$RUN"
  for i in $(seq $NODES); do plain_list "$i" >"$RUN/plain-$i.list"; done
  timed plain_node
  plain=$TOOK plain_sent=$SENT plain_disk=$(on_disk "$RUN"/plain-*/)
  start_nodes mtls $(seq $NODES)
  timed ballast_node
  STORY_SENT=$SENT STORY_DISK=$(on_disk "$RUN"/node-*/cache/blobs) STORY_TIMES=$(ratio "$plain" "$TOOK") STORY_MS=$(second_mount)
  floor=$(awk -v c="$CPU" -v n="$(nproc)" 'BEGIN { printf "%.2f", c / n }')
  for i in $(seq $NODES); do stop "ballastd-$i"; done

  echo "Ten nodes with links of $NODE_MBIT Mbit/s want it at the same moment; the hub's line gives $hub Mbit/s:"
  story_row "" "plain downloads" "Ballast, mTLS" ""
  story_row "all ten can read it after" "$plain s" "$TOOK s" "$(ratio "$TOOK" "$lb") x what no protocol can beat ($lb s)"
  story_row "" "" "" "CPU alone, of all ten on these $(nproc) cores: $floor s"
  story_row "a second volume on a node" "a download again" "$STORY_MS ms" ""
  story_row "out of the hub" "$(mib "$plain_sent")" "$(mib "$STORY_SENT")" ""
  story_row "on each node's disk" "$(mib "$plain_disk")" "$(mib "$STORY_DISK")" ""
  echo
}
