//! Limits on what a module may hold, for hosts that do not trust where it comes from; and a way to stop its decoding.
//!
//! Below the defaults, which are those that engines have agreed on for the web, a host may set its own: they bound
//! the memory and the time that decoding and compiling take. The table says what is counted.

use crate::error::{DecodeError, ErrorKind};

/// Writes the table once and derives the structure, its presets and its setters.
macro_rules! limits {
    ($( $(#[doc = $doc:literal])+ $name:ident: $counted:literal, default $default:literal, strict $strict:literal; )*) => {
        /// How much a module may hold of each kind of thing; more is refused with
        /// [`ErrorKind::ModuleLimit`](crate::ErrorKind::ModuleLimit).
        ///
        /// Imports count as what they are, too: an imported function is a function.
        #[derive(Clone, PartialEq, Eq, Debug)]
        pub struct ModuleLimits { $( $name: usize, )* }

        /// The name of each limit, as a type of its own.
        #[allow(non_camel_case_types)]
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub(crate) enum Limit { $( $name, )* }

        impl Limit {
            pub(crate) const fn name(self) -> &'static str {
                match self { $( Limit::$name => stringify!($name), )* }
            }

            const fn counted(self) -> &'static str {
                match self { $( Limit::$name => $counted, )* }
            }
        }

        impl ModuleLimits {
            /// The names of the limits, with their defaults and their strict values.
            pub const TABLE: &'static [(&'static str, usize, usize)] =
                &[ $( (stringify!($name), $default, $strict), )* ];

            /// The limits that engines have agreed on for the web.
            pub const fn new() -> ModuleLimits {
                ModuleLimits { $( $name: $default, )* }
            }

            /// Limits for modules from strangers: what large programs of one purpose still stay below, and what
            /// takes a server little time to refuse or to compile.
            pub const fn strict() -> ModuleLimits {
                ModuleLimits { $( $name: $strict, )* }
            }

            $(
                $(#[doc = $doc])+
                #[doc = concat!("\n\nDefault: ", stringify!($default), "; strict: ", stringify!($strict), ".")]
                pub const fn $name(mut self, limit: usize) -> ModuleLimits {
                    self.$name = limit;
                    self
                }
            )*

            pub(crate) const fn get(&self, limit: Limit) -> usize {
                match limit { $( Limit::$name => self.$name, )* }
            }
        }
    };
}

limits! {
    /// Bytes of the module.
    module_bytes: "bytes", default 1_073_741_824, strict 16_777_216;
    /// Types.
    types: "types", default 1_000_000, strict 10_000;
    /// Parameters of each function type.
    params: "parameters in a type", default 1_000, strict 100;
    /// Results of each function type.
    results: "results in a type", default 1_000, strict 100;
    /// Imports.
    imports: "imports", default 1_000_000, strict 10_000;
    /// Exports.
    exports: "exports", default 1_000_000, strict 10_000;
    /// Functions.
    functions: "functions", default 1_000_000, strict 20_000;
    /// Bytes of each function's body. Time that compiling takes can be watched within a function, too; the memory
    /// that it takes is in proportion to this.
    function_bytes: "bytes in a function", default 7_654_321, strict 524_288;
    /// Locals of each function, without its parameters.
    locals: "locals in a function", default 50_000, strict 5_000;
    /// Blocks within blocks of each function.
    nesting: "nested blocks", default 7_654_321, strict 1_000;
    /// Tables.
    tables: "tables", default 100, strict 10;
    /// Memories.
    memories: "memories", default 100, strict 10;
    /// Globals.
    globals: "globals", default 1_000_000, strict 10_000;
    /// Tags of exceptions.
    tags: "tags", default 1_000_000, strict 100;
    /// Element segments.
    element_segments: "element segments", default 100_000, strict 1_000;
    /// Elements of all element segments together.
    elements: "elements in segments", default 100_000_000, strict 100_000;
    /// Data segments.
    data_segments: "data segments", default 100_000, strict 10_000;
}

impl Default for ModuleLimits {
    fn default() -> ModuleLimits {
        ModuleLimits::new()
    }
}

impl ModuleLimits {
    /// Checks the size of a module, so that a larger one need not even be read.
    pub fn check_size(&self, bytes: usize) -> Result<(), DecodeError> {
        self.check(Limit::module_bytes, bytes, 0)
    }

    /// Checks a number of things, found at an offset in the module.
    #[inline]
    pub(crate) fn check(&self, limit: Limit, value: usize, offset: usize) -> Result<(), DecodeError> {
        let maximum = self.get(limit);
        if value <= maximum { Ok(()) } else { Err(exceeded(limit, value, maximum).at(offset)) }
    }
}

#[cold]
pub(crate) fn exceeded(limit: Limit, value: usize, maximum: usize) -> DecodeError {
    let message = alloc::format!("it has {value} {}, and {maximum} are allowed", limit.counted());
    let (value, maximum) = (value as u64, maximum as u64);
    DecodeError::new(ErrorKind::ModuleLimit { limit: limit.name(), value, maximum }, message)
}

/// Asked now and then, by whichever thread decodes or walks: true stops it.
pub type Watch<'a> = &'a (dyn Fn() -> bool + Sync);

/// [`ErrorKind::Stopped`] if the watch says so.
pub(crate) fn watch(watch: Option<Watch<'_>>, offset: usize) -> Result<(), DecodeError> {
    match watch {
        Some(stop) if stop() => Err(stopped().at(offset)),
        _ => Ok(()),
    }
}

#[cold]
fn stopped() -> DecodeError {
    DecodeError::new(ErrorKind::Stopped, "its host has stopped that")
}
