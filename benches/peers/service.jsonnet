local service(name) =
  local labels = { 'app.kubernetes.io/name': name };
  local metadata = { name: name, labels: labels };
  [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: metadata, automountServiceAccountToken: false },
    {
      apiVersion: 'v1', kind: 'Service', metadata: metadata,
      spec: { selector: labels, ports: [{ name: 'http', port: 8000, targetPort: 'http' }] },
    },
    {
      apiVersion: 'apps/v1', kind: 'Deployment', metadata: metadata,
      spec: {
        selector: { matchLabels: labels },
        template: {
          metadata: { labels: labels },
          spec: {
            serviceAccountName: name, automountServiceAccountToken: false,
            securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
            containers: [{
              name: name, image: 'registry.example.com/' + name + ':1.0.0',
              ports: [{ name: 'http', containerPort: 8000 }],
              env: [{ name: 'LOG_LEVEL', value: 'info' }],
              resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '128Mi' } },
              readinessProbe: { httpGet: { path: '/ready', port: 'http' } },
              livenessProbe: { httpGet: { path: '/live', port: 'http' } },
              securityContext: {
                allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] },
              },
            }],
          },
        },
      },
    },
    {
      apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', metadata: metadata,
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: name },
        minReplicas: 1, maxReplicas: 5,
        metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } } }],
      },
    },
    {
      apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: metadata,
      spec: {
        podSelector: { matchLabels: labels }, policyTypes: ['Ingress', 'Egress'],
        ingress: [{ ports: [{ port: 8000 }] }],
      },
    },
  ];
