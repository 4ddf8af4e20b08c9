//! Texts with a grammar of their own: names, times, quantities, references, hosts.
//!
//! Limits are those of Kubernetes unless a rule of this language is stricter; each says its source.

use super::zone::time_zone;
use super::{Reader, Spec};
use crate::diagnostic::{Code, code, listed};
use crate::document::Node;
use crate::document::shape::{Refusal, Shape, TextShape};
use crate::model::quantity::Quantity;

pub(super) type Checked = Result<(), Refusal>;

/// Declares a text type: its grammar and a newtype that holds a text of it. `number` at the end: a bare number
/// is a value too.
macro_rules! text {
    ($($(#[doc = $doc:literal])+ $name:ident { $what:literal, $example:literal, $check:expr, $pattern:expr $(, $number:ident)? })*) => {
        $($(#[doc = $doc])+
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub struct $name(pub String);

        impl std::ops::Deref for $name {
            type Target = str;
            fn deref(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl $crate::spec::Spec for $name {
            fn shape() -> $crate::document::shape::Shape {
                static TEXT: $crate::document::shape::TextShape = $crate::document::shape::TextShape {
                    what: $what,
                    example: $example,
                    check: $check,
                    pattern: $pattern,
                    number: $crate::spec::text::text!(@number $($number)?),
                };
                $crate::document::shape::Shape::Text(&TEXT)
            }

            fn decode(node: &$crate::document::Node, _: &mut $crate::spec::Reader<'_>) -> Option<Self> {
                let text = node.as_text()?;
                ($check)(text).ok()?;
                Some(Self(text.to_owned()))
            }
        })*
    };
    (@number number) => { true };
    (@number) => { false };
}
pub(super) use text;

text! {
    /// Free text.
    Text { "text", "a sentence", accept, None }
    /// A DNS label (RFC 1123): what a namespace, container or volume may be called.
    DnsLabel { "a name", "ai-training", dns_label, Some("^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$") }
    /// A DNS subdomain: what most objects may be called.
    DnsName { "the name of an object", "model-credentials", dns_name, Some("^[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?$") }
    /// A container image: repository, tag and digest.
    ImageText { "an image", "registry.example.com/api:v1.4.2", image, None }
    /// `component.output`.
    OutputText { "a component and its output", "db.url", output, Some("^[a-z0-9-]+\\.[A-Za-z0-9.-]+$") }
    /// `secret/key`.
    SecretKey { "a secret and its key", "payments/api-key", name_and_key, Some("^[a-z0-9.-]+/[-._a-zA-Z0-9]+$") }
    /// `config/key`.
    ConfigKey { "a config and its key", "limits/MAX_USERS", name_and_key, Some("^[a-z0-9.-]+/[-._a-zA-Z0-9]+$") }
    /// The name or the number of a port.
    PortText { "the name or number of a port", "http", port, None }
    /// A number, or a percentage with its sign, as in Kubernetes.
    NumberOrPercent { "a number or a percentage", "25%", number_or_percent, Some("^([0-9]+|[0-9]{1,3}%)$") }
    /// A decimal number.
    Decimal { "a number", "0.5", number, None }
    /// A decimal number above zero.
    Amount { "a number above zero", "30", above_zero, None }
    /// The name of a metric.
    MetricText { "the name of a metric", "http_requests_per_second", metric_name, Some("^[^/%\\s]+$") }
    /// A path in a container.
    MountPath { "an absolute path in the container", "/var/lib/app", mount_path, Some("^/") }
    /// A path of a file in the repository, relative to the file that names it.
    RepositoryPath { "a file of the repository", "config/app.toml", accept, None }
    /// Files of the repository by a pattern, relative to the file that names it.
    RepositoryPattern { "files of the repository", "components/*.yaml", accept, None }
    /// A path of a URL.
    UrlPath { "a path of a URL", "/healthz", url_path, Some("^/") }
    /// An address range.
    Cidr { "an address range", "10.0.0.0/8", cidr, None }
    /// A host name.
    Host { "a host name", "learn.example.com", host, None }
    /// A cron schedule of five fields.
    Cron { "a cron schedule", "0 2 * * *", cron, None }
    /// A time zone of the IANA database.
    TimeZone { "a time zone", "Europe/Madrid", time_zone, Some("^[A-Za-z_]+(/[A-Za-z0-9_+-]+)*$") }
    /// A name of a label or annotation: an optional prefix and a name.
    LabelName { "the name of a label", "example.com/team", label_name, None }
    /// A name with a domain or without: a class of load balancers, a condition of pods.
    QualifiedName { "a name", "example.com/internal", qualified_name, None }
    /// The name of an extended resource.
    ResourceName { "the name of a resource", "nvidia.com/gpu", resource_name, None }
    /// A taint of a node.
    TaintText { "a taint", "nvidia.com/gpu=present:NoSchedule", taint, Some("^[^=:]+(=[^:]*)?:(NoSchedule|PreferNoSchedule|NoExecute)$") }
    /// A Kubernetes version.
    VersionText { "a Kubernetes version", "1.35", kubernetes_version, Some("^1\\.[0-9]{1,2}$") }
    /// A path to another environment, relative to this one.
    EnvironmentPath { "a file with an environment", "../../environments/production.yaml", accept, None }
}

#[expect(clippy::unnecessary_wraps, reason = "it stands where a check may refuse")]
pub(super) fn accept(_: &str) -> Checked {
    Ok(())
}

pub(super) fn refuse(code: Code, message: impl Into<String>, help: impl Into<String>) -> Checked {
    Err(Refusal::new(code, message, help))
}

/// RFC 1123 label. Source: `IsDNS1123Label` of apimachinery, at most 63 characters.
pub fn dns_label(text: &str) -> Checked {
    label_of(text, 63, |first| first.is_ascii_lowercase() || first.is_ascii_digit(), "a lower-case letter or digit")
}

/// RFC 1035 label: the name of a Service, and so of a component.
pub fn service_name(text: &str) -> Checked {
    label_of(text, 63, |first| first.is_ascii_lowercase(), "a lower-case letter")
}

fn label_of(text: &str, limit: usize, first: fn(char) -> bool, starts: &str) -> Checked {
    if is_label(text, first) && text.len() <= limit {
        return Ok(());
    }
    if is_label(text, first) {
        let message = format!("the name `{text}` has {} characters, and {limit} are the limit", text.len());
        return Err(Refusal::new(code::BAD_NAME, message, "take a shorter name")
            .reason("a DNS label has at most 63 characters"));
    }
    let help = format!("use lower-case letters, digits and `-`, starting with {starts}");
    let refusal = Refusal::new(code::BAD_NAME, format!("`{text}` is not a name"), help)
        .reason("Kubernetes names become DNS labels");
    Err(match suggested_label(text).filter(|name| is_label(name, first) && name.len() <= limit) {
        Some(name) => refusal.instead(name, false),
        None => refusal,
    })
}

fn is_label(text: &str, first: fn(char) -> bool) -> bool {
    let inner = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
    text.starts_with(first) && text.bytes().all(inner) && !text.ends_with('-')
}

fn suggested_label(text: &str) -> Option<String> {
    let lower: String = text.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let trimmed = lower.trim_matches('-');
    (!trimmed.is_empty()).then(|| trimmed.to_owned())
}

/// RFC 1123 subdomain. Source: `IsDNS1123Subdomain` of apimachinery, at most 253 characters.
pub fn dns_name(text: &str) -> Checked {
    if is_dns_name(text.as_bytes()) {
        Ok(())
    } else {
        dns_label(text)
            .and_then(|()| refuse(code::BAD_NAME, format!("`{text}` is not a name"), "use at most 253 characters"))
    }
}

/// In one pass: every label of every object comes here.
fn is_dns_name(name: &[u8]) -> bool {
    let (mut length, mut before) = (0, b'.');
    for &byte in name {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' => length += 1,
            b'-' if before != b'.' => length += 1,
            b'.' if before.is_ascii_alphanumeric() => length = 0,
            _ => return false,
        }
        if length > 63 {
            return false;
        }
        before = byte;
    }
    name.len() <= 253 && before.is_ascii_alphanumeric()
}

fn image(text: &str) -> Checked {
    crate::model::image::Image::parse(text).map(|_| ())
}

fn output(text: &str) -> Checked {
    match text.split_once('.') {
        Some((component, output)) if service_name(component).is_ok() && !output.is_empty() => Ok(()),
        _ => refuse(
            code::BAD_REFERENCE,
            format!("`{text}` is not a component and an output"),
            "write `component.output`, such as `db.url`",
        ),
    }
}

fn name_and_key(text: &str) -> Checked {
    match text.split_once('/') {
        Some((name, key)) if dns_name(name).is_ok() && data_key(key).is_ok() => Ok(()),
        _ => refuse(
            code::BAD_REFERENCE,
            format!("`{text}` is not a name and a key"),
            "write `name/key`, such as `payments/api-key`",
        ),
    }
}

/// A key of a ConfigMap or Secret. Source: `IsConfigMapKey` of apimachinery.
pub fn data_key(text: &str) -> Checked {
    let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if !text.is_empty() && text.len() <= 253 && text.chars().all(inner) && text != "." && !text.starts_with("..") {
        return Ok(());
    }
    refuse(
        code::BAD_NAME,
        format!("`{text}` is not a key of a ConfigMap or Secret"),
        "use letters, digits, `-`, `_` and `.`, at most 253",
    )
}

fn port(text: &str) -> Checked {
    match text.parse::<u32>() {
        Ok(1..=65_535) => Ok(()),
        Ok(number) => refuse(code::OUT_OF_RANGE, format!("{number} is not a port"), "ports go from 1 to 65535"),
        Err(_) => port_name(text),
    }
}

/// The name of a container port. Source: `IsValidPortName` of apimachinery, at most 15 characters.
pub fn port_name(text: &str) -> Checked {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let edges = !text.starts_with('-') && !text.ends_with('-') && !text.contains("--");
    let letter = text.chars().any(|c| c.is_ascii_lowercase());
    if !text.is_empty() && text.len() <= 15 && text.chars().all(inner) && edges && letter {
        return Ok(());
    }
    Err(Refusal::new(
        code::BAD_NAME,
        format!("`{text}` is not the name of a port"),
        "use at most 15 lower-case letters, digits and single `-`, with at least one letter",
    )
    .reason("Kubernetes takes at most 15 characters for the name of a port"))
}

fn number_or_percent(text: &str) -> Checked {
    let digits = text.strip_suffix('%').unwrap_or(text);
    let number = digits.parse::<u32>().ok().filter(|_| !digits.starts_with('+'));
    match (number, text.ends_with('%')) {
        (Some(0..=100), true) | (Some(_), false) => Ok(()),
        (Some(_), true) => refuse(code::OUT_OF_RANGE, format!("`{text}` is over 100%"), "write at most 100%"),
        (None, _) => {
            refuse(code::WRONG_TYPE, format!("`{text}` is neither a number nor a percentage"), "write `1` or `25%`")
        }
    }
}

fn number(text: &str) -> Checked {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(()),
        _ => refuse(code::WRONG_TYPE, format!("expected a number, found `{text}`"), "write a number such as 0.5"),
    }
}

/// What an autoscaler divides by.
fn above_zero(text: &str) -> Checked {
    number(text)?;
    if text.parse::<f64>().is_ok_and(|number| number > 0.0) && Quantity::parse(text).is_ok() {
        return Ok(());
    }
    refuse(code::OUT_OF_RANGE, format!("`{text}` is not above zero"), "write a number such as 30 or 0.5")
}

/// The name of a metric: a part of a path in the API of metrics. Source: `IsValidPathSegmentName` of
/// apimachinery.
fn metric_name(text: &str) -> Checked {
    let inner = |c: char| !matches!(c, '/' | '%') && !c.is_whitespace();
    if !matches!(text, "" | "." | "..") && text.chars().all(inner) {
        return Ok(());
    }
    let refusal = Refusal::new(
        code::BAD_NAME,
        format!("`{text}` is not the name of a metric"),
        "write the bare name, such as `http_requests_per_second`; a query goes under `prometheus`",
    );
    Err(refusal.reason("it becomes a part of a path in the API of metrics"))
}

pub(super) fn mount_path(text: &str) -> Checked {
    let trimmed = text.strip_suffix('/').unwrap_or(text);
    let dots = trimmed.split('/').any(|part| part == ".." || part == ".");
    if text.starts_with('/') && !text.contains(':') && !dots && !trimmed.contains("//") {
        return Ok(());
    }
    refuse(
        code::BAD_PATH,
        format!("`{text}` is not an absolute path in the container"),
        "start with `/`, without `..`, `//` or `:`",
    )
}

fn url_path(text: &str) -> Checked {
    if text.starts_with('/') && !text.contains(char::is_whitespace) {
        return Ok(());
    }
    let refusal = Refusal::new(code::BAD_PATH, format!("`{text}` is not a path of a URL"), "start with `/`");
    Err(refusal.instead(format!("/{}", text.trim()), false))
}

fn cidr(text: &str) -> Checked {
    let parsed = text.split_once('/').and_then(|(address, bits)| {
        let address: std::net::IpAddr = address.parse().ok()?;
        let bits: u8 = bits.parse().ok()?;
        (bits <= if address.is_ipv4() { 32 } else { 128 }).then_some(())
    });
    if parsed.is_some() {
        return Ok(());
    }
    let refusal = Refusal::new(
        code::BAD_ADDRESS,
        format!("`{text}` is not an address range"),
        "write an address and the number of its fixed bits, such as `10.0.0.0/8`",
    );
    Err(if text.parse::<std::net::Ipv4Addr>().is_ok() { refusal.instead(format!("{text}/32"), false) } else { refusal })
}

/// A host of a route: a DNS subdomain, with `*.` only as the whole first label, and no address.
/// Source: `ValidateIngress` of Kubernetes.
pub fn host(text: &str) -> Checked {
    let name = text.strip_prefix("*.").unwrap_or(text);
    if dns_name(name).is_ok() && text.parse::<std::net::IpAddr>().is_err() {
        return Ok(());
    }
    Err(Refusal::new(
        code::BAD_ADDRESS,
        format!("`{text}` is not a host name"),
        "write a DNS name such as `learn.example.com`",
    )
    .reason("a route takes a DNS name, not an address, a scheme or a port; `*` only as the whole first label"))
}

/// As it stands behind the dot of a reference.
pub(super) fn output_name(text: &str) -> Checked {
    let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    if text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.chars().all(inner) {
        return Ok(());
    }
    refuse(
        code::BAD_NAME,
        format!("`{text}` cannot be the name of an output"),
        "write letters, digits and `-`, such as `readHost`",
    )
}

/// The five fields of a cron schedule, or `@hourly` and its kind.
/// Source: `validateScheduleString` of Kubernetes: a time zone inside the schedule is refused.
pub fn cron(text: &str) -> Checked {
    if text.contains("TZ=") {
        let refusal = Refusal::new(
            code::BAD_CRON,
            "a time zone inside a schedule",
            "write it as `timezone:` beside the schedule",
        );
        return Err(refusal.reason("Kubernetes refuses `TZ=` and `CRON_TZ=` in a schedule"));
    }
    let named = ["@hourly", "@daily", "@midnight", "@weekly", "@monthly", "@yearly", "@annually"];
    let fields: Vec<&str> = text.split_whitespace().collect();
    let limits = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 6)];
    let fits =
        fields.len() == 5 && fields.iter().zip(limits).all(|(field, (least, most))| cron_field(field, least, most));
    if fits || named.contains(&text) {
        return Ok(());
    }
    Err(Refusal::new(
        code::BAD_CRON,
        format!("`{text}` is not a cron schedule"),
        "write five fields: minute hour day-of-month month day-of-week, such as `0 2 * * *`",
    )
    .reason("minute 0-59, hour 0-23, day 1-31, month 1-12, weekday 0-6, Sunday is 0"))
}

fn cron_field(field: &str, least: u32, most: u32) -> bool {
    const NAMES: &[&str] = &[
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec", "sun", "mon", "tue", "wed",
        "thu", "fri", "sat",
    ];
    let one = |text: &str| {
        text.parse::<u32>().is_ok_and(|n| (least..=most).contains(&n))
            || (most <= 12 && NAMES.contains(&text.to_lowercase().as_str()))
    };
    field.split(',').all(|part| {
        let (range, step) = part.split_once('/').map_or((part, None), |(range, step)| (range, Some(step)));
        let step_fits = step.is_none_or(|step| step.parse::<u32>().is_ok_and(|n| n > 0));
        let range_fits = range == "*"
            || range
                .split_once('-')
                .map_or_else(|| one(range), |(from, to)| one(from) && one(to) && in_order(from, to));
        step_fits && range_fits
    })
}

/// True but for numbers that fall.
fn in_order(from: &str, to: &str) -> bool {
    from.parse::<u32>().ok().zip(to.parse::<u32>().ok()).is_none_or(|(from, to)| from <= to)
}

/// Source: `IsQualifiedName` of apimachinery: the name at most 63 characters, the prefix a subdomain.
pub fn label_name(text: &str) -> Checked {
    let (prefix, name) = text.rsplit_once('/').map_or((None, text), |(prefix, name)| (Some(prefix), name));
    if prefix.is_none_or(|prefix| dns_name(prefix).is_ok()) && !name.is_empty() && label_value(name).is_ok() {
        return Ok(());
    }
    refuse(
        code::BAD_NAME,
        format!("`{text}` is not the name of a label or annotation"),
        "write `name` or `prefix/name` of letters, digits, `-`, `_` and `.`, at most 63",
    )
}

fn qualified_name(text: &str) -> Checked {
    let named = |refusal: Refusal| Refusal::new(code::BAD_NAME, format!("`{text}` is not a name"), refusal.help);
    label_name(text).map_err(named)
}

/// Source: `IsValidLabelValue` of apimachinery.
pub fn label_value(text: &str) -> Checked {
    let bytes = text.as_bytes();
    let edge = |byte: Option<&u8>| byte.is_none_or(u8::is_ascii_alphanumeric);
    let inner = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if bytes.len() <= 63 && bytes.iter().all(inner) && edge(bytes.first()) && edge(bytes.last()) {
        return Ok(());
    }
    refuse(
        code::BAD_NAME,
        format!("`{text}` is not the value of a label"),
        "use at most 63 letters, digits, `-`, `_` and `.`, with a letter or digit at both ends",
    )
}

pub(super) fn resource_name(text: &str) -> Checked {
    let plain = ["cpu", "memory", "ephemeral-storage", "pods"].contains(&text) || text.starts_with("hugepages-");
    if plain || (text.contains('/') && label_name(text).is_ok() && !text.starts_with("requests.")) {
        return Ok(());
    }
    let refusal = Refusal::new(
        code::BAD_NAME,
        format!("`{text}` is not a resource"),
        "write `cpu`, `memory`, `ephemeral-storage` or `domain/name`",
    );
    Err(if text == "gpu" { refusal.instead("nvidia.com/gpu", false) } else { refusal })
}

fn taint(text: &str) -> Checked {
    let effect = text.rsplit_once(':').map(|(_, effect)| effect);
    if matches!(effect, Some("NoSchedule" | "PreferNoSchedule" | "NoExecute")) && !text.starts_with([':', '=']) {
        return Ok(());
    }
    refuse(
        code::WRONG_TYPE,
        format!("`{text}` is not a taint"),
        "write `key=value:effect` or `key:effect` with NoSchedule, PreferNoSchedule or NoExecute",
    )
}

fn kubernetes_version(text: &str) -> Checked {
    let known: Vec<String> = crate::target::VERSIONS.iter().map(|minor| format!("1.{minor}")).collect();
    if known.iter().any(|version| version == text) {
        return Ok(());
    }
    let oldest = known.first().map_or("", String::as_str);
    let refusal = Refusal::new(
        code::UNSUPPORTED_VERSION,
        format!("Kubernetes `{text}` is not a target"),
        format!("targets are {}", listed(known.iter().map(String::as_str))),
    )
    .reason(format!("the oldest target supported is {oldest}"));
    let minor: Option<String> = text.trim_start_matches('v').split('.').take(2).collect::<Vec<_>>().join(".").into();
    Err(match minor.filter(|minor| known.contains(minor)) {
        Some(minor) => refusal.instead(format!("\"{minor}\""), false),
        None => refusal,
    })
}

/// A time in whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Duration(pub u64);

impl Duration {
    /// Reads `30s`, `2m`, `1h30m`, `7d`.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let bad = |help: &str| Refusal::new(code::BAD_DURATION, format!("`{text}` is not a time"), help);
        if !text.is_empty() && text.chars().all(|c| c.is_ascii_digit()) {
            return Err(bad("write the unit: s, m, h or d")
                .reason("a number without a unit could be anything")
                .instead(format!("{text}s"), false));
        }
        let mut seconds = 0u64;
        let mut digits = String::new();
        for c in text.chars() {
            let unit = match c {
                '0'..='9' => {
                    digits.push(c);
                    continue;
                }
                's' => 1,
                'm' => 60,
                'h' => 3_600,
                'd' => 86_400,
                _ => return Err(bad("write a number and a unit: `30s`, `2m`, `24h`, `30d`")),
            };
            let amount: u64 = digits.parse().map_err(|_| bad("write a number before each unit"))?;
            seconds = amount
                .checked_mul(unit)
                .and_then(|amount| seconds.checked_add(amount))
                .filter(|all| *all < 1 << 31)
                .ok_or_else(|| bad("write less than 68 years"))?;
            digits.clear();
        }
        if digits.is_empty() && !text.is_empty() {
            Ok(Self(seconds))
        } else {
            Err(bad("write a number and a unit: `30s`, `2m`, `24h`, `30d`"))
        }
    }

    pub fn seconds_i32(self) -> i32 {
        i32::try_from(self.0).unwrap_or(i32::MAX)
    }

    pub fn seconds_i64(self) -> i64 {
        i64::try_from(self.0).unwrap_or(i64::MAX)
    }
}

