//! The page of each finding: its bad example yields the code, its good example compiles clean.
//!
//! A block of YAML is a part of a system, or of an environment where it starts with a key that only an environment
//! has; a block whose fence says `text PATH` is a file beside them. What a block leaves out is that of the sample below.

use libtest_mimic::{Arguments, Failed, Trial};
use std::collections::BTreeMap;
use windlass::diagnostic::{Code, Diagnostic, Diagnostics, Format, Options, Severity, code, explain, render};
use windlass::load::{Files, load};

/// Codes that no text of a page yields: they are about disks, folders, the command itself, or sheer size.
const BEYOND_TEXT: &[Code] = &[
    code::FILE_TOO_LARGE,
    code::NOT_UTF8,
    code::SYSTEM_NOT_FOUND,
    code::ENVIRONMENT_NOT_FOUND,
    code::ANNOTATIONS_TOO_LARGE,
    code::CONFIG_TOO_LARGE,
    code::INDEX_CONFLICT,
    code::STAGED_STALE,
    code::PLUGIN_PARAMETER,
    code::PLUGIN_EMPTY,
    code::PLUGIN_CONFIG,
    code::FORGE_FAILED,
    code::NO_REPOSITORY,
    code::REFERENCE_UNKNOWN,
    code::HISTORY_MISSING,
    code::GIT_FAILED,
    code::PUBLISH_TARGET,
    code::PUSH_REFUSED,
    code::PUSH_LOST,
    code::PUBLISH_CASE,
    code::SOURCE_DIRTY,
    code::IDENTITY_MISSING,
    code::OBJECTS_UNREADABLE,
    code::ACKNOWLEDGEMENT_UNUSED,
    code::RISK_STOPS,
    code::BASE_UNUSABLE,
    code::OUTPUT_PATH,
    code::OUTPUT_EDITED,
    code::OUTPUT_FOREIGN,
    code::OUTPUT_OBSTRUCTED,
    code::OUTPUT_PRUNE,
    code::OUTPUT_LOCK,
    code::OUTPUT_UNWRITABLE,
    code::BUG,
];

const SYSTEM: &str = "apiVersion: windlass/v1\nkind: System\nname: shop\n";
const ENVIRONMENT: &str = "apiVersion: windlass/v1\nkind: Environment\nname: production\n";
const TIER: &str = "tier: production\n";
const TARGET: &str = "\
target:
  kubernetes: \"1.35\"
  features: [metrics-server, prometheus-operator, dcgm, keda, vpa, cloudnative-pg, barman-cloud, gateway-api,
    cert-manager, external-secrets, grafana-sidecar]
  gateway: {name: public, namespace: gateway-system, tls: gateway}
  issuer: {kind: ClusterIssuer, name: letsencrypt}
  secretStore: {kind: ClusterSecretStore, name: vault}
  prometheus: {address: \"http://prometheus.monitoring:9090\"}
  objectStore: {cidrs: [10.20.0.0/16]}
";
const COMPONENT: &str = "\
components:
  api:
    kind: backend
    image: registry.example.com/api:1.0.0
    ports: {http: 8000}
    health: {ready: /ready, live: /live}
    replicas: 2
    resources: {requests: {cpu: 100m, memory: 128Mi}}
";

fn main() {
    let trials = code::ALL.iter().map(|code| Trial::test(format!("{} {}", code.id, code.name), move || holds(*code)));
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit();
}

fn holds(code: Code) -> Result<(), Failed> {
    let page = explain::page(code);
    let (head, rest) = page.split_once("\n## Why\n").ok_or("`## Why` is missing")?;
    if head.lines().count() < 3 || rest.trim().is_empty() {
        return Err("it does not say what it is and why".into());
    }
    if let Some(long) = page.lines().find(|line| line.chars().count() > 120) {
        return Err(format!("a line is too long for a terminal: {long}").into());
    }
    if BEYOND_TEXT.contains(&code) {
        return Ok(());
    }
    let bad = section(&page, "## Bad").ok_or("`## Bad` is missing")?;
    let good = section(&page, "## Good").ok_or("`## Good` is missing")?;
    let (found, shown) = compile(&blocks(bad));
    if !found.iter().any(|finding| finding.code == code) {
        return Err(format!("the bad example does not yield it, but:\n{shown}").into());
    }
    let (found, shown) = compile(&blocks(good));
    if found.iter().any(|finding| finding.severity != Severity::Note || finding.code == code) {
        return Err(format!("the good example is not clean:\n{shown}").into());
    }
    Ok(())
}

fn section<'p>(page: &'p str, title: &str) -> Option<&'p str> {
    let start = page.find(&format!("\n{title}\n"))? + title.len() + 2;
    let rest = &page[start..];
    Some(rest.find("\n## ").map_or(rest, |end| &rest[..end]))
}

