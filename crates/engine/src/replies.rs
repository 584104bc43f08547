//! What comes back on our messages: kept for people to read, and taken at its word where it is an opt-out.
//!
//! Promises that a reply is stored before its provider hears that it was taken, that one which comes twice is kept once,
//! and that an opt-out is in force from the moment that it is stored: the day's decision and the last check before
//! sending both ask for it. It closes the channel for the person and not only the number: who answers "stop" does not
//! mean "try my other phone".

use std::sync::LazyLock;

use dunlin_delivery::{Callback, CallbackError, Reply, link_token, read_link_token};
use dunlin_domain::circumstance::{Circumstance, Content};
use dunlin_domain::contact::{Channel, ContactPointKind, ContactPointState, Personal, ProofKind};
use dunlin_domain::date::Timestamp;
use dunlin_domain::id::{CircumstanceId, ContactPointId, CustomerId, MessageId, ReplyId};
use dunlin_domain::incident::IncidentCode;
use dunlin_domain::reply::{OptOutWords, ReplyMeaning, written_forms};
use dunlin_store::circumstance::CircumstanceRow;
pub use dunlin_store::reply::ReplyRow;
use dunlin_store::{StoreError, Tx, customer, message, reply};

use crate::circumstances::opt_out_in_force;
use crate::dispatch::ReceiptReport;
use crate::payment::Caller;
use crate::watch::{Finding, open, provider_stream};
use crate::{Engine, EngineError};

/// The words that opt out, as they are shipped.
const WORDS: &str = include_str!("../../../policies/replies/opt_out_words.csv");

static OPT_OUT_WORDS: LazyLock<OptOutWords> =
    LazyLock::new(|| OptOutWords::parse(WORDS).expect("the shipped list of words can be read"));

/// Who records what a reply asks for.
const ACTOR: &str = "reply";

impl Engine {
    /// Takes in replies that `provider` brings over HTTP. One that is forged changes nothing; it is counted and audited.
    ///
    /// # Errors
    /// [`EngineError::NotFound`] for a provider that brings none; `signature` for a call-back that is not the provider's,
    /// `body` for one that cannot be read; what the database says.
    pub fn take_reply_callback(
        &self,
        provider: &str,
        callback: &Callback<'_>,
        now: Timestamp,
    ) -> Result<ReceiptReport, EngineError> {
        let Some(callbacks) = self.callbacks.get(provider) else {
            return Err(EngineError::NotFound { what: "provider", name: provider.to_owned() });
        };
        match callbacks.read_replies(callback, now) {
            Ok(replies) => self.take_replies(provider, &replies, now),
            Err(error @ CallbackError::Forged) => {
                self.note_forged(provider, "signature", now)?;
                Err(EngineError::Refused { code: "signature", complaint: error.wording() })
            }
            Err(error @ (CallbackError::Unreadable | CallbackError::Refused { .. })) => {
                Err(EngineError::Refused { code: "body", complaint: error.wording() })
            }
        }
    }

    /// Keeps replies, and records the withdrawals that they are.
    pub(crate) fn take_replies(
        &self,
        provider: &str,
        replies: &[Reply],
        now: Timestamp,
    ) -> Result<ReceiptReport, EngineError> {
        let mut report = ReceiptReport::default();
        for reply in replies {
            report.add(&self.db.write_as(|tx| self.take_reply(tx, provider, reply, now))?);
        }
        Ok(report)
    }

