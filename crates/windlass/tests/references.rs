//! References into the heap: host values and exceptions, under a collector that moves all.

mod common;
use common::*;
use std::hash::{DefaultHasher, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use windlass::*;

/// Counts how many are alive.
struct Counted(Arc<AtomicUsize>, u32);

impl Counted {
    fn new(alive: &Arc<AtomicUsize>, value: u32) -> Counted {
        alive.fetch_add(1, SeqCst);
        Counted(alive.clone(), value)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

fn engines() -> Vec<Engine> {
    let stressed = Engine::new(Config::new().gc_stress(true)).unwrap();
    vec![Engine::default(), stressed]
}

fn value(store: impl AsContext, reference: Rooted<ExternRef>) -> u32 {
    let store = store.as_context();
    reference.data(store).unwrap().unwrap().downcast_ref::<Counted>().unwrap().1
}

#[test]
fn references_survive_in_every_place() -> Result<()> {
    for engine in engines() {
        let alive = Arc::new(AtomicUsize::new(0));
        let module = Module::new(
            &engine,
            r#"(module
                (import "" "make" (func $make (param i32) (result externref)))
                (import "" "check" (func $check (param externref i32)))
                (table $t (export "t") 4 externref)
                (global $g (mut externref) (ref.null extern))
                (func $deep (param $r externref) (param $n i32)
                    (local $fresh externref)
                    (local.set $fresh (call $make (local.get $n)))
                    (if (local.get $n) (then
                        (call $deep (local.get $r) (i32.sub (local.get $n) (i32.const 1)))))
                    (call $check (local.get $fresh) (local.get $n))
                    (call $check (local.get $r) (i32.const 1000)))
                (func (export "run")
                    (local $l externref)
                    (local.set $l (call $make (i32.const 1)))
                    (global.set $g (call $make (i32.const 2)))
                    (table.set $t (i32.const 0) (call $make (i32.const 3)))
                    ;; On the operand stack, below a call that collects.
                    (call $make (i32.const 4))
                    (call $deep (call $make (i32.const 1000)) (i32.const 20))
                    (call $check (i32.const 4))
                    (call $check (local.get $l) (i32.const 1))
                    (call $check (global.get $g) (i32.const 2))
                    (call $check (table.get $t (i32.const 0)) (i32.const 3))
                    (table.fill $t (i32.const 1) (local.get $l) (i32.const 2))
                    (drop (table.grow $t (local.get $l) (i32.const 9)))
                    (call $check (table.get $t (i32.const 12)) (i32.const 1))))"#,
        )?;
        let mut store = Store::new(&engine, ());
        let held = alive.clone();
        let make = Func::wrap(&mut store, move |mut caller: Caller<'_, ()>, n: u32| {
            Ok(Some(ExternRef::new(&mut caller, Counted::new(&held, n))?))
        });
        let check = Func::wrap(
            &mut store,
            |mut caller: Caller<'_, ()>, r: Option<Rooted<ExternRef>>, n: u32| -> Result<()> {
                // Collects once more while only the host holds it.
                ExternRef::new(&mut caller, ())?;
                ensure!(value(&caller, r.unwrap()) == n, "expected {n}");
                Ok(())
            },
        );
        let instance = Instance::new(&mut store, &module, &[make.into(), check.into()])?;
        let run = instance.get_typed_func::<(), ()>(&mut store, "run")?;
        for _ in 0..3 {
            run.call(&mut store, ())?;
        }
        store.gc(None).unwrap();
        // The global, the first element, and each run's local in what the table grew by.
        assert_eq!(alive.load(SeqCst), 5);
        drop(store);
        assert_eq!(alive.load(SeqCst), 0);
    }
    Ok(())
}

