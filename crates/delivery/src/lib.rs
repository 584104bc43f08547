//! Reaches people: hands cleared messages to one provider and reports what became of each attempt.
//!
//! Promises that nothing but a [`ClearedMessage`] leaves the house, that an expired one does not, and that
//! every message handed over gets exactly one answer, in which "not taken" and "perhaps taken" are kept apart
//! (see `docs/delivery.md`). Leaves out when to try again, which provider to take, and all storage: `engine`
//! decides those.

mod bounce;
mod config;
mod error;
mod handover;
mod http;
mod inquiry;
mod letter;
mod link;
mod passing;
mod receipt;
mod reply;
mod route;
mod sip;
mod smpp;
mod smtp;
mod spool;
mod tls;

pub use config::{
    AgentsConfig, AliyunConfig, CallbackAuth, CallbackShape, CallbacksConfig, Credentials, DkimConfig,
    Endpoint, FcmConfig, HttpCommon, HttpConfig, HttpProvider, HttpQuery, HttpSigning, LetterConfig, Printer,
    ProviderConfig, ProviderKind, QueryState, SipConfig, SipSpeech, SipTransport, SipVoicemail, SmppAlphabet,
    SmppBind, SmppConfig, SmppLongText, SmppReceiptId, SmppSecurity, SmtpConfig, SmtpSecurity, SpoolConfig,
    TencentConfig, TwilioConfig, standard_webhooks_key,
};
pub use error::DeliveryError;
pub use handover::{Handover, NOT_TRIED};
pub use http::{
    Brought, Callback, CallbackError, Callbacks, Http, PLACES, QUERY_PLACES, unknown_place, unknown_place_in,
};
pub use inquiry::{Asking, Fingerprint, Inquired, Inquiries, Inquiry, fingerprint};
pub use letter::{Letter, Letters, Printed};
pub use link::{link_token, read_link_token};
pub use receipt::{About, Receipt, ReceiptBatch, ReceiptRow, ReceiptState, RejectedRow, write_receipts};
pub use reply::Reply;
pub use route::{Candidate, Route, Routing, Trouble, UnitCost, choose, fails_mostly};
pub use sip::{Sip, ToldAtOnce};
pub use smpp::{Smpp, SmsAlphabet, SmsLength, sms_length};
pub use smtp::Smtp;
pub use spool::Spool;

use dunlin_domain::contact::Channel;
use dunlin_domain::date::Timestamp;
use dunlin_domain::id::MessageId;
use dunlin_domain::message::ClearedMessage;
use dunlin_domain::wording;
use dunlin_domain::wording::Wording;

/// One provider: a way out of the house for the messages of some channels.
pub struct Provider {
    traits: ProviderTraits,
    exit: Exit,
}

/// What is known of a provider without speaking to it: enough to choose it for a message, and to write down what it
/// answered, while another thread hands the next messages over to it.
#[derive(Clone, Debug)]
pub struct ProviderTraits {
    name: String,
    channels: Vec<Channel>,
    knows_ids: bool,
    is_agents: bool,
    receipts_name_references: bool,
    batch_max: Option<usize>,
    cut_off: Option<letter::CutOff>,
    inquiries: Inquiries,
    /// How a message centre writes ids in receipts.
    receipt_id: Option<SmppReceiptId>,
}

/// What stands behind a provider.
enum Exit {
    Spool(Spool),
    Smtp(Box<Smtp>),
    Smpp(Box<Smpp>),
    Http(Box<Http>),
    Agents,
    Letter(Box<Letters>),
    Sip(Box<Sip>),
}

