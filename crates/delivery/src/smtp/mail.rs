//! The e-mail made from a cleared message: its headers, its text and its envelope.

use std::time::{Duration, UNIX_EPOCH};

use dunlin_domain::contact::Language;
use dunlin_domain::date::Timestamp;
use dunlin_domain::message::ClearedMessage;
use dunlin_domain::wording;
use dunlin_domain::wording::Wording;
use lettre::Address;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, SinglePart};

use super::dkim::Signer;
use crate::config::SmtpConfig;
use crate::handover::Handover;
use crate::link::link_token;

/// What all mails of one provider have in common.
pub(super) struct Letterhead {
    from: Mailbox,
    reply_to: Option<Mailbox>,
    unsubscribe: Option<String>,
    link_key: Option<[u8; 32]>,
    /// Local part and domain of the address that bounces go to.
    bounce: Option<(String, String)>,
    signer: Option<Signer>,
}

/// A mail, ready to go.
pub(super) struct Mail {
    /// The envelope's sender.
    pub sender: Address,
    /// The envelope's recipient.
    pub recipient: Address,
    /// The Message-ID, with its angle brackets. The same for each attempt, so that the recipient's mail program
    /// shows a repeated mail once.
    pub message_id: String,
    /// What the envelope is called in delivery reports: the message's id (RFC 3461, 4.4).
    pub envelope_id: String,
    /// Headers and text, in ASCII, as they go over the wire, with the lone dot that ends them.
    pub content: String,
}

impl Mail {
    /// Whether the recipient can be named without SMTPUTF8 (RFC 6531).
    pub fn recipient_is_ascii(&self) -> bool {
        let address: &str = self.recipient.as_ref();
        address.is_ascii()
    }
}

