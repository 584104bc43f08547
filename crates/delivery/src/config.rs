//! How providers are set up. Plain structs: whoever reads a configuration file fills them in.

use std::fmt;
use std::path::PathBuf;

use dunlin_domain::contact::{Channel, Personal};
use jiff::tz::TimeZone;

/// One provider.
#[derive(Clone, Debug)]
pub struct ProviderConfig {
    /// Its name: stored with each attempt and shown to operators.
    pub name: String,
    /// The channels that it serves.
    pub channels: Vec<Channel>,
    /// What it is.
    pub kind: ProviderKind,
}

/// What a provider is.
#[derive(Clone, Debug)]
pub enum ProviderKind {
    /// A folder that a gateway reads.
    Spool(SpoolConfig),
    /// A mail server.
    Smtp(SmtpConfig),
    /// A message centre.
    Smpp(SmppConfig),
}

/// A spool.
#[derive(Clone, Debug)]
pub struct SpoolConfig {
    /// The folder; created when it is missing.
    pub folder: PathBuf,
    /// Whether a message counts as accepted only once it would survive a loss of power. Leave it off only
    /// where the messages are not real.
    pub durable: bool,
}

/// A mail server.
#[derive(Clone, Debug)]
pub struct SmtpConfig {
    /// Its name or address. With TLS it is the name that the certificate must show.
    pub host: String,
    /// Its port: usually 25 for a relay, 587 with STARTTLS, 465 with TLS.
    pub port: u16,
    /// How the connection is protected.
    pub security: SmtpSecurity,
    /// A PEM file with one certificate to trust beside those that the system trusts, such as the lender's own.
    pub extra_root: Option<PathBuf>,
    /// Who we are; refused on a connection without TLS.
    pub credentials: Option<Credentials>,
    /// The sender, with or without a name: `示例消金 <noreply@lender.example>`. Its domain ends the Message-ID
    /// and is what we greet the server with.
    pub sender: String,
    /// Where answers go, when not to the sender.
    pub reply_to: Option<String>,
    /// The value of `List-Unsubscribe`, such as `<mailto:stop@lender.example>`; `None` leaves it out.
    pub unsubscribe: Option<String>,
    /// Connections kept open at the same time, 1 to 64.
    pub connection_count: usize,
    /// The longest wait for a connection or for one reply, in seconds, 1 to 600. A server that takes longer
    /// over a message's text makes the outcome unknown, so do not be stingy: 60 is a good start.
    pub timeout_seconds: u64,
}

/// How a connection to a mail server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmtpSecurity {
    /// Not at all; for a relay on the same machine or on a network that is protected otherwise.
    Plain,
    /// Begins in clear and must turn to TLS before anything is said.
    StartTls,
    /// TLS from the first byte.
    Tls,
}

/// A user and password.
#[derive(Clone)]
pub struct Credentials {
    /// The user.
    pub user: String,
    /// The password, wrapped so that it is not logged.
    pub password: Personal,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "credentials of {}", self.user)
    }
}

/// A message centre that takes text messages by SMPP 3.4.
#[derive(Clone, Debug)]
pub struct SmppConfig {
    /// Its name or address. SMPP is not encrypted: reach it through a tunnel or a network that is protected.
    pub host: String,
    /// Its port, usually 2775.
    pub port: u16,
    /// Who we are, up to 15 letters.
    pub system_id: String,
    /// The password, up to 8 letters, wrapped so that it is not logged.
    pub password: Option<Personal>,
    /// The type of system, where the message centre asks for one.
    pub system_type: String,
    /// The sender that phones show: a number, a short code, or up to 11 letters.
    pub sender: String,
    /// The sender's type of number; `None` to tell it by its form.
    pub sender_ton: Option<u8>,
    /// The sender's numbering plan; `None` to tell it by its form.
    pub sender_npi: Option<u8>,
    /// How binds are shared out.
    pub bind: SmppBind,
    /// Binds that send, 1 to 16.
    pub bind_count: usize,
    /// Requests that may wait for an answer on each, 1 to 1000.
    pub window: usize,
    /// After so many seconds of silence the message centre is asked whether it is there, 1 to 3600.
    pub enquire_seconds: u64,
    /// The longest wait for a connection or for one answer, in seconds, 1 to 600.
    pub timeout_seconds: u64,
    /// Which letters go in the message centre's default alphabet.
    pub alphabet: SmppAlphabet,
    /// How a text that is too long for one message goes.
    pub long_text: SmppLongText,
    /// How the ids in receipts are written, seen from those in answers.
    pub receipt_id: SmppReceiptId,
    /// The clock of the dates in receipts.
    pub zone: TimeZone,
}

/// How binds are shared out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmppBind {
    /// Each bind sends and receives.
    Transceiver,
    /// One more bind receives, and the others send.
    Separate,
}

/// Which letters go in the message centre's default alphabet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmppAlphabet {
    /// Those of GSM 03.38; the rest in UCS-2.
    Gsm,
    /// None: everything in UCS-2, for a message centre whose default is another.
    Ucs2,
}

/// How a text that is too long for one message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmppLongText {
    /// We cut it, and a header binds the parts together.
    Concatenated,
    /// Whole, and the message centre cuts it.
    Payload,
}

/// How the ids in receipts are written, seen from those in answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmppReceiptId {
    /// The same, but for capitals and leading zeros.
    Same,
    /// Answers are hexadecimal and receipts decimal.
    Decimal,
}
