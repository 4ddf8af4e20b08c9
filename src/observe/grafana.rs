//! A dashboard as Grafana reads it.
//!
//! Promises: panels have numbers of their own from 1 and do not overlap; the identifier follows from system,
//! environment and name; the data source is a variable, so that the dashboard fits any Grafana. Text that a block
//! of YAML cannot hold is escaped.

use crate::digest::short;
use crate::model::{Dashboard, Line, Panel};
use crate::yaml;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// The version of the model that is written; Grafana brings older ones up to its own.
const SCHEMA: u32 = 39;
/// The grid is 24 wide: two panels side by side.
const WIDTH: usize = 12;
const HEIGHT: usize = 8;
const COLUMNS: usize = 24 / WIDTH;
/// The variable with the data source, without braces: what fills in `${…}` leaves it alone.
const SOURCE: &str = "$datasource";

/// Of what a dashboard is.
#[derive(Clone, Copy, Debug)]
pub struct DashboardContext<'a> {
    pub system: &'a str,
    pub environment: &'a str,
}

/// The JSON of a dashboard, with a line feed at the end.
pub fn json(dashboard: &Dashboard, of: DashboardContext<'_>) -> String {
    let panels: Vec<Value> = dashboard.panels.iter().enumerate().map(|(index, one)| panel(index, one)).collect();
    let model = json!({
        "uid": uid(dashboard, of),
        "title": dashboard.title,
        "tags": ["windlass", of.system, of.environment],
        "schemaVersion": SCHEMA,
        "editable": false,
        "graphTooltip": 1,
        "timezone": "browser",
        "time": {"from": "now-6h", "to": "now"},
        "refresh": "1m",
        "annotations": {"list": []},
        "templating": {"list": [{
            "name": "datasource",
            "label": "Data source",
            "type": "datasource",
            "query": "prometheus",
            "regex": "",
            "refresh": 1,
            "hide": 0,
            "multi": false,
            "includeAll": false,
            "options": [],
            "current": {},
        }]},
        "panels": panels,
    });
    let mut text = String::new();
    print(&model, 0, &mut text);
    format!("{}\n", escaped(&text))
}

/// The most characters of a map or list on one line.
const LINE: usize = 100;

/// A map or list without another inside stands on one line where it fits, so that a change is a line or two.
fn print(value: &Value, depth: usize, out: &mut String) {
    let flat = || {
        let text = inline(value);
        (text.len() <= LINE).then_some(text)
    };
    let entries: Vec<(Option<&String>, &Value)> = match value {
        Value::Object(map) => map.iter().map(|(key, value)| (Some(key), value)).collect(),
        Value::Array(items) => items.iter().map(|item| (None, item)).collect(),
        scalar => return out.push_str(&scalar.to_string()),
    };
    let nested = entries.iter().any(|(_, value)| value.is_object() || value.is_array());
    if let Some(text) = (!nested).then(flat).flatten() {
        return out.push_str(&text);
    }
    let (open, close) = if value.is_object() { ('{', '}') } else { ('[', ']') };
    out.push(open);
    for (index, (key, value)) in entries.into_iter().enumerate() {
        out.push_str(if index == 0 { "\n" } else { ",\n" });
        out.push_str(&"  ".repeat(depth + 1));
        if let Some(key) = key {
            let _ = write!(out, "{}: ", Value::from(key.as_str()));
        }
        print(value, depth + 1, out);
    }
    out.push('\n');
    out.push_str(&"  ".repeat(depth));
    out.push(close);
}

/// `{"a": 1, "b": 2}`
fn inline(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let entries: Vec<String> =
                map.iter().map(|(key, value)| format!("{}: {value}", Value::from(key.as_str()))).collect();
            format!("{{{}}}", entries.join(", "))
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(ToString::to_string).collect();
            format!("[{}]", items.join(", "))
        }
        scalar => scalar.to_string(),
    }
}

/// At most 40 characters, of letters, digits and `-`.
fn uid(dashboard: &Dashboard, of: DashboardContext<'_>) -> String {
    let parts = [("system", of.system), ("environment", of.environment), ("name", &dashboard.name)];
    format!("windlass-{}", short(parts.map(|(name, text)| (name, text.as_bytes()))))
}

fn panel(index: usize, panel: &Panel) -> Value {
    let targets: Vec<Value> = panel.lines.iter().enumerate().map(|(index, line)| target(index, line)).collect();
    let mut defaults = json!({"custom": {"axisSoftMin": 0, "fillOpacity": 10, "showPoints": "never"}});
    if let Some(unit) = &panel.unit {
        defaults["unit"] = unit.as_str().into();
    }
    json!({
        "id": index + 1,
        "type": "timeseries",
        "title": panel.title,
        "datasource": {"type": "prometheus", "uid": SOURCE},
        "gridPos": {"x": index % COLUMNS * WIDTH, "y": index / COLUMNS * HEIGHT, "w": WIDTH, "h": HEIGHT},
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": {
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": true},
            "tooltip": {"mode": "multi", "sort": "desc"},
        },
        "targets": targets,
    })
}

fn target(index: usize, line: &Line) -> Value {
    json!({
        "refId": letters(index),
        "datasource": {"type": "prometheus", "uid": SOURCE},
        "expr": line.query,
        "legendFormat": line.legend.as_deref().unwrap_or("__auto"),
        "range": true,
    })
}

/// A, B, … Z, AA, AB, …
fn letters(index: usize) -> String {
    let letter = char::from(b'A' + u8::try_from(index % 26).unwrap_or_default());
    if index < 26 { letter.to_string() } else { format!("{}{letter}", letters(index / 26 - 1)) }
}

/// Only in texts stands what a block of YAML cannot hold, and there an escape means the same.
fn escaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        if c == '\n' || !yaml::is_escaped(c) {
            plain.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a text cannot fail.
                let _ = write!(plain, "\\u{unit:04x}");
            }
        }
    }
    plain
}
