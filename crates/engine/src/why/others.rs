//! What else reached the customer about the agreement on the day, beside what the day's decision sent: a call back, a notice
//! that another reason brought about, a call that was recorded by hand or came in.

use std::collections::HashSet;

use dunlin_domain::contact::Language;
use dunlin_domain::date::Date;
use dunlin_domain::id::MessageId;
use dunlin_store::Tx;
use dunlin_store::agreement::AgreementRow;
use dunlin_store::call::{self, CallRow, CallWay};
use dunlin_store::message::MessageRow;

use super::{Sent, link, sent, shown};
use crate::detail_words::code_in;
use crate::view::WhyLink;
use crate::{Engine, EngineError};

impl Engine {
    /// The messages of the day that are not in `told`, and the calls of the day without a message, in order of time.
    pub(super) fn other_contacts(
        &self,
        tx: &mut Tx<'_>,
        row: &AgreementRow,
        on: Date,
        messages: &[MessageRow],
        told: &[Sent<'_>],
    ) -> Result<Vec<WhyLink>, EngineError> {
        let told: HashSet<MessageId> = told.iter().map(|sent| sent.message.id).collect();
        let others: Vec<_> = messages
            .iter()
            .filter(|message| message.business_date == on && !told.contains(&message.id))
            .map(|message| (message, None))
            .collect();
        let mut links = Vec::new();
        for other in sent(tx, others)? {
            links.push(other.message_link());
            links.extend(other.inquiry_link(self));
        }
        let is_of_agreement =
            |call: &&CallRow| call.on == on && call.message.is_none() && call.agreements.contains(&row.id);
        let calls = call::of_customers(tx, &[row.customer])?.remove(&row.customer).unwrap_or_default();
        links.extend(calls.iter().filter(is_of_agreement).map(|call| self.call_link(call)));
        Ok(links)
    }

    fn call_link(&self, call: &CallRow) -> WhyLink {
        let at = shown(call.at, self);
        let (zh, en) = match call.way {
            CallWay::Placed(_) => ("去电", "call placed"),
            CallWay::Received { .. } => ("来电", "call received"),
        };
        let outcome = call.way.outcome();
        link(
            "message",
            format!("{at}{zh}（{}）：{}", call.caller, code_in(outcome, Language::Zh)),
            format!("{en} at {at} by {}: {outcome}", call.caller),
            vec![call.id.to_string()],
        )
    }
}
