//! Calls: may one be placed now, what became of it, and calls of the past.
//!
//! A call that is asked for takes its budgets at once and stands as pending until its outcome is recorded, so that two
//! agents who ask at the same moment cannot pass a cap together. Outcomes give back what was not used up.

use dunlin_domain::wording;
use dunlin_domain::wording::Wording;
use std::collections::HashMap;

use dunlin_domain::circumstance::Known;
use dunlin_domain::compliance::{self, ContactRequest, ContactRules, DayCounts, Denial, PlacedOutcome};
use dunlin_domain::contact::{Channel, Language, Party};
use dunlin_domain::date::{BusinessDate, Timestamp};
use dunlin_domain::id::{AgreementId, AttemptId, CallId, ContactPointId, CustomerId, MessageId};
use dunlin_domain::message::{CallOutcome, Counter, MessageState};
use dunlin_domain::pause::{self, PauseSubject};
use dunlin_domain::verdict::ContactPointView;
use dunlin_store::agreement::AgreementRow;
use dunlin_store::call;
pub use dunlin_store::call::{CallRow, CallWay};
use dunlin_store::customer::{self, CustomerView};
use dunlin_store::message::{self, PastMessage};
use dunlin_store::{StoreError, Tx, audit, person, policy};

use crate::inspect::{Current, current_positions};
use crate::payment::Caller;
use crate::portfolio::PastOutcome;
use crate::{Engine, EngineError, dispatch, guard};

/// How long a call may wait to be placed: the permit's own end is the real one.
const CALL_VALIDITY_HOURS: i64 = 24;

/// A call that somebody wants to place now.
#[derive(Clone, Debug)]
pub struct NewCall {
    /// The agreement that it is about: the lender's id, or ours.
    pub agreement: String,
    /// The number; the first of the customer's own if none is given.
    pub contact_point: Option<String>,
    /// Who calls: an agency's name; the lender if none is given.
    pub by: Option<String>,
}

/// Leave to place a call.
#[derive(Clone, Debug)]
pub struct CallPermit {
    /// The call; record its outcome by this.
    pub call: CallId,
    /// The number.
    pub contact_point: ContactPointId,
    /// The moment at which the leave ends.
    pub expires_at: Timestamp,
    /// The packs that were asked.
    pub packs: Vec<String>,
}

/// What became of a call, for the record.
#[derive(Clone, Debug)]
pub struct NewCallRecord {
    /// The call that was asked for, if it was.
    pub call: Option<CallId>,
    /// The customer, for calls that were not asked for.
    pub customer: Option<String>,
    /// The agreements that it was about.
    pub agreements: Vec<String>,
    /// When; now if no moment is given.
    pub at: Option<Timestamp>,
    /// Which way, and what became of it.
    pub way: CallWay,
    /// The number, where it is known.
    pub contact_point: Option<String>,
    /// Who called: an agency's name; the lender if none is given.
    pub by: Option<String>,
    /// Where what proves it is kept, such as the recording.
    pub evidence: String,
}

fn refused<T>(code: &'static str, complaint: Wording) -> Result<T, EngineError> {
    Err(EngineError::Refused { code, complaint })
}

