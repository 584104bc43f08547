//! Calls that agents place: the next task, what is to be said, and what became of the call.
//!
//! The most valuable call that is lawful at this moment goes first; calls that customers asked for go before it. The
//! number stays masked until the agent dials. An outcome is written in one transaction with all that follows from it:
//! attempt, caps, promise, hold, consent, number, and the call at another time.

mod sheet;

use dunlin_domain::call_task::CallResult;
pub use dunlin_domain::call_task::CallTaskState;
use dunlin_domain::circumstance::{Circumstance, CircumstanceKind, Content};
use dunlin_domain::compliance::{self, ContactRequest, ContactRules, Denial};
use dunlin_domain::contact::{Channel, ContactPointState, Personal, PointSource};
use dunlin_domain::date::{BusinessDate, Date, Timestamp};
use dunlin_domain::id::{AttemptId, MessageId, ReplyId, hash_parts};
use dunlin_domain::message::MessageState;
use dunlin_domain::money::Money;
use dunlin_domain::reply::ReplyMeaning;
use dunlin_domain::verdict::PlannedMessage;
use dunlin_domain::wording;
use dunlin_domain::wording::Wording;
pub use dunlin_store::call_task::CallTaskRow;
use dunlin_store::contact_change::{self, PointChange};
use dunlin_store::customer;
use dunlin_store::message::{self, MessageRow, NewMessage};
use dunlin_store::reply::{self, ReplyRow};
use dunlin_store::{Tx, agreement, call_task, circumstance};

pub use self::sheet::{CallLine, CallSheet, SheetSection};
use crate::circumstances::NewCircumstance;
use crate::dispatch::{locked_task, masked_name};
use crate::payment::Caller;
use crate::{Engine, EngineError, guard};

/// The strategy that stands beside a call which the customer asked for at a time of their choice.
pub(crate) const CALL_BACK: &str = "call_back";

/// How long after the time that the customer chose the call still makes sense, in hours.
const CALL_BACK_HOURS: i64 = 2;
/// How soon somebody calls who was asked for by a key, in seconds.
const CALL_BACK_SOON_SECONDS: i64 = 900;
/// The most days ahead for which a call is taken down.
const CALL_BACK_DAYS_MAX: i32 = 14;
/// The most tasks that a list of a day shows.
const LIST_COUNT_MAX: u32 = 500;

/// What an agent tells of a call.
#[derive(Clone, Debug)]
pub struct CallReport {
    /// The task.
    pub task: MessageId,
    /// Who called.
    pub agent: String,
    /// What became of it.
    pub result: CallResult,
    /// The agent's words, kept sealed among the answers of the customer; empty for none.
    pub note: String,
    /// Where the recording or another proof is kept; empty for none.
    pub evidence: String,
    /// The amount and the last day of a promise.
    pub promise: Option<(String, Date)>,
    /// When the customer is to be called again.
    pub call_back_at: Option<Timestamp>,
}

/// What became of a report.
#[derive(Clone, Debug)]
pub struct CallReported {
    /// The task as it is now.
    pub task: CallTaskRow,
    /// The call that was taken down for another time, with its moment.
    pub call_back: Option<(MessageId, Timestamp)>,
    /// What was recorded of the customer: the entry's id and kind.
    pub recorded: Option<(String, CircumstanceKind)>,
}

/// A task in the list of a day.
#[derive(Clone, Debug)]
pub struct CallTaskLine {
    /// The task.
    pub task: CallTaskRow,
    /// The lender's id of the agreement.
    pub agreement: String,
    /// The first letter of the name.
    pub name: Personal,
    /// What is kept beside its message: why it is not placed.
    pub detail: String,
}

/// The tasks of a day.
#[derive(Clone, Debug)]
pub struct CallTaskList {
    /// The business date; `None` when no day ever had tasks.
    pub on: Option<Date>,
    /// The tasks, in the order in which agents take them.
    pub tasks: Vec<CallTaskLine>,
}

fn refused<T>(code: &'static str, complaint: Wording) -> Result<T, EngineError> {
    Err(EngineError::Refused { code, complaint })
}

fn not_found(task: MessageId) -> EngineError {
    EngineError::NotFound { what: "call task", name: task.to_string() }
}

