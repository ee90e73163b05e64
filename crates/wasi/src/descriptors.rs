//! The table of a guest's open descriptors, and what each of them is.
//!
//! A descriptor has rights. They begin as everything that has a meaning for its kind (reading and writing: as it was
//! opened), the guest can give rights up, and every function asks for the right that the specification names. What a
//! directory's [`DirPerms`] and [`FilePerms`] forbid is not shown in its rights, as a read-only file system does not
//! show in a file's mode.

use crate::Errno;
use crate::streams::{HostStream, InputStream, OutputStream};
use crate::types::{FdFlags, FileStat, FileType, Rights};
use bitflags::bitflags;
use cap_std::fs::{Dir, File, Metadata, ReadDir};
use rustix::fd::{AsFd, BorrowedFd};

bitflags! {
    /// What a guest may do with the directories under a preopened directory.
    ///
    /// ```
    /// use windlass_wasi::{DirPerms, FilePerms, WasiCtxBuilder};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let data = std::env::temp_dir();
    /// // It may look at everything and change nothing.
    /// let wasi = WasiCtxBuilder::new().preopened_dir(data, "/", DirPerms::READ, FilePerms::READ)?.build();
    /// # Ok(())
    /// # }
    /// ```
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct DirPerms: u8 {
        /// Look up, open and list what is there.
        const READ = 1;
        /// Create, remove, rename, link, resize by path, set times by path.
        const MUTATE = 2;
    }

    /// What a guest may do with the files under a preopened directory: see [`DirPerms`].
    ///
    /// ```
    /// use windlass_wasi::FilePerms;
    ///
    /// assert_eq!(FilePerms::all(), FilePerms::READ | FilePerms::WRITE);
    /// ```
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct FilePerms: u8 {
        /// Open for reading.
        const READ = 1;
        /// Open for writing.
        const WRITE = 2;
    }
}

/// An open descriptor.
pub(crate) struct Descriptor {
    pub kind: Kind,
    pub base: Rights,
    pub inheriting: Rights,
    pub flags: FdFlags,
}

/// What a descriptor stands for.
pub(crate) enum Kind {
    /// A stream that the embedder wrote, to read from.
    Input(Box<dyn InputStream>),
    /// A stream that the embedder wrote, to write to.
    Output(Box<dyn OutputStream>),
    /// A standard stream of the host.
    Host(HostStream),
    /// A file.
    File(File),
    /// What is opened like a file, but may have to be waited for: a FIFO, a device. To the host it never waits; whether
    /// to the guest, the descriptor's flags say.
    Special(File),
    /// A directory.
    Directory(Directory),
}

/// An open directory.
pub(crate) struct Directory {
    pub dir: Dir,
    pub dir_perms: DirPerms,
    pub file_perms: FilePerms,
    /// The guest's name of a preopened directory.
    pub preopened_as: Option<String>,
    /// The entries as they were when the guest began to list.
    pub listing: Option<Listing>,
}

/// The entries of a directory at one time.
pub(crate) struct Listing {
    pub entries: Vec<Entry>,
    /// Those that are not read yet.
    pub rest: Option<ReadDir>,
}

/// An entry of a directory's listing.
pub(crate) struct Entry {
    pub name: String,
    pub ino: u64,
    pub file_type: FileType,
}

impl Descriptor {
    /// A descriptor with all rights that its kind has.
    pub(crate) fn new(kind: Kind) -> Descriptor {
        let (base, inheriting) = kind.rights();
        Descriptor { kind, base, inheriting, flags: FdFlags::empty() }
    }

    /// Checks that the descriptor has `rights`.
    pub(crate) fn needs(&self, rights: Rights) -> Result<(), Errno> {
        match (rights - self.base).iter().next() {
            None => Ok(()),
            Some(missing) => Err(self.refusal(missing)),
        }
    }

