//! `windlass compile`, and `objdump` of what it makes.

mod common;

use common::{Files, run, run_with_input, windlass};
use std::path::Path;
use windlass_abi::artifact::{Artifact, Parts, Target, write};
use windlass_abi::code::{CodeChunk, CodeImage, FunctionRow, Positions};
use windlass_abi::trap::TrapCode;

const MODULE: &str = r#"(module $m
  (memory 1)
  (data (i32.const 8) "data")
  (func $half (export "h") (param i32) (result i32) (i32.div_s (local.get 0) (i32.const 2)))
  (func (result i32) (call $half (i32.const 10))))"#;

/// An artifact made by hand: a function that traps and returns.
fn by_hand() -> Vec<u8> {
    let wasm = wat::parse_str(MODULE).unwrap();
    let decoded = windlass_wasm::decode(&wasm, &windlass::Features::default()).unwrap();
    let mut code = CodeChunk { text: vec![0xcc; 32], ..CodeChunk::default() };
    code.text[..3].copy_from_slice(&[0x0f, 0x0b, 0xc3]);
    code.text[16..22].copy_from_slice(&[0xe8, 0xeb, 0xff, 0xff, 0xff, 0xc3]);
    Positions::push(&mut code.positions, 0, 0x10, Some(TrapCode::IntegerDivisionByZero));
    let second = code.positions.len() as u32;
    Positions::push(&mut code.positions, 5, 0x20, None);
    code.functions.push(FunctionRow { end: 3, frame_size: 16, ..FunctionRow::default() });
    code.functions.push(FunctionRow {
        start: 16,
        entry: 16,
        end: 22,
        index: 1,
        frame_size: 16,
        positions: second,
        ..FunctionRow::default()
    });
    write(&Parts {
        facts: &decoded.facts,
        data: decoded.data,
        code: &CodeImage { code, slots: 0 },
        target: Target::X86_64,
        version: "0.0.0",
        cpu_features: &["avx2"],
        settings: &[("fuel".into(), "off".into())],
    })
}

#[test]
fn an_artifact_can_be_looked_at() {
    let files = Files::new();
    let file = files.write("a.cwasm", by_hand());
    let described = run(windlass(["objdump"]).arg(&file));
    for part in [
        "artifact, format 1\n",
        "made by: windlass 0.0.0\ntarget: x86_64\nprocessor needs: avx2\nsettings: fuel=off\n",
        "module: $m\nfunctions: 2 compiled, 0 imported\n",
        ".text ",
        "memory[0] at 0x0: 4096 bytes\n",
    ] {
        assert!(described.stdout.contains(part), "{part:?} in:\n{}{}", described.stdout, described.stderr);
    }
    let listed = run(windlass(["objdump", "--func", "h", "--plain"]).arg(&file));
    listed.prints(
        "func[0] $half: type 0 (i32) -> (i32), exported as \"h\"\nframe: 16 bytes\n    \
         ud2                                     ; trap: integer divide by zero, @0x10\n    ret\n",
    );
    let all = run(windlass(["objdump", "--asm", "--plain"]).arg(&file));
    assert!(all.stdout.contains("    call $half                              ; @0x20\n"), "{}", all.stdout);
    let colored = run(windlass(["objdump", "--asm", "--color", "always"]).arg(&file));
    assert!(colored.stdout.contains("\x1b["), "{}", colored.stdout);
    let bytecode = run(windlass(["objdump", "--bytecode"]).arg(&file));
    bytecode.fails(1, &["a.cwasm", "an artifact has no bytecode"]);
    run(windlass(["objdump", "--func", "nothing"]).arg(&file)).fails(1, &["no function", "\"nothing\""]);
}

#[test]
fn a_damaged_artifact_is_refused() {
    let files = Files::new();
    let whole = by_hand();
    let file = files.write("a.cwasm", &whole[..whole.len() / 2]);
    run(windlass(["objdump"]).arg(&file)).fails(1, &["a.cwasm", "damaged artifact", "outside the file"]);
    let file = files.write("b.cwasm", b"\x7fELF and nothing else");
    run(windlass(["objdump"]).arg(&file)).fails(1, &["not an artifact of `windlass compile`"]);
}