impl Engine {
    /// Leave to place a call now, with its budgets taken.
    ///
    /// # Errors
    /// The code of the first ground of a denial, with all grounds and the next lawful moment; `nothing_due`; `pause`;
    /// `no_contact_point`; an unknown agreement or number.
    pub fn begin_call(&self, new: &NewCall, caller: Caller<'_>) -> Result<CallPermit, EngineError> {
        let policies = self.policies()?;
        self.db.write_as(|tx| {
            let row = self.find_agreement(tx, &new.agreement)?;
            // Calls are counted over days, which no budget of a day guards.
            let person = person::counted_as(tx, row.customer)?;
            call::lock_customers(tx, &[row.customer, person])?;
            let view = self.find_customer(tx, &row.customer.to_string())?;
            let zone = crate::zone_of(&view.zone)?;
            let day = caller.now.date_in(&zone);
            let current = current_positions(tx, &policies, std::slice::from_ref(&row), day)?.remove(0);
            if !current.has_something_to_pay() {
                return refused(
                    "nothing_due",
                    wording!(
                        "合约 {} 在 {day} 没有到期应还的款项",
                        "nothing is due of {} on {day}",
                        row.external_id
                    ),
                );
            }
            refuse_paused(tx, &row, &current, BusinessDate(day))?;
            let point = self.number_of(tx, row.customer, new.contact_point.as_deref())?;
            let documents = policies.contact_packs(day)?;
            let packs: Vec<&ContactRules> = documents.iter().map(|document| &document.rules).collect();
            let known = self.known_of(tx, &view, &row, &packs)?;
            let packs = guard::packs_for(&packs, &known, &row.product, &view.zone, day);
            let id = CallId::of_cause(
                row.customer,
                &[b"asked", &row.id.0, &caller.now.micros().to_le_bytes(), caller.actor.as_bytes()],
            );
            let request = self.request_of(tx, &row, &view, &known, &point, id, caller.now)?;
            let permit = match compliance::permit(&packs, &request, caller.now) {
                Ok(permit) => permit,
                Err(denial) => return Err(denied(&denial)),
            };
            for budget in permit.budget() {
                // Read under the customer's lock a moment ago; a text that goes out meanwhile has counters of its own.
                if !message::take_budget(tx, budget)? {
                    let complaint = wording!(
                        "当日的触达次数（{}）已用完；请明天再试",
                        "the day's {} are used up; ask again tomorrow",
                        budget.counter
                    );
                    return refused("rule.call_cap", complaint);
                }
            }
            let taken = permit.budget().iter().map(|budget| budget.counter).collect();
            let way = CallWay::Placed(PlacedOutcome::Pending);
            let asked = AskedCall { id, way, at: caller.now, taken, by: new.by.as_deref(), evidence: "" };
            let row = self.call_row(&view, asked, Some(point.id), vec![row.id], &zone, caller);
            if call::insert(tx, std::slice::from_ref(&row))? == 0 {
                return refused(
                    "repeated",
                    wording!(
                        "这通电话此前已申请过；请登记其结果",
                        "this call was asked for before; record its outcome"
                    ),
                );
            }
            self.audit_call(tx, "call.begin", &row, caller)?;
            let packs = packs.iter().map(|rules| rules.full_name()).collect();
            Ok(CallPermit { call: id, contact_point: point.id, expires_at: permit.expires_at(), packs })
        })
    }

    /// Records a call: the outcome of one that was asked for, or one that happened otherwise. What it used up counts
    /// against the caps of its day; what a call that was asked for did not use up is given back.
    ///
    /// # Errors
    /// [`EngineError::NotFound`]; `call` for a moment to come, a missing customer or an outcome that is none;
    /// `call_recorded` when its outcome is known.
    pub fn record_call(&self, new: &NewCallRecord, caller: Caller<'_>) -> Result<CallRow, EngineError> {
        if matches!(new.way, CallWay::Placed(PlacedOutcome::Pending)) {
            return refused(
                "call",
                wording!(
                    "pending 不是通话结果；请登记实际结果",
                    "pending is no outcome; say what became of the call"
                ),
            );
        }
        self.db.write_as(|tx| match new.call {
            Some(id) => self.settle_call(tx, id, new, caller),
            None => self.add_call(tx, new, caller),
        })
    }

    fn settle_call(
        &self,
        tx: &mut Tx<'_>,
        id: CallId,
        new: &NewCallRecord,
        caller: Caller<'_>,
    ) -> Result<CallRow, EngineError> {
        let missing = || EngineError::NotFound { what: "call", name: id.to_string() };
        let known = call::find(tx, id)?.ok_or_else(missing)?;
        let CallWay::Placed(outcome) = new.way else {
            return refused(
                "call",
                wording!(
                    "申请过的电话是呼出，不是呼入",
                    "a call that was asked for was placed, not received"
                ),
            );
        };
        if dispatch::settle::settle(tx, id, outcome, &new.evidence)?.is_none() {
            if known.way == new.way {
                return Ok(known);
            }
            let recorded = known.way.outcome();
            return refused(
                "call_recorded",
                wording!("{id} 此前已登记为 {recorded}", "{id} was recorded as {recorded} before"),
            );
        }
        let row = call::find(tx, id)?.ok_or_else(missing)?;
        self.audit_call(tx, "call.record", &row, caller)?;
        Ok(row)
    }

