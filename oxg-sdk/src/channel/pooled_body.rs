use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};
use hyper::body::Incoming;

use super::BodyError;
use super::pool::Loan;

/// The body of an answer. Read to its end, it returns its connection to the pool; dropped before,
/// it closes the connection.
pub(super) struct PooledBody {
    incoming: Incoming,
    loan: Option<Loan>,
}

impl PooledBody {
    pub(super) fn new(incoming: Incoming, loan: Option<Loan>) -> Self {
        let mut body = Self { incoming, loan };
        body.settle();
        body
    }

    fn settle(&mut self) {
        if self.incoming.is_end_stream()
            && let Some(loan) = self.loan.take()
        {
            loan.give_back();
        }
    }
}

impl http_body::Body for PooledBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let Self { incoming, loan } = &mut *self;
        let mut poll = |cx: &mut Context<'_>| Pin::new(&mut *incoming).poll_frame(cx);
        let frame = ready!(match loan {
            Some(loan) => loan.connection.poll_for(cx, poll),
            None => poll(cx),
        });
        match &frame {
            Some(Err(_)) => self.loan = None,
            Some(Ok(_)) => self.settle(),
            None => {
                if let Some(loan) = self.loan.take() {
                    loan.give_back();
                }
            }
        }
        Poll::Ready(frame.map(|frame| frame.map_err(|error| BodyError::Lost(error.into()))))
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
