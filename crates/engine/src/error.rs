//! What a command can refuse or fail with, each with a stable code, a place and a remedy.

use std::fmt;

use dunlin_delivery::DeliveryError;
use dunlin_domain::date::Date;
use dunlin_domain::fact::FactError;
use dunlin_domain::money::MoneyError;
use dunlin_store::StoreError;

use crate::document::FontError;
use crate::policy::PolicyError;
use crate::portfolio::PortfolioError;

/// A refusal or a failure.
#[derive(Debug)]
pub enum EngineError {
    /// The database, or the key of personal data.
    Store(StoreError),
    /// A portfolio folder.
    Portfolio(PortfolioError),
    /// Policy documents, each complaint by file and place.
    Policy(Vec<PolicyError>),
    /// A provider's configuration or folder.
    Delivery(DeliveryError),
    /// The font of PDFs.
    Font(FontError),
    /// An amount that does not fit.
    Money(MoneyError),
    /// A fact that cannot be taken.
    Fact(FactError),
    /// There is nothing by that name.
    NotFound {
        /// What was looked for: agreement, contact point, pause, batch.
        what: &'static str,
        /// The name given.
        name: String,
    },
    /// The day is before the last closed one.
    DayIsClosed {
        /// The day asked for.
        asked: Date,
        /// The last closed day.
        last_closed: Date,
    },
    /// The day has not begun by the clock.
    DayNotBegun {
        /// The day asked for.
        asked: Date,
        /// The day that the lender's calendar shows.
        today: Date,
    },
    /// No day has been run yet.
    NoDayYet,
    /// No document of a kind is in force.
    NoPolicy {
        /// What is missing, such as `strategy in CNY`.
        what: String,
        /// The day.
        on: Date,
    },
    /// The agreement has no statement on the day asked for, or none at all.
    NoStatement {
        /// The lender's id of the agreement.
        agreement: String,
        /// The day; `None` when the last statement was asked for.
        asked: Option<Date>,
        /// The last statement before the day and the first one after it, as far as there are such.
        nearest: Vec<Date>,
        /// The last closed day.
        through: Date,
    },
    /// The request makes no sense as it stands.
    Refused {
        /// The stable code.
        code: &'static str,
        /// What is wrong, and what would be right.
        complaint: String,
    },
    /// Another worker took the span over; nothing of this page was written.
    LeaseLost,
}

impl EngineError {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Store(StoreError::PeriodClosed { .. }) => "period_closed",
            Self::Store(_) => "store",
            Self::Portfolio(_) => "portfolio",
            Self::Policy(_) => "policy",
            Self::Delivery(_) => "delivery",
            Self::Font(_) => "font",
            Self::Money(_) => "money",
            Self::Fact(error) => error.code(),
            Self::NotFound { .. } => "not_found",
            Self::DayIsClosed { .. } => "day_is_closed",
            Self::DayNotBegun { .. } => "day_not_begun",
            Self::NoDayYet => "no_day_yet",
            Self::NoPolicy { .. } => "no_policy",
            Self::NoStatement { .. } => "no_statement",
            Self::Refused { code, .. } => code,
            Self::LeaseLost => "lease_lost",
        }
    }
}

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(error) => error.fmt(f),
            Self::Portfolio(error) => error.fmt(f),
            Self::Policy(errors) => {
                let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
                f.write_str(&lines.join("\n"))
            }
            Self::Delivery(error) => error.fmt(f),
            Self::Font(error) => error.fmt(f),
            Self::Money(error) => error.fmt(f),
            Self::Fact(error) => error.fmt(f),
            Self::NotFound { what, name } => write!(f, "there is no {what} {name:?}"),
            Self::DayIsClosed { asked, last_closed } => write!(
                f,
                "day {asked} is before the last closed day {last_closed}; run a later day, late facts are folded in there"
            ),
            Self::DayNotBegun { asked, today } => write!(
                f,
                "day {asked} has not begun, it is {today}; run a day when it comes, or rehearse with --clock business"
            ),
            Self::NoDayYet => f.write_str("no day has been run yet; run one with `dunlin day --date DATE`"),
            Self::NoPolicy { what, on } => {
                write!(f, "no {what} is in force on {on}; import one with `dunlin policy import FILE`")
            }
            Self::NoStatement { agreement, asked, nearest, through } => {
                let on = asked.map_or_else(String::new, |asked| format!(" of {asked}"));
                let nearest: Vec<String> = nearest.iter().map(ToString::to_string).collect();
                match nearest.as_slice() {
                    [] => write!(
                        f,
                        "agreement {agreement:?} has no statement{on}, nor any other up to {through}, the last closed \
                         day; run later days"
                    ),
                    nearest => write!(
                        f,
                        "agreement {agreement:?} has no statement{on}; the nearest: {}; `dunlin statement list` shows all",
                        nearest.join(" and ")
                    ),
                }
            }
            Self::Refused { complaint, .. } => f.write_str(complaint),
            Self::LeaseLost => f.write_str("another worker took over; run the command again to go on"),
        }
    }
}

impl std::error::Error for EngineError {}

macro_rules! from_error {
    ($($error:ty => $variant:ident),+ $(,)?) => {
        $(impl From<$error> for EngineError {
            fn from(error: $error) -> Self {
                Self::$variant(error)
            }
        })+
    };
}

from_error!(
    StoreError => Store,
    PortfolioError => Portfolio,
    DeliveryError => Delivery,
    FontError => Font,
    MoneyError => Money,
    FactError => Fact,
    Vec<PolicyError> => Policy,
);
