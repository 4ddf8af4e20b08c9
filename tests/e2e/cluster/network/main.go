// Says which connections network policies allow, by the matcher of Cyclonus: reads sets of policies, ends and ports from
// its input, and writes, for each set, the connections that it allows, as indices of source, destination and port.
package main

import (
	"encoding/json"
	"log"
	"os"

	"github.com/mattfenwick/cyclonus/pkg/matcher"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
)

type question struct {
	Sets  [][]*networking.NetworkPolicy `json:"sets"`
	Ends  []end                         `json:"ends"`
	Ports []port                        `json:"ports"`
}

// Pods that are alike, or an address outside the cluster, which has no namespace.
type end struct {
	// Only connections of ours are asked about.
	Ours            bool                 `json:"ours"`
	Address         string               `json:"address"`
	Namespace       string               `json:"namespace"`
	NamespaceLabels map[string]string    `json:"namespaceLabels"`
	Labels          map[string]string    `json:"labels"`
	Ports           []core.ContainerPort `json:"ports"`
}

type port struct {
	Number   int32         `json:"number"`
	Protocol core.Protocol `json:"protocol"`
}

func (e end) peer() *matcher.TrafficPeer {
	if e.Namespace == "" {
		return &matcher.TrafficPeer{IP: e.Address}
	}
	pod := &matcher.InternalPeer{PodLabels: e.Labels, NamespaceLabels: e.NamespaceLabels, Namespace: e.Namespace}
	return &matcher.TrafficPeer{Internal: pod, IP: e.Address}
}

// The name under which a pod listens on a port.
func (e end) portName(asked port) string {
	for _, listening := range e.Ports {
		if listening.ContainerPort == asked.Number && listening.Protocol == asked.Protocol {
			return listening.Name
		}
	}
	return ""
}

func (q question) allowedBy(policies []*networking.NetworkPolicy) [][3]int {
	policy, allowed := matcher.BuildNetworkPolicies(false, policies), [][3]int{}
	for from, source := range q.Ends {
		for to, destination := range q.Ends {
			if !source.Ours && !destination.Ours {
				continue
			}
			for index, asked := range q.Ports {
				traffic := &matcher.Traffic{
					Source: source.peer(), Destination: destination.peer(), Protocol: asked.Protocol,
					ResolvedPort: int(asked.Number), ResolvedPortName: destination.portName(asked),
				}
				if policy.IsTrafficAllowed(traffic).IsAllowed() {
					allowed = append(allowed, [3]int{from, to, index})
				}
			}
		}
	}
	return allowed
}

// Where a label is missing, Cyclonus takes NotIn for false, and Kubernetes for true.
func refuseNotIn(value any) {
	switch value := value.(type) {
	case map[string]any:
		if value["operator"] == string(meta.LabelSelectorOpNotIn) {
			log.Fatal("a selector with NotIn, which Cyclonus does not read as Kubernetes does")
		}
		for _, inner := range value {
			refuseNotIn(inner)
		}
	case []any:
		for _, inner := range value {
			refuseNotIn(inner)
		}
	}
}

func main() {
	log.SetFlags(0)
	var raw json.RawMessage
	if err := json.NewDecoder(os.Stdin).Decode(&raw); err != nil {
		log.Fatal(err)
	}
	var asked question
	var plain any
	if err := json.Unmarshal(raw, &asked); err != nil {
		log.Fatal(err)
	}
	if err := json.Unmarshal(raw, &plain); err != nil {
		log.Fatal(err)
	}
	refuseNotIn(plain)
	answers := make([][][3]int, 0, len(asked.Sets))
	for _, policies := range asked.Sets {
		answers = append(answers, asked.allowedBy(policies))
	}
	if err := json.NewEncoder(os.Stdout).Encode(answers); err != nil {
		log.Fatal(err)
	}
}
