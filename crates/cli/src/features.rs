//! Feature switches on the command line, from the table of features.

use std::fmt::Write;
use std::str::FromStr;
use windlass_wasm::features::Edition;
use windlass_wasm::{Feature, Features};

/// One `-W`: what to switch, and how.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FeatureSwitch {
    /// A feature, on or off, with what it needs or what needs it.
    Feature(Feature, bool),
    /// Everything that is built, or nothing.
    All(bool),
    /// Exactly the features of an edition of the specification.
    Edition(Edition),
    /// List the features instead of doing anything.
    Help,
}

/// Names of editions.
const EDITIONS: &[(&str, Edition)] =
    &[("wasm1", Edition::Wasm1), ("wasm2", Edition::Wasm2), ("wasm3", Edition::Wasm3)];

impl FromStr for FeatureSwitch {
    type Err = String;

    fn from_str(text: &str) -> Result<FeatureSwitch, String> {
        let (name, value) = text.split_once('=').unwrap_or((text, "on"));
        let on = match value {
            "on" | "y" | "yes" | "true" => true,
            "off" | "n" | "no" | "false" => false,
            other => return Err(format!("`{name}` can be `on` or `off`, not `{other}`")),
        };
        if let Some((_, edition)) = EDITIONS.iter().find(|(edition, _)| *edition == text) {
            return Ok(FeatureSwitch::Edition(*edition));
        }
        match name {
            "help" => return Ok(FeatureSwitch::Help),
            "all" => return Ok(FeatureSwitch::All(on)),
            _ => {}
        }
        let feature: Feature =
            name.parse().map_err(|_| format!("no feature is called `{name}`; `-W help` lists them"))?;
        if on && !feature.is_built() {
            return Err(format!("the feature `{name}` is not built yet"));
        }
        Ok(FeatureSwitch::Feature(feature, on))
    }
}

/// The set of features after the switches, in order, beginning with everything that is built.
pub fn apply(switches: &[FeatureSwitch]) -> Features {
    let mut set = Features::default();
    for switch in switches {
        match *switch {
            FeatureSwitch::Feature(feature, on) => {
                set.set(feature, on);
            }
            FeatureSwitch::All(true) => set = Features::default(),
            FeatureSwitch::All(false) => set = Features::NONE,
            FeatureSwitch::Edition(edition) => set = Features::edition(edition),
            FeatureSwitch::Help => {}
        }
    }
    set
}

/// The list that `-W help` prints.
pub fn list() -> String {
    let mut text = String::from("WebAssembly features, for -W NAME[=on|off]:\n\n");
    for feature in Feature::ALL {
        let info = feature.info();
        let state = if feature.is_built() { "on" } else { "not built" };
        let _ = writeln!(text, "  {:26}{state:11}{}", info.name, info.doc);
        if !info.needs.is_empty() {
            let needs: Vec<&str> = info.needs.iter().map(|f| f.name()).collect();
            let _ = writeln!(text, "  {:37}Needs {}.", "", needs.join(", "));
        }
    }
    text.push_str(
        "\nSwitches apply in order. Switching a feature on switches on what it needs; switching it off,\n\
         what needs it. `all` is everything that is built; `wasm1`, `wasm2`, `wasm3` are exactly the\n\
         features of an edition of the specification: `-W wasm2 -W threads`.\n",
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(switches: &[&str]) -> Features {
        let switches: Vec<_> = switches.iter().map(|s| s.parse().unwrap()).collect();
        apply(&switches)
    }

    #[test]
    fn switches_apply_in_order() {
        assert_eq!(set(&[]), Features::default());
        assert!(!set(&["simd=off"]).contains(Feature::Simd));
        assert!(!set(&["simd=off"]).contains(Feature::RelaxedSimd), "it needs simd");
        assert!(set(&["simd=off", "relaxed-simd"]).contains(Feature::Simd));
        assert_eq!(set(&["all=off"]), Features::NONE);
        assert_eq!(set(&["wasm2"]), Features::edition(Edition::Wasm2));
        assert!(set(&["wasm2", "threads=on"]).contains(Feature::Threads));
    }

    #[test]
    fn errors_say_what_to_do() {
        let error = |text: &str| text.parse::<FeatureSwitch>().unwrap_err();
        assert!(error("smid").contains("`-W help`"));
        assert!(error("simd=maybe").contains("`on` or `off`"));
        assert!(error("stack-switching").contains("not built"));
        assert_eq!("stack-switching=off".parse(), Ok(FeatureSwitch::Feature(Feature::StackSwitching, false)));
    }

    #[test]
    fn the_list_names_every_feature() {
        let text = list();
        assert!(Feature::ALL.iter().all(|f| text.contains(f.name())));
    }
}
