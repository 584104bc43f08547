//! Does: commands, queries and the day, by loading, deciding and writing.
//!
//! [`Engine`] is the one handle: every command, query and worker goes through it. It reads no clock and draws
//! no random number: the moment and fresh bytes are arguments.

pub mod ageing;
pub mod bank_file;
pub mod books;
pub mod call_tasks;
pub mod calls;
mod capacity;
mod chain;
pub mod checkout;
pub mod circumstances;
pub mod contact_bulk;
mod contact_correct;
pub mod contact_data;
pub mod contact_history;
pub mod costs;
pub mod coverage;
pub mod coverage_costs;
pub mod coverage_groups;
pub mod day_page;
pub mod day_run;
pub mod detail_words;
pub mod detect;
pub mod dispatch;
pub mod document;
mod error;
mod evidence;
mod exits;
pub mod explain;
pub mod export;
mod guard;
mod hex;
pub mod import;
pub mod inspect;
mod letters;
pub mod line;
pub mod losses;
pub mod measures;
pub mod modes;
pub mod offer;
mod opt_outs;
pub mod pauses;
pub mod payment;
pub mod persons;
mod policies;
pub mod policy;
pub mod policy_requests;
pub mod portfolio;
pub mod privacy;
mod record;
pub mod replies;
mod second_person;
pub mod servicing;
mod set_aside;
pub mod statement_document;
pub mod statements;
pub mod strategy_diff;
pub mod templates;
mod text_id;
pub mod tiers;
pub mod verify;
pub mod view;
pub mod watch;
mod what_if;
pub mod why;
mod worker;

use dunlin_domain::wording;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use dunlin_delivery::{Callbacks, Provider, ProviderConfig, ProviderKind, Routing};
use dunlin_domain::contact::Language;
use dunlin_domain::date::{BusinessDate, Date, Timestamp};
use dunlin_domain::id::{AgreementId, PART_COUNT, Part};
use dunlin_store::agreement::{self, AgreementRow};
use dunlin_store::cipher::MasterKey;
use dunlin_store::message::StateChange;
use dunlin_store::{Db, Dialect, Tx, audit, migrate, run};

use self::exits::Exits;

pub use dunlin_delivery as delivery;
pub use dunlin_delivery::{
    DeliveryError, ReceiptRow, ReceiptState, SmtpConfig, SmtpSecurity, SpoolConfig, write_receipts,
};
pub use dunlin_store::{Location, StoreError};
pub use error::EngineError;
pub use policies::{Policies, PolicyImport};

/// The lender, as customers know it.
#[derive(Clone, Debug)]
pub struct Lender {
    /// Its name in Chinese.
    pub name_zh: String,
    /// Its name in English.
    pub name_en: String,
    /// The number to call with questions and objections.
    pub hotline: String,
    /// The zone of its books, an IANA name.
    pub zone: String,
    /// What its statements and letters say beyond that.
    pub letters: Letters,
}

/// What a lender's statements and letters say of it, as far as it wants to say it, and how PDFs are set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Letters {
    /// The postal address in Chinese.
    pub address_zh: Option<String>,
    /// The postal address in English.
    pub address_en: Option<String>,
    /// The website.
    pub website: Option<String>,
    /// The mail address for questions and objections.
    pub email: Option<String>,
    /// How to pay, in Chinese.
    pub payment_zh: Option<String>,
    /// How to pay, in English.
    pub payment_en: Option<String>,
    /// The font of PDFs; `None` for one that the system has.
    pub font: Option<PathBuf>,
}

impl Letters {
    /// The postal address in a language.
    #[must_use]
    pub fn address(&self, language: Language) -> Option<&str> {
        match language {
            Language::Zh => self.address_zh.as_deref(),
            Language::En => self.address_en.as_deref(),
        }
    }

    /// How to pay, in a language.
    #[must_use]
    pub fn payment(&self, language: Language) -> Option<&str> {
        match language {
            Language::Zh => self.payment_zh.as_deref(),
            Language::En => self.payment_en.as_deref(),
        }
    }
}

impl Lender {
    /// The name in a language.
    #[must_use]
    pub fn name(&self, language: Language) -> &str {
        match language {
            Language::Zh => &self.name_zh,
            Language::En => &self.name_en,
        }
    }
}

