//! References to internal values.

/// What a reference to an internal value (`anyref`) refers to. Structs, arrays and 31-bit integers are not
/// built yet, so that only null can be made: there is no value of this type.
#[derive(Debug)]
pub struct AnyRef {
    _none: std::convert::Infallible,
}
