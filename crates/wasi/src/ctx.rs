//! The state that a guest's WASI calls work on, and how an embedder sets it up.

use crate::clocks::{Clock, Clocks, Which};
use crate::descriptors::{Descriptor, Descriptors, Directory, Kind};
use crate::streams::{HostStream, InputStream, OutputStream, Which as Stream};
use crate::wait::{Paused, Waiter};
use crate::{DirPerms, Errno, FilePerms};
use cap_std::ambient_authority;
use cap_std::fs::Dir;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno as Host;
use std::io;
use std::path::Path;

/// Everything that a guest can reach through WASI: its arguments and environment, its open descriptors, clocks and
/// randomness.
///
/// Built by a [`WasiCtxBuilder`], kept in the store's data, found by the function given to
/// [`add_to_linker`](crate::add_to_linker).
pub struct WasiCtx {
    pub(crate) args: Vec<String>,
    /// Each `KEY=VALUE`.
    pub(crate) env: Vec<String>,
    pub(crate) descriptors: Descriptors,
    pub(crate) clocks: Clocks,
    pub(crate) random: Random,
    pub(crate) waiter: Waiter,
    /// How far the call had come that was interrupted last.
    pub(crate) paused: Paused,
}

impl WasiCtx {
    /// Starts to describe a context; the same as [`WasiCtxBuilder::new`].
    ///
    /// ```
    /// let wasi = windlass_wasi::WasiCtx::builder().arg("program").build();
    /// ```
    pub fn builder() -> WasiCtxBuilder {
        WasiCtxBuilder::new()
    }
}

/// How many descriptors a guest may have unless the embedder says so.
const MAX_DESCRIPTORS: u32 = 1024;

/// Describes a [`WasiCtx`].
///
/// A new one gives the guest nothing: no arguments, no environment, no directories, an empty input, and outputs that
/// nobody sees. Clocks and randomness are the host's.
///
/// ```
/// use windlass_wasi::WasiCtxBuilder;
///
/// let wasi = WasiCtxBuilder::new().arg("program").env("LANG", "C").inherit_stdio().build();
/// ```
pub struct WasiCtxBuilder {
    args: Vec<String>,
    env: Vec<String>,
    /// Input, output, errors.
    stdio: [Kind; 3],
    preopened: Vec<Directory>,
    max_descriptors: u32,
    clocks: Clocks,
    random: Random,
}

impl Default for WasiCtxBuilder {
    fn default() -> WasiCtxBuilder {
        WasiCtxBuilder::new()
    }
}

impl WasiCtxBuilder {
    /// A context that gives the guest nothing.
    ///
    /// ```
    /// let wasi = windlass_wasi::WasiCtxBuilder::new().build();
    /// ```
    pub fn new() -> WasiCtxBuilder {
        WasiCtxBuilder {
            args: Vec::new(),
            env: Vec::new(),
            stdio: nothing(),
            preopened: Vec::new(),
            max_descriptors: MAX_DESCRIPTORS,
            clocks: Clocks::default(),
            random: Random::Host,
        }
    }

    /// Adds an argument. The first one is the program's name.
    ///
    /// ```
    /// let wasi = windlass_wasi::WasiCtxBuilder::new().arg("program").arg("--help").build();
    /// ```
    pub fn arg(&mut self, arg: impl Into<String>) -> &mut Self {
        self.args.push(arg.into());
        self
    }

