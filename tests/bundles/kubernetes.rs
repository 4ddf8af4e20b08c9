//! The schemas of Kubernetes out of the source of the typed crate: each of its types says its JSON Schema,
//! and each resource its version, kind and scope.

use crate::complete::Completions;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use windlass::target::VERSIONS;
use windlass::verify::schema::{
    Field, Format, Keys, Kind, ListType, RecordType, Root, Schemas, Served, TextType, Type, TypeId,
};

/// The types that are part of themselves.
const LINKS: &[&str] = &["JSONSchemaProps", "CompositePodGroupTemplate"];

pub(crate) fn schemas(completions: &Path) -> Schemas {
    let mut completions = Completions::read(completions);
    let mut schemas = Schemas { null_is_absent: true, ..Schemas::default() };
    let source = source();
    for minor in VERSIONS {
        let version = Version::read(&source.join(format!("src/v1_{minor}")));
        Builder {
            version: &version,
            minor: *minor,
            schemas: &mut schemas,
            completions: &mut completions,
            known: BTreeMap::new(),
            depth: Vec::new(),
        }
        .build();
    }
    completions.all_are_used();
    schemas
}

/// Where the source of the typed crate lies.
fn source() -> PathBuf {
    let output = Command::new(env!("CARGO"))
        // What only other platforms need was never fetched.
        .args(["metadata", "--format-version", "1", "--offline", "--filter-platform", "host-tuple", "--manifest-path"])
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"))
        .output()
        .expect("cargo runs");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("metadata are JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    let package = packages.iter().find(|package| package["name"] == "k8s-openapi").expect("the typed crate");
    Path::new(package["manifest_path"].as_str().expect("a path")).parent().expect("a folder").to_owned()
}

/// What the crate says of one version.
struct Version {
    /// Schemas by the path of the type, such as `api::core::v1::Container`.
    types: BTreeMap<String, Value>,
    resources: Vec<Resource>,
}

struct Resource {
    path: String,
    api_version: String,
    kind: String,
    of_cluster: bool,
}

impl Version {
    fn read(folder: &Path) -> Self {
        let mut version = Self { types: BTreeMap::new(), resources: Vec::new() };
        for entry in walkdir::WalkDir::new(folder).sort_by_file_name() {
            let entry = entry.expect("the source can be read");
            if entry.path().extension().is_none_or(|extension| extension != "rs") {
                continue;
            }
            let text = std::fs::read_to_string(entry.path()).expect("the source is text");
            let module = entry.path().parent().expect("a module").strip_prefix(folder).expect("inside");
            let module = module.to_string_lossy().replace(['/', '\\'], "::");
            version.file(&module, &text);
        }
        version
    }

    fn file(&mut self, module: &str, text: &str) {
        for (at, line) in text.lines().enumerate() {
            if let Some(name) = line.strip_prefix("impl crate::schemars::JsonSchema for ") {
                let path = format!("{module}::{}", name.trim_end_matches(" {"));
                self.types.insert(path, schema(text.lines().skip(at)));
            }
            if let Some(name) = line.strip_prefix("impl crate::Resource for ") {
                let body: Vec<&str> = text.lines().skip(at).take_while(|line| *line != "}").collect();
                let constant = |name: &str| {
                    let line = body.iter().find(|line| line.contains(&format!("const {name}:"))).expect(name);
                    line.split('"').nth(1).expect(name).to_owned()
                };
                self.resources.push(Resource {
                    path: format!("{module}::{}", name.trim_end_matches(" {")),
                    api_version: constant("API_VERSION"),
                    kind: constant("KIND"),
                    of_cluster: body.iter().any(|line| line.contains("ClusterResourceScope")),
                });
            }
        }
    }
}

/// The argument of `json_schema!`, with references in the place of calls.
fn schema<'a>(lines: impl Iterator<Item = &'a str>) -> Value {
    let body =
        lines.skip_while(|line| !line.contains("json_schema!({")).skip(1).take_while(|line| *line != "        })");
    let mut json = String::from("{\n");
    for line in body {
        let line = line.trim();
        if line == "schema_obj"
            || line.starts_with("schema_obj.")
            || line.starts_with("\"description\":") && !line.ends_with('{')
        {
            continue;
        }
        if let Some(call) = line.find("__gen.subschema_for::<crate::") {
            let path = &line[call + "__gen.subschema_for::<crate::".len()..];
            let reference = format!("{{\"$ref\": \"{}\"}}", &path[..path.find('>').expect("a type")]);
            // The key of what is made in a block stands before it already.
            let before = if line.starts_with("let ") { "" } else { line[..call].trim_end_matches('(') };
            json.extend([before, &reference, ",\n"]);
        } else if let Some(key) = line.strip_suffix("({") {
            json.push_str(key);
        } else if line != "})," {
            json.push_str(line);
            json.push('\n');
        }
    }
    json.push('}');
    let strict = without_trailing_commas(&json);
    serde_json::from_str(&strict).unwrap_or_else(|error| panic!("{error}\n{strict}"))
}

fn without_trailing_commas(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut in_text, mut escaped) = (false, false);
    for character in text.chars() {
        if !in_text && matches!(character, '}' | ']') {
            let kept = out.trim_end().trim_end_matches(',').len();
            out.truncate(kept);
        }
        match (in_text, character) {
            (_, '"') if !escaped => in_text = !in_text,
            _ => {}
        }
        escaped = in_text && character == '\\' && !escaped;
        out.push(character);
    }
    out
}

