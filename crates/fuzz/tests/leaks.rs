//! Cases leave nothing behind: neither on the heap, nor in the address space, nor descriptors. One test, alone in its
//! process, because others would be measured with it.

use windlass_fuzz::Random;
use windlass_fuzz::footprint::{Counting, growth};
use windlass_fuzz::target::{Settings, TARGETS};

#[global_allocator]
static HEAP: Counting = Counting;

#[test]
fn cases_leave_nothing_behind() {
    const CASES: u64 = 12;
    let mut kept: Vec<Vec<u8>> = Vec::with_capacity(100);
    assert!(growth(|| kept.push(vec![0; 100])).is_some(), "growth is not seen");
    assert_eq!(growth(|| drop(vec![0_u8; 100])), None);
    for target in TARGETS {
        let fuzz = (target.start)(&Settings::default()).expect("both tiers are built");
        let mut ran = 0;
        for case in 0.. {
            let data = (target.case)(&mut Random::new(case));
            let tally = fuzz.run(&data).unwrap_or_else(|finding| panic!("{}: {finding}", target.name));
            if tally.modules == 0 {
                continue;
            }
            let growth = growth(|| {
                let _ = fuzz.run(&data);
                fuzz.settle();
            });
            assert_eq!(growth, None, "{} case {case}", target.name);
            ran += 1;
            if ran == CASES {
                break;
            }
        }
    }
}
