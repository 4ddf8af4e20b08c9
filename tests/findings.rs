//! What each format says about one fixed set of findings, and what none may ever do.
//!
//! `BLESS=1 cargo test --test findings` writes the golden files anew; read the difference before committing it.
#![expect(clippy::disallowed_methods, reason = "golden files are read from disk, and BLESS from the environment")]

use std::path::Path;
use std::sync::LazyLock;

use jsonschema::Validator;
use proptest::prelude::*;
use serde_json::Value;
use windlass::diagnostic::{Diagnostic, Format, Options, code, render, sanitize};
use windlass::source::{FileId, Sources, Span};

const SYSTEM: &str = "\
apiVersion: windlass/v1
kind: System
name: ai-training

components:
  api:
    kind: service
    image: registry.example.com/api:latest
    replcias: 3
    scale: {min: 2, max: 3}
    env:
      GREETING: \"三つの言葉\" # 日本語
      NOTE:\tplain\ttabs
      NOTE: again
  worker:
    kind: worker
    resources:
      requests:
        cpu: 500m
        memory: 2Gi
";

const ENVIRONMENT: &str = "\
kind: Environment
system: ai-training

target:
  kubernetes: \"1.33\"

components:
  api:
    scale:
      min: 5";

/// The texts, and spans found by what stands there.
struct Ground {
    sources: Sources,
    files: Vec<(FileId, String)>,
}

impl Ground {
    fn new() -> Self {
        let long = format!("token: {}SECRET{}\n", "abcdefgh".repeat(60), "0123456789".repeat(60));
        let escapes =
            "command: \"\u{1b}[2J\u{1b}]8;;http://example.com\u{7}click\" # \u{202e}gnp.exe\nbell: \u{9b}31m\n";
        let combining = "cafe\u{301}: cre\u{300}me\u{200b}\n";
        let texts = [
            ("system.yaml", SYSTEM),
            ("environments/production.yaml", ENVIRONMENT),
            ("long.yaml", &long),
            ("escapes.yaml", escapes),
            ("empty.yaml", ""),
            ("odd, name: 50%.yaml", combining),
        ];
        let mut sources = Sources::new();
        let files = texts.iter().map(|(path, text)| (sources.add(*path, *text), (*text).to_owned())).collect();
        Self { sources, files }
    }

    /// The `nth` occurrence (from 0) of `needle` in a file.
    fn nth(&self, file: usize, needle: &str, nth: usize) -> Span {
        let (id, text) = &self.files[file];
        let (at, found) = text.match_indices(needle).nth(nth).expect("the text holds it");
        Span::new(*id, at, at + found.len())
    }

    fn at(&self, file: usize, needle: &str) -> Span {
        self.nth(file, needle, 0)
    }
}