impl Engine {
    /// The task that `agent` has, or else the most valuable one that may be placed at this moment, which is the agent's
    /// from now on: its budgets are taken, and the number is still masked. `None` when there is none.
    ///
    /// # Errors
    /// `agent` for a name that is none; what the database says.
    pub fn next_call(&self, agent: &str, caller: Caller<'_>) -> Result<Option<CallSheet>, EngineError> {
        let agent = agent_name(agent)?;
        let policies = self.policies()?;
        self.db.write_as(|tx| {
            let Some(task) = self.lease_task(tx, &policies, agent, caller)? else { return Ok(None) };
            self.sheet(tx, &policies, task, caller.now).map(Some)
        })
    }

    /// Shows the number to the agent who has the task: from now on the call counts as placed until its outcome is told.
    ///
    /// # Errors
    /// [`EngineError::NotFound`]; `lease` for a task that is not, or not any more, the agent's.
    pub fn dial_call(
        &self,
        task: MessageId,
        agent: &str,
        caller: Caller<'_>,
    ) -> Result<CallSheet, EngineError> {
        let agent = agent_name(agent)?;
        let policies = self.policies()?;
        self.db.write_as(|tx| {
            let (row, known) = own_task(tx, task, agent)?;
            if known.state == CallTaskState::Dialled {
                return self.sheet(tx, &policies, known, caller.now);
            }
            let is_in_time = known.lease_until.is_some_and(|until| until > caller.now);
            if known.state != CallTaskState::Leased || !is_in_time || row.state != MessageState::Sending {
                return refused(
                    "lease",
                    wording!(
                        "外呼任务 {task} 已不归坐席 {agent}；请领取下一个任务",
                        "{task} is {agent}'s no more; ask for the next call"
                    ),
                );
            }
            let dialled = self.note_dialled(tx, (row, known), caller.now)?;
            self.sheet(tx, &policies, dialled, caller.now)
        })
    }

    /// Records what became of the call of a task, which was dialled. Told twice, nothing changes.
    ///
    /// # Errors
    /// [`EngineError::NotFound`]; `lease` for a task that is another agent's or nobody's; `call_recorded` when another
    /// outcome, promise or moment was told before; `call` for a call that was not dialled, a promise without its amount and day, or a moment that makes no sense; the
    /// code of the first ground when the call at another time would be unlawful.
    pub fn report_call(&self, new: &CallReport, caller: Caller<'_>) -> Result<CallReported, EngineError> {
        let agent = agent_name(&new.agent)?;
        check_report(new)?;
        let policies = self.policies()?;
        self.db.write_as(|tx| {
            let (row, known) = own_task(tx, new.task, agent)?;
            match known.state {
                CallTaskState::Leased if new.result != CallResult::NotPlaced => {
                    let complaint = wording!(
                        "外呼任务 {} 尚未拨号，因此不可能有通话；请先拨号（dunlin call dial），或登记为 not_placed（未拨出）",
                        "{} was not dialled, so nobody was spoken to; dial it first (dunlin call dial), or tell not_placed",
                        new.task
                    );
                    return refused("call", complaint);
                }
                CallTaskState::Leased | CallTaskState::Dialled => {}
                CallTaskState::Lost if new.result != CallResult::NotPlaced => {}
                CallTaskState::Done if known.result.as_deref() == Some(new.result.code()) => {
                    check_repeat(tx, &row, &known, new)?;
                    // What the agent adds in words is kept beside what was said first.
                    self.keep_note(tx, &row, new, &known, caller.now)?;
                    return Ok(CallReported { task: known, call_back: None, recorded: None });
                }
                CallTaskState::Done => {
                    let was = known.result.as_deref().unwrap_or("-");
                    return refused("call_recorded", wording!(
                        "{} 此前已登记为 {was}",
                        "{} was recorded as {was} before",
                        new.task
                    ));
                }
                CallTaskState::Open | CallTaskState::Lost | CallTaskState::Withdrawn => {
                    return refused("lease", wording!(
                        "外呼任务 {} 的状态为 {}，不归坐席 {agent}",
                        "{} is {}, not {agent}'s",
                        new.task, known.state
                    ));
                }
            }
            if known.state == CallTaskState::Dialled && new.result == CallResult::NotPlaced {
                let complaint =
                    wording!(
                        "号码已经显示过，可能已拨出；请登记通话结果",
                        "the number was shown, so the call may have been placed; tell what became of it"
                    );
                return refused("call", complaint);
            }
            let call_back = match new.call_back_at {
                Some(at) => Some(self.take_down(tx, &policies, &row, at, caller)?),
                None => None,
            };
            let evidence = evidence_of(new, &known);
            let task =
                self.note_result(tx, &policies, (row.clone(), known), new.result, &evidence, caller)?;
            self.keep_note(tx, &row, new, &task, caller.now)?;
            if new.result == CallResult::WrongPerson {
                self.number_is_not_theirs(tx, &row, &evidence, agent, caller.now)?;
            }
            let recorded = self.record_said(tx, &row, new, &evidence, caller)?;
            Ok(CallReported { task, call_back, recorded })
        })
    }

