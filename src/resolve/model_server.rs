//! A model on a server that the compiler knows: what the runtime's table says goes under what the
//! author wrote.
//!
//! Promises: arguments go to `args` and never to `command`; a flag, variable, path, port or probe of the
//! author's own takes the place of the generated one; `runtimeArgs: false` leaves out all arguments.

use super::brought::{Probes, env_text, failures, mount, scratch, within};
use super::weights::{self, Wanted, Weights};
use super::{Completion, arguments, brought};
use crate::diagnostic::code;
use crate::document::{Finding, at};
use crate::model::{Output, Quantity};
use crate::runtime::{self, Server, Serving};
use crate::spec::{
    Component, Duration, ImageText, Literal, Metrics, Model, ModelSource, PortText, Probe, Switch, UrlPath, Vendor,
    Volume,
};
use std::collections::BTreeMap;

mod unfit;

/// What processes on several GPUs get to meet in.
const SHARED_MEMORY: Quantity = Quantity::from_bytes(2 << 30);
/// A start takes at least this long before it is given up, in seconds.
const LEAST_BUDGET: u64 = 300;
/// The same where the size of the weights is not known.
const UNKNOWN_BUDGET: u64 = 600;
/// What is reckoned with, in bytes a second: a download from an object store, and loading from the disk.
const DOWNLOAD: i64 = 50 << 20;
const LOAD: i64 = 100 << 20;

/// The same from a disk behind the network.
const NETWORK_LOAD: i64 = 50 << 20;

/// A component with what its runtime brings.
pub(super) fn complete(key: &str, mut component: Component, cx: &mut Completion<'_, '_>) -> Component {
    if component.is_enabled() {
        require(key, &component, cx);
    }
    let (Some(runtime), Some(model)) = (component.runtime, component.model.clone()) else { return component };
    let server = runtime::server(runtime);
    if component.is_enabled() {
        unfit::report(key, &component, &model, server, cx);
    }
    bring_image(key, &mut component, server, cx);
    let ports: BTreeMap<&'static str, String> =
        server.ports().iter().map(|(name, number)| (*name, component.bring_port(name, *number))).collect();
    let metrics = bring_metrics(&mut component, server, &ports);
    let wanted = Wanted { key, model: &model, server, served: served(&model) };
    let weights = weights::bring(&wanted, &mut component, cx);
    bring_operation(&mut component, &model, server);
    bring_serving(
        &mut component,
        &model,
        server,
        &Place { ports: &ports, metrics: metrics.as_deref(), weights: &weights },
    );
    component
}

fn require(key: &str, component: &Component, cx: &mut Completion<'_, '_>) {
    if component.runtime.is_none() {
        cx.missing(key, "runtime", "runtime: vllm");
    }
    if component.model.is_none() {
        cx.missing(key, "model", "model: {name: codegen, source: \"s3://models/codegen\", revision: \"7\"}");
    }
}

/// The runtime's image for the component's GPU.
fn bring_image(key: &str, component: &mut Component, server: &dyn Server, cx: &mut Completion<'_, '_>) {
    if component.image.is_some() {
        return;
    }
    let gpu = component.gpu.as_ref().and_then(Switch::on);
    let (field, name) = match gpu.and_then(|gpu| Some((gpu.vendor, gpu.resource.as_ref()?))) {
        Some((None, resource)) if weights::maker(resource).is_none() => ("resource", Some(resource.to_string())),
        _ => ("vendor", None),
    };
    let image = server.image(weights::vendor(component));
    // A runtime that has no image at all is the author's own, and `image` is missing like any other.
    let known = server.image(Some(Vendor::Nvidia));
    let unknown = known.is_some() && (image.is_none() || name.is_some());
    if unknown && component.is_enabled() {
        let name = name.unwrap_or_else(|| weights::vendor(component).map_or("", Vendor::text).to_owned());
        cx.findings.push(
            Finding::error(
                code::RUNTIME_IMAGE,
                at!["components", key, "gpu", field],
                format!("there is no usual image of {} for a GPU of `{name}`", server.title()),
            )
            .label("which image?")
            .help("write `image:` with one that is built for it"),
        );
    }
    // That it is missing has been said.
    component.image = image.or(known).map(|image| ImageText(image.into()));
}

