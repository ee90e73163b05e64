//! Arguments and results, in and out, to other instances and to the host; tail calls; callee-saved registers.

use super::*;

/// A value of a kind that no other value is like.
fn sample(ty: ValType, n: u64) -> ValRaw {
    match ty {
        ValType::I32 | ValType::F32 => ValRaw { i64: 0x8000_0000 + n },
        ValType::V128 => {
            let mut v128 = [n as u8; 16];
            (v128[0], v128[15]) = (0xaa, 0xbb);
            ValRaw { v128 }
        }
        _ => ValRaw { i64: 0x8000_0000_0000_0000 + n * 3 },
    }
}

fn same(ty: ValType, a: ValRaw, b: ValRaw) -> bool {
    // SAFETY: numbers all.
    unsafe {
        match ty {
            ValType::V128 => a.v128 == b.v128,
            _ => a.i64 == b.i64,
        }
    }
}

const MIXED: [ValType; 24] = {
    use ValType::{F32, F64, I32, I64, V128};
    [
        I32, I64, F32, F64, V128, I64, I32, I32, I64, I64, V128, V128, F32, F64, F64, F32, V128, I32, V128,
        I64, F64, V128, F32, I32,
    ]
};

unsafe extern "C" fn reverse(host: *mut VMHostContext, caller: *mut VMContext, args: *mut ValRaw) -> Status {
    // SAFETY: called with as many values as the signature has, each of which is a number.
    unsafe {
        let signature = &*(*host).signature;
        let args = std::slice::from_raw_parts_mut(args, signature.params.len());
        host_call_guard(host, |_| {
            assert!(!caller.is_null());
            args.reverse();
            Ok(())
        })
    }
}

/// The host's results are the parameters backwards; what the function does with both is to pass them on.
#[test]
fn values_of_all_kinds_pass() {
    for count in [0, 1, 6, 7, 9, 15, 17, 24] {
        let params = &MIXED[..count];
        let mut results = params.to_vec();
        results.reverse();
        let ty = func_type(params, &results);
        let mut store = native_store();
        let signature = Arc::new(Signature::new(100, &ty));
        let host = store.new_host_func(signature, reverse, Box::new(()));
        // A tail call to the host is a call and a return: the stack parameters are copied.
        let stack = windlass_abi::native::X86_64.params(params.iter().map(|t| t.kind())).memory as i32;
        let mut p = Program::new();
        let import = p.import(&ty);
        let at = p.layout().imported_function(import) as i32;
        let mut f = Function::with_stack_params(0, stack + 16, stack);
        // `r10`, the result area, is passed on as it is.
        for i in (0..stack).step_by(8) {
            let from = f.stack_param(i);
            asm!(f, mov(rax, from); mov(qword_ptr(rsp + i), rax););
        }
        f.call_import(at, 5);
        // `rax` is a result.
        asm!(f, lea(rsp, qword_ptr(rbp)); pop(rbp););
        f.a.ret_1(stack as u32).unwrap();
        let index = p.func(&ty, f);
        let instance = p.instantiate(&store, &[ExternId::Func(host)]);
        let f = func(&mut store, instance, index);
        let sent: Vec<_> = params.iter().enumerate().map(|(i, t)| sample(*t, i as u64)).collect();
        let mut values = sent.clone();
        call_values(&mut store, f, &mut values).unwrap();
        for (i, ty) in results.iter().enumerate() {
            assert!(same(*ty, values[i], sent[count - 1 - i]), "{count}: result {i}");
        }
    }
}

#[test]
fn callee_saved_registers_are_kept() {
    // Across the entry: the host's own. The function destroys all of them and restores them by the
    // convention.
    let mut store = native_store();
    let mut p = Program::new();
    let mut f = Function::new(4, 0);
    let slots: Vec<_> = (0..4).map(|n| f.slot(n)).collect();
    asm!(f,
        mov(slots[0], rbx); mov(slots[1], r12); mov(slots[2], r13); mov(slots[3], r14);
        mov(rbx, 1u64); mov(r12, 2u64); mov(r13, 3u64); mov(r14, 4u64););
    f.call_own(1, 3);
    asm!(f,
        lea(rax, qword_ptr(rbx + r12)); add(rax, r13); add(rax, r14);
        mov(rbx, slots[0]); mov(r12, slots[1]); mov(r13, slots[2]); mov(r14, slots[3]););
    f.ret();
    let outer = p.func(&i64_type(0, 1), f);
    let mut f = Function::new(0, 0);
    f.call_builtin("memory_grow", 1001);
    f.ret();
    p.func(&i64_type(0, 1), f);
    p.module.facts.memories.push(memory_type(1, None));
    let instance = p.instantiate(&store, &[]);
    let f = func(&mut store, instance, outer);
    assert_eq!(call(&mut store, f, &[]).unwrap()[0], 10);
}

