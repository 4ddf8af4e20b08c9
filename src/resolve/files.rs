//! Files of a component: content-hashed ConfigMaps, keys of secrets, and where they are mounted.
//!
//! Promises: a single file is mounted by its base name as `subPath`, a folder as one directory; the
//! ConfigMap's name follows its content, so that a change restarts its readers.

use super::Resolver;
use crate::digest;
use crate::document::Path;
use crate::model::{FileMap, Item, Mount, Projection, Strings, Volume, VolumeSource};
use crate::spec::{self, DataKey, FileEntry, FileSource, Named};
use std::collections::BTreeMap;

/// The files of all containers of a component.
#[derive(Default)]
pub(crate) struct FileSet {
    data: Strings,
    binary: BTreeMap<String, Vec<u8>>,
    pub(crate) volumes: Vec<Volume>,
}

/// Where a file's content comes from.
enum Origin {
    /// A key of the component's own ConfigMap.
    Own(String),
    Secret {
        name: String,
        key: String,
    },
}

impl FileSet {
    /// The ConfigMap, named `<name>-files-<hash>`, and the volumes that refer to it by that name.
    pub(crate) fn finish(mut self, name: &str) -> (Option<FileMap>, Vec<Volume>) {
        if self.data.is_empty() && self.binary.is_empty() {
            return (None, self.volumes);
        }
        let texts = self.data.iter().map(|(key, text)| (key.as_str(), text.as_bytes()));
        let bytes = self.binary.iter().map(|(key, bytes)| (key.as_str(), bytes.as_slice()));
        let name = format!("{name}-files-{}", digest::short(texts.chain(bytes)));
        for volume in &mut self.volumes {
            match &mut volume.source {
                VolumeSource::Config { name: object, .. } => object.clone_from(&name),
                VolumeSource::Projected(parts) => {
                    let own = parts.iter_mut().filter(|part| !part.is_secret);
                    own.for_each(|part| part.name.clone_from(&name));
                }
                _ => {}
            }
        }
        (Some(FileMap { name, data: self.data, binary: self.binary }), self.volumes)
    }

    /// Stores content under its base name, or under a longer one where that is taken.
    fn store(&mut self, base: &str, content: Content) -> String {
        let mut key = base.to_owned();
        let mut number = 2;
        while self.is_taken(&key, &content) {
            key = format!("{number}-{base}");
            number += 1;
        }
        match content {
            Content::Text(text) => {
                self.data.insert(key.clone(), text);
            }
            Content::Bytes(bytes) => {
                self.binary.insert(key.clone(), bytes);
            }
        }
        key
    }

    fn is_taken(&self, key: &str, content: &Content) -> bool {
        match (self.data.get(key), self.binary.get(key), content) {
            (None, None, _) => false,
            (Some(text), _, Content::Text(new)) => text != new,
            (_, Some(bytes), Content::Bytes(new)) => bytes != new,
            _ => true,
        }
    }

    /// The volume of a folder: the same folder in two containers is one volume where it holds the same.
    fn add(&mut self, wanted: &str, source: VolumeSource) -> String {
        let names = std::iter::once(wanted.to_owned()).chain((2..).map(|number| format!("{wanted}-{number}")));
        for name in names {
            match self.volumes.iter().find(|volume| volume.name == name) {
                Some(taken) if taken.source == source => return name,
                Some(_) => {}
                None => {
                    self.volumes.push(Volume { name: name.clone(), source });
                    return name;
                }
            }
        }
        wanted.to_owned()
    }

    /// The volume with this source, made on first use; its items grow.
    fn volume(&mut self, name: String, source: VolumeSource, item: Item) -> String {
        if !self.volumes.iter().any(|volume| volume.name == name) {
            self.volumes.push(Volume { name: name.clone(), source });
        }
        let volume = self.volumes.iter_mut().find(|volume| volume.name == name);
        if let Some(VolumeSource::Config { items, .. } | VolumeSource::Secret { items, .. }) =
            volume.map(|volume| &mut volume.source)
            && !items.contains(&item)
        {
            items.push(item);
        }
        name
    }
}

enum Content {
    Text(String),
    Bytes(Vec<u8>),
}