/// Where and how the model is served.
struct Place<'a> {
    /// The name under which each port of the runtime is there.
    ports: &'a BTreeMap<&'static str, String>,
    metrics: Option<&'a str>,
    weights: &'a Weights,
}

/// Arguments, environment, files and probes.
fn bring_serving(component: &mut Component, model: &Model, server: &dyn Server, place: &Place<'_>) {
    let flags = arguments::names(component.args.as_ref(), arguments::long);
    let listens = place.ports.iter().filter_map(|(name, own)| Some((*name, component.listens_on(own)?))).collect();
    let serving = Serving {
        model: &model.name,
        served: served(model),
        revision: model.revision.as_deref(),
        folder: &place.weights.folder,
        place: &place.weights.place,
        repository: place.weights.repository.as_deref(),
        file: model.source.file(),
        among_others: place.weights.among_others,
        ports: &listens,
        metrics: place.metrics,
        flags: &flags,
        vendor: weights::vendor(component),
        gpus: gpus(component),
        nodes: nodes(component),
        context: model.context.map(|tokens| tokens.0),
        format: model.format,
        drain: drain(component),
    };
    let (generated, environment, files) =
        (server.arguments(&serving), server.environment(&serving), server.files(&serving));
    let (ready, live) = (server.ready(&serving), server.live(&serving));
    // The files are there for the arguments alone.
    if component.runtime_args != Some(false) && !generated.is_empty() {
        component.args = Some(arguments(component, server, generated));
        for (path, text) in files {
            component.bring_file(path, text);
        }
    }
    for (name, value) in environment {
        component.bring_env(name, env_text(value));
    }
    if let (Some(ready), Some(live), Some(port)) = (ready, live, place.ports.get("http")) {
        component.bring_health(&probes(&ready, &live, port, budget(model, server)));
    }
}

/// The program where the image has none, and the generated flags under the author's own. A program of the
/// author's own stands alone.
fn arguments(component: &Component, server: &dyn Server, generated: Vec<String>) -> Vec<Literal> {
    let own = component.args.as_ref();
    let first = own.and_then(|own| own.first()).is_some_and(|word| !word.0.starts_with('-'));
    let program = if first || component.command.is_some() { &[] } else { server.program() };
    let laid = arguments::laid_over_as(generated, own, arguments::long, server.aliases());
    program.iter().map(|word| Literal((*word).to_owned())).chain(laid).collect()
}

/// Resources, user, writable folders and shutdown.
fn bring_operation(component: &mut Component, model: &Model, server: &dyn Server) {
    let vendor = weights::vendor(component);
    let meets = server.shares_memory() && (gpus(component) > 1 || nodes(component) > 1);
    for (resource, amount) in server.requests(model.size, vendor.is_some()) {
        // Memory volumes count as memory of the container.
        let more = if meets && resource == "memory" { SHARED_MEMORY } else { Quantity::ZERO };
        component.bring_request(resource, amount + more);
    }
    if let Some(user) = server.user() {
        component.bring_user(user);
    }
    for (name, path) in server.writable(vendor) {
        component.bring_volume(name, scratch(path));
    }
    if meets {
        component.bring_volume("shared-memory", Volume { memory: Some(SHARED_MEMORY), ..mount("/dev/shm") });
    }
    if let Some((grace, delay)) = server.shutdown() {
        component.bring_shutdown(Duration(grace), Some(Duration(delay)));
    }
}

