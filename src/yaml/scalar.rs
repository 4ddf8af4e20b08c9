//! What YAML readers take a plain scalar for.
//!
//! The language never guesses: the field decides, and a plain `no` is text where text belongs. But
//! the author may have meant what another reader makes of it. [`ambiguous`] says so whenever YAML 1.1
//! (its type repository: `kubectl`, `PyYAML`) and YAML 1.2 (its core schema) disagree, and whenever
//! they agree on something that is not written as it would be printed (`1.10` is 1.1).

use crate::document::Scalar;
use std::fmt;

/// What a reader makes of a scalar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    Text,
    Null,
    Boolean(bool),
    /// In its usual form, in decimal digits.
    Number(String),
    Infinity,
    NotANumber,
    Date,
    /// `<<`
    Merge,
    /// `=`, which few readers take at all.
    Default,
}

/// The readings of a scalar whose text does not survive all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ambiguity {
    pub yaml_1_1: Reading,
    pub yaml_1_2: Reading,
}

/// How readers take a plain scalar, if any of them would not give its text back.
pub fn ambiguous(scalar: &Scalar) -> Option<Ambiguity> {
    if scalar.quoted {
        return None;
    }
    let text = scalar.text.as_str();
    let readings = Ambiguity { yaml_1_1: old_reading(text), yaml_1_2: core_reading(text) };
    let survives = |reading: &Reading| match reading {
        Reading::Text => true,
        Reading::Number(number) => number == text,
        Reading::Boolean(value) => text == if *value { "true" } else { "false" },
        Reading::Null => text == "null",
        _ => false,
    };
    let same = readings.yaml_1_1 == readings.yaml_1_2;
    (!same || !survives(&readings.yaml_1_1)).then_some(readings)
}

impl fmt::Display for Ambiguity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.yaml_1_1 == self.yaml_1_2 {
            return write!(f, "YAML readers take it for {}", self.yaml_1_1);
        }
        write!(f, "YAML 1.1 readers take it for {}, YAML 1.2 readers for {}", self.yaml_1_1, self.yaml_1_2)
    }
}

impl fmt::Display for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text => f.write_str("text"),
            Self::Null => f.write_str("`null`"),
            Self::Boolean(value) => write!(f, "`{value}`"),
            Self::Number(number) => write!(f, "the number {number}"),
            Self::Infinity => f.write_str("an infinite number"),
            Self::NotANumber => f.write_str("the number that is none (NaN)"),
            Self::Date => f.write_str("a date"),
            Self::Merge => f.write_str("a merge key"),
            Self::Default => f.write_str("the mark of a default value, or nothing at all"),
        }
    }
}

/// YAML 1.2, core schema.
fn core_reading(text: &str) -> Reading {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Reading::Null,
        "true" | "True" | "TRUE" => Reading::Boolean(true),
        "false" | "False" | "FALSE" => Reading::Boolean(false),
        _ => special_number(text).or_else(|| core_number(text)).unwrap_or(Reading::Text),
    }
}

/// YAML 1.1, type repository.
fn old_reading(text: &str) -> Reading {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Reading::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => Reading::Boolean(true),
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => Reading::Boolean(false),
        "<<" => Reading::Merge,
        "=" => Reading::Default,
        _ if is_date(text) => Reading::Date,
        _ => special_number(text).or_else(|| old_number(text)).unwrap_or(Reading::Text),
    }
}

fn special_number(text: &str) -> Option<Reading> {
    match text {
        ".nan" | ".NaN" | ".NAN" => return Some(Reading::NotANumber),
        _ => {}
    }
    matches!(unsigned(text), ".inf" | ".Inf" | ".INF").then_some(Reading::Infinity)
}

fn unsigned(text: &str) -> &str {
    text.strip_prefix(['-', '+']).unwrap_or(text)
}

fn core_number(text: &str) -> Option<Reading> {
    let radix = |prefix: &str, radix| text.strip_prefix(prefix).and_then(|digits| whole(digits, radix, false));
    if let Some(number) = radix("0o", 8).or_else(|| radix("0x", 16)) {
        return Some(rounded(number));
    }
    let body = unsigned(text);
    if let Some(number) = whole(body, 10, text.starts_with('-')) {
        return Some(rounded(number));
    }
    is_decimal(body, false).then(|| decimal(text))
}