    /// The tasks of a business date, or of the last one that has any.
    ///
    /// # Errors
    /// What the database or the cipher says.
    pub fn call_tasks(&self, on: Option<Date>) -> Result<CallTaskList, EngineError> {
        self.db.read_as(|tx| {
            let on = match on {
                Some(on) => Some(on),
                None => call_task::last_date(tx)?,
            };
            let Some(date) = on else { return Ok(CallTaskList { on, tasks: Vec::new() }) };
            let rows = call_task::of_date(tx, date, LIST_COUNT_MAX)?;
            let mut ids: Vec<_> = rows.iter().map(|row| row.customer).collect();
            ids.sort_unstable();
            ids.dedup();
            let names = customer::opened(tx, &self.master, &ids)?;
            let keys: Vec<_> = rows.iter().map(|row| (row.customer.part(), row.agreement)).collect();
            let agreements: std::collections::HashMap<_, _> =
                agreement::by_keys(tx, &keys)?.into_iter().map(|row| (row.id, row.external_id)).collect();
            let mut tasks = Vec::with_capacity(rows.len());
            for task in rows {
                let of_message = message::find(tx, task.message)?;
                tasks.push(CallTaskLine {
                    agreement: agreements
                        .get(&task.agreement)
                        .cloned()
                        .unwrap_or_else(|| task.agreement.to_string()),
                    name: names.get(&task.customer).map(masked_name).unwrap_or_default(),
                    detail: of_message.map(|row| row.state_detail).unwrap_or_default(),
                    task,
                });
            }
            Ok(CallTaskList { on, tasks })
        })
    }

    /// Takes down a call for an agent as soon as one is lawful, since the customer pressed the key for it.
    pub(crate) fn call_back_soon(
        &self,
        tx: &mut Tx<'_>,
        policies: &crate::Policies,
        row: &MessageRow,
        (actor, evidence): (&str, &str),
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let said = NewCircumstance {
            customer: Some(row.customer.to_string()),
            agreement: Some(row.agreement.to_string()),
            contact_point: None,
            kind: CircumstanceKind::CallConsent,
            value: String::new(),
            from: None,
            through: None,
            reason: "the customer asked to be called back".to_owned(),
            evidence: evidence.to_owned(),
        };
        self.add_circumstance_in(tx, &said, Caller { actor, now })?;
        let soon = now.plus_seconds(CALL_BACK_SOON_SECONDS);
        let denial = match self.call_at(tx, policies, row, soon, now)? {
            Ok(_) => return Ok(()),
            Err(denial) => denial,
        };
        // Unlawful so late in the day: in the first lawful moment, or not at all.
        if let Some(moment) = denial.next_lawful {
            let _still_denied = self.call_at(tx, policies, row, moment, now)?;
        }
        Ok(())
    }

    /// Takes down a call at the moment that the customer chose, if the rules allow one then.
    fn take_down(
        &self,
        tx: &mut Tx<'_>,
        policies: &crate::Policies,
        row: &MessageRow,
        at: Timestamp,
        caller: Caller<'_>,
    ) -> Result<(MessageId, Timestamp), EngineError> {
        let view = self.find_customer(tx, &row.customer.to_string())?;
        let zone = crate::zone_of(&view.zone)?;
        let day = at.date_in(&zone);
        if at <= caller.now || day.days_since(caller.now.date_in(&zone)) > CALL_BACK_DAYS_MAX {
            let complaint = wording!(
                "{at} 不能作为回拨时间；请指定 {CALL_BACK_DAYS_MAX} 天以内的时间",
                "{at} is no moment to call back; name one within {CALL_BACK_DAYS_MAX} days"
            );
            return refused("call", complaint);
        }
        self.call_at(tx, policies, row, at, caller.now)?.map_err(|denial| crate::calls::denied(&denial))
    }

