//! Telling profilers where functions are.
//!
//! Two ways that Linux `perf` knows, each a file for the whole process:
//! - the **perf map**, `/tmp/perf-PID.map`: a line a function; `perf report` reads it as it is;
//! - the **jitdump**, `jit-PID.dump` in the current directory: functions with their code; `perf record -k
//!   mono`, then   `perf inject --jit` makes object files of it, so that `perf annotate` shows instructions.

use super::code::NativeCode;
use parking_lot::Mutex;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use windlass_abi::facts::FuncIndex;

/// How functions are made known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ProfileKind {
    /// A line a function in `/tmp/perf-PID.map`.
    PerfMap,
    /// Functions with their code in `jit-PID.dump`, in the current directory.
    JitDump,
}

/// Gives the name of a function by its index in the module.
pub type FunctionNames = Box<dyn Fn(FuncIndex) -> String + Send + Sync>;

/// What to do with functions of a module, those included that are made later.
pub(super) struct Profile {
    kind: ProfileKind,
    names: FunctionNames,
}

impl Profile {
    /// Makes functions known: their indices and their code.
    pub(super) fn report<'a>(
        &self,
        functions: impl Iterator<Item = (FuncIndex, *const u8, &'a [u8])>,
    ) -> io::Result<()> {
        static PERF_MAP: Mutex<Option<PerfMap>> = Mutex::new(None);
        static JIT_DUMP: Mutex<Option<JitDump>> = Mutex::new(None);
        let functions = functions.map(|(index, at, code)| ((self.names)(index), at.addr() as u64, code));
        match self.kind {
            ProfileKind::PerfMap => with(
                &PERF_MAP,
                |process| PerfMap::new(Path::new("/tmp"), process),
                |map| map.write(functions),
            ),
            ProfileKind::JitDump => {
                with(&JIT_DUMP, |process| JitDump::new(Path::new(""), process), |dump| dump.write(functions))
            }
        }
    }
}

/// Uses this process's file, made when there is none. A child of the process gets its own.
fn with<T: OfProcess>(
    file: &Mutex<Option<T>>,
    make: impl FnOnce(u32) -> io::Result<T>,
    f: impl FnOnce(&mut T) -> io::Result<()>,
) -> io::Result<()> {
    let mut file = file.lock();
    let process = std::process::id();
    if file.as_ref().is_none_or(|file| file.process() != process) {
        *file = Some(make(process)?);
    }
    f(file.as_mut().expect("just made"))
}

trait OfProcess {
    fn process(&self) -> u32;
}

impl NativeCode {
    /// Makes the module's functions known to a profiler, now and when they are made. Meant to be called once.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn profile(&self, kind: ProfileKind, names: FunctionNames) -> io::Result<()> {
        let profile = self.0.profile.get_or_init(|| Profile { kind, names });
        profile.report(self.0.functions())
    }
}

/// Makes a file that is written to the end only; not through a link that somebody else has put there.
fn create(path: &Path) -> io::Result<File> {
    // A process with the same number may have left one.
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    OpenOptions::new().read(true).append(true).create_new(true).custom_flags(libc::O_NOFOLLOW).open(path)
}

/// The perf map.
struct PerfMap {
    file: File,
    process: u32,
}

impl OfProcess for PerfMap {
    fn process(&self) -> u32 {
        self.process
    }
}

impl PerfMap {
    fn new(directory: &Path, process: u32) -> io::Result<PerfMap> {
        let file = create(&directory.join(format!("perf-{process}.map")))?;
        Ok(PerfMap { file, process })
    }

    fn write<'a>(&mut self, functions: impl Iterator<Item = (String, u64, &'a [u8])>) -> io::Result<()> {
        let mut text = String::new();
        for (name, at, code) in functions {
            // One line each, whatever a module calls its functions.
            let name = name.replace(char::is_control, "_");
            text += &format!("{at:x} {:x} {name}\n", code.len());
        }
        self.file.write_all(text.as_bytes())
    }
}

/// The jitdump: numbers in the order of the machine.
struct JitDump {
    file: File,
    process: u32,
    /// Number of functions so far.
    count: u64,
}

impl OfProcess for JitDump {
    fn process(&self) -> u32 {
        self.process
    }
}

impl JitDump {
    const MAGIC: u32 = 0x4a69_5444;
    const VERSION: u32 = 1;
    const HEADER_SIZE: u32 = 40;
    /// `EM_X86_64`.
    const MACHINE: u32 = 62;
    /// The kind of the only records that are written: a function's code.
    const CODE_LOAD: u32 = 0;
    const LOAD_SIZE: usize = 56;