#[test]
fn what_cannot_be_compiled() {
    let files = Files::new();
    let good = files.write("a.wat", MODULE);
    let out = files.path().join("a.cwasm");
    let compile = |file: &Path, out: &Path, more: &[&str]| {
        run(windlass(["compile"]).args(more).arg(file).arg("-o").arg(out))
    };
    compile(&good, &out, &["--compiler", "interp"]).fails(1, &["interpreter", "none that can be saved"]);
    compile(Path::new("/nowhere.wasm"), &out, &[]).fails(1, &["cannot read /nowhere.wasm"]);
    compile(&good, &good, &[]).fails(1, &["would overwrite the module"]);
    assert!(!out.exists(), "nothing is written");
    let usage = run(windlass(["compile"]).arg(&good));
    assert!(usage.code == Some(2) && usage.stderr.contains("--output"), "{}", usage.stderr);
}

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod native {
    use super::*;

    const COMPILE: [&str; 3] = ["compile", "--compiler", "baseline"];

    fn compiled(files: &Files, more: &[&str]) -> Vec<u8> {
        let module = files.write("a.wat", MODULE);
        let out = files.path().join("a.cwasm");
        run(windlass(COMPILE).args(more).arg(module).arg("-o").arg(&out)).prints("");
        std::fs::read(out).unwrap()
    }

    #[test]
    fn a_module_becomes_an_artifact() {
        let files = Files::new();
        let bytes = compiled(&files, &[]);
        let artifact = Artifact::parse(&bytes).unwrap();
        assert_eq!(artifact.header.target, "x86_64");
        assert_eq!(artifact.code().code.functions.len(), 2);
        assert_eq!(artifact.data()[8..12], *b"data");
        for threads in ["1", "3"] {
            assert_eq!(bytes, compiled(&files, &["-j", threads]), "the same on {threads} threads");
        }
        let left: Vec<_> = std::fs::read_dir(files.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(left.len(), 2, "{left:?}");
        let listed = run(windlass(["objdump", "--func", "h"]).arg(files.path().join("a.cwasm")));
        assert!(listed.stdout.contains("trap: integer divide by zero"), "{}", listed.stdout);
    }

    #[test]
    fn an_invalid_module() {
        let files = Files::new();
        let bad = files.write("bad.wat", "(module (func (result i32)))");
        let out = files.path().join("bad.cwasm");
        run(windlass(COMPILE).arg(&bad).arg("-o").arg(&out))
            .fails(1, &["cannot compile", "bad.wat", "function 0"]);
        assert!(!out.exists());
    }

    #[test]
    fn pipes_and_full_disks() {
        let files = Files::new();
        let module = files.write("a.wat", MODULE);
        let piped = windlass(COMPILE).args(["-", "-o", "-"]).stdin(std::process::Stdio::piped()).output();
        assert_eq!(piped.unwrap().status.code(), Some(1), "there was nothing to read");
        let out = files.path().join("piped.cwasm");
        let read = run_with_input(windlass(COMPILE).args(["-", "-o"]).arg(&out), MODULE.as_bytes());
        read.prints("");
        assert!(Artifact::parse(&std::fs::read(&out).unwrap()).is_ok());
        let to = |out: &str| run(windlass(COMPILE).arg(&module).args(["-o", out]));
        to("/dev/full").fails(1, &["cannot write /dev/full\n", "No space left on device"]);
        to("/nowhere/a.cwasm").fails(1, &["cannot write /nowhere/a.cwasm", "No such file"]);
        to(files.path().to_str().unwrap()).fails(1, &["cannot write", "directory"]);
    }

    #[test]
    fn what_each_stage_took() {
        let files = Files::new();
        let module = files.write("a.wat", MODULE);
        let stats = run(windlass(COMPILE).arg("--stats").arg(&module).args(["-o", "/dev/null"]));
        assert_eq!((stats.code, stats.stdout.as_str()), (Some(0), ""));
        let stages: Vec<&str> = stats.stderr.lines().map(|line| line[..24.min(line.len())].trim()).collect();
        let expected =
            ["stage", "read", "decode", "validate and compile", "join", "make artifact", "write", "all"];
        assert_eq!(stages[..8], expected, "{}", stats.stderr);
        assert!(stats.stderr.contains("2 functions, "), "{}", stats.stderr);
    }

    #[test]
    fn a_profiler_is_told_names() {
        let files = Files::new();
        let module = files.write("a.wat", MODULE);
        let mut command =
            windlass(["run", "--compiler", "baseline", "--profile", "jitdump", "--invoke", "h"]);
        let child = command
            .current_dir(files.path())
            .arg(&module)
            .arg("42")
            .stdout(std::process::Stdio::piped())
            .spawn();
        let child = child.unwrap();
        let dump = files.path().join(format!("jit-{}.dump", child.id()));
        assert_eq!(child.wait_with_output().unwrap().stdout, b"21\n");
        let dump = std::fs::read(dump).expect("the dump is written");
        assert!(dump.windows(4).any(|name| name == b"half"));

        let mut command =
            windlass(["run", "--compiler", "baseline", "--profile", "perfmap", "--invoke", "h"]);
        let child = command.arg(&module).arg("42").stdout(std::process::Stdio::piped()).spawn().unwrap();
        let map = std::path::PathBuf::from(format!("/tmp/perf-{}.map", child.id()));
        assert_eq!(child.wait_with_output().unwrap().stdout, b"21\n");
        let text = std::fs::read_to_string(&map).expect("the map is written");
        assert!(text.lines().any(|line| line.ends_with("half")), "{text}");
        std::fs::remove_file(map).unwrap();
    }
}