/// What says which moment a business day is run at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// The wall clock: a day that is over can no longer be contacted for.
    Real,
    /// Each day at nine in the morning of its own date: for rehearsals and for replaying history.
    Business,
}

/// How a process runs.
#[derive(Clone)]
pub struct Config {
    /// Where the data lies.
    pub location: Location,
    /// The folder of the key file and the spool.
    pub folder: PathBuf,
    /// The master key, if it does not come from the folder.
    pub master_key: Option<String>,
    /// The ways out of the house; each channel goes by the first that serves it.
    pub providers: Vec<ProviderConfig>,
    /// The lender.
    pub lender: Lender,
    /// What a day's moment is; `None`: the wall clock as soon as a provider other than the spool is there.
    pub clock: Option<Clock>,
    /// How many parts a worker holds at a time; `None`: as fits the database. Kept at the first start.
    pub span_width: Option<u16>,
    /// Who acts: named in the audit log.
    pub actor: String,
    /// This process among those that share the database; names its leases.
    pub worker: String,
}

/// The audit range of sending: no span of parts begins with it.
const SENDING_RANGE: u16 = 1;

/// Hours after which a message about a day is out of date.
pub const MESSAGE_VALIDITY_HOURS: i64 = 24;

/// The open system.
pub struct Engine {
    db: Db,
    master: MasterKey,
    config: Config,
    clock: Clock,
    zone: jiff::tz::TimeZone,
    span_width: u16,
    exits: Exits,
    /// How messages are shared out to providers, by their names; the others by default.
    routing: BTreeMap<String, Routing>,
    /// Messages that are claimed and handed over at a time.
    batch_count: usize,
    /// How providers bring receipts, by their names.
    callbacks: BTreeMap<String, Callbacks>,
    /// The codes that providers put before numbers without a plus: how answers find their customers.
    country_codes: Vec<String>,
    payments: payment::settings::PaymentSettings,
    /// What one person may remove of contact data alone.
    contact_limits: contact_bulk::ContactLimits,
    canaries: Vec<watch::canary::Canary>,
    /// Whole years for which data are kept after the end of the business.
    retention_years: u16,
    /// The policy documents as last compiled, with their number.
    compiled: Mutex<Option<(i64, Arc<Policies>)>>,
}

impl Engine {
    /// Opens the database, bringing it to this program's schema, and the providers.
    ///
    /// `fresh_key` is used as master key if this is a new folder. The shipped policy documents are imported
    /// into a new database.
    ///
    /// # Errors
    /// When the database, the key, a provider or a setting cannot be used.
    pub fn open(mut config: Config, now: Timestamp, fresh_key: [u8; 32]) -> Result<Self, EngineError> {
        let zone = zone_of(&config.lender.zone)?;
        std::fs::create_dir_all(&config.folder).map_err(|error| EngineError::Refused {
            code: "folder",
            complaint: wording!(
                "无法创建文件夹 {}：{error}；请用 --data 指定其他位置",
                "folder {} cannot be made: {error}; name another with --data",
                config.folder.display()
            ),
        })?;
        let db = Db::open(&config.location)?;
        migrate::migrate(&db, now)?;
        let has_data = db.read(|tx| Ok(run::setting(tx, "key_fingerprint")?.is_some()))?;
        let master = open_master_key(&config, has_data, fresh_key)?;
        let width = config.span_width.unwrap_or(match db.dialect() {
            Dialect::Sqlite => PART_COUNT,
            Dialect::Postgres => 64,
        });
        let fingerprint = master.fingerprint();
        let span_width = db.write(|tx| settle_settings(tx, width, &fingerprint))?;
        for provider in &mut config.providers {
            match &mut provider.kind {
                ProviderKind::Smtp(smtp) => smtp.link_key = Some(master.link_key()),
                ProviderKind::Letter(letters) => letters.printer = Some(letters::printer(&config.lender)),
                ProviderKind::Spool(_)
                | ProviderKind::Smpp(_)
                | ProviderKind::Http(..)
                | ProviderKind::Agents(_)
                | ProviderKind::Sip(_) => {}
            }
        }
        let providers = config.providers.iter().map(Provider::open).collect::<Result<Vec<_>, _>>()?;
        let is_rehearsal =
            config.providers.iter().all(|provider| matches!(provider.kind, ProviderKind::Spool(_)));
        let clock = config.clock.unwrap_or(if is_rehearsal { Clock::Business } else { Clock::Real });
        if clock == Clock::Business && !is_rehearsal {
            return Err(EngineError::Refused {
                code: "clock",
                complaint: wording!(
                    "业务时钟（business）会把过去日期的消息发给真实客户；只能与 spool（落盘）服务商一起使用，或去掉 --clock business",
                    "the business clock would send messages of past days to real people; \
                            use it with the spool only, or take --clock business away"
                ),
            });
        }
        let exits = Exits::new(providers);
        let calling = config.providers.iter().filter_map(|provider| {
            let callbacks = Callbacks::new(&provider.name, provider.kind.callbacks()?.clone());
            Some((provider.name.clone(), callbacks))
        });
        let callbacks = calling.collect();
        let codes = config.providers.iter().filter_map(|provider| provider.kind.country_code());
        let country_codes: BTreeSet<String> = codes.map(str::to_owned).collect();
        let payments = payment::settings::PaymentSettings::default();
        let engine = Self {
            db,
            master,
            config,
            clock,
            zone,
            span_width,
            exits,
            routing: BTreeMap::new(),
            batch_count: dispatch::BATCH_COUNT,
            callbacks,
            country_codes: country_codes.into_iter().collect(),
            payments,
            contact_limits: contact_bulk::ContactLimits::default(),
            canaries: Vec::new(),
            retention_years: privacy::RETENTION_YEARS_DEFAULT,
            compiled: Mutex::default(),
        };
        engine.import_shipped_policies(now)?;
        Ok(engine)
    }

