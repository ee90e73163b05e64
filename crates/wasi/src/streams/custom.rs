//! Streams of the embedder's own.
//!
//! A stream that may have to wait says [`Poll::Pending`] instead, and wakes the waker when it is worth to ask again: so
//! guests that wait for it can wait for other things at the same time (`poll_oneoff`), and can be interrupted.

use std::io::{self, Read, Write};
use std::task::{Context, Poll};

/// What a guest reads: see [`WasiCtxBuilder::stdin`](crate::WasiCtxBuilder::stdin).
///
/// All that is [`Read`] is one, but a guest that waits for it cannot be interrupted: it waits in the embedder's code.
/// [`InputBuffer`](crate::InputBuffer) can be waited for.
///
/// ```
/// use std::io;
/// use std::task::{Context, Poll};
/// use windlass_wasi::{InputStream, WasiCtxBuilder};
///
/// /// Says `y` as long as somebody listens.
/// struct Yes;
///
/// impl InputStream for Yes {
///     fn poll_read(&mut self, _: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
///         buffer.chunks_mut(2).for_each(|line| line.copy_from_slice(&b"y\n"[..line.len()]));
///         Poll::Ready(Ok(buffer.len()))
///     }
/// }
///
/// let wasi = WasiCtxBuilder::new().stdin(Yes).build();
/// ```
pub trait InputStream: Send {
    /// Reads some bytes into the beginning of `buffer`, which is not empty, and says how many. 0 is the end of the
    /// stream. If none have come yet, it remembers the waker, and wakes it when they have.
    ///
    /// An error becomes an error number for the guest, by its number of the operating system or its kind.
    fn poll_read(&mut self, context: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>>;

    /// Whether [`InputStream::poll_read`] would be ready; if not, it remembers the waker. Unless it is written, a stream
    /// is always ready.
    fn poll_readable(&mut self, _context: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }

    /// Whether guests are told that it is a terminal.
    fn is_terminal(&self) -> bool {
        false
    }
}

/// What a guest writes to: see [`WasiCtxBuilder::stdout`](crate::WasiCtxBuilder::stdout).
///
/// All that is [`Write`] is one, but a guest that waits for it cannot be interrupted: it waits in the embedder's code.
///
/// ```
/// use std::io;
/// use std::sync::mpsc::Sender;
/// use std::task::{Context, Poll};
/// use windlass_wasi::{OutputStream, WasiCtxBuilder};
///
/// /// Sends what a guest writes to another thread.
/// struct Lines(Sender<Vec<u8>>);
///
/// impl OutputStream for Lines {
///     fn poll_write(&mut self, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
///         let sent = self.0.send(bytes.to_vec());
///         Poll::Ready(sent.map(|()| bytes.len()).map_err(|_| io::ErrorKind::BrokenPipe.into()))
///     }
/// }
///
/// let (sender, lines) = std::sync::mpsc::channel();
/// let wasi = WasiCtxBuilder::new().stdout(Lines(sender)).build();
/// # drop(lines);
/// ```
pub trait OutputStream: Send {
    /// Writes some of `bytes`, which is not empty, and says how many. If there is no room it remembers the waker, and
    /// wakes it when there is.
    ///
    /// An error becomes an error number for the guest, by its number of the operating system or its kind.
    fn poll_write(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>>;

    /// Whether [`OutputStream::poll_write`] would be ready; if not, it remembers the waker. Unless it is written, a
    /// stream is always ready.
    fn poll_writable(&mut self, _context: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }

    /// Brings what has been written to where it is to go. Called when the guest syncs or closes the stream.
    fn poll_flush(&mut self, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    /// Whether guests are told that it is a terminal.
    fn is_terminal(&self) -> bool {
        false
    }
}

impl<R: Read + Send> InputStream for R {
    fn poll_read(&mut self, _context: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(uninterrupted(|| self.read(buffer)))
    }
}

impl<W: Write + Send> OutputStream for W {
    fn poll_write(&mut self, _context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(uninterrupted(|| self.write(bytes)))
    }

    fn poll_flush(&mut self, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(uninterrupted(|| self.flush()))
    }
}

/// Repeats a call that a signal interrupted.
fn uninterrupted<R>(mut call: impl FnMut() -> io::Result<R>) -> io::Result<R> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}
