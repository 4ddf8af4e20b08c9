#![cfg(unix)]

use super::*;
use crate::diagnostic::Diagnostic;
use crate::workspace::Workspace;
use std::collections::BTreeMap;
use std::fs;
use std::process::Command;
use tempfile::TempDir;

/// A repository made by Git itself.
pub(crate) struct Ground {
    folder: TempDir,
}

impl Ground {
    pub(crate) fn new() -> Self {
        let ground = Self { folder: TempDir::new().expect("a folder") };
        ground.git(&["init", "--quiet", "--initial-branch=main"]);
        ground
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        git_in(self.path(), arguments)
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let place = self.path().join(path);
        fs::create_dir_all(place.parent().expect("a folder")).expect("made");
        fs::write(place, text).expect("written");
    }

    fn link(&self, links: &[(&str, &str)]) {
        for (link, to) in links {
            std::os::unix::fs::symlink(to, self.path().join(link)).expect("a link");
        }
    }

    pub(crate) fn commit(&self, message: &str) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", message]);
    }

    fn open(&self) -> Repository {
        Repository::discover(self.path()).expect("a repository")
    }
}

pub(crate) fn git_in(folder: &Path, arguments: &[&str]) -> String {
    let identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "protocol.file.allow=always"];
    let output = Command::new("git")
        .current_dir(folder)
        .args(identity)
        .args(arguments)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .expect("git runs");
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn help(error: GitError) -> String {
    let finding = Diagnostic::from(error);
    format!("{}; {}", finding.message, finding.help.unwrap_or_default())
}

#[test]
fn a_commit_is_found_by_every_name_that_git_knows() {
    let ground = Ground::new();
    ground.write("a.txt", "1");
    ground.commit("first");
    let first = ground.git(&["rev-parse", "HEAD"]);
    ground.git(&["tag", "--annotate", "--message", "x", "v1"]);
    ground.git(&["checkout", "--quiet", "-b", "side"]);
    ground.commit("side");
    ground.git(&["checkout", "--quiet", "main"]);
    ground.write("a.txt", "2");
    ground.commit("second");
    let repository = ground.open();
    for name in ["HEAD~1", "v1", "main^", &first, &first[..10], "main...side", "...side", "@~1"] {
        let snapshot = repository.commit(name).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!((snapshot.id(), snapshot.read("a.txt", 9)), (first.clone(), Ok(b"1".to_vec())), "{name}");
    }
}

#[test]
fn a_name_that_nothing_bears_has_a_neighbour() {
    let ground = Ground::new();
    ground.commit("first");
    let repository = ground.open();
    let failed = |name: &str| help(repository.commit(name).expect_err(name));
    assert_eq!(failed("mian~1"), "there is no branch, tag or commit `mian~1`; a similar one is `main~1`");
    assert!(failed("HEAD~1").contains("git fetch"), "{}", failed("HEAD~1"));
    assert!(failed("HEAD^{tree}").contains("is a tree, not a commit"));
    assert!(failed("a b").contains("there is no"), "{}", failed("a b"));
    assert!(matches!(repository.commit(""), Err(GitError::MissingReference { .. })));
}

#[test]
fn a_branch_without_a_commit_is_said_to_have_none() {
    let ground = Ground::new();
    assert_eq!(ground.open().head().expect_err("unborn"), GitError::Unborn { branch: "main".into() });
    assert_eq!(ground.open().commit("HEAD~2").expect_err("unborn"), GitError::Unborn { branch: "main".into() });
}

#[test]
fn a_shallow_clone_says_how_to_get_more() {
    let ground = Ground::new();
    (0..3).for_each(|_| ground.commit("x"));
    let clones = TempDir::new().expect("a folder");
    let url = format!("file://{}", ground.path().display());
    git_in(clones.path(), &["clone", "--quiet", "--depth=1", &url, "shallow"]);
    let repository = Repository::discover(&clones.path().join("shallow")).expect("a repository");
    for name in ["HEAD~1", "v7"] {
        assert!(help(repository.commit(name).expect_err(name)).contains("fetch-depth: 0"), "{name}");
    }
}

