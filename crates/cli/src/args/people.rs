//! What can be typed about customers and how they are treated: `contact-point`, `customer`, `mode`, `privacy`, `template`,
//! `strategy`.

use crate::args::BadValue;
use dunlin_domain::wording;
use std::path::PathBuf;

use clap::builder::TypedValueParser;
use clap::{Args, Subcommand};
use dunlin_domain::contact::{Channel, Language, ProofKind};
use dunlin_domain::date::Date;
use dunlin_domain::gentle_mode::{MODE_REASONS, ModeEffect};
use dunlin_domain::id::GentleModeId;
use dunlin_domain::reason::Reason;
use dunlin_engine::coverage_groups::CoverageBy;
use dunlin_engine::privacy::Viewer;

use super::{date, one_of};

/// `contact-point`.
#[derive(Subcommand, Debug)]
pub enum ContactPoint {
    /// Take numbers or addresses out of use; nothing is erased, and the batch can be undone
    Remove(ContactPointRemove),
    /// Undo a removal; what was missed meanwhile is made good by the next day's run
    Restore(ContactPointRestore),
    /// Show where a customer's numbers and addresses come from, every change of them, and what proves them
    History(ContactPointHistory),
    /// Record what shows that a number or address is the person's
    Verify(ContactVerify),
    /// Agree to a large removal that another person asked for; it is carried out then
    Approve(ContactDecision),
    /// Refuse a large removal, or withdraw it
    Reject(ContactDecision),
    /// Show the large removals that were asked for
    Requests,
    /// All removals that were carried out, with the batch by which each is undone
    Batches,
    /// Show the days on which more was removed than is usual; exit code 1 while one is open
    Alarms,
    /// Close an alarm with what was found
    CloseAlarm(CloseAlarm),
}

/// `contact-point remove`.
#[derive(Args, Debug)]
pub struct ContactPointRemove {
    /// Customer and contact point, as the lender calls them
    #[arg(value_name = "CUSTOMER/POINT", required_unless_present = "file", conflicts_with = "file")]
    pub points: Vec<String>,
    /// A CSV file with the columns customer_id and contact_point_id instead
    #[arg(long, value_name = "CSV")]
    pub file: Option<PathBuf>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Only show whom it would touch
    #[arg(long)]
    pub preview: bool,
}

/// `contact-point restore`.
#[derive(Args, Debug)]
pub struct ContactPointRestore {
    /// The batch that the removal printed
    pub batch: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}

/// `contact-point history`.
#[derive(Args, Debug)]
pub struct ContactPointHistory {
    /// The customer, or a contact point of theirs, as the lender calls them or by our ids
    #[arg(value_name = "CUSTOMER[/POINT]")]
    pub customer: String,
}

/// `contact-point verify`.
#[derive(Args, Debug)]
pub struct ContactVerify {
    /// Customer and contact point, as the lender calls them
    #[arg(value_name = "CUSTOMER/POINT")]
    pub point: String,
    /// What shows it
    #[arg(long, value_parser = proof_kind())]
    pub how: ProofKind,
    /// The day, by the customer's calendar [default: today]
    #[arg(long, value_name = "D", value_parser = date)]
    pub on: Option<Date>,
    /// Where what shows it is kept: a recording, a ticket, a letter
    #[arg(long, value_name = "REF")]
    pub evidence: String,
}

fn proof_kind() -> impl TypedValueParser<Value = ProofKind> {
    one_of(ProofKind::ALL.iter().map(|kind| kind.code()), ProofKind::parse)
}

/// `customer`.
#[derive(Subcommand, Debug)]
pub enum Customer {
    /// Ask for two customers to be treated as one person
    Merge(CustomerMerge),
    /// Ask for a merge to be undone from today on
    Split(CustomerSplit),
    /// Agree to a merge or split that another person asked for; it holds from then on
    Approve(MergeDecision),
    /// Refuse one that was asked for, or withdraw it
    Reject(MergeDecision),
    /// Show the merges and splits that were asked for
    Requests,
    /// Show customers who may be one person; exit code 1 if there are some with one name
    Duplicates(CustomerDuplicates),
    /// Show who is the same person as a customer
    Show(CustomerShow),
}

/// `customer merge`.
#[derive(Args, Debug)]
pub struct CustomerMerge {
    /// The customer under whom both are counted, as the lender calls it or by our id (cus_…)
    pub person: String,
    /// The customer who is the same person
    pub customer: String,
    /// Why, in words
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}

/// `customer split`.
#[derive(Args, Debug)]
pub struct CustomerSplit {
    /// The customer who was merged into another
    pub customer: String,
    /// Why, in words
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}

/// `customer approve` and `customer reject`.
#[derive(Args, Debug)]
pub struct MergeDecision {
    /// The request, as `customer requests` shows it (mrg_…)
    pub request: String,
    /// What was looked at
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub note: String,
}

