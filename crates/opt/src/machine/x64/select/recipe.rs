//! Recipes: operators as a few rows of the instruction table, written down as data.
//!
//! A table of recipes reads `OPCODES: ROW(INPUTS), ROW(INPUTS), …;`, each row with what it reads, in the order of its
//! operands. `A`, `B` and `C` are the operator's operands, `S0`, `S1`, … the results of earlier steps, `ZERO` and `ONES`
//! vectors of only these bits; `each32(…)` and its like stand for a constant vector with this in each lane, `i(…)` for
//! an immediate. The last step gives the result.
//!
//! **What selection makes of it.** Each step has a new virtual register for its result, so that allocation sees values and no
//! scratch. A constant lies in memory where the row takes memory, and is loaded where it does not. An operand that is a
//! load with one use becomes memory, too, if the row takes as much memory as the load reads; of commutative operators either one.

use super::context::{A as Given, Context};
use crate::machine::code::{Class, VReg};
use windlass_asm::x64::{Bank, Inst, Kind, OperandSpec, Role};
use windlass_ir::{Op, Value};

/// What a step reads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Input {
    /// An operand of the operator.
    Operand(u8),
    /// The result of an earlier step.
    Step(u8),
    /// No bits.
    Zero,
    /// All bits.
    Ones,
    /// A constant.
    Bytes([u8; 16]),
    /// An immediate.
    Immediate(u8),
}

/// A row of the instruction table, and what it reads.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step<'a> {
    /// The row.
    pub inst: Inst,
    /// What it reads, in the order of its operands.
    pub inputs: &'a [Input],
}

/// How an operator is worked out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Recipe {
    /// Whether the operands can change places.
    pub commutes: bool,
    /// One after the other.
    pub steps: &'static [Step<'static>],
}

/// What is given for an operand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Ingredient {
    /// A value of the function.
    Value(Value),
    /// A register, prepared.
    Reg(VReg),
}

/// The most steps of a recipe.
const STEPS: usize = 10;
/// The most operands of a row.
const ARGS: usize = 4;

pub(super) const A: Input = Input::Operand(0);
pub(super) const B: Input = Input::Operand(1);
pub(super) const C: Input = Input::Operand(2);
pub(super) const S0: Input = Input::Step(0);
pub(super) const S1: Input = Input::Step(1);
pub(super) const S2: Input = Input::Step(2);
pub(super) const S3: Input = Input::Step(3);
pub(super) const S4: Input = Input::Step(4);
pub(super) const S5: Input = Input::Step(5);
pub(super) const S6: Input = Input::Step(6);
pub(super) const S7: Input = Input::Step(7);
pub(super) const ZERO: Input = Input::Zero;
pub(super) const ONES: Input = Input::Ones;

/// An immediate.
pub(super) const fn i(value: u8) -> Input {
    Input::Immediate(value)
}

/// Sixteen times this byte.
pub(super) const fn each8(lane: u8) -> Input {
    Input::Bytes([lane; 16])
}

/// Eight times this number.
pub(super) const fn each16(lane: u16) -> Input {
    each64(lane as u64 * 0x0001_0001_0001_0001)
}

/// Four times this number.
pub(super) const fn each32(lane: u32) -> Input {
    each64((lane as u64) << 32 | lane as u64)
}

/// Twice this number.
pub(super) const fn each64(lane: u64) -> Input {
    Input::Bytes(((lane as u128) << 64 | lane as u128).to_le_bytes())
}

/// Steps, as a table of recipes has them.
macro_rules! steps {
    ($( $inst:ident($($input:expr),*) ),+ $(,)?) => {
        &[ $( super::recipe::Step { inst: $inst, inputs: &[$($input),*] } ),+ ]
    };
}
pub(super) use steps;

/// Defines `recipe`, which gives the recipe of an opcode, from a table.
macro_rules! recipes {
    (
        commutative { $( $($both:ident)+: $( $binst:ident($($binput:expr),*) ),+; )* }
        others { $( $($one:ident)+: $( $oinst:ident($($oinput:expr),*) ),+; )* }
    ) => {
        /// The recipe of an opcode, if the table has one.
        pub(super) fn recipe(op: windlass_ir::Op) -> Option<super::recipe::Recipe> {
            use super::recipe::{Recipe, Step, steps};
            use windlass_ir::Op;
            let (commutes, steps): (bool, &'static [Step<'static>]) = match op {
                $( $( Op::$both )|+ => (true, const { steps![$( $binst($($binput),*) ),+] }), )*
                $( $( Op::$one )|+ => (false, const { steps![$( $oinst($($oinput),*) ),+] }), )*
                _ => return None,
            };
            Some(Recipe { commutes, steps })
        }
    };
}
pub(super) use recipes;

