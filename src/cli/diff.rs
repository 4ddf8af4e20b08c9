//! `windlass diff`

mod side;

use super::gate;
use super::project::{Project, Unusable, folder};
use super::systems::{Choice, Chosen, Systems, UNAFFECTED};
use super::terminal::Terminal;
use super::{Ending, Global};
use crate::diagnostic::{Diagnostic, Diagnostics, Severity, code};
use crate::diff::diff;
use crate::git::{Repository, Snapshot};
use crate::review::report::{Report, ReportOptions, render};
use crate::review::{Class, Comparison, Documents, Gate, Merged, Review, Side};
use crate::source::Sources;
use crate::workspace::Workspace;
use crate::{compile_accepted, compile_whole};
use clap::Args;
use rayon::prelude::*;
use side::{Environment, Old, Origin};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// Show what a change does to the cluster, object by object, with its risks
///
/// Compares what the working tree compiles to with the rendered tree on disk; with `--base`, with the same
/// systems at a commit; with `--against`, with any Kubernetes objects, such as what a cluster returned.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  windlass diff\n  windlass diff --base origin/main...HEAD --env production\n  \
                        windlass diff --base main --all --format markdown > comment.md   every system that the branch affects\n  \
                        kubectl get deploy,svc,cm -n ai -o json | windlass diff --env production --against -")]
