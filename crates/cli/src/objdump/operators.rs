//! A module's operators as text, by where they lie.

use windlass::{Result, format_err};

/// The operators of all functions, in order.
pub struct Operators {
    /// Offset in the module, and the operator in text form.
    rows: Vec<(u32, String)>,
}

impl Operators {
    /// Reads a valid module.
    pub fn new(wasm: &[u8]) -> Result<Operators> {
        let mut text = String::new();
        let lines = wasmprinter::Config::new()
            .offsets_and_lines(wasm, &mut text)
            .map_err(|error| format_err!("cannot print the module's operators: {error}"))?;
        let rows = lines.filter_map(|(offset, line)| Some((offset? as u32, line)));
        let mut rows: Vec<(u32, String)> = rows
            .map(|(offset, line)| (offset, line.split(" ;; ").next().unwrap_or(line).trim().to_owned()))
            // Between the operators are the parts of what is around them.
            .filter(|(_, line)| !line.starts_with(['(', ')']) && !line.is_empty())
            .collect();
        rows.sort_by_key(|row| row.0);
        Ok(Operators { rows })
    }

    /// Those from one offset, inclusive, to another, exclusive.
    pub fn between(&self, start: u32, end: u32) -> &[(u32, String)] {
        let at = |offset| self.rows.partition_point(|row| row.0 < offset);
        &self.rows[at(start)..at(end.max(start))]
    }

    /// The one at an offset.
    pub fn at(&self, offset: u32) -> Option<&str> {
        let i = self.rows.binary_search_by_key(&offset, |row| row.0).ok()?;
        Some(&self.rows[i].1)
    }
}
