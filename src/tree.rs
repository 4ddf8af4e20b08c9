//! The rendered tree: every output file by its path, and the lock that says what Windlass owns.
//!
//! Promises: pure. Every path of a [`Tree`] can be created on every file system, next to all the
//! others: no path leaves the output folder, names a device, or differs from another only in case.
//! The bytes of a [`Lock`] follow from the tree and the version of the compiler alone.

use crate::diagnostic::{Diagnostic, code};
use crate::digest::sha256;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};

/// The file of a [`Lock`], at the root of the output folder.
pub const LOCK_FILE: &str = "windlass.lock.json";
/// The folder for files on their way, at the root of the output folder; gone after every write.
pub const STAGING_FOLDER: &str = ".windlass";
/// The most bytes that a path may have; Linux takes no more.
const PATH_LIMIT: usize = 4096;
/// The most bytes that a name in a path may have, everywhere.
const NAME_LIMIT: usize = 255;
/// The version of the lock's format.
const LOCK_VERSION: u32 = 1;

/// One output file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeFile {
    pub bytes: Vec<u8>,
    /// The object in the file, such as `apps/v1/Deployment ai/api`; none for the tree's own files.
    pub object: Option<String>,
}

/// The files of one environment, by path: relative to the output folder, `/` between names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    files: BTreeMap<String, TreeFile>,
    /// Every file and every folder above one, by its path in lower case.
    places: BTreeMap<String, Place>,
}

/// A path as it is written, and what lies there.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    written: String,
    folder: bool,
}

impl Tree {
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file, unless some file system could not hold it there.
    pub fn insert(&mut self, path: impl Into<String>, file: TreeFile) -> Result<(), PathError> {
        let path = path.into();
        let refuse = |problem| PathError { path: path.clone(), problem };
        check_path(&path).map_err(refuse)?;
        let places = places(&path);
        places.iter().try_for_each(|place| self.check_place(place)).map_err(refuse)?;
        for place in places {
            self.places.insert(place.written.to_ascii_lowercase(), place);
        }
        self.files.insert(path, file);
        Ok(())
    }

    fn check_place(&self, place: &Place) -> Result<(), PathProblem> {
        let Some(known) = self.places.get(&place.written.to_ascii_lowercase()) else { return Ok(()) };
        let with = known.written.clone();
        match (known.written == place.written, known.folder, place.folder) {
            (true, true, true) => Ok(()),
            (true, false, false) => Err(PathProblem::Twice),
            (true, ..) => Err(PathProblem::FileAndFolder { with }),
            (false, ..) => Err(PathProblem::OnlyCaseDiffers { with }),
        }
    }

    pub fn get(&self, path: &str) -> Option<&TreeFile> {
        self.files.get(path)
    }

    /// The files in the order of their paths.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &TreeFile)> {
        self.files.iter().map(|(path, file)| (path.as_str(), file))
    }

    pub fn len(&self) -> usize {
        self.files.len()
    }

    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The identities of all objects in the tree.
    pub fn objects(&self) -> BTreeSet<&str> {
        self.files.values().filter_map(|file| file.object.as_deref()).collect()
    }
}

/// The folders above a file, from the root, and the file.
fn places(path: &str) -> Vec<Place> {
    let folders = path.match_indices('/').map(|(at, _)| Place { written: path[..at].into(), folder: true });
    folders.chain(std::iter::once(Place { written: path.into(), folder: false })).collect()
}

/// A path that the output cannot have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathError {
    pub path: String,
    pub problem: PathProblem,
}

/// What is wrong with a path of the output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathProblem {
    /// Starts at the root of the file system, or is empty.
    NotRelative,
    /// Has `..` or `.` as a name.
    Climbs,
    /// Two `/` in a row, or one at the end.
    EmptyName,
    /// A character that some file system does not take in a name.
    Character(char),
    /// A name that means something else: a device, Git's folder, a file of Windlass itself.
    Reserved(String),
    /// A name that ends with a dot: Windows drops it.
    TrailingDot(String),
    /// A name over 255 bytes.
    TooLong(String),
    /// A path over 4096 bytes.
    PathTooLong(usize),
    /// The same path a second time.
    Twice,
    /// Another path that differs only in case: one of the two would be lost on macOS and Windows.
    OnlyCaseDiffers { with: String },
    /// A file where another path needs a folder.
    FileAndFolder { with: String },
}

