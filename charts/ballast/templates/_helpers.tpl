{{- define "ballast.labels" -}}
app.kubernetes.io/name: ballast
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: ballast
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "ballast.image" -}}
{{- $image := .Values.image -}}
{{- if $image.digest -}}
{{ $image.repository }}@{{ $image.digest }}
{{- else -}}
{{ $image.repository }}:{{ $image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{- define "ballast.pull" -}}
image: {{ include "ballast.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
{{- end -}}

{{- define "ballast.pullSecrets" -}}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* The origins as our programs read them: a CA bundle is a mounted file there. */}}
{{- define "ballast.origins" -}}
{{- range .Values.origins }}
{{- $origin := omit . "caBundle" }}
{{- if .caBundle }}{{ $_ := set $origin "caBundle" (printf "/etc/ballast/origins/%s/%s" .name .caBundle.key) }}{{ end }}
- {{ toJson $origin }}
{{- end }}
{{- end -}}

{{- define "ballast.originVolumes" -}}
{{- range .Values.origins }}{{ if .caBundle }}
- name: origin-{{ .name }}
  configMap: {name: {{ .caBundle.configMap }}}
{{- end }}{{ end }}
{{- end -}}

{{- define "ballast.originMounts" -}}
{{- range .Values.origins }}{{ if .caBundle }}
- {name: origin-{{ .name }}, mountPath: /etc/ballast/origins/{{ .name }}, readOnly: true}
{{- end }}{{ end }}
{{- end -}}

{{/* A container that needs nothing: no privilege, no writable root. */}}
{{- define "ballast.restricted" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities: {drop: [ALL]}
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "ballast.operatorConfig" -}}
http: {address: "0.0.0.0:8081"}
metrics: {auth: {{ .Values.metrics.auth }}}
grpc: {address: "0.0.0.0:7080"}
tls: {{ toJson .Values.tls }}
startupTaint: {{ toJson .Values.startupTaint }}
poll: {{ .Values.poll }}
{{- if .Values.origins }}
origins:
{{- include "ballast.origins" . }}
{{- end }}
{{- end -}}

{{/* (dict "root" $ "pool" POOL): where the pool's cache is in its containers. With requireMountPoint the folder above is mounted, so
     that the disk's mount is seen as one. */}}
{{- define "ballast.cacheMount" -}}
{{- if .pool.cache.requireMountPoint -}}/var/lib/ballast-disks{{- else -}}/var/lib/ballast{{- end -}}
{{- end -}}
{{- define "ballast.cacheDir" -}}
{{ include "ballast.cacheMount" . }}{{ if .pool.cache.requireMountPoint }}/{{ base .pool.cache.hostPath }}{{ end }}
{{- end -}}

{{- define "ballast.agentConfig" -}}
cache: {dir: {{ include "ballast.cacheDir" . }}, minAvailable: {{ .pool.cache.minAvailable | default "10Gi" }}}
socket: {path: /run/ballast/ballastd.sock, mode: "0660"}
http: {address: "0.0.0.0:9420"}
metrics: {auth: {{ .root.Values.metrics.auth }}}
kubernetes:
  namespace: {{ .root.Release.Namespace }}
  ca: /etc/ballast/ca/ca.crt
  token: /var/run/secrets/ballast.dev/token
swarm:
  listen: {address: 0.0.0.0, controlPort: 7070, dataPort: 7071}
  originFetchers: {{ .root.Values.originFetchers }}
fetch: {{ toJson .root.Values.agent.fetch }}
scrub: {{ toJson .root.Values.agent.scrub }}
pageCache: {{ toJson .root.Values.agent.pageCache }}
{{- if .root.Values.origins }}
origins:
{{- include "ballast.origins" .root }}
{{- end }}
{{- end -}}