fn old_number(text: &str) -> Option<Reading> {
    let negative = text.starts_with('-');
    let body: String = unsigned(text).chars().filter(|c| *c != '_').collect();
    if unsigned(text).starts_with('_') {
        return None;
    }
    let radix = |prefix: &str, radix| body.strip_prefix(prefix).and_then(|digits| whole(digits, radix, negative));
    if body.len() > 1
        && let Some(number) = radix("0b", 2).or_else(|| radix("0x", 16)).or_else(|| radix("0", 8))
    {
        return Some(exact(number));
    }
    if (body == "0" || !body.starts_with('0'))
        && let Some(number) = whole(&body, 10, negative)
    {
        return Some(exact(number));
    }
    if let Some(number) = sexagesimal(&body) {
        return Some(exact(if negative { -number } else { number }));
    }
    is_decimal(&body, true).then(|| decimal(&format!("{}{body}", if negative { "-" } else { "" })))
}

/// A whole number, as far as it fits; beyond, as a reader with floating point has it.
enum Whole {
    Exact(i128),
    Rounded(f64),
}

fn whole(digits: &str, radix: u32, negative: bool) -> Option<Whole> {
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    let value = |number: Whole| match number {
        Whole::Exact(number) if negative => Whole::Exact(-number),
        Whole::Rounded(number) if negative => Whole::Rounded(-number),
        number => number,
    };
    Some(value(i128::from_str_radix(digits, radix).map_or_else(|_| Whole::Rounded(large(digits, radix)), Whole::Exact)))
}

fn large(digits: &str, radix: u32) -> f64 {
    let digit = |c: char| c.to_digit(radix).map_or(0.0, f64::from);
    digits.chars().fold(0.0, |sum, c| sum.mul_add(f64::from(radix), digit(c)))
}

fn exact(number: impl Into<Whole>) -> Reading {
    match number.into() {
        Whole::Exact(number) => Reading::Number(number.to_string()),
        Whole::Rounded(number) => float(number),
    }
}

/// Many YAML 1.2 readers keep whole numbers as 64-bit floats, which are exact up to 2⁵³ only.
fn rounded(number: Whole) -> Reading {
    const EXACT: i128 = 1 << 53;
    match number {
        #[expect(clippy::cast_precision_loss, reason = "the loss is what the reading is about")]
        Whole::Exact(number) if number.abs() > EXACT => float(number as f64),
        number => exact(number),
    }
}

impl From<i128> for Whole {
    fn from(number: i128) -> Self {
        Self::Exact(number)
    }
}

fn float(number: f64) -> Reading {
    if number.is_finite() { Reading::Number(number.to_string()) } else { Reading::Infinity }
}

fn decimal(text: &str) -> Reading {
    text.parse().map_or(Reading::Text, float)
}

/// Base 60, such as `1:30` (90) and `12:30:45`.
fn sexagesimal(body: &str) -> Option<i128> {
    let (first, rest) = body.split_once(':')?;
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(first) || first.starts_with('0') || first.len() > 18 {
        return None;
    }
    rest.split(':').try_fold(first.parse::<i128>().ok()?, |sum, part| {
        let digit: i128 = part.parse().ok().filter(|digit| is_number(part) && part.len() <= 2 && *digit < 60)?;
        sum.checked_mul(60)?.checked_add(digit)
    })
}

/// A number with a point or an exponent. YAML 1.1 wants the point, and a sign in the exponent.
fn is_decimal(body: &str, old: bool) -> bool {
    let (mantissa, exponent) = match body.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (body, None),
    };
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let (before, after) = match mantissa.split_once('.') {
        Some((before, after)) => (before, Some(after)),
        None => (mantissa, None),
    };
    let is_exponent = exponent.is_none_or(|exponent| {
        let number = exponent.strip_prefix(['-', '+']);
        !(old && number.is_none()) && {
            let number = number.unwrap_or(exponent);
            !number.is_empty() && digits(number)
        }
    });
    let has_digit = !before.is_empty() || after.is_some_and(|after| !after.is_empty());
    is_exponent && has_digit && digits(before) && after.map_or(!old && exponent.is_some(), digits)
}

