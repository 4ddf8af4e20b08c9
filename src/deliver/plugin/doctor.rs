//! What Argo CD will do with a `plugin.yaml`, and what is wrong with it.

use super::{NAME, version};
use crate::diagnostic::{Diagnostic, Diagnostics, code, listed, nearest};
use crate::document::{Node, Value};
use crate::source::{FileId, Span};
use crate::yaml;

/// The keys of `spec` that Argo CD reads.
const KEYS: &[&str] = &["version", "init", "generate", "discover", "parameters", "preserveFileMode", "provideGitCreds"];
/// The whole repository is one message to the sidecar.
const MESSAGE_LIMIT: u64 = 100 << 20;

/// What is around the plugin where it is looked at.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// `TMPDIR`, or what stands for it, cannot be written.
    pub no_temporary_folder: bool,
    /// `ARGOCD_EXEC_TIMEOUT` is set.
    pub has_exec_timeout: bool,
    /// The bytes of the files around, with those of Git.
    pub bytes: u64,
    /// The bytes of Git's own among them.
    pub bytes_of_git: u64,
}

/// Examines the settings of a plugin.
pub fn examine(file: FileId, text: &str, around: &Surroundings, found: &mut Diagnostics) {
    let Some(document) = yaml::parse(file, text, found) else { return };
    let root = &document.root;
    let start = Span::new(file, 0, 0);
    starts(root, start, found);
    let spec = root.get("spec");
    if let Some(map) = spec.and_then(Node::as_map) {
        for (key, entry) in map.iter().filter(|(key, _)| !KEYS.contains(&key.as_str())) {
            let finding = Diagnostic::warning(code::PLUGIN_CONFIG, format!("Argo CD ignores `spec.{key}`"))
                .label(entry.key, "not read");
            found.push(match nearest(key, KEYS.iter().copied()) {
                Some(near) => finding.help(format!("a similar key is `{near}`")),
                None => finding.help(format!("keys are {}", listed(KEYS.iter().copied()))),
            });
        }
    }
    let Some(spec) = spec else { return };
    commands(spec, found);
    named(root, spec, start, found);
    if let Some(discover) = spec.get("discover") {
        discovers(discover, found);
    }
    surroundings(around, found);
}

/// What the plugin server asks before it starts.
fn starts(root: &Node, start: Span, found: &mut Diagnostics) {
    let span = |node: Option<&Node>| node.map_or(start, |node| node.span);
    let text = |node: Option<&Node>| node.and_then(Node::as_text).unwrap_or_default().to_owned();
    let stops = |message: &str, span: Span, help: String| {
        Diagnostic::error(code::PLUGIN_CONFIG, message)
            .label(span, "here")
            .reason("argocd-cmp-server asks this before it starts, and ends")
            .help(help)
    };
    let kind = root.get("kind");
    if text(kind) != "ConfigManagementPlugin" {
        found.push(stops(
            "the plugin does not start: this is no ConfigManagementPlugin",
            span(kind),
            "write `kind: ConfigManagementPlugin`".into(),
        ));
    }
    let name = root.get("metadata").and_then(|metadata| metadata.get("name"));
    if text(name).is_empty() {
        found.push(stops(
            "the plugin does not start: it has no name",
            span(root.get("metadata")),
            format!("write `metadata: {{name: {NAME}}}`"),
        ));
    }
    let generate = root.get("spec").and_then(|spec| spec.get("generate")).and_then(|generate| generate.get("command"));
    if generate.and_then(|command| command.item(0)).is_none() {
        let help = "write `generate: {command: [windlass, argocd, generate]}`";
        found.push(stops("the plugin does not start: it generates nothing", span(root.get("spec")), help.into()));
    }
}

fn words(command: &Node) -> Vec<&str> {
    let list = |key: &str| match command.get(key).map(|node| &node.value) {
        Some(Value::List(items)) => items.iter().filter_map(Node::as_text).collect::<Vec<_>>(),
        _ => Vec::new(),
    };
    [list("command"), list("args")].concat()
}

fn commands(spec: &Node, found: &mut Diagnostics) {
    let dynamic = spec.get("parameters").and_then(|parameters| parameters.get("dynamic"));
    let expected = [(spec.get("init"), None), (spec.get("generate"), Some("generate")), (dynamic, Some("parameters"))];
    for (command, word) in expected.into_iter().filter_map(|(command, word)| Some((command?, word))) {
        let words = words(command);
        if words.first().is_some_and(|first| first.contains(' ')) {
            found.push(
                Diagnostic::error(code::PLUGIN_CONFIG, format!("there is no program called `{}`", words[0]))
                    .label(command.span, "one word for each part of the command")
                    .reason("Argo CD runs the command without a shell")
                    .help("write the words apart, as in `[windlass, argocd, generate]`"),
            );
        }
        let is_ours = words.first().is_some_and(|first| first.rsplit('/').next() == Some("windlass"));
        if let Some(word) = word.filter(|word| is_ours && !words.windows(2).any(|pair| pair == ["argocd", *word])) {
            found.push(
                Diagnostic::warning(code::PLUGIN_CONFIG, format!("this is not `windlass argocd {word}`"))
                    .label(command.span, "here")
                    .reason("only that reads what the Application says, and fails where there would be no output")
                    .help(format!("write `[windlass, argocd, {word}]`")),
            );
        }
    }
}

