//! Decoding: from bytes to facts. Everything but the bodies is decoded and validated here.
//!
//! Each section goes to the validator first and is then read a second time into the facts, which
//! may therefore take for granted that it is valid. The bodies, nearly all of a module, are only outlined.
//!
//! Limits against hostile input are the validator's: those that engines have agreed on for the web
//! (1,000,000 types, functions, imports, exports, globals; 100,000 segments; 100 tables and
//! memories; 50,000 locals and 7,654,321 bytes a function; 1,000 parameters and results; …).

use crate::error::{DecodeError, ErrorKind};
use crate::features::{Feature, Features};
use crate::types::{self, TypeKinds};
use crate::walk::{Body, GC_OBJECTS, Shared, mnemonic};
use crate::{names, types as convert};
use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Range;
use wasmparser::{
    BinaryReader, FuncToValidate, FunctionBody, Operator, Parser, Payload, SectionLimited, TypeRef,
    ValidPayload, Validator, ValidatorResources,
};
use windlass_abi::facts::{
    ConstExpr, ConstOp, DataSegment, ElementItems, ElementSegment, EntityIndex, Export, Import, ModuleFacts,
    SegmentKind,
};

/// A module, decoded and, except for its bodies, validated.
pub struct Decoded<'a> {
    /// Everything but code and data.
    pub facts: ModuleFacts,
    /// The bytes of all data segments; [`DataSegment::bytes`] are ranges of it.
    pub data: Vec<u8>,
    /// The bodies of the module's own functions, in order.
    pub bodies: Vec<Body<'a>>,
    /// All custom sections, in order.
    pub custom_sections: Vec<CustomSection<'a>>,
}

/// A custom section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomSection<'a> {
    /// Its name.
    pub name: &'a str,
    /// Where its contents lie in the module, in bytes.
    pub range: Range<usize>,
}

/// Decodes and validates everything but the bodies.
pub fn decode<'a>(bytes: &'a [u8], features: &Features) -> Result<Decoded<'a>, DecodeError> {
    let _ = (bytes, features);
    unimplemented!()
}
