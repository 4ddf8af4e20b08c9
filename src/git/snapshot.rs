//! The files of one commit, by the rules of the work tree.

use super::{GitError, Shared};
use crate::diagnostic::{Diagnostic, nearest};
use crate::workspace::{self, Folders, ReadError, inside, join};
use git2::{ErrorCode, ObjectType, Oid};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;
use std::sync::Arc;

/// As many links as Linux follows.
const LINK_LIMIT: u32 = 40;
/// The first line of what Git LFS leaves in a commit.
const POINTER: &[u8] = b"version https://git-lfs.github.com/spec/";
const TYPE_OF_MODE: i32 = 0o170_000;
const LINK_MODE: i32 = 0o120_000;

/// The files of one commit. Paths are from the root, with `/` between names.
#[derive(Clone)]
pub struct Snapshot {
    pub(super) repository: Shared,
    commit: Oid,
    tree: Oid,
    /// The folders on the way to what was asked for. Libgit2 itself keeps small ones only.
    passed: Arc<Mutex<BTreeMap<Oid, Listing>>>,
}

/// What the names in a folder stand for.
type Listing = BTreeMap<Vec<u8>, Item>;

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Snapshot").field(&self.commit).finish()
    }
}

/// What lies at a path, after links, and the folders above it, root first.
#[derive(Clone)]
struct Place {
    above: Vec<Oid>,
    item: Item,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Item {
    Folder(Oid),
    File(Oid),
    Link(Oid),
    Submodule,
}

/// Why a path leads nowhere.
enum Stop {
    Missing,
    /// Out of the repository.
    Outside,
    /// Into another one.
    Submodule,
    Links,
    Git(git2::Error),
}

impl From<git2::Error> for Stop {
    fn from(error: git2::Error) -> Self {
        Self::Git(error)
    }
}

impl Snapshot {
    pub(super) fn of(repository: Shared, commit: Oid) -> Result<Self, GitError> {
        let tree = repository.lock().find_commit(commit).map(|commit| commit.tree_id());
        let tree = tree.map_err(|error| GitError::failed(format!("read the commit `{commit}`"), &error))?;
        Ok(Self { repository, commit, tree, passed: Arc::default() })
    }

    /// Files that are in no commit yet.
    pub(super) fn of_tree(repository: Shared, tree: Oid) -> Self {
        // No commit has the id of a tree, so nothing is in its history.
        Self { repository, commit: tree, tree, passed: Arc::default() }
    }

    pub(super) fn tree(&self) -> Oid {
        self.tree
    }

    /// The systems in all folders, in the order of their paths, without hidden folders and those of output.
    pub fn systems(&self) -> Result<Vec<String>, ReadError> {
        let mut found = Vec::new();
        self.systems_in("", self.tree, &mut found)?;
        found.sort();
        Ok(found)
    }

    fn systems_in(&self, folder: &str, id: Oid, found: &mut Vec<String>) -> Result<(), ReadError> {
        let items = self.items(folder, id)?;
        if workspace::is_output(items.iter().map(|(name, _)| name.as_str())) {
            return Ok(());
        }
        for (name, item) in items {
            let path = inside(folder, &name);
            let is_ours = || workspace::is_ours(&self.read(&path, workspace::FILE_LIMIT).unwrap_or_default());
            match item {
                Item::Folder(id) if !name.starts_with('.') => self.systems_in(&path, id, found)?,
                Item::File(_) if name == workspace::SYSTEM_FILE && is_ours() => found.push(path),
                _ => {}
            }
        }
        Ok(())
    }

    /// The id of the commit.
    pub fn id(&self) -> String {
        self.commit.to_string()
    }

    /// Whether another commit, by its id or name, is this one or in its history.
    pub fn contains(&self, commit: &str) -> bool {
        let repository = self.repository.lock();
        let Ok(other) = repository.revparse_single(commit).and_then(|object| object.peel_to_commit()) else {
            return false;
        };
        other.id() == self.commit || repository.graph_descendant_of(self.commit, other.id()).unwrap_or(false)
    }

    /// The bytes of a file of at most `limit` bytes.
    pub fn read(&self, path: &str, limit: u64) -> Result<Vec<u8>, ReadError> {
        let path = join("", path)?;
        match self.locate(&path)?.item {
            Item::File(id) => self.content(&path, id, limit),
            Item::Submodule => Err(ReadError::Submodule { at: path.clone(), path }),
            Item::Folder(_) | Item::Link(_) => Err(ReadError::NotRegular { path, what: workspace::FOLDER }),
        }
    }

