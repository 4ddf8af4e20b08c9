//! The arithmetic of the horizontal autoscaler.
//!
//! Promises: exact, and pure; the same steps as the controller's. Source: `replica_calculator.go` and
//! `horizontal.go` of `pkg/controller/podautoscaler` in Kubernetes. Every pod counts as ready.

use crate::model::{Behaviour, Quantity, Scale};
use crate::spec::Select;

/// Seconds between two looks of the controller.
pub const SYNC: u32 = 15;
/// Deviation from the target that changes nothing, unless a direction has its own.
pub const TOLERANCE: Quantity = Quantity::from_milli(100);
/// Seconds of stabilisation on the way down, unless written.
const DOWN_WINDOW: u32 = 300;

/// What a metric says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// An average over the pods, and its target.
    Average { current: Quantity, target: Quantity },
    /// A number for all pods together, and what one of them takes.
    Total { current: Quantity, target: Quantity },
    /// A number of replicas, whatever there are.
    Floor(u32),
}

/// How far a metric may be from its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tolerance {
    pub up: Quantity,
    pub down: Quantity,
}

impl Default for Tolerance {
    fn default() -> Self {
        Self { up: TOLERANCE, down: TOLERANCE }
    }
}

/// The replicas that one metric asks for: `ceil(replicas × current / target)`, or as many as there are
/// where the metric is within its tolerance.
pub fn desired(replicas: u32, reading: Reading, tolerance: Tolerance) -> u32 {
    let of = u64::from(replicas);
    match reading {
        Reading::Floor(floor) => floor,
        Reading::Average { current, target } if is_near(current, target, tolerance) => replicas,
        Reading::Average { current, target } => times(current.times(of), target),
        Reading::Total { current, target } if is_near(current, target.times(of), tolerance) => replicas,
        Reading::Total { current, target } => times(current, target),
    }
}

/// The replicas that several metrics ask for: the most.
pub fn highest(replicas: u32, readings: impl IntoIterator<Item = Reading>, tolerance: Tolerance) -> Option<u32> {
    readings.into_iter().map(|reading| desired(replicas, reading, tolerance)).max()
}

/// `1 - down <= current / target <= 1 + up`
fn is_near(current: Quantity, target: Quantity, tolerance: Tolerance) -> bool {
    // In thousandths of the target, so that no division rounds.
    let (up, down) =
        (tolerance.up.milli().max(0).unsigned_abs(), tolerance.down.milli().clamp(0, 1_000).unsigned_abs());
    let current = current.times(1_000);
    target.times(1_000 - down) <= current && current <= target.times(1_000 + up)
}

/// `amount / of`, rounded up.
fn times(amount: Quantity, of: Quantity) -> u32 {
    let whole = of.times_in(amount);
    let rest = of.times(whole) < amount;
    u32::try_from(whole.saturating_add(u64::from(rest))).unwrap_or(u32::MAX)
}

/// The pace in one direction, complete.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Rules {
    window: u32,
    policies: Vec<Policy>,
    select: Select,
    off: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Policy {
    amount: Amount,
    period: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Amount {
    Percent(u32),
    Pods(u32),
}

impl Rules {
    /// What is written; what is not, Kubernetes fills in.
    fn new(written: Option<&Behaviour>, window: u32, policies: Vec<Policy>) -> Self {
        let policy = |amount: fn(u32) -> Amount, (value, period): (i32, i32)| Policy {
            amount: amount(value.max(0).unsigned_abs()),
            period: period.max(1).unsigned_abs(),
        };
        let percent = written.and_then(|pace| pace.percent).map(|pace| policy(Amount::Percent, pace));
        let pods = written.and_then(|pace| pace.pods).map(|pace| policy(Amount::Pods, pace));
        let own: Vec<Policy> = percent.into_iter().chain(pods).collect();
        Self {
            window: written.and_then(|pace| pace.window).map_or(window, |window| window.max(0).unsigned_abs()),
            policies: if own.is_empty() { policies } else { own },
            select: written.and_then(|pace| pace.select).unwrap_or(Select::Max),
            off: written.is_some_and(|pace| pace.off),
        }
    }

    fn up(written: Option<&Behaviour>) -> Self {
        let policies = [Amount::Percent(100), Amount::Pods(4)].map(|amount| Policy { amount, period: SYNC });
        Self::new(written, 0, policies.into())
    }

    fn down(written: Option<&Behaviour>) -> Self {
        Self::new(written, DOWN_WINDOW, vec![Policy { amount: Amount::Percent(100), period: SYNC }])
    }
}

/// Why a step went no further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// It did what the metrics ask for.
    No,
    /// The metrics ask for what there is.
    Steady,
    /// A wish within the window of the direction.
    Window,
    /// The pace of the direction.
    Pace,
    /// `min` or `max`.
    Bound,
    /// The direction is switched off.
    Off,
}