impl Provider {
    /// Makes the provider ready. A spool's folders are created; nobody is contacted yet.
    ///
    /// # Errors
    /// A setting that cannot work, or a folder that cannot be created.
    pub fn open(config: &ProviderConfig) -> Result<Self, DeliveryError> {
        let exit = match &config.kind {
            ProviderKind::Spool(spool) => Exit::Spool(Spool::open(&config.name, spool)?),
            ProviderKind::Smtp(smtp) => {
                require_only(config, Channel::Email, &wording!("邮件服务器", "a mail server"))?;
                Exit::Smtp(Box::new(Smtp::open(&config.name, smtp)?))
            }
            ProviderKind::Smpp(smpp) => {
                require_only(config, Channel::Sms, &wording!("短信中心", "a message centre"))?;
                Exit::Smpp(Box::new(Smpp::open(&config.name, smpp)?))
            }
            ProviderKind::Agents(agents) => {
                require_only(config, Channel::Voice, &wording!("坐席团队", "a team of agents"))?;
                require_minutes(config, "lease_minutes", agents.lease_minutes, 60)?;
                require_minutes(config, "call_minutes", agents.call_minutes, 240)?;
                Exit::Agents
            }
            ProviderKind::Letter(letters) => {
                require_only(config, Channel::Letter, &wording!("信函服务商", "a letter box"))?;
                Exit::Letter(Box::new(Letters::open(&config.name, letters)?))
            }
            ProviderKind::Sip(sip) => {
                require_only(config, Channel::Voice, &wording!("语音线路", "a trunk"))?;
                Exit::Sip(Box::new(Sip::open(&config.name, sip)?))
            }
            ProviderKind::Http(common, http) => {
                match http {
                    HttpProvider::Generic(_) => {}
                    HttpProvider::Fcm(_) => {
                        require_only(config, Channel::Push, &wording!("该服务商", "this provider"))?
                    }
                    HttpProvider::Aliyun(_) | HttpProvider::Tencent(_) | HttpProvider::Twilio(_) => {
                        require_only(config, Channel::Sms, &wording!("该服务商", "this provider"))?;
                    }
                }
                Exit::Http(Box::new(Http::open(&config.name, common, http)?))
            }
        };
        let traits = exit.traits(config);
        Ok(Self { traits, exit })
    }

    /// What is known of it without speaking to it.
    #[must_use]
    pub fn traits(&self) -> &ProviderTraits {
        &self.traits
    }

