//! What an agent sees of a task: who is to be called, what is to be said and what may not be, and what went before.

use dunlin_domain::call_task::CallTaskState;
use dunlin_domain::circumstance::CircumstanceKind;
use dunlin_domain::compliance::{ContactRules, ForbiddenWords, PlacedOutcome};
use dunlin_domain::contact::{Channel, Language, Party, Personal};
use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::id::{CallId, MessageId};
use dunlin_domain::message::MessageState;
use dunlin_domain::money::Money;
use dunlin_domain::wording;
use dunlin_store::call::{self, CallWay};
use dunlin_store::call_task::CallTaskRow;
use dunlin_store::{Tx, agreement, customer, message};

use super::{not_found, open_entries};
use crate::dispatch::{masked_name, variables};
use crate::inspect::current_positions;
use crate::policy::render;
use crate::{Engine, EngineError, Policies, guard};

/// The most contacts before that are shown.
const CONTACT_COUNT_MAX: usize = 6;

/// A contact before.
#[derive(Clone, Debug)]
pub struct CallLine {
    /// When.
    pub at: Timestamp,
    /// By which channel.
    pub channel: Channel,
    /// What became of it, in a stable word.
    pub outcome: String,
}

/// What stands on one part of the sheet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SheetSection {
    /// A stable word: `identity`, `recording`, `amount`, `reason`, `text`, `must_not`, `known`, `contacts`.
    pub code: &'static str,
    /// The heading.
    pub title: &'static str,
    /// What stands below it.
    pub lines: Vec<String>,
}

/// A task as an agent sees it.
#[derive(Clone, Debug)]
pub struct CallSheet {
    /// The task.
    pub task: MessageId,
    /// The call.
    pub call: Option<CallId>,
    /// Where the task stands.
    pub state: CallTaskState,
    /// Whose it is.
    pub agent: String,
    /// Until when the number may be dialled, or the outcome is to be told.
    pub until: Option<Timestamp>,
    /// The lender's id of the agreement.
    pub agreement: String,
    /// The first letter of the name until the number is dialled, and the name from then on.
    pub name: String,
    /// The number: masked until it is dialled.
    pub number: String,
    /// What the person is to the debt.
    pub party: Party,
    /// The language to speak.
    pub language: Language,
    /// Whether the customer asked to be called at this time.
    pub is_call_back: bool,
    /// The lender's name in Chinese and in English.
    pub lender: (String, String),
    /// Where questions and objections go.
    pub hotline: String,
    /// What is overdue, late fees excepted.
    pub overdue: Money,
    /// Late fees to date.
    pub late_fee: Money,
    /// Both together: what the agent asks for.
    pub total: Money,
    /// The due date that days past due are counted from.
    pub due_on: Option<Date>,
    /// Days past due.
    pub days_past_due: i32,
    /// The strategy and its row.
    pub strategy: String,
    /// The text to speak, in the customer's language.
    pub text: Personal,
    /// Words that the contact rules forbid.
    pub forbidden: Vec<String>,
    /// What is known of the customer: kind, value, first day, last day.
    pub known: Vec<(CircumstanceKind, String, Date, Option<Date>)>,
    /// Contacts before, the newest first.
    pub contacts: Vec<CallLine>,
}

