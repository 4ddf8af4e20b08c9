//! Reading a repository and writing an output folder, on a real file system.
#![expect(clippy::disallowed_methods, reason = "these tests make the files that are read and look at those written")]

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use tempfile::TempDir;
use windlass::diagnostic::{Diagnostic, code};
use windlass::tree::{LOCK_FILE, Lock, Tree, TreeFile};
use windlass::workspace::{
    Comparison, Differing, FILE_LIMIT, Obstacle, ReadError, Refusal, Workspace, WriteError, WriteOptions, WriteReport,
    compare, write,
};

mod reading {
    use super::*;

    /// A repository with these files.
    fn repository(files: &[&str]) -> (TempDir, Workspace) {
        let temp = TempDir::new().expect("folder");
        fs::create_dir(temp.path().join(".git")).expect("made");
        for file in files {
            put(temp.path(), file, file);
        }
        let workspace = Workspace::open(temp.path()).expect("open");
        (temp, workspace)
    }

    fn refused(workspace: &Workspace, path: &str) -> ReadError {
        workspace.read(path, FILE_LIMIT).expect_err("refused")
    }

    #[test]
    fn the_root_is_where_git_is() {
        let (temp, workspace) = repository(&["a/b/system.yaml"]);
        let inner = Workspace::open(&temp.path().join("a/b")).expect("open");
        assert_eq!(inner, workspace);
        assert_eq!(inner.root(), temp.path().canonicalize().expect("path"));
        let alone = Workspace::at(&temp.path().join("a/b")).expect("open");
        assert!(alone.root().ends_with("a/b"));
    }

    #[test]
    fn a_worktree_has_a_file_for_git() {
        let (temp, _) = repository(&["sub/a/system.yaml", "sub/.git"]);
        assert!(Workspace::open(&temp.path().join("sub/a")).expect("open").root().ends_with("sub"));
    }

    #[test]
    fn a_start_that_is_no_folder_is_refused() {
        let (temp, _) = repository(&["system.yaml"]);
        assert!(matches!(Workspace::open(&temp.path().join("nothing")), Err(ReadError::Io { .. })));
        assert!(matches!(Workspace::open(&temp.path().join("system.yaml")), Err(ReadError::NotRegular { .. })));
    }

    #[test]
    fn files_are_read_from_the_root() {
        let (_temp, workspace) = repository(&["a/system.yaml", "b.yaml"]);
        assert_eq!(workspace.read("a/system.yaml", FILE_LIMIT), Ok(b"a/system.yaml".to_vec()));
        assert_eq!(workspace.read_text("a/./../b.yaml"), Ok("b.yaml".into()));
    }

    #[test]
    fn paths_stay_inside() {
        let (_temp, workspace) = repository(&["a.yaml", ".git/config"]);
        assert!(matches!(refused(&workspace, "../x"), ReadError::Outside { .. }));
        assert!(matches!(refused(&workspace, "/etc/passwd"), ReadError::Absolute { .. }));
        assert!(matches!(refused(&workspace, "a\\b"), ReadError::Backslash { .. }));
        assert!(matches!(refused(&workspace, ".git/config"), ReadError::Git { .. }));
        let finding = Diagnostic::from(refused(&workspace, "../x"));
        assert_eq!(
            (finding.code, finding.message.as_str()),
            (code::FILE_OUTSIDE, "`../x` lies outside the repository")
        );
    }

    #[test]
    fn what_is_missing_is_named_with_what_is_like_it() {
        let (_temp, workspace) = repository(&["components/api.yaml", "components/web.yaml"]);
        let near = |path| match refused(&workspace, path) {
            ReadError::NotFound { missing, near, .. } => (missing, near),
            other => panic!("{other:?}"),
        };
        let api = Some(String::from("components/api.yaml"));
        assert_eq!(near("components/appi.yaml"), ("components/appi.yaml".into(), api.clone()));
        assert_eq!(near("component/api.yaml"), ("component".into(), api));
        assert_eq!(near("components/database.yaml"), ("components/database.yaml".into(), None));
        assert_eq!(near("components/api.yaml/x").1, None);
        let finding = Diagnostic::from(refused(&workspace, "component/api.yaml"));
        assert_eq!(finding.reason.as_deref(), Some("there is no `component`"));
        assert_eq!(finding.help.as_deref(), Some("a similar file is `components/api.yaml`"));
    }

