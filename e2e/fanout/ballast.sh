# Sourced by what runs ballastd on the nodes of e2e/netns/lib.sh, after it and e2e/daemon/lib.sh. It wants
# RUN (folder of the run), NODES (how many), HUB (where the model is), NODE_GROUP where CPU is counted (meter.sh),
# NODE_MORE: more of the configuration.

PKI=$TMP/pki
make_pki() {
  local i
  "$BIN/ballast" certs init --dir "$PKI" >"$TMP/log/certs"
  for ((i = 1; i <= NODES; i++)); do "$BIN/ballast" certs issue --dir "$PKI" --node "node-$i" >>"$TMP/log/certs"; done
}

swarm_members() { seq "$NODES" | while read -r i; do echo "  - {name: node-$i, host: $(address "node-$i")}"; done; }
node_config() {  # I mtls|plain|alone
  local dir=$RUN/node-$1
  mkdir -p "$dir"
  cat <<Y
node: node-$1
cache: {dir: $dir/cache, minAvailable: 0}
socket: {path: $dir/sock}
http: {address: "127.0.0.1:9420"}
origins: [{name: hub, match: "hf://", endpoint: "$HUB", allowPrivateAddresses: true}]
${NODE_MORE:-}
Y
  [ "$2" = alone ] || printf 'swarm:\n  members:\n%s\n' "$(swarm_members)"
  case $2 in
    mtls) echo "  tls: {ca: $PKI/ca.pem, certificate: $PKI/node-$1.pem, key: $PKI/node-$1.key}" ;;
    plain) echo "  plaintext: true" ;;
  esac
}

# start_node I MODE: with the folders that it has in $RUN/node-I; `node_ready I`: since its last start.
start_node() {
  node_config "$1" "$2" >"$RUN/node-$1.yaml"
  touch "$TMP/log/ballastd-$1"
  times_ready "$1" >"$RUN/node-$1.lives"
  start "ballastd-$1" ${NODE_GROUP:+in_group "$NODE_GROUP"} $(enter "node-$1") "$BIN/ballastd" --config "$RUN/node-$1.yaml"
}
times_ready() { grep -c '\] "Ready" ' "$TMP/log/ballastd-$1" || true; }
node_ready() { [ "$(times_ready "$1")" -gt "$(cat "$RUN/node-$1.lives")" ]; }
start_nodes() {  # MODE I...
  local mode=$1 i; shift
  for i in "$@"; do start_node "$i" "$mode"; done
  for i in "$@"; do wait_for 20 "ballastd on node-$i" node_ready "$i" || { tail -3 "$TMP/log/ballastd-$i"; return 1; }; done
}
node_cli() { "$BIN/ballast" --socket "$RUN/node-$1/sock" "${@:2}"; }
node_http() { on "node-$1" curl -sSf --noproxy '*' --max-time 10 "http://127.0.0.1:9420$2"; }
blob_file() { echo "$RUN/node-$1/cache/blobs/sha256/$SHA256"; }
