//! What a recorded fact and its report look like to programs: the answer of the API and of `dunlin … --json` alike.

use dunlin_domain::change::{
    AgeingOn, AllocationChange, DaySpan, Figures, StatementChange, StatementFigures,
};
use dunlin_domain::contact::Language;
use dunlin_domain::date::Date;
use dunlin_engine::payment::changes::{ChangeReport, LearnedFact, VerdictEffect};
use dunlin_engine::payment::customer::{CustomerPayment, ShareView};
use dunlin_engine::payment::record::Recorded;
use serde::Serialize;

use super::{MoneyJson, TextJson};

/// A fact that was recorded, now or before.
#[derive(Serialize)]
pub struct RecordedJson {
    agreement: String,
    id: String,
    kind: &'static str,
    kind_label: TextJson,
    reference: String,
    amount: MoneyJson,
    value_on: String,
    learned_at: String,
    is_new: bool,
    posted_on: Option<String>,
    unapplied: MoneyJson,
    report: ReportJson,
}

impl RecordedJson {
    /// The document of a recorded fact.
    #[must_use]
    pub fn new(recorded: &Recorded) -> Self {
        let label = |language| recorded.kind.label(language).to_owned();
        Self {
            agreement: recorded.agreement.clone(),
            id: recorded.id.to_string(),
            kind: recorded.kind.code(),
            kind_label: TextJson { zh: label(Language::Zh), en: label(Language::En) },
            reference: recorded.reference.clone(),
            amount: MoneyJson::new(recorded.amount),
            value_on: recorded.value_on.to_string(),
            learned_at: recorded.learned_at.to_string(),
            is_new: recorded.is_new,
            posted_on: recorded.posted_on.map(|date| date.to_string()),
            unapplied: MoneyJson::new(recorded.unapplied()),
            report: ReportJson::new(&recorded.report),
        }
    }
}

/// What the facts of one moment changed.
#[derive(Serialize)]
pub struct ReportJson {
    learned_at: String,
    facts: Vec<LearnedFactJson>,
    last_decided_on: Option<String>,
    is_backdated: bool,
    from: String,
    before: FiguresJson,
    after: FiguresJson,
    allocations: Vec<AllocationJson>,
    days: Vec<DaySpanJson>,
    statements: Vec<StatementChangeJson>,
    verdicts: Vec<VerdictEffectJson>,
}

#[derive(Serialize)]
struct LearnedFactJson {
    kind: &'static str,
    reference: String,
    amount: MoneyJson,
    value_on: String,
}

#[derive(Serialize)]
struct FiguresJson {
    on: String,
    bucket: String,
    days_past_due: i32,
    overdue: MoneyJson,
    late_fee: MoneyJson,
    late_fee_charged: MoneyJson,
    owed: MoneyJson,
    credit: MoneyJson,
}

#[derive(Serialize)]
struct AllocationJson {
    /// The payment or refund; null for credit from before.
    cause: Option<String>,
    on: String,
    due_on: String,
    component: &'static str,
    before: MoneyJson,
    after: MoneyJson,
}

#[derive(Serialize)]
struct AgeingJson {
    bucket: String,
    days_past_due: i32,
    overdue: MoneyJson,
}

#[derive(Serialize)]
struct DaySpanJson {
    from: String,
    through: String,
    before: AgeingJson,
    after: AgeingJson,
}

#[derive(Serialize)]
struct StatementFiguresJson {
    billed: MoneyJson,
    carried: MoneyJson,
    minimum: MoneyJson,
    missed: MoneyJson,
}

#[derive(Serialize)]
struct StatementChangeJson {
    cut_off_on: String,
    due_on: String,
    before: Option<StatementFiguresJson>,
    after: Option<StatementFiguresJson>,
}

#[derive(Serialize)]
struct VerdictEffectJson {
    on: String,
    reason: &'static str,
    message: Option<String>,
    message_state: Option<&'static str>,
    days_past_due_then: i32,
    overdue_then: MoneyJson,
    days_past_due_now: i32,
    overdue_now: MoneyJson,
}

impl ReportJson {
    /// The document of a report.
    #[must_use]
    pub fn new(report: &ChangeReport) -> Self {
        let comparison = &report.comparison;
        let day = |date: Date| date.to_string();
        Self {
            learned_at: report.learned_at.to_string(),
            facts: report.facts.iter().map(LearnedFactJson::new).collect(),
            last_decided_on: report.last_decided_on.map(day),
            is_backdated: report.is_backdated,
            from: day(comparison.from),
            before: FiguresJson::new(report, &comparison.before),
            after: FiguresJson::new(report, &comparison.after),
            allocations: comparison.allocations.iter().map(|one| AllocationJson::new(report, one)).collect(),
            days: comparison.days.iter().map(|span| DaySpanJson::new(report, span)).collect(),
            statements: comparison.statements.iter().map(StatementChangeJson::new).collect(),
            verdicts: report.verdicts.iter().map(VerdictEffectJson::new).collect(),
        }
    }
}

