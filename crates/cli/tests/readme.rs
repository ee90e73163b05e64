//! Runs what README shows on its console, and compares what it shows to be printed.
//!
//! A block marked `console` holds commands, each after `$ `, with their output (standard output and standard
//! error together). They run in the project's folder, in order, by the shell, with the `windlass`
//! of this build. `WINDLASS_BLESS=1` rewrites the blocks to what was printed.

use std::fs;
use std::path::Path;
use std::process::Command;

#[test]
fn readme_shows_what_is_printed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let path = root.join("README.md");
    let text = fs::read_to_string(&path).expect("README can be read");
    let (mut real, mut commands, mut console) = (String::new(), 0, false);
    for line in text.lines() {
        if line.starts_with("```") {
            console = line == "```console";
        } else if console {
            let Some(command) = line.strip_prefix("$ ") else {
                assert!(commands > 0, "output without a command: {line}");
                continue;
            };
            commands += 1;
            real.push_str(&format!("{line}\n{}", run(&root, command)));
            continue;
        }
        real.push_str(line);
        real.push('\n');
    }
    assert!(commands > 0, "README shows no command");
    if std::env::var_os("WINDLASS_BLESS").is_some() {
        fs::write(&path, real).expect("README can be written");
    } else {
        assert!(
            text == real,
            "README differs from what is printed, which is:\n{real}\nWINDLASS_BLESS=1 writes it"
        );
    }
}

/// What a command prints, ended by a newline unless it is nothing.
fn run(root: &Path, command: &str) -> String {
    let bin = Path::new(env!("CARGO_BIN_EXE_windlass")).parent().expect("a program lies in a folder");
    let path = std::env::join_paths(
        [bin.to_owned()]
            .into_iter()
            .chain(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())),
    );
    let output = Command::new("sh")
        .args(["-c", &format!("exec 2>&1; {command}")])
        .current_dir(root)
        .env("PATH", path.expect("a path"))
        .env_remove("RUST_BACKTRACE")
        .output()
        .expect("there is a shell");
    let mut printed = String::from_utf8(output.stdout).expect("it prints text");
    if !printed.is_empty() && !printed.ends_with('\n') {
        printed.push('\n');
    }
    printed
}