    /// The name from the configuration.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.traits.name
    }

    /// Whether the provider takes messages of `channel`.
    #[must_use]
    pub fn serves(&self, channel: Channel) -> bool {
        self.traits.serves(channel)
    }

    /// What receipts call the message or segment that the provider called `reference` when it took it.
    #[must_use]
    pub fn reference_in_receipts(&self, reference: &str) -> String {
        self.traits.reference_in_receipts(reference)
    }

    /// How the provider can be asked what became of a message.
    #[must_use]
    pub fn inquiries(&self) -> Inquiries {
        self.traits.inquiries()
    }

    /// Asks what became of messages, and answers for each, in order. Changes nothing anywhere, so asking again is harmless.
    pub fn inquire(&mut self, inquiries: &[Inquiry], now: Timestamp) -> Vec<Inquired> {
        let answers = match &mut self.exit {
            Exit::Smpp(smpp) => smpp.inquire(inquiries),
            Exit::Http(http) => http.inquire(inquiries, now),
            Exit::Spool(_) | Exit::Smtp(_) | Exit::Letter(_) | Exit::Agents | Exit::Sip(_) => {
                inquiries.iter().map(|_| Inquired::cannot_tell("not_asked")).collect()
            }
        };
        assert_eq!(answers.len(), inquiries.len(), "a provider answers every question");
        answers
    }

    /// The pages of a letter that the provider took; `None` for everything else.
    #[must_use]
    pub fn page_count(&self, message: MessageId) -> Option<u32> {
        match &self.exit {
            Exit::Letter(letters) => letters.page_count(message),
            Exit::Spool(_) | Exit::Smtp(_) | Exit::Smpp(_) | Exit::Http(_) | Exit::Agents | Exit::Sip(_) => {
                None
            }
        }
    }

    /// What the provider told of the messages that it took last, together with its answers: to be stored in the same
    /// transaction. Most tell later, by [`Provider::receipts`].
    pub fn told_at_once(&mut self) -> ToldAtOnce {
        match &mut self.exit {
            Exit::Sip(sip) => sip.told_at_once(),
            Exit::Spool(_)
            | Exit::Smtp(_)
            | Exit::Smpp(_)
            | Exit::Http(_)
            | Exit::Letter(_)
            | Exit::Agents => ToldAtOnce::default(),
        }
    }

    /// Hands over `messages` and answers for each, in order. `now` is the moment of handing over.
    ///
    /// A message of a channel that the provider does not serve is answered with [`Handover::Unavailable`].
    /// No message is begun whose permit has run out meanwhile: the time that the batch takes is added to `now`. After two
    /// minutes none is begun at all, and the rest is answered with [`Handover::Throttled`].
    pub fn hand_over(&mut self, messages: &[ClearedMessage], now: Timestamp) -> Vec<Handover> {
        let mut answers: Vec<Option<Handover>> =
            messages.iter().map(|message| self.refusal(message, now)).collect();
        let open: Vec<&ClearedMessage> =
            messages.iter().zip(&answers).filter(|(_, answer)| answer.is_none()).map(|(m, _)| m).collect();
        let given = match &mut self.exit {
            Exit::Spool(spool) => spool.hand_over(&open, now),
            Exit::Smtp(smtp) => smtp.hand_over(&open, now),
            Exit::Smpp(smpp) => smpp.hand_over(&open, now),
            Exit::Http(http) => http.hand_over(&open, now),
            Exit::Sip(sip) => sip.hand_over(&open, now),
            Exit::Agents => open.iter().map(|_| waits_for_agents()).collect(),
            Exit::Letter(letters) => letters.hand_over(&open, now),
        };
        assert_eq!(given.len(), open.len(), "a provider answers for every message");
        let mut given = given.into_iter();
        let missing = answers.iter_mut().filter(|answer| answer.is_none());
        missing.for_each(|answer| *answer = given.next());
        answers.into_iter().flatten().collect()
    }

    /// Why a message is not even offered to the provider.
    fn refusal(&self, message: &ClearedMessage, now: Timestamp) -> Option<Handover> {
        if message.expires_at() <= now {
            return Some(Handover::Expired);
        }
        let channel = message.channel();
        (!self.serves(channel)).then(|| Handover::Unavailable {
            code: "channel_not_served".to_owned(),
            detail: format!("provider {} does not serve {channel}; add it to its channels", self.name()),
        })
    }

    /// The receipts that have come in by `now` and were not acknowledged yet.
    ///
    /// # Errors
    /// A receipts file or folder that cannot be read. Rows that make no sense are not an error: they are
    /// listed in the batch and set aside.
    pub fn receipts(&mut self, now: Timestamp) -> Result<ReceiptBatch, DeliveryError> {
        match &mut self.exit {
            Exit::Spool(spool) => spool.receipts(),
            Exit::Letter(letters) => letters.receipts(now),
            // What is asked over HTTP calls us: see [`Callbacks`].
            Exit::Http(_) | Exit::Agents | Exit::Sip(_) => Ok(ReceiptBatch::empty()),
            Exit::Smtp(smtp) => smtp.receipts(now),
            Exit::Smpp(smpp) => Ok(smpp.receipts(now)),
        }
    }
}

impl ProviderTraits {
    /// The name from the configuration.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the provider takes messages of `channel`.
    #[must_use]
    pub fn serves(&self, channel: Channel) -> bool {
        self.channels.contains(&channel)
    }

    /// Whether the provider knows a message by its id, so that handing it over again is never a second message.
    ///
    /// Where it does not, a message whose answer was lost in a crash must be held to be unknown.
    #[must_use]
    pub fn knows_ids(&self) -> bool {
        self.knows_ids
    }

    /// Whether it is people, who fetch their tasks themselves: nothing is handed over to them.
    #[must_use]
    pub fn is_agents(&self) -> bool {
        self.is_agents
    }

    /// Whether receipts name messages by what the provider called them when it took them, so that its references
    /// must be kept.
    #[must_use]
    pub fn receipts_name_references(&self) -> bool {
        self.receipts_name_references
    }

    /// What receipts call the message or segment that the provider called `reference` when it took it.
    #[must_use]
    pub fn reference_in_receipts(&self, reference: &str) -> String {
        self.receipt_id.map_or_else(|| reference.to_owned(), |form| smpp::id_in_receipts(form, reference))
    }

