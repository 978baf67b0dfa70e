//! The calling side: an event loop that runs while a call does.

use super::{Argument, LONGEST, MESSAGE_MAX, Outcome, PATH, Wire};
use crate::server::event_loop;
use http::uri::PathAndQuery;
use hyper_util::rt::TokioIo;
use ipcmark_core::{Call, Called, Error, Result};
use ipcmark_sys::lifeline::Lifeline;
use std::future::{Ready, ready};
use std::io;
use std::task::{Context, Poll};
use tokio::runtime::Runtime;
use tonic::client::Grpc;
use tonic::transport::{Channel, Endpoint, Uri};
use tonic::{Code, Request, Status};
use tonic_prost::ProstCodec;
use tower_service::Service;

/// Calls.
#[derive(Debug)]
pub struct GrpcCaller {
    // Dropped in this order: the channel, then what it runs in.
    stub: Grpc<Channel>,
    runtime: Runtime,
    result: Vec<u8>,
    _lifeline: Lifeline,
}

impl GrpcCaller {
    pub(crate) fn new<W: Wire>(end: W::End, lifeline: Lifeline) -> Result<GrpcCaller> {
        let runtime = event_loop()?;
        let channel = runtime.block_on(async {
            let stream = W::enter(end).called("epoll_ctl(ADD)")?;
            let once = Once(Some(TokioIo::new(stream)));
            let endpoint = Endpoint::from_static("http://ipcmark.invalid");
            endpoint
                .connect_with_connector(once)
                .await
                .map_err(|e| Error::Protocol(format!("gRPC: {e}")))
        })?;
        let stub = Grpc::new(channel)
            .max_decoding_message_size(MESSAGE_MAX)
            .max_encoding_message_size(MESSAGE_MAX);
        Ok(GrpcCaller { stub, runtime, result: Vec::new(), _lifeline: lifeline })
    }
}

/// Connects over the one connection there is, and never again.
struct Once<T>(Option<T>);

impl<T> Service<Uri> for Once<T> {
    type Response = T;
    type Error = io::Error;
    type Future = Ready<io::Result<T>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        ready(self.0.take().ok_or_else(|| io::ErrorKind::ConnectionRefused.into()))
    }
}

impl Call for GrpcCaller {
    fn call(&mut self, argument: &[u8]) -> Result<&[u8]> {
        LONGEST.check(argument.len())?;
        let GrpcCaller { stub, runtime, result, .. } = self;
        *result = runtime
            .block_on(async {
                let unready = |e| Status::from_error(Box::new(e));
                stub.ready().await.map_err(unready)?;
                let request = Request::new(Argument { bytes: argument.to_vec() });
                let codec = ProstCodec::<Argument, Outcome>::default();
                let path = PathAndQuery::from_static(PATH);
                stub.unary(request, path, codec).await.map(|reply| reply.into_inner().bytes)
            })
            .map_err(failed)?;
        Ok(&self.result)
    }
}

/// Returns the error of a failed call. A connection that breaks gives one of several codes.
#[cold]
fn failed(status: Status) -> Error {
    match status.code() {
        Code::Unavailable | Code::Cancelled | Code::Unknown | Code::Internal => Error::Closed,
        _ => Error::Protocol(format!("gRPC: {status}")),
    }
}
