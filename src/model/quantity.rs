//! Kubernetes quantities: exact arithmetic and the canonical form that an API server gives back.
//!
//! Source: `k8s.io/apimachinery/pkg/api/resource/quantity.go`.

use crate::diagnostic::code;
use crate::document::shape::Refusal;
use std::fmt;

/// An exact amount in units of 10⁻⁹, with the family of suffixes that it was written in.
#[derive(Clone, Copy, Debug)]
pub struct Quantity {
    nano: i128,
    binary: bool,
}

const NANO: i128 = 1_000_000_000;
const DECIMAL: [(&str, i128); 10] = [
    ("E", 1_000_000_000_000_000_000 * NANO),
    ("P", 1_000_000_000_000_000 * NANO),
    ("T", 1_000_000_000_000 * NANO),
    ("G", 1_000_000_000 * NANO),
    ("M", 1_000_000 * NANO),
    ("k", 1_000 * NANO),
    ("", NANO),
    ("m", NANO / 1_000),
    ("u", NANO / 1_000_000),
    ("n", 1),
];
const BINARY: [(&str, i128); 6] = [
    ("Ei", (1 << 60) * NANO),
    ("Pi", (1 << 50) * NANO),
    ("Ti", (1 << 40) * NANO),
    ("Gi", (1 << 30) * NANO),
    ("Mi", (1 << 20) * NANO),
    ("Ki", (1 << 10) * NANO),
];

impl Quantity {
    pub const ZERO: Self = Self { nano: 0, binary: false };

    /// Reads `100m`, `1.5Gi`, `2`, `1e3`.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let split = text.find(|c: char| !matches!(c, '0'..='9' | '.' | '+' | '-')).unwrap_or(text.len());
        let (number, suffix) = text.split_at(split);
        let (factor, binary) = factor(suffix).ok_or_else(|| bad_suffix(text, number, suffix))?;
        let nano = decimal(number, factor).ok_or_else(|| not_a_quantity(text))?;
        if nano.abs() > i128::from(i64::MAX) * NANO {
            return Err(not_a_quantity(text).reason("a quantity is at most 2^63 - 1"));
        }
        Ok(Self { nano, binary })
    }

    pub const fn from_units(units: i64) -> Self {
        Self { nano: units as i128 * NANO, binary: false }
    }

    pub const fn from_milli(milli: i64) -> Self {
        Self { nano: milli as i128 * (NANO / 1_000), binary: false }
    }

    /// A number of bytes, shown with binary suffixes.
    pub const fn from_bytes(bytes: i64) -> Self {
        Self { nano: bytes as i128 * NANO, binary: true }
    }

    /// In whole units, rounded up.
    pub fn units(self) -> i64 {
        i64::try_from(self.nano.div_euclid(NANO) + i128::from(self.nano.rem_euclid(NANO) > 0)).unwrap_or(i64::MAX)
    }

    /// In thousandths, rounded up.
    pub fn milli(self) -> i64 {
        let step = NANO / 1_000;
        i64::try_from(self.nano.div_euclid(step) + i128::from(self.nano.rem_euclid(step) > 0)).unwrap_or(i64::MAX)
    }

    pub fn is_whole(self) -> bool {
        self.nano % NANO == 0
    }

    pub fn is_negative(self) -> bool {
        self.nano < 0
    }

    /// Finer than a thousandth, the least step of a CPU.
    pub fn is_finer_than_milli(self) -> bool {
        self.nano % (NANO / 1_000) != 0
    }

    /// How often it goes into `room`; `u64::MAX` where it is nothing.
    pub fn times_in(self, room: Self) -> u64 {
        if self.nano <= 0 {
            return u64::MAX;
        }
        u64::try_from(room.nano.max(0) / self.nano).unwrap_or(u64::MAX)
    }

    /// `count` of it.
    #[must_use]
    pub fn times(self, count: u64) -> Self {
        Self { nano: self.nano.saturating_mul(i128::from(count)), binary: self.binary }
    }

    /// `self × numerator / denominator`, in bytes.
    #[must_use]
    pub fn scaled(self, numerator: i64, denominator: i64) -> Self {
        let nano = self.nano * i128::from(numerator) / i128::from(denominator.max(1));
        Self { nano: nano - nano % NANO, binary: self.binary }
    }
}

impl std::ops::Add for Quantity {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self { nano: self.nano.saturating_add(other.nano), binary: self.binary || other.binary }
    }
}

impl std::iter::Sum for Quantity {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, std::ops::Add::add)
    }
}

impl std::ops::Sub for Quantity {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self { nano: self.nano.saturating_sub(other.nano), binary: self.binary || other.binary }
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.nano == other.nano
    }
}

impl Eq for Quantity {}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.nano.cmp(&other.nano)
    }
}

