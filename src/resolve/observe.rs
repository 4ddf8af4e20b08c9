//! Alerts, dashboards and queries to scale by, told from the components once they are complete.

use super::Resolver;
use crate::diagnostic::{code, listed};
use crate::document::{Finding, Path, at};
use crate::model::{Alert, Component, Dashboard, Line, MetricSource, Panel};
use crate::observe::{self, Subject};
use crate::runtime;
use crate::spec::{self, AlertPreset, AlertSeverity, Kind, PanelPreset, Switch};
use indexmap::IndexMap;

/// How long a condition of the author's own must hold unless written, in seconds.
const LASTS: u64 = 300;

/// Fills in what is watched of every component.
pub(super) fn components(cx: &mut Resolver<'_, '_>, resolved: &mut IndexMap<String, Box<Component>>) {
    for (key, component) in resolved {
        let written = &cx.components[key];
        let alerts = cx.alerts(written, component);
        let dashboard = cx.dashboard(written, component);
        component.alerts = alerts;
        component.dashboard = dashboard;
        cx.fill_scaling_queries(component);
    }
}

/// The dashboards of the system.
pub(super) fn dashboards(cx: &mut Resolver<'_, '_>, resolved: &IndexMap<String, Box<Component>>) -> Vec<Dashboard> {
    let system = cx.system;
    let written = system.dashboards.iter().flatten();
    written.map(|(key, dashboard)| cx.system_dashboard(key, dashboard, resolved)).collect()
}

impl Resolver<'_, '_> {
    fn subject<'s>(&'s self, component: &'s Component) -> Subject<'s> {
        let runtime = self.components.get(&component.key).and_then(|written| written.runtime);
        Subject {
            component,
            server: runtime.filter(|_| component.kind == Kind::Model).map(runtime::server),
            target: self.target,
            namespace: &self.namespace,
        }
    }

    /// Queries of the author's own to scale by know the same names as those of alerts.
    fn fill_scaling_queries(&self, component: &mut Component) {
        let Some(mut scale) = component.scale.take() else { return };
        for metric in &mut scale.metrics {
            if let MetricSource::Prometheus { query, .. } = &mut metric.source {
                *query = self.subject(component).fill(query);
            }
        }
        component.scale = Some(scale);
    }

    fn alerts(&mut self, written: &spec::Component, component: &Component) -> Vec<Alert> {
        let alerts = written.alerts.as_ref().and_then(Switch::on);
        let place = at!["components", component.key, "alerts"];
        let one = |(key, alert): (&String, &spec::Alert)| self.alert(key, alert, component, &place.join(key));
        alerts.into_iter().flatten().filter_map(one).collect()
    }

    fn alert(&mut self, key: &str, written: &spec::Alert, component: &Component, path: &Path) -> Option<Alert> {
        let base = match (written.preset, &written.query) {
            (Some(preset), _) => self.alert_preset(preset, component, path)?,
            (None, Some(query)) => self.own_alert(query, written, component, path)?,
            (None, None) => {
                self.no_form(path, "an alert", "`preset` or `query`");
                return None;
            }
        };
        let bound = written.above.as_ref().map(|above| (true, above));
        let bound = bound.or(written.below.as_ref().map(|below| (false, below)));
        let (above, threshold) =
            bound.map_or((base.above, base.threshold.clone()), |(above, text)| (above, text.to_string()));
        Some(Alert {
            key: key.into(),
            above,
            threshold,
            lasts: written.lasts.map_or(base.lasts, |lasts| lasts.0),
            severity: written.severity.unwrap_or(base.severity),
            summary: written.summary.as_ref().map_or(base.summary, ToString::to_string),
            query: base.query,
        })
    }

    fn alert_preset(&mut self, preset: AlertPreset, component: &Component, path: &Path) -> Option<Alert> {
        let found = observe::alert(preset, &self.subject(component));
        match found {
            Ok(alert) => Some(alert),
            Err(why) => {
                let subject = self.subject(component);
                let others = AlertPreset::ALL.iter().filter(|other| observe::alert(**other, &subject).is_ok());
                let others: Vec<&str> = others.map(|other| other.text()).collect();
                let finding = nothing_to_ask(preset.text(), &component.key, why, &others, path.join("preset"));
                self.findings.push(finding);
                None
            }
        }
    }

