//! The ways between code and runtime, in assembly.
//!
//! Each stub does what only assembly can: keep registers, write down where code was, go on elsewhere.
//! Decisions are made by the functions that it calls. What a stub may assume and must keep is said at
//! [`NativeStubs`]; in all of them `r15` is a context of the store, and `rbp` the frame of the code that
//! leaves.

use super::entry::Entry;
use super::registers::Registers;
use super::unwind::Landing;
use super::{host, lazy, stack, traps, unwind};
use std::arch::naked_asm;
use std::mem::offset_of;
use windlass_abi::builtins::{Status, VMBuiltins};
use windlass_abi::native::NativeStubs;
use windlass_abi::vm::{Activation, VMContext, VMStore};

/// Assembly with the offsets that stubs use.
macro_rules! assembly {
    ([$($line:expr),* $(,)?] $($operands:tt)*) => {
        naked_asm!(
            $($line,)*
            // Every operand has to be named; so each stub may use those it needs.
            "/* {store} {builtins} {activation} {pc} {fp} {context} {is_return} {entry_sp} {fuel} {in_register} */",
            store = const offset_of!(VMContext, store),
            builtins = const offset_of!(VMStore, builtins),
            activation = const offset_of!(VMStore, activation),
            pc = const offset_of!(Activation, pc),
            fp = const offset_of!(Activation, fp),
            context = const offset_of!(Activation, context),
            is_return = const offset_of!(Activation, pc_is_return),
            entry_sp = const offset_of!(Activation, entry_sp),
            fuel = const offset_of!(VMStore, fuel),
            in_register = const offset_of!(VMStore, fuel_in_register),
            $($operands)*
        )
    };
}

/// Writes to the activation that code has left at the return address, which lies at this place. Uses `r11`
/// and one more register.
macro_rules! record {
    ($return_address:literal, $register:literal) => {
        concat!(
            "mov r11, [r15 + {store}]\n",
            "mov r11, [r11 + {activation}]\n",
            concat!("mov ", $register, ", ", $return_address, "\n"),
            concat!("mov [r11 + {pc}], ", $register, "\n"),
            "mov [r11 + {fp}], rbp\n",
            "mov [r11 + {context}], r15\n",
            "mov byte ptr [r11 + {is_return}], 1\n",
        )
    };
}

/// Writes the fuel to the store, if code keeps it in its register. Uses `r11`.
macro_rules! save_fuel {
    () => {
        "mov r11, [r15 + {store}]
        cmp byte ptr [r11 + {in_register}], 0
        je 7f
        mov [r11 + {fuel}], r14
        7:"
    };
}

/// Undoes [`save_fuel`]: the host may have given the guest more. Uses `r11`.
macro_rules! load_fuel {
    () => {
        "mov r11, [r15 + {store}]
        cmp byte ptr [r11 + {in_register}], 0
        je 8f
        mov r14, [r11 + {fuel}]
        8:"
    };
}

/// Leaves the entry, whose frame `rsp` points to, with the status in `rax`.
macro_rules! end_entry {
    () => {
        "add rsp, 8\npop r15\npop r14\npop r13\npop r12\npop rbx\npop rbp\nret"
    };
}

/// Bytes from [`Activation::entry_sp`] to the frame pointer of the entry: what [`enter`] has pushed.
pub(super) const ENTRY_FRAME: usize = 48;

