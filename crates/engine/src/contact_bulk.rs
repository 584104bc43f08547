//! Large changes of contact data: whom they touch, the second person that they need, and the alarm when more is removed
//! than is usual.

use dunlin_domain::wording;
use dunlin_domain::wording::Wording;
use std::collections::{BTreeMap, HashSet};

use dunlin_domain::contact::ContactPointState;
use dunlin_domain::contact_rate::{USUAL_DAYS, departs_from_usual};
use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::id::{ContactPointId, CustomerId};
use dunlin_domain::incident::IncidentCode;
pub use dunlin_store::contact_request::{BlastRadius, ContactAlarm, ContactRequest};
use dunlin_store::watch as incident_store;
use dunlin_store::{
    Tx, agreement, audit, contact_change, contact_correction, contact_request, customer, opt_out_change, run,
};

use crate::contact_data::{ContactChange, batch_text, find_points, parse_batch};
use crate::payment::Caller;
use crate::second_person::is_same_person;
use crate::watch::{self, Finding};
use crate::{Engine, EngineError};

/// What one person may remove alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContactLimits {
    /// The most contact points at once.
    pub alone_max: u64,
    /// The most as a share of all that are in use, in millionths; not asked of up to [`SHARE_ASKED_FROM`].
    pub alone_share_millionths: u64,
    /// At how many customers of one file the same number or address may stand; more is a mistake of whoever wrote it.
    pub same_value_max: u64,
}

/// An open incident: more contact points than usual were changed in one way on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactIncident {
    /// Its id.
    pub id: String,
    /// `overwritten`, `added`, or `opted_out`, which counts customers.
    pub kind: String,
    /// The day, by which it is closed.
    pub day: String,
    /// How many on that day.
    pub found: i64,
    /// How many in the 28 days before.
    pub before: i64,
    /// When it opened.
    pub opened_at: Timestamp,
}

/// So many contact points are never a large change, whatever their share of a small portfolio.
pub const SHARE_ASKED_FROM: u64 = 10;

impl Default for ContactLimits {
    fn default() -> Self {
        Self { alone_max: 100, alone_share_millionths: 10_000, same_value_max: 20 }
    }
}

impl ContactLimits {
    /// Whether changes of this size, all that one person makes alone on a business date together, need a second one.
    #[must_use]
    pub fn asks_second(&self, points: u64, share_millionths: u64) -> bool {
        points > self.alone_max
            || (points > SHARE_ASKED_FROM && share_millionths > self.alone_share_millionths)
    }
}

/// Counts the agreements of customers, and those that are overdue, in a radius.
pub(crate) fn count_agreements(
    tx: &mut Tx<'_>,
    radius: &mut BlastRadius,
    customers: &[CustomerId],
) -> Result<(), EngineError> {
    for customer in customers {
        let rows = agreement::of_customer(tx, *customer)?;
        radius.agreements += rows.len() as u64;
        let is_overdue = |row: &&agreement::AgreementRow| {
            let verdict = row.standing.as_ref().and_then(|standing| standing.verdict);
            verdict.is_some_and(|(_, _, reason)| reason.family() != "account")
        };
        radius.overdue += rows.iter().filter(is_overdue).count() as u64;
    }
    Ok(())
}

impl Engine {
    /// The same engine with other limits for what one person may remove.
    #[must_use]
    pub fn with_contact_limits(self, contact_limits: ContactLimits) -> Self {
        Self { contact_limits, ..self }
    }

    /// Whom a removal would touch; nothing is changed.
    ///
    /// # Errors
    /// [`EngineError::NotFound`] names the first contact point that does not exist.
    pub fn contact_blast_radius(&self, names: &[(String, String)]) -> Result<BlastRadius, EngineError> {
        self.db.read_as(|tx| {
            let points = find_points(tx, names)?;
            self.radius_of(tx, &points)
        })
    }

