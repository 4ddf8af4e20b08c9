//! The schemas that come with the compiler: those of Kubernetes, and those of the operators whose kinds
//! are emitted. Each bundle is read when the first object of one of its groups is met, once in a process.
//!
//! A bundle is deflated; in it all numbers are variable-length, and texts are named by their place in a
//! table. After the table come the types, each made of those before it, the links, the roots, and the rules
//! in CEL as JSON:
//! ```text
//! bundle = flags texts types links roots rules
//! type   = head body [more]        head: the kind, nullable (32), more (64)
//! root   = apiVersion kind served  served: count, then since until schema of-cluster for each
//! rules  = apiVersion kind length schema
//! ```

use super::{
    Expressions, Field, Format, Keys, Kind, ListType, More, Pattern, RecordType, Root, Schemas, Served, TextType, Type,
};
use compact_str::CompactString;
use std::sync::OnceLock;

/// A bundle, as it lies in the program and as it is read.
pub struct Bundle {
    /// The API groups that it has, or their common ending with a dot before it.
    pub groups: &'static [&'static str],
    bytes: &'static [u8],
    read: OnceLock<Schemas>,
}

macro_rules! bundles {
    ($($name:ident = $file:literal: $groups:expr;)*) => {
        $(static $name: Bundle = Bundle {
            groups: $groups,
            bytes: include_bytes!(concat!("../../../schemas/bundles/", $file, ".bin")),
            read: OnceLock::new(),
        };)*
        /// The bundles of operators.
        pub const OPERATORS: &[(&str, &Bundle)] = &[$(($file, &$name)),*];
    };
}

/// The kinds that Kubernetes itself serves, in every version that is a target.
pub static KUBERNETES: Bundle =
    Bundle { groups: &[], bytes: include_bytes!("../../../schemas/bundles/kubernetes.bin"), read: OnceLock::new() };

bundles! {
    ARGO = "argo": &["argoproj.io"];
    BARMAN_CLOUD = "barman-cloud": &["barmancloud.cnpg.io"];
    CERT_MANAGER = "cert-manager": &["cert-manager.io"];
    CILIUM = "cilium": &["cilium.io"];
    CLOUDNATIVE_PG = "cloudnative-pg": &["postgresql.cnpg.io"];
    EXTERNAL_SECRETS = "external-secrets": &["external-secrets.io"];
    FLAGGER = "flagger": &["flagger.app"];
    FLUX = "flux": &["kustomize.toolkit.fluxcd.io", "source.toolkit.fluxcd.io"];
    GATEWAY_API = "gateway-api": &["gateway.networking.k8s.io"];
    GRAFANA = "grafana": &["grafana.integreatly.org"];
    JOBSET = "jobset": &["jobset.x-k8s.io"];
    KEDA = "keda": &["keda.sh"];
    KUEUE = "kueue": &["kueue.x-k8s.io"];
    LEADER_WORKER_SET = "leader-worker-set": &["leaderworkerset.x-k8s.io"];
    PROMETHEUS_OPERATOR = "prometheus-operator": &["monitoring.coreos.com"];
    SEALED_SECRETS = "sealed-secrets": &["bitnami.com"];
    VERTICAL_POD_AUTOSCALER = "vertical-pod-autoscaler": &["autoscaling.k8s.io"];
}

/// The bundle of an API group that an operator brings.
pub fn of_group(group: &str) -> Option<&'static Bundle> {
    OPERATORS.iter().map(|(_, bundle)| *bundle).find(|bundle| bundle.groups.contains(&group))
}

impl Bundle {
    /// The schemas, read on first use.
    ///
    /// # Panics
    /// Never: the bytes are part of the program, and a test reads each bundle.
    pub fn schemas(&self) -> &Schemas {
        self.read.get_or_init(|| decode(self.bytes).expect("a bundle is what the generator wrote"))
    }

    /// How much of the program it takes.
    pub fn bytes(&self) -> &'static [u8] {
        self.bytes
    }
}

/// Reads a bundle.
pub fn decode(bytes: &[u8]) -> Option<Schemas> {
    let bytes = miniz_oxide::inflate::decompress_to_vec(bytes).ok()?;
    let mut reader = Reader { rest: &bytes, texts: Vec::new() };
    let null_is_absent = reader.byte()? == 1;
    let count = reader.size()?;
    for _ in 0..count {
        let length = reader.size()?;
        let (text, rest) = reader.rest.split_at_checked(length)?;
        reader.texts.push(std::str::from_utf8(text).ok()?.into());
        reader.rest = rest;
    }
    let types = reader.many(Reader::of_type)?;
    let links = reader.many(|reader| Some((reader.text()?, reader.many(Reader::served)?)))?;
    let roots = reader.many(|reader| {
        let root = Root { api_version: reader.text()?, kind: reader.text()? };
        Some((root, reader.many(Reader::served)?))
    })?;
    let rules = reader.many(|reader| {
        let root = Root { api_version: reader.text()?, kind: reader.text()? };
        Some((root, Expressions::new(reader.json()?)))
    })?;
    Some(Schemas {
        types,
        roots: roots.into_iter().collect(),
        links: links.into_iter().collect(),
        rules: rules.into_iter().collect(),
        null_is_absent,
    })
}