/// Calls code as an [`Entry`] says and puts the registers of its results back there.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn enter(entry: *mut Entry) -> Status {
    assembly!([
        "push rbp",
        "mov rbp, rsp",
        "push rbx",
        "push r12",
        "push r13",
        "push r14",
        "push r15",
        "push rdi",
        "mov rax, [rdi + {activation_at}]",
        "mov [rax + {entry_sp}], rsp",
        // Parameters on the stack, from the last to the first.
        "mov rcx, [rdi + {stack_len}]",
        "mov rsi, [rdi + {stack}]",
        "sub rsp, rcx",
        "test rcx, rcx",
        "jz 3f",
        "2:",
        "mov rax, [rsi + rcx - 8]",
        "mov [rsp + rcx - 8], rax",
        "sub rcx, 8",
        "jnz 2b",
        "3:",
        "movaps xmm0, [rdi + {vectors}]",
        "movaps xmm1, [rdi + {vectors} + 0x10]",
        "movaps xmm2, [rdi + {vectors} + 0x20]",
        "movaps xmm3, [rdi + {vectors} + 0x30]",
        "movaps xmm4, [rdi + {vectors} + 0x40]",
        "movaps xmm5, [rdi + {vectors} + 0x50]",
        "movaps xmm6, [rdi + {vectors} + 0x60]",
        "movaps xmm7, [rdi + {vectors} + 0x70]",
        "mov r15, [rdi + {callee_context}]",
        // Where code keeps no fuel there, nobody looks.
        "mov rax, [r15 + {store}]",
        "mov r14, [rax + {fuel}]",
        "mov rax, [rdi + {code}]",
        "mov rcx, [rdi + {ints} + 8 * 1]",
        "mov rdx, [rdi + {ints} + 8 * 2]",
        "mov rsi, [rdi + {ints} + 8 * 6]",
        "mov r8, [rdi + {ints} + 8 * 8]",
        "mov r9, [rdi + {ints} + 8 * 9]",
        "mov r10, [rdi + {ints} + 8 * 10]",
        "mov rdi, [rdi + {ints} + 8 * 7]",
        "call rax",
        // The callee has popped its parameters, and may have left another context.
        "mov r11, [rsp]",
        "mov rbx, [r11 + {callee_context}]",
        "mov rbx, [rbx + {store}]",
        "cmp byte ptr [rbx + {in_register}], 0",
        "je 4f",
        "mov [rbx + {fuel}], r14",
        "4:",
        "mov [r11 + {ints} + 8 * 0], rax",
        "mov [r11 + {ints} + 8 * 1], rcx",
        "mov [r11 + {ints} + 8 * 2], rdx",
        "mov [r11 + {ints} + 8 * 6], rsi",
        "mov [r11 + {ints} + 8 * 7], rdi",
        "mov [r11 + {ints} + 8 * 8], r8",
        "movaps [r11 + {vectors}], xmm0",
        "movaps [r11 + {vectors} + 0x10], xmm1",
        "movaps [r11 + {vectors} + 0x20], xmm2",
        "movaps [r11 + {vectors} + 0x30], xmm3",
        "movaps [r11 + {vectors} + 0x40], xmm4",
        "movaps [r11 + {vectors} + 0x50], xmm5",
        "movaps [r11 + {vectors} + 0x60], xmm6",
        "movaps [r11 + {vectors} + 0x70], xmm7",
        "xor eax, eax",
        end_entry!(),
    ]
        activation_at = const offset_of!(Entry, activation),
        stack = const offset_of!(Entry, stack),
        stack_len = const offset_of!(Entry, stack_len),
        callee_context = const offset_of!(Entry, context),
        code = const offset_of!(Entry, code),
        ints = const offset_of!(Entry, registers) + offset_of!(Registers, ints),
        vectors = const offset_of!(Entry, registers) + offset_of!(Registers, vectors),
    )
}

/// Ends the current entry with the status in `rax`.
#[unsafe(naked)]
unsafe extern "C" fn leave() {
    assembly!([
        "mov r11, [r15 + {store}]",
        "mov r11, [r11 + {activation}]",
        "mov rsp, [r11 + {entry_sp}]",
        end_entry!(),
    ])
}

/// Goes on where a [`Landing`] at `rsp` says, or, if the status in `rax` is not `OK`, ends the entry.
#[unsafe(naked)]
unsafe extern "C" fn land() {
    assembly!([
        "test rax, rax",
        "jnz {leave}",
        "mov r11, [rsp + {target}]",
        "mov rbp, [rsp + {landing_fp}]",
        "mov r15, [rsp + {landing_context}]",
        "mov rsp, [rsp + {landing_sp}]",
        "jmp r11",
    ]
        leave = sym leave,
        target = const offset_of!(Landing, target),
        landing_fp = const offset_of!(Landing, fp),
        landing_context = const offset_of!(Landing, context),
        landing_sp = const offset_of!(Landing, sp),
    )
}

