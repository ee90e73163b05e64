//! The state that a guest's WASI calls work on, and how an embedder sets it up.

use crate::clocks::{Clock, Clocks, Which};
use crate::descriptors::{Descriptor, Descriptors, Directory, Kind};
use crate::streams::HostStream;
use crate::{DirPerms, Errno, FilePerms};
use cap_std::ambient_authority;
use cap_std::fs::Dir;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno as Host;
use std::io::{self, Read, Write};
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
}

impl WasiCtx {
    /// Starts to describe a context; the same as [`WasiCtxBuilder::new`].
    pub fn builder() -> WasiCtxBuilder {
        WasiCtxBuilder::new()
    }
}

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
    pub fn new() -> WasiCtxBuilder {
        WasiCtxBuilder {
            args: Vec::new(),
            env: Vec::new(),
            stdio: nothing(),
            preopened: Vec::new(),
            clocks: Clocks::default(),
            random: Random::Host,
        }
    }

    /// Adds an argument. The first one is the program's name.
    pub fn arg(&mut self, arg: impl Into<String>) -> &mut Self {
        self.args.push(arg.into());
        self
    }

    /// Adds arguments.
    pub fn args<S: AsRef<str>>(&mut self, args: impl IntoIterator<Item = S>) -> &mut Self {
        self.args.extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    /// Adds the host process's arguments, its name first. Those that are not Unicode cannot be told, and are lossy.
    pub fn inherit_args(&mut self) -> &mut Self {
        self.args.extend(std::env::args_os().map(|arg| arg.to_string_lossy().into_owned()));
        self
    }

    /// Sets an environment variable. One that was set before has the new value.
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
    pub fn inherit_env(&mut self) -> &mut Self {
        for (key, value) in std::env::vars_os() {
            if let (Some(key), Some(value)) = (key.to_str(), value.to_str()) {
                self.env(key, value);
            }
        }
        self
    }

    /// Lends the guest the host process's input, output and error streams.
    pub fn inherit_stdio(&mut self) -> &mut Self {
        self.inherit_stdin().inherit_stdout().inherit_stderr()
    }

    /// Lends the guest the host process's input.
    pub fn inherit_stdin(&mut self) -> &mut Self {
        self.stdio[0] = Kind::Host(HostStream::Stdin);
        self
    }

    /// Lends the guest the host process's output.
    pub fn inherit_stdout(&mut self) -> &mut Self {
        self.stdio[1] = Kind::Host(HostStream::Stdout);
        self
    }

    /// Lends the guest the host process's error stream.
    pub fn inherit_stderr(&mut self) -> &mut Self {
        self.stdio[2] = Kind::Host(HostStream::Stderr);
        self
    }

    /// Lets the guest's input come from `stream`.
    pub fn stdin(&mut self, stream: impl Read + Send + 'static) -> &mut Self {
        self.stdio[0] = Kind::Input(Box::new(stream));
        self
    }

    /// Lets the guest's output go to `stream`; it is flushed when the guest syncs or closes it. To collect it in
    /// memory there is [`OutputBuffer`](crate::OutputBuffer).
    pub fn stdout(&mut self, stream: impl Write + Send + 'static) -> &mut Self {
        self.stdio[1] = Kind::Output(Box::new(stream));
        self
    }

    /// Lets the guest's errors go to `stream`, as [`WasiCtxBuilder::stdout`] does.
    pub fn stderr(&mut self, stream: impl Write + Send + 'static) -> &mut Self {
        self.stdio[2] = Kind::Output(Box::new(stream));
        self
    }

    /// Opens the host's directory `host_path`, and gives it to the guest under the name `guest_path`.
    ///
    /// The guest reaches what is under it, and nothing else: neither `..` nor symbolic links lead out of it.
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

    /// Replaces the wall clock (`CLOCK_REALTIME`).
    pub fn wall_clock(&mut self, clock: impl Clock + 'static) -> &mut Self {
        self.clocks.replace(Which::Wall, clock);
        self
    }

    /// Replaces the monotonic clock. Sleeps are as long by the host's time as this clock says that they are to last.
    pub fn monotonic_clock(&mut self, clock: impl Clock + 'static) -> &mut Self {
        self.clocks.replace(Which::Monotonic, clock);
        self
    }

    /// Replaces the clock of the process's CPU time, which otherwise counts from here on.
    pub fn process_cpu_clock(&mut self, clock: impl Clock + 'static) -> &mut Self {
        self.clocks.replace(Which::ProcessCpu, clock);
        self
    }

    /// Replaces the clock of the thread's CPU time, which otherwise counts from here on.
    pub fn thread_cpu_clock(&mut self, clock: impl Clock + 'static) -> &mut Self {
        self.clocks.replace(Which::ThreadCpu, clock);
        self
    }

    /// Replaces the source of randomness. `fill` overwrites the whole slice.
    pub fn random(&mut self, fill: impl FnMut(&mut [u8]) + Send + 'static) -> &mut Self {
        self.random = Random::Custom(Box::new(fill));
        self
    }

    /// Makes the context. The builder is as new afterwards.
    pub fn build(&mut self) -> WasiCtx {
        let WasiCtxBuilder { args, env, stdio, preopened, clocks, random } = std::mem::take(self);
        let directories = preopened.into_iter().map(Kind::Directory);
        let descriptors = stdio.into_iter().chain(directories).map(Descriptor::new).collect();
        WasiCtx { args, env, descriptors, clocks, random }
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
