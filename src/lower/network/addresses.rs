//! Ranges of addresses: which are known, and which lie inside which.

use std::net::IpAddr;

/// Every address of both families.
pub(super) const EVERYTHING: [&str; 2] = ["0.0.0.0/0", "::/0"];
/// Where clouds hand out the credentials of the node. Opened only by who writes it out.
pub(super) const METADATA: [&str; 2] = ["169.254.169.254/32", "fd00:ec2::254/128"];
/// Addresses that are not on the internet: private (RFC 1918, RFC 4193), shared (RFC 6598), link-local.
pub(super) const NOT_PUBLIC: [&str; 7] =
    ["10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fe80::/10"];

/// True where the one range lies in the other and is smaller.
pub(super) fn is_inside(inner: &str, outer: &str) -> bool {
    let (Some(inner), Some(outer)) = (parse(inner), parse(outer)) else { return false };
    let prefix = |range: &Range| range.bits.checked_shr(128 - outer.length).unwrap_or(0);
    inner.v6 == outer.v6 && inner.length > outer.length && prefix(&inner) == prefix(&outer)
}

/// A range with its address at the top of 128 bits.
struct Range {
    v6: bool,
    bits: u128,
    length: u32,
}

fn parse(cidr: &str) -> Option<Range> {
    let (address, length) = cidr.split_once('/')?;
    let length: u32 = length.parse().ok()?;
    let range = match address.parse().ok()? {
        IpAddr::V4(address) => Range { v6: false, bits: u128::from(address.to_bits()) << 96, length },
        IpAddr::V6(address) => Range { v6: true, bits: address.to_bits(), length },
    };
    (length <= if range.v6 { 128 } else { 32 }).then_some(range)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_range_is_inside_a_larger_one_of_its_family() {
        for (inner, outer, inside) in [
            ("10.1.0.0/16", "10.0.0.0/8", true),
            ("10.0.0.0/8", "10.0.0.0/8", false),
            ("11.0.0.0/16", "10.0.0.0/8", false),
            ("169.254.169.254/32", "0.0.0.0/0", true),
            ("fd00:ec2::254/128", "::/0", true),
            ("fd00:ec2::254/128", "0.0.0.0/0", false),
            ("10.0.0.0/8", "::/0", false),
            ("0.0.0.0/0", "10.0.0.0/8", false),
            ("10.0.0.0/33", "0.0.0.0/0", false),
            ("nonsense", "0.0.0.0/0", false),
        ] {
            assert_eq!(is_inside(inner, outer), inside, "{inner} in {outer}");
        }
    }

    proptest! {
        #[test]
        fn what_is_inside_shares_every_bit_of_the_outer_prefix(address: u32, outer in 0u32..32, more in 1u32..32, flip in 0u32..32) {
            let show = |address: u32, length: u32| format!("{}/{length}", std::net::Ipv4Addr::from(address));
            let inner = (outer + more).min(32);
            prop_assert!(is_inside(&show(address, inner), &show(address, outer)));
            prop_assert!(!is_inside(&show(address, outer), &show(address, inner)));
            let other = address ^ (1 << (31 - flip));
            prop_assert_eq!(is_inside(&show(other, inner), &show(address, outer)), flip >= outer);
        }
    }
}
