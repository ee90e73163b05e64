//! Stores: data, threads, and life.

mod common;
use common::*;
use std::cell::Cell;
use std::rc::Rc;
use windlass::*;

#[test]
fn data_comes_back() -> Result<()> {
    let engine = Engine::default();
    let mut store = Store::new(&engine, String::from("a"));
    store.data_mut().push('b');
    let append = Func::wrap(&mut store, |mut caller: Caller<'_, String>| caller.data_mut().push('c'));
    append.call(&mut store, &[], &mut [])?;
    assert_eq!(store.data(), "abc");
    assert_eq!(store.into_data(), "abc");
    Ok(())
}

#[test]
fn a_store_moves_between_threads() -> Result<()> {
    let (mut store, instance) = instance(
        r#"(module (global $n (mut i32) (i32.const 0))
            (func (export "next") (result i32)
                (global.set $n (i32.add (global.get $n) (i32.const 1))) (global.get $n)))"#,
    );
    let next = instance.get_typed_func::<(), i32>(&mut store, "next")?;
    for expected in 1..5 {
        let (back, result) = std::thread::spawn(move || {
            let result = next.call(&mut store, ()).unwrap();
            (store, result)
        })
        .join()
        .unwrap();
        store = back;
        assert_eq!(result, expected);
    }
    // Data need not be Sync.
    fn is_send<T: Send>(_: &T) {}
    is_send(&Store::new(&Engine::default(), Cell::new(1)));
    Ok(())
}

#[test]
fn a_module_runs_on_many_threads() -> Result<()> {
    let engine = Engine::default();
    let module = Module::new(
        &engine,
        r#"(module
            (memory (data "\01\02\03"))
            (table 10 funcref) (elem (i32.const 0) $f $f $f)
            (func $f (param i32) (result i32) (i32.add (local.get 0) (i32.load8_u (local.get 0))))
            (func (export "run") (param i32) (result i32)
                (call_indirect (param i32) (result i32) (local.get 0) (local.get 0))))"#,
    )?;
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..50 {
                    let mut store = Store::new(&engine, ());
                    let instance = Instance::new(&mut store, &module, &[]).unwrap();
                    let run = instance.get_typed_func::<i32, i32>(&mut store, "run").unwrap();
                    for i in 0..3 {
                        assert_eq!(run.call(&mut store, i).unwrap(), 2 * i + 1);
                    }
                }
            });
        }
    });
    Ok(())
}

#[test]
fn stores_outlive_modules_and_engines() -> Result<()> {
    let (mut store, run) = {
        let (mut store, instance) = instance(r#"(module $m (func $f (export "f") (unreachable)))"#);
        let run = instance.get_typed_func::<(), ()>(&mut store, "f")?;
        (store, run)
    };
    let error = run.call(&mut store, ()).unwrap_err();
    drop(store);
    // An error outlives all.
    assert_eq!(frames(&error), ["f"]);
    Ok(())
}

#[test]
fn dropping_a_store_drops_its_data_once() {
    struct Loud(Rc<Cell<u32>>);
    impl Drop for Loud {
        fn drop(&mut self) {
            self.0.set(self.0.get() + 1);
        }
    }
    let drops = Rc::new(Cell::new(0));
    let engine = Engine::default();
    drop(Store::new(&engine, Loud(drops.clone())));
    assert_eq!(drops.get(), 1);
    let data = Store::new(&engine, Loud(drops.clone())).into_data();
    assert_eq!(drops.get(), 1);
    drop(data);
    assert_eq!(drops.get(), 2);
}

#[test]
fn instances_of_one_store_are_apart() -> Result<()> {
    let engine = Engine::default();
    let module = Module::new(
        &engine,
        r#"(module (memory (export "m") 1) (global $g (mut i32) (i32.const 0))
            (func (export "set") (param i32)
                (global.set $g (local.get 0)) (i32.store (i32.const 0) (local.get 0)))
            (func (export "get") (result i32) (i32.add (global.get $g) (i32.load (i32.const 0)))))"#,
    )?;
    let mut store = Store::new(&engine, ());
    let instances: Vec<Instance> =
        (0..20).map(|_| Instance::new(&mut store, &module, &[]).unwrap()).collect();
    for (i, instance) in instances.iter().enumerate() {
        instance.get_typed_func::<i32, ()>(&mut store, "set")?.call(&mut store, i as i32)?;
    }
    for (i, instance) in instances.iter().enumerate() {
        let get = instance.get_typed_func::<(), i32>(&mut store, "get")?;
        assert_eq!(get.call(&mut store, ())?, 2 * i as i32);
    }
    Ok(())
}
