//! Addresses outside the cluster: some of each sort, and those at the edges of the ranges that policies name.

use crate::api::items;
use serde_json::Value;
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Of the internet, of private networks, and where clouds hand out credentials.
const SORTS: [&str; 5] = ["198.51.100.7", "2001:db8::7", "10.255.0.7", "169.254.169.254", "fd00:ec2::254"];

/// The addresses by their order, with the first and the last of each range and its exceptions, and those beside them.
pub(super) fn of<'b>(blocks: impl Iterator<Item = &'b Value>) -> Vec<String> {
    let ranges = blocks.flat_map(|block| items(&block["except"]).chain([&block["cidr"]])).filter_map(Value::as_str);
    let mut all: BTreeSet<IpAddr> = SORTS.iter().filter_map(|address| address.parse().ok()).collect();
    all.extend(ranges.filter_map(edges).flatten());
    all.into_iter().map(|address| address.to_string()).collect()
}

/// Whether it is neither private, shared, nor of one link.
pub(super) fn is_public(address: &str) -> bool {
    match address.parse() {
        Ok(IpAddr::V4(address)) => {
            let is_shared = address.octets()[0] == 100 && address.octets()[1] & 0xc0 == 64;
            !(address.is_private() || address.is_link_local() || is_shared)
        }
        Ok(IpAddr::V6(address)) => !(address.is_unique_local() || address.is_unicast_link_local()),
        Err(_) => false,
    }
}

fn edges(range: &str) -> Option<Vec<IpAddr>> {
    let (address, length) = range.split_once('/')?;
    let length: u32 = length.parse().ok()?;
    let bounds = |bits: u128, width: u32| {
        let inside = if width == length { 0 } else { u128::MAX >> (128 - width + length) };
        [Some(bits & !inside), Some(bits | inside), (bits & !inside).checked_sub(1), (bits | inside).checked_add(1)]
    };
    Some(match address.parse().ok()? {
        IpAddr::V4(address) => {
            let all = bounds(address.to_bits().into(), 32).into_iter().flatten();
            all.filter_map(|bits| Some(Ipv4Addr::from_bits(u32::try_from(bits).ok()?).into())).collect()
        }
        IpAddr::V6(address) => {
            bounds(address.to_bits(), 128).into_iter().flatten().map(|bits| Ipv6Addr::from_bits(bits).into()).collect()
        }
    })
}
