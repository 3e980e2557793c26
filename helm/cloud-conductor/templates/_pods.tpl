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
- {name: scratch, mountPath: /tmp, subPath: tmp}
- {name: scratch, mountPath: /prefect, subPath: prefect}
- {name: scratch, mountPath: /home/conductor, subPath: home}
{{- end }}

{{- define "conductor.volumes" -}}
- {name: scratch, emptyDir: {sizeLimit: 1Gi}}
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

{{/* Let a pod begin when the API answers, rather than fail until it does: Python's start is dear. */}}
{{- define "conductor.afterApi" -}}
initContainers:
  - name: wait-for-api
    {{- include "conductor.container" (dict "root" .) | nindent 4 }}
    args:
      - python
      - -c
      - |
        import time, urllib.request
        while True:
            try:
                urllib.request.urlopen("{{ include "conductor.api" . }}/ready", timeout=5)
                break
            except OSError:
                time.sleep(2)
    resources:
      requests: {cpu: 10m, memory: 32Mi, ephemeral-storage: 16Mi}
      limits: {memory: 64Mi, ephemeral-storage: 64Mi}
{{- end }}