/// One look of the controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Seconds since the start.
    pub at: u32,
    pub replicas: u32,
    /// What the metrics ask for.
    pub wanted: u32,
    pub next: u32,
    pub held: Held,
}

/// A scaler with what it remembers.
#[derive(Clone, Debug)]
pub struct Scaler {
    min: u32,
    max: u32,
    up: Rules,
    down: Rules,
    tolerance: Tolerance,
    /// (time, wish)
    wishes: Vec<(u32, u32)>,
    /// (time, pods added; negative: taken away)
    changes: Vec<(u32, i64)>,
}

impl Scaler {
    /// `own_tolerance`: whether the target's autoscaler knows a tolerance of each direction.
    pub fn new(scale: &Scale, own_tolerance: bool) -> Self {
        let tolerance = |pace: &Option<Behaviour>| {
            pace.as_ref().and_then(|pace| pace.tolerance).filter(|_| own_tolerance).unwrap_or(TOLERANCE)
        };
        Self {
            // Below one it is KEDA that decides.
            min: scale.min.max(1),
            max: scale.max,
            up: Rules::up(scale.up.as_ref()),
            down: Rules::down(scale.down.as_ref()),
            tolerance: Tolerance { up: tolerance(&scale.up), down: tolerance(&scale.down) },
            wishes: Vec::new(),
            changes: Vec::new(),
        }
    }

    pub fn tolerance(&self) -> Tolerance {
        self.tolerance
    }

    /// One look at the metrics. Without any reading nothing changes.
    pub fn step(&mut self, at: u32, replicas: u32, readings: &[Reading]) -> Step {
        // The controller begins with the replicas that it finds.
        if self.wishes.is_empty() {
            self.wishes.push((at, replicas));
        }
        let wanted = highest(replicas, readings.iter().copied(), self.tolerance).unwrap_or(replicas);
        let (next, held) = self.next(at, replicas, wanted);
        if next != replicas {
            self.changes.push((at, i64::from(next) - i64::from(replicas)));
        }
        Step { at, replicas, wanted, next, held }
    }

    fn next(&mut self, at: u32, replicas: u32, wanted: u32) -> (u32, Held) {
        // Outside its bounds the controller looks at nothing else.
        if replicas > self.max || replicas < self.min {
            return (replicas.clamp(self.min, self.max.max(self.min)), Held::Bound);
        }
        let stable = self.stabilised(at, replicas, wanted);
        let (next, held) = match stable.cmp(&replicas) {
            std::cmp::Ordering::Greater => self.upwards(at, replicas, stable),
            std::cmp::Ordering::Less => self.downwards(at, replicas, stable),
            std::cmp::Ordering::Equal => (replicas, Held::No),
        };
        let held = match held {
            Held::No if wanted == replicas => Held::Steady,
            Held::No if stable != wanted => Held::Window,
            held => held,
        };
        (next, held)
    }

    /// The lowest wish within the window of the way up, the highest within that of the way down.
    fn stabilised(&mut self, at: u32, replicas: u32, wanted: u32) -> u32 {
        let within = |window: u32| {
            self.wishes.iter().filter(move |(time, _)| time.saturating_add(window) > at).map(|(_, wish)| *wish)
        };
        let least = within(self.up.window).fold(wanted, u32::min);
        let most = within(self.down.window).fold(wanted, u32::max);
        self.wishes.push((at, wanted));
        replicas.max(least).min(most)
    }

    fn upwards(&self, at: u32, replicas: u32, wanted: u32) -> (u32, Held) {
        if self.up.off {
            return (replicas, Held::Off);
        }
        let limits = self.up.policies.iter().map(|policy| {
            let start = self.start(at, replicas, policy.period);
            match policy.amount {
                Amount::Pods(pods) => start.saturating_add(pods),
                Amount::Percent(percent) => portion(start, 100 + u64::from(percent), true),
            }
        });
        let pace = chosen(limits, self.up.select, u32::max, u32::min).unwrap_or(u32::MAX).max(replicas);
        if wanted > self.max && self.max <= pace {
            return (self.max, Held::Bound);
        }
        if wanted > pace { (pace, Held::Pace) } else { (wanted, Held::No) }
    }