/// Raises the status in `rax`; where code has left is written down.
#[unsafe(naked)]
unsafe extern "C" fn raise_recorded() {
    assembly!([
        "and rsp, -16",
        "sub rsp, {landing}",
        "mov rdi, r15",
        "mov rsi, rax",
        "mov rdx, rsp",
        "call {raised}",
        "jmp {land}",
    ]
        landing = const size_of::<Landing>(),
        raised = sym unwind::raised,
        land = sym land,
    )
}

#[unsafe(naked)]
unsafe extern "C" fn raise() {
    assembly!([record!("[rsp]", "rcx"), "jmp {raise_recorded}"] raise_recorded = sym raise_recorded,)
}

#[unsafe(naked)]
unsafe extern "C" fn throw() {
    assembly!([
        record!("[rsp]", "rcx"),
        "and rsp, -16",
        "sub rsp, {landing}",
        "mov rdx, rsi",
        "mov rsi, rdi",
        "mov rdi, r15",
        "mov rcx, rsp",
        "call {thrown}",
        "jmp {land}",
    ]
        landing = const size_of::<Landing>(),
        thrown = sym unwind::thrown,
        land = sym land,
    )
}

#[unsafe(naked)]
unsafe extern "C" fn throw_ref() {
    assembly!([
        record!("[rsp]", "rcx"),
        "and rsp, -16",
        "sub rsp, {landing}",
        "mov rsi, rdi",
        "mov rdi, r15",
        "mov rdx, rsp",
        "call {rethrown}",
        "jmp {land}",
    ]
        landing = const size_of::<Landing>(),
        rethrown = sym unwind::rethrown,
        land = sym land,
    )
}

/// Bytes of all registers that a call clobbers, such that the stack is aligned below them and a return
/// address.
const SAVED: usize = 16 * 16 + 9 * 8;

/// Saves all registers that a call clobbers.
macro_rules! save {
    () => {
        "sub rsp, {saved}
        movaps [rsp], xmm0
        movaps [rsp + 0x10], xmm1
        movaps [rsp + 0x20], xmm2
        movaps [rsp + 0x30], xmm3
        movaps [rsp + 0x40], xmm4
        movaps [rsp + 0x50], xmm5
        movaps [rsp + 0x60], xmm6
        movaps [rsp + 0x70], xmm7
        movaps [rsp + 0x80], xmm8
        movaps [rsp + 0x90], xmm9
        movaps [rsp + 0xa0], xmm10
        movaps [rsp + 0xb0], xmm11
        movaps [rsp + 0xc0], xmm12
        movaps [rsp + 0xd0], xmm13
        movaps [rsp + 0xe0], xmm14
        movaps [rsp + 0xf0], xmm15
        mov [rsp + 0x100], rax
        mov [rsp + 0x108], rcx
        mov [rsp + 0x110], rdx
        mov [rsp + 0x118], rsi
        mov [rsp + 0x120], rdi
        mov [rsp + 0x128], r8
        mov [rsp + 0x130], r9
        mov [rsp + 0x138], r10
        mov [rsp + 0x140], r11"
    };
}