/// Gives the path of the metrics, unless they are off.
fn bring_metrics(
    component: &mut Component,
    server: &dyn Server,
    ports: &BTreeMap<&'static str, String>,
) -> Option<String> {
    let (port, path) = server.metrics()?;
    let Switch::On(metrics) = component.metrics.get_or_insert_with(|| Switch::On(Metrics::default())) else {
        return None;
    };
    if metrics.port.is_none() {
        metrics.port = ports.get(port).map(|name| PortText(name.clone()));
    }
    let path = metrics.path.get_or_insert_with(|| UrlPath(path.into()));
    Some(path.to_string())
}

/// A start with its budget, quick readiness, loose liveness.
fn probes(ready: &str, live: &str, port: &str, budget: u64) -> Probes {
    let ask = |path: &str, period, timeout| Probe {
        path: Some(UrlPath(path.to_owned())),
        port: Some(PortText(port.into())),
        period: Some(Duration(period)),
        timeout: Some(Duration(timeout)),
        ..Probe::default()
    };
    Probes {
        startup: within(budget, ask(ready, 10, 5)),
        ready: failures(3, ask(ready, 10, 5)),
        live: failures(6, ask(live, 20, 10)),
    }
}

/// The budget of a start in seconds: the weights at 50 MiB a second from elsewhere, and at 100 MiB a second
/// into memory, half of it from a disk behind the network; and what the server does before it answers. In
/// whole minutes, at least five; ten where the size is not known.
fn budget(model: &Model, server: &dyn Server) -> u64 {
    let Some(size) = model.size.map(Quantity::units) else { return UNKNOWN_BUDGET + server.warm_up() };
    let takes = |rate: i64| u64::try_from(size / rate).unwrap_or_default() + 1;
    let (download, load) = match &model.source {
        ModelSource::ObjectStore { .. } | ModelSource::Hub { .. } | ModelSource::Web(_) => (takes(DOWNLOAD), LOAD),
        ModelSource::Claim { .. } | ModelSource::Volume { .. } => (0, NETWORK_LOAD),
        ModelSource::BakedIn | ModelSource::Image(_) => (0, LOAD),
    };
    ((download + takes(load)).max(LEAST_BUDGET) + server.warm_up()).next_multiple_of(60)
}

/// GPUs of one pod.
fn gpus(component: &Component) -> i64 {
    let Some(gpu) = component.gpu.as_ref().and_then(Switch::on) else { return 0 };
    let claimed = gpu.claim.as_ref().map(|claim| claim.count.map_or(1, |count| count.0));
    claimed.unwrap_or_else(|| gpu.count.map_or(1, |count| count.0))
}

/// Pods that serve one copy of the model together.
pub(super) fn nodes(component: &Component) -> i64 {
    let gpu = component.gpu.as_ref().and_then(Switch::on);
    gpu.and_then(|gpu| gpu.nodes).map_or(1, |nodes| nodes.0)
}

/// Seconds between SIGTERM and SIGKILL.
fn drain(component: &Component) -> u64 {
    let shutdown = component.shutdown.as_ref();
    let grace = shutdown.and_then(|shutdown| shutdown.grace).map_or(30, |grace| grace.0);
    grace.saturating_sub(shutdown.and_then(|shutdown| shutdown.delay).map_or(0, |delay| delay.0))
}

/// The name in requests.
fn served(model: &Model) -> &str {
    brought::text(model.served_name.as_ref()).unwrap_or(&model.name)
}

/// `model`, the name in requests; and `openaiUrl`, where the server speaks that API.
pub(super) fn outputs(component: &Component, url: Option<&Output>) -> BTreeMap<String, Output> {
    let model = component.model.as_ref().map(|model| ("model".to_owned(), Output::Plain(served(model).to_owned())));
    let speaks = component.runtime.is_some_and(|runtime| runtime::server(runtime).speaks_openai());
    let openai = match url {
        Some(Output::Plain(url)) if speaks => Some(("openaiUrl".to_owned(), Output::Plain(format!("{url}/v1")))),
        _ => None,
    };
    model.into_iter().chain(openai).collect()
}

#[cfg(test)]
mod tests;
