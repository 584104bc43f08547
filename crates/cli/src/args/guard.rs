//! What can be typed about what is known of customers: `hold`, `consent`, `promise`, `circumstance`, `call`.

use crate::args::BadValue;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};
use dunlin_domain::call_task::CallResult;
use dunlin_domain::circumstance::CircumstanceKind;
use dunlin_domain::contact::Channel;
use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::id::{CallId, CircumstanceId, MessageId};
use dunlin_domain::wording;

use super::{channel, date, one_of};

/// Where and why something was recorded.
#[derive(Args, Debug)]
pub struct Proof {
    /// Why, in words
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Where what proves it is kept: a letter, a recording, a ticket
    #[arg(long, value_name = "REF")]
    pub evidence: String,
}

/// The days of something.
#[derive(Args, Debug)]
pub struct Days {
    /// First day, by the customer's calendar [default: today]
    #[arg(long, value_name = "D", value_parser = date)]
    pub from: Option<Date>,
    /// Last day, if one is known
    #[arg(long, value_name = "D", value_parser = date)]
    pub through: Option<Date>,
}

/// What is ended.
#[derive(Args, Debug)]
pub struct Ending {
    /// Its id, as the list shows it (cir_…)
    #[arg(value_name = "ID", value_parser = circumstance_id)]
    pub id: CircumstanceId,
    /// The first day on which it does not hold any more [default: today]
    #[arg(long, value_name = "D", value_parser = date)]
    pub on: Option<Date>,
    /// Why, in words
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}

/// A customer.
#[derive(Args, Debug)]
pub struct OfCustomer {
    /// The lender's id of the customer, or ours (cus_…)
    pub customer: String,
}

/// `hold`.
#[derive(Subcommand, Debug)]
pub enum Hold {
    /// Have contact with a customer rest: a complaint, a dispute or a hardship plan
    Add(HoldAdd),
    /// End a hold; what was silent because of it is looked at by the next day's run
    End(Ending),
    /// Show a customer's holds
    List(OfCustomer),
}

/// `hold add`.
#[derive(Args, Debug)]
pub struct HoldAdd {
    /// The lender's id of the customer, or ours (cus_…)
    pub customer: String,
    /// Why contact rests
    #[arg(long, value_parser = hold_kind())]
    pub kind: CircumstanceKind,
    /// Only this agreement of the customer [default: all]
    #[arg(long, value_name = "AGREEMENT")]
    pub agreement: Option<String>,
    #[command(flatten)]
    pub days: Days,
    #[command(flatten)]
    pub proof: Proof,
}

/// `consent`.
#[derive(Subcommand, Debug)]
pub enum Consent {
    /// The customer takes no more messages by a channel
    Withdraw(ConsentChange),
    /// The customer takes messages by a channel again
    Give(ConsentChange),
}

/// `consent withdraw|give`.
#[derive(Args, Debug)]
pub struct ConsentChange {
    /// The lender's id of the customer, or ours (cus_…)
    pub customer: String,
    /// The channel; may be repeated
    #[arg(long, value_parser = channel(), required = true)]
    pub channel: Vec<Channel>,
    #[command(flatten)]
    pub proof: Proof,
}

/// `reply`.
#[derive(Subcommand, Debug)]
pub enum Reply {
    /// Show what customers wrote back, the newest first
    List(ReplyList),
}

/// `reply list`.
#[derive(Args, Debug)]
pub struct ReplyList {
    /// Only of this customer: the lender's id, or ours (cus_…) [default: of all, and of numbers that are nobody's]
    pub customer: Option<String>,
    /// How many at most
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub last: u32,
}

/// `promise`.
#[derive(Subcommand, Debug)]
pub enum Promise {
    /// Record a promise to pay: contact about the agreement rests until its day
    Add(PromiseAdd),
    /// Take a promise back: contact goes on
    End(Ending),
    /// Show an agreement's promises: kept, partly kept, broken, open
    List(PromiseList),
}

