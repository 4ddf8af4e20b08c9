//! What has to change in a branch, and what speaks against it: the rules of an output folder, for the
//! folder of a commit.

use super::Output;
use super::error::PublishError;
use super::home::Home;
use crate::diagnostic::code;
use crate::digest::sha256;
use crate::tree::{LOCK_FILE, Lock, Tree, TreeFile};
use crate::workspace::{Obstacle, Refusal, inside, sudden_loss};
use git2::{ObjectType, Oid};
use std::collections::{BTreeMap, BTreeSet};

/// The changes in the folder of one environment.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// By path from the root of the branch; `None` to take a file away.
    pub(super) changes: BTreeMap<String, Option<Vec<u8>>>,
    /// What Windlass left there last, with the objects that its lock names.
    pub(super) old: Tree,
}

/// What lies in a folder of the branch, by name.
type Listing = BTreeMap<String, (Oid, Item)>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Item {
    Folder,
    File,
    Link,
    Submodule,
}

/// A file that differs from what belongs there.
struct Differing<'a> {
    path: &'a str,
    id: Oid,
}

struct Survey<'a> {
    home: &'a Home,
    /// The folder of the environment, from the root.
    folder: &'a str,
    /// Folders by path from the root; `None` where there is none.
    folders: BTreeMap<String, Option<Listing>>,
    refusals: Vec<Refusal>,
}

/// Compares a tree with the folder that it goes to.
pub(super) fn plan(
    home: &Home,
    root: Option<Oid>,
    output: &Output<'_>,
    shown: &str,
    allow_prune: bool,
) -> Result<Plan, PublishError> {
    let mut survey = Survey { home, folder: &output.path, folders: BTreeMap::new(), refusals: Vec::new() };
    let listing = root.map(|root| survey.list(root)).transpose()?;
    survey.folders.insert(String::new(), Some(listing.unwrap_or_default()));
    survey.check_names(output)?;
    let lock = survey.lock(shown)?;
    let plan = survey.compare(output, lock.as_ref())?;
    if !allow_prune && let Some(lock) = &lock {
        let objects = lock.files.iter().filter_map(|file| file.object.clone()).collect();
        survey.refusals.extend(sudden_loss(&objects, output.tree));
    }
    if survey.refusals.is_empty() { Ok(plan) } else { Err(PublishError::refused(survey.refusals, shown)) }
}

