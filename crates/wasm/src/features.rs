//! The table of Wasm features: what exists, what is built, what needs what.
//!
//! One row per feature. Sets of features, their names on the command line, their documentation,
//! the flags of the validator and the names in error messages all come from the rows; the sets
//! that hold in folders of conformance tests are rows of a second table.

use alloc::{string::String, vec::Vec};
use core::fmt;
use core::str::FromStr;
use wasmparser::WasmFeatures;

/// Whether the engine has a feature.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Status {
    /// It is built, and on by default.
    Built,
    /// It is not: a module that needs it is refused with its name.
    Unbuilt,
}

/// The edition of the core specification that a feature first appeared in.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Edition {
    /// WebAssembly 1.0, or finished so soon after it that its tests take it for granted.
    Wasm1,
    /// WebAssembly 2.0.
    Wasm2,
    /// WebAssembly 3.0.
    Wasm3,
    /// None so far: a proposal.
    Proposal,
}

/// A row of the table.
#[derive(Debug)]
pub struct FeatureInfo {
    /// The feature.
    pub feature: Feature,
    /// Its name on the command line and in messages.
    pub name: &'static str,
    /// Whether it is built.
    pub status: Status,
    /// When it became part of the specification.
    pub edition: Edition,
    /// The features that it takes for granted, directly.
    pub needs: &'static [Feature],
    /// One line of documentation.
    pub doc: &'static str,
    flag: WasmFeatures,
}