struct Reader<'a> {
    rest: &'a [u8],
    texts: Vec<CompactString>,
}

impl Reader<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    /// A number with a sign, in the lowest bit.
    fn signed(&mut self) -> Option<i64> {
        let number = self.number()?;
        Some((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
    }

    fn float(&mut self) -> Option<f64> {
        let (bytes, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(f64::from_le_bytes(*bytes))
    }

    fn size(&mut self) -> Option<usize> {
        usize::try_from(self.number()?).ok()
    }

    fn small(&mut self) -> Option<u32> {
        u32::try_from(self.number()?).ok()
    }

    /// A limit; `0` is none, otherwise it is one more than the limit.
    #[expect(clippy::option_option, reason = "the outer one is that the bundle ends")]
    fn limit(&mut self) -> Option<Option<u32>> {
        let number = self.number()?;
        Some(if number == 0 { None } else { Some(u32::try_from(number - 1).ok()?) })
    }

    fn most(&mut self) -> Option<u32> {
        Some(self.limit()?.unwrap_or(u32::MAX))
    }

    fn text(&mut self) -> Option<CompactString> {
        let at = self.size()?;
        self.texts.get(at).cloned()
    }

    fn json(&mut self) -> Option<serde_json::Value> {
        let length = self.size()?;
        let (json, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        serde_json::from_slice(json).ok()
    }

    fn many<T>(&mut self, mut read: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let count = self.size()?;
        let mut all = Vec::with_capacity(count.min(self.rest.len()));
        for _ in 0..count {
            all.push(read(self)?);
        }
        Some(all)
    }

    fn served(&mut self) -> Option<Served> {
        Some(Served { since: self.byte()?, until: self.byte()?, schema: self.small()?, of_cluster: self.byte()? == 1 })
    }

    fn of_type(&mut self) -> Option<Type> {
        let head = self.byte()?;
        let kind = match head & 0x1f {
            0 => Kind::Any,
            1 => Kind::Bool,
            2 => Kind::Integer { min: self.signed()?, max: self.signed()? },
            3 => Kind::Number { min: self.float()?, max: self.float()? },
            4 => Kind::Text(self.text_type()?),
            5 => Kind::Quantity,
            6 => Kind::IntOrString,
            7 => Kind::List(self.list_type()?),
            8 => Kind::Map { of: self.small()?, min: self.small()?, max: self.most()? },
            9 => Kind::Record(self.record_type()?),
            10 => Kind::Link(self.text()?),
            _ => return None,
        };
        let more = if head & 64 == 0 { None } else { Some(Box::new(self.more()?)) };
        Some(Type { kind, nullable: head & 32 != 0, more })
    }

    fn text_type(&mut self) -> Option<TextType> {
        let words = self.many(Self::text)?.into_boxed_slice();
        let pattern = match self.size()? {
            0 => None,
            at => Some(Pattern::new(self.texts.get(at - 1)?)),
        };
        let format = *Format::ALL.get(usize::from(self.byte()?))?;
        Some(TextType { words, pattern, format, min: self.small()?, max: self.most()? })
    }

    fn list_type(&mut self) -> Option<ListType> {
        let of = self.small()?;
        let keys = match self.byte()? {
            0 => Keys::None,
            1 => Keys::Items,
            _ => Keys::Fields(self.many(Self::text)?.into_boxed_slice()),
        };
        Some(ListType { of, keys, min: self.small()?, max: self.most()? })
    }

    fn record_type(&mut self) -> Option<RecordType> {
        let open = self.byte()? == 1;
        let (min, max) = (self.small()?, self.limit()?);
        let fields = self.many(|reader| {
            let name = reader.text()?;
            let of = reader.number()?;
            Some(Field::new(name, u32::try_from(of >> 1).ok()?, of & 1 == 1))
        })?;
        Some(RecordType { fields: fields.into_boxed_slice(), open, min, max })
    }

    fn more(&mut self) -> Option<More> {
        let all_of = self.many(Self::small)?;
        let any_of = self.many(Self::small)?;
        let one_of = self.many(Self::small)?;
        let not = self.limit()?;
        let values = self.many(Self::text)?;
        let multiple_of = if self.byte()? == 1 { Some(self.float()?) } else { None };
        Some(More { all_of, any_of, one_of, not, values, multiple_of })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bundle_can_be_read() {
        for (name, bundle) in OPERATORS.iter().copied().chain([("kubernetes", &KUBERNETES)]) {
            let schemas = decode(bundle.bytes()).unwrap_or_else(|| panic!("{name}"));
            assert!(!schemas.roots.is_empty(), "{name}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        assert!(decode(b"nonsense").is_none());
        assert!(decode(&[]).is_none());
    }
}
