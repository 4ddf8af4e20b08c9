//! `downtime`: requests fail for some time at some step, or a name that clients use goes away.

use super::pace::{pace, start_seconds};
use super::rejected::major;
use super::workload::{LASTING, Workload, bounds, entries, flag, items, said};
use super::{Class, Comparison, Risk, number};
use crate::capacity::{Verdict, assess};
use crate::diff::path::{at, shown, text_at};
use crate::diff::{Change, How};
use crate::kube::{Content, Identity};

pub(super) fn find(comparison: &Comparison<'_>, risks: &mut Vec<Risk>) {
    for change in comparison.changes {
        match &change.how {
            How::Removed => risks.extend(removed(comparison, change)),
            How::Renamed { from } => risks.extend(renamed(change, from)),
            How::Added => risks.extend(scaled_from_fixed(change, comparison)),
            How::Changed => changed(change, comparison, risks),
            How::Renewed { .. } => {}
        }
    }
    risks.extend(stuck(comparison));
}

const PRUNED: &str = "it goes at the next sync where pruning is on";

fn removed(comparison: &Comparison<'_>, change: &Change) -> Option<Risk> {
    let before = change.before.as_ref()?;
    let selector = at(before, &["spec", "selector", "matchLabels"]);
    // A budget that goes with its pods is missed by nobody.
    if change.identity.kind == "PodDisruptionBudget" && selector.is_some_and(|pods| !comparison.after.has_pods(pods)) {
        return None;
    }
    let what = match (change.identity.group(), change.identity.kind.as_str()) {
        ("", "Service") => "the name that its clients call goes away".to_owned(),
        ("networking.k8s.io", "Ingress") | ("gateway.networking.k8s.io", _) => {
            format!("{} is no longer reachable from outside", hosts(before).join(", "))
        }
        ("apps", "StatefulSet") => orphans(before),
        ("apps", "Deployment" | "DaemonSet")
        | ("argoproj.io", "Rollout")
        | ("leaderworkerset.x-k8s.io", "LeaderWorkerSet") => "its pods go".to_owned(),
        ("postgresql.cnpg.io", "Cluster" | "Pooler") => "its clients have nothing to connect to".to_owned(),
        ("policy", "PodDisruptionBudget") => "a drain may take all its pods at once".to_owned(),
        ("", "Namespace") => "everything in it stops".to_owned(),
        ("cert-manager.io", "Certificate") => "the certificate is no longer renewed".to_owned(),
        _ => return None,
    };
    let help = "see that nothing uses it any more before this is merged";
    Some(Risk::of(Class::Downtime, "removed", change, what).reason(PRUNED).help(help))
}

fn orphans(before: &Content) -> String {
    let templates: Vec<&str> = items(at(before, &["spec", "volumeClaimTemplates"]))
        .filter_map(|item| text_at(item, &["metadata", "name"]))
        .collect();
    match templates.as_slice() {
        [] => "its pods go".into(),
        names => format!("its pods go; the claims of {} stay, and nothing uses them", names.join(", ")),
    }
}

fn renamed(change: &Change, from: &Identity) -> Option<Risk> {
    let what = match change.identity.kind.as_str() {
        "Service" => format!("clients that call `{}` find nothing", from.name),
        "Ingress" | "HTTPRoute" | "GRPCRoute" => "for a moment neither the old nor the new route may be there".into(),
        kind if LASTING.contains(&kind) => "the old pods go when the new object is created: not one by one".into(),
        "Namespace" => "everything in it stops and starts again elsewhere".into(),
        _ => return None,
    };
    Some(
        Risk::of(Class::Downtime, "renamed", change, what)
            .at("metadata.name", Some(said(from)), Some(said(&change.identity)))
            .reason("another name is another object: no rollout leads from the one to the other")
            .help("add the new one beside the old, move its clients, then take the old one away"),
    )
}

