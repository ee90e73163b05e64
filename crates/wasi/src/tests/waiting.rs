//! `poll_oneoff`: times, files, streams, and what is wrong with a subscription.

use super::guest::{Guest, OUT, READ, ROOT, WRITE, each, each_with};
use crate::Errno;
use std::time::{Duration, Instant};

const EVENTS: u32 = 2048;

enum Sub {
    Clock { id: u32, timeout: u64, absolute: bool },
    Read(u64),
    Write(u64),
}

/// An event: which subscription, the error, how many bytes.
type Event = (u64, u16, u64);

fn poll(g: &mut Guest, subs: &[Sub]) -> Vec<Event> {
    let mut bytes = Vec::new();
    for (number, sub) in subs.iter().enumerate() {
        let mut record = [0; 48];
        record[0..8].copy_from_slice(&(number as u64).to_le_bytes());
        match *sub {
            Sub::Clock { id, timeout, absolute } => {
                record[16..20].copy_from_slice(&id.to_le_bytes());
                record[24..32].copy_from_slice(&timeout.to_le_bytes());
                record[40] = u8::from(absolute);
            }
            Sub::Read(fd) => (record[8], record[16]) = (1, fd as u8),
            Sub::Write(fd) => (record[8], record[16]) = (2, fd as u8),
        }
        bytes.extend_from_slice(&record);
    }
    let at = g.put(&bytes);
    g.ok("poll_oneoff", &[at, EVENTS.into(), subs.len() as u64, OUT.into()]);
    let event = |i| {
        let at = EVENTS + 32 * i;
        let number = g.u64(at);
        let kind = match subs[number as usize] {
            Sub::Clock { .. } => 0,
            Sub::Read(_) => 1,
            Sub::Write(_) => 2,
        };
        assert_eq!(g.peek(at + 10, 1), [kind]);
        (number, g.u16(at + 8), g.u64(at + 16))
    };
    (0..g.u32(OUT)).map(event).collect()
}

const fn after(milliseconds: u64) -> Sub {
    Sub::Clock { id: 1, timeout: milliseconds * 1_000_000, absolute: false }
}

#[test]
fn sleeping_takes_its_time() {
    each(|g| {
        let start = Instant::now();
        assert_eq!(poll(g, &[after(10_000), after(20)]), [(1, 0, 0)]);
        let slept = start.elapsed();
        assert!(slept >= Duration::from_millis(20) && slept < Duration::from_secs(5), "{slept:?}");
    });
}

#[test]
fn absolute_times_are_of_their_clock() {
    each(|g| {
        let now = Sub::Clock { id: 0, timeout: 1_000_000_007, absolute: true };
        let past = Sub::Clock { id: 0, timeout: 0, absolute: true };
        assert_eq!(poll(g, &[now, past, after(10_000)]), [(0, 0, 0), (1, 0, 0)]);
        g.ok("clock_time_get", &[1, 0, OUT.into()]);
        let soon = Sub::Clock { id: 1, timeout: g.u64(OUT) + 1_000_000, absolute: true };
        assert_eq!(poll(g, &[soon]), [(0, 0, 0)]);
    });
}

#[test]
fn a_replaced_clock_that_stands_still_does_not_hold_up_a_sleep() {
    each_with(
        |builder| {
            builder.monotonic_clock(|| Duration::from_secs(1));
        },
        |g| {
            let start = Instant::now();
            let soon = Sub::Clock { id: 1, timeout: 1_020_000_000, absolute: true };
            assert_eq!(poll(g, &[soon]), [(0, 0, 0)]);
            assert!(start.elapsed() >= Duration::from_millis(20));
        },
    );
}

#[test]
fn files_are_always_ready() {
    each(|g| {
        let fd = g.open("file", 0, READ | WRITE, 0);
        assert_eq!(g.read(fd, 4), b"hell");
        assert_eq!(poll(g, &[after(10_000), Sub::Read(fd), Sub::Write(fd)]), [(1, 0, 7), (2, 0, 1)]);
        assert_eq!(poll(g, &[Sub::Read(0), Sub::Write(1), Sub::Write(2)]), [(0, 0, 1), (1, 0, 1), (2, 0, 1)]);
    });
}

#[test]
fn a_fifo_is_ready_when_something_comes() {
    each(|g| {
        rustix::fs::mknodat(
            rustix::fs::CWD,
            g.host("fifo"),
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RWXU,
            0,
        )
        .unwrap();
        let fd = g.open("fifo", 0, READ | WRITE, 4);
        assert_eq!(poll(g, &[Sub::Read(fd), after(5)]), [(1, 0, 0)]);
        let [iovs, count] = g.buffers(&[(1000, 3)]);
        g.err("fd_read", &[fd, iovs, count, OUT.into()], Errno::Again);
        assert_eq!(g.write(fd, b"abc"), 3);
        assert_eq!(poll(g, &[Sub::Read(fd), after(10_000)]), [(0, 0, 3)]);
        g.err("fd_seek", &[fd, 0, 0, OUT.into()], Errno::Spipe);
        g.ok("fd_fdstat_set_flags", &[fd, 1]);
        assert_eq!(g.write(fd, b"d"), 1, "appending to what has no end is writing");
        assert_eq!(g.read(fd, 9), b"abcd");
    });
}

#[test]
fn what_is_wrong_with_one_subscription_is_its_event() {
    each(|g| {
        let unknown = Sub::Clock { id: 9, timeout: 0, absolute: false };
        let subs = [Sub::Read(77), unknown, Sub::Read(1), Sub::Write(0), Sub::Read(ROOT), after(10_000)];
        let badf = Errno::Badf as u16;
        assert_eq!(
            poll(g, &subs),
            [(0, badf, 0), (1, Errno::Inval as u16, 0), (2, badf, 0), (3, badf, 0), (4, badf, 0)]
        );
    });
}