/// Undoes [`save`], except for `rax` and `r11`.
macro_rules! restore {
    () => {
        "movaps xmm0, [rsp]
        movaps xmm1, [rsp + 0x10]
        movaps xmm2, [rsp + 0x20]
        movaps xmm3, [rsp + 0x30]
        movaps xmm4, [rsp + 0x40]
        movaps xmm5, [rsp + 0x50]
        movaps xmm6, [rsp + 0x60]
        movaps xmm7, [rsp + 0x70]
        movaps xmm8, [rsp + 0x80]
        movaps xmm9, [rsp + 0x90]
        movaps xmm10, [rsp + 0xa0]
        movaps xmm11, [rsp + 0xb0]
        movaps xmm12, [rsp + 0xc0]
        movaps xmm13, [rsp + 0xd0]
        movaps xmm14, [rsp + 0xe0]
        movaps xmm15, [rsp + 0xf0]
        mov rcx, [rsp + 0x108]
        mov rdx, [rsp + 0x110]
        mov rsi, [rsp + 0x118]
        mov rdi, [rsp + 0x120]
        mov r8, [rsp + 0x128]
        mov r9, [rsp + 0x130]
        mov r10, [rsp + 0x138]
        add rsp, {saved}"
    };
}

/// Where a fault goes on. As if the instruction had called, but what would be the return address is its own,
/// and above that lie the address that it wanted and 8 bytes more. Every register is as it was there. The frame has the
/// context; a register might not any more. An instruction that polls may go on at the next one.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn fault() {
    assembly!([
        save!(),
        "mov r15, [rbp + {frame_context}]",
        save_fuel!(),
        record!("[rsp + {saved}]", "rsi"),
        "mov byte ptr [r11 + {is_return}], 0",
        "mov rdi, r15",
        "mov rdx, [rsp + {saved} + 8]",
        "call {faulted}",
        "test rax, rax",
        "jnz {raise_recorded}",
        load_fuel!(),
        "add qword ptr [rsp + {saved}], {poll_length}",
        "mov rax, [rsp + 0x100]",
        "mov r11, [rsp + 0x140]",
        restore!(),
        "ret 16",
    ]
        saved = const SAVED,
        poll_length = const windlass_abi::native::POLL_LENGTH,
        frame_context = const windlass_abi::native::FRAME_CONTEXT,
        faulted = sym traps::faulted,
        raise_recorded = sym raise_recorded,
    )
}

/// Calls a builtin that takes the store and gives a status, with all registers kept.
macro_rules! keeping_builtin {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[unsafe(naked)]
        unsafe extern "C" fn $name() {
            assembly!([
                save!(),
                record!("[rsp + {saved}]", "rax"),
                "mov rdi, [r15 + {store}]",
                "mov rax, [rdi + {builtins}]",
                "call [rax + {builtin}]",
                "test rax, rax",
                "jnz {raise_recorded}",
                "mov rax, [rsp + 0x100]",
                "mov r11, [rsp + 0x140]",
                restore!(),
                "ret",
            ]
                saved = const SAVED,
                builtin = const offset_of!(VMBuiltins, $name),
                raise_recorded = sym raise_recorded,
            )
        }
    };
}

keeping_builtin!(interrupt);
keeping_builtin!(fuel_exhausted);

#[unsafe(naked)]
unsafe extern "C" fn stack_check() {
    assembly!([
        save!(),
        "mov rsi, rax",
        record!("[rsp + {saved}]", "rax"),
        "mov rdi, [r15 + {store}]",
        "call {check}",
        "test rax, rax",
        "jnz {raise_recorded}",
        restore!(),
        "ret",
    ]
        saved = const SAVED,
        check = sym stack::check,
        raise_recorded = sym raise_recorded,
    )
}

#[unsafe(naked)]
unsafe extern "C" fn compile() {
    assembly!([
        save!(),
        save_fuel!(),
        "mov rdi, r15",
        "mov esi, eax",
        "mov rdx, [rsp + {saved}]",
        "mov rcx, rbp",
        "call {compile}",
        // The code, or null and a status.
        "test rax, rax",
        "jz 2f",
        "mov r11, rax",
        restore!(),
        "jmp r11",
        "2:",
        "mov rax, rdx",
        "jmp {raise_recorded}",
    ]
        saved = const SAVED,
        compile = sym lazy::compile,
        raise_recorded = sym raise_recorded,
    )
}