impl fmt::Display for PathProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotRelative => f.write_str("it is not relative to the output folder"),
            Self::Climbs => f.write_str("it has `.` or `..` as a name"),
            Self::EmptyName => f.write_str("it has an empty name between two `/`"),
            Self::Character(c) => write!(f, "`{}` is not allowed in a file name", c.escape_default()),
            Self::Reserved(name) => write!(f, "the name `{name}` is reserved"),
            Self::TrailingDot(name) => write!(f, "the name `{name}` ends with a dot"),
            Self::TooLong(name) => write!(f, "a name of {} bytes is over the limit of {NAME_LIMIT}", name.len()),
            Self::PathTooLong(length) => write!(f, "{length} bytes are over the limit of {PATH_LIMIT}"),
            Self::Twice => f.write_str("two objects have the same file"),
            Self::OnlyCaseDiffers { with } => write!(f, "it differs from `{with}` only in case"),
            Self::FileAndFolder { with } => write!(f, "`{with}` would have to be a file and a folder"),
        }
    }
}

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the output cannot have the file `{}`: {}", self.path.escape_default(), self.problem)
    }
}

impl std::error::Error for PathError {}

impl From<PathError> for Diagnostic {
    fn from(error: PathError) -> Self {
        Self::error(code::OUTPUT_PATH, error.to_string())
            .reason("the output must be the same on Linux, macOS and Windows")
            .help("rename the component or the object that gives the file its name")
    }
}

/// Whether every file system takes `path` and keeps it inside the output folder.
///
/// Only ASCII passes, so that case and normal forms of Unicode cannot make two names one.
pub fn check_path(path: &str) -> Result<(), PathProblem> {
    if path.is_empty() || path.starts_with('/') {
        return Err(PathProblem::NotRelative);
    }
    if path.len() > PATH_LIMIT {
        return Err(PathProblem::PathTooLong(path.len()));
    }
    if path.eq_ignore_ascii_case(LOCK_FILE) {
        return Err(PathProblem::Reserved(path.into()));
    }
    path.split('/').try_for_each(check_name)
}

fn check_name(name: &str) -> Result<(), PathProblem> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '+' | '@' | '=' | ',');
    match name {
        "" => Err(PathProblem::EmptyName),
        "." | ".." => Err(PathProblem::Climbs),
        _ if name.len() > NAME_LIMIT => Err(PathProblem::TooLong(name.into())),
        _ if is_reserved(name) => Err(PathProblem::Reserved(name.into())),
        _ if name.ends_with('.') => Err(PathProblem::TrailingDot(name.into())),
        _ => name.chars().find(|c| !allowed(*c)).map_or(Ok(()), |c| Err(PathProblem::Character(c))),
    }
}

/// Git's folder, the staging folder, and the devices of Windows, which lie in every folder there and
/// have every extension.
fn is_reserved(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let stem = name.split_once('.').map_or(name.as_str(), |(stem, _)| stem);
    let numbered = |prefix| stem.strip_prefix(prefix).is_some_and(|n| n.len() == 1 && n.as_bytes()[0].is_ascii_digit());
    matches!(stem, "con" | "prn" | "aux" | "nul")
        || numbered("com")
        || numbered("lpt")
        || name == ".git"
        || name == STAGING_FOLDER
}

/// What Windlass owns in an output folder: only these files are ever rewritten or removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    pub version: u32,
    /// The version of Windlass that wrote the folder.
    pub compiler: String,
    pub files: Vec<LockFile>,
}

/// One file of a [`Lock`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockFile {
    pub path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
    pub sha256: String,
}

