//! The way to the trunk: a socket of one call's own, over UDP, TCP or TLS.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs, UdpSocket};
use std::time::Duration;

use rustls::{ClientConnection, StreamOwned};

use super::text::{BYTES_MAX, Incoming};
use crate::config::SipTransport;
use crate::tls::Tls;

/// The socket.
pub(super) enum Line {
    Udp(UdpSocket),
    Tcp(TcpStream, Vec<u8>),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>, Vec<u8>),
}

/// Why a line is of no more use.
#[derive(Debug)]
pub(super) struct Broken(pub String);

impl Line {
    /// Reaches the trunk: for TCP until it is connected, for TLS until it has shown who it is.
    pub fn open(
        (host, port): (&str, u16),
        transport: SipTransport,
        tls: Option<&Tls>,
        timeout: Duration,
    ) -> Result<Self, Broken> {
        let broken = |error: std::io::Error| Broken(error.to_string());
        let addresses: Vec<SocketAddr> = (host, port).to_socket_addrs().map_err(broken)?.collect();
        let address = addresses.first().ok_or_else(|| Broken(format!("{host} has no address")))?;
        match transport {
            SipTransport::Udp => {
                let any = if address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
                let socket = UdpSocket::bind(any).map_err(broken)?;
                socket.connect(address).map_err(broken)?;
                Ok(Self::Udp(socket))
            }
            SipTransport::Tcp => {
                let stream = connect(&addresses, timeout).map_err(broken)?;
                stream.set_nodelay(true).map_err(broken)?;
                Ok(Self::Tcp(stream, Vec::new()))
            }
            SipTransport::Tls => {
                let tls = tls.ok_or_else(|| Broken("tls is not set up".to_owned()))?;
                let mut stream = connect(&addresses, timeout).map_err(broken)?;
                stream.set_nodelay(true).map_err(broken)?;
                stream.set_write_timeout(Some(timeout)).map_err(broken)?;
                let session = tls.handshake(&mut stream, timeout);
                let session = session.map_err(|error| Broken(format!("tls: {error}")))?;
                Ok(Self::Tls(Box::new(StreamOwned::new(session, stream)), Vec::new()))
            }
        }
    }

    /// Our own address on it.
    pub fn local(&self) -> Result<SocketAddr, Broken> {
        match self {
            Self::Udp(socket) => socket.local_addr(),
            Self::Tcp(stream, _) => stream.local_addr(),
            Self::Tls(stream, _) => stream.sock.local_addr(),
        }
        .map_err(|error| Broken(error.to_string()))
    }

    /// Whether what is sent may get lost, so that it is sent again.
    pub fn loses(&self) -> bool {
        matches!(self, Self::Udp(_))
    }

    pub fn send(&mut self, text: &str) -> Result<(), Broken> {
        match self {
            Self::Udp(socket) => socket.send(text.as_bytes()).map(|_| ()),
            Self::Tcp(stream, _) => stream.write_all(text.as_bytes()),
            Self::Tls(stream, _) => stream.write_all(text.as_bytes()).and_then(|()| stream.flush()),
        }
        .map_err(|error| Broken(error.to_string()))
    }

    /// The next message, waiting at most `wait`, which is not zero; `None` when none came.
    pub fn receive(&mut self, wait: Duration) -> Result<Option<Incoming>, Broken> {
        match self {
            Self::Udp(socket) => {
                let mut buffer = vec![0; BYTES_MAX];
                let read = socket.set_read_timeout(Some(wait)).and_then(|()| socket.recv(&mut buffer));
                match read {
                    Ok(length) => Ok(Incoming::parse(&buffer[..length])),
                    Err(error) if is_quiet(error.kind()) => Ok(None),
                    Err(error) => Err(Broken(error.to_string())),
                }
            }
            Self::Tcp(stream, waiting) => {
                let read = |stream: &mut TcpStream, buffer: &mut [u8]| {
                    stream.set_read_timeout(Some(wait)).and_then(|()| stream.read(buffer))
                };
                next_of(waiting, |buffer| read(stream, buffer))
            }
            Self::Tls(stream, waiting) => {
                stream.sock.set_read_timeout(Some(wait)).map_err(|error| Broken(error.to_string()))?;
                next_of(waiting, |buffer| stream.read(buffer))
            }
        }
    }
}

/// The next whole message of a connection; `None` when none came in the time that `read` waits.
fn next_of(
    waiting: &mut Vec<u8>,
    read: impl FnOnce(&mut [u8]) -> std::io::Result<usize>,
) -> Result<Option<Incoming>, Broken> {
    if let Some(message) = first_of(waiting) {
        return Ok(message);
    }
    let mut buffer = [0; 4_096];
    match read(&mut buffer) {
        Ok(0) => Err(Broken("the trunk closed the connection".to_owned())),
        Ok(length) => {
            waiting.extend(&buffer[..length]);
            if waiting.len() > BYTES_MAX {
                return Err(Broken("the trunk sent more than a message".to_owned()));
            }
            Ok(first_of(waiting).flatten())
        }
        Err(error) if is_quiet(error.kind()) => Ok(None),
        Err(error) => Err(Broken(error.to_string())),
    }
}

/// Connects to the first of the addresses that answers.
fn connect(addresses: &[SocketAddr], timeout: Duration) -> std::io::Result<TcpStream> {
    let mut last = std::io::Error::from(ErrorKind::AddrNotAvailable);
    for address in addresses {
        match TcpStream::connect_timeout(address, timeout) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn is_quiet(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}

/// Takes the first whole message from what came; `None` while it is not whole.
fn first_of(waiting: &mut Vec<u8>) -> Option<Option<Incoming>> {
    // Empty lines between messages are signs of life.
    let blank = waiting.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    waiting.drain(..blank);
    let length = Incoming::length_in(waiting)?;
    let bytes: Vec<u8> = waiting.drain(..length).collect();
    Some(Incoming::parse(&bytes))
}
