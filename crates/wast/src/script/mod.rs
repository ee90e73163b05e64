//! Running one script: its modules, instances and registered names, and each directive.
//!
//! A directive that depends on a module that was refused fails for the reason of the refusal; it
//! never runs against an older module instead.

mod assertions;
mod modules;

use crate::compare::{self, Outcome};
use crate::convert;
use crate::lines::Lines;
use crate::report::{self, Directive, Failure, Kind};
use crate::spectest;
use crate::value::Value;
use modules::Target;
use std::collections::HashMap;
use std::thread::{Scope, ScopedJoinHandle};
use wast::token::Id;
use wast::{WastDirective, WastExecute, WastInvoke, WastThread};
use windlass::{Engine, Error, Extern, Features, Module, RootScope, SharedMemory, Store};

/// What a directive comes to.
type Check = Result<(), Failure>;

/// What all threads of a script share.
#[derive(Clone)]
pub struct Surroundings<'env> {
    /// The engine, with the features that are built.
    pub engine: &'env Engine,
    /// The features that the script is written for.
    pub features: Features,
    /// The memory of `spectest`.
    pub shared_memory: Option<SharedMemory>,
    /// Lines of the script.
    pub lines: &'env Lines,
}

/// Runs the directives of a script and says how each ended.
pub fn run<'env>(around: Surroundings<'env>, directives: Vec<WastDirective<'env>>) -> Vec<Directive> {
    std::thread::scope(|scope| {
        let mut script = Script::new(around, scope);
        for directive in directives {
            script.directive(directive);
        }
        script.finish()
    })
}

/// What one thread of a script knows. Each has a store of its own.
struct Script<'scope, 'env> {
    around: Surroundings<'env>,
    scope: &'scope Scope<'scope, 'env>,
    store: Store<()>,
    /// Modules by name; the latest is under `None`, too.
    definitions: HashMap<Option<String>, Result<Module, Failure>>,
    /// Instances by name; the latest is under `None`, too.
    instances: HashMap<Option<String>, Target>,
    /// What names mean in imports.
    registered: HashMap<String, Target>,
    threads: HashMap<String, ScopedJoinHandle<'scope, Vec<Directive>>>,
    done: Vec<Directive>,
}

impl<'scope, 'env> Script<'scope, 'env> {
    fn new(around: Surroundings<'env>, scope: &'scope Scope<'scope, 'env>) -> Script<'scope, 'env> {
        let mut store = new_store(around.engine);
        let spectest = match spectest::exports(&mut store, around.shared_memory.clone()) {
            Ok(exports) => Target::Exports(exports),
            Err(error) => Target::Broken(Failure::new(format!("`spectest` could not be made: {error:#}"))),
        };
        Script {
            around,
            scope,
            store,
            definitions: HashMap::new(),
            instances: HashMap::new(),
            registered: HashMap::from([("spectest".to_string(), spectest)]),
            threads: HashMap::new(),
            done: Vec::new(),
        }
    }

