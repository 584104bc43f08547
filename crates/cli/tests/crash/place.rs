//! A data folder with a generated portfolio, on either database, and the program run on it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::database::TestDatabase;

/// The built program.
const PROGRAM: &str = env!("CARGO_BIN_EXE_dunlin");

/// A worker holds so many parts at a time: with few of them a day is many transactions, on SQLite as well. A kill
/// takes nothing that the kernel has, so the spool need not wait for the disk.
fn configuration(parts_held: u32) -> String {
    let spool = "[[provider]]\nkind = \"spool\"\nname = \"spool\"\ndurable = false\n";
    format!("parts_held = {parts_held}\nclock = \"business\"\n\n{spool}")
}

/// The file that closes the spool for text messages.
const CLOSED: &str = "closed-sms";

/// Which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    Postgres,
}

/// A data folder, and its database.
pub struct Place {
    pub kind: Kind,
    folder: TempDir,
    database: Option<TestDatabase>,
    now: RefCell<Option<String>>,
}

impl Place {
    /// A place with a generated portfolio, imported.
    pub fn imported(kind: Kind, seed: u64, customers: u32, parts_held: u32) -> Self {
        let database = (kind == Kind::Postgres).then(|| TestDatabase::copy("crash", "template1"));
        let folder = tempfile::tempdir().expect("a temporary folder");
        let place = Self { kind, folder, database, now: RefCell::new(None) };
        fs::create_dir(place.data()).expect("a folder");
        fs::write(place.data().join("dunlin.toml"), configuration(parts_held)).expect("a file");
        let (seed, customers) = (seed.to_string(), customers.to_string());
        place.run(&[
            "generate",
            "portfolio",
            "--customers",
            &customers,
            "--seed",
            &seed,
            "--from",
            "2026-03-02",
            "--days",
            "40",
            "--overdue-share",
            "0.15",
        ]);
        place.run(&["import", "portfolio", "--strict"]);
        place
    }

    /// The same place a second time, to the last byte.
    pub fn copy(&self) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let database = self.database.as_ref().map(|original| TestDatabase::copy("crash", &original.name));
        let place = Self { kind: self.kind, folder, database, now: RefCell::new(None) };
        copy_folder(&self.data(), &place.data());
        place
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("dunlin-data")
    }

    /// Sets the program's clock from now on.
    pub fn set_clock(&self, moment: &str) {
        *self.now.borrow_mut() = Some(moment.to_owned());
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args(arguments).arg("--json").current_dir(self.folder.path()).stdin(Stdio::null());
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("DUNLIN_")) {
            command.env_remove(name);
        }
        command.env("DUNLIN_ACTOR", "tester");
        if let Some(database) = &self.database {
            command.env("DUNLIN_DATABASE", &database.url);
        }
        if let Some(now) = self.now.borrow().as_ref() {
            command.env("DUNLIN_NOW", now);
        }
        command
    }

    /// Starts the program.
    pub fn spawn(&self, arguments: &[&str]) -> Child {
        let mut command = self.command(arguments);
        command.stdout(Stdio::null()).stderr(Stdio::inherit()).spawn().expect("the built program runs")
    }

    /// Runs the program to its end, which must be a good one.
    pub fn run(&self, arguments: &[&str]) {
        self.json(arguments);
    }

    /// Runs the program, and reads its result.
    ///
    /// # Panics
    /// When it fails.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let output = self.command(arguments).output().expect("the built program runs");
        let told = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{arguments:?}: {told}{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_str(&told).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {told}"))
    }

    /// Nothing is wrong with what is stored, and every overdue day has its verdict.
    pub fn check_consistent(&self, from: &str, through: &str) {
        let verified = self.json(&["verify"]);
        assert_eq!(verified["problems"], 0, "{verified}");
        let coverage = self.json(&["coverage", "--from", from, "--through", through]);
        assert_eq!(coverage["unexplained"], 0, "{coverage}");
        assert!(coverage["overdue_days"].as_u64() > Some(100), "{coverage}");
    }

    /// Has the spool take no text messages.
    pub fn close_channel(&self) {
        fs::write(self.data().join("spool").join(CLOSED), "").expect("a file");
    }

    /// Has it take them again.
    pub fn open_channel(&self) {
        fs::remove_file(self.data().join("spool").join(CLOSED)).expect("the file that closed it");
    }

    /// Answers every message of the spool that was not answered yet: of eight, six arrive, one fails and one is
    /// never heard of again, by the id.
    pub fn write_receipts(&self, step: u32) {
        let messages = self.spool();
        let mut text = String::from("message_id,state,at,code\n");
        for id in messages.keys() {
            let digit =
                id.chars().last().and_then(|digit| digit.to_digit(16)).expect("an id ends in hexadecimal");
            let word = match digit % 8 {
                0 => "failed",
                1 => continue,
                _ => "delivered",
            };
            text += &format!("{id},{word},2026-03-01T12:00:00Z,\n");
        }
        fs::write(self.data().join(format!("spool/receipts/{step}.csv")), text).expect("a file");
    }

    /// The messages in the spool by id.
    ///
    /// # Panics
    /// When a message lies there twice.
    pub fn spool(&self) -> BTreeMap<String, Value> {
        let mut found = BTreeMap::new();
        let mut folders = vec![self.data().join("spool")];
        while let Some(folder) = folders.pop() {
            for entry in
                fs::read_dir(folder).expect("a folder of the spool").map(|entry| entry.expect("an entry"))
            {
                let path = entry.path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "json") {
                    let text = fs::read_to_string(&path).expect("a message");
                    let letter: Value = serde_json::from_str(&text).expect("a message is whole or absent");
                    let id = letter["id"].as_str().expect("a message has an id").to_owned();
                    assert!(found.insert(id, letter).is_none(), "{} lies in the spool twice", path.display());
                }
            }
        }
        found
    }

    /// Where the database is: the file, or the URL.
    pub fn location(&self) -> String {
        match &self.database {
            Some(database) => database.url.clone(),
            None => self.data().join("dunlin.db").display().to_string(),
        }
    }
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder").map(|entry| entry.expect("an entry")) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("a copy");
        }
    }
}

/// Says how it went, for whoever runs the test with its output.
#[expect(clippy::print_stdout, reason = "figures for people; a test's output is shown on demand")]
pub fn tell(line: &str) {
    println!("{line}");
}
