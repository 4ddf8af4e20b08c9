//! `windlass explain`

use super::project::Project;
use super::terminal::Terminal;
use super::{Ending, Global};
use crate::diagnostic::{Code, Format, code, explain};
use crate::kube::{Content, Identity};
use crate::load::LoadedEnvironment;
use crate::provenance::{self, Origin, Place, Traced};
use crate::source::Span;
use clap::Args;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Print the page of a finding, or where the values of an object come from
///
/// With a code: what the finding is, why, how it looks wrong and right. With an environment and an object, or
/// a field of one: the places in the files that give each value, found by changing one after the other.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  windlass explain WL0430\n  windlass explain single-replica\n  windlass explain production deployment/api\n  windlass explain production deployment/api.spec.template.spec.containers[api].image"
)]
pub(super) struct Explain {
    /// The code of the finding or its name; or an environment
    #[arg(value_name = "CODE|ENVIRONMENT")]
    what: String,
    /// An object, and a field of it
    #[arg(value_name = "OBJECT.FIELD")]
    object: Vec<String>,
}

impl Explain {
    pub(super) fn run(&self, global: &Global, terminal: &mut Terminal) -> Ending {
        if self.object.is_empty() {
            return match known(&self.what) {
                Ok(code) => {
                    terminal.out(&if global.format == Format::Json { described(code) } else { explain::page(code) });
                    Ending::Clean
                }
                Err(message) => {
                    terminal.err(&format!("error: {message}\n"));
                    Ending::Usage
                }
            };
        }
        let project = match Project::open(global, None) {
            Ok(project) => project,
            Err(unusable) => return unusable.show(terminal, false),
        };
        let mut found = project.found.clone();
        let environment = match project.environments(std::slice::from_ref(&self.what)) {
            Ok(environments) => environments[0],
            Err(finding) => {
                found.push(finding);
                terminal.findings(&project.sources, found, false);
                return Ending::Usage;
            }
        };
        self.trace(&project, environment, global, terminal)
    }

    fn trace(
        &self,
        project: &Project,
        environment: &LoadedEnvironment,
        global: &Global,
        terminal: &mut Terminal,
    ) -> Ending {
        let compiled = crate::compile(&project.loaded, environment);
        let Some(objects) = compiled.objects else {
            terminal.findings(&project.sources, compiled.found, false);
            return Ending::Findings;
        };
        let (object, field) = match provenance::find(&objects, &self.object.join(" ")) {
            Ok(found) => found,
            Err(message) => {
                terminal.err(&format!("error: {message}\n"));
                return Ending::Usage;
            }
        };
        let traced = provenance::trace(&project.loaded, environment, &object.identity, &field).unwrap_or_default();
        let report = Report { project, identity: &object.identity, traced };
        terminal.out(&if global.format == Format::Json { report.json() } else { report.text() });
        Ending::Clean
    }
}

/// What was found about an object.
struct Report<'r> {
    project: &'r Project,
    identity: &'r Identity,
    traced: Vec<Traced>,
}

impl Report<'_> {
    fn place(&self, span: Span) -> String {
        let position = self.project.sources.position(span);
        format!("{}:{}:{}", self.project.sources.file(span.file).path, position.line, position.column)
    }

    fn written(&self, span: Span) -> String {
        let text = self.project.sources.text(span).trim();
        let line = text.lines().next().unwrap_or_default();
        let line = crate::diagnostic::sanitize::line(line);
        if text.lines().count() > 1 { format!("{line} …") } else { line }
    }

    fn text(&self) -> String {
        let mut text = format!("{}\n", self.identity);
        for traced in &self.traced {
            let _ = writeln!(text, "\n{} = {}", provenance::shown(&traced.field), scalar(&traced.value));
            match &traced.origin {
                Origin::Causes(causes) => {
                    for cause in causes {
                        let Place { span, layer } = cause.written;
                        let (at, written) = (self.place(span), self.written(span));
                        let _ = writeln!(text, "  {at}  {}: {written}  ({})", cause.path, layer.word());
                        for Place { span, layer } in &cause.replaced {
                            let (at, written) = (self.place(*span), self.written(*span));
                            let _ = writeln!(text, "    in the place of {written}, {at}  ({})", layer.word());
                        }
                    }
                }
                Origin::Written(span) => {
                    let _ = writeln!(text, "  {}  as it is written", self.place(*span));
                }
                Origin::Default(page) => {
                    let _ = writeln!(text, "  a default of Windlass: {page}");
                }
            }
        }
        text
    }

    fn json(&self) -> String {
        let place = |span: Span| {
            let position = self.project.sources.position(span);
            json!({
                "file": self.project.sources.file(span.file).path, "line": position.line, "column": position.column,
                "text": self.written(span),
            })
        };
        let values: Vec<Value> = self
            .traced
            .iter()
            .map(|traced| {
                let (origin, causes) = match &traced.origin {
                    Origin::Causes(causes) => ("written", causes.as_slice()),
                    Origin::Written(_) => ("manifest", &[][..]),
                    Origin::Default(_) => ("default", &[][..]),
                };
                let layered = |of: &Place| {
                    let mut shown = place(of.span);
                    shown["layer"] = of.layer.word().into();
                    shown
                };
                let cause = |cause: &provenance::Cause| {
                    json!({
                        "path": cause.path.to_string(), "place": layered(&cause.written),
                        "replaced": cause.replaced.iter().map(layered).collect::<Vec<_>>(),
                    })
                };
                let mut value = json!({
                    "field": provenance::shown(&traced.field), "value": traced.value, "origin": origin,
                    "causes": causes.iter().map(cause).collect::<Vec<_>>(),
                });
                match &traced.origin {
                    Origin::Written(span) => value["place"] = place(*span),
                    Origin::Default(page) => value["page"] = page.as_str().into(),
                    Origin::Causes(_) => {}
                }
                value
            })
            .collect();
        let report = json!({"version": 1, "object": self.identity.to_string(), "values": values});
        serde_json::to_string_pretty(&report).map(|text| text + "\n").unwrap_or_default()
    }
}

fn scalar(value: &Content) -> String {
    match value {
        Content::Text(text) => crate::diagnostic::sanitize::line(text),
        other => serde_json::to_string(other).unwrap_or_default(),
    }
}

/// The page of a code as JSON.
fn described(code: Code) -> String {
    let described = json!({
        "version": 1, "code": code.id, "name": code.name, "summary": code.summary, "page": explain::page(code),
    });
    serde_json::to_string_pretty(&described).map(|text| text + "\n").unwrap_or_default()
}

fn known(text: &str) -> Result<Code, String> {
    let text = text.trim();
    let is_meant = |code: &&Code| code.id.eq_ignore_ascii_case(text) || code.name == text;
    code::ALL.iter().find(is_meant).copied().ok_or_else(|| {
        let known = code::ALL.iter().flat_map(|code| [code.id, code.name]);
        match crate::diagnostic::nearest(text, known) {
            Some(near) => format!("no finding is called so; a similar one is {near}"),
            None => "no finding is called so; docs/findings.md lists them, and an environment takes an object after it"
                .into(),
        }
    })
}
