//! Guest memory: the edges of it, and buffers that overlap.

use super::guest::{OUT, READ, SIZE, WRITE, each};
use crate::Errno;

const TO: u64 = OUT as u64;

#[test]
fn overlapping_buffers_are_read_into_one_after_the_other() {
    each(|g| {
        let fd = g.open("file", 0, READ, 0);
        let [iovs, count] = g.buffers(&[(1000, 4), (1002, 4)]);
        let mut read = 0;
        while read < 11 {
            g.ok("fd_read", &[fd, iovs, count, TO]);
            assert_ne!(g.u32(OUT), 0);
            read += g.u32(OUT);
        }
        assert_eq!(read, 11);
    });
}

#[test]
fn buffers_in_any_order_are_filled_in_theirs() {
    each(|g| {
        let fd = g.open("file", 0, READ, 0);
        let [iovs, count] = g.buffers(&[(3000, 2), (1000, 3), (0, 0), (2000, 1), (1003, 100)]);
        g.ok("fd_read", &[fd, iovs, count, TO]);
        assert_eq!(g.u32(OUT), 11);
        assert_eq!([g.peek(3000, 2), g.peek(1000, 3), g.peek(2000, 1)].concat(), b"hello ");
        assert_eq!(g.peek(1003, 6), b"world\0");
    });
}

#[test]
fn the_same_buffer_can_be_written_often() {
    each(|g| {
        let text = g.put(b"ab") as u32;
        let [iovs, count] = g.buffers(&[(text, 2); 5]);
        g.ok("fd_write", &[1, iovs, count, TO]);
        assert_eq!(g.u32(OUT), 10);
        assert_eq!(g.stdout.contents(), b"ababababab");
    });
}

#[test]
fn more_buffers_than_the_host_takes_are_a_short_write() {
    each(|g| {
        let fd = g.open("many", 1, WRITE, 0);
        let text = g.put(b"x") as u32;
        let [iovs, count] = g.buffers(&[(text, 1); 3000]);
        g.ok("fd_write", &[fd, iovs, count, TO]);
        assert_eq!(g.u32(OUT), 1024);
    });
}

#[test]
fn no_buffers_are_nothing() {
    each(|g| {
        let fd = g.open("file", 0, READ | WRITE, 0);
        let [empty, one] = g.buffers(&[(SIZE as u32, 0)]);
        for (iovs, count) in [(0, 0), (SIZE as u64, 0), (empty, one)] {
            for fd in [fd, 1] {
                g.ok("fd_write", &[fd, iovs, count, TO]);
                assert_eq!(g.u32(OUT), 0);
            }
            for fd in [fd, 0] {
                g.ok("fd_read", &[fd, iovs, count, TO]);
                assert_eq!(g.u32(OUT), 0);
            }
        }
        assert_eq!(g.read(fd, 5), b"hello");
    });
}

#[test]
fn the_last_byte_is_within_and_the_next_is_not() {
    each(|g| {
        let size = SIZE as u64;
        g.ok("clock_time_get", &[0, 0, size - 8]);
        for at in [size - 7, size, u64::from(u32::MAX), u64::from(u32::MAX) - 7] {
            g.err("clock_time_get", &[0, 0, at], Errno::Fault);
        }
        g.ok("random_get", &[0, size]);
        g.err("random_get", &[1, size], Errno::Fault);
        g.err("random_get", &[u64::from(u32::MAX), u64::from(u32::MAX)], Errno::Fault);
    });
}

#[test]
fn results_may_lie_in_the_buffer_itself() {
    each(|g| {
        let fd = g.open("file", 0, READ, 0);
        let [iovs, count] = g.buffers(&[(OUT, 11)]);
        g.ok("fd_read", &[fd, iovs, count, TO]);
        assert_eq!(g.u32(OUT), 11);
        assert_eq!(g.peek(OUT + 4, 7), b"o world");
    });
}