    #[test]
    fn a_folder_is_not_a_file() {
        let (_temp, workspace) = repository(&["a.yaml/x"]);
        let error = refused(&workspace, "a.yaml");
        assert_eq!(error.to_string(), "`a.yaml` is a folder");
        assert!(!error.is_machine_fault());
        assert_eq!(refused(&workspace, "").to_string(), "`` is a folder");
    }

    #[test]
    fn the_size_has_a_limit() {
        let (temp, workspace) = repository(&["a"]);
        fs::write(temp.path().join("a"), "12345").expect("written");
        assert_eq!(workspace.read("a", 5), Ok(b"12345".to_vec()));
        assert_eq!(workspace.read("a", 4), Err(ReadError::TooLarge { path: "a".into(), size: 5, limit: 4 }));
        File::create(temp.path().join("a")).and_then(|file| file.set_len(1 << 40)).expect("sparse");
        assert_eq!(Diagnostic::from(refused(&workspace, "a")).code, code::FILE_TOO_LARGE);
    }

    #[test]
    fn text_is_utf_8() {
        let (temp, workspace) = repository(&[]);
        fs::write(temp.path().join("a"), b"ok\xff").expect("written");
        assert_eq!(workspace.read_text("a"), Err(ReadError::NotUtf8 { path: "a".into(), offset: 2 }));
    }

    #[test]
    fn the_nearest_system_is_found() {
        let (temp, workspace) = repository(&["system.yaml", "a/system.yaml", "a/b/c.yaml", "d/x.yaml"]);
        let find = |from: &str| workspace.find_system(None, &temp.path().join(from)).expect("found");
        assert_eq!(find("a/b"), "a/system.yaml");
        assert_eq!(find("a"), "a/system.yaml");
        assert_eq!(find("d"), "system.yaml");
        assert_eq!(find(""), "system.yaml");
    }

    #[test]
    fn a_system_that_is_not_found_tells_where_it_was_looked_for() {
        let (temp, workspace) = repository(&["a/b/other.yaml"]);
        let finding = workspace.find_system(None, &temp.path().join("a/b")).expect_err("none");
        assert_eq!(finding.code, code::SYSTEM_NOT_FOUND);
        let looked = "looked for `a/b/system.yaml`, `a/system.yaml` and `system.yaml`";
        assert_eq!(finding.reason.as_deref(), Some(looked));
    }

    #[test]
    fn a_given_system_is_relative_to_where_one_is() {
        let (temp, workspace) = repository(&["a/shop.yaml", "a/b/x"]);
        let find = |given: &str| workspace.find_system(Some(Path::new(given)), &temp.path().join("a"));
        assert_eq!(find("shop.yaml"), Ok("a/shop.yaml".into()));
        assert_eq!(find("b/../shop.yaml"), Ok("a/shop.yaml".into()));
        let absolute = temp.path().join("a/shop.yaml");
        assert_eq!(workspace.find_system(Some(&absolute), temp.path()), Ok("a/shop.yaml".into()));
        let help = |given| find(given).expect_err("refused").help;
        assert_eq!(help("shp.yaml").as_deref(), Some("a similar file is `a/shop.yaml`"));
        assert_eq!(help("b").as_deref(), Some("name the file, such as `a/b/system.yaml`"));
        let outside = TempDir::new().expect("folder");
        put(outside.path(), "system.yaml", "");
        let error = find(&outside.path().join("system.yaml").to_string_lossy()).expect_err("outside");
        assert_eq!(error.code, code::FILE_OUTSIDE);
        assert!(error.message.contains("system.yaml"), "{}", error.message);
        assert_eq!(find("nothing/x.yaml").expect_err("missing").code, code::FILE_UNREADABLE);
    }

    #[test]
    fn environments_are_the_yaml_files_beside_the_system() {
        let files = ["a/system.yaml", "a/environments/prod.yaml", "a/environments/dev.yml", "a/environments/README.md"];
        let (temp, workspace) = repository(&files);
        put(temp.path(), "a/environments/.hidden.yaml", "");
        put(temp.path(), "other/x.yaml", "");
        let found = workspace.environments("a/system.yaml", None).expect("found");
        assert_eq!(found, ["a/environments/dev.yml", "a/environments/prod.yaml"]);
        let other = workspace.environments("a/system.yaml", Some(&temp.path().join("other"))).expect("found");
        assert_eq!(other, ["other/x.yaml"]);
    }

