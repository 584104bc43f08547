//! What is known of a customer besides the debt: recorded, ended, listed. Nothing is erased.

use dunlin_domain::circumstance::{Circumstance, CircumstanceKind, Content, PromiseOutcome, promise_outcome};
use dunlin_domain::compliance::DebtorState;
use dunlin_domain::contact::Channel;
use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::fact::FactKind;
use dunlin_domain::id::{AgreementId, CircumstanceId, ContactPointId, CustomerId, Part};
use dunlin_domain::money::{Currency, Money};
use dunlin_domain::reason::Reason;
use dunlin_domain::wording;
use dunlin_domain::wording::Wording;
use dunlin_store::agreement::{self, AgreementRow};
use dunlin_store::circumstance;
pub use dunlin_store::circumstance::CircumstanceRow;
use dunlin_store::customer::{self, CustomerView};
use dunlin_store::{Tx, audit, contact_request, person};

use crate::inspect::current_positions;
use crate::payment::Caller;
use crate::{Engine, EngineError};

/// The most days ahead for which a promise to pay is taken: longer is a plan, not a promise.
pub const PROMISE_DAYS_MAX: i32 = 31;
/// The longest term of a hardship plan, in months: 商业银行信用卡业务监督管理办法 article 70.
pub const HARDSHIP_MONTHS_MAX: i32 = 60;

/// An entry to be recorded.
#[derive(Clone, Debug)]
pub struct NewCircumstance {
    /// The lender's id of the customer, or ours; may be left out where the agreement is given.
    pub customer: Option<String>,
    /// The only agreement that it is about.
    pub agreement: Option<String>,
    /// The only number or address that it is about.
    pub contact_point: Option<String>,
    /// What it is.
    pub kind: CircumstanceKind,
    /// Its value, as [`Content::parse`] reads it.
    pub value: String,
    /// The first day; today if none is given.
    pub from: Option<Date>,
    /// The last day, if one is known.
    pub through: Option<Date>,
    /// Why, in words.
    pub reason: String,
    /// Where what proves it is kept.
    pub evidence: String,
}

/// A promise with what became of it.
#[derive(Clone, Debug)]
pub struct PromiseView {
    /// The entry.
    pub row: CircumstanceRow,
    /// The amount.
    pub amount: Money,
    /// What was paid since it was made through its day.
    pub paid: Money,
    /// What became of it.
    pub outcome: PromiseOutcome,
}

fn refused<T>(code: &'static str, complaint: Wording) -> Result<T, EngineError> {
    Err(EngineError::Refused { code, complaint })
}

impl Engine {
    /// The id and view of the customer that the lender calls `name`, or with our id `name`.
    pub(crate) fn find_customer(&self, tx: &mut Tx<'_>, name: &str) -> Result<CustomerView, EngineError> {
        let id = CustomerId::parse(name).unwrap_or_else(|| CustomerId::of_external(name));
        let found = customer::views(tx, &[id])?.remove(&id);
        found.ok_or_else(|| EngineError::NotFound { what: "customer", name: name.to_owned() })
    }

    /// Records an entry. The same one recorded twice changes nothing.
    ///
    /// # Errors
    /// `circumstance` for a value that is not of the kind, missing words or days that make no sense; an unknown
    /// customer, agreement or contact point.
    pub fn add_circumstance(
        &self,
        new: &NewCircumstance,
        caller: Caller<'_>,
    ) -> Result<CircumstanceRow, EngineError> {
        self.db.write_as(|tx| self.add_circumstance_in(tx, new, caller))
    }