/// How Applications have to call the plugin, and when a new version of it counts.
fn named(root: &Node, spec: &Node, start: Span, found: &mut Diagnostics) {
    let name =
        root.get("metadata").and_then(|metadata| metadata.get("name")).and_then(Node::as_text).unwrap_or_default();
    match spec.get("version") {
        None => found.push(
            Diagnostic::warning(code::PLUGIN_CONFIG, "a new version of the plugin renders nothing anew")
                .label(start, "has no `spec.version`")
                .reason("the cache of Argo CD knows the commit and the Application, not the image of the plugin")
                .help(format!("write `version: {}`: it is a part of the name that Applications use", version())),
        ),
        Some(node) => {
            let text = node.as_text().unwrap_or_default();
            let called = format!(
                "Applications have to say `plugin: {{name: {name}-{text}}}`; the socket is `{name}-{text}.sock`"
            );
            found.push(Diagnostic::note(code::PLUGIN_CONFIG, called).label(node.span, "a part of the name"));
            if name == NAME && text != version() {
                found.push(
                    Diagnostic::warning(code::PLUGIN_CONFIG, format!("this is Windlass {}, and not {text}", version()))
                        .label(node.span, "another version")
                        .help(format!("write `version: {}`, and let the Applications say so", version())),
                );
            }
        }
    }
}

fn discovers(discover: &Node, found: &mut Diagnostics) {
    found.push(
        Diagnostic::warning(code::PLUGIN_CONFIG, "the repository is sent twice for each Application")
            .label(discover.span, "asked for every Application without a plugin of its own")
            .reason("with `discover`, Argo CD sends it once to ask and once to render; an Application that is found so gets no parameters")
            .help("take `discover` away, and name the plugin in the Applications"),
    );
    let rules = discover.as_map().map_or(0, crate::document::Map::len);
    if rules > 1 {
        found.push(
            Diagnostic::warning(code::PLUGIN_CONFIG, "only one rule of `discover` is looked at")
                .label(discover.span, format!("{rules} rules"))
                .reason("in this order: `fileName`, `find.glob`, `find.command`"),
        );
    }
}

fn surroundings(around: &Surroundings, found: &mut Diagnostics) {
    let mut note = |text: String| found.push(Diagnostic::note(code::PLUGIN_CONFIG, text));
    note(
        "a render has 60s, with the transfer of the repository: `controller.repo.server.timeout.seconds` and \
          `server.repo.server.timeout.seconds` in `argocd-cmd-params-cm`; then the process is killed"
            .into(),
    );
    note("file modes and times are lost on the way, unless `preserveFileMode`; Windlass looks at neither".into());
    note("after an update without a new version or commit: hard refresh; errors are cached too".into());
    if around.has_exec_timeout {
        note("`ARGOCD_EXEC_TIMEOUT` does not count for plugins".into());
    }
    if around.bytes_of_git > around.bytes / 2 && around.bytes_of_git > 1 << 20 {
        note(format!(
            "most of what is sent is Git's own, which Windlass does not need: {} of {} MiB; leave it out with \
             `reposerver.plugin.tar.exclusions: \".git/*\"`",
            around.bytes_of_git >> 20,
            around.bytes >> 20
        ));
    }
    if around.bytes > MESSAGE_LIMIT {
        found.push(
            Diagnostic::warning(code::PLUGIN_CONFIG, format!("the repository has {} MiB", around.bytes >> 20))
                .reason("it is sent whole for every render of every Application")
                .help("leave out what is not needed: `reposerver.plugin.tar.exclusions`"),
        );
    }
    if around.no_temporary_folder {
        found.push(
            Diagnostic::error(code::PLUGIN_CONFIG, "the folder for temporary files cannot be written")
                .reason("the plugin server unpacks the repository there")
                .help("mount an `emptyDir` of its own at `/tmp`"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Severity;
    use crate::source::Sources;

    fn messages(text: &str, severity: Severity) -> Vec<String> {
        let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
        let file = sources.add("plugin.yaml", text);
        examine(file, text, &Surroundings::default(), &mut found);
        found.iter().filter(|finding| finding.severity == severity).map(|finding| finding.message.clone()).collect()
    }

    #[test]
    fn the_printed_plugin_is_healthy() {
        let text = super::super::Wiring {
            repository: String::new(),
            path: ".".into(),
            system: "x".into(),
            environments: Vec::new(),
            image: String::new(),
        }
        .print(Some(super::super::Part::Plugin));
        assert_eq!((messages(&text, Severity::Error), messages(&text, Severity::Warning)), (vec![], vec![]));
    }

    #[test]
    fn what_stops_the_server_is_an_error() {
        let errors = messages("kind: Plugin\nmetadata: {}\nspec: {generate: {}}\n", Severity::Error);
        assert_eq!(errors.len(), 3, "{errors:?}");
        let shell = "kind: ConfigManagementPlugin\nmetadata: {name: x}\nspec: {generate: {command: [windlass argocd generate]}}\n";
        assert_eq!(messages(shell, Severity::Error), ["there is no program called `windlass argocd generate`"]);
    }

    #[test]
    fn what_surprises_is_a_warning() {
        let text = "kind: ConfigManagementPlugin\nmetadata: {name: windlass}\nspec:\n  lockRepo: true\n  generate: {command: \
                    [windlass, build]}\n  discover: {fileName: x, find: {glob: y}}\n";
        assert_eq!(messages(text, Severity::Warning).len(), 5, "{:?}", messages(text, Severity::Warning));
    }
}