impl LearnedFactJson {
    fn new(fact: &LearnedFact) -> Self {
        Self {
            kind: fact.kind.code(),
            reference: fact.reference.clone(),
            amount: MoneyJson::new(fact.amount),
            value_on: fact.value_on.to_string(),
        }
    }
}

impl FiguresJson {
    fn new(report: &ChangeReport, figures: &Figures) -> Self {
        Self {
            on: figures.on.to_string(),
            bucket: report.bucket(figures.bucket_index).to_owned(),
            days_past_due: figures.days_past_due,
            overdue: MoneyJson::new(figures.overdue),
            late_fee: MoneyJson::new(figures.late_fee),
            late_fee_charged: MoneyJson::new(figures.late_fee_charged),
            owed: MoneyJson::new(figures.owed),
            credit: MoneyJson::new(figures.credit),
        }
    }
}

impl AllocationJson {
    fn new(report: &ChangeReport, change: &AllocationChange) -> Self {
        Self {
            cause: report.cause(change.cause).map(str::to_owned),
            on: change.on.to_string(),
            due_on: change.due_on.to_string(),
            component: change.component.code(),
            before: MoneyJson::new(change.before),
            after: MoneyJson::new(change.after),
        }
    }
}

impl AgeingJson {
    fn new(report: &ChangeReport, ageing: &AgeingOn) -> Self {
        Self {
            bucket: report.bucket(ageing.bucket_index).to_owned(),
            days_past_due: ageing.days_past_due,
            overdue: MoneyJson::new(ageing.overdue),
        }
    }
}

impl DaySpanJson {
    fn new(report: &ChangeReport, span: &DaySpan) -> Self {
        Self {
            from: span.from.to_string(),
            through: span.through.to_string(),
            before: AgeingJson::new(report, &span.before),
            after: AgeingJson::new(report, &span.after),
        }
    }
}

impl StatementFiguresJson {
    fn new(figures: &StatementFigures) -> Self {
        Self {
            billed: MoneyJson::new(figures.billed),
            carried: MoneyJson::new(figures.carried),
            minimum: MoneyJson::new(figures.minimum),
            missed: MoneyJson::new(figures.missed),
        }
    }
}

impl StatementChangeJson {
    fn new(change: &StatementChange) -> Self {
        Self {
            cut_off_on: change.cut_off_on.to_string(),
            due_on: change.due_on.to_string(),
            before: change.before.as_ref().map(StatementFiguresJson::new),
            after: change.after.as_ref().map(StatementFiguresJson::new),
        }
    }
}

impl VerdictEffectJson {
    fn new(effect: &VerdictEffect) -> Self {
        Self {
            on: effect.on.to_string(),
            reason: effect.reason.code(),
            message: effect.message.map(|(id, _)| id.to_string()),
            message_state: effect.message.map(|(_, state)| state.code()),
            days_past_due_then: effect.days_past_due_then,
            overdue_then: MoneyJson::new(effect.overdue_then),
            days_past_due_now: effect.days_past_due_now,
            overdue_now: MoneyJson::new(effect.overdue_now),
        }
    }
}

/// A payment over several agreements of one customer.
#[derive(Serialize)]
pub struct CustomerPaymentJson {
    customer: String,
    reference: String,
    amount: MoneyJson,
    value_on: String,
    recorded_at: Option<String>,
    is_new: bool,
    shares: Vec<ShareJson>,
    recorded: Vec<RecordedJson>,
}

#[derive(Serialize)]
struct ShareJson {
    agreement: String,
    due_on: Option<String>,
    rank: &'static str,
    amount: MoneyJson,
}

impl CustomerPaymentJson {
    /// The document of a split.
    #[must_use]
    pub fn new(payment: &CustomerPayment) -> Self {
        let share = |share: &ShareView| ShareJson {
            agreement: share.agreement.clone(),
            due_on: share.due_on.map(|date| date.to_string()),
            rank: share.rank.code(),
            amount: MoneyJson::new(share.amount),
        };
        Self {
            customer: payment.customer.to_string(),
            reference: payment.reference.clone(),
            amount: MoneyJson::new(payment.amount),
            value_on: payment.value_on.to_string(),
            recorded_at: payment.recorded_at.map(|at| at.to_string()),
            is_new: payment.is_new,
            shares: payment.shares.iter().map(share).collect(),
            recorded: payment.recorded.iter().map(RecordedJson::new).collect(),
        }
    }
}
