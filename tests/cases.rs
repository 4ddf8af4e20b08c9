//! One named test for each folder under `cases/` and each example; see README.md beside this file.
#![expect(clippy::disallowed_methods, reason = "the tests read and bless the folders")]

use libtest_mimic::{Arguments, Failed, Trial};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use windlass::diagnostic::explain::is_firm;
use windlass::diagnostic::{Diagnostic, Diagnostics, Severity};
use windlass::diagnostic::{Format, Options, render};
use windlass::load::{Files, Loaded, load};
use windlass::source::Sources;
use windlass::workspace::{FILE_LIMIT, Workspace};

fn main() {
    let arguments = Arguments::from_args();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut trials = Vec::new();
    for case in folders(&root.join("tests/cases/build")) {
        trials.push(trial("build", &case, build));
    }
    for case in folders(&root.join("tests/cases/reject")) {
        trials.push(trial("reject", &case, reject));
    }
    for case in folders(&root.join("examples")) {
        trials.push(trial("example", &case, example));
    }
    libtest_mimic::run(&arguments, trials).exit();
}

fn trial(group: &str, case: &Path, test: fn(&Path) -> Result<(), Failed>) -> Trial {
    let case = case.to_path_buf();
    let name = case.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Trial::test(format!("{group}/{name}"), move || test(&case))
}

fn folders(parent: &Path) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = fs::read_dir(parent)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    folders
}

/// What compiling all environments of a case gave.
struct Outcome {
    /// The stream of each environment that compiled, and under `<environment>.delivery` what delivers it.
    streams: BTreeMap<String, String>,
    /// The findings as a user without a terminal sees them.
    findings: String,
    failed: bool,
}

fn compile(case: &Path) -> Outcome {
    let workspace = Workspace::at(case).expect("the case is a folder");
    let mut found = Diagnostics::new();
    let read = |path: &str| workspace.read(path, FILE_LIMIT).map_err(Diagnostic::from);
    let expand = |pattern: &str| workspace.expand(pattern).map_err(Diagnostic::from);
    let environments = workspace.environments("system.yaml", None).unwrap_or_else(|finding| {
        found.push(finding);
        Vec::new()
    });
    let (sources, loaded) = load(Files { read: &read, expand: &expand }, "system.yaml", &environments, &mut found);
    let mut streams = BTreeMap::new();
    if let Some(loaded) = &loaded {
        streams = compile_environments(loaded, &mut found);
    }
    Outcome { streams, failed: found.has_errors(), findings: shown(&sources, found) }
}

fn compile_environments(loaded: &Loaded, found: &mut Diagnostics) -> BTreeMap<String, String> {
    let mut streams = BTreeMap::new();
    let mut allowed = loaded.settle(found);
    for environment in loaded.environments.iter().filter(|environment| !environment.is_abstract) {
        let compiled = windlass::compile(loaded, environment);
        found.extend(compiled.found);
        allowed.extend(compiled.allowed);
        if let Some(objects) = compiled.objects {
            streams
                .insert(environment.name.clone(), windlass::stream(&objects).expect("objects can be printed").concat());
            let delivery = delivery(&objects);
            if !delivery.is_empty() {
                streams.insert(format!("{}.delivery", environment.name), delivery);
            }
        }
    }
    if !found.has_errors() {
        found.extend(loaded.unused_allowances(&allowed));
    }
    streams
}

/// The files of the delivery, each under its path.
fn delivery(objects: &[windlass::kube::Object]) -> String {
    let tree = windlass::render(objects).expect("objects can be printed");
    let files = tree.iter().filter(|(path, _)| path.starts_with("delivery/"));
    let texts: Vec<String> =
        files.map(|(path, file)| format!("--- # {path}\n{}", String::from_utf8_lossy(&file.bytes))).collect();
    texts.concat()
}

