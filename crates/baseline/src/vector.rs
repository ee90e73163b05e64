//! Vectors: where the operands of vector operators are, and where their results go.
//!
//! The visitor's methods are derived from the list of all vector operators, as in `visit`; the plain ones
//! come from the table in [`crate::vector_ops`], the others are here under their own names.

use crate::compiler::Compiler;
use crate::masm::{Cond, Load, Masm, Operand, Store};
use crate::memory::Access;
use crate::reg::{Class, Reg};
use crate::stack::Place;
use crate::vector_ops::{
    Binary, Lanes, Shift, Ternary, Unary, VectorLoad, VectorOp, ZERO_BYTE, for_each_vector_op,
};
use windlass_abi::types::ValKind;
use windlass_wasm::SinkError;
use windlass_wasm::fuel;
use windlass_wasm::wasmparser::{MemArg, V128, VisitSimdOperator, for_each_visit_simd_operator};

type Done = Result<(), SinkError>;

macro_rules! visit_simd {
    ($( @$proposal:ident $op:ident $({ $($arg:ident: $ty:ty),* })? => $visit:ident ($($ann:tt)*) )*) => {
        $(
            fn $visit(&mut self $($(, $arg: $ty)*)?) -> Done {
                if self.f.dead {
                    return Ok(());
                }
                self.settle_flags();
                self.charge(fuel::op::$visit);
                Compiler::$visit(self $($(, $arg)*)?)
            }
        )*
    };
}

impl<'a, M: Masm> VisitSimdOperator<'a> for Compiler<'_, M> {
    for_each_visit_simd_operator!(visit_simd);
}

/// Methods for the rows of the table.
macro_rules! by_table {
    ($kind:ident $method:ident: $($op:ident: $($visit:ident)+;)*) => {
        impl<M: Masm> Compiler<'_, M> {
            $($(fn $visit(&mut self) -> Done { self.$method($kind::$op) })+)*
        }
    };
}
for_each_vector_op!(by_table);

/// Methods that call another with what stands in their row, and their immediates.
macro_rules! rows {
    ($method:ident $args:tt: $($visit:ident $($more:expr),+;)*) => {
        impl<M: Masm> Compiler<'_, M> { $( rows!(@ $visit $args $method $($more),+); )* }
    };
    (@ $visit:ident ($($arg:ident: $ty:ty),*) $method:ident $($more:expr),+) => {
        fn $visit(&mut self $(, $arg: $ty)*) -> Done {
            self.$method($($more),+ $(, $arg)*)
        }
    };
}

rows! { vector_load(arg: MemArg):
    visit_v128_load8x8_s VectorLoad::Extend8x8S;
    visit_v128_load8x8_u VectorLoad::Extend8x8U;
    visit_v128_load16x4_s VectorLoad::Extend16x4S;
    visit_v128_load16x4_u VectorLoad::Extend16x4U;
    visit_v128_load32x2_s VectorLoad::Extend32x2S;
    visit_v128_load32x2_u VectorLoad::Extend32x2U;
    visit_v128_load8_splat VectorLoad::Splat8;
    visit_v128_load16_splat VectorLoad::Splat16;
    visit_v128_load32_splat VectorLoad::Splat32;
    visit_v128_load64_splat VectorLoad::Splat64;
    visit_v128_load32_zero VectorLoad::Zero32;
    visit_v128_load64_zero VectorLoad::Zero64;
}

rows! { vector_load_lane(arg: MemArg, lane: u8):
    visit_v128_load8_lane Lanes::I8x16;
    visit_v128_load16_lane Lanes::I16x8;
    visit_v128_load32_lane Lanes::I32x4;
    visit_v128_load64_lane Lanes::I64x2;
}

rows! { vector_store_lane(arg: MemArg, lane: u8):
    visit_v128_store8_lane Lanes::I8x16;
    visit_v128_store16_lane Lanes::I16x8;
    visit_v128_store32_lane Lanes::I32x4;
    visit_v128_store64_lane Lanes::I64x2;
}