    #[test]
    fn a_system_without_environments_is_a_finding() {
        let (temp, workspace) = repository(&["system.yaml", "empty/x.txt"]);
        let finding = workspace.environments("system.yaml", None).expect_err("none");
        assert_eq!(finding.code, code::ENVIRONMENT_NOT_FOUND);
        let reason = finding.reason.expect("said");
        assert!(reason.ends_with("`environments/*.yaml` and `environments/*.yml`"), "{reason}");
        let given = |name: &str| workspace.environments("system.yaml", Some(&temp.path().join(name)));
        assert_eq!(given("empty").expect_err("none").code, code::ENVIRONMENT_NOT_FOUND);
        assert_eq!(given("nothing").expect_err("none").code, code::FILE_UNREADABLE);
        assert_eq!(given("system.yaml").expect_err("a file").code, code::FILE_UNREADABLE);
    }

    #[test]
    fn patterns_name_files_in_order() {
        let (temp, workspace) = repository(&["c/b.yaml", "c/a.yaml", "c/a.yml", "d/e/x.yaml", "d/f/x.yaml", "d/file"]);
        put(temp.path(), "c/.#a.yaml", "");
        let ok = |pattern| workspace.expand(pattern).expect("found");
        assert_eq!(ok("c/*.yaml"), ["c/a.yaml", "c/b.yaml"]);
        assert_eq!(ok("d/*/x.yaml"), ["d/e/x.yaml", "d/f/x.yaml", "d/file/x.yaml"]);
        assert_eq!(ok("d/*/*.yaml"), ["d/e/x.yaml", "d/f/x.yaml"]);
        assert_eq!(ok("c/nothing.yaml"), ["c/nothing.yaml"]);
        assert!(matches!(workspace.expand("c/*.json"), Err(ReadError::NoMatch { .. })));
        assert!(matches!(workspace.expand("**/x.yaml"), Err(ReadError::DoubleStar { .. })));
        assert!(matches!(workspace.expand("../*"), Err(ReadError::Outside { .. })));
        assert!(matches!(workspace.expand("z/*"), Err(ReadError::NotFound { .. })));
        assert!(matches!(workspace.expand(".git/*"), Err(ReadError::Git { .. })));
    }

    #[test]
    fn output_lies_in_the_repository() {
        let (_temp, workspace) = repository(&[]);
        assert_eq!(workspace.output_folder("rendered/prod"), Ok(workspace.root().join("rendered/prod")));
        assert_eq!(workspace.output_folder("../prod").expect_err("outside").code, code::FILE_OUTSIDE);
        assert_eq!(workspace.output_folder("a/.git/x").expect_err("Git").code, code::FILE_OUTSIDE);
    }

    #[cfg(unix)]
    mod unix {
        use super::*;
        use std::os::unix::ffi::OsStrExt as _;
        use std::os::unix::fs::symlink;

        #[test]
        fn links_do_not_lead_out() {
            let (temp, workspace) = repository(&["in/a.yaml"]);
            let outside = TempDir::new().expect("folder");
            put(outside.path(), "secret", "secret");
            let link = |to: &Path, name: &str| symlink(to, temp.path().join(name)).expect("linked");
            link(&outside.path().join("secret"), "file");
            link(outside.path(), "folder");
            link(Path::new("/dev/zero"), "zero");
            link(Path::new("in/a.yaml"), "fine");
            link(Path::new("nowhere"), "dangling");
            link(Path::new("loop"), "loop");
            link(Path::new(".git"), "git");
            for path in ["file", "folder/secret", "folder/../folder/secret", "zero"] {
                assert!(matches!(refused(&workspace, path), ReadError::LinkOutside { .. }), "{path}");
            }
            assert!(matches!(workspace.expand("folder/*"), Err(ReadError::LinkOutside { .. })));
            assert!(matches!(refused(&workspace, "git/HEAD"), ReadError::NotFound { .. }));
            put(temp.path(), ".git/HEAD", "");
            assert!(matches!(refused(&workspace, "git/HEAD"), ReadError::Git { .. }));
            assert_eq!(workspace.read_text("fine"), Ok("in/a.yaml".into()));
            assert!(matches!(refused(&workspace, "dangling"), ReadError::DanglingLink { .. }));
            assert!(matches!(refused(&workspace, "loop"), ReadError::Io { .. }));
        }