impl Context<'_> {
    /// Selects an instruction by its recipe.
    pub(super) fn cook(&mut self, value: Value, recipe: Recipe) {
        let mut ingredients = [Ingredient::Value(value); 3];
        let function = self.function;
        let mut count = 0;
        for (ingredient, operand) in ingredients.iter_mut().zip(function.operands(value)) {
            *ingredient = Ingredient::Value(operand);
            count += 1;
        }
        // Either one may be memory.
        if recipe.commutes && !self.may_be_memory(ingredients[1]) && self.may_be_memory(ingredients[0]) {
            ingredients.swap(0, 1);
        }
        let result = self.def_of(value);
        self.put_steps(result, &ingredients[..count], recipe.steps);
    }

    /// Puts down steps, of which the last one gives the result.
    pub(super) fn put_steps(&mut self, result: VReg, ingredients: &[Ingredient], steps: &[Step<'_>]) {
        let mut pot =
            Pot { ingredients, steps, results: [result; STEPS], registers: [None; 3], constant: None };
        for (number, step) in steps.iter().enumerate() {
            let specs = step.inst.operands();
            let last = number + 1 == steps.len();
            let reg = if last { result } else { self.temp(class_of(&specs[0])) };
            pot.results[number] = reg;
            let mut args = [Given::Reg(reg); ARGS];
            // What is read and written is the first of the inputs; what is only written is none.
            let first = usize::from(specs[0].role != Role::Mod);
            debug_assert_eq!(specs.len(), step.inputs.len() + first, "{}", step.inst.name());
            for ((arg, spec), input) in args[first..].iter_mut().zip(&specs[first..]).zip(step.inputs) {
                *arg = pot.given(self, spec, *input);
            }
            if let (0, Given::Reg(read)) = (first, args[0]) {
                args[0] = Given::Mod(reg, read);
            }
            self.emit(step.inst, &args[..specs.len()]);
        }
    }

    /// A value as memory of so many bits, or in its register.
    pub(super) fn memory_or_register(&mut self, value: Value, bits: u16) -> Given {
        self.memory(value, bits).unwrap_or_else(|| self.use_of(value).into())
    }

    /// A value as memory of so many bits: a constant, or a load that reads no more and no less and can be taken in.
    pub(super) fn memory(&mut self, value: Value, bits: u16) -> Option<Given> {
        if let Some(bytes) = self.constant_in_memory(value) {
            return Some(Given::Constant(self.pooled(bytes)));
        }
        if self.loaded_bits(value)? != bits {
            return None;
        }
        self.fold_access(value).map(Given::Mem)
    }

    /// A constant that lies in memory.
    fn constant_in_memory(&self, value: Value) -> Option<[u8; 16]> {
        let inst = self.function.inst(value);
        let bytes = match inst.op {
            Op::v128_const => self.function.vector_at(inst.vector()).0,
            Op::f32_const | Op::f64_const => u128::from(inst.bits()).to_le_bytes(),
            _ => return None,
        };
        // These are made in registers.
        (!matches!(u128::from_le_bytes(bytes), 0 | u128::MAX)).then_some(bytes)
    }

    /// How many bits a load reads that are its value's lowest ones.
    fn loaded_bits(&self, value: Value) -> Option<u16> {
        let op = self.function.op(value);
        match op {
            Op::i32_load | Op::i64_load | Op::f32_load | Op::f64_load | Op::v128_load => {}
            Op::i32_load8_s | Op::i32_load8_u | Op::i32_load16_s | Op::i32_load16_u => {}
            Op::v128_load32_zero | Op::v128_load64_zero => {}
            Op::raw_load | Op::raw_const | Op::slot_load => {
                return Some(8 * self.function.ty(value).size() as u16);
            }
            _ => return None,
        }
        Some(8 * u16::from(op.row().bytes))
    }

    /// Whether it is worth trying to have an operand in memory.
    fn may_be_memory(&self, ingredient: Ingredient) -> bool {
        let Ingredient::Value(value) = ingredient else { return false };
        let load = self.loaded_bits(value).is_some() && self.is_used_once(value) && !self.has_register(value);
        load || self.constant_in_memory(value).is_some()
    }
}

fn class_of(spec: &OperandSpec) -> Class {
    match spec.bank {
        Bank::Gpr => Class::Int,
        Bank::Xmm => Class::Vector,
    }
}

/// What is known while steps are put down.
struct Pot<'a> {
    ingredients: &'a [Ingredient],
    steps: &'a [Step<'a>],
    /// Of the steps so far.
    results: [VReg; STEPS],
    /// Of ingredients that were asked for.
    registers: [Option<VReg>; 3],
    /// The last constant that was made in a register.
    constant: Option<([u8; 16], VReg)>,
}

impl Pot<'_> {
    /// What an instruction gets for an operand of its row.
    fn given(&mut self, cx: &mut Context<'_>, spec: &OperandSpec, input: Input) -> Given {
        match input {
            Input::Operand(number) => {
                let number = usize::from(number);
                if let Ingredient::Value(value) = self.ingredients[number]
                    && spec.kind == Kind::RegMem
                    && self.uses(input) == 1
                    && let Some(memory) = cx.memory(value, spec.mem_bits)
                {
                    return memory;
                }
                let reg = *self.registers[number].get_or_insert_with(|| match self.ingredients[number] {
                    Ingredient::Value(value) => cx.use_of(value),
                    Ingredient::Reg(reg) => reg,
                });
                Given::Reg(reg)
            }
            Input::Step(number) => Given::Reg(self.results[usize::from(number)]),
            Input::Zero => self.constant(cx, [0; 16]),
            Input::Ones => self.constant(cx, [0xff; 16]),
            Input::Bytes(bytes) if spec.kind == Kind::RegMem => Given::Constant(cx.pooled(bytes)),
            Input::Bytes(bytes) => self.constant(cx, bytes),
            Input::Immediate(value) => Given::Imm(value.into()),
        }
    }

    /// How often the steps read something.
    fn uses(&self, input: Input) -> usize {
        self.steps.iter().flat_map(|step| step.inputs).filter(|other| **other == input).count()
    }

    fn constant(&mut self, cx: &mut Context<'_>, bytes: [u8; 16]) -> Given {
        let reg = match self.constant {
            Some((same, reg)) if same == bytes => reg,
            _ => cx.vector_constant(bytes),
        };
        self.constant = Some((bytes, reg));
        Given::Reg(reg)
    }
}