fn shown(sources: &Sources, found: Diagnostics) -> String {
    let list: Vec<Diagnostic> = found.sorted().into_iter().collect();
    for finding in &list {
        let is_fact = finding.severity == Severity::Error && !finding.is_judgement();
        assert!(is_fact || !is_firm(finding.code), "{} is no fact here, and its page says that it is", finding.code.id);
    }
    if list.is_empty() {
        String::new()
    } else {
        render(Format::Text, sources, &list, &Options { limit: None, ..Options::default() })
    }
}

/// A system that compiles: `expected/<environment>.yaml`, and `expected/findings.txt` where there are any.
fn build(case: &Path) -> Result<(), Failed> {
    let outcome = compile(case);
    if outcome.failed {
        return Err(outcome.findings.into());
    }
    for (environment, stream) in &outcome.streams {
        verify_stream(stream)?;
        expect(&case.join(format!("expected/{environment}.yaml")), stream)?;
    }
    expect(&case.join("expected/findings.txt"), &outcome.findings)
}

/// A system that does not: `expected.txt` holds every finding.
fn reject(case: &Path) -> Result<(), Failed> {
    let outcome = compile(case);
    if !outcome.failed {
        return Err(format!("compiled, with these findings:\n{}", outcome.findings).into());
    }
    expect(&case.join("expected.txt"), &outcome.findings)
}

/// An example compiles for every environment, and the trees beside it are up to date.
fn example(case: &Path) -> Result<(), Failed> {
    let root = case.parent().and_then(Path::parent).unwrap_or(case);
    let workspace = Workspace::at(root).map_err(|error| format!("{error:?}"))?;
    let system = workspace.path_of(&case.join("system.yaml")).map_err(|error| format!("{error:?}"))?;
    let environments = workspace.environments(&system, None).map_err(|finding| finding.message)?;
    let mut found = Diagnostics::new();
    let read = |path: &str| workspace.read(path, FILE_LIMIT).map_err(Diagnostic::from);
    let expand = |pattern: &str| workspace.expand(pattern).map_err(Diagnostic::from);
    let (sources, loaded) = load(Files { read: &read, expand: &expand }, &system, &environments, &mut found);
    let Some(loaded) = loaded else { return Err(shown(&sources, found).into()) };
    for environment in loaded.environments.iter().filter(|environment| !environment.is_abstract) {
        let compiled = windlass::compile(&loaded, environment);
        found.extend(compiled.found);
        let Some(objects) = compiled.objects else { return Err(shown(&sources, found).into()) };
        verify_stream(&windlass::stream(&objects).expect("objects can be printed").concat())?;
        up_to_date(&root.join(&environment.output), &objects)?;
    }
    Ok(())
}

fn up_to_date(folder: &Path, objects: &[windlass::kube::Object]) -> Result<(), Failed> {
    let tree = windlass::render(objects).map_err(|finding| finding.message)?;
    if blessing() {
        windlass::workspace::write(folder, &tree, windlass::workspace::WriteOptions { force: true, allow_prune: true })
            .map_err(|error| format!("{error:?}"))?;
    }
    let comparison = windlass::workspace::compare(folder, &tree).map_err(|error| format!("{error:?}"))?;
    if comparison.is_clean() {
        Ok(())
    } else {
        Err(format!("{}: {comparison:#?}\nrun with BLESS=1, then read the diff", folder.display()).into())
    }
}

/// A stream reads back in an independent reader, and each object as its own kind of Kubernetes.
fn verify_stream(stream: &str) -> Result<(), Failed> {
    use serde::Deserialize as _;
    for document in serde_yaml::Deserializer::from_str(stream) {
        let object = serde_json::Value::deserialize(document)
            .map_err(|error| format!("an independent reader refuses the output: {error}"))?;
        verify_object(&object)?;
    }
    Ok(())
}

