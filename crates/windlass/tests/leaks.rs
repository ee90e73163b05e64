//! Nothing grows, however many instances come and go.
//!
//! Two threads make and drop stores with instances, of modules that stay and of modules that are compiled for the
//! occasion, on every tier. Guests trap, host functions fail, memories and tables grow, stacks overflow. After a first
//! part, in which caches and the allocator's arenas fill, the process must not get larger.
//!
//! `WINDLASS_LEAK_INSTANCES` in the environment says how many instances there are in all; see CONTRIBUTING.

#![cfg(target_os = "linux")]

use std::fmt;
use std::sync::Barrier;
use std::thread;
use windlass::*;

/// Instances in a run of the tests.
const INSTANCES: usize = 20_000;
const THREADS: usize = 2;

/// How large the process is.
#[derive(Clone, Copy)]
struct Size {
    address_space: u64,
    resident: u64,
    mappings: usize,
    descriptors: usize,
}

impl Size {
    fn now() -> Size {
        let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
        let mut pages = statm.split(' ').map(|n| n.parse::<u64>().unwrap());
        let page = rustix::param::page_size() as u64;
        let mut bytes = || pages.next().unwrap() * page;
        Size {
            address_space: bytes(),
            resident: bytes(),
            mappings: std::fs::read_to_string("/proc/self/maps").unwrap().lines().count(),
            descriptors: std::fs::read_dir("/proc/self/fd").unwrap().count(),
        }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Size { address_space, resident, mappings, descriptors } = self;
        write!(
            f,
            "{} KiB of address space, {} KiB resident, {mappings} mappings, {descriptors} descriptors",
            address_space >> 10,
            resident >> 10
        )
    }
}

const GUEST: &str = r#"
    (import "host" "fail" (func $fail (param i32)))
    (memory (export "m") 1 64)
    (table $t 8 4096 externref) (table $f 8 4096 funcref) (elem (table $f) (i32.const 0) func $run)
    (global (mut externref) (ref.null extern))
    (tag $e (param i32 externref))
    (func $deep (param i32) (result i32) (i32.add (call $deep (local.get 0)) (i32.const 1)))
    (func $run (export "run") (param $what i32) (param $x externref) (result i32)
        (block $default (block $deep (block $throw (block $caught (block $host (block $grow (block $bounds
        (block $unreachable
            (br_table $unreachable $bounds $grow $host $caught $throw $deep $default (local.get $what)))
        unreachable)
        (return (i32.load (i32.const 0x7fff_ffff))))
        (drop (memory.grow (i32.const 5)))
        (memory.fill (i32.const 100) (i32.const 7) (i32.const 100_000))
        (drop (table.grow $t (local.get $x) (i32.const 500)))
        (drop (table.grow $f (ref.func $run) (i32.const 500)))
        (table.set $t (i32.const 3) (local.get $x))
        (return (memory.size)))
        (call $fail (i32.const 1)) (return (i32.const 2)))
        (block $handler (result i32 externref)
            (try_table (catch $e $handler) (throw $e (i32.const 3) (local.get $x)))
            unreachable)
        drop return)
        (throw $e (i32.const 4) (local.get $x)))
        (return (call $deep (i32.const 0))))
        (i32.const 5))"#;

/// What is shared by all instances of an engine.
struct Setting {
    engine: Engine,
    linker: Linker<Vec<u8>>,
    small: Module,
    /// Its data is mapped from an image.
    large: Module,
}

