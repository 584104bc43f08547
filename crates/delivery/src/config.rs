//! How providers are set up. Plain structs: whoever reads a configuration file fills them in.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use dunlin_domain::contact::{Channel, Personal};
use jiff::tz::TimeZone;

use crate::letter::{Letter, Printed};

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
    /// A provider that is asked over HTTP.
    Http(HttpCommon, HttpProvider),
    /// People who call: messages by voice wait for them as tasks.
    Agents(AgentsConfig),
    /// A folder from which a print house takes letters.
    Letter(LetterConfig),
    /// A SIP trunk, through which calls are placed and messages spoken.
    Sip(SipConfig),
}

impl ProviderKind {
    /// How it brings receipts, where it calls us.
    #[must_use]
    pub fn callbacks(&self) -> Option<&CallbacksConfig> {
        match self {
            Self::Spool(_)
            | Self::Smtp(_)
            | Self::Smpp(_)
            | Self::Letter(_)
            | Self::Agents(_)
            | Self::Sip(_) => None,
            Self::Http(common, _) => common.callbacks.as_ref(),
        }
    }

    /// The country code that it puts before numbers without a plus, if it does.
    #[must_use]
    pub fn country_code(&self) -> Option<&str> {
        match self {
            Self::Http(_, HttpProvider::Twilio(config)) => Some(&config.country_code),
            Self::Http(
                _,
                HttpProvider::Generic(_)
                | HttpProvider::Aliyun(_)
                | HttpProvider::Tencent(_)
                | HttpProvider::Fcm(_),
            )
            | Self::Spool(_)
            | Self::Smtp(_)
            | Self::Smpp(_)
            | Self::Letter(_)
            | Self::Agents(_)
            | Self::Sip(_) => None,
        }
    }
}

/// A SIP trunk (RFC 3261).
#[derive(Clone, Debug)]
pub struct SipConfig {
    /// Its name or address; with TLS the name that its certificate shows.
    pub host: String,
    /// Its port, usually 5060.
    pub port: u16,
    /// How it is reached.
    pub transport: SipTransport,
    /// For TLS: a PEM file with certificates to trust beside those of the system.
    pub extra_root: Option<PathBuf>,
    /// The domain in addresses; usually the host.
    pub domain: String,
    /// The number that we call from.
    pub caller: String,
    /// Who we are, where the trunk asks.
    pub credentials: Option<Credentials>,
    /// Calls at the same time, 1 to 100.
    pub lines: usize,
    /// How long it may ring, in seconds, 5 to 120.
    pub ring_seconds: u64,
    /// After so many seconds of the message it counts as heard, 1 to 60; a shorter message must be heard whole.
    pub heard_seconds: u64,
    /// How long a key is waited for, in seconds, 0 to 30.
    pub key_seconds: u64,
    /// The longest wait for a connection, in seconds, 1 to 60.
    pub timeout_seconds: u64,
    /// A greeting that is longer is a machine's, in milliseconds, 1000 to 10000.
    pub machine_ms: u32,
    /// What is done when a machine answers.
    pub voicemail: SipVoicemail,
    /// A folder with recordings for templates: `TEMPLATE.zh.wav` and `TEMPLATE.en.wav` go before what is said otherwise.
    pub recordings: Option<PathBuf>,
    /// What is said in Chinese.
    pub zh: SipSpeech,
    /// What is said in English.
    pub en: SipSpeech,
}

/// How a trunk is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SipTransport {
    /// Datagrams.
    Udp,
    /// A connection.
    Tcp,
    /// A connection within TLS 1.2 or newer. Speech is not encrypted all the same.
    Tls,
}

impl SipTransport {
    /// Its name in SIP.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
        }
    }
}

/// What is done when a machine answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SipVoicemail {
    /// Nobody listens for machines: whoever takes the call is spoken to at once.
    Ignore,
    /// The call ends without a word.
    HangUp,
    /// A recording of its own is left, which tells third parties nothing.
    Message,
}

/// What is said in one language.
#[derive(Clone, Debug, Default)]
pub struct SipSpeech {
    /// A WAV file that is said whatever the message, unless its template has one; `None`: the command speaks the text.
    pub recording: Option<PathBuf>,
    /// A program and its arguments: text on its standard input, WAV on its standard output.
    pub command: Vec<String>,
    /// A WAV file for machines.
    pub voicemail: Option<PathBuf>,
}