        #[test]
        fn output_is_not_behind_a_link() {
            let (temp, workspace) = repository(&["real/x"]);
            symlink("real", temp.path().join("rendered")).expect("linked");
            let finding = workspace.output_folder("rendered/prod").expect_err("a link");
            assert_eq!(finding.code, code::OUTPUT_OBSTRUCTED);
            assert_eq!(finding.message, "`rendered` is a symbolic link");
        }

        #[test]
        fn nothing_that_blocks_is_opened() {
            let (temp, workspace) = repository(&[]);
            pipe(&temp.path().join("pipe.yaml"));
            let _socket = std::os::unix::net::UnixListener::bind(temp.path().join("socket")).expect("bound");
            assert_eq!(refused(&workspace, "pipe.yaml").to_string(), "`pipe.yaml` is a pipe");
            assert_eq!(refused(&workspace, "socket").to_string(), "`socket` is a socket");
            let given = workspace.find_system(Some(Path::new("pipe.yaml")), temp.path());
            assert_eq!(given.expect_err("a pipe").code, code::FILE_UNREADABLE);
        }

        #[test]
        fn names_that_are_not_utf_8_are_findings() {
            let (temp, workspace) = repository(&["a/x"]);
            fs::write(temp.path().join("a").join(std::ffi::OsStr::from_bytes(b"\xff.yaml")), "").expect("written");
            assert!(matches!(workspace.expand("a/*.yaml"), Err(ReadError::NameNotUtf8 { .. })));
        }
    }
}

mod writing {
    use super::*;

    const PLAIN: WriteOptions = WriteOptions { force: false, allow_prune: false };
    const FORCE: WriteOptions = WriteOptions { force: true, allow_prune: false };
    const PRUNE: WriteOptions = WriteOptions { force: false, allow_prune: true };

    fn tree(files: &[(&str, &str)]) -> Tree {
        let mut tree = Tree::new();
        for (path, text) in files {
            let object = (*path != "kustomization.yaml").then(|| format!("v1/ConfigMap ai/{path}"));
            tree.insert(*path, TreeFile { bytes: text.as_bytes().into(), object }).expect("fits");
        }
        tree
    }

    fn numbered(count: usize) -> Tree {
        let paths: Vec<String> = (0..count).map(|n| format!("api/{n}.yaml")).collect();
        tree(&paths.iter().map(|path| (path.as_str(), "x")).collect::<Vec<_>>())
    }

    fn first() -> Tree {
        tree(&[("kustomization.yaml", "k"), ("api/a.yaml", "1"), ("api/b.yaml", "1"), ("db/c.yaml", "1")])
    }

    fn second() -> Tree {
        tree(&[("kustomization.yaml", "k"), ("api/a.yaml", "1"), ("api/b.yaml", "2"), ("web/d.yaml", "1")])
    }

    /// An output folder with the first tree in it.
    fn written() -> (TempDir, PathBuf) {
        let temp = TempDir::new().expect("folder");
        let out = temp.path().join("rendered/prod");
        write(&out, &first(), PLAIN).expect("written");
        (temp, out)
    }