rows! { vector_all_true():
    visit_i8x16_all_true Lanes::I8x16;
    visit_i16x8_all_true Lanes::I16x8;
    visit_i32x4_all_true Lanes::I32x4;
    visit_i64x2_all_true Lanes::I64x2;
}

rows! { vector_bitmask():
    visit_i8x16_bitmask Lanes::I8x16;
    visit_i16x8_bitmask Lanes::I16x8;
    visit_i32x4_bitmask Lanes::I32x4;
    visit_i64x2_bitmask Lanes::I64x2;
}

rows! { vector_splat():
    visit_i8x16_splat Lanes::I8x16;
    visit_i16x8_splat Lanes::I16x8;
    visit_i32x4_splat Lanes::I32x4;
    visit_i64x2_splat Lanes::I64x2;
    visit_f32x4_splat Lanes::F32x4;
    visit_f64x2_splat Lanes::F64x2;
}

rows! { vector_extract(lane: u8):
    visit_i8x16_extract_lane_s Lanes::I8x16, true, ValKind::I32;
    visit_i8x16_extract_lane_u Lanes::I8x16, false, ValKind::I32;
    visit_i16x8_extract_lane_s Lanes::I16x8, true, ValKind::I32;
    visit_i16x8_extract_lane_u Lanes::I16x8, false, ValKind::I32;
    visit_i32x4_extract_lane Lanes::I32x4, false, ValKind::I32;
    visit_i64x2_extract_lane Lanes::I64x2, false, ValKind::I64;
    visit_f32x4_extract_lane Lanes::F32x4, false, ValKind::F32;
    visit_f64x2_extract_lane Lanes::F64x2, false, ValKind::F64;
}

rows! { vector_replace(lane: u8):
    visit_i8x16_replace_lane Lanes::I8x16;
    visit_i16x8_replace_lane Lanes::I16x8;
    visit_i32x4_replace_lane Lanes::I32x4;
    visit_i64x2_replace_lane Lanes::I64x2;
    visit_f32x4_replace_lane Lanes::F32x4;
    visit_f64x2_replace_lane Lanes::F64x2;
}

