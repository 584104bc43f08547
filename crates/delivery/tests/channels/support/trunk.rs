//! SIPp as the trunk and the phone behind it, with the speech and the keys of the call on a socket of the test.

use std::fs;
use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

use dunlin_delivery::{SipConfig, SipSpeech, SipTransport, SipVoicemail};
use tempfile::TempDir;

/// SIPp with one scenario, on a free port of its own.
pub struct Trunk {
    process: Child,
    /// Where it listens.
    pub port: u16,
    folder: TempDir,
}

const NAMED: &str = "[last_Via:]\n[last_From:]\n[last_To:];tag=[call_number]\n[last_Call-ID:]\n[last_CSeq:]\n\
    Contact: <sip:[local_ip]:[local_port];transport=[transport]>\n";

/// A response to what came last.
pub fn send(line: &str) -> String {
    format!("<send><![CDATA[\n\nSIP/2.0 {line}\n{NAMED}Content-Length: 0\n\n]]></send>\n")
}

/// A request for a signature.
pub fn challenge() -> String {
    format!(
        "<send><![CDATA[\n\nSIP/2.0 401 Unauthorized\n{NAMED}\
         WWW-Authenticate: Digest realm=\"trunk.example\", nonce=\"abc\", algorithm=MD5, qop=\"auth\"\nContent-Length: 0\n\n]]></send>\n"
    )
}

/// A request of ours.
pub fn receive(method: &str) -> String {
    format!("<recv request=\"{method}\" crlf=\"true\"></recv>\n")
}

/// The call is taken; speech goes to `port`.
pub fn answer(port: u16) -> String {
    format!(
        "<send retrans=\"500\"><![CDATA[\n\nSIP/2.0 200 OK\n{NAMED}Content-Type: application/sdp\nContent-Length: [len]\n\n\
         v=0\no=- 1 1 IN IP4 127.0.0.1\ns=-\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio {port} RTP/AVP 8 101\n\
         a=rtpmap:8 PCMA/8000\na=rtpmap:101 telephone-event/8000\n\n]]></send>\n<recv request=\"ACK\"></recv>\n"
    )
}

/// A request of the phone's side within the call.
pub fn ask(method: &str, body: &str) -> String {
    let kind = if body.is_empty() { "" } else { "Content-Type: application/dtmf-relay\n" };
    format!(
        "<send retrans=\"500\"><![CDATA[\n\n{method} [next_url] SIP/2.0\nVia: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]\n\
         From: <sip:13800001234@trunk.example>;tag=[call_number]\nTo: <sip:4000@trunk.example>[peer_tag_param]\n[last_Call-ID:]\nCSeq: 9 {method}\nMax-Forwards: 70\n{kind}\
         Content-Length: [len]\n\n{body}]]></send>\n<recv response=\"200\"></recv>\n"
    )
}

/// The INVITE, whose address is kept for requests of the phone's side.
pub fn receive_invite() -> String {
    "<recv request=\"INVITE\" rrs=\"true\"></recv>\n".to_owned()
}

