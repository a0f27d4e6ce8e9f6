//! Why a body failed, for whoever has to say so: that of a request on its way through a connection
//! that may be lost, that of a response to the audit.

use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use oxg_protocol::ErrorCode;
use pin_project_lite::pin_project;

use crate::body::{BodyError, CutShort};

/// The code of a failure, and the reason in words.
pub(super) type Failure = (ErrorCode, String);

pin_project! {
    /// A body that writes its failure down.
    pub(super) struct Watched<B> {
        #[pin]
        body: B,
        failure: Arc<OnceLock<Failure>>,
    }
}

impl<B> Watched<B> {
    pub(super) fn new(body: B, failure: Arc<OnceLock<Failure>>) -> Self {
        Self { body, failure }
    }
}

fn failure(error: &BodyError) -> Failure {
    match error {
        BodyError::CutShort(cut) => {
            let code = match cut {
                CutShort::TooLarge(_) => ErrorCode::PayloadTooLarge,
                CutShort::Ended => ErrorCode::TokenExpired,
                CutShort::Deadline | CutShort::Idle(_) => ErrorCode::DeadlineExceeded,
            };
            (code, cut.to_string())
        }
        BodyError::Connection(_) | BodyError::Read(_) => {
            (ErrorCode::InvalidRequest, "the body ended early".to_owned())
        }
    }
}

impl<B: Body<Data = Bytes, Error = BodyError>> Body for Watched<B> {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.project();
        let frame = this.body.poll_frame(cx);
        if let Poll::Ready(Some(Err(error))) = &frame {
            this.failure.get_or_init(|| failure(error));
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

pin_project! {
    /// A body that reports once that the broker cut it short: its head has left, and no refusal can
    /// say so any more.
    pub(super) struct Reporting<F> {
        #[pin]
        body: crate::body::Body,
        report: Option<F>,
    }
}

impl<F> Reporting<F> {
    pub(super) fn new(body: crate::body::Body, report: F) -> Self {
        Self { body, report: Some(report) }
    }
}

impl<F: FnOnce(CutShort)> Body for Reporting<F> {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.project();
        let frame = this.body.poll_frame(cx);
        if let Poll::Ready(Some(Err(BodyError::CutShort(cut)))) = &frame
            && let Some(report) = this.report.take()
        {
            report(*cut);
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
