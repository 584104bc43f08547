//! The twins of the pages *Today* and *Silence* and of the list behind a segment.

use std::collections::BTreeMap;

use dunlin_domain::contact::Language;
use dunlin_engine::view::{
    AgreementIncidentLine, AgreementLine, BucketLine, Coverage, IncidentLine, MessageCounts, PauseLine,
    SilenceDay, SilenceView, TodayView, WatchIncidentLine,
};
use serde::Serialize;

use super::{MoneyJson, ReasonCountJson, ReasonJson, TextJson};
use crate::page::ReasonList;

/// `/api/today`.
#[derive(Serialize)]
pub struct TodayJson {
    date: String,
    first_day: String,
    last_day: String,
    coverage: CoverageJson,
    messages: MessagesJson,
    messages_by_channel: Vec<ChannelMessagesJson>,
    buckets: Vec<BucketJson>,
    pauses: Vec<PauseJson>,
    incidents: Vec<IncidentJson>,
    agreement_incidents: Vec<AgreementIncidentJson>,
    watch_incidents: Vec<WatchIncidentJson>,
    watched_at: Option<String>,
}

#[derive(Serialize)]
struct CoverageJson {
    overdue_days: u64,
    contacted: u64,
    silent: u64,
    unexplained: u64,
    delivered: u64,
    pending: u64,
    failed: u64,
    by_reason: Vec<ReasonCountJson>,
    unexplained_examples: Vec<ExampleJson>,
}

#[derive(Serialize)]
struct ExampleJson {
    agreement: String,
    date: String,
}

#[derive(Serialize)]
struct MessagesJson {
    planned: u64,
    pending: u64,
    held: u64,
    sent: u64,
    delivered: u64,
    failed: u64,
    unknown: u64,
    withdrawn: u64,
}

#[derive(Serialize)]
struct ChannelMessagesJson {
    channel: &'static str,
    #[serde(flatten)]
    messages: MessagesJson,
}

#[derive(Serialize)]
struct BucketJson {
    bucket: String,
    agreements: u64,
    overdue: MoneyJson,
}

#[derive(Serialize)]
struct PauseJson {
    id: String,
    from: String,
    through: String,
    reason: TextJson,
    author: String,
}

#[derive(Serialize)]
struct IncidentJson {
    id: String,
    channel: &'static str,
    provider: String,
    opened_at: String,
    closed_at: Option<String>,
    failures: u64,
}

/// An incident of one agreement.
#[derive(Serialize)]
pub struct AgreementIncidentJson {
    id: String,
    agreement: String,
    code: String,
    about_on: String,
    detail: String,
    opened_at: String,
    closed_at: Option<String>,
    seen: u64,
}

impl AgreementIncidentJson {
    /// The document of a line.
    #[must_use]
    pub fn new(line: &AgreementIncidentLine) -> Self {
        Self {
            id: line.id.clone(),
            agreement: line.agreement.clone(),
            code: line.code.clone(),
            about_on: line.about_on.to_string(),
            detail: line.detail.clone(),
            opened_at: line.opened_at.to_string(),
            closed_at: line.closed_at.map(|moment| moment.to_string()),
            seen: line.seen,
        }
    }
}

/// An incident that the watch found.
#[derive(Serialize)]
pub struct WatchIncidentJson {
    id: String,
    code: &'static str,
    stream: String,
    title: TextJson,
    action: TextJson,
    opened_at: String,
    last_seen_at: String,
    closed_at: Option<String>,
    first_affected: String,
    affected: u64,
    evidence: BTreeMap<String, String>,
    report: Option<BTreeMap<String, String>>,
}

impl WatchIncidentJson {
    /// The document of a line.
    #[must_use]
    pub fn new(line: &WatchIncidentLine) -> Self {
        let texts =
            |text: &dyn Fn(Language) -> String| TextJson { zh: text(Language::Zh), en: text(Language::En) };
        Self {
            id: line.id.clone(),
            code: line.code.code(),
            stream: line.stream.clone(),
            title: texts(&|language| line.title(language)),
            action: texts(&|language| line.action(language).to_owned()),
            opened_at: line.opened_at.to_string(),
            last_seen_at: line.last_seen_at.to_string(),
            closed_at: line.closed_at.map(|moment| moment.to_string()),
            first_affected: line.first_affected.clone(),
            affected: line.affected,
            evidence: line.evidence.iter().cloned().collect(),
            report: line.report.as_ref().map(|report| report.iter().cloned().collect()),
        }
    }
}