    /// Adds arguments.
    ///
    /// ```
    /// let wasi = windlass_wasi::WasiCtxBuilder::new().args(["program", "--help"]).build();
    /// ```
    pub fn args<S: AsRef<str>>(&mut self, args: impl IntoIterator<Item = S>) -> &mut Self {
        self.args.extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    /// Adds the host process's arguments, its name first. Those that are not Unicode cannot be told, and are lossy.
    ///
    /// ```
    /// let wasi = windlass_wasi::WasiCtxBuilder::new().inherit_args().build();
    /// ```
    pub fn inherit_args(&mut self) -> &mut Self {
        self.args.extend(std::env::args_os().map(|arg| arg.to_string_lossy().into_owned()));
        self
    }

    /// Sets an environment variable. One that was set before has the new value.
    ///
    /// ```
    /// let wasi = windlass_wasi::WasiCtxBuilder::new().env("LANG", "C").build();
    /// ```
    pub fn env(&mut self, key: impl AsRef<str>, value: impl AsRef<str>) -> &mut Self {
        let prefix = format!("{}=", key.as_ref());
        let variable = format!("{prefix}{}", value.as_ref());
        match self.env.iter_mut().find(|old| old.starts_with(&prefix)) {
            Some(old) => *old = variable,
            None => self.env.push(variable),
        }
        self
    }

    /// Sets environment variables.
    ///
    /// ```
    /// let wasi = windlass_wasi::WasiCtxBuilder::new().envs([("LANG", "C"), ("TZ", "UTC")]).build();
    /// ```
    pub fn envs<K: AsRef<str>, V: AsRef<str>>(
        &mut self,
        vars: impl IntoIterator<Item = (K, V)>,
    ) -> &mut Self {
        for (key, value) in vars {
            self.env(key, value);
        }
        self
    }

    /// Sets the host process's environment variables. Those that are not Unicode are left out.
    ///
    /// ```
    /// let wasi = windlass_wasi::WasiCtxBuilder::new().inherit_env().build();
    /// ```
    pub fn inherit_env(&mut self) -> &mut Self {
        for (key, value) in std::env::vars_os() {
            if let (Some(key), Some(value)) = (key.to_str(), value.to_str()) {
                self.env(key, value);
            }
        }
        self
    }

    /// Lends the guest the host process's input, output and error streams.
    ///
    /// ```
    /// let wasi = windlass_wasi::WasiCtxBuilder::new().inherit_stdio().build();
    /// ```
    pub fn inherit_stdio(&mut self) -> &mut Self {
        self.inherit_stdin().inherit_stdout().inherit_stderr()
    }

    /// Lends the guest the host process's input.
    ///
    /// ```
    /// let wasi = windlass_wasi::WasiCtxBuilder::new().inherit_stdin().build();
    /// ```
    pub fn inherit_stdin(&mut self) -> &mut Self {
        self.stdio[0] = Kind::Host(HostStream::new(Stream::Stdin));
        self
    }

    /// Lends the guest the host process's output.
    ///
    /// ```
    /// let wasi = windlass_wasi::WasiCtxBuilder::new().inherit_stdout().build();
    /// ```
    pub fn inherit_stdout(&mut self) -> &mut Self {
        self.stdio[1] = Kind::Host(HostStream::new(Stream::Stdout));
        self
    }

    /// Lends the guest the host process's error stream.
    ///
    /// ```
    /// let wasi = windlass_wasi::WasiCtxBuilder::new().inherit_stderr().build();
    /// ```
    pub fn inherit_stderr(&mut self) -> &mut Self {
        self.stdio[2] = Kind::Host(HostStream::new(Stream::Stderr));
        self
    }

    /// Lets the guest's input come from `stream`: anything to read from, an [`InputBuffer`](crate::InputBuffer), or an
    /// [`InputStream`] of the embedder's own.
    ///
    /// ```
    /// let wasi = windlass_wasi::WasiCtxBuilder::new().stdin(&b"all that there is to read"[..]).build();
    /// ```
    pub fn stdin(&mut self, stream: impl InputStream + 'static) -> &mut Self {
        self.stdio[0] = Kind::Input(Box::new(stream));
        self
    }

    /// Lets the guest's output go to `stream`: anything to write to, an [`OutputBuffer`](crate::OutputBuffer), or an
    /// [`OutputStream`] of the embedder's own. It is flushed when the guest syncs or closes it.
    ///
    /// ```
    /// let output = windlass_wasi::OutputBuffer::new();
    /// let wasi = windlass_wasi::WasiCtxBuilder::new().stdout(output.clone()).build();
    /// ```
    pub fn stdout(&mut self, stream: impl OutputStream + 'static) -> &mut Self {
        self.stdio[1] = Kind::Output(Box::new(stream));
        self
    }

    /// Lets the guest's errors go to `stream`, as [`WasiCtxBuilder::stdout`] does.
    ///
    /// ```
    /// let wasi = windlass_wasi::WasiCtxBuilder::new().stderr(std::io::stderr()).build();
    /// ```
    pub fn stderr(&mut self, stream: impl OutputStream + 'static) -> &mut Self {
        self.stdio[2] = Kind::Output(Box::new(stream));
        self
    }

    /// Opens the host's directory `host_path`, and gives it to the guest under the name `guest_path`.
    ///
    /// The guest reaches what is under it, and nothing else: neither `..` nor symbolic links lead out of it, nor does
    /// it help to change them while they are looked up. What is mounted under it, is under it; so are devices: do not
    /// lend `/proc` or `/dev` to a guest that is not trusted.
    ///
    /// ```
    /// use windlass_wasi::{DirPerms, FilePerms, WasiCtxBuilder};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let data = std::env::temp_dir();
    /// let wasi = WasiCtxBuilder::new()
    ///     .preopened_dir(&data, "/data", DirPerms::READ, FilePerms::READ)?
    ///     .build();
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// If the directory cannot be opened.
    pub fn preopened_dir(
        &mut self,
        host_path: impl AsRef<Path>,
        guest_path: impl Into<String>,
        dir_perms: DirPerms,
        file_perms: FilePerms,
    ) -> io::Result<&mut Self> {
        let host_path = host_path.as_ref();
        let dir = open_dir(host_path).map_err(|error| {
            io::Error::new(error.kind(), format!("cannot open directory {}: {error}", host_path.display()))
        })?;
        let preopened_as = Some(guest_path.into());
        self.preopened.push(Directory { dir, dir_perms, file_perms, preopened_as, listing: None });
        Ok(self)
    }

    /// Sets how many descriptors the guest may have at once, the three standard streams and the preopened directories
    /// among them; 1024 unless it is set. To open more is [`Errno::Mfile`].
    ///
    /// All guests of a process share what the host lets the process open.
    ///
    /// ```
    /// let wasi = windlass_wasi::WasiCtxBuilder::new().max_descriptors(64).build();
    /// ```
    pub fn max_descriptors(&mut self, most: u32) -> &mut Self {
        self.max_descriptors = most;
        self
    }

    /// Replaces the wall clock (`CLOCK_REALTIME`).
    ///
    /// ```
    /// use std::time::Duration;
    /// let wasi = windlass_wasi::WasiCtxBuilder::new().wall_clock(|| Duration::from_secs(1_000_000_000)).build();
    /// ```
    pub fn wall_clock(&mut self, clock: impl Clock + 'static) -> &mut Self {
        self.clocks.replace(Which::Wall, clock);
        self
    }

    /// Replaces the monotonic clock. Sleeps are as long by the host's time as this clock says that they are to last.
    ///
    /// ```
    /// use std::time::Duration;
    /// let mut ticks = 0;
    /// let clock = move || {
    ///     ticks += 1;
    ///     Duration::from_millis(ticks)
    /// };
    /// let wasi = windlass_wasi::WasiCtxBuilder::new().monotonic_clock(clock).build();
    /// ```
    pub fn monotonic_clock(&mut self, clock: impl Clock + 'static) -> &mut Self {
        self.clocks.replace(Which::Monotonic, clock);
        self
    }

    /// Replaces the clock of the process's CPU time, which otherwise counts from here on.
    ///
    /// ```
    /// use std::time::Duration;
    /// let wasi = windlass_wasi::WasiCtxBuilder::new().process_cpu_clock(|| Duration::ZERO).build();
    /// ```
    pub fn process_cpu_clock(&mut self, clock: impl Clock + 'static) -> &mut Self {
        self.clocks.replace(Which::ProcessCpu, clock);
        self
    }

    /// Replaces the clock of the thread's CPU time, which otherwise counts from here on.
    ///
    /// ```
    /// use std::time::Duration;
    /// let wasi = windlass_wasi::WasiCtxBuilder::new().thread_cpu_clock(|| Duration::ZERO).build();
    /// ```
    pub fn thread_cpu_clock(&mut self, clock: impl Clock + 'static) -> &mut Self {
        self.clocks.replace(Which::ThreadCpu, clock);
        self
    }

    /// Replaces the source of randomness, which is the host's otherwise. `fill` overwrites the whole slice; a guest
    /// that wants much gets it in several.
    ///
    /// Programs take what it gives for safe enough to make keys from. Preview 1 knows no other randomness.
    ///
    /// ```
    /// // The same in every run: for tests.
    /// let mut state = 1_u64;
    /// let fill = move |bytes: &mut [u8]| {
    ///     for byte in bytes {
    ///         state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
    ///         *byte = (state >> 56) as u8;
    ///     }
    /// };
    /// let wasi = windlass_wasi::WasiCtxBuilder::new().secure_random(fill).build();
    /// ```
    pub fn secure_random(&mut self, fill: impl FnMut(&mut [u8]) + Send + 'static) -> &mut Self {
        self.random = Random::Custom(Box::new(fill));
        self
    }

    /// Makes the context. The builder is as new afterwards.
    ///
    /// ```
    /// let wasi = windlass_wasi::WasiCtxBuilder::new().arg("program").build();
    /// ```
    pub fn build(&mut self) -> WasiCtx {
        let WasiCtxBuilder { args, env, stdio, preopened, max_descriptors, clocks, random } =
            std::mem::take(self);
        let directories = preopened.into_iter().map(Kind::Directory);
        let open = stdio.into_iter().chain(directories).map(Descriptor::new);
        WasiCtx {
            args,
            env,
            descriptors: Descriptors::new(open, max_descriptors),
            clocks,
            random,
            waiter: Waiter::default(),
            paused: Paused::default(),
        }
    }
}

/// Opens a directory of the host; if it may not be listed, then at least for what lies in it.
fn open_dir(path: &Path) -> io::Result<Dir> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    match rustix::fs::open(path, flags, Mode::empty()) {
        Ok(file) => Ok(Dir::from_std_file(file.into())),
        Err(Host::ACCESS) => Dir::open_ambient_dir(path, ambient_authority()),
        Err(error) => Err(error.into()),
    }
}

/// Streams from which nothing comes and in which nothing stays.
fn nothing() -> [Kind; 3] {
    [
        Kind::Input(Box::new(io::empty())),
        Kind::Output(Box::new(io::sink())),
        Kind::Output(Box::new(io::sink())),
    ]
}

/// Overwrites a whole slice with random bytes.
type Fill = dyn FnMut(&mut [u8]) + Send;

/// A source of random bytes.
pub(crate) enum Random {
    Host,
    Custom(Box<Fill>),
}

impl Random {
    /// Overwrites all of `bytes`.
    pub(crate) fn fill(&mut self, bytes: &mut [u8]) -> Result<(), Errno> {
        match self {
            Random::Custom(fill) => fill(bytes),
            Random::Host => {
                let mut filled = 0;
                while filled < bytes.len() {
                    let flags = rustix::rand::GetRandomFlags::empty();
                    let rest = &mut bytes[filled..];
                    filled += rustix::io::retry_on_intr(|| rustix::rand::getrandom(&mut *rest, flags))?;
                }
            }
        }
        Ok(())
    }
}
