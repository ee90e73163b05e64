//! Holds the files of the project to its rules: headers, sizes, forbidden words, links that resolve.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Lines that a file of Rust may have.
const MAX_LINES: usize = 1200;

/// What no file of Rust may hold, and why. Written in two halves so that this file passes.
const FORBIDDEN: &[(&str, &str, &str)] = &[
    ("todo", "!(", "unfinished work gets an error that names it"),
    ("unimplemented", "!(", "unfinished work gets an error that names it"),
    ("dbg", "!(", "left over from debugging"),
    ("#[", "ignore", "an ignored test tests nothing"),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the workspace's folder")
}

/// The project's files with this extension, as paths relative to its folder.
fn files(extension: &str) -> Vec<(PathBuf, String)> {
    let root = root();
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of the project") {
            let path = entry.expect("an entry of a folder").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            if path.is_dir() {
                // Build products, fuzzers' finds, the repository itself.
                if !["target", "corpus", "artifacts", ".git"].contains(&name.as_str()) {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|e| e == extension) {
                let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
                found.push((path.strip_prefix(&root).expect("below the root").to_owned(), text));
            }
        }
    }
    assert!(!found.is_empty(), "no .{extension} file found below {}", root.display());
    found.sort();
    found
}

fn report(complaints: Vec<String>) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

#[test]
fn every_rust_file_says_what_it_is_for() {
    let headless = |text: &str| !text.lines().take(3).any(|line| line.starts_with("//!"));
    report(
        files("rs")
            .iter()
            .filter(|(_, text)| headless(text))
            .map(|(path, _)| format!("{}: no //! header", path.display()))
            .collect(),
    );
}

#[test]
fn no_rust_file_is_too_long() {
    report(
        files("rs")
            .iter()
            .map(|(path, text)| (path, text.lines().count()))
            .filter(|&(_, lines)| lines > MAX_LINES)
            .map(|(path, lines)| format!("{}: {lines} lines, at most {MAX_LINES}: divide it", path.display()))
            .collect(),
    );
}

#[test]
fn no_rust_file_holds_a_forbidden_word() {
    let mut complaints = Vec::new();
    for (path, text) in files("rs") {
        for (i, line) in text.lines().enumerate() {
            for (head, tail, why) in FORBIDDEN {
                if line.contains(&format!("{head}{tail}")) {
                    complaints.push(format!("{}:{}: {head}{tail}: {why}", path.display(), i + 1));
                }
            }
        }
    }
    report(complaints);
}

/// The lines of a Markdown file outside its code blocks, with their numbers.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut code = false;
    text.lines().enumerate().filter(move |(_, line)| {
        let fence = line.trim_start().starts_with("```");
        code ^= fence;
        !code && !fence
    })
}

/// The anchors of a Markdown file's headings, as hosting sites form them.
fn anchors(text: &str) -> BTreeSet<String> {
    prose(text)
        .filter_map(|(_, line)| line.strip_prefix('#'))
        .map(|heading| {
            heading
                .trim_start_matches('#')
                .trim()
                .to_lowercase()
                .chars()
                .filter_map(|c| match c {
                    ' ' => Some('-'),
                    '-' | '_' => Some(c),
                    _ => c.is_alphanumeric().then_some(c),
                })
                .collect()
        })
        .collect()
}

#[test]
fn links_in_markdown_resolve() {
    let root = root();
    let mut complaints = Vec::new();
    let mut links = 0;
    for (path, text) in files("md") {
        for (i, line) in prose(&text) {
            for target in line.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
                if target.contains("://") || target.starts_with("mailto:") {
                    continue;
                }
                links += 1;
                let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
                let file = if file.is_empty() {
                    root.join(&path)
                } else {
                    root.join(&path).parent().expect("a folder").join(file)
                };
                let good = file.exists()
                    && (anchor.is_empty()
                        || fs::read_to_string(&file).is_ok_and(|text| anchors(&text).contains(anchor)));
                if !good {
                    complaints.push(format!("{}:{}: no {target}", path.display(), i + 1));
                }
            }
        }
    }
    assert!(links > 0, "no link found");
    report(complaints);
}