    /// How the provider can be asked what became of a message.
    #[must_use]
    pub fn inquiries(&self) -> Inquiries {
        self.inquiries
    }

    /// Whether a batch takes as long as the calls that it is made of, so that the others go first.
    #[must_use]
    pub fn takes_long(&self) -> bool {
        self.batch_max.is_some()
    }

    /// How many calls make a batch that is over when they are; `None` for a provider that does not take long.
    #[must_use]
    pub fn batch_max(&self) -> Option<usize> {
        self.batch_max
    }

    /// Until when a message that has been ready since a moment waits for the hour at which this provider takes messages;
    /// `None` when it takes them now.
    #[must_use]
    pub fn waits_until(&self, since: Timestamp, now: Timestamp) -> Option<Timestamp> {
        self.cut_off.as_ref().and_then(|cut_off| cut_off.waits_until(since, now))
    }
}

impl Exit {
    fn traits(&self, config: &ProviderConfig) -> ProviderTraits {
        let knows_ids = match self {
            Self::Spool(_) | Self::Letter(_) => true,
            // The Message-ID stays the same, but mail servers deliver it twice all the same.
            Self::Smtp(_) => false,
            // It calls them by its own ids, which we learn from its answer.
            Self::Smpp(_) | Self::Http(_) => false,
            // Who was called is called a second time if asked again.
            Self::Agents | Self::Sip(_) => false,
        };
        let receipts_name_references = match self {
            Self::Spool(_) | Self::Smtp(_) | Self::Letter(_) | Self::Agents | Self::Sip(_) => false,
            Self::Smpp(_) | Self::Http(_) => true,
        };
        let inquiries = match self {
            // It knows messages by our ids: what it may have is handed over again, which asks and sends at once.
            Self::Spool(_) | Self::Letter(_) => Inquiries::None,
            // Mail comes back or does not; a trunk and agents tell at once what became of a call.
            Self::Smtp(_) | Self::Agents | Self::Sip(_) => Inquiries::None,
            Self::Smpp(_) => Inquiries::ByReference,
            Self::Http(http) => http.inquiries(),
        };
        ProviderTraits {
            inquiries,
            receipt_id: match &config.kind {
                ProviderKind::Smpp(smpp) => Some(smpp.receipt_id),
                _ => None,
            },
            name: config.name.clone(),
            channels: config.channels.clone(),
            knows_ids,
            is_agents: matches!(self, Self::Agents),
            receipts_name_references,
            batch_max: match &config.kind {
                // Those that end at once leave their lines to others.
                ProviderKind::Sip(sip) => Some(2 * sip.lines),
                _ => None,
            },
            cut_off: match &config.kind {
                ProviderKind::Letter(letters) => letter::CutOff::of(letters),
                _ => None,
            },
        }
    }
}

/// The answer for a message that is handed to agents: they take it themselves when they have time.
fn waits_for_agents() -> Handover {
    Handover::Deferred {
        code: "waits_for_agent".to_owned(),
        detail: "agents fetch their calls themselves".to_owned(),
    }
}

fn require_minutes(
    config: &ProviderConfig,
    setting: &'static str,
    minutes: u32,
    most: u32,
) -> Result<(), DeliveryError> {
    if (1..=most).contains(&minutes) {
        return Ok(());
    }
    Err(DeliveryError::Setting {
        provider: config.name.clone(),
        setting,
        complaint: wording!(
            "{minutes} 分钟不合理；请填 1 至 {most}",
            "{minutes} minutes make no sense; use 1 to {most}"
        ),
    })
}

fn require_only(config: &ProviderConfig, only: Channel, what: &Wording) -> Result<(), DeliveryError> {
    match config.channels.iter().find(|channel| **channel != only) {
        None => Ok(()),
        Some(channel) => Err(DeliveryError::Setting {
            provider: config.name.clone(),
            setting: "channels",
            complaint: Wording {
                zh: format!("{}不能承接渠道 {channel}；请只保留 {only}", what.zh),
                en: format!("{} cannot serve {channel}; leave only {only}", what.en),
            },
        }),
    }
}
