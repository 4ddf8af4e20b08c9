//! What an Application says to the plugin, and what the plugin announces that it may say.

use crate::diagnostic::{Diagnostic, code, listed, nearest};
use serde::Deserialize;
use serde_json::{Value, json};

/// The parameter that names the environment.
pub const ENVIRONMENT: &str = "environment";
/// The parameter that names the file of the system, from the path of the Application.
pub const SYSTEM: &str = "system";

/// What an Application asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    pub environment: Option<String>,
    pub system: Option<String>,
}

/// A parameter as Argo CD passes it on.
#[derive(Deserialize)]
struct Parameter {
    name: String,
    string: Option<String>,
    array: Option<Value>,
    map: Option<Value>,
}

impl Request {
    /// Reads the parameters, `ARGOCD_APP_PARAMETERS`, and the variable that names the environment. A parameter wins:
    /// it is what the user interface shows.
    pub fn read(parameters: Option<&str>, environment: Option<&str>) -> Result<Self, Diagnostic> {
        let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let mut request = Self { environment: environment.and_then(given), system: None };
        // A plugin block without parameters gives `null`.
        let text = parameters.filter(|text| !text.trim().is_empty()).unwrap_or("null");
        let list: Option<Vec<Parameter>> = serde_json::from_str(text).map_err(|_| unreadable())?;
        for parameter in list.into_iter().flatten() {
            let place = match parameter.name.as_str() {
                ENVIRONMENT => &mut request.environment,
                SYSTEM => &mut request.system,
                other => return Err(unknown(other)),
            };
            if parameter.array.is_some() || parameter.map.is_some() {
                return Err(Diagnostic::error(
                    code::PLUGIN_PARAMETER,
                    format!("the parameter `{}` is a list or a map", parameter.name),
                )
                .help("write it as `string`"));
            }
            // An empty string is what the user interface sends for a field that was cleared.
            if let Some(text) = parameter.string.as_deref().and_then(given) {
                *place = Some(text);
            }
        }
        Ok(request)
    }
}

fn unreadable() -> Diagnostic {
    Diagnostic::error(code::PLUGIN_PARAMETER, "`ARGOCD_APP_PARAMETERS` is not a list of parameters")
        .reason("Argo CD passes a JSON array of `{name, string}`")
}

fn unknown(name: &str) -> Diagnostic {
    let finding = Diagnostic::error(code::PLUGIN_PARAMETER, format!("there is no parameter `{name}`"))
        .reason("a parameter chooses what is rendered and changes nothing in it: every value is in Git");
    match nearest(name, [ENVIRONMENT, SYSTEM]) {
        Some(near) => finding.help(format!("a similar one is `{near}`")),
        None => finding.help(format!("parameters are {}", listed([ENVIRONMENT, SYSTEM]))),
    }
}

/// What the user interface offers, as the JSON that Argo CD reads. `chosen` is the environment that is rendered where
/// the parameter is not set.
pub fn announcement(system: &str, environments: &[&str], chosen: Option<&str>) -> String {
    let environment = json!({
        "name": ENVIRONMENT,
        "title": "Environment",
        "tooltip": format!("one of {}", listed(environments.iter().copied())),
        "required": chosen.is_none(),
        "itemType": "string",
        "collectionType": "string",
        "string": chosen.unwrap_or_default(),
    });
    let file = json!({
        "name": SYSTEM,
        "title": "System",
        "tooltip": "the file of the system, from the path of the Application",
        "required": false,
        "itemType": "string",
        "collectionType": "string",
        "string": system,
    });
    format!("{}\n", json!([environment, file]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_wins_over_the_variable() {
        let of = |parameters, variable| Request::read(parameters, variable).expect("read").environment;
        assert_eq!(of(None, None), None);
        assert_eq!(of(Some("null"), Some("staging")), Some("staging".into()));
        assert_eq!(of(Some("[]"), Some("")), None);
        let parameter = r#"[{"name":"environment","string":"production"}]"#;
        assert_eq!(of(Some(parameter), Some("staging")), Some("production".into()));
        assert_eq!(of(Some(r#"[{"name":"environment","string":""}]"#), Some("staging")), Some("staging".into()));
    }

    #[test]
    fn what_is_not_a_parameter_is_refused() {
        let of = |parameters| Request::read(Some(parameters), None).expect_err("refused");
        assert_eq!(
            of(r#"[{"name":"enviroment","string":"x"}]"#).help.as_deref(),
            Some("a similar one is `environment`")
        );
        assert!(of(r#"[{"name":"environment","map":{}}]"#).message.contains("a list or a map"));
        assert!(of("{").message.contains("ARGOCD_APP_PARAMETERS"));
    }

    #[test]
    fn the_announcement_is_what_argo_reads() {
        let text = announcement("system.yaml", &["production", "staging"], None);
        let list: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!((&list[0]["required"], &list[1]["string"]), (&json!(true), &json!("system.yaml")));
    }
}
