//! The API of Kubernetes over HTTP: as much as the suites ask.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::RwLock;
use std::thread::sleep;
use std::time::{Duration, Instant};
use ureq::Agent;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

const MANAGER: &str = "windlass";
const SERVED_WITHIN: Duration = Duration::from_mins(1);
const DISCOVERY: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

pub(crate) struct Api {
    agent: Agent,
    base: String,
    token: String,
    served: RwLock<BTreeMap<(String, String), Resource>>,
}

/// Where objects of a kind are.
#[derive(Clone)]
struct Resource {
    plural: String,
    is_namespaced: bool,
}

/// What the server said.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
    pub(crate) warnings: Vec<String>,
}

impl Answer {
    pub(crate) fn is_accepted(&self) -> bool {
        (200..300).contains(&self.status)
    }

    pub(crate) fn accepted(self) -> Result<Self, String> {
        if self.is_accepted() { Ok(self) } else { Err(self.message()) }
    }

    pub(crate) fn message(&self) -> String {
        format!("{} {}", self.status, self.body["message"].as_str().unwrap_or_default())
    }
}

/// The name of an object for people.
pub(crate) fn name(object: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let metadata = &object["metadata"];
    let namespace = metadata["namespace"].as_str().map(|namespace| format!("{namespace}/")).unwrap_or_default();
    format!("{}/{} {namespace}{}", text(&object["apiVersion"]), text(&object["kind"]), text(&metadata["name"]))
}

fn key(object: &Value) -> (String, String) {
    let text = |key: &str| object[key].as_str().unwrap_or_default().to_owned();
    (text("apiVersion"), text("kind"))
}

impl Api {
    /// A client that trusts the certificates in `pem` alone.
    pub(crate) fn new(port: u16, token: &str, pem: &[u8]) -> Result<Self, String> {
        let items = parse_pem(pem).collect::<Result<Vec<_>, _>>().map_err(|error| error.to_string())?;
        let certificates: Vec<Certificate<'static>> = items
            .into_iter()
            .filter_map(|item| if let PemItem::Certificate(certificate) = item { Some(certificate) } else { None })
            .collect();
        let tls = TlsConfig::builder().root_certs(RootCerts::new_with_certs(&certificates)).build();
        let agent = Agent::config_builder()
            .tls_config(tls)
            .http_status_as_error(false)
            .proxy(None)
            .timeout_global(Some(Duration::from_mins(1)))
            .build()
            .new_agent();
        let base = format!("https://127.0.0.1:{port}");
        Ok(Self { agent, base, token: format!("Bearer {token}"), served: RwLock::default() })
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.get("/readyz").is_ok_and(|answer| answer.is_accepted())
    }

    pub(crate) fn get(&self, path: &str) -> Result<Answer, String> {
        self.ask("GET", path, "application/json", b"")
    }

    fn ask(&self, method: &str, path: &str, content_type: &str, body: &[u8]) -> Result<Answer, String> {
        let accept =
            if path.starts_with("/api") && path.matches('/').count() == 1 { DISCOVERY } else { "application/json" };
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
            .header("Authorization", &self.token)
            .header("Accept", accept)
            .header("Content-Type", content_type)
            .body(body.to_vec())
            .map_err(|error| error.to_string())?;
        let failed = |error: ureq::Error| format!("{method} {path}: {error}");
        let response = self.agent.run(request).map_err(failed)?;
        let headers = response.headers().get_all("Warning").iter();
        let warnings = headers.filter_map(|warning| warning.to_str().ok()).map(str::to_owned).collect();
        let status = response.status().as_u16();
        let mut body = response.into_body();
        let text = body.with_config().limit(200_000_000).read_to_string().map_err(failed)?;
        let body = serde_json::from_str(&text).unwrap_or_else(|_| json!({"message": text}));
        Ok(Answer { status, body, warnings })
    }