impl Survey<'_> {
    fn list(&self, id: Oid) -> Result<Listing, git2::Error> {
        let tree = self.home.repository.find_tree(id)?;
        Ok(tree.iter().filter_map(|entry| Some((entry.name().ok()?.to_owned(), (entry.id(), item(&entry))))).collect())
    }

    /// The folder at a path from the root, unless there is none or something else is in the way.
    fn folder(&mut self, path: &str) -> Result<Option<&Listing>, PublishError> {
        if !self.folders.contains_key(path) {
            let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
            let entry = self.folder(above)?.and_then(|listing| listing.get(name)).copied();
            let listing = match entry {
                None => None,
                Some((id, Item::Folder)) => Some(self.list(id)?),
                Some((_, item)) => {
                    self.obstruct(path, item, Obstacle::NotAFolder);
                    None
                }
            };
            self.folders.insert(path.into(), listing);
        }
        Ok(self.folders.get(path).and_then(Option::as_ref))
    }

    fn obstruct(&mut self, path: &str, item: Item, otherwise: Obstacle) {
        let by = match item {
            Item::Link => Obstacle::Link,
            Item::Submodule => Obstacle::NotAFile("a submodule"),
            Item::File | Item::Folder => otherwise,
        };
        let path = self.relative(path);
        self.refusals.push(Refusal::Obstructed { path, by });
    }

    /// A path relative to the folder of the environment, with `../` for each folder above.
    fn relative(&self, path: &str) -> String {
        if self.folder.is_empty() {
            return path.into();
        }
        match path.strip_prefix(self.folder) {
            Some(rest) => rest.trim_start_matches('/').into(),
            None => "../".repeat(self.folder.split('/').count() - path.split('/').count()),
        }
    }

    fn entry(&mut self, path: &str) -> Result<Option<(Oid, Item)>, PublishError> {
        let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
        let entry = self.folder(above)?.and_then(|listing| listing.get(name)).copied();
        match entry {
            Some((_, item)) if item != Item::File => {
                self.obstruct(path, item, Obstacle::NotAFile("a folder"));
                Ok(None)
            }
            other => Ok(other),
        }
    }

    /// No new name may differ from one that is there only in case: a checkout on macOS and Windows would lose one.
    fn check_names(&mut self, output: &Output<'_>) -> Result<(), PublishError> {
        let lock = [LOCK_FILE];
        let files = output.tree.iter().map(|(path, _)| path).chain(lock).map(|path| inside(&output.path, path));
        let places: BTreeSet<String> = files.flat_map(|path| prefixes(&path)).collect();
        for place in places {
            let (above, name) = place.rsplit_once('/').unwrap_or(("", &place));
            let Some(listing) = self.folder(above)? else { continue };
            let twin = listing.keys().find(|known| known.eq_ignore_ascii_case(name) && *known != name);
            if let Some(twin) = twin.filter(|_| !listing.contains_key(name)) {
                let with = inside(above, twin);
                return Err(PublishError::new(
                    code::PUBLISH_CASE,
                    format!("`{place}` differs from `{with}` in the branch only in case"),
                )
                .reason("a clone on macOS or Windows could hold only one of the two")
                .help("choose another `--path`, or rename what is there"));
            }
        }
        Ok(())
    }

    fn lock(&mut self, shown: &str) -> Result<Option<Lock>, PublishError> {
        let Some((id, _)) = self.entry(&inside(self.folder, LOCK_FILE))? else { return Ok(None) };
        self.home.obtain(&[id])?;
        let bytes = self.home.repository.find_blob(id)?;
        Lock::parse(bytes.content()).map(Some).map_err(|error| PublishError::lock(error, shown))
    }

    fn compare(&mut self, output: &Output<'_>, lock: Option<&Lock>) -> Result<Plan, PublishError> {
        let owned: BTreeMap<&str, &crate::tree::LockFile> =
            lock.iter().flat_map(|lock| &lock.files).map(|file| (file.path.as_str(), file)).collect();
        let mut plan = Plan::default();
        let mut differing = Vec::new();
        let paths: BTreeSet<&str> = output.tree.iter().map(|(path, _)| path).chain(owned.keys().copied()).collect();
        for path in paths {
            let wanted = output.tree.get(path);
            match self.entry(&inside(self.folder, path))? {
                Some((id, _)) if wanted.is_some_and(|file| is_same(id, &file.bytes)) => {
                    if let Some((file, wanted)) = owned.get(path).zip(wanted) {
                        remember(&mut plan.old, path, wanted.bytes.clone(), file.object.clone());
                    }
                }
                Some((id, _)) => differing.push(Differing { path, id }),
                None => plan.set(self.folder, path, wanted),
            }
        }
        self.compare_content(output, &owned, &differing, &mut plan)?;
        plan.changes.retain(|path, bytes| bytes.is_some() || self.is_there(path));
        let next = Lock::of(output.tree);
        if !plan.changes.is_empty() || lock.is_none_or(|lock| lock.files != next.files) {
            plan.changes.insert(inside(self.folder, LOCK_FILE), Some(next.to_bytes()));
        }
        Ok(plan)
    }

    /// Files with other content: whose they are decides.
    fn compare_content(
        &mut self,
        output: &Output<'_>,
        owned: &BTreeMap<&str, &crate::tree::LockFile>,
        differing: &[Differing<'_>],
        plan: &mut Plan,
    ) -> Result<(), PublishError> {
        let of_windlass = differing.iter().filter(|file| owned.contains_key(file.path));
        self.home.obtain(&of_windlass.map(|file| file.id).collect::<Vec<_>>())?;
        for Differing { path, id } in differing {
            let Some(file) = owned.get(path) else {
                self.refusals.push(Refusal::Foreign { path: (*path).into() });
                continue;
            };
            let blob = self.home.repository.find_blob(*id)?;
            if sha256(blob.content()) == file.sha256 {
                remember(&mut plan.old, path, blob.content().to_vec(), file.object.clone());
                plan.set(self.folder, path, output.tree.get(path));
            } else {
                self.refusals.push(Refusal::Edited { path: (*path).into() });
            }
        }
        Ok(())
    }

    fn is_there(&self, path: &str) -> bool {
        let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
        self.folders.get(above).and_then(Option::as_ref).is_some_and(|listing| listing.contains_key(name))
    }
}

impl Plan {
    fn set(&mut self, folder: &str, path: &str, file: Option<&TreeFile>) {
        self.changes.insert(inside(folder, path), file.map(|file| file.bytes.clone()));
    }
}

fn remember(tree: &mut Tree, path: &str, bytes: Vec<u8>, object: Option<String>) {
    // The lock was checked: its paths fit into one tree, but for a case that another tool gave them.
    let _ = tree.insert(path, TreeFile { bytes, object });
}

fn is_same(id: Oid, bytes: &[u8]) -> bool {
    Oid::hash_object(ObjectType::Blob, bytes).is_ok_and(|wanted| wanted == id)
}

fn item(entry: &git2::TreeEntry<'_>) -> Item {
    match (entry.kind(), entry.filemode()) {
        (Some(ObjectType::Tree), _) => Item::Folder,
        (Some(ObjectType::Commit), _) => Item::Submodule,
        (_, 0o120_000) => Item::Link,
        _ => Item::File,
    }
}

/// A path and those of all folders above it.
fn prefixes(path: &str) -> Vec<String> {
    path.match_indices('/').map(|(at, _)| path[..at].to_owned()).chain([path.to_owned()]).collect()
}