    fn own_alert(
        &mut self,
        query: &spec::QueryText,
        written: &spec::Alert,
        component: &Component,
        path: &Path,
    ) -> Option<Alert> {
        if written.above.is_none() && written.below.is_none() {
            self.no_form(path, "an alert by a query", "`above` or `below`");
            return None;
        }
        Some(Alert {
            key: String::new(),
            query: self.subject(component).fill(query),
            above: true,
            threshold: String::new(),
            lasts: LASTS,
            severity: AlertSeverity::Warning,
            summary: format!("{}: {}", component.name, path.segments().last().map_or("", |key| key.as_str())),
        })
    }

    fn dashboard(&mut self, written: &spec::Component, component: &Component) -> Option<Dashboard> {
        let dashboard = written.dashboard.as_ref()?.on()?;
        let panels = match &dashboard.panels {
            None => self.all_panels(component),
            Some(panels) => {
                let place = at!["components", component.key, "dashboard", "panels"];
                let one = |(key, panel): (&String, &spec::Panel)| self.panel(key, panel, component, &place.join(key));
                panels.into_iter().filter_map(one).collect()
            }
        };
        Some(Dashboard {
            name: format!("{}-dashboard", component.name),
            title: self.title(dashboard.title.as_ref(), &component.key),
            key: component.key.clone(),
            panels,
        })
    }

    /// Every preset that has something to show.
    fn all_panels(&self, component: &Component) -> Vec<Panel> {
        let subject = self.subject(component);
        let one =
            |preset: &PanelPreset| Some(preset_panel(*preset, None, observe::panel(*preset, &subject).ok()?.lines));
        PanelPreset::ALL.iter().filter_map(one).collect()
    }

    fn panel(&mut self, key: &str, written: &spec::Panel, component: &Component, path: &Path) -> Option<Panel> {
        let subject = self.subject(component);
        match (written.preset, &written.query) {
            (Some(preset), _) => match observe::panel(preset, &subject) {
                Ok(lines) => Some(preset_panel(preset, written.unit.as_ref(), lines.lines)),
                Err(why) => {
                    let others = PanelPreset::ALL.iter().filter(|other| observe::panel(**other, &subject).is_ok());
                    let others: Vec<&str> = others.map(|other| other.text()).collect();
                    let finding = nothing_to_ask(preset.text(), &component.key, why, &others, path.join("preset"));
                    self.findings.push(finding);
                    None
                }
            },
            (None, Some(query)) => Some(own_panel(key, written, subject.fill(query))),
            (None, None) => {
                self.no_form(path, "a panel", "`preset` or `query`");
                None
            }
        }
    }

    fn system_dashboard(
        &mut self,
        key: &str,
        written: &spec::SystemDashboard,
        resolved: &IndexMap<String, Box<Component>>,
    ) -> Dashboard {
        let path = at!["dashboards", key];
        let shown = self.shown(written, resolved, &path);
        let panels = match &written.panels {
            None => PanelPreset::ALL.iter().filter_map(|preset| self.compared(*preset, None, &shown)).collect(),
            Some(panels) => {
                let one = |(name, panel): (&String, &spec::Panel)| {
                    self.system_panel(name, panel, &shown, &path.join("panels").join(name))
                };
                panels.into_iter().filter_map(one).collect()
            }
        };
        Dashboard {
            name: format!("dashboard-{key}"),
            title: self.title(written.title.as_ref(), key),
            key: key.into(),
            panels,
        }
    }