#[test]
fn scopes_and_owned_roots() -> Result<()> {
    for engine in engines() {
        let alive = Arc::new(AtomicUsize::new(0));
        let mut store = Store::new(&engine, ());
        let owned;
        let stale;
        {
            let mut scope = RootScope::new(&mut store);
            let a = ExternRef::new(&mut scope, Counted::new(&alive, 1))?;
            let b = ExternRef::new(&mut scope, Counted::new(&alive, 2))?;
            owned = a.to_owned_rooted(&mut scope)?;
            assert!(Rooted::ref_eq(&scope, &a, &owned)?);
            assert!(!Rooted::ref_eq(&scope, &a, &b)?);
            scope.as_context_mut().gc(None).unwrap();
            assert_eq!(alive.load(SeqCst), 2);
            stale = b;
        }
        store.gc(None).unwrap();
        assert_eq!(alive.load(SeqCst), 1);
        let error = stale.data(&store).err().unwrap().to_string();
        assert!(error.contains("scope has ended"), "{error}");
        assert!(stale.to_owned_rooted(&mut store).is_err());
        {
            let mut scope = RootScope::new(&mut store);
            let again = owned.to_rooted(&mut scope);
            assert_eq!(value(&scope, again), 1);
            let data = again.data_mut(&mut scope)?.unwrap();
            data.downcast_mut::<Counted>().unwrap().1 = 9;
            assert_eq!(value(&scope, again), 9);
        }
        let data = owned.data_mut(&mut store)?.unwrap().downcast_mut::<Counted>().unwrap();
        data.1 = 10;
        assert_eq!(owned.data(&store)?.unwrap().downcast_ref::<Counted>().unwrap().1, 10);
        {
            let mut scope = RootScope::new(&mut store);
            let (a, b) = (owned.to_rooted(&mut scope), owned.clone().into_rooted(&mut scope));
            assert!(OwnedRooted::ref_eq(&scope, &a, &owned)? && !Rooted::rooted_eq(a, b));
            let hash = |hash: &dyn Fn(&mut DefaultHasher)| {
                let mut state = DefaultHasher::new();
                hash(&mut state);
                state.finish()
            };
            let by_ref = hash(&|state| a.ref_hash(&scope, state).unwrap());
            assert_eq!(by_ref, hash(&|state| b.ref_hash(&scope, state).unwrap()));
            assert_eq!(by_ref, hash(&|state| owned.ref_hash(&scope, state)));
            assert_ne!(hash(&|state| a.rooted_hash(state)), hash(&|state| b.rooted_hash(state)));
        }
        let clone = owned.clone();
        drop(owned);
        store.gc(None).unwrap();
        assert_eq!(alive.load(SeqCst), 1);
        drop(clone);
        store.gc(None).unwrap();
        assert_eq!(alive.load(SeqCst), 0);
    }
    Ok(())
}

#[test]
fn many_short_lived_references_take_bounded_memory() -> Result<()> {
    let engine = Engine::default();
    let alive = Arc::new(AtomicUsize::new(0));
    let most = Arc::new(AtomicUsize::new(0));
    let module = Module::new(
        &engine,
        r#"(module
            (import "" "make" (func $make (result externref)))
            (func (export "run") (param i32)
                (loop $more
                    (drop (call $make))
                    (br_if $more (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))"#,
    )?;
    let mut store = Store::new(&engine, ());
    let (held, peak) = (alive.clone(), most.clone());
    let make = Func::wrap(&mut store, move |mut caller: Caller<'_, ()>| {
        peak.fetch_max(held.load(SeqCst), SeqCst);
        ExternRef::new(&mut caller, Counted::new(&held, 0)).map(Some)
    });
    let instance = Instance::new(&mut store, &module, &[make.into()])?;
    instance.get_typed_func::<i32, ()>(&mut store, "run")?.call(&mut store, 300_000)?;
    assert!(most.load(SeqCst) < 200_000, "{} at once", most.load(SeqCst));
    drop(store);
    assert_eq!(alive.load(SeqCst), 0);
    Ok(())
}

#[test]
fn values_of_references() -> Result<()> {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let r = ExternRef::new(&mut store, 5_u8)?;
    let v = Val::from(r);
    assert_eq!(v.ty(&store)?, ValType::Ref(RefType::new(false, HeapType::Extern)));
    assert!(v.matches_ty(&store, &ValType::EXTERNREF)?);
    assert!(!v.matches_ty(&store, &ValType::ANYREF)?);
    assert!(Val::null_any_ref().matches_ty(&store, &ValType::ANYREF)?);
    let f = Func::wrap(&mut store, || ());
    assert!(Val::from(f).matches_ty(&store, &ValType::FUNCREF)?);

    let (mut store, instance) = instance(
        r#"(module
            (func (export "any") (param anyref) (result anyref) (local.get 0))
            (func (export "none") (result (ref null nofunc)) (ref.null nofunc)))"#,
    );
    let any = instance.get_typed_func::<Option<Rooted<AnyRef>>, Option<Rooted<AnyRef>>>(&mut store, "any")?;
    assert!(any.call(&mut store, None)?.is_none());
    let none = instance.get_typed_func::<(), Option<NoFunc>>(&mut store, "none")?;
    assert!(none.call(&mut store, ())?.is_none());
    Ok(())
}

