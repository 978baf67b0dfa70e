//! The serving side: the service, written by hand.

use super::{Argument, MESSAGE_MAX, Outcome, PATH, Wire};
use crate::desk::Desk;
use crate::server::{Server, event_loop};
use ipcmark_core::{Called, Error, Result};
use ipcmark_sys::lifeline::Lifeline;
use std::convert::Infallible;
use std::future::{Future, Ready, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::sync::oneshot;
use tokio_stream::StreamExt;
use tonic::body::Body;
use tonic::server::{Grpc, UnaryService};
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;
use tower_service::Service;

/// Starts the server at its end of the connection.
pub(super) fn start<W: Wire>(end: W::End, caller: Lifeline) -> Result<Server> {
    Server::start("grpc", caller, (), |desk, stopped| run::<W>(end, desk, stopped))
}

/// Drives the connection until the server ends.
fn run<W: Wire>(end: W::End, desk: Arc<Desk>, stopped: oneshot::Receiver<()>) -> Result<()> {
    event_loop()?.block_on(async {
        let stream = W::enter(end).called("epoll_ctl(ADD)")?;
        // One connection, and no end of connections: an end would end those that there are.
        let connections =
            tokio_stream::once(Ok::<_, Infallible>(stream)).chain(tokio_stream::pending());
        let serving =
            tonic::transport::Server::builder().serve_with_incoming(AtDesk(desk), connections);
        tokio::select! {
            served = serving => served.map_err(|e| Error::Protocol(format!("gRPC: {e}"))),
            _ = stopped => Ok(()),
        }
    })
}

/// Dispatches by path.
#[derive(Clone)]
struct AtDesk(Arc<Desk>);

impl Service<http::Request<Body>> for AtDesk {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future =
        Pin<Box<dyn Future<Output = std::result::Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<std::result::Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let run = Run(Arc::clone(&self.0));
        Box::pin(async move {
            if request.uri().path() != PATH {
                return Ok(Status::unimplemented("there is one procedure, Run").into_http());
            }
            let codec = ProstCodec::<Outcome, Argument>::default();
            let mut grpc = Grpc::new(codec)
                .max_decoding_message_size(MESSAGE_MAX)
                .max_encoding_message_size(MESSAGE_MAX);
            Ok(grpc.unary(run, request).await)
        })
    }
}

/// The one procedure.
struct Run(Arc<Desk>);

impl UnaryService<Argument> for Run {
    type Response = Outcome;
    type Future = Ready<std::result::Result<Response<Outcome>, Status>>;

    fn call(&mut self, request: Request<Argument>) -> Self::Future {
        let mut bytes = Vec::new();
        ready(match self.0.execute(&request.get_ref().bytes, &mut bytes) {
            Ok(()) => Ok(Response::new(Outcome { bytes })),
            Err(e) => Err(Status::unavailable(e.to_string())),
        })
    }
}
