//! Formats of text that the API server itself reads.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How a text is written. Formats that the API server does not read are [`Format::None`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    #[default]
    None,
    DateTime,
    /// Base64.
    Byte,
    Ipv4,
    Ipv6,
    Cidr,
    Duration,
    Date,
    Uuid,
}

impl Format {
    pub const ALL: [Self; 9] = [
        Self::None,
        Self::DateTime,
        Self::Byte,
        Self::Ipv4,
        Self::Ipv6,
        Self::Cidr,
        Self::Duration,
        Self::Date,
        Self::Uuid,
    ];

    /// The format that a schema names.
    pub fn named(name: &str) -> Self {
        match name {
            "date-time" | "datetime" => Self::DateTime,
            "byte" => Self::Byte,
            "ipv4" => Self::Ipv4,
            "ipv6" => Self::Ipv6,
            "cidr" => Self::Cidr,
            "duration" => Self::Duration,
            "date" => Self::Date,
            "uuid" => Self::Uuid,
            _ => Self::None,
        }
    }

    /// What a person would call it, with an example.
    pub fn example(self) -> &'static str {
        match self {
            Self::None => "text",
            Self::DateTime => "a time such as `2026-01-31T12:00:00Z`",
            Self::Byte => "base64, such as `aGVsbG8=`",
            Self::Ipv4 => "an IPv4 address such as `10.0.0.1`",
            Self::Ipv6 => "an IPv6 address such as `fd00::1`",
            Self::Cidr => "a range of addresses such as `10.0.0.0/8`",
            Self::Duration => "a duration such as `1h30m`",
            Self::Date => "a date such as `2026-01-31`",
            Self::Uuid => "a UUID such as `123e4567-e89b-12d3-a456-426614174000`",
        }
    }

    pub fn accepts(self, text: &str) -> bool {
        match self {
            Self::None => true,
            Self::DateTime => is_date_time(text),
            Self::Byte => is_base64(text),
            Self::Ipv4 => text.parse::<Ipv4Addr>().is_ok(),
            Self::Ipv6 => text.parse::<Ipv6Addr>().is_ok(),
            Self::Cidr => is_cidr(text),
            Self::Duration => is_duration(text),
            Self::Date => is_date(text),
            Self::Uuid => is_uuid(text),
        }
    }
}

/// RFC 3339.
fn is_date_time(text: &str) -> bool {
    let Some((date, time)) = text.split_once(['T', 't']) else { return false };
    let Some(zone) = time.find(['Z', 'z', '+', '-']) else { return false };
    let (clock, zone) = time.split_at(zone);
    let (clock, fraction) = clock.split_once('.').map_or((clock, None), |(clock, fraction)| (clock, Some(fraction)));
    let fraction = fraction.is_none_or(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()));
    let zone = matches!(zone, "Z" | "z") || (zone.len() == 6 && is_clock(&zone[1..], 2));
    is_date(date) && is_clock(clock, 3) && fraction && zone
}

fn is_clock(text: &str, parts: usize) -> bool {
    let limits = ["23", "59", "60"];
    let numbers: Vec<&str> = text.split(':').collect();
    numbers.len() == parts && numbers.iter().zip(limits).all(|(part, limit)| is_digits(part, 2) && *part <= limit)
}

fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts.as_slice() else { return false };
    is_digits(year, 4)
        && is_digits(month, 2)
        && is_digits(day, 2)
        && ("01"..="12").contains(month)
        && ("01"..="31").contains(day)
}

fn is_digits(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|b| b.is_ascii_digit())
}

fn is_base64(text: &str) -> bool {
    // Go's decoder takes line breaks for nothing.
    let bytes: Vec<u8> = text.bytes().filter(|b| !matches!(b, b'\r' | b'\n')).collect();
    let padding = bytes.iter().rev().take_while(|b| **b == b'=').count();
    bytes.len().is_multiple_of(4)
        && padding <= 2
        && bytes[..bytes.len() - padding].iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/'))
}

/// An address and the number of bits that count.
pub(crate) fn is_cidr(text: &str) -> bool {
    let Some((address, bits)) = text.split_once('/') else { return false };
    let most = match address.parse() {
        Ok(IpAddr::V4(_)) => 32,
        Ok(IpAddr::V6(_)) => 128,
        Err(_) => return false,
    };
    bits.len() <= 3 && bits.bytes().all(|b| b.is_ascii_digit()) && bits.parse::<u32>().is_ok_and(|bits| bits <= most)
}

/// The durations of Go: numbers with a unit each.
pub(crate) fn is_duration(text: &str) -> bool {
    let mut rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    if rest == "0" {
        return true;
    }
    if rest.is_empty() {
        return false;
    }
    while !rest.is_empty() {
        let number = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (digits, after) = rest.split_at(number);
        let unit = ["ns", "us", "µs", "ms", "s", "m", "h"]
            .into_iter()
            .filter(|unit| after.starts_with(unit))
            .max_by_key(|unit| unit.len());
        let Some(unit) = unit else { return false };
        if !digits.bytes().any(|b| b.is_ascii_digit()) || digits.matches('.').count() > 1 {
            return false;
        }
        rest = &after[unit.len()..];
    }
    true
}

fn is_uuid(text: &str) -> bool {
    let bare: String = text.chars().filter(|c| *c != '-').collect();
    bare.len() == 32 && bare.chars().all(|c| c.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_format_takes_its_example_only() {
        for (format, good, bad) in [
            (Format::DateTime, "2026-01-31T12:00:00Z", "2026-01-31"),
            (Format::DateTime, "2026-01-31T12:00:00.25+02:00", "2026-13-31T12:00:00Z"),
            (Format::Byte, "aGVsbG8=", "aGVsbG8"),
            (Format::Ipv4, "10.0.0.1", "10.0.0"),
            (Format::Ipv6, "fd00::1", "10.0.0.1"),
            (Format::Cidr, "10.0.0.0/8", "10.0.0.0/33"),
            (Format::Duration, "1h30m", "1d"),
            (Format::Duration, "1.5ms", "15"),
            (Format::Date, "2026-01-31", "2026-1-31"),
            (Format::Uuid, "123e4567-e89b-12d3-a456-426614174000", "123e4567"),
        ] {
            assert!(format.accepts(good), "{good}");
            assert!(!format.accepts(bad), "{bad}");
        }
    }
}
