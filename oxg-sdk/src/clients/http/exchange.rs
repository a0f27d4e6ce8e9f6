use http::header::HOST;
use http::{HeaderName, HeaderValue, Request, Response, Uri};
use oxg_protocol::Url;
use oxg_protocol::header::PREFIX;
use oxg_protocol::url::{Scheme, UrlError};

use super::{HttpError, InvalidRequest};
use crate::channel::{Body, BrokerChannel, CallOptions};

/// Sends one request to `url`; whatever comes back is the answer.
pub(super) async fn exchange(
    channel: &BrokerChannel,
    options: CallOptions,
    url: &Url,
    mut request: Request<Body>,
) -> Result<Response<Body>, HttpError> {
    if matches!(url.scheme(), Scheme::Ws | Scheme::Wss) {
        return Err(InvalidRequest::Scheme.into());
    }
    *request.uri_mut() = absolute_form(url.as_str())?;
    let host = HeaderValue::try_from(url.authority())
        .map_err(|error| InvalidRequest::Head(error.into()))?;
    request.headers_mut().insert(HOST, host);
    Ok(channel.send_with(options, request).await?)
}

/// Refuses the fields that the SDK writes itself.
pub(super) fn check_name(name: &HeaderName) -> Result<(), InvalidRequest> {
    let text = name.as_str();
    if text == "host" || text.starts_with("proxy-") || text.starts_with(PREFIX) {
        return Err(InvalidRequest::Reserved(name.clone()));
    }
    Ok(())
}

/// A URL as a request target. It must print as it was written, or the broker would check another
/// destination.
pub(crate) fn absolute_form(url: &str) -> Result<Uri, UrlError> {
    let uri = Uri::try_from(url).map_err(|_| UrlError::Character)?;
    if is_printed_as(&uri, url).unwrap_or_default() { Ok(uri) } else { Err(UrlError::Character) }
}

/// As `uri.to_string() == url`, without the string. Not `uri == url`: that ignores the case of the
/// authority.
fn is_printed_as(uri: &Uri, url: &str) -> Option<bool> {
    let rest = url.strip_prefix(uri.scheme_str()?)?.strip_prefix("://")?;
    let rest = rest.strip_prefix(uri.authority()?.as_str())?;
    Some(uri.path_and_query()?.as_str() == rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_request_target_is_the_url_as_written(text in "https?://[a-z.]{1,9}[!-~]{0,20}") {
            let url = text.parse::<Url>().ok();
            if let Some((uri, url)) = url.and_then(|url| Some((absolute_form(url.as_str()).ok()?, url))) {
                prop_assert_eq!(uri.to_string(), url.as_str());
            }
        }
    }
}
