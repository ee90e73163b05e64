//! `windlass validate`: whether modules are valid.

use crate::args::Validate;
use crate::input::Input;
use crate::{engine, features, output};
use windlass::{Config, Context, Engine, Module, Result};

/// Runs the command; whether all are valid.
pub fn main(args: &Validate) -> Result<bool> {
    let mut config = Config::new();
    config.wasm_features(features::apply(&args.features.switches));
    engine::limit_modules(&mut config, &args.modules);
    let engine = Engine::new(&config)?;
    let mut all_valid = true;
    for path in &args.files {
        let checked = Input::read_within(path, args.modules.max_module_size).and_then(|input| {
            let wasm = input.wasm()?;
            Module::validate(&engine, &wasm).with_context(|| format!("{}", input.path.display()))
        });
        if let Err(error) = checked {
            output::error(&error);
            all_valid = false;
        }
    }
    Ok(all_valid)
}
