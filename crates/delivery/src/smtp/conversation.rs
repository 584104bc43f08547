//! One connection to a mail server, and the steps of handing one mail over on it.

use std::fmt;
use std::time::Duration;

use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{SmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Ehlo, Mail as MailFrom, Rcpt, Rset};
use lettre::transport::smtp::extension::{ClientId, Extension, MailParameter, RcptParameter};

use super::mail::Mail;
use super::reply::{Step, meaning};
use crate::config::{SmtpConfig, SmtpSecurity};
use crate::handover::Handover;

const GOODBYE_TIMEOUT: Duration = Duration::from_secs(2);

/// How to reach a server.
pub(super) struct Server {
    host: String,
    port: u16,
    security: SmtpSecurity,
    tls: Option<TlsParameters>,
    credentials: Option<Credentials>,
    greeting: ClientId,
    timeout: Duration,
    /// Whether there is an address that delivery reports can come to.
    wants_reports: bool,
}

/// A place for a connection, which is opened when a mail needs it and kept for the next.
pub(super) struct Line {
    connection: Option<Open>,
}

/// A connection that mails can go over.
struct Open {
    smtp: SmtpConnection,
    /// Whether each mail asks for delivery reports: the server offers them (RFC 3461), and there is where to send them.
    asks_reports: bool,
}

/// A mail's content as lettre sends a command: in one write. Two, as lettre's own way has them, cost 40 ms a
/// mail on most networks, since the second waits for the first to be confirmed (RFC 896).
struct Content<'a>(&'a str);

impl fmt::Display for Content<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Server {
    pub fn new(config: &SmtpConfig, tls: Option<TlsParameters>, domain: &str) -> Self {
        let credentials = config.credentials.as_ref();
        Self {
            host: config.host.clone(),
            port: config.port,
            security: config.security,
            tls,
            credentials: credentials
                .map(|given| Credentials::new(given.user.clone(), given.password.reveal().to_owned())),
            greeting: ClientId::Domain(domain.to_owned()),
            timeout: Duration::from_secs(config.timeout_seconds),
            wants_reports: config.bounce_address.is_some(),
        }
    }

    fn connect(&self) -> Result<Open, Error> {
        let tls_at_once = self.tls.as_ref().filter(|_| self.security == SmtpSecurity::Tls);
        let address = (self.host.as_str(), self.port);
        let mut connection =
            SmtpConnection::connect(address, Some(self.timeout), &self.greeting, tls_at_once, None)?;
        if let (SmtpSecurity::StartTls, Some(tls)) = (self.security, &self.tls) {
            connection.starttls(tls, &self.greeting)?;
        }
        if let Some(credentials) = &self.credentials {
            connection.auth(DEFAULT_MECHANISMS, credentials)?;
        }
        // The library keeps only the extensions that it knows, so the server is asked once more.
        let asks_reports = self.wants_reports && {
            let offers = connection.command(Ehlo::new(self.greeting.clone()))?;
            offers.message().any(|line| line.trim().eq_ignore_ascii_case("DSN"))
        };
        Ok(Open { smtp: connection, asks_reports })
    }
}

impl Line {
    pub fn closed() -> Self {
        Self { connection: None }
    }

    /// Whether the connection is open: after a mail, whether it went to its end, with a yes or a no.
    pub fn is_open(&self) -> bool {
        self.connection.is_some()
    }

    /// Hands `mail` over, on the open connection if there is one.
    pub fn send(&mut self, server: &Server, mail: &Mail) -> Handover {
        let Some(kept) = self.connection.take() else { return self.send_on_new(server, mail) };
        match self.talk(kept, mail) {
            // Servers close connections that rest. Nothing was handed over yet, so a fresh one may try.
            Handover::Unavailable { .. } => self.send_on_new(server, mail),
            answer => answer,
        }
    }

    fn send_on_new(&mut self, server: &Server, mail: &Mail) -> Handover {
        match server.connect() {
            Ok(connection) => self.talk(connection, mail),
            Err(error) => meaning(Step::Opening, &error, mail.recipient.as_ref()),
        }
    }

    /// Walks the steps on `connection` and keeps it if it is of further use.
    fn talk(&mut self, mut connection: Open, mail: &Mail) -> Handover {
        if !mail.recipient_is_ascii() && !supports_utf8(&connection.smtp) {
            self.connection = Some(connection);
            return Handover::Rejected {
                code: "smtputf8".to_owned(),
                detail: "the mail server takes only addresses in ASCII".to_owned(),
                address_is_bad: false,
            };
        }
        match converse(&mut connection, mail) {
            Ok(()) => {
                self.connection = Some(connection);
                Handover::Accepted { references: vec![mail.message_id.clone()] }
            }
            Err((step, error)) => {
                let answer = meaning(step, &error, mail.recipient.as_ref());
                let is_about_this_mail =
                    matches!(answer, Handover::Deferred { .. } | Handover::Rejected { .. });
                // The server still has half of this mail in mind; if it cannot forget it, we hang up.
                if is_about_this_mail && connection.smtp.command(Rset).is_ok() {
                    self.connection = Some(connection);
                }
                answer
            }
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if let Some(connection) = &mut self.connection {
            // A server that does not answer our goodbye must not hold up the end of the program.
            if connection.smtp.set_timeout(Some(GOODBYE_TIMEOUT)).is_ok() {
                connection.smtp.abort();
            }
        }
    }
}

fn supports_utf8(connection: &SmtpConnection) -> bool {
    connection.server_info().supports_feature(Extension::SmtpUtfEight)
}

fn converse(connection: &mut Open, mail: &Mail) -> Result<(), (Step, Error)> {
    let at = |step: Step| move |error: Error| (step, error);
    let mut of_mail = if mail.recipient_is_ascii() { Vec::new() } else { vec![MailParameter::SmtpUtfEight] };
    let mut of_recipient = Vec::new();
    if connection.asks_reports {
        let with = |keyword: &str, value: &str| (keyword.to_owned(), Some(value.to_owned()));
        // RFC 3461: a report on each outcome, which names the mail by our id and returns no more of it than its headers.
        for (keyword, value) in [with("RET", "HDRS"), with("ENVID", &mail.envelope_id)] {
            of_mail.push(MailParameter::Other { keyword, value });
        }
        let (keyword, value) = with("NOTIFY", "SUCCESS,FAILURE,DELAY");
        of_recipient.push(RcptParameter::Other { keyword, value });
    }
    let smtp = &mut connection.smtp;
    smtp.command(MailFrom::new(Some(mail.sender.clone()), of_mail)).map_err(at(Step::Sender))?;
    smtp.command(Rcpt::new(mail.recipient.clone(), of_recipient)).map_err(at(Step::Recipient))?;
    smtp.command(Data).map_err(at(Step::Announcement))?;
    smtp.command(Content(&mail.content)).map_err(at(Step::Text))?;
    Ok(())
}