impl Resolver<'_, '_> {
    /// The mounts of a container's files; their content goes to `set`.
    pub(crate) fn files(
        &mut self,
        key: &str,
        files: Option<&spec::Files>,
        path: &Path,
        set: &mut FileSet,
    ) -> Vec<Mount> {
        let mut mounts = Vec::new();
        for (place, entry) in files.into_iter().flat_map(|files| &files.0) {
            let path = path.join(place);
            match entry {
                FileEntry::File(file) => mounts.extend(self.single_file(key, place, file, &path, set)),
                FileEntry::Folder(files) => mounts.extend(self.folder(key, place, files, &path, set)),
            }
        }
        mounts
    }

    fn single_file(
        &mut self,
        key: &str,
        place: &str,
        file: &FileSource,
        path: &Path,
        set: &mut FileSet,
    ) -> Option<Mount> {
        let base = place.rsplit('/').next().unwrap_or(place).to_owned();
        let mode = file.mode.map(|mode| mode.0);
        let (volume, sub_path) = match self.origin(key, &base, file, path, set)? {
            Origin::Own(data_key) => {
                let item = Item { key: data_key.clone(), path: data_key.clone(), mode };
                let source = VolumeSource::Config { name: String::new(), items: Vec::new() };
                (set.volume("files".into(), source, item), data_key)
            }
            Origin::Secret { name, key: secret_key } => {
                let item = Item { key: secret_key.clone(), path: secret_key.clone(), mode };
                let volume = volume_name("secret", &name);
                (set.volume(volume, VolumeSource::Secret { name, items: Vec::new() }, item), secret_key)
            }
        };
        Some(Mount { volume, path: place.into(), sub_path: Some(sub_path), read_only: true })
    }

    /// A folder: one volume, whatever its files come from, so that a rotated secret reaches the container.
    fn folder(
        &mut self,
        key: &str,
        place: &str,
        files: &Named<DataKey, FileSource>,
        path: &Path,
        set: &mut FileSet,
    ) -> Option<Mount> {
        let mut parts: Vec<Projection> = Vec::new();
        for (name, file) in files {
            let mode = file.mode.map(|mode| mode.0);
            let Some(origin) = self.origin(key, name, file, &path.join(name), set) else { continue };
            let (is_secret, source, data_key) = match origin {
                Origin::Own(data_key) => (false, String::new(), data_key),
                Origin::Secret { name, key } => (true, name, key),
            };
            let item = Item { key: data_key, path: name.clone(), mode };
            match parts.iter_mut().find(|part| part.is_secret == is_secret && part.name == source) {
                Some(part) => part.items.push(item),
                None => parts.push(Projection { is_secret, name: source, items: vec![item] }),
            }
        }
        let folder = place.trim_end_matches('/');
        let volume = set.add(&volume_name("files", folder), folder_source(parts)?);
        Some(Mount { volume, path: folder.into(), sub_path: None, read_only: true })
    }

    fn origin(&mut self, key: &str, base: &str, file: &FileSource, path: &Path, set: &mut FileSet) -> Option<Origin> {
        if let Some(secret) = &file.secret {
            let (name, secret_key) = secret.split_once('/')?;
            self.require_secret(name, Some(secret_key), &path.join("secret"));
            return Some(Origin::Secret { name: name.into(), key: secret_key.into() });
        }
        let content = match (&file.text, &file.path) {
            (Some(text), _) => Content::Text(text.0.clone()),
            (None, Some(file_path)) => content(self.contents.get(&**file_path)?),
            (None, None) => {
                self.no_form(path, "a file", "`path`, `text` or `secret`");
                return None;
            }
        };
        let content = match content {
            Content::Text(text) if file.template == Some(true) => Content::Text(self.expand(key, &text, path)),
            other => other,
        };
        Some(Origin::Own(set.store(base, content)))
    }
}

/// One source is a volume by itself; several are projected into one.
fn folder_source(mut parts: Vec<Projection>) -> Option<VolumeSource> {
    if parts.len() > 1 {
        return Some(VolumeSource::Projected(parts));
    }
    let Projection { is_secret, name, items } = parts.pop()?;
    Some(if is_secret { VolumeSource::Secret { name, items } } else { VolumeSource::Config { name, items } })
}

fn content(bytes: &[u8]) -> Content {
    match std::str::from_utf8(bytes) {
        Ok(text) => Content::Text(text.into()),
        Err(_) => Content::Bytes(bytes.into()),
    }
}

/// A name of a volume that follows from what it holds, within 63 characters.
fn volume_name(prefix: &str, rest: &str) -> String {
    let slug: String = rest.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let slug = slug.trim_matches('-');
    let name = format!("{prefix}-{slug}");
    if name.len() <= 63 { name } else { format!("{prefix}-{}", digest::short([(rest, &b""[..])])) }
}
