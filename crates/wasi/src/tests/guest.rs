//! A guest made of a memory and a context, which calls functions by their names.

use crate::errno::Stop;
use crate::memory::{GuestMemory, SharedBytes};
use crate::types::Rights;
use crate::{DirPerms, FilePerms, OutputBuffer, WasiCtx, WasiCtxBuilder};
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;
use tempfile::TempDir;

/// How large the guest's memory is.
pub(super) const SIZE: usize = 1 << 16;
/// Where results go by default.
pub(super) const OUT: u32 = 64;
/// Rights to ask for in order to read and write.
pub(super) const READ: u64 = Rights::FD_READ.bits();
pub(super) const WRITE: u64 = Rights::FD_WRITE.bits();
/// The preopened directory.
pub(super) const ROOT: u64 = 3;

/// A memory shared with nobody, accessed as one that is.
struct Shared(Mutex<Vec<u8>>);

impl SharedBytes for Shared {
    fn size(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    fn read(&self, from: usize, to: &mut [u8]) {
        to.copy_from_slice(&self.0.lock().unwrap()[from..from + to.len()]);
    }

    fn write(&self, to: usize, from: &[u8]) {
        self.0.lock().unwrap()[to..to + from.len()].copy_from_slice(from);
    }
}

enum Memory {
    Unshared(Vec<u8>),
    Shared(Shared),
}

/// A guest with arguments `program` and `two words`, `KEY=value` in its environment, `input` to read, and a
/// directory `/` with the file `file` («hello world»), the directory `dir` with the file `inner`, the symbolic links
/// `link` to `file`, `dangling` to nothing and `loop` to itself.
pub(super) struct Guest {
    pub ctx: WasiCtx,
    memory: Memory,
    /// Where the next thing is put.
    next: u32,
    pub stdout: OutputBuffer,
    host: TempDir,
}

/// Runs a test with both kinds of memory.
pub(super) fn each(test: impl Fn(&mut Guest)) {
    test(&mut Guest::new(false, |_| ()));
    test(&mut Guest::new(true, |_| ()));
}

/// Runs a test with both kinds of memory and a context of its own making.
pub(super) fn each_with(build: impl Fn(&mut WasiCtxBuilder), test: impl Fn(&mut Guest)) {
    test(&mut Guest::new(false, &build));
    test(&mut Guest::new(true, &build));
}

impl Guest {
    fn new(shared: bool, build: impl Fn(&mut WasiCtxBuilder)) -> Guest {
        let host = tempfile::tempdir().unwrap();
        std::fs::write(host.path().join("file"), "hello world").unwrap();
        std::fs::create_dir(host.path().join("dir")).unwrap();
        std::fs::write(host.path().join("dir/inner"), "inner").unwrap();
        for (name, target) in [("link", "file"), ("dangling", "nothing"), ("loop", "loop")] {
            std::os::unix::fs::symlink(target, host.path().join(name)).unwrap();
        }
        let stdout = OutputBuffer::new();
        let mut builder = WasiCtxBuilder::new();
        builder
            .args(["program", "two words"])
            .env("KEY", "value")
            .stdin(&b"input"[..])
            .stdout(stdout.clone())
            .stderr(stdout.clone())
            .wall_clock(|| Duration::from_nanos(1_000_000_007))
            .secure_random(|bytes| bytes.fill(0x5a))
            .preopened_dir(host.path(), "/", DirPerms::all(), FilePerms::all())
            .unwrap();
        build(&mut builder);
        let ctx = builder.build();
        let bytes = vec![0; SIZE];
        let memory = if shared { Memory::Shared(Shared(Mutex::new(bytes))) } else { Memory::Unshared(bytes) };
        Guest { ctx, memory, next: 4096, stdout, host }
    }

    /// Calls a function by its name; parameters are as wide as the function wants them.
    pub(super) fn run(&mut self, name: &str, args: &[u64]) -> Result<(), Stop> {
        let mut memory = match &mut self.memory {
            Memory::Unshared(bytes) => GuestMemory::Unshared(bytes),
            Memory::Shared(shared) => GuestMemory::Shared(shared),
        };
        dispatch(&mut self.ctx, &mut memory, name, args)
    }

    /// Calls a function, and gives the error number, or 0.
    pub(super) fn call(&mut self, name: &str, args: &[u64]) -> u16 {
        match self.run(name, args) {
            Ok(()) => 0,
            Err(Stop::Errno(errno)) => errno as u16,
            Err(other) => panic!("{name} left with {other:?}"),
        }
    }

    /// Calls a function that must succeed.
    #[track_caller]
    pub(super) fn ok(&mut self, name: &str, args: &[u64]) {
        assert_eq!(self.run(name, args), Ok(()), "{name}{args:?}");
    }

    /// Calls a function that must fail with `errno`.
    #[track_caller]
    pub(super) fn err(&mut self, name: &str, args: &[u64], errno: crate::Errno) {
        assert_eq!(self.run(name, args), Err(Stop::Errno(errno)), "{name}{args:?}");
    }

