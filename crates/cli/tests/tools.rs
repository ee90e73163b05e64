//! `windlass wast`, `validate` and `objdump`.

mod common;

use common::{Files, run, run_with_input, windlass};

const GOOD: &str = r#"(module (func (export "f") (result i32) (i32.const 1)))
(assert_return (invoke "f") (i32.const 1))
(assert_invalid (module (func (result i32))) "type mismatch")
"#;
const BAD: &str = r#"(module (func (export "f") (result i32) (i32.const 1)))
(assert_return (invoke "f") (i32.const 2))
(assert_return (invoke "f") (i32.const 1))
"#;

#[test]
fn scripts_pass_and_fail() {
    let files = Files::new();
    let good = files.write("suite/good.wast", GOOD);
    let passed = run(windlass(["wast"]).arg(&good));
    assert_eq!((passed.code, passed.stderr.as_str()), (Some(0), ""), "{}", passed.stdout);
    assert!(
        passed.stdout.contains("all assertions                  2        0         0"),
        "{}",
        passed.stdout
    );
    assert!(passed.stdout.ends_with("\n1 file\n"), "{}", passed.stdout);

    files.write("suite/below/bad.wast", BAD);
    files.write("suite/note.txt", "no script");
    let failed = run(windlass(["wast", "--verbose"]).arg(files.path().join("suite")));
    assert_eq!((failed.code, failed.stderr.as_str()), (Some(1), ""));
    for part in [
        "below/bad.wast:2:2: assert_return: result 0 is i32:1, expected i32:2\n",
        "below/bad.wast: 3 directives, 1 failed\n",
        "good.wast: 3 directives, 0 failed\n",
        "all assertions                  3        1         0",
        "2 files\n",
    ] {
        assert!(failed.stdout.contains(part), "{part:?} in:\n{}", failed.stdout);
    }
}

#[test]
fn scripts_that_are_not_there() {
    run(&mut windlass(["wast", "/nowhere.wast"])).fails(1, &["cannot read /nowhere.wast"]);
    let files = Files::new();
    run(windlass(["wast"]).arg(files.path())).fails(1, &["no .wast file below"]);
}

#[test]
fn a_list_of_what_is_left_out() {
    let files = Files::new();
    let script = files.write("a.wast", BAD);
    let with = |list: &str| {
        let list = files.write("list.txt", list);
        run(windlass(["wast", "--left-out"]).arg(list).arg(&script))
    };
    let listed = with("a.wast:2:2  known\n");
    assert_eq!(listed.code, Some(0), "{}", listed.stdout);
    assert!(
        listed.stdout.contains("all assertions                  1        0         1"),
        "{}",
        listed.stdout
    );

    let surprise = with("a.wast:2:2  known\na.wast:3:2  known\n");
    assert_eq!(surprise.code, Some(1));
    assert!(
        surprise.stdout.contains("a.wast:3:2: assert_return: passes, though listed"),
        "{}",
        surprise.stdout
    );

    let stale = with("a.wast:2:2  known\na.wast:9:9  known\n");
    assert_eq!(stale.code, Some(1));
    assert!(stale.stdout.contains("a.wast:9:9: listed as left out, but no directive"), "{}", stale.stdout);

    with("a.wast  known\n").fails(1, &["list.txt", "line 1", "FILE:LINE:COLUMN"]);
    run(windlass(["wast", "--left-out", "/nowhere.txt"]).arg(&script))
        .fails(1, &["cannot read /nowhere.txt"]);
}

#[test]
fn renewing_the_list() {
    let files = Files::new();
    let script = files.write(
        "gc.wast",
        "(module (type $s (struct)) (func (export \"f\") (drop (struct.new $s))))\n(invoke \"f\")\n(module)\n",
    );
    let list = files.write("list.txt", "# kept\n");
    run(windlass(["wast", "--renew", "--left-out"]).arg(&list).arg(&script));
    let renewed = std::fs::read_to_string(&list).unwrap();
    assert_eq!(renewed, "# kept\ngc.wast:1:2  gc objects\ngc.wast:2:2  gc objects\n");
    let settled = run(windlass(["wast", "--left-out"]).arg(&list).arg(&script));
    assert_eq!(settled.code, Some(0), "{}", settled.stdout);
}