macro_rules! features {
    ($( $id:ident { name: $name:literal, flag: $flag:ident, $status:ident, $edition:ident, needs: [$($need:ident),*], $doc:literal } )*) => {
        /// A feature of WebAssembly that can be told apart from the rest.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[repr(u8)]
        pub enum Feature {
            $( #[doc = $doc] $id, )*
        }

        impl Feature {
            /// All features, in the order of the table.
            pub const ALL: &'static [Feature] = &[ $( Feature::$id ),* ];
        }

        /// The table, in the order of [`Feature::ALL`].
        const TABLE: &[FeatureInfo] = &[ $( FeatureInfo {
            feature: Feature::$id,
            name: $name,
            status: Status::$status,
            edition: Edition::$edition,
            needs: &[ $( Feature::$need ),* ],
            doc: $doc,
            flag: WasmFeatures::$flag,
        } ),* ];
    };
}

features! {
    MutableGlobal { name: "mutable-global", flag: MUTABLE_GLOBAL, Built, Wasm1, needs: [],
        "Import and export of mutable globals." }
    SignExtension { name: "sign-extension", flag: SIGN_EXTENSION, Built, Wasm2, needs: [],
        "Sign extension of 8, 16 and 32 bits within an integer." }
    SaturatingFloatToInt { name: "saturating-float-to-int", flag: SATURATING_FLOAT_TO_INT, Built, Wasm2, needs: [],
        "Conversions of floats to integers that saturate instead of trapping." }
    MultiValue { name: "multi-value", flag: MULTI_VALUE, Built, Wasm2, needs: [],
        "Functions and blocks with several results, and blocks with parameters." }
    BulkMemory { name: "bulk-memory", flag: BULK_MEMORY, Built, Wasm2, needs: [],
        "Filling, copying and initializing memories and tables; passive segments." }
    ReferenceTypes { name: "reference-types", flag: REFERENCE_TYPES, Built, Wasm2, needs: [],
        "References as values; several tables; operators on tables." }
    Simd { name: "simd", flag: SIMD, Built, Wasm2, needs: [],
        "128-bit vectors." }
    RelaxedSimd { name: "relaxed-simd", flag: RELAXED_SIMD, Built, Wasm3, needs: [Simd],
        "Vector operators with results that depend on the machine, unless set to be deterministic." }
    TailCall { name: "tail-call", flag: TAIL_CALL, Built, Wasm3, needs: [],
        "Calls that replace the caller's frame." }
    ExtendedConst { name: "extended-const", flag: EXTENDED_CONST, Built, Wasm3, needs: [],
        "Integer arithmetic in constant expressions." }
    MultiMemory { name: "multi-memory", flag: MULTI_MEMORY, Built, Wasm3, needs: [],
        "Several memories in a module." }
    Memory64 { name: "memory64", flag: MEMORY64, Built, Wasm3, needs: [],
        "Memories and tables with 64-bit addresses." }
    FunctionReferences { name: "function-references", flag: FUNCTION_REFERENCES, Built, Wasm3, needs: [ReferenceTypes],
        "References to functions of a known type, and calls through them." }
    Gc { name: "gc", flag: GC, Built, Wasm3, needs: [FunctionReferences],
        "Recursion groups, declared subtypes and casts. Operators on structs, arrays and i31 are not built yet." }
    Exceptions { name: "exceptions", flag: EXCEPTIONS, Built, Wasm3, needs: [ReferenceTypes],
        "Throwing and catching exceptions (`try_table`)." }
    Threads { name: "threads", flag: THREADS, Built, Proposal, needs: [],
        "Memories shared between threads, and atomic operators." }
    WideArithmetic { name: "wide-arithmetic", flag: WIDE_ARITHMETIC, Built, Proposal, needs: [MultiValue],
        "128-bit addition and subtraction, and multiplication of 64 by 64 bits." }
    CustomPageSizes { name: "custom-page-sizes", flag: CUSTOM_PAGE_SIZES, Built, Proposal, needs: [],
        "Memories with pages of one byte." }
    CustomDescriptors { name: "custom-descriptors", flag: CUSTOM_DESCRIPTORS, Unbuilt, Proposal, needs: [Gc],
        "Structs with a descriptor, and exact reference types." }
    StackSwitching { name: "stack-switching", flag: STACK_SWITCHING, Unbuilt, Proposal, needs: [FunctionReferences, Exceptions],
        "Continuations." }
    SharedEverythingThreads { name: "shared-everything-threads", flag: SHARED_EVERYTHING_THREADS, Unbuilt, Proposal, needs: [Threads, Gc],
        "Functions, tables, globals and objects shared between threads." }
    LegacyExceptions { name: "legacy-exceptions", flag: LEGACY_EXCEPTIONS, Unbuilt, Proposal, needs: [Exceptions],
        "The first form of exception handling (`try`, `catch`, `delegate`), since replaced." }
    MemoryControl { name: "memory-control", flag: MEMORY_CONTROL, Unbuilt, Proposal, needs: [],
        "Discarding pages of a memory." }
    CompactImports { name: "compact-imports", flag: COMPACT_IMPORTS, Unbuilt, Proposal, needs: [],
        "A shorter encoding of imports that share a module name." }
    ComponentModel { name: "component-model", flag: COMPONENT_MODEL, Unbuilt, Proposal, needs: [],
        "Components." }
}

const _: () = assert!(TABLE.len() <= 64, "a set is one u64");

/// What the validator always has: no feature of ours, but switches of its own.
const ALWAYS: WasmFeatures = WasmFeatures::FLOATS.union(WasmFeatures::GC_TYPES);

impl Feature {
    /// The feature's row.
    pub fn info(self) -> &'static FeatureInfo {
        &TABLE[self as usize]
    }

    /// The feature's name.
    pub fn name(self) -> &'static str {
        self.info().name
    }

    /// Whether it is built.
    pub fn is_built(self) -> bool {
        self.info().status == Status::Built
    }

    /// The feature that a flag of the validator stands for.
    pub(crate) fn of_flag(flag: WasmFeatures) -> Option<Feature> {
        Feature::ALL.iter().copied().find(|f| f.info().flag.intersects(flag))
    }
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that no feature has.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UnknownFeature(pub String);

impl fmt::Display for UnknownFeature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown WebAssembly feature `{}`; the features are:", self.0)?;
        TABLE.iter().try_for_each(|row| write!(f, " {}", row.name))
    }
}

impl core::error::Error for UnknownFeature {}

impl FromStr for Feature {
    type Err = UnknownFeature;

    fn from_str(name: &str) -> Result<Feature, UnknownFeature> {
        TABLE.iter().find(|row| row.name == name).map(|row| row.feature).ok_or(UnknownFeature(name.into()))
    }
}

/// A set of features that is closed: what a member needs is a member.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Features(u64);

impl Default for Features {
    /// All features that are built.
    fn default() -> Features {
        Features::of(|row| row.status == Status::Built)
    }
}

impl Features {
    /// No feature: WebAssembly as it was first shipped.
    pub const NONE: Features = Features(0);

    fn of(choose: impl Fn(&FeatureInfo) -> bool) -> Features {
        let mut set = Features::NONE;
        TABLE.iter().filter(|row| choose(row)).for_each(|row| {
            set.enable(row.feature);
        });
        set
    }

    /// The features of an edition of the specification.
    pub fn edition(edition: Edition) -> Features {
        Features::of(|row| row.edition <= edition && row.edition != Edition::Proposal)
    }

