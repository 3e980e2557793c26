{{/* Pieces of NetworkPolicies. */}}

{{- define "conductor.policy" -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ .name }}
  namespace: {{ .namespace }}
  labels:
    {{- include "conductor.labels" (dict "root" .root "component" "network") | nindent 4 }}
{{- end }}

{{/* Platform pods of these components. */}}
{{- define "conductor.platformPeer" -}}
- namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: {{ .root.Release.Namespace }}}}
  podSelector:
    matchLabels: {app.kubernetes.io/name: cloud-conductor, app.kubernetes.io/instance: {{ .root.Release.Name }}}
    matchExpressions:
      - {key: app.kubernetes.io/component, operator: In, values: [{{ join ", " .components }}]}
{{- end }}

{{/* Pods of flow runs: Prefect's workers label them. */}}
{{- define "conductor.flowPeer" -}}
- namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: {{ .Values.flows.namespace }}}}
  podSelector: {matchExpressions: [{key: prefect.io/flow-run-id, operator: Exists}]}
{{- end }}

{{- define "conductor.executorPeer" -}}
- namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: {{ .Values.flows.namespace }}}}
  podSelector: {matchLabels: {spark-role: executor}}
{{- end }}

{{- define "conductor.port" -}}
{port: {{ . }}, protocol: TCP}
{{- end }}

{{/* A rule of egress to peers that the values name. */}}
{{- define "conductor.outside" -}}
- ports:
    {{- range .ports }}
    - {{ include "conductor.port" . }}
    {{- end }}
  {{- with .to }}
  to: {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}

{{- define "conductor.toDns" -}}
- ports: [{port: 53, protocol: UDP}, {port: 53, protocol: TCP}]
  {{- with .Values.networkPolicy.dns.to }}
  to: {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}

{{- define "conductor.toServer" -}}
- ports: [{{ include "conductor.port" 4200 }}]
  to:
    {{- include "conductor.platformPeer" (dict "root" . "components" (list "server")) | nindent 4 }}
{{- end }}

{{- define "conductor.toKubernetes" -}}
{{ include "conductor.outside" .Values.networkPolicy.kubernetesApi }}
{{- end }}

{{/* One of the stores and systems behind the platform: the trial's own, or those outside. */}}
{{- define "conductor.toPart" -}}
{{- if .root.Values.trial.enabled -}}
- ports: [{{ include "conductor.port" (index (dict "database" 5432 "redis" 6379 "objectStore" 8333 "accounting" 8400) .part) }}]
  to:
    {{- include "conductor.platformPeer" (dict "root" .root "components" (list (index (dict "database" "postgresql" "redis" "redis" "objectStore" "s3" "accounting" "accounting") .part))) | nindent 4 }}
{{- else -}}
{{ include "conductor.outside" (index .root.Values.networkPolicy .part) }}
{{- end }}
{{- end }}

{{- define "conductor.toNotifications" -}}
{{- if .Values.networkPolicy.notifications.enabled -}}
{{ include "conductor.outside" .Values.networkPolicy.notifications }}
{{- end }}
{{- end }}
