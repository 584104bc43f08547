//! The twins of the page *Agreement* and of the answer to *why*.

use dunlin_engine::tiers::{AgeingView, PlanAge};
use dunlin_engine::view::{
    AgreementView, CalendarDay, ContactPointLine, StatementLine, TimelineItem, Why, WhyLink,
};
use serde::Serialize;

use super::servicing::HoldJson;
use super::{MoneyJson, ReasonJson, TextJson, state_code};

/// `/api/agreements/{id}`.
#[derive(Serialize)]
pub struct AgreementJson {
    agreement: String,
    id: String,
    customer: String,
    product: String,
    opened_on: String,
    on: String,
    bucket: String,
    days_past_due: i32,
    ageing: AgeingJson,
    overdue: MoneyJson,
    late_fee: MoneyJson,
    owed: MoneyJson,
    credit_limit: MoneyJson,
    available_credit: MoneyJson,
    credit: MoneyJson,
    statements: Vec<StatementJson>,
    holds: Vec<HoldJson>,
    timeline: Vec<TimelineJson>,
    calendar: Vec<CalendarDayJson>,
    contact_points: Vec<ContactPointJson>,
}

#[derive(Serialize)]
struct AgeingJson {
    tier: &'static str,
    calendar_days: i32,
    paused_days: i32,
    days_after_due_date: i32,
    days_from_due_date: i32,
    plans: Vec<PlanAgeJson>,
    customer: CustomerAgeJson,
}

#[derive(Serialize)]
struct PlanAgeJson {
    reference: String,
    due_on: String,
    days_past_due: i32,
    overdue: MoneyJson,
}

#[derive(Serialize)]
struct CustomerAgeJson {
    tier: &'static str,
    days_past_due: i32,
    overdue_agreements: u32,
    overdue_since: Option<String>,
}

impl AgeingJson {
    fn new(view: &AgeingView) -> Self {
        let plan = |plan: &PlanAge| PlanAgeJson {
            reference: plan.reference.clone(),
            due_on: plan.due_on.to_string(),
            days_past_due: plan.days_past_due,
            overdue: MoneyJson::new(plan.overdue),
        };
        let customer = view.customer;
        Self {
            tier: view.ageing.tier.code(),
            calendar_days: view.ageing.calendar_days,
            paused_days: view.ageing.paused_days,
            days_after_due_date: view.days_after_due,
            days_from_due_date: view.days_from_due,
            plans: view.plans.iter().map(plan).collect(),
            customer: CustomerAgeJson {
                tier: view.customer_tier().code(),
                days_past_due: customer.days_past_due,
                overdue_agreements: customer.overdue_count,
                overdue_since: customer.overdue_due_on.map(|due_on| due_on.to_string()),
            },
        }
    }
}

#[derive(Serialize)]
struct StatementJson {
    cut_off_on: String,
    due_on: String,
    billed: MoneyJson,
    paid: MoneyJson,
    rest: MoneyJson,
    minimum: MoneyJson,
    is_overdue: bool,
    late_fee: MoneyJson,
}

#[derive(Serialize)]
struct TimelineJson {
    on: String,
    kind: &'static str,
    text: TextJson,
    amount: Option<MoneyJson>,
}

#[derive(Serialize)]
struct CalendarDayJson {
    date: String,
    reason: Option<&'static str>,
    is_overdue: bool,
    message: Option<&'static str>,
}

#[derive(Serialize)]
struct ContactPointJson {
    kind: &'static str,
    masked: String,
    state: &'static str,
    place: String,
    verified_on: Option<String>,
    verified_how: Option<&'static str>,
}

impl AgreementJson {
    /// The document of a view.
    #[must_use]
    pub fn new(view: &AgreementView) -> Self {
        Self {
            agreement: view.external_id.clone(),
            id: view.id.clone(),
            customer: view.customer_masked.clone(),
            product: view.product.clone(),
            opened_on: view.opened_on.to_string(),
            on: view.on.to_string(),
            bucket: view.bucket.clone(),
            days_past_due: view.days_past_due,
            ageing: AgeingJson::new(&view.ageing),
            overdue: MoneyJson::new(view.overdue),
            late_fee: MoneyJson::new(view.late_fee),
            owed: MoneyJson::new(view.owed),
            credit_limit: MoneyJson::new(view.credit_limit),
            available_credit: MoneyJson::new(view.available_credit),
            credit: MoneyJson::new(view.credit),
            statements: view.statements.iter().map(StatementJson::new).collect(),
            holds: view.holds.iter().map(HoldJson::new).collect(),
            timeline: view.timeline.iter().map(TimelineJson::new).collect(),
            calendar: view.calendar.iter().map(CalendarDayJson::new).collect(),
            contact_points: view.contact_points.iter().map(ContactPointJson::new).collect(),
        }
    }
}

impl StatementJson {
    fn new(line: &StatementLine) -> Self {
        Self {
            cut_off_on: line.cut_off_on.to_string(),
            due_on: line.due_on.to_string(),
            billed: MoneyJson::new(line.billed),
            paid: MoneyJson::new(line.paid),
            rest: MoneyJson::new(line.rest),
            minimum: MoneyJson::new(line.minimum),
            is_overdue: line.is_overdue,
            late_fee: MoneyJson::new(line.late_fee),
        }
    }
}

impl TimelineJson {
    fn new(item: &TimelineItem) -> Self {
        Self {
            on: item.on.to_string(),
            kind: item.kind,
            text: TextJson::new(&item.text),
            amount: item.amount.map(MoneyJson::new),
        }
    }
}

impl CalendarDayJson {
    fn new(day: &CalendarDay) -> Self {
        Self {
            date: day.date.to_string(),
            reason: day.reason.map(dunlin_domain::reason::Reason::code),
            is_overdue: day.is_overdue,
            message: state_code(day.message),
        }
    }
}

impl ContactPointJson {
    fn new(line: &ContactPointLine) -> Self {
        Self {
            kind: line.kind,
            masked: line.masked.clone(),
            state: line.state,
            place: line.place.clone(),
            verified_on: line.verified.map(|(on, _)| on.to_string()),
            verified_how: line.verified.map(|(_, how)| how.code()),
        }
    }
}

/// `/api/agreements/{id}/why`.
#[derive(Serialize)]
pub struct WhyJson {
    agreement: String,
    date: String,
    is_overdue: bool,
    reason: Option<ReasonJson>,
    message: Option<&'static str>,
    links: Vec<WhyLinkJson>,
    customer_sentence: TextJson,
}

#[derive(Serialize)]
struct WhyLinkJson {
    stage: &'static str,
    text: TextJson,
    evidence: Vec<String>,
}

impl WhyJson {
    /// The document of an answer.
    #[must_use]
    pub fn new(why: &Why) -> Self {
        let link = |link: &WhyLink| WhyLinkJson {
            stage: link.stage,
            text: TextJson::new(&link.text),
            evidence: link.evidence.clone(),
        };
        Self {
            agreement: why.agreement.clone(),
            date: why.date.to_string(),
            is_overdue: why.is_overdue,
            reason: why.reason.map(|reason| ReasonJson::of_day(reason, why.message)),
            message: state_code(why.message),
            links: why.links.iter().map(link).collect(),
            customer_sentence: TextJson::new(&why.customer_sentence),
        }
    }
}
