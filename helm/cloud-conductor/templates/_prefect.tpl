{{/* Variables of Prefect's processes. */}}

{{- define "conductor.everywhere" -}}
- {name: PREFECT_HOME, value: /prefect}
- {name: DO_NOT_TRACK, value: "1"}
- {name: PREFECT_SERVER_ANALYTICS_ENABLED, value: "false"}
{{- with .Values.global.prefect.env }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "conductor.client" -}}
{{ include "conductor.everywhere" . }}
- {name: PREFECT_API_URL, value: {{ include "conductor.api" . | quote }}}
{{ include "conductor.secretVariable" (dict "name" "PREFECT_API_AUTH_STRING" "secret" .Values.server.basicAuth.existingSecret "key" "auth-string") }}
{{- end }}

{{- define "conductor.database" -}}
{{ include "conductor.secretVariable" (dict "name" "PREFECT_SERVER_DATABASE_CONNECTION_URL" "secret" .Values.externalDatabase.existingSecret "key" .Values.externalDatabase.key) }}
- {name: PREFECT_SERVER_DATABASE_MIGRATE_ON_START, value: "false"}
{{- end }}

{{/* Each of these has a default that holds for one process alone: memory. */}}
{{- define "conductor.server" -}}
{{ include "conductor.everywhere" . }}
{{ include "conductor.database" . }}
{{ include "conductor.secretVariable" (dict "name" "PREFECT_SERVER_API_AUTH_STRING" "secret" .Values.server.basicAuth.existingSecret "key" "auth-string") }}
{{ include "conductor.secretVariable" (dict "name" "PREFECT_SERVER_ENCRYPTION_KEY" "secret" .Values.server.encryptionKey.existingSecret "key" .Values.server.encryptionKey.key) }}
- {name: PREFECT_SERVER_EVENTS_MESSAGING_BROKER, value: prefect_redis.messaging}
- {name: PREFECT_SERVER_EVENTS_MESSAGING_CACHE, value: prefect_redis.messaging}
- {name: PREFECT_SERVER_EVENTS_CAUSAL_ORDERING, value: prefect_redis.ordering}
- {name: PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE, value: prefect_redis.lease_storage}
- {name: PREFECT_SERVER_WORKER_CHANNEL_CLEANUP_QUEUE_STORAGE, value: prefect_redis.cleanup_queue}
{{- with .Values.externalRedis }}
{{ include "conductor.secretVariable" (dict "name" "PREFECT_REDIS_MESSAGING_URL" "secret" .existingSecret "key" .keys.messaging) }}
{{ include "conductor.secretVariable" (dict "name" "PREFECT_REDIS_WORKER_CLEANUP_QUEUE_URL" "secret" .existingSecret "key" .keys.cleanupQueue) }}
{{ include "conductor.secretVariable" (dict "name" "PREFECT_SERVER_DOCKET_URL" "secret" .existingSecret "key" .keys.docket) }}
{{- end }}
# By itself the publisher holds a lone event back for ten seconds.
- {name: PREFECT_REDIS_MESSAGING_PUBLISHER_BATCH_SIZE, value: "1"}
- {name: PREFECT_SERVER_METRICS_ENABLED, value: "true"}
- {name: PREFECT_UI_STATIC_DIRECTORY, value: /prefect/ui}
- {name: PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED, value: {{ .Values.backgroundServices.vacuum | quote }}}
# By itself the UI asks the browser's own machine.
- {name: PREFECT_UI_API_URL, value: {{ .Values.server.uiConfig.prefectUiApiUrl | default "/api" | quote }}}
{{- end }}

{{/* What a platform job needs to open the workspace as flows do. */}}
{{- define "conductor.workspace" -}}
{{ include "conductor.client" . }}
{{ include "conductor.secretVariable" (dict "name" "CONDUCTOR_LEDGER_URL" "secret" .Values.externalDatabase.existingSecret "key" .Values.externalDatabase.ledgerKey) }}
{{ include "conductor.secretVariable" (dict "name" "CONDUCTOR_WAREHOUSE_URL" "secret" .Values.externalDatabase.existingSecret "key" .Values.externalDatabase.warehouseKey) }}
{{- end }}
