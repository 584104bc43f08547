//! The servers that messages are measured against: on this machine only, since what is sent there is nobody's.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Places where Debian puts `smtp-sink`, which is on no user's PATH.
const SINKS: [&str; 3] = ["smtp-sink", "/usr/sbin/smtp-sink", "/usr/local/sbin/smtp-sink"];

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// A loopback address.
    pub host: String,
    /// Its port.
    pub port: u16,
}

impl Server {
    /// Reads `HOST:PORT`.
    ///
    /// # Errors
    /// What is wrong with it: another machine, for one, where messages of a measurement have no business.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (host, port) = text.rsplit_once(':').ok_or_else(|| format!("{text:?} is not HOST:PORT"))?;
        let port = port.parse().map_err(|_| format!("{port:?} is not a port"))?;
        if !["127.0.0.1", "localhost", "[::1]"].contains(&host) {
            return Err(format!("{host} is another machine; a measurement sends to this one only"));
        }
        Ok(Self { host: host.trim_matches(['[', ']']).to_owned(), port })
    }
}

/// Postfix's `smtp-sink`, which takes mails and forgets them; ends when it is dropped.
pub struct Sink {
    process: Child,
    /// Where it listens.
    pub server: Server,
}

impl Sink {
    /// Starts the program on a free port of this machine.
    ///
    /// # Errors
    /// When there is none, or it does not listen; [`ErrorKind::NotFound`] when it is not installed.
    pub fn start(named: Option<&Path>) -> io::Result<Self> {
        let port = free_port()?;
        let programs: Vec<&Path> = match named {
            Some(program) => vec![program],
            None => SINKS.iter().map(Path::new).collect(),
        };
        let mut last = io::Error::from(ErrorKind::NotFound);
        for program in programs {
            let mut command = Command::new(program);
            if is_root() {
                // It refuses to run as root.
                command.args(["-u", "nobody"]);
            }
            // As many connections may wait as workers open at once.
            command.arg(format!("127.0.0.1:{port}")).arg("1000");
            match command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn() {
                Ok(process) => {
                    let server = Server { host: Ipv4Addr::LOCALHOST.to_string(), port };
                    let mut sink = Self { process, server };
                    sink.wait()?;
                    return Ok(sink);
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Waits until it listens.
    fn wait(&mut self) -> io::Result<()> {
        const ROUNDS_MAX: u32 = 200_000;
        for _ in 0..ROUNDS_MAX {
            if TcpStream::connect((Ipv4Addr::LOCALHOST, self.server.port)).is_ok() {
                return Ok(());
            }
            if let Some(status) = self.process.try_wait()? {
                return Err(io::Error::other(format!("smtp-sink ended at once: {status}")));
            }
            std::thread::yield_now();
        }
        Err(io::Error::other("smtp-sink does not listen"))
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        // One that has ended already is what is wanted.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// Whether we are the superuser, where the system tells.
fn is_root() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("Uid:"));
    line.and_then(|line| line.split_whitespace().nth(1)) == Some("0")
}

/// A port of this machine on which nobody listens.
pub(super) fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

#[cfg(test)]
mod tests {
    use super::Server;

    #[test]
    fn a_measurement_sends_to_this_machine_only() {
        let check = |text: &str, expected: Result<(&str, u16), &str>| {
            let found = Server::parse(text);
            let told = found.as_ref().map(|server| (server.host.as_str(), server.port));
            assert_eq!(told.map_err(String::as_str), expected);
        };
        check("127.0.0.1:2525", Ok(("127.0.0.1", 2525)));
        check("[::1]:25", Ok(("::1", 25)));
        check(
            "mail.lender.example:25",
            Err("mail.lender.example is another machine; a measurement sends to this one only"),
        );
        check("127.0.0.1", Err("\"127.0.0.1\" is not HOST:PORT"));
        check("127.0.0.1:mail", Err("\"mail\" is not a port"));
    }
}
