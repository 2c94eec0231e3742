# Sourced by the fan-out benchmark: the contenders. Each has
#   NAME_prepare    all that is not measured: daemons up, torrents made
#   NAME_go         returns when the last node has it; each writes $RUN/done/node-I (`finished`) at that moment
#   NAME_file I     the path of node I's copy
#   NAME_daemons    the names under which `start` knows the nodes' processes, for their memory

finished() { now >"$RUN/done/$1"; }
all_finished() { [ "$(find "$RUN/done" -type f | wc -l)" -ge "$1" ]; }
each_node() { local i; for ((i = 1; i <= NODES; i++)); do "$@" "$i"; done; }

# --- curl, from every node and from one alone

curl_node() {
  echo "$BASHPID" >"$(group nodes)/cgroup.procs"
  on "node-$1" curl -fsS --noproxy '*' -o "$RUN/node-$1/$FILE" "$HUB/bench/model/resolve/$COMMIT/$FILE"
  finished "node-$1"
}
curl_prepare() { :; }
curl_go() { in_parallel curl_node $(seq "$NODES"); }
curl_file() { echo "$RUN/node-$1/$FILE"; }
curl_daemons() { :; }

lone_curl_prepare() { :; }
lone_curl_go() { in_parallel curl_node 1; }
lone_curl_file() { curl_file 1; }
lone_curl_daemons() { :; }

# --- libtorrent

PYTHON=$("$ROOT/e2e/venv" "$ROOT/e2e/fanout/requirements.txt")/bin/python
torrent() { "$PYTHON" "$ROOT/e2e/fanout/torrent" "$@"; }
# A tracker that keeps no address back makes swarms as quick as they can be.
start_tracker() {
  local i peers=(10.87.1.1)
  for ((i = 1; i <= NODES; i++)); do peers+=("$(address "node-$i")"); done
  start tracker $(enter origin) "$ROOT/e2e/fanout/tracker" 10.87.1.1 6969 "${peers[@]}"
  wait_for 10 "the tracker" on origin bash -c ': </dev/tcp/10.87.1.1/6969'
}

start_libtorrent() {  # MACHINE GROUP FOLDER
  start "libtorrent-$1" in_group "$2" $(enter "$1") "$PYTHON" "$ROOT/e2e/fanout/torrent" peer "$DATA/model.torrent" "$3" "$(address "$1")"
}
libtorrent_says() { grep -q "^$2" "$TMP/log/libtorrent-$1"; }
libtorrent_prepare() {
  local i
  rm -f "$TMP"/log/libtorrent-*
  start_tracker
  start_libtorrent origin origin "$DATA/www"
  for ((i = 1; i <= NODES; i++)); do start_libtorrent "node-$i" nodes "$RUN/node-$i"; done
  for i in origin $(seq -f node-%g "$NODES"); do wait_for 30 "libtorrent on $i" libtorrent_says "$i" ready; done
}
libtorrent_done() { [ "$(grep -l '^done' "$TMP"/log/libtorrent-node-* | wc -l)" = "$NODES" ]; }
libtorrent_go() {
  local name
  for name in libtorrent-origin $(libtorrent_daemons); do kill -USR1 "$(pid_of "$name")"; done
  wait_for "$LIMIT" "libtorrent on every node" libtorrent_done
  for name in $(seq -f node-%g "$NODES"); do awk '/^done/ { printf "%.0f\n", $2 / 1000 }' "$TMP/log/libtorrent-$name" >"$RUN/done/$name"; done
}
libtorrent_file() { echo "$RUN/node-$1/files/$FILE"; }
libtorrent_daemons() { seq -f libtorrent-node-%g "$NODES"; }

# --- aria2

start_aria2() {  # MACHINE GROUP FOLDER FLAG...
  start "aria2-$1" in_group "$2" $(enter "$1") aria2c --no-conf --quiet --dir "$3" --listen-port 6881 --interface "$(address "$1")" \
    --enable-dht=false --enable-dht6=false --bt-enable-lpd=false --enable-peer-exchange=false --bt-max-peers=0 --bt-request-peer-speed-limit=1000M \
    --seed-ratio=0 --file-allocation=none --max-overall-upload-limit=0 --allow-overwrite=true "${@:4}" "$DATA/model.torrent"
}
aria2_prepare() {
  start_tracker
  start_aria2 origin origin "$DATA/www" --bt-seed-unverified=true
}
aria2_node() {
  printf '#!/bin/bash\necho "${EPOCHREALTIME/./}" >%s\n' "$RUN/done/node-$1" >"$RUN/node-$1/finished"
  chmod +x "$RUN/node-$1/finished"
  start_aria2 "node-$1" nodes "$RUN/node-$1" --on-bt-download-complete="$RUN/node-$1/finished"
}
aria2_go() {
  each_node aria2_node
  wait_for "$LIMIT" "aria2 on every node" all_finished "$NODES"
}
aria2_file() { echo "$RUN/node-$1/files/$FILE"; }
aria2_daemons() { :; }