/// `customer duplicates`.
#[derive(Args, Debug)]
pub struct CustomerDuplicates {
    /// At most so many numbers and addresses that are looked at
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    pub most: usize,
}

/// `customer show`.
#[derive(Args, Debug)]
pub struct CustomerShow {
    /// The lender's id of the customer, or ours (cus_…)
    pub customer: String,
}

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

fn mode_id(text: &str) -> Result<GentleModeId, BadValue> {
    GentleModeId::parse(text).ok_or_else(|| {
        BadValue(wording!(
            "柔性安排的编号以 mod_ 开头；可用 `dunlin mode list` 查看",
            "a mode's id begins with mod_; `dunlin mode list` shows them"
        ))
    })
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

/// `privacy`.
#[derive(Subcommand, Debug)]
pub enum Privacy {
    /// Show everything that is held about a customer, as JSON
    Access(PrivacyAccess),
    /// The same to read
    Copy(PrivacyAccess),
    /// Correct a name, or a number or address; what was there before is kept sealed
    Correct(PrivacyCorrect),
    /// Restrict the data: kept, and used for nothing, until it is ended
    Restrict(PrivacyWish),
    /// End a restriction
    Unrestrict(PrivacyEnd),
    /// Delete: erased where no law asks to keep the data, else restricted until it does not
    Delete(PrivacyWish),
    /// Erase the data of restricted customers for whom no law asks to keep them any more
    EraseDue,
    /// Show what was done with a customer's data
    Log(PrivacyLog),
}

/// `privacy access|copy`.
#[derive(Args, Debug)]
pub struct PrivacyAccess {
    /// The lender's id of the customer, or ours (cus_…)
    pub customer: String,
    /// Who looks: the person, staff (numbers masked), or an agency (what it needs to call)
    #[arg(long = "as", value_name = "ROLE", value_parser = viewer(), default_value = "person")]
    pub viewer: Viewer,
    /// Write it to a file
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// `privacy correct`.
#[derive(Args, Debug)]
pub struct PrivacyCorrect {
    /// The lender's id of the customer, or ours (cus_…)
    pub customer: String,
    /// The right name
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// The number or address that is wrong, as the lender calls it
    #[arg(long, value_name = "POINT", requires = "value")]
    pub point: Option<String>,
    /// What it should be
    #[arg(long, value_name = "VALUE", requires = "point")]
    pub value: Option<String>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}

/// `privacy restrict|delete`.
#[derive(Args, Debug)]
pub struct PrivacyWish {
    /// The lender's id of the customer, or ours (cus_…)
    pub customer: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Where what proves it is kept
    #[arg(long, value_name = "TEXT")]
    pub evidence: String,
}

/// `privacy unrestrict`.
#[derive(Args, Debug)]
pub struct PrivacyEnd {
    /// The lender's id of the customer, or ours (cus_…)
    pub customer: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// What proves that the customer took a wish for deletion back, where one is under way
    #[arg(long, value_name = "TEXT")]
    pub withdrawn: Option<String>,
}

/// `privacy log`.
#[derive(Args, Debug)]
pub struct PrivacyLog {
    /// The lender's id of the customer, or ours (cus_…)
    pub customer: String,
}

fn viewer() -> impl TypedValueParser<Value = Viewer> {
    one_of(Viewer::ALL.map(Viewer::code), Viewer::parse)
}

/// `template`.
#[derive(Subcommand, Debug)]
pub enum Template {
    /// Submit a version; it is used when another person has approved it
    Submit(TemplateSubmit),
    /// Approve a version that another person submitted
    Approve(TemplateDecision),
    /// Reject a version, with what is to be changed
    Reject(TemplateDecision),
    /// Show the versions that were submitted
    List,
    /// Show a text with the real data of an agreement; exit code 1 when it has forbidden words
    Preview(TemplatePreview),
}

/// `template submit`.
#[derive(Args, Debug)]
pub struct TemplateSubmit {
    /// The document, TOML
    pub file: PathBuf,
}

/// `template approve|reject`.
#[derive(Args, Debug)]
pub struct TemplateDecision {
    /// NAME@VERSION, as `template list` shows it
    pub name: String,
    /// What there is to say about it
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub note: String,
}

/// `template preview`.
#[derive(Args, Debug)]
pub struct TemplatePreview {
    /// NAME@VERSION, submitted or in force, or NAME for its newest version in force
    pub name: String,
    /// The agreement whose data are shown
    #[arg(long, value_name = "ID")]
    pub agreement: String,
    /// The channel
    #[arg(long, value_parser = super::channel())]
    pub channel: Channel,
    /// The language of the text [default: the customer's]
    #[arg(long = "in", value_name = "LANGUAGE", value_parser = super::language())]
    pub language: Option<Language>,
    /// The day [default: the last closed day]
    #[arg(long, value_name = "D", value_parser = date)]
    pub on: Option<Date>,
}
