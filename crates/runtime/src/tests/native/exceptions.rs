//! Exceptions: through frames, instances and the host; with payloads of all kinds; again; and caught by
//! nobody.

use super::*;

const PAYLOAD: [ValType; 5] = [ValType::I32, ValType::V128, ValType::I64, ValType::F32, ValType::EXNREF];
/// Slots that the payload takes.
const SLOTS: u32 = 6;

/// The payload as code writes it, in ascending slots, but for the reference.
const SENT: [u64; 5] = [7, 0x1111_2222_3333_4444, 0x5555_6666_7777_8888, u64::MAX - 1, 0x3fc0_0000];

fn payload_type() -> FuncType {
    func_type(&PAYLOAD, &[])
}

/// Declares an own tag; gives the offset of the pointer to it.
fn own_tag(p: &mut Program) -> u32 {
    let ty = p.module.ty(payload_type());
    p.module.facts.tags.push(ty);
    p.layout().tag(0)
}

/// Declares an imported tag.
fn imported_tag(p: &mut Program) -> u32 {
    let ty = p.module.ty(payload_type());
    p.module.facts.tags.push(ty);
    p.module.facts.imported.tags += 1;
    p.module.import(EntityIndex::Tag(0));
    p.layout().tag(0)
}

fn tag_of(store: &mut Store, instance: InstanceId) -> ExternId {
    store.instance_item(instance, EntityIndex::Tag(0))
}

/// Throws the payload from the bottom of the frame, which has room for it.
fn throw(f: &mut Function, tag: u32, offset: u32) -> CodeLabel {
    for (i, word) in SENT.iter().enumerate() {
        asm!(f, mov(rax, *word); mov(qword_ptr(rsp + 8 * i as i32), rax););
    }
    asm!(f, mov(qword_ptr(rsp + 40), 0i32); mov(rdi, qword_ptr(r15 + tag as i32)); mov(rsi, rsp););
    f.call_stub(offset_of!(NativeStubs, throw), offset)
}

/// A program whose function 0 throws, through function 1, if its parameter is 0; else it returns it.
fn thrower(tag: impl FnOnce(&mut Program) -> u32) -> Program {
    let mut p = Program::new();
    let tag = tag(&mut p);
    let mut f = Function::new(0, 0);
    f.call_own(1, 3);
    f.ret();
    p.func(&i64_type(1, 1), f);
    let mut f = Function::new(0, 48);
    let mut no = f.label();
    // Whoever catches saves these; here they are destroyed.
    asm!(f, mov(rax, rdi); xor(ebx, ebx); xor(r12d, r12d); xor(r13d, r13d); xor(r14d, r14d);
        test(rdi, rdi); jne(no););
    throw(&mut f, tag, 1009);
    f.bind(&mut no);
    f.ret();
    p.func(&i64_type(1, 1), f);
    p
}

/// Saves and restores callee-saved registers in home slots 0 to 3, as functions with handlers do.
fn save(f: &mut Function) {
    for (i, r) in [rbx, r12, r13, r14].into_iter().enumerate() {
        let slot = f.slot(i as i32);
        asm!(f, mov(slot, r););
    }
}

fn restore_and_return(f: &mut Function) {
    for (i, r) in [rbx, r12, r13, r14].into_iter().enumerate() {
        let slot = f.slot(i as i32);
        asm!(f, mov(r, slot););
    }
    f.ret();
}

/// A function that calls the import at `import` and catches its tag: `[i64] -> [i64]`; the result is that of
/// the call, or 1 if the payload is right.
fn catcher(
    import: i32,
    clause: impl FnOnce(u32, CodeLabel) -> Clause,
    checks: impl FnOnce(&mut Function),
) -> Function {
    let mut f = Function::new(12, 48);
    save(&mut f);
    let mut caught = f.label();
    let start = f.here();
    let call = f.call_import(import, 20);
    // A reference that stays alive in the frame while objects are made.
    f.references(call, &[]);
    let end = f.here();
    restore_and_return(&mut f);
    f.bind(&mut caught);
    f.handler(start, end, &[clause(4, caught)]);
    checks(&mut f);
    restore_and_return(&mut f);
    f
}

/// `rax` = 1 if the payload's slots from 4 on are right, else `ud2`.
fn check_payload(f: &mut Function) {
    let mut bad = f.label();
    let mut good = f.label();
    // Slot 4: i32. Slots 5, 6: v128, whose low half lies at the address of slot 6. Slot 7: i64. Slot 8: f32.
    let order = [(4, SENT[0]), (6, SENT[1]), (5, SENT[2]), (7, SENT[3]), (8, SENT[4]), (9, 0)];
    for (slot, word) in order {
        let slot = f.slot(slot);
        asm!(f, mov(rax, word); cmp(rax, slot); jne(bad););
    }
    // As the compiler loads a vector: at the address of its second slot.
    let low = f.slot(6);
    asm!(f, mov(rax, SENT[1]); cmp(rax, low); jne(bad); mov(eax, 1u32); jmp(good););
    f.bind(&mut bad);
    f.unreachable(66);
    f.bind(&mut good);
}

