//! Canaries: test messages to the lender's own number or mailbox, which show whether a provider delivers, also while
//! nothing else is sent and also where receipts are forged.
//!
//! A canary has no customer, no agreement and a fixed text, so it is no contact: it takes no budget, is in no count and no
//! coverage. It has come back when a receipt says so, or where a mailbox is named, when it lies there. Several workers
//! send one between them.

use dunlin_domain::wording;
use std::path::{Path, PathBuf};

use dunlin_delivery::{Handover, ProviderTraits};
use dunlin_domain::contact::{Channel, Personal};
use dunlin_domain::date::Timestamp;
use dunlin_domain::id::{AttemptId, MessageId, hash_parts};
use dunlin_domain::message::ClearedMessage;
use dunlin_store::reference::{self, Named};
use dunlin_store::watch::{self, Sign};
use dunlin_store::{StoreError, Tx};

use super::provider_stream;
use crate::{Engine, EngineError};

/// Mails of a mailbox that are read at most, the newest by name first.
const MAIL_COUNT_MAX: usize = 1_000;
/// Canaries of a stream that are still asked for at most.
const OPEN_COUNT_MAX: usize = 48;

/// A test message that is sent again and again.
#[derive(Clone, Debug)]
pub struct Canary {
    /// The medium.
    pub channel: Channel,
    /// The provider.
    pub provider: String,
    /// The lender's own number or address.
    pub to: Personal,
    /// Seconds between two of them.
    pub every_seconds: i64,
    /// Seconds within which one should have come back.
    pub wait_seconds: i64,
    /// The mailbox (Maildir) in which it should lie; a receipt is enough where none is named.
    pub maildir: Option<PathBuf>,
}

impl Canary {
    fn stream(&self) -> String {
        provider_stream(self.channel, &self.provider)
    }
}

/// What a round of canaries came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CanaryReport {
    /// Sent.
    pub sent: u64,
    /// Found in their mailboxes.
    pub returned: u64,
}

/// The name under which a canary that is out is kept.
fn open_name(stream: &str, id: MessageId) -> String {
    format!("{stream} {id}")
}

fn at_of(signs: &[Sign], kind: &str, name: &str) -> Option<Timestamp> {
    signs.iter().find(|sign| sign.kind == kind && sign.name == name).map(|sign| sign.at)
}

/// Notes that a canary which left at `sent_at` came back; it and those before it are not asked for any more.
fn note_returned(
    tx: &mut Tx<'_>,
    signs: &[Sign],
    stream: &str,
    sent_at: Timestamp,
) -> Result<(), StoreError> {
    watch::sign(tx, "canary", stream, sent_at, 0)?;
    let prefix = format!("{stream} ");
    for sign in signs.iter().filter(|sign| sign.kind == "canary_id" && sign.at <= sent_at) {
        if sign.name.starts_with(&prefix) {
            watch::forget_sign(tx, "canary_id", &sign.name)?;
        }
    }
    Ok(())
}

impl Engine {
    /// The same engine with canaries.
    #[must_use]
    pub fn with_canaries(self, canaries: Vec<Canary>) -> Self {
        Self { canaries, ..self }
    }

    /// Sends the canaries whose turn it is, and looks for those that are out in their mailboxes.
    ///
    /// # Errors
    /// What the database says; a mailbox that cannot be read.
    pub fn send_canaries(&self, now: Timestamp) -> Result<CanaryReport, EngineError> {
        let mut report = CanaryReport::default();
        for canary in &self.canaries {
            let signs = self.db.read(watch::signs)?;
            report.returned += self.find_canaries(canary, &signs)?;
            let (stream, sent) = (canary.stream(), at_of(&signs, "canary_sent", &canary.stream()));
            if sent.is_some_and(|sent| now < sent.plus_seconds(canary.every_seconds)) {
                continue;
            }
            let returned = at_of(&signs, "canary", &stream);
            let all_back = sent.is_none_or(|sent| returned.is_some_and(|returned| returned >= sent));
            let id = canary_id(&stream, now);
            let is_ours = self.db.write(|tx| {
                if !watch::take_turn(tx, ("canary_sent", &stream), sent, now, canary.wait_seconds)? {
                    return Ok(false);
                }
                if all_back {
                    watch::sign(tx, "canary_open", &stream, now, 0)?;
                }
                watch::sign(tx, "canary_id", &open_name(&stream, id), now, 0)?;
                // Those that never come back are kept for two days at most.
                let open = signs
                    .iter()
                    .filter(|sign| sign.kind == "canary_id" && sign.name.starts_with(&format!("{stream} ")));
                let stale = open.clone().count().saturating_sub(OPEN_COUNT_MAX);
                let mut oldest: Vec<&Sign> = open.collect();
                oldest.sort_by_key(|sign| sign.at);
                oldest
                    .iter()
                    .take(stale)
                    .try_for_each(|sign| watch::forget_sign(tx, "canary_id", &sign.name))?;
                Ok(true)
            })?;
            if is_ours {
                report.sent += u64::from(self.hand_over_canary(canary, id, now)?);
            }
        }
        Ok(report)
    }

