//! Reading modules from files and from the standard input.

use std::borrow::Cow;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use windlass::{Context, Result, ensure, format_err};

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
        let standard = path == Path::new("-");
        let bytes = if standard {
            let mut bytes = Vec::new();
            std::io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
        } else {
            fs::read(path)
        };
        let path = if standard { PathBuf::from("<stdin>") } else { path.to_path_buf() };
        let bytes = bytes.with_context(|| format!("cannot read {}", path.display()))?;
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
