//! What these tests share: databases of both kinds, a small portfolio in which much goes on, and days of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};

use dunlin_domain::contact::{Channel, ContactPointKind, ContactPointState, Language, Party, Personal};
use dunlin_domain::customer_split::Security;
use dunlin_domain::date::{BusinessDate, Date, MonthDay, Timestamp};
use dunlin_domain::id::{PART_COUNT, Part};
use dunlin_domain::message::MessageState;
use dunlin_domain::money::Currency;
use dunlin_domain::pause::{PauseKind, PauseScope};
use dunlin_domain::terms::Component;
use dunlin_engine::delivery::{ProviderConfig, ProviderKind};
use dunlin_engine::import::{ImportOptions, ImportReport};
use dunlin_engine::pauses::NewPause;
use dunlin_engine::payment::Caller;
use dunlin_engine::portfolio::{
    AgreementRow, AgreementState, ContactPointRow, CustomerRow, DecimalAmount, Encoding, Format,
    ObligationRow, PastContactRow, PastOutcome, PaymentMovement, PaymentRow, PortfolioWriter, PurchaseRow,
    RefundRow,
};
use dunlin_engine::{
    Clock, Config, Engine, Lender, Location, ReceiptRow, ReceiptState, SpoolConfig, write_receipts,
};
use dunlin_store::{Param, message};

use crate::schema::Schema;

/// Customers of the portfolio, each with one agreement.
const CUSTOMER_COUNT: u32 = 24;

/// The first day that is run: two days before the first due date.
pub const FIRST_DAY: &str = "2026-02-08";

/// An engine on a database of its own; both are gone when dropped.
pub struct TestEngine {
    /// For messages: `sqlite` or `postgres`.
    pub name: &'static str,
    pub engine: Engine,
    pub folder: PathBuf,
    location: Location,
    fresh: AtomicU8,
    batch: AtomicU32,
    _schema: Option<Schema>,
    _folder: tempfile::TempDir,
}

/// One empty engine on each kind of database.
pub fn engines() -> [TestEngine; 2] {
    engines_in_spans_of(PART_COUNT)
}

/// The same, with so many parts to a span.
pub fn engines_in_spans_of(span_width: u16) -> [TestEngine; 2] {
    let [on_sqlite, on_postgres] = [(); 2].map(|()| tempfile::tempdir().expect("a temporary folder"));
    let file = Location::Sqlite(on_sqlite.path().join("dunlin.db"));
    let (schema, server) = Schema::create("books");
    [
        TestEngine::open("sqlite", file, span_width, None, on_sqlite),
        TestEngine::open("postgres", server, span_width, Some(schema), on_postgres),
    ]
}

/// An empty engine on SQLite, where the database makes no difference.
pub fn sqlite() -> TestEngine {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let location = Location::Sqlite(folder.path().join("dunlin.db"));
    TestEngine::open("sqlite", location, PART_COUNT, None, folder)
}

impl TestEngine {
    fn open(
        name: &'static str,
        location: Location,
        span_width: u16,
        schema: Option<Schema>,
        folder: tempfile::TempDir,
    ) -> Self {
        let path = folder.path().to_owned();
        let config = config(&path, &location, span_width, "test");
        let engine = Engine::open(config, moment("2026-01-01", 8), [7; 32]).expect("an engine opens");
        Self {
            name,
            engine,
            folder: path,
            location,
            fresh: AtomicU8::new(0),
            batch: AtomicU32::new(0),
            _schema: schema,
            _folder: folder,
        }
    }

    /// The same database, used by somebody else.
    pub fn as_actor(&self, actor: &str) -> Engine {
        let config = config(&self.folder, &self.location, PART_COUNT, actor);
        Engine::open(config, moment("2026-01-01", 8), [7; 32]).expect("an engine opens")
    }

    /// Imports a folder; every import has a moment of its own, later than every day of these tests.
    pub fn import(&self, folder: &Path) -> ImportReport {
        let options = ImportOptions {
            folder: folder.to_owned(),
            encoding: Encoding::Utf8,
            rejects_file: self.folder.join("rejects.csv"),
        };
        let now = moment("2026-12-31", 0).plus_seconds(i64::from(self.batch.fetch_add(1, Ordering::Relaxed)));
        let mut fresh = || [self.fresh.fetch_add(1, Ordering::Relaxed); 32];
        let report =
            self.engine.import(&options, now, &mut fresh, &mut |_| {}).expect("the folder is imported");
        let rejects = report.rejects_file.as_ref().map(|file| fs::read_to_string(file).expect("rejects"));
        assert_eq!(rejects, None, "{}: nothing is rejected", self.name);
        report
    }