impl Lock {
    /// The lock of a tree that this compiler rendered.
    pub fn of(tree: &Tree) -> Self {
        let entry = |(path, file): (&str, &TreeFile)| LockFile {
            path: path.into(),
            object: file.object.clone(),
            sha256: sha256(&file.bytes),
        };
        let files = tree.iter().map(entry).collect();
        Self { version: LOCK_VERSION, compiler: env!("CARGO_PKG_VERSION").into(), files }
    }

    /// JSON with one file a line, so that Git shows and merges the lock file by file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        let mut text = format!("{{\n  \"version\": {},\n  \"compiler\": {},\n", self.version, quoted(&self.compiler));
        text.push_str("  \"files\": [");
        for (index, file) in self.files.iter().enumerate() {
            text.push_str(if index == 0 { "\n" } else { ",\n" });
            let _ = write!(text, "    {{\"path\": {}", quoted(&file.path));
            if let Some(object) = &file.object {
                let _ = write!(text, ", \"object\": {}", quoted(object));
            }
            let _ = write!(text, ", \"sha256\": {}}}", quoted(&file.sha256));
        }
        text.push_str(if self.files.is_empty() { "]\n}\n" } else { "\n  ]\n}\n" });
        text.into_bytes()
    }

    /// Reads a lock, which may come from anywhere: what it names stays inside the output folder.
    pub fn parse(bytes: &[u8]) -> Result<Self, LockError> {
        if conflict_lines(bytes) {
            return Err(LockError::Conflict);
        }
        let lock = serde_json::from_slice::<Self>(bytes).map_err(|error| LockError::of_syntax(bytes, &error))?;
        lock.check()?;
        Ok(lock)
    }

    /// Reads a lock in which Git may have left a conflict of a merge: then each side is a lock.
    pub fn parse_sides(bytes: &[u8]) -> Result<Vec<Self>, LockError> {
        if !conflict_lines(bytes) {
            return Ok(vec![Self::parse(bytes)?]);
        }
        let text = String::from_utf8_lossy(bytes);
        let (ours, theirs) = conflict_sides(&text);
        Ok(vec![Self::parse(ours.as_bytes())?, Self::parse(theirs.as_bytes())?])
    }

    fn check(&self) -> Result<(), LockError> {
        if self.version != LOCK_VERSION {
            return Err(LockError::Version(self.version));
        }
        let mut seen = BTreeSet::new();
        for LockFile { path, sha256, .. } in &self.files {
            check_path(path).map_err(|problem| LockError::Path(PathError { path: path.clone(), problem }))?;
            if sha256.len() != 64 || !sha256.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
                return Err(LockError::Digest { path: path.clone() });
            }
            if !seen.insert(path.as_str()) {
                return Err(LockError::Twice { path: path.clone() });
            }
        }
        Ok(())
    }
}

/// Whether Git left a conflict: no line of a lock starts like this otherwise.
fn conflict_lines(bytes: &[u8]) -> bool {
    bytes.split(|byte| *byte == b'\n').any(|line| line.starts_with(b"<<<<<<< "))
}

fn conflict_sides(text: &str) -> (String, String) {
    let (mut ours, mut theirs) = (String::new(), String::new());
    let (mut in_ours, mut in_theirs) = (true, true);
    for line in text.lines() {
        match line.get(..7) {
            Some("<<<<<<<") => (in_ours, in_theirs) = (true, false),
            Some("|||||||") => (in_ours, in_theirs) = (false, false),
            Some("=======") => (in_ours, in_theirs) = (false, true),
            Some(">>>>>>>") => (in_ours, in_theirs) = (true, true),
            _ => {
                let wanted = [(in_ours, &mut ours), (in_theirs, &mut theirs)];
                wanted.into_iter().filter(|(wanted, _)| *wanted).for_each(|(_, side)| {
                    side.push_str(line);
                    side.push('\n');
                });
            }
        }
    }
    (ours, theirs)
}