impl fmt::Display for Quantity {
    /// The canonical form: the largest suffix of its family that leaves a whole number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole_bytes = self.binary && self.nano % NANO == 0 && self.nano.abs() >= 1024 * NANO;
        let family: &[(&str, i128)] = if whole_bytes { &BINARY } else { &DECIMAL };
        let family = family.iter().chain(&DECIMAL[6..]);
        if self.nano == 0 {
            return f.write_str("0");
        }
        for (suffix, unit) in family {
            if self.nano % unit == 0 {
                return write!(f, "{}{suffix}", self.nano / unit);
            }
        }
        Ok(())
    }
}

fn factor(suffix: &str) -> Option<(i128, bool)> {
    if let Some((_, unit)) = BINARY.iter().find(|(known, _)| *known == suffix) {
        return Some((*unit, true));
    }
    if let Some((_, unit)) = DECIMAL.iter().find(|(known, _)| *known == suffix) {
        return Some((*unit, false));
    }
    let exponent: u32 = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
    10i128.checked_pow(exponent)?.checked_mul(NANO).map(|unit| (unit, false))
}

/// `number × factor` exactly, rounded away from zero below 10⁻⁹.
fn decimal(number: &str, factor: i128) -> Option<i128> {
    let (negative, digits) = match number.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, number.strip_prefix('+').unwrap_or(number)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !all_digits(whole) || !all_digits(fraction) || fraction.len() > 18 {
        return None;
    }
    let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let scale = 10i128.pow(u32::try_from(fraction.len()).ok()?);
    let part: i128 = if fraction.is_empty() { 0 } else { fraction.parse().ok()? };
    let product = part.checked_mul(factor)?;
    let rounded = product / scale + i128::from(product % scale != 0);
    let total = whole.checked_mul(factor)?.checked_add(rounded)?;
    Some(if negative { -total } else { total })
}

fn not_a_quantity(text: &str) -> Refusal {
    Refusal::new(
        code::BAD_QUANTITY,
        format!("`{text}` is not a quantity"),
        "write a number with a suffix, such as `500m`, `2` or `4Gi`",
    )
}

fn bad_suffix(text: &str, number: &str, suffix: &str) -> Refusal {
    let likely = match suffix.to_ascii_lowercase().as_str() {
        "k" | "kb" => Some("k"),
        "ki" | "kib" => Some("Ki"),
        "m" | "mb" => Some("M"),
        "mi" | "mib" => Some("Mi"),
        "g" | "gb" => Some("G"),
        "gi" | "gib" => Some("Gi"),
        "t" | "tb" => Some("T"),
        "ti" | "tib" => Some("Ti"),
        _ => None,
    };
    let refusal =
        not_a_quantity(text).reason("the suffixes are n u m k M G T P E and Ki Mi Gi Ti Pi Ei, in this spelling");
    match likely {
        Some(suffix) if !number.is_empty() => {
            let instead = format!("{number}{suffix}");
            Refusal { help: format!("write `{instead}`"), ..refusal }.instead(instead, false)
        }
        _ => refusal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(text: &str) -> String {
        Quantity::parse(text).map_or_else(|refusal| refusal.message, |quantity| quantity.to_string())
    }

    #[test]
    fn the_canonical_form_is_the_api_servers() {
        for (written, shown) in [
            ("1000m", "1"),
            ("0.5", "500m"),
            ("1.5Gi", "1536Mi"),
            ("1024Mi", "1Gi"),
            ("2048", "2048"),
            ("1e3", "1k"),
            ("100m", "100m"),
            ("0", "0"),
            ("1000k", "1M"),
            ("128Mi", "128Mi"),
            ("0.1Ki", "102400m"),
            (".5", "500m"),
            ("-1", "-1"),
            ("512Ki", "512Ki"),
        ] {
            assert_eq!(canonical(written), shown, "{written}");
        }
    }

    #[test]
    fn wrong_suffixes_are_refused_with_the_right_one() {
        for (written, instead) in [("1K", "1k"), ("2GB", "2G"), ("4gi", "4Gi"), ("1MiB", "1Mi")] {
            let refusal = Quantity::parse(written).unwrap_err();
            assert_eq!(refusal.instead.map(|(text, _)| text).as_deref(), Some(instead));
        }
        for written in ["", "x", "1..2", "--1", "1 Gi", "٣"] {
            assert!(Quantity::parse(written).is_err(), "{written}");
        }
    }

    #[test]
    fn amounts_compare_and_add_exactly() {
        let parse = |text| Quantity::parse(text).unwrap();
        assert!(parse("1Gi") > parse("1G"));
        assert_eq!(parse("500m") + parse("0.5"), parse("1"));
        assert_eq!(parse("0.9n").milli(), 1);
        assert_eq!(parse("300m").times(3), parse("900m"));
        assert_eq!((parse("300m").times_in(parse("1")), Quantity::ZERO.times_in(parse("1"))), (3, u64::MAX));
        assert_eq!(parse("1").times_in(parse("-1")), 0);
    }
}
