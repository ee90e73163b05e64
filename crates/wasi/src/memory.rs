//! Guest memory as the functions see it: checked reads and writes, and vectors of buffers for the host's I/O.
//!
//! A pointer of the guest is a `u32` of no trust. Every access is checked against the memory's size, and what lies
//! outside is [`Errno::Fault`]. Alignment is of no account, and buffers may overlap.
//!
//! An unshared memory is a slice: the host reads and writes right in it. Nobody can have a slice of a shared memory,
//! since other threads write to it at the same time: what goes in or out of one is copied through a buffer.

use crate::Errno;
use std::io::{IoSlice, IoSliceMut};
use std::ops::Range;

/// How many buffers one call takes at most, and how many bytes; what goes beyond is left for the next call.
const MAX_BUFFERS: usize = 1024;
const MAX_BYTES: usize = 0x7fff_f000;
/// How many bytes at most are read or written at once, so that a guest that reads or writes many can be interrupted.
pub(crate) const PIECE: usize = 1 << 20;
/// The longest path, as on Linux.
const MAX_PATH: usize = 4096;

/// A shared memory: its accesses are copies, each byte read or written once.
pub(crate) trait SharedBytes {
    /// The size now, in bytes; it never shrinks.
    fn size(&self) -> usize;
    /// Copies out. `from` and what follows is within the size.
    fn read(&self, from: usize, to: &mut [u8]);
    /// Copies in. `to` and what follows is within the size.
    fn write(&self, to: usize, from: &[u8]);
}