    /// Puts bytes into memory, at an address that is not aligned.
    pub(super) fn put(&mut self, bytes: &[u8]) -> u64 {
        let at = self.next + 1;
        self.next = (at + bytes.len() as u32).next_multiple_of(8);
        self.poke(at, bytes);
        u64::from(at)
    }

    /// Puts a string into memory: its address and length.
    pub(super) fn string(&mut self, text: impl AsRef<[u8]>) -> [u64; 2] {
        let text = text.as_ref();
        [self.put(text), text.len() as u64]
    }

    /// Puts an array of buffers into memory: its address and length.
    pub(super) fn buffers(&mut self, buffers: &[(u32, u32)]) -> [u64; 2] {
        let bytes: Vec<u8> =
            buffers.iter().flat_map(|(at, len)| [at.to_le_bytes(), len.to_le_bytes()].concat()).collect();
        [self.put(&bytes), buffers.len() as u64]
    }

    /// Makes one buffer with `bytes` in it: the array's address and length.
    pub(super) fn buffer(&mut self, bytes: &[u8]) -> [u64; 2] {
        let at = self.put(bytes) as u32;
        self.buffers(&[(at, bytes.len() as u32)])
    }

    pub(super) fn poke(&mut self, at: u32, bytes: &[u8]) {
        match &mut self.memory {
            Memory::Unshared(memory) => memory[at as usize..][..bytes.len()].copy_from_slice(bytes),
            Memory::Shared(shared) => shared.write(at as usize, bytes),
        }
    }

    pub(super) fn peek(&self, at: u32, len: usize) -> Vec<u8> {
        match &self.memory {
            Memory::Unshared(memory) => memory[at as usize..][..len].to_vec(),
            Memory::Shared(shared) => {
                let mut out = vec![0; len];
                shared.read(at as usize, &mut out);
                out
            }
        }
    }

    pub(super) fn u16(&self, at: u32) -> u16 {
        u16::from_le_bytes(self.peek(at, 2).try_into().unwrap())
    }

    pub(super) fn u32(&self, at: u32) -> u32 {
        u32::from_le_bytes(self.peek(at, 4).try_into().unwrap())
    }

    pub(super) fn u64(&self, at: u32) -> u64 {
        u64::from_le_bytes(self.peek(at, 8).try_into().unwrap())
    }

    /// Calls `path_open` under the preopened directory.
    pub(super) fn try_open(&mut self, path: &str, oflags: u64, rights: u64, fdflags: u64) -> u16 {
        let [path, len] = self.string(path);
        self.call("path_open", &[ROOT, 1, path, len, oflags, rights, u64::MAX, fdflags, OUT.into()])
    }

    /// Opens a path under the preopened directory.
    #[track_caller]
    pub(super) fn open(&mut self, path: &str, oflags: u64, rights: u64, fdflags: u64) -> u64 {
        assert_eq!(self.try_open(path, oflags, rights, fdflags), 0, "opening {path}");
        self.u32(OUT).into()
    }

    /// Reads up to `len` bytes.
    #[track_caller]
    pub(super) fn read(&mut self, fd: u64, len: usize) -> Vec<u8> {
        let [iovs, count] = self.buffer(&vec![0xee; len]);
        self.ok("fd_read", &[fd, iovs, count, OUT.into()]);
        let at = self.u32(iovs as u32);
        self.peek(at, self.u32(OUT) as usize)
    }

    /// Writes bytes, and gives how many were written.
    #[track_caller]
    pub(super) fn write(&mut self, fd: u64, bytes: &[u8]) -> u32 {
        let [iovs, count] = self.buffer(bytes);
        self.ok("fd_write", &[fd, iovs, count, OUT.into()]);
        self.u32(OUT)
    }

    /// Where a path of the preopened directory is on the host.
    pub(super) fn host(&self, path: &str) -> PathBuf {
        self.host.path().join(path)
    }
}

/// Writes the function that finds a function by its name.
macro_rules! dispatcher {
    ($($name:ident($($arg:ident: $type:ty),*) -> $result:ident;)*) => {
        fn dispatch(
            ctx: &mut WasiCtx,
            memory: &mut GuestMemory<'_>,
            name: &str,
            args: &[u64],
        ) -> Result<(), Stop> {
            match name {
                $(stringify!($name) => {
                    let [$($arg),*] = *args else { panic!("{name} has other parameters than {args:?}") };
                    ctx.$name(memory, $($arg as $type),*)
                })*
                _ => panic!("no function is named {name}"),
            }
        }

        /// The names of all functions, with the number of their parameters.
        pub(super) const FUNCTIONS: &[(&str, usize)] =
            &[$((stringify!($name), { const ARGS: &[&str] = &[$(stringify!($arg)),*]; ARGS.len() })),*];
    };
}
crate::functions::for_each_function!(dispatcher);
