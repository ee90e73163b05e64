//! The modules and instances of a script.

use super::{Check, Script, engine_failure};
use crate::compare::Outcome;
use crate::report::Failure;
use std::collections::HashMap;
use wast::lexer::Lexer;
use wast::parser::{self, ParseBuffer};
use wast::token::Id;
use wast::{QuoteWat, QuoteWatTest, Wat};
use windlass::{DecodeError, DecodeErrorKind, Error, Extern, Instance, Module};

/// What a name stands for.
#[derive(Clone)]
pub enum Target {
    /// An instance of this thread.
    Instance(Instance),
    /// Exports that belong to no instance of this thread.
    Exports(HashMap<String, Extern>),
    /// An instance that could not be made.
    Broken(Failure),
}

/// What became of a module that was to be instantiated.
pub enum Linked {
    /// It was.
    Instance(Instance),
    /// An import is missing or has another type.
    Unlinkable(String),
    /// It was linked, but its initialization stopped.
    Stopped(Outcome),
}

/// A module of a script.
pub enum Encoded {
    /// In binary form.
    Binary(Vec<u8>),
    /// It has none, for this reason.
    BadText(String),
}

impl<'env> Script<'_, 'env> {
    /// `(module …)`: defines it and makes an instance of it.
    pub(super) fn module(&mut self, mut module: QuoteWat<'env>) -> Check {
        let name = module.name().map(|id| id.name().to_string());
        let defined = self.define(&name, &mut module);
        let made = defined.and_then(|module| self.instance(&module));
        self.bind(name, made)
    }

    /// `(module definition …)`.
    pub(super) fn definition(&mut self, mut module: QuoteWat<'env>) -> Check {
        let name = module.name().map(|id| id.name().to_string());
        self.define(&name, &mut module).map(drop)
    }

    /// `(module instance $instance? $module?)`.
    pub(super) fn instance_of(&mut self, instance: Option<Id<'_>>, module: Option<Id<'_>>) -> Check {
        let module = match self.definitions.get(&module.map(|id| id.name().to_string())) {
            Some(Ok(module)) => Ok(module.clone()),
            Some(Err(failure)) => Err(depends(failure)),
            None => Err(Failure::new("no such module is defined")),
        };
        let made = module.and_then(|module| self.instance(&module));
        self.bind(instance.map(|id| id.name().to_string()), made)
    }

    /// `(register "name" $instance?)`.
    pub(super) fn register(&mut self, name: &str, instance: Option<Id<'_>>) -> Check {
        let (target, result) = match self.target(instance) {
            Ok(target) => (target, Ok(())),
            Err(failure) => (Target::Broken(failure.clone()), Err(failure)),
        };
        self.registered.insert(name.to_string(), target);
        result
    }

    /// Compiles a module and keeps it under its name.
    fn define(&mut self, name: &Option<String>, module: &mut QuoteWat<'env>) -> Result<Module, Failure> {
        let defined = match encode(module) {
            Encoded::Binary(bytes) => self.compile(&bytes).map_err(|error| refusal(&error)),
            Encoded::BadText(why) => Err(Failure::new(why)),
        };
        self.definitions.insert(name.clone(), defined.clone());
        self.definitions.insert(None, defined.clone());
        defined
    }

    /// Makes an instance the latest, and the one of its name. A failure is kept in its place.
    fn bind(&mut self, name: Option<String>, made: Result<Instance, Failure>) -> Check {
        let (target, result) = match made {
            Ok(instance) => (Target::Instance(instance), Ok(())),
            Err(failure) => (Target::Broken(failure.clone()), Err(failure)),
        };
        self.instances.insert(name, target.clone());
        self.instances.insert(None, target);
        result
    }

    /// The instance of a name, or the latest.
    fn target(&self, name: Option<Id<'_>>) -> Result<Target, Failure> {
        match self.instances.get(&name.map(|id| id.name().to_string())) {
            Some(Target::Broken(failure)) => Err(depends(failure)),
            Some(target) => Ok(target.clone()),
            None => Err(Failure::new("no such instance has been made")),
        }
    }

    /// An export of an instance by name, or of the latest.
    pub(super) fn export(&mut self, instance: Option<Id<'_>>, name: &str) -> Result<Extern, Failure> {
        let target = self.target(instance)?;
        let export = match target {
            Target::Instance(instance) => instance.get_export(&mut self.store, name),
            Target::Exports(exports) => exports.get(name).cloned(),
            Target::Broken(failure) => return Err(failure),
        };
        export.ok_or_else(|| Failure::new(format!("nothing is exported as {name:?}")))
    }

    /// The exports of an instance that other threads can import.
    pub(super) fn shared_exports(&mut self, instance: Id<'_>) -> Result<HashMap<String, Extern>, Failure> {
        let shared = |item: &Extern| matches!(item, Extern::SharedMemory(_));
        Ok(match self.target(Some(instance))? {
            Target::Instance(instance) => {
                let exports = instance.exports(&mut self.store);
                let named = exports.map(|export| (export.name().to_string(), export.into_extern()));
                named.filter(|(_, item)| shared(item)).collect()
            }
            Target::Exports(exports) => exports.into_iter().filter(|(_, item)| shared(item)).collect(),
            Target::Broken(failure) => return Err(failure),
        })
    }

    /// Compiles a module.
    pub(super) fn compile(&self, bytes: &[u8]) -> Result<Module, Error> {
        Module::from_binary(self.around.engine, bytes)
    }

    /// An instance that has to come about.
    fn instance(&mut self, module: &Module) -> Result<Instance, Failure> {
        match self.link(module)? {
            Linked::Instance(instance) => Ok(instance),
            Linked::Unlinkable(why) => Err(Failure::new(why)),
            Linked::Stopped(ended) => Err(Failure::new(format!("{ended} when it was instantiated"))),
        }
    }

    /// Resolves a module's imports and instantiates it.
    pub(super) fn link(&mut self, module: &Module) -> Result<Linked, Failure> {
        let mut imports = Vec::new();
        for import in module.imports() {
            let item = match self.registered.get(import.module()) {
                Some(Target::Instance(instance)) => instance.get_export(&mut self.store, import.name()),
                Some(Target::Exports(exports)) => exports.get(import.name()).cloned(),
                Some(Target::Broken(failure)) => return Err(depends(failure)),
                None => None,
            };
            let Some(item) = item else {
                return Ok(Linked::Unlinkable(format!(
                    "unknown import {:?} {:?}",
                    import.module(),
                    import.name()
                )));
            };
            imports.push(item);
        }
        match Instance::new(&mut self.store, module, &imports) {
            Ok(instance) => Ok(Linked::Instance(instance)),
            Err(error) if error.to_string().contains("incompatible import type") => {
                Ok(Linked::Unlinkable(format!("{error:#}")))
            }
            Err(error) => match Outcome::of_error(&mut self.store, error) {
                Ok(outcome) => Ok(Linked::Stopped(outcome)),
                Err(error) => Err(engine_failure(&error)),
            },
        }
    }

    /// What becomes of a module that is only instantiated.
    pub(super) fn instantiate_alone(&mut self, module: Wat<'env>) -> Result<Outcome, Failure> {
        let module = match encode(&mut QuoteWat::Wat(module)) {
            Encoded::Binary(bytes) => self.compile(&bytes).map_err(|error| refusal(&error))?,
            Encoded::BadText(why) => return Err(Failure::new(why)),
        };
        match self.link(&module)? {
            Linked::Instance(_) => Ok(Outcome::Returned(Vec::new())),
            Linked::Unlinkable(why) => Err(Failure::new(why)),
            Linked::Stopped(ended) => Ok(ended),
        }
    }
}

