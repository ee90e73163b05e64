//! Rows of the code's tables as bytes: little-endian `u32`s in the order of their fields.

use crate::code::{CatchRow, FunctionRow, HandlerRow, SafepointRow};
use alloc::vec::Vec;

/// A row of a table.
pub(super) trait Row: Sized {
    /// Its size in bytes.
    const SIZE: usize;
    fn put(&self, out: &mut Vec<u8>);
    /// Reads a row of exactly [`Row::SIZE`] bytes.
    fn take(bytes: &[u8]) -> Self;
}

macro_rules! rows {
    ($( $row:ident { $( $field:ident )* } )*) => { $(
        impl Row for $row {
            const SIZE: usize = size_of::<$row>();

            fn put(&self, out: &mut Vec<u8>) {
                let words = [ $( self.$field ),* ];
                let mut bytes = [0; Self::SIZE];
                for (to, word) in bytes.chunks_exact_mut(4).zip(words) {
                    to.copy_from_slice(&word.to_le_bytes());
                }
                out.extend_from_slice(&bytes);
            }

            fn take(bytes: &[u8]) -> $row {
                let mut words = bytes.chunks_exact(4).map(u32::take);
                $row { $( $field: words.next().expect("a whole row"), )* }
            }
        }
    )* };
}

rows! {
    FunctionRow { start end entry index frame_size slots offset positions handlers safepoints }
    SafepointRow { at slots }
    HandlerRow { start end catches catches_end }
    CatchRow { tag with_reference slot target }
}

impl Row for u32 {
    const SIZE: usize = 4;

    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_le_bytes());
    }

    fn take(bytes: &[u8]) -> u32 {
        u32::from_le_bytes(bytes.try_into().expect("four bytes"))
    }
}

/// A table as bytes.
pub(super) fn bytes<R: Row>(rows: &[R]) -> Vec<u8> {
    let mut out = Vec::with_capacity(rows.len() * R::SIZE);
    rows.iter().for_each(|row| row.put(&mut out));
    out
}

/// The rows of a table, whose length is that of whole rows.
pub(super) fn rows<R: Row>(bytes: &[u8]) -> Vec<R> {
    bytes.chunks_exact(R::SIZE).map(R::take).collect()
}
