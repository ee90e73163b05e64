//! Code that is made when it is first called, and replaced while it runs.

use super::*;
use crate::native::LazyCompiler;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};

type Make = Box<dyn Fn(u32) -> Result<Function, String> + Send + Sync>;

/// Makes functions by a closure, and counts them.
struct Maker {
    make: Make,
    made: Arc<Mutex<Vec<u32>>>,
}

impl LazyCompiler for Maker {
    fn compile(&self, own: u32) -> Result<CodeChunk, String> {
        self.made.lock().unwrap().push(own);
        Ok((self.make)(own)?.finish(own))
    }
}

/// A module of functions of the type, made by the closure.
fn module(
    count: u32,
    text_bytes: usize,
    ty: &FuncType,
    make: impl Fn(u32) -> Result<Function, String> + Send + Sync + 'static,
) -> (Arc<Module>, Arc<Mutex<Vec<u32>>>) {
    let made = Arc::new(Mutex::new(Vec::new()));
    let compiler = Maker { make: Box::new(make), made: made.clone() };
    let code = NativeCode::lazy(count, 0, text_bytes, Box::new(compiler)).unwrap();
    let mut builder = Builder::new();
    let ty = builder.ty(ty.clone());
    builder.facts.functions = vec![ty; count as usize];
    (builder.build_with(Box::new(code)), made)
}

fn instance(store: &Store, module: &Arc<Module>) -> InstanceId {
    // SAFETY: there are no imports.
    unsafe { store.as_ptr().instantiate(module, &[]) }.unwrap()
}

fn native(module: &Module) -> &NativeCode {
    module.code().as_any().downcast_ref().unwrap()
}

/// Adds its number to its parameter, and lets the next one go on, through its slot or its thunk.
fn adding(count: u32) -> impl Fn(u32) -> Result<Function, String> {
    move |own| {
        let mut f = Function::new(0, 0);
        asm!(f, add(rdi, own as i32 + 1); mov(rax, rdi););
        match own {
            last if last + 1 == count => {}
            even if even % 2 == 0 => drop(f.call_slot(own + 1, 1000 * own + 3)),
            _ => drop(f.call_own(own + 1, 1000 * own + 3)),
        }
        f.ret();
        Ok(f)
    }
}

#[test]
fn made_when_called() {
    let mut store = native_store();
    let (module, made) = module(10, 64 << 10, &i64_type(1, 1), adding(10));
    let instance = instance(&store, &module);
    let size = module.code().size();
    let f = func(&mut store, instance, 7);
    assert_eq!((made.lock().unwrap().len(), native(&module).is_compiled(7)), (0, false));
    assert_eq!(call(&mut store, f, &[100]).unwrap()[0], 100 + 8 + 9 + 10);
    assert_eq!(*made.lock().unwrap(), [7, 8, 9]);
    assert!(native(&module).is_compiled(9) && !native(&module).is_compiled(6));
    let f = func(&mut store, instance, 0);
    for _ in 0..3 {
        assert_eq!(call(&mut store, f, &[0]).unwrap()[0], 55);
    }
    assert_eq!(made.lock().unwrap().len(), 10);
    assert!(module.code().size() > size);
}

/// All registers that carry parameters come through the making of the callee.
#[test]
fn parameters_survive() {
    let ty = func_type(&[[ValType::I64; 8].as_slice(), &[ValType::F64; 8]].concat(), &[ValType::I64]);
    let (module, _) = module(1, 4096, &ty, |_| {
        let mut f = Function::with_stack_params(0, 16, 16);
        let stack = (f.stack_param(0), f.stack_param(8));
        asm!(f, mov(rax, rdi); add(rax, rsi); add(rax, rdx); add(rax, rcx); add(rax, r8); add(rax, r9);
            add(rax, stack.0); add(rax, stack.1););
        for x in [xmm0, xmm1, xmm2, xmm3, xmm4, xmm5, xmm6, xmm7] {
            asm!(f, movq(rdi, x); add(rax, rdi););
        }
        f.ret();
        Ok(f)
    });
    let mut store = native_store();
    let instance = instance(&store, &module);
    let f = func(&mut store, instance, 0);
    let mut values: Vec<_> = (0..16).map(|i| ValRaw { i64: 1 << (3 * i) }).collect();
    call_values(&mut store, f, &mut values).unwrap();
    // SAFETY: a number.
    assert_eq!(unsafe { values[0].i64 }, (0..16).map(|i| 1u64 << (3 * i)).sum());
}

