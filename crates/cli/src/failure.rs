//! Why a command did not do what was asked: one code and one message, whichever layer they come from.

use dunlin_domain::contact::Language;
use dunlin_domain::wording::Wording;
use dunlin_engine::EngineError;
use dunlin_engine::StoreError;
use dunlin_engine::delivery::DeliveryError;
use dunlin_engine::portfolio::PortfolioError;

use crate::answer::Exit;

/// A command that came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The stable code.
    pub code: &'static str,
    /// Place and remedy, one line for each complaint, in both languages.
    pub message: Wording,
    /// How the program ends.
    pub exit: Exit,
}

impl Failure {
    /// What was asked makes no sense as it stands.
    #[must_use]
    pub fn refused(code: &'static str, message: Wording) -> Self {
        Self { code, message, exit: Exit::Refused }
    }

    /// The machine, the database or a provider failed.
    #[must_use]
    pub fn environment(code: &'static str, message: Wording) -> Self {
        Self { code, message, exit: Exit::Environment }
    }

    /// A line for each complaint, each with the code.
    #[must_use]
    pub fn lines(&self, language: Language) -> String {
        let frame = match language {
            Language::Zh => "错误",
            Language::En => "error",
        };
        let separator = match language {
            Language::Zh => "：",
            Language::En => ": ",
        };
        let message = self.message.text(language);
        let lines: Vec<String> =
            message.lines().map(|line| format!("{frame}[{}]{separator}{line}", self.code)).collect();
        lines.join("\n")
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        Self { code: error.code(), message: error.wording(), exit: exit_of(&error) }
    }
}

impl From<PortfolioError> for Failure {
    fn from(error: PortfolioError) -> Self {
        EngineError::from(error).into()
    }
}

fn exit_of(error: &EngineError) -> Exit {
    match error {
        EngineError::Store(StoreError::PeriodClosed { .. }) => Exit::Refused,
        EngineError::Store(_) | EngineError::LeaseLost => Exit::Environment,
        EngineError::Portfolio(PortfolioError::Io { source, .. }) => exit_of_io(source),
        EngineError::Delivery(DeliveryError::File { .. }) => Exit::Environment,
        // Refusals that tell of a disk or folder.
        EngineError::Refused {
            code: "folder" | "journal" | "demo_files" | "spool" | "statement_file" | "sale_file",
            ..
        } => Exit::Environment,
        EngineError::Font(_) => Exit::Environment,
        // A document that was not made because it would have been wrong.
        EngineError::Refused { code: "statement_unbalanced", .. } => Exit::Found,
        EngineError::Portfolio(_)
        | EngineError::Policy(_)
        | EngineError::Delivery(_)
        | EngineError::Money(_)
        | EngineError::Fact(_)
        | EngineError::NotFound { .. }
        | EngineError::DayIsClosed { .. }
        | EngineError::DayNotBegun { .. }
        | EngineError::NoDayYet
        | EngineError::NoPolicy { .. }
        | EngineError::NoStatement { .. }
        | EngineError::Refused { .. } => Exit::Refused,
    }
}

/// A file that is not there was named wrongly; any other trouble with it is the machine's.
#[must_use]
pub fn exit_of_io(error: &std::io::Error) -> Exit {
    match error.kind() {
        // What is wrong is what was named, or what stands in it, and not the machine.
        std::io::ErrorKind::NotFound | std::io::ErrorKind::InvalidData => Exit::Refused,
        _ => Exit::Environment,
    }
}
