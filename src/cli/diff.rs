//! `windlass diff`

mod side;

use super::gate;
use super::project::{Project, Unusable, folder};
use super::terminal::Terminal;
use super::{Ending, Global};
use crate::diagnostic::{Diagnostic, Diagnostics, Severity, code};
use crate::diff::diff;
use crate::git::{Repository, Snapshot};
use crate::review::report::{Report, ReportOptions, render};
use crate::review::{Class, Comparison, Documents, Gate, Merged, Review, Side};
use crate::source::Sources;
use crate::{compile_accepted, compile_whole};
use clap::Args;
use side::{Environment, Old, Origin};
use std::path::PathBuf;

/// Show what a change does to the cluster, object by object, with its risks
///
/// Compares what the working tree compiles to with the rendered tree on disk; with `--base`, with the same
/// systems at a commit; with `--against`, with any Kubernetes objects, such as what a cluster returned.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  windlass diff\n  windlass diff --base origin/main...HEAD --env production\n  \
                        windlass diff --base main --format markdown > comment.md\n  \
                        kubectl get deploy,svc,cm -n ai -o json | windlass diff --env production --against -")]
pub(super) struct Diff {
    /// System files; otherwise the one that is found
    #[arg(value_name = "SYSTEM")]
    systems: Vec<PathBuf>,
    /// Only this environment; may be repeated
    #[arg(long, short, value_name = "ENVIRONMENT")]
    env: Vec<String>,
    /// Compare with the systems at this commit, branch or tag; `a...b` is where the two parted
    #[arg(long, value_name = "REF", conflicts_with = "against")]
    base: Option<String>,
    /// Compare the systems at this commit, instead of the working tree
    #[arg(long, value_name = "REF")]
    head: Option<String>,
    /// Compare with the objects in a folder or file; `-` for standard input
    #[arg(long, value_name = "DIR|FILE|-")]
    against: Option<PathBuf>,
    /// Only how many fields change in each object
    #[arg(long, conflicts_with = "name_only")]
    stat: bool,
    /// Only the names of the objects that change
    #[arg(long)]
    name_only: bool,
    /// Exit with 1 if anything differs
    #[arg(long)]
    exit_code: bool,
    /// Exit with 1 if there is a risk of this class that nobody acknowledged; may be repeated
    #[arg(long, value_name = "CLASS", value_parser = class, value_delimiter = ',')]
    fail_on: Vec<Class>,
    /// Where the whole report lies, for the end of a comment that was cut
    #[arg(long, value_name = "URL")]
    full_report: Option<String>,
}

fn class(text: &str) -> Result<Class, String> {
    Class::from_text(text).ok_or_else(|| {
        let known: Vec<&str> = Class::ALL.iter().map(|class| class.text()).collect();
        match crate::diagnostic::nearest(text, known.iter().copied()) {
            Some(near) => format!("no class is called so; a similar one is {near}"),
            None => format!("a class is one of {}", known.join(", ")),
        }
    })
}

/// The commits that the two sides come from, where they come from commits.
struct Commits {
    repository: Option<Repository>,
    base: Option<(String, Snapshot)>,
    head: Option<(String, Snapshot)>,
}

/// What the reviews of all systems gave.
#[derive(Default)]
struct Outcome {
    report: Report,
    failed: bool,
    stopped: bool,
}

impl Diff {
    pub(super) fn run(&self, global: &Global, terminal: &mut Terminal) -> Ending {
        let commits = match self.commits(global) {
            Ok(commits) => commits,
            Err(error) => {
                let ending = if error.is_machine_fault() { Ending::Machine } else { Ending::Findings };
                return terminal.stop(error.into(), ending);
            }
        };
        let named: Vec<Option<&PathBuf>> =
            if self.systems.is_empty() { vec![None] } else { self.systems.iter().map(Some).collect() };
        let mut outcome = Outcome::default();
        (outcome.report.before, outcome.report.after) = self.labels(&commits);
        let against = match self.against.as_ref().map(|path| side::given(&folder(global), path)).transpose() {
            Ok(against) => against,
            Err((sources, found, ending)) => {
                terminal.findings_beside(&sources, found);
                return ending;
            }
        };
        for system in named {
            match self.system(global, system, &commits, against.as_deref(), &mut outcome, terminal) {
                Ok(()) => {}
                Err(ending) => return ending,
            }
        }
        terminal.out(&render(&outcome.report, global.format, &self.options(terminal)));
        let differs = outcome.report.reviews.iter().any(|review| !review.changes.is_empty());
        let fails = outcome.failed || outcome.stopped || (self.exit_code && differs);
        if fails { Ending::Findings } else { Ending::Clean }
    }