impl Trunk {
    pub fn start(transport: SipTransport, calls: u32, steps: &[String]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let scenario = folder.path().join("scenario.xml");
        let text =
            format!("<?xml version=\"1.0\"?>\n<scenario name=\"trunk\">\n{}</scenario>\n", steps.concat());
        fs::write(&scenario, text).expect("a file");
        let port = free_port();
        // SIPp takes what a peer has unwrapped from TLS.
        let mode = if transport == SipTransport::Udp { "u1" } else { "t1" };
        let mut process = Command::new("sipp")
            .current_dir(folder.path())
            .args([
                "-sf",
                &scenario.to_string_lossy(),
                "-i",
                "127.0.0.1",
                "-p",
                &port.to_string(),
                "-t",
                mode,
            ])
            .args([
                "-m",
                &calls.to_string(),
                "-nostdin",
                "-trace_err",
                "-trace_msg",
                "-message_file",
                "messages.log",
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("sipp does not start: {error}; run ./test, which installs it"));
        let table = if transport == SipTransport::Udp { "/proc/net/udp" } else { "/proc/net/tcp" };
        let listens = format!(":{port:04X} ");
        while !fs::read_to_string(table).expect("the kernel's table").lines().any(|line| {
            line.split_whitespace().nth(1).is_some_and(|local| format!("{local} ").ends_with(&listens))
        }) {
            let ended = process.try_wait().expect("a process");
            assert!(ended.is_none(), "sipp has ended before it listened");
            std::thread::yield_now();
        }
        Self { process, port, folder }
    }

    pub fn messages(&self) -> String {
        fs::read_to_string(self.folder.path().join("messages.log")).unwrap_or_default()
    }
}

impl Drop for Trunk {
    fn drop(&mut self) {
        let _gone = self.process.kill();
        let _ended = self.process.wait();
    }
}

/// One that nobody uses at this moment, neither for datagrams nor for connections.
pub fn free_port() -> u16 {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let port = socket.local_addr().expect("an address").port();
    std::net::TcpListener::bind(("127.0.0.1", port)).map_or_else(|_| free_port(), |_| port)
}

/// The phone's ear and mouth: gathers what is said, and does what `act` says with the count of packets so far.
pub struct Phone {
    /// Where speech goes.
    pub port: u16,
    thread: JoinHandle<Vec<u8>>,
}

impl Phone {
    pub fn start(packets: usize, act: impl Fn(usize, &UdpSocket, SocketAddr) + Send + 'static) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        socket.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
        let port = socket.local_addr().expect("an address").port();
        let thread = std::thread::spawn(move || {
            let mut speech = Vec::new();
            let mut buffer = [0; 2_048];
            for count in 1..=packets {
                let (length, from) = socket.recv_from(&mut buffer).expect("speech comes");
                speech.extend_from_slice(&buffer[12..length]);
                act(count, &socket, from);
            }
            speech
        });
        Self { port, thread }
    }

    pub fn heard(self) -> Vec<u8> {
        self.thread.join().expect("the phone works")
    }
}

/// A key press as RFC 4733 sends it: while it is pressed, and three times that it has ended.
pub fn press(key: u8, socket: &UdpSocket, to: SocketAddr) {
    // Each press has a time of its own.
    let time = 9 + key;
    for (number, end) in [(1_u8, 0x0A_u8), (2, 0x8A), (3, 0x8A), (4, 0x8A)] {
        let packet = [0x80, 101, 0, number, 0, 0, 0, time, 0, 0, 0, 9, key, end, 0x03, 0x20];
        socket.send_to(&packet, to).expect("it is sent");
    }
}

/// A recording of `seconds` at 8 kHz, whose samples are all `level`.
pub fn recording(folder: &Path, name: &str, seconds: u32, level: i16) -> std::path::PathBuf {
    let data: Vec<u8> = level.to_le_bytes().repeat((seconds * 8_000) as usize);
    let mut bytes =
        b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1F\0\0\x80\x3E\0\0\x02\0\x10\0data".to_vec();
    bytes.extend((data.len() as u32).to_le_bytes());
    bytes.extend(data);
    let path = folder.join(name);
    fs::write(&path, bytes).expect("a file");
    path
}

/// A trunk at `port` that says a recording of two seconds.
pub fn settings(port: u16, transport: SipTransport, folder: &Path) -> SipConfig {
    let speech =
        SipSpeech { recording: Some(recording(folder, "notice.wav", 2, 1_000)), ..SipSpeech::default() };
    SipConfig {
        host: "127.0.0.1".to_owned(),
        port,
        transport,
        extra_root: None,
        recordings: None,
        domain: "trunk.example".to_owned(),
        caller: "4000".to_owned(),
        credentials: None,
        lines: 2,
        ring_seconds: 5,
        heard_seconds: 1,
        key_seconds: 1,
        timeout_seconds: 5,
        machine_ms: 1_000,
        voicemail: SipVoicemail::Ignore,
        zh: speech.clone(),
        en: speech,
    }
}