    fn add_call(
        &self,
        tx: &mut Tx<'_>,
        new: &NewCallRecord,
        caller: Caller<'_>,
    ) -> Result<CallRow, EngineError> {
        let at = new.at.unwrap_or(caller.now);
        if at > caller.now && self.clock == crate::Clock::Real {
            return refused(
                "call",
                wording!(
                    "通话时间 {at} 尚未到来；现在是 {}",
                    "the call is at {at}, which is to come; it is {}",
                    caller.now
                ),
            );
        }
        let mut agreements = Vec::new();
        for name in &new.agreements {
            agreements.push(self.find_agreement(tx, name)?);
        }
        let view = match (&new.customer, agreements.first()) {
            (Some(name), _) => self.find_customer(tx, name)?,
            (None, Some(agreement)) => self.find_customer(tx, &agreement.customer.to_string())?,
            (None, None) => {
                return refused(
                    "call",
                    wording!(
                        "请写明客户，或该客户的某一份合约",
                        "name the customer or an agreement of theirs"
                    ),
                );
            }
        };
        if let Some(other) = agreements.iter().find(|agreement| agreement.customer != view.id) {
            return refused(
                "call",
                wording!("合约 {} 属于另一位客户", "agreement {} is another customer's", other.external_id),
            );
        }
        let point = match &new.contact_point {
            Some(name) => Some(self.number_of(tx, view.id, Some(name))?.id),
            None => None,
        };
        let zone = crate::zone_of(&view.zone)?;
        let ids: Vec<AgreementId> = agreements.iter().map(|agreement| agreement.id).collect();
        let id = CallId::of_cause(
            view.id,
            &[
                b"recorded",
                &at.micros().to_le_bytes(),
                new.way.direction().as_bytes(),
                &point.map_or([0; 16], |point| point.0),
                new.by.as_deref().unwrap_or_default().as_bytes(),
            ],
        );
        let evidence = new.evidence.as_str();
        let asked = AskedCall { id, way: new.way, at, taken: Vec::new(), by: new.by.as_deref(), evidence };
        let row = self.call_row(&view, asked, point, ids, &zone, caller);
        let person = person::counted_as(tx, view.id)?;
        call::lock_customers(tx, &[view.id, person])?;
        if call::insert(tx, std::slice::from_ref(&row))? == 0 {
            return call::find(tx, id)?
                .ok_or_else(|| EngineError::NotFound { what: "call", name: id.to_string() });
        }
        if let CallWay::Placed(outcome) = row.way {
            count_call(tx, &row, outcome)?;
        }
        self.audit_call(tx, "call.record", &row, caller)?;
        Ok(row)
    }

    /// The calls with a customer, in the order in which they happened.
    ///
    /// # Errors
    /// [`EngineError::NotFound`] for an unknown customer.
    pub fn calls(&self, customer: &str) -> Result<Vec<CallRow>, EngineError> {
        self.db.read_as(|tx| {
            let view = self.find_customer(tx, customer)?;
            Ok(call::of_customers(tx, &[view.id])?.remove(&view.id).unwrap_or_default())
        })
    }

    fn known_of(
        &self,
        tx: &mut Tx<'_>,
        view: &CustomerView,
        row: &AgreementRow,
        packs: &[&ContactRules],
    ) -> Result<Known, EngineError> {
        let views = HashMap::from([(view.id, view.clone())]);
        let mut known = guard::known(tx, &views, &[])?;
        let asked = std::iter::once((view.id, row.id));
        guard::add_past_messages(tx, &mut known, (packs, &views), asked, &[])?;
        Ok(known.remove(&view.id).unwrap_or_default())
    }

    /// A number of the customer: the one named, or the best of those whose owner may be told.
    fn number_of(
        &self,
        tx: &mut Tx<'_>,
        customer: CustomerId,
        name: Option<&str>,
    ) -> Result<ContactPointView, EngineError> {
        let points = customer::point_views(tx, &[customer])?.remove(&customer).unwrap_or_default();
        if let Some(name) = name {
            let id = ContactPointId::parse(name).unwrap_or_else(|| ContactPointId::of_external(name));
            let found = points.into_iter().find(|point| point.id == id);
            return found
                .ok_or_else(|| EngineError::NotFound { what: "contact point", name: name.to_owned() });
        }
        let is_number = |point: &&ContactPointView| {
            point.kind.serves(Channel::Voice) && point.party != Party::ContactPerson
        };
        let best = points
            .iter()
            .filter(is_number)
            .min_by_key(|point| (point.state, point.party, point.priority, point.id));
        match best {
            Some(point) => Ok(*point),
            None => refused(
                "no_contact_point",
                wording!("该客户没有可拨打的号码", "the customer has no number to call"),
            ),
        }
    }

