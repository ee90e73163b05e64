//! Paths: what leads out of a directory, what is no path, slashes at the end.

use super::guest::{Guest, OUT, READ, ROOT, SIZE, each};
use crate::Errno;

const TO: u64 = OUT as u64;

/// What `path_open` says of a path, for reading.
fn open(g: &mut Guest, path: &[u8], oflags: u64) -> u16 {
    let [path, len] = g.string(path);
    g.call("path_open", &[ROOT, 0, path, len, oflags, READ, 0, 0, TO])
}

#[test]
fn nothing_leads_out_of_the_directory() {
    each(|g| {
        std::os::unix::fs::symlink("/etc", g.host("absolute")).unwrap();
        std::os::unix::fs::symlink("../..", g.host("dir/above")).unwrap();
        let out = ["/", "/etc/passwd", "..", "../x", "dir/../..", "dir/../../x"];
        for path in out {
            assert_eq!(open(g, path.as_bytes(), 0), Errno::Perm as u16, "{path}");
            let [path, len] = g.string(path);
            g.err("path_filestat_get", &[ROOT, 1, path, len, TO], Errno::Perm);
            g.err("path_create_directory", &[ROOT, path, len], Errno::Perm);
            g.err("path_unlink_file", &[ROOT, path, len], Errno::Perm);
            g.err("path_remove_directory", &[ROOT, path, len], Errno::Perm);
            g.err("path_filestat_set_times", &[ROOT, 1, path, len, 0, 0, 2], Errno::Perm);
            let [file, file_len] = g.string("file");
            g.err("path_rename", &[ROOT, file, file_len, ROOT, path, len], Errno::Perm);
            g.err("path_link", &[ROOT, 0, file, file_len, ROOT, path, len], Errno::Perm);
            g.err("path_symlink", &[file, file_len, ROOT, path, len], Errno::Perm);
        }
        for path in ["absolute", "absolute/passwd", "dir/above", "dir/above/x"] {
            let [path, len] = g.string(path);
            g.err("path_open", &[ROOT, 1, path, len, 0, READ, 0, 0, TO], Errno::Perm);
            g.err("path_filestat_get", &[ROOT, 1, path, len, TO], Errno::Perm);
        }
        let [path, len] = g.string("absolute");
        g.err("path_readlink", &[ROOT, path, len, 1000, 100, TO], Errno::Perm);
    });
}

#[test]
fn paths_within_the_directory_may_wander() {
    each(|g| {
        for path in ["./file", "dir/../file", "dir/.//..//file", "dir/./../dir/../link"] {
            let [path, len] = g.string(path);
            g.ok("path_open", &[ROOT, 1, path, len, 0, READ, 0, 0, TO]);
            let fd = g.u32(OUT).into();
            assert_eq!(g.read(fd, 5), b"hello");
        }
    });
}

#[test]
fn what_is_no_path_has_its_errors() {
    each(|g| {
        assert_eq!(open(g, b"", 0), Errno::NoEnt as u16);
        assert_eq!(open(g, b"file\0", 0), Errno::Inval as u16);
        assert_eq!(open(g, b"fi\0le", 0), Errno::Inval as u16);
        assert_eq!(open(g, b"\xff\xfe", 0), Errno::Ilseq as u16);
        assert_eq!(open(g, &[b'a'; 300], 0), Errno::NameTooLong as u16);
        assert_eq!(open(g, &[b'a'; 5000], 0), Errno::NameTooLong as u16);
        let [path, _] = g.string("file");
        g.err("path_open", &[ROOT, 0, path, SIZE as u64, 0, READ, 0, 0, TO], Errno::Fault);
        g.err("path_open", &[ROOT, 0, u64::from(u32::MAX), 1, 0, READ, 0, 0, TO], Errno::Fault);
    });
}

#[test]
fn slashes_at_the_end_want_a_directory() {
    each(|g| {
        assert_eq!(open(g, b"dir/", 0), 0);
        assert_eq!(open(g, b"dir//", 2), 0);
        assert_eq!(open(g, b"file/", 0), Errno::NotDir as u16);
        let [path, len] = g.string("file/");
        g.err("path_unlink_file", &[ROOT, path, len], Errno::NotDir);
        let [path, len] = g.string("new/");
        let [file, file_len] = g.string("file");
        g.err("path_rename", &[ROOT, file, file_len, ROOT, path, len], Errno::NotDir);
        g.ok("path_create_directory", &[ROOT, path, len]);
        g.ok("path_remove_directory", &[ROOT, path, len]);
    });
}

#[test]
fn links_at_the_end_are_followed_if_asked() {
    each(|g| {
        assert_eq!(open(g, b"link", 0), Errno::Loop as u16);
        assert_eq!(open(g, b"link", 2), Errno::Loop as u16);
        assert_eq!(open(g, b"loop", 0), Errno::Loop as u16);
        for (path, errno) in [("dangling", Errno::NoEnt), ("loop", Errno::Loop)] {
            let [path, len] = g.string(path);
            g.err("path_open", &[ROOT, 1, path, len, 0, READ, 0, 0, TO], errno);
        }
        let [path, len] = g.string("dangling");
        g.ok("path_open", &[ROOT, 1, path, len, 1, READ, 0, 0, TO]);
        assert!(g.host("nothing").is_file(), "created through the link");
    });
}

#[test]
fn names_that_are_not_unicode_are_told_as_such() {
    each(|g| {
        use std::os::unix::ffi::OsStrExt;
        let name = std::ffi::OsStr::from_bytes(b"bad\xff");
        std::fs::write(g.host("dir").join(name), "").unwrap();
        let fd = g.open("dir", 2, 0, 0);
        g.err("fd_readdir", &[fd, 1024, 1024, 0, TO], Errno::Ilseq);
    });
}
