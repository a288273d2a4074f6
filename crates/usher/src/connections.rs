//! Connections: accepted within bounds, and ended within a time.
//!
//! A client that never finishes its headers costs one place for ten seconds, also while the server
//! stops.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use usher_app::tasks::Tasks;

/// Connections open at once; more wait in the kernel's queue.
const CONNECTIONS_MAX: usize = 10_000;
/// How long the headers of a request may take.
const HEADERS_TIMEOUT: Duration = Duration::from_secs(10);
/// How long accepting rests when the process has no file handle left.
const ACCEPT_REST: Duration = Duration::from_millis(100);

/// Serves every connection until `until` is done, then lets requests under way finish; dropped before,
/// it cuts them.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    tasks: &Tasks,
    until: impl Future<Output = ()>,
) {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS_TIMEOUT);
    builder.http2().timer(TokioTimer::new());
    let open = GracefulShutdown::new();
    // Dropped with this future, and the connections with it.
    let mut connections = JoinSet::new();
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    tokio::pin!(until);
    loop {
        let accepted = async {
            // The semaphore is never closed, so there is always a place in the end.
            let place = Arc::clone(&places).acquire_owned().await.ok();
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            accepted = accepted => accepted,
            () = &mut until => break,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_REST).await;
                continue;
            }
        };
        while connections.try_join_next().is_some() {}
        no_delay(&stream);
        let service = TowerToHyperService::new(router.clone());
        let connection = builder
            .serve_connection_with_upgrades(TokioIo::new(stream), service)
            .into_owned();
        let connection = open.watch(connection);
        tasks.spawn_in(&mut connections, async move {
            if let Err(error) = connection.await {
                tracing::debug!(error, "a connection ended with an error");
            }
            drop(place);
        });
    }
    drop(listener);
    open.shutdown().await;
}

/// An answer is one small packet: waiting for a second one would only delay it.
fn no_delay(stream: &TcpStream) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot switch off Nagle's algorithm");
    }
}
