//! Tests that are files: `tests/ir/**/*.ir`, functions in the text form.
//!
//! A file begins with comments: its directives, `;! NAME`, each in a line of its own, and what else there is to say.
//! Behind that is the body, for which each directive has a function: it says what the body should be.
//!
//! - `roundtrip`: the body is what is printed of the functions in it.
//! - `error`: the body is one or more texts, behind each a line `;= ` with the error of parsing it.
//! - `verify`: the verifier finds nothing wrong. Or the body is one or more texts, behind each a line `;= ` with what it
//!   finds there.
//! - `verify placed`: the same of functions whose code is placed.
//! - `run`: behind a function there are lines `;> ARGUMENTS`, and behind each a line `;= ` with how the function ends
//!   when it is run with them. Its memories are as long as they are at least, and full of zeros.
//!
//! `WINDLASS_BLESS=1 cargo test -p windlass-ir --test files` writes what the bodies should be, for `git diff`.

mod isomorphic;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use windlass_ir::eval::{Outcome, TestEnvironment, run};
use windlass_ir::op::{Op, Shape};
use windlass_ir::text::parse;
use windlass_ir::verify::{Error, verify, verify_placed};
use windlass_ir::{Constant, Function, Value};

/// A part of a file, and the number of its first line, from 0.
#[derive(Clone, Copy)]
struct Part<'t> {
    text: &'t str,
    line: usize,
}

impl Part<'_> {
    /// As a text whose lines have the numbers that they have in the file.
    fn in_its_place(self) -> String {
        "\n".repeat(self.line) + self.text
    }
}

/// What a body should be, or why that cannot be said.
type Directive = fn(Part) -> Result<String, String>;

const DIRECTIVES: &[(&str, Directive)] = &[
    ("roundtrip", roundtrip),
    ("error", error),
    ("verify", |body| verified(body, verify)),
    ("verify placed", |body| verified(body, verify_placed)),
    ("run", runs),
];

fn roundtrip(body: Part) -> Result<String, String> {
    let functions = parse(&body.in_its_place()).map_err(|e| e.to_string())?;
    let mut printed = Vec::new();
    for function in &functions {
        let text = function.to_string();
        let again = parse(&text).map_err(|e| format!("what is printed cannot be parsed: {e}\n{text}"))?;
        let [again] = &again[..] else { return Err(format!("{} functions are printed", again.len())) };
        isomorphic::compare(function, again)?;
        // What floats and is not used is lost, and its number with it. From here on, nothing changes.
        let text = again.to_string();
        let last = parse(&text).map_err(|e| format!("{e}\n{text}"))?.remove(0).to_string();
        if last != text {
            return Err(format!("printed twice\n{text}\nand three times\n{last}"));
        }
        printed.push(text + "\n");
    }
    Ok(printed.join("\n"))
}

fn error(body: Part) -> Result<String, String> {
    expectations(body, |case| match parse(&case.in_its_place()) {
        Ok(_) => Err(format!("line {}: this is no error", case.line + 1)),
        Err(error) => Ok(error.to_string()),
    })
}

fn verified(body: Part, verify: fn(&Function) -> Result<(), Error>) -> Result<String, String> {
    let verified = |case: Part| {
        let functions = parse(&case.in_its_place()).map_err(|e| e.to_string())?;
        Ok::<_, String>(functions.iter().try_for_each(verify))
    };
    if !body.text.lines().any(|line| line.starts_with(";=")) {
        verified(body)?.map_err(|e| e.to_string())?;
        return Ok(body.text.to_owned());
    }
    expectations(body, |case| match verified(case)? {
        Ok(()) => Err(format!("line {}: nothing is wrong", case.line + 1)),
        Err(error) => Ok(error.to_string()),
    })
}

fn runs(body: Part) -> Result<String, String> {
    let functions = parse(&body.in_its_place()).map_err(|e| e.to_string())?;
    functions.iter().try_for_each(verify).map_err(|e| e.to_string())?;
    let mut ends = functions.iter();
    let mut function = None;
    let mut out = String::new();
    for (i, line) in body.text.split_inclusive('\n').enumerate() {
        if line.starts_with(";=") {
            continue;
        }
        out += line;
        if line.trim_end() == "}" {
            function = ends.next();
        }
        if let (Some(function), Some(args)) = (function, line.strip_prefix(";>")) {
            let at = |e| format!("line {}: {e}", body.line + i + 1);
            out += &format!(";= {}\n", ended(function, args).map_err(at)?);
        }
    }
    Ok(out)
}

/// Runs a function with these arguments, and says how it ended.
fn ended(function: &Function, args: &str) -> Result<String, String> {
    let types = &function.signatures[function.signature.index()].params;
    let texts: Vec<&str> = args.split(',').map(str::trim).filter(|text| !text.is_empty()).collect();
    if types.len() != texts.len() {
        return Err(format!("{} arguments for {} parameters", texts.len(), types.len()));
    }
    let args = types.iter().zip(texts).map(|(ty, text)| {
        // Text is parsed as that of a constant.
        let text = format!("function () -> () {{\nb0:\n{ty}_const {text}\n}}");
        let function = parse(&text).map_err(|e| e.to_string())?.remove(0);
        let inst = function.inst(Value(0));
        let vector = || Constant::V128(function.vector_at(inst.vector()));
        Ok(Constant::from_bits(*ty, inst.bits()).unwrap_or_else(vector))
    });
    let args = args.collect::<Result<Vec<Constant>, String>>()?;
    let mut memories = Vec::new();
    for memory in &function.memories {
        let len = usize::try_from(memory.min_len).ok().filter(|len| *len <= 1 << 20);
        memories.push(vec![0; len.ok_or("a memory is too long")?]);
    }
    Ok(match run(function, &mut TestEnvironment::new(memories), &args, 100_000) {
        Outcome::Return(values) => {
            let values: Vec<String> = values.iter().map(Constant::to_string).collect();
            format!("return {}", values.join(", ")).trim_end().to_owned()
        }
        Outcome::Trap(code) => format!("trap {code:?}"),
        Outcome::Throw(thrown) => format!("throw {thrown:?}"),
        Outcome::OutOfFuel => "out of fuel".to_owned(),
        Outcome::Broken(why) => format!("broken: {why}"),
    })
}

