//! Amounts as people write them: sizes (`64MiB`) and durations (`500ms`).

use std::str::FromStr;
use std::time::Duration;

/// A number of bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bytes(pub u64);

/// Units of size: binary prefixes are powers of 1024, decimal ones of 1000; a bare prefix is binary.
const SIZES: &[(&str, u64)] = &[
    ("", 1),
    ("b", 1),
    ("k", 1 << 10),
    ("kib", 1 << 10),
    ("kb", 1_000),
    ("m", 1 << 20),
    ("mib", 1 << 20),
    ("mb", 1_000_000),
    ("g", 1 << 30),
    ("gib", 1 << 30),
    ("gb", 1_000_000_000),
    ("t", 1 << 40),
    ("tib", 1 << 40),
    ("tb", 1_000_000_000_000),
];

impl FromStr for Bytes {
    type Err = String;

    fn from_str(text: &str) -> Result<Bytes, String> {
        let (digits, unit) = split(text);
        let scale = SIZES.iter().find(|(name, _)| *name == unit.to_ascii_lowercase());
        let scale =
            scale.ok_or_else(|| format!("unknown unit `{unit}`; use B, KiB, MiB, GiB or KB, MB, GB"))?.1;
        let count = number(digits, "a size is a number and a unit, such as 64MiB")?;
        count.checked_mul(scale).map(Bytes).ok_or_else(|| "more bytes than 64 bits can count".into())
    }
}

/// A length of time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Time(pub Duration);

/// Units of time in nanoseconds; a bare number is seconds.
const TIMES: &[(&str, u64)] = &[
    ("", 1_000_000_000),
    ("ns", 1),
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("min", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

impl FromStr for Time {
    type Err = String;

    fn from_str(text: &str) -> Result<Time, String> {
        let (digits, unit) = split(text);
        let scale = TIMES.iter().find(|(name, _)| *name == unit);
        let scale = scale.ok_or_else(|| format!("unknown unit `{unit}`; use ns, us, ms, s, m or h"))?.1;
        let count = number(digits, "a duration is a number and a unit, such as 500ms")?;
        let nanoseconds = count.checked_mul(scale).ok_or("longer than 584 years")?;
        Ok(Time(Duration::from_nanos(nanoseconds)))
    }
}

/// The digits (with `_` between them) and the unit behind them.
fn split(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '_').unwrap_or(text.len());
    (&text[..end], text[end..].trim_start())
}

fn number(digits: &str, help: &str) -> Result<u64, String> {
    let plain: String = digits.chars().filter(|c| *c != '_').collect();
    match plain.parse() {
        Ok(count) => Ok(count),
        Err(_) if plain.is_empty() => Err(help.into()),
        Err(_) => Err("more than 64 bits can count".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (text, bytes) in [
            ("0", 0),
            ("512", 512),
            ("64KiB", 65_536),
            ("1_000 b", 1000),
            ("2m", 2 << 20),
            ("3GB", 3_000_000_000),
        ] {
            assert_eq!(text.parse(), Ok(Bytes(bytes)), "{text}");
        }
        for (text, why) in [
            ("", "a size is"),
            ("MiB", "a size is"),
            ("-1", "unknown unit `-1`"),
            ("1.5GiB", "unknown unit `.5GiB`"),
            ("5 parsecs", "unknown unit"),
            ("99999999999999999999", "64 bits"),
            ("99999999TiB", "64 bits"),
        ] {
            let error = text.parse::<Bytes>().unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    #[test]
    fn durations() {
        for (text, ms) in [("10s", 10_000), ("500ms", 500), ("2", 2_000), ("1m", 60_000), ("1h", 3_600_000)] {
            assert_eq!(text.parse(), Ok(Time(Duration::from_millis(ms))), "{text}");
        }
        assert_eq!("3us".parse(), Ok(Time(Duration::from_micros(3))));
        for (text, why) in [("s", "a duration is"), ("5d", "unknown unit"), ("9999999999h", "longer than")] {
            let error = text.parse::<Time>().unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