/// A store with an instance that throws, and one that catches with the clause; gives the catching function.
fn pair(
    config: StoreConfig,
    clause: impl FnOnce(u32, u32, CodeLabel) -> Clause,
    checks: impl FnOnce(&mut Function),
) -> (Store, FuncPtr) {
    let mut store = Store::new(config).unwrap();
    let throwing = thrower(own_tag).instantiate(&store, &[]);
    let callee = func(&mut store, throwing, 0);
    let tag = tag_of(&mut store, throwing);
    let mut p = Program::new();
    let ty = i64_type(1, 1);
    let import = p.import(&ty);
    let tag_at = imported_tag(&mut p);
    let at = p.layout().imported_function(import) as i32;
    let f = catcher(at, |slot, target| clause(tag_at, slot, target), checks);
    let index = p.func(&ty, f);
    let instance = p.instantiate(&store, &[ExternId::Func(callee), tag]);
    let f = func(&mut store, instance, index);
    (store, f)
}

#[test]
fn payloads_arrive() {
    let clause = |tag, slot, target| Clause { tag, with_reference: false, slot, target };
    let (mut store, f) = pair(native_config(), clause, check_payload);
    assert_eq!(call(&mut store, f, &[5]).unwrap()[0], 5);
    for _ in 0..200_000 {
        assert_eq!(call(&mut store, f, &[0]).unwrap()[0], 1);
    }
    assert_eq!(store.inner().heap.collections(), 0, "no exception was made");
}

#[test]
fn references_arrive() {
    // With and without moving everything; more exceptions than the heap could hold.
    for (gc_stress, count) in [(true, 100), (false, 200_000)] {
        let clause = |tag, slot, target| Clause { tag, with_reference: true, slot, target };
        let (mut store, f) = pair(StoreConfig { gc_stress, ..native_config() }, clause, |f| {
            // The reference follows the payload.
            let slot = f.slot(4 + SLOTS as i32);
            asm!(f, mov(rsi, slot););
            f.call_builtin("exception_tag", 40);
            let mut good = f.label();
            asm!(f, cmp(rax, qword_ptr(r15 + TAG_IN_PAIR)); je(good););
            f.unreachable(41);
            f.bind(&mut good);
            check_payload(f);
        });
        for _ in 0..count {
            assert_eq!(call(&mut store, f, &[0]).unwrap()[0], 1);
        }
        assert!(store.inner().heap.collections() > 0);
    }
}

#[test]
fn catch_all_takes_nothing() {
    let clause = |_, slot, target| Clause { tag: CatchRow::ANY, with_reference: false, slot, target };
    let (mut store, f) = pair(native_config(), clause, |f| asm!(f, mov(eax, 3u32);));
    assert_eq!(call(&mut store, f, &[0]).unwrap()[0], 3);
    assert_eq!(store.inner().heap.collections(), 0);
}

/// Catches with a reference, keeps that in a home slot over a safepoint that moves everything, and throws it
/// again; the host gets it.
#[test]
fn thrown_again_and_caught_by_nobody() {
    let clause = |_, slot, target| Clause { tag: CatchRow::ANY, with_reference: true, slot, target };
    let (mut store, f) = pair(StoreConfig { gc_stress: true, ..native_config() }, clause, |f| {
        // Another exception is made: all move.
        asm!(f, mov(rsi, qword_ptr(r15 + TAG_IN_PAIR)); mov(rdx, rsp); xor(eax, eax););
        for i in 0..6 {
            asm!(f, mov(qword_ptr(rsp + 8 * i), rax););
        }
        let call = f.call_builtin("exception_new", 50);
        f.references(call, &[4]);
        let slot = f.slot(4);
        asm!(f, mov(rdi, slot););
        f.call_stub(offset_of!(NativeStubs, throw_ref), 51);
    });
    for _ in 0..50 {
        let Err(Failure::Exception(root)) = call(&mut store, f, &[0]) else { panic!("an exception") };
        let exception = store.owned(&root);
        let values = store.exception_payload(exception).unwrap();
        // SAFETY: the payload's types.
        unsafe {
            assert_eq!((values[0].i32, values[2].i64, values[3].f32), (7, u64::MAX - 1, 0x3fc0_0000));
            assert_eq!(values[1].v128[..8], SENT[1].to_le_bytes());
            assert_eq!(values[4].gc, 0);
        }
    }
}

