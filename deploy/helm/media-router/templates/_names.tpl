{{- define "media-router.name" -}}
{{- .Values.nameOverride | default .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- end -}}

{{- define "media-router.picked" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "media-router.labels" -}}
{{ include "media-router.picked" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "media-router.metadata" -}}
name: {{ include "media-router.name" . }}
namespace: {{ .Release.Namespace }}
labels:
  {{- include "media-router.labels" . | nindent 2 }}
{{- end -}}
