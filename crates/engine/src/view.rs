//! What screens and reports show: plain data, with all numbers worked out and nothing rendered.

use dunlin_domain::contact::{Channel, Language, ProofKind};
use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::incident::IncidentCode;
use dunlin_domain::message::MessageState;
use dunlin_domain::money::{Currency, Money};
use dunlin_domain::reason::Reason;
use dunlin_store::policy::Incident;

use crate::line::LineView;
use crate::tiers::AgeingView;

/// How many overdue agreement-days have one reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReasonCount {
    /// The reason.
    pub reason: Reason,
    /// Agreement-days.
    pub count: u64,
}

/// Messages by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MessageCounts {
    /// Decided on, waiting for their moment or for another try.
    pub pending: u64,
    /// Held by a pause.
    pub held: u64,
    /// Taken by a provider, no receipt yet.
    pub sent: u64,
    /// Delivered, by the provider's receipt.
    pub delivered: u64,
    /// Failed or out of date before they could be sent.
    pub failed: u64,
    /// The provider did not say whether it took them.
    pub unknown: u64,
    /// Taken back before sending, or replaced by a fresh one.
    pub withdrawn: u64,
}

impl MessageCounts {
    /// Adds `count` messages in `state`.
    pub fn add(&mut self, state: MessageState, count: u64) {
        let cell = match state {
            MessageState::Planned | MessageState::Queued | MessageState::Sending => &mut self.pending,
            MessageState::Held => &mut self.held,
            MessageState::Accepted => &mut self.sent,
            MessageState::Delivered => &mut self.delivered,
            MessageState::Failed | MessageState::Expired => &mut self.failed,
            MessageState::Unknown => &mut self.unknown,
            MessageState::Replaced | MessageState::Cancelled => &mut self.withdrawn,
        };
        *cell += count;
    }

    /// All of them.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.pending + self.held + self.sent + self.delivered + self.failed + self.unknown + self.withdrawn
    }
}

/// The coverage of one day or of a range of days.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Overdue agreement-days, recomputed from facts alone.
    pub overdue_days: u64,
    /// Of these, the ones with a contact that arrived or may still arrive.
    pub contacted: u64,
    /// Of these, the ones silent for a named reason.
    pub silent: u64,
    /// Of these, the ones without a verdict, or with two: must be 0.
    pub unexplained: u64,
    /// Contacted days whose message was delivered.
    pub delivered: u64,
    /// Contacted days whose message is still on its way.
    pub pending: u64,
    /// Days on which a contact was decided and came to nothing; they count as silent.
    pub failed: u64,
    /// By reason, most frequent first.
    pub by_reason: Vec<ReasonCount>,
    /// The first unexplained ones, as agreement and day.
    pub unexplained_examples: Vec<(String, Date)>,
}

/// The page *Today*.
#[derive(Clone, Debug)]
pub struct TodayView {
    /// The business date shown.
    pub date: Date,
    /// First business date that was run.
    pub first_day: Date,
    /// Last business date that is closed.
    pub last_day: Date,
    /// The coverage of the day.
    pub coverage: Coverage,
    /// Messages decided on that day.
    pub messages: MessageCounts,
    /// The same by channel.
    pub by_channel: Vec<(Channel, MessageCounts)>,
    /// Overdue agreements by bucket, as they stand now.
    pub buckets: Vec<BucketLine>,
    /// Pauses that run on the day.
    pub pauses: Vec<PauseLine>,
    /// Incidents that were open on the day.
    pub incidents: Vec<IncidentLine>,
    /// Incidents of agreements that were open on the day: faults of the program.
    pub agreement_incidents: Vec<AgreementIncidentLine>,
    /// Incidents that the watch found and that were open on the day; on the last closed day, those that are open now too.
    pub watch_incidents: Vec<WatchIncidentLine>,
    /// When the watch last looked; `None` where it never did.
    pub watched_at: Option<Timestamp>,
}

/// Overdue agreements of one bucket and currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BucketLine {
    /// The bucket's name.
    pub bucket: String,
    /// The currency.
    pub currency: Currency,
    /// How many.
    pub agreements: u64,
    /// What is overdue in all, in minor units.
    pub overdue_minor: i128,
}

/// A pause in one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PauseLine {
    /// Its id.
    pub id: String,
    /// First day.
    pub from: Date,
    /// Last day.
    pub through: Date,
    /// What staff and customers are told, zh and en.
    pub reason: (String, String),
    /// Who set it.
    pub author: String,
}