    /// The features of these names, and what they need.
    pub fn from_names<'n>(names: impl IntoIterator<Item = &'n str>) -> Result<Features, UnknownFeature> {
        let mut set = Features::NONE;
        for name in names {
            set.enable(name.parse()?);
        }
        Ok(set)
    }

    /// Adds a feature and everything that it needs.
    pub fn enable(&mut self, feature: Feature) -> &mut Features {
        if !self.contains(feature) {
            self.0 |= 1 << feature as u8;
            for need in feature.info().needs {
                self.enable(*need);
            }
        }
        self
    }

    /// Takes a feature away, and everything that needs it.
    pub fn disable(&mut self, feature: Feature) -> &mut Features {
        if self.contains(feature) {
            self.0 &= !(1 << feature as u8);
            for row in TABLE.iter().filter(|row| row.needs.contains(&feature)) {
                self.disable(row.feature);
            }
        }
        self
    }

    /// Adds the feature, or takes it away.
    pub fn set(&mut self, feature: Feature, on: bool) -> &mut Features {
        if on { self.enable(feature) } else { self.disable(feature) }
    }

    /// Whether a feature is in the set.
    pub const fn contains(self, feature: Feature) -> bool {
        self.0 & (1 << feature as u8) != 0
    }

    /// The members, in the order of the table.
    pub fn iter(self) -> impl Iterator<Item = Feature> {
        Feature::ALL.iter().copied().filter(move |f| self.contains(*f))
    }

    /// The set in the validator's terms. Features that are not built are left out.
    pub fn to_wasmparser(self) -> WasmFeatures {
        self.iter().filter(|f| f.is_built()).fold(ALWAYS, |flags, f| flags | f.info().flag)
    }

    /// The set that holds for conformance tests under `proposals/NAME/`; `None` for a name that no
    /// row knows.
    pub fn for_proposal_folder(name: &str) -> Option<Features> {
        let row = FOLDERS.iter().find(|row| row.folders.contains(&name))?;
        let mut set = match row.base {
            Base::Default => Features::default(),
            Base::Edition(edition) => Features::edition(edition),
        };
        row.plus.iter().for_each(|f| {
            set.enable(*f);
        });
        Some(set)
    }

    /// The names of the folders that [`Features::for_proposal_folder`] knows.
    pub fn proposal_folders() -> Vec<&'static str> {
        FOLDERS.iter().flat_map(|row| row.folders).copied().collect()
    }
}

impl fmt::Debug for Features {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(Feature::name)).finish()
    }
}

/// What the features of a folder are counted from.
enum Base {
    /// Everything that is built.
    Default,
    /// An edition of the specification.
    Edition(Edition),
}

/// A row of the table of folders of conformance tests.
struct FolderRow {
    folders: &'static [&'static str],
    base: Base,
    plus: &'static [Feature],
}

/// A proposal's tests are written against the edition that the proposal was forked from, so
/// that what a later edition allows may be expected to be invalid there.
const FOLDERS: &[FolderRow] = &[
    // Expects modules with several memories, and with several tables, to be invalid.
    FolderRow { folders: &["threads"], base: Base::Edition(Edition::Wasm1), plus: &[Feature::Threads] },
    FolderRow { folders: &["wide-arithmetic", "custom-page-sizes"], base: Base::Default, plus: &[] },
    FolderRow { folders: &["custom-descriptors"], base: Base::Default, plus: &[Feature::CustomDescriptors] },
    // Parts of the specification by now; copies of the suite have them as folders still.
    FolderRow {
        folders: &["multi-value"],
        base: Base::Edition(Edition::Wasm1),
        plus: &[Feature::MultiValue, Feature::BulkMemory],
    },
    FolderRow {
        folders: &["reference-types"],
        base: Base::Edition(Edition::Wasm1),
        plus: &[Feature::ReferenceTypes, Feature::BulkMemory, Feature::MultiValue],
    },
    FolderRow {
        folders: &["function-references"],
        base: Base::Edition(Edition::Wasm2),
        plus: &[Feature::FunctionReferences, Feature::TailCall],
    },
    FolderRow { folders: &["memory64"], base: Base::Edition(Edition::Wasm2), plus: &[Feature::Memory64] },
    FolderRow {
        folders: &[
            "annotations",
            "bulk-memory",
            "bulk-memory-operations",
            "exception-handling",
            "exceptions",
            "extended-const",
            "gc",
            "multi-memory",
            "mutable-global",
            "nontrapping-float-to-int-conversions",
            "relaxed-simd",
            "sign-extension-ops",
            "simd",
            "tail-call",
        ],
        base: Base::Default,
        plus: &[],
    },
];