/// `2024-01-01`, or a date and a time of YAML 1.1.
fn is_date(text: &str) -> bool {
    let mut parts = text.splitn(3, '-');
    let (Some(year), Some(month), Some(day)) = (parts.next(), parts.next(), parts.next()) else { return false };
    let digits = |part: &str, most: usize| {
        !part.is_empty() && part.len() <= most && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    if year.len() != 4 || !digits(year, 4) || !digits(month, 2) {
        return false;
    }
    match day.split_once(['T', 't', ' ', '\t']) {
        None => month.len() == 2 && day.len() == 2 && digits(day, 2),
        Some((day, time)) => digits(day, 2) && is_time(time.trim_start()),
    }
}

/// `hh:mm:ss`, with a fraction and a time zone if written.
fn is_time(text: &str) -> bool {
    let shape = |c: char| if c.is_ascii_digit() { '0' } else { c };
    let shape: String = text.chars().map(shape).collect();
    (shape.starts_with("00:00:00") || shape.starts_with("0:00:00"))
        && text.bytes().all(|byte| byte.is_ascii_digit() || b":.+-Zz \t".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn readings(text: &str) -> Option<String> {
        ambiguous(&Scalar { text: text.into(), quoted: false }).map(|readings| readings.to_string())
    }

    #[test]
    fn what_readers_disagree_on() {
        let cases = [
            ("no", "`false`", "text"),
            ("yes", "`true`", "text"),
            ("on", "`true`", "text"),
            ("Off", "`false`", "text"),
            ("y", "`true`", "text"),
            ("N", "`false`", "text"),
            ("0777", "the number 511", "the number 777"),
            ("012", "the number 10", "the number 12"),
            ("09", "text", "the number 9"),
            ("0o14", "text", "the number 12"),
            ("1:30", "the number 90", "text"),
            ("12:30:45", "the number 45045", "text"),
            ("22:22", "the number 1342", "text"),
            ("1_000", "the number 1000", "text"),
            ("0b11", "the number 3", "text"),
            ("0x_1", "the number 1", "text"),
            ("1e3", "text", "the number 1000"),
            ("2024-01-01", "a date", "text"),
            ("2001-12-14t21:59:43.10-05:00", "a date", "text"),
            ("2001-12-14 21:59:43.10 -5", "a date", "text"),
            ("=", "the mark of a default value, or nothing at all", "text"),
            ("<<", "a merge key", "text"),
            ("12345678901234567890", "the number 12345678901234567890", "the number 12345678901234567000"),
        ];
        for (text, old, new) in cases {
            let said = format!("YAML 1.1 readers take it for {old}, YAML 1.2 readers for {new}");
            assert_eq!(readings(text).as_deref(), Some(said.as_str()), "{text}");
        }
    }

    #[test]
    fn what_readers_agree_on_but_would_print_otherwise() {
        let cases = [
            ("1.10", "the number 1.1"),
            ("1.0", "the number 1"),
            ("1.", "the number 1"),
            (".5", "the number 0.5"),
            ("+1", "the number 1"),
            ("-0", "the number 0"),
            ("0x1F", "the number 31"),
            ("1.5e+3", "the number 1500"),
            ("True", "`true`"),
            ("NULL", "`null`"),
            ("~", "`null`"),
            (".inf", "an infinite number"),
            ("-.INF", "an infinite number"),
            (".NaN", "the number that is none (NaN)"),
        ];
        for (text, said) in cases {
            assert_eq!(readings(text).unwrap_or_default(), format!("YAML readers take it for {said}"), "{text}");
        }
    }

    #[test]
    fn what_survives_every_reader() {
        for text in [
            "api",
            "v1.4.2",
            "1.4.2",
            "1.35",
            "17",
            "-3",
            "0",
            "0.5",
            "true",
            "false",
            "100m",
            "16Gi",
            "30d",
            "1e",
            "e1",
            "_1",
            "10.0.0.0/8",
            "2024-1-1",
            "2024-01",
            "24:00:xx",
            "1:99",
            "0:30",
            "0xZ",
            "0b2",
            "nope",
            "nan",
            "inf",
            "a: b",
            "é",
            "-",
            "--",
            "+",
            ".",
            "..",
            "1__",
            "123456789012345",
        ] {
            let expected = if text == "1__" {
                Some("YAML 1.1 readers take it for the number 1, YAML 1.2 readers for text")
            } else {
                None
            };
            assert_eq!(readings(text).as_deref(), expected, "{text}");
        }
        assert_eq!(ambiguous(&Scalar { text: "no".into(), quoted: true }), None);
    }
}
