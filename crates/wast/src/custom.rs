//! Judging custom sections. An engine never refuses a module for its custom sections, so what
//! scripts assert of them is checked here: the sections `name` and `metadata.code.branch_hint`.

use std::collections::HashMap;
use wasmparser::{BranchHintSectionReader, KnownCustom, NameSectionReader, Operator, Parser, Payload};

/// What is wrong with the custom sections of a module that is otherwise valid.
pub fn check(module: &[u8]) -> Result<(), String> {
    let mut hints = HashMap::new();
    let mut next_function = 0u32;
    for payload in Parser::new(0).parse_all(module) {
        match payload.map_err(|e| e.to_string())? {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    let import = import.map_err(|e| e.to_string())?;
                    next_function += u32::from(matches!(import.ty, wasmparser::TypeRef::Func(_)));
                }
            }
            Payload::CustomSection(section) => match section.as_known() {
                KnownCustom::Name(reader) => names(reader)?,
                KnownCustom::BranchHints(reader) => hints = branch_hints(reader)?,
                _ => {}
            },
            Payload::CodeSectionEntry(body) => {
                if let Some(offsets) = hints.remove(&next_function) {
                    targets(&body, &offsets).map_err(|e| format!("function {next_function}: {e}"))?;
                }
                next_function += 1;
            }
            _ => {}
        }
    }
    match hints.keys().next() {
        None => Ok(()),
        Some(function) => Err(format!("branch hints for function {function}, which has no body")),
    }
}

fn names(reader: NameSectionReader<'_>) -> Result<(), String> {
    for part in reader {
        part.map_err(|e| format!("name section: {e}"))?;
    }
    Ok(())
}

/// The offsets of each function's hints, ascending.
fn branch_hints(reader: BranchHintSectionReader<'_>) -> Result<HashMap<u32, Vec<u32>>, String> {
    let mut hints = HashMap::new();
    let mut last = None;
    for function in reader {
        let function = function.map_err(|e| format!("branch hints: {e}"))?;
        if last.replace(function.func).is_some_and(|last| last >= function.func) {
            return Err("branch hints: functions are out of order".into());
        }
        let offsets: Result<Vec<u32>, _> =
            function.hints.into_iter().map(|hint| hint.map(|hint| hint.func_offset)).collect();
        let offsets = offsets.map_err(|e| format!("branch hints: {e}"))?;
        if !offsets.is_sorted_by(|a, b| a < b) {
            return Err(format!("branch hints: function {}: offsets are out of order", function.func));
        }
        hints.insert(function.func, offsets);
    }
    Ok(hints)
}

/// Checks that every hint stands before an operator that takes one.
fn targets(body: &wasmparser::FunctionBody<'_>, offsets: &[u32]) -> Result<(), String> {
    let start = body.range().start;
    let mut left: Vec<usize> = offsets.iter().map(|offset| start + *offset as usize).collect();
    let operators = body.get_operators_reader().map_err(|e| e.to_string())?;
    for item in operators.into_iter_with_offsets() {
        let (operator, offset) = item.map_err(|e| e.to_string())?;
        if matches!(operator, Operator::If { .. } | Operator::BrIf { .. }) {
            left.retain(|hint| *hint != offset);
        }
    }
    match left.first() {
        None => Ok(()),
        Some(hint) => {
            Err(format!("a branch hint at offset {hint:#x}, where neither `if` nor `br_if` stands"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_text(text: &str) -> Result<(), String> {
        let buffer = wast::parser::ParseBuffer::new(text).unwrap();
        check(&wast::parser::parse::<wast::Wat<'_>>(&buffer).unwrap().encode().unwrap())
    }

    #[test]
    fn hints_stand_before_branches() {
        let hinted = |operator: &str| {
            check_text(&format!(
                r#"(module (import "m" "f" (func)) (func (param i32) (block local.get 0
                    (@metadata.code.branch_hint "\01") {operator})))"#
            ))
        };
        assert_eq!(hinted("br_if 0"), Ok(()));
        assert_eq!(hinted("if end"), Ok(()));
        assert!(hinted("drop").unwrap_err().contains("neither `if` nor `br_if`"));
    }

    #[test]
    fn names_are_read() {
        assert_eq!(check_text("(module $m (func $f (param $x i32)))"), Ok(()));
        let bad = b"\0asm\x01\0\0\0\0\x08\x04name\x01\x05\x01";
        assert!(check(bad).unwrap_err().contains("name section"));
    }
}
