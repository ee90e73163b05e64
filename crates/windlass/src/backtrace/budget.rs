//! Reading debug information for a limited price, so that hostile sections cannot make it take long, or much memory.

use gimli::{EndianSlice, Error, LittleEndian, Reader, ReaderOffsetId, Result};
use std::borrow::Cow;
use std::cell::Cell;

/// What may still be spent. Every read has a fixed price, and one for each byte.
#[derive(Debug)]
pub(super) struct Budget(Cell<u64>);

impl Budget {
    /// A fixed price of whatever may repeat, so that steps without bytes are bounded too.
    const STEP: u64 = 4;

    pub fn new(amount: u64) -> Budget {
        Budget(Cell::new(amount))
    }

    /// Pays for a step that handles this many things or bytes.
    #[inline]
    pub fn pay(&self, count: usize) -> Result<()> {
        match self.0.get().checked_sub(Budget::STEP + count as u64) {
            Some(left) => {
                self.0.set(left);
                Ok(())
            }
            None => {
                self.0.set(0);
                Err(Error::UnexpectedEof(ReaderOffsetId(0)))
            }
        }
    }
}

/// A section, or a part of one, read on a budget. When that is spent, every read fails.
#[derive(Clone, Copy, Debug)]
pub(super) struct Metered<'a> {
    bytes: EndianSlice<'a, LittleEndian>,
    budget: &'a Budget,
}

impl<'a> Metered<'a> {
    pub fn new(bytes: &'a [u8], budget: &'a Budget) -> Metered<'a> {
        Metered { bytes: EndianSlice::new(bytes, LittleEndian), budget }
    }
}

impl<'a> Reader for Metered<'a> {
    type Endian = LittleEndian;
    type Offset = usize;

    fn endian(&self) -> LittleEndian {
        LittleEndian
    }

    fn len(&self) -> usize {
        self.bytes.len()
    }

    fn empty(&mut self) {
        self.bytes.empty();
    }

    fn truncate(&mut self, len: usize) -> Result<()> {
        self.bytes.truncate(len)
    }

    fn offset_from(&self, base: &Metered<'a>) -> usize {
        self.bytes.offset_from(base.bytes)
    }

    fn offset_id(&self) -> ReaderOffsetId {
        self.bytes.offset_id()
    }

    fn lookup_offset_id(&self, id: ReaderOffsetId) -> Option<usize> {
        self.bytes.lookup_offset_id(id)
    }

    fn find(&self, byte: u8) -> Result<usize> {
        let found = Reader::find(&self.bytes, byte);
        self.budget.pay(*found.as_ref().unwrap_or(&self.bytes.len()))?;
        found
    }

    fn skip(&mut self, len: usize) -> Result<()> {
        self.budget.pay(0)?;
        self.bytes.skip(len)
    }

    fn split(&mut self, len: usize) -> Result<Metered<'a>> {
        self.budget.pay(0)?;
        Ok(Metered { bytes: self.bytes.split(len)?, budget: self.budget })
    }

    fn to_slice(&self) -> Result<Cow<'_, [u8]>> {
        self.budget.pay(self.bytes.len())?;
        self.bytes.to_slice()
    }

    fn to_string(&self) -> Result<Cow<'_, str>> {
        self.budget.pay(self.bytes.len())?;
        Reader::to_string(&self.bytes)
    }

    fn to_string_lossy(&self) -> Result<Cow<'_, str>> {
        self.budget.pay(self.bytes.len())?;
        Reader::to_string_lossy(&self.bytes)
    }

    fn read_slice(&mut self, buf: &mut [u8]) -> Result<()> {
        self.budget.pay(buf.len())?;
        self.bytes.read_slice(buf)
    }
}
