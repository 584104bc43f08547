//! What a command hands back: a text for people, an object for scripts, and how the program ends.

use serde_json::Value;

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// All is well.
    Done = 0,
    /// The command looked for trouble and found some.
    Found = 1,
    /// The command, or what it was given, makes no sense as it stands; nothing was changed.
    Refused = 2,
    /// The database, the disk or a provider failed.
    Environment = 3,
}

/// The result of a command.
#[derive(Clone, Debug)]
pub struct Answer {
    /// For people: lines without a line break at the end; empty when nothing is to be said.
    pub text: String,
    /// For scripts: an object, or null when nothing is to be said.
    pub json: Value,
    /// How the program ends.
    pub exit: Exit,
}

impl Answer {
    /// A result with which all is well.
    #[must_use]
    pub fn new(text: impl Into<String>, json: Value) -> Self {
        Self { text: text.into(), json, exit: Exit::Done }
    }

    /// The result of a command that has said all it has to say.
    #[must_use]
    pub fn silent() -> Self {
        Self { text: String::new(), json: Value::Null, exit: Exit::Done }
    }

    /// The same result; the program ends with [`Exit::Found`] if `is_found`.
    #[must_use]
    pub fn found_if(self, is_found: bool) -> Self {
        let exit = if is_found { Exit::Found } else { Exit::Done };
        Self { exit, ..self }
    }
}
