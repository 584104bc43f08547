//! How providers are set up. Plain structs: whoever reads a configuration file fills them in.

use std::fmt;
use std::path::PathBuf;

use dunlin_domain::contact::{Channel, Personal};

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
