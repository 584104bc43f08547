//! The rights of a person in their data (个人信息保护法 articles 44 to 50): to see and copy them, to have them corrected,
//! and to have them deleted.
//!
//! What the law makes a lender keep is kept in a restricted state: stored and secured, and used for nothing else (article
//! 47). When the time is over the customer's own key is destroyed, and every copy of name, numbers and addresses is
//! unreadable; ledger and verdicts stay. Each step stands in a log of processing.

use dunlin_domain::circumstance::CircumstanceKind;
use dunlin_domain::compliance::DebtorState;
use dunlin_domain::contact::{ContactPointKind, ContactPointState, Language, Party, Personal, PointSource};
use dunlin_domain::date::Date;
use dunlin_domain::id::CustomerId;
use dunlin_domain::mask;
use dunlin_domain::wording;
use dunlin_domain::wording::Wording;
use dunlin_store::contact_proof::{self, ProofRow};
pub use dunlin_store::privacy::PrivacyEntry;
use dunlin_store::{
    Tx, agreement, audit, call, circumstance, contact_change, customer, message, privacy, record, reply,
};
use serde_json::{Value, json};

use crate::chain;
use crate::circumstances::{NewCircumstance, restricts};
use crate::payment::Caller;
use crate::portfolio::contact_value;
use crate::{Engine, EngineError};

/// Whole years for which data are kept after the end of the business, where nothing else is set: 反洗钱法 (2024) article
/// 34, the longest of the periods that bind a lender.
pub const RETENTION_YEARS_DEFAULT: u16 = 10;

/// Who looks: each sees no more than the work needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Viewer {
    /// The person, or whoever answers for data protection: everything.
    Person,
    /// Staff of the lender: numbers and addresses masked.
    Staff,
    /// An agency: the name and the number to call, masked, and what is owed; nobody else's data, no history.
    Agency,
}

impl Viewer {
    /// Each of them.
    pub const ALL: [Self; 3] = [Self::Person, Self::Staff, Self::Agency];

    /// Its name on the command line.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Staff => "staff",
            Self::Agency => "agency",
        }
    }

    /// Reads its name.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|viewer| viewer.code() == code)
    }
}

/// What came of a wish to have data deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deletion {
    /// The data are kept, restricted, and may be erased from this day on.
    Restricted(Date),
    /// The key is destroyed.
    Erased,
}

fn refuse<T>(code: &'static str, complaint: Wording) -> Result<T, EngineError> {
    Err(EngineError::Refused { code, complaint })
}

fn proof_json(proof: &ProofRow) -> Value {
    json!({
        "contact_point": proof.point.to_string(),
        "on": proof.verified_on.to_string(),
        "how": proof.how.code(),
        "evidence": proof.evidence,
        "recorded_by": proof.recorded_by,
    })
}

impl Engine {
    /// Everything that is held about a customer, as far as `viewer` may see it. What was looked at is logged.
    ///
    /// # Errors
    /// [`EngineError::NotFound`]; `erased` when there is nothing left to see.
    pub fn privacy_access(
        &self,
        name: &str,
        viewer: Viewer,
        action: &str,
        caller: Caller<'_>,
    ) -> Result<Value, EngineError> {
        self.db.write_as(|tx| {
            let id = self.person(tx, name)?;
            let all = self.held_about(tx, id, viewer, caller)?;
            self.note_privacy(tx, id, action, viewer.code(), caller)?;
            Ok(all)
        })
    }

    /// The customer, whose data must not be erased.
    fn person(&self, tx: &mut Tx<'_>, name: &str) -> Result<CustomerId, EngineError> {
        let id = self.find_customer(tx, name)?.id;
        match privacy::is_erased(tx, id)? {
            Some(true) => refuse(
                "erased",
                wording!("客户 {name} 的个人信息已删除", "the data of customer {name} were erased"),
            ),
            Some(false) | None => Ok(id),
        }
    }

