//! Host values in the hands of a guest: it keeps them in a table, gives them back, and cannot look into them. Roots keep them
//! alive for the host.
//!
//! ```sh
//! cargo run --example references
//! ```
//!
//! Prints:
//!
//! ```text
//! the guest keeps "Ada" and "Grace"
//! from the guest: "Grace"
//! after the scope, this root is gone: the scope has ended in which the reference was rooted
//! the guest forgets "Ada"
//! dropped: "Ada"
//! kept by the host all the same: "Grace"
//! dropped: "Grace"
//! ```

use windlass::*;

/// A value of the host.
struct User(&'static str);

impl Drop for User {
    fn drop(&mut self) {
        println!("dropped: {:?}", self.0);
    }
}

fn main() -> Result<()> {
    let engine = Engine::default();
    let module = Module::new(
        &engine,
        r#"(module
            (table $kept 8 externref)
            (func (export "keep") (param i32 externref) (table.set $kept (local.get 0) (local.get 1)))
            (func (export "get") (param i32) (result externref) (table.get $kept (local.get 0))))"#,
    )?;
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[])?;
    let keep = instance.get_typed_func::<(u32, Option<Rooted<ExternRef>>), ()>(&mut store, "keep")?;
    let get = instance.get_typed_func::<u32, Option<Rooted<ExternRef>>>(&mut store, "get")?;

    // `Rooted` references live as long as their scope: without one, as long as the store.
    let escaped;
    {
        let mut scope = RootScope::new(&mut store);
        let ada = ExternRef::new(&mut scope, User("Ada"))?;
        let grace = ExternRef::new(&mut scope, User("Grace"))?;
        keep.call(&mut scope, (0, Some(ada)))?;
        keep.call(&mut scope, (1, Some(grace)))?;
        println!("the guest keeps {:?} and {:?}", name(&scope, &ada)?, name(&scope, &grace)?);
        escaped = ada;
    }

    // An `OwnedRooted` is kept until it is dropped.
    let grace: OwnedRooted<ExternRef> = {
        let mut scope = RootScope::new(&mut store);
        let grace = get.call(&mut scope, 1)?.context("the guest still has it")?;
        println!("from the guest: {:?}", name(&scope, &grace)?);
        grace.to_owned_rooted(&mut scope)?
    };
    if let Err(error) = escaped.data(&store) {
        println!("after the scope, this root is gone: {error}");
    }

    println!("the guest forgets {:?}", "Ada");
    keep.call(&mut store, (0, None))?;
    keep.call(&mut store, (1, None))?;
    store.gc(None)?;
    let value = grace.data(&store)?.and_then(|value| value.downcast_ref::<User>()).context("it is a user")?;
    println!("kept by the host all the same: {:?}", value.0);
    drop(grace);
    store.gc(None)?;
    Ok(())
}

/// What the host finds behind its reference.
fn name(store: impl AsContext, user: &Rooted<ExternRef>) -> Result<&'static str> {
    let store = store.as_context();
    let value = user.data(store)?.context("a value of the host")?;
    Ok(value.downcast_ref::<User>().context("a user")?.0)
}
