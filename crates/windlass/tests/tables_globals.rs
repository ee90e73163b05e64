//! Tables, globals and types.

mod common;
use common::*;
use windlass::*;

#[test]
fn tables_from_both_sides() -> Result<()> {
    let (mut store, instance) = instance(
        r#"(module
            (table (export "t") 2 5 funcref)
            (elem (i32.const 0) $one)
            (func $one (result i32) (i32.const 1))
            (func (export "call") (param i32) (result i32) (call_indirect (result i32) (local.get 0)))
            (func (export "grow") (param i32) (result i32) (table.grow (ref.null func) (local.get 0)))
            (func (export "size") (result i32) (table.size)))"#,
    );
    let table = instance.get_table(&mut store, "t").unwrap();
    let call = instance.get_typed_func::<i32, i32>(&mut store, "call")?;
    assert_eq!(call.call(&mut store, 0)?, 1);
    let two = Func::wrap(&mut store, || 2);
    table.set(&mut store, 1, two.into())?;
    assert_eq!(call.call(&mut store, 1)?, 2);

    assert_eq!(table.grow(&mut store, 2, two.into())?, 2);
    assert_eq!(call.call(&mut store, 3)?, 2);
    assert_eq!(instance.get_typed_func::<i32, i32>(&mut store, "grow")?.call(&mut store, 1)?, 4);
    assert_eq!(table.size(&store), 5);
    assert!(table.grow(&mut store, 1, Ref::Func(None)).is_err());
    assert!(table.get(&mut store, 4).unwrap().is_null());
    assert!(table.get(&mut store, 5).is_none());
    assert_eq!(trap(&table.set(&mut store, 5, two.into()).unwrap_err()), Trap::TableOutOfBounds);

    table.fill(&mut store, 0, Ref::Func(None), 3)?;
    assert_eq!(trap(&call.call(&mut store, 0).unwrap_err()), Trap::IndirectCallToNull);
    Table::copy(&mut store, &table, 0, &table, 3, 1)?;
    assert_eq!(call.call(&mut store, 0)?, 2);
    assert_eq!(trap(&table.fill(&mut store, 4, two.into(), 2).unwrap_err()), Trap::TableOutOfBounds);
    assert!(table.get(&mut store, 4).unwrap().is_null(), "nothing was written");
    assert_eq!(table.ty(&store).to_string(), "(table 2 5 funcref)");

    let error = format!("{:#}", table.set(&mut store, 0, Ref::Extern(None)).unwrap_err());
    assert!(error.contains("expected funcref, found (ref null noextern)"), "{error}");
    Ok(())
}

#[test]
fn tables_of_a_function_type() -> Result<()> {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let ty = FuncType::new(&engine, [ValType::I32], [ValType::I32]);
    let element = RefType::new(true, ty.clone().into());
    let table = Table::new(&mut store, TableType::new64(element, 2, None), Ref::Func(None))?;
    drop(ty);
    let good = Func::wrap(&mut store, |x: i32| x + 1);
    let bad = Func::wrap(&mut store, |x: i64| x + 1);
    table.set(&mut store, 1, good.into())?;
    assert!(table.set(&mut store, 1, bad.into()).is_err());
    let module = Module::new(
        &engine,
        r#"(module
            (type $f (func (param i32) (result i32)))
            (import "" "t" (table i64 2 (ref null $f)))
            (func (export "run") (param i32) (result i32)
                (call_ref $f (local.get 0) (table.get (i64.const 1)))))"#,
    )?;
    let instance = Instance::new(&mut store, &module, &[table.into()])?;
    assert_eq!(instance.get_typed_func::<i32, i32>(&mut store, "run")?.call(&mut store, 1)?, 2);
    Ok(())
}

#[test]
fn globals_from_both_sides() -> Result<()> {
    let (mut store, instance) = instance(
        r#"(module
            (global (export "c") i64 (i64.add (i64.const 40) (i64.const 2)))
            (global $v (export "v") (mut f64) (f64.const 1))
            (global $r (export "r") (mut funcref) (ref.null func))
            (func (export "double") (global.set $v (f64.add (global.get $v) (global.get $v))))
            (func (export "is_null") (result i32) (ref.is_null (global.get $r))))"#,
    );
    let constant = instance.get_global(&mut store, "c").unwrap();
    assert_eq!(constant.get(&mut store).i64(), Some(42));
    let error = constant.set(&mut store, Val::I64(1)).unwrap_err().to_string();
    assert!(error.contains("constant"), "{error}");

    let variable = instance.get_global(&mut store, "v").unwrap();
    variable.set(&mut store, Val::from(3.5))?;
    instance.get_typed_func::<(), ()>(&mut store, "double")?.call(&mut store, ())?;
    assert_eq!(variable.get(&mut store).f64(), Some(7.0));
    assert!(variable.set(&mut store, Val::I32(1)).is_err());

    let reference = instance.get_global(&mut store, "r").unwrap();
    let is_null = instance.get_typed_func::<(), i32>(&mut store, "is_null")?;
    assert_eq!(is_null.call(&mut store, ())?, 1);
    let f = Func::wrap(&mut store, || ());
    reference.set(&mut store, f.into())?;
    assert_eq!(is_null.call(&mut store, ())?, 0);
    assert_eq!(variable.ty(&store).to_string(), "(global (mut f64))");
    Ok(())
}

