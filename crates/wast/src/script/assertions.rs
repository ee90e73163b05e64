//! The assertions of a script.

use super::modules::{Encoded, Linked, encode, refusal};
use super::{Check, Script};
use crate::compare::Outcome;
use crate::report::Failure;
use crate::{custom, expect};
use wast::core::WastRetCore;
use wast::{QuoteWat, WastExecute, WastRet, Wat};
use windlass::DecodeError;

impl<'env> Script<'_, 'env> {
    pub(super) fn assert_return(&mut self, what: WastExecute<'env>, expected: Vec<WastRet<'env>>) -> Check {
        let expected = expected.into_iter().map(|expected| match expected {
            WastRet::Core(expected) => Ok(expected),
            _ => Err(super::unbuilt("components")),
        });
        let expected = expected.collect::<Result<Vec<WastRetCore<'_>>, _>>()?;
        match self.execute(what)? {
            Outcome::Returned(values) => expect::results(&values, &expected).map_err(Failure::new),
            other => Err(Failure::new(format!("{other}, but it should return"))),
        }
    }

    pub(super) fn assert_trap(&mut self, what: WastExecute<'env>, expected: &str) -> Check {
        match self.execute(what)? {
            Outcome::Trapped(trap) if expect::trap_text(trap.text(), expected) => Ok(()),
            other => Err(Failure::new(format!("{other}, but it should trap: {expected}"))),
        }
    }

    pub(super) fn assert_exception(&mut self, what: WastExecute<'env>) -> Check {
        match self.execute(what)? {
            Outcome::Threw => Ok(()),
            other => Err(Failure::new(format!("{other}, but it should throw an exception"))),
        }
    }

    /// The module must be refused, for whatever reason but one: that something is not built which the script
    /// is written for.
    pub(super) fn assert_refused(&mut self, mut module: QuoteWat<'env>, expected: &str) -> Check {
        let Encoded::Binary(bytes) = encode(&mut module) else { return Ok(()) };
        match self.compile(&bytes) {
            Ok(_) => {
                Err(Failure::new(format!("the module is accepted, but it should be refused: {expected}")))
            }
            Err(error) if error.is::<DecodeError>() => {
                let failure = refusal(&error);
                if failure.unbuilt.as_deref().is_some_and(|what| self.expects(what)) {
                    Err(failure)
                } else {
                    Ok(())
                }
            }
            Err(error) => Err(refusal(&error)),
        }
    }

    /// Whether the script is written for something that is not built: a feature, or a part of one.
    fn expects(&self, unbuilt: &str) -> bool {
        unbuilt.parse().map_or(true, |feature| self.around.features.contains(feature))
    }

    /// The module must be fine but for a custom section.
    pub(super) fn assert_bad_custom(&mut self, mut module: QuoteWat<'env>, expected: &str) -> Check {
        let Encoded::Binary(bytes) = encode(&mut module) else { return Ok(()) };
        self.compile(&bytes).map_err(|error| refusal(&error))?;
        match custom::check(&bytes) {
            Err(_) => Ok(()),
            Ok(()) => {
                Err(Failure::new(format!("nothing is wrong with the custom sections, but: {expected}")))
            }
        }
    }

    pub(super) fn assert_unlinkable(&mut self, module: Wat<'env>, expected: &str) -> Check {
        let bytes = match encode(&mut QuoteWat::Wat(module)) {
            Encoded::Binary(bytes) => bytes,
            Encoded::BadText(why) => return Err(Failure::new(why)),
        };
        let module = self.compile(&bytes).map_err(|error| refusal(&error))?;
        match self.link(&module)? {
            Linked::Unlinkable(_) => Ok(()),
            Linked::Instance(_) => {
                Err(Failure::new(format!("the module is linked, but it should not be: {expected}")))
            }
            Linked::Stopped(ended) => {
                Err(Failure::new(format!("{ended}, but it should not link: {expected}")))
            }
        }
    }
}
