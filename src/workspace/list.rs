//! Reading a whole folder: a rendered tree, or objects of anybody's.

use super::ReadError;
use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

/// Every regular file in a folder and those below, by its path from there with `/` between names; links
/// and hidden files are left out. A folder that does not exist holds nothing; a file holds itself.
pub fn list(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>, ReadError> {
    let mut files = BTreeMap::new();
    let failed = |error| ReadError::io(folder.display().to_string(), &error);
    match fs::metadata(folder) {
        Ok(metadata) if metadata.is_file() => {
            let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
            files.insert(name, fs::read(folder).map_err(failed)?);
        }
        Ok(_) => walk(folder, "", &mut files)?,
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error)),
    }
    Ok(files)
}

fn walk(folder: &Path, prefix: &str, files: &mut BTreeMap<String, Vec<u8>>) -> Result<(), ReadError> {
    let failed = |error| ReadError::io(folder.display().to_string(), &error);
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') {
            continue;
        }
        let path = format!("{prefix}{name}");
        let kind = entry.file_type().map_err(failed)?;
        if kind.is_dir() {
            walk(&entry.path(), &format!("{path}/"), files)?;
        } else if kind.is_file() {
            files.insert(path, fs::read(entry.path()).map_err(failed)?);
        }
    }
    Ok(())
}

/// The bytes of all files in a folder and those below; what cannot be read counts nothing, and links are not followed.
pub fn size(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => size(&entry.path()),
            Ok(metadata) if metadata.is_file() => metadata.len(),
            _ => 0,
        })
        .sum()
}
