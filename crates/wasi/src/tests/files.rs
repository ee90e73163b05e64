//! Files and directories: appending, flags, access, listing, rights given up, permissions of the embedder.

use super::guest::{Guest, OUT, READ, ROOT, WRITE, each, each_with};
use crate::types::Rights;
use crate::{DirPerms, Errno, FilePerms};

const TO: u64 = OUT as u64;

#[test]
fn appending_goes_to_the_end_and_positioned_writes_do_not() {
    each(|g| {
        let fd = g.open("file", 0, READ | WRITE, 1);
        g.ok("fd_seek", &[fd, 0, 0, TO]);
        assert_eq!(g.write(fd, b"!"), 1);
        g.ok("fd_tell", &[fd, TO]);
        assert_eq!(g.u64(OUT), 12);
        let [iovs, count] = g.buffer(b"J");
        g.ok("fd_pwrite", &[fd, iovs, count, 0, TO]);
        assert_eq!(std::fs::read(g.host("file")).unwrap(), b"Jello world!");
        g.ok("fd_fdstat_set_flags", &[fd, 0]);
        g.ok("fd_seek", &[fd, 1, 0, TO]);
        assert_eq!(g.write(fd, b"E"), 1);
        assert_eq!(std::fs::read(g.host("file")).unwrap(), b"JEllo world!");
    });
}

#[test]
fn appending_and_truncating_go_together() {
    each(|g| {
        let fd = g.open("file", 8, WRITE, 1);
        assert_eq!(g.write(fd, b"a") + g.write(fd, b"b"), 2);
        assert_eq!(std::fs::read(g.host("file")).unwrap(), b"ab");
    });
}

#[test]
fn flags_of_synchronized_writing_stay_as_opened() {
    each(|g| {
        for flags in [2, 8, 16, 16 | 4] {
            let fd = g.open("file", 0, READ | WRITE, flags);
            g.ok("fd_fdstat_get", &[fd, TO]);
            assert_eq!(u64::from(g.u16(OUT + 2)), flags);
            g.ok("fd_fdstat_set_flags", &[fd, flags ^ 4]);
            g.err("fd_fdstat_set_flags", &[fd, 0], Errno::Inval);
            assert_eq!(g.write(fd, b"h"), 1);
        }
    });
}

#[test]
fn access_is_as_asked_for() {
    each(|g| {
        let [iovs, count] = g.buffers(&[(1000, 1)]);
        for (rights, read, write) in [(0, false, false), (READ, true, false), (WRITE, false, true)] {
            let fd = g.open("file", 0, rights, 0);
            let result = |allowed| if allowed { 0 } else { Errno::Badf as u16 };
            assert_eq!(g.call("fd_read", &[fd, iovs, count, TO]), result(read));
            assert_eq!(g.call("fd_pread", &[fd, iovs, count, 0, TO]), result(read));
            assert_eq!(g.call("fd_write", &[fd, iovs, count, TO]), result(write));
            g.ok("fd_filestat_get", &[fd, TO]);
        }
    });
}

#[test]
fn creating_needs_no_right_to_write() {
    each(|g| {
        let fd = g.open("empty", 1, 0, 0);
        g.ok("fd_close", &[fd]);
        assert!(g.host("empty").is_file());
        std::fs::write(g.host("empty"), "x").unwrap();
        let fd = g.open("empty", 1 | 8, READ, 0);
        assert_eq!(g.read(fd, 1), b"", "truncated though opened for reading");
    });
}

/// Lists a directory with a small buffer, as C libraries do: the names, and the numbers of files.
fn list(g: &mut Guest, fd: u64, buffer: u64, mut between: impl FnMut(&mut Guest)) -> Vec<(String, u64)> {
    let (mut entries, mut cookie) = (Vec::new(), 0);
    loop {
        g.ok("fd_readdir", &[fd, 1024, buffer, cookie, TO]);
        let used = g.u32(OUT);
        let mut at = 1024;
        while at + 24 <= 1024 + used {
            let len = g.u32(at + 16);
            if at + 24 + len > 1024 + used {
                break;
            }
            let name = String::from_utf8(g.peek(at + 24, len as usize)).unwrap();
            cookie = g.u64(at);
            entries.push((name, g.u64(at + 8)));
            at += 24 + len;
        }
        if u64::from(used) < buffer {
            return entries;
        }
        between(g);
    }
}

