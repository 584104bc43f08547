//! A small lender with a real engine behind a real socket: four agreements, of which one is overdue and reached,
//! two are overdue without a number, and one pays; and days that were run.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;

use dunlin_domain::contact::{Channel, Personal};
use dunlin_domain::date::{BusinessDate, Date, Timestamp};
use dunlin_engine::delivery::{ProviderConfig, ProviderKind};
use dunlin_engine::import::ImportOptions;
use dunlin_engine::payment::settings::{Gateway, PaymentSettings};
use dunlin_engine::payment::waiver::WaiverPolicy;
use dunlin_engine::portfolio::Encoding;
use dunlin_engine::{Clock, Config, Engine, Lender, Location, SpoolConfig};
use tempfile::TempDir;
use tokio::runtime::Runtime;

const CUSTOMERS: &str = "customer_id,name\nC-1,王晓明\nC-2,李静\nC-3,陈东\n";
const CONTACT_POINTS: &str = "contact_point_id,customer_id,kind,value\n\
    CP-1,C-1,phone,13812345678\nCP-3,C-3,phone,13912345678\n";
const AGREEMENTS: &str = "agreement_id,customer_id,product,currency,opened_on,credit_limit\n\
    A-1,C-1,baitiao,CNY,2025-06-01,8000.00\n\
    \"A/2 <b>\",C-2,baitiao,CNY,2025-06-01,8000.00\n\
    A-3,C-3,baitiao,CNY,2025-06-01,8000.00\n\
    A-4,C-2,baitiao,CNY,2025-06-01,8000.00\n";
const OBLIGATIONS: &str = "obligation_id,agreement_id,component,due_on,amount\n\
    O-1,A-1,principal,2026-01-10,1350.00\n\
    O-1,\"A/2 <b>\",principal,2026-01-10,820.50\n\
    O-1,A-3,principal,2026-01-10,350.00\n\
    O-1,A-4,principal,2026-01-10,61.00\n";
const PAYMENTS: &str = "payment_id,agreement_id,paid_on,amount\nPAY-1,A-3,2026-01-09,350.00\n";

/// The secret of the gateway `paygate`.
pub const SECRET: &str = "a secret of the test, long enough";

/// The console of a lender, answering on a free port until it is dropped.
pub struct Console {
    address: SocketAddr,
    /// The engine behind it.
    pub engine: Arc<Engine>,
    // The order matters: the server stops before its data go.
    _runtime: Runtime,
    _folder: TempDir,
}

/// What the console answered.
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The header lines, in small letters.
    pub head: String,
    /// The body.
    pub body: String,
}

impl Console {
    /// With the days from 2026-01-09 run through `last`.
    pub fn after(last: &str) -> Self {
        Self::open(Some(last))
    }

    /// Before the first day.
    pub fn before_the_first_day() -> Self {
        Self::open(None)
    }

    fn open(last: Option<&str>) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let engine = engine(folder.path());
        import(&engine, folder.path());
        if let Some(last) = last {
            run_days(&engine, day("2026-01-09"), day(last));
        }
        let runtime = Runtime::new().expect("threads");
        let settings = PaymentSettings {
            gateways: vec![Gateway {
                name: "paygate".to_owned(),
                secret: Personal::new(SECRET),
                window_seconds: 300,
            }],
            waiver: WaiverPolicy { alone_max: "0.50".to_owned(), expiry_days: 7 },
            ..PaymentSettings::default()
        };
        let engine = engine.with_payments(settings);
        let engine = Arc::new(engine);
        let router = dunlin_server::router(Arc::clone(&engine), Arc::new(now));
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).expect("a free port");
        let address = listener.local_addr().expect("a bound address");
        runtime.spawn(async { axum::serve(listener, router).await });
        Self { address, engine, _runtime: runtime, _folder: folder }
    }

    /// Asks for `path` by the console's own name, with further header lines.
    pub fn get(&self, path: &str, headers: &[&str]) -> Reply {
        self.get_as(&self.address.to_string(), path, headers)
    }

    /// Sends `body` to `path`, with further header lines.
    pub fn post(&self, path: &str, headers: &[&str], body: &str) -> Reply {
        let length = format!("Content-Length: {}", body.len());
        let headers: Vec<&str> = headers.iter().copied().chain([length.as_str()]).collect();
        self.ask("POST", &self.address.to_string(), path, &headers, body)
    }

    /// Asks for `path` by the name `host`.
    pub fn get_as(&self, host: &str, path: &str, headers: &[&str]) -> Reply {
        self.ask("GET", host, path, headers, "")
    }

    fn ask(&self, method: &str, host: &str, path: &str, headers: &[&str], body: &str) -> Reply {
        let mut stream = TcpStream::connect(self.address).expect("the console answers");
        let headers: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{headers}\r\n{body}"
        )
        .expect("a request is sent");
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("a response in UTF-8");
        let (head, body) = text.split_once("\r\n\r\n").expect("a response has a head");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        Reply { status, head: head.to_lowercase(), body: body.to_owned() }
    }
}

/// A day written as `YYYY-MM-DD`.
fn day(text: &str) -> Date {
    Date::parse(text).expect("a day of the calendar")
}

/// The moment at which everything happens that is asked for.
pub fn now() -> Timestamp {
    Timestamp::at(day("2026-02-01"), 10, 0, &jiff::tz::TimeZone::UTC)
}

fn engine(folder: &Path) -> Engine {
    let spool = SpoolConfig { folder: folder.join("spool"), durable: false };
    let config = Config {
        location: Location::Sqlite(folder.join("dunlin.db")),
        folder: folder.to_owned(),
        master_key: None,
        providers: vec![ProviderConfig {
            name: "spool".to_owned(),
            channels: Channel::ALL.to_vec(),
            kind: ProviderKind::Spool(spool),
        }],
        lender: Lender {
            name_zh: "示例消费金融".to_owned(),
            name_en: "Sample Finance".to_owned(),
            hotline: "400-000-0000".to_owned(),
            zone: "Asia/Shanghai".to_owned(),
            letters: dunlin_engine::Letters::default(),
        },
        clock: Some(Clock::Business),
        span_width: None,
        actor: "test".to_owned(),
        worker: "test".to_owned(),
    };
    Engine::open(config, now(), [7; 32]).expect("an empty folder can be opened")
}

fn import(engine: &Engine, folder: &Path) {
    let portfolio = folder.join("portfolio");
    std::fs::create_dir(&portfolio).expect("a folder");
    let tables = [
        ("customers", CUSTOMERS),
        ("contact_points", CONTACT_POINTS),
        ("agreements", AGREEMENTS),
        ("obligations", OBLIGATIONS),
        ("payments", PAYMENTS),
    ];
    for (name, text) in tables {
        std::fs::write(portfolio.join(format!("{name}.csv")), text).expect("a file");
    }
    let options = ImportOptions {
        folder: portfolio,
        encoding: Encoding::Utf8,
        rejects_file: folder.join("rejects.csv"),
    };
    let mut key = 0_u8;
    let mut fresh_key = || {
        key += 1;
        [key; 32]
    };
    let report = engine.import(&options, now(), &mut fresh_key, &mut |_| {}).expect("the portfolio is sound");
    assert_eq!(report.rejected(), 0, "rows were rejected");
}

fn run_days(engine: &Engine, first: Date, last: Date) {
    for day in first.days()..=last.days() {
        let date = BusinessDate(Date::from_days(day));
        engine.run_day(date, &now, &|_| {}).expect("the day is run");
        let morning = Timestamp::at(date.0, 10, 0, engine.zone());
        engine.dispatch(morning).expect("messages are sent");
    }
}
