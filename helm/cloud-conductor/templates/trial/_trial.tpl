{{- define "conductor.trialS3" -}}
http://conductor-s3.{{ .Release.Namespace }}.svc:8333
{{- end }}

{{- define "conductor.trialAccounting" -}}
http://conductor-accounting.{{ .Release.Namespace }}.svc:8400
{{- end }}

{{/* A Service and a StatefulSet of one pod, whose data lies at /data. */}}
{{- define "conductor.trialServer" -}}
{{- $all := dict "root" .root "component" .name -}}
apiVersion: v1
kind: Service
metadata:
  name: conductor-{{ .name }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "conductor.labels" $all | nindent 4 }}
spec:
  selector:
    {{- include "conductor.selector" $all | nindent 4 }}
  ports:
    - {name: {{ .protocol }}, port: {{ .port }}, targetPort: {{ .protocol }}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: conductor-{{ .name }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "conductor.labels" $all | nindent 4 }}
spec:
  serviceName: conductor-{{ .name }}
  replicas: 1
  selector:
    matchLabels:
      {{- include "conductor.selector" $all | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "conductor.labels" $all | nindent 8 }}
    spec:
      {{- include "conductor.pod" (dict "root" .root "account" "conductor-trial") | nindent 6 }}
      containers:
        - name: {{ .name }}
          {{- include "conductor.container" (dict "root" .root "image" .image) | nindent 10 }}
          args: {{- toYaml .args | nindent 12 }}
          env: {{- toYaml .env | nindent 12 }}
          ports:
            - {name: {{ .protocol }}, containerPort: {{ .port }}}
          startupProbe:
            {{- toYaml .probe | nindent 12 }}
            periodSeconds: 2
            timeoutSeconds: 5
            failureThreshold: 90
          readinessProbe:
            {{- toYaml .probe | nindent 12 }}
            periodSeconds: 15
            timeoutSeconds: 5
          livenessProbe:
            {{- toYaml .probe | nindent 12 }}
            periodSeconds: 20
            timeoutSeconds: 10
            failureThreshold: 6
          resources: {{- toYaml .resources | nindent 12 }}
          volumeMounts:
            - {name: tmp, mountPath: /tmp}
            - {name: data, mountPath: /data}
            - {name: trial, mountPath: /etc/conductor/trial, readOnly: true}
            {{- if .secret }}
            - {name: secret, mountPath: /etc/conductor/secret, readOnly: true}
            {{- end }}
      volumes:
        - {name: tmp, emptyDir: {sizeLimit: 512Mi}}
        - {name: trial, configMap: {name: conductor-trial}}
        {{- with .secret }}
        - {name: secret, secret: {secretName: {{ . }}, defaultMode: 0440}}
        {{- end }}
        {{- if not .root.Values.trial.persistence.enabled }}
        - {name: data, emptyDir: {sizeLimit: {{ index .resources.limits "ephemeral-storage" }}}}
        {{- end }}
  {{- if .root.Values.trial.persistence.enabled }}
  volumeClaimTemplates:
    - metadata: {name: data}
      spec:
        accessModes: [ReadWriteOnce]
        storageClassName: {{ .root.Values.trial.persistence.storageClass }}
        resources: {requests: {storage: {{ .root.Values.trial.persistence.size }}}}
  {{- end }}
{{- end }}