#[test]
fn listing_is_whole_whatever_the_buffer_and_stable_while_the_directory_changes() {
    each(|g| {
        for i in 0..40 {
            std::fs::write(g.host(&format!("dir/entry{i:02}")), "").unwrap();
        }
        let fd = g.open("dir", 2, 0, 0);
        let mut whole = list(g, fd, 8192, |_| ());
        let mut step = 0;
        let mut pieces = list(g, fd, 100, |g| {
            std::fs::remove_file(g.host(&format!("dir/entry{step:02}"))).unwrap();
            std::fs::write(g.host(&format!("dir/new{step}")), "").unwrap();
            step += 1;
        });
        assert!(step > 5, "the buffer was small enough for several calls");
        assert_eq!(whole[..2].iter().map(|(name, _)| &name[..]).collect::<Vec<_>>(), [".", ".."]);
        whole.sort();
        pieces.sort();
        assert_eq!(whole, pieces);
        assert_eq!(whole.len(), 43);
        let names: Vec<_> = list(g, fd, 8192, |_| ()).into_iter().map(|(name, _)| name).collect();
        assert!(names.contains(&"new0".into()) && !names.contains(&"entry00".into()));
    });
}

#[test]
fn listing_tells_the_numbers_of_files() {
    each(|g| {
        let entries = list(g, ROOT, 8192, |_| ());
        for (name, ino) in entries {
            let [path, len] = g.string(if name == ".." { "." } else { &name });
            g.ok("path_filestat_get", &[ROOT, 0, path, len, TO]);
            assert_eq!(g.u64(OUT + 8), ino, "{name}");
        }
    });
}

#[test]
fn a_cookie_beyond_the_end_lists_nothing() {
    each(|g| {
        for cookie in [100, u64::MAX] {
            g.ok("fd_readdir", &[ROOT, 1024, 1024, cookie, TO]);
            assert_eq!(g.u32(OUT), 0);
        }
        g.ok("fd_readdir", &[ROOT, 1024, 10, 0, TO]);
        assert_eq!(g.u32(OUT), 10, "an entry is cut where the buffer ends");
        g.ok("fd_readdir", &[ROOT, 1024, 0, 0, TO]);
        assert_eq!(g.u32(OUT), 0);
    });
}

#[test]
fn rights_given_up_are_gone_for_what_is_opened_too() {
    each(|g| {
        let dir = g.open(".", 2, 0, 0);
        g.ok("fd_fdstat_get", &[dir, TO]);
        let (base, inheriting) = (g.u64(OUT + 8), g.u64(OUT + 16));
        let base = base & !Rights::PATH_FILESTAT_SET_SIZE.bits();
        g.ok("fd_fdstat_set_rights", &[dir, base, inheriting & !WRITE]);
        let [path, len] = g.string("file");
        let open = |oflags, rights| [dir, 0, path, len, oflags, rights, 0, 0, TO];
        g.err("path_open", &open(8, 0), Errno::NotCapable);
        g.err("path_open", &open(0, WRITE), Errno::NotCapable);
        g.ok("path_open", &open(0, READ));
        let file = u64::from(g.u32(OUT));
        g.ok("fd_fdstat_get", &[file, TO]);
        assert_eq!(g.u64(OUT + 8) & WRITE, 0);
    });
}

