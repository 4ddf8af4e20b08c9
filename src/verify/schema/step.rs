//! The way into an object, and what was found on it.

use crate::diagnostic::{Code, Severity};
use std::fmt;

/// A step into an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<'a> {
    Key(&'a str),
    Item(usize),
}

/// What of a place a fault is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Focus {
    #[default]
    Value,
    /// The key itself, which should not be there.
    Key,
}

/// Something that an API server would refuse, and where in the object it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub code: Code,
    pub severity: Severity,
    /// Keys, and indices in digits.
    pub place: Vec<String>,
    pub focus: Focus,
    pub message: String,
    pub label: String,
    pub reason: String,
    pub help: Option<String>,
    /// What was likely meant.
    pub suggestion: Option<String>,
}

impl Fault {
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    #[must_use]
    pub fn reason(mut self, reason: impl Into<String>) -> Self {
        self.reason = reason.into();
        self
    }

    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    #[must_use]
    pub fn suggest(mut self, suggestion: Option<&str>) -> Self {
        self.suggestion = suggestion.map(str::to_owned);
        self
    }

    #[must_use]
    pub fn on_key(mut self) -> Self {
        self.focus = Focus::Key;
        self
    }

    #[must_use]
    pub fn warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }

    #[must_use]
    pub fn note(mut self) -> Self {
        self.severity = Severity::Note;
        self
    }
}

/// A walk over an object: where it stands, and what it found.
#[derive(Debug)]
pub struct Walk<'a> {
    steps: Vec<Step<'a>>,
    pub faults: Vec<Fault>,
    /// The minor version of Kubernetes 1.
    pub minor: u32,
}

impl<'a> Walk<'a> {
    pub fn new(minor: u32) -> Self {
        Self { steps: Vec::with_capacity(16), faults: Vec::new(), minor }
    }

    pub fn enter(&mut self, step: Step<'a>) {
        self.steps.push(step);
    }

    pub fn leave(&mut self) {
        self.steps.pop();
    }

    /// Does something one step further in.
    pub fn within<T>(&mut self, step: Step<'a>, then: impl FnOnce(&mut Self) -> T) -> T {
        self.enter(step);
        let result = then(self);
        self.leave();
        result
    }

    pub fn key<T>(&mut self, key: &'a str, then: impl FnOnce(&mut Self) -> T) -> T {
        self.within(Step::Key(key), then)
    }

    pub fn item<T>(&mut self, at: usize, then: impl FnOnce(&mut Self) -> T) -> T {
        self.within(Step::Item(at), then)
    }

    /// A fault where the walk stands.
    pub fn fault(&self, code: Code, message: impl Into<String>) -> Fault {
        Fault {
            code,
            severity: Severity::Error,
            place: self.steps.iter().map(ToString::to_string).collect(),
            focus: Focus::Value,
            message: message.into(),
            label: String::new(),
            reason: String::new(),
            help: None,
            suggestion: None,
        }
    }

    pub fn push(&mut self, fault: Fault) {
        self.faults.push(fault);
    }
}

impl fmt::Display for Step<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key) => f.write_str(key),
            Self::Item(at) => write!(f, "{at}"),
        }
    }
}
