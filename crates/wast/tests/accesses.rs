//! Accesses of vectors and atomic accesses, to every sort of memory and with every sort of address: the
//! official scripts have most of them for the first memory alone.

use windlass::{Config, Engine, Strategy};
use windlass_wast::Runner;
use windlass_wast::report::Outcome;

/// A memory in which a module's accesses take place.
struct Memory {
    /// The module's fields: memories, and 16 bytes at address 32 of the one that is accessed.
    fields: &'static str,
    /// The memory's index before an immediate.
    index: &'static str,
    /// Type of addresses.
    address: &'static str,
}

const BYTES: &str = r#""\00\81\02\83\04\85\06\87\08\89\0a\8b\0c\8d\0e\8f""#;

const MEMORIES: [Memory; 5] = [
    Memory { fields: "(memory 1) (data (i32.const 32) BYTES)", index: "", address: "i32" },
    Memory { fields: "(memory i64 1) (data (i64.const 32) BYTES)", index: "", address: "i64" },
    Memory { fields: "(memory 1 1 shared) (data (i32.const 32) BYTES)", index: "", address: "i32" },
    Memory {
        fields: "(memory 0) (memory 1) (data (memory 1) (i32.const 32) BYTES)",
        index: "1",
        address: "i32",
    },
    Memory {
        fields: "(memory 0) (memory 0) (memory i64 1 1 shared) (data (memory 2) (i64.const 32) BYTES)",
        index: "2",
        address: "i64",
    },
];

/// The tiers for this machine.
fn tiers() -> Vec<Strategy> {
    let native = cfg!(all(target_arch = "x86_64", target_os = "linux"));
    if native { vec![Strategy::Interpreter, Strategy::Baseline] } else { vec![Strategy::Interpreter] }
}

/// Runs a script on every tier; all of its assertions must hold.
fn passes(text: &str, assertions: usize) {
    for tier in tiers() {
        let runner =
            Runner::new(move |features| Engine::new(Config::new().strategy(tier).wasm_features(features)));
        let directives = runner.run("accesses.wast", text).directives;
        for directive in &directives {
            assert_eq!(
                directive.outcome,
                Outcome::Passed,
                "{} at {}, {tier:?}, in {text}",
                directive.kind.name(),
                directive.place
            );
        }
        assert_eq!(directives.len(), assertions + 1);
    }
}

/// A script in the making: a module's functions, and assertions on them.
struct Script<'m> {
    memory: &'m Memory,
    functions: String,
    assertions: Vec<String>,
}

impl Script<'_> {
    fn new(memory: &Memory) -> Script<'_> {
        Script { memory, functions: String::new(), assertions: Vec::new() }
    }

    /// Adds a function of an address `$at`, in whose text `MEM` stands for the memory's index and `ADDR` for
    /// the type of addresses.
    fn function(&mut self, name: &str, signature: &str, body: &str) {
        let text = format!("(func (export \"{name}\") (param $at ADDR) {signature} {body})\n");
        self.functions += &text.replace("MEM", self.memory.index).replace("ADDR", self.memory.address);
    }

    fn returns(&mut self, name: &str, at: u64, arguments: &str, result: &str) {
        let address = self.memory.address;
        self.assertions
            .push(format!("(assert_return (invoke \"{name}\" ({address}.const {at}) {arguments}) {result})"));
    }

    fn traps(&mut self, name: &str, at: u64, arguments: &str, text: &str) {
        let address = self.memory.address;
        self.assertions
            .push(format!("(assert_trap (invoke \"{name}\" ({address}.const {at}) {arguments}) \"{text}\")"));
    }

    fn run(self) {
        let module = format!("(module {} {})", self.memory.fields.replace("BYTES", BYTES), self.functions);
        passes(&format!("{module}\n{}", self.assertions.join("\n")), self.assertions.len());
    }
}