/// After a trap the host's registers are as they were: the entry restores them, not the code that trapped.
#[test]
fn traps_keep_the_hosts_registers() {
    let mut store = native_store();
    let mut p = Program::new();
    let mut f = Function::new(0, 0);
    asm!(f, xor(ebx, ebx); xor(r12d, r12d); xor(r13d, r13d); xor(r14d, r14d););
    f.unreachable(1);
    let index = p.func(&i64_type(0, 0), f);
    let instance = p.instantiate(&store, &[]);
    let f = func(&mut store, instance, index);
    // The loop's variables live in registers that the guest has destroyed.
    let (mut sum, mut product) = (0u64, 1u64);
    for i in 1..=20 {
        assert_eq!(trapped(call(&mut store, f, &[])).0, TrapCode::Unreachable);
        sum += i;
        product = product.wrapping_mul(i);
    }
    assert_eq!((sum, product), (210, (1..=20).product()));
}

/// `f(n, acc)` of one instance tail-calls that of the other until n is 0; each adds its own number.
#[test]
fn tail_calls_across_instances() {
    let mut store = native_store();
    let ty = i64_type(2, 1);
    let build = |add: i32| {
        let mut p = Program::new();
        let import = p.import(&ty);
        let at = p.layout().imported_function(import) as i32;
        let mut f = Function::new(0, 0);
        let mut done = f.label();
        let mut host = f.label();
        asm!(f, mov(rax, rsi); test(rdi, rdi); je(done);
            dec(rdi); add(rsi, add);
            mov(rcx, qword_ptr(r15 + at + offset_of!(VMImportedFunc, context) as i32));
            mov(rax, qword_ptr(r15 + at + offset_of!(VMImportedFunc, code) as i32));
            cmp(dword_ptr(rcx), ContextKind::Host as i32); je(host);
            mov(r15, rcx); mov(rsp, rbp); pop(rbp); jmp(rax););
        f.bind(&mut host);
        f.call_import(at, 8);
        f.bind(&mut done);
        asm!(f, mov(rsp, rbp); pop(rbp); ret(););
        let index = p.func(&ty, f);
        (p.build(), index)
    };
    let (a, index) = build(1);
    let (b, _) = build(100);
    let host = host_func(&mut store, |_, _, args| {
        // SAFETY: two i64.
        unsafe { args[0] = ValRaw { i64: args[1].i64 + 7_000_000 } };
        Ok(())
    });
    // b -> a -> host: no cycle of imports can be made, but tables can.
    // SAFETY: what they declare.
    unsafe {
        let a = store.as_ptr().instantiate(&a, &[ExternId::Func(host)]).unwrap();
        let a_func = func(&mut store, a, index);
        let b = store.as_ptr().instantiate(&b, &[ExternId::Func(a_func)]).unwrap();
        let f = func(&mut store, b, index);
        assert_eq!(call(&mut store, f, &[0, 5]).unwrap()[0], 5);
        assert_eq!(call(&mut store, f, &[1, 5]).unwrap()[0], 105);
        assert_eq!(call(&mut store, f, &[2, 5]).unwrap()[0], 7_000_106);
        assert_eq!(call(&mut store, a_func, &[1, 5]).unwrap()[0], 7_000_006);
    }
}