    /// The files that a pattern names, as in the work tree.
    pub fn expand(&self, pattern: &str) -> Result<Vec<String>, ReadError> {
        workspace::expand(self, pattern)
    }

    /// The system: the file given, else the nearest `system.yaml` in the folder `from` or above.
    pub fn find_system(&self, given: Option<&str>, from: &str) -> Result<String, Diagnostic> {
        match given {
            Some(given) => self.read(given, u64::MAX).map(|_| given.to_owned()).map_err(Diagnostic::from),
            None => workspace::nearest_system(self, from),
        }
    }

    /// The environments of a system, beside it or in the folder given.
    pub fn environments(&self, system: &str, given: Option<&str>) -> Result<Vec<String>, Diagnostic> {
        workspace::environments(self, system, given.map(str::to_owned))
    }

    /// Every regular file in a folder and those below, by its path from there; links are left out. A folder
    /// that does not exist holds nothing.
    pub fn list(&self, folder: &str) -> Result<BTreeMap<String, Vec<u8>>, ReadError> {
        let folder = join("", folder)?;
        let mut files = BTreeMap::new();
        match self.locate(&folder) {
            Ok(Place { item: Item::Folder(id), .. }) => self.collect(&folder, "", id, &mut files)?,
            Ok(_) => return Err(ReadError::NotRegular { path: folder, what: "not a folder" }),
            Err(ReadError::NotFound { .. }) => {}
            Err(error) => return Err(error),
        }
        Ok(files)
    }

    fn collect(
        &self,
        folder: &str,
        below: &str,
        id: Oid,
        files: &mut BTreeMap<String, Vec<u8>>,
    ) -> Result<(), ReadError> {
        for (name, item) in self.items(folder, id)? {
            let path = inside(below, &name);
            match item {
                Item::Folder(id) => self.collect(folder, &path, id, files)?,
                Item::File(id) => {
                    let bytes = self.content(&inside(folder, &path), id, u64::MAX)?;
                    files.insert(path, bytes);
                }
                Item::Link(_) | Item::Submodule => {}
            }
        }
        Ok(())
    }

    fn content(&self, path: &str, id: Oid, limit: u64) -> Result<Vec<u8>, ReadError> {
        let failed = |error: git2::Error| unreadable(path, &error);
        let repository = self.repository.lock();
        let objects = repository.odb().map_err(failed)?;
        let (size, _) = objects.read_header(id).map_err(failed)?;
        if size as u64 > limit {
            return Err(ReadError::TooLarge { path: path.into(), size: size as u64, limit });
        }
        let bytes = objects.read(id).map_err(failed)?.data().to_vec();
        if bytes.starts_with(POINTER) { Err(ReadError::Pointer { path: path.into() }) } else { Ok(bytes) }
    }

    /// What lies at a plain path.
    fn locate(&self, path: &str) -> Result<Place, ReadError> {
        let mut place = self.root();
        let mut links = 0;
        for (at, name) in path.match_indices('/').map(|(at, _)| at).chain([path.len()]).zip(path.split('/')) {
            if name.is_empty() {
                break;
            }
            if name.eq_ignore_ascii_case(".git") {
                return Err(ReadError::Git { path: path.into() });
            }
            let before = place.clone();
            place = match self.step(place, name, &mut links) {
                Ok(place) => place,
                Err(stop) => return Err(self.stopped(stop, path, at, &before)),
            };
        }
        Ok(place)
    }

    fn root(&self) -> Place {
        Place { above: Vec::new(), item: Item::Folder(self.tree) }
    }

    /// From a folder to what bears a name in it, through links.
    fn step(&self, mut place: Place, name: &str, links: &mut u32) -> Result<Place, Stop> {
        if name == ".." {
            place.item = Item::Folder(place.above.pop().ok_or(Stop::Outside)?);
            return Ok(place);
        }
        let folder = match place.item {
            Item::Folder(id) => id,
            Item::Submodule => return Err(Stop::Submodule),
            Item::File(_) | Item::Link(_) => return Err(Stop::Missing),
        };
        let item = self.item(folder, name)?.ok_or(Stop::Missing)?;
        if let Item::Link(id) = item {
            return self.follow(place, id, links);
        }
        place.above.push(folder);
        place.item = item;
        Ok(place)
    }