    fn options(&self, terminal: &Terminal) -> ReportOptions {
        ReportOptions {
            color: terminal.colours(),
            width: Terminal::width(),
            stat: self.stat,
            name_only: self.name_only,
            full_report: self.full_report.clone(),
            ..ReportOptions::default()
        }
    }

    fn commits(&self, global: &Global) -> Result<Commits, crate::git::GitError> {
        if self.base.is_none() && self.head.is_none() {
            return Ok(Commits { repository: None, base: None, head: None });
        }
        let repository = Repository::discover(&folder(global))?;
        let commit = |reference: &Option<String>| {
            let commit = |reference: &String| Ok((reference.clone(), repository.commit(reference)?));
            reference.as_ref().map(commit).transpose()
        };
        let (base, head) = (commit(&self.base)?, commit(&self.head)?);
        Ok(Commits { repository: Some(repository), base, head })
    }

    /// What the two sides are called.
    fn labels(&self, commits: &Commits) -> (String, String) {
        let of = |(reference, snapshot): &(String, Snapshot)| {
            let id = snapshot.id();
            let short = &id[..7.min(id.len())];
            if reference.starts_with(short) { short.to_owned() } else { format!("{reference} ({short})") }
        };
        let before = match (&commits.base, &self.against) {
            (Some(base), _) => of(base),
            (None, Some(path)) if path.as_os_str() == "-" => "standard input".into(),
            (None, Some(path)) => path.display().to_string(),
            (None, None) => "the rendered tree".into(),
        };
        (before, commits.head.as_ref().map_or("the working tree".into(), of))
    }

    fn system(
        &self,
        global: &Global,
        named: Option<&PathBuf>,
        commits: &Commits,
        against: Option<&[crate::kube::Object]>,
        outcome: &mut Outcome,
        terminal: &mut Terminal,
    ) -> Result<(), Ending> {
        let (opened, of_base) = open(global, named, commits);
        let mut head = opened.map_err(|unusable| unusable.show_beside(terminal))?;
        let origin = match (of_base, &commits.base) {
            (Some(loaded), Some((label, snapshot))) => {
                Origin::Commit { label, snapshot, project: side::base_project(loaded, outcome, terminal) }
            }
            _ => against.map_or(Origin::Tree, Origin::Given),
        };
        let mut said = gate::acknowledgements(&mut head, commits.head.as_ref().map(|(_, snapshot)| snapshot));
        let mut found = std::mem::take(&mut head.found);
        let environments = match side::environments(&head, &origin, &self.env) {
            Ok(environments) => environments,
            Err(finding) => {
                found.push(finding);
                terminal.findings_beside(&head.sources, found);
                return Err(Ending::Usage);
            }
        };
        let mut reviewed = Vec::new();
        for environment in environments {
            reviewed.extend(self.environment(&head, &origin, &environment, &mut found, outcome, terminal)?);
        }
        let is_over = |commit: &str| commits.base.as_ref().is_some_and(|(_, snapshot)| snapshot.contains(commit));
        for (review, gate) in &mut reviewed {
            said.judge(review, gate, &is_over);
        }
        let risks: Vec<String> =
            reviewed.iter().flat_map(|(review, _)| &review.risks).map(crate::review::Risk::id).collect();
        if self.env.is_empty() && outcome.report.notes.is_empty() {
            found.extend(said.unused(&risks));
        }
        outcome.failed |= found.has_errors();
        terminal.findings_beside(&head.sources, of_interest(found));
        outcome.stopped |= reviewed.iter().any(|(review, _)| review.stops().next().is_some());
        outcome.report.reviews.extend(reviewed.into_iter().map(|(review, _)| review));
        Ok(())
    }

