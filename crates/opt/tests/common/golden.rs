//! Tests that are files: functions in the text form, and behind each one lines `;= ` with what comes of it.
//!
//! `WINDLASS_BLESS=1` writes what comes of them, for `git diff`.

use std::path::{Path, PathBuf};

/// All files in a folder of the tests, and in those below it.
pub fn files(folder: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut directories = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(folder)];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { directories.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    files
}

/// A file as it should be: `make` is given the whole file and the text of a function, and says what comes of it.
fn expected(text: &str, make: &dyn Fn(&str, &str) -> Result<String, String>) -> Result<String, String> {
    let (mut out, mut function) = (String::new(), String::new());
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.starts_with(";=")) {
        out += line;
        out += "\n";
        if function.is_empty() && !line.starts_with("function") {
            continue;
        }
        function += line;
        function += "\n";
        if line == "}" {
            let made = make(text, &function).map_err(|e| format!("before line {}: {e}", number + 1))?;
            for line in made.lines() {
                out += format!(";= {line}").trim_end();
                out += "\n";
            }
            function.clear();
        }
    }
    Ok(out)
}

/// Compares each file of a folder with what it should be, or writes that.
pub fn check(folder: &str, make: &dyn Fn(&str, &str) -> Result<String, String>) {
    let bless = std::env::var_os("WINDLASS_BLESS").is_some();
    let mut complaints = String::new();
    for path in files(folder) {
        let text = std::fs::read_to_string(&path).unwrap();
        match expected(&text, make) {
            Ok(expected) if expected == text => {}
            Ok(expected) if bless => std::fs::write(&path, expected).unwrap(),
            Ok(expected) => {
                let differs = expected.lines().zip(text.lines()).find(|(should, is)| should != is);
                complaints += &format!("{}: should, is: {differs:?}\n", path.display());
            }
            Err(why) => complaints += &format!("{}: {why}\n", path.display()),
        }
    }
    assert!(complaints.is_empty(), "{complaints}\nWINDLASS_BLESS=1 accepts differences");
}