/// The fenced blocks of a section: what the fence says, and the text.
fn blocks(section: &str) -> Vec<(String, String)> {
    let mut blocks = Vec::new();
    let mut open: Option<(String, String)> = None;
    for line in section.lines() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(info), None) => open = Some((info.trim().to_owned(), String::new())),
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (None, Some((_, text))) => {
                text.push_str(line);
                text.push('\n');
            }
            (None, None) => {}
        }
    }
    blocks
}

/// Keys that only an environment has.
const OF_ENVIRONMENT: &[&str] =
    &["target", "tier", "namespace", "policy", "overrides", "extends", "abstract", "output", "delivery", "schemas"];

fn compile(blocks: &[(String, String)]) -> (Vec<Diagnostic>, String) {
    let (mut system, mut environment) = (None, None);
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    for (info, text) in blocks {
        let first = text.lines().find(|line| !line.starts_with('#') && !line.trim().is_empty()).unwrap_or_default();
        let key = first.split(':').next().unwrap_or_default();
        match info.split_once(' ') {
            Some((_, path)) => {
                files.insert(path.to_owned(), text.clone());
            }
            None if text.contains("kind: Environment\n") || OF_ENVIRONMENT.contains(&key) => environment = Some(text),
            None if info == "yaml" => system = Some(text),
            None => {}
        }
    }
    let whole = |text: &String| text.contains("apiVersion: windlass/v1\n");
    let system = match system {
        None => format!("{SYSTEM}{COMPONENT}"),
        Some(text) if whole(text) => text.clone(),
        Some(text) if has_key(text, "components") || has_key(text, "include") => format!("{SYSTEM}{text}"),
        Some(text) => format!("{SYSTEM}{COMPONENT}{text}"),
    };
    let environment = match environment {
        None => format!("{ENVIRONMENT}{TIER}{TARGET}"),
        Some(text) if whole(text) => text.clone(),
        Some(text) => {
            let tier = if has_key(text, "tier") { "" } else { TIER };
            let target = if has_key(text, "target") || has_key(text, "extends") { "" } else { TARGET };
            format!("{ENVIRONMENT}{tier}{target}{text}")
        }
    };
    files.insert("system.yaml".into(), system);
    files.insert("environments/production.yaml".into(), environment);
    findings(&files)
}

fn has_key(text: &str, key: &str) -> bool {
    text.lines().any(|line| line.strip_prefix(key).is_some_and(|rest| rest.starts_with(':')))
}

fn findings(files: &BTreeMap<String, String>) -> (Vec<Diagnostic>, String) {
    let mut found = Diagnostics::new();
    let read = |path: &str| {
        files
            .get(path)
            .map(|text| text.clone().into_bytes())
            .ok_or_else(|| Diagnostic::error(code::FILE_UNREADABLE, format!("`{path}` does not exist")))
    };
    let expand = |pattern: &str| {
        let (before, after) = pattern.split_once('*').unwrap_or((pattern, ""));
        Ok(files.keys().filter(|path| path.starts_with(before) && path.ends_with(after)).cloned().collect())
    };
    let environments: Vec<String> = files.keys().filter(|path| path.starts_with("environments/")).cloned().collect();
    let (sources, loaded) = load(Files { read: &read, expand: &expand }, "system.yaml", &environments, &mut found);
    if let Some(loaded) = loaded {
        let mut allowed = loaded.settle(&mut found);
        for environment in loaded.environments.iter().filter(|environment| !environment.is_abstract) {
            let compiled = windlass::compile(&loaded, environment);
            found.extend(compiled.found);
            allowed.extend(compiled.allowed);
        }
        found.extend(loaded.unused_allowances(&allowed));
    }
    let list: Vec<Diagnostic> = found.into_iter().collect();
    let shown = render(Format::Text, &sources, &list, &Options { limit: None, ..Options::default() });
    (list, shown)
}
