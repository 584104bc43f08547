//! Customers who are one person: merged and split by two people, asked about together by the guard.
//!
//! Nothing moves. Agreements, messages and history stay with the customer whom they are of; from its day on a merge has
//! caps counted under one id, and complaints, opt-outs, promises and states of either hold for both. A split ends that
//! from its day on; what was sent stays with whom it was sent to.

use dunlin_domain::wording;
use dunlin_domain::wording::Wording;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use dunlin_domain::contact::ContactPointKind;
use dunlin_domain::id::{AgreementId, ContactPointId, CustomerId, Part, hash_parts};
pub use dunlin_store::person::{MergeKind, MergeRequest, Person};
use dunlin_store::{Tx, agreement, audit, call, customer, person};

use crate::circumstances::wake_silenced;
use crate::payment::Caller;
use crate::second_person::is_same_person;
use crate::{Engine, EngineError, text_id};

/// Customers who may be one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duplicate {
    /// The lender's ids of the customers.
    pub customers: Vec<String>,
    /// Whether their names are the same too; else it is a number or mail address only, which families share.
    pub has_same_name: bool,
    /// What they have in common.
    pub shared: Vec<ContactPointKind>,
}

/// A request with the lender's ids of both customers.
#[derive(Clone, Debug)]
pub struct MergeView {
    /// The request.
    pub request: MergeRequest,
    /// The customer that is another one.
    pub customer: String,
    /// The customer that it is.
    pub person: String,
}

fn refused<T>(code: &'static str, complaint: Wording) -> Result<T, EngineError> {
    Err(EngineError::Refused { code, complaint })
}

/// The text form of a request's id.
#[must_use]
pub fn merge_text(id: [u8; 16]) -> String {
    text_id::text_of("mrg", id)
}

impl Engine {
    /// Asks for two customers to be treated as one person; a second person has to agree.
    ///
    /// # Errors
    /// [`EngineError::NotFound`]; `customer_merge` for a customer with themselves, without a reason, for two who are one
    /// person already, or for one whom others are.
    pub fn ask_merge(
        &self,
        person: &str,
        customer: &str,
        reason: &str,
        caller: Caller<'_>,
    ) -> Result<MergeView, EngineError> {
        self.db.write_as(|tx| {
            let (person, customer) =
                (self.find_customer(tx, person)?.id, self.find_customer(tx, customer)?.id);
            let person = check_merge(tx, person, customer)?;
            self.ask(tx, MergeKind::Merge, (person, customer), reason, caller)
        })
    }

    /// Asks for a merge to be undone from today on; a second person has to agree.
    ///
    /// # Errors
    /// [`EngineError::NotFound`]; `customer_merge` for a customer who is nobody else, or without a reason.
    pub fn ask_split(
        &self,
        customer: &str,
        reason: &str,
        caller: Caller<'_>,
    ) -> Result<MergeView, EngineError> {
        self.db.write_as(|tx| {
            let id = self.find_customer(tx, customer)?.id;
            let head = person::counted_as(tx, id)?;
            if head == id {
                let complaint = wording!(
                    "{customer} 并未并入其他客户；请写明被并入的那一位",
                    "{customer} was not merged into another customer; name the one that was"
                );
                return refused("customer_merge", complaint);
            }
            self.ask(tx, MergeKind::Split, (head, id), reason, caller)
        })
    }

    fn ask(
        &self,
        tx: &mut Tx<'_>,
        kind: MergeKind,
        (person, customer): (CustomerId, CustomerId),
        reason: &str,
        caller: Caller<'_>,
    ) -> Result<MergeView, EngineError> {
        if reason.trim().is_empty() {
            return refused("customer_merge", wording!("请写明理由", "give a reason in words"));
        }
        let at = caller.now.micros().to_le_bytes();
        let request = MergeRequest {
            id: hash_parts("mrg", &[kind.code().as_bytes(), &person.0, &customer.0, &at]),
            kind,
            customer,
            person,
            asked_at: caller.now,
            author: caller.actor.to_owned(),
            reason: reason.to_owned(),
            state: "pending".to_owned(),
            decided_by: None,
        };
        person::ask(tx, &request)?;
        self.audit_merge(tx, "ask", &request, reason, caller)?;
        Ok(self.merge_views(tx, vec![request])?.remove(0))
    }