/// `promise add`.
#[derive(Args, Debug)]
pub struct PromiseAdd {
    /// The lender's id of the agreement, or ours (agr_…)
    pub agreement: String,
    /// The amount, such as 500.00, in the agreement's currency
    #[arg(allow_hyphen_values = true)]
    pub amount: String,
    /// The day by which it is paid
    #[arg(long, value_name = "D", value_parser = date)]
    pub by: Date,
    #[command(flatten)]
    pub proof: Proof,
}

/// `promise list`.
#[derive(Args, Debug)]
pub struct PromiseList {
    /// The lender's id of the agreement, or ours (agr_…)
    pub agreement: String,
}

/// `circumstance`.
#[derive(Subcommand, Debug)]
pub enum Circumstance {
    /// Record what is known of a customer: hours, an attorney, a state, a proof of a number, a place
    Add(CircumstanceAdd),
    /// End an entry; it stays in the list
    End(Ending),
    /// Show all entries of a customer, ended ones included
    List(OfCustomer),
}

/// `circumstance add`.
#[derive(Args, Debug)]
pub struct CircumstanceAdd {
    /// The lender's id of the customer, or ours (cus_…)
    pub customer: String,
    /// What it is
    #[arg(long, value_parser = circumstance_kind())]
    pub kind: CircumstanceKind,
    /// Its value: hours, a state, a place; see docs/contact-rules.md
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub value: String,
    /// Only this agreement of the customer [default: all]
    #[arg(long, value_name = "AGREEMENT")]
    pub agreement: Option<String>,
    /// Only this number or address of the customer [default: all]
    #[arg(long, value_name = "POINT")]
    pub contact_point: Option<String>,
    #[command(flatten)]
    pub days: Days,
    #[command(flatten)]
    pub proof: Proof,
}

/// `call`.
#[derive(Subcommand, Debug)]
pub enum Call {
    /// Ask for leave to call now; it takes the day's budgets until the outcome is recorded
    Begin(CallBegin),
    /// Record what became of a call, asked for or not; it counts against the caps
    Record(CallRecord),
    /// Show the calls with a customer
    List(OfCustomer),
    /// Take the most valuable call that may be placed now; the number stays masked until `call dial`
    Next(CallNext),
    /// Show the number of a task that is yours: from then on the call counts as placed
    Dial(CallDial),
    /// Record what became of the call of a task, with all that follows from it
    Outcome(CallOutcomeArgs),
    /// Show the calls of a day, with who has them and what became of them
    Tasks(CallTasks),
}

/// `call next`.
#[derive(Args, Debug)]
pub struct CallNext {
    /// Who is going to call
    #[arg(long, value_name = "NAME")]
    pub agent: String,
}

/// `call dial`.
#[derive(Args, Debug)]
pub struct CallDial {
    /// The task (msg_…), as `call next` gave it
    #[arg(value_parser = task_id)]
    pub task: MessageId,
    /// Whose it is
    #[arg(long, value_name = "NAME")]
    pub agent: String,
}

/// `call outcome`.
#[derive(Args, Debug)]
pub struct CallOutcomeArgs {
    /// The task (msg_…), as `call next` gave it
    #[arg(value_parser = task_id)]
    pub task: MessageId,
    /// Who called
    #[arg(long, value_name = "NAME")]
    pub agent: String,
    /// What became of it
    #[arg(long, value_parser = call_result())]
    pub result: CallResult,
    /// What was said, for people to read
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub note: String,
    /// Where the recording is kept
    #[arg(long, value_name = "REF", default_value = "")]
    pub evidence: String,
    /// With `promise`: the amount
    #[arg(long, value_name = "AMOUNT", requires = "by")]
    pub amount: Option<String>,
    /// With `promise`: the last day
    #[arg(long, value_name = "DATE", requires = "amount", value_parser = date)]
    pub by: Option<Date>,
    /// When to call again, in RFC 3339: at once refused where the rules forbid it
    #[arg(long, value_name = "MOMENT", value_parser = moment)]
    pub call_back_at: Option<Timestamp>,
}

/// `call tasks`.
#[derive(Args, Debug)]
pub struct CallTasks {
    /// The business date [default: the last one with calls]
    #[arg(long, value_name = "DATE", value_parser = date)]
    pub on: Option<Date>,
}