/// What each load gives of address 32 with its bytes, and how many bytes it reads.
const LOADS: [(&str, u64, &str); 15] = [
    ("v128.load", 16, "i64x2 0x8706850483028100 0x8f0e8d0c8b0a8908"),
    ("v128.load8x8_s", 8, "i16x8 0 -127 2 -125 4 -123 6 -121"),
    ("v128.load8x8_u", 8, "i16x8 0 0x81 2 0x83 4 0x85 6 0x87"),
    ("v128.load16x4_s", 8, "i32x4 0xffff8100 0xffff8302 0xffff8504 0xffff8706"),
    ("v128.load16x4_u", 8, "i32x4 0x8100 0x8302 0x8504 0x8706"),
    ("v128.load32x2_s", 8, "i64x2 0xffffffff83028100 0xffffffff87068504"),
    ("v128.load32x2_u", 8, "i64x2 0x83028100 0x87068504"),
    ("v128.load8_splat", 1, "i8x16 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0"),
    ("v128.load16_splat", 2, "i16x8 0x8100 0x8100 0x8100 0x8100 0x8100 0x8100 0x8100 0x8100"),
    ("v128.load32_splat", 4, "i32x4 0x83028100 0x83028100 0x83028100 0x83028100"),
    ("v128.load64_splat", 8, "i64x2 0x8706850483028100 0x8706850483028100"),
    ("v128.load32_zero", 4, "i32x4 0x83028100 0 0 0"),
    ("v128.load64_zero", 8, "i64x2 0x8706850483028100 0"),
    ("load16_lane", 2, "i16x8 -1 -1 -1 -1 -1 0x8100 -1 -1"),
    ("load64_lane", 8, "i64x2 -1 0x8706850483028100"),
];

const OUT_OF_BOUNDS: &str = "out of bounds memory access";

#[test]
fn vectors_are_loaded_from_every_memory() {
    for memory in &MEMORIES {
        let mut script = Script::new(memory);
        for (load, bytes, result) in LOADS {
            let lane = match load {
                "load16_lane" => Some(5),
                "load64_lane" => Some(1),
                _ => None,
            };
            let (operator, vector, lane) = match lane {
                Some(lane) => (format!("v128.{load}"), "(v128.const i32x4 -1 -1 -1 -1)", lane.to_string()),
                None => (load.to_owned(), "", String::new()),
            };
            let access =
                |offset: &str, address: &str| format!("({operator} MEM {offset} {lane} {address} {vector})");
            let signature = "(result v128)";
            script.function(load, signature, &access("offset=3", "(local.get $at)"));
            script.function(
                &format!("{load} of sum"),
                "(param $more ADDR) (result v128)",
                &access("offset=1", "(ADDR.add (local.get $at) (local.get $more))"),
            );
            // The address is a value just computed, a value computed before another, and a constant.
            let minus = "(ADDR.sub (local.get $at) (ADDR.const 1))";
            script.function(&format!("{load} of value"), signature, &access("", minus));
            script.function(
                &format!("{load} of old value"),
                signature,
                &format!(
                    "(local $old ADDR) (local.set $old {minus}) (drop (ADDR.mul {minus} {minus})) {}",
                    access("", "(local.get $old)")
                ),
            );
            script.function(
                &format!("{load} of sum of value"),
                "(param $more ADDR) (result v128)",
                &access("", &format!("(ADDR.add {minus} (local.get $more))")),
            );
            script.function(
                &format!("{load} of constant"),
                signature,
                &access("offset=30", "(ADDR.const 2)"),
            );
            let result = &format!("(v128.const {result})");
            let more = |n: u64| format!("({}.const {n})", memory.address);
            script.returns(load, 29, "", result);
            script.returns(&format!("{load} of sum"), 20, &more(11), result);
            script.returns(&format!("{load} of value"), 33, "", result);
            script.returns(&format!("{load} of old value"), 33, "", result);
            script.returns(&format!("{load} of sum of value"), 20, &more(13), result);
            script.returns(&format!("{load} of constant"), 0, "", result);
            script.traps(load, 65536 - 3 - bytes + 1, "", OUT_OF_BOUNDS);
            script.traps(&format!("{load} of sum"), 65536 - bytes, &more(0), OUT_OF_BOUNDS);
            script.traps(load, 0xffff_ffff, "", OUT_OF_BOUNDS);
            script.traps(&format!("{load} of value"), 0, "", OUT_OF_BOUNDS);
            if memory.address == "i64" {
                script.traps(load, u64::MAX - 1, "", OUT_OF_BOUNDS);
            } else {
                // A sum of 32-bit addresses wraps; an offset does not.
                script.returns(&format!("{load} of sum"), 0xffff_fff0, &more(47), result);
            }
            script.function(&format!("{load} at the end"), signature, &access("", "(local.get $at)"));
            let zeros = match lane.as_str() {
                "5" => "(v128.const i16x8 -1 -1 -1 -1 -1 0 -1 -1)",
                "1" => "(v128.const i64x2 -1 0)",
                _ => "(v128.const i64x2 0 0)",
            };
            script.returns(&format!("{load} at the end"), 65536 - bytes, "", zeros);
        }
        script.run();
    }
}

