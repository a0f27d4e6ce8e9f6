use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

/// Both results, or the first error of either.
pub(super) async fn try_both<A, B, E>(
    a: impl Future<Output = Result<A, E>>,
    b: impl Future<Output = Result<B, E>>,
) -> Result<(A, B), E> {
    let (mut a, mut b) = (pin!(a), pin!(b));
    let (mut first, mut second) = (None, None);
    poll_fn(|cx| {
        if first.is_none()
            && let Poll::Ready(result) = a.as_mut().poll(cx)
        {
            first = Some(result?);
        }
        if second.is_none()
            && let Poll::Ready(result) = b.as_mut().poll(cx)
        {
            second = Some(result?);
        }
        match (first.take(), second.take()) {
            (Some(a), Some(b)) => Poll::Ready(Ok((a, b))),
            unfinished => {
                (first, second) = unfinished;
                Poll::Pending
            }
        }
    })
    .await
}