    /// Puts a call in the queue for a moment at which the rules allow it; else the denial.
    fn call_at(
        &self,
        tx: &mut Tx<'_>,
        policies: &crate::Policies,
        row: &MessageRow,
        at: Timestamp,
        now: Timestamp,
    ) -> Result<Result<(MessageId, Timestamp), Denial>, EngineError> {
        let view = self.find_customer(tx, &row.customer.to_string())?;
        let zone = crate::zone_of(&view.zone)?;
        let day = at.date_in(&zone);
        let points = customer::point_views(tx, &[row.customer])?.remove(&row.customer).unwrap_or_default();
        let Some(point) = points.iter().find(|point| Some(point.id) == row.contact_point) else {
            return refused(
                "no_contact_point",
                wording!("该任务的号码已不存在", "the number of the call is there no more"),
            );
        };
        let owner = self.find_agreement(tx, &row.agreement.to_string())?;
        let (about, until) = ((row.agreement, row.customer), at.plus_seconds(CALL_BACK_HOURS * 3_600));
        let mut request = ContactRequest {
            message: row.id,
            attempt: AttemptId(hash_parts("att", &[&row.id.0])),
            ..ContactRequest::at_point(point, Channel::Voice, about, (&zone, day), until)
        };
        let views = std::collections::HashMap::from([(view.id, view.clone())]);
        let known = guard::known(tx, &views, &[])?.remove(&view.id).unwrap_or_default();
        known.fill(&mut request, day);
        // What counts on that day is asked when it has come; today only what no count can change.
        request.circumstances.calls.clear();
        let documents = policies.contact_packs(day)?;
        let packs: Vec<&ContactRules> = documents.iter().map(|document| &document.rules).collect();
        let packs = guard::packs_for(&packs, &known, &owner.product, &view.zone, day);
        if let Err(denial) = compliance::permit(&packs, &request, at) {
            return Ok(Err(denial));
        }
        let id = call_back_id(row, at);
        let planned = PlannedMessage {
            id,
            agreement: row.agreement,
            customer: row.customer,
            contact_point: row.contact_point,
            channel: Some(Channel::Voice),
            template: row.template.clone(),
            held_by: None,
            replaces: None,
            not_before: at,
            expires_at: at.plus_seconds(CALL_BACK_HOURS * 3_600),
        };
        let new = NewMessage {
            planned,
            language: row.language,
            strategy: CALL_BACK.to_owned(),
            row: row.row.clone(),
        };
        message::insert(tx, &[new], BusinessDate(at.date_in(&self.zone)), now)?;
        Ok(Ok((id, at)))
    }

    /// Keeps the agent's words where the customer's answers lie, sealed by the customer's key; the same words of one call
    /// once.
    fn keep_note(
        &self,
        tx: &mut Tx<'_>,
        row: &MessageRow,
        new: &CallReport,
        task: &CallTaskRow,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        if new.note.trim().is_empty() {
            return Ok(());
        }
        // Keyed, so that the id tells nothing of the words.
        let words = self.master.lookup_hash("call_note", new.note.trim());
        let cause: [&[u8]; 4] = [b"call", &row.id.0, &row.attempt_count.to_le_bytes(), &words];
        let reply = ReplyRow {
            id: ReplyId::of_cause(row.customer, &cause),
            customer: Some(row.customer),
            contact_point: row.contact_point,
            provider: format!("agent {}", task.agent.as_deref().unwrap_or(&new.agent)),
            channel: Channel::Voice,
            meaning: ReplyMeaning::Other,
            sender: Personal::new(""),
            text: Personal::new(new.note.trim()),
            sent_at: now,
            received_at: now,
            circumstance: None,
        };
        reply::insert(tx, &self.master, &reply)?;
        Ok(())
    }