struct Builder<'a> {
    version: &'a Version,
    minor: u32,
    schemas: &'a mut Schemas,
    completions: &'a mut Completions,
    known: BTreeMap<String, TypeId>,
    /// The types on the way, to tell a circle.
    depth: Vec<String>,
}

impl Builder<'_> {
    fn build(&mut self) {
        let minor = u8::try_from(self.minor).expect("a small number");
        for path in self.version.types.keys().filter(|path| is_link(path)) {
            let schema = self.record(path);
            let served = Served { since: minor, until: minor, schema, of_cluster: false };
            self.schemas.links.entry(short(path).into()).or_default().push(served);
        }
        for resource in &self.version.resources {
            let schema = self.named(&resource.path);
            let served = Served { since: minor, until: minor, schema, of_cluster: resource.of_cluster };
            let root = Root { api_version: resource.api_version.as_str().into(), kind: resource.kind.as_str().into() };
            self.schemas.roots.entry(root).or_default().push(served);
        }
        // The metadata of custom resources are of Kubernetes too.
        let schema = self.named("apimachinery::pkg::apis::meta::v1::ObjectMeta");
        let served = Served { since: minor, until: minor, schema, of_cluster: false };
        self.schemas.links.entry("ObjectMeta".into()).or_default().push(served);
    }

    fn push(&mut self, kind: Kind) -> TypeId {
        self.schemas.push(Type { kind, nullable: true, more: None })
    }

    fn named(&mut self, path: &str) -> TypeId {
        if let Some(known) = self.known.get(path) {
            return *known;
        }
        let id = if is_link(path) { self.push(Kind::Link(short(path).into())) } else { self.record(path) };
        self.known.insert(path.to_owned(), id);
        id
    }

    fn record(&mut self, path: &str) -> TypeId {
        self.depth.push(path.to_owned());
        assert!(self.depth.len() < 40, "{:#?} is part of itself", self.depth);
        let id = self.record_of(path);
        self.depth.pop();
        id
    }

    fn record_of(&mut self, path: &str) -> TypeId {
        let schema = self.version.types.get(path).unwrap_or_else(|| panic!("{path}")).clone();
        match path.rsplit("::").next().unwrap_or_default() {
            "Quantity" => self.push(Kind::Quantity),
            "RawExtension" | "JSON" | "FieldsV1" | "Patch" => self.push(Kind::Any),
            _ => self.of(&schema, &short(path)),
        }
    }

    fn of(&mut self, schema: &Value, name: &str) -> TypeId {
        if let Some(path) = schema["$ref"].as_str() {
            return self.named(path);
        }
        if schema["x-kubernetes-int-or-string"] == true {
            return self.push(Kind::IntOrString);
        }
        if let Some(forms) = schema["oneOf"].as_array() {
            let any_of = forms.iter().map(|form| self.of(form, "")).collect();
            let more = windlass::verify::schema::More { any_of, ..Default::default() };
            return self.schemas.push(Type { kind: Kind::Any, nullable: true, more: Some(Box::new(more)) });
        }
        let kind = match schema["type"].as_str() {
            Some("string") => {
                let format = schema["format"].as_str().map(Format::named).unwrap_or_default();
                Kind::Text(TextType { format, ..TextType::default() })
            }
            Some("integer") => match schema["format"].as_str() {
                Some("int32") => Kind::Integer { min: i32::MIN.into(), max: i32::MAX.into() },
                _ => Kind::Integer { min: i64::MIN, max: i64::MAX },
            },
            Some("number") => Kind::Number { min: f64::NEG_INFINITY, max: f64::INFINITY },
            Some("boolean") => Kind::Bool,
            Some("array") => {
                let of = self.of(&schema["items"], "");
                Kind::List(ListType { of, keys: Keys::None, min: 0, max: u32::MAX })
            }
            Some("object") if schema["additionalProperties"].is_object() => {
                let of = self.of(&schema["additionalProperties"], "");
                Kind::Map { of, min: 0, max: u32::MAX }
            }
            Some("object") => Kind::Record(self.fields(schema, name)),
            _ => Kind::Any,
        };
        self.push(kind)
    }

    fn fields(&mut self, schema: &Value, name: &str) -> RecordType {
        let required: Vec<&str> =
            schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let mut fields = Vec::new();
        for (key, property) in schema["properties"].as_object().into_iter().flatten() {
            let of = if key == "status" { self.push(Kind::Any) } else { self.of(property, "") };
            let mut field = Field::new(key.as_str(), of, required.contains(&key.as_str()));
            self.completions.complete(self.schemas, name, &mut field, self.minor);
            fields.push(field);
        }
        fields.sort_by(|one: &Field, other| one.name.cmp(&other.name));
        RecordType { fields: fields.into(), ..RecordType::default() }
    }
}

fn is_link(path: &str) -> bool {
    path.rsplit("::").next().is_some_and(|name| LINKS.contains(&name))
}

/// `core/v1 Container` of `api::core::v1::Container`.
fn short(path: &str) -> String {
    let parts: Vec<&str> = path.split("::").collect();
    match parts.as_slice() {
        [.., group, version, name] => format!("{group}/{version} {name}"),
        _ => path.to_owned(),
    }
}