/// Why a lock cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LockError {
    /// Not JSON, or not the shape of a lock; with what the reader says.
    Syntax(String),
    /// Git left a conflict of a merge in it.
    Conflict,
    /// A version of the format that this compiler does not know.
    Version(u32),
    /// A path that no tree could have.
    Path(PathError),
    /// Something that is not a SHA-256.
    Digest { path: String },
    /// A file that stands in it twice.
    Twice { path: String },
}

impl LockError {
    /// A newer version may have another shape: then the version is what is wrong.
    fn of_syntax(bytes: &[u8], error: &serde_json::Error) -> Self {
        #[derive(Deserialize)]
        struct Version {
            version: u32,
        }
        match serde_json::from_slice(bytes) {
            Ok(Version { version }) if version != LOCK_VERSION => Self::Version(version),
            _ => Self::Syntax(error.to_string()),
        }
    }
}

impl fmt::Display for LockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(error) => write!(f, "it is not the JSON of a lock: {error}"),
            Self::Conflict => f.write_str("it has the conflict of a merge in it"),
            Self::Version(found) => write!(f, "its version is {found}, and this compiler knows {LOCK_VERSION}"),
            Self::Path(error) => error.fmt(f),
            Self::Digest { path } => write!(f, "`sha256` of `{path}` is not a SHA-256"),
            Self::Twice { path } => write!(f, "it names `{path}` twice"),
        }
    }
}

impl std::error::Error for LockError {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn file(text: &str) -> TreeFile {
        TreeFile { bytes: text.into(), object: None }
    }

    fn tree(paths: &[&str]) -> Result<Tree, PathError> {
        let mut tree = Tree::new();
        paths.iter().try_for_each(|path| tree.insert(*path, file(path)))?;
        Ok(tree)
    }

    fn problem(paths: &[&str]) -> PathProblem {
        tree(paths).expect_err("refused").problem
    }

    #[test]
    fn paths_stay_in_the_folder() {
        assert_eq!(problem(&[""]), PathProblem::NotRelative);
        assert_eq!(problem(&["/etc/passwd"]), PathProblem::NotRelative);
        assert_eq!(problem(&["a/../../b"]), PathProblem::Climbs);
        assert_eq!(problem(&["./a"]), PathProblem::Climbs);
        assert_eq!(problem(&["a//b"]), PathProblem::EmptyName);
        assert_eq!(problem(&["a/"]), PathProblem::EmptyName);
        assert_eq!(problem(&["a\\b"]), PathProblem::Character('\\'));
        assert_eq!(problem(&["c:/b"]), PathProblem::Character(':'));
        assert_eq!(problem(&["a/é.yaml"]), PathProblem::Character('é'));
        assert_eq!(problem(&["git~1/config"]), PathProblem::Character('~'));
        assert_eq!(problem(&["a/b\n.yaml"]), PathProblem::Character('\n'));
    }

    #[test]
    fn reserved_names_are_refused_in_every_folder() {
        for name in ["aux", "NUL.yaml", "a/com1.tar.gz", "lpt9", ".git/config", "a/.GIT/hooks", ".windlass/x"] {
            assert!(matches!(problem(&[name]), PathProblem::Reserved(_)), "{name}");
        }
        assert!(matches!(problem(&["Windlass.lock.json"]), PathProblem::Reserved(_)));
        assert!(matches!(problem(&["a/b."]), PathProblem::TrailingDot(_)));
        assert!(matches!(problem(&[&"n".repeat(256)]), PathProblem::TooLong(_)));
        assert_eq!(problem(&[&"n/".repeat(100_000)]), PathProblem::PathTooLong(200_000));
        assert!(tree(&["auxiliary/com10.yaml", "a/windlass.lock.json", ".gitattributes", "nullable"]).is_ok());
    }

    #[test]
    fn no_two_paths_meet() {
        assert_eq!(problem(&["a/x", "a/x"]), PathProblem::Twice);
        assert_eq!(problem(&["a/x", "a/X"]), PathProblem::OnlyCaseDiffers { with: "a/x".into() });
        assert_eq!(problem(&["a/x", "A/y"]), PathProblem::OnlyCaseDiffers { with: "a".into() });
        assert_eq!(problem(&["a", "a/x"]), PathProblem::FileAndFolder { with: "a".into() });
        assert_eq!(problem(&["a/x", "a"]), PathProblem::FileAndFolder { with: "a".into() });
    }

