//! Every public item of the API is shown in a runnable example: in its own documentation, or, of methods, in that of their type.
//!
//! The sources are read as text. An item is covered if
//! - its documentation has an example, or begins with a link to the item that it stands for ("As [`Store::gc`].");
//! - it is a method, and the example of its type calls it, or another example that names the type;
//! - it is a type, and an example of the crate names it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// A public item, as it stands in a file.
struct Item {
    /// The type, for methods.
    of: Option<String>,
    name: String,
    doc: Vec<String>,
    line: usize,
}

/// What a file declares, and the code of its examples.
struct Source {
    file: PathBuf,
    items: Vec<Item>,
    examples: Vec<String>,
}

fn sources(folder: &Path, to: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).expect("a folder of the crate") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            if path.file_name().is_some_and(|name| name != "tests") {
                sources(&path, to);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            to.push(read(path));
        }
    }
}

/// A name at the beginning of a text.
fn name(text: &str) -> &str {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default()
}

/// The name that a declaration gives, if it begins with one of these words.
fn declared<'a>(line: &'a str, words: &[&str]) -> Option<&'a str> {
    let mut rest = line.strip_prefix("pub ")?;
    loop {
        let (word, after) = rest.split_once(' ')?;
        if words.contains(&word) {
            return Some(name(after));
        }
        if !["const", "unsafe", "async", "extern"].contains(&word) {
            return None;
        }
        rest = after;
    }
}

/// The type that an `impl` block is for; `None` if it is one of a trait.
fn implemented(line: &str) -> Option<String> {
    let mut rest = line.strip_prefix("impl")?;
    if rest.starts_with('<') {
        let mut depth = 0;
        let end = rest.char_indices().find(|(i, c)| {
            depth += match c {
                '<' => 1,
                '>' if !rest[..*i].ends_with('-') => -1,
                _ => 0,
            };
            depth == 0
        });
        rest = &rest[end?.0 + 1..];
    }
    let rest = rest.trim_start();
    (!rest.contains(" for ")).then(|| name(rest).to_owned())
}

fn read(file: PathBuf) -> Source {
    let text = fs::read_to_string(&file).expect("a file of the crate");
    let (mut items, mut examples) = (Vec::new(), Vec::<String>::new());
    let (mut of, mut doc, mut hidden, mut block) = (None, Vec::new(), false, None);
    for (line, full) in text.lines().enumerate() {
        let code = full.trim_start();
        if let Some(comment) = code.strip_prefix("///").or_else(|| code.strip_prefix("//!")) {
            if comment.trim_start().starts_with("```") {
                // What is in a block of another language is no example.
                block = if block.is_some() { None } else { Some(!comment.contains("text")) };
                if block == Some(true) {
                    examples.push(String::new());
                }
            } else if let (Some(true), Some(last)) = (block, examples.last_mut()) {
                last.push_str(comment);
                last.push('\n');
            }
            doc.push(comment.trim().to_owned());
            continue;
        }
        if code.starts_with("#[") || code.starts_with(")]") {
            hidden |= code.contains("doc(hidden)");
            continue;
        }
        if full.starts_with("impl") {
            of = implemented(full);
        } else if full.starts_with('}') {
            of = None;
        }
        let in_impl = full.starts_with("    pub ") && of.is_some();
        let found = if in_impl {
            declared(code, &["fn"])
        } else {
            declared(full, &["struct", "enum", "trait", "type", "fn"]).inspect(|_| of = None)
        };
        if let (Some(name), false) = (found, hidden) {
            items.push(Item { of: of.clone(), name: name.to_owned(), doc: std::mem::take(&mut doc), line });
        }
        doc.clear();
        hidden = false;
    }
    Source { file, items, examples }
}

/// Whether code calls a function or method of this name.
fn calls(code: &str, name: &str) -> bool {
    let starts = code
        .match_indices(name)
        .filter(|(at, _)| code[..*at].ends_with(['.', ':']) || code[..*at].ends_with(' '));
    starts
        .map(|(at, _)| &code[at + name.len()..])
        .any(|rest| rest.starts_with('(') || rest.starts_with("::<"))
}

fn has_word(code: &str, name: &str) -> bool {
    code.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == name)
}

/// Whether an example stands in the documentation of a type.
fn belongs(docs: &BTreeMap<&str, Vec<String>>, of: &str, code: &str) -> bool {
    docs.get(of).is_some_and(|lines| code.lines().all(|line| lines.iter().any(|doc| doc == line.trim())))
}

fn uncovered(folder: &Path) -> (usize, Vec<String>) {
    let mut all = Vec::new();
    sources(folder, &mut all);
    let lib = fs::read_to_string(folder.join("lib.rs")).expect("the crate's root");
    let exports: BTreeSet<&str> = lib
        .split("pub use ")
        .skip(1)
        .filter_map(|rest| rest.split(';').next())
        .flat_map(|list| list.split(|c: char| !c.is_alphanumeric() && c != '_'))
        .collect();
    let examples: Vec<&String> = all.iter().flat_map(|source| &source.examples).collect();
    let mut of_types = BTreeMap::<&str, Vec<String>>::new();
    for source in &all {
        for item in source.items.iter().filter(|item| item.of.is_none()) {
            of_types.entry(&item.name).or_default().extend(item.doc.iter().cloned());
        }
    }
    let (mut count, mut complaints) = (0, Vec::new());
    for source in &all {
        for item in &source.items {
            let outer = item.of.as_ref().unwrap_or(&item.name);
            if !exports.contains(outer.as_str()) {
                continue;
            }
            count += 1;
            let own = item.doc.iter().any(|line| line.starts_with("```"))
                || item.doc.first().is_some_and(|line| line.starts_with("As [`"));
            let shown = examples.iter().any(|code| match &item.of {
                Some(of) => calls(code, &item.name) && (has_word(code, of) || belongs(&of_types, of, code)),
                None => has_word(code, &item.name),
            });
            if !own && !shown {
                let of = item.of.as_ref().map(|of| format!("{of}::")).unwrap_or_default();
                complaints.push(format!(
                    "{}:{}: {of}{} is in no example",
                    source.file.display(),
                    item.line + 1,
                    item.name
                ));
            }
        }
    }
    (count, complaints)
}

#[test]
fn every_public_item_is_in_an_example() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (folder, least) in [("src", 400), ("../wasi/src", 25)] {
        let (count, complaints) = uncovered(&here.join(folder));
        assert!(count >= least, "only {count} public items found in {folder}: is this test blind?");
        assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
    }
}

#[test]
fn the_test_is_not_blind() {
    assert_eq!(implemented("impl<T: Send, F: Fn(T) -> u8> Store<T> {").as_deref(), Some("Store"));
    assert_eq!(implemented("impl<T> Drop for Store<T> {"), None);
    assert_eq!(declared("pub const unsafe fn call(", &["fn"]), Some("call"));
    assert_eq!(declared("pub(crate) fn call(", &["fn"]), None);
    assert!(calls("store.gc(None)", "gc") && calls("Store::get::<u8>()", "get"));
    assert!(!calls("store.gc_now()", "gc") && !calls("the gc", "gc"));
}