    /// Why `right` is missing: the kind never has it, or this descriptor does not.
    fn refusal(&self, right: Rights) -> Errno {
        let streamless = Rights::FD_SEEK | Rights::FD_TELL | Rights::FD_ADVISE | Rights::FD_ALLOCATE;
        match &self.kind {
            Kind::Directory(_) if right == Rights::FD_READ => Errno::IsDir,
            Kind::Directory(_) if Rights::DIRECTORY.contains(right) => Errno::NotCapable,
            Kind::Directory(_) => Errno::Badf,
            _ if right == Rights::FD_READ || right == Rights::FD_WRITE => Errno::Badf,
            Kind::File(_) | Kind::Special(_) if Rights::FILE.contains(right) => Errno::NotCapable,
            _ if Rights::STREAM.contains(right) => Errno::NotCapable,
            _ if streamless.contains(right) => Errno::Spipe,
            _ if Rights::FILE.contains(right) => Errno::Badf,
            _ => Errno::NotDir,
        }
    }

    /// The file of the host behind it.
    pub(crate) fn host(&self) -> Option<BorrowedFd<'_>> {
        match &self.kind {
            Kind::Input(_) | Kind::Output(_) => None,
            Kind::Host(stream) => Some(stream.fd()),
            Kind::File(file) | Kind::Special(file) => Some(file.as_fd()),
            Kind::Directory(directory) => Some(directory.dir.as_fd()),
        }
    }

    /// What the host tells of the file.
    pub(crate) fn file_stat(&self) -> Result<FileStat, Errno> {
        Ok(match &self.kind {
            Kind::Input(_) | Kind::Output(_) => FileStat::STREAM,
            Kind::Host(stream) => {
                let file = std::fs::File::from(stream.fd().try_clone_to_owned()?);
                FileStat::from(&Metadata::from_file(&file)?)
            }
            Kind::File(file) | Kind::Special(file) => FileStat::from(&file.metadata()?),
            Kind::Directory(directory) => FileStat::from(&directory.dir.dir_metadata()?),
        })
    }

    /// The type of the file.
    pub(crate) fn file_type(&self) -> Result<FileType, Errno> {
        Ok(match &self.kind {
            Kind::Input(stream) if stream.is_terminal() => FileType::CharacterDevice,
            Kind::Output(stream) if stream.is_terminal() => FileType::CharacterDevice,
            Kind::Input(_) | Kind::Output(_) => FileType::Unknown,
            Kind::Host(stream) => stream.file_type(),
            Kind::File(_) | Kind::Special(_) => self.file_stat()?.file_type,
            Kind::Directory(_) => FileType::Directory,
        })
    }
}

impl Kind {
    /// The rights of the kind, and those that what is opened through it can have.
    fn rights(&self) -> (Rights, Rights) {
        match self {
            Kind::Input(_) => (Rights::STREAM - Rights::FD_WRITE, Rights::empty()),
            Kind::Output(_) => (Rights::STREAM - Rights::FD_READ, Rights::empty()),
            Kind::Host(stream) => (stream.rights(), Rights::empty()),
            Kind::File(_) | Kind::Special(_) => (Rights::FILE, Rights::empty()),
            Kind::Directory(_) => (Rights::DIRECTORY, Rights::DIRECTORY | Rights::FILE),
        }
    }
}

impl Directory {
    /// Whether the embedder lets the guest do what `rights` stand for.
    pub(crate) fn allows(&self, rights: Rights) -> Result<(), Errno> {
        let needed = if rights.intersects(Rights::MUTATING) { DirPerms::MUTATE } else { DirPerms::READ };
        if self.dir_perms.contains(needed) { Ok(()) } else { Err(Errno::Perm) }
    }

    /// Whether a file may come from here to lie in `to` as well: it must not gain permissions there.
    pub(crate) fn may_give_to(&self, to: &Directory) -> Result<(), Errno> {
        if self.file_perms.contains(to.file_perms) { Ok(()) } else { Err(Errno::Perm) }
    }
}

