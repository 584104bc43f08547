//! The bytes of a bind: bare, or within TLS.
//!
//! Promises that with TLS nothing is said before the message centre has shown a certificate that we trust and that is made out
//! to its name; and that one thread may read while another writes.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream, ToSocketAddrs};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustls::ClientConnection;

use crate::tls::Tls;

/// The writing side of a connection, and what it needs to read.
pub(super) struct Wire {
    socket: Mutex<TcpStream>,
    session: Option<Mutex<ClientConnection>>,
}

impl Wire {
    /// Connects. Returns the socket to read from as well; what is read there goes through [`Self::opened`].
    pub fn connect(
        (host, port): (&str, u16),
        tls: Option<&Tls>,
        timeout: Duration,
    ) -> io::Result<(Self, TcpStream)> {
        let mut socket = connect(host, port, timeout)?;
        let session = tls.map(|tls| tls.handshake(&mut socket, timeout)).transpose()?;
        let reading = socket.try_clone()?;
        Ok((Self { socket: Mutex::new(socket), session: session.map(Mutex::new) }, reading))
    }

    /// Sends `bytes` as a whole.
    pub fn write(&self, bytes: &[u8]) -> io::Result<()> {
        let mut socket = self.socket();
        let Some(session) = &self.session else { return socket.write_all(bytes) };
        // The session is free again before the socket is waited for, so that reading goes on.
        let sealed = {
            let mut session = session.lock().unwrap_or_else(PoisonError::into_inner);
            session.writer().write_all(bytes)?;
            sealed(&mut session)?
        };
        socket.write_all(&sealed)
    }

    /// Adds what the bytes `raw` from the socket say to `said`.
    pub fn opened(&self, mut raw: &[u8], said: &mut Vec<u8>) -> io::Result<()> {
        let Some(session) = &self.session else {
            said.extend(raw);
            return Ok(());
        };
        let must_answer = {
            let mut session = session.lock().unwrap_or_else(PoisonError::into_inner);
            while !raw.is_empty() {
                session.read_tls(&mut raw)?;
                let state = session
                    .process_new_packets()
                    .map_err(|error| io::Error::new(ErrorKind::InvalidData, error))?;
                let begin = said.len();
                said.resize(begin + state.plaintext_bytes_to_read(), 0);
                session.reader().read_exact(&mut said[begin..])?;
            }
            session.wants_write()
        };
        if must_answer { self.write(&[]) } else { Ok(()) }
    }

    /// Ends the connection.
    pub fn shut_down(&self) {
        // A connection that the other side has closed already cannot be closed again.
        drop(self.socket().shutdown(Shutdown::Both));
    }

    fn socket(&self) -> MutexGuard<'_, TcpStream> {
        self.socket.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the session has to send.
fn sealed(session: &mut ClientConnection) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    while session.wants_write() {
        session.write_tls(&mut bytes)?;
    }
    Ok(bytes)
}

fn connect(host: &str, port: u16, timeout: Duration) -> io::Result<TcpStream> {
    let mut last = io::Error::from(ErrorKind::AddrNotAvailable);
    for address in (host, port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, timeout) {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                stream.set_write_timeout(Some(timeout))?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}
