//! The functions as imports of guests, and what to say of imports that are like them but are not offered.

use crate::WasiCtx;
use crate::errno::Stop;
use crate::functions::{Outcome, for_each_function};
use crate::memory::{GuestMemory, SharedBytes};
use crate::wait::Paused;
use windlass::error::{Result, bail};
use windlass::{Caller, Extern, Linker, SharedMemory, Trap};

/// The module that guests import the functions from.
const PREVIEW1: &str = "wasi_snapshot_preview1";

/// Writes [`add_to_linker`] from the table of functions.
macro_rules! add_all {
    ($($name:ident($($arg:ident: $type:ty),*) -> $result:ident;)*) => {
        /// Offers the functions of WASI preview 1 (`wasi_snapshot_preview1`) to the modules that `linker` links.
        ///
        /// `get` finds the context in the store's data. Guests export their memory under the name `memory`, as the
        /// specification demands; it may be shared.
        ///
        /// ```no_run
        /// use windlass::{Engine, Linker, Module, Store};
        /// use windlass_wasi::{Exit, WasiCtx, WasiCtxBuilder, add_to_linker};
        ///
        /// # fn main() -> windlass::Result<()> {
        /// let engine = Engine::default();
        /// let mut linker = Linker::new(&engine);
        /// add_to_linker(&mut linker, |wasi: &mut WasiCtx| wasi)?;
        ///
        /// let module = Module::from_file(&engine, "program.wasm")?;
        /// let mut store = Store::new(&engine, WasiCtxBuilder::new().inherit_stdio().build());
        /// let instance = linker.instantiate(&mut store, &module)?;
        /// let start = instance.get_typed_func::<(), ()>(&mut store, "_start")?;
        /// if let Err(error) = start.call(&mut store, ()) {
        ///     match error.downcast_ref::<Exit>() {
        ///         Some(exit) => std::process::exit(exit.0),
        ///         None => return Err(error),
        ///     }
        /// }
        /// # Ok(())
        /// # }
        /// ```
        ///
        /// # Errors
        ///
        /// If the linker has one of the functions already and may not replace it.
        pub fn add_to_linker<T: Send + 'static>(
            linker: &mut Linker<T>,
            get: impl Fn(&mut T) -> &mut WasiCtx + Send + Sync + Copy + 'static,
        ) -> Result<()> {
            $(add_all!(@one linker, get, $name($($arg: $type),*) -> $result);)*
            Ok(())
        }
    };
    (@one $linker:ident, $get:ident, $name:ident($($arg:ident: $type:ty),*) -> errno) => {
        $linker.func_wrap(PREVIEW1, stringify!($name), move |caller: Caller<'_, T>, $($arg: $type),*| {
            with_memory(caller, $get, |ctx, memory| ctx.$name(memory, $($arg),*))
        })?;
    };
    (@one $linker:ident, $get:ident, $name:ident($($arg:ident: $type:ty),*) -> never) => {
        $linker.func_wrap(PREVIEW1, stringify!($name), move |mut caller: Caller<'_, T>, $($arg: $type),*| {
            let outcome = $get(caller.data_mut()).$name(&mut GuestMemory::Unshared(&mut []), $($arg),*);
            errno(outcome).map(|_| ())
        })?;
    };
}
for_each_function!(add_all);

/// Runs a function with the context and the memory of the guest that calls; again, if the guest was interrupted
/// meanwhile and may go on.
fn with_memory<T: 'static>(
    mut caller: Caller<'_, T>,
    get: impl Fn(&mut T) -> &mut WasiCtx,
    call: impl Fn(&mut WasiCtx, &mut GuestMemory<'_>) -> Outcome,
) -> Result<u32> {
    let interruption = caller.interruption();
    get(caller.data_mut()).waiter.listen_to(interruption);
    let export = caller.get_export("memory");
    loop {
        let outcome = match &export {
            Some(Extern::Memory(memory)) => {
                let (bytes, data) = memory.data_and_store_mut(&mut caller);
                call(get(data), &mut GuestMemory::Unshared(bytes))
            }
            Some(Extern::SharedMemory(memory)) => {
                call(get(caller.data_mut()), &mut GuestMemory::Shared(memory))
            }
            _ => bail!("a module that calls WASI must export its memory under the name \"memory\""),
        };
        if outcome != Err(Stop::Interrupted) {
            return errno(outcome);
        }
        if let Err(error) = caller.check_interruption() {
            get(caller.data_mut()).paused = Paused::Nowhere;
            return Err(error);
        }
    }
}

/// What a guest gets for an outcome, or the error by which it is left.
fn errno(outcome: Outcome) -> Result<u32> {
    match outcome {
        Ok(()) => Ok(0),
        Err(Stop::Errno(errno)) => Ok(errno as u32),
        Err(Stop::Exit(exit)) => Err(exit.into()),
        Err(Stop::Interrupted) => Err(Trap::Interrupt.into()),
    }
}

/// Pieces of a shared memory are copied only after they were found to be within it, and it never shrinks.
impl SharedBytes for SharedMemory {
    fn size(&self) -> usize {
        self.data_size()
    }

    fn read(&self, from: usize, to: &mut [u8]) {
        SharedMemory::read(self, from, to).expect("within the memory");
    }

    fn write(&self, to: usize, from: &[u8]) {
        SharedMemory::write(self, to, from).expect("within the memory");
    }
}

/// Says why an import that looks like WASI is not offered, if it is one.
///
/// For whoever tells a user that a module cannot be linked.
///
/// ```
/// let why = windlass_wasi::why_missing("wasi_unstable", "fd_write").unwrap();
/// assert!(why.contains("wasi_snapshot_preview1"));
/// assert_eq!(windlass_wasi::why_missing("env", "f"), None);
/// ```
pub fn why_missing(module: &str, name: &str) -> Option<String> {
    Some(match module {
        "wasi_unstable" => {
            "`wasi_unstable` is WASI as it was before preview 1, with other numbers and layouts; Windlass offers \
             `wasi_snapshot_preview1`: build the program again with a toolchain of 2020 or later"
                .into()
        }
        PREVIEW1 => format!(
            "WASI preview 1 has no function `{name}`: the program was built for an extension of it that Windlass \
             does not offer"
        ),
        "wasi" => "threads that a program starts itself (`wasi-threads`) are not offered yet".into(),
        _ if module.starts_with("wasi:") => {
            "this is an import of the component model's WASI (preview 2 or later), which is not offered yet; build \
             the program for `wasm32-wasip1`"
                .into()
        }
        _ if module.starts_with("wasix_") => {
            "WASIX is not offered; build the program for `wasm32-wasip1`".into()
        }
        _ => return None,
    })
}