const EXCEPTIONS: &str = r#"(module
    (import "" "tag" (tag $t (param i32 externref)))
    (import "" "host" (func $host (param i32)))
    (func $throw (export "throw") (param i32 externref) (throw $t (local.get 0) (local.get 1)))
    (func (export "catch") (param i32) (result i32 externref)
        (block $caught (result i32 externref)
            (try_table (catch $t $caught) (call $host (local.get 0)))
            (i32.const -1) (ref.null extern)))
    (func (export "rethrow") (param i32)
        (block $caught (result exnref)
            (try_table (catch_all_ref $caught) (call $host (local.get 0)))
            (return))
        (throw_ref)))"#;

#[test]
fn exceptions_cross_the_host_both_ways() -> Result<()> {
    for engine in engines() {
        let mut store = Store::new(&engine, ());
        let ty = FuncType::new(&engine, [ValType::I32, ValType::EXTERNREF], []);
        let tag = Tag::new(&mut store, &TagType::new(ty))?;
        let host = Func::wrap(&mut store, move |mut caller: Caller<'_, ()>, n: i32| -> Result<()> {
            match n {
                0 => Ok(()),
                // Thrown by the host.
                1 => {
                    let ty = ExnType::from_tag_type(&tag.ty(&caller))?;
                    let pre = ExnRefPre::new(&mut caller, ty);
                    let payload = ExternRef::new(&mut caller, "payload")?;
                    let exn = ExnRef::new(&mut caller, &pre, &tag, &[Val::I32(11), payload.into()])?;
                    caller.as_context_mut().throw(exn)
                }
                // Thrown by the guest, through the host: as an error that it passes on.
                2 => {
                    let throw = caller.get_export("throw").and_then(Extern::into_func).unwrap();
                    let payload = ExternRef::new(&mut caller, "through")?;
                    throw.call(&mut caller, &[Val::I32(22), payload.into()], &mut [])
                }
                _ => bail!("no exception"),
            }
        });
        let module = Module::new(&engine, EXCEPTIONS)?;
        let instance = Instance::new(&mut store, &module, &[tag.into(), host.into()])?;
        let catch = instance.get_typed_func::<i32, (i32, Option<Rooted<ExternRef>>)>(&mut store, "catch")?;
        assert_eq!(catch.call(&mut store, 0)?.0, -1);
        for (how, number, text) in [(1, 11, "payload"), (2, 22, "through")] {
            let (n, r) = catch.call(&mut store, how)?;
            assert_eq!(n, number);
            assert_eq!(r.unwrap().data(&store)?.unwrap().downcast_ref(), Some(&text));
            assert!(!store.has_pending_exception());
        }
        // What is no exception is not caught.
        let error = catch.call(&mut store, 3).unwrap_err();
        assert_eq!(error.root_cause().to_string(), "no exception");

        // Out of the outermost function it is an error, and pending.
        let rethrow = instance.get_typed_func::<i32, ()>(&mut store, "rethrow")?;
        let error = rethrow.call(&mut store, 2).unwrap_err();
        assert!(error.is::<ThrownException>(), "{error:?}");
        store.gc(None).unwrap();
        let exn = store.take_pending_exception().unwrap();
        assert!(Tag::eq(&exn.tag(&mut store)?, &tag, &store));
        assert_eq!(exn.field(&mut store, 0)?.i32(), Some(22));
        assert!(exn.field(&mut store, 2).is_err());
        let fields: Vec<Val> = exn.fields(&mut store)?.collect();
        let text = fields[1].unwrap_externref().unwrap();
        assert_eq!(text.data(&store)?.unwrap().downcast_ref(), Some(&"through"));
        assert!(store.take_pending_exception().is_none());
        assert_eq!(exn.ty(&store)?.fields().len(), 2);
    }
    Ok(())
}

