//! What can go wrong with a request: a stable code, the status, and words with a remedy in two languages.

use axum::http::StatusCode;
use dunlin_domain::date::Date;
use dunlin_engine::EngineError;

use crate::SILENCE_DAYS_MAX;
use crate::ui::Ui;

/// Why a request got no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The text is not a day of the calendar.
    ImpossibleDate {
        /// What was given.
        text: String,
    },
    /// The text is not a whole number that fits.
    BadNumber {
        /// The parameter.
        name: &'static str,
        /// What was given.
        text: String,
    },
    /// There is no such reason.
    UnknownReason {
        /// The code given.
        text: String,
    },
    /// The first day of a range comes after its last.
    BackwardRange {
        /// The first day.
        from: Date,
        /// The last day.
        through: Date,
    },
    /// The range has more days than a chart can show.
    LongRange {
        /// Its days.
        days: i32,
    },
    /// No id was given.
    NoId,
    /// The day was not run, or is not closed yet.
    DayNotRun {
        /// The day.
        asked: Date,
        /// First business date that was run.
        first: Date,
        /// Last business date that is closed.
        last: Date,
    },
    /// No day has been run and closed.
    NoDayYet,
    /// The agreement has no statement on that day.
    NoStatement {
        /// The agreement.
        name: String,
        /// The nearest days that have one.
        nearest: Vec<Date>,
    },
    /// There is no such agreement.
    UnknownAgreement {
        /// The id given.
        name: String,
    },
    /// The chart has no such account.
    UnknownAccount {
        /// The code given.
        code: String,
    },
    /// There is no such page.
    NoSuchPage,
    /// The request names another machine: a page elsewhere may be trying to read this console.
    ForeignHost,
    /// The engine could not answer.
    Engine {
        /// The engine's stable code.
        code: &'static str,
        /// What it says, without personal data.
        text: String,
    },
    /// The program failed; a mistake of ours.
    Crashed,
}