/// The memory of the guest that calls.
pub(crate) enum GuestMemory<'a> {
    /// Nobody else has access.
    Unshared(&'a mut [u8]),
    /// Other threads may have access.
    Shared(&'a dyn SharedBytes),
}

impl GuestMemory<'_> {
    fn size(&self) -> usize {
        match self {
            GuestMemory::Unshared(bytes) => bytes.len(),
            GuestMemory::Shared(shared) => shared.size(),
        }
    }

    /// Where `len` bytes from `pointer` on lie.
    pub(crate) fn range(&self, pointer: u32, len: usize) -> Result<Range<usize>, Errno> {
        let start = pointer as usize;
        let end = start.checked_add(len).ok_or(Errno::Fault)?;
        if end <= self.size() { Ok(start..end) } else { Err(Errno::Fault) }
    }

    /// Checks that results of `len` bytes can be written, so that a function fails before it has an effect.
    pub(crate) fn check(&self, pointer: u32, len: usize) -> Result<(), Errno> {
        self.range(pointer, len).map(|_| ())
    }

    /// Reads `N` bytes.
    pub(crate) fn read<const N: usize>(&self, pointer: u32) -> Result<[u8; N], Errno> {
        let range = self.range(pointer, N)?;
        let mut out = [0; N];
        match self {
            GuestMemory::Unshared(bytes) => out.copy_from_slice(&bytes[range]),
            GuestMemory::Shared(shared) => shared.read(range.start, &mut out),
        }
        Ok(out)
    }

    /// Writes `bytes`.
    pub(crate) fn write(&mut self, pointer: u32, from: &[u8]) -> Result<(), Errno> {
        let range = self.range(pointer, from.len())?;
        match self {
            GuestMemory::Unshared(bytes) => bytes[range].copy_from_slice(from),
            GuestMemory::Shared(shared) => shared.write(range.start, from),
        }
        Ok(())
    }

    /// Writes a 32-bit integer.
    pub(crate) fn write_u32(&mut self, pointer: u32, value: u32) -> Result<(), Errno> {
        self.write(pointer, &value.to_le_bytes())
    }

    /// Writes a 64-bit integer.
    pub(crate) fn write_u64(&mut self, pointer: u32, value: u64) -> Result<(), Errno> {
        self.write(pointer, &value.to_le_bytes())
    }

    /// Copies `len` bytes out; the caller has bounded `len`.
    pub(crate) fn copy_out(&self, pointer: u32, len: usize) -> Result<Vec<u8>, Errno> {
        let range = self.range(pointer, len)?;
        Ok(match self {
            GuestMemory::Unshared(bytes) => bytes[range].to_vec(),
            GuestMemory::Shared(shared) => {
                let mut out = vec![0; range.len()];
                shared.read(range.start, &mut out);
                out
            }
        })
    }

    /// Reads a path: UTF-8 ([`Errno::Ilseq`]), without NUL ([`Errno::Inval`]), no longer than the host takes.
    pub(crate) fn path(&self, pointer: u32, len: u32) -> Result<String, Errno> {
        self.check(pointer, len as usize)?;
        if len as usize > MAX_PATH {
            return Err(Errno::NameTooLong);
        }
        let path = String::from_utf8(self.copy_out(pointer, len as usize)?).map_err(|_| Errno::Ilseq)?;
        if path.contains('\0') { Err(Errno::Inval) } else { Ok(path) }
    }

    /// Lets `fill` write into `len` bytes at most of a piece that begins at `pointer`; gives how many these were.
    pub(crate) fn fill(
        &mut self,
        pointer: u32,
        len: usize,
        fill: impl FnOnce(&mut [u8]) -> Result<(), Errno>,
    ) -> Result<usize, Errno> {
        const MOST: usize = 64 << 10;
        let range = self.range(pointer, len.min(MOST))?;
        match self {
            GuestMemory::Unshared(bytes) => fill(&mut bytes[range.clone()])?,
            GuestMemory::Shared(shared) => {
                let mut buffer = vec![0; range.len()];
                fill(&mut buffer)?;
                shared.write(range.start, &buffer);
            }
        }
        Ok(range.len())
    }

    /// Reads an array of `count` buffers (`iovec` and `ciovec` have one layout), each checked.
    ///
    /// Empty ones are left out. Numbers and lengths beyond what one call takes are cut: short reads and writes are
    /// always right.
    pub(crate) fn buffers(&self, array: u32, count: u32) -> Result<Buffers, Errno> {
        self.check(array, (count as usize).checked_mul(8).ok_or(Errno::Fault)?)?;
        let mut ranges = Vec::with_capacity((count as usize).min(MAX_BUFFERS));
        let mut room = MAX_BYTES;
        for i in 0..count.min(MAX_BUFFERS as u32) {
            let [p0, p1, p2, p3, l0, l1, l2, l3] =
                self.read::<8>(array.checked_add(8 * i).ok_or(Errno::Fault)?)?;
            let (pointer, len) = (u32::from_le_bytes([p0, p1, p2, p3]), u32::from_le_bytes([l0, l1, l2, l3]));
            let range = self.range(pointer, len as usize)?;
            let taken = range.len().min(room);
            room -= taken;
            if taken > 0 {
                ranges.push(range.start..range.start + taken);
            }
        }
        Ok(Buffers { ranges, first: 0 })
    }

    /// Hands the contents of `buffers` to `write`, which says how much of it it took.
    pub(crate) fn gather<E>(
        &self,
        buffers: &Buffers,
        write: impl FnOnce(&[IoSlice<'_>]) -> Result<usize, E>,
    ) -> Result<usize, E> {
        match self {
            GuestMemory::Unshared(bytes) => match buffers.left() {
                [only] => write(&[IoSlice::new(&bytes[only.clone()])]),
                many => write(&many.iter().map(|r| IoSlice::new(&bytes[r.clone()])).collect::<Vec<_>>()),
            },
            GuestMemory::Shared(shared) => {
                let mut copy = vec![0; buffers.len()];
                for (range, piece) in buffers.pieces(copy.len()) {
                    shared.read(range.start, &mut copy[piece]);
                }
                write(&[IoSlice::new(&copy)])
            }
        }
    }

    /// Lets `read` write into `buffers`; it says how much it wrote.
    pub(crate) fn scatter<E>(
        &mut self,
        buffers: &Buffers,
        read: impl FnOnce(&mut [IoSliceMut<'_>]) -> Result<usize, E>,
    ) -> Result<usize, E> {
        match self {
            GuestMemory::Unshared(bytes) => match buffers.left() {
                [] => read(&mut []),
                [only] => read(&mut [IoSliceMut::new(&mut bytes[only.clone()])]),
                [first, ..] => match carve(bytes, buffers.left()) {
                    Some(mut slices) => read(&mut slices),
                    // Overlapping buffers cannot be lent at once: a short read into the first is right too.
                    None => read(&mut [IoSliceMut::new(&mut bytes[first.clone()])]),
                },
            },
            GuestMemory::Shared(shared) => {
                let mut copy = vec![0; buffers.len()];
                let got = read(&mut [IoSliceMut::new(&mut copy)])?;
                for (range, piece) in buffers.pieces(got.min(copy.len())) {
                    shared.write(range.start, &copy[piece]);
                }
                Ok(got)
            }
        }
    }
}

/// Buffers of the guest, within its memory and not empty.
#[derive(Clone)]
pub(crate) struct Buffers {
    ranges: Vec<Range<usize>>,
    /// Those before are used up.
    first: usize,
}

impl Buffers {
    fn left(&self) -> &[Range<usize>] {
        &self.ranges[self.first..]
    }

    /// Whether all are used up.
    pub(crate) fn is_empty(&self) -> bool {
        self.left().is_empty()
    }

    /// How many bytes are left.
    pub(crate) fn len(&self) -> usize {
        self.left().iter().map(Range::len).sum()
    }

    /// The next `most` bytes.
    pub(crate) fn head(&self, most: usize) -> Buffers {
        let mut room = most;
        let ranges = self.left().iter().map_while(|range| {
            let taken = range.len().min(room);
            room -= taken;
            (taken > 0).then(|| range.start..range.start + taken)
        });
        Buffers { ranges: ranges.collect(), first: 0 }
    }

    /// Uses up the next `len` bytes.
    pub(crate) fn advance(&mut self, mut len: usize) {
        while let Some(range) = self.ranges.get_mut(self.first) {
            let used = len.min(range.len());
            range.start += used;
            len -= used;
            if range.start < range.end {
                return;
            }
            self.first += 1;
        }
    }

    /// The first `len` bytes: where each piece lies in the memory, and where in one long buffer.
    fn pieces(&self, len: usize) -> impl Iterator<Item = (Range<usize>, Range<usize>)> {
        let mut at = 0;
        self.left().iter().map_while(move |range| {
            let piece = range.len().min(len - at);
            let from = at;
            at += piece;
            (piece > 0).then(|| (range.start..range.start + piece, from..at))
        })
    }
}

/// Lends all `ranges` at once, or nothing if two of them overlap.
fn carve<'m>(memory: &'m mut [u8], ranges: &[Range<usize>]) -> Option<Vec<IoSliceMut<'m>>> {
    let mut order: Vec<usize> = (0..ranges.len()).collect();
    order.sort_unstable_by_key(|&i| ranges[i].start);
    let mut slices: Vec<IoSliceMut<'m>> = ranges.iter().map(|_| IoSliceMut::new(&mut [])).collect();
    let (mut rest, mut at) = (memory, 0);
    for i in order {
        let (_, tail) = rest.split_at_mut(ranges[i].start.checked_sub(at)?);
        let (slice, tail) = tail.split_at_mut(ranges[i].len());
        slices[i] = IoSliceMut::new(slice);
        (rest, at) = (tail, ranges[i].end);
    }
    Some(slices)
}