    #[test]
    fn a_refused_file_leaves_no_trace() {
        let mut tree = tree(&["a/x"]).expect("fits");
        tree.insert("b/A/aux", file("")).expect_err("refused");
        tree.insert("a/X", file("")).expect_err("refused");
        assert!(tree.insert("b/a/y", file("")).is_ok());
    }

    fn sample() -> Lock {
        let mut tree = tree(&["b/y.yaml", "kustomization.yaml"]).expect("fits");
        let object = Some("v1/Service ai/\"x\"".into());
        tree.insert("a/x.yaml", TreeFile { bytes: b"x".into(), object }).expect("fits");
        Lock::of(&tree)
    }

    #[test]
    fn the_lock_reads_back() {
        let bytes = sample().to_bytes();
        assert_eq!(Lock::parse(&bytes), Ok(sample()));
        let text = String::from_utf8(bytes).expect("UTF-8");
        assert!(text.starts_with("{\n  \"version\": 1,\n  \"compiler\": \""), "{text}");
        let line = r#"    {"path": "a/x.yaml", "object": "v1/Service ai/\"x\"", "sha256": "2d711642b726b04401627ca9"#;
        assert!(text.lines().any(|l| l.starts_with(line)), "{text}");
        assert_eq!(Lock::parse(&Lock::of(&Tree::new()).to_bytes()), Ok(Lock::of(&Tree::new())));
    }

    #[test]
    fn a_strange_lock_is_refused() {
        let text = String::from_utf8(sample().to_bytes()).expect("UTF-8");
        let with = |from: &str, to: &str| Lock::parse(text.replace(from, to).as_bytes());
        assert_eq!(with("\"version\": 1", "\"version\": 2"), Err(LockError::Version(2)));
        assert_eq!(with("\"version\": 1", "\"version\": 2, \"roots\": []"), Err(LockError::Version(2)));
        assert!(matches!(with("\"files\"", "\"filed\""), Err(LockError::Syntax(_))));
        assert!(matches!(with("a/x.yaml", "../x.yaml"), Err(LockError::Path(_))));
        assert!(matches!(with("2d71", "2D71"), Err(LockError::Digest { .. })));
        assert!(matches!(with("b/y.yaml", "a/x.yaml"), Err(LockError::Twice { .. })));
        assert!(matches!(Lock::parse(b""), Err(LockError::Syntax(_))));
        assert!(matches!(Lock::parse(b"\xff\xfe"), Err(LockError::Syntax(_))));
    }

    #[test]
    fn both_sides_of_a_conflict_are_read() {
        let text = String::from_utf8(sample().to_bytes()).expect("UTF-8");
        let line = text.lines().find(|line| line.contains("b/y.yaml")).expect("listed");
        let theirs = line.replace("b/y.yaml", "c/z.yaml");
        let merged = text.replace(
            line,
            &format!("<<<<<<< HEAD\n{line}\n||||||| base\n{line}\n{line}\n=======\n{theirs}\n>>>>>>> other"),
        );
        assert_eq!(Lock::parse(merged.as_bytes()), Err(LockError::Conflict));
        let sides = Lock::parse_sides(merged.as_bytes()).expect("two locks");
        assert_eq!(sides[0], sample());
        assert!(sides[1].files.iter().any(|file| file.path == "c/z.yaml"));
        assert_eq!(Lock::parse_sides(text.as_bytes()), Ok(vec![sample()]));
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_lock_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Lock::parse_sides(&bytes);
        }

        #[test]
        fn an_accepted_path_is_plain(path in "[a-cA-C./\\\\: \u{e9}-]{0,12}") {
            if check_path(&path).is_ok() {
                prop_assert!(path.split('/').all(|name| !name.is_empty() && name != ".." && name != "."));
                prop_assert!(path.is_ascii() && !path.contains(['\\', ':', ' ']));
            }
        }
    }
}