impl Problem {
    /// The status of the response.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::ImpossibleDate { .. }
            | Self::BadNumber { .. }
            | Self::BackwardRange { .. }
            | Self::LongRange { .. }
            | Self::NoId => StatusCode::BAD_REQUEST,
            Self::UnknownReason { .. }
            | Self::DayNotRun { .. }
            | Self::NoDayYet
            | Self::UnknownAgreement { .. }
            | Self::NoStatement { .. }
            | Self::UnknownAccount { .. }
            | Self::NoSuchPage => StatusCode::NOT_FOUND,
            Self::ForeignHost => StatusCode::MISDIRECTED_REQUEST,
            Self::Engine { .. } | Self::Crashed => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Engine { code, .. } => code,
            other => other.text_code(),
        }
    }

    /// The code by which the texts are found: all failures of the engine share theirs.
    fn text_code(&self) -> &'static str {
        match self {
            Self::ImpossibleDate { .. } => "impossible_date",
            Self::BadNumber { .. } => "bad_number",
            Self::UnknownReason { .. } => "unknown_reason",
            Self::BackwardRange { .. } => "backward_range",
            Self::LongRange { .. } => "long_range",
            Self::NoId => "no_id",
            Self::DayNotRun { .. } => "day_not_run",
            Self::NoDayYet => "no_day_yet",
            Self::UnknownAgreement { .. } => "unknown_agreement",
            Self::NoStatement { .. } => "no_statement",
            Self::UnknownAccount { .. } => "unknown_account",
            Self::NoSuchPage => "no_such_page",
            Self::ForeignHost => "foreign_host",
            Self::Engine { .. } => "engine",
            Self::Crashed => "crashed",
        }
    }

    /// A heading of a few words.
    #[must_use]
    pub fn title(&self, ui: &Ui) -> String {
        ui.word("problem-", &format!("{}-title", self.text_code()))
    }

    /// What is wrong.
    #[must_use]
    pub fn message(&self, ui: &Ui) -> String {
        let key = format!("problem-{}-message", self.text_code());
        match self {
            Self::ImpossibleDate { text } | Self::UnknownReason { text } | Self::Engine { text, .. } => {
                ui.with(&key, [("text", text)])
            }
            Self::BadNumber { name, text } => ui.with(&key, [("name", *name), ("text", text)]),
            Self::BackwardRange { from, through } => {
                ui.with(&key, [("from", &from.to_string()), ("through", &through.to_string())])
            }
            Self::LongRange { days } => {
                ui.with(&key, [("days", &days.to_string()), ("max", &SILENCE_DAYS_MAX.to_string())])
            }
            Self::DayNotRun { asked, .. } => ui.with(&key, [("asked", &asked.to_string())]),
            Self::UnknownAgreement { name } | Self::NoStatement { name, .. } => {
                ui.with(&key, [("name", name)])
            }
            Self::UnknownAccount { code } => ui.with(&key, [("code", code)]),
            Self::NoId | Self::NoDayYet | Self::NoSuchPage | Self::ForeignHost | Self::Crashed => ui.t(&key),
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn remedy(&self, ui: &Ui) -> String {
        let key = format!("problem-{}-remedy", self.text_code());
        match self {
            Self::DayNotRun { first, last, .. } => {
                ui.with(&key, [("first", &first.to_string()), ("last", &last.to_string())])
            }
            Self::NoStatement { nearest, .. } if !nearest.is_empty() => {
                let days: Vec<String> = nearest.iter().map(ToString::to_string).collect();
                ui.with("problem-no_statement-nearest", [("days", &days.join(", "))])
            }
            _ => ui.t(&key),
        }
    }
}

impl From<EngineError> for Problem {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::NotFound { what: "agreement", name } => Self::UnknownAgreement { name },
            EngineError::NotFound { what: "account", name } => Self::UnknownAccount { code: name },
            EngineError::NoDayYet => Self::NoDayYet,
            EngineError::NoStatement { agreement, nearest, .. } => {
                Self::NoStatement { name: agreement, nearest }
            }
            other => Self::Engine { code: other.code(), text: other.to_string() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dunlin_domain::contact::Language;
    use expect_test::{Expect, expect};
    use jiff::tz::TimeZone;

    fn check(problem: &Problem, expected: Expect) {
        let lines = [Language::Zh, Language::En].map(|language| {
            let ui = Ui { language, here: "/".to_owned(), lender: String::new(), zone: TimeZone::UTC };
            format!("{} | {} | {}", problem.title(&ui), problem.message(&ui), problem.remedy(&ui))
        });
        expected.assert_eq(&format!(
            "{} {}\n{}",
            problem.status().as_u16(),
            problem.code(),
            lines.join("\n")
        ));
    }

    #[test]
    fn a_problem_names_what_is_wrong_and_what_to_do() {
        check(
            &Problem::ImpossibleDate { text: "2026-02-30".to_owned() },
            expect![[r#"
                400 impossible_date
                日期不存在 | “2026-02-30”不是日历上的日期。 | 请按 2026-02-28 的形式填写存在的日期。
                No such day | “2026-02-30” is not a day of the calendar. | Give a day that exists, written as 2026-02-28."#]],
        );
        let day = |text| Date::parse(text).expect("a day of the calendar");
        check(
            &Problem::DayNotRun {
                asked: day("2026-05-01"),
                first: day("2026-01-01"),
                last: day("2026-03-31"),
            },
            expect![[r#"
                404 day_not_run
                当日没有判定 | 2026-05-01 尚未运行或尚未日切。 | 可查看 2026-01-01 至 2026-03-31 之间的日期。
                No verdicts on this day | 2026-05-01 was not run, or is not closed yet. | Choose a day from 2026-01-01 to 2026-03-31."#]],
        );
        check(
            &Problem::UnknownAgreement { name: "CL-9".to_owned() },
            expect![[r#"
            404 unknown_agreement
            没有这份合约 | 没有编号为“CL-9”的合约。 | 请核对编号（区分大小写），或从“静默”页面的列表进入。
            No such agreement | There is no agreement with the id “CL-9”. | Check the id (capitals matter), or choose it from a list of the page Silence."#]],
        );
        check(
            &Problem::NoDayYet,
            expect![[r#"
            404 no_day_yet
            尚未运行过任何一天 | 还没有完成任何一个会计日，因此没有可显示的判定。 | 请先运行 dunlin day --date 日期，再刷新本页。
            No day has been run yet | No business date has been run and closed, so there are no verdicts to show. | Run dunlin day --date DATE, then load this page again."#]],
        );
        check(
            &Problem::Engine { code: "store", text: "the disk is full".to_owned() },
            expect![[r#"
            500 store
            无法读取数据 | 系统报告：the disk is full | 排除上述问题后刷新本页；dunlin verify 可以检查数据。
            The data could not be read | The system says: the disk is full | Settle that and load this page again; dunlin verify checks the data."#]],
        );
    }
}
