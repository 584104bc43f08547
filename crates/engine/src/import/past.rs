//! Contacts that a lender made before the portfolio was loaded, or makes beside Dunlin: they stand in the history of
//! their agreements and count against every cap, each once, however often its row comes.

use dunlin_domain::wording;
use std::collections::{HashMap, HashSet};

use dunlin_domain::id::{AgreementId, ContactPointId, CustomerId, MessageId};
use dunlin_domain::message::MessageState;
use dunlin_store::message::{self, ABOUT_ALL, MessageRow, PastMessage};
use dunlin_store::{Tx, agreement, customer};

use super::{ChunkOutcome, Numbered, Run, clash_reason, clash_remedy};
use crate::EngineError;
use crate::calls::{PastCount, count_past};
use crate::portfolio::{PastContactRow, PastOutcome};

/// A row that can be kept.
struct Contact {
    index: usize,
    /// The id under which it is known: that of its first message.
    id: MessageId,
    messages: Vec<PastMessage>,
    outcome: PastOutcome,
}

impl Contact {
    /// Whether `known` is this contact as it was imported before.
    fn is_as(&self, known: &MessageRow) -> bool {
        let first = &self.messages[0];
        known.channel == Some(first.channel)
            && known.state_at == first.sent_at
            && known.state_detail == first.outcome
            // A number that is named later changes nothing that was counted.
            && known.contact_point.is_none_or(|point| Some(point) == first.contact_point)
            && known.row == first.about
            && (first.about == ABOUT_ALL || known.agreement == first.agreement)
    }

    fn is_same(&self, other: &Self) -> bool {
        self.messages[0] == other.messages[0]
    }
}

pub(super) fn past_contacts(
    tx: &mut Tx<'_>,
    run: &Run<'_>,
    chunk: &[Numbered<PastContactRow>],
) -> Result<ChunkOutcome, EngineError> {
    let mut outcome = ChunkOutcome::default();
    let contacts = kept(tx, run, chunk, &mut outcome)?;
    let ids: Vec<MessageId> = contacts.iter().map(|contact| contact.id).collect();
    let known: HashMap<MessageId, MessageRow> =
        message::by_ids(tx, &ids)?.into_iter().map(|row| (row.id, row)).collect();
    let mut seen: HashMap<MessageId, &Contact> = HashMap::new();
    let mut fresh = Vec::new();
    for contact in &contacts {
        match (known.get(&contact.id), seen.get(&contact.id)) {
            // One that we made ourselves and exported is ours to tell of.
            (Some(row), _) if !crate::verify::is_imported(row) || contact.is_as(row) => {
                outcome.unchanged += 1;
            }
            (Some(_), _) => {
                let reason = wording!(
                    "该次触达已有记录，而本行所述不同",
                    "the contact is known, and this row says something else of it"
                );
                let remedy = wording!(
                    "请去掉；一次触达以最初登记的为准",
                    "leave it out; a contact counts as it was told first"
                );
                outcome.reject(contact.index, "contact_id", reason, remedy);
            }
            (None, Some(earlier)) if contact.is_same(earlier) => outcome.unchanged += 1,
            (None, Some(_)) => outcome.reject(contact.index, "contact_id", clash_reason(), clash_remedy()),
            (None, None) => {
                seen.insert(contact.id, contact);
                fresh.push(contact);
            }
        }
    }
    let counted: Vec<PastCount<'_>> = fresh
        .iter()
        .map(|contact| PastCount {
            message: &contact.messages[0],
            outcome: contact.outcome,
            agreements: contact.messages.iter().map(|message| message.agreement).collect(),
        })
        .collect();
    count_past(tx, &counted, &run.engine.config.actor, run.now)?;
    outcome.added = fresh.len() as u64;
    let messages: Vec<PastMessage> =
        fresh.iter().flat_map(|contact| contact.messages.iter().cloned()).collect();
    message::insert_past(tx, &messages)?;
    Ok(outcome)
}