    /// The same within a transaction that records more.
    pub(crate) fn add_circumstance_in(
        &self,
        tx: &mut Tx<'_>,
        new: &NewCircumstance,
        caller: Caller<'_>,
    ) -> Result<CircumstanceRow, EngineError> {
        let content = Content::parse(new.kind, &new.value)
            .map_err(|complaint| EngineError::Refused { code: "circumstance", complaint })?;
        check_place(&content)?;
        check_scope(new, &content)?;
        if new.reason.trim().is_empty() || new.evidence.trim().is_empty() {
            return refused(
                "circumstance",
                wording!(
                    "请写明理由，并注明证据存放之处",
                    "give a reason in words, and where the evidence is kept"
                ),
            );
        }
        let agreement = match &new.agreement {
            Some(name) => Some(self.find_agreement(tx, name)?),
            None => None,
        };
        let view = match (&new.customer, &agreement) {
            (Some(name), _) => self.find_customer(tx, name)?,
            (None, Some(agreement)) => self.find_customer(tx, &agreement.customer.to_string())?,
            (None, None) => {
                return refused(
                    "circumstance",
                    wording!("请写明客户或合约", "name a customer or an agreement"),
                );
            }
        };
        if agreement.as_ref().is_some_and(|agreement| agreement.customer != view.id) {
            return refused(
                "circumstance",
                wording!("该合约属于另一位客户", "the agreement is another customer's"),
            );
        }
        let contact_point = self.point_of(tx, view.id, new.contact_point.as_deref())?;
        let today = self.customer_today(tx, &view, caller.now)?;
        let from = new.from.unwrap_or(today);
        check_days(new, &content, agreement.as_ref(), from, today)?;
        if let (Content::Promise(amount), Some(agreement), Some(by)) = (&content, &agreement, new.through) {
            self.check_promised(tx, *amount, agreement, by)?;
        }
        let mut id = id_of(new, view.id, agreement.as_ref().map(|row| row.id), contact_point, from);
        // The same words after the entry was ended are a new entry, and no repeat of the command that made the first.
        while circumstance::find(tx, id)?.is_some_and(|known| known.entry.ended_on.is_some()) {
            id = CircumstanceId::of_cause(view.id, &[&id.0]);
        }
        let row = CircumstanceRow {
            entry: Circumstance {
                id,
                customer: view.id,
                agreement: agreement.as_ref().map(|row| row.id),
                contact_point,
                content: content.clone(),
                from,
                through: new.through,
                ended_on: None,
                recorded_at: caller.now,
            },
            reason: new.reason.clone(),
            evidence: new.evidence.clone(),
            recorded_by: caller.actor.to_owned(),
            ended_by: None,
            end_reason: None,
        };
        self.write_circumstance(tx, row, caller)
    }

    /// Nobody can promise more than will be owed on the day by which it is paid, late fees and interest until then included.
    fn check_promised(
        &self,
        tx: &mut Tx<'_>,
        amount: Money,
        agreement: &AgreementRow,
        by: Date,
    ) -> Result<(), EngineError> {
        let policies = self.policies_in(tx)?;
        let current = current_positions(tx, &policies, std::slice::from_ref(agreement), by)?.remove(0);
        let owed = current.position.outstanding(&current.terms)?;
        if amount.minor() > owed.minor() {
            let (name, currency) = (&agreement.external_id, amount.currency());
            return refused(
                "circumstance",
                wording!(
                    "承诺还款 {amount} {currency}，而 {name} 至 {by} 应还 {owed} {currency}；承诺金额请不要超过应还金额",
                    "promise is of {amount} {currency}, and {name} will owe {owed} {currency} by {by}; promise no more than that"
                ),
            );
        }
        Ok(())
    }