fn changed(change: &Change, comparison: &Comparison<'_>, risks: &mut Vec<Risk>) {
    let (Some(before), Some(after)) = (&change.before, &change.after) else { return };
    let of = Update { change, before, after, comparison };
    match change.identity.kind.as_str() {
        "Service" if change.identity.group().is_empty() => risks.extend(of.service()),
        "Ingress" | "HTTPRoute" | "GRPCRoute" => risks.extend(of.route()),
        "PodDisruptionBudget" => risks.extend(of.budget()),
        "HorizontalPodAutoscaler" | "ScaledObject" => risks.extend(of.scaler()),
        "Cluster" => risks.extend(of.database()),
        _ => {}
    }
    if LASTING.contains(&change.identity.kind.as_str()) {
        risks.extend(of.to_zero());
        risks.extend(of.gap());
        risks.extend(of.one_disk());
        risks.extend(of.probes());
        risks.extend(of.grace());
        risks.extend(of.served_name());
        risks.extend(of.count_left_out());
    }
}

struct Update<'a> {
    change: &'a Change,
    before: &'a Content,
    after: &'a Content,
    comparison: &'a Comparison<'a>,
}

impl Update<'_> {
    fn risk(&self, rule: &'static str, keys: &[&str], what: impl Into<String>) -> Risk {
        let value = |content| at(content, keys).map(shown);
        Risk::of(Class::Downtime, rule, self.change, what).at(keys.join("."), value(self.before), value(self.after))
    }

    fn service(&self) -> Vec<Risk> {
        let mut found = Vec::new();
        let selector = ["spec", "selector"];
        if at(self.before, &selector) != at(self.after, &selector) {
            found.push(
                self.risk("service-selector", &selector, "the Service leads to other pods at once, ready or not")
                    .reason("endpoints follow the selector, not a rollout")
                    .help("give the new pods the old labels too, change the selector, then take the labels away"),
            );
        }
        let kind = |content| text_at(content, &["spec", "type"]).unwrap_or("ClusterIP");
        if kind(self.before) == "LoadBalancer" && kind(self.after) != "LoadBalancer" {
            found.push(
                self.risk(
                    "service-load-balancer-removed",
                    &["spec", "type"],
                    "the load balancer and its address go away",
                )
                .reason("the cloud takes the address back; another one is given later")
                .help("move the names in DNS first"),
            );
        }
        found.extend(self.ports());
        found
    }

    /// Ports that clients know by number or name, and the port of the pods behind them.
    fn ports(&self) -> Vec<Risk> {
        let fields = self.change.fields.iter().filter(|field| field.path.is_under(&["spec", "ports"]));
        let lost = fields.filter(|field| field.edit.before().is_some());
        let risk = |field: &crate::diff::Field| {
            let last = field.path.last_key().unwrap_or_default();
            let what = match last {
                "targetPort" => "until the new pods are ready, requests go to a port that the old ones do not have",
                "name" => {
                    "what knows the port by its name finds it no more: routes, probes and monitors outside this system"
                }
                "nodePort" => "what calls the node by this port finds nothing",
                _ => "clients that call this port find nothing",
            };
            Risk::of_field(Class::Downtime, "service-port", self.change, field, what)
                .reason("a Service changes at once, its pods one by one")
                .help("add the new port beside the old one, move its clients, then take the old one away")
        };
        let matters = |field: &&crate::diff::Field| {
            !matches!(field.path.last_key(), Some("appProtocol" | "protocol")) || field.edit.after().is_none()
        };
        lost.filter(matters).map(risk).collect()
    }

    fn route(&self) -> Vec<Risk> {
        let mut found = Vec::new();
        let kept = hosts(self.after);
        for host in hosts(self.before).into_iter().filter(|host| !kept.contains(host)) {
            found.push(
                Risk::of(Class::Downtime, "host-removed", self.change, format!("`{host}` stops"))
                    .at("spec.hostnames", Some(host), Some(kept.join(", ")))
                    .reason("requests for the old name get no answer, or that of the default backend")
                    .help("serve both names until DNS and clients have moved"),
            );
        }
        for keys in [&["spec", "ingressClassName"][..], &["spec", "parentRefs"]] {
            if at(self.before, keys).is_some() && at(self.before, keys) != at(self.after, keys) {
                found.push(
                    self.risk("entry-changed", keys, "another controller serves it, at another address")
                        .reason("the old address lets it go at once; DNS follows later")
                        .help("add a second route at the new entry, move DNS, then take the old one away"),
                );
            }
        }
        found.extend(self.paths());
        found
    }

    fn paths(&self) -> Option<Risk> {
        let kept = paths(self.after);
        let gone: Vec<String> = paths(self.before).into_iter().filter(|path| !kept.contains(path)).collect();
        (!gone.is_empty()).then(|| {
            Risk::of(
                Class::Downtime,
                "path-removed",
                self.change,
                format!("requests for {} are no longer served here", gone.join(", ")),
            )
            .at("spec.rules", Some(gone.join(", ")), Some(kept.join(", ")))
            .reason("what matches no rule gets 404")
            .help("keep the old path until its clients have moved")
        })
    }

    fn budget(&self) -> Option<Risk> {
        let selector = at(self.after, &["spec", "selector", "matchLabels"])?;
        let workload = self.comparison.after.of_kinds(LASTING).filter_map(Workload::of).find(|workload| {
            let labels = workload.template().and_then(|template| at(template, &["metadata", "labels"]));
            workload.object.identity.namespace == self.change.identity.namespace
                && labels.is_some_and(|labels| super::workload::selects(selector, labels))
        })?;
        let (least, _) = workload.replicas(&self.comparison.after);
        blocks(self.after, least).then(|| {
            self.risk("budget-blocks", &["spec"], "no pod may be taken: drains of nodes, and their upgrades, hang")
                .reason(format!("at {least} pods the budget allows no disruption"))
                .help("leave room for one: `maxUnavailable: 1`, or a `minAvailable` below the least count")
        })
    }

    fn scaler(&self) -> Vec<Risk> {
        let of = |content: &Content| {
            let object = crate::kube::Object::read(content.clone(), None, crate::kube::Phase::Configuration);
            bounds(&object)
        };
        let (Some((old_least, _)), Some((least, most))) = (of(self.before), of(self.after)) else { return Vec::new() };
        let mut found = Vec::new();
        if least == 0 && old_least > 0 {
            found.push(
                self.risk(
                    "scales-to-zero",
                    &["spec"],
                    "with nothing to do no pod runs: the first request waits for one to start, or fails",
                )
                .reason("at a least count of 0 the scaler takes the last pod away")
                .help("keep one, or put something in front that holds requests"),
            );
        }
        if most < old_least {
            found.push(
                self.risk(
                    "ceiling-below-floor",
                    &["spec"],
                    format!("pods are taken away at once: {most} at the most, where at least {old_least} ran"),
                )
                .reason("the greatest count is below the least count of before")
                .help("lower the least count first, and look at the load"),
            );
        }
        found
    }

    fn database(&self) -> Vec<Risk> {
        let mut found = Vec::new();
        let instances = |content| number(content, &["spec", "instances"]).unwrap_or(1);
        let (before, after) = (instances(self.before), instances(self.after));
        if after < before {
            let what = if after == 1 {
                "fail-over is lost: when the one instance stops, the database stops"
            } else {
                "fewer replicas to fail over to"
            };
            found.push(
                self.risk("database-instances", &["spec", "instances"], what)
                    .reason("the primary may be among those that go: a switch-over cuts connections for some seconds")
                    .help("keep at least two instances where the database must stay reachable"),
            );
        }
        let image = |content| text_at(content, &["spec", "imageName"]).and_then(major);
        if let (Some(old), Some(new)) = (image(self.before), image(self.after))
            && new > old
        {
            found.push(
                self.risk(
                    "database-major-version",
                    &["spec", "imageName"],
                    format!("major version {old} → {new}: the database is offline while its files are upgraded"),
                )
                .reason("CloudNativePG stops all instances for `pg_upgrade`, then rebuilds the replicas")
                .help("take a backup first, try it on a copy, and plan the time"),
            );
        }
        found
    }

    fn workload(&self) -> Option<Workload<'_>> {
        Workload::of(self.comparison.after.of(self.change)?)
    }

    fn to_zero(&self) -> Option<Risk> {
        let count = |content| number(content, &["spec", "replicas"]);
        (count(self.after) == Some(0) && count(self.before) != Some(0)).then(|| {
            self.risk("no-pods", &["spec", "replicas"], "no pod runs any more")
                .reason("the count is 0")
                .help("see that nothing needs it")
        })
    }

    /// A rollout during which no pod is ready.
    fn gap(&self) -> Option<Risk> {
        if super::restart::causes(self.change).is_empty() {
            return None;
        }
        let workload = self.workload()?;
        let (least, _) = workload.replicas(&self.comparison.after);
        let pace = pace(&workload, least)?;
        if least == 0 || !super::inert::arrives(&workload) {
            return None;
        }
        let (field, value, why) = if pace.recreates {
            ("spec.strategy.type", "Recreate".to_owned(), "`Recreate` ends all pods before a new one starts")
        } else if pace.surge == 0 && pace.unavailable >= least {
            (
                "spec.replicas",
                least.to_string(),
                "no pod is left while the new one starts: nothing runs beside the one that is replaced",
            )
        } else {
            return None;
        };
        let time =
            start_seconds(&workload).map_or(String::new(), |time| format!(", up to {}", super::pace::spoken(time)));
        Some(
            Risk::of(
                Class::Downtime,
                "rollout-gap",
                self.change,
                format!("nothing serves until the new pod is ready{time}"),
            )
            .at(field, None, Some(value))
            .reason(why)
            .help("run two, or let a new one start beside the old (`surge: 1`)"),
        )
    }

    /// A disk that one node may use, and a rollout that wants it on two.
    fn one_disk(&self) -> Option<Risk> {
        let workload = self.workload().filter(|workload| workload.kind() == "Deployment")?;
        if super::restart::causes(self.change).is_empty() {
            return None;
        }
        let (least, _) = workload.replicas(&self.comparison.after);
        let pace = pace(&workload, least).filter(|pace| pace.surge > 0)?;
        let claims = items(workload.pod()?.get("volumes"))
            .filter_map(|volume| text_at(volume, &["persistentVolumeClaim", "claimName"]));
        let namespace = self.change.identity.namespace.as_deref();
        let single = |name: &&str| {
            let claim = self.comparison.after.get("PersistentVolumeClaim", namespace, name);
            claim.is_some_and(|claim| {
                items(at(&claim.content, &["spec", "accessModes"]))
                    .all(|mode| mode.as_str().is_some_and(|mode| mode.starts_with("ReadWriteOnce")))
            })
        };
        let name = claims.into_iter().find(single)?;
        Some(
            Risk::of(Class::Downtime, "one-disk", self.change, format!("the rollout hangs where the new pod comes to another node: `{name}` is still on the old one"))
                .at("spec.strategy", None, Some(format!("{} more", pace.surge)))
                .reason("a ReadWriteOnce volume is attached to one node at a time; the old pod goes only when the new one is ready")
                .help("use `Recreate` with a short gap, or a volume that many may write"),
        )
    }

    /// Probes that give a pod less time than before.
    fn probes(&self) -> Vec<Risk> {
        let kind = self.change.identity.kind.as_str();
        let containers = |content| {
            items(super::workload::template(content, kind).and_then(|template| at(template, &["spec", "containers"])))
        };
        let named = |content, name: &str| {
            containers(content).find(|container| text_at(container, &["name"]) == Some(name)).cloned()
        };
        let mut found = Vec::new();
        for container in containers(self.before) {
            let Some(name) = text_at(container, &["name"]) else { continue };
            let Some(new) = named(self.after, name) else { continue };
            for probe in ["startupProbe", "livenessProbe", "readinessProbe"] {
                found.extend(self.probe(name, probe, container.get(probe), new.get(probe), &new));
            }
        }
        found
    }

    fn probe(
        &self,
        container: &str,
        probe: &str,
        before: Option<&Content>,
        after: Option<&Content>,
        whole: &Content,
    ) -> Option<Risk> {
        let budget = |probe: &Content| {
            let value = |key, default| number(probe, &[key]).unwrap_or(default);
            value("initialDelaySeconds", 0) + value("periodSeconds", 10) * value("failureThreshold", 3)
        };
        let (what, why) = match (before, after) {
            (Some(old), Some(new)) if budget(new) < budget(old) => {
                let (old, new) = (super::pace::spoken(budget(old)), super::pace::spoken(budget(new)));
                (
                    format!("{probe}: {old} → {new} until it counts as failed"),
                    "a pod that needs longer is restarted, or gets no requests",
                )
            }
            (Some(old), None) if probe == "startupProbe" && whole.get("livenessProbe").is_some() => (
                format!("{probe} is gone: {} to start are no longer given", super::pace::spoken(budget(old))),
                "the liveness probe counts from the start, and restarts a pod that is still loading",
            ),
            (Some(_), None) if probe == "readinessProbe" => (
                format!("{probe} is gone: pods get requests before they can answer"),
                "without it a container counts as ready as soon as it runs",
            ),
            _ => return None,
        };
        let field = format!("spec.template.spec.containers[{container}].{probe}");
        Some(
            Risk::of(Class::Downtime, "probe-tighter", self.change, what)
                .at(field, before.map(shown), after.map(shown))
                .reason(why)
                .help("measure how long the start takes, and leave room above that"),
        )
    }

    fn grace(&self) -> Option<Risk> {
        let kind = self.change.identity.kind.as_str();
        let seconds = |content| {
            super::workload::template(content, kind)
                .map(|template| number(template, &["spec", "terminationGracePeriodSeconds"]).unwrap_or(30))
        };
        let (before, after) = (seconds(self.before)?, seconds(self.after)?);
        (after < before).then(|| {
            self.risk(
                "grace-shorter",
                &["spec", "template", "spec", "terminationGracePeriodSeconds"],
                "requests that take longer are cut off when a pod goes",
            )
            .reason("after the grace the kubelet kills the process")
            .help("keep it above the longest request")
        })
    }

    /// The name by which clients ask a model server for its model.
    fn served_name(&self) -> Option<Risk> {
        let kind = self.change.identity.kind.as_str();
        let name = |content| {
            let pod = super::workload::template(content, kind).and_then(|template| template.get("spec"));
            items(pod.and_then(|pod| pod.get("containers"))).find_map(|container| {
                ["--served-model-name", "--model_name", "--model-name", "--alias"]
                    .iter()
                    .find_map(|name| flag(container, name))
                    .map(str::to_owned)
            })
        };
        let (before, after) = (name(self.before)?, name(self.after)?);
        (before != after).then(|| {
            Risk::of(Class::Downtime, "served-model-name", self.change, format!("requests for the model `{before}` fail"))
                .at("spec.template.spec.containers.args", Some(before), Some(after))
                .reason("an OpenAI-compatible server answers 404 for a model that it does not serve; what was computed with the old model, such as embeddings in an index, does not fit the new one")
                .help("serve the old name too until its clients have moved")
        })
    }

    /// A count that was applied before and is left to a scaler now.
    fn count_left_out(&self) -> Option<Risk> {
        let before = number(self.before, &["spec", "replicas"]).filter(|count| *count > 1)?;
        number(self.after, &["spec", "replicas"]).is_none().then(|| {
            self.risk("count-left-out", &["spec", "replicas"], format!("{before} pods may become 1 for a moment"))
                .reason("what was applied before and is left out now falls back to its default of 1, until the scaler looks again")
                .help("sync with server-side apply, and give the field to the scaler first; or merge at a quiet time")
        })
    }
}

