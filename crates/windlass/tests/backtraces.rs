//! Backtraces in terms of the source: DWARF, mangled names.

mod common;
use common::*;
use std::ops::Range;
use std::time::{Duration, Instant};
use windlass::*;

/// See `dwarf/README.md`.
const AVERAGE_4: &[u8] = include_bytes!("dwarf/average-4.wasm");
const AVERAGE_5: &[u8] = include_bytes!("dwarf/average-5.wasm");
const DIV: &[u8] = include_bytes!("dwarf/div.wasm");

fn engine(details: WasmBacktraceDetails) -> Engine {
    Engine::new(Config::new().wasm_backtrace_details(details)).unwrap()
}

/// The error of a call that traps.
fn fail(engine: &Engine, binary: &[u8], function: &str, args: &[Val]) -> Result<Error> {
    let module = Module::from_binary(engine, binary)?;
    let mut store = Store::new(engine, ());
    let instance = Instance::new(&mut store, &module, &[])?;
    let func = instance.get_func(&mut store, function).context("no such function")?;
    let mut results = vec![Val::I32(0); func.ty(&store).results().len()];
    let error = func.call(&mut store, args, &mut results).expect_err("it traps");
    Ok(error)
}

/// The places of the frames, one a line.
fn places(error: &Error) -> Vec<Vec<String>> {
    let place = |symbol: &FrameSymbol| {
        let number = |n: Option<u32>| n.map_or("?".to_string(), |n| n.to_string());
        let (line, column) = (number(symbol.line()), number(symbol.column()));
        format!("{} {}:{line}:{column}", symbol.name().unwrap_or("?"), symbol.file().unwrap_or("?"))
    };
    let frames = error.downcast_ref::<WasmBacktrace>().expect("a backtrace").frames();
    frames.iter().map(|frame| frame.symbols().iter().map(place).collect()).collect()
}

#[test]
fn frames_know_their_source_and_what_was_inlined() -> Result<()> {
    let engine = engine(WasmBacktraceDetails::Enable);
    for binary in [AVERAGE_4, AVERAGE_5] {
        let error = fail(&engine, binary, "run", &[Val::I32(0)])?;
        assert_eq!(trap(&error), Trap::IntegerDivisionByZero);
        let expected = [
            vec!["divided /src/average.c:10:14", "mean /src/average.c:18:10", "average /src/average.c:23:10"],
            vec!["run /src/average.c:28:14"],
        ];
        assert_eq!(places(&error), expected);
    }
    Ok(())
}

#[test]
fn printed_backtraces_have_lines_for_the_source() -> Result<()> {
    let enabled = engine(WasmBacktraceDetails::Enable);
    let error = fail(&enabled, AVERAGE_5, "run", &[Val::I32(0)])?;
    let expected = "\
error while executing at wasm backtrace:
    0:  0x118 - average-5.wasm!divided
                    at /src/average.c:10:14
              - mean
                    at /src/average.c:18:10
              - average
                    at /src/average.c:23:10
    1:  0x14f - average-5.wasm!run
                    at /src/average.c:28:14";
    assert_eq!(error.to_string(), expected);

    let disabled = engine(WasmBacktraceDetails::Disable);
    let error = fail(&disabled, AVERAGE_5, "run", &[Val::I32(0)])?;
    let expected = "\
error while executing at wasm backtrace:
    0:  0x118 - average-5.wasm!average
    1:  0x14f - average-5.wasm!run
note: with WASM_BACKTRACE_DETAILS=1 in the environment this shows files and lines";
    assert_eq!(error.to_string(), expected);
    assert!(places(&error).iter().all(Vec::is_empty));
    Ok(())
}

#[test]
fn debug_information_can_be_attached_when_it_is_needed() -> Result<()> {
    let expected = places(&fail(&engine(WasmBacktraceDetails::Enable), AVERAGE_5, "run", &[Val::I32(0)])?);
    // The module itself; and the same code in one that has lost its debug information, and has it elsewhere.
    let first = debug_sections(AVERAGE_5)[0].0;
    let stripped = [&AVERAGE_5[..8], &custom("first", &[0; 100]), &AVERAGE_5[8..first]].concat();
    for (binary, unread) in [(AVERAGE_5, true), (&stripped, false)] {
        let error = fail(&engine(WasmBacktraceDetails::Disable), binary, "run", &[Val::I32(0)])?;
        let module = error.downcast_ref::<WasmBacktrace>().unwrap().frames()[0].module();
        assert_eq!(module.has_unread_debug_info(), unread);
        assert!(module.attach_debug_info(b"no module").is_err());
        module.attach_debug_info(AVERAGE_5)?;
        assert!(!module.has_unread_debug_info());
        assert_eq!(places(&error), expected);
    }
    Ok(())
}

