//! Programs that the tests talk to: servers of other makes, started for a test and ended with it.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;

/// A server; ends with its standard input, and for certain when it is dropped.
pub struct Peer {
    process: Child,
    output: BufReader<ChildStdout>,
    /// Where it listens.
    pub port: u16,
}

impl Peer {
    /// A script of the tests of `delivery`, run by `program`.
    pub fn start(program: &str, script: &str, arguments: &[&str]) -> Self {
        // The tests of another crate may need it too.
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../delivery/tests").join(script);
        let mut process = Command::new(program)
            .arg(path)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("{program} does not start: {error}; run ./test, which installs it")
            });
        let mut output = BufReader::new(process.stdout.take().expect("it is piped"));
        let mut line = String::new();
        output.read_line(&mut line).expect("text");
        let port = line.trim().strip_prefix("ready ").and_then(|port| port.parse().ok());
        let port = port.unwrap_or_else(|| {
            panic!("{program} lacks a package of {script}; run ./test, which installs what the tests need")
        });
        Self { process, output, port }
    }

    /// The next thing that it tells.
    pub fn next(&mut self) -> Value {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("text");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{line:?} is not JSON: {error}"))
    }

    /// The next thing that it tells and that has `name`; the others are passed over.
    pub fn next_with(&mut self, name: &str) -> Value {
        loop {
            let told = self.next();
            if told.get(name).is_some() {
                return told;
            }
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        self.process.kill().expect("it runs until it is told to end");
        self.process.wait().expect("it was started by us");
    }
}
