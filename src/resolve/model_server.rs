//! A model on a server that the compiler knows: what the runtime's table says goes under what the
//! author wrote.
//!
//! Promises: arguments go to `args` and never to `command`; a flag, variable, path, port or probe of the
//! author's own takes the place of the generated one; `runtimeArgs: false` leaves out all arguments.

use super::brought::{Probes, env_text, failures, scratch, within};
use super::weights::{self, Weights};
use super::{Completion, arguments, brought};
use crate::diagnostic::code;
use crate::document::{Finding, at};
use crate::model::{Output, Quantity};
use crate::runtime::{self, Server, Serving};
use crate::spec::{
    Component, Duration, ImageText, Kind, Metrics, Model, ModelSource, PortText, Probe, Switch, UrlPath, Vendor,
};
use std::collections::BTreeMap;

/// A start takes at least this long before it is given up, in seconds.
const LEAST_BUDGET: u64 = 300;
/// The same where the size of the weights is not known.
const UNKNOWN_BUDGET: u64 = 600;
/// What is reckoned with, in bytes a second: a download from an object store, and loading from the disk.
const DOWNLOAD: i64 = 50 << 20;
const LOAD: i64 = 100 << 20;

/// A component with what its runtime brings.
pub(super) fn complete(key: &str, mut component: Component, cx: &mut Completion<'_, '_>) -> Component {
    if component.is_enabled() {
        require(key, &component, cx);
    }
    let (Some(runtime), Some(model)) = (component.runtime, component.model.clone()) else { return component };
    let server = runtime::server(runtime);
    if component.is_enabled() {
        report(key, &model, server, cx);
    }
    let gpu = has_nvidia_gpu(&component);
    if let Some(image) = server.image(gpu) {
        component.image.get_or_insert_with(|| ImageText(image.into()));
    }
    let ports: BTreeMap<&'static str, String> =
        server.ports().iter().map(|(name, number)| (*name, component.bring_port(name, *number))).collect();
    let metrics = bring_metrics(&mut component, server, &ports);
    let weights = weights::bring(key, &mut component, &model, server, cx);
    bring_serving(
        &mut component,
        &model,
        server,
        &Place { ports: &ports, metrics: metrics.as_deref(), weights: &weights, gpu },
    );
    bring_operation(&mut component, &model, server, gpu);
    component
}

fn require(key: &str, component: &Component, cx: &mut Completion<'_, '_>) {
    if component.runtime.is_none() {
        cx.missing(key, "runtime", "runtime: tensorflow-serving");
    }
    if component.model.is_none() {
        cx.missing(key, "model", "model: {name: codegen, source: \"s3://models/codegen\", revision: \"7\"}");
    }
}

/// What the runtime cannot take.
fn report(key: &str, model: &Model, server: &dyn Server, cx: &mut Completion<'_, '_>) {
    let path = at!["components", key, "model"];
    if !server.accepts(&model.source) {
        cx.findings.push(
            Finding::error(
                code::MODEL_SOURCE,
                path.join("source"),
                format!("{} cannot take weights from there", server.title()),
            )
            .label("not a source of this runtime")
            .help("name another source, or another `runtime`"),
        );
    }
    let Some(revision) = &model.revision else {
        if server.folder(&model.name).is_some() && matches!(model.source, ModelSource::ObjectStore { .. }) {
            cx.findings.push(not_pinned(key, server));
        }
        return;
    };
    if let Err(right) = server.check_revision(revision) {
        cx.findings.push(
            Finding::error(
                code::MODEL_REVISION,
                path.join("revision"),
                format!("`{}` is not a revision for {}", &**revision, server.title()),
            )
            .label(format!("must be {right}"))
            .reason("the server serves folders of a model by their number, and leaves the others alone")
            .help(format!("write {right}, and keep the weights in a folder of that name")),
        );
    }
}

fn not_pinned(key: &str, server: &dyn Server) -> Finding {
    Finding::warning(
        code::MODEL_NOT_PINNED,
        at!["components", key, "model"],
        format!("`{key}` does not say which revision it serves"),
    )
    .label("all revisions are downloaded, and the highest is served")
    .on_key()
    .reason("a pod that starts later may find a newer one, and no commit says so")
    .help(match server.check_revision("7") {
        Ok(()) => "write `revision:`, such as `revision: \"7\"`",
        Err(_) => "write `revision:`",
    })
}

