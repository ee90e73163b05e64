//! Standard streams: those of the host ([`host`]), those that an embedder writes ([`custom`]), and two of these that are
//! ready to use ([`memory`]).

mod custom;
mod host;
mod memory;

pub use custom::{InputStream, OutputStream};
pub(crate) use host::{HostStream, Which};
pub use memory::{InputBuffer, OutputBuffer};