    fn take_reply(
        &self,
        tx: &mut Tx<'_>,
        provider: &str,
        given: &Reply,
        now: Timestamp,
    ) -> Result<ReceiptReport, EngineError> {
        let mut report = ReceiptReport::default();
        let meaning = OPT_OUT_WORDS.meaning(given.text.reveal());
        // Keyed, so that the id tells nothing of number or words.
        let cause =
            [given.channel.code(), given.from.reveal(), given.text.reveal(), &given.mark].join("\u{1f}");
        let cause = self.master.lookup_hash("reply", &cause);
        let owners = self.owners(tx, given.channel, &given.from)?;
        let mut row = ReplyRow {
            id: ReplyId::of_stranger(&[provider.as_bytes(), &cause]),
            customer: None,
            contact_point: None,
            provider: provider.to_owned(),
            channel: given.channel,
            meaning,
            sender: given.from.clone(),
            text: given.text.clone(),
            sent_at: given.at,
            received_at: now,
            circumstance: None,
        };
        if owners.is_empty() {
            if reply::insert(tx, &self.master, &row)? {
                report.replies += 1;
                note_nobodys(tx, &row, now)?;
            }
            return Ok(report);
        }
        let is_sole = owners.len() == 1;
        for (customer, point) in owners {
            row.id = ReplyId::of_cause(customer, &[provider.as_bytes(), &cause]);
            row.customer = Some(customer);
            row.contact_point = Some(point);
            let withdrawal = withdrawal_id(row.id, customer);
            row.circumstance = match meaning {
                ReplyMeaning::OptOut => {
                    let known = self.withdrawn_before(tx, customer, given.channel, now)?;
                    Some(known.map_or(withdrawal, |known| known.entry.id))
                }
                ReplyMeaning::Other => None,
            };
            if !reply::insert(tx, &self.master, &row)? {
                continue;
            }
            report.replies += 1;
            if is_sole {
                self.prove_by_reply(tx, (customer, point), (row.id, given.at), now)?;
            }
            if meaning == ReplyMeaning::OptOut {
                let evidence = format!("{} by {provider}", row.id);
                self.withdraw(tx, (customer, Some(point)), given.channel, (withdrawal, &evidence), now)?;
                report.opted_out += 1;
            }
        }
        Ok(report)
    }

    /// Whoever writes from a number has it. One that several customers have shows nothing.
    fn prove_by_reply(
        &self,
        tx: &mut Tx<'_>,
        (customer, point): (CustomerId, ContactPointId),
        (reply, sent_at): (ReplyId, Timestamp),
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let view = self.find_customer(tx, &customer.to_string())?;
        let points = customer::opened_points(tx, &self.master, &[customer])?;
        let Some(row) = points.into_iter().find(|row| row.id == point) else { return Ok(()) };
        if row.state == ContactPointState::Removed {
            return Ok(());
        }
        let today = self.customer_today(tx, &view, now)?;
        let on = sent_at.date_in(&crate::zone_of(&view.zone)?).min(today);
        let evidence = reply.to_string();
        let caller = Caller { actor: ACTOR, now };
        self.note_proof(tx, &view, &row, (ProofKind::Reply, on, &evidence), caller)
    }

    /// What stands behind `/u/` in the link of a message.
    #[must_use]
    pub fn link_of(&self, message: MessageId) -> String {
        link_token(&self.master.link_key(), &message)
    }

    /// The message whose link `token` is; `None` for one that is not ours.
    #[must_use]
    pub fn linked_message(&self, token: &str) -> Option<MessageId> {
        read_link_token(&self.master.link_key(), token)
    }

    /// Takes a click on the link that a mail carries, or a mail program's word for it (RFC 8058), as an opt-out of the
    /// channel by which it came. A click that comes again changes nothing.
    ///
    /// # Errors
    /// [`EngineError::NotFound`] for a link that is not ours; what the database says.
    pub fn take_click(&self, token: &str, now: Timestamp) -> Result<Channel, EngineError> {
        let missing = || EngineError::NotFound { what: "link", name: token.chars().take(64).collect() };
        let message = self.linked_message(token).ok_or_else(missing)?;
        self.db.write_as(|tx| {
            let row = message::locked(tx, &[message])?.pop().ok_or_else(missing)?;
            let channel = row.channel.ok_or_else(missing)?;
            let id = ReplyId::of_cause(row.customer, &[b"link", &message.0]);
            let withdrawal = withdrawal_id(id, row.customer);
            let known = self.withdrawn_before(tx, row.customer, channel, now)?;
            let reply = ReplyRow {
                id,
                customer: Some(row.customer),
                contact_point: row.contact_point,
                provider: "link".to_owned(),
                channel,
                meaning: ReplyMeaning::OptOut,
                sender: Personal::new(""),
                text: Personal::new(format!("unsubscribed by the link of {message}")),
                sent_at: now,
                received_at: now,
                circumstance: Some(known.map_or(withdrawal, |known| known.entry.id)),
            };
            if reply::insert(tx, &self.master, &reply)? {
                let evidence = format!("{id} by the link of {message}");
                let whom = (row.customer, row.contact_point);
                self.withdraw(tx, whom, channel, (withdrawal, &evidence), now)?;
            }
            Ok(channel)
        })
    }