    fn note_privacy(
        &self,
        tx: &mut Tx<'_>,
        id: CustomerId,
        action: &str,
        detail: &str,
        caller: Caller<'_>,
    ) -> Result<(), EngineError> {
        let entry = PrivacyEntry {
            at: caller.now,
            actor: caller.actor.to_owned(),
            action: action.to_owned(),
            detail: detail.to_owned(),
        };
        privacy::note(tx, id, &entry)?;
        let (subject, action) = (id.to_string(), format!("privacy.{action}"));
        let entry = audit::Entry {
            at: caller.now,
            actor: caller.actor,
            action: &action,
            subject: &subject,
            before: None,
            after: None,
            cause: detail,
        };
        Ok(self.audit(tx, &entry)?)
    }

    fn held_about(
        &self,
        tx: &mut Tx<'_>,
        id: CustomerId,
        viewer: Viewer,
        caller: Caller<'_>,
    ) -> Result<Value, EngineError> {
        let missing = || EngineError::NotFound { what: "customer", name: id.to_string() };
        let row = customer::opened(tx, &self.master, &[id])?.remove(&id).ok_or_else(missing)?;
        let points = self.points_for(tx, id, viewer)?;
        let agreements = self.agreements_for(tx, id, viewer, caller)?;
        let name = match viewer {
            Viewer::Person => row.name.reveal().to_owned(),
            Viewer::Staff | Viewer::Agency => mask::name(row.name.reveal()),
        };
        let mut all = json!({
            "seen_by": viewer.code(),
            "customer": { "id": row.external_id, "name": name, "language": row.language.code() },
            "contact_points": points,
            "agreements": agreements,
        });
        if viewer == Viewer::Agency {
            return Ok(all);
        }
        all["customer"]["zone"] = json!(row.zone);
        all["customer"]["segment"] = json!(row.segment);
        let entries = circumstance::of_customers(tx, &[id])?.remove(&id).unwrap_or_default();
        let entries = entries.iter().map(|row| {
            let entry = &row.entry;
            json!({
                "kind": entry.content.kind().code(),
                "value": entry.content.value(),
                "from": entry.from.to_string(),
                "through": entry.last_on().map(|on| on.to_string()),
                "reason": row.reason,
                "evidence": row.evidence,
                "recorded_by": row.recorded_by,
            })
        });
        all["circumstances"] = entries.collect();
        let calls = call::of_customers(tx, &[id])?.remove(&id).unwrap_or_default();
        let calls = calls
            .iter()
            .map(|call| json!({ "at": call.at.to_string(), "by": call.caller, "evidence": call.evidence }));
        all["calls"] = calls.collect();
        let changes = contact_change::point_changes(tx, id)?;
        let changes = changes.iter().map(|change| {
            json!({
                "contact_point": change.point.to_string(),
                "at": change.at.to_string(),
                "by": change.actor,
                "before": change.before.code(),
                "after": change.after.code(),
                "reason": change.reason,
            })
        });
        all["contact_point_changes"] = changes.collect();
        all["contact_point_proofs"] =
            contact_proof::of_customers(tx, &[id])?.iter().map(proof_json).collect();
        all["replies"] = self.replies_for(tx, id, viewer)?;
        all["processing_log"] = privacy::log(tx, id)?.iter().map(entry_json).collect();
        Ok(all)
    }

    /// What the person wrote to us; staff sees that, not whence and what: those are for the person.
    fn replies_for(&self, tx: &mut Tx<'_>, id: CustomerId, viewer: Viewer) -> Result<Value, EngineError> {
        let replies = reply::last(tx, &self.master, Some(id), u32::MAX)?;
        let told = replies.iter().map(|row| {
            let mut told = json!({
                "id": row.id.to_string(),
                "at": row.sent_at.to_string(),
                "channel": row.channel.code(),
                "meaning": row.meaning.code(),
            });
            if viewer == Viewer::Person {
                told["from"] = json!(row.sender.reveal());
                told["text"] = json!(row.text.reveal());
            }
            told
        });
        Ok(told.collect())
    }