/// People who call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AgentsConfig {
    /// Minutes for which a task is an agent's before the number is dialled, 1 to 60.
    pub lease_minutes: u32,
    /// Minutes after dialling within which the outcome is to be told, 1 to 240. Later it is unknown.
    pub call_minutes: u32,
}

impl Default for AgentsConfig {
    fn default() -> Self {
        Self { lease_minutes: 10, call_minutes: 60 }
    }
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

/// A letter box.
#[derive(Clone, Debug)]
pub struct LetterConfig {
    /// The folder; created when it is missing.
    pub folder: PathBuf,
    /// Letters of one batch at most, 1 to 10,000.
    pub letters_max: usize,
    /// Hour and minute at which the batch of a day is written; `None`: whatever is handed over together is one batch.
    pub cut_off: Option<(i8, i8)>,
    /// The clock of the cut-off and of the dates that letters bear.
    pub zone: TimeZone,
    /// Whether each letter is a PDF of its own.
    pub file_each: bool,
    /// The class of mail, in the print house's words; stands in the index.
    pub mail_class: String,
    /// Whether a letter counts as delivered as soon as it is posted.
    pub posted_is_delivered: bool,
    /// What makes PDFs of letters. The engine sets it.
    pub printer: Option<Printer>,
}

type Print = dyn Fn(&[Letter]) -> Result<Printed, String> + Send + Sync;
type MissingIn = dyn Fn(&str) -> Result<Vec<char>, String> + Send + Sync;

/// What makes PDFs of letters: who writes, and with which font, is not known here.
#[derive(Clone)]
pub struct Printer {
    print: Arc<Print>,
    missing_in: Arc<MissingIn>,
}

impl Printer {
    /// A printer of two functions: one that makes one PDF of letters, each on fresh pages, and one that says which letters
    /// of a text it has no picture of.
    pub fn new(
        print: impl Fn(&[Letter]) -> Result<Printed, String> + Send + Sync + 'static,
        missing_in: impl Fn(&str) -> Result<Vec<char>, String> + Send + Sync + 'static,
    ) -> Self {
        Self { print: Arc::new(print), missing_in: Arc::new(missing_in) }
    }

    pub(crate) fn print(&self, letters: &[Letter]) -> Result<Printed, String> {
        (self.print)(letters)
    }

    pub(crate) fn missing_in(&self, text: &str) -> Result<Vec<char>, String> {
        (self.missing_in)(text)
    }
}

impl fmt::Debug for Printer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a printer")
    }
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
    /// The value of `List-Unsubscribe`, such as `<mailto:stop@lender.example>`, in which `{id}` stands for the message;
    /// `None` leaves it out. With an address that begins with `https://`, mail programs are told that one click is
    /// enough (RFC 8058). `{token}` stands for the message, signed, as `/u/{token}` of `dunlin serve` takes it.
    pub unsubscribe: Option<String>,
    /// What signs the links of mails; [`link_token`](crate::link_token) says how. The engine sets it.
    pub link_key: Option<[u8; 32]>,
    /// How mails are signed, if they are.
    pub dkim: Option<DkimConfig>,
    /// Where bounces go, when not to the sender: `bounces@lender.example` becomes `bounces+msg_…@lender.example`, so that
    /// each bounce names its message.
    pub bounce_address: Option<String>,
    /// The folder in which bounces arrive: a maildir, or `.eml` and `.mbox` files.
    pub bounces: Option<PathBuf>,
    /// Connections kept open at the same time, 1 to 64.
    pub connection_count: usize,
    /// The longest wait for a connection or for one reply, in seconds, 1 to 600. A server that takes longer
    /// over a message's text makes the outcome unknown, so do not be stingy: 60 is a good start.
    pub timeout_seconds: u64,
}

/// How mails are signed by DKIM (RFC 6376).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DkimConfig {
    /// The domain that signs.
    pub domain: String,
    /// The name of the key below it: the public key is at `SELECTOR._domainkey.DOMAIN`.
    pub selector: String,
    /// The private key in PEM: RSA of 2048 bits or more, or Ed25519.
    pub key_file: PathBuf,
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
    /// Its name or address. With TLS it is the name that the certificate must show.
    pub host: String,
    /// Its port: usually 2775, with TLS 3550.
    pub port: u16,
    /// How the connection is protected.
    pub security: SmppSecurity,
    /// A PEM file with certificates to trust beside those that the system trusts, such as the message centre's own.
    pub extra_root: Option<PathBuf>,
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

