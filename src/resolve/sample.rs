//! Systems as text for the tests of this stage: read, merged and resolved like any other.

use super::{Place, resolve};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::document::{Findings, at};
use crate::load::{Files, load};
use crate::model::{Component, Model, Workload};
use crate::{layers, spec};

/// What resolving gave.
pub(super) struct Sample {
    pub(super) model: Option<Model>,
    pub(super) found: Vec<Diagnostic>,
}

/// Resolves `rest` (the top level of a system from `components` on) for a target with these features.
pub(super) fn sample(rest: &str, features: &str) -> Sample {
    let system = format!("apiVersion: windlass/v1\nkind: System\nname: shop\n{rest}");
    let environment = format!(
        "apiVersion: windlass/v1\nkind: Environment\nname: prod\ntarget:\n  kubernetes: \"1.35\"\n  features: [{features}]\n  \
         storageClasses: {{default: gp3, fast: io2}}\n"
    );
    let read = |path: &str| Ok(if path == "system.yaml" { &system } else { &environment }.clone().into_bytes());
    let mut found = Diagnostics::new();
    let (_, loaded) = load(
        Files { read: &read, expand: &|path| Ok(vec![path.into()]) },
        "system.yaml",
        &["environments/prod.yaml".into()],
        &mut found,
    );
    let Some(loaded) = loaded else { panic!("{found:#?}") };
    let chain: Vec<_> = loaded.environments[0].chain.iter().map(AsRef::as_ref).collect();
    let root = layers::merge(&loaded.system, &chain, &mut found);
    let system = spec::decode::<spec::System>(&root, at![], &mut found).unwrap();
    let environment = root.get("environment").unwrap();
    let environment = spec::decode::<spec::Environment>(environment, at!["environment"], &mut found).unwrap();
    let mut findings = Findings::new(&root);
    let place = Place { environment: "prod", output: &loaded.environments[0].output };
    let model = resolve(&system, &environment, place, &loaded.contents, &mut findings);
    found.extend(findings.found);
    Sample { model, found: found.into_iter().collect() }
}

impl Sample {
    pub(super) fn component(&self, key: &str) -> &Component {
        self.model
            .as_ref()
            .and_then(|model| model.component(key))
            .unwrap_or_else(|| panic!("no `{key}`: {:#?}", self.found))
    }

    pub(super) fn workload(&self, key: &str) -> &Workload {
        self.component(key).workload().unwrap()
    }

    /// The paths of the findings with a code.
    pub(super) fn at(&self, code: Code) -> Vec<&str> {
        self.found.iter().filter(|finding| finding.code == code).filter_map(|finding| finding.path.as_deref()).collect()
    }

    /// Fails where there is any finding.
    pub(super) fn clean(self) -> Self {
        assert!(self.found.is_empty(), "{:#?}", self.found);
        self
    }
}
