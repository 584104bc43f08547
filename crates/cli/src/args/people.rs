//! What can be typed about how customers are treated: `mode`, `strategy`.

use clap::builder::TypedValueParser;
use clap::{Args, Subcommand};
use dunlin_domain::date::Date;
use dunlin_domain::gentle_mode::{MODE_REASONS, ModeEffect};
use dunlin_domain::id::GentleModeId;
use dunlin_domain::reason::Reason;
use dunlin_engine::coverage_groups::CoverageBy;

use super::{date, one_of};

/// `mode`.
#[derive(Subcommand, Debug)]
pub enum Mode {
    /// Ask for a gentler line for a part of the portfolio
    Add(ModeAdd),
    /// Agree to a gentler mode that another person asked for; it is in force from then on
    Approve(ModeDecision),
    /// Refuse one that was asked for, or withdraw it
    Reject(ModeDecision),
    /// End one that is in force; the strategy says again what is done
    End(ModeEnd),
    /// Show all gentler modes
    List,
}

/// `mode add`.
#[derive(Args, Debug)]
pub struct ModeAdd {
    /// The reason that verdicts give
    #[arg(long, value_parser = mode_reason())]
    pub reason: Reason,
    /// What it does: no contact about what is overdue, or no calls
    #[arg(long, value_parser = mode_effect())]
    pub effect: ModeEffect,
    /// First business date
    #[arg(long, value_name = "D", value_parser = date)]
    pub from: Date,
    /// Last business date [default: until it is ended]
    #[arg(long, value_name = "D", value_parser = date)]
    pub through: Option<Date>,
    /// Only these products; may be repeated [default: all]
    #[arg(long, value_name = "CODE")]
    pub product: Vec<String>,
    /// Only these buckets; may be repeated [default: all]
    #[arg(long, value_name = "NAME")]
    pub bucket: Vec<String>,
    /// Only these segments; may be repeated [default: all]
    #[arg(long, value_name = "NAME")]
    pub segment: Vec<String>,
    /// Why, in words
    #[arg(long, value_name = "TEXT")]
    pub note: String,
}

/// `mode approve|reject`.
#[derive(Args, Debug)]
pub struct ModeDecision {
    /// Its id, as `mode list` shows it
    #[arg(value_name = "MODE", value_parser = mode_id)]
    pub id: GentleModeId,
    /// What there is to say about it
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub note: String,
}

/// `mode end`.
#[derive(Args, Debug)]
pub struct ModeEnd {
    /// Its id, as `mode list` shows it
    #[arg(value_name = "MODE", value_parser = mode_id)]
    pub id: GentleModeId,
}

/// `strategy`.
#[derive(Subcommand, Debug)]
pub enum Strategy {
    /// Say in words what two versions differ in, and who would be treated differently today and why
    Diff(StrategyDiff),
}

/// `strategy diff`.
#[derive(Args, Debug)]
pub struct StrategyDiff {
    /// The version to compare from: NAME@VERSION, NAME (its newest version), or a file
    #[arg(value_name = "A")]
    pub before: String,
    /// The version to compare with
    #[arg(value_name = "B")]
    pub after: String,
    /// The day whose portfolio is asked about [default: the last closed day]
    #[arg(long, value_name = "D", value_parser = date)]
    pub on: Option<Date>,
    /// Name each agreement that would be treated differently
    #[arg(long)]
    pub list: bool,
}

fn mode_id(text: &str) -> Result<GentleModeId, String> {
    GentleModeId::parse(text)
        .ok_or_else(|| "a mode's id begins with mod_; `dunlin mode list` shows them".to_owned())
}

fn mode_reason() -> impl TypedValueParser<Value = Reason> {
    one_of(MODE_REASONS.map(Reason::code), Reason::parse)
}

fn mode_effect() -> impl TypedValueParser<Value = ModeEffect> {
    one_of(ModeEffect::ALL.iter().map(|effect| effect.code()), ModeEffect::parse)
}

/// What coverage may be counted apart by.
pub fn coverage_by() -> impl TypedValueParser<Value = CoverageBy> {
    one_of(CoverageBy::ALL.map(CoverageBy::code), CoverageBy::parse)
}

/// `contact-point approve|reject`.
#[derive(Args, Debug)]
pub struct ContactDecision {
    /// The batch, as `contact-point requests` shows it
    pub batch: String,
    /// What there is to say about it
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub note: String,
}

/// `contact-point close-alarm`.
#[derive(Args, Debug)]
pub struct CloseAlarm {
    /// The day of the alarm
    #[arg(value_parser = date)]
    pub date: Date,
    /// What was found
    #[arg(long, value_name = "TEXT")]
    pub note: String,
}
