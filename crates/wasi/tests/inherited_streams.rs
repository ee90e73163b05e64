//! The host's own standard streams, lent to a guest.
//!
//! A test's streams are what the test runner makes of them, so this test is a program without a harness that runs
//! itself again: the parent makes pipes and files, and the child runs a guest on them.

use std::fs::File;
use std::io::Write;
use std::process::{Command, Output, Stdio};
use windlass::{Engine, Linker, Module, Store};
use windlass_wasi::{Errno, WasiCtx, WasiCtxBuilder, add_to_linker};

/// Names the guest's export to call, in the child.
const CHILD: &str = "WINDLASS_WASI_TEST_CHILD";

fn main() {
    if let Ok(export) = std::env::var(CHILD) {
        std::process::exit(guest(&export).expect("the guest runs"));
    }
    for (name, test) in TESTS {
        test();
        println!("test {name} ... ok");
    }
}

fn guest(export: &str) -> windlass::Result<i32> {
    let engine = Engine::default();
    let module = Module::new(&engine, include_str!("guests/stdio.wat"))?;
    let mut linker = Linker::new(&engine);
    add_to_linker(&mut linker, |wasi: &mut WasiCtx| wasi)?;
    let mut store = Store::new(&engine, WasiCtxBuilder::new().inherit_stdio().build());
    let instance = linker.instantiate(&mut store, &module)?;
    instance.get_typed_func::<(), i32>(&mut store, export)?.call(&mut store, ())
}

const TESTS: &[(&str, fn())] = &[
    ("input_comes_and_output_goes_in_order", in_order),
    ("input_from_a_file_can_be_moved_in", seek),
    ("pipes_cannot_be_moved_in", spipe),
    ("input_is_ready_when_it_has_come_or_ended", ready),
    ("reading_without_waiting_says_so", impatient),
    ("output_that_nobody_reads_is_a_broken_pipe", broken_pipe),
    ("output_to_a_full_disk_is_an_error", full_disk),
    ("much_output_goes_whole_through_a_pipe", much),
    ("the_hosts_own_pipe_still_waits", stays_blocking),
];

fn child(export: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.env(CHILD, export).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs the guest with `input` in a file.
fn with_file(export: &str, input: &str) -> Output {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(input.as_bytes()).unwrap();
    std::io::Seek::rewind(&mut file).unwrap();
    child(export).stdin(file).output().unwrap()
}

#[track_caller]
fn assert_code(output: &Output, code: u16) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(i32::from(code)), "{said}");
}

fn in_order() {
    let both = tempfile::NamedTempFile::new().unwrap();
    let writer = || File::options().append(true).open(both.path()).unwrap();
    let text = "sixteen bytes a. sixteen bytes b. sixteen bytes c. and the rest";
    let mut child =
        child("alternate").stdin(Stdio::piped()).stdout(writer()).stderr(writer()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(std::fs::read_to_string(both.path()).unwrap(), text);
}

fn seek() {
    let output = with_file("tail", "the end is near");
    assert_code(&output, 0);
    assert_eq!(output.stdout, b"near");
}

fn spipe() {
    let output = child("tail").stdin(Stdio::piped()).output().unwrap();
    assert_code(&output, Errno::Spipe as u16);
}

fn ready() {
    let mut silent = child("ready").stdin(Stdio::piped()).spawn().unwrap();
    let _open = silent.stdin.take();
    assert_eq!(silent.wait().unwrap().code(), Some(0), "the time was over first");

    let mut spoken = child("ready").stdin(Stdio::piped()).spawn().unwrap();
    let mut open = spoken.stdin.take().unwrap();
    open.write_all(b"x").unwrap();
    assert_eq!(spoken.wait().unwrap().code(), Some(1));

    assert_code(&child("ready").output().unwrap(), 1);
    assert_code(&with_file("ready", "text"), 1);
}

fn impatient() {
    let mut silent = child("impatient").stdin(Stdio::piped()).spawn().unwrap();
    let _open = silent.stdin.take();
    assert_eq!(silent.wait().unwrap().code(), Some(Errno::Again as i32));
    assert_code(&with_file("impatient", "text"), 0);
}

fn broken_pipe() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    assert_code(&child("write").stdout(writer).output().unwrap(), Errno::Pipe as u16);
}

fn full_disk() {
    let full = || File::options().write(true).open("/dev/full").unwrap();
    assert_code(&child("write").stdout(full()).output().unwrap(), Errno::NoSpc as u16);
}

fn much() {
    let mut child = child("flood").spawn().unwrap();
    let mut out = child.stdout.take().unwrap();
    // It has to wait for its reader.
    std::thread::sleep(std::time::Duration::from_millis(30));
    let mut read = Vec::new();
    std::io::Read::read_to_end(&mut out, &mut read).unwrap();
    assert_eq!((child.wait().unwrap().code(), read.len()), (Some(0), 1 << 20));
}

/// The guest is lent a pipe that others have open, too: for them nothing changes.
fn stays_blocking() {
    let (reader, writer) = std::io::pipe().unwrap();
    let ours = writer.try_clone().unwrap();
    assert_code(&child("write").stdout(writer).output().unwrap(), 0);
    let flags = rustix::fs::fcntl_getfl(&ours).unwrap();
    assert!(!flags.contains(rustix::fs::OFlags::NONBLOCK));
    drop(reader);
}
