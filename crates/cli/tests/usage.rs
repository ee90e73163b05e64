//! The command line as a whole: usage errors, help, versions, completions, closed pipes.

mod common;

use common::{Files, HELLO, run, windlass};
use std::io::Read;
use std::process::Stdio;

#[test]
fn no_command() {
    run(&mut windlass(["a.wasm"])).fails_with_usage(&["'a.wasm'", "windlass run a.wasm"]);
    run(&mut windlass(["frobnicate"])).fails_with_usage(&["'frobnicate'", "Usage:"]);
    assert!(!run(&mut windlass(["frobnicate"])).stderr.contains("windlass run"));
    let nothing = run(&mut windlass::<&str>([]));
    assert_eq!(nothing.code, Some(2));
    assert!(
        nothing.stderr.contains("Usage: windlass") && nothing.stderr.contains("Examples:"),
        "{}",
        nothing.stderr
    );
}

#[test]
fn wrong_options() {
    run(&mut windlass(["run"])).fails_with_usage(&["<FILE>"]);
    run(&mut windlass(["run", "--nonsense", "a.wasm"])).fails_with_usage(&["'--nonsense'"]);
    run(&mut windlass(["run", "--compiler", "nonsense", "a.wasm"])).fails_with_usage(&["nonsense", "interp"]);
    run(&mut windlass(["wast"])).fails_with_usage(&["<FILES>"]);
    run(&mut windlass(["wast", "--renew", "a.wast"])).fails_with_usage(&["--left-out"]);
    run(&mut windlass(["completions", "tcl"])).fails_with_usage(&["tcl", "bash"]);
}

#[test]
fn help_and_version() {
    for args in [
        &["--help"][..],
        &["run", "--help"],
        &["wast", "--help"],
        &["validate", "--help"],
        &["objdump", "--help"],
        &["completions", "--help"],
    ] {
        let help = run(&mut windlass(args));
        assert_eq!((help.code, help.stderr.as_str()), (Some(0), ""), "{args:?}");
        assert!(
            help.stdout.contains("Usage: windlass") && help.stdout.contains("Examples:\n  windlass"),
            "{args:?}"
        );
    }
    let version = concat!("windlass ", env!("CARGO_PKG_VERSION"), "\n");
    run(&mut windlass(["--version"])).prints(version);
}

#[test]
fn the_features_are_listed() {
    for args in [&["run", "-W", "help"][..], &["validate", "-Whelp"], &["wast", "--wasm", "help", "a.wast"]] {
        let list = run(&mut windlass(args));
        assert_eq!(list.code, Some(0), "{args:?}: {}", list.stderr);
        for feature in ["simd", "memory64", "stack-switching", "not built", "Needs simd."] {
            assert!(list.stdout.contains(feature), "{feature} in {}", list.stdout);
        }
    }
}

#[test]
fn completions() {
    for (shell, part) in
        [("bash", "complete -F"), ("zsh", "#compdef windlass"), ("fish", "complete -c windlass")]
    {
        let script = run(&mut windlass(["completions", shell]));
        assert_eq!(script.code, Some(0));
        assert!(script.stdout.contains(part), "{shell}");
        assert!(script.stdout.contains("max-memory"), "{shell}");
    }
}

#[test]
fn a_closed_pipe_is_no_failure() {
    let files = Files::new();
    let functions: String = (0..20_000).map(|i| format!("(func $f{i})")).collect();
    let file = files.write("long.wat", format!("(module {functions})"));
    let mut command = windlass(["objdump".into(), file]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // Some of the output is read, and then nobody reads any more.
    let mut some = [0; 10];
    child.stdout.take().unwrap().read_exact(&mut some).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(0), ""));
}

#[test]
fn a_guest_whose_reader_has_gone_ends_by_itself() {
    let files = Files::new();
    let file = files.write("hello.wat", HELLO);
    let mut child =
        windlass(["run".into(), file]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(0), ""));
}

impl common::Run {
    /// It is a usage error that contains all of these.
    #[track_caller]
    fn fails_with_usage(&self, parts: &[&str]) {
        self.fails(2, parts);
        assert_eq!(self.stdout, "");
        assert!(self.stderr.contains("--help"), "{}", self.stderr);
    }
}