#[test]
fn partial_clones_and_foreign_formats_are_named() {
    let ground = Ground::new();
    ground.write("a.txt", "1");
    ground.commit("x");
    ground.git(&["config", "uploadpack.allowFilter", "true"]);
    let clones = TempDir::new().expect("a folder");
    let url = format!("file://{}", ground.path().display());
    git_in(clones.path(), &["clone", "--quiet", "--filter=blob:none", "--no-checkout", &url, "partial"]);
    git_in(clones.path(), &["init", "--quiet", "--object-format=sha256", "other"]);
    let failed = |name: &str| Repository::discover(&clones.path().join(name)).expect_err(name);
    // Some versions of Git mark such a clone as one that others cannot read.
    match Repository::discover(&clones.path().join("partial")) {
        Err(error) => assert!(help(error).contains("clone without `--filter`")),
        Ok(repository) => {
            let read = repository.head().expect("head").read("a.txt", 9);
            assert_eq!(read, Err(ReadError::NotFetched { path: "a.txt".into() }));
        }
    }
    assert!(matches!(failed("other"), GitError::Unsupported { .. }), "{:?}", failed("other"));
    assert!(matches!(failed("."), GitError::NotARepository { .. }), "{:?}", failed("."));
}

#[test]
fn bare_repositories_and_linked_work_trees_are_read_too() {
    let ground = Ground::new();
    ground.write("deep/a.txt", "1");
    ground.commit("x");
    let others = TempDir::new().expect("a folder");
    let path = |name: &str| others.path().join(name);
    git_in(others.path(), &["clone", "--quiet", "--bare", &ground.path().display().to_string(), "bare.git"]);
    ground.git(&["worktree", "add", "--quiet", "--detach", &path("linked").display().to_string()]);
    for name in ["bare.git", "linked", "linked/deep"] {
        let repository = Repository::discover(&path(name)).expect(name);
        assert_eq!(repository.head().expect(name).read("deep/a.txt", 9), Ok(b"1".to_vec()), "{name}");
        let inside = path(name).join("new/../x.yaml");
        let expected = if name == "linked/deep" { "deep/x.yaml" } else { "x.yaml" };
        assert_eq!(repository.path_of(&inside), Ok(expected.into()), "{name}");
    }
}

/// Files, folders and links that lead somewhere.
fn varied() -> Ground {
    let ground = Ground::new();
    ground.write("system.yaml", "s");
    ground.write("environments/b.yaml", "b");
    ground.write("environments/a.yml", "a");
    ground.write("environments/.hidden.yaml", "h");
    ground.write("deep/er/x.yaml", "x");
    ground.write("deep/er/y.yaml", "y");
    ground.link(&[("to-file", "deep/er/x.yaml"), ("to-folder", "deep"), ("deep/up", "../environments")]);
    ground.commit("x");
    ground
}

const PATHS: &[&str] = &[
    "system.yaml",
    "deep",
    "",
    "deep/er/x.yaml",
    "./deep//er/../er/x.yaml",
    "to-file",
    "to-folder/er/y.yaml",
    "deep/up/b.yaml",
    "out",
    "dangling",
    "dangling/x",
    "system.yaml/x",
    "deep/re/x.yaml",
    "deep/er/z.yaml",
    "environment/b.yaml",
    "../x",
    "/x",
    "a\\b",
    "deep/.git/x",
];