/// How the connection to a message centre is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmppSecurity {
    /// Not at all: reach it through a tunnel or a network that is protected.
    Plain,
    /// TLS from the first byte.
    Tls,
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

/// What all providers that are asked over HTTP have in common.
#[derive(Clone, Debug)]
pub struct HttpCommon {
    /// Requests at the same time, 1 to 64.
    pub connection_count: usize,
    /// The longest wait for a connection or for an answer, in seconds, 1 to 600. An answer that takes longer makes
    /// the outcome unknown.
    pub timeout_seconds: u64,
    /// A PEM file with the certificates to trust instead of those that browsers trust.
    pub extra_root: Option<PathBuf>,
    /// How receipts come, if they do.
    pub callbacks: Option<CallbacksConfig>,
}

/// Who is asked over HTTP.
#[derive(Clone, Debug)]
pub enum HttpProvider {
    /// One that the lender describes.
    Generic(Box<HttpConfig>),
    /// Aliyun SMS.
    Aliyun(Box<AliyunConfig>),
    /// Tencent Cloud SMS.
    Tencent(Box<TencentConfig>),
    /// Twilio.
    Twilio(Box<TwilioConfig>),
    /// Firebase Cloud Messaging.
    Fcm(Box<FcmConfig>),
}

impl HttpProvider {
    /// The address that is asked, or its beginning.
    pub(crate) fn url(&self) -> &str {
        match self {
            Self::Generic(config) => &config.url,
            Self::Aliyun(config) => &config.endpoint.0,
            Self::Tencent(config) => &config.endpoint.0,
            Self::Twilio(config) => &config.endpoint.0,
            Self::Fcm(config) => &config.endpoint.0,
        }
    }
}

/// The beginning of an address: `https://` and a host, without a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint(pub String);

impl Endpoint {
    /// The host, with its port where that is not the usual one.
    #[must_use]
    pub fn host(&self) -> &str {
        self.0.split_once("://").map_or(&*self.0, |(_, host)| host).trim_end_matches('/')
    }
}

/// A provider that the lender describes.
#[derive(Clone)]
pub struct HttpConfig {
    /// The address.
    pub url: String,
    /// `POST` or `PUT`.
    pub method: String,
    /// Further headers, with places as in the body.
    pub headers: Vec<(String, String)>,
    /// The body, in which the texts may have places: `{recipient}`, `{subject}`, `{body}`, `{id}`, `{attempt}`,
    /// `{language}`, `{expires_at}`, `{secret}`.
    pub body: serde_json::Value,
    /// Whether the body goes as a form and not as JSON.
    pub is_form: bool,
    /// What `{secret}` stands for.
    pub secret: Option<Personal>,
    /// How the request is signed.
    pub signing: HttpSigning,
    /// Where the answer has the provider's id (RFC 6901); `None`: it calls the message as we do.
    pub id_at: Option<String>,
    /// Where the answer has a code; `None`: the HTTP status says it all.
    pub status_at: Option<String>,
    /// Codes that mean that the message was taken.
    pub accepted: Vec<String>,
    /// Codes that mean that another try is worth it.
    pub deferred: Vec<String>,
    /// Codes that ask for patience.
    pub throttled: Vec<String>,
    /// Codes that mean that nothing is taken at present.
    pub unavailable: Vec<String>,
    /// Codes that mean that the number or address does not exist.
    pub bad_address: Vec<String>,
    /// How it is asked what became of a message, if it can be.
    pub query: Option<HttpQuery>,
}

/// How a provider that the lender describes is asked what became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpQuery {
    /// The address, in which `{id}` is our id of the message and `{reference}` the provider's.
    pub url: String,
    /// Where the answer has the state (RFC 6901).
    pub state_at: String,
    /// What the words there mean; any other tells nothing.
    pub states: Vec<(String, QueryState)>,
    /// HTTP statuses that mean that the provider never took it.
    pub never_taken_statuses: Vec<u16>,
}

impl HttpQuery {
    /// Whether it cannot be asked about a message whose answer was lost.
    #[must_use]
    pub fn needs_reference(&self) -> bool {
        self.url.contains("{reference}")
    }
}

