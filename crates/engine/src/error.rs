//! What a command can refuse or fail with, each with a stable code, a place and a remedy.

use dunlin_domain::wording;
use dunlin_domain::wording::Wording;
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
        complaint: Wording,
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

impl EngineError {
    /// What is wrong and what would be right, in both languages.
    #[must_use]
    pub fn wording(&self) -> Wording {
        match self {
            Self::Store(error) => error.wording(),
            Self::Portfolio(error) => error.wording(),
            Self::Policy(errors) => {
                let lines: Vec<Wording> = errors.iter().map(PolicyError::wording).collect();
                Wording::lines(&lines)
            }
            Self::Delivery(error) => error.wording(),
            Self::Font(error) => error.wording(),
            Self::Money(error) => error.wording(),
            Self::Fact(error) => error.wording(),
            Self::NotFound { what, name } => {
                let zh = named_zh(what);
                Wording { zh: format!("没有{zh}“{name}”"), en: format!("there is no {what} {name:?}") }
            }
            Self::DayIsClosed { asked, last_closed } => wording!(
                "会计日 {asked} 早于最近已日切的 {last_closed}；请跑更晚的会计日，迟到的记录会在那里补入",
                "day {asked} is before the last closed day {last_closed}; run a later day, late facts are folded in there"
            ),
            Self::DayNotBegun { asked, today } => wording!(
                "会计日 {asked} 尚未开始，今天是 {today}；请到当日再跑批，或用 --clock business 演练",
                "day {asked} has not begun, it is {today}; run a day when it comes, or rehearse with --clock business"
            ),
            Self::NoDayYet => wording!(
                "尚未跑过任何会计日；请执行 `dunlin day --date DATE`",
                "no day has been run yet; run one with `dunlin day --date DATE`"
            ),
            Self::NoPolicy { what, on } => {
                let zh = policy_zh(what);
                Wording {
                    zh: format!("{on} 没有生效的{zh}；请用 `dunlin policy import FILE` 导入"),
                    en: format!("no {what} is in force on {on}; import one with `dunlin policy import FILE`"),
                }
            }
            Self::NoStatement { agreement, asked, nearest, through } => {
                let on = asked.map_or_else(String::new, |asked| format!(" of {asked}"));
                let on_zh = asked.map_or_else(String::new, |asked| format!(" {asked} "));
                let nearest: Vec<String> = nearest.iter().map(ToString::to_string).collect();
                match nearest.as_slice() {
                    [] => Wording {
                        zh: format!(
                            "合约“{agreement}”没有{on_zh}账单，截至最近已日切的 {through} 也没有其他账单；请先跑更晚的会计日"
                        ),
                        en: format!(
                            "agreement {agreement:?} has no statement{on}, nor any other up to {through}, the last closed \
                         day; run later days"
                        ),
                    },
                    nearest => Wording {
                        zh: format!(
                            "合约“{agreement}”没有{on_zh}账单；最近的是 {}；全部账单见 `dunlin statement list`",
                            nearest.join("、")
                        ),
                        en: format!(
                            "agreement {agreement:?} has no statement{on}; the nearest: {}; `dunlin statement list` shows all",
                            nearest.join(" and ")
                        ),
                    },
                }
            }
            Self::Refused { complaint, .. } => complaint.clone(),
            Self::LeaseLost => wording!(
                "已由另一个工作进程接手；请重新执行以继续",
                "another worker took over; run the command again to go on"
            ),
        }
    }
}

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.wording().en)
    }
}

impl std::error::Error for EngineError {}

/// What was looked for, in Chinese.
fn named_zh(what: &'static str) -> &'static str {
    let known = NAMED.iter().find(|(en, _)| *en == what);
    known.map_or(what, |(_, zh)| zh)
}

/// What can be looked for by a name, in English and in Chinese.
const NAMED: &[(&str, &str)] = &[
    ("account", "科目"),
    ("agreement", "合约"),
    ("alarm", "警报"),
    ("batch", "批次"),
    ("call", "电话记录"),
    ("call task", "外呼任务"),
    ("circumstance", "登记事项"),
    ("contact point", "联系方式"),
    ("contact request", "联系方式变更申请"),
    ("customer", "客户"),
    ("customer with an agreement", "有合约的客户"),
    ("customer of agreement", "合约的客户"),
    ("entry", "银行流水"),
    ("fact", "记录"),
    ("freeze of late fees", "违约金停收"),
    ("gateway", "支付网关"),
    ("gentler mode", "柔性安排"),
    ("gentler mode in force", "生效中的柔性安排"),
    ("hold", "预授权"),
    ("link", "链接"),
    ("loss", "转呆账或核销"),
    ("message", "消息"),
    ("open alarm on day", "未关闭的警报，会计日"),
    ("pause", "暂停"),
    ("payoff quote", "结清报价"),
    ("posting", "记账凭证"),
    ("provider", "服务商"),
    ("provision", "准备金"),
    ("purchase", "消费"),
    ("request", "申请"),
    ("running pause", "生效中的暂停"),
    ("sale", "债权转让"),
    ("submitted document", "待审批的政策文件"),
    ("submitted template", "待审批的模板"),
    ("template", "模板"),
    ("unassigned money", "待认领款项"),
    ("waiver", "减免"),
];

/// What is not in force, in Chinese: the kind of document translated, its name as it is.
fn policy_zh(what: &str) -> String {
    const KINDS: [(&str, &str); 5] = [
        ("contact rules", "触达规则"),
        ("strategy in", "策略，币种"),
        ("product", "产品"),
        ("template", "模板"),
        ("calendar", "日历"),
    ];
    let found = KINDS.iter().find_map(|(en, zh)| what.strip_prefix(en).map(|rest| format!("{zh}{rest}")));
    found.unwrap_or_else(|| what.to_owned())
}

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