    /// Imports the portfolio of [`portfolio`].
    pub fn import_portfolio(&self) {
        let folder = self.folder.join("portfolio");
        portfolio(&folder);
        self.import(&folder);
    }

    /// Runs the days from the first open one through `through`, and whatever is due to be sent on each.
    pub fn run_through(&self, through: &str) {
        let first = self
            .engine
            .last_closed_day()
            .expect("days are read")
            .map_or(date(FIRST_DAY), |closed| closed.0.plus_days(1));
        for day in first.days()..=date(through).days() {
            self.run_day(Date::from_days(day));
        }
    }

    /// Works one day and sends nothing.
    pub fn decide(&self, day: Date) {
        let now = move || Timestamp::at(day, 9, 0, &shanghai());
        self.engine.run_day(BusinessDate(day), &now, &|_| {}).expect("a day runs");
    }

    fn run_day(&self, day: Date) {
        self.decide(day);
        let sent_at = Timestamp::at(day, 10, 0, &shanghai());
        self.engine.dispatch(sent_at).expect("messages are sent");
        self.answer(day);
        self.engine.collect_receipts(sent_at.plus_seconds(3_600)).expect("receipts are read");
    }

    /// The gateway answers: one message in seven fails, one in eleven is never heard of again.
    fn answer(&self, day: Date) {
        let at = Timestamp::at(day, 10, 30, &shanghai());
        let rows: Vec<ReceiptRow> = self
            .messages(MessageState::Accepted)
            .into_iter()
            .filter(|message| message.id.0[5] % 11 != 0)
            .map(|message| {
                let fails = message.id.0[4] % 7 == 0;
                let state = if fails {
                    ReceiptState::Failed { code: "absent".to_owned() }
                } else {
                    ReceiptState::Delivered
                };
                ReceiptRow { message: message.id, state, at }
            })
            .collect();
        if !rows.is_empty() {
            write_receipts(&self.folder.join("spool"), &format!("receipts-{day}"), &rows)
                .expect("receipts are written");
        }
    }

    /// The messages in a state.
    pub fn messages(&self, state: MessageState) -> Vec<message::MessageRow> {
        let mut found = Vec::new();
        let read = self.engine.db().read(|tx| {
            for part in (0..PART_COUNT).map(Part::new) {
                message::each_of_part(tx, part, |message| {
                    if message.state == state {
                        found.push(message);
                    }
                    Ok(())
                })?;
            }
            Ok(())
        });
        read.expect("messages are read");
        found
    }