impl std::fmt::Display for Duration {
    /// In the largest unit that leaves a whole number: `90s`, `2m`, `24h`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            seconds if seconds > 0 && seconds % 3_600 == 0 => write!(f, "{}h", seconds / 3_600),
            seconds if seconds > 0 && seconds % 60 == 0 => write!(f, "{}m", seconds / 60),
            seconds => write!(f, "{seconds}s"),
        }
    }
}

impl Spec for Duration {
    fn shape() -> Shape {
        static TEXT: TextShape = TextShape {
            what: "a time with its unit",
            example: "30s",
            check: |text| Duration::parse(text).map(|_| ()),
            pattern: Some("^([0-9]+[smhd])+$"),
            number: true,
        };
        Shape::Text(&TEXT)
    }

    fn decode(node: &Node, _: &mut Reader<'_>) -> Option<Self> {
        Self::parse(node.as_text()?).ok()
    }
}

impl Spec for Quantity {
    fn shape() -> Shape {
        static TEXT: TextShape = TextShape {
            what: "a quantity",
            example: "512Mi",
            check: |text| Quantity::parse(text).map(|_| ()),
            pattern: None,
            number: true,
        };
        Shape::Text(&TEXT)
    }

    fn decode(node: &Node, _: &mut Reader<'_>) -> Option<Self> {
        Self::parse(node.as_text()?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_carry_their_unit() {
        assert_eq!(Duration::parse("1h30m"), Ok(Duration(5_400)));
        assert_eq!(Duration::parse("24h").map(|time| time.to_string()).as_deref(), Ok("24h"));
        for bad in ["", "30", "s", "5x", "5s3", "99999999999999999999s"] {
            assert!(Duration::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn schedules_are_checked_field_by_field() {
        for good in ["0 2 * * *", "*/5 0-6,22 1 jan mon-fri", "@daily"] {
            assert!(cron(good).is_ok(), "{good}");
        }
        for bad in ["", "0 25 * * *", "* * * *", "TZ=UTC 0 2 * * *", "0 2 * * 7", "*/0 * * * *"] {
            assert!(cron(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn names_follow_the_rules_of_kubernetes() {
        assert!(service_name("api").is_ok());
        assert_eq!(service_name("My_API").unwrap_err().instead.unwrap().0, "my-api");
        assert!(service_name("1api").is_err() && dns_label("1api").is_ok());
        assert!(
            port_name("grpc-web").is_ok() && port_name("a-very-long-port-name").is_err() && port_name("8080").is_err()
        );
        assert!(label_name("example.com/team").is_ok() && label_name("/team").is_err());
        assert!(host("*.example.com").is_ok() && host("10.0.0.1").is_err() && host("https://x").is_err());
        assert!(cidr("10.0.0.0/8").is_ok() && cidr("10.0.0.0/33").is_err());
    }
}