    /// The components of a dashboard that are there, in the order of writing.
    fn shown<'c>(
        &mut self,
        written: &spec::SystemDashboard,
        resolved: &'c IndexMap<String, Box<Component>>,
        path: &Path,
    ) -> Vec<&'c Component> {
        let Some(named) = &written.components else {
            // In the order of the system, whoever uses whom.
            return self.components.keys().filter_map(|key| resolved.get(key).map(AsRef::as_ref)).collect();
        };
        for (index, name) in named.iter().enumerate() {
            if !self.components.contains_key(&**name) {
                self.unknown_component(name, &path.join("components").join(&index));
            }
        }
        named.iter().filter_map(|name| resolved.get(&**name).map(AsRef::as_ref)).collect()
    }

    fn system_panel(&mut self, key: &str, written: &spec::Panel, shown: &[&Component], path: &Path) -> Option<Panel> {
        match (written.preset, &written.query) {
            (Some(preset), _) => {
                let panel = self.compared(preset, written.unit.as_ref(), shown);
                if panel.is_none() {
                    self.findings.push(none_has(preset, shown, path.join("preset")));
                }
                panel
            }
            (None, Some(query)) => {
                let foreign = ["$component", "$pods"].into_iter().find(|name| query.contains(name));
                if let Some(name) = foreign {
                    self.findings.push(stands_for_nothing(name, path.join("query")));
                    return None;
                }
                Some(own_panel(key, written, observe::fill(query, &self.namespace, None)))
            }
            (None, None) => {
                self.no_form(path, "a panel", "`preset` or `query`");
                None
            }
        }
    }

    /// One line for each component that has something to show.
    fn compared(&self, preset: PanelPreset, unit: Option<&spec::UnitText>, shown: &[&Component]) -> Option<Panel> {
        let line = |component: &&Component| {
            let lines = observe::panel(preset, &self.subject(component)).ok()?;
            Some(Line { query: lines.whole, legend: Some(component.key.clone()) })
        };
        let lines: Vec<Line> = shown.iter().filter_map(line).collect();
        (!lines.is_empty()).then(|| preset_panel(preset, unit, lines))
    }

    fn title(&self, written: Option<&spec::Text>, key: &str) -> String {
        let title = written.map_or_else(|| format!("{} / {key}", &*self.system.name), ToString::to_string);
        format!("{title} ({})", self.environment)
    }
}

fn preset_panel(preset: PanelPreset, unit: Option<&spec::UnitText>, lines: Vec<Line>) -> Panel {
    let facts = observe::panel_facts(preset);
    Panel {
        title: facts.title.into(),
        unit: Some(unit.map_or_else(|| facts.unit.to_owned(), ToString::to_string)),
        lines,
    }
}

fn own_panel(key: &str, written: &spec::Panel, query: String) -> Panel {
    Panel {
        title: heading(key),
        unit: written.unit.as_ref().map(ToString::to_string),
        lines: vec![Line { query, legend: None }],
    }
}

/// `cache-hit-rate` is "Cache hit rate".
fn heading(key: &str) -> String {
    let words = key.replace('-', " ");
    let mut rest = words.chars();
    rest.next().map_or_else(String::new, |first| first.to_uppercase().chain(rest).collect())
}

fn nothing_to_ask(preset: &str, key: &str, why: &str, others: &[&str], path: Path) -> Finding {
    let finding = Finding::error(code::NOTHING_TO_WATCH, path, format!("`{preset}` has nothing to ask about `{key}`"))
        .label("no series for it")
        .reason(why);
    finding.help(format!("`{key}` has {}; or write a `query` of your own", listed(others.iter().copied())))
}

fn none_has(preset: PanelPreset, shown: &[&Component], path: Path) -> Finding {
    let keys = listed(shown.iter().map(|component| component.key.as_str()));
    let message = format!("`{}` has nothing to ask about any component of this dashboard", preset.text());
    Finding::error(code::NOTHING_TO_WATCH, path, message)
        .label("no series for it")
        .reason(if shown.is_empty() {
            "none of its components is enabled here".to_owned()
        } else {
            format!("its components are {keys}")
        })
        .help("take the panel away, or write a `query` of your own")
}

fn stands_for_nothing(name: &str, path: Path) -> Finding {
    Finding::error(code::BAD_QUERY, path, format!("`{name}` stands for nothing in a dashboard of the system"))
        .label("of no component")
        .reason("the dashboard is over several components; only `$namespace` is known")
        .help("write the name of the component, or move the panel to the component's own `dashboard`")
}
