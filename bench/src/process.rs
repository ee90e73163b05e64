//! Running processes, and what is known of one that ended.

use crate::report::Sample;
use anyhow::{Context, Result, bail};
use std::fs::File;
use std::io::{Read, Seek};
use std::os::fd::AsFd;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// A process that ended.
pub struct Ended {
    status: libc::c_int,
    pub wall: Duration,
    pub cpu: Duration,
    pub peak_kib: u64,
    pub stdout: Vec<u8>,
    pub stderr: String,
}

impl Ended {
    /// Itself, if it ended well.
    pub fn success(self) -> Result<Ended> {
        if libc::WIFEXITED(self.status) && libc::WEXITSTATUS(self.status) == 0 {
            return Ok(self);
        }
        let how = match libc::WIFEXITED(self.status) {
            true => format!("exit code {}", libc::WEXITSTATUS(self.status)),
            false => format!("signal {}", libc::WTERMSIG(self.status)),
        };
        let said = self.stderr.lines().find(|line| !line.trim().is_empty()).unwrap_or("");
        bail!("{how}: {said}")
    }
}

/// Runs a command to its end, killing it after `timeout`.
pub fn run(command: &[&str], folder: Option<&Path>, timeout: Duration) -> Result<Ended> {
    let (mut stdout, mut stderr) = (tempfile::tempfile()?, tempfile::tempfile()?);
    let mut builder = Command::new(command.first().context("an empty command")?);
    builder.args(&command[1..]).stdin(Stdio::null()).stdout(stdout.try_clone()?).stderr(stderr.try_clone()?);
    if let Some(folder) = folder {
        builder.current_dir(folder);
    }
    let started = Instant::now();
    let child = builder.spawn().with_context(|| format!("cannot run {}", command[0]))?;
    let pid = child.id() as libc::pid_t;

    // Killed by a handle of the process, which stays right whenever it ends.
    let handle = rustix::process::pidfd_open(
        rustix::process::Pid::from_child(&child),
        rustix::process::PidfdFlags::empty(),
    )?;
    let (done, over) = mpsc::channel::<()>();
    let killer = std::thread::spawn(move || {
        if over.recv_timeout(timeout) == Err(mpsc::RecvTimeoutError::Timeout) {
            let _ = rustix::process::pidfd_send_signal(handle.as_fd(), rustix::process::Signal::KILL);
            return true;
        }
        false
    });
    let mut status = 0;
    // SAFETY: all-zero is a value of this plain structure.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: both pointers are to live values; the child is ours and nobody else waits for it.
    let waited = unsafe { libc::wait4(pid, &mut status, 0, &mut usage) };
    let wall = started.elapsed();
    let _ = done.send(());
    if killer.join().unwrap_or(false) {
        bail!("no end in {} s", timeout.as_secs());
    }
    if waited != pid {
        return Err(std::io::Error::last_os_error()).context("cannot wait for it");
    }
    let time = |t: libc::timeval| Duration::new(t.tv_sec as u64, t.tv_usec as u32 * 1000);
    Ok(Ended {
        status,
        wall,
        cpu: time(usage.ru_utime) + time(usage.ru_stime),
        peak_kib: usage.ru_maxrss as u64,
        stdout: all(&mut stdout)?,
        stderr: String::from_utf8_lossy(&all(&mut stderr)?).into_owned(),
    })
}

fn all(file: &mut File) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The path of this program.
pub fn own_path() -> Result<String> {
    crate::path_str(&std::env::current_exe()?)
}

/// CPU time of this process, all threads, and growth of its peak memory, over `work`.
pub fn own_cpu_and_memory(work: impl FnOnce() -> Result<()>) -> Result<Sample> {
    let now = || {
        let t = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
        Duration::new(t.tv_sec as u64, t.tv_nsec as u32)
    };
    // Forgets the peak so far.
    std::fs::write("/proc/self/clear_refs", "5").context("cannot reset the peak of memory")?;
    let (memory, cpu) = (own_status("VmRSS")?, now());
    work()?;
    let cpu = now() - cpu;
    Ok(Sample { ns: cpu.as_nanos() as f64, peak_kib: own_status("VmHWM")?.saturating_sub(memory) })
}

/// A figure in KiB that the system knows of this process.
fn own_status(key: &str) -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(key)).context("no such figure")?;
    Ok(line.trim_matches(|c: char| !c.is_ascii_digit()).parse()?)
}