/// Where the catching instance of a pair has the tag: behind one imported function.
const TAG_IN_PAIR: i32 =
    (offset_of!(VMContext, memory0) + 32 + size_of::<VMImportedFunc>()).next_multiple_of(8) as i32;

/// A host function throws; a tag that is not the handler's passes it, to one further out.
#[test]
fn handlers_are_chosen_by_tag_inner_first() {
    let mut store = native_store();
    let ty = i64_type(2, 1);
    let tags: Vec<TagId> = (0..3)
        .map(|_| store.new_tag(Arc::new(Signature::new(9, &func_type(&[ValType::I64], &[])))))
        .collect();
    let host = host_func(&mut store, {
        let tags = tags.clone();
        move |store, _, args| {
            // SAFETY: numbers, and a payload of the tag's type; no borrow is live.
            unsafe {
                let (which, value) = (args[0].i64 as usize, args[1].i64);
                let made = store.borrow().new_exception(tags[which], &[ValRaw { i64: value }]);
                Err(Raise::Exception(made.unwrap()))
            }
        }
    });
    let mut p = Program::new();
    let import = p.import(&ty);
    for i in 0..2 {
        let ty = p.module.ty(func_type(&[ValType::I64], &[]));
        p.module.facts.tags.push(ty);
        p.module.facts.imported.tags += 1;
        p.module.import(EntityIndex::Tag(i));
    }
    let at = p.layout().imported_function(import) as i32;
    let (tag0, tag1) = (p.layout().tag(0), p.layout().tag(1));
    // A call before the handlers, one in the inner, one only in the outer.
    let mut f = Function::new(8, 0);
    save(&mut f);
    let mut inner = f.label();
    let mut outer = f.label();
    let mut second = f.label();
    let args = (f.slot(6), f.slot(7));
    asm!(f, mov(args.0, rdi); mov(args.1, rsi); cmp(rdi, 10); jae(second););
    let start = f.here();
    f.call_import(at, 5);
    let end_inner = f.here();
    f.bind(&mut second);
    asm!(f, mov(rdi, args.0); mov(rsi, args.1); sub(rdi, 10););
    f.call_import(at, 6);
    let end = f.here();
    let payload = f.slot(4);
    f.bind(&mut inner);
    asm!(f, mov(rax, payload); add(rax, 1000););
    restore_and_return(&mut f);
    f.bind(&mut outer);
    asm!(f, mov(rax, payload); add(rax, 2000););
    restore_and_return(&mut f);
    f.handler(start, end_inner, &[Clause { tag: tag0, with_reference: false, slot: 4, target: inner }]);
    let clauses = [
        Clause { tag: tag1, with_reference: false, slot: 4, target: outer },
        Clause { tag: tag0, with_reference: false, slot: 4, target: outer },
    ];
    f.handler(start, end, &clauses);
    let index = p.func(&ty, f);
    let imports = [ExternId::Func(host), ExternId::Tag(tags[0]), ExternId::Tag(tags[1])];
    let instance = p.instantiate(&store, &imports);
    let f = func(&mut store, instance, index);
    assert_eq!(call(&mut store, f, &[0, 5]).unwrap()[0], 1005);
    assert_eq!(call(&mut store, f, &[1, 5]).unwrap()[0], 2005);
    assert_eq!(call(&mut store, f, &[10, 6]).unwrap()[0], 2006, "behind the inner one");
    for which in [2, 12] {
        let Err(Failure::Exception(root)) = call(&mut store, f, &[which, 5]) else { panic!() };
        assert_eq!(store.exception_tag(store.owned(&root)), Some(tags[2]));
    }
}

/// Wasm calls the host, that calls Wasm that throws; the host passes it on; the outer one catches it.
#[test]
fn exceptions_pass_the_host() {
    let mut store = native_store();
    let throwing = thrower(own_tag).instantiate(&store, &[]);
    let callee = func(&mut store, throwing, 0);
    let tag = tag_of(&mut store, throwing);
    let signature = Arc::new(Signature::new(100, &i64_type(1, 1)));
    unsafe extern "C" fn pass_on(host: *mut VMHostContext, _: *mut VMContext, args: *mut ValRaw) -> Status {
        // SAFETY: made below; one number.
        unsafe {
            let callee = *host_data::<FuncPtr>(host);
            let args = std::slice::from_raw_parts_mut(args, 1);
            host_call_guard(host, |store| match store.call(callee, args) {
                Ok(()) => Ok(()),
                Err(Failure::Exception(root)) => Err(Raise::Exception(store.borrow().owned(&root))),
                Err(other) => panic!("{other:?}"),
            })
        }
    }
    let host = store.new_host_func(signature, pass_on, Box::new(callee));
    let mut p = Program::new();
    let ty = i64_type(1, 1);
    let import = p.import(&ty);
    let tag_at = imported_tag(&mut p);
    let at = p.layout().imported_function(import) as i32;
    let clause = |slot, target| Clause { tag: tag_at, with_reference: false, slot, target };
    let f = catcher(at, clause, check_payload);
    let index = p.func(&ty, f);
    let instance = p.instantiate(&store, &[ExternId::Func(host), tag]);
    let f = func(&mut store, instance, index);
    for _ in 0..100 {
        assert_eq!(call(&mut store, f, &[0]).unwrap()[0], 1);
        assert_eq!(call(&mut store, f, &[4]).unwrap()[0], 4);
    }
    let Err(Failure::Exception(_)) = call(&mut store, callee, &[0]) else { panic!() };
}