    pub(crate) fn radius_of(
        &self,
        tx: &mut Tx<'_>,
        points: &[(CustomerId, ContactPointId)],
    ) -> Result<BlastRadius, EngineError> {
        let mut gone: BTreeMap<CustomerId, HashSet<ContactPointId>> = BTreeMap::new();
        for (customer, point) in points {
            gone.entry(*customer).or_default().insert(*point);
        }
        let customers: Vec<CustomerId> = gone.keys().copied().collect();
        let views = customer::point_views(tx, &customers)?;
        let is_left = |customer: &CustomerId, gone: &HashSet<ContactPointId>| {
            let known = views.get(customer).map_or(&[][..], Vec::as_slice);
            known.iter().any(|view| view.state == ContactPointState::Active && !gone.contains(&view.id))
        };
        let mut radius = BlastRadius {
            points: gone.values().map(|points| points.len() as u64).sum(),
            customers: customers.len() as u64,
            unreachable: gone.iter().filter(|(customer, gone)| !is_left(customer, gone)).count() as u64,
            ..BlastRadius::default()
        };
        count_agreements(tx, &mut radius, &customers)?;
        let in_use = u64::try_from(contact_request::count_in_use(tx)?).unwrap_or(0).max(1);
        radius.share_millionths = (radius.points * 1_000_000 / in_use).min(1_000_000);
        Ok(radius)
    }

    /// How many contact points whoever acts took out or overwrote alone on the open business date.
    pub(crate) fn changed_alone(&self, tx: &mut Tx<'_>) -> Result<u64, EngineError> {
        let today = self.wake_date(tx)?;
        let all = contact_change::alone_on(tx, today)?;
        let own = all.iter().filter(|(actor, _)| is_same_person(actor, &self.config.actor));
        Ok(own.map(|(_, points)| points).sum())
    }

    /// Whether a change needs a second person, what the same one changed alone today counted with it.
    pub(crate) fn asks_second(
        &self,
        tx: &mut Tx<'_>,
        radius: &BlastRadius,
        alone_today: u64,
    ) -> Result<bool, EngineError> {
        let points = radius.points + alone_today;
        let in_use = u64::try_from(contact_request::count_in_use(tx)?).unwrap_or(0).max(1);
        Ok(self.contact_limits.asks_second(points, points.saturating_mul(1_000_000) / in_use))
    }

    /// Keeps a large change until a second person decides.
    pub(crate) fn ask_contact_change(
        &self,
        tx: &mut Tx<'_>,
        id: [u8; 16],
        points: &[(CustomerId, ContactPointId)],
        radius: BlastRadius,
        reason: &str,
        now: Timestamp,
    ) -> Result<ContactChange, EngineError> {
        let request = ContactRequest {
            id,
            asked_at: now,
            author: self.config.actor.clone(),
            reason: reason.to_owned(),
            radius,
            state: "pending".to_owned(),
            decided_by: None,
        };
        contact_request::insert(tx, &request, points)?;
        let batch = batch_text(id);
        let after = match radius.points {
            0 => format!("opt-outs of {} customers", radius.customers),
            points => format!("{points} contact points of {} customers", radius.customers),
        };
        let actor = &self.config.actor;
        self.audit_contact(tx, "contact_point.ask", &batch, Some(&after), reason, (actor, now))?;
        let (points, agreements) = (
            usize::try_from(radius.points).unwrap_or(usize::MAX),
            usize::try_from(radius.agreements).unwrap_or(usize::MAX),
        );
        Ok(ContactChange {
            batch,
            points,
            opt_outs: 0,
            agreements,
            is_pending: true,
            radius: Some(radius),
            alone_today: 0,
        })
    }

    fn audit_contact(
        &self,
        tx: &mut Tx<'_>,
        action: &str,
        subject: &str,
        after: Option<&str>,
        cause: &str,
        (actor, at): (&str, Timestamp),
    ) -> Result<(), EngineError> {
        let entry = audit::Entry { at, actor, action, subject, before: None, after, cause };
        Ok(self.audit(tx, &entry)?)
    }