    fn new(directory: &Path, process: u32) -> io::Result<JitDump> {
        let mut file = create(&directory.join(format!("jit-{process}.dump")))?;
        let mut header = Vec::new();
        for word in [Self::MAGIC, Self::VERSION, Self::HEADER_SIZE, Self::MACHINE, 0, process] {
            header.extend_from_slice(&word.to_ne_bytes());
        }
        header.extend_from_slice(&now().to_ne_bytes());
        header.extend_from_slice(&0u64.to_ne_bytes());
        file.write_all(&header)?;
        // `perf` finds the file by this mapping, which is there for nothing else.
        crate::sys::text::map_marker(&file)?;
        Ok(JitDump { file, process, count: 0 })
    }

    fn write<'a>(&mut self, functions: impl Iterator<Item = (String, u64, &'a [u8])>) -> io::Result<()> {
        let mut records = Vec::new();
        // SAFETY: tells the number of this thread.
        let thread = unsafe { libc::gettid() } as u32;
        for (name, at, code) in functions {
            let name = name.replace('\0', "_");
            let size = Self::LOAD_SIZE + name.len() + 1 + code.len();
            records.extend_from_slice(&Self::CODE_LOAD.to_ne_bytes());
            records.extend_from_slice(&(size as u32).to_ne_bytes());
            records.extend_from_slice(&now().to_ne_bytes());
            records.extend_from_slice(&self.process.to_ne_bytes());
            records.extend_from_slice(&thread.to_ne_bytes());
            for word in [at, at, code.len() as u64, self.count] {
                records.extend_from_slice(&word.to_ne_bytes());
            }
            records.extend_from_slice(name.as_bytes());
            records.push(0);
            records.extend_from_slice(code);
            self.count += 1;
        }
        self.file.write_all(&records)
    }
}

/// The clock of `perf record -k mono`, in nanoseconds.
fn now() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    /// A directory that is removed in the end.
    struct Directory(PathBuf);

    impl Directory {
        fn new(name: &str) -> Directory {
            let path = std::env::temp_dir().join(format!("windlass-{name}-{}", std::process::id()));
            std::fs::create_dir_all(&path).unwrap();
            Directory(path)
        }
    }

    impl Drop for Directory {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_line_a_function() {
        let directory = Directory::new("map");
        let path = directory.0.join("perf-7.map");
        std::fs::write(&path, "of another process").unwrap();
        let mut map = PerfMap::new(&directory.0, 7).unwrap();
        map.write([("a b".into(), 0x1000, &[0xc3; 18][..])].into_iter()).unwrap();
        map.write([("x\ny".into(), 0x2000, &[0xc3; 1][..])].into_iter()).unwrap();
        assert_eq!(std::fs::read_to_string(path).unwrap(), "1000 12 a b\n2000 1 x_y\n");
    }

    #[test]
    fn nobody_redirects_the_file() {
        let directory = Directory::new("link");
        let (target, link) = (directory.0.join("target"), directory.0.join("perf-8.map"));
        std::fs::write(&target, "precious").unwrap();
        std::os::unix::fs::symlink(&target, &link).unwrap();
        PerfMap::new(&directory.0, 8).unwrap();
        assert_eq!(std::fs::read_to_string(target).unwrap(), "precious");
    }

    #[test]
    fn records_of_functions() {
        let directory = Directory::new("dump");
        let mut dump = JitDump::new(&directory.0, 9).unwrap();
        let functions = [("f".into(), 0x1000, &[1, 2, 3][..]), ("gh".into(), 0x2000, &[4][..])];
        dump.write(functions.into_iter()).unwrap();
        let bytes = std::fs::read(directory.0.join("jit-9.dump")).unwrap();
        let word = |at: usize| u32::from_ne_bytes(bytes[at..at + 4].try_into().unwrap());
        let long = |at: usize| u64::from_ne_bytes(bytes[at..at + 8].try_into().unwrap());
        assert_eq!([0, 4, 8, 12, 20].map(word), [JitDump::MAGIC, 1, 40, 62, 9]);
        // Two records: header of 16, numbers of 40, name, code.
        assert_eq!((word(40), word(44)), (0, 56 + 2 + 3));
        assert!(long(48) <= now() && long(48) > 0);
        assert_eq!((word(56), [64, 72, 80, 88].map(long)), (9, [0x1000, 0x1000, 3, 0]));
        assert_eq!(bytes[96..101], [b'f', 0, 1, 2, 3]);
        assert_eq!((word(105), long(149)), (56 + 3 + 1, 1));
        assert_eq!(bytes[157..], [b'g', b'h', 0, 4]);
    }
}
