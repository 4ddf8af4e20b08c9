//! The connections of a system as a text that its author could have written.

use super::Connections;
use super::ends::{End, Port};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Who reaches whom, and who was asked about besides.
pub(super) fn table(ends: &[End], ports: &[Port], allowed: &Connections, home: &str) -> String {
    let groups =
        [("everyone outside", members(ends, |end| !end.is_in(home))), ("the internet", members(ends, End::is_public))];
    let mut named = BTreeSet::new();
    let mut text = String::from("# source -> destinations: ports\n");
    for (index, source) in ends.iter().enumerate() {
        let of_source = Source::of(index, allowed);
        for (to, open) in of_source.lines(&groups, ports.len(), &mut named) {
            let to: Vec<&str> = to.iter().map(|place| place.name(ends, &groups)).collect();
            let open = if open.len() == ports.len() { "all".into() } else { listed(ports, open) };
            let _ = writeln!(text, "{} -> {}: {open}", source.name, to.join(", "));
        }
    }
    text.push_str("\n# asked about too, and nowhere above by name\n");
    for index in (0..ends.len()).filter(|index| !named.contains(index)) {
        let _ = writeln!(text, "{}", ends[index].name);
    }
    let _ = writeln!(text, "\n# the ports: {}", listed(ports, 0..ports.len()));
    text
}

fn members(ends: &[End], is_member: impl Fn(&End) -> bool) -> BTreeSet<usize> {
    (0..ends.len()).filter(|index| is_member(&ends[*index])).collect()
}

fn listed(ports: &[Port], open: impl IntoIterator<Item = usize>) -> String {
    open.into_iter().map(|port| ports[port].to_string()).collect::<Vec<_>>().join(" ")
}

type Groups = [(&'static str, BTreeSet<usize>)];

/// A destination of a line.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    End(usize),
    Group(usize),
}

impl Place {
    fn name<'n>(self, ends: &'n [End], groups: &'n Groups) -> &'n str {
        match self {
            Self::End(index) => &ends[index].name,
            Self::Group(index) => groups[index].0,
        }
    }
}

/// What one end reaches: destinations by port, and ports by destination.
#[derive(Default)]
struct Source {
    index: usize,
    by_port: BTreeMap<usize, BTreeSet<usize>>,
    by_end: BTreeMap<usize, BTreeSet<usize>>,
}

impl Source {
    fn of(index: usize, allowed: &Connections) -> Self {
        let mut of_source = Self { index, ..Self::default() };
        for [_, to, port] in allowed.range([index, 0, 0]..[index + 1, 0, 0]) {
            of_source.by_port.entry(*port).or_default().insert(*to);
            of_source.by_end.entry(*to).or_default().insert(*port);
        }
        of_source
    }

    /// Destinations with the same ports stand in one line; whoever is in a group that is open as a whole stands there
    /// only for what is open besides.
    fn lines(
        mut self,
        groups: &Groups,
        every: usize,
        named: &mut BTreeSet<usize>,
    ) -> Vec<(Vec<Place>, BTreeSet<usize>)> {
        let mut by_place: BTreeMap<Place, BTreeSet<usize>> = BTreeMap::new();
        for (index, (_, members)) in groups.iter().enumerate() {
            for (port, open) in self.by_port.iter_mut().filter(|(_, open)| open.is_superset(members)) {
                by_place.entry(Place::Group(index)).or_default().insert(*port);
                open.retain(|end| !members.contains(end));
            }
        }
        for (end, open) in self.by_end {
            let is_left = |port: &usize| open.len() == every || self.by_port[port].contains(&end);
            let left: BTreeSet<usize> = open.iter().copied().filter(is_left).collect();
            if !left.is_empty() {
                named.extend([self.index, end]);
                by_place.insert(Place::End(end), left);
            }
        }
        let mut lines: Vec<(Vec<Place>, BTreeSet<usize>)> = Vec::new();
        for (place, open) in by_place {
            match lines.iter_mut().find(|(_, known)| *known == open) {
                Some((places, _)) => places.push(place),
                None => lines.push((vec![place], open)),
            }
        }
        lines
    }
}
