//! What can be typed about planned stops: `pause`.

use crate::args::BadValue;
use clap::builder::TypedValueParser;
use clap::{Args, Subcommand};
use dunlin_domain::contact::Channel;
use dunlin_domain::date::Date;
use dunlin_domain::id::PauseId;
use dunlin_domain::pause::PauseKind;
use dunlin_domain::wording;

use super::{channel, date, one_of};

/// `pause`.
#[derive(Subcommand, Debug)]
pub enum Pause {
    /// Ask for a stop of contact for some days: notices that are due are held, one fresh notice follows
    Add(PauseAdd),
    /// Agree to a pause that another person asked for; it is in force from then on
    Approve(PauseDecision),
    /// Refuse a pause that was asked for, or withdraw it
    Reject(PauseDecision),
    /// End a pause before its last day
    End(PauseEnd),
    /// Show all pauses
    List,
}

/// `pause add`.
#[derive(Args, Debug)]
pub struct PauseAdd {
    /// Why
    #[arg(long, value_parser = pause_kind())]
    pub kind: PauseKind,
    /// First business date
    #[arg(long, value_name = "D", value_parser = date)]
    pub from: Date,
    /// Last business date
    #[arg(long, value_name = "D", value_parser = date)]
    pub through: Date,
    /// What customers and staff are told, in Chinese
    #[arg(long, value_name = "TEXT")]
    pub reason_zh: String,
    /// The same in English
    #[arg(long, value_name = "TEXT")]
    pub reason_en: String,
    /// Only these channels; may be repeated [default: all]
    #[arg(long, value_parser = channel())]
    pub channel: Vec<Channel>,
    /// Only these products; may be repeated [default: all]
    #[arg(long, value_name = "CODE")]
    pub product: Vec<String>,
    /// Only these buckets; may be repeated [default: all]
    #[arg(long, value_name = "NAME")]
    pub bucket: Vec<String>,
    /// The most notices an hour that go out when it ends [default: all at once]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub per_hour: Option<u32>,
    /// What the customer is told of it, in Chinese [default: the usual sentence]
    #[arg(long, value_name = "TEXT", requires = "customer_en")]
    pub customer_zh: Option<String>,
    /// The same in English
    #[arg(long, value_name = "TEXT", requires = "customer_zh")]
    pub customer_en: Option<String>,
    /// Only show who would be affected and how many notices would be held
    #[arg(long)]
    pub preview: bool,
}

/// `pause approve|reject`.
#[derive(Args, Debug)]
pub struct PauseDecision {
    /// Its id, as `pause list` shows it
    #[arg(value_name = "PAUSE", value_parser = pause_id)]
    pub id: PauseId,
    /// What there is to say about it
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub note: String,
}

/// `pause end`.
#[derive(Args, Debug)]
pub struct PauseEnd {
    /// Its id, as `pause list` shows it
    #[arg(value_name = "PAUSE", value_parser = pause_id)]
    pub id: PauseId,
}

fn pause_id(text: &str) -> Result<PauseId, BadValue> {
    PauseId::parse(text).ok_or_else(|| {
        BadValue(wording!(
            "暂停的编号以 pau_ 开头；可用 `dunlin pause list` 查看",
            "a pause's id begins with pau_; `dunlin pause list` shows them"
        ))
    })
}

fn pause_kind() -> impl TypedValueParser<Value = PauseKind> {
    one_of(PauseKind::ALL.iter().map(|kind| kind.code()), PauseKind::parse)
}
