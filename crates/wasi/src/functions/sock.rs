//! `sock_*`: guests are given no sockets, so each of these finds a descriptor that is not one.

use super::Outcome;
use crate::memory::GuestMemory;
use crate::{Errno, WasiCtx};

impl WasiCtx {
    /// Would accept a connection.
    pub(crate) fn sock_accept(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        fd: u32,
        _flags: u32,
        _accepted_fd: u32,
    ) -> Outcome {
        self.not_a_socket(fd)
    }

    /// Would receive a message.
    pub(crate) fn sock_recv(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        fd: u32,
        _iovs: u32,
        _iovs_len: u32,
        _flags: u32,
        _nread: u32,
        _out_flags: u32,
    ) -> Outcome {
        self.not_a_socket(fd)
    }

    /// Would send a message.
    pub(crate) fn sock_send(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        fd: u32,
        _iovs: u32,
        _iovs_len: u32,
        _flags: u32,
        _nwritten: u32,
    ) -> Outcome {
        self.not_a_socket(fd)
    }

    /// Would shut down one or both directions.
    pub(crate) fn sock_shutdown(&mut self, _memory: &mut GuestMemory<'_>, fd: u32, _how: u32) -> Outcome {
        self.not_a_socket(fd)
    }

    fn not_a_socket(&self, fd: u32) -> Outcome {
        self.descriptors.get(fd)?;
        Err(Errno::NotSock.into())
    }
}
