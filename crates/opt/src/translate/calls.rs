//! Calls, tail calls and throws; calls of the runtime's builtins.

use super::control::Handler;
use super::{Done, Translator, signature_of};
use crate::names::is_same;
use std::mem::{offset_of, size_of};
use windlass_abi::builtins::VMBuiltins;
use windlass_abi::trap::TrapCode;
use windlass_abi::types::{FuncType, TypeIndex};
use windlass_abi::vm::{VMContext, VMFuncRef, VMTableFunc};
use windlass_ir::entity::{Callee, Signature, Slot};
use windlass_ir::function::{CalleeData, Catch, Region, SignatureData, SlotData, Target};
use windlass_ir::{Edge, Inst, Op, Type, Value};
use windlass_wasm::plans::{CallTarget, TablePlan};

/// What a call goes to.
#[derive(Clone, Copy)]
pub(super) enum To {
    /// A callee of the function.
    Callee(Callee),
    /// {code, context} behind a pointer: in a reference, an element of a table, or an import.
    Pair { pointer: Value, offset: u32, constant: bool },
}

/// The number of a builtin in the table.
pub(super) const fn builtin(name: &str) -> u32 {
    let mut i = 0;
    while i < VMBuiltins::NAMES.len() {
        if is_same(VMBuiltins::NAMES[i], name) {
            return i as u32;
        }
        i += 1;
    }
    panic!("there is no such builtin")
}

/// What a builtin returns.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Returns {
    Nothing,
    /// A value of 32 bits.
    I32,
    /// A value of 64 bits.
    I64,
    /// Whether it went well.
    Status,
    /// A value of 64 bits, and whether it went well.
    I64AndStatus,
}

