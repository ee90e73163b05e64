//! References to internal values.

/// What a reference to an internal value (`anyref`) refers to. Structs, arrays and 31-bit integers are not
/// built yet, so that only null can be made: there is no value of this type.
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// let engine = Engine::default();
/// let module = Module::new(&engine, r#"(module (func (export "nothing") (result anyref) (ref.null any)))"#)?;
/// let mut store = Store::new(&engine, ());
/// let instance = Instance::new(&mut store, &module, &[])?;
/// let nothing = instance.get_typed_func::<(), Option<Rooted<AnyRef>>>(&mut store, "nothing")?;
/// assert!(nothing.call(&mut store, ())?.is_none());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct AnyRef {
    _none: std::convert::Infallible,
}
