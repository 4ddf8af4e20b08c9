//! What is emitted, judged by a real control plane; see README.md beside this file. Asked for by `WINDLASS_E2E=1`.
#![expect(clippy::disallowed_methods, reason = "the suites read the folders and start programs")]

mod accepted;
mod api;
mod capacity;
mod changed;
mod cluster;
#[path = "../docs/compile.rs"]
#[expect(dead_code, reason = "the harness of the pages uses the rest")]
mod compile;
mod delivered;
#[path = "../mutants.rs"]
#[expect(dead_code, reason = "the test of the verification uses the rest")]
mod mutants;
mod network;
#[path = "../docs/page.rs"]
#[expect(dead_code, reason = "the harness of the pages uses the rest")]
mod page;
mod pools;
mod refused;
mod rollouts;
mod score;
mod systems;
#[path = "../linters/tree.rs"]
#[expect(dead_code, reason = "the test of the page on linters uses the rest")]
mod tree;
mod trees;

use cluster::Shared;
use libtest_mimic::{Arguments, Trial};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

fn main() {
    let mut arguments = Arguments::from_args();
    if std::env::var_os("WINDLASS_E2E").is_none() {
        let trial = Trial::test("not asked for: set WINDLASS_E2E=1 (see tests/e2e/README.md)", || Ok(()));
        libtest_mimic::run(&arguments, vec![trial]).exit();
    }
    // One server, and names that the systems share.
    arguments.test_threads = Some(1);
    let (cluster, figures) = (Shared::default(), Figures::default());
    let suites = [
        accepted::trials,
        capacity::trials,
        rollouts::trials,
        changed::trials,
        refused::trials,
        trees::trials,
        network::trials,
        delivered::flux,
        delivered::argocd,
    ];
    let trials = suites.into_iter().flat_map(|trials| trials(&cluster, &figures)).collect();
    let conclusion = libtest_mimic::run(&arguments, trials);
    figures.print();
    cluster.stop();
    conclusion.exit();
}

/// What the suites counted, by suite and by what was counted.
#[derive(Clone, Default)]
struct Figures(Arc<Mutex<BTreeMap<(&'static str, String), usize>>>);

impl Figures {
    fn add(&self, suite: &'static str, what: impl Into<String>, count: usize) {
        let mut figures = self.0.lock().expect("no test panics while it counts");
        *figures.entry((suite, what.into())).or_default() += count;
    }

    #[expect(clippy::print_stdout, reason = "the figures are what the suites are for")]
    fn print(&self) {
        for ((suite, what), count) in self.0.lock().expect("no test panics while it counts").iter() {
            println!("{suite}: {count} {what}");
        }
    }
}