pub(super) struct Diff {
    #[command(flatten)]
    systems: Systems,
    /// Only this environment; may be repeated
    #[arg(long, short, value_name = "ENVIRONMENT")]
    env: Vec<String>,
    /// Compare with the systems at this commit, branch or tag; `a...b` is where the two parted
    #[arg(long, value_name = "REF", conflicts_with = "against")]
    base: Option<String>,
    /// Compare the systems at this commit, instead of the working tree
    #[arg(long, value_name = "REF", conflicts_with = "staged")]
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

pub(super) fn class(text: &str) -> Result<Class, String> {
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
pub(super) struct Outcome {
    pub(super) report: Report,
    failed: bool,
    stopped: bool,
    /// Whether there may be more than one system.
    several: bool,
    /// The environments that were asked for and found.
    known: BTreeSet<String>,
}

impl Outcome {
    /// Whether something is wrong, or stops the change.
    pub(super) fn fails(&self) -> bool {
        self.failed || self.stopped
    }

    /// Takes in what another system gave.
    fn join(&mut self, other: Self) {
        self.failed |= other.failed;
        self.stopped |= other.stopped;
        self.known.extend(other.known);
        self.report.notes.extend(other.report.notes);
        self.report.reviews.extend(other.report.reviews);
    }

    /// A system that cannot be loaded does not hide the others.
    fn leave_out_one(&mut self) {
        let note = "a system that cannot be loaded is not compared; the findings say which, and why";
        self.failed = true;
        if !self.report.notes.iter().any(|known| known == note) {
            self.report.notes.push(note.into());
        }
    }
}

/// One system of a comparison.
enum Subject {
    Here(Choice),
    /// In the base alone.
    Gone(PathBuf),
}

impl Subject {
    fn path(&self) -> Option<&PathBuf> {
        match self {
            Self::Here(choice) => choice.system.as_ref(),
            Self::Gone(path) => Some(path),
        }
    }
}

/// What the new side is called where it is the index.
const STAGED: &str = "what is staged";

impl Diff {
    /// A comparison of systems as they are with what they were.
    pub(super) fn of(systems: Systems, base: String, fail_on: Vec<Class>, full_report: Option<String>) -> Self {
        Self {
            systems,
            env: Vec::new(),
            base: Some(base),
            head: None,
            against: None,
            stat: false,
            name_only: false,
            exit_code: false,
            fail_on,
            full_report,
        }
    }

    pub(super) fn run(&self, global: &Global, terminal: &mut Terminal) -> Ending {
        let outcome = match self.review(global, terminal) {
            Ok(outcome) => outcome,
            Err(ending) => return ending,
        };
        terminal.out(&render(&outcome.report, global.format, &self.options(terminal)));
        let differs = outcome.report.reviews.iter().any(|review| !review.changes.is_empty());
        if outcome.fails() || (self.exit_code && differs) { Ending::Findings } else { Ending::Clean }
    }

    /// The reviews of all systems; why there are none is said already.
    pub(super) fn review(&self, global: &Global, terminal: &mut Terminal) -> Result<Outcome, Ending> {
        let commits = self.commits(global).map_err(|error| {
            let ending = Ending::of_fault(error.is_machine_fault());
            terminal.stop(error.into(), ending)
        })?;
        let at = commits.repository.clone().zip(commits.head.as_ref().map(|(_, snapshot)| snapshot.clone()));
        let base = commits.base.as_ref().map(|(_, snapshot)| snapshot);
        let chosen = match self.systems.choose_at(global, at, base) {
            Ok(chosen) => chosen,
            Err((finding, ending)) => return Err(terminal.stop(*finding, ending)),
        };
        let mut outcome = Outcome { several: chosen.several, ..Outcome::default() };
        (outcome.report.before, outcome.report.after) = self.labels(&commits);
        let against = match self.against.as_ref().map(|path| side::given(&folder(global), path)).transpose() {
            Ok(against) => against,
            Err((sources, found, ending)) => {
                terminal.findings_beside(&sources, found);
                return Err(ending);
            }
        };
        let gone = self.gone(global, &commits, &chosen);
        let subjects: Vec<Subject> =
            chosen.systems.into_iter().map(Subject::Here).chain(gone.into_iter().map(Subject::Gone)).collect();
        self.systems(global, &subjects, &commits, against.as_deref(), &mut outcome, terminal)?;
        if let Some(unknown) = self.env.iter().find(|name| outcome.several && !outcome.known.contains(*name)) {
            let message = format!("no system has an environment `{unknown}`");
            return Err(terminal.stop(Diagnostic::error(code::ENVIRONMENT_NOT_FOUND, message), Ending::Usage));
        }
        if chosen.unaffected && outcome.report.reviews.is_empty() {
            outcome.report.notes.push(UNAFFECTED.into());
        }
        Ok(outcome)
    }

    /// Reviews the systems side by side; what is said of each comes in their order.
    fn systems(
        &self,
        global: &Global,
        subjects: &[Subject],
        commits: &Commits,
        against: Option<&[crate::kube::Object]>,
        outcome: &mut Outcome,
        terminal: &mut Terminal,
    ) -> Result<(), Ending> {
        let (before, several) = (outcome.report.before.clone(), outcome.several);
        let of_one = |subject: &Subject| {
            let report = Report { before: before.clone(), ..Report::default() };
            let (mut own, mut beside) = (Outcome { report, several, ..Outcome::default() }, Terminal::apart(global));
            let ended = self.system(global, subject, commits, against, &mut own, &mut beside);
            (own, beside, ended)
        };
        let reviewed: Vec<_> = subjects.par_iter().map(of_one).collect();
        for (own, beside, ended) in reviewed {
            terminal.say(beside);
            outcome.join(own);
            match ended {
                Ok(()) => {}
                Err(Ending::Findings) if several => outcome.leave_out_one(),
                Err(ending) => return Err(ending),
            }
        }
        Ok(())
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
        if self.base.is_none() && self.head.is_none() && !self.systems.staged {
            return Ok(Commits { repository: None, base: None, head: None });
        }
        let repository = Repository::discover(&folder(global))?;
        let commit = |reference: &Option<String>| {
            let commit = |reference: &String| Ok((reference.clone(), repository.commit(reference)?));
            reference.as_ref().map(commit).transpose()
        };
        let (base, mut head) = (commit(&self.base)?, commit(&self.head)?);
        if self.systems.staged {
            head = Some((STAGED.into(), repository.staged()?));
        }
        Ok(Commits { repository: Some(repository), base, head })
    }

    /// What the two sides are called.
    fn labels(&self, commits: &Commits) -> (String, String) {
        let of = |(reference, snapshot): &(String, Snapshot)| {
            if reference == STAGED {
                return STAGED.to_owned();
            }
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

    /// The systems that are in the base alone: everything of them goes.
    fn gone(&self, global: &Global, commits: &Commits, chosen: &Chosen) -> Vec<PathBuf> {
        let Some((repository, (_, base))) = commits.repository.as_ref().zip(commits.base.as_ref()) else {
            return Vec::new();
        };
        if !self.systems.all {
            return Vec::new();
        }
        let is_here = |path: &String| match &chosen.commit {
            Some((_, head)) => head.read(path, u64::MAX).is_ok(),
            None => Workspace::open(&folder(global)).is_ok_and(|workspace| workspace.read(path, u64::MAX).is_ok()),
        };
        let before = base.systems().unwrap_or_default();
        before.into_iter().filter(|path| !is_here(path)).map(|path| repository.root().join(path)).collect()
    }

    /// The names of environments that were asked for and that one of the two sides of a system has.
    fn named(&self, head: &Project, origin: &Origin<'_>, outcome: &mut Outcome) -> Option<Vec<String>> {
        if !outcome.several || self.env.is_empty() {
            return Some(self.env.clone());
        }
        let in_base = |name: &String| {
            origin.loaded().is_some_and(|base| base.environments.iter().any(|environment| environment.name == *name))
        };
        let own: Vec<String> = self.env.iter().filter(|name| head.has(name) || in_base(name)).cloned().collect();
        outcome.known.extend(own.iter().cloned());
        (!own.is_empty()).then_some(own)
    }

    fn system(
        &self,
        global: &Global,
        subject: &Subject,
        commits: &Commits,
        against: Option<&[crate::kube::Object]>,
        outcome: &mut Outcome,
        terminal: &mut Terminal,
    ) -> Result<(), Ending> {
        let (opened, of_base) = open(global, subject, commits);
        let mut head = opened.map_err(|unusable| unusable.show_beside(terminal))?;
        match subject {
            Subject::Here(choice) => head.only.clone_from(&choice.only),
            Subject::Gone(_) => head.loaded.environments.clear(),
        }
        let origin = match (of_base, &commits.base) {
            (Some(loaded), Some((label, snapshot))) => {
                Origin::Commit { label, snapshot, project: side::base_project(loaded, outcome, terminal) }
            }
            _ => against.map_or(Origin::Tree, Origin::Given),
        };
        let mut said = gate::acknowledgements(&mut head, commits.head.as_ref().map(|(_, snapshot)| snapshot));
        let mut found = std::mem::take(&mut head.found);
        let Some(env) = self.named(&head, &origin, outcome) else { return Ok(()) };
        let environments = match side::environments(&head, &origin, &env) {
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
        if self.env.is_empty() && head.only.is_none() && outcome.report.notes.is_empty() {
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
        // Of an environment that goes, what it said last.
        let root = new.as_ref().map(|whole| &whole.root).or(old.root.as_ref());
        let policy = root.and_then(gate::policy);
        Ok(Some((review, Gate::new(policy.as_ref(), &self.fail_on))))
    }
}

type Opened = Result<Project, Box<Unusable>>;

/// The system on both sides, where the old one is a commit. The work tree is read beside it.
fn open(global: &Global, subject: &Subject, commits: &Commits) -> (Opened, Option<Opened>) {
    let named = subject.path();
    let new_side = if matches!(subject, Subject::Gone(_)) { &commits.base } else { &commits.head };
    let at = |(_, snapshot): &(String, Snapshot)| {
        commits.repository.as_ref().map(|repository| Project::at(global, named, repository, snapshot))
    };
    let base = || commits.base.as_ref().and_then(at);
    match new_side.as_ref().and_then(at) {
        Some(head) => (head, base()),
        None => rayon::join(|| Project::open(global, named), base),
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