impl TodayJson {
    /// The document of a view.
    #[must_use]
    pub fn new(view: &TodayView) -> Self {
        let by_channel = view.by_channel.iter().map(|(channel, counts)| ChannelMessagesJson {
            channel: channel.code(),
            messages: MessagesJson::new(counts),
        });
        Self {
            date: view.date.to_string(),
            first_day: view.first_day.to_string(),
            last_day: view.last_day.to_string(),
            coverage: CoverageJson::new(&view.coverage),
            messages: MessagesJson::new(&view.messages),
            messages_by_channel: by_channel.collect(),
            buckets: view.buckets.iter().map(BucketJson::new).collect(),
            pauses: view.pauses.iter().map(PauseJson::new).collect(),
            incidents: view.incidents.iter().map(IncidentJson::new).collect(),
            agreement_incidents: view.agreement_incidents.iter().map(AgreementIncidentJson::new).collect(),
            watch_incidents: view.watch_incidents.iter().map(WatchIncidentJson::new).collect(),
            watched_at: view.watched_at.map(|moment| moment.to_string()),
        }
    }
}

impl CoverageJson {
    fn new(coverage: &Coverage) -> Self {
        let examples = coverage
            .unexplained_examples
            .iter()
            .map(|(agreement, date)| ExampleJson { agreement: agreement.clone(), date: date.to_string() });
        Self {
            overdue_days: coverage.overdue_days,
            contacted: coverage.contacted,
            silent: coverage.silent,
            unexplained: coverage.unexplained,
            delivered: coverage.delivered,
            pending: coverage.pending,
            failed: coverage.failed,
            by_reason: coverage.by_reason.iter().map(ReasonCountJson::new).collect(),
            unexplained_examples: examples.collect(),
        }
    }
}

impl MessagesJson {
    fn new(counts: &MessageCounts) -> Self {
        Self {
            planned: counts.total(),
            pending: counts.pending,
            held: counts.held,
            sent: counts.sent,
            delivered: counts.delivered,
            failed: counts.failed,
            unknown: counts.unknown,
            withdrawn: counts.withdrawn,
        }
    }
}

impl BucketJson {
    fn new(line: &BucketLine) -> Self {
        Self {
            bucket: line.bucket.clone(),
            agreements: line.agreements,
            overdue: MoneyJson::total(line.overdue_minor, line.currency),
        }
    }
}

impl PauseJson {
    fn new(line: &PauseLine) -> Self {
        Self {
            id: line.id.clone(),
            from: line.from.to_string(),
            through: line.through.to_string(),
            reason: TextJson::new(&line.reason),
            author: line.author.clone(),
        }
    }
}

impl IncidentJson {
    fn new(line: &IncidentLine) -> Self {
        Self {
            id: line.id.clone(),
            channel: line.channel.code(),
            provider: line.provider.clone(),
            opened_at: line.opened_at.to_string(),
            closed_at: line.closed_at.map(|moment| moment.to_string()),
            failures: line.failures,
        }
    }
}

/// `/api/silence`.
#[derive(Serialize)]
pub struct SilenceJson {
    from: String,
    through: String,
    days: Vec<SilenceDayJson>,
}

#[derive(Serialize)]
struct SilenceDayJson {
    date: String,
    by_reason: Vec<ReasonCountJson>,
    unexplained: u64,
}

impl SilenceJson {
    /// The document of a view.
    #[must_use]
    pub fn new(view: &SilenceView) -> Self {
        let day = |day: &SilenceDay| SilenceDayJson {
            date: day.date.to_string(),
            by_reason: day.by_reason.iter().map(ReasonCountJson::new).collect(),
            unexplained: day.unexplained,
        };
        Self {
            from: view.from.to_string(),
            through: view.through.to_string(),
            days: view.days.iter().map(day).collect(),
        }
    }
}

/// `/api/silence/{date}/{reason}`.
#[derive(Serialize)]
pub struct ReasonListJson {
    date: String,
    reason: ReasonJson,
    total: u64,
    offset: u64,
    limit: u64,
    agreements: Vec<AgreementLineJson>,
}

#[derive(Serialize)]
struct AgreementLineJson {
    agreement: String,
    product: String,
    bucket: String,
    days_past_due: i32,
    overdue: MoneyJson,
}

impl ReasonListJson {
    /// The document of a list.
    #[must_use]
    pub fn new(list: &ReasonList) -> Self {
        let line = |line: &AgreementLine| AgreementLineJson {
            agreement: line.external_id.clone(),
            product: line.product.clone(),
            bucket: line.bucket.clone(),
            days_past_due: line.days_past_due,
            overdue: MoneyJson::new(line.overdue),
        };
        Self {
            date: list.date.to_string(),
            reason: ReasonJson::new(list.reason),
            total: list.total,
            offset: list.offset,
            limit: list.limit,
            agreements: list.lines.iter().map(line).collect(),
        }
    }
}