#[test]
fn scripts_with_other_features() {
    let files = Files::new();
    let script =
        files.write("a.wast", r#"(assert_invalid (module (memory 1) (memory 1)) "multiple memories")"#);
    assert_eq!(run(windlass(["wast"]).arg(&script)).code, Some(1));
    assert_eq!(run(windlass(["wast", "-W", "wasm2"]).arg(&script)).code, Some(0));
    let threads = files.write("proposals/threads/a.wast", std::fs::read(&script).unwrap());
    assert_eq!(run(windlass(["wast"]).arg(&threads)).code, Some(0));
}

#[test]
fn validating() {
    let files = Files::new();
    let good = files.write("good.wat", "(module (memory 1))");
    let bad = files.write("bad.wat", "(module (func $f (result i32)))");
    run(windlass(["validate"]).arg(&good)).prints("");
    let failed = run(windlass(["validate"]).arg(&bad).arg(&good).arg("/nowhere.wasm"));
    failed.fails(
        1,
        &["bad.wat", "invalid module", "function 0 \"f\"", "offset 0x", "cannot read /nowhere.wasm"],
    );
    run_with_input(&mut windlass(["validate", "-"]), b"(module (memory 1) (memory 1))").prints("");
    let off = run_with_input(
        &mut windlass(["validate", "-W", "multi-memory=off", "-"]),
        b"(module (memory 1) (memory 1))",
    );
    off.fails(1, &["<stdin>", "`multi-memory`", "switched off"]);
    run_with_input(&mut windlass(["validate", "-W", "wasm1", "-"]), b"(module (func (param v128)))")
        .fails(1, &["`simd`"]);
}

const MODULE: &str = r#"
(module $m
  (type $t (func (param i32) (result i32)))
  (import "env" "host" (func $host (type $t)))
  (import "env" "memory" (memory 1 2 shared))
  (table $table 2 10 funcref)
  (memory i64 1)
  (global $g (mut i32) (i32.add (i32.const 40) (i32.const 2)))
  (tag $tag (param i32))
  (elem (table $table) (i32.const 1) func $double)
  (data (memory 0) (i32.const 16) "data")
  (data "passive")
  (func $double (export "twice") (type $t) (i32.mul (local.get 0) (i32.const 2)))
  (func $start)
  (start $start))
"#;

#[test]
fn what_is_in_a_module() {
    let files = Files::new();
    let file = files.write("m.wat", MODULE);
    let dump = run(windlass(["objdump"]).arg(&file));
    assert_eq!((dump.code, dump.stderr.as_str()), (Some(0), ""));
    for part in [
        "m.wat: ",
        "module $m\n",
        "  type[0]: func (i32) -> (i32)\n",
        "  func[0] \"env\" \"host\": type 0 (i32) -> (i32)\n",
        "  memory[0] \"env\" \"memory\": 1 to 2 pages of 65536 bytes, shared\n",
        "  func[1] $double: type 0 (i32) -> (i32), 7 bytes at 0x",
        ", exported as \"twice\"\n",
        "  table[0]: funcref, 2 to 10 elements\n",
        "  memory[1]: 1 or more pages of 65536 bytes, 64-bit addresses\n",
        "  global[0]: mutable i32 = i32.const 40, i32.const 2, i32.add\n",
        "  tag[0]: type ",
        "  \"twice\": func[1]\n",
        "start: 1\n  func[2]\n",
        "  elem[0]: (ref func) 1 functions, into table[0] at i32.const 1\n",
        "  data[0]: 4 bytes, into memory[0] at i32.const 16\n",
        "  data[1]: 7 bytes, passive\n",
        "  \"name\": ",
    ] {
        assert!(dump.stdout.contains(part), "{part:?} in:\n{}", dump.stdout);
    }
}

#[test]
fn one_function_and_its_bytecode() {
    let files = Files::new();
    let file = files.write("m.wat", MODULE);
    for name in ["1", "double", "$double", "twice"] {
        let dump = run(windlass(["objdump", "--func", name]).arg(&file));
        assert!(dump.stdout.starts_with("func[1] $double: type 0"), "{name}: {}{}", dump.stdout, dump.stderr);
        assert_eq!(dump.stdout.lines().count(), 1, "{}", dump.stdout);
    }
    run(windlass(["objdump", "--func", "9"]).arg(&file)).fails(1, &["m.wat", "no function 9", "has 3"]);
    run(windlass(["objdump", "--func", "x"]).arg(&file)).fails(1, &["called \"x\""]);

    let all = run(windlass(["objdump", "--bytecode"]).arg(&file));
    assert_eq!(all.code, Some(0), "{}", all.stderr);
    assert!(
        all.stdout.contains("func[1] $double") && all.stdout.contains("func[2] $start"),
        "{}",
        all.stdout
    );
    let one = run(windlass(["objdump", "--bytecode", "--func", "double"]).arg(&file));
    assert!(one.stdout.contains("mul") && !one.stdout.contains("func[2]"), "{}", one.stdout);
    run(windlass(["objdump", "--bytecode", "--func", "host"]).arg(&file)).fails(1, &["imported"]);
}