/// Splits a body into cases, behind which there is a line `;= ` each, and gives the body with what `expect` says there.
fn expectations(body: Part, expect: impl Fn(Part) -> Result<String, String>) -> Result<String, String> {
    let mut out = String::new();
    let mut case = Part { text: "", line: body.line };
    let mut start = 0;
    let mut end = 0;
    for (i, line) in body.text.split_inclusive('\n').enumerate() {
        if line.starts_with(";=") {
            case.text = &body.text[start..end];
            out += case.text;
            out += &format!(";= {}\n", expect(case)?);
            start = end + line.len();
            case.line = body.line + i + 1;
        }
        end += line.len();
    }
    match body.text[start..].trim().is_empty() {
        true => Ok(out + &body.text[start..]),
        false => Err("behind the last case there is no line with `;=`".to_owned()),
    }
}

/// A file: its directives, and its body.
struct File {
    path: PathBuf,
    text: String,
    directives: Vec<String>,
    body: usize,
}

impl File {
    fn read(path: &Path) -> File {
        let text = std::fs::read_to_string(path).unwrap();
        let mut directives = Vec::new();
        let mut body = 0;
        for line in text.split_inclusive('\n') {
            match line.strip_prefix(";!") {
                Some(directive) => directives.push(directive.trim().to_owned()),
                None if line.starts_with(';') && !line.starts_with(";=") || line.trim().is_empty() => {}
                None => break,
            }
            body += line.len();
        }
        File { path: path.to_owned(), text, directives, body }
    }

    fn body(&self) -> Part<'_> {
        let (head, text) = self.text.split_at(self.body);
        Part { text, line: head.lines().count() }
    }

    fn has(&self, directive: &str) -> bool {
        self.directives.iter().any(|d| d == directive)
    }

    /// Checks the file, or makes it right.
    fn check(&self, bless: bool) -> Result<(), String> {
        if self.directives.is_empty() {
            return Err("it has no directive".to_owned());
        }
        for name in &self.directives {
            let directive = DIRECTIVES.iter().find(|(n, _)| n == name);
            let (_, directive) = directive.ok_or_else(|| format!("there is no directive `{name}`"))?;
            let body = self.body();
            let expected = directive(body).map_err(|e| format!("{name}: {e}"))?;
            if expected == body.text {
                continue;
            }
            if bless {
                let head = &self.text[..self.body];
                return std::fs::write(&self.path, format!("{head}{expected}")).map_err(|e| e.to_string());
            }
            let mut lines = body.text.lines().zip(expected.lines()).enumerate();
            return Err(match lines.find(|(_, (is, should))| is != should) {
                Some((i, (is, should))) => {
                    format!("{name}: line {} is\n{is}\nand should be\n{should}", body.line + i + 1)
                }
                None => format!("{name}: it has more or less lines than it should"),
            });
        }
        Ok(())
    }
}

fn files() -> Vec<File> {
    let mut files = Vec::new();
    let mut directories = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ir")];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else {
                files.push(File::read(&path));
            }
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

#[test]
fn files_are_as_they_should_be() {
    let bless = std::env::var_os("WINDLASS_BLESS").is_some();
    let complaint = |file: &File| {
        let why = file.check(bless).err()?;
        Some(format!("{}: {why}\n", file.path.display()))
    };
    let complaints: Vec<String> = files().iter().filter_map(complaint).collect();
    assert!(complaints.is_empty(), "{}\nWINDLASS_BLESS=1 accepts differences", complaints.join("\n"));
}

/// The shapes of all instructions in the files that are printed as they are.
#[test]
fn every_shape_is_in_a_file() {
    let mut seen = HashSet::new();
    for file in files().iter().filter(|file| file.has("roundtrip")) {
        for function in parse(file.body().text).unwrap() {
            let values = (0..function.values() as u32).map(Value);
            seen.extend(values.map(|value| format!("{:?}", function.op(value).shape())));
        }
    }
    let missing: Vec<Shape> =
        Op::ALL.iter().map(|op| op.shape()).filter(|s| !seen.contains(&format!("{s:?}"))).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// Whatever is left of a text when something is taken out of it is parsed, or refused; and what is parsed is printed.
#[test]
fn no_text_makes_the_parser_panic() {
    let try_it = |text: &str| {
        let again = |text: &str| parse(text).unwrap_or_else(|e| panic!("{e}\n{text}")).remove(0);
        for function in parse(text).unwrap_or_default() {
            let second = again(&function.to_string()).to_string();
            assert_eq!(again(&second).to_string(), second);
        }
    };
    for file in files() {
        let text = file.body().text;
        let words: Vec<usize> = text
            .char_indices()
            .filter(|(at, c)| !c.is_alphanumeric() || text[..*at].ends_with([' ', '\n', '(']))
            .map(|(at, _)| at)
            .chain([text.len()])
            .collect();
        for pair in words.windows(3) {
            let [first, second, third] = [pair[0], pair[1], pair[2]];
            try_it(&text[..first]);
            try_it(&[&text[..first], &text[second..]].concat());
            try_it(&[&text[..first], &text[second..third], &text[first..second], &text[third..]].concat());
        }
    }
}