/// Opens the test's directory a second time with less permission.
fn less(dir_perms: DirPerms, file_perms: FilePerms, test: impl Fn(&mut Guest, u64)) {
    each(|g| {
        let mut builder = crate::WasiCtxBuilder::new();
        let root = g.host("");
        builder.preopened_dir(&root, "/", DirPerms::all(), FilePerms::all()).unwrap();
        builder.preopened_dir(&root, "/less", dir_perms, file_perms).unwrap();
        g.ctx = builder.build();
        test(g, ROOT + 1);
    });
}

#[test]
fn what_the_embedder_forbids_is_not_permitted() {
    less(DirPerms::READ, FilePerms::READ, |g, fd| {
        let [path, len] = g.string("file");
        let [new, new_len] = g.string("new");
        let open = |oflags, rights| [fd, 0, path, len, oflags, rights, 0, 0, TO];
        g.err("path_open", &open(0, WRITE), Errno::Perm);
        g.err("path_open", &open(8, READ), Errno::Perm);
        g.err("path_open", &open(1, READ), Errno::Perm);
        g.err("path_unlink_file", &[fd, path, len], Errno::Perm);
        g.err("path_create_directory", &[fd, new, new_len], Errno::Perm);
        g.err("path_rename", &[fd, path, len, ROOT, new, new_len], Errno::Perm);
        g.err("path_rename", &[ROOT, path, len, fd, new, new_len], Errno::Perm);
        g.err("path_link", &[fd, 0, path, len, ROOT, new, new_len], Errno::Perm);
        g.err("path_symlink", &[path, len, fd, new, new_len], Errno::Perm);
        g.err("path_filestat_set_times", &[fd, 0, path, len, 0, 0, 2], Errno::Perm);
        g.err("fd_filestat_set_times", &[fd, 0, 0, 2], Errno::Perm);
        g.ok("path_open", &open(0, READ));
        let file = u64::from(g.u32(OUT));
        assert_eq!(g.read(file, 5), b"hello");
        g.err("fd_filestat_set_times", &[file, 0, 0, 2], Errno::NotCapable);
        let [dir, dir_len] = g.string("dir");
        g.ok("path_open", &[fd, 0, dir, dir_len, 2, 0, 0, 0, TO]);
        let dir = u64::from(g.u32(OUT));
        g.err("path_create_directory", &[dir, new, new_len], Errno::Perm);
    });
}

#[test]
fn files_gain_no_permission_by_a_new_name() {
    less(DirPerms::all(), FilePerms::READ, |g, fd| {
        let [path, len] = g.string("file");
        let [new, new_len] = g.string("new");
        g.err("path_rename", &[fd, path, len, ROOT, new, new_len], Errno::Perm);
        g.err("path_link", &[fd, 0, path, len, ROOT, new, new_len], Errno::Perm);
        g.ok("path_link", &[ROOT, 0, path, len, fd, new, new_len]);
    });
}

#[test]
fn a_directory_that_cannot_be_read_shows_nothing() {
    less(DirPerms::MUTATE, FilePerms::all(), |g, fd| {
        let [path, len] = g.string("file");
        g.err("path_open", &[fd, 0, path, len, 0, READ, 0, 0, TO], Errno::Perm);
        g.err("path_filestat_get", &[fd, 0, path, len, TO], Errno::Perm);
        g.err("fd_readdir", &[fd, 1024, 1024, 0, TO], Errno::Perm);
        let [new, new_len] = g.string("new");
        g.ok("path_create_directory", &[fd, new, new_len]);
    });
}

#[test]
fn preopened_directories_can_be_closed_and_moved() {
    each_with(
        |builder| {
            builder.preopened_dir(std::env::temp_dir(), "tmp", DirPerms::READ, FilePerms::READ).unwrap();
        },
        |g| {
            g.ok("fd_renumber", &[ROOT + 1, ROOT]);
            g.ok("fd_prestat_get", &[ROOT, TO]);
            assert_eq!(g.u32(OUT + 4), 3);
            g.ok("fd_close", &[ROOT]);
            g.err("fd_prestat_get", &[ROOT, TO], Errno::Badf);
        },
    );
}