fn findings(ground: &Ground) -> Vec<Diagnostic> {
    let production = |mut finding: Diagnostic| {
        finding.environment = Some("production".into());
        finding
    };
    vec![
        Diagnostic::error(code::UNKNOWN_KEY, "unknown key `replcias`")
            .label(ground.at(0, "replcias"), "not a field of a service")
            .help("a similar field is `replicas`")
            .suggest(ground.at(0, "replcias"), "replicas", true)
            .path("components.api.replcias"),
        production(
            Diagnostic::error(code::OUT_OF_RANGE, "`min` is 5, more than `max`, which is 3")
                .label(ground.at(1, "5"), "the least is set here")
                .label(ground.at(0, "2"), "replaces this value")
                .label(ground.nth(0, "3", 1), "the most is set here")
                .reason(
                    "the HorizontalPodAutoscaler is refused by the API server when `minReplicas` is greater than \
                     `maxReplicas` (autoscaling/v2, HorizontalPodAutoscalerSpec)",
                )
                .help("raise `max` in system.yaml, or lower `min` in the environment")
                .suggest(ground.nth(0, "3", 1), "5", false)
                .path("components.api.scale.min"),
        ),
        Diagnostic::error(code::YAML_DUPLICATE_KEY, "`NOTE` stands twice in `env`")
            .label(ground.nth(0, "NOTE", 1), "the second")
            .label(ground.at(0, "NOTE"), "the first")
            .suggest(ground.at(0, "      NOTE: again\n"), "", false)
            .path("components.api.env.NOTE"),
        Diagnostic::error(code::MISSING_FIELD, "`worker` has no `image`")
            .label(ground.at(0, "worker"), "")
            .label(ground.at(0, "kind: worker"), "a worker runs an image of yours")
            .suggest(ground.at(0, "kind: worker"), "kind: worker\n    image: registry.example.com/worker:v1.0.0", false)
            .path("components.worker"),
        Diagnostic::warning(code::YAML_AMBIGUOUS, "`三つの言葉` and `日本語` stand on one line")
            .label(ground.at(0, "日本語"), "a comment")
            .label(ground.at(0, "\"三つの言葉\""), "a value")
            .label(ground.at(0, "GREETING"), "a key"),
        Diagnostic::warning(code::YAML_REFUSED, "a tab stands between `plain` and `tabs`")
            .label(ground.at(0, "\ttabs"), "from here")
            .label(ground.at(0, "plain"), "to here"),
        Diagnostic::error(code::WRONG_TYPE, "a long line is cut around the place")
            .label(ground.at(2, "SECRET"), "here")
            .help("put secrets into a store, and name them here")
            .suggest(ground.at(2, "SECRET"), "${store.secret}", true),
        Diagnostic::error(code::YAML_CONTROL_CHARACTER, "control characters: \u{1b}[31m and \u{202e}")
            .label(ground.at(3, "\u{1b}[2J"), "clears the \u{1b}[1mscreen")
            .label(ground.at(3, "\u{202e}"), "turns the direction")
            .label(ground.at(3, "\u{9b}"), "one character, the same effect")
            .reason("what a reader sees must be what a \u{7}machine reads")
            .suggest(ground.at(3, "\u{1b}[2J\u{1b}]8;;http://example.com\u{7}"), "", false),
        Diagnostic::error(code::YAML_EMPTY, "the file holds no document")
            .label(Span::new(ground.files[4].0, 0, 0), "a system begins with `apiVersion: windlass/v1`"),
        Diagnostic::error(code::NO_FORM, "a file that ends without a line break ends here")
            .label(Span::new(ground.files[1].0, ENVIRONMENT.len(), ENVIRONMENT.len()), "after this"),
        Diagnostic::warning(code::BAD_NAME, "`café` is no name")
            .label(ground.at(5, "cre\u{300}me"), "after a combining character")
            .label(Span::new(ground.files[5].0, 90_000, 90_010), "outside of the file"),
        Diagnostic::warning(code::TWO_FORMS, "several lines are one place")
            .label(ground.at(0, "requests:\n        cpu: 500m\n        memory: 2Gi\n"), "these requests")
            .label(ground.at(0, "worker"), "of this component")
            .path("components.worker.resources.requests"),
        Diagnostic::warning(code::TWO_FORMS, "labels over one another are told apart")
            .label(ground.at(0, "min: 2, max: 3"), "the outer one")
            .label(ground.nth(0, "max", 0), "an inner one")
            .label(ground.nth(0, "max", 0), "and another at the same place")
            .label(
                ground.at(0, "scale"),
                "a remark that has more to say than there is room on one line of a terminal, so that it is broken \
                 at a space and goes on below itself",
            )
            .suggest(ground.at(0, "worker:\n    kind: worker"), "", false),
        Diagnostic::note(code::TWO_FORMS, "many lines are shown by their first")
            .label(ground.at(0, SYSTEM.trim_end()), "all of the system"),
        production(
            Diagnostic::note(code::UNSUPPORTED_VERSION, "the newest target is 1.35")
                .reason("each version is a target for fourteen months")
                .path("target.kubernetes"),
        ),
        Diagnostic::error(code::SYSTEM_NOT_FOUND, "no system file was found")
            .help("run `windlass init`, or name the file:\nwindlass check path/to/system.yaml"),
    ]
}

fn golden(name: &str, actual: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/findings").join(name);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, actual).expect("the golden file can be written");
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(expected == actual, "{name} differs; BLESS=1 writes it anew. It is now:\n{actual}");
}

fn rendered(format: Format, options: &Options) -> String {
    let ground = Ground::new();
    render(format, &ground.sources, &findings(&ground), options)
}