    /// Carries out a large change that somebody else asked for. It can be undone as one like any other.
    ///
    /// # Errors
    /// [`EngineError::NotFound`]; `same_person`; `not_pending`.
    pub fn approve_contact_change(
        &self,
        batch: &str,
        note: &str,
        caller: Caller<'_>,
    ) -> Result<ContactChange, EngineError> {
        self.db.write_as(|tx| {
            let request = self.decide_contact(tx, batch, "approved", note, caller)?;
            let radius = Some(request.radius);
            let corrections = contact_correction::of_request(tx, &self.master, request.id)?;
            if !corrections.is_empty() {
                let by = (request.author.as_str(), caller.now);
                let done = self.apply_corrections(tx, request.id, &corrections, &request.reason, by)?;
                return Ok(ContactChange { radius, ..done });
            }
            let opt_outs = opt_out_change::of_batch(tx, request.id)?;
            if !opt_outs.is_empty() {
                let by = (request.author.as_str(), caller.now);
                let done = self.apply_opt_outs(tx, request.id, &opt_outs, &request.reason, by)?;
                return Ok(ContactChange { radius, ..done });
            }
            let points = contact_request::points(tx, request.id)?;
            let done =
                self.apply_removal(tx, request.id, &points, &request.reason, &request.author, caller.now)?;
            Ok(ContactChange { radius, ..done })
        })
    }

    /// Refuses a large change; whoever asked for it may withdraw it.
    ///
    /// # Errors
    /// [`EngineError::NotFound`]; `not_pending`.
    pub fn reject_contact_change(
        &self,
        batch: &str,
        note: &str,
        caller: Caller<'_>,
    ) -> Result<ContactRequest, EngineError> {
        self.db.write_as(|tx| self.decide_contact(tx, batch, "rejected", note, caller))
    }

    fn decide_contact(
        &self,
        tx: &mut Tx<'_>,
        batch: &str,
        state: &str,
        note: &str,
        caller: Caller<'_>,
    ) -> Result<ContactRequest, EngineError> {
        let refuse = |code: &'static str, complaint: Wording| Err(EngineError::Refused { code, complaint });
        let missing = || EngineError::NotFound { what: "contact request", name: batch.to_owned() };
        let id = parse_batch(batch).ok_or_else(missing)?;
        let request = contact_request::find(tx, id)?.ok_or_else(missing)?;
        if state == "approved" && is_same_person(&request.author, caller.actor) {
            let complaint = wording!(
                "{batch} 由 {} 提出；须由另一人审批",
                "{batch} was asked for by {}; another person must approve it",
                request.author
            );
            return refuse("same_person", complaint);
        }
        if !contact_request::decide(tx, id, state, caller.actor, caller.now, note)? {
            return refuse(
                "not_pending",
                wording!("{batch} 已处理（{}）", "{batch} is {} already", request.state),
            );
        }
        let action = if state == "approved" { "contact_point.approve" } else { "contact_point.reject" };
        self.audit_contact(tx, action, batch, Some(state), note, (caller.actor, caller.now))?;
        contact_request::find(tx, id)?.ok_or_else(missing)
    }

    /// All large changes that were asked for, oldest first.
    ///
    /// # Errors
    /// What the database says.
    pub fn contact_requests(&self) -> Result<Vec<ContactRequest>, EngineError> {
        Ok(self.db.read(contact_request::all)?)
    }

    /// Opens an incident for each kind of change of contact data of which there is more on `date` than is usual. `first`
    /// is the first customer whom the change at hand touches.
    pub(crate) fn watch_contact_data(
        &self,
        tx: &mut Tx<'_>,
        date: Date,
        first: Option<CustomerId>,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        self.watch_removals(tx, date, now)?;
        let told = self.told_date(tx, date, now)?;
        let (from, through) = (date.plus_days(-USUAL_DAYS), date.plus_days(-1));
        for kind in ["removed", "overwritten", "added", "opted_out"] {
            let (found, before) = match kind {
                "removed" => (
                    contact_request::removed_between(tx, date, date)?,
                    contact_request::removed_between(tx, from, through)?,
                ),
                _ => (
                    contact_request::changed_between(tx, kind, date, date)?,
                    contact_request::changed_between(tx, kind, from, through)?,
                ),
            };
            if departs_from_usual(found, before) {
                let finding = Finding {
                    code: IncidentCode::ContactData,
                    stream: kind.to_owned(),
                    first_affected: first.map_or_else(String::new, |id| id.to_string()),
                    affected_count: u64::try_from(found).unwrap_or(0),
                    evidence: vec![
                        ("day", told.to_string()),
                        ("found", found.to_string()),
                        ("before", before.to_string()),
                    ],
                };
                watch::open(tx, &finding, now)?;
            }
        }
        Ok(())
    }