    pub(crate) fn write_circumstance(
        &self,
        tx: &mut Tx<'_>,
        row: CircumstanceRow,
        caller: Caller<'_>,
    ) -> Result<CircumstanceRow, EngineError> {
        let row = self.after_earlier(tx, row)?;
        let is_news = is_new_opt_out(tx, &row.entry)?;
        if !circumstance::insert(tx, &row)? {
            let known = circumstance::find(tx, row.entry.id)?;
            return known.ok_or_else(|| EngineError::NotFound {
                what: "circumstance",
                name: row.entry.id.to_string(),
            });
        }
        let agreements = agreements_of(tx, &row.entry)?;
        let wake_on = self.wake_date(tx)?;
        match &row.entry.content {
            // The next day says that the promise is why contact rests, and plans to look again on the day after it, when it
            // has been kept or broken.
            Content::Promise(_) => {
                agreement::wake(tx, &agreements.iter().map(key).collect::<Vec<_>>(), wake_on, false, true)?;
            }
            _ => wake_silenced(tx, &agreements, wake_on)?,
        }
        if is_news {
            // A suppression list that matches more than it should is noticed while it is taken in.
            contact_request::count_change(tx, row.entry.customer, wake_on, "opted_out")?;
            self.watch_contact_data(tx, wake_on, Some(row.entry.customer), caller.now)?;
        }
        let after = words(&row);
        self.audit_circumstance(tx, "circumstance.add", &row, None, &after, &row.reason, caller)?;
        Ok(row)
    }

    /// Moves the moment of recording behind that of every entry of the person which is there already, so that the last
    /// one recorded is the last one, whatever the clock says.
    fn after_earlier(
        &self,
        tx: &mut Tx<'_>,
        mut row: CircumstanceRow,
    ) -> Result<CircumstanceRow, EngineError> {
        let persons = person::of_customers(tx, &[row.entry.customer])?;
        let own = std::slice::from_ref(&row.entry.customer);
        let members = persons.get(&row.entry.customer).map_or(own, |person| &person.members);
        let entries = circumstance::of_customers(tx, members)?;
        let last = entries.values().flatten().map(|other| other.entry.recorded_at).max();
        if let Some(last) = last.filter(|last| *last >= row.entry.recorded_at) {
            row.entry.recorded_at = Timestamp::from_micros(last.micros() + 1);
        }
        Ok(row)
    }

    /// Ends an entry from `on` on, today if none is given. What was silent because of it is looked at again.
    ///
    /// # Errors
    /// [`EngineError::NotFound`]; `circumstance_ended` when it was ended before; a day before its first or ahead of today;
    /// no reason; `deletion_asked` where it is the restriction in which a deletion waits.
    pub fn end_circumstance(
        &self,
        id: CircumstanceId,
        on: Option<Date>,
        reason: &str,
        caller: Caller<'_>,
    ) -> Result<CircumstanceRow, EngineError> {
        self.db.write_as(|tx| {
            let row = circumstance::find(tx, id)?.ok_or_else(|| missing(id))?;
            if restricts(&row) {
                self.check_no_deletion_waits(tx, &row.entry.customer.to_string())?;
            }
            self.end_entry(tx, &row, on, reason, caller)
        })
    }

    /// Ends an entry, whatever waits in it.
    pub(crate) fn end_entry(
        &self,
        tx: &mut Tx<'_>,
        row: &CircumstanceRow,
        on: Option<Date>,
        reason: &str,
        caller: Caller<'_>,
    ) -> Result<CircumstanceRow, EngineError> {
        if reason.trim().is_empty() {
            return refused(
                "circumstance",
                wording!("请写明终止的理由", "give the reason for ending it in words"),
            );
        }
        let id = row.entry.id;
        let view = self.find_customer(tx, &row.entry.customer.to_string())?;
        let today = self.customer_today(tx, &view, caller.now)?;
        let on = on.unwrap_or(today.max(row.entry.from));
        if on < row.entry.from || on > today.max(row.entry.from) {
            let last = today.max(row.entry.from);
            let complaint = wording!(
                "{id} 的终止日只能在 {} 至 {last} 之间，不能是 {on}",
                "{id} can end from {} to {last}, not on {on}",
                row.entry.from
            );
            return refused("circumstance", complaint);
        }
        if !circumstance::end(tx, id, on, caller.now, caller.actor, reason)? {
            return refused(
                "circumstance_ended",
                match row.entry.ended_on {
                    Some(on) => wording!("{id} 此前已于 {on} 终止", "{id} was ended before on {on}"),
                    None => wording!("{id} 此前已终止", "{id} was ended before"),
                },
            );
        }
        let agreements = agreements_of(tx, &row.entry)?;
        let wake_on = self.wake_date(tx)?;
        wake_silenced(tx, &agreements, wake_on)?;
        let before = words(row);
        let after = format!("ended on {on}");
        self.audit_circumstance(tx, "circumstance.end", row, Some(&before), &after, reason, caller)?;
        circumstance::find(tx, id)?.ok_or_else(|| missing(id))
    }

