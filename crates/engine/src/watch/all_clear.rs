//! The all clear: a signed statement of what the last sweep found, for a monitor on another machine, which so watches the
//! watcher. It says until when it is good; that none came which is good any more is the alarm.
//!
//! Signed with Ed25519 by a key that comes from the master key, so that whoever checks it needs the public key only and
//! cannot make one up.

use dunlin_domain::wording;
use dunlin_domain::wording::Wording;
use std::fmt;

use dunlin_domain::date::Timestamp;
use dunlin_store::watch;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use serde::{Deserialize, Serialize};

use super::{open_channels, provider_stream};
use crate::{Engine, EngineError, hex};

/// The shortest time for which an all clear is good, seconds.
const GOOD_SECONDS_MIN: i64 = 300;
/// How a channel is called of which a provider says that it takes nothing.
const CHANNEL_DOWN: &str = "channel_down";
/// The name of the form.
const FORM: &str = "dunlin.all_clear.1";

/// What is signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// The form, which is one of its kind.
    pub form: String,
    /// Whose portfolio it is: the database, without credentials.
    pub place: String,
    /// When the last sweep looked.
    pub watched_at: String,
    /// Until when this is good.
    pub valid_until: String,
    /// The last business day that was run.
    pub last_day: Option<String>,
    /// Incidents that are open, by code and stream.
    pub open: Vec<String>,
}

/// A statement and its signature, as they are handed out.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AllClear {
    /// The [`Statement`] as the very text that was signed.
    pub statement: String,
    /// The Ed25519 signature of that text, in hexadecimal digits.
    pub signature: String,
    /// The public key, in hexadecimal digits. Whoever checks compares it with the one that was handed over.
    pub key: String,
}

/// Why an all clear is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotClear {
    /// It cannot be read.
    Unreadable,
    /// It was not signed with the key.
    Forged,
    /// It is good no more: nobody has watched since.
    TooOld {
        /// Until when it was.
        valid_until: String,
    },
    /// Incidents are open, by code and stream.
    Incidents(Vec<String>),
}

impl NotClear {
    /// What is wrong and what would be right, in both languages.
    #[must_use]
    pub fn wording(&self) -> Wording {
        match self {
            Self::Unreadable => wording!(
                "这不是平安声明；请使用 `dunlin all-clear` 写出的内容",
                "this is no all clear; take what `dunlin all-clear` writes"
            ),
            Self::Forged => wording!(
                "该声明不是用此密钥签名的；请与 `dunlin all-clear key` 给出的比对",
                "this was not signed with the key; compare it with what `dunlin all-clear key` says",
            ),
            Self::TooOld { valid_until } => {
                wording!(
                    "未按时监测：该声明的有效期至 {valid_until}；请启动 `dunlin watch`",
                    "nobody has watched in time: this was good until {valid_until}; start `dunlin watch`"
                )
            }
            Self::Incidents(open) => wording!("未关闭的事故：{}", "open: {}", open.join(", ")),
        }
    }
}

impl fmt::Display for NotClear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.wording().en)
    }
}

/// Whether `document` is an all clear that was signed with `key`, is good at `now`, and speaks of no incident.
///
/// # Errors
/// [`NotClear`] says why not.
pub fn check(document: &str, key: &str, now: Timestamp) -> Result<Statement, NotClear> {
    let all_clear: AllClear = serde_json::from_str(document).map_err(|_| NotClear::Unreadable)?;
    let key = hex::decode(key.trim()).ok_or(NotClear::Forged)?;
    let signature = hex::decode(&all_clear.signature).ok_or(NotClear::Forged)?;
    UnparsedPublicKey::new(&ED25519, key)
        .verify(all_clear.statement.as_bytes(), &signature)
        .map_err(|_| NotClear::Forged)?;
    let statement: Statement =
        serde_json::from_str(&all_clear.statement).map_err(|_| NotClear::Unreadable)?;
    let until = statement.valid_until.parse::<jiff::Timestamp>().map_err(|_| NotClear::Unreadable)?;
    if statement.form != FORM {
        return Err(NotClear::Unreadable);
    }
    if now.micros() > until.as_microsecond() {
        return Err(NotClear::TooOld { valid_until: statement.valid_until });
    }
    if !statement.open.is_empty() {
        return Err(NotClear::Incidents(statement.open));
    }
    Ok(statement)
}

impl Engine {
    fn all_clear_pair(&self) -> Result<Ed25519KeyPair, EngineError> {
        Ed25519KeyPair::from_seed_unchecked(&self.master.statement_key()).map_err(|error| {
            EngineError::Refused {
                code: "all_clear",
                complaint: wording!(
                    "无法生成签名密钥：{error}",
                    "the key for signing cannot be made: {error}"
                ),
            }
        })
    }

    /// The public key by which an all clear of this portfolio is checked, in hexadecimal digits.
    ///
    /// # Errors
    /// Never, unless the library refuses a seed.
    pub fn all_clear_key(&self) -> Result<String, EngineError> {
        Ok(hex::encode(self.all_clear_pair()?.public_key().as_ref()))
    }

    /// What the last sweep found, signed. It is good for three rounds of the watch from that sweep on, five minutes at least,
    /// whenever it is asked for.
    ///
    /// # Errors
    /// `all_clear` when nobody ever watched; what the database says.
    pub fn all_clear(&self, now: Timestamp) -> Result<AllClear, EngineError> {
        let signs = self.db.read(watch::signs)?;
        let sweep = signs.into_iter().find(|sign| sign.kind == "watcher");
        let Some(sweep) = sweep else {
            let complaint = wording!(
                "至今没有进行过监测；请启动 `dunlin watch` 或 `dunlin work`",
                "nobody has watched so far; start `dunlin watch` or `dunlin work`"
            );
            return Err(EngineError::Refused { code: "all_clear", complaint });
        };
        let (incidents, channels) =
            self.db.read(|tx| Ok((watch::incidents_since(tx, now)?, open_channels(tx)?)))?;
        let own = incidents.iter().filter(|incident| incident.closed_at.is_none());
        let mut open: Vec<String> = own
            .map(|incident| format!("{} {}", incident.code, incident.stream))
            .chain(channels.iter().map(|incident| {
                format!("{CHANNEL_DOWN} {}", provider_stream(incident.channel, &incident.provider))
            }))
            .collect();
        open.sort();
        let good_seconds = (3 * sweep.every_seconds).max(GOOD_SECONDS_MIN);
        let statement = Statement {
            form: FORM.to_owned(),
            place: self.place().to_owned(),
            watched_at: sweep.at.to_string(),
            valid_until: sweep.at.plus_seconds(good_seconds).to_string(),
            last_day: self.last_closed_day()?.map(|day| day.to_string()),
            open,
        };
        let text = serde_json::to_string(&statement).map_err(|error| EngineError::Refused {
            code: "all_clear",
            complaint: wording!("无法写出平安声明：{error}", "the statement cannot be written: {error}"),
        })?;
        let pair = self.all_clear_pair()?;
        Ok(AllClear {
            signature: hex::encode(pair.sign(text.as_bytes()).as_ref()),
            statement: text,
            key: hex::encode(pair.public_key().as_ref()),
        })
    }
}
