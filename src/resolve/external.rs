//! What is not of this system: where it is, and what may be referred to.
//!
//! `host`, `port` and `url` follow from the host and the ports that are written; `outputs` set what does
//! not follow, or takes their place.

use super::Resolver;
use super::{container, network, strings};
use crate::diagnostic::code;
use crate::document::{Finding, at};
use crate::model::{EgressTo, External, Output};
use crate::spec::Component;
use std::collections::BTreeMap;

impl Resolver<'_, '_> {
    pub(crate) fn external(&mut self, key: &str, component: &Component) -> Option<External> {
        let Some(to) = place(component) else {
            self.no_form(&at!["components", key], "an external", "`host`, `hosts`, `cidrs` or `pods`");
            return None;
        };
        let alias = component.alias == Some(true);
        if alias && component.host.is_none() {
            self.alias_of_nothing(key);
        }
        Some(External {
            to,
            ports: container::ports(component.ports.as_ref()),
            alias: component.host.as_ref().filter(|_| alias).map(ToString::to_string),
        })
    }

    fn alias_of_nothing(&mut self, key: &str) {
        self.findings.push(
            Finding::error(
                code::ALIAS_WITHOUT_HOST,
                at!["components", key, "alias"],
                format!("`{key}` has no host to stand for"),
            )
            .label("an alias of nothing")
            .on_key()
            .reason("a Service of type ExternalName answers with one host name")
            .help("write `host:`, or take `alias` away"),
        );
    }
}

/// Where it is: its pods, its addresses, or names alone.
fn place(component: &Component) -> Option<EgressTo> {
    let names = component.host.iter().chain(component.hosts.iter().flatten());
    let hosts: Vec<String> = names.map(ToString::to_string).collect();
    if let Some(pods) = &component.pods {
        return Some(network::pods(pods));
    }
    if let Some(cidrs) = &component.cidrs {
        let cidrs = cidrs.iter().map(ToString::to_string).collect();
        return Some(EgressTo::Cidrs { cidrs, except: Vec::new(), hosts });
    }
    (!hosts.is_empty()).then_some(EgressTo::Hosts(hosts))
}

/// The host that clients use: the alias, or the host itself.
pub(super) fn host<'a>(name: &'a str, component: &'a Component) -> Option<&'a str> {
    let host = component.host.as_deref()?;
    Some(if component.alias == Some(true) { name } else { host })
}

/// The outputs that the author wrote.
pub(super) fn outputs(component: &Component) -> BTreeMap<String, Output> {
    strings(component.outputs.as_ref()).into_iter().map(|(name, text)| (name, Output::Plain(text))).collect()
}

#[cfg(test)]
mod tests {
    use super::super::sample::sample;
    use super::*;

    fn output(fields: &str, output: &str) -> Option<String> {
        let sample = sample(&format!("components:\n  mail: {{kind: external, {fields}}}\n"), "").clean();
        match sample.component("mail").outputs.get(output)? {
            Output::Plain(text) => Some(text.clone()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn outputs_follow_from_host_and_ports() {
        let smtp = "host: smtp.example.com, ports: {smtp: 587}";
        assert_eq!(output(smtp, "url").as_deref(), Some("smtp://smtp.example.com:587"));
        assert_eq!(output(&format!("{smtp}, alias: true"), "host").as_deref(), Some("mail"));
        assert_eq!(output("host: smtp.example.com", "host").as_deref(), Some("smtp.example.com"));
        assert_eq!(output("cidrs: [203.0.113.0/24], ports: {smtp: 587}", "host"), None);
    }

    #[test]
    fn what_the_author_writes_takes_its_place() {
        let own = "host: smtp.example.com, ports: {smtp: 587}, outputs: {url: \"smtps://relay\", region: eu}";
        assert_eq!(output(own, "url").as_deref(), Some("smtps://relay"));
        assert_eq!(output(own, "region").as_deref(), Some("eu"));
        assert_eq!(output(own, "port").as_deref(), Some("587"));
    }

    #[test]
    fn what_is_nowhere_is_said() {
        let found =
            sample("components:\n  a: {kind: external}\n  b: {kind: external, cidrs: [10.0.0.0/8], alias: true}\n", "");
        assert_eq!(found.at(code::NO_FORM), ["components.a"]);
        assert_eq!(found.at(code::ALIAS_WITHOUT_HOST), ["components.b.alias"]);
    }
}