#[test]
fn exceptions_are_checked_when_made() -> Result<()> {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let ty = |params: Vec<ValType>| TagType::new(FuncType::new(&engine, params, []));
    let tag = Tag::new(&mut store, &ty(vec![ValType::I32]))?;
    let other = Tag::new(&mut store, &ty(vec![]))?;
    assert!(Tag::new(&mut store, &TagType::new(FuncType::new(&engine, [], [ValType::I32]))).is_err());
    let pre = ExnRefPre::new(&mut store, ExnType::new(&engine, [ValType::I32])?);
    assert!(ExnRef::new(&mut store, &pre, &tag, &[Val::I32(1)]).is_ok());
    let mut message =
        |tag: &Tag, fields: &[Val]| format!("{:#}", ExnRef::new(&mut store, &pre, tag, fields).unwrap_err());
    assert!(message(&tag, &[]).contains("expected 1 fields, found 0"));
    assert!(message(&tag, &[Val::I64(1)]).contains("field 0 of the exception: type mismatch"));
    assert!(message(&other, &[]).contains("the tag is of type"));
    Ok(())
}

#[test]
fn many_exceptions_take_bounded_memory() -> Result<()> {
    let (mut store, instance) = instance(
        r#"(module
            (tag $t (param i64))
            (func $throw (param i64) (throw $t (local.get 0)))
            (func (export "run") (param i64) (result i64)
                (local $sum i64)
                (loop $more
                    (block $caught (result i64)
                        (try_table (catch $t $caught) (call $throw (local.get 0)))
                        (unreachable))
                    (local.set $sum (i64.add (local.get $sum)))
                    (local.set 0 (i64.sub (local.get 0) (i64.const 1)))
                    (br_if $more (i32.eqz (i64.eqz (local.get 0)))))
                (local.get $sum)))"#,
    );
    let run = instance.get_typed_func::<i64, i64>(&mut store, "run")?;
    assert_eq!(run.call(&mut store, 1_000_000)?, 500_000_500_000);
    Ok(())
}

#[test]
fn a_throw_without_a_pending_exception_is_an_ordinary_error() -> Result<()> {
    let mut store = Store::new(&Engine::default(), ());
    let f = Func::wrap(&mut store, || -> Result<()> { Err(ThrownException.into()) });
    let error = f.call(&mut store, &[], &mut []).unwrap_err();
    assert!(error.is::<ThrownException>());
    assert!(store.take_pending_exception().is_none());
    Ok(())
}

#[test]
fn a_full_heap_gives_the_value_back() -> Result<()> {
    for engine in engines() {
        let mut store = Store::new(&engine, StoreLimitsBuilder::new().heap_size(64 << 10).build());
        store.limiter(|limits| limits);
        let alive = Arc::new(AtomicUsize::new(0));
        let (given_back, full) = {
            let mut scope = RootScope::new(&mut store);
            let error = loop {
                if let Err(error) = ExternRef::new(&mut scope, Counted::new(&alive, 7)) {
                    break error;
                }
            };
            assert!(error.to_string().contains("full"), "{error}");
            let tag = Tag::new(&mut scope, &TagType::new(FuncType::new(&engine, vec![ValType::I64; 9], [])))?;
            let ty = ExnType::from_tag_type(&tag.ty(&scope))?;
            let pre = ExnRefPre::new(&mut scope, ty);
            let exception = ExnRef::new(&mut scope, &pre, &tag, &[Val::I64(1); 9]).unwrap_err();
            assert!(exception.is::<GcHeapOutOfMemory<()>>(), "{exception:?}");
            error.downcast::<GcHeapOutOfMemory<Counted>>()?.take_inner()
        };
        // All others were let go with the scope.
        assert!(alive.load(SeqCst) > 100);
        store.gc(Some(&full))?;
        assert_eq!((alive.load(SeqCst), given_back.1), (1, 7));
        let again = ExternRef::new(&mut store, given_back)?;
        assert_eq!(value(&store, again), 7);
    }
    Ok(())
}