/// An incident in one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncidentLine {
    /// Its id.
    pub id: String,
    /// The channel that failed.
    pub channel: Channel,
    /// The provider.
    pub provider: String,
    /// When it was seen.
    pub opened_at: Timestamp,
    /// When it was over.
    pub closed_at: Option<Timestamp>,
    /// Messages that it hit.
    pub failures: u64,
}

impl IncidentLine {
    /// The line of an incident.
    pub(crate) fn of(incident: Incident) -> Self {
        Self {
            id: incident.id.to_string(),
            channel: incident.channel,
            provider: incident.provider,
            opened_at: incident.opened_at,
            closed_at: incident.closed_at,
            failures: u64::try_from(incident.failure_count).unwrap_or(0),
        }
    }
}

/// An incident of one agreement in one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgreementIncidentLine {
    /// Its id.
    pub id: String,
    /// The lender's id of the agreement.
    pub agreement: String,
    /// What it is: `statement_unbalanced`, `agreement_not_worked`, `message_not_ready`.
    pub code: String,
    /// The day that it is about.
    pub about_on: Date,
    /// What was found.
    pub detail: String,
    /// When it was first seen.
    pub opened_at: Timestamp,
    /// When the same was right again.
    pub closed_at: Option<Timestamp>,
    /// How often it was seen.
    pub seen: u64,
}

/// An incident that the watch found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchIncidentLine {
    /// Its id.
    pub id: String,
    /// What it is.
    pub code: IncidentCode,
    /// What it is about: a channel with provider and kind of message, a worker, the plan.
    pub stream: String,
    /// When it was found.
    pub opened_at: Timestamp,
    /// When it was last seen.
    pub last_seen_at: Timestamp,
    /// When it was over.
    pub closed_at: Option<Timestamp>,
    /// The first that it hit: a message, an agreement, a day.
    pub first_affected: String,
    /// How many it hit at most.
    pub affected: u64,
    /// What was found, by name.
    pub evidence: Vec<(String, String)>,
    /// What was caught up by its end, by name; `None` while it is open.
    pub report: Option<Vec<(String, String)>>,
}

impl AgreementIncidentLine {
    /// What it is, in one language.
    #[must_use]
    pub fn title(&self, language: Language) -> String {
        let (agreement, day) = (&self.agreement, self.about_on);
        match (self.code.as_str(), language) {
            ("statement_unbalanced", Language::Zh) => format!("合约 {agreement} {day} 的账单不平，未出具"),
            ("statement_unbalanced", Language::En) => {
                format!("statement of {agreement} of {day} does not add up and was not made")
            }
            ("agreement_not_worked", Language::Zh) => {
                format!("合约 {agreement} 自{day}起无法处理，其他合约不受影响")
            }
            ("agreement_not_worked", Language::En) => {
                format!("agreement {agreement} cannot be worked since {day}; all others are")
            }
            ("message_not_ready", Language::Zh) => {
                format!("合约 {agreement} {day}的消息无法生成，其他消息照常发送")
            }
            ("message_not_ready", Language::En) => {
                format!(
                    "the message of agreement {agreement} of {day} cannot be made ready; all others go out"
                )
            }
            (code, _) => format!("{code}: {agreement}, {day}"),
        }
    }
}

/// The page *Silence*: reasons over time.
#[derive(Clone, Debug)]
pub struct SilenceView {
    /// First day.
    pub from: Date,
    /// Last day.
    pub through: Date,
    /// One entry a day, in order.
    pub days: Vec<SilenceDay>,
}

/// One day of the page *Silence*.
#[derive(Clone, Debug)]
pub struct SilenceDay {
    /// The day.
    pub date: Date,
    /// Overdue agreements by reason, contact among them; most frequent first.
    pub by_reason: Vec<ReasonCount>,
    /// Overdue agreements without a verdict.
    pub unexplained: u64,
}

/// An agreement in a list.
#[derive(Clone, Debug)]
pub struct AgreementLine {
    /// The lender's id.
    pub external_id: String,
    /// Product code.
    pub product: String,
    /// Bucket name.
    pub bucket: String,
    /// Days past due on the day.
    pub days_past_due: i32,
    /// What was overdue when the verdict was given.
    pub overdue: Money,
    /// The reason of the day.
    pub reason: Reason,
}

