//! A database of its own for a test, on either server, with any number of engines on it, and a portfolio.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};

use dunlin_domain::contact::{Channel, ContactPointKind, ContactPointState, Language, Party, Personal};
use dunlin_domain::customer_split::Security;
use dunlin_domain::date::{BusinessDate, Date, Timestamp};
use dunlin_domain::money::Currency;
use dunlin_engine::delivery::{ProviderConfig, ProviderKind};
use dunlin_engine::import::ImportOptions;
use dunlin_engine::payment::Caller;
use dunlin_engine::portfolio::{
    AgreementRow, AgreementState, ContactPointRow, CustomerRow, DecimalAmount, Encoding, Format,
    PaymentMovement, PaymentRow, PortfolioWriter, PurchaseRow,
};
use dunlin_engine::{Clock, Config, Engine, Lender, Location, SpoolConfig};

use crate::schema::Schema;

/// Two days before the first due date.
pub const FIRST_DAY: &str = "2026-02-08";

/// Parts of a span, the same on both databases, so that they can be compared.
const SPAN_WIDTH: u16 = 64;

/// A database and a folder; both are gone when dropped.
pub struct Ground {
    /// For messages: `sqlite` or `postgres`.
    pub name: &'static str,
    pub folder: PathBuf,
    location: Location,
    span_width: u16,
    import_count: AtomicU32,
    _schema: Option<Schema>,
    _folder: tempfile::TempDir,
}

/// An empty ground on each kind of database.
pub fn grounds() -> [Ground; 2] {
    [sqlite(), postgres()]
}

pub fn sqlite() -> Ground {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let location = Location::Sqlite(folder.path().join("dunlin.db"));
    Ground::new("sqlite", location, None, folder)
}

pub fn postgres() -> Ground {
    let (schema, location) = Schema::create("concurrency");
    Ground::new("postgres", location, Some(schema), tempfile::tempdir().expect("a temporary folder"))
}

/// A database on a server whose sessions are in `zone`.
pub fn postgres_in_zone(zone: &str) -> Ground {
    let (schema, location) = Schema::create("concurrency");
    let location = match location {
        Location::Postgres(url) => {
            Location::Postgres(format!("{url}%20-c%20timezone%3D{}", zone.replace('/', "%2F")))
        }
        Location::Sqlite(path) => Location::Sqlite(path),
    };
    Ground::new("postgres", location, Some(schema), tempfile::tempdir().expect("a temporary folder"))
}

impl Ground {
    fn new(
        name: &'static str,
        location: Location,
        schema: Option<Schema>,
        folder: tempfile::TempDir,
    ) -> Self {
        let path = folder.path().to_owned();
        let import_count = AtomicU32::new(0);
        let span_width = SPAN_WIDTH;
        Self { name, folder: path, location, span_width, import_count, _schema: schema, _folder: folder }
    }

    /// The same with so many parts to a span; before the first engine.
    pub fn in_spans_of(self, span_width: u16) -> Self {
        Self { span_width, ..self }
    }

    /// How an engine is opened here. Workers of different names are machines of their own, so that none believes
    /// to know whether another is gone.
    pub fn config(&self, worker: &str) -> Config {
        let spool = SpoolConfig { folder: self.folder.join("spool"), durable: false };
        Config {
            location: self.location.clone(),
            folder: self.folder.clone(),
            master_key: None,
            providers: vec![ProviderConfig {
                name: "spool".to_owned(),
                channels: Channel::ALL.to_vec(),
                kind: ProviderKind::Spool(spool),
            }],
            lender: Lender {
                name_zh: "示例消金".to_owned(),
                name_en: "Example Credit".to_owned(),
                hotline: "400-000-0000".to_owned(),
                zone: "Asia/Shanghai".to_owned(),
                letters: dunlin_engine::Letters::default(),
            },
            clock: Some(Clock::Business),
            span_width: Some(self.span_width),
            actor: "test".to_owned(),
            worker: format!("{worker}:{}", std::process::id()),
        }
    }

    pub fn engine(&self, worker: &str) -> Engine {
        Engine::open(self.config(worker), moment(FIRST_DAY, 0), [7; 32]).expect("an engine opens")
    }

