{{/* What is the same in every pod: Pod Security `restricted`, a read-only root file system, no token unless asked for. */}}

{{- define "conductor.pod" -}}
serviceAccountName: {{ .account }}
automountServiceAccountToken: {{ .token | default false }}
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile: {type: RuntimeDefault}
{{- with .root.Values.global.prefect.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "conductor.container" -}}
image: {{ .image | default (include "conductor.image" .root) | quote }}
imagePullPolicy: {{ .root.Values.global.prefect.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end }}

{{- define "conductor.mounts" -}}
- {name: tmp, mountPath: /tmp}
- {name: prefect, mountPath: /prefect}
{{- end }}

{{- define "conductor.volumes" -}}
- {name: tmp, emptyDir: {sizeLimit: 1Gi}}
- {name: prefect, emptyDir: {sizeLimit: 256Mi}}
{{- end }}

{{/* Copies go to different nodes where there are some. */}}
{{- define "conductor.spread" -}}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "conductor.selector" . | nindent 8 }}
{{- end }}

{{- define "conductor.secretVariable" -}}
- name: {{ .name }}
  valueFrom: {secretKeyRef: {name: {{ .secret }}, key: {{ .key }}}}
{{- end }}
