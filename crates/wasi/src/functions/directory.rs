//! Directories as such: the names of the preopened ones, and listing.

use super::Outcome;
use crate::descriptors::{Directory, Entry, Kind, Listing};
use crate::errno::Stop;
use crate::memory::GuestMemory;
use crate::types::{FileType, Rights, encode_dirent};
use crate::wait::{Paused, Waiter};
use crate::{Errno, WasiCtx};
use cap_fs_ext::MetadataExt as _;
use rustix::fs::DirEntryExt as _;

impl WasiCtx {
    /// Writes what is known of a preopened descriptor: that it is a directory, and the length of its name.
    pub(crate) fn fd_prestat_get(&mut self, memory: &mut GuestMemory<'_>, fd: u32, prestat: u32) -> Outcome {
        let len = u32::try_from(self.preopened_as(fd)?.len()).map_err(|_| Errno::Overflow)?;
        let mut out = [0; 8];
        out[4..].copy_from_slice(&len.to_le_bytes());
        memory.write(prestat, &out)?;
        Ok(())
    }

    /// Writes a preopened directory's name.
    pub(crate) fn fd_prestat_dir_name(
        &mut self,
        memory: &mut GuestMemory<'_>,
        fd: u32,
        path: u32,
        path_len: u32,
    ) -> Outcome {
        let name = self.preopened_as(fd)?;
        if name.len() > path_len as usize {
            return Err(Errno::NameTooLong.into());
        }
        memory.write(path, name.as_bytes())?;
        Ok(())
    }

    /// Writes directory entries from `cookie` on, which is the number of entries before. The last one is cut where
    /// the buffer ends; a buffer that is not full means the end of the directory.
    ///
    /// The entries are those that were there when the guest last began at cookie 0: neither does one come twice nor
    /// is one left out while the directory changes.
    pub(crate) fn fd_readdir(
        &mut self,
        memory: &mut GuestMemory<'_>,
        fd: u32,
        buf: u32,
        buf_len: u32,
        cookie: u64,
        bufused: u32,
    ) -> Outcome {
        self.descriptors.directory(fd, Rights::FD_READDIR)?;
        let Kind::Directory(directory) = &mut self.descriptors.get_mut(fd)?.kind else {
            return Err(Errno::NotDir.into());
        };
        memory.check(buf, buf_len as usize)?;
        memory.check(bufused, 4)?;
        let resumed = matches!(std::mem::take(&mut self.paused), Paused::Listing);
        let mut listing = match directory.listing.take() {
            Some(listing) if cookie != 0 || resumed => listing,
            _ => Listing::start(directory)?,
        };
        // What fails otherwise is not kept: the guest begins anew.
        match listing.finish(&self.waiter) {
            Err(Stop::Interrupted) => {
                self.paused = Paused::Listing;
                directory.listing = Some(listing);
                return Err(Stop::Interrupted);
            }
            done => done?,
        }
        let entries = &directory.listing.insert(listing).entries;
        let room = buf_len as usize;
        let mut out = Vec::new();
        let first = usize::try_from(cookie).unwrap_or(usize::MAX).min(entries.len());
        for (number, entry) in entries.iter().enumerate().skip(first) {
            if out.len() >= room {
                break;
            }
            let next = number as u64 + 1;
            out.extend_from_slice(&encode_dirent(next, entry.ino, entry.name.len(), entry.file_type));
            out.extend_from_slice(entry.name.as_bytes());
        }
        out.truncate(room);
        memory.write(buf, &out)?;
        memory.write_u32(bufused, out.len() as u32)?;
        Ok(())
    }

    /// The name of the preopened directory `fd`.
    fn preopened_as(&self, fd: u32) -> Result<&str, Errno> {
        match &self.descriptors.get(fd)?.kind {
            Kind::Directory(Directory { preopened_as: Some(name), .. }) => Ok(name),
            _ => Err(Errno::Badf),
        }
    }
}

impl Listing {
    /// Begins to list a directory. Both `.` and `..` show the directory itself: what lies above is not the guest's to
    /// know.
    fn start(directory: &Directory) -> Result<Listing, Errno> {
        let itself = directory.dir.dir_metadata()?.ino();
        let dots =
            [".", ".."].map(|name| Entry { name: name.into(), ino: itself, file_type: FileType::Directory });
        Ok(Listing { entries: Vec::from(dots), rest: Some(directory.dir.entries()?) })
    }

    /// Reads the entries that are missing.
    fn finish(&mut self, waiter: &Waiter) -> Result<(), Stop> {
        while let Some(rest) = &mut self.rest {
            match rest.next() {
                None => self.rest = None,
                Some(entry) => {
                    let entry = entry?;
                    let name = entry.file_name().into_string().map_err(|_| Errno::Ilseq)?;
                    self.entries.push(Entry { name, ino: entry.ino(), file_type: entry.file_type()?.into() });
                }
            }
            if self.entries.len().is_multiple_of(256) {
                waiter.check()?;
            }
        }
        Ok(())
    }
}
