# Sourced by up: etcd, kube-apiserver, kube-controller-manager and kube-scheduler in a network namespace of their own, which also holds
# the bridge between the nodes: the machine's own network is left alone.
GATEWAY=10.88.0.1 SERVICE_IP=10.96.0.1

control_plane_network() {
  ip netns add "$NET-cp"
  in_net cp ip link set lo up
  in_net cp ip link add br0 type bridge
  in_net cp ip addr add $GATEWAY/24 dev br0
  in_net cp ip link set br0 up
  in_net cp sysctl -qw net.ipv4.ip_forward=1
  # Stands in for kube-proxy: the one ClusterIP that pods need.
  in_net cp nft -f - <<N
table ip e2e {
  chain prerouting { type nat hook prerouting priority -100; ip daddr $SERVICE_IP tcp dport 443 redirect to :6443; }
}
N
}

control_plane_certificates() {
  certificate_authority
  certificate apiserver /CN=kube-apiserver "DNS:localhost,DNS:kubernetes.default.svc,IP:127.0.0.1,IP:$SERVICE_IP,IP:$GATEWAY"
  certificate admin /O=system:masters/CN=admin DNS:admin
  certificate kcm /CN=system:kube-controller-manager DNS:kcm
  certificate scheduler /CN=system:kube-scheduler DNS:scheduler
  kubeconfig kcm; kubeconfig scheduler; kubeconfig admin "$DIR/kubeconfig"
}

kubectl_wrapper() {  # $DIR/bin/kubectl can be called from anywhere
  cat >"$DIR/bin/kubectl" <<K
#!/bin/bash
exec nsenter --net=/run/netns/$NET-cp env KUBECONFIG=$DIR/kubeconfig HOME=$DIR $TOOLS/bin/kubectl "\$@"
K
  chmod +x "$DIR/bin/kubectl"
}

start_etcd() {
  start etcd nsenter --net="/run/netns/$NET-cp" "$TOOLS/bin/etcd" --data-dir "$DIR/etcd" --unsafe-no-fsync --log-level warn \
    --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379 --listen-peer-urls http://127.0.0.1:2380
}

start_apiserver() {
  start apiserver nsenter --net="/run/netns/$NET-cp" "$TOOLS/bin/kube-apiserver" \
    --etcd-servers=http://127.0.0.1:2379 --service-cluster-ip-range=10.96.0.0/16 --advertise-address=$GATEWAY --allow-privileged \
    --authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction --client-ca-file="$DIR/pki/ca.crt" \
    --tls-cert-file="$DIR/pki/apiserver.crt" --tls-private-key-file="$DIR/pki/apiserver.key" \
    --service-account-issuer=https://kubernetes.default.svc --service-account-key-file="$DIR/pki/sa.pub" \
    --service-account-signing-key-file="$DIR/pki/sa.key" --kubelet-preferred-address-types=InternalIP \
    --kubelet-client-certificate="$DIR/pki/admin.crt" --kubelet-client-key="$DIR/pki/admin.key" \
    --audit-policy-file="$HERE/audit.yaml" --audit-log-path="$DIR/log/audit" --audit-log-mode=blocking-strict
}

start_controllers() {
  start kcm nsenter --net="/run/netns/$NET-cp" "$TOOLS/bin/kube-controller-manager" --kubeconfig="$DIR/pki/kcm.kubeconfig" \
    --leader-elect=false --root-ca-file="$DIR/pki/ca.crt" --service-account-private-key-file="$DIR/pki/sa.key" --use-service-account-credentials
  start scheduler nsenter --net="/run/netns/$NET-cp" "$TOOLS/bin/kube-scheduler" --kubeconfig="$DIR/pki/scheduler.kubeconfig" --leader-elect=false
}

runtime_classes() {  # the default is runc >= 1.2; a pod asks for Debian's by runtimeClassName
  "$DIR/bin/kubectl" apply -f - >/dev/null <<K
{apiVersion: node.k8s.io/v1, kind: RuntimeClass, metadata: {name: runc-debian}, handler: runc-debian}
K
}

# etcd and kube-apiserver: all that a client needs.
apiserver() {
  control_plane_network
  control_plane_certificates
  kubectl_wrapper
  start_etcd
  start_apiserver
  poll 60 "kube-apiserver (see $DIR/log/apiserver)" "$DIR/bin/kubectl" get --raw /readyz
}

control_plane() {
  apiserver
  start_controllers
  runtime_classes
}