#[test]
fn vectors_are_stored_to_every_memory() {
    const VALUE: &str = "(v128.const i8x16 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16)";
    // What is left of a vector of ones at the address.
    let stores = [
        ("v128.store", "", 16, "i8x16 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16"),
        ("v128.store8_lane", "13", 1, "i8x16 14 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1"),
        ("v128.store16_lane", "2", 2, "i8x16 5 6 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1"),
        ("v128.store32_lane", "3", 4, "i8x16 13 14 15 16 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1"),
        ("v128.store64_lane", "1", 8, "i8x16 9 10 11 12 13 14 15 16 -1 -1 -1 -1 -1 -1 -1 -1"),
    ];
    for memory in &MEMORIES {
        let mut script = Script::new(memory);
        script.function("load", "(result v128)", "(v128.load MEM (local.get $at))");
        script.function("ones", "", "(v128.store MEM (local.get $at) (v128.const i32x4 -1 -1 -1 -1))");
        for (store, lane, bytes, result) in stores {
            let mut check =
                |way: &str, signature: &str, body: String, at: u64, arguments: &str, target: u64| {
                    let name = format!("{store} {way}");
                    script.function(&name, signature, &body);
                    script.returns("ones", target, "", "");
                    script.returns(&name, at, arguments, "");
                    script.returns("load", target, "", &format!("(v128.const {result})"));
                };
            let access =
                |offset: &str, address: &str| format!("({store} MEM {offset} {lane} {address} {VALUE})");
            let minus = "(ADDR.sub (local.get $at) (ADDR.const 1))";
            check("plain", "", access("offset=7", "(local.get $at)"), 93, "", 100);
            check("of value", "", access("", minus), 102, "", 101);
            let more = format!("({}.const 1)", memory.address);
            let sum = "(ADDR.add (local.get $at) (local.get $more))";
            check("of sum", "(param $more ADDR)", access("offset=1", sum), 101, &more, 103);
            let sum = format!("(ADDR.add {minus} (local.get $more))");
            check("of sum of value", "(param $more ADDR)", access("", &sum), 104, &more, 104);
            check("of constant", "", access("offset=5", "(ADDR.const 101)"), 0, "", 106);
            // The vector is older than the address.
            let old =
                format!("(local $v v128) (local.set $v {VALUE}) ({store} MEM {lane} {minus} (local.get $v))");
            check("of local", "", old, 108, "", 107);
            script.traps(&format!("{store} plain"), 65536 - 7 - bytes + 1, "", OUT_OF_BOUNDS);
            script.traps(&format!("{store} of value"), 0, "", OUT_OF_BOUNDS);
        }
        script.run();
    }
}