    /// The day by which people know `date`: before the first business date was run there is none, and the calendar's day
    /// stands for it.
    fn told_date(&self, tx: &mut Tx<'_>, date: Date, now: Timestamp) -> Result<Date, EngineError> {
        let is_before_the_first = run::open_date(tx)?.is_none();
        Ok(if is_before_the_first { now.date_in(self.zone()) } else { date })
    }

    /// Incidents about contact data that are open and not of removals, which are [`Engine::contact_alarms`].
    ///
    /// # Errors
    /// What the database says.
    pub fn contact_incidents(&self) -> Result<Vec<ContactIncident>, EngineError> {
        let open =
            self.db.read(|tx| incident_store::incidents_since(tx, Timestamp::from_micros(i64::MAX)))?;
        let is_shown = |incident: &&incident_store::WatchIncident| {
            incident.code == IncidentCode::ContactData && incident.stream != "removed"
        };
        let told = open.iter().filter(is_shown).map(|incident| {
            let evidence = watch::pairs(&incident.evidence);
            let number = |name: &str| evidence.get(name).and_then(|text| text.parse().ok()).unwrap_or(0);
            ContactIncident {
                id: incident.id.to_string(),
                kind: incident.stream.clone(),
                day: evidence.get("day").cloned().unwrap_or_default(),
                found: number("found"),
                before: number("before"),
                opened_at: incident.opened_at,
            }
        });
        Ok(told.collect())
    }

    /// Closes the incidents about contact data of a day with what was found; whether there were any.
    fn close_contact_incidents(
        &self,
        tx: &mut Tx<'_>,
        date: Date,
        note: &str,
        now: Timestamp,
    ) -> Result<bool, EngineError> {
        let day = date.to_string();
        let report = format!("note={}", note.replace(';', ","));
        let mut is_any = false;
        for incident in incident_store::incidents_since(tx, now)? {
            let is_of_day = watch::pairs(&incident.evidence).get("day") == Some(&day);
            if incident.code == IncidentCode::ContactData && incident.closed_at.is_none() && is_of_day {
                is_any |= incident_store::close(tx, incident.id, now, &report)?;
            }
        }
        Ok(is_any)
    }

    /// Opens an alarm when more was removed on `date` than is usual.
    pub(crate) fn watch_removals(
        &self,
        tx: &mut Tx<'_>,
        date: Date,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let removed = contact_request::removed_between(tx, date, date)?;
        let before = contact_request::removed_between(tx, date.plus_days(-USUAL_DAYS), date.plus_days(-1))?;
        if !departs_from_usual(removed, before) {
            return Ok(());
        }
        let alarm = ContactAlarm {
            date: self.told_date(tx, date, now)?,
            removed,
            removed_before: before,
            opened_at: now,
            closed_at: None,
            closed_by: None,
            note: None,
        };
        Ok(contact_request::raise_alarm(tx, &alarm)?)
    }

    /// Days on which more was removed than is usual.
    ///
    /// # Errors
    /// What the database says.
    pub fn contact_alarms(&self) -> Result<Vec<ContactAlarm>, EngineError> {
        Ok(self.db.read(contact_request::alarms)?)
    }

    /// Closes an alarm with what was found.
    ///
    /// # Errors
    /// `contact_alarm` without a word on what was found; [`EngineError::NotFound`] when none is open on that day.
    pub fn close_contact_alarm(&self, date: Date, note: &str, caller: Caller<'_>) -> Result<(), EngineError> {
        if note.trim().is_empty() {
            let complaint = wording!("请写明核查结论", "say in words what was found");
            return Err(EngineError::Refused { code: "contact_alarm", complaint });
        }
        self.db.write_as(|tx| {
            let is_alarm = contact_request::close_alarm(tx, date, caller.actor, caller.now, note)?;
            if !self.close_contact_incidents(tx, date, note, caller.now)? && !is_alarm {
                return Err(EngineError::NotFound { what: "open alarm on day", name: date.to_string() });
            }
            let subject = format!("contact alarm {date}");
            self.audit_contact(tx, "contact_alarm.close", &subject, None, note, (caller.actor, caller.now))
        })
    }
}

/// The id of the batch in its text form, for those who keep it.
#[must_use]
pub fn request_text(request: &ContactRequest) -> String {
    batch_text(request.id)
}
