//! Which versions of an interface stand for one another.
//!
//! Names of interfaces have the form `namespace:package/interface@1.2.3`. Two versions are compatible if they agree in the
//! major number, or, if that is 0, in major and minor number. Versions `0.0.x` and those before a release
//! (`1.0.0-rc1`) are compatible with nothing but themselves.

/// Major, minor and patch number.
pub(crate) type Version = (u64, u64, u64);

/// The name up to what compatible versions have in common (`a:b/c@0.2`), and the version; `None` for
/// names that are not of the form, and versions that are compatible with nothing else.
pub(crate) fn track(name: &str) -> Option<(&str, Version)> {
    let (interface, version) = name.split_once('@')?;
    if !interface.contains(':') {
        return None;
    }
    let (numbers, build) = version.split_once('+').unwrap_or((version, "0"));
    if build.is_empty() {
        return None;
    }
    let mut parts = numbers.split('.');
    let mut next = || number(parts.next()?);
    let found = (next()?, next()?, next()?);
    if parts.next().is_some() {
        return None;
    }
    let common = match found {
        (0, 0, _) => return None,
        (0, _, _) => numbers.rfind('.')?,
        _ => numbers.find('.')?,
    };
    Some((&name[..interface.len() + 1 + common], found))
}

/// A number without leading zeros.
fn number(digits: &str) -> Option<u64> {
    let plain =
        digits.bytes().all(|digit| digit.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
    if plain { digits.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::track;

    #[test]
    fn tracks() {
        for (name, expected) in [
            ("a:b/c@1.2.3", Some(("a:b/c@1", (1, 2, 3)))),
            ("a:b/c@10.0.0+build.7", Some(("a:b/c@10", (10, 0, 0)))),
            ("a:b/c@0.2.10", Some(("a:b/c@0.2", (0, 2, 10)))),
            ("a:b/c@0.0.1", None),
            ("a:b/c@1.0.0-rc1", None),
            ("a:b/c@1.0", None),
            ("a:b/c@1.0.0.0", None),
            ("a:b/c@01.0.0", None),
            ("a:b/c@1..0", None),
            ("a:b/c@1.0.0+", None),
            ("a:b/c@1.+0.0", None),
            ("a:b/c@99999999999999999999.0.0", None),
            ("a:b/c", None),
            ("env@1.0.0", None),
            ("", None),
        ] {
            assert_eq!(track(name), expected, "{name}");
        }
    }
}
