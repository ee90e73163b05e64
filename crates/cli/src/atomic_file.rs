//! Writing a file so that it is there as a whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use windlass::{Context, Result};

/// Writes a file: beside it at first, then in its place. What is no file, such as a device or a pipe, is
/// written to as it is.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    write_with(path, |file| file.write_all(bytes))
}

/// Likewise, with what `produce` writes.
pub fn write_with(path: &Path, produce: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    place(path, produce).with_context(|| format!("cannot write {}", path.display()))
}

fn place(path: &Path, produce: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let fill = |file: File| {
        let mut file = BufWriter::new(file);
        produce(&mut file).and_then(|()| file.flush())
    };
    match fs::metadata(path) {
        Ok(kind) if kind.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
        Ok(kind) if !kind.is_file() => {
            return fill(OpenOptions::new().write(true).open(path)?);
        }
        _ => {}
    }
    // Through a link, so that what it leads to is replaced, and not the link.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let (file, beside) = create_beside(&path)?;
    let placed = fill(file).and_then(|()| fs::rename(&beside, &path));
    if placed.is_err() {
        // The first failure is the one to report.
        let _ = fs::remove_file(&beside);
    }
    placed
}

/// A new file in the same directory.
fn create_beside(path: &Path) -> io::Result<(File, PathBuf)> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let mut attempt = 0;
    loop {
        let mut beside = std::ffi::OsString::from(".");
        beside.push(name);
        beside.push(format!(".{}.{attempt}.tmp", std::process::id()));
        let beside = path.with_file_name(beside);
        match OpenOptions::new().write(true).create_new(true).open(&beside) {
            Ok(file) => return Ok((file, beside)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && attempt < 100 => attempt += 1,
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_and_nothing_is_left_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        write(&path, b"one").unwrap();
        write(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        write(&link, b"three").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"three");
        assert!(link.is_symlink());
        let inside = folder.path().join("a/b");
        assert!(write(&inside, b"").unwrap_err().to_string().contains("cannot write"));
        assert!(write(folder.path(), b"").is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_full_device_is_an_error() {
        let error = write(Path::new("/dev/full"), &[1; 100]).unwrap_err();
        assert_eq!(format!("{error:#}"), "cannot write /dev/full: No space left on device (os error 28)");
    }
}