#[test]
fn types_have_structure_and_order() -> Result<()> {
    let engine = Engine::default();
    let (i32, i64) = (ValType::I32, ValType::I64);
    let a = FuncType::new(&engine, [i32.clone()], [i64.clone()]);
    assert_eq!(a, FuncType::new(&engine, [i32.clone()], [i64.clone()]));
    assert_ne!(a, FuncType::new(&engine, [i64.clone()], [i64.clone()]));
    assert_ne!(a, FuncType::new(&Engine::default(), [i32.clone()], [i64.clone()]), "types belong to engines");

    let base =
        FuncType::with_finality_and_supertype(&engine, Finality::NonFinal, None, [], [ValType::FUNCREF])?;
    let narrower = ValType::Ref(RefType::new(true, a.clone().into()));
    let sub = FuncType::with_finality_and_supertype(&engine, Finality::Final, Some(&base), [], [narrower])?;
    assert!(sub.matches(&base) && !base.matches(&sub));
    assert_eq!(sub.supertype().as_ref(), Some(&base));
    assert!(FuncType::with_finality_and_supertype(&engine, Finality::Final, Some(&sub), [], []).is_err());
    assert!(FuncType::with_finality_and_supertype(&engine, Finality::Final, Some(&base), [], [i32]).is_err());

    let func = |nullable, heap| RefType::new(nullable, heap);
    assert!(func(false, sub.clone().into()).matches(&RefType::FUNCREF));
    assert!(func(true, HeapType::NoFunc).matches(&func(true, sub.clone().into())));
    assert!(!func(true, HeapType::NoFunc).matches(&func(false, sub.into())));
    assert!(!RefType::EXTERNREF.matches(&RefType::ANYREF));
    assert!(func(true, HeapType::I31).matches(&func(true, HeapType::Eq)));
    Ok(())
}

#[test]
fn modules_of_an_engine_share_types() -> Result<()> {
    let engine = Engine::default();
    let wat = r#"(module
        (rec (type $a (sub (func (param (ref null $b))))) (type $b (sub final $a (func (param (ref null $a))))))
        (func (export "b") (type $b)))"#;
    let (one, two) = (Module::new(&engine, wat)?, Module::new(&engine, wat)?);
    assert_eq!(one.get_export("b"), two.get_export("b"));
    let ty = one.get_export("b").unwrap().unwrap_func().clone();
    drop((one, two));
    // A type outlives its modules, with all that it refers to.
    let up = ty.supertype().unwrap();
    assert_eq!(up.param(0).unwrap().unwrap_ref().heap_type().unwrap_concrete_func(), &ty);
    assert!(ty.matches(&up));
    Ok(())
}

#[test]
fn modules_tell_what_they_import_and_export() -> Result<()> {
    let engine = Engine::default();
    let module = Module::new(
        &engine,
        r#"(module $named
            (import "a" "f" (func (param i32 v128) (result externref)))
            (import "a" "t" (table i64 1 2 externref))
            (import "b" "m" (memory i64 1))
            (import "b" "g" (global (mut exnref)))
            (import "b" "e" (tag (param f32)))
            (export "x" (global 0)) (export "y" (tag 0)) (export "z" (func 0)))"#,
    )?;
    assert_eq!(module.name(), Some("named"));
    let imports: Vec<String> =
        module.imports().map(|i| format!("{} {} {}", i.module(), i.name(), i.ty())).collect();
    assert_eq!(
        imports,
        [
            "a f (func (param i32 v128) (result externref))",
            "a t (table i64 1 2 externref)",
            "b m (memory i64 1)",
            "b g (global (mut exnref))",
            "b e (tag (param f32))",
        ]
    );
    let exports: Vec<String> = module.exports().map(|e| format!("{} {}", e.name(), e.ty())).collect();
    assert_eq!(
        exports,
        ["x (global (mut exnref))", "y (tag (param f32))", "z (func (param i32 v128) (result externref))"]
    );
    assert!(module.get_export("w").is_none());
    Ok(())
}

#[test]
fn instances_list_their_exports() -> Result<()> {
    let (mut store, instance) = instance(
        r#"(module (memory (export "m") 1) (func (export "f")) (global (export "g") i32 (i32.const 1)))"#,
    );
    let names: Vec<(String, bool)> = instance
        .exports(&mut store)
        .map(|export| (export.name().to_owned(), export.into_func().is_some()))
        .collect();
    assert_eq!(names, [("m".to_owned(), false), ("f".to_owned(), true), ("g".to_owned(), false)]);
    let index = instance.module(&store).get_export_index("g").unwrap();
    let global = instance.get_module_export(&mut store, &index).unwrap().into_global().unwrap();
    assert_eq!(global.get(&mut store).i32(), Some(1));
    Ok(())
}
