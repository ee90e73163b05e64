//! Vectors. The visitor's methods are derived from the list of all vector operators; the instructions come from
//! [`crate::vectors`], found by the name of the method.

use super::Translator;
use super::memory::offset_of;
use crate::table;
use crate::vectors::{Access, Vector};
use windlass_abi::types::ValKind;
use windlass_wasm::SinkError;
use windlass_wasm::fuel;
use windlass_wasm::wasmparser::{MemArg, VisitSimdOperator};

type Done = Result<(), SinkError>;

macro_rules! visit_simd {
    ($( @$proposal:ident $op:ident $({ $($arg:ident: $ty:ty),* })? => $visit:ident ($($ann:tt)*) )*) => {
        $( visit_simd!(one $visit ($($($arg: $ty),*)?)); )*
    };
    (one $visit:ident ($($arg:ident: $ty:ty),*)) => {
        fn $visit(&mut self $(, $arg: $ty)*) -> Done {
            if self.func.dead {
                return Ok(());
            }
            self.charge(fuel::op::$visit);
            visit_simd!(emit self $visit [$($arg)*] $($arg)*)
        }
    };
    (emit $self:ident visit_v128_const [value] $value:ident) => { $self.v128_const($value.bytes()) };
    (emit $self:ident visit_v128_store [memarg] $memarg:ident) => {
        $self.vector_store(visit_simd!(row visit_v128_store), &$memarg)
    };
    // By the names of the arguments.
    (emit $self:ident $visit:ident []) => { $self.vector(visit_simd!(row $visit)) };
    (emit $self:ident $visit:ident [lane] $lane:ident) => {
        $self.vector_of_lane(visit_simd!(row $visit), $lane)
    };
    (emit $self:ident $visit:ident [lanes] $lanes:ident) => { $self.shuffle(visit_simd!(row $visit), &$lanes) };
    (emit $self:ident $visit:ident [memarg] $memarg:ident) => {
        $self.vector_load(visit_simd!(row $visit), &$memarg)
    };
    (emit $self:ident $visit:ident [memarg lane] $memarg:ident $lane:ident) => {
        $self.lane_access(visit_simd!(row $visit), &$memarg, $lane)
    };
    (row $visit:ident) => { const { table::vector(stringify!($visit)) } };
}

impl<'a> VisitSimdOperator<'a> for Translator<'_> {
    windlass_wasm::wasmparser::for_each_visit_simd_operator!(visit_simd);
}

impl Translator<'_> {
    /// An operator on slots, without a memory. Immediates follow.
    fn vector(&mut self, op: Vector) -> Done {
        let mut slots = [0; 3];
        let slots = &mut slots[..op.operands];
        for slot in slots.iter_mut().rev() {
            *slot = self.pop_slot();
        }
        let result = op.result.expect("an operator without a memory has a result");
        let dst = self.push_home(result)?;
        self.start_to(op.opcode(), dst, result);
        for &slot in slots.iter() {
            self.unit(slot);
        }
        Ok(())
    }

    /// `extract_lane` and `replace_lane`.
    fn vector_of_lane(&mut self, op: Vector, lane: u8) -> Done {
        self.vector(op)?;
        self.unit(lane.into());
        Ok(())
    }

    /// `i8x16.shuffle`.
    fn shuffle(&mut self, op: Vector, lanes: &[u8; 16]) -> Done {
        self.vector(op)?;
        self.bytes(lanes);
        Ok(())
    }

    /// A load that makes a whole vector.
    fn vector_load(&mut self, op: Vector, arg: &MemArg) -> Done {
        let plan = self.plans.memory(arg.memory);
        if Self::is_fast(&plan) {
            let offset = arg.offset as u32;
            let e = self.pop();
            let address = self.address(&e, offset);
            let dst = self.push_home(ValKind::V128)?;
            self.mark();
            let (way, a, b) = self.address_way(&address, Some(dst));
            self.start_to(op.whole(Access::Fast(way)), dst, ValKind::V128);
            self.address_operands(a, b);
            self.unit32(offset_of(&address, offset));
            return Ok(());
        }
        let address = self.pop_slot();
        let dst = self.push_home(ValKind::V128)?;
        self.mark();
        self.start_to(op.whole(Access::Any(plan.memory64)), dst, ValKind::V128);
        self.unit(address);
        self.unit(arg.memory as u16);
        self.unit64(arg.offset);
        Ok(())
    }

    /// `v128.store`.
    fn vector_store(&mut self, op: Vector, arg: &MemArg) -> Done {
        let plan = self.plans.memory(arg.memory);
        let value = self.pop_slot();
        if Self::is_fast(&plan) {
            let offset = arg.offset as u32;
            let e = self.pop();
            let address = self.address(&e, offset);
            self.mark();
            let (way, a, b) = self.address_way(&address, None);
            self.start(op.whole(Access::Fast(way)));
            self.unit32(offset_of(&address, offset));
            self.address_operands(a, b);
            self.unit(value);
            return Ok(());
        }
        let address = self.pop_slot();
        self.mark();
        self.start(op.whole(Access::Any(plan.memory64)));
        self.unit(address);
        self.unit(value);
        self.unit(arg.memory as u16);
        self.unit64(arg.offset);
        Ok(())
    }

    /// A load or a store of one lane.
    fn lane_access(&mut self, op: Vector, arg: &MemArg, lane: u8) -> Done {
        let plan = self.plans.memory(arg.memory);
        let vector = self.pop_slot();
        let address = self.pop_slot();
        let fast = Self::is_fast(&plan);
        let opcode = op.lane((!fast).then_some(plan.memory64));
        let dst = match op.result {
            Some(kind) => Some((self.push_home(kind)?, kind)),
            None => None,
        };
        self.mark();
        match dst {
            Some((dst, kind)) => self.start_to(opcode, dst, kind),
            None => self.start(opcode),
        }
        self.unit(address);
        self.unit(vector);
        self.unit(lane.into());
        if fast {
            self.unit32(arg.offset as u32);
        } else {
            self.unit(arg.memory as u16);
            self.unit64(arg.offset);
        }
        Ok(())
    }
}
