//! What each format says about one change, and what none may ever do.
//!
//! `BLESS=1 cargo test --test reports` writes the golden files anew; read the difference before committing it.
#![expect(clippy::disallowed_methods, reason = "golden files are read from disk, and BLESS from the environment")]

#[path = "reports/change.rs"]
mod change;

use change::{Many, hostile, report};
use proptest::prelude::*;
use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};
use serde_json::Value;
use std::path::Path;
use std::sync::LazyLock;
use windlass::diagnostic::{Format, sanitize};
use windlass::review::report::{COMMENT_LIMIT, Report, ReportOptions, render};

fn golden(name: &str, actual: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reports").join(name);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&file, actual).expect("the golden file can be written");
    }
    let expected = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(actual == expected, "{name} differs: run `BLESS=1 cargo test --test reports`, then read the diff");
}

fn said(report: &Report, format: Format) -> String {
    render(report, format, &ReportOptions::default())
}

#[test]
fn text() {
    let report = report();
    let with = |options: ReportOptions| render(&report, Format::Text, &options);
    golden("text.txt", &with(ReportOptions::default()));
    golden("narrow.txt", &with(ReportOptions { width: 60, ..ReportOptions::default() }));
    golden("color.txt", &with(ReportOptions { color: true, ..ReportOptions::default() }));
    golden("stat.txt", &with(ReportOptions { stat: true, width: 80, ..ReportOptions::default() }));
    golden("names.txt", &with(ReportOptions { name_only: true, ..ReportOptions::default() }));
    let plain = |text: &str| !text.chars().any(|c| c != '\n' && sanitize::is_hidden(c));
    assert!(
        plain(&with(ReportOptions::default())) && plain(&render(&hostile(), Format::Text, &ReportOptions::default()))
    );
}

#[test]
fn without_colour_the_same_words() {
    let report = report();
    let colored = render(&report, Format::Text, &ReportOptions { color: true, ..ReportOptions::default() });
    let mut plain = String::new();
    let mut rest = colored.as_str();
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        plain.push_str(before);
        rest = after.split_once('m').expect("a style ends").1;
    }
    assert_eq!(plain + rest, said(&report, Format::Text));
}

#[test]
fn markdown() {
    let report = report();
    let options =
        ReportOptions { full_report: Some("https://ci.example.com/1/review.html".into()), ..ReportOptions::default() };
    let text = render(&report, Format::Markdown, &options);
    golden("comment.md", &text);
    check(&text);
}

#[test]
fn json() {
    let text = said(&report(), Format::Json);
    golden("review.json", &text);
    for report in [report(), hostile(), Many { objects: 5, environments: 2 }.report(), Report::default()] {
        let errors = violations(&parsed(&said(&report, Format::Json)));
        assert!(errors.is_empty(), "{errors:#?}");
    }
}

#[test]
fn annotations() {
    let report = report();
    golden("github.txt", &said(&report, Format::Github));
    golden("gitlab.json", &said(&report, Format::Gitlab));
    golden("review.sarif", &said(&report, Format::Sarif).replace(env!("CARGO_PKG_VERSION"), "VERSION"));
    let log = parsed(&said(&report, Format::Sarif));
    for result in log["runs"][0]["results"].as_array().expect("results") {
        assert!(result["ruleId"].as_str().is_some_and(|id| id.starts_with("windlass/review/")));
    }
}

#[test]
fn no_format_shows_a_secret() {
    for format in
        [Format::Text, Format::Json, Format::Markdown, Format::Html, Format::Sarif, Format::Github, Format::Gitlab]
    {
        let text = said(&report(), format);
        assert!(!text.contains("aHVudGVy") && !text.contains("c3dvcmRmaXNo"), "{format:?} shows a secret");
    }
}

#[test]
fn no_change_is_said() {
    let report = Many { objects: 0, environments: 1 }.report();
    assert!(said(&report, Format::Text).contains("no change"));
    assert!(said(&report, Format::Markdown).contains("Windlass review: no change"));
    assert!(said(&Report::default(), Format::Markdown).contains("Nothing to compare"));
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).expect("a JSON document")
}