#[test]
fn mangled_names_are_printed_as_in_the_source() -> Result<()> {
    let error = fail(&engine(WasmBacktraceDetails::Enable), DIV, "each", &[Val::I32(1), Val::I32(0)])?;
    let places = error.downcast_ref::<WasmBacktrace>().unwrap().frames();
    // The linker has made the name section readable already.
    assert_eq!(places[0].func_name(), Some("shop::Price<int>::each(int) const"));
    assert_eq!(places[0].symbols()[0].name(), Some("_ZNK4shop5PriceIiE4eachEi"));
    let text = error.to_string();
    assert!(text.contains("!shop::Price<int>::each(int) const\n"), "{text}");
    assert!(text.contains("at /src/div.cc:4:66\n"), "{text}");

    let wat = "(module
        (func $_ZN4demo4main17h0123456789abcdefE (export \"f\") (call $_ZN4shop4saleEj))
        (func $_ZN4shop4saleEj (unreachable)))";
    let (mut store, instance) = instance(wat);
    let error = instance.get_func(&mut store, "f").unwrap().call(&mut store, &[], &mut []).unwrap_err();
    assert_eq!(frames(&error), ["_ZN4shop4saleEj", "_ZN4demo4main17h0123456789abcdefE"]);
    let text = error.to_string();
    assert!(text.contains("!shop::sale(unsigned int)\n") && text.ends_with("!demo::main"), "{text}");
    Ok(())
}

/// The custom sections of a module that hold debug information: where each starts, and where its contents are.
fn debug_sections(binary: &[u8]) -> Vec<(usize, Range<usize>)> {
    let (mut at, mut found) = (8, Vec::new());
    let number = |at: &mut usize| {
        let (mut n, mut shift) = (0, 0);
        loop {
            let byte = binary[*at];
            *at += 1;
            n |= (byte as usize & 0x7f) << shift;
            shift += 7;
            if byte < 0x80 {
                return n;
            }
        }
    };
    while at < binary.len() {
        let (start, id) = (at, binary[at]);
        at += 1;
        let size = number(&mut at);
        let end = at + size;
        if id == 0 {
            let len = number(&mut at);
            if binary[at..at + len].starts_with(b".debug_") {
                found.push((start, at + len..end));
            }
        }
        at = end;
    }
    found
}

/// Numbers without a pattern, the same on every run.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) as usize % n
    }
}

#[test]
fn broken_debug_information_only_leaves_places_out() -> Result<()> {
    let engine = engine(WasmBacktraceDetails::Enable);
    let mut random = Random(7);
    let (mut with_places, mut without) = (0, 0);
    for (binary, function, args) in [
        (AVERAGE_4, "run", &[Val::I32(0)][..]),
        (AVERAGE_5, "run", &[Val::I32(0)]),
        (DIV, "each", &[Val::I32(1), Val::I32(0)]),
    ] {
        let sections = debug_sections(binary);
        assert!(sections.len() >= 5, "{sections:?}");
        for _ in 0..1500 {
            let mut broken = binary.to_vec();
            let (_, section) = sections[random.below(sections.len())].clone();
            for _ in 0..1 + random.below(8) {
                let at = section.start + random.below(section.len());
                let interesting =
                    [0, 1, 0x7f, 0x80, 0xff, broken[at].wrapping_add(1), random.below(256) as u8];
                let byte = interesting[random.below(interesting.len())];
                // Sometimes a run of bytes: a size or an offset.
                let end = (at + [1, 1, 4, 8][random.below(4)]).min(section.end);
                broken[at..end].fill(byte);
            }
            let error = fail(&engine, &broken, function, args)?;
            assert_eq!(trap(&error), Trap::IntegerDivisionByZero);
            // The frames stay, whatever is said of them.
            assert!(frames(&error).len() == 2, "{error}");
            match places(&error).iter().all(|places| places.is_empty()) {
                true => without += 1,
                false => with_places += 1,
            }
            assert!(!error.to_string().is_empty());
        }
    }
    assert!(with_places > 500 && without > 100, "{with_places} {without}");
    Ok(())
}

/// A module that divides by zero, with these custom sections.
fn module_with(sections: &[(&str, Vec<u8>)]) -> Vec<u8> {
    // (module (func (export "f") (drop (i32.div_u (i32.const 1) (i32.const 0))))), the division at 7 in the code section.
    let mut binary = b"\0asm\x01\0\0\0\
        \x01\x04\x01\x60\0\0\
        \x03\x02\x01\0\
        \x07\x05\x01\x01f\0\0\
        \x0a\x0a\x01\x08\0\x41\x01\x41\0\x6e\x1a\x0b"
        .to_vec();
    binary.extend(sections.iter().flat_map(|(name, contents)| custom(name, contents)));
    binary
}