/// Threads with stores of their own want the same functions at the same time: each is made once.
#[test]
fn made_once_by_many_threads() {
    for _ in 0..20 {
        let count = 60;
        let (module, made) = module(count, 64 << 10, &i64_type(1, 1), adding(count));
        std::thread::scope(|s| {
            for t in 0..4 {
                let module = &module;
                s.spawn(move || {
                    let mut store = native_store();
                    let instance = instance(&store, module);
                    for i in 0..count {
                        let i = (i * 7 + t * 13) % count;
                        let f = func(&mut store, instance, i);
                        let sum = (i + 1..=count).sum::<u32>() as u64;
                        assert_eq!(call(&mut store, f, &[0]).unwrap()[0], sum);
                    }
                });
            }
        });
        let mut made = made.lock().unwrap().clone();
        made.sort();
        assert_eq!(made, (0..count).collect::<Vec<_>>());
    }
}

#[test]
fn failures_are_errors_of_the_call() {
    let mut store = native_store();
    let broken = Arc::new(AtomicU32::new(1));
    let (module, made) = module(3, 300, &i64_type(1, 1), {
        let broken = broken.clone();
        move |own| match (own, broken.load(SeqCst)) {
            (1, 1) => Err("no idea how".into()),
            (1, 2) => std::panic::resume_unwind(Box::new("a panic of the compiler")),
            (2, _) => {
                let mut f = Function::new(0, 0);
                (0..5000).for_each(|_| f.a.nop().unwrap());
                f.ret();
                Ok(f)
            }
            _ => adding(2)(own),
        }
    });
    let instance = instance(&store, &module);
    let (f, large) = (func(&mut store, instance, 0), func(&mut store, instance, 2));
    let fail = |store: &mut Store, f, frames: usize| {
        let Err(Failure::Host { error, backtrace }) = call(store, f, &[0]) else { panic!("no error") };
        assert_eq!(backtrace.frames.len(), frames);
        error.downcast_ref::<Error>().unwrap().to_string()
    };
    assert_eq!(fail(&mut store, f, 1), "function 1 was not compiled: no idea how");
    broken.store(2, SeqCst);
    assert_eq!(fail(&mut store, f, 1), "function 1 was not compiled: the compiler panicked");
    // Called by the host: there is no frame yet.
    let text = fail(&mut store, large, 0);
    assert!(text.contains("larger than was expected"), "{text}");
    broken.store(0, SeqCst);
    assert_eq!(call(&mut store, f, &[0]).unwrap()[0], 3);
    assert_eq!(*made.lock().unwrap(), [0, 1, 1, 2, 1]);
}

/// A function is replaced while threads run it, in a loop that calls it.
#[test]
fn replaced_while_running() {
    let constant = |n: i32| {
        let mut f = Function::new(0, 0);
        asm!(f, mov(eax, n as u32););
        f.ret();
        f
    };
    // Function 0 calls function 1 a million times, and gives the sum of the results.
    let (module, _) = module(2, 1 << 20, &i64_type(1, 1), move |own| {
        if own == 1 {
            return Ok(constant(1));
        }
        let mut f = Function::new(2, 0);
        let mut again = f.label();
        let (left, sum) = (f.slot(0), f.slot(1));
        asm!(f, mov(left, rdi); mov(sum, 0i32););
        f.bind(&mut again);
        f.call_slot(1, 5);
        asm!(f, add(sum, rax); dec(left); jne(again); mov(rax, sum););
        f.ret();
        Ok(f)
    });
    let stop = AtomicBool::new(false);
    std::thread::scope(|s| {
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let (module, stop) = (&module, &stop);
                s.spawn(move || {
                    let mut store = native_store();
                    let instance = instance(&store, module);
                    let f = func(&mut store, instance, 0);
                    let mut last = 0;
                    while !stop.load(SeqCst) {
                        let sum = call(&mut store, f, &[10_000]).unwrap()[0];
                        assert!(sum >= last && sum <= 200 * 10_000, "{sum}");
                        last = sum / 2;
                    }
                    call(&mut store, f, &[10]).unwrap()[0]
                })
            })
            .collect();
        for n in 2..=200 {
            native(&module).replace(1, constant(n).finish(1)).unwrap();
            std::thread::sleep(std::time::Duration::from_micros(200));
        }
        stop.store(true, SeqCst);
        for thread in threads {
            assert_eq!(thread.join().unwrap(), 2000);
        }
    });
}