    /// All entries of a customer, and of other customers who are the same person, in the order in which they were recorded.
    ///
    /// # Errors
    /// [`EngineError::NotFound`] for an unknown customer.
    pub fn circumstances(&self, customer: &str) -> Result<Vec<CircumstanceRow>, EngineError> {
        self.db.read_as(|tx| {
            let view = self.find_customer(tx, customer)?;
            let persons = person::of_customers(tx, &[view.id])?;
            let members = persons.get(&view.id).map_or(vec![view.id], |person| person.members.clone());
            let found = circumstance::of_customers(tx, &members)?;
            let mut rows: Vec<CircumstanceRow> = found.into_values().flatten().collect();
            rows.sort_by_key(|row| (row.entry.recorded_at, row.entry.id));
            Ok(rows)
        })
    }

    /// An opt-in ends the opt-outs of its channel; an opt-out ends its opt-ins. Recorded as an entry of its own, so that
    /// who said what and when stays.
    ///
    /// # Errors
    /// As [`Engine::add_circumstance`].
    pub fn change_consent(
        &self,
        new: &NewCircumstance,
        caller: Caller<'_>,
    ) -> Result<CircumstanceRow, EngineError> {
        let row = self.add_circumstance(new, caller)?;
        let opposite = match &row.entry.content {
            Content::OptIn(channel) => Content::OptOut(*channel),
            Content::OptOut(channel) => Content::OptIn(*channel),
            _ => {
                return refused(
                    "circumstance",
                    wording!(
                        "触达意愿只能是 opt_in（同意）或 opt_out（拒收）",
                        "a consent is an opt_in or an opt_out"
                    ),
                );
            }
        };
        for other in self.circumstances(&row.entry.customer.to_string())? {
            let is_older = other.entry.recorded_at < row.entry.recorded_at;
            if other.entry.content == opposite && other.entry.ended_on.is_none() && is_older {
                let on = row.entry.from.max(other.entry.from);
                self.end_circumstance(other.entry.id, Some(on), &row.reason, caller)?;
            }
        }
        Ok(row)
    }

    /// The promises to pay of an agreement, with what became of them by the end of the books' last day.
    ///
    /// # Errors
    /// [`EngineError::NotFound`] for an unknown agreement; amounts that do not fit.
    pub fn promises(&self, agreement: &str, now: Timestamp) -> Result<Vec<PromiseView>, EngineError> {
        self.db.read_as(|tx| {
            let row = self.find_agreement(tx, agreement)?;
            let facts = self.facts(tx, &row)?;
            let view = self.find_customer(tx, &row.customer.to_string())?;
            let today = self.customer_today(tx, &view, now)?;
            let entries = circumstance::of_customers(tx, &[row.customer])?.remove(&row.customer);
            let policies = self.policies_in(tx)?;
            let mut promises = Vec::new();
            for entry in entries.unwrap_or_default() {
                let (Content::Promise(amount), Some(by)) = (entry.entry.content.clone(), entry.entry.through)
                else {
                    continue;
                };
                if entry.entry.agreement.is_some_and(|own| own != row.id) {
                    continue;
                }
                let from = entry.entry.from;
                let mut paid = Money::zero(row.currency);
                let is_payment = |kind: FactKind| matches!(kind, FactKind::Payment);
                for fact in facts.iter().filter(|fact| is_payment(fact.kind)) {
                    if from <= fact.value_on && fact.value_on <= by {
                        paid = paid.try_add(fact.amount)?;
                    }
                }
                let on = std::slice::from_ref(&row);
                let current = current_positions(tx, &policies, on, by.min(today))?.remove(0);
                // Who has paid all that is owed has paid what was promised of it.
                let is_all_paid = paid.is_positive()
                    && current.position.claim.sold_on.is_none()
                    && current.position.claim.written_off_on.is_none()
                    && current.position.outstanding(&current.terms)?.is_zero();
                let outcome = match is_all_paid {
                    true => PromiseOutcome::Kept,
                    false => promise_outcome(amount, by, paid, today),
                };
                promises.push(PromiseView { row: entry, amount, paid, outcome });
            }
            Ok(promises)
        })
    }

