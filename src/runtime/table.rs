//! What a runtime brings, as a table of the documentation.

use super::{Server, Serving, server};
use crate::spec::{ModelFormat, Runtime, Vendor};
use std::collections::BTreeMap;
use std::fmt::Display;
use std::fmt::Write as _;

/// The rows of one runtime, in Markdown.
pub fn table(runtime: Runtime) -> String {
    let of = server(runtime);
    let ports: BTreeMap<&'static str, i64> = of.ports().iter().map(|(name, port)| (*name, i64::from(*port))).collect();
    let serving = sample(of, &ports);
    let mut text = String::from("| part | value |\n|---|---|\n");
    for (part, value) in rows(of, &serving).into_iter().filter(|(_, value)| !value.is_empty()) {
        // A table is text: writing to it cannot fail.
        let _ = writeln!(text, "| {part} | {value} |");
    }
    text
}

/// A model on one GPU of NVIDIA, from a folder.
fn sample<'a>(of: &dyn Server, ports: &'a BTreeMap<&'static str, i64>) -> Serving<'a> {
    Serving {
        model: "<name>",
        served: "<name>",
        revision: None,
        folder: "/models/<name>",
        place: "/models/<name>",
        repository: None,
        file: None,
        among_others: false,
        ports,
        metrics: of.metrics().map(|(_, path)| path),
        flags: &[],
        vendor: Some(Vendor::Nvidia),
        gpus: 1,
        nodes: 1,
        context: None,
        format: None,
        drain: of.shutdown().map_or(30, |(grace, delay)| grace - delay),
    }
}

fn rows(of: &dyn Server, serving: &Serving<'_>) -> Vec<(&'static str, String)> {
    let whole = Serving { repository: Some("ORG/NAME"), gpus: 2, context: Some(8192), ..serving.clone() };
    let more: Vec<String> =
        of.arguments(&whole).into_iter().filter(|word| !of.arguments(serving).contains(word)).collect();
    let speaks = of.speaks_openai().then_some("`openaiUrl`").into_iter().chain(["`model`"]);
    vec![
        ("image", images(of)),
        ("ports", listed(of.ports().iter().map(|(name, port)| code(format!("{name}: {port}"))))),
        ("arguments", words(of.program().iter().map(ToString::to_string).chain(of.arguments(serving)))),
        ("with two GPUs, a model of the hub and `context`", words(more)),
        ("environment", listed(of.environment(serving).iter().map(|(name, value)| code(format!("{name}={value}"))))),
        ("probes", probes(of, serving)),
        ("start", start(of)),
        ("metrics", of.metrics().map(|(port, path)| format!("`{path}` on `{port}`")).unwrap_or_default()),
        ("`runtime` metrics", listed(of.scaling().iter().map(|(name, own)| format!("`{name}` ({})", code(own))))),
        ("requests", requests(of)),
        ("shutdown", of.shutdown().map(shutdown).unwrap_or_default()),
        (
            "user",
            of.ports().first().map(|_| of.user().unwrap_or(crate::model::DEFAULT_USER).to_string()).unwrap_or_default(),
        ),
        ("writable", writable(of)),
        (
            "formats",
            if of.formats() == ModelFormat::ALL { String::new() } else { listed(of.formats().iter().map(code)) },
        ),
        ("outputs", listed(speaks)),
        ("several nodes", if of.spans_nodes() { "yes".into() } else { String::new() }),
    ]
}

fn images(of: &dyn Server) -> String {
    let variant =
        |of_vendor: (&str, Option<Vendor>)| of.image(of_vendor.1).map(|image| format!("{}: `{image}`", of_vendor.0));
    let vendors = Vendor::ALL.iter().map(|vendor| (vendor.text(), Some(*vendor)));
    let all: Vec<String> = vendors.chain([("without a GPU", None)]).filter_map(variant).collect();
    all.join("; ")
}

fn probes(of: &dyn Server, serving: &Serving<'_>) -> String {
    let Some(ready) = of.ready(serving) else { return String::new() };
    match of.live(serving).filter(|live| *live != ready) {
        Some(live) => format!("start and readiness `GET {ready}`, liveness `GET {live}`"),
        None => format!("`GET {ready}`"),
    }
}

fn start(of: &dyn Server) -> String {
    let reads = "5 minutes at least, 10 where `model.size` is not written; the time to fetch and load the weights";
    match (of.ports().first(), of.warm_up()) {
        (None, _) => String::new(),
        (_, 0) => reads.to_owned(),
        (_, seconds) => format!("{reads}, and {} minutes to warm up", seconds / 60),
    }
}

fn requests(of: &dyn Server) -> String {
    let one = |gpu: bool| listed(of.requests(None, gpu).iter().map(|(name, amount)| format!("{name} {amount}")));
    let size = Some(super::gibibytes(1));
    let grows = |gpu: bool| if of.requests(size, gpu) == of.requests(None, gpu) { "" } else { " and `model.size`" };
    match (one(true), one(false)) {
        (with, without) if with.is_empty() && without.is_empty() => String::new(),
        (with, without) if with == without && grows(true) == grows(false) => format!("{with}{}", grows(true)),
        (with, without) => {
            format!("with a GPU {with}{}; without one {without}{}", grows(true), grows(false))
        }
    }
}

fn shutdown((grace, delay): (u64, u64)) -> String {
    format!("{delay} s of still serving, {grace} s in all")
}

fn writable(of: &dyn Server) -> String {
    let own = of.writable(Some(Vendor::Nvidia)).iter().map(|(_, path)| code(path));
    let shared = of.shares_memory().then(|| "`/dev/shm` with several GPUs".to_owned());
    let tmp = of.ports().first().map(|_| code("/tmp"));
    listed(tmp.into_iter().chain(own).chain(shared))
}

fn code(text: impl Display) -> String {
    format!("`{text}`")
}

fn words(all: impl IntoIterator<Item = String>) -> String {
    let all: Vec<String> = all.into_iter().collect();
    if all.is_empty() { String::new() } else { code(all.join(" ")) }
}

fn listed(all: impl IntoIterator<Item = impl Display>) -> String {
    all.into_iter().map(|one| one.to_string()).collect::<Vec<_>>().join(", ")
}