    fn points_for(&self, tx: &mut Tx<'_>, id: CustomerId, viewer: Viewer) -> Result<Value, EngineError> {
        let points = customer::opened_points(tx, &self.master, &[id])?;
        let is_shown = |point: &&customer::ContactPointRow| match viewer {
            Viewer::Person | Viewer::Staff => true,
            Viewer::Agency => {
                point.kind == ContactPointKind::Phone
                    && point.party == Party::Borrower
                    && point.state == ContactPointState::Active
            }
        };
        let shown = points.iter().filter(is_shown).map(|point| {
            let value = match viewer {
                Viewer::Person => point.value.reveal().to_owned(),
                Viewer::Staff | Viewer::Agency => mask::contact_point(point.kind, point.value.reveal()),
            };
            json!({
                "id": point.external_id,
                "kind": point.kind.code(),
                "party": point.party.code(),
                "state": point.state.code(),
                "value": value,
            })
        });
        Ok(shown.collect())
    }

    fn agreements_for(
        &self,
        tx: &mut Tx<'_>,
        id: CustomerId,
        viewer: Viewer,
        caller: Caller<'_>,
    ) -> Result<Value, EngineError> {
        let rows = agreement::of_customer(tx, id)?;
        let policies = crate::policies::Policies::load(tx)?;
        let today = caller.now.date_in(self.zone());
        let mut all = Vec::with_capacity(rows.len());
        for row in &rows {
            let current = crate::inspect::current_positions(tx, &policies, std::slice::from_ref(row), today)?;
            let overdue = current.first().map(|current| current.arrears.overdue.to_string());
            let mut shown = json!({
                "id": row.external_id,
                "product": row.product,
                "currency": row.currency.code(),
                "overdue": overdue,
            });
            if viewer != Viewer::Agency {
                shown["opened_on"] = json!(row.opened_on.to_string());
                shown["reported_to_bureau"] = json!(row.is_reported);
                let facts = self.facts(tx, row)?;
                let facts = facts.iter().map(|fact| {
                    json!({
                        "kind": fact.kind.code(),
                        "on": fact.value_on.to_string(),
                        "amount": fact.amount.to_string(),
                    })
                });
                shown["facts"] = facts.collect();
                let sent = message::of_agreement(tx, row.part, row.id)?;
                let messages = sent.iter().map(|message| {
                    json!({
                        "on": message.business_date.to_string(),
                        "channel": message.channel.map(|channel| channel.code()),
                        "template": message.template,
                        "state": message.state.code(),
                    })
                });
                shown["messages"] = messages.collect();
                let verdicts = record::verdicts_of(tx, row.part, row.id, row.currency)?;
                let next = chain::of_messages(tx, &sent)?;
                let held_up = chain::held_up_of(tx, &sent, &self.zone)?;
                let find = |id| sent.iter().find(|message| message.id == id);
                let verdicts = verdicts.iter().map(|verdict| {
                    let span = &verdict.span;
                    // What became of its message decides with it.
                    let told = span.message.and_then(|root| chain::told(root, (&next, &held_up), find));
                    let reason = span.reason_on(span.from, told.as_ref().map(chain::Told::fate));
                    json!({
                        "from": span.from.to_string(),
                        "reason": reason.code(),
                        "zh": reason.sentence(Language::Zh),
                        "en": reason.sentence(Language::En),
                    })
                });
                shown["verdicts"] = verdicts.collect();
            }
            all.push(shown);
        }
        Ok(Value::Array(all))
    }