/// A scaler that comes to what had a count of its own.
fn scaled_from_fixed(change: &Change, comparison: &Comparison<'_>) -> Option<Risk> {
    let (_, most) = comparison.after.of(change).and_then(bounds)?;
    let target = text_at(change.after.as_ref()?, &["spec", "scaleTargetRef", "name"])?;
    let namespace = change.identity.namespace.as_deref();
    let fixed = LASTING
        .iter()
        .find_map(|kind| comparison.before.get(kind, namespace, target))
        .and_then(|object| number(&object.content, &["spec", "replicas"]))?;
    (most < fixed).then(|| {
        Risk::of(
            Class::Downtime,
            "ceiling-below-count",
            change,
            format!("pods are taken away at once: {most} at the most, where {fixed} ran"),
        )
        .at("spec", Some(fixed.to_string()), Some(most.to_string()))
        .reason("the scaler's ceiling is below the count of before")
        .help("start with a ceiling above the count that runs")
    })
}

/// Rollouts that wait for ever for a node.
fn stuck(comparison: &Comparison<'_>) -> Vec<Risk> {
    let Some(capacity) = comparison.after.model.and_then(assess) else { return Vec::new() };
    // Without the rollouts it fits: then it is the rollout that does not.
    if !matches!((&capacity.whole.verdict, &capacity.steady), (Verdict::DoesNotFit(_), Verdict::Fits)) {
        return Vec::new();
    }
    let rolls = comparison
        .changes
        .iter()
        .filter(|change| change.how == How::Changed && !super::restart::causes(change).is_empty());
    let rolls = rolls.filter(|change| {
        let workload = comparison.after.of(change).and_then(Workload::of);
        let surges = |workload: &Workload<'_>| {
            let (_, most) = workload.replicas(&comparison.after);
            pace(workload, most).is_some_and(|pace| pace.surge > 0 && pace.unavailable == 0)
        };
        workload.is_some_and(|workload| asks_for_gpu(&workload) && surges(&workload))
    });
    rolls
        .map(|change| {
            Risk::of(
                Class::Downtime,
                "rollout-stuck",
                change,
                "at full load the rollout hangs: no node has a GPU left for the new pod",
            )
            .at("spec.strategy", None, None)
            .reason(
                "the old pods go only when a new one is ready, and the new one waits for a GPU that the old ones hold",
            )
            .help("let one old pod go first (`rollout: {surge: 0, unavailable: 1}`), or keep a node free")
        })
        .collect()
}