    /// The customers with a number or address, whichever way it is written.
    fn owners(
        &self,
        tx: &mut Tx<'_>,
        channel: Channel,
        from: &Personal,
    ) -> Result<Vec<(CustomerId, ContactPointId)>, EngineError> {
        let mut owners = Vec::new();
        for kind in ContactPointKind::ALL.iter().filter(|kind| kind.serves(channel)) {
            for form in written_forms(from.reveal(), &self.country_codes) {
                owners.extend(customer::find_points(tx, &self.master, *kind, &Personal::new(form))?);
            }
        }
        owners.sort_unstable();
        // A customer with the same number twice has said it once.
        owners.dedup_by_key(|(customer, _)| *customer);
        Ok(owners)
    }

    /// The withdrawal by which a customer takes no more messages by `channel` already.
    fn withdrawn_before(
        &self,
        tx: &mut Tx<'_>,
        customer: CustomerId,
        channel: Channel,
        now: Timestamp,
    ) -> Result<Option<CircumstanceRow>, EngineError> {
        let view = self.find_customer(tx, &customer.to_string())?;
        let today = self.customer_today(tx, &view, now)?;
        opt_out_in_force(tx, customer, channel, today)
    }

    /// Records that a customer takes no more messages by `channel`. The same withdrawal twice changes nothing, and neither
    /// does another one while one is in force.
    pub(crate) fn withdraw(
        &self,
        tx: &mut Tx<'_>,
        (customer, contact_point): (CustomerId, Option<ContactPointId>),
        channel: Channel,
        (id, evidence): (CircumstanceId, &str),
        now: Timestamp,
    ) -> Result<CircumstanceRow, EngineError> {
        if let Some(known) = self.withdrawn_before(tx, customer, channel, now)? {
            return Ok(known);
        }
        let view = self.find_customer(tx, &customer.to_string())?;
        let row = CircumstanceRow {
            entry: Circumstance {
                id,
                customer,
                agreement: None,
                contact_point,
                content: Content::OptOut(channel),
                from: self.customer_today(tx, &view, now)?,
                through: None,
                ended_on: None,
                recorded_at: now,
            },
            reason: "the customer asked for it in a reply".to_owned(),
            evidence: evidence.to_owned(),
            recorded_by: ACTOR.to_owned(),
            ended_by: None,
            end_reason: None,
        };
        self.write_circumstance(tx, row, Caller { actor: ACTOR, now })
    }

    /// The replies that came last, newest first; of one customer only, where one is named.
    ///
    /// # Errors
    /// [`EngineError::NotFound`] for an unknown customer; what the database says.
    pub fn replies(&self, customer: Option<&str>, count_max: u32) -> Result<Vec<ReplyRow>, EngineError> {
        self.db.read_as(|tx| {
            let of = match customer {
                Some(name) => Some(self.find_customer(tx, name)?.id),
                None => None,
            };
            Ok(reply::last(tx, &self.master, of, count_max)?)
        })
    }
}

/// Has people look at an opt-out from a number that no customer has: somebody does not want our messages, and goes on
/// getting them.
fn note_nobodys(tx: &mut Tx<'_>, row: &ReplyRow, now: Timestamp) -> Result<(), StoreError> {
    if row.meaning != ReplyMeaning::OptOut {
        return Ok(());
    }
    let finding = Finding {
        code: IncidentCode::OptOutUnmatched,
        stream: provider_stream(row.channel, &row.provider),
        first_affected: row.id.to_string(),
        affected_count: 1,
        evidence: vec![("sender", row.sender.masked())],
    };
    open(tx, &finding, now).map(|_| ())
}

/// The id of the withdrawal that a reply is.
fn withdrawal_id(reply: ReplyId, customer: CustomerId) -> CircumstanceId {
    CircumstanceId::of_cause(customer, &[b"reply", &reply.0])
}

#[cfg(test)]
mod tests {
    use super::OPT_OUT_WORDS;
    use dunlin_domain::contact::Language;
    use dunlin_domain::reply::ReplyMeaning;

    #[test]
    fn the_shipped_words_are_read_in_both_languages() {
        assert!(Language::ALL.iter().all(|language| OPT_OUT_WORDS.count(*language) >= 9));
        for text in ["退订", "TD", "t", "拒收", "STOP", "Unsubscribe", "opt-out"] {
            assert_eq!(OPT_OUT_WORDS.meaning(text), ReplyMeaning::OptOut, "{text}");
        }
        assert_eq!(OPT_OUT_WORDS.meaning("我已经还款了，请核实"), ReplyMeaning::Other);
    }
}