/// The rows that name an agreement and a number of their customer, or none; the others are rejected.
fn kept(
    tx: &mut Tx<'_>,
    run: &Run<'_>,
    chunk: &[Numbered<PastContactRow>],
    outcome: &mut ChunkOutcome,
) -> Result<Vec<Contact>, EngineError> {
    let ids: Vec<AgreementId> = chunk.iter().filter_map(|(_, row)| row.agreement()).collect();
    let borrowers = agreement::borrowers_of(tx, &ids)?;
    let point_of = |row: &PastContactRow| row.contact_point().map(|point| (row.customer(), point));
    let points: Vec<(CustomerId, ContactPointId)> =
        chunk.iter().filter_map(|(_, row)| point_of(row)).collect();
    let points: HashSet<ContactPointId> = customer::known_points(tx, &points)?.into_keys().collect();
    let mut contacts = Vec::with_capacity(chunk.len());
    for (index, (_, row)) in chunk.iter().enumerate() {
        let customer = row.customer();
        let day = row.sent_at.date_in(&run.engine.zone);
        if day > run.today {
            let reason = wording!(
                "触达日期 {day} 在未来；最晚可填 {}",
                "the contact is in the future, on {day}; the latest date taken is {}",
                run.today
            );
            outcome.reject(
                index,
                "sent_at",
                reason,
                wording!("请填写实际触达的时间", "give the moment at which it was made"),
            );
            continue;
        }
        let agreements = match row.agreement() {
            Some(agreement) if borrowers.get(&agreement) == Some(&customer) => vec![agreement],
            Some(_) => Vec::new(),
            None => {
                let rows = agreement::of_customer(tx, customer)?;
                let mut ids: Vec<AgreementId> = rows.iter().map(|row| row.id).collect();
                ids.sort_unstable();
                ids
            }
        };
        if agreements.is_empty() {
            let reason = match row.agreement_id {
                Some(_) => wording!("该客户没有这份合约", "there is no such agreement of this customer"),
                None => wording!(
                    "该客户没有此次触达可能涉及的合约",
                    "the customer has no agreement that it can have been about"
                ),
            };
            outcome.reject(
                index,
                "agreement_id",
                reason,
                wording!("请先在 agreements 中加入该合约", "add the agreement to agreements first"),
            );
            continue;
        }
        if row.contact_point().is_some_and(|point| !points.contains(&point)) {
            let reason =
                wording!("该客户没有这个联系方式", "there is no such contact point of this customer");
            let remedy = wording!(
                "请先在 contact_points 中加入，或留空",
                "add it to contact_points first, or leave it empty"
            );
            outcome.reject(index, "contact_point_id", reason, remedy);
            continue;
        }
        contacts.push(contact(run, index, row, &agreements));
    }
    Ok(contacts)
}

fn contact(run: &Run<'_>, index: usize, row: &PastContactRow, agreements: &[AgreementId]) -> Contact {
    let customer = row.customer();
    let state = match row.outcome {
        PastOutcome::Delivered | PastOutcome::Effective => MessageState::Delivered,
        PastOutcome::Failed | PastOutcome::Unanswered | PastOutcome::NotThePerson => MessageState::Failed,
        PastOutcome::Unknown => MessageState::Unknown,
    };
    // A contact that we exported ourselves comes back under its own id, and is there already.
    let id = MessageId::parse(&row.contact_id)
        .filter(|id| id.part() == Some(customer.part()))
        .unwrap_or_else(|| MessageId::of_import(customer, &row.contact_id));
    let message = |(place, agreement): (usize, &AgreementId)| PastMessage {
        id: match place {
            0 => id,
            _ => MessageId::of_import(customer, &format!("{} about {agreement}", row.contact_id)),
        },
        agreement: *agreement,
        customer,
        channel: row.channel,
        state,
        sent_at: row.sent_at,
        business_date: row.sent_at.date_in(&run.engine.zone),
        outcome: format!("{}:{}", row.outcome.code(), row.contact_id),
        contact_point: row.contact_point(),
        about: if row.agreement_id.is_some() { "" } else { ABOUT_ALL },
        provider: None,
    };
    let messages = agreements.iter().enumerate().map(message).collect();
    Contact { index, id, messages, outcome: row.outcome }
}
