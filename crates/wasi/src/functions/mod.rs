//! The functions of WASI preview 1, as methods of [`WasiCtx`](crate::WasiCtx) over
//! [`GuestMemory`](crate::memory::GuestMemory), and the table of them.
//!
//! Each takes the parameters of the specification as they come from the guest, with no trust in any of them, and
//! ends well or with a [`Stop`]. Pointers for results are checked before there is an effect. None panics.
//!
//! Files are read and written at the position that the host keeps for them. Only appending is our own: a descriptor
//! of the host that appends would do so with positioned writes too, so a write to a file with `APPEND` asks the host
//! to append that once.

// How many parameters a function has, the specification says.
#![allow(clippy::too_many_arguments)]

mod args;
mod clock;
mod directory;
mod fd;
mod path;
mod poll;
mod process;
mod sock;
mod stream;

use crate::errno::Stop;
pub(crate) use poll::Time;

/// What a function of WASI returns.
pub(crate) type Outcome = Result<(), Stop>;

/// Calls `$use!` with the table of all functions: names, parameters and their types.
///
/// The method of [`WasiCtx`](crate::WasiCtx) has the same name and parameters. All return an error number, except
/// `proc_exit`, which does not return.
#[rustfmt::skip]
macro_rules! for_each_function {
    ($use:ident) => {
        $use! {
            args_get(argv: u32, argv_buf: u32) -> errno;
            args_sizes_get(argc: u32, argv_buf_size: u32) -> errno;
            clock_res_get(id: u32, resolution: u32) -> errno;
            clock_time_get(id: u32, precision: u64, time: u32) -> errno;
            environ_get(environ: u32, environ_buf: u32) -> errno;
            environ_sizes_get(count: u32, buf_size: u32) -> errno;
            fd_advise(fd: u32, offset: u64, len: u64, advice: u32) -> errno;
            fd_allocate(fd: u32, offset: u64, len: u64) -> errno;
            fd_close(fd: u32) -> errno;
            fd_datasync(fd: u32) -> errno;
            fd_fdstat_get(fd: u32, stat: u32) -> errno;
            fd_fdstat_set_flags(fd: u32, flags: u32) -> errno;
            fd_fdstat_set_rights(fd: u32, base: u64, inheriting: u64) -> errno;
            fd_filestat_get(fd: u32, stat: u32) -> errno;
            fd_filestat_set_size(fd: u32, size: u64) -> errno;
            fd_filestat_set_times(fd: u32, atim: u64, mtim: u64, flags: u32) -> errno;
            fd_pread(fd: u32, iovs: u32, iovs_len: u32, offset: u64, nread: u32) -> errno;
            fd_prestat_dir_name(fd: u32, path: u32, path_len: u32) -> errno;
            fd_prestat_get(fd: u32, prestat: u32) -> errno;
            fd_pwrite(fd: u32, iovs: u32, iovs_len: u32, offset: u64, nwritten: u32) -> errno;
            fd_read(fd: u32, iovs: u32, iovs_len: u32, nread: u32) -> errno;
            fd_readdir(fd: u32, buf: u32, buf_len: u32, cookie: u64, bufused: u32) -> errno;
            fd_renumber(fd: u32, to: u32) -> errno;
            fd_seek(fd: u32, offset: i64, whence: u32, newoffset: u32) -> errno;
            fd_sync(fd: u32) -> errno;
            fd_tell(fd: u32, offset: u32) -> errno;
            fd_write(fd: u32, iovs: u32, iovs_len: u32, nwritten: u32) -> errno;
            path_create_directory(fd: u32, path: u32, path_len: u32) -> errno;
            path_filestat_get(fd: u32, flags: u32, path: u32, path_len: u32, stat: u32) -> errno;
            path_filestat_set_times(
                fd: u32, flags: u32, path: u32, path_len: u32, atim: u64, mtim: u64, fst_flags: u32
            ) -> errno;
            path_link(
                old_fd: u32, old_flags: u32, old_path: u32, old_path_len: u32,
                new_fd: u32, new_path: u32, new_path_len: u32
            ) -> errno;
            path_open(
                fd: u32, dirflags: u32, path: u32, path_len: u32, oflags: u32,
                base: u64, inheriting: u64, fdflags: u32, opened_fd: u32
            ) -> errno;
            path_readlink(fd: u32, path: u32, path_len: u32, buf: u32, buf_len: u32, bufused: u32) -> errno;
            path_remove_directory(fd: u32, path: u32, path_len: u32) -> errno;
            path_rename(
                fd: u32, old_path: u32, old_path_len: u32, new_fd: u32, new_path: u32, new_path_len: u32
            ) -> errno;
            path_symlink(old_path: u32, old_path_len: u32, fd: u32, new_path: u32, new_path_len: u32) -> errno;
            path_unlink_file(fd: u32, path: u32, path_len: u32) -> errno;
            poll_oneoff(subscriptions: u32, events: u32, nsubscriptions: u32, nevents: u32) -> errno;
            proc_exit(code: u32) -> never;
            proc_raise(signal: u32) -> errno;
            random_get(buf: u32, buf_len: u32) -> errno;
            sched_yield() -> errno;
            sock_accept(fd: u32, flags: u32, accepted_fd: u32) -> errno;
            sock_recv(fd: u32, iovs: u32, iovs_len: u32, flags: u32, nread: u32, out_flags: u32) -> errno;
            sock_send(fd: u32, iovs: u32, iovs_len: u32, flags: u32, nwritten: u32) -> errno;
            sock_shutdown(fd: u32, how: u32) -> errno;
        }
    };
}
pub(crate) use for_each_function;
