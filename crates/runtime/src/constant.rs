//! Constant expressions: initial values of globals and tables, offsets and elements of segments.

use crate::ids::InstanceId;
use crate::store::StoreInner;
use windlass_abi::facts::{ConstExpr, ConstOp};
use windlass_abi::types::ValKind;
use windlass_abi::vm::ValRaw;

impl StoreInner {
    /// The value of an expression of an instance's module. Globals that it reads have their values.
    pub(crate) fn constant(&mut self, instance: InstanceId, expr: &ConstExpr) -> ValRaw {
        if let [op] = *expr.0 {
            return self.operand(instance, op);
        }
        let mut stack = Vec::with_capacity(2);
        for op in &expr.0[..] {
            let value = match op {
                ConstOp::I32Add => binary32(&mut stack, u32::wrapping_add),
                ConstOp::I32Sub => binary32(&mut stack, u32::wrapping_sub),
                ConstOp::I32Mul => binary32(&mut stack, u32::wrapping_mul),
                ConstOp::I64Add => binary64(&mut stack, u64::wrapping_add),
                ConstOp::I64Sub => binary64(&mut stack, u64::wrapping_sub),
                ConstOp::I64Mul => binary64(&mut stack, u64::wrapping_mul),
                _ => self.operand(instance, *op),
            };
            stack.push(value);
        }
        stack.pop().expect("a valid expression leaves a value")
    }

    /// The value of an operator without operands.
    fn operand(&mut self, instance: InstanceId, op: ConstOp) -> ValRaw {
        match op {
            ConstOp::I32(v) => ValRaw { i32: v as u32 as u64 },
            ConstOp::I64(v) => ValRaw { i64: v as u64 },
            ConstOp::F32(bits) => ValRaw { f32: bits as u64 },
            ConstOp::F64(bits) => ValRaw { f64: bits },
            ConstOp::V128(v128) => ValRaw { v128 },
            ConstOp::RefNull(heap) => {
                let kind = windlass_abi::types::RefType { nullable: true, heap }.kind();
                match kind {
                    ValKind::Func => ValRaw { func: std::ptr::null() },
                    _ => ValRaw { gc: 0 },
                }
            }
            ConstOp::RefFunc(function) => ValRaw { func: self.func_ref(instance, function) },
            ConstOp::GlobalGet(global) => {
                let id = self.instance(instance).globals[global as usize];
                self.globals[id.0 as usize].get()
            }
            _ => unreachable!("{op:?} has operands"),
        }
    }
}

/// An operator on two i32 on top of the stack, whose place its result takes.
fn binary32(stack: &mut Vec<ValRaw>, op: impl FnOnce(u32, u32) -> u32) -> ValRaw {
    let (Some(b), Some(a)) = (stack.pop(), stack.pop()) else { unreachable!("valid expressions") };
    // SAFETY: valid expressions have i32 here.
    ValRaw { i32: unsafe { op(a.i32 as u32, b.i32 as u32) } as u64 }
}

/// An operator on two i64 on top of the stack, whose place its result takes.
fn binary64(stack: &mut Vec<ValRaw>, op: impl FnOnce(u64, u64) -> u64) -> ValRaw {
    let (Some(b), Some(a)) = (stack.pop(), stack.pop()) else { unreachable!("valid expressions") };
    // SAFETY: valid expressions have i64 here.
    ValRaw { i64: unsafe { op(a.i64, b.i64) } }
}