    /// The same by the wall clock, which the caller is.
    pub fn engine_in_real_time(&self, worker: &str) -> Engine {
        let config = Config { clock: Some(Clock::Real), ..self.config(worker) };
        Engine::open(config, moment(FIRST_DAY, 0), [7; 32]).expect("an engine opens")
    }

    /// Writes a folder by `write` and imports it at `now`.
    pub fn import(&self, engine: &Engine, now: Timestamp, write: impl FnOnce(&mut PortfolioWriter)) {
        let number = self.import_count.fetch_add(1, Ordering::Relaxed);
        let folder = self.folder.join(format!("portfolio-{number}"));
        let mut writer = PortfolioWriter::create(&folder, Format::Csv).expect("an empty folder");
        write(&mut writer);
        writer.finish().expect("the folder is written");
        import_folder(engine, &folder, now);
    }

    /// Imports so many customers, each with an agreement.
    pub fn import_people(&self, engine: &Engine, now: Timestamp, count: u32) {
        self.import(engine, now, |writer| {
            for index in 0..count {
                customer(writer, index);
                agreement(writer, index, index);
            }
        });
    }

    /// The ids of the messages in the spool.
    ///
    /// # Panics
    /// When a message lies there twice.
    pub fn spooled(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut folders = vec![self.folder.join("spool")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).expect("a folder of the spool") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "json") {
                    found.push(path.file_stem().expect("a name").to_string_lossy().into_owned());
                }
            }
        }
        found.sort_unstable();
        let count = found.len();
        found.dedup();
        assert_eq!(found.len(), count, "{}: a message lies in the spool twice", self.name);
        found
    }
}

fn import_folder(engine: &Engine, folder: &Path, now: Timestamp) {
    let options = ImportOptions {
        folder: folder.to_owned(),
        encoding: Encoding::Utf8,
        rejects_file: folder.with_extension("rejects.csv"),
    };
    let mut number = 0_u8;
    let mut fresh = || {
        number = number.wrapping_add(1);
        [number; 32]
    };
    let report = engine.import(&options, now, &mut fresh, &mut |_| {}).expect("the folder is imported");
    let rejects = report.rejects_file.map(|file| std::fs::read_to_string(file).expect("rejects"));
    assert_eq!(rejects, None, "nothing is rejected");
}

/// A clock that goes a millisecond further whenever it is looked at, until it is set further on.
pub struct StepClock(AtomicI64);

impl StepClock {
    pub fn new(start: Timestamp) -> Self {
        Self(AtomicI64::new(start.micros()))
    }

    pub fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.fetch_add(1_000, Ordering::Relaxed))
    }

    pub fn pass_seconds(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000_000, Ordering::Relaxed);
    }
}

/// Runs `days` days from `from` on, and sends nothing.
pub fn run_days(engine: &Engine, from: &str, days: i32) {
    let clock = StepClock::new(moment(from, 9));
    for day in days_from(from, days) {
        engine.run_day(day, &|| clock.now(), &|_| {}).expect("a day runs");
    }
}

pub fn days_from(from: &str, days: i32) -> impl Iterator<Item = BusinessDate> {
    let first = date(from);
    (0..days).map(move |index| BusinessDate(first.plus_days(index)))
}

pub fn shanghai() -> jiff::tz::TimeZone {
    jiff::tz::TimeZone::get("Asia/Shanghai").expect("a known zone")
}

pub fn date(text: &str) -> Date {
    Date::parse(text).expect("a day of the calendar")
}

pub fn moment(day: &str, hour: i8) -> Timestamp {
    Timestamp::at(date(day), hour, 0, &shanghai())
}

/// A portfolio of `count` customers with one agreement each, who pay in time, late, in part or never.
pub fn portfolio(writer: &mut PortfolioWriter, count: u32) {
    for index in 0..count {
        customer(writer, index);
        agreement(writer, index, index);
        let payments: &[(&str, &str)] = match index % 6 {
            0 => &[("2026-02-09", "2000.00")],
            1 => &[("2026-02-10", "100.00"), ("2026-02-14", "900.00")],
            2 => &[("2026-02-12", "1500.00")],
            3 => &[("2026-02-13", "60.00")],
            _ => &[],
        };
        for (number, (on, amount)) in (0..).zip(payments) {
            pay(writer, index, number, on, amount);
        }
    }
}