impl<M: Masm> Compiler<'_, M> {
    fn visit_v128_load(&mut self, arg: MemArg) -> Done {
        let length = self.op_length() + self.memarg_length(self.op_length());
        self.load_of_length(Load::V128, ValKind::V128, &arg, length)
    }

    fn visit_v128_store(&mut self, arg: MemArg) -> Done {
        self.store_op(Store::V128, &arg)
    }

    fn visit_v128_const(&mut self, value: V128) -> Done {
        self.vector_constant(*value.bytes(), self.op_length() + 16)
    }

    fn visit_v128_any_true(&mut self) -> Done {
        let e = self.pop();
        let a = self.reg(&e);
        let cond = self.m.vector_any_true(a);
        self.vector_test(cond, a)
    }

    fn vector_all_true(&mut self, lanes: Lanes) -> Done {
        let e = self.pop();
        let a = self.reg(&e);
        let cond = self.m.vector_all_true(lanes, a);
        self.vector_test(cond, a)
    }

    fn vector_test(&mut self, cond: Cond, a: Reg) -> Done {
        self.release(a);
        self.push(Place::Flags(cond), ValKind::I32)
    }

    /// A constant, by an operator of this length.
    fn vector_constant(&mut self, bytes: [u8; 16], length: usize) -> Done {
        if bytes == [0; 16] {
            return self.push_const(ValKind::V128, 0);
        }
        let dst = self.result(Class::Vector, length, &[]);
        self.m.vector_constant(dst, bytes);
        self.push_reg(ValKind::V128, dst)
    }

    /// A free register, if an operation needs one.
    fn vector_temporary(&mut self, needed: bool) -> Reg {
        if needed { self.alloc(Class::Vector) } else { M::VECTOR_SCRATCH }
    }

    fn vector_unary(&mut self, op: Unary) -> Done {
        let e = self.pop();
        let a = self.reg(&e);
        let temp = self.vector_temporary(M::vector_needs(VectorOp::Unary(op)).temporary);
        let dst = self.result(Class::Vector, self.op_length(), &[a]);
        self.m.vector_unary(op, dst, a, temp);
        self.release(temp);
        self.release_but(a, dst);
        self.push_reg(ValKind::V128, dst)
    }

    fn vector_binary(&mut self, op: Binary) -> Done {
        let needs = M::vector_needs(VectorOp::Binary(op));
        let (y, x) = (self.pop(), self.pop());
        let b = if needs.register { Operand::Reg(self.reg(&y)) } else { self.operand(&y) };
        let a = self.reg(&x);
        let temp = self.vector_temporary(needs.temporary);
        let b_reg = match b {
            Operand::Reg(reg) => reg,
            _ => a,
        };
        let dst = self.result(Class::Vector, self.op_length(), &[a, b_reg]);
        self.m.vector_binary(op, dst, a, b, temp);
        self.release(temp);
        self.release_but(a, dst);
        self.release_operand(b, dst);
        self.push_reg(ValKind::V128, dst)
    }

    fn vector_ternary(&mut self, op: Ternary) -> Done {
        let (z, y, x) = (self.pop(), self.pop(), self.pop());
        let (c, b, a) = (self.reg(&z), self.reg(&y), self.reg(&x));
        let needs = M::vector_needs(VectorOp::Ternary(op));
        let temp = self.vector_temporary(needs.temporary);
        let dst = match needs.fresh {
            true => self.alloc(Class::Vector),
            // The third first: sums go on in it.
            false => self.result(Class::Vector, self.op_length(), &[c, a, b]),
        };
        self.m.vector_ternary(op, dst, a, b, c, temp);
        self.release(temp);
        for reg in [a, b, c] {
            self.release_but(reg, dst);
        }
        self.push_reg(ValKind::V128, dst)
    }

    fn vector_shift(&mut self, op: Shift) -> Done {
        let (y, x) = (self.pop(), self.pop());
        let (count, which) = match y.place {
            Place::Const(bits) => (Operand::Imm(bits as u32 as i32), VectorOp::ShiftConstant(op)),
            _ => (Operand::Reg(self.reg(&y)), VectorOp::Shift(op)),
        };
        let a = self.reg(&x);
        let temp = self.vector_temporary(M::vector_needs(which).temporary);
        let dst = self.result(Class::Vector, self.op_length(), &[a]);
        self.m.vector_shift(op, dst, a, count, temp);
        self.release(temp);
        self.release_but(a, dst);
        self.release_operand(count, dst);
        self.push_reg(ValKind::V128, dst)
    }

    fn vector_bitmask(&mut self, lanes: Lanes) -> Done {
        let e = self.pop();
        let a = self.reg(&e);
        let dst = self.result(Class::Int, self.op_length(), &[]);
        self.m.vector_bitmask(lanes, dst, a);
        self.release(a);
        self.push_reg(ValKind::I32, dst)
    }

    fn vector_splat(&mut self, lanes: Lanes) -> Done {
        let e = self.pop();
        if let Place::Const(bits) = e.place {
            let size = lanes.size() as usize;
            let mut bytes = [0; 16];
            bytes.chunks_exact_mut(size).for_each(|lane| lane.copy_from_slice(&bits.to_le_bytes()[..size]));
            return self.vector_constant(bytes, self.op_length());
        }
        let src = self.reg(&e);
        let dst = self.result(Class::Vector, self.op_length(), &[src]);
        self.m.vector_splat(lanes, dst, src);
        self.release_but(src, dst);
        self.push_reg(ValKind::V128, dst)
    }

    fn vector_extract(&mut self, lanes: Lanes, signed: bool, kind: ValKind, lane: u8) -> Done {
        let e = self.pop();
        let a = self.reg(&e);
        let dst = self.result(Class::of(kind), self.op_length() + 1, &[a]);
        self.m.vector_extract(lanes, signed, dst, a, lane);
        self.release_but(a, dst);
        self.push_reg(kind, dst)
    }

    fn vector_replace(&mut self, lanes: Lanes, lane: u8) -> Done {
        let (y, x) = (self.pop(), self.pop());
        let value = self.reg(&y);
        let a = self.reg(&x);
        let dst = self.result(Class::Vector, self.op_length() + 1, &[a, value]);
        self.m.vector_replace(lanes, dst, a, value, lane);
        self.release_but(a, dst);
        self.release_but(value, dst);
        self.push_reg(ValKind::V128, dst)
    }

    fn visit_i8x16_shuffle(&mut self, mut bytes: [u8; 16]) -> Done {
        let (y, x) = (self.pop(), self.pop());
        // What comes from one of them only, or from zero, is simpler.
        let (x_zero, y_zero) = (x.place == Place::Const(0), y.place == Place::Const(0));
        for byte in &mut bytes {
            if if *byte < 16 { x_zero } else { y_zero } {
                *byte = ZERO_BYTE;
            }
        }
        let uses_x = bytes.iter().any(|byte| *byte < 16);
        let uses_y = bytes.iter().any(|byte| (16..32).contains(byte));
        let same = matches!((x.place, y.place), (Place::Local(l), Place::Local(m)) if l == m);
        if !uses_x && !uses_y {
            self.drop_entry(&x);
            self.drop_entry(&y);
            return self.push_const(ValKind::V128, 0);
        }
        let (a, b) = if same || !uses_y {
            self.drop_entry(&y);
            let a = self.reg(&x);
            (a, a)
        } else if !uses_x {
            self.drop_entry(&x);
            let b = self.reg(&y);
            (b, b)
        } else {
            let b = self.reg(&y);
            (self.reg(&x), b)
        };
        if a == b {
            for byte in &mut bytes {
                *byte &= ZERO_BYTE | 15;
            }
        }
        let dst = self.result(Class::Vector, self.op_length() + 16, &[a, b]);
        self.m.vector_shuffle(dst, a, b, bytes);
        self.release_but(a, dst);
        self.release_but(b, dst);
        self.push_reg(ValKind::V128, dst)
    }

    fn vector_load(&mut self, op: VectorLoad, arg: MemArg) -> Done {
        let length = self.op_length() + self.memarg_length(self.op_length());
        let e = self.pop();
        let access = self.access(&e, &arg, op.size());
        let dst = self.result(Class::Vector, length, &[]);
        self.mark_access(&access);
        self.m.vector_load(op, dst, access.at);
        self.end_access(&access, None);
        self.push_reg(ValKind::V128, dst)
    }

    fn vector_load_lane(&mut self, lanes: Lanes, arg: MemArg, lane: u8) -> Done {
        let length = self.op_length() + self.memarg_length(self.op_length()) + 1;
        let (a, access) = self.vector_and_access(lanes, &arg);
        let dst = self.result(Class::Vector, length, &[a]);
        self.mark_access(&access);
        self.m.vector_load_lane(lanes, dst, a, lane, access.at);
        self.end_access(&access, None);
        self.release_but(a, dst);
        self.push_reg(ValKind::V128, dst)
    }

    fn vector_store_lane(&mut self, lanes: Lanes, arg: MemArg, lane: u8) -> Done {
        let (a, access) = self.vector_and_access(lanes, &arg);
        self.mark_access(&access);
        self.m.vector_store_lane(lanes, access.at, a, lane);
        self.end_access(&access, None);
        self.release(a);
        Ok(())
    }

    /// Pops the operands of an access to one lane.
    fn vector_and_access(&mut self, lanes: Lanes, arg: &MemArg) -> (Reg, Access) {
        let (vector, address) = (self.pop(), self.pop());
        let a = self.reg(&vector);
        (a, self.access(&address, arg, lanes.size()))
    }
}
