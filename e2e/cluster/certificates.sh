# Sourced by up and join: keys, certificates and kubeconfigs in $DIR/pki.
new_key=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes)

certificate_authority() {
  openssl req -x509 "${new_key[@]}" -keyout "$DIR/pki/ca.key" -out "$DIR/pki/ca.crt" -subj /CN=ballast-e2e -days 30 2>/dev/null
  openssl ecparam -name prime256v1 -genkey -noout -out "$DIR/pki/sa.key"
  openssl ec -in "$DIR/pki/sa.key" -pubout -out "$DIR/pki/sa.pub" 2>/dev/null
}

certificate() {  # NAME SUBJECT SUBJECT_ALT_NAME
  local at=$DIR/pki/$1
  openssl req "${new_key[@]}" -keyout "$at.key" -out "$at.csr" -subj "$2" 2>/dev/null
  openssl x509 -req -in "$at.csr" -CA "$DIR/pki/ca.crt" -CAkey "$DIR/pki/ca.key" -CAcreateserial -days 30 -out "$at.crt" \
    -extfile <(printf 'subjectAltName=%s\nextendedKeyUsage=serverAuth,clientAuth' "$3") 2>/dev/null
}

kubeconfig() {  # NAME [FILE]
  cat >"${2:-$DIR/pki/$1.kubeconfig}" <<K
apiVersion: v1
kind: Config
clusters: [{name: e2e, cluster: {server: "https://$GATEWAY:6443", certificate-authority: $DIR/pki/ca.crt}}]
users: [{name: $1, user: {client-certificate: $DIR/pki/$1.crt, client-key: $DIR/pki/$1.key}}]
contexts: [{name: e2e, context: {cluster: e2e, user: $1}}]
current-context: e2e
K
}
