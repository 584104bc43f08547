//! A mail server: hands e-mails over by SMTP, over a few connections at the same time.
//!
//! Promises that a message counts as unknown as soon as the server may have read its text, and as not taken
//! before; and that one message cannot be turned into commands or headers. An accepted message is one that the
//! server took: what becomes of it later is said in the reports that come back, see [`crate::bounce`].
//!
//! It speaks through lettre's connection but walks the steps itself, because lettre's own `send` does not tell
//! at which step the connection was lost.

mod conversation;
mod dkim;
mod mail;
mod reply;

use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use dunlin_domain::date::Timestamp;
use dunlin_domain::message::ClearedMessage;
use dunlin_domain::wording;
use dunlin_domain::wording::Wording;
use lettre::transport::smtp::client::{Certificate, TlsParameters};

use crate::bounce::read_bounces;
use crate::config::{SmtpConfig, SmtpSecurity};
use crate::error::{DeliveryError, between, no_certificate};
use crate::handover::Handover;
use crate::passing::Handing;
use crate::receipt::ReceiptBatch;
use conversation::{Line, Server};
use mail::Letterhead;

/// The most connections to one server.
const CONNECTIONS_MAX: usize = 64;
/// The longest wait for a reply: what RFC 5321, 4.5.3.2.6 asks for after a message's text.
const TIMEOUT_SECONDS_MAX: u64 = 600;
/// After so many mails that the server broke off within one batch, it is held to be out of order.
const BROKEN_OFF_MAX: usize = 3;

/// A mail server.
pub struct Smtp {
    server: Server,
    letterhead: Letterhead,
    lines: Vec<Line>,
    provider: String,
    bounces: Option<PathBuf>,
}

impl Smtp {
    /// Checks the settings; the server itself is first contacted by the first message.
    pub(crate) fn open(provider: &str, config: &SmtpConfig) -> Result<Self, DeliveryError> {
        let wrong = |setting: &'static str, complaint: Wording| DeliveryError::Setting {
            provider: provider.to_owned(),
            setting,
            complaint,
        };
        between(config.connection_count as u64, 1, CONNECTIONS_MAX as u64)
            .map_err(|complaint| wrong("connection_count", complaint))?;
        between(config.timeout_seconds, 1, TIMEOUT_SECONDS_MAX)
            .map_err(|complaint| wrong("timeout_seconds", complaint))?;
        if config.security == SmtpSecurity::Plain && config.credentials.is_some() {
            let complaint = wording!(
                "密码会以明文传输；请使用 starttls 或 tls",
                "the password would cross the network in clear; use starttls or tls"
            );
            return Err(wrong("user", complaint));
        }
        let letterhead = Letterhead::new(config).map_err(|(setting, complaint)| wrong(setting, complaint))?;
        let tls = tls_parameters(config, &wrong)?;
        let server = Server::new(config, tls, letterhead.domain());
        let lines = (0..config.connection_count).map(|_| Line::closed()).collect();
        let (provider, bounces) = (provider.to_owned(), config.bounces.clone());
        Ok(Self { server, letterhead, lines, provider, bounces })
    }

    /// The bounces that have come, as receipts.
    pub(crate) fn receipts(&self, now: Timestamp) -> Result<ReceiptBatch, DeliveryError> {
        match &self.bounces {
            None => Ok(ReceiptBatch::empty()),
            Some(folder) => read_bounces(&self.provider, folder, now),
        }
    }

    /// Hands over `messages`, spread over the connections.
    pub(crate) fn hand_over(&mut self, messages: &[&ClearedMessage], now: Timestamp) -> Vec<Handover> {
        let answers: Vec<OnceLock<Handover>> = messages.iter().map(|_| OnceLock::new()).collect();
        let (next, handing) = (AtomicUsize::new(0), Handing::begin(now));
        let trouble = Trouble { broken_off: AtomicUsize::new(0), outage: OnceLock::new() };
        let (server, letterhead) = (&self.server, &self.letterhead);
        thread::scope(|scope| {
            for line in self.lines.iter_mut().take(messages.len()) {
                scope.spawn(|| {
                    while let Some(index) = claim(&next, messages.len()) {
                        let message = messages[index];
                        let not_begun = trouble.outage.get().cloned().or_else(|| handing.refusal(message));
                        let answer =
                            not_begun.unwrap_or_else(|| match letterhead.mail(message, handing.now()) {
                                Ok(mail) => trouble.watch(line, |line| line.send(server, &mail)),
                                Err(refusal) => refusal,
                            });
                        answers[index].get_or_init(|| answer);
                    }
                });
            }
        });
        answers.into_iter().filter_map(OnceLock::into_inner).collect()
    }
}

/// What went wrong with the server in one batch. Once it is of no use, the rest of the batch is not tried:
/// waiting for each mail to find that out again would hold everybody up, and lose the outcome of more of them.
struct Trouble {
    broken_off: AtomicUsize,
    outage: OnceLock<Handover>,
}

impl Trouble {
    fn watch(&self, line: &mut Line, send: impl FnOnce(&mut Line) -> Handover) -> Handover {
        let answer = send(line);
        if let Handover::Unavailable { .. } = &answer {
            self.outage.get_or_init(|| answer.clone());
        } else if !line.is_open() && self.broken_off.fetch_add(1, Ordering::Relaxed) + 1 == BROKEN_OFF_MAX {
            self.outage.get_or_init(|| Handover::Unavailable {
                code: "broken_off".to_owned(),
                detail: format!("the mail server broke off {BROKEN_OFF_MAX} mails of this batch"),
            });
        }
        answer
    }
}

fn claim(next: &AtomicUsize, count: usize) -> Option<usize> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    (index < count).then_some(index)
}

fn tls_parameters(
    config: &SmtpConfig,
    wrong: &impl Fn(&'static str, Wording) -> DeliveryError,
) -> Result<Option<TlsParameters>, DeliveryError> {
    if config.security == SmtpSecurity::Plain {
        return Ok(None);
    }
    let mut builder = TlsParameters::builder(config.host.clone());
    if let Some(path) = &config.extra_root {
        let pem = fs::read(path).map_err(DeliveryError::file("read", path))?;
        let not_a_certificate = |error| wrong("extra_root", no_certificate(path, &error));
        builder = builder.add_root_certificate(Certificate::from_pem(&pem).map_err(not_a_certificate)?);
    }
    let parameters = builder.build().map_err(|error| {
        wrong("security", wording!("无法启用 TLS：原文“{error}”", "tls cannot be set up: {error}"))
    })?;
    Ok(Some(parameters))
}