    /// The request of a call at a moment, with what the day's counters stand at.
    fn request_of(
        &self,
        tx: &mut Tx<'_>,
        row: &AgreementRow,
        view: &CustomerView,
        known: &Known,
        point: &ContactPointView,
        id: CallId,
        now: Timestamp,
    ) -> Result<ContactRequest, EngineError> {
        let zone = crate::zone_of(&view.zone)?;
        let day = now.date_in(&zone);
        let mut counts = DayCounts::new(day);
        for counter in [Counter::Voice, Counter::VoiceEffective, Counter::VoiceUnanswered] {
            let person = known.person.unwrap_or(row.customer);
            let key = counter.key(person, point.id);
            counts = counts.with(counter, call::count_of(tx, person, key, day)?);
        }
        let (about, until) = ((row.id, row.customer), now.plus_seconds(CALL_VALIDITY_HOURS * 3_600));
        let mut request = ContactRequest {
            message: MessageId(id.0),
            attempt: AttemptId(id.0),
            counts,
            ..ContactRequest::at_point(point, Channel::Voice, about, (&zone, day), until)
        };
        known.fill(&mut request, day);
        Ok(request)
    }

    fn call_row(
        &self,
        view: &CustomerView,
        asked: AskedCall<'_>,
        contact_point: Option<ContactPointId>,
        agreements: Vec<AgreementId>,
        zone: &jiff::tz::TimeZone,
        caller: Caller<'_>,
    ) -> CallRow {
        CallRow {
            id: asked.id,
            customer: view.id,
            at: asked.at,
            on: asked.at.date_in(zone),
            way: asked.way,
            contact_point,
            agreements,
            caller: asked.by.unwrap_or(&self.config.lender.name_en).to_owned(),
            message: None,
            taken: asked.taken,
            evidence: asked.evidence.to_owned(),
            recorded_at: caller.now,
            recorded_by: caller.actor.to_owned(),
        }
    }

    fn audit_call(
        &self,
        tx: &mut Tx<'_>,
        action: &str,
        row: &CallRow,
        caller: Caller<'_>,
    ) -> Result<(), EngineError> {
        let subject = format!("{} with {}", row.id, row.customer);
        let after = format!("{} {} by {} on {}", row.way.direction(), row.way.outcome(), row.caller, row.on);
        let (at, actor) = (caller.now, caller.actor);
        let (before, after, cause) = (None, Some(after.as_str()), row.evidence.as_str());
        let entry = audit::Entry { at, actor, action, subject: &subject, before, after, cause };
        Ok(self.audit(tx, &entry)?)
    }
}

/// What tells one call from another.
struct AskedCall<'a> {
    id: CallId,
    way: CallWay,
    at: Timestamp,
    taken: Vec<Counter>,
    by: Option<&'a str>,
    evidence: &'a str,
}

/// A denial as a refusal: by the code of its first ground, with all of them and the next lawful moment.
pub(crate) fn denied(denial: &Denial) -> EngineError {
    let words = denial.words();
    let next = match denial.next_lawful {
        Some(moment) => wording!("；下一个合规时间为 {moment}", "; next lawful moment {moment}"),
        None => wording!("；不会随时间解除", "; it does not pass with time"),
    };
    let [zh, en] =
        [Language::Zh, Language::En].map(|language| dunlin_domain::verdict::words_in(&words, language));
    EngineError::Refused {
        code: denial.main_ground().cause.code(),
        complaint: Wording {
            zh: format!("不得拨打电话：{zh}{}", next.zh),
            en: format!("no call may be placed: {en}{}", next.en),
        },
    }
}

