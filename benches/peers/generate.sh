#!/usr/bin/env bash
# Writes the same services, of five objects each, as input of Windlass and of each of its peers.
# usage: benches/peers/generate.sh FOLDER SERVICES
set -euo pipefail
folder=$1 services=$2
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$folder"/{kustomize/base,helm/templates,jsonnet,cue,kcl}
"$here/../system.sh" "$folder/windlass" $((services * 5))

# One service as plain manifests: what every peer has to give. `@` stands for its name.
cat >"$folder/service.yaml" <<'YAML'
apiVersion: v1
kind: ServiceAccount
metadata: {name: @, labels: {app.kubernetes.io/name: @}}
automountServiceAccountToken: false
---
apiVersion: v1
kind: Service
metadata: {name: @, labels: {app.kubernetes.io/name: @}}
spec:
  selector: {app.kubernetes.io/name: @}
  ports: [{name: http, port: 8000, targetPort: http}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: @, labels: {app.kubernetes.io/name: @}}
spec:
  selector: {matchLabels: {app.kubernetes.io/name: @}}
  template:
    metadata: {labels: {app.kubernetes.io/name: @}}
    spec:
      serviceAccountName: @
      automountServiceAccountToken: false
      securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
      containers:
      - name: @
        image: registry.example.com/@:1.0.0
        ports: [{name: http, containerPort: 8000}]
        env: [{name: LOG_LEVEL, value: info}]
        resources: {requests: {cpu: 100m, memory: 128Mi}, limits: {memory: 128Mi}}
        readinessProbe: {httpGet: {path: /ready, port: http}}
        livenessProbe: {httpGet: {path: /live, port: http}}
        securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: @, labels: {app.kubernetes.io/name: @}}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: @}
  minReplicas: 1
  maxReplicas: 5
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: @, labels: {app.kubernetes.io/name: @}}
spec:
  podSelector: {matchLabels: {app.kubernetes.io/name: @}}
  policyTypes: [Ingress, Egress]
  ingress: [{ports: [{port: 8000}]}]
YAML

names() { seq -f 's%.0f' 0 $((services - 1)); }

# kustomize: a file a service, and an overlay that adds what all share.
{
    echo "resources:"
    names | sed 's/.*/- &.yaml/'
} >"$folder/kustomize/base/kustomization.yaml"
for name in $(names); do
    sed "s/@/$name/g" "$folder/service.yaml" >"$folder/kustomize/base/$name.yaml"
done
printf 'resources: [base]\nnamespace: bench\nlabels: [{pairs: {app.kubernetes.io/part-of: bench}}]\n' \
    >"$folder/kustomize/kustomization.yaml"

# helm: one template that ranges over the names.
printf 'apiVersion: v2\nname: bench\nversion: 0.1.0\n' >"$folder/helm/Chart.yaml"
{
    echo "services:"
    names | sed 's/^/- /'
} >"$folder/helm/values.yaml"
{
    echo '{{- range .Values.services }}'
    echo '---'
    sed 's/@/{{ . }}/g' "$folder/service.yaml"
    echo '{{- end }}'
} >"$folder/helm/templates/services.yaml"

# jsonnet, cue, kcl: a function of the name, and a list of names.
{
    cat "$here/service.jsonnet"
    echo "std.flattenArrays([service('s' + n) for n in std.range(0, $((services - 1)))])"
} >"$folder/jsonnet/main.jsonnet"
{
    cat "$here/service.cue"
    printf 'names: ['
    names | sed 's/.*/"&", /' | tr -d '\n'
    echo ']'
} >"$folder/cue/main.cue"
{
    cat "$here/service.kcl"
    echo "items = [object for n in range($services) for object in service(\"s\${n}\")]"
} >"$folder/kcl/main.k"
