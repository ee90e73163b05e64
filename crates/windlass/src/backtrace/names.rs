//! Names of functions as they stand in the source: mangled ones of Rust and C++ made readable.

use cpp_demangle::{DemangleOptions, Symbol};
use std::fmt::{self, Write};

/// A name that may be mangled; shown as it is in the source.
///
/// Names come from a guest, so what is shown is bounded: a mangled name can stand for one that is exponentially longer.
pub(super) struct Demangled<'a>(pub &'a str);

/// Longer names are shown as they are.
const LONGEST_MANGLED: usize = 8 << 10;
/// Names that would become longer are shown as they are.
const LONGEST_SHOWN: usize = 16 << 10;

impl fmt::Display for Demangled<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match demangle(self.0) {
            Some(name) => f.write_str(&name),
            None => f.write_str(self.0),
        }
    }
}

/// The name in the source; `None` if this one is not mangled, or cannot be shown.
fn demangle(name: &str) -> Option<String> {
    if name.len() > LONGEST_MANGLED {
        return None;
    }
    let mut shown = Bounded(String::new());
    if let Ok(rust) = rustc_demangle::try_demangle(name) {
        write!(shown, "{rust:#}").ok()?;
        return Some(shown.0);
    }
    if !name.starts_with("_Z") {
        return None;
    }
    let symbol = Symbol::new(name.as_bytes()).ok()?;
    symbol.structured_demangle(&mut shown, &DemangleOptions::default()).ok()?;
    Some(shown.0)
}

/// A text that refuses to become too long.
struct Bounded(String);

impl Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.0.len() + text.len() > LONGEST_SHOWN {
            return Err(fmt::Error);
        }
        self.0.push_str(text);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mangled_names_become_readable_and_others_stay() {
        let cases = [
            ("_ZN4core9panicking5panic17h0123456789abcdefE", "core::panicking::panic"),
            ("_RNvC6_123foo3bar", "123foo::bar"),
            ("_ZN3foo3barEi", "foo::bar(int)"),
            (
                "_ZNSt6vectorIiSaIiEE9push_backERKi",
                "std::vector<int, std::allocator<int> >::push_back(int const&)",
            ),
            ("main", "main"),
            ("_start", "_start"),
            ("_Z", "_Z"),
            ("", ""),
            ("…", "…"),
        ];
        for (mangled, shown) in cases {
            assert_eq!(Demangled(mangled).to_string(), shown);
        }
    }

    #[test]
    fn names_that_explode_stay_as_they_are() {
        // Each template argument is the pair of the one before it: the text doubles every time.
        let mut name = String::from("_Z1fI1aIiiE");
        for i in 0..40u32 {
            let back = if i == 0 { "S_".into() } else { format!("S{}_", base36(i - 1)) };
            name += &format!("1aI{back}{back}E");
        }
        name += "Evv";
        assert!(Demangled(&name).to_string().len() <= LONGEST_SHOWN);
        let long = "_ZN".to_string() + &"1a".repeat(LONGEST_MANGLED) + "E";
        assert_eq!(Demangled(&long).to_string(), long);
        // Deep nesting ends at the recursion limits of the libraries.
        for unit in ["I", "N", "P", "1aI", "sr", "cv", "FP"] {
            let deep = format!("_Z1f{}", unit.repeat(LONGEST_MANGLED / unit.len() - 4));
            assert_eq!(Demangled(&deep).to_string(), deep);
        }
    }

    fn base36(n: u32) -> char {
        char::from_digit(n % 36, 36).expect("below 36").to_ascii_uppercase()
    }
}
