//! References between components: `component.output`, and `${component.output}` in texts.

use super::Resolver;
use crate::diagnostic::{code, listed, nearest};
use crate::document::{Finding, Path};
use crate::model::{Edge, Output};

/// A part of a text.
#[derive(Debug, PartialEq, Eq)]
enum Piece<'a> {
    Text(&'a str),
    /// `${component.output}`
    Reference(&'a str, &'a str),
}

/// Splits a text at its references. `${VAR}` and anything else belongs to the shell.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let inside = &rest[start + 2..];
        let reference = inside.find('}').and_then(|end| Some((end, plain_reference(&inside[..end])?)));
        let Some((end, (component, output))) = reference else {
            pieces.push(Piece::Text(&rest[..start + 2]));
            rest = inside;
            continue;
        };
        pieces.push(Piece::Text(&rest[..start]));
        pieces.push(Piece::Reference(component, output));
        rest = &inside[end + 1..];
    }
    pieces.push(Piece::Text(rest));
    pieces
}

/// `name.output` of plain identifiers.
fn plain_reference(text: &str) -> Option<(&str, &str)> {
    let (component, output) = text.split_once('.')?;
    let name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    let fits = !component.is_empty() && component.chars().all(name) && !output.is_empty() && output.chars().all(part);
    fits.then_some((component, output))
}

impl Resolver<'_, '_> {
    /// A text with its references resolved; adds their edges.
    pub(crate) fn expand(&mut self, key: &str, text: &str, path: &Path) -> String {
        if !text.contains("${") {
            return text.to_owned();
        }
        let mut expanded = String::with_capacity(text.len());
        for piece in pieces(text) {
            match piece {
                Piece::Text(text) => expanded.push_str(text),
                Piece::Reference(component, output) => match self.output(key, component, output, path) {
                    Some(Output::Plain(value)) => expanded.push_str(&value),
                    Some(_) => self.secret_in_text(component, output, path),
                    None => {}
                },
            }
        }
        expanded
    }

    fn secret_in_text(&mut self, component: &str, output: &str, path: &Path) {
        self.findings.push(
            Finding::error(code::SECRET_IN_TEXT, path.clone(), format!("`{component}.{output}` is a secret and cannot stand in a text"))
                .label("a secret would end up here in plain text")
                .reason("no file of the output holds the value of a secret")
                .help(format!("give the variable `{{from: {component}.{output}}}` alone, or put the secret in a variable and write `$(NAME)`")),
        );
    }

    /// Looks an output up and adds the edge to its component.
    pub(crate) fn output(&mut self, from: &str, component: &str, output: &str, path: &Path) -> Option<Output> {
        let to = if component == "self" { from } else { component };
        let Some(known) = self.outputs.get(to) else {
            self.unknown_component(to, path);
            return None;
        };
        let Some(value) = known.get(output).cloned() else {
            let outputs: Vec<String> = known.keys().cloned().collect();
            self.unknown_output(to, output, &outputs, path);
            return None;
        };
        if to != from {
            self.edge(from, to, path);
        }
        Some(value)
    }

    pub(crate) fn unknown_component(&mut self, component: &str, path: &Path) {
        let known = || self.components.keys().map(String::as_str);
        let finding =
            Finding::error(code::UNKNOWN_COMPONENT, path.clone(), format!("there is no component `{component}`"))
                .label("refers to nothing");
        let finding = match nearest(component, known()) {
            Some(near) => finding.help(format!("a similar component is `{near}`")),
            None => finding.help(format!("components are {}", listed(known()))),
        };
        self.findings.push(finding);
    }

    fn unknown_output(&mut self, component: &str, output: &str, known: &[String], path: &Path) {
        let names = || known.iter().map(String::as_str);
        let help = match nearest(output, names()) {
            Some(near) => format!("a similar output is `{component}.{near}`; all are {}", listed(names())),
            None if known.is_empty() => format!("`{component}` has no port, so it has no outputs"),
            None => format!("its outputs are {}", listed(names())),
        };
        self.findings.push(
            Finding::error(code::UNKNOWN_OUTPUT, path.clone(), format!("`{component}` has no output `{output}`"))
                .label("refers to nothing")
                .help(help),
        );
    }

    /// Adds an edge that a reference implies: all ports, unless `uses` already says which.
    fn edge(&mut self, from: &str, to: &str, path: &Path) {
        if self.edges.get(from).is_some_and(|edges| edges.iter().any(|edge| edge.to == to)) {
            return;
        }
        if !self.is_enabled(to) {
            return self.disabled(from, to, path);
        }
        let ports = self.port_names(to);
        self.edges.entry(from.into()).or_default().push(Edge { from: from.into(), to: to.into(), ports, wait: false });
    }

    /// Names of the ports of a component.
    pub(crate) fn port_names(&self, key: &str) -> Vec<String> {
        let ports =
            self.components.get(key).map(|component| super::container::all_ports(component)).unwrap_or_default();
        ports.into_iter().map(|port| port.name).collect()
    }

    pub(crate) fn is_enabled(&self, key: &str) -> bool {
        self.components.get(key).is_some_and(|component| component.enabled != Some(false))
    }

    /// A use of what is not enabled here: fine where that use is optional.
    pub(crate) fn disabled(&mut self, from: &str, to: &str, path: &Path) {
        let uses = self.components.get(from).and_then(|component| component.uses.as_ref());
        if uses.and_then(|uses| uses.get(to)).is_some_and(|edge| edge.optional == Some(true)) {
            return;
        }
        self.findings.push(
            Finding::error(
                code::DISABLED_COMPONENT,
                path.clone(),
                format!("`{from}` uses `{to}`, which is not enabled here"),
            )
            .label("still used")
            .also(crate::document::at!["components", to, "enabled"], "switched off here")
            .help(format!(
                "enable `{to}`, take the use away in this environment, or say `uses: {{{to}: {{optional: true}}}}`"
            )),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_references_are_ours() {
        assert_eq!(
            pieces("a ${db.host}:${db.port}"),
            [
                Piece::Text("a "),
                Piece::Reference("db", "host"),
                Piece::Text(":"),
                Piece::Reference("db", "port"),
                Piece::Text("")
            ]
        );
        for shell in ["${VAR}", "${VAR:-a.b}", "${a.b", "$ {a.b}", "${A.b}"] {
            assert!(pieces(shell).iter().all(|piece| matches!(piece, Piece::Text(_))), "{shell}");
        }
    }
}
