//! Guests that pass anything: no function panics, hangs, or reaches out of the guest's memory.

use super::guest::{FUNCTIONS, Guest, each};
use crate::errno::Stop;

/// A small generator of numbers, the same in every run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Numbers at which checks go wrong, and plain ones. None is of a size that would fill the host's disk.
    fn argument(&mut self) -> u64 {
        const EDGES: &[u64] = &[
            0,
            1,
            0x7fff_ffff,
            0x8000_0000,
            0xffff_ffff,
            0xffff_fff8,
            65535,
            65536,
            65528,
            u64::MAX,
            u64::MAX - 7,
            i64::MAX as u64,
            1 << 63,
        ];
        match self.next() % 4 {
            0 => EDGES[self.next() as usize % EDGES.len()],
            1 => self.next() % 8,
            2 => 4096 + self.next() % 256,
            _ => self.next() % 65536,
        }
    }
}

fn attack(g: &mut Guest, rounds: usize) {
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let mut left = 0;
    for _ in 0..rounds {
        let (name, count) = FUNCTIONS[numbers.next() as usize % FUNCTIONS.len()];
        // What lies in memory may be a time to sleep until; waiting has its own test.
        if name == "poll_oneoff" {
            continue;
        }
        let at = 4096 + (numbers.next() % 250) as u32;
        let bytes = numbers.argument().to_le_bytes();
        g.poke(at, &bytes);
        let args: Vec<u64> = (0..count).map(|_| numbers.argument()).collect();
        match g.run(name, &args) {
            Err(Stop::Exit(_)) => left += 1,
            Ok(()) | Err(Stop::Errno(_)) => {}
            Err(Stop::Interrupted) => panic!("nobody interrupted {name}"),
        }
    }
    assert!(left > 0, "proc_exit was called too");
}

#[test]
fn no_function_minds_what_it_is_given() {
    each(|g| {
        g.string("file");
        g.string("dir");
        attack(g, 20_000);
    });
}

#[test]
fn no_subscription_minds_what_it_is_given() {
    each(|g| {
        let mut numbers = Numbers(7);
        let at = g.put(&[0; 48 * 4]);
        for _ in 0..2_000 {
            for sub in 0..4 {
                let mut record = [0; 48];
                record[8] = (numbers.next() % 4) as u8;
                record[16..20].copy_from_slice(&(numbers.argument() as u32).to_le_bytes());
                record[40] = (numbers.next() % 3) as u8;
                g.poke(at as u32 + 48 * sub, &record);
            }
            g.call("poll_oneoff", &[at, numbers.argument(), 1 + numbers.next() % 4, numbers.argument()]);
        }
    });
}