    /// Changes one row of the database behind the engine's back.
    pub fn tamper(&self, sql: &str, params: &[Param<'_>]) {
        let changed = self.engine.db().write(|tx| tx.execute(sql, params)).expect("the statement is right");
        assert_eq!(changed, 1, "{}: {sql}", self.name);
    }

    /// A pause of texts and mails.
    pub fn pause(&self, from: &str, through: &str) {
        let pause = NewPause {
            kind: PauseKind::Upgrade,
            scope: PauseScope {
                channels: vec![Channel::Sms, Channel::Email],
                products: Vec::new(),
                buckets: Vec::new(),
            },
            from: BusinessDate(date(from)),
            through: BusinessDate(date(through)),
            reason_zh: "系统升级".to_owned(),
            reason_en: "system upgrade".to_owned(),
            per_hour: None,
            customer: None,
        };
        let now = moment(from, 0);
        let pause = self.engine.add_pause(&pause, now).expect("a pause is asked for");
        let second = Caller { actor: "second person", now };
        self.engine.approve_pause(pause.id, "", second).expect("a pause is approved");
    }

    /// What verify finds wrong.
    pub fn problems(&self) -> Vec<String> {
        let report = self.engine.verify(&|_| {}).expect("the database can be read");
        assert_eq!(report.problem_count, report.problems.len() as u64, "{}", self.name);
        report.problems
    }

    /// Fails unless verify finds nothing wrong.
    pub fn assert_clean(&self) {
        assert_eq!(self.problems(), Vec::<String>::new(), "{}", self.name);
    }
}

fn config(folder: &Path, location: &Location, span_width: u16, actor: &str) -> Config {
    let spool = folder.join("spool");
    let provider = ProviderConfig {
        name: "spool".to_owned(),
        channels: Channel::ALL.to_vec(),
        kind: ProviderKind::Spool(SpoolConfig { folder: spool, durable: false }),
    };
    Config {
        location: location.clone(),
        folder: folder.to_owned(),
        master_key: None,
        providers: vec![provider],
        lender: Lender {
            name_zh: "示例消金".to_owned(),
            name_en: "Example Credit".to_owned(),
            hotline: "400-000-0000".to_owned(),
            zone: "Asia/Shanghai".to_owned(),
            letters: dunlin_engine::Letters::default(),
        },
        clock: Some(Clock::Business),
        // The same on both databases, so that verify names the same spans.
        span_width: Some(span_width),
        actor: actor.to_owned(),
        worker: "test:0".to_owned(),
    }
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

fn amount(text: &str) -> DecimalAmount {
    DecimalAmount::parse(text).expect("an amount")
}

/// Writes the portfolio: pay-later lines, cards and one line with obligations; people who pay in time, in part, late or
/// never; a returned payment, a refund, a customer without contact points, one who opted out, and one who was called before.
fn portfolio(folder: &Path) {
    let mut writer = PortfolioWriter::create(folder, Format::Csv).expect("an empty folder");
    for index in 0..CUSTOMER_COUNT {
        write_customer(&mut writer, index);
        write_agreement(&mut writer, index);
    }
    writer.finish().expect("the folder is written");
}

fn write_customer(writer: &mut PortfolioWriter, index: u32) {
    let customer_id = format!("C-{index}");
    let customer = CustomerRow {
        customer_id: customer_id.clone(),
        name: Personal::new(format!("王示例{index}")),
        language: if index.is_multiple_of(5) { Language::En } else { Language::Zh },
        zone: if index.is_multiple_of(7) { "Asia/Urumqi" } else { "Asia/Shanghai" }.to_owned(),
        segment: if index.is_multiple_of(6) { "gentle" } else { "standard" }.to_owned(),
        opt_out_channels: if index == 9 { vec![Channel::Sms, Channel::Voice] } else { Vec::new() },
    };
    writer.write(&customer).expect("a row");
    let point = |kind: ContactPointKind, value: String, priority: u32| ContactPointRow {
        contact_point_id: format!("CP-{index}-{}", kind.code()),
        customer_id: customer_id.clone(),
        kind,
        value: Personal::new(value),
        party: Party::Borrower,
        state: ContactPointState::Active,
        priority,
    };
    if index != 11 {
        writer.write(&point(ContactPointKind::Phone, format!("100{index:08}"), 1)).expect("a row");
    }
    if index.is_multiple_of(3) {
        let address = format!("c{index}@example.com");
        writer.write(&point(ContactPointKind::Email, address, 2)).expect("a row");
    }
}

fn write_agreement(writer: &mut PortfolioWriter, index: u32) {
    let agreement = format!("A-{index}");
    let is_card = index % 4 == 3;
    let row = AgreementRow {
        agreement_id: agreement.clone(),
        customer_id: format!("C-{index}"),
        product: if is_card { "card" } else { "baitiao" }.to_owned(),
        currency: Currency::CNY,
        opened_on: date("2026-01-05"),
        credit_limit: amount("8000.00"),
        statement_day: (index % 8 == 5).then_some(MonthDay::Last),
        reported: index % 10 == 4,
        state: AgreementState::Active,
        closed_on: None,
        security: Security::None,
    };
    writer.write(&row).expect("a row");
    if index == 2 {
        write_obligations(writer, &agreement);
    } else {
        write_purchases(writer, &agreement, index);
    }
    write_payments(writer, &agreement, index);
    if index == 6 {
        let contact = PastContactRow {
            contact_id: "K-6".to_owned(),
            customer_id: "C-6".to_owned(),
            agreement_id: Some(agreement),
            channel: Channel::Voice,
            sent_at: moment("2026-01-20", 11),
            outcome: PastOutcome::Unanswered,
            contact_point_id: None,
        };
        writer.write(&contact).expect("a row");
    }
}

fn write_obligations(writer: &mut PortfolioWriter, agreement: &str) {
    let obligations =
        [(Component::Principal, "350.00"), (Component::Interest, "4.20"), (Component::LateFee, "1.75")];
    for (component, text) in obligations {
        let row = ObligationRow {
            obligation_id: format!("O-{component}"),
            agreement_id: agreement.to_owned(),
            component,
            due_on: date("2026-02-10"),
            amount: amount(text),
            currency: Some(Currency::CNY),
        };
        writer.write(&row).expect("a row");
    }
}

fn write_purchases(writer: &mut PortfolioWriter, agreement: &str, index: u32) {
    let purchase = |id: &str, on: &str, text: &str, instalment_count: u32| PurchaseRow {
        purchase_id: id.to_owned(),
        agreement_id: agreement.to_owned(),
        purchased_on: date(on),
        amount: amount(text),
        instalment_count,
        merchant: index.is_multiple_of(2).then(|| "示例商城, 上海".to_owned()),
        currency: (index % 3 == 1).then_some(Currency::CNY),
    };
    writer.write(&purchase("P-1", "2026-01-08", "1200.00", 6)).expect("a row");
    writer.write(&purchase("P-2", "2026-01-09", &format!("{}.35", 40 + index * 31), 0)).expect("a row");
    if index % 4 == 1 {
        writer.write(&purchase("P-3", "2026-02-20", "233.10", 3)).expect("a row");
    }
    if index % 8 == 4 {
        let refund = RefundRow {
            refund_id: "R-1".to_owned(),
            agreement_id: agreement.to_owned(),
            purchase_id: "P-2".to_owned(),
            refunded_on: date("2026-02-15"),
            amount: amount("30.00"),
            currency: None,
        };
        writer.write(&refund).expect("a row");
    }
}

/// Received on, amount; then undone on, and whether the undoing repeats the amount.
type Movement = (&'static str, &'static str, Option<(&'static str, bool)>);

fn write_payments(writer: &mut PortfolioWriter, agreement: &str, index: u32) {
    let movements: &[Movement] = match index % 6 {
        0 => &[("2026-02-09", "2000.00", None)],
        1 => &[("2026-02-10", "100.00", None), ("2026-03-02", "900.00", None)],
        2 => &[("2026-02-09", "1500.00", Some(("2026-02-13", true))), ("2026-02-25", "3000.00", None)],
        3 => &[("2026-02-14", "60.00", Some(("2026-02-18", false))), ("2026-02-12", "20.00", None)],
        4 => &[("2026-02-19", "700.00", None)],
        _ => &[],
    };
    let write = |writer: &mut PortfolioWriter, id: String, on: &str, movement: PaymentMovement| {
        let row = PaymentRow {
            payment_id: id,
            agreement_id: agreement.to_owned(),
            paid_on: date(on),
            movement,
            currency: (index % 2 == 1).then_some(Currency::CNY),
        };
        writer.write(&row).expect("a row");
    };
    for (number, (on, text, undone)) in movements.iter().enumerate() {
        let id = format!("PAY-{number}");
        write(writer, id.clone(), on, PaymentMovement::Received { amount: amount(text) });
        if let Some((on, repeats_amount)) = undone {
            let amount = repeats_amount.then(|| amount(text));
            write(writer, format!("BACK-{number}"), on, PaymentMovement::Undone { reverses: id, amount });
        }
    }
}

/// A folder with a later feed: what the first one did not know.
pub fn feed(folder: &Path, payments: &[(&str, &str, &str, &str)]) {
    let mut writer = PortfolioWriter::create(folder, Format::Csv).expect("an empty folder");
    for (agreement, id, on, text) in payments {
        let movement = match text.strip_prefix("undo ") {
            Some(reverses) => PaymentMovement::Undone { reverses: reverses.to_owned(), amount: None },
            None => PaymentMovement::Received { amount: amount(text) },
        };
        let row = PaymentRow {
            payment_id: (*id).to_owned(),
            agreement_id: (*agreement).to_owned(),
            paid_on: date(on),
            movement,
            currency: None,
        };
        writer.write(&row).expect("a row");
    }
    writer.finish().expect("the folder is written");
}
