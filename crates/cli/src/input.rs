//! Reading modules from files and from the standard input.

use crate::units::Bytes;
use std::borrow::Cow;
use std::fs::File;
use std::io::{Read, stdin};
use std::path::{Path, PathBuf};
use windlass::{Context, ModuleLimits, Result, ensure, format_err};

/// A module's bytes and where they came from.
pub struct Input {
    /// Where from, for messages and names.
    pub path: PathBuf,
    /// The binary, or the text.
    bytes: Vec<u8>,
}

impl Input {
    /// Reads a file, or the standard input if the path is `-`.
    pub fn read(path: &Path) -> Result<Input> {
        Input::read_within(path, None)
    }

    /// As [`Input::read`]. What is larger than the limit is an error, and not read to its end.
    pub fn read_within(path: &Path, limit: Option<Bytes>) -> Result<Input> {
        let standard = path == Path::new("-");
        let most = limit.map_or(u64::MAX, |limit| limit.0.saturating_add(1));
        let mut bytes = Vec::new();
        let read = if standard {
            stdin().lock().take(most).read_to_end(&mut bytes)
        } else {
            File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes))
        };
        let bytes = read.map(|_| bytes);
        let path = if standard { PathBuf::from("<stdin>") } else { path.to_path_buf() };
        let bytes = bytes.with_context(|| format!("cannot read {}", path.display()))?;
        if let Some(Bytes(limit)) = limit {
            let limits = ModuleLimits::new().module_bytes(usize::try_from(limit).unwrap_or(usize::MAX));
            limits.check_size(bytes.len()).with_context(|| format!("{} is too large", path.display()))?;
        }
        ensure!(!bytes.is_empty(), "{} is empty: it should be a WebAssembly module", path.display());
        Ok(Input { path, bytes })
    }

    /// What was read, as it is.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The module in binary form. Text is translated.
    pub fn wasm(&self) -> Result<Cow<'_, [u8]>> {
        windlass_wasm::text::parse(&self.bytes).map_err(|error| {
            let looks_like_text = self.bytes.iter().take(64).all(|byte| byte.is_ascii());
            let hint = if looks_like_text { "" } else { "; it is no binary module either" };
            format_err!("{}:{}:{}: {}{hint}", self.path.display(), error.line, error.column, error.message)
        })
    }

    /// The file's name without folders.
    pub fn file_name(&self) -> String {
        let name = self.path.file_name().unwrap_or(self.path.as_os_str());
        name.to_string_lossy().into_owned()
    }
}