/// Where and how the model is served.
struct Place<'a> {
    /// The name under which each port of the runtime is there.
    ports: &'a BTreeMap<&'static str, String>,
    metrics: Option<&'a str>,
    weights: &'a Weights,
    gpu: bool,
}

/// Arguments, environment, files and probes.
fn bring_serving(component: &mut Component, model: &Model, server: &dyn Server, place: &Place<'_>) {
    let flags = arguments::names(component.args.as_ref(), arguments::long);
    let listens = place.ports.iter().filter_map(|(name, own)| Some((*name, component.listens_on(own)?))).collect();
    let serving = Serving {
        served: served(model),
        revision: model.revision.as_deref(),
        folder: &place.weights.folder,
        among_others: place.weights.among_others,
        ports: &listens,
        metrics: place.metrics,
        flags: &flags,
        gpu: place.gpu,
    };
    let (generated, environment, files) =
        (server.arguments(&serving), server.environment(&serving), server.files(&serving));
    let ready = server.ready(&serving);
    // The files are there for the arguments alone.
    if component.runtime_args != Some(false) && !generated.is_empty() {
        component.args = Some(arguments::laid_over(generated, component.args.as_ref(), arguments::long));
        for (path, text) in files {
            component.bring_file(path, text);
        }
    }
    for (name, value) in environment {
        component.bring_env(name, env_text(value));
    }
    if let (Some(path), Some(port)) = (ready, place.ports.get("http")) {
        component.bring_health(&probes(&path, port, budget(model)));
    }
}

/// Resources, user, writable folders and shutdown.
fn bring_operation(component: &mut Component, model: &Model, server: &dyn Server, gpu: bool) {
    for (resource, amount) in server.requests(model.size) {
        component.bring_request(resource, amount);
    }
    if let Some(user) = server.user() {
        component.bring_user(user);
    }
    for (name, path) in server.writable(gpu) {
        component.bring_volume(name, scratch(path));
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

/// One path for all three: a start with its budget, quick readiness, loose liveness.
fn probes(path: &str, port: &str, budget: u64) -> Probes {
    let ask = |period, timeout| Probe {
        path: Some(UrlPath(path.to_owned())),
        port: Some(PortText(port.into())),
        period: Some(Duration(period)),
        timeout: Some(Duration(timeout)),
        ..Probe::default()
    };
    Probes { startup: within(budget, ask(10, 5)), ready: failures(3, ask(10, 5)), live: failures(6, ask(20, 10)) }
}

/// The budget of a start in seconds: the weights at 50 MiB a second from an object store and at 100 MiB a
/// second into memory, in whole minutes, at least five; ten where the size is not known.
fn budget(model: &Model) -> u64 {
    let Some(size) = model.size.map(Quantity::units) else { return UNKNOWN_BUDGET };
    let takes = |rate: i64| u64::try_from(size / rate).unwrap_or_default() + 1;
    let download = if matches!(model.source, ModelSource::ObjectStore { .. }) { takes(DOWNLOAD) } else { 0 };
    (download + takes(LOAD)).max(LEAST_BUDGET).next_multiple_of(60)
}

fn has_nvidia_gpu(component: &Component) -> bool {
    let gpu = component.gpu.as_ref().and_then(Switch::on);
    gpu.is_some_and(|gpu| gpu.vendor.is_none_or(|vendor| vendor == Vendor::Nvidia))
}

/// The name in requests.
fn served(model: &Model) -> &str {
    brought::text(model.served_name.as_ref()).unwrap_or(&model.name)
}

/// `model`, the name in requests.
pub(super) fn outputs(component: &Component) -> BTreeMap<String, Output> {
    let model = component.model.as_ref().map(|model| ("model".to_owned(), Output::Plain(served(model).to_owned())));
    model.into_iter().collect()
}

/// True where the pods fetch weights from an object store, which opens the way there.
pub(crate) fn reaches_object_store(component: &Component) -> bool {
    let source = component.model.as_ref().map(|model| &model.source);
    component.kind == Kind::Model && matches!(source, Some(ModelSource::ObjectStore { .. }))
}

#[cfg(test)]
mod tests;
