//! `args_*` and `environ_*`: strings given to the guest at its start.

use super::Outcome;
use crate::memory::GuestMemory;
use crate::{Errno, WasiCtx};

impl WasiCtx {
    /// Writes the arguments: pointers to them at `argv`, and themselves, each ended by NUL, at `argv_buf`.
    pub(crate) fn args_get(&mut self, memory: &mut GuestMemory<'_>, argv: u32, argv_buf: u32) -> Outcome {
        write_strings(memory, &self.args, argv, argv_buf)
    }

    /// Writes how many arguments there are, and how many bytes they take with their NULs.
    pub(crate) fn args_sizes_get(
        &mut self,
        memory: &mut GuestMemory<'_>,
        argc: u32,
        argv_buf_size: u32,
    ) -> Outcome {
        write_sizes(memory, &self.args, argc, argv_buf_size)
    }

    /// Writes the environment as [`WasiCtx::args_get`] writes the arguments, each `KEY=VALUE`.
    pub(crate) fn environ_get(
        &mut self,
        memory: &mut GuestMemory<'_>,
        environ: u32,
        environ_buf: u32,
    ) -> Outcome {
        write_strings(memory, &self.env, environ, environ_buf)
    }

    /// Writes how many variables there are, and how many bytes they take with their NULs.
    pub(crate) fn environ_sizes_get(
        &mut self,
        memory: &mut GuestMemory<'_>,
        count: u32,
        buf_size: u32,
    ) -> Outcome {
        write_sizes(memory, &self.env, count, buf_size)
    }
}

/// How many strings there are, and how many bytes they take with their NULs.
fn sizes(strings: &[String]) -> Result<(u32, u32), Errno> {
    let bytes: usize = strings.iter().map(|s| s.len() + 1).sum();
    let size = |n: usize| u32::try_from(n).map_err(|_| Errno::Overflow);
    Ok((size(strings.len())?, size(bytes)?))
}

fn write_sizes(memory: &mut GuestMemory<'_>, strings: &[String], count: u32, bytes: u32) -> Outcome {
    let (number, size) = sizes(strings)?;
    memory.check(bytes, 4)?;
    memory.write_u32(count, number)?;
    memory.write_u32(bytes, size)?;
    Ok(())
}

fn write_strings(memory: &mut GuestMemory<'_>, strings: &[String], pointers: u32, buffer: u32) -> Outcome {
    let (_, size) = sizes(strings)?;
    memory.check(pointers, strings.len() * 4)?;
    memory.check(buffer, size as usize)?;
    let (mut table, mut text) = (Vec::new(), Vec::new());
    for string in strings {
        let at = buffer.checked_add(text.len() as u32).ok_or(Errno::Fault)?;
        table.extend_from_slice(&at.to_le_bytes());
        text.extend_from_slice(string.as_bytes());
        text.push(0);
    }
    memory.write(pointers, &table)?;
    memory.write(buffer, &text)?;
    Ok(())
}