/// Where code enters a host function, whose context is in `r15`.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn host_call() {
    assembly!([
        "sub rsp, {block}",
        save_fuel!(),
        "mov [rsp + {ints} + 8 * 1], rcx",
        "mov [rsp + {ints} + 8 * 2], rdx",
        "mov [rsp + {ints} + 8 * 6], rsi",
        "mov [rsp + {ints} + 8 * 7], rdi",
        "mov [rsp + {ints} + 8 * 8], r8",
        "mov [rsp + {ints} + 8 * 9], r9",
        "mov [rsp + {ints} + 8 * 10], r10",
        "movaps [rsp + {vectors}], xmm0",
        "movaps [rsp + {vectors} + 0x10], xmm1",
        "movaps [rsp + {vectors} + 0x20], xmm2",
        "movaps [rsp + {vectors} + 0x30], xmm3",
        "movaps [rsp + {vectors} + 0x40], xmm4",
        "movaps [rsp + {vectors} + 0x50], xmm5",
        "movaps [rsp + {vectors} + 0x60], xmm6",
        "movaps [rsp + {vectors} + 0x70], xmm7",
        "mov rdi, r15",
        "mov rsi, rsp",
        "lea rdx, [rsp + {block}]",
        "mov rcx, rbp",
        "call {call}",
        // A status, and the bytes of parameters on the stack.
        "test rax, rax",
        "jnz {raise_recorded}",
        load_fuel!(),
        "mov r11, rdx",
        "mov rax, [rsp + {ints} + 8 * 0]",
        "mov rcx, [rsp + {ints} + 8 * 1]",
        "mov rdx, [rsp + {ints} + 8 * 2]",
        "mov rsi, [rsp + {ints} + 8 * 6]",
        "mov rdi, [rsp + {ints} + 8 * 7]",
        "mov r8, [rsp + {ints} + 8 * 8]",
        "movaps xmm0, [rsp + {vectors}]",
        "movaps xmm1, [rsp + {vectors} + 0x10]",
        "movaps xmm2, [rsp + {vectors} + 0x20]",
        "movaps xmm3, [rsp + {vectors} + 0x30]",
        "movaps xmm4, [rsp + {vectors} + 0x40]",
        "movaps xmm5, [rsp + {vectors} + 0x50]",
        "movaps xmm6, [rsp + {vectors} + 0x60]",
        "movaps xmm7, [rsp + {vectors} + 0x70]",
        "test r11, r11",
        "jnz 2f",
        "add rsp, {block}",
        "ret",
        "2:",
        "mov r10, [rsp + {block}]",
        "lea rsp, [rsp + r11 + {block} + 8]",
        "jmp r10",
    ]
        // Such that the stack is aligned below a return address.
        block = const size_of::<Registers>() + 8,
        ints = const offset_of!(Registers, ints),
        vectors = const offset_of!(Registers, vectors),
        call = sym host::call,
        raise_recorded = sym raise_recorded,
    )
}

/// Goes to a builtin by its number.
#[unsafe(naked)]
unsafe extern "C" fn builtin<const NUMBER: usize>() {
    assembly!([
        record!("[rsp]", "rax"),
        "mov r11, [r15 + {store}]",
        "mov r11, [r11 + {builtins}]",
        "jmp [r11 + {builtin}]",
    ]
        builtin = const NUMBER * size_of::<*const u8>(),
    )
}

/// The stubs of builtins by number; that all are there is checked by the length of the array.
macro_rules! builtin_stubs {
    ($($number:literal)*) => { [ $( builtin::<$number> as *const u8 ),* ] };
}

/// Every stub.
pub(super) static STUBS: NativeStubs = NativeStubs {
    raise: raise as *const u8,
    throw: throw as *const u8,
    throw_ref: throw_ref as *const u8,
    interrupt: interrupt as *const u8,
    fuel_exhausted: fuel_exhausted as *const u8,
    stack_check: stack_check as *const u8,
    compile: compile as *const u8,
    builtins: builtin_stubs![0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24],
};