impl Letterhead {
    /// Reads the addresses; the error names the setting and what is wrong with it.
    pub fn new(config: &SmtpConfig) -> Result<Self, (&'static str, Wording)> {
        let mailbox = |setting: &'static str, text: &str| {
            let complaint = || {
                wording!(
                    "须为电子邮件地址，或名称后接尖括号内的地址",
                    "must be an address, or a name and an address in angle brackets"
                )
            };
            text.parse::<Mailbox>().map_err(|_| (setting, complaint()))
        };
        let from = mailbox("sender", &config.sender)?;
        let reply_to = config.reply_to.as_deref().map(|text| mailbox("reply_to", text)).transpose()?;
        let unsubscribe = config.unsubscribe.clone();
        if unsubscribe.iter().any(|text| !text.starts_with('<') || !text.ends_with('>') || !is_plain(text)) {
            return Err((
                "unsubscribe",
                wording!(
                    "须写在尖括号内：<mailto:stop@lender.example>",
                    "must be in angle brackets: <mailto:stop@lender.example>"
                ),
            ));
        }
        if unsubscribe.iter().any(|text| text.contains("{token}")) && config.link_key.is_none() {
            let complaint = wording!(
                "含有 {{token}}，而此处无法为其签名；请改用 {{id}}",
                "has a {{token}}, which nothing here can sign; use {{id}}"
            );
            return Err(("unsubscribe", complaint));
        }
        let bounce = match &config.bounce_address {
            None => None,
            Some(text) => {
                let complaint = || {
                    wording!(
                        "须为电子邮件地址，如 bounces@lender.example",
                        "must be an address such as bounces@lender.example"
                    )
                };
                let address: Address = text.parse().map_err(|_| ("bounce_address", complaint()))?;
                Some((address.user().to_owned(), address.domain().to_owned()))
            }
        };
        let signer = config.dkim.as_ref().map(Signer::open).transpose();
        let signer = signer.map_err(|complaint| ("dkim_key_file", complaint))?;
        let link_key = config.link_key;
        Ok(Self { from, reply_to, unsubscribe, link_key, bounce, signer })
    }

    /// The sender's domain.
    pub fn domain(&self) -> &str {
        self.from.email.domain()
    }

    /// The mail for `message`, dated `now`; or the answer for one that cannot be addressed.
    pub fn mail(&self, message: &ClearedMessage, now: Timestamp) -> Result<Mail, Handover> {
        let recipient: Address = message.recipient().reveal().trim().parse().map_err(|_| bad_address())?;
        let message_id = format!("<{}@{}>", message.id(), self.domain());
        let micros = Duration::from_micros(u64::try_from(now.micros()).unwrap_or(0));
        let language = match message.language() {
            Language::Zh => "zh-CN",
            Language::En => "en",
        };
        let mut builder = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, recipient.clone()))
            .date(UNIX_EPOCH + micros)
            .message_id(Some(message_id.clone()))
            .subject(one_line(message.subject()))
            .raw_header(header("Content-Language", language))
            // Keeps holiday notes and other automatic answers from coming back (RFC 3834).
            .raw_header(header("Auto-Submitted", "auto-generated"));
        if let Some(reply_to) = &self.reply_to {
            builder = builder.reply_to(reply_to.clone());
        }
        if let Some(unsubscribe) = &self.unsubscribe {
            let id = message.id().to_string();
            let named = unsubscribe.replace("{id}", &id);
            let named = match &self.link_key {
                Some(key) => named.replace("{token}", &link_token(key, &message.id())),
                None => named,
            };
            builder = builder.raw_header(header("List-Unsubscribe", &named));
            if unsubscribe.contains("<https://") {
                builder = builder.raw_header(header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"));
            }
        }
        let built = builder.singlepart(SinglePart::plain(message.body().reveal().to_owned()));
        let built = built.expect("a mail with sender, recipient and date is complete");
        let mut text = String::from_utf8(built.formatted()).expect("headers and text are encoded in ASCII");
        if let Some(signer) = &self.signer {
            text.insert_str(0, &signer.header(&text, now.micros().div_euclid(1_000_000)));
        }
        let content = on_the_wire(&text);
        let envelope_id = message.id().to_string();
        Ok(Mail { sender: self.envelope_sender(message), recipient, message_id, envelope_id, content })
    }

    /// Who the envelope says that it is from: that is where bounces go.
    fn envelope_sender(&self, message: &ClearedMessage) -> Address {
        let named =
            |(user, domain): &(String, String)| Address::new(format!("{user}+{}", message.id()), domain).ok();
        self.bounce.as_ref().and_then(named).unwrap_or_else(|| self.from.email.clone())
    }
}

fn header(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

fn bad_address() -> Handover {
    Handover::Rejected {
        code: "address".to_owned(),
        detail: "the recipient is not an e-mail address".to_owned(),
        address_is_bad: true,
    }
}

fn is_plain(text: &str) -> bool {
    text.chars().all(|letter| letter.is_ascii_graphic() || letter == ' ')
}

/// A header ends with its line: a line break within would let a text add headers of its own.
fn one_line(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

/// Doubles the dots that begin a line, and ends with the lone dot (RFC 5321, 4.5.2).
fn on_the_wire(text: &str) -> String {
    let mut content = text.replace("\r\n.", "\r\n..");
    if !content.ends_with("\r\n") {
        content.push_str("\r\n");
    }
    content.push_str(".\r\n");
    content
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(on_the_wire(text), expected);
    }

    #[test]
    fn a_line_that_begins_with_a_dot_does_not_end_the_mail() {
        check("a\r\n.\r\nb\r\n", "a\r\n..\r\nb\r\n.\r\n");
        check("a\r\n.b", "a\r\n..b\r\n.\r\n");
        check("a.b", "a.b\r\n.\r\n");
    }

    #[test]
    fn a_subject_cannot_add_headers() {
        assert_eq!(one_line("账单\r\nBcc: all@lender.example"), "账单  Bcc: all@lender.example");
    }
}