    /// Carries out a merge or split that somebody else asked for.
    ///
    /// # Errors
    /// [`EngineError::NotFound`]; `same_person`; `not_pending`; `customer_merge` when it cannot be done any more.
    pub fn approve_merge(&self, id: &str, note: &str, caller: Caller<'_>) -> Result<MergeView, EngineError> {
        self.db.write_as(|tx| {
            let request = self.decide_merge(tx, id, "approved", note, caller)?;
            let (person, customer) = (request.person, request.customer);
            let wake_on = self.wake_date(tx)?;
            // In one order, as whoever counts a person's calls locks them.
            call::lock_customers(tx, &[person, customer])?;
            match request.kind {
                MergeKind::Merge => {
                    if check_merge(tx, person, customer)? != person {
                        let complaint = wording!(
                            "其中一位客户其间已被合并；请重新提出",
                            "the one of them was merged meanwhile; ask anew"
                        );
                        return refused("customer_merge", complaint);
                    }
                    person::merge(tx, request.id, customer, person, (wake_on, caller.now))?;
                    self.carry(tx, customer, person, caller)?;
                }
                MergeKind::Split => {
                    if !person::split(tx, customer, person, (wake_on, caller.now))? {
                        return refused(
                            "customer_merge",
                            wording!("两者已不再是同一客户", "they are not one person any more"),
                        );
                    }
                    // What was counted of both today counts for each: a split frees nobody's caps.
                    self.carry(tx, person, customer, caller)?;
                }
            }
            for id in [person, customer] {
                let rows = agreement::of_customer(tx, id)?;
                let keys: Vec<(Part, AgreementId)> = rows.iter().map(|row| (row.part, row.id)).collect();
                // Looked at again, and no sooner contacted than else; but for whom the other's words were in the way.
                agreement::wake(tx, &keys, wake_on, false, false)?;
                wake_silenced(tx, &rows, wake_on)?;
            }
            self.audit_merge(tx, "approve", &request, note, caller)?;
            Ok(self.merge_views(tx, vec![request])?.remove(0))
        })
    }

    /// Refuses a merge or split; whoever asked for it may withdraw it.
    ///
    /// # Errors
    /// [`EngineError::NotFound`]; `not_pending`.
    pub fn reject_merge(&self, id: &str, note: &str, caller: Caller<'_>) -> Result<MergeView, EngineError> {
        self.db.write_as(|tx| {
            let request = self.decide_merge(tx, id, "rejected", note, caller)?;
            self.audit_merge(tx, "reject", &request, note, caller)?;
            Ok(self.merge_views(tx, vec![request])?.remove(0))
        })
    }

    fn decide_merge(
        &self,
        tx: &mut Tx<'_>,
        name: &str,
        state: &str,
        note: &str,
        caller: Caller<'_>,
    ) -> Result<MergeRequest, EngineError> {
        let missing = || EngineError::NotFound { what: "request", name: name.to_owned() };
        let id = text_id::parse("mrg", name).ok_or_else(missing)?;
        let request = person::find_request(tx, id)?.ok_or_else(missing)?;
        if state == "approved" && is_same_person(&request.author, caller.actor) {
            let complaint = wording!(
                "{name} 由 {} 提出；须由另一人审批",
                "{name} was asked for by {}; another person must approve it",
                request.author
            );
            return refused("same_person", complaint);
        }
        if !person::decide(tx, id, state, caller.actor, caller.now, note)? {
            return refused(
                "not_pending",
                wording!("{name} 已处理（{}）", "{name} is {} already", request.state),
            );
        }
        person::find_request(tx, id)?.ok_or_else(missing)
    }

    /// Has what `from` used up today count for `to` too, by each calendar that the day may be in.
    fn carry(
        &self,
        tx: &mut Tx<'_>,
        from: CustomerId,
        to: CustomerId,
        caller: Caller<'_>,
    ) -> Result<(), EngineError> {
        let points = customer::point_views(tx, &[from, to])?;
        let points: Vec<ContactPointId> = points.values().flatten().map(|point| point.id).collect();
        let view = self.find_customer(tx, &from.to_string())?;
        let today = self.customer_today(tx, &view, caller.now)?;
        for ahead in -1..=1 {
            person::carry_counts(tx, from, to, &points, today.plus_days(ahead))?;
        }
        Ok(())
    }

    fn audit_merge(
        &self,
        tx: &mut Tx<'_>,
        action: &str,
        request: &MergeRequest,
        cause: &str,
        caller: Caller<'_>,
    ) -> Result<(), EngineError> {
        let action = format!("customer.{}.{action}", request.kind);
        let subject = merge_text(request.id);
        let after = format!("{} is {}", request.customer, request.person);
        let entry = audit::Entry {
            at: caller.now,
            actor: caller.actor,
            action: &action,
            subject: &subject,
            before: None,
            after: Some(&after),
            cause,
        };
        Ok(self.audit(tx, &entry)?)
    }

    fn merge_views(
        &self,
        tx: &mut Tx<'_>,
        requests: Vec<MergeRequest>,
    ) -> Result<Vec<MergeView>, EngineError> {
        let mut ids: Vec<CustomerId> =
            requests.iter().flat_map(|request| [request.customer, request.person]).collect();
        ids.sort_unstable();
        ids.dedup();
        let opened = customer::opened(tx, &self.master, &ids)?;
        let name =
            |id: &CustomerId| opened.get(id).map_or_else(|| id.to_string(), |row| row.external_id.clone());
        let view = |request: MergeRequest| MergeView {
            customer: name(&request.customer),
            person: name(&request.person),
            request,
        };
        Ok(requests.into_iter().map(view).collect())
    }