#[test]
fn atomics_work_on_every_memory() {
    // By width: the operators' names and values.
    let widths = [("i32", "8", "_u", 1), ("i32", "16", "_u", 2), ("i32", "", "", 4), ("i64", "", "", 8)]
        .into_iter()
        .chain([("i64", "8", "_u", 1), ("i64", "16", "_u", 2), ("i64", "32", "_u", 4)]);
    let widths: Vec<_> = widths.collect();
    type Meaning = fn(u64, u64) -> u64;
    let modify: [(&str, Meaning); 6] = [
        ("add", u64::wrapping_add),
        ("sub", u64::wrapping_sub),
        ("and", |a, b| a & b),
        ("or", |a, b| a | b),
        ("xor", |a, b| a ^ b),
        ("xchg", |_, b| b),
    ];
    const OLD: u64 = 0x8877_6655_4433_22ff;
    const NEW: u64 = 0x0123_4567_89ab_cd81;
    for memory in &MEMORIES {
        let mut script = Script::new(memory);
        script.function("set", "", &format!("(i64.store MEM (local.get $at) (i64.const {OLD}))"));
        script.function("get", "(result i64)", "(i64.load MEM (local.get $at))");
        script.function("fence", "", "(atomic.fence)");
        script.returns("fence", 0, "", "");
        for &(ty, bits, suffix, bytes) in &widths {
            let mask = u64::MAX >> (64 - 8 * bytes);
            let value = |x: u64| format!("({ty}.const {})", if ty == "i32" { x & 0xffff_ffff } else { x });
            let stored = |x: u64| format!("(i64.const {})", OLD & !mask | x & mask);
            let mut check = |name: &str, body: String, arguments: &[u64], result: Option<u64>, left: u64| {
                let params: Vec<&str> = arguments.iter().map(|_| ty).collect();
                let results = result.map_or(String::new(), |_| format!("(result {ty})"));
                script.function(name, &format!("(param {}) {results}", params.join(" ")), &body);
                let arguments: Vec<String> = arguments.iter().map(|&x| value(x)).collect();
                let arguments = arguments.join(" ");
                script.returns("set", 208, "", "");
                script.returns(name, 200, &arguments, &result.map_or(String::new(), value));
                script.returns("get", 208, "", &stored(left));
                let outside = 65536 - 8 - bytes;
                script.traps(name, outside + bytes, &arguments, OUT_OF_BOUNDS);
                if bytes > 1 {
                    script.traps(name, 201, &arguments, "unaligned atomic");
                    script.traps(name, outside + bytes + 1, &arguments, "unaligned atomic");
                }
            };
            let at = "MEM offset=8 (local.get $at)";
            let name = format!("{ty}.atomic.load{bits}{suffix}");
            check(&name, format!("({name} {at})"), &[], Some(OLD & mask), OLD);
            let name = format!("{ty}.atomic.store{bits}");
            check(&name, format!("({name} {at} (local.get 1))"), &[NEW], None, NEW);
            for (operator, meaning) in modify {
                let name = format!("{ty}.atomic.rmw{bits}.{operator}{suffix}");
                let body = format!("({name} {at} (local.get 1))");
                check(&name, body, &[NEW], Some(OLD & mask), meaning(OLD, NEW));
            }
            let name = format!("{ty}.atomic.rmw{bits}.cmpxchg{suffix}");
            let body = format!("({name} {at} (local.get 1) (local.get 2))");
            // Bits of the expected value above the access don't count.
            check(&name, body, &[OLD, NEW], Some(OLD & mask), NEW);
            check(
                &format!("{name} fails"),
                format!("({name} {at} (local.get 1) (local.get 2))"),
                &[OLD ^ 1, NEW],
                Some(OLD & mask),
                OLD,
            );
        }
        script.run();
    }
}

#[test]
fn waiting_and_waking() {
    for memory in &MEMORIES {
        let mut script = Script::new(memory);
        let shared = memory.fields.contains("shared");
        for (bits, expected) in [("32", "(i32.const 1)"), ("64", "(i64.const 1)")] {
            let name = format!("wait{bits}");
            let wait = |timeout: &str| {
                format!(
                    "(memory.atomic.wait{bits} MEM offset=8 (local.get $at) {expected} (i64.const {timeout}))"
                )
            };
            script.function(&name, "(result i32)", &wait("1000"));
            let equal = format!("{name} for long");
            script.function(
                &equal,
                "(result i32)",
                &format!("(i64.store MEM offset=8 (local.get $at) (i64.const 1)) {}", wait("1000000")),
            );
            if shared {
                script.returns(&name, 1000, "", "(i32.const 1)");
                script.returns(&equal, 2000, "", "(i32.const 2)");
                script.traps(&name, 2, "", "unaligned atomic");
                script.traps(&name, 65536 - 8, "", OUT_OF_BOUNDS);
            } else {
                script.traps(&name, 1000, "", "expected shared memory");
            }
        }
        script.function(
            "notify",
            "(result i32)",
            "(memory.atomic.notify MEM offset=8 (local.get $at) (i32.const 9))",
        );
        script.returns("notify", 1000, "", "(i32.const 0)");
        script.traps("notify", 1002, "", "unaligned atomic");
        script.traps("notify", 65536 - 8, "", OUT_OF_BOUNDS);
        if memory.address == "i64" {
            script.traps("notify", u64::MAX - 7, "", OUT_OF_BOUNDS);
        }
        script.run();
    }
}
