use bytes::Bytes;
use http::Response;

use super::io::{HyperIo, Io};
use super::{Body, ChannelError};

/// The byte stream that an answer with status 101 leaves, and what was read of it already.
pub(crate) async fn upgraded(answer: Response<Body>) -> Result<(Box<dyn Io>, Bytes), ChannelError> {
    let upgraded =
        hyper::upgrade::on(answer).await.map_err(|error| ChannelError::Lost(error.into()))?;
    let parts = upgraded
        .downcast::<HyperIo>()
        .map_err(|_| ChannelError::Lost("the connection is not one of this channel".into()))?;
    Ok((parts.io.into_inner(), parts.read_buf))
}
