//! Lines and columns of byte offsets in a text.

use crate::report::Place;

/// Where each line of a text begins.
pub struct Lines {
    starts: Vec<usize>,
}

impl Lines {
    /// The lines of a text.
    pub fn new(text: &str) -> Lines {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        Lines { starts: std::iter::once(0).chain(breaks.map(|(at, _)| at + 1)).collect() }
    }

    /// The place of a byte offset.
    pub fn place(&self, offset: usize) -> Place {
        let line = self.starts.partition_point(|start| *start <= offset);
        let column = offset - self.starts[line - 1] + 1;
        Place { line: line as u32, column: column as u32 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_from_one() {
        let lines = Lines::new("ab\n\ncd");
        let place = |offset| lines.place(offset).to_string();
        assert_eq!([place(0), place(2), place(3), place(4), place(5)], ["1:1", "1:3", "2:1", "3:1", "3:2"]);
    }
}
