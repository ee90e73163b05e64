//! `clock_*`: reading the clocks.

use super::Outcome;
use crate::WasiCtx;
use crate::memory::GuestMemory;

impl WasiCtx {
    /// Writes the resolution of a clock.
    pub(crate) fn clock_res_get(
        &mut self,
        memory: &mut GuestMemory<'_>,
        id: u32,
        resolution: u32,
    ) -> Outcome {
        let value = self.clocks.resolution(id)?;
        memory.write_u64(resolution, value)?;
        Ok(())
    }

    /// Writes the time of a clock. It is always exact, so the precision that the guest asks for is of no account.
    pub(crate) fn clock_time_get(
        &mut self,
        memory: &mut GuestMemory<'_>,
        id: u32,
        _precision: u64,
        time: u32,
    ) -> Outcome {
        let value = self.clocks.now(id)?;
        memory.write_u64(time, value)?;
        Ok(())
    }
}