impl Setting {
    fn new(change: impl FnOnce(&mut Config)) -> Setting {
        let mut config = Config::new();
        config.max_wasm_stack(64 << 10).parallel_compilation(false);
        change(&mut config);
        let engine = Engine::new(&config).unwrap();
        let mut linker = Linker::new(&engine);
        linker
            .func_wrap("host", "fail", |mut caller: Caller<'_, Vec<u8>>, n: i32| -> Result<()> {
                caller.data_mut().push(n as u8);
                let value = ExternRef::new(&mut caller, vec![n; 10])?;
                ensure!(value.data(&caller)?.is_none(), "the host fails");
                Ok(())
            })
            .unwrap();
        let small = Module::new(&engine, format!("(module {GUEST})")).unwrap();
        let data = "x".repeat(60_000);
        let large = format!(
            r#"(module {GUEST} (memory 4) (data (memory 1) (i32.const 9) "{data}") (data (memory 1) (i32.const 100_000) "{data}"))"#
        );
        let large = Module::new(&engine, large).unwrap();
        Setting { engine, linker, small, large }
    }

    /// Makes and drops a store with an instance that does something.
    fn instance(&self, round: usize) {
        let own;
        let module = match round % 32 {
            3 => {
                // Its types, code and names go with it.
                let types = "i64 ".repeat(round / 32 % 9);
                own = Module::new(&self.engine, format!("(module (type (func (param {types}))) {GUEST})"))
                    .unwrap();
                &own
            }
            0..16 => &self.small,
            _ => &self.large,
        };
        let mut store = Store::new(&self.engine, vec![1; 100]);
        let instance = self.linker.instantiate(&mut store, module).unwrap();
        let run =
            instance.get_typed_func::<(u32, Option<Rooted<ExternRef>>), u32>(&mut store, "run").unwrap();
        let what = (round / 3 % 8) as u32;
        let value = ExternRef::new(&mut store, String::from("a value of the host")).unwrap();
        let result = run.call(&mut store, (what, Some(value)));
        let failed = |trap: Trap| result.as_ref().unwrap_err().downcast_ref() == Some(&trap);
        match what {
            0 => assert!(failed(Trap::UnreachableCodeReached)),
            1 => assert!(failed(Trap::MemoryOutOfBounds)),
            2 => assert_eq!(result.unwrap(), 6),
            3 => assert_eq!(result.unwrap_err().root_cause().to_string(), "the host fails"),
            4 => assert_eq!(result.unwrap(), 3),
            5 => {
                assert!(result.unwrap_err().is::<ThrownException>());
                assert!(store.take_pending_exception().is_some());
            }
            6 => assert!(failed(Trap::StackOverflow)),
            _ => assert_eq!(result.unwrap(), 5),
        }
        if round.is_multiple_of(7) {
            store.gc(None).unwrap();
        }
        // What cannot be made leaves nothing behind, either.
        if round.is_multiple_of(11) {
            assert!(Module::new(&self.engine, "(module (func (result i32)))").is_err());
            assert!(Instance::new(&mut store, module, &[]).is_err());
        }
    }
}

#[test]
fn a_process_does_not_grow() {
    let all = match std::env::var("WINDLASS_LEAK_INSTANCES") {
        Ok(number) => number.parse().expect("WINDLASS_LEAK_INSTANCES is a number"),
        Err(_) => INSTANCES,
    };
    let mut settings = vec![
        Setting::new(|_| ()),
        Setting::new(|config| {
            config.strategy(Strategy::Interpreter);
        }),
        Setting::new(|config| {
            config.strategy(Strategy::Interpreter).consume_fuel(false).epoch_interruption(true);
            config.epoch_interruption(false).memory_reservation(0).memory_init_cow(false);
        }),
    ];
    if cfg!(target_arch = "x86_64") {
        settings.push(Setting::new(|config| {
            config.strategy(Strategy::Baseline).lazy_compilation(true);
        }));
        settings.push(Setting::new(|config| {
            config.strategy(Strategy::Baseline).signals_based_traps(false).memory_reservation(1 << 20);
        }));
    }
    // The threads stay, so that what each keeps for itself is there after the first part.
    let barrier = Barrier::new(THREADS + 1);
    let part = |thread: usize, rounds: usize| {
        for round in (thread..rounds).step_by(THREADS) {
            settings[round % settings.len()].instance(round / settings.len());
        }
    };
    let (before, after) = thread::scope(|scope| {
        for thread in 0..THREADS {
            let (barrier, part) = (&barrier, &part);
            scope.spawn(move || {
                part(thread, all / 4);
                barrier.wait();
                barrier.wait();
                part(thread, all - all / 4);
                barrier.wait();
            });
        }
        barrier.wait();
        let before = Size::now();
        barrier.wait();
        barrier.wait();
        (before, Size::now())
    });
    println!("before: {before}\nafter {} instances more: {after}", all - all / 4);
    // The allocator takes and gives back what it likes, but not in proportion to what was made: a byte an
    // instance would be seen in a million, a page in each run of the tests.
    assert!(after.resident <= before.resident + (4 << 20), "memory: {before}; then {after}");
    assert!(
        after.address_space <= before.address_space + (128 << 20),
        "address space: {before}; then {after}"
    );
    assert!(after.mappings <= before.mappings + 64, "mappings: {before}; then {after}");
    assert_eq!(after.descriptors, before.descriptors, "descriptors: {before}; then {after}");
}