    fn follow(&self, folder: Place, link: Oid, links: &mut u32) -> Result<Place, Stop> {
        *links += 1;
        let target = self.repository.lock().find_blob(link)?.content().to_vec();
        let target = String::from_utf8_lossy(&target).into_owned();
        if *links > LINK_LIMIT {
            return Err(Stop::Links);
        }
        if target.starts_with('/') {
            return Err(Stop::Outside);
        }
        let mut names = target.split('/').filter(|name| !matches!(*name, "" | "."));
        names.try_fold(folder, |place, name| self.step(place, name, links))
    }

    fn item(&self, folder: Oid, name: &str) -> Result<Option<Item>, git2::Error> {
        let mut passed = self.passed.lock();
        let listing = match passed.entry(folder) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(self.listing(folder)?),
        };
        Ok(listing.get(name.as_bytes()).copied())
    }

    fn listing(&self, folder: Oid) -> Result<Listing, git2::Error> {
        let repository = self.repository.lock();
        let tree = repository.find_tree(folder)?;
        Ok(tree.iter().map(|entry| (entry.name_bytes().to_vec(), Item::of(&entry))).collect())
    }

    /// Everything in a folder; `path` names it in errors.
    fn items(&self, path: &str, folder: Oid) -> Result<Vec<(String, Item)>, ReadError> {
        let listing = self.listing(folder).map_err(|error| unreadable(path, &error))?;
        let named = |(name, item): (Vec<u8>, Item)| match String::from_utf8(name) {
            Ok(name) => Ok((name, item)),
            Err(error) => {
                Err(ReadError::NameNotUtf8 { path: inside(path, &String::from_utf8_lossy(error.as_bytes())) })
            }
        };
        listing.into_iter().map(named).collect()
    }

    /// Says why a path leads nowhere: `at` is the end of the name that does not go on from `before`.
    fn stopped(&self, stop: Stop, path: &str, at: usize, before: &Place) -> ReadError {
        let (missing, rest) = path.split_at(at);
        let (above, name) = missing.rsplit_once('/').unwrap_or(("", missing));
        let path = String::from(path);
        match stop {
            Stop::Outside => ReadError::LinkOutside { path },
            Stop::Submodule => ReadError::Submodule { path, at: above.into() },
            Stop::Links => ReadError::Io { path, error: "too many levels of symbolic links".into() },
            Stop::Git(error) => unreadable(&path, &error),
            Stop::Missing if self.is_link(before, name) => ReadError::DanglingLink { path, link: missing.into() },
            Stop::Missing => {
                let near = self.near(before, name).map(|near| format!("{}{rest}", inside(above, &near)));
                let near = near.filter(|near| self.locate(near).is_ok());
                ReadError::NotFound { missing: missing.into(), near, path }
            }
        }
    }

    fn is_link(&self, folder: &Place, name: &str) -> bool {
        let Item::Folder(id) = folder.item else { return false };
        matches!(self.item(id, name), Ok(Some(Item::Link(_))))
    }

    fn near(&self, folder: &Place, name: &str) -> Option<String> {
        let Item::Folder(id) = folder.item else { return None };
        let items = self.items("", id).ok()?;
        nearest(name, items.iter().map(|(known, _)| known.as_str())).map(String::from)
    }
}

impl Item {
    fn of(entry: &git2::TreeEntry<'_>) -> Self {
        match entry.kind() {
            Some(ObjectType::Tree) => Self::Folder(entry.id()),
            Some(ObjectType::Commit) => Self::Submodule,
            _ if entry.filemode() & TYPE_OF_MODE == LINK_MODE => Self::Link(entry.id()),
            _ => Self::File(entry.id()),
        }
    }
}

impl Folders for Snapshot {
    fn names(&self, folder: &str) -> Result<Vec<String>, ReadError> {
        match self.locate(folder)?.item {
            Item::Folder(id) => Ok(self.items(folder, id)?.into_iter().map(|(name, _)| name).collect()),
            Item::Submodule => Err(ReadError::Submodule { path: folder.into(), at: folder.into() }),
            Item::File(_) | Item::Link(_) => Err(ReadError::NotRegular { path: folder.into(), what: "not a folder" }),
        }
    }

    fn is_file(&self, path: &str) -> bool {
        self.locate(path).is_ok_and(|place| matches!(place.item, Item::File(_)))
    }

    fn is_there(&self, path: &str) -> bool {
        !matches!(self.locate(path), Err(ReadError::NotFound { .. }))
    }
}

fn unreadable(path: &str, error: &git2::Error) -> ReadError {
    match error.code() {
        ErrorCode::NotFound => ReadError::NotFetched { path: path.into() },
        _ => ReadError::Io { path: path.into(), error: error.message().into() },
    }
}