    /// Learns what kinds there are.
    pub(crate) fn discover(&self) -> Result<(), String> {
        let mut served = BTreeMap::new();
        for path in ["/api", "/apis"] {
            let groups = self.get(path)?.accepted()?.body;
            for group in items(&groups["items"]) {
                let group_name = group["metadata"]["name"].as_str().unwrap_or_default();
                for version in items(&group["versions"]) {
                    let version_name = version["version"].as_str().unwrap_or_default();
                    let api_version = if group_name.is_empty() {
                        version_name.into()
                    } else {
                        format!("{group_name}/{version_name}")
                    };
                    served.extend(items(&version["resources"]).map(|resource| {
                        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                        let found = Resource {
                            plural: text(&resource["resource"]),
                            is_namespaced: resource["scope"] == "Namespaced",
                        };
                        ((api_version.clone(), text(&resource["responseKind"]["kind"])), found)
                    }));
                }
            }
        }
        *self.served.write().expect("no writer panics") = served;
        Ok(())
    }

    /// Waits until every version of every definition is served.
    pub(crate) fn serve_definitions(&self) -> Result<(), String> {
        let list = self.get("/apis/apiextensions.k8s.io/v1/customresourcedefinitions")?.accepted()?.body;
        let wanted: Vec<(String, String)> = items(&list["items"])
            .flat_map(|definition| {
                let spec = &definition["spec"];
                items(&spec["versions"]).filter(|version| version["served"] == true).map(|version| {
                    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                    (format!("{}/{}", text(&spec["group"]), text(&version["name"])), text(&spec["names"]["kind"]))
                })
            })
            .collect();
        let started = Instant::now();
        loop {
            self.discover()?;
            let served = self.served.read().expect("no writer panics");
            match wanted.iter().find(|kind| !served.contains_key(*kind)) {
                None => return Ok(()),
                Some((version, kind)) if started.elapsed() > SERVED_WITHIN => {
                    return Err(format!("{version}/{kind} is not served"));
                }
                Some(_) => drop(served),
            }
            sleep(Duration::from_millis(200));
        }
    }

    /// Waits until a definition is gone, and its kind with it.
    pub(crate) fn forget(&self, definition: &Value) -> Result<(), String> {
        let (path, started) = (self.path(definition)?, Instant::now());
        let spec = &definition["spec"];
        let group = format!("{}/", spec["group"].as_str().unwrap_or_default());
        loop {
            self.discover()?;
            let is_served = self.served.read().expect("no writer panics").keys().any(|(version, kind)| {
                version.starts_with(&group) && Some(kind.as_str()) == spec["names"]["kind"].as_str()
            });
            if !is_served && self.get(&path)?.status == 404 {
                return Ok(());
            }
            if started.elapsed() > SERVED_WITHIN {
                return Err(format!("{} does not go", name(definition)));
            }
            sleep(Duration::from_millis(100));
        }
    }

    pub(crate) fn serves(&self, object: &Value) -> bool {
        self.served.read().expect("no writer panics").contains_key(&key(object))
    }

    pub(crate) fn is_namespaced(&self, object: &Value) -> bool {
        self.served.read().expect("no writer panics").get(&key(object)).is_some_and(|resource| resource.is_namespaced)
    }

    /// The path of the objects like this one.
    fn collection(&self, object: &Value) -> Result<String, String> {
        let served = self.served.read().expect("no writer panics");
        let key = key(object);
        let resource = match served.get(&key) {
            Some(resource) => resource.clone(),
            None => return Err(format!("{}: no such kind is served", name(object))),
        };
        let root = if key.0.contains('/') { "apis" } else { "api" };
        let namespace = object["metadata"]["namespace"].as_str().unwrap_or("default");
        let within = if resource.is_namespaced { format!("namespaces/{namespace}/") } else { String::new() };
        Ok(format!("/{root}/{}/{within}{}", key.0, resource.plural))
    }

    pub(crate) fn path(&self, object: &Value) -> Result<String, String> {
        Ok(format!("{}/{}", self.collection(object)?, object["metadata"]["name"].as_str().unwrap_or_default()))
    }

    pub(crate) fn create(&self, object: &Value) -> Result<Answer, String> {
        self.ask("POST", &self.collection(object)?, "application/json", object.to_string().as_bytes())
    }

