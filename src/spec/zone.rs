//! Time zones by name.
//!
//! Promises: what is refused is in no release of the IANA database. Of a zone in an area, only the area is known here:
//! which places there are differs between releases.

use super::text::Checked;
use crate::diagnostic::{code, nearest};
use crate::document::shape::Refusal;

/// The areas of the database.
const AREAS: &str = "Africa America Antarctica Arctic Asia Atlantic Australia Brazil Canada Chile Etc Europe Indian \
                     Mexico Pacific US";
/// Its zones outside of an area.
const ZONES: &str = "CET CST6CDT Cuba EET EST EST5EDT Egypt Eire Factory GB GB-Eire GMT GMT+0 GMT-0 GMT0 Greenwich HST \
                     Hongkong Iceland Iran Israel Jamaica Japan Kwajalein Libya MET MST MST7MDT NZ NZ-CHAT Navajo PRC \
                     PST8PDT Poland Portugal ROC ROK Singapore Turkey UCT UTC Universal W-SU WET Zulu";

/// A name of the IANA database, such as `Europe/Madrid`.
pub(crate) fn time_zone(text: &str) -> Checked {
    let part = |part: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '+' | '-'))
    };
    let (known, name) = match text.split_once('/') {
        Some((area, place)) if place.split('/').all(part) => (AREAS, area),
        _ => (ZONES, text),
    };
    if known.split(' ').any(|zone| zone == name) {
        return Ok(());
    }
    let refusal = Refusal::new(
        code::BAD_CRON,
        format!("`{text}` is not a time zone"),
        "write a name of the IANA database such as `Europe/Madrid` or `Etc/UTC`",
    );
    Err(match nearest(name, known.split(' ')) {
        Some(near) => refusal.instead(text.replacen(name, near, 1), false),
        None => refusal,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_those_of_the_database() {
        for zone in ["Europe/Madrid", "America/Argentina/Buenos_Aires", "Etc/GMT+3", "UTC", "EST5EDT"] {
            assert!(time_zone(zone).is_ok(), "{zone}");
        }
        for zone in ["", "Local", "Mars/Olympus", "Europe/", "Europe/Ma drid", "/Madrid"] {
            assert!(time_zone(zone).is_err(), "{zone}");
        }
    }
}