/// Customer `C-index` with a phone, and some with a mail address; one in nine has neither.
pub fn customer(writer: &mut PortfolioWriter, index: u32) {
    let opted_out = if index % 11 == 3 { vec![Channel::Sms] } else { Vec::new() };
    customer_who_opted_out(writer, index, opted_out);
}

/// The same, who opted out of these channels.
pub fn customer_who_opted_out(writer: &mut PortfolioWriter, index: u32, opt_out_channels: Vec<Channel>) {
    let customer_id = format!("C-{index}");
    let row = CustomerRow {
        customer_id: customer_id.clone(),
        name: Personal::new(format!("王示例{index}")),
        language: if index.is_multiple_of(5) { Language::En } else { Language::Zh },
        zone: if index.is_multiple_of(7) { "Asia/Urumqi" } else { "Asia/Shanghai" }.to_owned(),
        segment: "standard".to_owned(),
        opt_out_channels,
    };
    writer.write(&row).expect("a row");
    let mut point = |kind: ContactPointKind, value: String, priority: u32| {
        let row = ContactPointRow {
            contact_point_id: format!("CP-{index}-{}", kind.code()),
            customer_id: customer_id.clone(),
            kind,
            value: Personal::new(value),
            party: Party::Borrower,
            state: ContactPointState::Active,
            priority,
        };
        writer.write(&row).expect("a row");
    };
    if index % 9 != 5 {
        point(ContactPointKind::Phone, format!("100{index:08}"), 1);
        if index.is_multiple_of(3) {
            point(ContactPointKind::Email, format!("c{index}@example.com"), 2);
        }
    }
}

/// Agreement `A-index` of customer `C-customer`, on which two purchases are due from 2026-02-10 on.
pub fn agreement(writer: &mut PortfolioWriter, index: u32, customer: u32) {
    let agreement_id = format!("A-{index}");
    let row = AgreementRow {
        agreement_id: agreement_id.clone(),
        customer_id: format!("C-{customer}"),
        product: "baitiao".to_owned(),
        currency: Currency::CNY,
        opened_on: date("2026-01-05"),
        credit_limit: amount("8000.00"),
        statement_day: None,
        reported: false,
        state: AgreementState::Active,
        closed_on: None,
        security: Security::None,
    };
    writer.write(&row).expect("a row");
    let purchases = [("P-1", "1200.00".to_owned(), 6), ("P-2", format!("{}.35", 40 + index % 90), 0)];
    for (id, text, instalment_count) in purchases {
        let row = PurchaseRow {
            purchase_id: id.to_owned(),
            agreement_id: agreement_id.clone(),
            purchased_on: date("2026-01-08"),
            amount: amount(&text),
            instalment_count,
            merchant: None,
            currency: None,
        };
        writer.write(&row).expect("a row");
    }
}

/// Payment number `number` of an agreement.
pub fn pay(writer: &mut PortfolioWriter, agreement: u32, number: u32, on: &str, text: &str) {
    payment(
        writer,
        agreement,
        format!("PAY-{number}"),
        on,
        PaymentMovement::Received { amount: amount(text) },
    );
}

/// The return of payment number `number`.
pub fn take_back(writer: &mut PortfolioWriter, agreement: u32, number: u32, on: &str) {
    let movement = PaymentMovement::Undone { reverses: format!("PAY-{number}"), amount: None };
    payment(writer, agreement, format!("BACK-{number}"), on, movement);
}

fn payment(writer: &mut PortfolioWriter, agreement: u32, id: String, on: &str, movement: PaymentMovement) {
    let row = PaymentRow {
        payment_id: id,
        agreement_id: format!("A-{agreement}"),
        paid_on: date(on),
        movement,
        currency: None,
    };
    writer.write(&row).expect("a row");
}

fn amount(text: &str) -> DecimalAmount {
    DecimalAmount::parse(text).expect("an amount")
}

/// Imports a strategy and has a second person approve it.
pub fn in_force(engine: &Engine, file: &str, text: &str, now: Timestamp) {
    let done = engine.import_policy(file, text, now).expect("the document is taken");
    assert!(done.is_pending, "{done:?}");
    let name = format!("{}/{}@{}", done.kind, done.name, done.version);
    engine.approve_policy(&name, "", Caller { actor: "second", now }).expect("a second person approves it");
}