impl Engine {
    /// The sheet of a task.
    pub(super) fn sheet(
        &self,
        tx: &mut Tx<'_>,
        policies: &Policies,
        task: CallTaskRow,
        now: Timestamp,
    ) -> Result<CallSheet, EngineError> {
        let row = message::find(tx, task.message)?.ok_or_else(|| not_found(task.message))?;
        let today = now.date_in(&self.zone);
        let owner = agreement::by_keys(tx, &[(row.part, row.agreement)])?;
        let current = current_positions(tx, policies, &owner, today)?;
        let missing = || EngineError::NotFound { what: "agreement", name: row.agreement.to_string() };
        let (owner, current) = owner.first().zip(current.first()).ok_or_else(missing)?;
        let person = customer::opened(tx, &self.master, &[row.customer])?.remove(&row.customer);
        let person = person.ok_or_else(missing)?;
        let points = customer::opened_points(tx, &self.master, &[row.customer])?;
        let point = points.into_iter().find(|point| Some(point.id) == row.contact_point);
        let point = point.ok_or_else(|| not_found(task.message))?;
        let is_shown = matches!(task.state, CallTaskState::Dialled);
        let mut variables = variables(self, row.language, owner, current, &person, Channel::Voice)?;
        if is_shown {
            variables.customer_name = person.name.clone();
        }
        let template = policies.template(&row.template, today)?;
        let text = render(&template.template, Channel::Voice, row.language, &variables).map_err(|error| {
            EngineError::Refused {
                code: "render",
                complaint: wording!("消息 {}：{error}", "message {}: {error}", row.id),
            }
        })?;
        let zone = crate::zone_of(&person.zone)?;
        let day = now.date_in(&zone);
        let known = open_entries(tx, &task, day)?;
        let contacts = contacts_before(tx, &task)?;
        let arrears = &current.arrears;
        Ok(CallSheet {
            call: task.call,
            state: task.state,
            agent: task.agent.clone().unwrap_or_default(),
            until: task.lease_until,
            agreement: owner.external_id.clone(),
            name: if is_shown {
                person.name.reveal().to_owned()
            } else {
                masked_name(&person).reveal().to_owned()
            },
            number: if is_shown { point.value.reveal().to_owned() } else { point.value.masked() },
            party: point.party,
            language: row.language,
            is_call_back: task.is_call_back,
            lender: (self.lender().name_zh.clone(), self.lender().name_en.clone()),
            hotline: self.lender().hotline.clone(),
            overdue: arrears.overdue,
            late_fee: arrears.late_fee,
            total: arrears.overdue.try_add(arrears.late_fee)?,
            due_on: arrears.overdue_due_on.or(arrears.coming.map(|coming| coming.due_on)),
            days_past_due: arrears.days_past_due,
            strategy: format!("{} {}", row.strategy, row.row),
            text: text.body,
            forbidden: self.forbidden(tx, policies, &task, &owner.product, &person.zone, day)?,
            known: known
                .into_iter()
                .map(|row| {
                    let entry = row.entry;
                    (entry.content.kind(), entry.content.value(), entry.from, entry.last_on())
                })
                .collect(),
            contacts,
            task: task.message,
        })
    }

    /// The words that the packs which apply forbid.
    fn forbidden(
        &self,
        tx: &mut Tx<'_>,
        policies: &Policies,
        task: &CallTaskRow,
        product: &str,
        zone_name: &str,
        day: Date,
    ) -> Result<Vec<String>, EngineError> {
        let views = customer::views(tx, &[task.customer])?;
        let known = guard::known(tx, &views, &[])?.remove(&task.customer).unwrap_or_default();
        let documents = policies.contact_packs(day)?;
        let packs: Vec<&ContactRules> = documents.iter().map(|document| &document.rules).collect();
        let packs = guard::packs_for(&packs, &known, product, zone_name, day);
        let wordings =
            packs.iter().filter_map(|rules| rules.wording.enabled()).flat_map(ForbiddenWords::iter);
        let mut words: Vec<String> = wordings.map(|wording| wording.text().to_owned()).collect();
        words.sort_unstable();
        words.dedup();
        Ok(words)
    }
}

/// The contacts about the agreement before this one, calls among them, the newest first.
fn contacts_before(tx: &mut Tx<'_>, task: &CallTaskRow) -> Result<Vec<CallLine>, EngineError> {
    let mut lines = Vec::new();
    for row in message::of_agreement(tx, task.customer.part(), task.agreement)? {
        let went_out = matches!(
            row.state,
            MessageState::Accepted | MessageState::Delivered | MessageState::Failed | MessageState::Unknown
        );
        if let (true, Some(channel)) = (went_out && row.channel != Some(Channel::Voice), row.channel) {
            lines.push(CallLine { at: row.state_at, channel, outcome: row.state.code().to_owned() });
        }
    }
    let calls = call::of_customers(tx, &[task.customer])?.remove(&task.customer).unwrap_or_default();
    for call in calls.into_iter().filter(|call| Some(call.id) != task.call) {
        if call.way == CallWay::Placed(PlacedOutcome::NotPlaced) {
            continue;
        }
        let outcome = format!("{} {}", call.way.direction(), call.way.outcome());
        lines.push(CallLine { at: call.at, channel: Channel::Voice, outcome });
    }
    lines.sort_by_key(|line| std::cmp::Reverse(line.at));
    lines.truncate(CONTACT_COUNT_MAX);
    Ok(lines)
}