    /// Corrects the name of a customer, or a number or address. What was there before is kept sealed beside it.
    ///
    /// # Errors
    /// [`EngineError::NotFound`]; `erased`; `privacy` when there is nothing to correct, no reason, or a number or address
    /// that an import would reject.
    pub fn privacy_correct(
        &self,
        name: &str,
        new_name: Option<&str>,
        point: Option<(&str, &str)>,
        reason: &str,
        caller: Caller<'_>,
    ) -> Result<(), EngineError> {
        let is_empty = |text: &str| text.trim().is_empty();
        if is_empty(reason) || (new_name.is_none() && point.is_none()) {
            return refuse(
                "privacy",
                wording!("更正须写明更正的内容和理由", "a correction names what is corrected, and a reason"),
            );
        }
        if new_name.is_some_and(is_empty) || point.is_some_and(|(_, value)| is_empty(value)) {
            return refuse("privacy", wording!("更正的内容不能为空", "a correction cannot be empty"));
        }
        self.db.write_as(|tx| {
            let id = self.person(tx, name)?;
            if let Some(new_name) = new_name {
                let new_name = Personal::new(new_name.trim().to_owned());
                customer::correct_name(tx, &self.master, id, &new_name)?;
                self.note_privacy(tx, id, "correct", &format!("name: {reason}"), caller)?;
            }
            if let Some((point, value)) = point {
                self.correct_point(tx, id, point, value, reason, caller)?;
            }
            Ok(())
        })
    }

    fn correct_point(
        &self,
        tx: &mut Tx<'_>,
        id: CustomerId,
        point: &str,
        value: &str,
        reason: &str,
        caller: Caller<'_>,
    ) -> Result<(), EngineError> {
        let points = customer::opened_points(tx, &self.master, &[id])?;
        let is_named =
            |row: &customer::ContactPointRow| row.external_id == point || row.id.to_string() == point;
        let found = points.into_iter().find(is_named);
        let mut row =
            found.ok_or_else(|| EngineError::NotFound { what: "contact point", name: point.to_owned() })?;
        row.value = match contact_value(row.kind, value.trim()) {
            Ok(value) => value,
            Err((complaint, remedy)) => {
                return refuse(
                    "privacy",
                    Wording {
                        zh: format!("{point} 的取值{}；{}", complaint.zh, remedy.zh),
                        en: format!("the value for {point} {}; {}", complaint.en, remedy.en),
                    },
                );
            }
        };
        // The file's row stays known as it was: the same old row does not overwrite what the customer said.
        let known = customer::known_points(tx, &[(id, row.id)])?;
        let hash = known.get(&row.id).map_or([0; 16], |known| known.content_hash);
        let corrected = (row, hash);
        let business_date = self.wake_date(tx)?;
        let change = contact_change::PointChange {
            customer: id,
            point: corrected.0.id,
            at: caller.now,
            business_date,
            actor: caller.actor,
            batch: None,
            state: ContactPointState::Active,
            corrected: Some(&corrected),
            reason,
            source: PointSource::Staff,
            place: "",
        };
        contact_change::change_point(tx, &self.master, &change)?;
        let rows = agreement::of_customer(tx, id)?;
        self.make_good(tx, &rows, business_date)?;
        self.note_privacy(tx, id, "correct", &format!("{point}: {reason}"), caller)
    }

    /// Restricts a customer's data: nobody is contacted, and nothing but storage is done, until it is ended.
    ///
    /// # Errors
    /// As [`Engine::add_circumstance`]; `erased`.
    pub fn privacy_restrict(
        &self,
        name: &str,
        reason: &str,
        evidence: &str,
        caller: Caller<'_>,
    ) -> Result<(), EngineError> {
        let id = self.db.read_as(|tx| self.person(tx, name))?;
        let new = NewCircumstance {
            customer: Some(id.to_string()),
            agreement: None,
            contact_point: None,
            kind: CircumstanceKind::DebtorState,
            value: DebtorState::Restricted.code().to_owned(),
            from: None,
            through: None,
            reason: reason.to_owned(),
            evidence: evidence.to_owned(),
        };
        self.add_circumstance(&new, caller)?;
        self.db.write_as(|tx| self.note_privacy(tx, id, "restrict", reason, caller))
    }

