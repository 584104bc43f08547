//! Listens, answers, and stops at Ctrl-C or SIGTERM after the requests at hand.

use dunlin_domain::wording;
use dunlin_domain::wording::Wording;
use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use dunlin_engine::Engine;
use tokio::net::TcpListener;

use crate::commands::Moment;
use crate::guard::Hosts;
use crate::whole;

/// Why the console could not be served.
#[derive(Debug)]
pub enum ServerError {
    /// The address cannot be listened on.
    Address {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        error: io::Error,
    },
    /// The system refused what a server needs: threads, signals or connections.
    System(io::Error),
}

impl ServerError {
    /// What is wrong and what would be right, in both languages.
    #[must_use]
    pub fn wording(&self) -> Wording {
        match self {
            Self::Address { address, error } if error.kind() == io::ErrorKind::AddrInUse => wording!(
                "地址 {address} 已被其他程序占用；请换一个端口，或用 0 自动选择",
                "address {address} is in use by another program; choose another port, or 0 for any free one"
            ),
            Self::Address { address, error } => {
                wording!(
                    "无法监听地址 {address}：{error}；请用 127.0.0.1 和 1024 以上的端口",
                    "address {address} cannot be listened on: {error}; choose 127.0.0.1 and a port from 1024"
                )
            }
            Self::System(error) => {
                wording!(
                    "服务无法运行：{error}；请腾出内存或连接",
                    "the server cannot run: {error}; free some memory or connections"
                )
            }
        }
    }
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.wording().en)
    }
}

impl std::error::Error for ServerError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Address { error, .. } | Self::System(error) => Some(error),
        }
    }
}

/// Serves the console on `address` until Ctrl-C or SIGTERM, then finishes the requests at hand.
///
/// There is no login: whoever reaches the address can read everything. So give a loopback address, unless
/// something in front of this server asks for one. `on_ready` hears the address in use, which matters for port 0.
///
/// # Errors
/// When the address is taken or not ours.
pub async fn serve(
    engine: Arc<Engine>,
    address: SocketAddr,
    moment: Moment,
    on_ready: impl FnOnce(SocketAddr),
) -> Result<(), ServerError> {
    serve_until(engine, address, moment, on_ready, stop_signal()).await
}

/// [`serve`] for a caller without an async runtime: blocks until the server stops.
///
/// # Errors
/// As [`serve`], and when the system gives no threads.
pub fn serve_blocking(
    engine: Arc<Engine>,
    address: SocketAddr,
    moment: Moment,
    on_ready: impl FnOnce(SocketAddr),
) -> Result<(), ServerError> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(ServerError::System)?;
    // Connections to PostgreSQL end by a conversation of their own, which must not be held within the runtime.
    let kept = Arc::clone(&engine);
    let served = runtime.block_on(serve(engine, address, moment, on_ready));
    drop(runtime);
    drop(kept);
    served
}

/// Serves until `stop` is done.
async fn serve_until(
    engine: Arc<Engine>,
    address: SocketAddr,
    moment: Moment,
    on_ready: impl FnOnce(SocketAddr),
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServerError> {
    let refused = |error| ServerError::Address { address, error };
    let listener = TcpListener::bind(address).await.map_err(refused)?;
    let bound = listener.local_addr().map_err(refused)?;
    on_ready(bound);
    let router = whole(engine, moment, Hosts::of(bound));
    axum::serve(listener, router).with_graceful_shutdown(stop).await.map_err(ServerError::System)
}

/// Ends when this process is asked to stop. Where a signal cannot be listened for, the system's own way of
/// stopping a process stays in force, so waiting for ever loses nothing.
async fn stop_signal() {
    let interrupt = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending::<()>().await,
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! {
        () = interrupt => {}
        () = terminate => {}
    }
}