/// The page *Agreement*.
#[derive(Clone, Debug)]
pub struct AgreementView {
    /// The lender's id.
    pub external_id: String,
    /// Our id.
    pub id: String,
    /// The customer's name with its middle hidden.
    pub customer_masked: String,
    /// Product code and version.
    pub product: String,
    /// The day it was opened.
    pub opened_on: Date,
    /// The day that everything here is for.
    pub on: Date,
    /// Bucket name.
    pub bucket: String,
    /// Days past due.
    pub days_past_due: i32,
    /// The agreement, its plans and its customer in all the ways that days are counted, with the tiers.
    pub ageing: AgeingView,
    /// What is overdue.
    pub overdue: Money,
    /// Late fees unpaid to date.
    pub late_fee: Money,
    /// All that is owed.
    pub owed: Money,
    /// The credit limit.
    pub credit_limit: Money,
    /// What may still be drawn.
    pub available_credit: Money,
    /// Credit from overpayment.
    pub credit: Money,
    /// The credit line.
    pub line: LineView,
    /// Open statements, oldest first.
    pub statements: Vec<StatementLine>,
    /// Pauses of ageing and freezes of late fees, oldest first.
    pub holds: Vec<crate::servicing::holds::Hold>,
    /// What is known of the customer (complaints, consents, promises), as far as it concerns this agreement, oldest first.
    pub circumstances: Vec<crate::circumstances::CircumstanceRow>,
    /// What happened, newest first.
    pub timeline: Vec<TimelineItem>,
    /// A verdict or nothing for each of the days shown, oldest first.
    pub calendar: Vec<CalendarDay>,
    /// Contact points with their middle hidden.
    pub contact_points: Vec<ContactPointLine>,
}

/// An open statement.
#[derive(Clone, Debug)]
pub struct StatementLine {
    /// The cut-off.
    pub cut_off_on: Date,
    /// The due date.
    pub due_on: Date,
    /// What it billed.
    pub billed: Money,
    /// What was paid of it.
    pub paid: Money,
    /// What is open of it.
    pub rest: Money,
    /// The minimum payment.
    pub minimum: Money,
    /// Whether it is overdue.
    pub is_overdue: bool,
    /// Its late fee unpaid to date.
    pub late_fee: Money,
}

/// One thing that happened.
#[derive(Clone, Debug)]
pub struct TimelineItem {
    /// The day.
    pub on: Date,
    /// A stable word for the icon and colour: purchase, payment, refund, reversal, waiver, obligation,
    /// statement, missed, verdict, message, contact_point.
    pub kind: &'static str,
    /// What happened, in Chinese and English.
    pub text: (String, String),
    /// The amount, if there is one.
    pub amount: Option<Money>,
}

impl TimelineItem {
    /// The text in one language.
    #[must_use]
    pub fn text_in(&self, language: Language) -> &str {
        match language {
            Language::Zh => &self.text.0,
            Language::En => &self.text.1,
        }
    }
}

/// One day of the calendar strip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CalendarDay {
    /// The day.
    pub date: Date,
    /// The reason, if the agreement was overdue or was contacted; `None` on other days.
    pub reason: Option<Reason>,
    /// Whether the agreement was overdue on the day.
    pub is_overdue: bool,
    /// The state of the day's message.
    pub message: Option<MessageState>,
}

/// A contact point in one line.
#[derive(Clone, Debug)]
pub struct ContactPointLine {
    /// phone, email, push, postal.
    pub kind: &'static str,
    /// With its middle hidden.
    pub masked: String,
    /// active, removed, invalid.
    pub state: &'static str,
    /// The file and line that it comes from; empty where that was not kept.
    pub place: String,
    /// The last day on which something showed that it is the person's, and what.
    pub verified: Option<(Date, ProofKind)>,
}

/// The answer to *why* an agreement heard something, or nothing, on a day.
#[derive(Clone, Debug)]
pub struct Why {
    /// The lender's id of the agreement.
    pub agreement: String,
    /// The day.
    pub date: Date,
    /// Whether the agreement was overdue on the day, by what is known now.
    pub is_overdue: bool,
    /// The reason; `None` when there is no verdict, which for an overdue day is an incident.
    pub reason: Option<Reason>,
    /// The state of the day's message, if there was one.
    pub message: Option<MessageState>,
    /// From facts to outcome.
    pub links: Vec<WhyLink>,
    /// What the customer may be told, zh and en.
    pub customer_sentence: (String, String),
}

/// One link of the chain.
#[derive(Clone, Debug)]
pub struct WhyLink {
    /// facts, position, strategy, rule, pause, fault, contact_data, message, outcome.
    pub stage: &'static str,
    /// What it says, zh and en.
    pub text: (String, String),
    /// Ids of what proves it.
    pub evidence: Vec<String>,
}

impl WhyLink {
    /// The text in one language.
    #[must_use]
    pub fn text_in(&self, language: Language) -> &str {
        match language {
            Language::Zh => &self.text.0,
            Language::En => &self.text.1,
        }
    }
}
