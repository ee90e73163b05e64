//! Running files of a suite: parsing, the features that each file is written for, the report.

use crate::lines::Lines;
use crate::report::{Directive, Failure, FileReport, Kind, Outcome};
use crate::script::{self, Surroundings};
use crate::spectest;
use std::collections::HashMap;
use std::path::{Component, Path};
use std::sync::{Mutex, PoisonError};
use wast::Wast;
use wast::lexer::Lexer;
use wast::parser::{self, ParseBuffer};
use windlass::{Engine, Feature, Features, Result};

/// Makes an engine with these features.
type MakeEngine = Box<dyn Fn(Features) -> Result<Engine> + Send + Sync>;

/// Runs scripts on engines of one configuration. One engine is made for each set of features.
pub struct Runner {
    make_engine: MakeEngine,
    features: Option<Features>,
    engines: Mutex<HashMap<Features, Engine>>,
}

impl Runner {
    /// A runner whose engines `make_engine` makes.
    pub fn new(make_engine: impl Fn(Features) -> Result<Engine> + Send + Sync + 'static) -> Runner {
        Runner { make_engine: Box::new(make_engine), features: None, engines: Mutex::default() }
    }

    /// Runs every file with these features, instead of those that its folder calls for.
    pub fn with_features(mut self, features: Features) -> Runner {
        self.features = Some(features);
        self
    }

    /// Runs a script to its end. `name` is the file's name within its suite, which chooses the
    /// features; the report bears it.
    pub fn run(&self, name: &str, text: &str) -> FileReport {
        let lines = Lines::new(text);
        let directives = self.directives(name, text, &lines).unwrap_or_else(|failed| vec![failed]);
        FileReport { name: name.to_string(), directives, stale: Vec::new() }
    }

    fn directives(&self, name: &str, text: &str, lines: &Lines) -> Result<Vec<Directive>, Directive> {
        // What makes all of a script fail.
        let failed = |offset: usize, reason: String| Directive {
            place: lines.place(offset),
            kind: Kind::Script,
            outcome: Outcome::Failed(Failure::new(reason)),
        };
        let bad_text = |error: wast::Error| failed(error.span().offset(), error.message());
        let mut lexer = Lexer::new(text);
        lexer.allow_confusing_unicode(true);
        let buffer = ParseBuffer::new_with_lexer(lexer).map_err(bad_text)?;
        let script = parser::parse::<Wast<'_>>(&buffer).map_err(bad_text)?;

        let features = self.features.unwrap_or_else(|| features_of(name));
        let engine = self.engine(built(features)).map_err(|e| failed(0, format!("no engine: {e:#}")))?;
        let shared = spectest::shared_memory(&engine, features)
            .map_err(|e| failed(0, format!("no shared memory for `spectest`: {e:#}")))?;
        let surroundings = Surroundings { engine: &engine, features, shared_memory: shared, lines };
        Ok(script::run(surroundings, script.directives))
    }

    fn engine(&self, features: Features) -> Result<Engine> {
        let mut engines = self.engines.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(engine) = engines.get(&features) {
            return Ok(engine.clone());
        }
        let engine = (self.make_engine)(features)?;
        engines.insert(features, engine.clone());
        Ok(engine)
    }
}

/// The features that a file of a suite is written for: those of its folder under `proposals/`, or
/// else everything that is built. A folder's may not all be built.
pub fn features_of(name: &str) -> Features {
    let mut parts = name.split('/').skip_while(|part| *part != "proposals").skip(1);
    parts.next().and_then(Features::for_proposal_folder).unwrap_or_default()
}

/// Those of the features that are built: an engine cannot be made with others, and refuses modules that
/// need them by name.
fn built(mut features: Features) -> Features {
    for feature in Feature::ALL.iter().filter(|feature| !feature.is_built()) {
        features.disable(*feature);
    }
    features
}

/// The name of a file within its suite: its path from `proposals` on, or else below `root`.
pub fn suite_name(path: &Path, root: &Path) -> String {
    let parts = |path: &Path| -> Vec<String> {
        let normal = path.components().filter_map(|part| match part {
            Component::Normal(part) => Some(part.to_string_lossy().into_owned()),
            _ => None,
        });
        normal.collect()
    };
    let all = parts(path);
    let rest = match all.iter().rposition(|part| part == "proposals") {
        Some(at) => all[at..].to_vec(),
        None => parts(path.strip_prefix(root).unwrap_or(path)),
    };
    rest.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_choose_features() {
        assert_eq!(features_of("align.wast"), Features::default());
        assert!(!features_of("proposals/threads/imports.wast").contains(Feature::MultiMemory));
        assert!(features_of("proposals/threads/imports.wast").contains(Feature::Threads));
        let unbuilt = features_of("proposals/custom-descriptors/a.wast");
        assert!(unbuilt.contains(Feature::CustomDescriptors));
        assert!(!built(unbuilt).contains(Feature::CustomDescriptors));
    }

    #[test]
    fn names_within_a_suite() {
        let name = |path: &str, root: &str| suite_name(Path::new(path), Path::new(root));
        assert_eq!(name("/suite/align.wast", "/suite"), "align.wast");
        assert_eq!(name("/suite/custom/a.wast", "/suite"), "custom/a.wast");
        assert_eq!(name("/suite/proposals/gc/a.wast", "/suite/proposals"), "proposals/gc/a.wast");
        assert_eq!(name("../proposals/gc/a.wast", ".."), "proposals/gc/a.wast");
    }
}