    /// The same engine with other settings of payments than the defaults.
    #[must_use]
    pub fn with_payments(self, payments: payment::settings::PaymentSettings) -> Self {
        Self { payments, ..self }
    }

    /// The same engine with another way of sharing messages out to its providers than the default.
    #[must_use]
    pub fn with_routing(self, routing: BTreeMap<String, Routing>) -> Self {
        Self { routing, ..self }
    }

    /// The same engine, which hands over at most so many messages at a time, and at least one. What is in hand when a process
    /// ends may be unknown: two batches of it.
    #[must_use]
    pub fn with_batch_count(self, batch_count: usize) -> Self {
        Self { batch_count: batch_count.max(1), ..self }
    }

    /// The same engine, whose commits go through `gate`: for rehearsals of crashes.
    #[must_use]
    pub fn with_commit_gate(self, gate: dunlin_store::AskGate) -> Self {
        Self { db: self.db.with_commit_gate(gate), ..self }
    }

    /// The clock in use.
    #[must_use]
    pub fn clock(&self) -> Clock {
        self.clock
    }

    /// The lender.
    #[must_use]
    pub fn lender(&self) -> &Lender {
        &self.config.lender
    }

    /// The folder of the key file and the spool.
    #[must_use]
    pub fn folder(&self) -> &std::path::Path {
        &self.config.folder
    }

    /// Where the data lies, without credentials.
    #[must_use]
    pub fn place(&self) -> &str {
        self.db.place()
    }

    /// The database below, for the bare writes of a benchmark.
    #[must_use]
    pub fn db(&self) -> &Db {
        &self.db
    }