    /// Takes a number out of use behind which somebody else was; the change says so and can be undone.
    pub(crate) fn number_is_not_theirs(
        &self,
        tx: &mut Tx<'_>,
        row: &MessageRow,
        evidence: &str,
        actor: &str,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let Some(point) = row.contact_point else { return Ok(()) };
        let reason = format!("not the customer's number: somebody else took the call; evidence {evidence}");
        let change = PointChange {
            customer: row.customer,
            point,
            at: now,
            business_date: self.wake_date(tx)?,
            actor,
            batch: None,
            state: ContactPointState::Invalid,
            corrected: None,
            reason: &reason,
            source: PointSource::Staff,
            place: evidence,
        };
        contact_change::change_point(tx, &self.master, &change)?;
        Ok(())
    }

    /// Records what the customer said, where it has consequences.
    fn record_said(
        &self,
        tx: &mut Tx<'_>,
        row: &MessageRow,
        new: &CallReport,
        evidence: &str,
        caller: Caller<'_>,
    ) -> Result<Option<(String, CircumstanceKind)>, EngineError> {
        let (kind, value, through, is_about_agreement) = match (new.result, &new.promise) {
            (CallResult::Promise, Some((amount, by))) => {
                let currency = self.find_agreement(tx, &row.agreement.to_string())?.currency;
                (CircumstanceKind::Promise, format!("{amount} {currency}"), Some(*by), true)
            }
            (CallResult::Complaint, _) => (CircumstanceKind::Complaint, String::new(), None, false),
            (CallResult::Dispute, _) => (CircumstanceKind::Dispute, String::new(), None, true),
            // Who asks to be called has agreed to the call: 12 CFR 1006.14(b)(3)(i).
            (CallResult::CallBack, _) => {
                let at = new.call_back_at.unwrap_or(caller.now);
                let view = self.find_customer(tx, &row.customer.to_string())?;
                let day = at.date_in(&crate::zone_of(&view.zone)?);
                (CircumstanceKind::CallConsent, String::new(), Some(day), true)
            }
            (CallResult::NoCalls, _) => {
                (CircumstanceKind::OptOut, Channel::Voice.code().to_owned(), None, false)
            }
            _ => return Ok(None),
        };
        let said = NewCircumstance {
            customer: Some(row.customer.to_string()),
            agreement: is_about_agreement.then(|| row.agreement.to_string()),
            contact_point: None,
            kind,
            value,
            from: None,
            through,
            reason: format!("the customer said so on the phone to {}", new.agent),
            evidence: evidence.to_owned(),
        };
        let entry = self.add_circumstance_in(tx, &said, caller)?;
        Ok(Some((entry.entry.id.to_string(), kind)))
    }
}

/// Where the proof of a report is kept: the recording, or else the call itself.
fn evidence_of(new: &CallReport, task: &CallTaskRow) -> String {
    match (new.evidence.trim(), task.call) {
        ("", Some(call)) => call.to_string(),
        ("", None) => new.task.to_string(),
        (evidence, _) => evidence.to_owned(),
    }
}

/// The message by which the customer of a call is called again at `at`.
fn call_back_id(row: &MessageRow, at: Timestamp) -> MessageId {
    let mut bytes = hash_parts("msg", &[b"call_back", &row.id.0, &at.micros().to_le_bytes()]);
    bytes[..2].copy_from_slice(&row.customer.part().number().to_be_bytes());
    MessageId(bytes)
}