    /// The currency of an agreement.
    ///
    /// # Errors
    /// [`EngineError::NotFound`] for an unknown agreement.
    pub fn currency_of(&self, agreement: &str) -> Result<Currency, EngineError> {
        self.db.read_as(|tx| Ok(self.find_agreement(tx, agreement)?.currency))
    }

    /// The day of a customer's calendar: by the wall clock, or in a rehearsal the day that the books are on.
    pub(crate) fn customer_today(
        &self,
        tx: &mut Tx<'_>,
        view: &CustomerView,
        now: Timestamp,
    ) -> Result<Date, EngineError> {
        match self.clock {
            crate::Clock::Real => Ok(now.date_in(&crate::zone_of(&view.zone)?)),
            crate::Clock::Business => {
                let open = dunlin_store::run::open_date(tx)?;
                Ok(open.unwrap_or(now.date_in(&self.zone)))
            }
        }
    }

    fn point_of(
        &self,
        tx: &mut Tx<'_>,
        customer: CustomerId,
        name: Option<&str>,
    ) -> Result<Option<ContactPointId>, EngineError> {
        let Some(name) = name else { return Ok(None) };
        let id = ContactPointId::parse(name).unwrap_or_else(|| ContactPointId::of_external(name));
        if !customer::known_points(tx, &[(customer, id)])?.contains_key(&id) {
            return Err(EngineError::NotFound { what: "contact point", name: name.to_owned() });
        }
        Ok(Some(id))
    }

    fn audit_circumstance(
        &self,
        tx: &mut Tx<'_>,
        action: &str,
        row: &CircumstanceRow,
        before: Option<&str>,
        after: &str,
        cause: &str,
        caller: Caller<'_>,
    ) -> Result<(), EngineError> {
        let subject = format!("{} of {}", row.entry.id, row.entry.customer);
        let (at, actor, after) = (caller.now, caller.actor, Some(after));
        let entry = audit::Entry { at, actor, action, subject: &subject, before, after, cause };
        Ok(self.audit(tx, &entry)?)
    }
}

fn key(row: &AgreementRow) -> (Part, AgreementId) {
    (row.part, row.id)
}

/// The agreements that an entry is about.
fn agreements_of(tx: &mut Tx<'_>, entry: &Circumstance) -> Result<Vec<AgreementRow>, EngineError> {
    let persons = person::of_customers(tx, &[entry.customer])?;
    let own = std::slice::from_ref(&entry.customer);
    let mut rows = Vec::new();
    for member in persons.get(&entry.customer).map_or(own, |person| &person.members) {
        rows.extend(agreement::of_customer(tx, *member)?);
    }
    rows.retain(|row| entry.agreement.is_none_or(|own| own == row.id));
    Ok(rows)
}

/// Whether an entry opts a customer out who was not opted out of the channel before, nor of another one on the same
/// day: the alarm counts customers, and not how often or of how many channels one of them says it.
fn is_new_opt_out(tx: &mut Tx<'_>, entry: &Circumstance) -> Result<bool, EngineError> {
    let Content::OptOut(channel) = entry.content else { return Ok(false) };
    let known =
        circumstance::of_customers(tx, &[entry.customer])?.remove(&entry.customer).unwrap_or_default();
    let is_of_day = |other: &CircumstanceRow| {
        matches!(other.entry.content, Content::OptOut(_)) && other.entry.from == entry.from
    };
    Ok(!known.iter().any(is_of_day) && last_opt_out(known, channel, entry.from).is_none())
}