/// The open descriptors. Every number is the lowest that is free when it is given.
pub(crate) struct Descriptors {
    slots: Vec<Option<Descriptor>>,
    /// All below are taken.
    first_free: usize,
    /// How many there may be, unless there were more from the beginning.
    most: usize,
}

impl Descriptors {
    /// Those that a guest begins with.
    pub(crate) fn new(open: impl IntoIterator<Item = Descriptor>, most: u32) -> Descriptors {
        let slots: Vec<_> = open.into_iter().map(Some).collect();
        // Numbers are positive to guests that take them for signed.
        let most = most.min(i32::MAX as u32) as usize;
        Descriptors { first_free: slots.len(), slots, most }
    }

    /// Checks that one more can be opened, so that a function fails before it has an effect.
    pub(crate) fn check_room(&self) -> Result<(), Errno> {
        if self.lowest_free() < self.most { Ok(()) } else { Err(Errno::Mfile) }
    }

    fn lowest_free(&self) -> usize {
        let free = (self.first_free..self.slots.len()).find(|&i| self.slots[i].is_none());
        free.unwrap_or(self.slots.len())
    }

    /// The descriptor `fd`.
    pub(crate) fn get(&self, fd: u32) -> Result<&Descriptor, Errno> {
        self.slots.get(fd as usize).and_then(Option::as_ref).ok_or(Errno::Badf)
    }

    /// The descriptor `fd`.
    pub(crate) fn get_mut(&mut self, fd: u32) -> Result<&mut Descriptor, Errno> {
        self.slots.get_mut(fd as usize).and_then(Option::as_mut).ok_or(Errno::Badf)
    }

    /// The descriptor `fd`, which must have `rights`.
    pub(crate) fn with(&self, fd: u32, rights: Rights) -> Result<&Descriptor, Errno> {
        let descriptor = self.get(fd)?;
        descriptor.needs(rights)?;
        Ok(descriptor)
    }

    /// The descriptor `fd`, which must have `rights`.
    pub(crate) fn with_mut(&mut self, fd: u32, rights: Rights) -> Result<&mut Descriptor, Errno> {
        let descriptor = self.get_mut(fd)?;
        descriptor.needs(rights)?;
        Ok(descriptor)
    }

    /// The directory `fd`, which must have `rights` and be allowed what they stand for.
    pub(crate) fn directory(&self, fd: u32, rights: Rights) -> Result<&Directory, Errno> {
        match &self.with(fd, rights)?.kind {
            Kind::Directory(directory) => {
                directory.allows(rights)?;
                Ok(directory)
            }
            _ => Err(Errno::NotDir),
        }
    }

    /// Opens `descriptor` under the lowest free number.
    pub(crate) fn insert(&mut self, descriptor: Descriptor) -> Result<u32, Errno> {
        self.check_room()?;
        let number = self.lowest_free();
        if number == self.slots.len() {
            self.slots.push(Some(descriptor));
        } else {
            self.slots[number] = Some(descriptor);
        }
        self.first_free = number + 1;
        u32::try_from(number).map_err(|_| Errno::Mfile)
    }

    /// Closes `fd`.
    pub(crate) fn remove(&mut self, fd: u32) -> Result<Descriptor, Errno> {
        let descriptor = self.slots.get_mut(fd as usize).and_then(Option::take).ok_or(Errno::Badf)?;
        self.first_free = self.first_free.min(fd as usize);
        Ok(descriptor)
    }

    /// Moves `from` to the number of `to`, and gives what was there. Both must be open.
    pub(crate) fn renumber(&mut self, from: u32, to: u32) -> Result<Option<Descriptor>, Errno> {
        self.get(to)?;
        if from == to {
            return Ok(None);
        }
        let moved = self.remove(from)?;
        Ok(Some(std::mem::replace(self.get_mut(to)?, moved)))
    }
}