    /// Ends a restriction. `withdrawn` is the proof that the customer took a wish for deletion back: where one is under way,
    /// nobody else may end what it waits in (个人信息保护法 article 47).
    ///
    /// # Errors
    /// `privacy` when the data are not restricted; `deletion_asked` without that proof.
    pub fn privacy_unrestrict(
        &self,
        name: &str,
        reason: &str,
        withdrawn: Option<&str>,
        caller: Caller<'_>,
    ) -> Result<(), EngineError> {
        let withdrawn = withdrawn.map(str::trim).filter(|proof| !proof.is_empty());
        let id = self.db.read_as(|tx| {
            if withdrawn.is_none() {
                self.check_no_deletion_waits(tx, name)?;
            }
            self.person(tx, name)
        })?;
        let entries = self.circumstances(&id.to_string())?;
        let open: Vec<_> = entries.iter().filter(|row| restricts(row)).collect();
        if open.is_empty() {
            return refuse(
                "privacy",
                wording!(
                    "客户 {name} 的个人信息未被限制处理",
                    "the data of customer {name} are not restricted"
                ),
            );
        }
        for entry in open {
            self.db.write_as(|tx| self.end_entry(tx, entry, None, reason, caller))?;
        }
        let detail = match withdrawn {
            Some(proof) => format!("{reason}; the wish for deletion was withdrawn: {proof}"),
            None => reason.to_owned(),
        };
        self.db.write_as(|tx| self.note_privacy(tx, id, "end_restriction", &detail, caller))
    }

    /// Refuses to end the restriction in which a wish for deletion waits.
    pub(crate) fn check_no_deletion_waits(&self, tx: &mut Tx<'_>, name: &str) -> Result<(), EngineError> {
        let id = self.person(tx, name)?;
        let Some(asked) = deletion_asked(tx, id)? else { return Ok(()) };
        let on = asked.at.date_in(self.zone());
        refuse(
            "deletion_asked",
            wording!(
                "客户 {name} 已于 {on} 申请删除个人信息，在此之前只能限制处理；如客户本人撤回申请，请用 privacy unrestrict --withdrawn 注明凭证",
                "customer {name} asked on {on} for the data to be deleted, and until then they are restricted; if the customer took that back, name the proof with privacy unrestrict --withdrawn"
            ),
        )
    }

    /// Takes a wish to have data deleted: erased where no law asks to keep them, else restricted until it does not.
    ///
    /// # Errors
    /// `privacy` without a reason and evidence; `debt_open` while something is owed: the contract needs the data; `erased`.
    pub fn privacy_delete(
        &self,
        name: &str,
        reason: &str,
        evidence: &str,
        caller: Caller<'_>,
    ) -> Result<Deletion, EngineError> {
        if reason.trim().is_empty() || evidence.trim().is_empty() {
            return refuse(
                "privacy",
                wording!(
                    "删除申请须写明理由，并注明凭证存放之处",
                    "a wish for deletion needs its reason in words, and where the evidence is kept"
                ),
            );
        }
        let today = caller.now.date_in(self.zone());
        let (id, free_on) = self.db.read_as(|tx| {
            let id = self.person(tx, name)?;
            Ok::<_, EngineError>((id, self.retained_until(tx, id, today)?))
        })?;
        if today < free_on {
            self.privacy_restrict(name, reason, evidence, caller)?;
            let detail = format!("kept by law, restricted until {free_on}: {reason}");
            self.db.write_as(|tx| self.note_privacy(tx, id, "delete", &detail, caller))?;
            return Ok(Deletion::Restricted(free_on));
        }
        self.erase(id, &format!("{reason} ({evidence})"), caller)?;
        self.db.forget_freed()?;
        Ok(Deletion::Erased)
    }

    fn erase(&self, id: CustomerId, reason: &str, caller: Caller<'_>) -> Result<(), EngineError> {
        self.db.write_as(|tx| {
            privacy::erase(tx, id)?;
            self.note_privacy(tx, id, "erase", reason, caller)
        })
    }

