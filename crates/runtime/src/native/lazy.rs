//! Code that is made when it is first called, and can be replaced while it runs.
//!
//! ```text
//! text   [ cell 0 ] [ cell 1 ] … [ tail ] [ code, as it is made … ]
//! cell   thunk: jmp [slot]      the function's address for good, and where its calls from elsewhere enter
//!        stub:  mov eax, own; jmp tail
//! tail   jmp store.stubs.compile
//! ```
//!
//! Slots lead to the stubs at first. Code is published in this order: its bytes, its tables, its slot.
//! Whoever has read the slot finds the others; who runs the old code or the stub still may do so until the
//! module dies.

use super::code::{Code, NativeCode};
use super::memory::CodeMemory;
use super::stack;
use super::stubs::ENTRY_FRAME;
use crate::failure::{Error, Raise};
use crate::store::StorePtr;
use parking_lot::Mutex;
use std::mem::offset_of;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::atomic::Ordering::Release;
use windlass_abi::builtins::Status;
use windlass_abi::code::{CodeChunk, FUNCTION_ALIGN, RelocTarget, slot_offset};
use windlass_abi::facts::FuncIndex;
use windlass_abi::native::{FRAME_CONTEXT, NativeStubs};
use windlass_abi::trap::TrapCode;
use windlass_abi::vm::{VMContext, VMStore};

/// Makes the code of functions when they are first called.
pub trait LazyCompiler: Send + Sync {
    /// The code of a function, numbered among the module's own: a chunk of this function alone. Calls of the
    /// module's functions are relocations, to slots or to entries.
    ///
    /// # Errors
    /// Why there is none; the call that needs it fails with this text.
    fn compile(&self, own: u32) -> Result<CodeChunk, String>;
}

/// Bytes of a cell.
const CELL: u32 = 16;
/// Where in a cell its stub starts.
const STUB: u32 = 6;
/// Locks for functions that are being compiled.
const LOCKS: usize = 16;

/// What makes code later.
pub(super) struct Lazy {
    compiler: Box<dyn LazyCompiler>,
    count: u32,
    first_index: FuncIndex,
    /// The first byte of the text that is free.
    free: Mutex<u32>,
    /// One of them is held while a function is compiled, so that who wants the same one waits for it.
    compiling: [Mutex<()>; LOCKS],
}

impl Lazy {
    pub(super) fn count(&self) -> u32 {
        self.count
    }

    /// Offset of a function's permanent entry.
    pub(super) fn thunk(own: u32) -> u32 {
        own * CELL
    }

    fn stub(own: u32) -> u32 {
        own * CELL + STUB
    }
}

/// The cells of so many functions, and the tail.
fn cells(count: u32) -> CodeChunk {
    let mut chunk = CodeChunk::default();
    let tail = count * CELL;
    for own in 0..count {
        // jmp [rip + slot]; mov eax, own; jmp tail
        chunk.text.extend_from_slice(&[0xff, 0x25, 0, 0, 0, 0, 0xb8]);
        chunk.text.extend_from_slice(&own.to_le_bytes());
        chunk.text.extend_from_slice(&[0xe9, 0, 0, 0, 0]);
        chunk.set_relative(own * CELL + 2, slot_offset(own, count));
        chunk.set_relative(own * CELL + 12, tail as i32);
    }
    // mov r11, [r15 + store]; mov r11, [r11 + stubs]; jmp [r11 + compile]
    let steps: [(&[u8], usize); 3] = [
        (&[0x4d, 0x8b, 0x9f], offset_of!(VMContext, store)),
        (&[0x4d, 0x8b, 0x9b], offset_of!(VMStore, stubs)),
        (&[0x41, 0xff, 0xa3], offset_of!(NativeStubs, compile)),
    ];
    for (opcode, offset) in steps {
        chunk.text.extend_from_slice(opcode);
        chunk.text.extend_from_slice(&(offset as u32).to_le_bytes());
    }
    chunk
}

impl NativeCode {
    /// Code of `count` functions, from `first_index` on in the module's function index space, that is made
    /// when they are first called. `text_bytes` is how much code there may be, replaced code included.
    ///
    /// # Errors
    /// If the system does not give the memory.
    pub fn lazy(
        count: u32,
        first_index: FuncIndex,
        text_bytes: usize,
        compiler: Box<dyn LazyCompiler>,
    ) -> Result<NativeCode, Error> {
        if count > i32::MAX as u32 / (4 * CELL) {
            return Err(Error::host_memory("machine code", count as usize * CELL as usize, &"too large"));
        }
        let cells = cells(count);
        let start = cells.text.len() + FUNCTION_ALIGN;
        let memory = CodeMemory::new(count, &cells.text, start.saturating_add(text_bytes))?;
        let lazy = Lazy {
            compiler,
            count,
            first_index,
            free: Mutex::new(cells.text.len() as u32),
            compiling: Default::default(),
        };
        let code = Code::new(memory, cells, Some(lazy));
        for own in 0..count {
            code.memory.slot(own).store(code.address(Lazy::stub(own)).cast_mut(), Release);
        }
        Ok(NativeCode(Box::new(code)))
    }