/// What the published schema says against a report. Members that it does not describe are errors here.
fn violations(report: &Value) -> Vec<String> {
    static VALIDATOR: LazyLock<jsonschema::Validator> = LazyLock::new(|| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/review.schema.json");
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

/// What a comment is made of, as a reader of Markdown sees it.
#[derive(Debug, Default)]
struct Comment {
    diffs: Vec<String>,
    folds: i64,
    columns: Vec<usize>,
    text: String,
}

/// Reads a comment, and holds it to what every comment promises.
fn check(text: &str) -> Comment {
    assert!(text.starts_with("<!-- windlass:review -->\n"), "{}", &text[..text.len().min(200)]);
    assert!(text.len() <= COMMENT_LIMIT, "{} bytes", text.len());
    let mut comment = Comment::default();
    let (mut block, mut columns): (Option<String>, usize) = (None, 0);
    for event in Parser::new_ext(text, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH) {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(language))) => {
                assert_eq!(&*language, "diff");
                block = Some(String::new());
            }
            Event::End(TagEnd::CodeBlock) => comment.diffs.extend(block.take()),
            Event::Text(text) => match &mut block {
                Some(block) => block.push_str(&text),
                None => comment.text.push_str(&text),
            },
            Event::Html(html) | Event::InlineHtml(html) => fold(&html, &mut comment.folds),
            Event::Start(Tag::TableHead | Tag::TableRow) => columns = 0,
            Event::Start(Tag::TableCell) => columns += 1,
            Event::End(TagEnd::TableHead | TagEnd::TableRow) => comment.columns.push(columns),
            Event::Start(Tag::Link { dest_url, .. }) => {
                assert!(dest_url.starts_with("https://ci.example.com/"), "{dest_url}");
            }
            Event::Start(Tag::Image { .. } | Tag::CodeBlock(CodeBlockKind::Indented)) => panic!("{event:?} in {text}"),
            _ => {}
        }
    }
    assert!(block.is_none() && comment.folds == 0, "open at the end: {comment:?}");
    assert!(comment.columns.windows(2).all(|rows| rows[0] == rows[1]), "a broken table: {:?}", comment.columns);
    assert!(comment.diffs.iter().all(|diff| diff.lines().all(|line| line.starts_with([' ', '+', '-', '@']))));
    assert!(!comment.text.contains("@everyone") && !comment.text.contains("#123"), "{}", comment.text);
    comment
}

/// HTML that is ours, and nothing else.
fn fold(html: &str, folds: &mut i64) {
    for tag in html.match_indices('<').map(|(at, _)| &html[at..]) {
        let known = [
            "<!-- windlass",
            "<details>",
            "</details>",
            "<summary>",
            "</summary>",
            "<code>",
            "</code>",
            "<b>",
            "</b>",
            "<br>",
        ];
        assert!(known.iter().any(|known| tag.starts_with(known)), "{tag}");
        *folds += i64::from(tag.starts_with("<details>")) - i64::from(tag.starts_with("</details>"));
        assert!(*folds >= 0, "{html}");
    }
}

#[test]
fn nothing_in_a_comment_leaves_its_place() {
    let comment = check(&said(&hostile(), Format::Markdown));
    assert!(comment.diffs.iter().any(|diff| diff.contains("````")), "{:?}", comment.diffs);
    assert!(!comment.columns.is_empty());
}

#[test]
fn a_comment_has_room_for_any_change() {
    for objects in [1, 10, 300, 20_000] {
        let report = Many { objects, environments: 2 }.report();
        let text = said(&report, Format::Markdown);
        let comment = check(&text);
        assert!(!comment.diffs.is_empty(), "{objects}");
        assert!(objects < 300 || text.len() > COMMENT_LIMIT / 2, "{objects} objects in {} bytes", text.len());
        assert!(text.contains("The full report"));
    }
}

#[test]
fn a_page_carries_its_data_and_nothing_of_it_leaves() {
    for report in [hostile(), report(), Report::default(), Many { objects: 3, environments: 1 }.report()] {
        let page = said(&report, Format::Html);
        let data = page.split_once("<script type=\"application/json\" id=\"data\">").expect("the data").1;
        let data = data.split_once("</script>").expect("its end").0;
        parsed(data);
        assert!(!data.contains('<'));
        assert_eq!(page.matches("</script>").count(), 2);
        assert!(!page.contains("src=\"http") && !page.contains("url(http"));
    }
}

fn strategy() -> impl Strategy<Value = Many> {
    (0usize..40, 1usize..4).prop_map(|(objects, environments)| Many { objects, environments })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn a_comment_keeps_to_any_limit(many in strategy(), limit in 700usize..9_000) {
        let options = ReportOptions { limit_bytes: limit, ..ReportOptions::default() };
        let text = render(&many.report(), Format::Markdown, &options);
        prop_assert!(text.len() <= limit, "{} of {}", text.len(), limit);
        check(&text);
    }

    #[test]
    fn patches_make_the_new_objects_of_the_old(before in change::objects(), after in change::objects()) {
        let report = change::compared(&before, &after);
        let document = parsed(&said(&report, Format::Json));
        let (old, new) = (change::by_identity(&before), change::by_identity(&after));
        let name = |of: &Value| format!("{} {}", of["kind"], of["name"]);
        let (mut come, mut gone) = (0, 0);
        for change in document["reviews"][0]["changes"].as_array().expect("changes") {
            let from = if change["from"].is_null() { &change["object"] } else { &change["from"] };
            gone += usize::from(change["how"] == "removed");
            come += usize::from(change["how"] == "added");
            if change["how"] == "removed" {
                prop_assert!(old.contains_key(&name(from)) && change["patch"].is_null());
                continue;
            }
            let mut object = old.get(&name(from)).cloned().unwrap_or(Value::Null);
            let patch: json_patch::Patch = serde_json::from_value(change["patch"].clone()).expect("a patch");
            json_patch::patch(&mut object, &patch).expect("it applies");
            prop_assert_eq!(Some(&object), new.get(&name(&change["object"])));
        }
        prop_assert_eq!(old.len() + come, new.len() + gone);
    }
}
