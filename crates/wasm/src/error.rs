//! What is wrong with a module: typed, with its place.

use crate::features::Feature;
use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::{String, ToString};
use core::fmt;
use windlass_abi::facts::FuncIndex;

/// The kinds of reasons to refuse a module.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ErrorKind {
    /// The bytes (or the text) are no module at all.
    Malformed,
    /// It is a module that breaks the rules of validation.
    Invalid,
    /// It needs a feature that is built, but switched off.
    FeatureDisabled(Feature),
    /// It needs something that this engine does not have yet.
    Unbuilt {
        /// The feature.
        feature: &'static str,
        /// The operator that needs it, if an operator does.
        operator: Option<Cow<'static, str>>,
    },
    /// It exceeds a limit of this engine.
    Limit,
    /// It exceeds a limit that its host has set: see [`ModuleLimits`](crate::ModuleLimits).
    ModuleLimit {
        /// The limit's name: that of its setter.
        limit: &'static str,
        /// How much the module has, or has at least.
        value: u64,
        /// How much is allowed.
        maximum: u64,
    },
    /// Nothing is wrong with it: whoever wanted it decoded or compiled has stopped that.
    Stopped,
}

/// Why a module was refused, and where. One word.
pub struct DecodeError(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    message: Cow<'static, str>,
    offset: Option<usize>,
    function: Option<FuncIndex>,
    name: Option<String>,
}

impl DecodeError {
    /// An error of this kind at an unknown place.
    #[cold]
    pub fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> DecodeError {
        DecodeError(Box::new(Inner {
            kind,
            message: message.into(),
            offset: None,
            function: None,
            name: None,
        }))
    }

    /// What kind of error it is.
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// What is wrong, without kind and place.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The byte offset in the module.
    pub fn offset(&self) -> Option<usize> {
        self.0.offset
    }

    /// The function in whose body it is.
    pub fn function(&self) -> Option<FuncIndex> {
        self.0.function
    }

    /// The name of that function, where the name section has one.
    pub fn function_name(&self) -> Option<&str> {
        self.0.name.as_deref()
    }

    /// An operator that is not built.
    #[cold]
    pub(crate) fn unbuilt(feature: &'static str, operator: String, offset: usize) -> DecodeError {
        let message = alloc::format!("the operator `{operator}`");
        DecodeError::new(ErrorKind::Unbuilt { feature, operator: Some(operator.into()) }, message).at(offset)
    }

    /// An error of the validator, found while reading (`Malformed`) or checking (`Invalid`).
    #[cold]
    pub(crate) fn from_wasmparser(error: &wasmparser::Error, otherwise: ErrorKind) -> DecodeError {
        let message = error.message();
        let kind = match missing_feature(error) {
            Some(feature) if feature.is_built() => ErrorKind::FeatureDisabled(feature),
            Some(feature) => ErrorKind::Unbuilt { feature: feature.name(), operator: None },
            None if contains_any(message, LIMITS) => ErrorKind::Limit,
            None => otherwise,
        };
        DecodeError::new(kind, message.to_string()).at(error.offset())
    }

    pub(crate) fn at(mut self, offset: usize) -> DecodeError {
        self.0.offset = Some(offset);
        self
    }

    pub(crate) fn in_function(mut self, function: FuncIndex, name: Option<String>) -> DecodeError {
        self.0.function = Some(function);
        self.0.name = name;
        self
    }
}

/// The feature without which the validator refuses a module.
fn missing_feature(error: &wasmparser::Error) -> Option<Feature> {
    // Not marked as such by the validator.
    match error.message() {
        "multiple memories" => return Some(Feature::MultiMemory),
        "multiple tables" => return Some(Feature::ReferenceTypes),
        _ => {}
    }
    let feature = Feature::of_flag(error.missing_wasm_feature()?)?;
    // Marked with a feature that might one day allow it, but a plain rule of the specification until then.
    let plain_rule = !feature.is_built() && contains_any(error.message(), RULES);
    (!plain_rule).then_some(feature)
}

/// How the validator speaks of its limits.
const LIMITS: &[&str] = &[
    "implementation limit",
    "exceeds limit of",
    "exceeds the limit of",
    "size is out of bounds",
    "string size out of bounds",
    "too many locals",
];

/// How the validator speaks of rules that it marks with a feature that is not built.
const RULES: &[&str] = &["constant expression required", "invalid exception type"];

fn contains_any(message: &str, phrases: &[&str]) -> bool {
    phrases.iter().any(|phrase| message.contains(phrase))
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { kind, message, offset, function, name } = &*self.0;
        match kind {
            ErrorKind::Malformed => write!(f, "malformed module: {message}")?,
            ErrorKind::Invalid => write!(f, "invalid module: {message}")?,
            ErrorKind::FeatureDisabled(feature) => {
                write!(
                    f,
                    "the module needs the feature `{feature}`, which is switched off; switch it on to load the module: {message}"
                )?;
            }
            ErrorKind::Unbuilt { feature, .. } => {
                write!(f, "the module needs {feature}, which this engine does not have yet: {message}")?;
            }
            ErrorKind::Limit => write!(f, "the module exceeds a limit of this engine: {message}")?,
            ErrorKind::ModuleLimit { limit, .. } => {
                write!(f, "the module exceeds the limit `{limit}` of its host: {message}")?;
            }
            ErrorKind::Stopped => write!(f, "the module was not compiled: {message}")?,
        }
        match (offset, function) {
            (Some(offset), Some(function)) => {
                write!(f, " (at offset {offset:#x} in function {function}")?;
                if let Some(name) = name {
                    write!(f, " {name:?}")?;
                }
                f.write_str(")")
            }
            (Some(offset), None) => write!(f, " (at offset {offset:#x})"),
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DecodeError")
            .field("kind", &self.0.kind)
            .field("message", &self.0.message)
            .field("offset", &self.0.offset)
            .field("function", &self.0.function)
            .field("name", &self.0.name)
            .finish()
    }
}

impl core::error::Error for DecodeError {}

/// Why a [`Sink`](crate::walk::Sink) stops: the walk adds the place. One word.
#[derive(Debug)]
pub struct SinkError(Box<(ErrorKind, Cow<'static, str>)>);

impl SinkError {
    /// A function exceeds a limit, e.g. "the function needs more than 65,535 slots".
    #[cold]
    pub fn limit(message: impl Into<Cow<'static, str>>) -> SinkError {
        SinkError(Box::new((ErrorKind::Limit, message.into())))
    }

    /// A function needs something that the sink does not have yet.
    #[cold]
    pub fn unbuilt(feature: &'static str, message: impl Into<Cow<'static, str>>) -> SinkError {
        SinkError(Box::new((ErrorKind::Unbuilt { feature, operator: None }, message.into())))
    }

    #[cold]
    pub(crate) fn at(self, offset: usize) -> DecodeError {
        let (kind, message) = *self.0;
        DecodeError::new(kind, message).at(offset)
    }
}