/// `call begin`.
#[derive(Args, Debug)]
pub struct CallBegin {
    /// The lender's id of the agreement that it is about, or ours (agr_…)
    pub agreement: String,
    /// The number [default: the customer's first]
    #[arg(long, value_name = "POINT")]
    pub contact_point: Option<String>,
    /// Who calls, such as an agency [default: the lender]
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
}

/// `call record`.
#[derive(Args, Debug)]
pub struct CallRecord {
    /// The call that `call begin` gave leave for (cal_…)
    #[arg(long, value_name = "ID", value_parser = call_id, conflicts_with_all = ["customer", "agreement", "received", "at", "contact_point", "by"])]
    pub call: Option<CallId>,
    /// The customer, for a call that was not asked for
    #[arg(long, value_name = "CUSTOMER", required_unless_present_any = ["call", "agreement"])]
    pub customer: Option<String>,
    /// An agreement that it was about; may be repeated
    #[arg(long, value_name = "AGREEMENT")]
    pub agreement: Vec<String>,
    /// The customer called us
    #[arg(long)]
    pub received: bool,
    /// What became of it
    #[arg(long, value_parser = call_outcome())]
    pub outcome: String,
    /// When, in RFC 3339 [default: now]
    #[arg(long, value_name = "MOMENT", value_parser = moment)]
    pub at: Option<Timestamp>,
    /// The number [default: not known]
    #[arg(long, value_name = "POINT")]
    pub contact_point: Option<String>,
    /// Who called or took the call, such as an agency [default: the lender]
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
    /// Where the recording or the note is kept
    #[arg(long, value_name = "REF", default_value = "")]
    pub evidence: String,
}

fn hold_kind() -> impl TypedValueParser<Value = CircumstanceKind> {
    one_of(CircumstanceKind::HOLDS.map(CircumstanceKind::code), CircumstanceKind::parse)
}

fn circumstance_kind() -> impl TypedValueParser<Value = CircumstanceKind> {
    one_of(CircumstanceKind::ALL.iter().map(|kind| kind.code()), CircumstanceKind::parse)
}

fn call_outcome() -> impl TypedValueParser<Value = String> {
    PossibleValuesParser::new([
        "conversation",
        "no_conversation",
        "unanswered",
        "voicemail",
        "voicemail_limited_content",
        "recorded_message_no_message_left",
        "answered_then_dropped",
        "not_the_person",
        "busy",
        "not_in_service",
        "not_placed",
    ])
}

fn call_result() -> impl TypedValueParser<Value = CallResult> {
    one_of(CallResult::ALL.iter().map(|result| result.code()), CallResult::parse)
}

fn task_id(text: &str) -> Result<MessageId, BadValue> {
    MessageId::parse(text).ok_or_else(|| {
        BadValue(wording!(
            "不是 msg_0123… 形式的编号；可由 `call next` 得到",
            "is not an id such as msg_0123…; `call next` gives it"
        ))
    })
}

fn circumstance_id(text: &str) -> Result<CircumstanceId, BadValue> {
    CircumstanceId::parse(text).ok_or_else(|| {
        BadValue(wording!(
            "不是 cir_0123… 形式的编号；请看列表",
            "is not an id such as cir_0123…; see the list"
        ))
    })
}

fn call_id(text: &str) -> Result<CallId, BadValue> {
    CallId::parse(text).ok_or_else(|| {
        BadValue(wording!(
            "不是 cal_0123… 形式的编号；可由 `call begin` 得到",
            "is not an id such as cal_0123…; `call begin` gives it"
        ))
    })
}

fn moment(text: &str) -> Result<Timestamp, BadValue> {
    let read: Result<jiff::Timestamp, _> = text.parse();
    read.map(|moment| Timestamp::from_micros(moment.as_microsecond())).map_err(|_| {
        BadValue(wording!(
            "不是 2026-03-02T09:30:00+08:00 形式的时间",
            "is not a moment such as 2026-03-02T09:30:00+08:00"
        ))
    })
}
