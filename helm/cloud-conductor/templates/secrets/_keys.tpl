{{/* Every key of every Secret that pods of the platform and of flows refer to, as a list. */}}
{{- define "conductor.neededKeys" -}}
{{- $platform := .Release.Namespace }}
- {namespace: {{ $platform }}, secret: {{ .Values.server.basicAuth.existingSecret }}, key: auth-string}
- {namespace: {{ .Values.flows.namespace }}, secret: {{ .Values.server.basicAuth.existingSecret }}, key: auth-string}
- {namespace: {{ $platform }}, secret: {{ .Values.server.encryptionKey.existingSecret }}, key: {{ .Values.server.encryptionKey.key }}}
- {namespace: {{ $platform }}, secret: {{ .Values.externalDatabase.existingSecret }}, key: {{ .Values.externalDatabase.key }}}
{{- with .Values.externalRedis }}
{{- range list .keys.messaging .keys.cleanupQueue .keys.docket | uniq }}
- {namespace: {{ $platform }}, secret: {{ $.Values.externalRedis.existingSecret }}, key: {{ . }}}
{{- end }}
{{- end }}
{{- if .Values.workspace.name }}
{{- range list .Values.externalDatabase.ledgerKey .Values.externalDatabase.warehouseKey }}
- {namespace: {{ $platform }}, secret: {{ $.Values.externalDatabase.existingSecret }}, key: {{ . }}}
{{- end }}
{{- range list $platform .Values.flows.namespace }}
- {namespace: {{ . }}, secret: {{ $.Values.workspace.existingSecret }}, key: CONDUCTOR_TOKEN_KEY}
{{- end }}
{{- end }}
{{- end }}
