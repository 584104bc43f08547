//! TLS to a server of a carrier: trusting what the system trusts and what is named beside it, and never a name that the
//! certificate does not show.

use std::io::{self, ErrorKind};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use dunlin_domain::wording;
use dunlin_domain::wording::Wording;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore};

use crate::error::no_certificate;

/// How a server is reached within TLS.
#[derive(Clone)]
pub(crate) struct Tls {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
}

impl Tls {
    /// TLS 1.2 or newer to `host`, trusting what the system trusts and the certificates of the PEM file `extra_root`.
    ///
    /// # Errors
    /// The setting that is wrong, and what is wrong with it.
    pub fn new(host: &str, extra_root: Option<&Path>) -> Result<Self, (&'static str, Wording)> {
        let name = ServerName::try_from(host.to_owned()).map_err(|_| {
            let complaint = wording!(
                "须为证书能够载明的域名或 IP 地址",
                "must be a name or an address that a certificate can show"
            );
            ("host", complaint)
        })?;
        let mut roots = RootCertStore::empty();
        let system = rustls_native_certs::load_native_certs();
        let (taken, _) = roots.add_parsable_certificates(system.certs);
        if let Some(path) = extra_root {
            let bad = |error: &dyn std::fmt::Display| ("extra_root", no_certificate(path, error));
            let certificates = CertificateDer::pem_file_iter(path).map_err(|error| bad(&error))?;
            for certificate in certificates {
                let certificate = certificate.map_err(|error| bad(&error))?;
                roots.add(certificate).map_err(|error| bad(&error))?;
            }
        } else if taken == 0 {
            let complaint = wording!(
                "系统不信任任何证书；请用 extra_root 指明服务器的证书",
                "the system trusts no certificates; name the server's with extra_root"
            );
            return Err(("security", complaint));
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| {
                ("security", wording!("无法启用 TLS：原文“{error}”", "tls cannot be set up: {error}"))
            })?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { config: Arc::new(config), name })
    }

    /// Agrees on keys with the server, which shows a certificate that we trust and that is made out to its name.
    pub fn handshake(&self, socket: &mut TcpStream, timeout: Duration) -> io::Result<ClientConnection> {
        let mut session = ClientConnection::new(Arc::clone(&self.config), self.name.clone())
            .map_err(|error| io::Error::new(ErrorKind::InvalidData, error))?;
        // A long text is larger than what a session holds by itself.
        session.set_buffer_limit(None);
        socket.set_read_timeout(Some(timeout))?;
        while session.is_handshaking() {
            session.complete_io(socket)?;
        }
        Ok(session)
    }
}