/// A tail call to a function with more, and one with fewer stack parameters than the caller has.
#[test]
fn tail_calls_resize_the_stack() {
    let mut store = native_store();
    let mut p = Program::new();
    // A loop of calls, so that a stack that drifts is noticed.
    let mut f = Function::new(1, 16);
    let (mut again, count) = (f.label(), f.slot(0));
    asm!(f, mov(count, 100_000i32););
    f.bind(&mut again);
    asm!(f,
        mov(edi, 1u32); mov(esi, 2u32); mov(edx, 3u32); mov(ecx, 4u32); mov(r8d, 5u32); mov(r9d, 6u32);
        mov(qword_ptr(rsp), 7i32); mov(qword_ptr(rsp + 8), 8i32););
    f.call_own(1, 1);
    // The callee has popped its parameters.
    asm!(f, sub(rsp, 16); dec(count); jne(again););
    f.ret();
    let main = p.func(&i64_type(0, 1), f);
    // Eight parameters: two on the stack. Tail-calls one with ten: four.
    let mut f = Function::leaf();
    asm!(f,
        sub(rsp, 16); mov(rax, qword_ptr(rsp + 16)); mov(qword_ptr(rsp), rax);
        mov(rax, qword_ptr(rsp + 24)); mov(qword_ptr(rsp + 8), rax);
        mov(rax, qword_ptr(rsp + 32)); mov(qword_ptr(rsp + 16), rax);
        mov(qword_ptr(rsp + 24), 9i32); mov(qword_ptr(rsp + 32), 10i32););
    let tail = |f: &mut Function, own| {
        f.a.db(&[0xe9, 0, 0, 0, 0]).unwrap();
        let label = f.here();
        f.relocs.push((label, RelocTarget::Entry(own)));
    };
    tail(&mut f, 2);
    p.func(&i64_type(8, 1), f);
    // Adds its last three, and tail-calls one with none on the stack.
    let mut f = Function::with_stack_params(0, 0, 32);
    asm!(f, mov(rdi, qword_ptr(rbp + 16)); add(rdi, qword_ptr(rbp + 24)); add(rdi, qword_ptr(rbp + 32));
        add(rdi, qword_ptr(rbp + 40));
        mov(rsp, rbp); pop(rbp);
        pop(rax); add(rsp, 32); push(rax););
    tail(&mut f, 3);
    p.func(&i64_type(10, 1), f);
    let mut f = Function::new(0, 0);
    asm!(f, mov(rax, rdi););
    f.ret();
    p.func(&i64_type(1, 1), f);
    let instance = p.instantiate(&store, &[]);
    let f = func(&mut store, instance, main);
    assert_eq!(call(&mut store, f, &[]).unwrap()[0], 7 + 8 + 9 + 10);
}

#[test]
fn calls_through_tables() {
    // An indirect call takes code and context from the table.
    let mut store = native_store();
    let ty = i64_type(1, 1);
    let mut other = Program::new();
    let mut f = Function::new(0, 0);
    asm!(f, mov(eax, dword_ptr(r15 + offset_of!(VMContext, id) as i32)); add(rax, rdi););
    f.ret();
    let callee = other.func(&ty, f);
    other_instances(&store, 3);
    let other = other.instantiate(&store, &[]);
    let callee = func(&mut store, other, callee);

    let mut p = Program::new();
    p.module.facts.tables.push(table_type(FUNCREF, 2, None));
    p.module.facts.table_inits.push(None);
    let windlass_abi::layout::Place::Inline(at) = p.layout().table(0) else { panic!("an own table") };
    let mut f = Function::new(0, 0);
    asm!(f,
        mov(rax, qword_ptr(r15 + at as i32 + offset_of!(VMTable, base) as i32));
        mov(r15, qword_ptr(rax + 32 + offset_of!(VMTableFunc, context) as i32));
        call(qword_ptr(rax + 32 + offset_of!(VMTableFunc, code) as i32)););
    f.called(4);
    asm!(f, mov(r15, qword_ptr(rbp - 8)); shl(rax, 8); mov(ecx, dword_ptr(r15 + offset_of!(VMContext, id) as i32)); add(rax, rcx););
    f.ret();
    let index = p.func(&ty, f);
    let instance = p.instantiate(&store, &[]);
    let id = table(&mut store, instance, 0);
    // SAFETY: a function of this store.
    assert!(unsafe { store.table_set(id, 1, ValRaw { func: callee.as_ptr() }) });
    let f = func(&mut store, instance, index);
    assert_eq!(call(&mut store, f, &[10]).unwrap()[0], (13 << 8) + 4);
}

/// Makes instances, so that the next ones have other numbers.
fn other_instances(store: &Store, count: usize) {
    for _ in 0..count {
        Program::new().instantiate(store, &[]);
    }
}

#[test]
fn host_functions_know_their_caller() {
    let mut store = native_store();
    other_instances(&store, 2);
    let host = host_func(&mut store, |_, caller, args| {
        args[0] = ValRaw { i64: caller.map_or(99, |c| c.index() as u64) };
        Ok(())
    });
    let ty = i64_type(2, 1);
    let mut p = Program::new();
    let import = p.import(&ty);
    let at = p.layout().imported_function(import) as i32;
    let mut f = Function::new(0, 0);
    f.call_import(at, 1);
    f.ret();
    let index = p.func(&ty, f);
    let instance = p.instantiate(&store, &[ExternId::Func(host)]);
    let f = func(&mut store, instance, index);
    assert_eq!(call(&mut store, f, &[0, 0]).unwrap()[0], 2);
    assert_eq!(call(&mut store, host, &[0, 0]).unwrap()[0], 99);
}
