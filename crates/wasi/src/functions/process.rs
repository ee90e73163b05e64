//! `proc_*`, `sched_yield` and `random_get`.

use super::Outcome;
use crate::errno::{Exit, Stop};
use crate::memory::GuestMemory;
use crate::wait::Paused;
use crate::{Errno, WasiCtx};

impl WasiCtx {
    /// Ends the guest.
    pub(crate) fn proc_exit(&mut self, _memory: &mut GuestMemory<'_>, code: u32) -> Outcome {
        Err(Stop::Exit(Exit(code as i32)))
    }

    /// Would send the guest a signal; there are none.
    pub(crate) fn proc_raise(&mut self, _memory: &mut GuestMemory<'_>, _signal: u32) -> Outcome {
        Err(Errno::NotSup.into())
    }

    /// Lets other threads run.
    pub(crate) fn sched_yield(&mut self, _memory: &mut GuestMemory<'_>) -> Outcome {
        std::thread::yield_now();
        Ok(())
    }

    /// Fills a buffer with random bytes.
    pub(crate) fn random_get(&mut self, memory: &mut GuestMemory<'_>, buf: u32, buf_len: u32) -> Outcome {
        memory.check(buf, buf_len as usize)?;
        let mut filled = match std::mem::take(&mut self.paused) {
            Paused::Filled(filled) => filled,
            _ => 0,
        };
        while filled < buf_len as usize {
            let left = buf_len as usize - filled;
            filled += memory.fill(buf + filled as u32, left, |bytes| self.random.fill(bytes))?;
            self.waiter.check().inspect_err(|_| self.paused = Paused::Filled(filled))?;
        }
        Ok(())
    }
}