/// The throwing frame catches itself, into slots that overlap what it throws.
#[test]
fn payload_and_slots_may_overlap() {
    let mut store = native_store();
    let mut p = Program::new();
    let tag = own_tag(&mut p);
    let mut f = Function::new(12, 0);
    save(&mut f);
    let mut caught = f.label();
    let start = f.here();
    throw(&mut f, tag, 4);
    let end = f.here();
    f.bind(&mut caught);
    f.handler(start, end, &[Clause { tag, with_reference: false, slot: 4, target: caught }]);
    check_payload(&mut f);
    restore_and_return(&mut f);
    let index = p.func(&i64_type(0, 1), f);
    let instance = p.instantiate(&store, &[]);
    let f = func(&mut store, instance, index);
    assert_eq!(call(&mut store, f, &[]).unwrap()[0], 1);
}

#[test]
fn a_full_heap_is_a_trap() {
    let config = StoreConfig { max_heap: 0, ..native_config() };
    let clause = |tag, slot, target| Clause { tag, with_reference: true, slot, target };
    let (mut store, f) = pair(config, clause, check_payload);
    let (code, frames) = trapped(call(&mut store, f, &[0]));
    assert_eq!((code, frames.len()), (TrapCode::OutOfMemory, 3));
}

/// `f(n)` tail-calls the import, in another instance, which throws (n = 0), traps (n = 1), or returns.
/// Whoever called `f` gets its own context back in all cases.
#[test]
fn throws_and_traps_through_tail_calls() {
    let mut store = native_store();
    let ty = i64_type(1, 1);
    let mut p = Program::new();
    let tag = own_tag(&mut p);
    let mut f = Function::new(0, 48);
    let (mut not_0, mut not_1) = (f.label(), f.label());
    asm!(f, mov(rax, rdi); test(rdi, rdi); jne(not_0););
    throw(&mut f, tag, 5);
    f.bind(&mut not_0);
    asm!(f, cmp(rdi, 1); jne(not_1););
    f.unreachable(6);
    f.bind(&mut not_1);
    f.ret();
    p.func(&ty, f);
    let last = p.instantiate(&store, &[]);
    let (last_func, tag) = (func(&mut store, last, 0), tag_of(&mut store, last));

    // Tail-calls the import.
    let mut p = Program::new();
    let import = p.import(&ty);
    let at = p.layout().imported_function(import) as i32;
    let mut f = Function::new(0, 100);
    asm!(f,
        mov(rax, qword_ptr(r15 + at + offset_of!(VMImportedFunc, code) as i32));
        mov(r15, qword_ptr(r15 + at + offset_of!(VMImportedFunc, context) as i32));
        mov(rsp, rbp); pop(rbp); jmp(rax););
    let index = p.func(&ty, f);
    let middle = p.instantiate(&store, &[ExternId::Func(last_func)]);
    let middle_func = func(&mut store, middle, index);

    let mut p = Program::new();
    let import = p.import(&ty);
    let tag_at = imported_tag(&mut p);
    let at = p.layout().imported_function(import) as i32;
    let clause = |slot, target| Clause { tag: tag_at, with_reference: false, slot, target };
    let f = catcher(at, clause, |f| {
        check_payload(f);
        // Its own context: number 2.
        asm!(f, mov(ecx, dword_ptr(r15 + offset_of!(VMContext, id) as i32)); lea(rax, qword_ptr(rax + rcx * 4)););
    });
    let index = p.func(&ty, f);
    let first = p.instantiate(&store, &[ExternId::Func(middle_func), tag]);
    let f = func(&mut store, first, index);
    for _ in 0..100 {
        assert_eq!(call(&mut store, f, &[0]).unwrap()[0], 9);
        assert_eq!(call(&mut store, f, &[5]).unwrap()[0], 5);
        // The frame of the tail call is gone.
        assert_eq!(trapped(call(&mut store, f, &[1])), (TrapCode::Unreachable, vec![(0, 6), (1, 20)]));
    }
}