/// Traps and backtraces in code that was made later; references to functions are permanent.
#[test]
fn tables_of_later_code() {
    let mut store = native_store();
    let (module, _) = module(3, 4096, &i64_type(1, 1), |own| {
        let mut f = Function::new(0, 0);
        if own == 2 {
            f.unreachable(2009);
        } else {
            f.call_slot(own + 1, 1000 * own + 4);
        }
        f.ret();
        Ok(f)
    });
    let instance = instance(&store, &module);
    let f = func(&mut store, instance, 0);
    for _ in 0..2 {
        let trap = trapped(call(&mut store, f, &[0]));
        assert_eq!(trap, (TrapCode::Unreachable, vec![(2, 2009), (1, 1004), (0, 4)]));
    }
    let mut ret = Function::new(0, 0);
    asm!(ret, mov(eax, 9u32););
    ret.ret();
    native(&module).replace(2, ret.finish(2)).unwrap();
    assert_eq!(call(&mut store, f, &[0]).unwrap()[0], 9);
    let last = func(&mut store, instance, 2);
    assert_eq!(call(&mut store, last, &[0]).unwrap()[0], 9);
}

/// A child goes on making code, and its parent never sees that.
#[test]
fn children_make_their_own() {
    let (module, _) = module(2, 64 << 10, &i64_type(1, 1), |own| {
        let mut f = Function::new(0, 0);
        // Different code in parent and child, at the same place.
        asm!(f, mov(eax, std::process::id()); imul_3(eax, eax, own as i32 + 1););
        f.ret();
        Ok(f)
    });
    let mut store = native_store();
    let instance = instance(&store, &module);
    let (first, second) = (func(&mut store, instance, 0), func(&mut store, instance, 1));
    let own = std::process::id() as u64;
    assert_eq!(call(&mut store, first, &[0]).unwrap()[0], own);
    // SAFETY: the child does little, and ends without running anything of ours.
    unsafe {
        let child = libc::fork();
        assert!(child >= 0);
        if child == 0 {
            let old = call(&mut store, first, &[0]).is_ok_and(|v| v[0] == own);
            let new = call(&mut store, second, &[0]).is_ok_and(|v| v[0] == 2 * std::process::id() as u64);
            libc::_exit(if old && new { 7 } else { 1 });
        }
        let mut status = 0;
        assert_eq!(libc::waitpid(child, &mut status, 0), child);
        assert_eq!(libc::WEXITSTATUS(status), 7);
    }
    assert_eq!(call(&mut store, second, &[0]).unwrap()[0], 2 * own);
}

/// A profiler is told of functions that are there, and of those that are made later.
#[test]
fn profilers_are_told() {
    use crate::native::ProfileKind;
    let mut store = native_store();
    let (module, _) = module(10, 64 << 10, &i64_type(1, 1), adding(10));
    let instance = instance(&store, &module);
    let map = std::path::PathBuf::from(format!("/tmp/perf-{}.map", std::process::id()));
    let told = || -> Vec<String> {
        let text = std::fs::read_to_string(&map).unwrap();
        let names =
            text.lines().filter_map(|line| line.split(' ').nth(2)).filter(|name| name.starts_with("told-"));
        names.map(String::from).collect()
    };
    let f = func(&mut store, instance, 9);
    call(&mut store, f, &[0]).unwrap();
    native(&module).profile(ProfileKind::PerfMap, Box::new(|index| format!("told-{index}"))).unwrap();
    assert_eq!(told(), ["told-9"]);
    let f = func(&mut store, instance, 8);
    call(&mut store, f, &[0]).unwrap();
    assert_eq!(told(), ["told-9", "told-8"]);
    std::fs::remove_file(map).unwrap();
}
