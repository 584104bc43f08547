//! Programs that run until they are stopped.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::support::{PROGRAM, Place};

/// Starts the program and reads its first line.
pub fn start(place: &Place, arguments: &[&str]) -> (Child, BufReader<std::process::ChildStdout>, String) {
    let mut child = place
        .command(Path::new(PROGRAM), arguments)
        .stdout(Stdio::piped())
        .spawn()
        .expect("the built program runs");
    let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut line = String::new();
    output.read_line(&mut line).expect("a first line");
    (child, output, line)
}

/// Asks the program to stop, and gives the rest of what it said.
pub fn stop(mut child: Child, mut output: BufReader<std::process::ChildStdout>, signal: &str) -> String {
    let command = format!("kill {signal} {}", child.id());
    assert!(Command::new("bash").args(["-c", &command]).status().expect("bash runs").success());
    let mut rest = String::new();
    output.read_to_string(&mut rest).expect("text until the end");
    assert_eq!(child.wait().expect("it ends").code(), Some(0), "{rest}");
    rest
}

/// What a console that said `first` answers to a request with a JSON body.
pub fn request(first: &str, line: &str, body: &str) -> String {
    let told: serde_json::Value = serde_json::from_str(first).expect("one object");
    let address = told["address"].as_str().expect("an address");
    let host = address.trim_start_matches("http://").trim_end_matches('/');
    let mut stream = TcpStream::connect(host).expect("the console answers");
    let headers = format!(
        "Host: {host}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}",
        body.len()
    );
    write!(stream, "{line} HTTP/1.1\r\n{headers}\r\n\r\n{body}").expect("a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

#[test]
fn a_worker_runs_the_day_sends_it_and_ends_cleanly() {
    let place = Place::imported();
    let arguments = ["work", "--days", "--every", "3600", "--clock", "real"];
    let (child, mut output, first) = start(&place, &arguments);
    assert!(first.starts_with("working on "), "{first}");
    let mut told = String::new();
    while !told.contains("sent: 1 accepted") {
        assert_ne!(output.read_line(&mut told).expect("a line"), 0, "{told}");
    }
    assert!(told.contains("day 2026-06-01: 2 agreements, 1 message"), "{told}");
    assert_eq!(stop(child, output, "-INT"), "stopped after 1 round\n");
    assert_eq!(place.json(&["coverage", "--on", "2026-06-01"])["unexplained"], 0);
}

#[test]
fn a_worker_waits_for_the_hour_of_the_first_day() {
    let place = Place::imported();
    let arguments = ["work", "--days", "--day-at", "09:01", "--every", "3600", "--clock", "real", "--json"];
    let child =
        place.command(Path::new(PROGRAM), &arguments).stdout(Stdio::piped()).spawn().expect("it runs");
    // In JSON it says nothing before its end; it hears the signal whenever it comes.
    let mut child = child;
    let output = BufReader::new(child.stdout.take().expect("a pipe"));
    wait_for_handler(&child);
    let rest = stop(child, output, "-TERM");
    let told: serde_json::Value = serde_json::from_str(&rest).expect("one object");
    assert_eq!(told["days"], serde_json::json!([]), "{told}");
}

/// Waits until the process catches SIGTERM, as the kernel tells.
fn wait_for_handler(child: &Child) {
    let path = format!("/proc/{}/status", child.id());
    loop {
        let status = std::fs::read_to_string(&path).expect("the process runs");
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).expect("a mask");
        let mask = u64::from_str_radix(caught.trim(), 16).expect("hexadecimal");
        if mask & (1 << 14) != 0 {
            return;
        }
        std::thread::yield_now();
    }
}

#[test]
fn the_console_answers_on_loopback_until_it_is_stopped() {
    let place = Place::imported();
    place.run(&["day", "--date", "2026-01-25"]).check_exit(0);
    let (child, output, first) = start(&place, &["serve", "--port", "0", "--json"]);
    let answer = request(&first, "GET /", "");
    assert!(answer.starts_with("HTTP/1.1 200") || answer.starts_with("HTTP/1.1 30"), "{answer}");
    assert_eq!(stop(child, output, "-INT"), "");
}