fn refuse_paused(
    tx: &mut Tx<'_>,
    row: &AgreementRow,
    current: &Current,
    on: BusinessDate,
) -> Result<(), EngineError> {
    let pauses = policy::pauses(tx)?;
    let bucket = &current.terms.buckets[current.arrears.bucket_index].name;
    let subject = PauseSubject { channel: Channel::Voice, product: &row.product, bucket };
    match pause::applying(&pauses, &subject, on) {
        Some(pause) => refused(
            "pause",
            Wording {
                zh: format!(
                    "暂停 {} 期间（至 {}）停止拨打电话：{}",
                    pause.id, pause.through, pause.reason_zh
                ),
                en: format!(
                    "calls rest by pause {} through {}: {}",
                    pause.id, pause.through, pause.reason_en
                ),
            },
        ),
        None => Ok(()),
    }
}

/// Counts a call that happened against the caps of its day.
fn count_call(tx: &mut Tx<'_>, row: &CallRow, outcome: PlacedOutcome) -> Result<(), StoreError> {
    let Some(of_day) = outcome.of_day() else { return Ok(()) };
    // A number that nobody told counts for every number.
    let points: Vec<ContactPointId> = match row.contact_point {
        Some(point) => vec![point],
        None => {
            let points =
                customer::point_views(tx, &[row.customer])?.remove(&row.customer).unwrap_or_default();
            points.iter().filter(|point| point.kind.serves(Channel::Voice)).map(|point| point.id).collect()
        }
    };
    let any = ContactPointId([0; 16]);
    let person = person::counted_as(tx, row.customer)?;
    call::add_count(tx, person, Counter::Voice.key(person, any), row.on, 1)?;
    match of_day {
        CallOutcome::Effective => {
            let key = Counter::VoiceEffective.key(person, any);
            call::add_count(tx, person, key, row.on, 1)
        }
        CallOutcome::Unanswered => points.iter().try_for_each(|point| {
            let key = Counter::VoiceUnanswered.key(person, *point);
            call::add_count(tx, person, key, row.on, 1)
        }),
        CallOutcome::NotThePerson => Ok(()),
    }
}

/// A contact that a lender had before, to be counted.
pub(crate) struct PastCount<'a> {
    /// Its message, or the first of them where it was about several agreements.
    pub(crate) message: &'a PastMessage,
    /// What became of it.
    pub(crate) outcome: PastOutcome,
    /// The agreements that it was about.
    pub(crate) agreements: Vec<AgreementId>,
}

/// Has contacts that a lender had before count against the caps of their days: `fresh` are those that are new. A message
/// that failed used nothing up.
pub(crate) fn count_past(
    tx: &mut Tx<'_>,
    fresh: &[PastCount<'_>],
    actor: &str,
    now: Timestamp,
) -> Result<(), EngineError> {
    let mut ids: Vec<CustomerId> = fresh.iter().map(|past| past.message.customer).collect();
    ids.sort_unstable();
    ids.dedup();
    let views = customer::views(tx, &ids)?;
    let heads = person::heads(tx, &ids)?;
    let any = ContactPointId([0; 16]);
    let mut calls = Vec::new();
    for PastCount { message: past, outcome, agreements } in fresh {
        let Some(view) = views.get(&past.customer) else { continue };
        let on = past.sent_at.date_in(&crate::zone_of(&view.zone)?);
        if past.channel != Channel::Voice {
            if past.state != MessageState::Failed {
                let person = heads.get(&past.customer).copied().unwrap_or(past.customer);
                let key = Counter::of_channel(past.channel).key(person, any);
                call::add_count(tx, person, key, on, 1)?;
            }
            continue;
        }
        let outcome = match outcome {
            PastOutcome::Effective | PastOutcome::Delivered => PlacedOutcome::Conversation,
            PastOutcome::NotThePerson => PlacedOutcome::NotThePerson,
            PastOutcome::Unanswered | PastOutcome::Failed | PastOutcome::Unknown => PlacedOutcome::Unanswered,
        };
        let row = CallRow {
            id: CallId(past.id.0),
            customer: past.customer,
            at: past.sent_at,
            on,
            way: CallWay::Placed(outcome),
            contact_point: past.contact_point,
            agreements: agreements.clone(),
            caller: "imported".to_owned(),
            message: Some(past.id),
            taken: Vec::new(),
            evidence: past.outcome.clone(),
            recorded_at: now,
            recorded_by: actor.to_owned(),
        };
        count_call(tx, &row, outcome)?;
        calls.push(row);
    }
    call::insert(tx, &calls)?;
    Ok(())
}