    /// Creates a definition from its text. Versions are converted by the operators, which do not run here.
    pub(crate) fn define(&self, definition: &str) -> Result<(), String> {
        let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
        let made = self.ask("POST", path, "application/yaml", definition.as_bytes())?.accepted()?.body;
        if made["spec"]["conversion"]["strategy"] == "Webhook" {
            let none = json!({"spec": {"conversion": {"strategy": "None", "webhook": null}}});
            let path = format!("{path}/{}", made["metadata"]["name"].as_str().unwrap_or_default());
            self.ask("PATCH", &path, "application/merge-patch+json", none.to_string().as_bytes())?.accepted()?;
        }
        Ok(())
    }

    /// Asks whether it would be created.
    pub(crate) fn create_dry(&self, object: &Value) -> Result<Answer, String> {
        let path = format!("{}?dryRun=All&fieldValidation=Strict", self.collection(object)?);
        self.ask("POST", &path, "application/json", object.to_string().as_bytes())
    }

    /// Server-side apply with strict validation, of a document as it is printed.
    pub(crate) fn apply(&self, object: &Value, document: &str) -> Result<Answer, String> {
        let path = format!("{}?fieldManager={MANAGER}&fieldValidation=Strict&force=true", self.path(object)?);
        self.ask("PATCH", &path, "application/apply-patch+yaml", document.as_bytes())
    }

    /// Asks whether it would be applied.
    pub(crate) fn apply_dry(&self, object: &Value) -> Result<Answer, String> {
        let path =
            format!("{}?fieldManager={MANAGER}&fieldValidation=Strict&force=true&dryRun=All", self.path(object)?);
        self.ask("PATCH", &path, "application/apply-patch+yaml", object.to_string().as_bytes())
    }

    pub(crate) fn merge(&self, object: &Value, part: &str, patch: &Value) -> Result<Answer, String> {
        let path = format!("{}{part}", self.path(object)?);
        self.ask("PATCH", &path, "application/merge-patch+json", patch.to_string().as_bytes())
    }

    /// Changes an object by a JSON patch, as somebody at the keyboard would.
    pub(crate) fn patch(&self, object: &Value, patch: &Value) -> Result<Answer, String> {
        self.ask("PATCH", &self.path(object)?, "application/json-patch+json", patch.to_string().as_bytes())
    }

    /// Asks for a pod to go as a drain does, which budgets may refuse.
    pub(crate) fn evict(&self, pod: &Value) -> Result<Answer, String> {
        let metadata = json!({"name": pod["metadata"]["name"], "namespace": pod["metadata"]["namespace"]});
        let eviction = json!({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": metadata});
        let path = format!("{}/eviction", self.path(pod)?);
        self.ask("POST", &path, "application/json", eviction.to_string().as_bytes())
    }

    /// What has happened to the objects of a collection since a version of it, as far as it is told in so many seconds.
    pub(crate) fn events(&self, collection: &str, since: &str, seconds: u32) -> Result<Vec<Value>, String> {
        let path = format!("{collection}?watch=true&resourceVersion={since}&timeoutSeconds={seconds}");
        let body = self.get(&path)?.accepted()?.body;
        // One event alone is read as JSON already.
        let Some(text) = body["message"].as_str() else { return Ok(vec![body]) };
        let events = serde_json::Deserializer::from_str(text).into_iter::<Value>();
        events.collect::<Result<_, _>>().map_err(|error| format!("{path}: {error}"))
    }

    /// Asks for an object to go, and leaves it to those that hold it.
    pub(crate) fn remove(&self, object: &Value) -> Result<(), String> {
        let options = json!({"propagationPolicy": "Background"});
        let path = self.path(object)?;
        self.ask("DELETE", &path, "application/json", options.to_string().as_bytes())?.accepted().map(drop)
    }

    /// Takes an object away, whatever holds it.
    pub(crate) fn delete(&self, object: &Value) -> Result<(), String> {
        let path = self.path(object)?;
        let options = json!({"propagationPolicy": "Background", "gracePeriodSeconds": 0});
        let answer = self.ask("DELETE", &path, "application/json", options.to_string().as_bytes())?;
        // Those of a definition are the server's own.
        let is_held = object["kind"] != "CustomResourceDefinition";
        if is_held && answer.is_accepted() && !answer.body["metadata"]["finalizers"].is_null() {
            self.merge(object, "", &json!({"metadata": {"finalizers": null}}))?;
        }
        Ok(())
    }
}

pub(crate) fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}