    /// Erases the data of all customers who asked for it and for whom no law asks to keep them any more; who these were. Data
    /// that are restricted for another reason, such as a dispute about them, stay.
    ///
    /// # Errors
    /// What the database says.
    pub fn privacy_erase_due(&self, caller: Caller<'_>) -> Result<Vec<CustomerId>, EngineError> {
        let today = caller.now.date_in(self.zone());
        let due = self.db.read_as(|tx| {
            let mut due = Vec::new();
            for id in privacy::restricted(tx)? {
                let is_left = privacy::is_erased(tx, id)? == Some(false) && deletion_asked(tx, id)?.is_some();
                match self.retained_until(tx, id, today) {
                    Ok(free_on) if is_left && free_on <= today => due.push(id),
                    // A restricted customer who owes something, or whose time is not over, is left alone.
                    Ok(_) | Err(EngineError::Refused { code: "debt_open", .. }) => {}
                    Err(error) => return Err(error),
                }
            }
            Ok::<_, EngineError>(due)
        })?;
        due.iter().try_for_each(|id| self.erase(*id, "kept as long as the law asks", caller))?;
        if !due.is_empty() {
            self.db.forget_freed()?;
        }
        Ok(due)
    }

    /// The first day on which no law asks to keep a customer's data: so many years after the last thing that happened.
    fn retained_until(&self, tx: &mut Tx<'_>, id: CustomerId, today: Date) -> Result<Date, EngineError> {
        let rows = agreement::of_customer(tx, id)?;
        let policies = crate::policies::Policies::load(tx)?;
        let mut last: Option<Date> = None;
        for row in &rows {
            let current = crate::inspect::current_positions(tx, &policies, std::slice::from_ref(row), today)?;
            let owes = current.iter().any(crate::inspect::Current::has_something_to_pay);
            let owed = match current.first() {
                Some(current) => current.position.owed(&current.terms)?.is_positive(),
                None => false,
            };
            if owes || owed {
                let complaint = wording!(
                    "合约 {} 尚未结清：履行合同需要这些信息（个人信息保护法第 13 条）；请在结清后再申请",
                    "agreement {} is not paid: its contract needs the data (个人信息保护法 art. 13); ask again when it is",
                    row.external_id
                );
                return refuse("debt_open", complaint);
            }
            let facts = self.facts(tx, row)?;
            let newest = facts.iter().map(|fact| fact.value_on.max(fact.learned_at.date_in(self.zone())));
            last = newest.chain([row.opened_on]).chain(last).max();
        }
        let years = i16::try_from(self.retention_years).unwrap_or(i16::MAX);
        Ok(last.map_or(today, |last| years_after(last, years)))
    }

    /// The same engine with another time for which data are kept.
    #[must_use]
    pub fn with_retention_years(self, retention_years: u16) -> Self {
        Self { retention_years, ..self }
    }

    /// What was done with a customer's data at their wish or for the law.
    ///
    /// # Errors
    /// [`EngineError::NotFound`].
    pub fn privacy_log(&self, name: &str) -> Result<Vec<PrivacyEntry>, EngineError> {
        self.db.read_as(|tx| {
            let id = self.find_customer(tx, name)?.id;
            Ok(privacy::log(tx, id)?)
        })
    }
}

/// A customer's wish to have their data deleted, unless they took it back.
fn deletion_asked(tx: &mut Tx<'_>, id: CustomerId) -> Result<Option<PrivacyEntry>, EngineError> {
    let log = privacy::log(tx, id)?;
    let of_wish = |entry: &PrivacyEntry| ["delete", "end_restriction"].contains(&entry.action.as_str());
    Ok(log.into_iter().rfind(of_wish).filter(|entry| entry.action == "delete"))
}

/// The day so many years later, the 28th of February for the 29th where there is none.
fn years_after(day: Date, years: i16) -> Date {
    let (year, month, of_month) = day.year_month_day();
    let on = |day: i8| Date::parse(&format!("{:04}-{month:02}-{day:02}", year.saturating_add(years)));
    on(of_month).or_else(|_| on(28)).unwrap_or(Date::NEVER)
}

/// An entry of the log for scripts.
#[must_use]
pub fn entry_json(entry: &PrivacyEntry) -> Value {
    json!({ "at": entry.at.to_string(), "actor": entry.actor, "action": entry.action, "detail": entry.detail })
}
