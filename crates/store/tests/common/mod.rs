//! Real databases for tests: the same case on SQLite and on PostgreSQL.

use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};

use dunlin_store::{Db, Location};

/// A database of its own for one test; gone when dropped.
pub struct TestDatabase {
    /// For messages: `sqlite` or `postgres`.
    pub name: &'static str,
    /// Where it is, to open it a second time.
    pub location: Location,
    /// Open.
    pub db: Db,
    _keeper: Keeper,
}

enum Keeper {
    Folder(
        #[expect(dead_code, reason = "held for its destructor, which removes the folder")] tempfile::TempDir,
    ),
    Server {
        url: String,
        database: String,
    },
}

impl fmt::Display for TestDatabase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.name, self.location)
    }
}

/// One empty database of each kind.
pub fn databases() -> Vec<TestDatabase> {
    vec![sqlite(), postgres()]
}

/// An empty SQLite file in a folder of its own.
pub fn sqlite() -> TestDatabase {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let location = Location::Sqlite(folder.path().join("test.db"));
    let db = Db::open(&location).expect("a fresh SQLite file opens");
    TestDatabase { name: "sqlite", location, db, _keeper: Keeper::Folder(folder) }
}

/// An empty database on the server that `DUNLIN_TEST_POSTGRES` names.
pub fn postgres() -> TestDatabase {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let url = server_url();
    let database = format!("dunlin_test_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    admin(&url, &format!("create database {database}"));
    let location = Location::Postgres(with_database(&url, &database));
    let db = Db::open(&location).expect("a fresh PostgreSQL database opens");
    TestDatabase { name: "postgres", location, db, _keeper: Keeper::Server { url, database } }
}

/// Runs one statement as the server's superuser, outside the database under test.
pub fn admin(url: &str, sql: &str) {
    let mut client = postgres::Client::connect(url, postgres::NoTls)
        .expect("the server named by DUNLIN_TEST_POSTGRES answers");
    client.batch_execute(sql).expect("the test's superuser may do this");
}

/// The URL of the scratch server.
pub fn server_url() -> String {
    std::env::var("DUNLIN_TEST_POSTGRES")
        .expect("DUNLIN_TEST_POSTGRES is not set; run ./test, which starts one")
}

fn with_database(url: &str, database: &str) -> String {
    let (address, options) = match url.split_once('?') {
        Some((address, options)) => (address, format!("?{options}")),
        None => (url, String::new()),
    };
    let (scheme, rest) = address.split_once("://").expect("DUNLIN_TEST_POSTGRES is a postgres:// URL");
    let host = rest.split('/').next().unwrap_or_default();
    format!("{scheme}://{host}/{database}{options}")
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if let Keeper::Server { url, database } = &self._keeper {
            // Connections of the pool may still be open.
            admin(url, &format!("drop database if exists {database} with (force)"));
        }
    }
}