/// What a provider's word for a state means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueryState {
    /// It arrived.
    Delivered,
    /// It did not.
    Failed,
    /// It was taken, and more will be known later.
    Underway,
    /// It was never taken.
    NeverTaken,
}

impl fmt::Debug for HttpConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Headers and body may hold a key that somebody wrote down there.
        write!(f, "{} {}", self.method, self.url)
    }
}

/// How a request is signed.
#[derive(Clone, PartialEq, Eq)]
pub enum HttpSigning {
    /// Not at all.
    None,
    /// By Standard Webhooks, with this key.
    StandardWebhooks {
        /// The key, out of base64.
        key: Vec<u8>,
    },
}

/// Aliyun SMS (短信服务), on the mainland and abroad.
#[derive(Clone, Debug)]
pub struct AliyunConfig {
    /// `https://dysmsapi.aliyuncs.com`.
    pub endpoint: Endpoint,
    /// The access key's id.
    pub key_id: String,
    /// The access key's secret.
    pub key_secret: Personal,
    /// The signature that stands before the text, as registered.
    pub sign_name: String,
    /// The template, as registered.
    pub template_code: String,
    /// The template's one parameter, which takes the text.
    pub parameter: String,
}

/// Tencent Cloud SMS (腾讯云短信).
#[derive(Clone, Debug)]
pub struct TencentConfig {
    /// `https://sms.tencentcloudapi.com`.
    pub endpoint: Endpoint,
    /// The region, such as `ap-guangzhou`.
    pub region: String,
    /// The key's id.
    pub secret_id: String,
    /// The key.
    pub secret_key: Personal,
    /// The application in the console.
    pub app_id: String,
    /// The signature that stands before the text, as registered.
    pub sign_name: String,
    /// The template, as registered; its one parameter takes the text.
    pub template_id: String,
}

/// Twilio.
#[derive(Clone, Debug)]
pub struct TwilioConfig {
    /// `https://api.twilio.com`.
    pub endpoint: Endpoint,
    /// The account's SID.
    pub account: String,
    /// The authentication token.
    pub token: Personal,
    /// Our number, short code or name, or the SID of a messaging service.
    pub sender: String,
    /// The code of the country of numbers without a plus.
    pub country_code: String,
    /// Where Twilio reaches us with receipts, as Twilio sees it; without a query.
    pub callback_url: Option<String>,
}

/// Firebase Cloud Messaging, for pushes to the lender's app.
#[derive(Clone, Debug)]
pub struct FcmConfig {
    /// `https://fcm.googleapis.com`.
    pub endpoint: Endpoint,
    /// The JSON file of the service account.
    pub account_file: PathBuf,
}

/// How a provider brings receipts.
#[derive(Clone, Debug)]
pub struct CallbacksConfig {
    /// The form of its receipts.
    pub shape: CallbackShape,
    /// How it shows who it is.
    pub auth: CallbackAuth,
    /// The clock of its dates, where they name no offset.
    pub zone: TimeZone,
}

/// The form of receipts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallbackShape {
    /// One JSON object, or a list of them: `id` or `reference`, `state`, `at`, `code`.
    Generic,
    /// Aliyun's `SmsReport`.
    Aliyun,
    /// Tencent Cloud's status report.
    Tencent,
    /// Twilio's status call-back.
    Twilio,
}

/// How a provider shows who it is.
#[derive(Clone)]
pub enum CallbackAuth {
    /// A token in `Authorization: Bearer`, or in the query as `token`.
    Token {
        /// The token.
        secret: Personal,
    },
    /// A signature by Standard Webhooks, with this key.
    StandardWebhooks {
        /// The key, out of base64.
        key: Vec<u8>,
    },
    /// Twilio's signature.
    Twilio {
        /// The account's authentication token.
        token: Personal,
        /// The address that Twilio was given; without a query.
        url: String,
    },
}

impl fmt::Debug for CallbackAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Token { .. } => "token",
            Self::StandardWebhooks { .. } => "standard webhooks",
            Self::Twilio { .. } => "twilio",
        })
    }
}

/// The key in a secret of Standard Webhooks, base64 with or without `whsec_`; `None` when it is none, or one shorter than
/// 16 bytes.
#[must_use]
pub fn standard_webhooks_key(secret: &str) -> Option<Vec<u8>> {
    crate::http::sign::webhook_key(secret)
}
