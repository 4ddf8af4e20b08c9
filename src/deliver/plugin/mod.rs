//! The config management plugin of Argo CD: what it is told, what it says, how it is wired, what is wrong with it.
//!
//! Promises: pure. Nothing that is announced changes the bytes of an environment: a parameter only chooses one, so that
//! what Argo CD renders is what `windlass build` writes.

mod doctor;
mod parameters;
mod says;
mod wiring;

pub use doctor::{Surroundings, examine};
pub use parameters::{ENVIRONMENT, Request, SYSTEM, announcement};
pub use says::say;
pub use wiring::{Part, Wiring};

/// The name of the plugin in the files that are printed.
pub const NAME: &str = "windlass";
/// The variable that chooses the environment, as Argo CD passes it on.
pub const ENVIRONMENT_VARIABLE: &str = "ARGOCD_ENV_WINDLASS_ENV";

/// The version of the plugin: its name in Argo CD ends with it.
pub fn version() -> String {
    format!("v{}", env!("CARGO_PKG_VERSION"))
}
