//! Where no port switches stacks: there is no fiber, and no way to make one.

use super::Poller;
use super::stack::FiberStack;
use std::marker::PhantomData;

/// As elsewhere; there is none.
pub(super) struct Switch<R>(Parent, PhantomData<R>);

/// As elsewhere; there is none.
pub(super) enum Parent {}

/// Whether stacks can be switched.
pub(super) const BUILT: bool = false;

impl<R> Switch<R> {
    /// # Safety
    /// As elsewhere.
    ///
    /// # Panics
    /// Always: who makes fibers asks [`BUILT`] first.
    pub(super) unsafe fn new(_: FiberStack, _: impl FnOnce(Parent, Poller) -> R) -> Switch<R> {
        unreachable!("no fiber is made where none is built")
    }

    pub(super) fn resume(&mut self, _: Poller) -> Option<R> {
        match self.0 {}
    }

    pub(super) fn is_started(&self) -> bool {
        match self.0 {}
    }

    pub(super) fn into_stack(self) -> FiberStack {
        match self.0 {}
    }
}

impl Parent {
    /// # Safety
    /// None; as elsewhere.
    pub(super) unsafe fn suspend(&self) -> Poller {
        match *self {}
    }
}
