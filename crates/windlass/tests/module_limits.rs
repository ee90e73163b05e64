//! Modules from strangers: limits on what they hold, on the time that compiling them takes, and cancellation.

mod common;
use std::thread;
use std::time::{Duration, Instant};
use windlass::*;

fn engine(change: impl FnOnce(&mut Config)) -> Engine {
    let mut config = Config::new();
    change(&mut config);
    Engine::new(&config).unwrap()
}

fn kind(error: &Error) -> &DecodeErrorKind {
    error.downcast_ref::<DecodeError>().unwrap_or_else(|| panic!("{error:?}")).kind()
}

/// A module of one function with about this many bytes, in binary form.
fn one_function(bytes: usize) -> Vec<u8> {
    let mut body = vec![0];
    // (drop (i32.add (i32.const 1) (i32.const 2)))
    body.extend([0x41, 1, 0x41, 2, 0x6a, 0x1a].repeat(bytes / 6));
    body.push(0x0b);
    many_functions(&body, 1)
}

/// A module of this many functions with the same body.
fn many_functions(body: &[u8], count: usize) -> Vec<u8> {
    fn leb(mut n: usize) -> Vec<u8> {
        let mut out = Vec::new();
        while n >= 0x80 {
            out.push(n as u8 | 0x80);
            n >>= 7;
        }
        out.push(n as u8);
        out
    }
    let section = |id: u8, items: Vec<u8>, count: usize| {
        let contents = [leb(count), items].concat();
        [vec![id], leb(contents.len()), contents].concat()
    };
    let body = [leb(body.len()), body.to_vec()].concat();
    [
        b"\0asm\x01\0\0\0".to_vec(),
        section(1, vec![0x60, 0, 0], 1),
        section(3, vec![0; count], count),
        section(10, body.repeat(count), count),
    ]
    .concat()
}

#[test]
fn limits_hold_wherever_modules_are_read() -> Result<()> {
    let limits = ModuleLimits::strict().functions(1);
    let strict = engine(|config| {
        config.module_limits(limits);
    });
    let two = "(module (func) (func))";
    let binary = wat(two);
    let expected = DecodeErrorKind::ModuleLimit { limit: "functions", value: 2, maximum: 1 };
    assert_eq!(*kind(&Module::new(&strict, two).unwrap_err()), expected);
    assert_eq!(*kind(&Module::from_binary(&strict, &binary).unwrap_err()), expected);
    assert_eq!(*kind(&Module::validate(&strict, &binary).unwrap_err()), expected);
    assert_eq!(*kind(&strict.compile_image(&binary, 1).map(|_| ()).unwrap_err()), expected);
    Module::new(&strict, "(module (func))")?;
    Module::new(&Engine::default(), two)?;
    Ok(())
}

fn wat(text: &str) -> Vec<u8> {
    windlass_wasm::text::parse(text.as_bytes()).unwrap().into_owned()
}

#[test]
fn files_and_texts_that_are_too_large_are_not_read() {
    let engine = engine(|config| {
        config.module_limits(ModuleLimits::new().module_bytes(100_000));
    });
    let too_large = |error: Error| {
        let DecodeErrorKind::ModuleLimit { limit: "module_bytes", value, maximum: 100_000 } = *kind(&error)
        else {
            panic!("{error:?}")
        };
        assert!(value > 100_000);
    };
    let text = format!("(module) ;; {}", " ".repeat(100_000));
    too_large(Module::new(&engine, text).unwrap_err());
    // A file without an end.
    let error = Module::from_file(&engine, "/dev/zero").unwrap_err();
    assert!(error.to_string().contains("/dev/zero"), "{error}");
    too_large(error);
}

#[test]
fn time_limits_hold() {
    for lazy in [false, true] {
        let engine = engine(|config| {
            config.compile_timeout(Some(Duration::from_millis(20))).lazy_compilation(lazy);
        });
        for module in [one_function(7_000_000), many_functions(&[0, 0x0b], 900_000)] {
            let start = Instant::now();
            let error = Module::new(&engine, &module).unwrap_err();
            let stopped: &CompileStopped = error.downcast_ref().unwrap_or_else(|| panic!("{error:?}"));
            assert_eq!(*stopped, CompileStopped::TimedOut(Duration::from_millis(20)));
            assert!(error.to_string().contains("20ms"), "{error}");
            println!("stopped after {:?}", start.elapsed());
        }
        // The engine goes on.
        Module::new(&engine, "(module (func))").unwrap();
    }
}

#[test]
fn compiling_is_cancelled_in_time() {
    for parallel in [false, true] {
        let engine = engine(|config| {
            config.parallel_compilation(parallel);
        });
        let huge = one_function(7_000_000);
        let mut body = vec![0];
        body.extend([0x41, 1, 0x41, 2, 0x6a, 0x1a].repeat(100));
        body.push(0x0b);
        for module in [huge, many_functions(&body, 50_000)] {
            let mut took: Vec<Duration> = (0..5)
                .map(|i| {
                    let cancellation = Cancellation::new();
                    let thread = thread::spawn({
                        let cancellation = cancellation.clone();
                        move || {
                            thread::sleep(Duration::from_millis(5 + i * 5));
                            cancellation.cancel();
                            Instant::now()
                        }
                    });
                    let error = Module::new_cancellable(&engine, &module, &cancellation).unwrap_err();
                    let end = Instant::now();
                    assert_eq!(error.downcast_ref(), Some(&CompileStopped::Cancelled), "{error:?}");
                    end.saturating_duration_since(thread.join().unwrap())
                })
                .collect();
            took.sort();
            println!("parallel: {parallel}: {took:?}");
            assert!(took[2] <= common::stop_bound(), "{took:?}");
        }
    }
}
