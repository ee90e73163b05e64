//! A bounded part of fuzzing, the same in every run.

use windlass::Strategy;
use windlass_fuzz::differential::Differ;
use windlass_fuzz::generator::Subset;
use windlass_fuzz::{Random, bytes, programs};

/// What the interpreter is compared with; where there is no compiler for the machine, with itself.
const SECOND: Strategy = if cfg!(all(target_arch = "x86_64", target_os = "linux")) {
    Strategy::Baseline
} else {
    Strategy::Interpreter
};

/// Something with the parts that modules have, in no particular order.
fn nonsense(random: &mut Random) -> Vec<u8> {
    let mut bytes = b"\0asm\x01\0\0\0".to_vec();
    for _ in 0..random.below(8) {
        let contents = random.below(60);
        bytes.extend([random.below(14) as u8, contents as u8]);
        bytes.extend(random.bytes(contents));
    }
    let cut = random.below(bytes.len() + 1);
    if random.below(4) == 0 {
        bytes.truncate(cut);
    }
    bytes
}

#[test]
fn arbitrary_bytes_become_a_module_or_an_error() {
    const CASES: usize = 20_000;
    let mut random = Random::new(1);
    let accepted = (0..CASES).filter(|_| bytes::compile(&nonsense(&mut random))).count();
    println!("{CASES} times nonsense: {accepted} accepted");
    assert!(accepted > 0 && accepted < CASES / 2);
}

#[test]
fn damaged_programs_become_a_module_or_an_error() {
    const CASES: usize = 3_000;
    let mut random = Random::new(2);
    let mut accepted = 0;
    for _ in 0..CASES {
        let input = random.bytes(1_000);
        let Ok(mut wasm) = programs::generate(&mut arbitrary::Unstructured::new(&input)) else { continue };
        let at = random.below(wasm.len());
        wasm[at] = random.number() as u8;
        accepted += usize::from(bytes::compile(&wasm));
    }
    println!("{CASES} damaged programs: {accepted} accepted");
    assert!(accepted > CASES / 20 && accepted < CASES);
}

#[test]
fn programs_end_in_permitted_ways() {
    const CASES: usize = 600;
    let mut random = Random::new(3);
    let mut total = programs::Tally::default();
    for _ in 0..CASES {
        let len = 2_000 + random.below(6_000);
        total += programs::run(&random.bytes(len));
    }
    println!("{CASES} programs, {} calls: {total:?}", total.calls());
    assert_eq!(total.modules + total.rejected, CASES);
    assert!(total.modules > CASES / 2, "too few programs run: {total:?}");
    assert!(total.calls() > CASES, "too few calls: {total:?}");
    assert!(2 * total.returned >= total.calls(), "too few calls return: {total:?}");
    assert!(total.trapped > 0 && total.ran_dry > 0, "limits are not reached: {total:?}");
}

/// A generator whose modules are all refused, or whose calls all trap, would test nothing.
#[test]
fn the_tiers_agree() {
    const CASES: usize = 400;
    let differ = Differ::new([Strategy::Interpreter, SECOND]).expect("both tiers are built");
    let mut random = Random::new(4);
    let (mut total, mut exhausted) = (programs::Tally::default(), 0);
    for _ in 0..CASES {
        let len = 500 + random.below(6_000);
        let agreement =
            differ.run(&random.bytes(len), Subset::ALL).unwrap_or_else(|finding| panic!("{finding}"));
        total += agreement.tally;
        exhausted += usize::from(agreement.exhausted);
    }
    println!("{CASES} programs, {} calls, {exhausted} exhausted stacks: {total:?}", total.calls());
    assert!(total.modules > CASES * 3 / 4, "too few programs run: {total:?}");
    assert!(2 * total.fruitful >= total.modules, "too few programs return from a call: {total:?}");
    assert!(
        total.trapped > 0 && total.threw > 0 && total.ran_dry > 0,
        "some ends are not reached: {total:?}"
    );
}