/// A custom section.
fn custom(name: &str, contents: &[u8]) -> Vec<u8> {
    let number = |mut n: usize| {
        let mut bytes = Vec::new();
        while n >= 0x80 {
            bytes.push(n as u8 | 0x80);
            n >>= 7;
        }
        bytes.push(n as u8);
        bytes
    };
    let name = [number(name.len()), name.as_bytes().to_vec()].concat();
    [vec![0], number(name.len() + contents.len()), name, contents.to_vec()].concat()
}

/// A compilation unit of DWARF 4 around entries.
fn unit(entries: &[u8]) -> Vec<u8> {
    let header = [&4u16.to_le_bytes()[..], &0u32.to_le_bytes(), &[4]].concat();
    [&((header.len() + entries.len()) as u32).to_le_bytes()[..], &header, entries].concat()
}

#[test]
fn hostile_debug_information_costs_little() -> Result<()> {
    let engine = engine(WasmBacktraceDetails::Enable);
    const MIB: usize = 1 << 20;
    // Abbreviations: 1, a compile unit with children, no attributes; 2, a function from 1 to 255, with children;
    // 3, an inlined call there, with children; 4, a thing with many attributes that take no bytes.
    let place = [0x11, 0x0b, 0x12, 0x0b, 0, 0];
    let flags = [0x3f, 0x19].repeat(MIB);
    let abbreviations = [
        &[1, 0x11, 1, 0, 0, 2, 0x2e, 1][..],
        &place,
        &[3, 0x1d, 1],
        &place,
        &[4, 0x34, 0],
        &flags,
        &[0, 0, 0],
    ]
    .concat();
    let short = abbreviations[..abbreviations.len() - flags.len() - 6].to_vec();
    let short = [short, vec![0]].concat();
    let cases = [
        // Inlined calls in inlined calls, a million deep.
        ("deep", short.clone(), unit(&[vec![1, 2, 1, 255], [3, 1, 255].repeat(MIB)].concat())),
        // Functions in functions, a million deep.
        ("nested", short.clone(), unit(&[vec![1], [2, 1, 255].repeat(MIB)].concat())),
        // Many units that each are everywhere, or that share a large table of abbreviations.
        ("units", short.clone(), unit(&[1, 2, 1, 255, 0, 0]).repeat(MIB / 4)),
        ("tables", abbreviations.clone(), unit(&[1, 0]).repeat(MIB / 4)),
        // Entries with a million attributes that take no bytes.
        ("attributes", abbreviations.clone(), unit(&[vec![1], vec![4; 4 * MIB]].concat())),
        // One large entry after the other, and nothing of use.
        ("long", short, unit(&[vec![1], vec![0; 8 * MIB]].concat())),
    ];
    for (name, abbreviations, info) in cases {
        // A line program that sets every row at the same address; and what looks like one.
        let line = [&[1u8, 0, 0, 0, 4, 0][..], &vec![0x20; MIB]].concat();
        let binary =
            module_with(&[(".debug_abbrev", abbreviations), (".debug_info", info), (".debug_line", line)]);
        let error = fail(&engine, &binary, "f", &[])?;
        let start = Instant::now();
        let text = error.to_string();
        assert!(start.elapsed() < Duration::from_secs(5), "{name}: {:?}", start.elapsed());
        assert!(text.len() < 64 << 10, "{name}: {} bytes", text.len());
        println!("{name}: {:?}, {} bytes", start.elapsed(), text.len());
    }
    Ok(())
}

#[test]
fn the_environment_decides_by_default() {
    // Its own process, because the environment belongs to all threads.
    let program = std::env::current_exe().unwrap();
    let run = |value: Option<&str>| {
        let mut command = std::process::Command::new(&program);
        command.args(["--exact", "prints_a_backtrace_with_the_default_settings", "--nocapture"]);
        match value {
            Some(value) => command.env("WASM_BACKTRACE_DETAILS", value),
            None => command.env_remove("WASM_BACKTRACE_DETAILS"),
        };
        let output = command.output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(run(Some("1")).contains("at /src/average.c:10:14\n"));
    for value in [None, Some("0"), Some("")] {
        let text = run(value);
        assert!(text.contains("average-5.wasm!average") && !text.contains("/src/average.c"), "{text}");
        assert!(text.contains("note: with WASM_BACKTRACE_DETAILS=1"), "{text}");
    }
}

#[test]
fn prints_a_backtrace_with_the_default_settings() -> Result<()> {
    let error = fail(&Engine::default(), AVERAGE_5, "run", &[Val::I32(0)])?;
    assert_eq!(frames(&error), ["average", "run"]);
    println!("{error}");
    Ok(())
}
