//! Personal data at rest.

/// A key is missing or wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CipherError {}
impl std::fmt::Display for CipherError { fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { match *self {} } }