#[test]
fn text() {
    golden("text.txt", &rendered(Format::Text, &Options::default()));
}

#[test]
fn text_in_color() {
    golden("color.txt", &rendered(Format::Text, &Options { color: true, ..Options::default() }));
}

#[test]
fn text_in_ascii_on_a_narrow_terminal() {
    golden("narrow.txt", &rendered(Format::Text, &Options { width: 60, unicode: false, ..Options::default() }));
}

#[test]
fn a_limit_shows_errors_first_and_counts_the_rest() {
    let mut sources = Sources::new();
    let file = sources.add("system.yaml", "key: value\n".repeat(120));
    let finding = |line: usize| {
        let span = Span::new(file, line * 11, line * 11 + 3);
        let new = if line.is_multiple_of(3) { Diagnostic::error } else { Diagnostic::warning };
        new(code::UNKNOWN_KEY, format!("unknown key number {line}")).label(span, "")
    };
    let many: Vec<Diagnostic> = (0..120).map(finding).collect();
    let text = |limit| render(Format::Text, &sources, &many, &Options { limit, ..Options::default() });
    golden("many.txt", &text(Some(5)));
    assert_eq!(text(Options::default().limit).matches("error[").count(), 40);
    assert_eq!(text(Options::default().limit).matches("warning[").count(), 10);
    assert_eq!(text(None).matches("unknown key").count(), 120);
}

#[test]
fn nothing_found_is_nothing_said() {
    let (sources, options) = (Sources::new(), Options::default());
    assert_eq!(render(Format::Text, &sources, &[], &options), "");
    assert_eq!(render(Format::Github, &sources, &[], &options), "");
    assert_eq!(render(Format::Gitlab, &sources, &[], &options), "[]\n");
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).expect("a JSON document")
}

#[test]
fn json() {
    let text = rendered(Format::Json, &Options::default());
    golden("findings.json", &text);
    let errors = violations(&parsed(&text));
    assert!(errors.is_empty(), "{errors:#?}");
}

/// What the published schema says against a report. Members that it does not describe are errors here.
fn violations(report: &Value) -> Vec<String> {
    static VALIDATOR: LazyLock<Validator> = LazyLock::new(|| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/findings.schema.json");
        let mut schema = parsed(&std::fs::read_to_string(path).expect("the schema is there"));
        close(&mut schema);
        jsonschema::validator_for(&schema).expect("a schema")
    });
    VALIDATOR.iter_errors(report).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