    /// Whether the provider took it. What it refuses is not asked again: the next one is.
    fn hand_over_canary(&self, canary: &Canary, id: MessageId, now: Timestamp) -> Result<bool, EngineError> {
        let is_own =
            |provider: &ProviderTraits| provider.name() == canary.provider && provider.serves(canary.channel);
        let Some(index) = self.exits.traits().iter().position(is_own) else { return Ok(false) };
        let mut provider = self.exits.provider(index);
        let attempt = AttemptId(hash_parts("canary attempt", &[&id.0]));
        let until = now.plus_seconds(canary.wait_seconds.max(60));
        let message = ClearedMessage::canary(id, attempt, canary.channel, canary.to.clone(), (now, until));
        let answers = provider.hand_over(&[message], now);
        let Some(Handover::Accepted { references }) = answers.first() else { return Ok(false) };
        if provider.traits().receipts_name_references() {
            let names: Vec<_> = references
                .iter()
                .filter(|reference| !reference.is_empty())
                .map(|reference| {
                    let named = Named { message: id, segment_index: 0, segment_count: 1 };
                    let reference = provider.reference_in_receipts(reference);
                    (reference::key_of(&canary.provider, &reference), named)
                })
                .collect();
            self.db.write(|tx| reference::name(tx, &names))?;
        }
        Ok(true)
    }

    /// Looks for the canaries of a mailbox that are out. Returns how many were found.
    fn find_canaries(&self, canary: &Canary, signs: &[Sign]) -> Result<u64, EngineError> {
        let Some(maildir) = &canary.maildir else { return Ok(0) };
        let stream = canary.stream();
        let prefix = format!("{stream} ");
        let open: Vec<&Sign> =
            signs.iter().filter(|sign| sign.kind == "canary_id" && sign.name.starts_with(&prefix)).collect();
        if open.is_empty() {
            return Ok(0);
        }
        let mails = mails_of(maildir).map_err(|error| EngineError::Refused {
            code: "canary_mailbox",
            complaint: wording!(
                "无法读取邮箱 {}：{error}；请检查 [[canary]] 中 maildir 的路径和权限",
                "mailbox {} cannot be read: {error}; check the path and permissions of [[canary]] maildir",
                maildir.display()
            ),
        })?;
        let is_there = |sign: &&&Sign| {
            let id = &sign.name.as_bytes()[prefix.len()..];
            mails.iter().any(|mail| mail.windows(id.len()).any(|window| window == id))
        };
        let found: Vec<&&Sign> = open.iter().filter(is_there).collect();
        let Some(last) = found.iter().map(|sign| sign.at).max() else { return Ok(0) };
        self.db.write(|tx| note_returned(tx, signs, &stream, last))?;
        Ok(found.len() as u64)
    }

    /// Whether a receipt speaks of a canary that is out; then it has come back if it was delivered and has no mailbox.
    pub(crate) fn is_of_canary(
        &self,
        tx: &mut Tx<'_>,
        message: MessageId,
        is_delivered: bool,
    ) -> Result<bool, StoreError> {
        if self.canaries.is_empty() {
            return Ok(false);
        }
        let signs = watch::signs(tx)?;
        for canary in &self.canaries {
            let stream = canary.stream();
            if let Some(sent_at) = at_of(&signs, "canary_id", &open_name(&stream, message)) {
                if is_delivered && canary.maildir.is_none() {
                    note_returned(tx, &signs, &stream, sent_at)?;
                }
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn canary_id(stream: &str, now: Timestamp) -> MessageId {
    let mut bytes = hash_parts("canary", &[stream.as_bytes(), &now.micros().to_le_bytes()]);
    // In part 0, as all that belongs to no customer.
    bytes[..2].copy_from_slice(&[0, 0]);
    MessageId(bytes)
}

/// The mails of a mailbox: what is new and what was seen.
fn mails_of(maildir: &Path) -> std::io::Result<Vec<Vec<u8>>> {
    let mut paths = Vec::new();
    for folder in ["new", "cur"] {
        for entry in std::fs::read_dir(maildir.join(folder))? {
            paths.push(entry?.path());
        }
    }
    // Names of a Maildir begin with the second of delivery.
    paths.sort_by(|left, right| right.file_name().cmp(&left.file_name()));
    let mut mails = Vec::new();
    for path in paths.into_iter().take(MAIL_COUNT_MAX) {
        match std::fs::read(&path) {
            Ok(mail) => mails.push(mail),
            // A mail program may move it from one folder to the other meanwhile.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(mails)
}