impl CallSheet {
    /// The sheet in words, section by section, in the order of a conversation.
    #[must_use]
    pub fn sections(&self, language: Language) -> Vec<SheetSection> {
        let section = |code, (zh, en): (&'static str, &'static str), lines| SheetSection {
            code,
            title: match language {
                Language::Zh => zh,
                Language::En => en,
            },
            lines,
        };
        let mut sections = vec![
            section("identity", ("先确认身份", "First: who is there"), self.identity(language)),
            section("recording", ("告知录音", "Recording"), vec![recording(language).to_owned()]),
            section("amount", ("应还金额", "What is owed"), self.amount(language)),
            section("reason", ("来电原因", "Why we call"), self.reason(language)),
            section("text", ("话术", "The text"), vec![self.text.reveal().to_owned()]),
            section("must_not", ("不得", "What may not be"), self.must_not(language)),
        ];
        if !self.known.is_empty() {
            sections.push(section("known", ("客户情况", "What is known"), self.known_lines(language)));
        }
        if !self.contacts.is_empty() {
            let line = |contact: &CallLine| format!("{} {} {}", contact.at, contact.channel, contact.outcome);
            let lines = self.contacts.iter().map(line).collect();
            sections.push(section("contacts", ("近期联系", "Contacts before"), lines));
        }
        sections
    }

    fn identity(&self, language: Language) -> Vec<String> {
        // Who is asked for is named; the debt is not, before it is clear that the person is on the line.
        match language {
            Language::Zh => vec![
                format!("“您好，我是{}的工作人员，请问是{}本人吗？”", self.lender.0, self.name),
                "核实本人身份之前，不得提及欠款。".to_owned(),
            ],
            Language::En => vec![
                format!("\"Hello, this is {}. Am I speaking with {}?\"", self.lender.1, self.name),
                "Say nothing of a debt before it is clear that the person is on the line.".to_owned(),
            ],
        }
    }

    fn amount(&self, language: Language) -> Vec<String> {
        let due = self.due_on.map_or_else(String::new, |on| on.to_string());
        match language {
            Language::Zh => vec![
                format!("合计 {}", self.total),
                format!("其中逾期账款 {}，违约金至今 {}", self.overdue, self.late_fee),
                format!("原还款日 {due}，逾期 {} 天", self.days_past_due),
            ],
            Language::En => vec![
                format!("{} in all", self.total),
                format!("overdue {}, late fee to date {}", self.overdue, self.late_fee),
                format!("due on {due}, {} days past due", self.days_past_due),
            ],
        }
    }

    fn reason(&self, language: Language) -> Vec<String> {
        let mut lines = match (language, self.is_call_back) {
            (Language::Zh, true) => vec!["客户要求此时回电".to_owned()],
            (Language::En, true) => vec!["the customer asked to be called at this time".to_owned()],
            (Language::Zh | Language::En, false) => Vec::new(),
        };
        lines.push(match language {
            Language::Zh => format!("策略 {}；咨询或异议请致电 {}", self.strategy, self.hotline),
            Language::En => format!("strategy {}; questions and objections: {}", self.strategy, self.hotline),
        });
        lines
    }

    fn must_not(&self, language: Language) -> Vec<String> {
        let mut lines: Vec<String> = match language {
            Language::Zh => vec![
                "不得向他人透露欠款，包括接电话的家人、同事。".to_owned(),
                "不得威胁、侮辱、冒充国家机关，不得夸大后果。".to_owned(),
                "客户要求停止来电、提出投诉或异议的，当场记录并结束通话。".to_owned(),
            ],
            Language::En => vec![
                "Tell nobody else of the debt, family and colleagues who take the call among them.".to_owned(),
                "No threats, no insults, no false authority, no exaggerated consequences.".to_owned(),
                "When the customer asks for no more calls, complains or disputes the debt, record it and end the call."
                    .to_owned(),
            ],
        };
        if !self.forbidden.is_empty() {
            lines.push(match language {
                Language::Zh => format!("禁用语：{}", self.forbidden.join("、")),
                Language::En => format!("words not to use: {}", self.forbidden.join(", ")),
            });
        }
        lines
    }

    fn known_lines(&self, language: Language) -> Vec<String> {
        let line = |(kind, value, from, through): &(CircumstanceKind, String, Date, Option<Date>)| {
            let through = through.map_or_else(|| "…".to_owned(), |on| on.to_string());
            let value = if value.is_empty() { String::new() } else { format!(" {value}") };
            format!("{}{value} {from} – {through}", kind.label(language))
        };
        self.known.iter().map(line).collect()
    }
}

fn recording(language: Language) -> &'static str {
    match language {
        Language::Zh => "“为保障服务质量，本次通话将被录音。”客户不同意录音的，结束通话并记录。",
        Language::En => {
            "\"This call is recorded.\" If the customer does not agree, end the call and record it."
        }
    }
}