fn close(schema: &mut Value) {
    if schema.get("properties").is_some() {
        schema["additionalProperties"] = false.into();
    }
    match schema {
        Value::Object(members) => members.values_mut().for_each(close),
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

#[test]
fn sarif() {
    let text = rendered(Format::Sarif, &Options::default()).replace(env!("CARGO_PKG_VERSION"), "VERSION");
    golden("findings.sarif", &text);
    let log = parsed(&text);
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().expect("rules");
    let results = run["results"].as_array().expect("results");
    assert_eq!(log["version"], "2.1.0");
    assert!(rules.iter().all(|rule| rule["shortDescription"]["text"].is_string() && rule["help"]["text"].is_string()));
    for result in results {
        let rule = usize::try_from(result["ruleIndex"].as_u64().expect("an index")).expect("a small one");
        assert_eq!(rules[rule]["id"], result["ruleId"]);
        assert!(result["message"]["text"].as_str().is_some_and(|text| !text.is_empty()));
        let place = &result["locations"][0]["physicalLocation"];
        assert!(place["artifactLocation"]["uri"].is_string(), "code scanning refuses a result without a place");
        assert!(place["region"]["startLine"].as_u64() >= Some(1));
    }
    let mut prints: Vec<&str> =
        results.iter().filter_map(|result| result["partialFingerprints"]["windlassFinding/v1"].as_str()).collect();
    prints.sort_unstable();
    prints.dedup();
    assert_eq!(prints.len(), results.len());
}

#[test]
fn github() {
    let text = rendered(Format::Github, &Options::default());
    golden("github.txt", &text);
    let ground = Ground::new();
    assert_eq!(text.lines().count(), findings(&ground).len());
}

#[test]
fn gitlab() {
    let text = rendered(Format::Gitlab, &Options::default());
    golden("gitlab.json", &text);
    for issue in parsed(&text).as_array().expect("a list") {
        let severity = issue["severity"].as_str().expect("a severity");
        assert!(["info", "minor", "major", "critical", "blocker"].contains(&severity));
        assert!(["description", "check_name", "fingerprint"].iter().all(|name| issue[name].is_string()));
        assert!(issue["location"]["path"].is_string() && issue["location"]["lines"]["begin"].is_number());
    }
}

/// A label or a suggestion: the file, where it starts, how long it is, and what it says.
type Place = (usize, usize, usize, String);

fn any_place() -> impl Strategy<Value = Place> {
    let offset = prop_oneof![4 => 0usize..80, 1 => 0usize..2000, 1 => Just(usize::MAX)];
    let length = prop_oneof![3 => 0usize..8, 1 => 0usize..200, 1 => Just(usize::MAX / 2)];
    (0usize..2, offset, length, any_text(40))
}

/// Text that is as bad as text can be.
fn any_text(most: usize) -> impl Strategy<Value = String> {
    let character = prop_oneof![
        6 => prop::char::range(' ', '~'),
        2 => Just('\n'),
        3 => prop::sample::select(vec!['\t', '\r', '\u{1b}', '\u{7}', '\u{9b}', '\u{202e}', '\u{200b}', '\u{feff}']),
        3 => prop::sample::select(vec!['三', 'é', '\u{301}', '\u{3000}', '🚀', '\u{e0041}', '%', ':', ',']),
        1 => any::<char>(),
    ];
    prop::collection::vec(character, 0..most).prop_map(String::from_iter)
}

fn diagnostic(files: &[FileId], message: &str, labels: &[Place], change: Option<&Place>) -> Diagnostic {
    let span = |place: &Place| Span::new(files[place.0], place.1, place.1.saturating_add(place.2));
    let mut finding = Diagnostic::warning(code::WRONG_TYPE, message).reason(message).help(message).path(message);
    for label in labels {
        finding = finding.label(span(label), &label.3);
    }
    match change {
        Some(change) => finding.suggest(span(change), &change.3, change.2 % 2 == 0),
        None => finding,
    }
}

/// The text without the colours that a renderer may set; any other escape stays.
fn without_colors(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |out, part| match part.split_once('m') {
        Some((codes, rest)) if codes.chars().all(|c| c.is_ascii_digit() || c == ';') => out + rest,
        _ => out + "\u{1b}[" + part,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_span_and_no_text_disturbs_a_renderer(
        texts in (any_text(400), any_text(60)),
        message in any_text(60),
        labels in prop::collection::vec(any_place(), 0..6),
        change in prop::option::of(any_place()),
        width in 0usize..140,
        color in any::<bool>(),
        unicode in any::<bool>(),
    ) {
        let mut sources = Sources::new();
        let files = [sources.add("system.yaml", texts.0), sources.add(message.as_str(), texts.1)];
        let found = [diagnostic(&files, &message, &labels, change.as_ref())];
        let options = Options { limit: None, width, color, unicode };
        let said = |format| render(format, &sources, &found, &options);
        let harmless = |text: &str| !text.chars().any(|c| c != '\n' && sanitize::is_hidden(c));

        let text = without_colors(&said(Format::Text));
        prop_assert!(harmless(&text), "{text:?}");
        prop_assert_eq!(text.matches("warning[WL0111]").count(), 1);
        prop_assert!(labels.is_empty() || text.contains(if unicode { " ╭─[" } else { " ,-[" }), "{text}");
        prop_assert!(!text.contains("Failed to read"), "{text}");
        let json = said(Format::Json);
        prop_assert!(harmless(&json));
        let errors = violations(&parsed(&json));
        prop_assert!(errors.is_empty(), "{errors:#?}");
        let github = said(Format::Github);
        prop_assert!(harmless(&github) && github.lines().count() == 1 && github.starts_with("::warning "));
        for format in [Format::Sarif, Format::Gitlab] {
            let text = said(format);
            prop_assert!(harmless(&text));
            parsed(&text);
        }
    }
}
