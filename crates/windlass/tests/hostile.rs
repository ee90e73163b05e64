//! Functions written to make compiling them take long: deep stacks that every operator could look through. Each must
//! be compiled, or be refused by a limit, in time proportional to its size; a test that does not end has failed.

use windlass::*;

/// A module with one function: a local of each type, its body repeated parts of the binary format.
fn module(locals: &[(u32, u8)], parts: &[(&[u8], usize)]) -> Vec<u8> {
    fn leb(mut n: usize) -> Vec<u8> {
        let mut out = Vec::new();
        while n >= 0x80 {
            out.push(n as u8 | 0x80);
            n >>= 7;
        }
        out.push(n as u8);
        out
    }
    fn section(id: u8, content: &[u8]) -> Vec<u8> {
        [&[id], leb(content.len()).as_slice(), content].concat()
    }
    let mut body = leb(locals.len());
    for (count, ty) in locals {
        body.extend(leb(*count as usize));
        body.push(*ty);
    }
    for (part, times) in parts {
        body.extend(part.repeat(*times));
    }
    body.push(0x0b);
    let code = [&[1], leb(body.len()).as_slice(), &body].concat();
    [
        b"\0asm\x01\0\0\0".to_vec(),
        section(1, &[1, 0x60, 0, 0]),
        section(3, &[1, 0]),
        section(5, &[1, 0, 1]),
        section(10, &code),
    ]
    .concat()
}

const I32: u8 = 0x7f;
const EXTERNREF: u8 = 0x6f;
const GET: &[u8] = &[0x20, 0];
const DROP: &[u8] = &[0x1a];

fn compile_on_every_tier(name: &str, binary: &[u8]) {
    for strategy in [Strategy::Interpreter, Strategy::Auto] {
        let engine = Engine::new(Config::new().strategy(strategy)).unwrap();
        if let Err(error) = Module::from_binary(&engine, binary) {
            let text = format!("{error:?}");
            assert!(text.contains("limit"), "{name} with {strategy:?}: {text}");
        }
    }
}

#[test]
fn a_local_is_set_below_many_uses() {
    // local.get 0 (60,000 times); i32.const 1; local.set 0; local.get 0; drop …
    let set = [0x41, 1, 0x21, 0, 0x20, 0, 0x1a];
    compile_on_every_tier("sets", &module(&[(1, I32)], &[(GET, 60_000), (&set, 400_000), (DROP, 60_000)]));
}

#[test]
fn calls_over_a_deep_stack() {
    let call = [0x10, 0];
    compile_on_every_tier(
        "calls",
        &module(&[(1, I32)], &[(GET, 60_000), (&call, 1_000_000), (DROP, 60_000)]),
    );
}

#[test]
fn divisions_over_a_deep_stack() {
    let divide = [0x20, 0, 0x20, 0, 0x6d, 0x21, 0];
    compile_on_every_tier(
        "divisions",
        &module(&[(1, I32)], &[(&[0x41, 7], 60_000), (&divide, 400_000), (DROP, 60_000)]),
    );
}

#[test]
fn blocks_over_a_deep_stack() {
    let block = [0x02, 0x40, 0x0b];
    compile_on_every_tier(
        "blocks",
        &module(&[(1, I32)], &[(GET, 60_000), (&block, 700_000), (DROP, 60_000)]),
    );
}

#[test]
fn references_across_many_calls() {
    let call = [0x10, 0];
    compile_on_every_tier("locals", &module(&[(40_000, EXTERNREF)], &[(&call, 1_000_000)]));
    compile_on_every_tier(
        "entries",
        &module(&[(1, EXTERNREF)], &[(GET, 60_000), (&call, 1_000_000), (DROP, 60_000)]),
    );
}

#[test]
fn a_branch_table_with_many_depths() {
    // Blocks with results, nested; a table of 60,000 entries that names all of them.
    let depth = 5_000;
    let mut table = vec![0x41, 0, 0x41, 0, 0x0e];
    let leb = |mut n: usize, out: &mut Vec<u8>| {
        while n >= 0x80 {
            out.push(n as u8 | 0x80);
            n >>= 7;
        }
        out.push(n as u8);
    };
    leb(60_000, &mut table);
    for i in 0..=60_000 {
        leb(i % depth, &mut table);
    }
    let parts: &[(&[u8], usize)] = &[(&[0x02, I32], depth), (&table, 1), (&[0x0b], depth), (DROP, 1)];
    compile_on_every_tier("table", &module(&[], parts));
}
