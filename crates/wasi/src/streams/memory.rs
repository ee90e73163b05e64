//! Streams in memory: what an embedder says to a guest, and what the guest says.

use super::InputStream;
use parking_lot::{Mutex, MutexGuard};
use std::collections::VecDeque;
use std::io::{self, Read as _, Write};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

/// A guest's input that the embedder writes while the guest runs, from any thread.
///
/// Clones are the same buffer. A guest that has read everything waits for more, until the buffer is closed.
/// Input that is known beforehand needs none: a slice of bytes can be read, too.
///
/// ```
/// use windlass_wasi::{InputBuffer, WasiCtxBuilder};
///
/// let input = InputBuffer::new();
/// let wasi = WasiCtxBuilder::new().stdin(input.clone()).build();
/// std::thread::spawn(move || {
///     input.push("a line\n");
///     input.close();
/// });
/// ```
#[derive(Clone, Debug, Default)]
pub struct InputBuffer(Arc<Mutex<Input>>);

#[derive(Debug, Default)]
struct Input {
    bytes: VecDeque<u8>,
    closed: bool,
    /// Who waits for more.
    waker: Option<Waker>,
}

impl InputBuffer {
    /// An empty buffer, which is open.
    ///
    /// ```
    /// let input = windlass_wasi::InputBuffer::new();
    /// ```
    pub fn new() -> InputBuffer {
        InputBuffer::default()
    }

    /// Adds bytes for the guest to read.
    ///
    /// ```
    /// let input = windlass_wasi::InputBuffer::new();
    /// input.push("text");
    /// input.push([0, 1, 2]);
    /// ```
    ///
    /// # Panics
    /// If the buffer is closed.
    pub fn push(&self, bytes: impl AsRef<[u8]>) {
        self.change(|input| {
            assert!(!input.closed, "the guest may have read the end of this input");
            input.bytes.extend(bytes.as_ref());
        });
    }

    /// Ends the input: behind what was pushed, the guest reads the end. More than once is as once.
    ///
    /// ```
    /// let input = windlass_wasi::InputBuffer::new();
    /// input.push("that was all");
    /// input.close();
    /// ```
    pub fn close(&self) {
        self.change(|input| input.closed = true);
    }

    fn lock(&self) -> MutexGuard<'_, Input> {
        self.0.lock()
    }

    fn change(&self, change: impl FnOnce(&mut Input)) {
        let mut input = self.lock();
        change(&mut input);
        let waker = input.waker.take();
        drop(input);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Input {
    fn poll_readable(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if self.closed || !self.bytes.is_empty() {
            return Poll::Ready(());
        }
        self.waker = Some(context.waker().clone());
        Poll::Pending
    }
}

impl InputStream for InputBuffer {
    fn poll_read(&mut self, context: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut input = self.lock();
        input.poll_readable(context).map(|()| input.bytes.read(buffer))
    }

    fn poll_readable(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.lock().poll_readable(context)
    }
}

/// Collects a guest's output in memory.
///
/// Clones are the same buffer: give one to [`WasiCtxBuilder::stdout`](crate::WasiCtxBuilder::stdout), and read what came
/// in from another one.
///
/// ```
/// use windlass_wasi::{OutputBuffer, WasiCtxBuilder};
///
/// let output = OutputBuffer::new();
/// let wasi = WasiCtxBuilder::new().stdout(output.clone()).stderr(output.clone()).build();
/// // The guest runs here.
/// assert_eq!(output.contents(), b"");
/// ```
#[derive(Clone, Debug)]
pub struct OutputBuffer {
    bytes: Arc<Mutex<Vec<u8>>>,
    capacity: usize,
}

impl Default for OutputBuffer {
    fn default() -> OutputBuffer {
        OutputBuffer::new()
    }
}

impl OutputBuffer {
    /// An empty buffer that takes whatever comes, as long as the host has memory: for guests that are trusted.
    ///
    /// ```
    /// let output = windlass_wasi::OutputBuffer::new();
    /// ```
    pub fn new() -> OutputBuffer {
        OutputBuffer::with_capacity(usize::MAX)
    }

    /// An empty buffer that takes so many bytes. To a guest that writes more it is a full disk
    /// ([`Errno::NoSpc`](crate::Errno::NoSpc)).
    ///
    /// ```
    /// use std::io::Write;
    /// let mut output = windlass_wasi::OutputBuffer::with_capacity(3);
    /// assert!(output.write_all(b"four").is_err());
    /// assert_eq!(output.contents(), b"fou");
    /// ```
    pub fn with_capacity(capacity: usize) -> OutputBuffer {
        OutputBuffer { bytes: Arc::default(), capacity }
    }

    /// What has been written so far.
    ///
    /// ```
    /// use std::io::Write;
    /// let mut output = windlass_wasi::OutputBuffer::new();
    /// output.write_all(b"as a guest does it").unwrap();
    /// assert_eq!(output.contents(), b"as a guest does it");
    /// ```
    pub fn contents(&self) -> Vec<u8> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<u8>> {
        self.bytes.lock()
    }
}

impl Write for OutputBuffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut contents = self.lock();
        let fitting = bytes.len().min(self.capacity.saturating_sub(contents.len()));
        if fitting == 0 && !bytes.is_empty() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        contents.extend_from_slice(&bytes[..fitting]);
        Ok(fitting)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