/// The opt-out that closes a channel for a customer on a day already: the last word on it that is in force without an end.
pub(crate) fn opt_out_in_force(
    tx: &mut Tx<'_>,
    customer: CustomerId,
    channel: Channel,
    on: Date,
) -> Result<Option<CircumstanceRow>, EngineError> {
    let known = circumstance::of_customers(tx, &[customer])?.remove(&customer).unwrap_or_default();
    Ok(last_opt_out(known, channel, on))
}

/// Of a customer's entries the last word on a channel on a day, if that is an opt-out without an end.
fn last_opt_out(known: Vec<CircumstanceRow>, channel: Channel, on: Date) -> Option<CircumstanceRow> {
    let is_about = |entry: &Circumstance| {
        entry.content == Content::OptOut(channel) || entry.content == Content::OptIn(channel)
    };
    let in_force = known
        .into_iter()
        .filter(|row| row.entry.agreement.is_none() && is_about(&row.entry) && row.entry.is_on(on));
    let last = in_force.max_by_key(|row| row.entry.recorded_at);
    last.filter(|row| row.entry.content == Content::OptOut(channel) && row.entry.through.is_none())
}

/// Has agreements looked at again whose silence came from what the customer said, from a rule, or from the customer's
/// state.
pub(crate) fn wake_silenced(tx: &mut Tx<'_>, rows: &[AgreementRow], date: Date) -> Result<(), EngineError> {
    let is_silenced = |row: &&AgreementRow| {
        let verdict = row.standing.as_ref().and_then(|standing| standing.verdict);
        verdict.is_some_and(|(_, _, reason)| {
            matches!(reason.family(), "voice" | "rule")
                || matches!(reason, Reason::Deceased | Reason::Incapacitated | Reason::Bankrupt)
        })
    };
    let keys: Vec<(Part, AgreementId)> = rows.iter().filter(is_silenced).map(key).collect();
    Ok(agreement::wake(tx, &keys, date, false, true)?)
}

/// The entry in one line, for the audit log.
fn words(row: &CircumstanceRow) -> String {
    let entry = &row.entry;
    let value = entry.content.value();
    let value = if value.is_empty() { String::new() } else { format!(" {value}") };
    let through = entry.through.map_or_else(String::new, |through| format!(" through {through}"));
    let about = entry.agreement.map_or_else(String::new, |agreement| format!(" for {agreement}"));
    format!("{}{value} from {}{through}{about}, evidence {}", entry.content.kind(), entry.from, row.evidence)
}

fn id_of(
    new: &NewCircumstance,
    customer: CustomerId,
    agreement: Option<AgreementId>,
    point: Option<ContactPointId>,
    from: Date,
) -> CircumstanceId {
    let days = |date: Option<Date>| date.map_or(i32::MIN, |date| date.days()).to_le_bytes();
    let (from, through) = (days(Some(from)), days(new.through));
    let cause: [&[u8]; 8] = [
        &customer.0,
        new.kind.code().as_bytes(),
        new.value.as_bytes(),
        &agreement.map_or([0; 16], |agreement| agreement.0),
        &point.map_or([0; 16], |point| point.0),
        &from,
        &through,
        new.evidence.as_bytes(),
    ];
    CircumstanceId::of_cause(customer, &cause)
}

/// What a customer says of a channel holds for the person: who takes no texts does not mean one number or one agreement.
fn check_scope(new: &NewCircumstance, content: &Content) -> Result<(), EngineError> {
    let is_of_channel = matches!(content, Content::OptOut(_) | Content::OptIn(_));
    match is_of_channel && (new.contact_point.is_some() || new.agreement.is_some()) {
        true => refused(
            "circumstance",
            wording!(
                "退订与重新订阅对客户本人整体生效；请勿指定号码或合约，停用单个号码请用 contact-point remove",
                "an opt-out or opt-in holds for the person; name no number and no agreement, and to stop one number use contact-point remove"
            ),
        ),
        false => Ok(()),
    }
}