/// Reading an object as its typed kind and writing it again loses nothing: every field is known, and of
/// the right type.
fn verify_object(object: &serde_json::Value) -> Result<(), Failed> {
    macro_rules! kinds {
        ($($name:literal => $kind:ty,)*) => {
            match object["kind"].as_str().unwrap_or_default() {
                $($name if !is_operators(object) => round_trip::<$kind>(object),)*
                _ => Ok(()),
            }
        };
    }
    use k8s_openapi::api::{apps::v1 as apps, autoscaling::v2 as autoscaling, batch::v1 as batch, core::v1 as core};
    use k8s_openapi::api::{networking::v1 as networking, policy::v1 as policy, rbac::v1 as rbac};
    kinds! {
        "Namespace" => core::Namespace, "ResourceQuota" => core::ResourceQuota, "LimitRange" => core::LimitRange,
         "ConfigMap" => core::ConfigMap, "Service" => core::Service,
        "ServiceAccount" => core::ServiceAccount, "PersistentVolumeClaim" => core::PersistentVolumeClaim,
        "Deployment" => apps::Deployment, "StatefulSet" => apps::StatefulSet,
        "Job" => batch::Job, "CronJob" => batch::CronJob,
        "NetworkPolicy" => networking::NetworkPolicy, "Ingress" => networking::Ingress,
        "PodDisruptionBudget" => policy::PodDisruptionBudget,
        "HorizontalPodAutoscaler" => autoscaling::HorizontalPodAutoscaler,
        "Role" => rbac::Role, "RoleBinding" => rbac::RoleBinding,
        "ClusterRole" => rbac::ClusterRole, "ClusterRoleBinding" => rbac::ClusterRoleBinding,
    }
}

/// Groups of operators have a dot that is not Kubernetes' own.
fn is_operators(object: &serde_json::Value) -> bool {
    let group = object["apiVersion"].as_str().unwrap_or_default().split('/').next().unwrap_or_default();
    group.contains('.') && !group.ends_with(".k8s.io")
}

fn round_trip<T: serde::de::DeserializeOwned + serde::Serialize>(object: &serde_json::Value) -> Result<(), Failed> {
    let name = format!("{} {}", object["kind"], object["metadata"]["name"]);
    let typed: T = serde_json::from_value(object.clone()).map_err(|error| format!("{name}: {error}"))?;
    let mut back = serde_json::to_value(typed).map_err(|error| format!("{name}: {error}"))?;
    if let Some(map) = back.as_object_mut() {
        map.remove("status");
    }
    if sorted(&back) == sorted(object) {
        Ok(())
    } else {
        Err(format!("{name}: a field is not one of Kubernetes").into())
    }
}

/// The same value whatever the order of its keys.
fn sorted(value: &serde_json::Value) -> serde_json::Value {
    match value {
        serde_json::Value::Object(map) => map
            .iter()
            .map(|(key, value)| (key.clone(), sorted(value)))
            .collect::<BTreeMap<_, _>>()
            .into_iter()
            .collect(),
        serde_json::Value::Array(items) => items.iter().map(sorted).collect(),
        scalar => scalar.clone(),
    }
}

fn blessing() -> bool {
    std::env::var_os("BLESS").is_some()
}

/// Compares with the file beside the case; an empty text means that there is no file.
fn expect(path: &Path, actual: &str) -> Result<(), Failed> {
    if blessing() {
        return bless(path, actual).map_err(|error| format!("{}: {error}", path.display()).into());
    }
    let expected = fs::read_to_string(path).unwrap_or_default();
    if expected == actual {
        return Ok(());
    }
    let diff = similar::TextDiff::from_lines(expected.as_str(), actual)
        .unified_diff()
        .context_radius(3)
        .header("expected", "actual")
        .to_string();
    Err(format!("{} differs; run with BLESS=1, then read the diff\n{diff}", path.display()).into())
}

fn bless(path: &Path, actual: &str) -> std::io::Result<()> {
    if actual.is_empty() {
        return if path.exists() { fs::remove_file(path) } else { Ok(()) };
    }
    path.parent().map_or(Ok(()), fs::create_dir_all)?;
    fs::write(path, actual)
}