    /// Reviews one environment; none where it does not compile.
    fn environment(
        &self,
        head: &Project,
        origin: &Origin<'_>,
        environment: &Environment<'_>,
        found: &mut Diagnostics,
        outcome: &mut Outcome,
        terminal: &mut Terminal,
    ) -> Result<Option<(Review, Gate)>, Ending> {
        let (of_head, of_base) = (&head.loaded, origin.loaded().zip(environment.base));
        let (new, old) = rayon::join(
            || environment.head.map(|environment| compile_whole(of_head, environment)),
            || of_base.map(|(loaded, environment)| compile_accepted(loaded, environment)),
        );
        let new = match new {
            None => None,
            Some((Some(whole), of_head)) => {
                found.extend(of_head);
                Some(whole)
            }
            Some((None, of_head)) => {
                found.extend(of_head);
                outcome.report.notes.push(format!("`{}` does not compile: it is not compared", environment.name));
                return Ok(None);
            }
        };
        let written = new.as_ref().map_or(&[][..], |whole| whole.objects.as_slice());
        let old: Old = side::old(origin, environment, head, old, written, outcome, terminal)?;
        let changes = diff(&old.objects, written);
        let comparison = Comparison {
            before: Side::new(&old.objects, old.model.as_ref()),
            after: Side::new(written, new.as_ref().map(|whole| &whole.model)),
            changes: &changes,
        };
        let before = old.root.as_ref().zip(origin.sources()).map(|(root, sources)| Merged { root, sources });
        let after = new.as_ref().map(|whole| Merged { root: &whole.root, sources: &head.sources });
        let documents = Documents::new(before, after);
        let model = new.as_ref().map(|whole| &whole.model).or(old.model.as_ref());
        let system = model.map_or(head.loaded.path.as_str(), |model| model.system.as_str());
        let review = Review::of(system, &environment.name, &comparison, &documents);
        let policy = new.as_ref().and_then(|whole| gate::policy(&whole.root));
        Ok(Some((review, Gate::new(policy.as_ref(), &self.fail_on))))
    }
}

type Opened = Result<Project, Box<Unusable>>;

/// The system on both sides, where the old one is a commit. The work tree is read beside it.
fn open(global: &Global, named: Option<&PathBuf>, commits: &Commits) -> (Opened, Option<Opened>) {
    let at = |(_, snapshot): &(String, Snapshot)| {
        commits.repository.as_ref().map(|repository| Project::at(global, named, repository, snapshot))
    };
    let base = || commits.base.as_ref().and_then(at);
    match commits.head.as_ref().and_then(at) {
        Some(head) => (head, base()),
        None => std::thread::scope(|scope| {
            let head = scope.spawn(|| Project::open(global, named));
            let base = base();
            let head = head.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            (head, base)
        }),
    }
}

/// Errors, and what is wrong with acknowledgements: warnings and notes of the system are for `check`.
fn of_interest(found: Diagnostics) -> Diagnostics {
    let mut shown = Diagnostics::new();
    let is_shown =
        |finding: &Diagnostic| finding.severity == Severity::Error || finding.code == code::ACKNOWLEDGEMENT_UNUSED;
    shown.extend(found.into_iter().filter(is_shown));
    shown
}

/// The findings of the old side, as its own.
fn as_of_base(finding: Diagnostic, label: &str) -> Diagnostic {
    Diagnostic { message: format!("at {label}: {}", finding.message), ..finding }
}

/// What the old side could not do, in one finding.
fn unusable(label: &str) -> Diagnostic {
    Diagnostic::note(
        code::BASE_UNUSABLE,
        format!("{label} does not compile: the comparison is with the tree that was rendered there"),
    )
    .reason("what the cluster follows is the rendered tree")
    .help("see the findings before this one; they are of the old side")
}

/// Findings of the old side go beside the answer, and never fail it.
fn show_base(terminal: &mut Terminal, sources: &Sources, found: Diagnostics, label: &str) {
    let mut shown = Diagnostics::new();
    shown.extend(
        found
            .into_iter()
            .filter(|finding| finding.severity == Severity::Error)
            .map(|finding| as_of_base(finding, label)),
    );
    shown.push(unusable(label));
    terminal.findings_beside(sources, shown);
}
