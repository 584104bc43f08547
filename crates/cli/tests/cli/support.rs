//! A folder with a small portfolio in it, and the program run there.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use expect_test::Expect;
use serde_json::Value;
use tempfile::TempDir;

use crate::database::TestDatabase;

/// The day on which every run happens, after all facts of the portfolio; each is a second after the one before.
pub const TODAY: &str = "2026-06-01";

/// The tables of the portfolio: two customers, one of whom pays.
pub const TABLES: [(&str, &str); 6] = [
    ("customers.csv", "customer_id,name,language\nC-1,王示例,zh\nC-2,Example Li,en\n"),
    (
        "contact_points.csv",
        "contact_point_id,customer_id,kind,value\nCP-1,C-1,phone,10012345678\nCP-2,C-1,email,c-1@example.com\n\
         CP-3,C-2,email,c-2@example.com\n",
    ),
    ("products.csv", "product,version,effective_from,document\nbaitiao,1,2026-01-01,shipped:baitiao\n"),
    (
        "agreements.csv",
        "agreement_id,customer_id,product,currency,opened_on,credit_limit,statement_day\n\
         A-1,C-1,baitiao,CNY,2026-01-05,8000.00,15\nA-2,C-2,baitiao,CNY,2026-01-10,5000.00,15\n",
    ),
    (
        "purchases.csv",
        "purchase_id,agreement_id,purchased_on,amount,instalment_count\n\
         P-1,A-1,2026-01-08,1200.00,6\nP-2,A-1,2026-01-09,350.00,0\nP-3,A-2,2026-01-11,90.00,0\n",
    ),
    ("payments.csv", "payment_id,agreement_id,paid_on,amount,reverses\nPAY-1,A-2,2026-01-20,90.00,\n"),
];

/// A folder of its own for one test. The program runs in it and is told nothing by the machine's environment.
pub struct Place {
    folder: TempDir,
    database: Option<TestDatabase>,
    runs: Cell<u32>,
}

impl Place {
    /// An empty place.
    pub fn empty() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder"), database: None, runs: Cell::new(0) }
    }

    /// A place with the portfolio in the folder `may`, not imported.
    pub fn with_portfolio() -> Self {
        let place = Self::empty();
        for (name, text) in TABLES {
            place.write(&format!("may/{name}"), text);
        }
        place
    }

    /// A place with the portfolio imported.
    pub fn imported() -> Self {
        let place = Self::with_portfolio();
        place.run(&["import", "may"]).check_exit(0);
        place
    }

    /// One place with the portfolio, not imported, on each kind of database.
    pub fn portfolios_on_both() -> [Self; 2] {
        let database = Some(TestDatabase::copy("cli", "template1"));
        [Self::with_portfolio(), Self { database, ..Self::with_portfolio() }]
    }

    /// One imported place on each kind of database.
    pub fn imported_on_both() -> [Self; 2] {
        [Self::imported(), Self::imported_on_postgres()]
    }

    /// The same, with the data on the PostgreSQL server that `DUNLIN_TEST_POSTGRES` names.
    pub fn imported_on_postgres() -> Self {
        let place = Self::portfolio_on_postgres();
        place.run(&["import", "may"]).check_exit(0);
        place
    }

    /// The portfolio, not imported, for data on that server.
    pub fn portfolio_on_postgres() -> Self {
        Self { database: Some(TestDatabase::copy("cli", "template1")), ..Self::with_portfolio() }
    }

    /// Whether its data lie on the PostgreSQL server for tests.
    pub fn is_on_postgres(&self) -> bool {
        self.database.is_some()
    }

    /// The messages that lie in the spool.
    pub fn spooled(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut folders = vec![self.path("dunlin-data/spool")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).expect("the spool is there") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "json") {
                    found.push(path);
                }
            }
        }
        found
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file, and its folder where that is missing.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a file lies in a folder")).expect("a folder");
        std::fs::write(path, content).expect("a file in a temporary folder");
    }

    /// Replaces `old`, which must be there, in a file.
    pub fn edit(&self, name: &str, old: &str, new: &str) {
        let text = self.read(name);
        assert!(text.contains(old), "{name} has no {old:?}");
        self.write(name, text.replace(old, new));
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub fn command(&self, program: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(self.folder.path()).stdin(Stdio::null());
        for (name, _) in
            std::env::vars().filter(|(name, _)| name.starts_with("DUNLIN_") || name.starts_with("LC_"))
        {
            command.env_remove(name);
        }
        let runs = self.runs.replace(self.runs.get() + 1);
        let now = format!("{TODAY}T09:{:02}:{:02}+08:00", runs / 60, runs % 60);
        command.env("DUNLIN_NOW", now).env("DUNLIN_ACTOR", "tester").env("LANG", "en_US.UTF-8");
        if let Some(database) = &self.database {
            command.env("DUNLIN_DATABASE", &database.url);
        }
        command
    }

    /// Runs the program.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        Ran(self.command(Path::new(PROGRAM), arguments).output().expect("the built program runs"))
    }

    /// Runs the program on a machine whose zone is `zone`.
    pub fn run_in_zone(&self, zone: &str, arguments: &[&str]) -> Ran {
        let mut command = self.command(Path::new(PROGRAM), arguments);
        Ran(command.env("TZ", zone).output().expect("the built program runs"))
    }

    /// Runs the program with `--json`, and reads its result.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let ran = self.run(&[arguments, &["--json"]].concat());
        let text = ran.stdout();
        assert!(text.ends_with('\n') && !text.trim().contains('\n'), "one line: {text}");
        serde_json::from_str(&text)
            .unwrap_or_else(|error| panic!("{arguments:?}: {error}: {text}{}", ran.stderr()))
    }
}

/// The built program.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_dunlin");

/// What a run came to.
pub struct Ran(pub Output);

impl Ran {
    pub fn stdout(&self) -> String {
        String::from_utf8(self.0.stdout.clone()).expect("the program writes UTF-8")
    }

    /// What was complained of, without the warning about the server for tests, which may lose data on purpose.
    pub fn stderr(&self) -> String {
        let all = String::from_utf8(self.0.stderr.clone()).expect("the program writes UTF-8");
        let is_about_server = |line: &&str| line.contains("PostgreSQL") && line.contains("fsync");
        all.split_inclusive('\n').filter(|line| !is_about_server(line)).collect()
    }

    /// What was said about the server for tests.
    pub fn warnings(&self) -> String {
        let all = String::from_utf8(self.0.stderr.clone()).expect("the program writes UTF-8");
        all.lines().filter(|line| line.contains("fsync")).collect()
    }

    pub fn check_exit(&self, code: i32) -> &Self {
        assert_eq!(self.0.status.code(), Some(code), "{}{}", self.stdout(), self.stderr());
        self
    }

    /// Exit code, standard output and standard error, each only where there is some.
    pub fn check(&self, expected: Expect) -> &Self {
        let exit = self.0.status.code().map_or_else(|| "killed".to_owned(), |code| format!("exit {code}"));
        let lines = self.stdout() + &self.stderr();
        let lines: Vec<&str> = lines.lines().map(str::trim_end).collect();
        expected.assert_eq(&format!("{exit}\n{}\n", lines.join("\n")));
        self
    }
}