impl Translator<'_> {
    // Calls.

    /// `call`, or with `tail` `return_call`.
    pub(super) fn call(&mut self, function: u32, tail: bool) -> Done {
        let plan = self.plans.call(function);
        let ty = self.facts().func_type(plan.ty);
        let to = match plan.target {
            CallTarget::Own { code_word } => {
                To::Callee(self.callee(Target::Own(code_word), || signature_of(ty)))
            }
            CallTarget::Import { at } => To::Pair { pointer: self.context, offset: at, constant: true },
        };
        self.call_to(to, plan.ty, tail)
    }

    /// `call_ref`, or with `tail` `return_call_ref`.
    pub(super) fn call_ref(&mut self, ty: TypeIndex, tail: bool) -> Done {
        let pointer = self.pop();
        let is_null = self.pure(Op::i64_eqz, &[pointer]);
        self.trap_if(is_null, TrapCode::NullFunctionReference);
        // What a reference holds never changes.
        self.call_to(To::Pair { pointer, offset: 0, constant: true }, ty, tail)
    }

    /// `call_indirect`, or with `tail` `return_call_indirect`.
    pub(super) fn call_indirect(&mut self, ty: TypeIndex, table: u32, tail: bool) -> Done {
        let plan = self.plans.table(table);
        let index = self.pop();
        let index = self.widened(index);
        let element = self.element(&plan, index, size_of::<VMTableFunc>(), TrapCode::UndefinedElement);
        let type_id = offset_of!(VMTableFunc, type_id) as u32;
        let found = self.load(Type::I32, element, type_id, Region::Tables);
        let expected = self.type_id(ty);
        let same = self.pure(Op::i32_eq, &[found, expected]);
        let (cold, hot) = (self.function.block(), self.function.block());
        let elements = self.function.list([element]);
        let first = self.function.edge(hot, elements);
        self.function.edge(cold, Default::default());
        self.place(Inst { op: Op::branch, aux: 0, fields: [same.0, first.0, 0] }, Type::Void);
        // Unmade, null, or of another type: one below the expected one will do.
        self.start(cold);
        self.function.set_cold(cold);
        let number = self.constant(Type::I32, table.into());
        let function = self.call_builtin(
            const { builtin("table_get_func") },
            &[self.context, number, index],
            Returns::I64AndStatus,
        );
        let function = function.expect("it returns one");
        let is_null = self.pure(Op::i64_eqz, &[function]);
        self.trap_if(is_null, TrapCode::UninitializedElement);
        let type_id = offset_of!(VMFuncRef, type_id) as u32;
        let found = self.load(Type::I32, function, type_id, Region::Constant);
        let is_below = self.call_builtin(
            const { builtin("is_subtype") },
            &[self.context, found, expected],
            Returns::I32,
        );
        self.trap_unless(is_below.expect("it returns one"), TrapCode::BadSignature);
        let functions = self.function.list([function]);
        let edge = self.function.edge(hot, functions);
        self.place(Inst { op: Op::jump, aux: 0, fields: [edge.0, 0, 0] }, Type::Void);
        self.function.make_params(hot, [Type::I64]);
        self.start(hot);
        let pointer = self.function.params(hot).next().expect("it has one");
        self.call_to(To::Pair { pointer, offset: 0, constant: false }, ty, tail)
    }

    /// The address of an element of a table, whose index is in 64 bits.
    pub(super) fn element(&mut self, plan: &TablePlan, index: Value, size: usize, code: TrapCode) -> Value {
        let (pointer, offset) = self.place_of(plan.place);
        let len = match plan.fixed_len {
            Some(len) => self.constant(Type::I64, len),
            None => self.load(Type::I64, pointer, offset + TablePlan::LEN, Region::Sizes),
        };
        let beyond = self.pure(Op::i64_ge_u, &[index, len]);
        self.trap_if(beyond, code);
        let base = self.load(Type::I64, pointer, offset + TablePlan::BASE, Region::Sizes);
        let shift = self.constant(Type::I64, size.trailing_zeros().into());
        let scaled = self.pure(Op::i64_shl, &[index, shift]);
        self.pure(Op::i64_add, &[base, scaled])
    }

    /// The engine-wide number of a type.
    pub(super) fn type_id(&mut self, ty: TypeIndex) -> Value {
        let ids = self.load_constant(Type::I64, self.context, offset_of!(VMContext, type_ids) as u32);
        self.load_constant(Type::I32, ids, self.plans.type_id(ty))
    }

    fn call_to(&mut self, to: To, ty: TypeIndex, tail: bool) -> Done {
        let func_type: &FuncType = self.facts().func_type(ty);
        let mut args = self.pop_many(func_type.params.len());
        let first = match to {
            To::Callee(callee) => callee.0,
            To::Pair { pointer, offset, constant } => {
                let part = |this: &mut Self, at: usize| {
                    let at = offset + at as u32;
                    match constant {
                        true if pointer == this.context => this.load_constant(Type::I64, pointer, at),
                        // Behind the check that it is not null.
                        true => this.load(Type::I64, pointer, at, Region::Constant),
                        false => this.load(Type::I64, pointer, at, Region::Tables),
                    }
                };
                let code = part(self, offset_of!(VMFuncRef, code));
                let context = part(self, offset_of!(VMFuncRef, context));
                args.splice(0..0, [code, context]);
                self.signature_number(ty).0
            }
        };
        let pair = matches!(to, To::Pair { .. });
        if tail {
            let op = if pair { Op::tail_call_pointer } else { Op::tail_call };
            let list = self.function.list(args);
            self.place(Inst { op, aux: 0, fields: [first, list.start(), list.len() as u32] }, Type::Void);
            self.die();
            return Ok(());
        }
        let results = self.emit_call(pair, first, &args, &signature_of(func_type).results)?;
        self.stack.extend(results);
        Ok(())
    }

    /// A call; where handlers are open, one that ends its block. Gives the results.
    fn emit_call(
        &mut self,
        pair: bool,
        first: u32,
        args: &[Value],
        results: &[Type],
    ) -> Result<Vec<Value>, windlass_wasm::SinkError> {
        let handlers = self.handlers();
        if handlers.is_empty() {
            let op = if pair { Op::call_pointer } else { Op::call };
            let list = self.function.list(args.iter().copied());
            let inst = Inst { op, aux: 0, fields: [first, list.start(), list.len() as u32] };
            let call = self.place(inst, results.first().copied().unwrap_or_default());
            let mut values: Vec<Value> = results.first().map(|_| call).into_iter().collect();
            for (i, ty) in results.iter().enumerate().skip(1) {
                values.push(self.place(Inst { op: Op::result, aux: 0, fields: [call.0, i as u32, 0] }, *ty));
            }
            return Ok(values);
        }
        let next = self.function.block();
        self.function.make_params(next, results.iter().copied());
        let op = if pair { Op::try_call_pointer } else { Op::try_call };
        self.emit_try(op, first, args, next, &handlers)?;
        self.start(next);
        Ok(self.function.params(next).collect())
    }

    fn emit_try(
        &mut self,
        op: Op,
        first: u32,
        args: &[Value],
        next: windlass_ir::Block,
        handlers: &[Handler],
    ) -> Done {
        let edge: Edge = self.function.edge(next, Default::default());
        for handler in handlers {
            self.handler_edge(*handler)?;
        }
        let head = [Value(edge.0), Value(handlers.len() as u32 + 1)];
        let list = self.function.list(head.into_iter().chain(args.iter().copied()));
        self.place(Inst { op, aux: 0, fields: [first, list.start(), args.len() as u32] }, Type::Void);
        Ok(())
    }

    // Exceptions.

    /// The number of a catch clause in the function.
    pub(super) fn catch(&mut self, tag: Option<u32>, with_reference: bool) -> u32 {
        let mut values = match tag {
            Some(tag) => signature_of(self.tag_type(tag)).params,
            None => Vec::new(),
        };
        if with_reference {
            values.push(Type::Ref);
        }
        let catch = Catch { tag: tag.map(|tag| self.plans.tag(tag)), values };
        let catches = &mut self.function.catches;
        let at = catches.iter().position(|c| *c == catch).unwrap_or_else(|| {
            catches.push(catch);
            catches.len() - 1
        });
        at as u32
    }

    fn tag_type(&self, tag: u32) -> &FuncType {
        self.facts().func_type(self.facts().tags[tag as usize])
    }

    /// `throw`.
    pub(super) fn throw(&mut self, tag: u32) -> Done {
        let types = signature_of(self.tag_type(tag)).params;
        let values = self.pop_many(types.len());
        let sizes = types.iter().map(|ty| ty.size().next_multiple_of(8));
        // The values in slots of 8 bytes, one behind the other.
        self.function.slots.push(SlotData { size: sizes.clone().sum::<u32>().next_multiple_of(16).max(16) });
        let slot = Slot(self.function.slots.len() as u32 - 1);
        let payload = self.simplifier.make_inst(
            &mut self.function,
            Inst::slot_of(Op::slot_address, &[], slot),
            Type::I64,
        );
        let mut offset = 0;
        for (value, size) in values.into_iter().zip(sizes) {
            let value = self.whole_slot(value);
            self.store(payload, value, offset, Region::Frame);
            offset += size;
        }
        let tag = self.load_constant(Type::I64, self.context, self.plans.tag(tag));
        self.leave(Target::Throw, &[tag, payload])
    }

    /// `throw_ref`.
    pub(super) fn throw_ref(&mut self) -> Done {
        let exception = self.pop();
        let is_null = self.is_null(exception);
        self.trap_if(is_null, TrapCode::NullExceptionReference);
        self.leave(Target::ThrowRef, &[exception])
    }

    /// Calls what does not return.
    fn leave(&mut self, target: Target, args: &[Value]) -> Done {
        let params = args.iter().map(|v| self.function.ty(*v)).collect();
        let callee = self.callee(target, || SignatureData { params, results: Vec::new() });
        self.emit_call(false, callee.0, args, &[])?;
        self.place(Inst::plain(Op::unreachable, &[]), Type::Void);
        self.die();
        Ok(())
    }

    /// A value as it is stored in a slot of 8 or 16 bytes: integers of 32 bits and references are zero-extended.
    pub(super) fn whole_slot(&mut self, value: Value) -> Value {
        match self.function.ty(value) {
            Type::I32 | Type::Ref => self.pure(Op::i64_extend_i32_u, &[value]),
            _ => value,
        }
    }

    // Builtins.

    /// Calls a builtin; a status that says that it did not go well ends the function.
    pub(super) fn call_builtin(&mut self, number: u32, args: &[Value], returns: Returns) -> Option<Value> {
        let results: &[Type] = match returns {
            Returns::Nothing => &[],
            Returns::I32 => &[Type::I32],
            Returns::I64 | Returns::Status => &[Type::I64],
            Returns::I64AndStatus => &[Type::I64, Type::I64],
        };
        let params = args.iter().map(|v| self.function.ty(*v)).collect();
        let callee =
            self.callee(Target::Builtin(number), || SignatureData { params, results: results.to_vec() });
        let list = self.function.list(args.iter().copied());
        let inst = Inst { op: Op::call, aux: 0, fields: [callee.0, list.start(), list.len() as u32] };
        let call = self.place(inst, results.first().copied().unwrap_or_default());
        let status = match returns {
            Returns::Nothing => return None,
            Returns::I32 | Returns::I64 => return Some(call),
            Returns::Status => call,
            Returns::I64AndStatus => {
                self.place(Inst { op: Op::result, aux: 0, fields: [call.0, 1, 0] }, Type::I64)
            }
        };
        self.place(Inst::plain(Op::raise_if, &[status]), Type::Void);
        (returns == Returns::I64AndStatus).then_some(call)
    }

    /// The number of a callee in the function.
    fn callee(&mut self, target: Target, signature: impl FnOnce() -> SignatureData) -> Callee {
        if let Some(callee) = self.callees.get(&target) {
            return *callee;
        }
        let signature = self.function.signature_of(signature());
        self.function.callees.push(CalleeData { target, signature });
        let callee = Callee(self.function.callees.len() as u32 - 1);
        self.callees.insert(target, callee);
        callee
    }

    /// The number of a function type's signature in the function.
    fn signature_number(&mut self, ty: TypeIndex) -> Signature {
        if let Some(signature) = self.signatures.get(&ty) {
            return *signature;
        }
        let data = signature_of(self.facts().func_type(ty));
        let signature = self.function.signature_of(data);
        self.signatures.insert(ty, signature);
        signature
    }
}
