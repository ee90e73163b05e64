//! Roots of the host: how embedders keep heap references alive while collections move objects.

/// A reference rooted until the scope ends in which it was rooted. Using it later gives `None`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Rooted {
    pub(crate) index: u32,
    pub(crate) generation: u32,
}

/// The start of a scope of [`Rooted`] references: give it back to end the scope.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct ScopeMark(pub(crate) u32);

/// A reference rooted until the last clone of this value is dropped, which needs no store.
#[derive(Clone, Debug)]
pub struct OwnedRoot {
    pub(crate) index: u32,
    pub(crate) alive: std::sync::Arc<()>,
}
