{{/* Names are fixed: one release per namespace, and everybody knows what to look for. */}}

{{- define "conductor.labels" -}}
app.kubernetes.io/name: cloud-conductor
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- with .component }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "conductor.selector" -}}
app.kubernetes.io/name: cloud-conductor
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "conductor.image" -}}
{{ printf "%s:%s" .Values.global.prefect.image.repository (.Values.global.prefect.image.prefectTag | default .Chart.AppVersion) }}
{{- end }}

{{- define "conductor.trialImage" -}}
{{ printf "%s:%s" .Values.trial.image.repository (.Values.trial.image.tag | default .Chart.AppVersion) }}
{{- end }}

{{/* The address is whole: flow pods in another namespace get it from their worker. */}}
{{- define "conductor.api" -}}
http://conductor-server.{{ .Release.Namespace }}.svc:4200/api
{{- end }}

{{/* What starts the runs of a work pool, from its values. */}}
{{- define "conductor.poolType" -}}
{{ dig "type" "kubernetes" . }}
{{- end }}