    /// Gives a function other code, while it may be running: calls from now on go there.
    ///
    /// # Errors
    /// If there is no room for it.
    ///
    /// # Panics
    /// If the code was made complete, or the chunk is not of this function.
    pub fn replace(&self, own: u32, chunk: CodeChunk) -> Result<(), Error> {
        self.0.publish(own, chunk).map(drop)
    }

    /// Whether a function has code.
    ///
    /// # Panics
    /// If the code was made complete.
    pub fn is_compiled(&self, own: u32) -> bool {
        self.0.compiled(own).is_some()
    }
}

impl Code {
    fn lazy(&self) -> &Lazy {
        self.lazy.as_ref().expect("only code that is made later is added to")
    }

    /// The code of a function, if there is any.
    fn compiled(&self, own: u32) -> Option<*const u8> {
        let current = self.current(own);
        (!ptr::eq(current, self.address(Lazy::stub(own)))).then_some(current)
    }

    /// Adds a function's code, and makes it the one that calls reach.
    fn publish(&self, own: u32, mut chunk: CodeChunk) -> Result<*const u8, Error> {
        let lazy = self.lazy();
        let [function] = chunk.functions[..] else { panic!("a chunk of one function") };
        assert_eq!(function.index, lazy.first_index + own, "the function that was asked for");

        let mut free = lazy.free.lock();
        let at = free.next_multiple_of(FUNCTION_ALIGN as u32);
        let end = at as usize + chunk.text.len();
        if end > self.memory.text_len() {
            let why = "its code is larger than was expected";
            return Err(Error::host_memory("machine code", chunk.text.len(), &why));
        }
        for reloc in std::mem::take(&mut chunk.relocs) {
            let target = match reloc.target {
                RelocTarget::Entry(own) => Lazy::thunk(own) as i32,
                RelocTarget::Slot(own) => slot_offset(own, lazy.count),
            };
            chunk.set_relative(reloc.at, target - at as i32);
        }
        self.memory
            .write(at as usize, &chunk.text)
            .map_err(|error| Error::host_memory("machine code", chunk.text.len(), &error))?;
        *free = end as u32;
        self.add(at, chunk);
        drop(free);

        let entry = self.address(at + function.entry);
        self.memory.slot(own).store(entry.cast_mut(), Release);
        if let Some(profile) = self.profile.get() {
            let code = self.code(at + function.start, function.end - function.start);
            // A profile that cannot be written is no reason to stop.
            let _ = profile.report(std::iter::once((function.index, code.as_ptr(), code)));
        }
        Ok(entry)
    }

    /// A function's code, made now if there is none.
    fn compile(&self, own: u32) -> Result<*const u8, Error> {
        let lazy = self.lazy();
        // A compiler that panicked has left nothing half done here.
        let lock = &lazy.compiling[own as usize % LOCKS];
        let _compiling = lock.lock();
        if let Some(code) = self.compiled(own) {
            return Ok(code);
        }
        let failed = |why| Error::Compile { function: lazy.first_index + own, why };
        let chunk = catch_unwind(AssertUnwindSafe(|| lazy.compiler.compile(own)))
            .map_err(|_| failed("the compiler panicked".into()))?
            .map_err(failed)?;
        self.publish(own, chunk)
    }
}

/// What the stub gets back.
#[repr(C)]
pub(super) struct Compiled {
    /// The code; null if there is none.
    code: *const u8,
    /// If there is none: how the call ends.
    status: Status,
}

impl Compiled {
    fn failed(status: Status) -> Compiled {
        Compiled { code: ptr::null(), status }
    }
}

/// For the stub `compile`: makes the code of one of the module's own functions. `return_to` and `fp` are
/// those of the call that needs it.
pub(super) unsafe extern "C" fn compile(
    cx: *mut VMContext,
    own: u32,
    return_to: *const u8,
    fp: *mut u8,
) -> Compiled {
    // SAFETY: the stub gives the callee's context, and the caller's frame, which is one of code or the
    // entry's.
    unsafe {
        let code = NativeCode::of(cx);
        // Another thread may have been quicker.
        if let Some(code) = code.compiled(own) {
            return Compiled { code, status: Status::OK };
        }
        let store = (*cx).store;
        let activation = (*store).activation;
        if fp.addr() == (*activation).entry_sp.addr() + ENTRY_FRAME {
            (*activation).pc = ptr::null();
        } else {
            (*activation).pc = return_to;
            (*activation).fp = fp;
            (*activation).context = fp.offset(FRAME_CONTEXT as isize).cast::<*mut VMContext>().read();
            (*activation).pc_is_return = true;
        }
        if !stack::has_room_for_host(store, fp) {
            return Compiled::failed(Status::trap(TrapCode::StackOverflow));
        }
        match code.compile(own) {
            Ok(code) => Compiled { code, status: Status::OK },
            Err(error) => {
                let raise = Raise::Error(Box::new(error));
                Compiled::failed(StorePtr::from_vmstore(store).raise(raise))
            }
        }
    }
}
