//! Standard streams: the host's, custom ones, none.

use super::guest::{OUT, each, each_with};
use crate::streams::{HostStream, Which};
use crate::types::{FileType, Rights};
use crate::{Errno, WasiCtxBuilder};
use std::io::{self, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const TO: u64 = OUT as u64;

#[test]
fn a_new_context_has_nothing_to_read_and_forgets_what_is_written() {
    each(|g| {
        g.ctx = WasiCtxBuilder::new().build();
        assert_eq!(g.read(0, 10), b"");
        assert_eq!(g.write(1, b"lost") + g.write(2, b"too"), 7);
        g.ok("args_sizes_get", &[TO, TO + 4]);
        g.ok("environ_sizes_get", &[TO + 8, TO + 12]);
        assert_eq!(g.peek(OUT, 16), [0; 16]);
        g.err("fd_prestat_get", &[3, TO], Errno::Badf);
    });
}

#[test]
fn variables_are_set_once() {
    each_with(
        |builder| {
            builder.envs([("A", "1"), ("AB", "2"), ("A", "3")]);
        },
        |g| {
            g.ok("environ_get", &[TO, 256]);
            assert_eq!(g.peek(256, 19), b"KEY=value\0A=3\0AB=2\0");
        },
    );
}

#[test]
fn streams_say_what_they_are() {
    each(|g| {
        for (fd, missing) in [(0, Rights::FD_WRITE), (1, Rights::FD_READ), (2, Rights::FD_READ)] {
            g.ok("fd_fdstat_get", &[fd, TO]);
            assert_eq!(g.peek(OUT, 1), [FileType::Unknown as u8]);
            assert_eq!(g.u64(OUT + 8), (Rights::STREAM - missing).bits());
            assert_eq!(g.u64(OUT + 16), 0);
        }
        g.ok("fd_fdstat_set_flags", &[1, 1 | 4]);
        assert_eq!(g.write(1, b"x"), 1);
    });
}

/// What the streams of the test's own process are, depends on who runs it; that they agree with the host does not.
#[test]
fn streams_of_the_host_are_as_the_host_says() {
    each_with(
        |builder| {
            builder.inherit_stdio();
        },
        |g| {
            for (fd, which) in [(0, Which::Stdin), (1, Which::Stdout), (2, Which::Stderr)] {
                let stream = HostStream::new(which);
                g.ok("fd_fdstat_get", &[fd, TO]);
                assert_eq!(g.peek(OUT, 1), [stream.file_type() as u8]);
                let rights = Rights::from_bits(g.u64(OUT + 8)).unwrap();
                let terminal = rustix::termios::isatty(stream.fd());
                assert!(!(terminal && rights.intersects(Rights::FD_SEEK | Rights::FD_TELL)));
                assert_eq!(rights.contains(Rights::FD_READ), fd == 0);
                assert_eq!(rights.contains(Rights::FD_WRITE), fd != 0);
                g.ok("fd_filestat_get", &[fd, TO]);
                g.err("fd_filestat_set_size", &[fd, 0], Errno::Badf);
                g.err("fd_filestat_set_times", &[fd, 0, 0, 2], Errno::Badf);
            }
        },
    );
}

/// Reads one byte a time, is interrupted before the first, and fails after the third.
struct Slow(usize);

impl Read for Slow {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        self.0 += 1;
        match self.0 {
            1 => Err(io::ErrorKind::Interrupted.into()),
            2..=4 => {
                to[0] = b'0' + self.0 as u8;
                Ok(1)
            }
            _ => Err(io::ErrorKind::ConnectionReset.into()),
        }
    }
}

#[test]
fn custom_input_comes_as_it_comes() {
    each_with(
        |builder| {
            builder.stdin(Slow(0));
        },
        |g| {
            assert_eq!([g.read(0, 9), g.read(0, 9), g.read(0, 9)].concat(), b"234");
            let [iovs, count] = g.buffers(&[(1000, 3)]);
            g.err("fd_read", &[0, iovs, count, TO], Errno::Io);
        },
    );
}

/// Counts how often it is flushed, and takes two bytes a time.
struct Flushed(Arc<AtomicUsize>);

impl Write for Flushed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len().min(2))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

#[test]
fn custom_output_is_flushed_by_sync_and_close() {
    each(|g| {
        let count = Arc::new(AtomicUsize::new(0));
        g.ctx = WasiCtxBuilder::new().stdout(Flushed(count.clone())).build();
        assert_eq!(g.write(1, b"abc"), 3, "written in two steps");
        g.ok("fd_sync", &[1]);
        g.ok("fd_datasync", &[1]);
        g.ok("fd_close", &[1]);
        assert_eq!(count.load(Ordering::Relaxed), 3);
    });
}

#[test]
fn a_broken_clock_is_an_error() {
    each_with(
        |builder| {
            builder.monotonic_clock(|| std::time::Duration::MAX);
        },
        |g| g.err("clock_time_get", &[1, 0, TO], Errno::Overflow),
    );
}

/// Says that it is a terminal, and gives more than it was asked for.
struct Terminal;

impl crate::InputStream for Terminal {
    fn poll_read(
        &mut self,
        _: &mut std::task::Context<'_>,
        buffer: &mut [u8],
    ) -> std::task::Poll<io::Result<usize>> {
        std::task::Poll::Ready(Ok(buffer.len() + 10))
    }

    fn is_terminal(&self) -> bool {
        true
    }
}

#[test]
fn a_custom_stream_can_be_a_terminal_and_cannot_read_more_than_there_is_room_for() {
    each_with(
        |builder| {
            builder.stdin(Terminal);
        },
        |g| {
            g.ok("fd_fdstat_get", &[0, TO]);
            assert_eq!(g.peek(OUT, 1), [FileType::CharacterDevice as u8]);
            assert_eq!(g.read(0, 3).len(), 3);
        },
    );
}

#[test]
fn who_does_not_wait_is_told_to_come_again() {
    let input = crate::InputBuffer::new();
    each_with(
        |builder| {
            builder.stdin(input.clone());
        },
        |g| {
            g.ok("fd_fdstat_set_flags", &[0, 4]);
            let [iovs, count] = g.buffers(&[(1000, 3)]);
            g.err("fd_read", &[0, iovs, count, TO], Errno::Again);
            input.push("abcd");
            assert_eq!([g.read(0, 3), g.read(0, 3)].concat(), b"abcd");
            g.err("fd_read", &[0, iovs, count, TO], Errno::Again);
        },
    );
    input.close();
    input.close();
}
