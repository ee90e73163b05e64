//! A bounded part of fuzzing, the same in every run.

use windlass_fuzz::Random;
use windlass_fuzz::footprint::Counting;
use windlass_fuzz::target::{Settings, TARGETS, Tally, Target};

#[global_allocator]
static HEAP: Counting = Counting;

/// Runs the seeds and some pseudo-random cases of a target.
fn bounded(name: &str, cases: usize) -> Tally {
    let target = Target::named(name).expect("the table has it");
    let fuzz = (target.start)(&Settings::default()).expect("both tiers are built");
    let mut random = Random::new(cases as u64);
    let mut total = Tally::default();
    let mut run = |data: &[u8]| total += fuzz.run(data).unwrap_or_else(|finding| panic!("{name}: {finding}"));
    (target.seeds)().iter().for_each(|seed| run(seed));
    (0..cases).for_each(|_| run(&(target.case)(&mut random)));
    println!("{name}: {total}");
    total
}

/// Also that of those taken there are some, and some not: else it would test nothing.
#[test]
fn module_bytes() {
    let total = bounded("module_bytes", 1_500);
    assert!(total.modules > total.cases / 10 && total.rejected > total.cases / 10, "{total}");
}

#[test]
fn programs_limited() {
    let total = bounded("programs_limited", 400);
    assert!(total.modules > total.cases / 2, "too few programs run: {total}");
    assert!(2 * total.fruitful >= total.modules, "too few programs return from a call: {total}");
    let ends = [total.trapped, total.threw, total.ran_dry, total.interrupted, total.stillborn];
    assert!(ends.iter().all(|end| *end > 0), "some ends are not reached: {total}");
}

#[test]
fn api_calls() {
    let total = bounded("api_calls", 400);
    assert!(total.returned > total.calls() / 2, "too few calls return: {total}");
    let ends = [total.trapped, total.threw, total.ran_dry, total.interrupted, total.refused, total.panicked];
    assert!(ends.iter().all(|end| *end > 0), "some ends are not reached: {total}");
}

#[test]
fn differential() {
    let total = bounded("differential", 300);
    assert!(total.modules > total.cases * 3 / 4, "too few programs run: {total}");
    assert!(2 * total.fruitful >= total.modules, "too few programs return from a call: {total}");
    let ends = [total.trapped, total.threw, total.ran_dry];
    assert!(ends.iter().all(|end| *end > 0), "some ends are not reached: {total}");
}

#[test]
fn wasi_paths() {
    let total = bounded("wasi_paths", 300);
    assert!(total.returned > total.calls() / 10 && total.refused > total.calls() / 10, "{total}");
}

/// Every target is run above, and has its entry for libFuzzer.
#[test]
fn targets_are_complete() {
    let (tests, manifest) = (include_str!("bounded.rs"), include_str!("../../../fuzz/Cargo.toml"));
    for Target { name, .. } in TARGETS {
        assert!(tests.contains(&format!("bounded(\"{name}\"")), "no test of {name}");
        assert!(manifest.contains(&format!("name = \"{name}\"")), "no entry for {name}");
    }
}