    /// Which database it is: `sqlite` or `postgres`.
    #[must_use]
    pub fn database_kind(&self) -> &'static str {
        match self.db.dialect() {
            Dialect::Sqlite => "sqlite",
            Dialect::Postgres => "postgres",
        }
    }

    /// The zone of the lender's books.
    #[must_use]
    pub fn zone(&self) -> &jiff::tz::TimeZone {
        &self.zone
    }

    /// The last value date of any fact.
    ///
    /// # Errors
    /// What the database says.
    pub fn last_fact_on(&self) -> Result<Option<Date>, EngineError> {
        Ok(self.db.read(agreement::last_fact_on)?)
    }

    /// First and last business date that were begun.
    ///
    /// # Errors
    /// What the database says.
    pub fn day_range(&self) -> Result<Option<(BusinessDate, BusinessDate)>, EngineError> {
        Ok(self.db.read(run::day_range)?)
    }

    /// The last business date that is closed.
    ///
    /// # Errors
    /// What the database says.
    pub fn last_closed_day(&self) -> Result<Option<BusinessDate>, EngineError> {
        Ok(self.db.read(|tx| run::last_closed_day(tx, self.span_width))?)
    }

    /// The date on which a change made now is looked at. Before the first day: the distant past, so that
    /// whichever day comes first sees it.
    fn wake_date(&self, tx: &mut Tx<'_>) -> Result<Date, StoreError> {
        Ok(run::open_date(tx)?.unwrap_or(Date::from_days(0)))
    }

    /// The agreement that the lender calls `name`, or with our id `name`.
    fn find_agreement(&self, tx: &mut Tx<'_>, name: &str) -> Result<AgreementRow, EngineError> {
        let id = AgreementId::parse(name).unwrap_or_else(|| AgreementId::of_external(name));
        let found = agreement::find(tx, id)?;
        found.ok_or_else(|| EngineError::NotFound { what: "agreement", name: name.to_owned() })
    }

    /// Notes in the audit log which way messages went, with a hash over all of them. Sending has a range of its own,
    /// so that its order, which is that of the wall clock, does not mix with that of the books.
    fn audit_messages(
        &self,
        tx: &mut Tx<'_>,
        action: &str,
        changes: &[StateChange],
        cause: &str,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let Some(first) = changes.first() else { return Ok(()) };
        let mut moves: BTreeMap<String, usize> = BTreeMap::new();
        let mut hasher = blake3::Hasher::new();
        for change in changes {
            *moves.entry(format!("{} to {}", change.from, change.state)).or_default() += 1;
            hasher.update(&change.id.0);
            hasher.update(change.state.code().as_bytes());
        }
        let moves: Vec<String> = moves.into_iter().map(|(way, count)| format!("{count} {way}")).collect();
        let subject = format!("{} messages from {} on", changes.len(), first.id);
        let after = format!("{}, digest {}", moves.join(", "), hasher.finalize().to_hex());
        let actor = &self.config.actor;
        let entry =
            audit::Entry { at, actor, action, subject: &subject, before: None, after: Some(&after), cause };
        audit::append(tx, Part::new(SENDING_RANGE), &entry).map(|_| ())
    }

    /// Writes one entry into the audit log's common range.
    fn audit(&self, tx: &mut Tx<'_>, entry: &audit::Entry<'_>) -> Result<(), StoreError> {
        audit::append(tx, Part::new(0), entry).map(|_| ())
    }
}

fn zone_of(name: &str) -> Result<jiff::tz::TimeZone, EngineError> {
    jiff::tz::TimeZone::get(name).map_err(|_| EngineError::Refused {
        code: "zone",
        complaint: wording!(
            "时区“{name}”无法识别；请用 IANA 时区名，如 Asia/Shanghai",
            "time zone {name:?} is unknown; use an IANA name such as Asia/Shanghai"
        ),
    })
}

fn open_master_key(config: &Config, has_data: bool, fresh: [u8; 32]) -> Result<MasterKey, EngineError> {
    if let Some(text) = &config.master_key {
        return Ok(MasterKey::parse("DUNLIN_MASTER_KEY", text).map_err(StoreError::Cipher)?);
    }
    let path = config.folder.join("master.key");
    // With data in the database a new key could open nothing of it, so it must be found, not made.
    let key =
        if has_data { MasterKey::read_file(&path) } else { MasterKey::read_or_create_file(&path, fresh) };
    Ok(key.map_err(StoreError::Cipher)?)
}

/// Fixes at the first start what may not change afterwards.
fn settle_settings(tx: &mut Tx<'_>, width: u16, fingerprint: &str) -> Result<u16, StoreError> {
    if run::settle_setting(tx, "key_fingerprint", fingerprint)? != fingerprint {
        return Err(StoreError::Data {
            what: "the master key is not the one this database was made with; give the right key file or \
                   DUNLIN_MASTER_KEY"
                .to_owned(),
        });
    }
    let text = run::settle_setting(tx, "span_width", &width.to_string())?;
    text.parse().map_err(|_| StoreError::Data { what: format!("span width {text:?}") })
}