/// Refuses the outcome of a task that has one already, where it names another promise or moment than is on record.
fn check_repeat(
    tx: &mut Tx<'_>,
    row: &MessageRow,
    known: &CallTaskRow,
    new: &CallReport,
) -> Result<(), EngineError> {
    if let Some((amount, by)) = &new.promise {
        let entries = circumstance::of_customers(tx, &[row.customer])?.remove(&row.customer);
        let entries: Vec<_> = entries.unwrap_or_default().into_iter().map(|entry| entry.entry).collect();
        let mut promises = entries.iter().filter_map(|entry| match &entry.content {
            Content::Promise(amount) if entry.agreement == Some(row.agreement) => Some((entry, *amount)),
            _ => None,
        });
        let is_told = |(entry, told): (&Circumstance, Money)| {
            let told_again = Money::parse(amount.trim(), told.currency());
            entry.through == Some(*by) && told_again.is_ok_and(|amount| amount == told)
        };
        if !promises.clone().any(is_told) {
            let own = promises.find(|(entry, _)| entry.recorded_at >= known.changed_at);
            let own = own.map_or_else(
                || "another promise".to_owned(),
                |(entry, told)| {
                    let by = entry.through.map_or_else(String::new, |by| format!(" by {by}"));
                    format!("a promise of {told}{by}")
                },
            );
            let complaint = wording!(
                "{} 此前已登记为 {own}；一通电话的结果只登记一次；承诺有误的，先用 dunlin promise end 撤回，再用 dunlin promise add 登记",
                "{} was recorded as {own} before; what a call came to is told once; where the promise is wrong, take it back with \
                 dunlin promise end and record what was promised with dunlin promise add",
                new.task
            );
            return refused("call_recorded", complaint);
        }
    }
    if let Some(at) = new.call_back_at
        && message::find(tx, call_back_id(row, at))?.is_none()
    {
        let messages = message::of_agreement(tx, row.part, row.agreement)?;
        let moment = |other: &MessageRow| other.expires_at.plus_seconds(-CALL_BACK_HOURS * 3_600);
        let own =
            messages.iter().map(moment).find(|at| messages.iter().any(|it| it.id == call_back_id(row, *at)));
        let own = own
            .map_or_else(|| "without a call at another time".to_owned(), |at| format!("with a call at {at}"));
        let complaint = wording!(
            "{} 此前已登记（{own}）；一通电话的结果只登记一次",
            "{} was recorded {own} before; what a call came to is told once",
            new.task
        );
        return refused("call_recorded", complaint);
    }
    Ok(())
}

/// A task that is the agent's, with its message locked.
fn own_task(tx: &mut Tx<'_>, task: MessageId, agent: &str) -> Result<(MessageRow, CallTaskRow), EngineError> {
    message::locked(tx, &[task])?;
    let (row, known) = locked_task(tx, task)?.ok_or_else(|| not_found(task))?;
    if known.agent.as_deref() != Some(agent) {
        let complaint = match known.agent.as_deref() {
            Some(other) => wording!(
                "外呼任务 {task} 归坐席 {other}，不归 {agent}；请领取下一个任务",
                "{task} is {other}'s, not {agent}'s; ask for the next call"
            ),
            None => wording!(
                "外呼任务 {task} 不归任何坐席，也不归 {agent}；请领取下一个任务",
                "{task} is nobody's, not {agent}'s; ask for the next call"
            ),
        };
        return refused("lease", complaint);
    }
    Ok((row, known))
}

fn agent_name(agent: &str) -> Result<&str, EngineError> {
    let agent = agent.trim();
    if agent.is_empty() || agent.chars().count() > 60 || agent.chars().any(char::is_control) {
        return refused(
            "agent",
            wording!("请填写坐席名称，1 至 60 个字符", "name the agent in 1 to 60 letters"),
        );
    }
    Ok(agent)
}

fn check_report(new: &CallReport) -> Result<(), EngineError> {
    match (new.result, &new.promise, new.call_back_at) {
        (CallResult::Promise, None, _) => refused(
            "call",
            wording!("承诺还款须写明金额和最后期限", "a promise names its amount and its last day"),
        ),
        (result, Some(_), _) if result != CallResult::Promise => refused(
            "call",
            wording!(
                "结果 {result} 不能带金额和日期；只有承诺还款才需要",
                "{result} takes no amount and day; only a promise does"
            ),
        ),
        (CallResult::CallBack, _, None) => {
            refused("call", wording!("请写明回拨时间", "name the moment at which to call back"))
        }
        (
            CallResult::WrongPerson | CallResult::NotInService | CallResult::NoCalls | CallResult::NotPlaced,
            _,
            Some(_),
        ) => refused(
            "call",
            wording!(
                "登记为 {} 之后，不再拨打此号码",
                "after {} this number is not called again",
                new.result
            ),
        ),
        _ => Ok(()),
    }
}

/// What is known of a customer, for the sheet.
pub(crate) fn open_entries(
    tx: &mut Tx<'_>,
    row: &CallTaskRow,
    day: Date,
) -> Result<Vec<circumstance::CircumstanceRow>, EngineError> {
    let mut entries =
        circumstance::of_customers(tx, &[row.customer])?.remove(&row.customer).unwrap_or_default();
    entries.retain(|entry| entry.entry.is_on(day) && entry.entry.is_about(row.agreement));
    Ok(entries)
}