/// A country, and a region of one whose regions are known, must exist: no rule pack reaches a place that does not.
fn check_place(content: &Content) -> Result<(), EngineError> {
    match content {
        Content::Place(place) if !place.is_real() => refused(
            "circumstance",
            wording!(
                "地区 {place} 不存在；请用 ISO 3166 代码，如 US-CA，或只写国家，如 CN、GB",
                "place {place} does not exist; use a code of ISO 3166, such as US-CA, or of a country alone, such as CN or GB"
            ),
        ),
        _ => Ok(()),
    }
}

/// Days that make sense for the kind.
fn check_days(
    new: &NewCircumstance,
    content: &Content,
    agreement: Option<&AgreementRow>,
    from: Date,
    today: Date,
) -> Result<(), EngineError> {
    let refuse = |complaint: Wording| refused("circumstance", complaint);
    if let Some(through) = new.through
        && through < from
    {
        return refuse(wording!(
            "{} 的截止日 {through} 早于起始日 {from}",
            "{} ends on {through} before it begins on {from}",
            new.kind
        ));
    }
    match content {
        Content::Promise(amount) => {
            let Some(agreement) = agreement else {
                return refuse(wording!(
                    "承诺还款针对某一份合约；请写明是哪一份",
                    "a promise is about one agreement; name it"
                ));
            };
            if amount.currency() != agreement.currency {
                let (own, given) = (agreement.currency, amount.currency());
                return refuse(wording!(
                    "合约币种为 {own}，承诺币种为 {given}；请按 {own} 登记承诺",
                    "the agreement is in {own}, the promise in {given}; promise {own}"
                ));
            }
            let latest = today.plus_days(PROMISE_DAYS_MAX);
            match new.through {
                Some(by) if by < today => refuse(wording!(
                    "承诺还款日 {by} 已过；今天是 {today}",
                    "promise is for {by}, which has passed; today is {today}"
                )),
                Some(by) if by > latest => refuse(wording!(
                    "承诺还款日 {by} 晚于允许的最迟日期 {latest}；请改为协商个性化分期",
                    "promise is for {by}, later than {latest}; agree on a plan instead"
                )),
                Some(_) => Ok(()),
                None => refuse(wording!(
                    "承诺还款须写明最迟还款日",
                    "a promise needs the day by which it is paid"
                )),
            }
        }
        Content::Hold(dunlin_domain::compliance::HoldKind::HardshipPlan) => {
            let latest = plus_months(from, HARDSHIP_MONTHS_MAX);
            match new.through {
                Some(through) if through > latest => refuse(wording!(
                    "自 {from} 起的个性化分期／停催缓收最长 {HARDSHIP_MONTHS_MAX} 个月，最迟至 {latest}，不能到 {through}",
                    "a hardship plan from {from} lasts {HARDSHIP_MONTHS_MAX} months at most, through {latest}, not {through}"
                )),
                Some(_) | None => Ok(()),
            }
        }
        Content::Hold(_)
        | Content::OptOut(_)
        | Content::OptIn(_)
        | Content::AgreedHours(_)
        | Content::InconvenientTime(_)
        | Content::Attorney(_)
        | Content::Debtor(_)
        | Content::NumberTexted
        | Content::NumberChecked
        | Content::CallConsent
        | Content::Place(_)
        | Content::HouseholdDebt
        | Content::ChannelChoice(_) => Ok(()),
    }
}

/// The same day of a later month, or its last day where it is shorter.
fn plus_months(date: Date, months: i32) -> Date {
    let civil = date.civil();
    let span = jiff::Span::new().months(i64::from(months));
    civil.checked_add(span).map_or(date, Date::from_civil)
}

/// Whether the entry keeps the customer's data restricted at present.
pub(crate) fn restricts(row: &CircumstanceRow) -> bool {
    row.entry.content == Content::Debtor(DebtorState::Restricted) && row.entry.ended_on.is_none()
}

fn missing(id: CircumstanceId) -> EngineError {
    EngineError::NotFound { what: "circumstance", name: id.to_string() }
}