    /// All merges and splits that were asked for, oldest first.
    ///
    /// # Errors
    /// What the database says.
    pub fn merge_requests(&self) -> Result<Vec<MergeView>, EngineError> {
        self.db.read_as(|tx| {
            let requests = person::requests(tx)?;
            self.merge_views(tx, requests)
        })
    }

    /// The lender's ids of all customers who are the person that `customer` is, the one under whom they are counted
    /// first; that one only for whom nobody else is.
    ///
    /// # Errors
    /// [`EngineError::NotFound`] for an unknown customer.
    pub fn same_person(&self, customer: &str) -> Result<Vec<String>, EngineError> {
        self.db.read_as(|tx| {
            let id = self.find_customer(tx, customer)?.id;
            let members =
                person::of_customers(tx, &[id])?.remove(&id).map_or(vec![id], |found| found.members);
            let opened = customer::opened(tx, &self.master, &members)?;
            let name = |id: &CustomerId| opened.get(id).map(|row| row.external_id.clone());
            Ok(members.iter().filter_map(name).collect())
        })
    }

    /// Customers who look like one person and are not merged, those with the same name first: who have the same number,
    /// mail address or device in use, whatever their names; and who have the same name and have, or had, the same number
    /// or address of any kind, the postal one included. Of each kind of likeness at most `count_max` points are looked at.
    ///
    /// # Errors
    /// What the database says.
    pub fn duplicate_customers(&self, count_max: usize) -> Result<Vec<Duplicate>, EngineError> {
        self.db.read_as(|tx| {
            let in_use = person::shared_points(tx, count_max)?;
            let ever = person::points_shared_ever(tx, count_max)?;
            let mut ids: Vec<CustomerId> =
                in_use.iter().chain(&ever).flat_map(|point| point.customers.iter().copied()).collect();
            ids.sort_unstable();
            ids.dedup();
            let opened = customer::opened(tx, &self.master, &ids)?;
            let persons = person::of_customers(tx, &ids)?;
            let head = |id: &CustomerId| persons.get(id).map_or(*id, |person| person.id);
            let is_several = |ids: &[CustomerId]| ids.iter().any(|id| head(id) != head(&ids[0]));
            let mut found: BTreeMap<(bool, Vec<String>), BTreeSet<ContactPointKind>> = BTreeMap::new();
            let mut note = |has_same_name: bool, ids: &[CustomerId], kind: ContactPointKind| {
                let rows = ids.iter().filter_map(|id| opened.get(id));
                let mut customers: Vec<String> = rows.map(|row| row.external_id.clone()).collect();
                customers.sort_unstable();
                found.entry((!has_same_name, customers)).or_default().insert(kind);
            };
            for point in in_use.iter().filter(|point| is_several(&point.customers)) {
                let has_same_name = by_name(&point.customers, &opened).iter().any(|group| group.len() > 1);
                note(has_same_name, &point.customers, point.kind);
            }
            for point in &ever {
                for group in by_name(&point.customers, &opened).iter().filter(|group| is_several(group)) {
                    note(true, group, point.kind);
                }
            }
            let told = found.into_iter();
            let told = told.map(|((differs, customers), shared)| Duplicate {
                customers,
                has_same_name: !differs,
                shared: shared.into_iter().collect(),
            });
            Ok(told.collect())
        })
    }
}

/// The customers in groups of the same name, blanks and capitals aside.
fn by_name(ids: &[CustomerId], opened: &HashMap<CustomerId, customer::CustomerRow>) -> Vec<Vec<CustomerId>> {
    let mut groups: BTreeMap<String, Vec<CustomerId>> = BTreeMap::new();
    for id in ids {
        if let Some(row) = opened.get(id) {
            groups.entry(customer::normalised(&row.name)).or_default().push(*id);
        }
    }
    groups.into_values().collect()
}

/// The customer under whom the person would be counted, where the merge can be made.
fn check_merge(tx: &mut Tx<'_>, person: CustomerId, customer: CustomerId) -> Result<CustomerId, EngineError> {
    let persons = person::of_customers(tx, &[person, customer])?;
    let head = persons.get(&person).map_or(person, |found| found.id);
    if head == customer || persons.get(&customer).is_some_and(|found| found.id == head) {
        return refused("customer_merge", wording!("两者已经是同一客户", "they are one person already"));
    }
    if persons.contains_key(&customer) {
        let complaint = wording!(
            "已有其他客户并入第二位客户；请把该客户写在前面，或先拆分",
            "others are merged with the second customer; name that one first, or split them before"
        );
        return refused("customer_merge", complaint);
    }
    Ok(head)
}