#[test]
fn more_descriptors_than_the_embedder_allows_are_not_opened() {
    each_with(
        |builder| {
            builder.max_descriptors(6);
        },
        |g| {
            let opened = [g.open("file", 0, READ, 0), g.open("dir", 2, 0, 0)];
            assert_eq!(opened, [4, 5]);
            assert_eq!(g.try_open("new", 1, WRITE, 0), Errno::Mfile as u16);
            assert!(!g.host("new").exists(), "it fails before it has an effect");
            g.ok("fd_close", &[0]);
            assert_eq!(g.open("new", 1, WRITE, 0), 0);
            assert_eq!(g.try_open("file", 0, READ, 0), Errno::Mfile as u16);
        },
    );
}

#[test]
fn a_full_disk_is_an_error_after_what_still_fits() {
    each_with(
        |builder| {
            builder.preopened_dir("/dev", "dev", DirPerms::READ, FilePerms::WRITE).unwrap();
            builder.stderr(crate::OutputBuffer::with_capacity(5));
        },
        |g| {
            let [path, len] = g.string("full");
            g.ok("path_open", &[ROOT + 1, 0, path, len, 0, WRITE, 0, 0, TO]);
            let fd = u64::from(g.u32(OUT));
            let [iovs, count] = g.buffer(b"seven b");
            g.err("fd_write", &[fd, iovs, count, TO], Errno::NoSpc);
            assert_eq!(g.write(2, b"seven b"), 5);
            g.err("fd_write", &[2, iovs, count, TO], Errno::NoSpc);
        },
    );
}

#[test]
fn much_is_written_and_read_whole() {
    each(|g| {
        let fd = g.open("much", 1, READ | WRITE, 0);
        // The whole memory, many times: more than is moved at once.
        let [iovs, count] = g.buffers(&[(0, 0x1_0000); 40]);
        g.ok("fd_write", &[fd, iovs, count, TO]);
        assert_eq!(g.u32(OUT), 40 << 16);
        assert_eq!(g.host("much").metadata().unwrap().len(), 40 << 16);
        g.ok("fd_pwrite", &[fd, iovs, count, 5, TO]);
        assert_eq!(g.u32(OUT), 40 << 16);
        let many: Vec<(u32, u32)> = (0..100).map(|i| (i % 2 * 0x8000, 0x8000)).collect();
        let [iovs, count] = g.buffers(&many);
        g.ok("fd_pread", &[fd, iovs, count, 0, TO]);
        assert!(g.u32(OUT) > 0, "buffers that overlap are a short read");
    });
}

#[test]
fn offsets_end_where_the_host_ends() {
    each(|g| {
        let fd = g.open("file", 0, READ | WRITE, 0);
        let [iovs, count] = g.buffer(b"x");
        let last = i64::MAX as u64;
        g.ok("fd_pread", &[fd, iovs, count, last - 1, TO]);
        assert_eq!(g.u32(OUT), 0);
        assert!(
            [Errno::Inval as u16, Errno::Fbig as u16]
                .contains(&g.call("fd_pwrite", &[fd, iovs, count, last, TO]))
        );
        g.err("fd_pread", &[fd, iovs, count, last + 1, TO], Errno::Inval);
        g.err("fd_seek", &[fd, u64::MAX, 0, TO], Errno::Inval);
        g.err("fd_seek", &[fd, i64::MIN as u64, 1, TO], Errno::Inval);
        g.ok("fd_seek", &[fd, 5, 0, TO]);
        assert_ne!(g.call("fd_seek", &[fd, last, 1, TO]), 0, "which error, file systems disagree");
        g.ok("fd_tell", &[fd, TO]);
        assert_eq!(g.u64(OUT), 5, "what fails moves nothing");
        assert!(
            [Errno::Inval as u16, Errno::Fbig as u16]
                .contains(&g.call("fd_filestat_set_size", &[fd, 1 << 63]))
        );
    });
}
