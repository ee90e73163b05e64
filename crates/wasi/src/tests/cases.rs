//! A success and an error of every function.

use super::guest::{FUNCTIONS, Guest, OUT, READ, ROOT, SIZE, WRITE, each};
use crate::Errno;
use crate::errno::{Exit, Stop};
use crate::types::{FileType, Rights};

const OUT2: u32 = 128;
const TO: u64 = OUT as u64;
const TO2: u64 = OUT2 as u64;
/// A descriptor that nobody has.
const NONE: u64 = 99;
/// A pointer out of memory.
const FAR: u64 = SIZE as u64 - 1;

struct Case {
    name: &'static str,
    success: fn(&mut Guest),
    error: fn(&mut Guest),
}

/// One row a function, in the order of the functions' own table.
const CASES: &[Case] = &[
    Case {
        name: "args_get",
        success: |g| {
            g.ok("args_get", &[TO, 256]);
            assert_eq!([g.u32(OUT), g.u32(OUT + 4)], [256, 264]);
            assert_eq!(g.peek(256, 18), b"program\0two words\0");
        },
        error: |g| {
            g.err("args_get", &[FAR, 256], Errno::Fault);
            g.err("args_get", &[TO, FAR], Errno::Fault);
        },
    },
    Case {
        name: "args_sizes_get",
        success: |g| {
            g.ok("args_sizes_get", &[TO, TO2]);
            assert_eq!([g.u32(OUT), g.u32(OUT2)], [2, 18]);
        },
        error: |g| g.err("args_sizes_get", &[TO, FAR], Errno::Fault),
    },
    Case {
        name: "clock_res_get",
        success: |g| {
            for clock in 0..4 {
                g.ok("clock_res_get", &[clock, TO]);
                assert_ne!(g.u64(OUT), 0);
            }
        },
        error: |g| g.err("clock_res_get", &[4, TO], Errno::Inval),
    },
    Case {
        name: "clock_time_get",
        success: |g| {
            g.ok("clock_time_get", &[0, 0, TO]);
            assert_eq!(g.u64(OUT), 1_000_000_007);
            let monotonic: Vec<u64> = (0..3)
                .map(|_| {
                    g.ok("clock_time_get", &[1, 1, TO]);
                    g.u64(OUT)
                })
                .collect();
            assert!(monotonic.is_sorted());
        },
        error: |g| {
            g.err("clock_time_get", &[u64::from(u32::MAX), 0, TO], Errno::Inval);
            g.err("clock_time_get", &[0, 0, FAR], Errno::Fault);
        },
    },
    Case {
        name: "environ_get",
        success: |g| {
            g.ok("environ_get", &[TO, 256]);
            assert_eq!(g.u32(OUT), 256);
            assert_eq!(g.peek(256, 10), b"KEY=value\0");
        },
        error: |g| g.err("environ_get", &[TO, FAR], Errno::Fault),
    },
    Case {
        name: "environ_sizes_get",
        success: |g| {
            g.ok("environ_sizes_get", &[TO, TO2]);
            assert_eq!([g.u32(OUT), g.u32(OUT2)], [1, 10]);
        },
        error: |g| g.err("environ_sizes_get", &[FAR, TO], Errno::Fault),
    },
    Case {
        name: "fd_advise",
        success: |g| {
            let fd = g.open("file", 0, READ, 0);
            for advice in 0..6 {
                g.ok("fd_advise", &[fd, 0, 5, advice]);
            }
            g.ok("fd_advise", &[fd, 3, 0, 0]);
        },
        error: |g| {
            let fd = g.open("file", 0, READ, 0);
            g.err("fd_advise", &[fd, 0, 5, 6], Errno::Inval);
            g.err("fd_advise", &[fd, u64::MAX, 5, 0], Errno::Inval);
            g.err("fd_advise", &[ROOT, 0, 5, 0], Errno::Badf);
            g.err("fd_advise", &[0, 0, 5, 0], Errno::Spipe);
        },
    },
    Case {
        name: "fd_allocate",
        success: |g| {
            let fd = g.open("file", 0, WRITE, 0);
            match g.call("fd_allocate", &[fd, 100, 100]) {
                0 => assert_eq!(std::fs::metadata(g.host("file")).unwrap().len(), 200),
                error => assert_eq!(error, Errno::NotSup as u16, "some file systems cannot do it"),
            }
        },
        error: |g| {
            let fd = g.open("file", 0, WRITE, 0);
            g.err("fd_allocate", &[fd, u64::MAX, 2], Errno::Fbig);
            g.err("fd_allocate", &[fd, 1 << 63, 2], Errno::Fbig);
            g.err("fd_allocate", &[fd, 0, 0], Errno::Inval);
            g.err("fd_allocate", &[ROOT, 0, 1], Errno::Badf);
            g.err("fd_allocate", &[1, 0, 1], Errno::Spipe);
        },
    },
    Case {
        name: "fd_close",
        success: |g| {
            let fd = g.open("file", 0, READ, 0);
            g.ok("fd_close", &[fd]);
            g.err("fd_tell", &[fd, TO], Errno::Badf);
        },
        error: |g| {
            g.err("fd_close", &[NONE], Errno::Badf);
            g.ok("fd_close", &[1]);
            g.err("fd_close", &[1], Errno::Badf);
        },
    },
    Case {
        name: "fd_datasync",
        success: |g| {
            let fd = g.open("file", 0, WRITE, 0);
            g.ok("fd_datasync", &[fd]);
            g.ok("fd_datasync", &[1]);
        },
        error: |g| g.err("fd_datasync", &[NONE], Errno::Badf),
    },
    Case {
        name: "fd_fdstat_get",
        success: |g| {
            let fd = g.open("file", 0, READ, 1);
            g.ok("fd_fdstat_get", &[fd, TO]);
            assert_eq!(g.peek(OUT, 4), [FileType::RegularFile as u8, 0, 1, 0]);
            assert_eq!(g.u64(OUT + 8), (Rights::FILE - Rights::FD_WRITE).bits());
            assert_eq!(g.u64(OUT + 16), 0);
            g.ok("fd_fdstat_get", &[ROOT, TO]);
            assert_eq!(g.peek(OUT, 4), [FileType::Directory as u8, 0, 0, 0]);
            assert_eq!(g.u64(OUT + 8), Rights::DIRECTORY.bits());
            assert_eq!(g.u64(OUT + 16), (Rights::DIRECTORY | Rights::FILE).bits());
        },
        error: |g| {
            g.err("fd_fdstat_get", &[NONE, TO], Errno::Badf);
            g.err("fd_fdstat_get", &[0, FAR - 20], Errno::Fault);
        },
    },
    Case {
        name: "fd_fdstat_set_flags",
        success: |g| {
            let fd = g.open("file", 0, READ | WRITE, 0);
            for flags in [1, 4, 5, 0] {
                g.ok("fd_fdstat_set_flags", &[fd, flags]);
                g.ok("fd_fdstat_get", &[fd, TO]);
                assert_eq!(u64::from(g.u16(OUT + 2)), flags);
            }
        },
        error: |g| {
            let fd = g.open("file", 0, READ, 0);
            g.err("fd_fdstat_set_flags", &[fd, 1 << 5], Errno::Inval);
            g.err("fd_fdstat_set_flags", &[fd, 1 << 16], Errno::Inval);
            g.err("fd_fdstat_set_flags", &[fd, 1 << 4], Errno::Inval);
            g.err("fd_fdstat_set_flags", &[NONE, 0], Errno::Badf);
        },
    },
    Case {
        name: "fd_fdstat_set_rights",
        success: |g| {
            let fd = g.open("file", 0, READ | WRITE, 0);
            g.ok("fd_fdstat_set_rights", &[fd, READ, 0]);
            g.ok("fd_fdstat_get", &[fd, TO]);
            assert_eq!(g.u64(OUT + 8), READ);
            let [iovs, count] = g.buffer(b"x");
            g.err("fd_write", &[fd, iovs, count, TO], Errno::Badf);
            g.err("fd_sync", &[fd], Errno::NotCapable);
        },
        error: |g| {
            let fd = g.open("file", 0, READ, 0);
            g.err("fd_fdstat_set_rights", &[fd, READ | WRITE, 0], Errno::NotCapable);
            g.err("fd_fdstat_set_rights", &[fd, READ, READ], Errno::NotCapable);
            g.err("fd_fdstat_set_rights", &[fd, 1 << 40, 0], Errno::NotCapable);
            g.err("fd_fdstat_set_rights", &[NONE, 0, 0], Errno::Badf);
        },
    },
    Case {
        name: "fd_filestat_get",
        success: |g| {
            use std::os::unix::fs::MetadataExt;
            let fd = g.open("file", 0, READ, 0);
            g.ok("fd_filestat_get", &[fd, TO]);
            let host = std::fs::metadata(g.host("file")).unwrap();
            let time = |seconds: i64, nanoseconds: i64| seconds as u64 * 1_000_000_000 + nanoseconds as u64;
            let expected = [
                host.dev(),
                host.ino(),
                FileType::RegularFile as u64,
                1,
                11,
                time(host.atime(), host.atime_nsec()),
                time(host.mtime(), host.mtime_nsec()),
                time(host.ctime(), host.ctime_nsec()),
            ];
            let got: Vec<u64> = (0..8).map(|i| g.u64(OUT + 8 * i)).collect();
            assert_eq!(got, expected);
            g.ok("fd_filestat_get", &[ROOT, TO]);
            assert_eq!(g.u64(OUT + 16), FileType::Directory as u64);
            g.ok("fd_filestat_get", &[1, TO]);
            assert_eq!(g.u64(OUT + 16), FileType::Unknown as u64);
        },
        error: |g| {
            g.err("fd_filestat_get", &[NONE, TO], Errno::Badf);
            g.err("fd_filestat_get", &[ROOT, FAR - 60], Errno::Fault);
        },
    },
    Case {
        name: "fd_filestat_set_size",
        success: |g| {
            let fd = g.open("file", 0, WRITE, 0);
            g.ok("fd_filestat_set_size", &[fd, 5]);
            g.ok("fd_filestat_set_size", &[fd, 7]);
            assert_eq!(std::fs::read(g.host("file")).unwrap(), b"hello\0\0");
        },
        error: |g| {
            let fd = g.open("file", 0, READ, 0);
            g.err("fd_filestat_set_size", &[fd, 5], Errno::Inval);
            g.err("fd_filestat_set_size", &[ROOT, 5], Errno::Badf);
            g.err("fd_filestat_set_size", &[1, 5], Errno::Badf);
            let fd = g.open("file", 0, WRITE, 0);
            g.err("fd_filestat_set_size", &[fd, u64::MAX], Errno::Inval);
        },
    },
    Case {
        name: "fd_filestat_set_times",
        success: |g| {
            let fd = g.open("file", 0, WRITE, 0);
            g.ok("fd_filestat_set_times", &[fd, 1_000_000_002, 3_000_000_004, 1 | 4]);
            g.ok("fd_filestat_get", &[fd, TO]);
            assert_eq!([g.u64(OUT + 40), g.u64(OUT + 48)], [1_000_000_002, 3_000_000_004]);
            g.ok("fd_filestat_set_times", &[fd, 0, 0, 8]);
            g.ok("fd_filestat_get", &[fd, TO]);
            assert_eq!(g.u64(OUT + 40), 1_000_000_002);
            assert!(g.u64(OUT + 48) > 1_000_000_000_000_000_000);
        },
        error: |g| {
            let fd = g.open("file", 0, WRITE, 0);
            g.err("fd_filestat_set_times", &[fd, 0, 0, 1 | 2], Errno::Inval);
            g.err("fd_filestat_set_times", &[fd, 0, 0, 4 | 8], Errno::Inval);
            g.err("fd_filestat_set_times", &[fd, 0, 0, 16], Errno::Inval);
            g.err("fd_filestat_set_times", &[1, 0, 0, 2], Errno::Badf);
        },
    },
    Case {
        name: "fd_pread",
        success: |g| {
            let fd = g.open("file", 0, READ, 0);
            let [iovs, count] = g.buffers(&[(1000, 3), (0, 0), (2000, 9)]);
            g.ok("fd_pread", &[fd, iovs, count, 4, TO]);
            assert_eq!(g.u32(OUT), 7);
            assert_eq!(g.peek(1000, 3), b"o w");
            assert_eq!(g.peek(2000, 5), b"orld\0");
            assert_eq!(g.read(fd, 5), b"hello");
        },
        error: |g| {
            let fd = g.open("file", 0, READ, 0);
            let [iovs, count] = g.buffers(&[(1000, 3)]);
            g.err("fd_pread", &[fd, iovs, count, u64::MAX, TO], Errno::Inval);
            g.err("fd_pread", &[fd, iovs, count, 0, FAR], Errno::Fault);
            g.err("fd_pread", &[0, iovs, count, 0, TO], Errno::Spipe);
            g.err("fd_pread", &[ROOT, iovs, count, 0, TO], Errno::IsDir);
            g.err("fd_pread", &[1, iovs, count, 0, TO], Errno::Badf);
        },
    },
    Case {
        name: "fd_prestat_dir_name",
        success: |g| {
            g.poke(OUT, b"abc");
            g.ok("fd_prestat_dir_name", &[ROOT, TO, 3]);
            assert_eq!(g.peek(OUT, 3), b"/bc");
        },
        error: |g| {
            g.err("fd_prestat_dir_name", &[ROOT, TO, 0], Errno::NameTooLong);
            g.err("fd_prestat_dir_name", &[1, TO, 1], Errno::Badf);
            g.err("fd_prestat_dir_name", &[ROOT, FAR + 1, 1], Errno::Fault);
        },
    },
    Case {
        name: "fd_prestat_get",
        success: |g| {
            g.ok("fd_prestat_get", &[ROOT, TO]);
            assert_eq!(g.peek(OUT, 8), [0, 0, 0, 0, 1, 0, 0, 0]);
        },
        error: |g| {
            g.err("fd_prestat_get", &[ROOT + 1, TO], Errno::Badf);
            let fd = g.open("dir", 2, 0, 0);
            g.err("fd_prestat_get", &[fd, TO], Errno::Badf);
            g.err("fd_prestat_get", &[ROOT, FAR], Errno::Fault);
        },
    },
    Case {
        name: "fd_pwrite",
        success: |g| {
            let fd = g.open("file", 0, WRITE, 0);
            let (a, b) = (g.put(b"XY") as u32, g.put(b"Z") as u32);
            let [iovs, count] = g.buffers(&[(a, 2), (b, 1)]);
            g.ok("fd_pwrite", &[fd, iovs, count, 1, TO]);
            assert_eq!(g.u32(OUT), 3);
            assert_eq!(g.write(fd, b"_"), 1);
            assert_eq!(std::fs::read(g.host("file")).unwrap(), b"_XYZo world");
        },
        error: |g| {
            let fd = g.open("file", 0, READ, 0);
            let [iovs, count] = g.buffer(b"x");
            g.err("fd_pwrite", &[fd, iovs, count, 0, TO], Errno::Badf);
            g.err("fd_pwrite", &[1, iovs, count, 0, TO], Errno::Spipe);
            let fd = g.open("file", 0, WRITE, 0);
            g.err("fd_pwrite", &[fd, iovs, count, u64::MAX, TO], Errno::Inval);
            g.err("fd_pwrite", &[fd, FAR, 1, 0, TO], Errno::Fault);
            assert_eq!(std::fs::read(g.host("file")).unwrap(), b"hello world");
        },
    },
    Case {
        name: "fd_read",
        success: |g| {
            assert_eq!(g.read(0, 3), b"inp");
            assert_eq!(g.read(0, 9), b"ut");
            assert_eq!(g.read(0, 9), b"");
            let fd = g.open("file", 0, READ, 0);
            assert_eq!(g.read(fd, 100), b"hello world");
            assert_eq!(g.read(fd, 100), b"");
        },
        error: |g| {
            let [iovs, count] = g.buffers(&[(1000, 3)]);
            g.err("fd_read", &[NONE, iovs, count, TO], Errno::Badf);
            g.err("fd_read", &[1, iovs, count, TO], Errno::Badf);
            g.err("fd_read", &[ROOT, iovs, count, TO], Errno::IsDir);
            g.err("fd_read", &[0, iovs, u64::from(u32::MAX), TO], Errno::Fault);
            let [iovs, count] = g.buffers(&[(1000, 3), (SIZE as u32 - 1, 2)]);
            g.err("fd_read", &[0, iovs, count, TO], Errno::Fault);
            assert_eq!(g.read(0, 9), b"input", "what failed has read nothing");
        },
    },
    Case {
        name: "fd_readdir",
        success: |g| {
            let fd = g.open("dir", 2, READ, 0);
            g.ok("fd_readdir", &[fd, 1024, 1024, 0, TO]);
            assert_eq!(g.u32(OUT), 3 * 24 + 1 + 2 + 5);
            assert_eq!([g.u64(1024), u64::from(g.u32(1024 + 16))], [1, 1]);
            assert_eq!(g.peek(1024 + 20, 5), [3, 0, 0, 0, b'.']);
            let last = 1024 + 24 + 1 + 24 + 2;
            assert_eq!([g.u64(last), u64::from(g.u32(last + 16))], [3, 5]);
            assert_eq!(g.peek(last + 20, 9), *b"\x04\0\0\0inner");
        },
        error: |g| {
            g.err("fd_readdir", &[0, 1024, 1024, 0, TO], Errno::NotDir);
            g.err("fd_readdir", &[NONE, 1024, 1024, 0, TO], Errno::Badf);
            g.err("fd_readdir", &[ROOT, 1024, SIZE as u64, 0, TO], Errno::Fault);
            g.err("fd_readdir", &[ROOT, 1024, 1024, 0, FAR], Errno::Fault);
        },
    },
    Case {
        name: "fd_renumber",
        success: |g| {
            let a = g.open("file", 0, READ, 0);
            let b = g.open("dir/inner", 0, READ, 0);
            g.ok("fd_renumber", &[a, b]);
            assert_eq!(g.read(b, 100), b"hello world");
            g.err("fd_tell", &[a, TO], Errno::Badf);
            g.ok("fd_renumber", &[b, b]);
            assert_eq!(g.open("file", 0, READ, 0), a, "the lowest free number is used again");
        },
        error: |g| {
            g.err("fd_renumber", &[0, NONE], Errno::Badf);
            g.err("fd_renumber", &[NONE, 0], Errno::Badf);
            assert_eq!(g.read(0, 9), b"input");
        },
    },
    Case {
        name: "fd_seek",
        success: |g| {
            let fd = g.open("file", 0, READ, 0);
            for (offset, whence, position) in [(6, 0, 6), (-2, 1, 4), (-1, 2, 10), (100, 2, 111), (0, 1, 111)]
            {
                g.ok("fd_seek", &[fd, offset as i64 as u64, whence, TO]);
                assert_eq!(g.u64(OUT), position);
            }
        },
        error: |g| {
            let fd = g.open("file", 0, READ, 0);
            g.err("fd_seek", &[fd, u64::MAX, 0, TO], Errno::Inval);
            g.err("fd_seek", &[fd, u64::MAX, 1, TO], Errno::Inval);
            g.err("fd_seek", &[fd, 0, 3, TO], Errno::Inval);
            g.err("fd_seek", &[0, 0, 0, TO], Errno::Spipe);
            g.err("fd_seek", &[ROOT, 0, 0, TO], Errno::Badf);
        },
    },
    Case {
        name: "fd_sync",
        success: |g| {
            let fd = g.open("file", 0, WRITE, 0);
            g.ok("fd_sync", &[fd]);
            g.ok("fd_sync", &[2]);
            g.ok("fd_sync", &[ROOT]);
        },
        error: |g| g.err("fd_sync", &[NONE], Errno::Badf),
    },
    Case {
        name: "fd_tell",
        success: |g| {
            let fd = g.open("file", 0, READ, 0);
            assert_eq!(g.read(fd, 4), b"hell");
            g.ok("fd_tell", &[fd, TO]);
            assert_eq!(g.u64(OUT), 4);
        },
        error: |g| {
            g.err("fd_tell", &[1, TO], Errno::Spipe);
            g.err("fd_tell", &[ROOT, TO], Errno::Badf);
            let fd = g.open("file", 0, READ, 0);
            g.err("fd_tell", &[fd, FAR], Errno::Fault);
        },
    },
    Case {
        name: "fd_write",
        success: |g| {
            assert_eq!(g.write(1, b"out "), 4);
            assert_eq!(g.write(2, b"err"), 3);
            assert_eq!(g.stdout.contents(), b"out err");
            let fd = g.open("new", 1, WRITE, 0);
            assert_eq!(g.write(fd, b"text"), 4);
            assert_eq!(std::fs::read(g.host("new")).unwrap(), b"text");
        },
        error: |g| {
            let [iovs, count] = g.buffer(b"x");
            g.err("fd_write", &[0, iovs, count, TO], Errno::Badf);
            g.err("fd_write", &[ROOT, iovs, count, TO], Errno::Badf);
            g.err("fd_write", &[1, iovs, count, FAR], Errno::Fault);
            assert_eq!(g.stdout.contents(), b"", "what failed has written nothing");
        },
    },
    Case {
        name: "path_create_directory",
        success: |g| {
            let [path, len] = g.string("dir/new");
            g.ok("path_create_directory", &[ROOT, path, len]);
            assert!(g.host("dir/new").is_dir());
        },
        error: |g| {
            let [path, len] = g.string("dir");
            g.err("path_create_directory", &[ROOT, path, len], Errno::Exist);
            g.err("path_create_directory", &[0, path, len], Errno::NotDir);
            let [path, len] = g.string("none/new");
            g.err("path_create_directory", &[ROOT, path, len], Errno::NoEnt);
        },
    },
    Case {
        name: "path_filestat_get",
        success: |g| {
            let [path, len] = g.string("link");
            g.ok("path_filestat_get", &[ROOT, 0, path, len, TO]);
            assert_eq!([g.u64(OUT + 16), g.u64(OUT + 32)], [FileType::SymbolicLink as u64, 4]);
            g.ok("path_filestat_get", &[ROOT, 1, path, len, TO]);
            assert_eq!([g.u64(OUT + 16), g.u64(OUT + 32)], [FileType::RegularFile as u64, 11]);
        },
        error: |g| {
            let [path, len] = g.string("dangling");
            g.err("path_filestat_get", &[ROOT, 1, path, len, TO], Errno::NoEnt);
            g.err("path_filestat_get", &[ROOT, 2, path, len, TO], Errno::Inval);
            let [path, len] = g.string("loop");
            g.err("path_filestat_get", &[ROOT, 1, path, len, TO], Errno::Loop);
        },
    },
    Case {
        name: "path_filestat_set_times",
        success: |g| {
            let [path, len] = g.string("link");
            let stat = |g: &mut Guest, follow| {
                g.ok("path_filestat_get", &[ROOT, follow, path, len, TO]);
                [g.u64(OUT + 40), g.u64(OUT + 48)]
            };
            g.ok("path_filestat_set_times", &[ROOT, 1, path, len, 5_000_000_001, 6_000_000_002, 1 | 4]);
            assert_eq!(stat(g, 1), [5_000_000_001, 6_000_000_002]);
            g.ok("path_filestat_set_times", &[ROOT, 0, path, len, 0, 7_000_000_003, 4]);
            assert_eq!(stat(g, 0)[1], 7_000_000_003);
            assert_eq!(stat(g, 1), [5_000_000_001, 6_000_000_002]);
        },
        error: |g| {
            let [path, len] = g.string("none");
            g.err("path_filestat_set_times", &[ROOT, 0, path, len, 0, 0, 2], Errno::NoEnt);
            g.err("path_filestat_set_times", &[ROOT, 0, path, len, 0, 0, 1 | 2], Errno::Inval);
        },
    },
    Case {
        name: "path_link",
        success: |g| {
            let ([old, old_len], [new, new_len]) = (g.string("file"), g.string("dir/hard"));
            g.ok("path_link", &[ROOT, 0, old, old_len, ROOT, new, new_len]);
            assert_eq!(std::fs::read(g.host("dir/hard")).unwrap(), b"hello world");
        },
        error: |g| {
            let ([old, old_len], [new, new_len]) = (g.string("file"), g.string("dir"));
            g.err("path_link", &[ROOT, 0, old, old_len, ROOT, new, new_len], Errno::Exist);
            g.err("path_link", &[ROOT, 1, old, old_len, ROOT, new, new_len], Errno::Inval);
            g.err("path_link", &[ROOT, 0, old, old_len, NONE, new, new_len], Errno::Badf);
            let [new, new_len] = g.string("hard");
            g.err("path_link", &[ROOT, 0, new, new_len, ROOT, new, new_len], Errno::NoEnt);
        },
    },
    Case {
        name: "path_open",
        success: |g| {
            assert_eq!(g.open("file", 0, READ, 0), ROOT + 1);
            assert_eq!(g.open("new", 1 | 4, WRITE, 0), ROOT + 2);
            assert!(g.host("new").is_file());
            let fd = g.open("file", 8, WRITE, 0);
            assert_eq!(std::fs::metadata(g.host("file")).unwrap().len(), 0);
            g.ok("fd_close", &[fd]);
        },
        error: |g| {
            assert_eq!(g.try_open("none", 0, READ, 0), Errno::NoEnt as u16);
            assert_eq!(g.try_open("file", 1 | 4, READ, 0), Errno::Exist as u16);
            assert_eq!(g.try_open("file", 2, READ, 0), Errno::NotDir as u16);
            assert_eq!(g.try_open("dir", 0, WRITE, 0), Errno::IsDir as u16);
            assert_eq!(g.try_open("dir", 2 | 1, READ, 0), Errno::Inval as u16);
            assert_eq!(g.try_open("file", 16, READ, 0), Errno::Inval as u16);
            assert_eq!(g.try_open("file", 0, READ, 32), Errno::Inval as u16);
            let [path, len] = g.string("file");
            let open = |fd, to| [fd, 0, path, len, 0, READ, 0, 0, to];
            g.err("path_open", &open(0, TO), Errno::NotDir);
            g.err("path_open", &open(NONE, TO), Errno::Badf);
            g.err("path_open", &open(ROOT, FAR), Errno::Fault);
        },
    },
    Case {
        name: "path_readlink",
        success: |g| {
            let [path, len] = g.string("link");
            g.ok("path_readlink", &[ROOT, path, len, 1000, 100, TO]);
            assert_eq!(g.peek(1000, g.u32(OUT) as usize), b"file");
            g.ok("path_readlink", &[ROOT, path, len, 1100, 2, TO]);
            assert_eq!((g.u32(OUT), g.peek(1100, 3)), (2, b"fi\0".to_vec()));
        },
        error: |g| {
            let [path, len] = g.string("file");
            g.err("path_readlink", &[ROOT, path, len, 1000, 100, TO], Errno::Inval);
            let [path, len] = g.string("link");
            g.err("path_readlink", &[ROOT, path, len, 1000, SIZE as u64, TO], Errno::Fault);
        },
    },
    Case {
        name: "path_remove_directory",
        success: |g| {
            std::fs::create_dir(g.host("dir/empty")).unwrap();
            let [path, len] = g.string("dir/empty");
            g.ok("path_remove_directory", &[ROOT, path, len]);
            assert!(!g.host("dir/empty").exists());
        },
        error: |g| {
            let [path, len] = g.string("dir");
            g.err("path_remove_directory", &[ROOT, path, len], Errno::NotEmpty);
            let [path, len] = g.string("file");
            g.err("path_remove_directory", &[ROOT, path, len], Errno::NotDir);
        },
    },
    Case {
        name: "path_rename",
        success: |g| {
            let ([old, old_len], [new, new_len]) = (g.string("file"), g.string("dir/inner"));
            g.ok("path_rename", &[ROOT, old, old_len, ROOT, new, new_len]);
            assert_eq!(std::fs::read(g.host("dir/inner")).unwrap(), b"hello world");
            assert!(!g.host("file").exists());
        },
        error: |g| {
            let ([old, old_len], [new, new_len]) = (g.string("file"), g.string("dir"));
            g.err("path_rename", &[ROOT, old, old_len, ROOT, new, new_len], Errno::IsDir);
            g.err("path_rename", &[ROOT, old, old_len, 1, new, new_len], Errno::NotDir);
        },
    },
    Case {
        name: "path_symlink",
        success: |g| {
            let ([old, old_len], [new, new_len]) = (g.string("../file"), g.string("dir/up"));
            g.ok("path_symlink", &[old, old_len, ROOT, new, new_len]);
            assert_eq!(std::fs::read(g.host("dir/up")).unwrap(), b"hello world");
        },
        error: |g| {
            let ([old, old_len], [new, new_len]) = (g.string("/etc"), g.string("new"));
            g.err("path_symlink", &[old, old_len, ROOT, new, new_len], Errno::Perm);
            let [new, new_len] = g.string("file");
            g.err("path_symlink", &[new, new_len, ROOT, new, new_len], Errno::Exist);
        },
    },
    Case {
        name: "path_unlink_file",
        success: |g| {
            let [path, len] = g.string("link");
            g.ok("path_unlink_file", &[ROOT, path, len]);
            assert!(std::fs::symlink_metadata(g.host("link")).is_err());
            assert!(g.host("file").exists());
        },
        error: |g| {
            let [path, len] = g.string("dir");
            g.err("path_unlink_file", &[ROOT, path, len], Errno::IsDir);
            g.err("path_unlink_file", &[ROOT, path, u64::from(u32::MAX)], Errno::Fault);
        },
    },
    Case {
        name: "poll_oneoff",
        success: |g| {
            let mut subscription = [0; 48];
            subscription[0] = 0x77;
            subscription[8] = 2;
            subscription[16] = 1;
            let subscription = g.put(&subscription);
            g.ok("poll_oneoff", &[subscription, 1000, 1, TO]);
            assert_eq!(g.u32(OUT), 1);
            assert_eq!(g.u64(1000), 0x77);
            assert_eq!(g.peek(1008, 3), [0, 0, 2]);
        },
        error: |g| {
            g.err("poll_oneoff", &[1000, 2000, 0, TO], Errno::Inval);
            g.err("poll_oneoff", &[1000, 2000, u64::from(u32::MAX), TO], Errno::Inval);
            g.err("poll_oneoff", &[1000, SIZE as u64 - 31, 1, TO], Errno::Fault);
            g.err("poll_oneoff", &[SIZE as u64 - 47, 1000, 1, TO], Errno::Fault);
            let subscription = g.put(&[9; 48]);
            g.err("poll_oneoff", &[subscription, 1000, 1, TO], Errno::Inval);
        },
    },
    Case {
        name: "proc_exit",
        success: |g| assert_eq!(g.run("proc_exit", &[0]), Err(Stop::Exit(Exit(0)))),
        error: |g| {
            assert_eq!(g.run("proc_exit", &[200]), Err(Stop::Exit(Exit(200))));
            assert_eq!(g.run("proc_exit", &[u64::from(u32::MAX)]), Err(Stop::Exit(Exit(-1))));
        },
    },
    Case {
        name: "proc_raise",
        success: |g| {
            // There is nobody to raise a signal to; what the guest still can do is all there is to succeed.
            g.err("proc_raise", &[0], Errno::NotSup);
            g.ok("sched_yield", &[]);
        },
        error: |g| g.err("proc_raise", &[255], Errno::NotSup),
    },
    Case {
        name: "random_get",
        success: |g| {
            g.ok("random_get", &[1000, 5000]);
            assert_eq!(g.peek(999, 1), [0]);
            assert!(g.peek(1000, 5000).iter().all(|&byte| byte == 0x5a));
            assert_eq!(g.peek(6000, 1), [0]);
            g.ok("random_get", &[SIZE as u64, 0]);
        },
        error: |g| g.err("random_get", &[1000, SIZE as u64], Errno::Fault),
    },
    Case {
        name: "sched_yield",
        success: |g| g.ok("sched_yield", &[]),
        // It has no way to fail.
        error: |g| g.ok("sched_yield", &[]),
    },
    Case {
        name: "sock_accept",
        // Without sockets, the right answer is that a file is none.
        success: |g| g.err("sock_accept", &[ROOT, 0, TO], Errno::NotSock),
        error: |g| g.err("sock_accept", &[NONE, 0, TO], Errno::Badf),
    },
    Case {
        name: "sock_recv",
        success: |g| g.err("sock_recv", &[0, 0, 0, 0, TO, TO2], Errno::NotSock),
        error: |g| g.err("sock_recv", &[NONE, 0, 0, 0, TO, TO2], Errno::Badf),
    },
    Case {
        name: "sock_send",
        success: |g| g.err("sock_send", &[1, 0, 0, 0, TO], Errno::NotSock),
        error: |g| g.err("sock_send", &[NONE, 0, 0, 0, TO], Errno::Badf),
    },
    Case {
        name: "sock_shutdown",
        success: |g| g.err("sock_shutdown", &[ROOT, 3], Errno::NotSock),
        error: |g| g.err("sock_shutdown", &[NONE, 3], Errno::Badf),
    },
];

#[test]
fn every_function_has_its_cases() {
    let names: Vec<_> = CASES.iter().map(|case| case.name).collect();
    let functions: Vec<_> = FUNCTIONS.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, functions);
    assert_eq!(names.len(), 46);
}

#[test]
fn every_function_succeeds() {
    for case in CASES {
        each(case.success);
    }
}

#[test]
fn every_function_fails() {
    for case in CASES {
        each(case.error);
    }
}
