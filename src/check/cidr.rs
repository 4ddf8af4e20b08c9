//! Address ranges, and which lies inside which.

use std::net::IpAddr;

/// The fixed bits of a range: those of the address that count, and how many they are.
fn bits(range: &str) -> Option<(bool, u128, u32)> {
    let (address, length) = range.split_once('/')?;
    let length: u32 = length.parse().ok()?;
    let (four, value, width) = match address.parse().ok()? {
        IpAddr::V4(address) => (true, u128::from(u32::from(address)), 32),
        IpAddr::V6(address) => (false, u128::from(address), 128),
    };
    (length <= width).then(|| (four, value.checked_shr(width - length).unwrap_or(0), length))
}

/// Whether `inner` is a true part of `outer`.
pub(super) fn lies_inside(inner: &str, outer: &str) -> bool {
    let (Some((four, value, length)), Some((outer_four, outer_value, outer_length))) = (bits(inner), bits(outer))
    else {
        return false;
    };
    four == outer_four && length > outer_length && value.checked_shr(length - outer_length).unwrap_or(0) == outer_value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_smaller_and_shares_the_fixed_bits() {
        for (inner, outer) in [
            ("10.1.0.0/16", "10.0.0.0/8"),
            ("10.0.0.1/32", "0.0.0.0/0"),
            ("fd00::/64", "fd00::/8"),
            ("::1/128", "::/0"),
        ] {
            assert!(lies_inside(inner, outer), "{inner} in {outer}");
        }
        for (inner, outer) in [
            ("10.0.0.0/8", "10.0.0.0/8"),
            ("11.0.0.0/16", "10.0.0.0/8"),
            ("10.0.0.0/8", "::/0"),
            ("x", "10.0.0.0/8"),
            ("0.0.0.0/0", "10.0.0.0/8"),
        ] {
            assert!(!lies_inside(inner, outer), "{inner} in {outer}");
        }
    }
}
