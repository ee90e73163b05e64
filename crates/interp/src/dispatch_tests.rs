//! What the compiler has made of the handlers: with tail dispatch, each must go on by a jump.

use crate::machine::{DISPATCH, Dispatch};
use std::println;

#[test]
fn says_which_dispatch_this_build_has() {
    let expected = if cfg!(windlass_tail_dispatch) { Dispatch::Tail } else { Dispatch::Loop };
    assert_eq!(DISPATCH, expected);
    println!("dispatch: {DISPATCH:?}");
}

#[cfg(all(windlass_tail_dispatch, target_arch = "x86_64"))]
mod tail {
    use crate::handlers::call::SlowCallIndirect;
    use crate::handlers::control::{Interrupted, OutOfFuel};
    use crate::machine::{Fail, Handler, Trap, run_rare};
    use crate::table::ENTRIES;
    use iced_x86::{Code, Decoder, DecoderOptions, FlowControl, Instruction, Mnemonic, OpKind, Register};
    use std::collections::{BTreeSet, HashMap};
    use std::println;
    use std::string::{String, ToString};
    use std::vec::Vec;

    /// Where handlers jump in rare cases: other code, though it may lie near.
    fn rare() -> [u64; 8] {
        let rare: [Handler; 8] = [
            run_rare::<Trap>,
            run_rare::<Fail>,
            run_rare::<OutOfFuel>,
            run_rare::<Interrupted>,
            run_rare::<SlowCallIndirect<u32, false>>,
            run_rare::<SlowCallIndirect<u64, false>>,
            run_rare::<SlowCallIndirect<u32, true>>,
            run_rare::<SlowCallIndirect<u64, true>>,
        ];
        rare.map(|handler| handler as *const u8 as u64)
    }

    /// The longest handler that is expected, in bytes.
    const LONGEST: usize = 4096;

    /// The instructions of a function that can be reached from its start by branches within `LONGEST` bytes of it.
    fn reachable(start: *const u8) -> Vec<Instruction> {
        let (mut seen, mut found) = (BTreeSet::new(), Vec::new());
        let (begin, rare) = (start as u64, rare());
        let mut work = std::vec![begin];
        while let Some(mut at) = work.pop() {
            while seen.insert(at) {
                // SAFETY: `at` was reached by following the code of this very process.
                let bytes = unsafe { core::slice::from_raw_parts(start.add((at - begin) as usize), 15) };
                let i = Decoder::with_ip(64, bytes, at, DecoderOptions::NONE).decode();
                found.push(i);
                at = i.next_ip();
                let near = |target: u64| {
                    (begin..begin + LONGEST as u64).contains(&target) && !rare.contains(&target)
                };
                match i.flow_control() {
                    FlowControl::ConditionalBranch if near(i.near_branch_target()) => {
                        work.push(i.near_branch_target())
                    }
                    FlowControl::UnconditionalBranch if near(i.near_branch_target()) => {
                        work.push(i.near_branch_target());
                        break;
                    }
                    FlowControl::Next
                    | FlowControl::ConditionalBranch
                    | FlowControl::Call
                    | FlowControl::IndirectCall => {}
                    _ => break,
                }
            }
        }
        found
    }

    /// Handlers that call a function of the C library through a register: multiplication and addition in one.
    const CALL_THE_LIBRARY: [&str; 4] =
        ["f32x4.relaxed_madd", "f32x4.relaxed_nmadd", "f64x2.relaxed_madd", "f64x2.relaxed_nmadd"];

    /// Whether an instruction may be a call of the handler whose address is in the code. Builtins are called through
    /// their table, and functions of our own directly.
    fn calls_a_handler(i: &Instruction) -> bool {
        i.flow_control() == FlowControl::IndirectCall
            && (i.op0_kind() == OpKind::Register
                || i.memory_index() != Register::None
                || i.memory_base() == Register::RDI)
    }

    #[test]
    fn handlers_end_in_jumps() {
        let mut with_calls: HashMap<String, usize> = HashMap::new();
        let mut jumps = 0;
        for entry in &ENTRIES {
            let code = reachable(entry.handler as *const u8);
            for i in &code {
                assert!(
                    !calls_a_handler(i) || CALL_THE_LIBRARY.contains(&entry.name),
                    "{} calls the next handler: the host's stack would grow",
                    entry.name
                );
            }
            jumps += code.iter().any(|i| i.flow_control() == FlowControl::IndirectBranch) as usize;
            if code.iter().any(|i| i.mnemonic() == Mnemonic::Call && i.code() != Code::INVALID) {
                *with_calls.entry(entry.name.to_string()).or_default() += 1;
            }
        }
        println!(
            "{} handlers, {jumps} go on by a jump; with calls of functions: {with_calls:?}",
            ENTRIES.len()
        );
        // All but the few that always stop.
        assert!(jumps + 8 >= ENTRIES.len());
        // What programs consist of needs no call of any function, and so no frame.
        for name in [
            "i32.add",
            "i64.mul",
            "f64.mul",
            "i32.load",
            "i64.store",
            "br_if",
            "i32.lt_s",
            "copy",
            "global.get",
            "call",
            "return",
            "i32.div_u",
        ] {
            assert!(!with_calls.contains_key(name), "{name} calls a function");
        }
    }
}