    /// Waits for the threads that the script did not wait for, and hands over what is done.
    fn finish(mut self) -> Vec<Directive> {
        for (_, thread) in std::mem::take(&mut self.threads) {
            self.done.extend(thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        self.done
    }

    /// Runs a directive and notes how it ended.
    fn directive(&mut self, directive: WastDirective<'env>) {
        let place = self.around.lines.place(directive.span().offset());
        let (kind, result) = self.run(directive);
        let outcome = match result {
            Ok(()) => report::Outcome::Passed,
            Err(failure) => report::Outcome::Failed(failure),
        };
        self.done.push(Directive { place, kind, outcome });
    }

    fn run(&mut self, directive: WastDirective<'env>) -> (Kind, Check) {
        use WastDirective as D;
        match directive {
            D::Module(module) => (Kind::Module, self.module(module)),
            D::ModuleDefinition(module) => (Kind::Definition, self.definition(module)),
            D::ModuleInstance { instance, module, .. } => {
                (Kind::Instance, self.instance_of(instance, module))
            }
            D::Register { name, module, .. } => (Kind::Register, self.register(name, module)),
            D::Invoke(invoke) => (Kind::Invoke, self.invoke_only(&invoke)),
            D::Thread(thread) => (Kind::Thread, self.thread(thread)),
            D::Wait { thread, .. } => (Kind::Wait, self.wait(thread)),
            D::AssertReturn { exec, results, .. } => (Kind::AssertReturn, self.assert_return(exec, results)),
            D::AssertTrap { exec, message, .. } => (Kind::AssertTrap, self.assert_trap(exec, message)),
            D::AssertExhaustion { call, message, .. } => {
                (Kind::AssertExhaustion, self.assert_trap(WastExecute::Invoke(call), message))
            }
            D::AssertException { exec, .. } => (Kind::AssertException, self.assert_exception(exec)),
            D::AssertSuspension { .. } => (Kind::AssertSuspension, Err(unbuilt("stack-switching"))),
            D::AssertInvalid { module, message, .. } => {
                (Kind::AssertInvalid, self.assert_refused(module, message))
            }
            D::AssertMalformed { module, message, .. } => {
                (Kind::AssertMalformed, self.assert_refused(module, message))
            }
            D::AssertInvalidCustom { module, message, .. } => {
                (Kind::AssertInvalidCustom, self.assert_bad_custom(module, message))
            }
            D::AssertMalformedCustom { module, message, .. } => {
                (Kind::AssertMalformedCustom, self.assert_bad_custom(module, message))
            }
            D::AssertUnlinkable { module, message, .. } => {
                (Kind::AssertUnlinkable, self.assert_unlinkable(module, message))
            }
        }
    }

    // Actions.

    /// Runs what an assertion is about.
    fn execute(&mut self, what: WastExecute<'env>) -> Result<Outcome, Failure> {
        match what {
            WastExecute::Invoke(invoke) => self.invoke(&invoke),
            WastExecute::Wat(module) => self.instantiate_alone(module),
            WastExecute::Get { module, global, .. } => self.get(module, global),
        }
    }

    fn invoke(&mut self, invoke: &WastInvoke<'_>) -> Result<Outcome, Failure> {
        let args = invoke.args.iter().map(convert::argument).collect::<Result<Vec<_>, _>>();
        let args = args.map_err(unbuilt)?;
        let Extern::Func(func) = self.export(invoke.module, invoke.name)? else {
            return Err(Failure::new(format!("the export {:?} is no function", invoke.name)));
        };
        compare::call(&mut self.store, &func, &args).map_err(|error| engine_failure(&error))
    }

    fn get(&mut self, module: Option<Id<'_>>, name: &str) -> Result<Outcome, Failure> {
        let Extern::Global(global) = self.export(module, name)? else {
            return Err(Failure::new(format!("the export {name:?} is no global")));
        };
        let mut scope = RootScope::new(&mut self.store);
        let val = global.get(&mut scope);
        let value = Value::from_val(&scope, &val).map_err(|error| engine_failure(&error))?;
        Ok(Outcome::Returned(vec![value]))
    }

    /// `(invoke …)` on its own: it has to return.
    fn invoke_only(&mut self, invoke: &WastInvoke<'_>) -> Check {
        match self.invoke(invoke)? {
            Outcome::Returned(_) => Ok(()),
            other => Err(Failure::new(format!("{other}, but it should return"))),
        }
    }

    // Threads.

    /// `(thread $name (shared (module $m))? …)`: runs its directives on a thread with a store of its
    /// own, in which `$m` has the shared memories that it has here.
    fn thread(&mut self, thread: WastThread<'env>) -> Check {
        let shared = match thread.shared_module {
            Some(id) => Some((id.name().to_string(), Target::Exports(self.shared_exports(id)?))),
            None => None,
        };
        let (around, scope) = (self.around.clone(), self.scope);
        let handle = scope.spawn(move || {
            let mut script = Script::new(around, scope);
            script.instances.extend(shared.map(|(name, target)| (Some(name), target)));
            for directive in thread.directives {
                script.directive(directive);
            }
            script.finish()
        });
        match self.threads.insert(thread.name.name().to_string(), handle) {
            None => Ok(()),
            Some(_) => Err(Failure::new("a thread of this name is running already")),
        }
    }

    fn wait(&mut self, thread: Id<'_>) -> Check {
        let Some(handle) = self.threads.remove(thread.name()) else {
            return Err(Failure::new(format!("no thread is called ${}", thread.name())));
        };
        self.done.extend(handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        Ok(())
    }
}

/// A store whose guests are never stopped, also by an engine that could.
fn new_store(engine: &Engine) -> Store<()> {
    let mut store = Store::new(engine, ());
    if engine.config().get_consume_fuel() {
        store.set_fuel(u64::MAX).expect("fuel is on");
    }
    if engine.config().get_epoch_interruption() {
        store.set_epoch_deadline(u64::MAX);
    }
    store
}

/// A failure because of something that the engine does not have.
fn unbuilt(what: &str) -> Failure {
    Failure { reason: format!("it needs {what}, which is not built"), unbuilt: Some(what.to_string()) }
}

/// A failure of the engine that is neither a trap nor a refusal.
fn engine_failure(error: &Error) -> Failure {
    Failure::new(format!("{error:#}"))
}
