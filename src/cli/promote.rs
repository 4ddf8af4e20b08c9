//! `windlass promote`
use super::terminal::Terminal;
use super::{Ending, Global};
/// x
#[derive(Debug, clap::Args)]
pub(super) struct Promote {}
impl Promote {
    pub(super) fn run(&self, _: &Global, _: &mut Terminal) -> Ending {
        Ending::Clean
    }
}