fn asks_for_gpu(workload: &Workload<'_>) -> bool {
    workload.containers().any(|container| {
        entries(at(container, &["resources", "limits"]))
            .any(|(resource, _)| resource.contains("/gpu") || resource.contains("/mig-"))
    })
}

/// Whether a budget lets nobody take a pod when so many run.
fn blocks(budget: &Content, pods: i64) -> bool {
    let value = |key| at(budget, &["spec", key]);
    let count = |value: &Content, up: bool| match value {
        Content::Integer(number) => *number,
        Content::Text(text) => text
            .strip_suffix('%')
            .and_then(|share| share.parse::<i64>().ok())
            .map_or(0, |share| if up { (pods * share + 99) / 100 } else { pods * share / 100 }),
        _ => 0,
    };
    pods > 0
        && (value("minAvailable").is_some_and(|value| count(value, true) >= pods)
            || value("maxUnavailable").is_some_and(|value| count(value, true) == 0))
}

/// The names that a route answers to.
fn hosts(content: &Content) -> Vec<String> {
    let of_gateway = items(at(content, &["spec", "hostnames"])).filter_map(Content::as_str);
    let of_ingress = items(at(content, &["spec", "rules"])).filter_map(|rule| text_at(rule, &["host"]));
    of_gateway.chain(of_ingress).map(str::to_owned).collect()
}

fn paths(content: &Content) -> Vec<String> {
    let mut paths = Vec::new();
    for rule in items(at(content, &["spec", "rules"])) {
        let of_ingress = items(at(rule, &["http", "paths"])).filter_map(|path| text_at(path, &["path"]));
        let of_gateway = items(rule.get("matches")).filter_map(|found| text_at(found, &["path", "value"]));
        paths.extend(of_ingress.chain(of_gateway).map(str::to_owned));
    }
    paths
}