#[test]
fn a_path_leads_where_it_leads_on_disk() {
    let ground = varied();
    ground.link(&[("out", "../../etc/passwd"), ("absolute", "/etc/passwd"), ("dangling", "nowhere")]);
    ground.link(&[("circle", "circle")]);
    ground.commit("links that lead nowhere");
    let (workspace, snapshot) = (Workspace::open(ground.path()).expect("open"), ground.open().head().expect("head"));
    let plain = |result: Result<Vec<u8>, ReadError>| match result {
        // On disk, a link is not followed if it leads to nothing outside.
        Err(ReadError::DanglingLink { path, .. } | ReadError::LinkOutside { path }) => format!("link {path}"),
        other => format!("{other:?}"),
    };
    for path in PATHS.iter().filter(|path| !path.contains(".git")) {
        assert_eq!(plain(snapshot.read(path, 9)), plain(workspace.read(path, 9)), "{path}");
    }
    assert!(matches!(snapshot.read("absolute", 9), Err(ReadError::LinkOutside { .. })));
    assert!(matches!(snapshot.read("deep/.git/x", 9), Err(ReadError::Git { .. })));
    assert!(matches!(snapshot.read("circle", 9), Err(ReadError::Io { .. })));
    assert!(matches!(snapshot.read("system.yaml", 0), Err(ReadError::TooLarge { size: 1, limit: 0, .. })));
}

#[test]
fn patterns_and_environments_are_those_of_the_disk() {
    let ground = varied();
    let (workspace, snapshot) = (Workspace::open(ground.path()).expect("open"), ground.open().head().expect("head"));
    for pattern in ["*", "*/*.yaml", "deep/*/*.yaml", "to-folder/er/?*", "*.json", "a/**", "system.yaml", "nothing"] {
        assert_eq!(snapshot.expand(pattern), workspace.expand(pattern), "{pattern}");
    }
    let at = |folder: &str| ground.path().join(folder);
    assert_eq!(
        snapshot.environments("system.yaml", None).expect("some"),
        workspace.environments("system.yaml", None).expect("some")
    );
    assert_eq!(
        snapshot.environments("system.yaml", Some("deep/er")).expect("some"),
        workspace.environments("system.yaml", Some(&at("deep/er"))).expect("some")
    );
    let message = |result: Result<Vec<String>, Diagnostic>| result.expect_err("none").message;
    assert_eq!(
        message(snapshot.environments("deep/er/x.yaml", None)),
        message(workspace.environments("deep/er/x.yaml", None))
    );
    assert_eq!(snapshot.find_system(None, "deep/er").expect("found"), "system.yaml");
}

#[test]
fn a_folder_is_listed_with_all_below_it() {
    let ground = varied();
    let snapshot = ground.open().head().expect("head");
    let of = |pairs: &[(&str, &str)]| -> BTreeMap<String, Vec<u8>> {
        pairs.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect()
    };
    assert_eq!(snapshot.list("deep"), Ok(of(&[("er/x.yaml", "x"), ("er/y.yaml", "y")])));
    assert_eq!(snapshot.list("nothing/here"), Ok(BTreeMap::new()));
    assert!(matches!(snapshot.list("system.yaml"), Err(ReadError::NotRegular { .. })));
    assert_eq!(snapshot.list("").expect("all").len(), 6);
}

#[test]
fn submodules_and_pointers_are_named() {
    let other = Ground::new();
    other.write("x.yaml", "x");
    other.commit("x");
    let ground = Ground::new();
    ground.write("model.bin", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n");
    ground.git(&["submodule", "--quiet", "add", &other.path().display().to_string(), "lib/other"]);
    ground.commit("x");
    let snapshot = ground.open().head().expect("head");
    let failed = |path: &str| Diagnostic::from(snapshot.read(path, 999).expect_err(path)).message;
    assert_eq!(failed("lib/other/x.yaml"), "`lib/other/x.yaml` lies in the submodule `lib/other`");
    assert_eq!(failed("lib/other"), "`lib/other` is a submodule");
    assert_eq!(failed("model.bin"), "`model.bin` is a pointer of Git LFS");
    assert!(snapshot.expand("lib/other/*").is_err());
}