    fn text(out: &Path, path: &str) -> String {
        fs::read_to_string(out.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    fn refusals(result: Result<WriteReport, WriteError>) -> Vec<Refusal> {
        match result {
            Err(WriteError::Refused(refusals)) => refusals,
            other => panic!("{other:?}"),
        }
    }

    fn edited(path: &str) -> Refusal {
        Refusal::Edited { path: path.into() }
    }

    /// All files, with their bytes.
    fn files(out: &Path) -> Vec<(PathBuf, Vec<u8>)> {
        let entries = walkdir::WalkDir::new(out).sort_by_file_name().into_iter().map(|entry| entry.expect("entry"));
        let files = entries.filter(|entry| entry.file_type().is_file());
        files.map(|entry| (entry.path().into(), fs::read(entry.path()).expect("bytes"))).collect()
    }

    #[test]
    fn a_tree_is_written_with_its_lock() {
        let temp = TempDir::new().expect("folder");
        let out = temp.path().join("a/b");
        let report = write(&out, &first(), PLAIN).expect("written");
        let paths = ["api/a.yaml", "api/b.yaml", "db/c.yaml", "kustomization.yaml"];
        assert_eq!(report, WriteReport { written: paths.map(String::from).into(), removed: vec![], unchanged: 0 });
        assert_eq!(text(&out, "api/a.yaml"), "1");
        assert_eq!(Lock::parse(&fs::read(out.join(LOCK_FILE)).expect("lock")), Ok(Lock::of(&first())));
        assert_eq!(files(&out).len(), 5);
        assert!(compare(&out, &first()).expect("compared").is_clean());
    }

    #[test]
    fn the_next_tree_replaces_it() {
        let (_temp, out) = written();
        fs::write(out.join("api/notes.txt"), "mine").expect("written");
        let report = write(&out, &second(), PLAIN).expect("written");
        let names = |names: &[&str]| names.iter().map(|name| String::from(*name)).collect::<Vec<_>>();
        assert_eq!(report.written, names(&["api/b.yaml", "web/d.yaml"]));
        assert_eq!(report.removed, names(&["db/c.yaml"]));
        assert_eq!(report.unchanged, 2);
        assert_eq!((text(&out, "api/b.yaml"), text(&out, "api/notes.txt")), ("2".into(), "mine".into()));
        assert!(!out.join("db").exists(), "an emptied folder goes");
    }

    #[test]
    fn what_does_not_change_is_not_touched() {
        let (_temp, out) = written();
        let past = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        for path in ["api/a.yaml", "api/b.yaml", LOCK_FILE] {
            File::options().write(true).open(out.join(path)).and_then(|file| file.set_modified(past)).expect("set");
        }
        let time = |path: &str| fs::metadata(out.join(path)).and_then(|metadata| metadata.modified()).expect("time");
        let report = write(&out, &first(), PLAIN).expect("written");
        assert_eq!(report, WriteReport { unchanged: 4, ..WriteReport::default() });
        assert_eq!((time("api/a.yaml"), time(LOCK_FILE)), (past, past));
        write(&out, &second(), PLAIN).expect("written");
        assert_eq!(time("api/a.yaml"), past);
        assert_ne!(time("api/b.yaml"), past);
    }

    #[test]
    fn files_and_folders_of_others_stay() {
        let (_temp, out) = written();
        put(&out, "db/mine/x", "mine");
        put(&out, "other.yaml", "mine");
        write(&out, &second(), PLAIN).expect("written");
        assert_eq!((text(&out, "db/mine/x"), text(&out, "other.yaml")), ("mine".into(), "mine".into()));
        assert!(!out.join("db/c.yaml").exists());
    }

    #[test]
    fn a_file_edited_by_hand_is_kept() {
        let (_temp, out) = written();
        for path in ["api/a.yaml", "api/b.yaml", "db/c.yaml"] {
            fs::write(out.join(path), "by hand").expect("written");
        }
        let before = files(&out);
        let expected = vec![edited("api/a.yaml"), edited("api/b.yaml"), edited("db/c.yaml")];
        assert_eq!(refusals(write(&out, &second(), PLAIN)), expected);
        assert_eq!(files(&out), before);
        let report = write(&out, &second(), FORCE).expect("forced");
        assert_eq!((report.written.len(), report.removed.len()), (3, 1));
        assert!(compare(&out, &second()).expect("compared").is_clean());
    }

    #[test]
    fn an_edit_to_what_is_wanted_is_no_edit() {
        let (_temp, out) = written();
        fs::write(out.join("api/b.yaml"), "2").expect("written");
        assert_eq!(write(&out, &second(), PLAIN).expect("written").unchanged, 3);
    }

    #[test]
    fn a_removed_file_is_written_again() {
        let (_temp, out) = written();
        fs::remove_dir_all(out.join("api")).expect("removed");
        assert_eq!(write(&out, &first(), PLAIN).expect("written").written, ["api/a.yaml", "api/b.yaml"]);
    }

    #[test]
    fn line_ends_of_windows_are_no_edit() {
        let temp = TempDir::new().expect("folder");
        let (old, new) = (tree(&[("a", "x\ny\n"), ("b", "x\ny\n")]), tree(&[("a", "x\ny\n"), ("b", "z\n")]));
        write(temp.path(), &old, PLAIN).expect("written");
        for path in ["a", "b", LOCK_FILE] {
            let windows = text(temp.path(), path).replace('\n', "\r\n");
            fs::write(temp.path().join(path), windows).expect("written");
        }
        assert!(compare(temp.path(), &old).expect("compared").is_clean());
        assert_eq!(write(temp.path(), &old, PLAIN).expect("written").unchanged, 2);
        assert_eq!(write(temp.path(), &new, PLAIN).expect("written").written, ["b"]);
    }

    #[test]
    fn a_foreign_file_in_the_way_is_refused() {
        let (_temp, out) = written();
        put(&out, "web/d.yaml", "mine");
        let foreign = vec![Refusal::Foreign { path: "web/d.yaml".into() }];
        assert_eq!(refusals(write(&out, &second(), PLAIN)), foreign);
        assert_eq!(refusals(write(&out, &second(), FORCE)), foreign, "`--force` is about edits");
        assert_eq!((text(&out, "api/b.yaml"), text(&out, "web/d.yaml")), ("1".into(), "mine".into()));
        fs::write(out.join("web/d.yaml"), "1").expect("written");
        write(&out, &second(), PLAIN).expect("the same bytes are taken over");
        let lock = Lock::parse(&fs::read(out.join(LOCK_FILE)).expect("lock")).expect("a lock");
        assert!(lock.files.iter().any(|file| file.path == "web/d.yaml"));
    }

    #[test]
    fn an_empty_result_is_suspicious() {
        let (_temp, out) = written();
        let kustomization = tree(&[("kustomization.yaml", "empty")]);
        for empty in [&Tree::new(), &kustomization] {
            for options in [PLAIN, FORCE] {
                assert_eq!(refusals(write(&out, empty, options)), [Refusal::Prune { removed: 3, owned: 3 }]);
            }
        }
        assert_eq!(files(&out).len(), 5);
        assert_eq!(write(&out, &Tree::new(), PRUNE).expect("allowed").removed.len(), 4);
        assert_eq!(files(&out).len(), 1, "only the lock");
        write(&out, &Tree::new(), PLAIN).expect("nothing to lose");
    }

    #[test]
    fn a_suddenly_small_result_is_suspicious() {
        let temp = TempDir::new().expect("folder");
        write(temp.path(), &numbered(10), PLAIN).expect("written");
        assert_eq!(refusals(write(temp.path(), &numbered(4), PLAIN)), [Refusal::Prune { removed: 6, owned: 10 }]);
        write(temp.path(), &numbered(5), PLAIN).expect("half is fine");
        write(temp.path(), &numbered(1), PLAIN).expect("few objects may go");
    }

    #[test]
    fn an_object_that_moves_is_not_lost() {
        let temp = TempDir::new().expect("folder");
        let moved = |folder: &str| {
            let mut tree = Tree::new();
            for n in 0..12 {
                let file = TreeFile { bytes: b"x".into(), object: Some(format!("v1/Service ai/{n}")) };
                tree.insert(format!("{folder}/{n}.yaml"), file).expect("fits");
            }
            tree
        };
        write(temp.path(), &moved("a"), PLAIN).expect("written");
        assert_eq!(write(temp.path(), &moved("b"), PLAIN).expect("moved").removed.len(), 12);
    }

    #[test]
    fn everything_that_speaks_against_is_said_at_once() {
        let (_temp, out) = written();
        fs::write(out.join("db/c.yaml"), "by hand").expect("written");
        let wanted = tree(&[("mine", "2"), ("folder", "2")]);
        put(&out, "mine", "mine");
        fs::create_dir(out.join("folder")).expect("made");
        let found = refusals(write(&out, &wanted, PLAIN));
        let obstructed = Refusal::Obstructed { path: "folder".into(), by: Obstacle::NotAFile("a folder") };
        assert_eq!(found, [obstructed, Refusal::Foreign { path: "mine".into() }, edited("db/c.yaml")]);
        let messages = WriteError::Refused(found).diagnostics("rendered/prod");
        let messages: Vec<&str> = messages.iter().map(|finding| finding.message.as_str()).collect();
        let expected = [
            "`rendered/prod/folder` is a folder where a file belongs",
            "`rendered/prod/mine` is in the way and was not written by Windlass",
            "`rendered/prod/db/c.yaml` was edited by hand",
        ];
        assert_eq!(messages, expected);
    }

    #[test]
    fn a_file_where_a_folder_belongs_is_refused() {
        let temp = TempDir::new().expect("folder");
        put(temp.path(), "file", "mine");
        put(temp.path(), "out/api", "mine");
        let obstructed = |path: &str| vec![Refusal::Obstructed { path: path.into(), by: Obstacle::NotAFolder }];
        let at = |out: &str| refusals(write(&temp.path().join(out), &first(), PLAIN));
        assert_eq!(at("file"), obstructed(""));
        assert_eq!(at("file/x/y"), obstructed("../../"));
        assert_eq!(at("out"), obstructed("api"));
        assert!(matches!(compare(&temp.path().join("file"), &first()), Err(WriteError::Refused(_))));
        assert_eq!(files(temp.path()).len(), 2);
        let finding = WriteError::Refused(at("file/x/y")).diagnostics("file/x/y").remove(0);
        assert_eq!(finding.message, "`file` is a file where a folder belongs");
    }

    #[test]
    fn a_failed_write_leaves_the_old_tree() {
        let (_temp, out) = written();
        let before = files(&out);
        // A path that the tree takes and this disk does not: the failure comes while files are in place.
        let deep = format!("z{}/x.yaml", "/long-name-of-a-folder".repeat(185));
        let wanted = tree(&[("api/a.yaml", "new"), (deep.as_str(), "x")]);
        let error = write(&out, &wanted, PRUNE).expect_err("too long");
        assert!(error.is_machine_fault(), "{error}");
        assert_eq!(files(&out), before);
        assert!(!out.join("z").exists());
    }

    #[test]
    fn a_broken_lock_is_refused() {
        let (_temp, out) = written();
        let write_lock = |text: &str| fs::write(out.join(LOCK_FILE), text).expect("written");
        for broken in ["", "{}", "[]", "{\"version\": 2}", "{\"version\": 1, \"compiler\": \"1\", \"files\": [{}]}"] {
            write_lock(broken);
            assert!(matches!(write(&out, &second(), PRUNE), Err(WriteError::Lock(_))), "{broken}");
            assert!(matches!(compare(&out, &second()), Err(WriteError::Lock(_))), "{broken}");
        }
        let evil = Lock::of(&first()).to_bytes();
        let evil = String::from_utf8(evil).expect("UTF-8").replace("db/c.yaml", "../victim");
        put(out.parent().expect("parent"), "victim", "1");
        write_lock(&evil);
        let error = write(&out, &second(), FORCE).expect_err("leads out");
        assert!(matches!(error, WriteError::Lock(_)));
        assert_eq!(error.diagnostics("out")[0].code, code::OUTPUT_LOCK);
        assert_eq!(text(&out, "../victim"), "1");
    }

    #[test]
    fn a_merged_lock_is_taken_over_by_force() {
        let (_temp, out) = written();
        let lock = text(&out, LOCK_FILE);
        let line = lock.lines().find(|line| line.contains("db/c.yaml")).expect("listed");
        let theirs = line.replace("db/c.yaml", "db/theirs.yaml");
        let conflict = format!("<<<<<<< HEAD\n{line}\n=======\n{theirs}\n>>>>>>> theirs");
        fs::write(out.join(LOCK_FILE), lock.replace(line, &conflict)).expect("written");
        put(&out, "db/theirs.yaml", "1");
        put(&out, "api/b.yaml", "<<<<<<< HEAD\n1\n=======\n2\n>>>>>>> theirs\n");
        let error = write(&out, &second(), PLAIN).expect_err("a conflict");
        let help = error.diagnostics("out").remove(0).help.expect("help");
        assert!(help.contains("--force"), "{help}");
        let report = write(&out, &second(), FORCE).expect("forced");
        assert_eq!(report.removed, ["db/c.yaml", "db/theirs.yaml"]);
        assert!(compare(&out, &second()).expect("compared").is_clean());
    }

    #[test]
    fn a_lost_lock_costs_only_the_ownership() {
        let (_temp, out) = written();
        fs::remove_file(out.join(LOCK_FILE)).expect("removed");
        assert!(compare(&out, &first()).expect("compared").lock_differs);
        assert_eq!(refusals(write(&out, &second(), PLAIN)), [Refusal::Foreign { path: "api/b.yaml".into() }]);
        assert_eq!(write(&out, &first(), PLAIN).expect("written").unchanged, 4);
        assert!(compare(&out, &first()).expect("compared").is_clean());
    }

    #[test]
    fn a_comparison_lists_what_differs() {
        let (_temp, out) = written();
        fs::remove_file(out.join("api/a.yaml")).expect("removed");
        fs::write(out.join("kustomization.yaml"), "by hand").expect("written");
        put(&out, "web/d.yaml", "mine");
        let before = files(&out);
        let differing = |path: &str, old: &str| vec![Differing { path: path.into(), old: old.into() }];
        let expected = Comparison {
            missing: vec!["api/a.yaml".into()],
            changed: differing("api/b.yaml", "1"),
            stale: vec!["db/c.yaml".into()],
            edited: differing("kustomization.yaml", "by hand"),
            foreign: differing("web/d.yaml", "mine"),
            lock_differs: true,
        };
        let found = compare(&out, &second()).expect("compared");
        assert!(!found.is_clean());
        assert_eq!(found, expected);
        assert_eq!(files(&out), before);
        let nothing = compare(&out.join("nothing"), &second()).expect("compared");
        assert_eq!(nothing.missing.len(), 4);
        assert!(!out.join("nothing").exists());
    }

    #[test]
    fn another_compiler_version_is_no_difference() {
        let (_temp, out) = written();
        let mut lock = Lock::of(&first());
        lock.compiler = "0.0.0".into();
        fs::write(out.join(LOCK_FILE), lock.to_bytes()).expect("written");
        assert!(compare(&out, &first()).expect("compared").is_clean());
        write(&out, &first(), PLAIN).expect("written");
        assert_eq!(fs::read(out.join(LOCK_FILE)).expect("lock"), Lock::of(&first()).to_bytes());
    }

    #[test]
    fn several_writers_take_turns() {
        let (_temp, out) = written();
        std::thread::scope(|scope| {
            for wanted in [first(), second(), first(), second()] {
                let out = &out;
                scope.spawn(move || (0..10).for_each(|_| drop(write(out, &wanted, PLAIN).expect("written"))));
            }
        });
        let clean = |tree: &Tree| compare(&out, tree).expect("compared").is_clean();
        assert!(clean(&first()) || clean(&second()));
        assert_eq!(files(&out).len(), 5);
    }

    #[cfg(unix)]
    mod unix {
        use super::*;
        use std::os::unix::fs::symlink;

        fn link(path: &str) -> Vec<Refusal> {
            vec![Refusal::Obstructed { path: path.into(), by: Obstacle::Link }]
        }

        #[test]
        fn links_in_the_output_are_not_followed() {
            let elsewhere = TempDir::new().expect("folder");
            for name in ["web", "web/d.yaml", ".windlass", LOCK_FILE] {
                let (_temp, out) = written();
                let _ = fs::remove_file(out.join(name));
                fs::create_dir_all(out.join(name).parent().expect("parent")).expect("made");
                symlink(elsewhere.path(), out.join(name)).expect("linked");
                for options in [PLAIN, FORCE] {
                    assert_eq!(refusals(write(&out, &second(), options)), link(name));
                }
            }
            assert_eq!(files(elsewhere.path()).len(), 0);
        }

        #[test]
        fn what_took_the_place_of_an_old_file_is_not_removed() {
            let (_temp, out) = written();
            fs::remove_dir_all(out.join("db")).expect("removed");
            symlink("api", out.join("db")).expect("linked");
            assert_eq!(refusals(write(&out, &second(), FORCE)), link("db"));
        }

        #[test]
        fn an_output_folder_given_as_a_link_is_the_users_word() {
            let (temp, out) = written();
            symlink(&out, temp.path().join("link")).expect("linked");
            write(&temp.path().join("link"), &second(), PLAIN).expect("written");
            assert!(compare(&out, &second()).expect("compared").is_clean());
            symlink("nowhere", temp.path().join("dangling")).expect("linked");
            assert_eq!(refusals(write(&temp.path().join("dangling"), &second(), PLAIN)), link(""));
        }

        #[test]
        fn a_pipe_in_the_output_does_not_block() {
            let (_temp, out) = written();
            fs::remove_file(out.join("api/b.yaml")).expect("removed");
            pipe(&out.join("api/b.yaml"));
            let obstructed = Refusal::Obstructed { path: "api/b.yaml".into(), by: Obstacle::NotAFile("a pipe") };
            assert_eq!(refusals(write(&out, &second(), FORCE)), [obstructed]);
        }
    }
}

fn put(folder: &Path, path: &str, text: &str) {
    let place = folder.join(path);
    fs::create_dir_all(place.parent().expect("parent")).expect("made");
    fs::write(place, text).expect("written");
}

#[cfg(unix)]
fn pipe(path: &Path) {
    let made = std::process::Command::new("mkfifo").arg(path).status().expect("mkfifo runs");
    assert!(made.success());
}