    fn downwards(&self, at: u32, replicas: u32, wanted: u32) -> (u32, Held) {
        if self.down.off {
            return (replicas, Held::Off);
        }
        let limits = self.down.policies.iter().map(|policy| {
            let start = self.start(at, replicas, policy.period);
            match policy.amount {
                Amount::Pods(pods) => start.saturating_sub(pods),
                Amount::Percent(percent) => portion(start, 100u64.saturating_sub(percent.into()), false),
            }
        });
        let pace = chosen(limits, self.down.select, u32::min, u32::max).unwrap_or(0).min(replicas);
        if wanted < self.min && self.min >= pace {
            return (self.min, Held::Bound);
        }
        if wanted < pace { (pace, Held::Pace) } else { (wanted, Held::No) }
    }

    /// The replicas at the start of a period: what was added in it taken away, and the other way round.
    fn start(&self, at: u32, replicas: u32, period: u32) -> u32 {
        let recent = self.changes.iter().filter(|(time, _)| time.saturating_add(period) > at);
        let changed: i64 = recent.map(|(_, pods)| pods).sum();
        u32::try_from(i64::from(replicas) - changed).unwrap_or(0)
    }
}

fn portion(of: u32, percent: u64, up: bool) -> u32 {
    let hundredths = u64::from(of).saturating_mul(percent);
    u32::try_from(if up { hundredths.div_ceil(100) } else { hundredths / 100 }).unwrap_or(u32::MAX)
}

