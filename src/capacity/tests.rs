//! The worked case, and the laws over small problems that can be tried out in full.

use super::*;
use crate::model::{Placement, Strings};
use crate::target::Taint;
use proptest::prelude::*;

fn amounts(list: &[(&str, &str)]) -> Amounts {
    list.iter().map(|(name, text)| ((*name).to_owned(), Quantity::parse(text).unwrap())).collect()
}

fn pods(count: u32, request: &[(&str, &str)]) -> Demand {
    Demand {
        component: "api".into(),
        role: Role::Replicas,
        pods: count,
        request: amounts(request),
        placement: Placement::default(),
        spread: Spread::Free,
        zones: false,
        queue: None,
    }
}

fn nodes(name: &str, count: u32, room: &[(&str, &str)]) -> Pool {
    let mut room = amounts(room);
    room.entry(PODS.into()).or_insert(Quantity::from_units(PODS_DEFAULT));
    Pool { name: name.into(), nodes: count, room, pods_assumed: false, labels: Strings::new(), taints: Vec::new() }
}

fn proof(answer: &Answer) -> &Proof {
    match &answer.verdict {
        Verdict::DoesNotFit(proof) => proof,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_worked_case_fits() {
    let pools = [
        nodes("large", 1, &[("cpu", "4"), ("memory", "8Gi")]),
        nodes("middle", 1, &[("cpu", "2"), ("memory", "4Gi")]),
        nodes("small", 1, &[("cpu", "1"), ("memory", "2Gi")]),
    ];
    let demands: Vec<Demand> =
        ["2Gi", "1Gi", "1Gi", "2Gi", "2Gi"].map(|memory| pods(1, &[("cpu", "1"), ("memory", memory)])).into();
    let answer = pack(&demands, &pools);
    assert_eq!(answer.verdict, Verdict::Fits);
    assert_valid(&demands, &pools, &answer.packing);
}

#[test]
fn a_sum_is_proved_with_the_fewest_pods() {
    let demands = [pods(9, &[("cpu", "100m")]), pods(4, &[("cpu", "3")])];
    let answer = pack(&demands, &[nodes("general", 2, &[("cpu", "4")])]);
    let proof = proof(&answer);
    assert_eq!(proof.pods, [(1, 3)]);
    assert_eq!(proof.pools, [0]);
}

#[test]
fn many_small_pods_prove_it_by_their_sum() {
    let demands = [pods(50, &[("cpu", "100m")]), pods(40, &[("cpu", "100m")])];
    let answer = pack(&demands, &[nodes("general", 2, &[("cpu", "4")])]);
    let need = Quantity::parse("8100m").unwrap();
    let have = Quantity::parse("8").unwrap();
    assert_eq!(proof(&answer).bound, Bound::Sum { resource: "cpu".into(), need, have });
    assert_eq!(proof(&answer).pods.iter().map(|(_, pods)| pods).sum::<u64>(), 81);
}

#[test]
fn gpus_of_one_pod_come_from_one_node() {
    let demands = [pods(3, &[("nvidia.com/gpu", "3")])];
    let answer = pack(&demands, &[nodes("h100", 2, &[("nvidia.com/gpu", "5")])]);
    assert_eq!(proof(&answer).bound, Bound::Slots { least: amounts(&[("nvidia.com/gpu", "3")]), slots: 2 });
}

#[test]
fn different_components_share_the_floor() {
    let demands = [pods(1, &[("cpu", "3")]), pods(1, &[("cpu", "2500m")])];
    let answer = pack(&demands, &[nodes("a", 1, &[("cpu", "4")]), nodes("b", 4, &[("cpu", "2")])]);
    let proof = proof(&answer);
    assert_eq!((&proof.pods[..], &proof.pools[..]), (&[(0, 1), (1, 1)][..], &[0][..]));
}

#[test]
fn pods_of_one_node_are_counted() {
    let answer = pack(&[pods(5, &[])], &[nodes("tiny", 2, &[("pods", "2")])]);
    assert_eq!(proof(&answer).pods, [(0, 5)]);
    assert_eq!(pack(&[pods(4, &[])], &[nodes("tiny", 2, &[("pods", "2")])]).verdict, Verdict::Fits);
}

#[test]
fn pods_stay_where_they_are_taken() {
    let mut gpu = nodes("gpu", 1, &[("cpu", "8")]);
    gpu.taints = vec![Taint { key: "gpu".into(), value: None, effect: "NoSchedule".into() }];
    let pools = [gpu, nodes("general", 1, &[("cpu", "2")])];
    assert_eq!(proof(&pack(&[pods(3, &[("cpu", "1")])], &pools)).pools, [1]);
    let mut lost = pods(1, &[]);
    lost.placement.node_selector = Strings::from([("disk".into(), "ssd".into())]);
    assert_eq!(proof(&pack(&[lost], &pools)).bound, Bound::NoPool);
    assert_eq!(proof(&pack(&[pods(1, &[("cpu", "9")])], &pools)).bound, Bound::TooLarge);
}

#[test]
fn an_even_spread_uses_every_node() {
    let even = |count| Demand { spread: Spread::Even, ..pods(count, &[("cpu", "1")]) };
    let pools = [nodes("a", 2, &[("cpu", "1")]), nodes("b", 1, &[("cpu", "9")])];
    let answer = pack(&[even(4)], &pools);
    assert_eq!(answer.verdict, Verdict::Fits);
    assert_valid(&[even(4)], &pools, &answer.packing);
    // Without the small nodes the large one may take as many as it holds.
    assert!(matches!(pack(&[even(9)], &pools).verdict, Verdict::Unknown(_)));
    assert!(matches!(pack(&[even(12)], &pools).verdict, Verdict::DoesNotFit(_)));
    let apart = Demand { spread: Spread::Apart, ..pods(4, &[("cpu", "1")]) };
    assert_eq!(proof(&pack(&[apart], &pools)).pods, [(0, 4)]);
}

#[test]
fn what_is_not_said_leaves_the_answer_open() {
    let doubts = |verdict| match verdict {
        Verdict::Unknown(doubts) => doubts,
        other => panic!("{other:?}"),
    };
    let answer = pack(&[pods(1, &[("cpu", "1"), ("memory", "1Gi")])], &[nodes("a", 1, &[("cpu", "4")])]);
    assert_eq!(doubts(answer.verdict), [Doubt::NotSaid { pool: 0, resource: "memory" }]);
    let zoned = Demand { zones: true, ..pods(2, &[("cpu", "1")]) };
    assert_eq!(doubts(pack(&[zoned], &[nodes("a", 2, &[("cpu", "4")])]).verdict), [Doubt::Zones { demand: 0 }]);
}

#[test]
fn a_port_of_the_node_is_taken_once() {
    let port = format!("{}8080", pool::HOST_PORT);
    let demands = [pods(3, &[(&port, "1")])];
    assert_eq!(proof(&pack(&demands, &[nodes("a", 2, &[("cpu", "4")])])).pods, [(0, 3)]);
}

#[test]
fn the_largest_numbers_are_counted_not_listed() {
    let demands = [pods(u32::MAX, &[("cpu", "9223372036854775807")]), pods(u32::MAX, &[("cpu", "1m")])];
    let answer = pack(&demands, &[nodes("a", u32::MAX, &[("cpu", "9223372036854775807"), ("pods", "2")])]);
    assert!(matches!(answer.verdict, Verdict::DoesNotFit(_)));
}

// The laws.

fn demand() -> impl Strategy<Value = Demand> {
    let spread = prop_oneof![4 => Just(Spread::Free), 1 => Just(Spread::Even), 1 => Just(Spread::Apart)];
    (1u32..4, 1i64..5, 1i64..5, 0i64..3, spread, any::<bool>()).prop_map(|(count, cpu, memory, gpu, spread, fast)| {
        let mut demand = pods(count, &[]);
        demand.request.insert("cpu".into(), Quantity::from_units(cpu));
        demand.request.insert("memory".into(), Quantity::from_units(memory));
        if gpu == 2 {
            demand.request.insert("example.com/gpu".into(), Quantity::from_units(1));
        }
        if fast {
            demand.placement.node_selector = Strings::from([("disk".into(), "ssd".into())]);
        }
        Demand { spread, ..demand }
    })
}

fn pool() -> impl Strategy<Value = Pool> {
    (1u32..3, 1i64..9, 1i64..9, 0i64..3, 1i64..4, any::<bool>()).prop_map(|(count, cpu, memory, gpu, most, fast)| {
        let mut pool = nodes("pool", count, &[]);
        pool.room.insert("cpu".into(), Quantity::from_units(cpu));
        pool.room.insert("memory".into(), Quantity::from_units(memory));
        pool.room.insert("example.com/gpu".into(), Quantity::from_units(gpu));
        pool.room.insert(PODS.into(), Quantity::from_units(most));
        if fast {
            pool.labels = Strings::from([("disk".into(), "ssd".into())]);
        }
        pool
    })
}

fn problem() -> impl Strategy<Value = (Vec<Demand>, Vec<Pool>)> {
    (prop::collection::vec(demand(), 1..4), prop::collection::vec(pool(), 1..4))
}

/// Every pod lies once, where it is taken; no node holds more than it has; spreads are kept.
fn assert_valid(demands: &[Demand], pools: &[Pool], packing: &Packing) {
    for (at, demand) in demands.iter().enumerate() {
        let on =
            |nodes: &Nodes| nodes.pods.iter().filter(|(placed, _)| *placed == at).map(|(_, pods)| *pods).sum::<u64>();
        let placed: u64 = packing.nodes.iter().map(|nodes| nodes.count * on(nodes)).sum();
        assert_eq!(placed + packing.left[at], u64::from(demand.pods));
        let taken = packing.nodes.iter().filter(|nodes| pools[nodes.pool].takes(&demand.placement));
        let (least, most) = (taken.clone().map(on).min().unwrap_or(0), taken.map(on).max().unwrap_or(0));
        match demand.spread {
            Spread::Even => assert!(most <= least + 1),
            Spread::Apart => assert!(most <= 1),
            Spread::Free => {}
        }
    }
    for (at, pool) in pools.iter().enumerate() {
        let own = packing.nodes.iter().filter(|nodes| nodes.pool == at);
        assert_eq!(own.clone().map(|nodes| nodes.count).sum::<u64>(), u64::from(pool.nodes));
        for nodes in own {
            let on_it: Vec<Demand> = nodes
                .pods
                .iter()
                .map(|(demand, pods)| Demand { pods: u32::try_from(*pods).unwrap(), ..demands[*demand].clone() })
                .collect();
            assert!(on_it.iter().all(|demand| pool.takes(&demand.placement)));
            for (resource, amount) in sum(&on_it) {
                assert!(pool.room(&resource).is_none_or(|room| amount <= room), "{resource}");
            }
        }
    }
}

/// Tries every placement. A node without any pod need not exist, so it counts for no spread.
struct Brute<'a> {
    demands: &'a [Demand],
    /// The pool of each node, and what is on it: pods by demand.
    nodes: Vec<(&'a Pool, Vec<u32>)>,
}

impl<'a> Brute<'a> {
    fn new(demands: &'a [Demand], pools: &'a [Pool]) -> Self {
        let nodes =
            pools.iter().flat_map(|pool| (0..pool.nodes).map(move |_| (pool, vec![0; demands.len()]))).collect();
        Self { demands, nodes }
    }

    /// Whether the pods from the `index`-th of this demand on can be placed, on this node or later ones.
    fn places(&mut self, demand: usize, index: u32, from: usize) -> bool {
        if demand == self.demands.len() {
            return (0..demand).all(|demand| self.is_spread(demand));
        }
        if index == self.demands[demand].pods {
            return self.places(demand + 1, 0, 0);
        }
        for node in from..self.nodes.len() {
            self.nodes[node].1[demand] += 1;
            let found = self.holds(node, demand) && self.places(demand, index + 1, node);
            self.nodes[node].1[demand] -= 1;
            if found {
                return true;
            }
        }
        false
    }

    fn holds(&self, node: usize, demand: usize) -> bool {
        let (pool, on_it) = &self.nodes[node];
        let on_it = self.demands.iter().zip(on_it).map(|(demand, pods)| Demand { pods: *pods, ..demand.clone() });
        let on_it: Vec<Demand> = on_it.collect();
        pool.takes(&self.demands[demand].placement)
            && sum(&on_it).iter().all(|(resource, amount)| pool.room(resource).is_none_or(|room| *amount <= room))
    }

    fn is_spread(&self, demand: usize) -> bool {
        let there = |on_it: &[u32]| on_it.iter().any(|pods| *pods > 0);
        let domain =
            self.nodes.iter().filter(|(pool, on_it)| there(on_it) && pool.takes(&self.demands[demand].placement));
        let counts: Vec<u32> = domain.map(|(_, on_it)| on_it[demand]).collect();
        let (least, most) = (counts.iter().min().copied().unwrap_or(0), counts.iter().max().copied().unwrap_or(0));
        match self.demands[demand].spread {
            Spread::Free => true,
            Spread::Even => most <= least + 1,
            Spread::Apart => most <= 1,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn a_witness_is_valid((demands, pools) in problem()) {
        let answer = pack(&demands, &pools);
        assert_valid(&demands, &pools, &answer.packing);
        prop_assert_eq!(answer.verdict == Verdict::Fits, answer.packing.is_complete());
    }

    #[test]
    fn no_proof_is_given_for_what_can_be_placed((demands, pools) in problem()) {
        let answer = pack(&demands, &pools);
        let placed = Brute::new(&demands, &pools).places(0, 0, 0);
        match answer.verdict {
            Verdict::Fits => prop_assert!(placed),
            Verdict::DoesNotFit(proof) => {
                prop_assert!(!placed, "{:?}", proof);
                // The pods of the proof alone are enough.
                let mut few = vec![0; demands.len()];
                proof.pods.iter().for_each(|(demand, pods)| few[*demand] = u32::try_from(*pods).unwrap());
                let few: Vec<Demand> =
                    demands.iter().zip(few).map(|(demand, pods)| Demand { pods, ..demand.clone() }).collect();
                prop_assert!(!Brute::new(&few, &pools).places(0, 0, 0), "{:?}", proof);
            }
            Verdict::Unknown(_) => {}
        }
    }

    #[test]
    fn more_pods_never_help((demands, pools) in problem(), more in demand()) {
        let before = pack(&demands, &pools).verdict;
        let grown: Vec<Demand> = demands.iter().cloned().chain([more]).collect();
        let after = pack(&grown, &pools).verdict;
        if matches!(before, Verdict::DoesNotFit(_)) {
            prop_assert!(matches!(after, Verdict::DoesNotFit(_)), "{:?}", after);
        }
    }

    #[test]
    fn more_nodes_never_hurt((demands, pools) in problem(), more in pool()) {
        let before = pack(&demands, &pools).verdict;
        let grown: Vec<Pool> = pools.iter().cloned().chain([more]).collect();
        if matches!(before, Verdict::Fits) {
            prop_assert!(!matches!(pack(&demands, &grown).verdict, Verdict::DoesNotFit(_)));
        }
    }

    #[test]
    fn the_same_problem_gives_the_same_answer((demands, pools) in problem()) {
        prop_assert_eq!(pack(&demands, &pools), pack(&demands, &pools));
    }
}