/// The binary form of a module.
pub fn encode(module: &mut QuoteWat<'_>) -> Encoded {
    let binary = match module.to_test() {
        Ok(QuoteWatTest::Binary(bytes)) => Ok(bytes),
        Ok(QuoteWatTest::Text(text)) => encode_text(&text),
        Err(error) => Err(error.message()),
    };
    match binary {
        Ok(bytes) => Encoded::Binary(bytes),
        Err(why) => Encoded::BadText(why),
    }
}

fn encode_text(text: &[u8]) -> Result<Vec<u8>, String> {
    let text = std::str::from_utf8(text).map_err(|_| "malformed UTF-8 encoding")?;
    let mut lexer = Lexer::new(text);
    lexer.allow_confusing_unicode(true);
    let message = |error: wast::Error| error.message();
    let buffer = ParseBuffer::new_with_lexer(lexer).map_err(message)?;
    parser::parse::<Wat<'_>>(&buffer).map_err(message)?.encode().map_err(message)
}

/// Why a module was refused.
pub fn refusal(error: &Error) -> Failure {
    let unbuilt = match error.downcast_ref::<DecodeError>().map(DecodeError::kind) {
        Some(DecodeErrorKind::Unbuilt { feature, .. }) => Some(feature.to_string()),
        _ => None,
    };
    Failure { reason: format!("{error:#}"), unbuilt }
}

/// The failure of what depends on a module that failed.
fn depends(failure: &Failure) -> Failure {
    Failure {
        reason: format!("it depends on a module that failed: {}", failure.reason),
        unbuilt: failure.unbuilt.clone(),
    }
}
