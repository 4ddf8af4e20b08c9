//! Writing objects: content and the folders along the changed paths, in one pack; no work tree, no index.

use super::home::packs;
use git2::{ObjectType, Oid, Repository};
use std::collections::{BTreeMap, BTreeSet};

const FILE_MODE: i32 = 0o100_644;
const FOLDER_MODE: i32 = 0o040_000;
/// Before all stores on disk, so that what is new stays in memory until it is packed.
const FIRST: i32 = 999;

/// Changes by name, one folder in the other.
#[derive(Default)]
struct Folder {
    files: BTreeMap<String, Option<Oid>>,
    folders: BTreeMap<String, Folder>,
}

impl Folder {
    fn put(&mut self, path: &str, id: Option<Oid>) {
        match path.split_once('/') {
            Some((name, rest)) => self.folders.entry(name.into()).or_default().put(rest, id),
            None => drop(self.files.insert(path.into(), id)),
        }
    }
}

/// Writes a root folder with the changes in it, and returns its id.
pub(super) fn write(
    repository: &Repository,
    root: Option<Oid>,
    changes: &BTreeMap<String, Option<Vec<u8>>>,
) -> Result<Oid, git2::Error> {
    let objects = repository.odb()?;
    let memory = objects.add_new_mempack_backend(FIRST)?;
    let mut written = BTreeSet::new();
    let mut folder = Folder::default();
    for (path, bytes) in changes {
        let id = bytes.as_ref().map(|bytes| objects.write(ObjectType::Blob, bytes)).transpose()?;
        written.extend(id);
        folder.put(path, id);
    }
    let root = write_folder(repository, root, &folder, &mut written)?;
    let root = root.map_or_else(|| repository.treebuilder(None)?.write(), Ok)?;
    written.insert(root);
    let mut pack = repository.packbuilder()?;
    pack.set_threads(0);
    written.iter().try_for_each(|id| pack.insert_object(*id, None))?;
    pack.write(&packs(repository), 0)?;
    memory.reset()?;
    objects.refresh()?;
    Ok(root)
}

/// `None` for a folder that holds nothing any more.
fn write_folder(
    repository: &Repository,
    old: Option<Oid>,
    changes: &Folder,
    written: &mut BTreeSet<Oid>,
) -> Result<Option<Oid>, git2::Error> {
    let old = old.map(|id| repository.find_tree(id)).transpose()?;
    let mut builder = repository.treebuilder(old.as_ref())?;
    for (name, below) in &changes.folders {
        let known = builder.get(name)?.filter(|entry| entry.kind() == Some(ObjectType::Tree)).map(|entry| entry.id());
        match write_folder(repository, known, below, written)? {
            Some(id) => drop(builder.insert(name, id, FOLDER_MODE)?),
            None if known.is_some() => builder.remove(name)?,
            None => {}
        }
    }
    for (name, id) in &changes.files {
        match id {
            Some(id) => drop(builder.insert(name, *id, FILE_MODE)?),
            None => builder.remove(name)?,
        }
    }
    if builder.is_empty() {
        return Ok(None);
    }
    let id = builder.write()?;
    written.insert(id);
    Ok(Some(id))
}