/// The limit of the policy that counts: by `max` the one that changes most.
fn chosen(
    limits: impl Iterator<Item = u32>,
    select: Select,
    most: fn(u32, u32) -> u32,
    least: fn(u32, u32) -> u32,
) -> Option<u32> {
    limits.reduce(if select == Select::Max { most } else { least })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn quantity(text: &str) -> Quantity {
        Quantity::parse(text).unwrap()
    }

    fn average(current: &str, target: &str) -> Reading {
        Reading::Average { current: quantity(current), target: quantity(target) }
    }

    fn tolerance(text: &str) -> Tolerance {
        Tolerance { up: quantity(text), down: quantity(text) }
    }

    fn scale(min: u32, max: u32) -> Scale {
        Scale { min, max, metrics: Vec::new(), up: None, down: None, scaler: crate::model::Scaler::Hpa }
    }

    /// Looks with a load that all replicas share.
    fn run(scale: &Scale, mut replicas: u32, load: u32, target: &str, looks: u32) -> Vec<Step> {
        let mut scaler = Scaler::new(scale, true);
        let look = |at| {
            let total = Reading::Total { current: Quantity::from_units(i64::from(load)), target: quantity(target) };
            let step = scaler.step(at * SYNC, replicas, &[total]);
            replicas = step.next;
            step
        };
        (0..looks).map(look).collect()
    }

    fn next(steps: &[Step]) -> Vec<u32> {
        steps.iter().map(|step| step.next).collect()
    }

    #[test]
    fn the_worked_case() {
        assert_eq!(desired(10, average("80", "50"), tolerance("0.2")), 16);
    }

    #[test]
    fn within_the_tolerance_nothing_changes() {
        assert_eq!(desired(10, average("55", "50"), Tolerance::default()), 10);
        assert_eq!(desired(10, average("56", "50"), Tolerance::default()), 12);
        assert_eq!(desired(10, average("45", "50"), Tolerance::default()), 10);
        assert_eq!(desired(10, average("44", "50"), Tolerance::default()), 9);
        // `below: 30` of a target of 60 is a tolerance of one half, downwards only.
        let below = Tolerance { up: TOLERANCE, down: quantity("0.5") };
        assert_eq!(desired(4, average("30", "60"), below), 4);
        assert_eq!(desired(4, average("29", "60"), below), 2);
    }

    #[test]
    fn totals_are_shared_by_the_replicas() {
        let total = |current, target| Reading::Total { current: quantity(current), target: quantity(target) };
        assert_eq!(desired(3, total("100", "30"), Tolerance::default()), 4);
        assert_eq!(desired(3, total("95", "30"), Tolerance::default()), 3);
        assert_eq!(desired(0, total("1", "30"), Tolerance::default()), 1);
        assert_eq!(desired(3, total("0.5", "0.1"), Tolerance::default()), 5);
    }

    #[test]
    fn the_highest_of_several_metrics_counts() {
        let readings = [average("20", "50"), average("80", "50"), Reading::Floor(12)];
        assert_eq!(highest(10, readings, Tolerance::default()), Some(16));
        assert_eq!(highest(10, [], Tolerance::default()), None);
    }

    #[test]
    fn kubernetes_own_pace_doubles_or_adds_four() {
        assert_eq!(next(&run(&scale(1, 100), 1, 1_000, "10", 6)), [5, 10, 20, 40, 80, 100]);
    }

    #[test]
    fn a_written_pace_holds_for_its_whole_period() {
        let up = Behaviour { percent: Some((100, 60)), ..Behaviour::default() };
        let scale = Scale { up: Some(up), ..scale(1, 8) };
        let steps = run(&scale, 1, 1_000, "10", 10);
        assert_eq!(next(&steps), [2, 2, 2, 2, 4, 4, 4, 4, 8, 8]);
        assert_eq!((steps[1].held, steps[9].held), (Held::Pace, Held::Bound));
    }

    #[test]
    fn of_two_policies_one_counts() {
        let both = |select| {
            let up = Behaviour { percent: Some((50, 60)), pods: Some((2, 60)), select, ..Behaviour::default() };
            next(&run(&Scale { up: Some(up), ..scale(1, 50) }, 10, 1_000, "10", 1))[0]
        };
        assert_eq!((both(None), both(Some(Select::Max)), both(Some(Select::Min))), (15, 15, 12));
    }

    #[test]
    fn the_way_down_waits_for_its_window() {
        let mut scaler = Scaler::new(&scale(1, 20), true);
        let mut at = |time: u32, replicas, load: i64| {
            let current = Quantity::from_units(load);
            scaler.step(time, replicas, &[Reading::Total { current, target: Quantity::from_units(10) }])
        };
        assert_eq!(at(0, 10, 100).held, Held::Steady);
        let waiting = at(15, 10, 20);
        assert_eq!((waiting.wanted, waiting.next, waiting.held), (2, 10, Held::Window));
        assert_eq!(at(285, 10, 20).next, 10);
        assert_eq!(at(300, 10, 20).next, 2);
    }

    #[test]
    fn the_way_down_keeps_its_pace_and_min() {
        let down = Behaviour { window: Some(0), percent: Some((10, 60)), ..Behaviour::default() };
        assert_eq!(next(&run(&Scale { down: Some(down), ..scale(2, 20) }, 20, 10, "10", 5)), [18, 18, 18, 18, 16]);
        let quick = Behaviour { window: Some(0), ..Behaviour::default() };
        let steps = run(&Scale { down: Some(quick), ..scale(3, 20) }, 20, 10, "10", 1);
        assert_eq!((steps[0].next, steps[0].held), (3, Held::Bound));
        let off = Behaviour { off: true, window: Some(0), ..Behaviour::default() };
        assert_eq!(run(&Scale { down: Some(off), ..scale(3, 20) }, 20, 10, "10", 1)[0].held, Held::Off);
    }

    #[test]
    fn bounds_come_before_all_else() {
        assert_eq!(next(&run(&scale(3, 5), 9, 1, "10", 1)), [5]);
        assert_eq!(next(&run(&scale(3, 5), 1, 1, "10", 1)), [3]);
    }

    #[test]
    fn a_tolerance_that_the_target_does_not_know_is_the_usual_one() {
        let up = Behaviour { tolerance: Some(quantity("0.5")), ..Behaviour::default() };
        let scale = Scale { up: Some(up), ..scale(1, 9) };
        assert_eq!(Scaler::new(&scale, false).tolerance().up, TOLERANCE);
        assert_eq!(Scaler::new(&scale, true).tolerance().up, quantity("0.5"));
    }

    proptest! {
        #[test]
        fn it_stays_within_bounds_and_comes_to_rest(
            min in 1u32..5, more in 0u32..30, from in 0u32..40, load in 0u32..5_000, target in 1u32..100,
        ) {
            let scale = scale(min, min + more);
            let steps = run(&scale, from, load, &target.to_string(), 60);
            prop_assert!(steps.iter().all(|step| (min..=min + more).contains(&step.next)));
            prop_assert_eq!(steps[58].next, steps[59].next);
        }

        #[test]
        fn a_higher_reading_never_asks_for_less(replicas in 1u32..100, low in 0i64..200, more in 0i64..200, target in 1i64..100) {
            let ask = |current| {
                let reading = Reading::Average { current: Quantity::from_units(current), target: Quantity::from_units(target) };
                desired(replicas, reading, Tolerance::default())
            };
            prop_assert!(ask(low) <= ask(low + more));
        }
    }
}
