//! Machine code of each class of operators, as `windlass objdump --asm --plain` lists it.
//!
//! A file of `disas/` is a module in text form; a first line `;;! OPTIONS` has further options. The expected listing follows
//! the module, on lines that begin with `;;|`. After a change of the compiler, look at the differences:
//!
//! ```text
//! cargo test -p windlass-cli --test disas                     compare
//! WINDLASS_BLESS=1 cargo test -p windlass-cli --test disas    write what is made now, for `git diff`
//! ```
#![cfg(all(target_arch = "x86_64", target_os = "linux"))]

mod common;

use common::{run, windlass};
use std::fs;
use std::path::{Path, PathBuf};

const OPTIONS: &str = ";;!";
const LISTING: &str = ";;|";

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/disas");
    let entries = fs::read_dir(folder).expect("the folder is there");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "wat"));
    files.sort();
    files
}

/// The listing that is made now.
fn listing(file: &Path, text: &str) -> Result<String, String> {
    let options = text.lines().next().and_then(|line| line.strip_prefix(OPTIONS)).unwrap_or_default();
    let options = options.split_whitespace();
    let mut command = windlass(["objdump", "--asm", "--plain", "--compiler", "baseline"]);
    let listed = run(command.args(options).arg(file));
    if listed.code == Some(0) { Ok(listed.stdout) } else { Err(listed.stderr) }
}

/// A listing as lines of a module in text form.
fn as_comment(listing: &str) -> String {
    listing.lines().map(|line| format!("{LISTING} {line}").trim_end().to_owned() + "\n").collect()
}

/// The first lines that differ.
fn difference(expected: &str, listed: &str) -> String {
    let mut lines = expected.lines().zip(listed.lines()).enumerate();
    match lines.find(|(_, (a, b))| a != b) {
        Some((i, (a, b))) => format!("line {} of the listing:\n  expected {a}\n  but got  {b}", i + 1),
        None => format!("{} lines expected, {} listed", expected.lines().count(), listed.lines().count()),
    }
}

#[test]
fn machine_code_is_as_expected() {
    let bless = std::env::var_os("WINDLASS_BLESS").is_some();
    let files = files();
    assert!(files.len() >= 20, "{files:?}");
    let mut complaints = Vec::new();
    for file in files {
        let name = file.file_name().expect("a name").to_string_lossy().into_owned();
        let text = fs::read_to_string(&file).expect("the file can be read");
        let (expected, source): (Vec<&str>, Vec<&str>) =
            text.split_inclusive('\n').partition(|line| line.starts_with(LISTING));
        let (expected, source) = (expected.concat(), source.concat());
        match listing(&file, &text) {
            Err(error) => complaints.push(format!("{name}: {error}")),
            Ok(listed) => {
                let listed = as_comment(&listed);
                if bless {
                    let source = source.trim_end();
                    fs::write(&file, format!("{source}\n\n{listed}")).expect("the file can be written");
                } else if listed != expected {
                    complaints.push(format!("{name}: {}", difference(&expected, &listed)));
                }
            }
        }
    }
    assert!(complaints.is_empty(), "{}\nWINDLASS_BLESS=1 accepts it", complaints.join("\n"));
}
