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
    if prints_as(&uri, url) { Ok(uri) } else { Err(UrlError::Character) }
}

/// Whether `uri` goes out as `url`. Not `uri == url`: that ignores the case of the authority.
fn prints_as(uri: &Uri, url: &str) -> bool {
    let parts = [uri.scheme_str(), Some("://"), uri.authority().map(|it| it.as_str())];
    let rest = parts.iter().try_fold(url, |rest, part| rest.strip_prefix((*part)?));
    // An empty path goes out as `/`.
    let target = uri.path_and_query().map(|it| it.as_str()).filter(|it| it.starts_with('/'));
    rest.is_some() && rest == target
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

        #[test]
        fn only_what_prints_the_same_passes(text in "[hH]ttps?://[a-zA-Z.]{1,9}[!-~]{0,20}") {
            if let Ok(uri) = text.parse::<Uri>() {
                prop_assert_eq!(prints_as(&uri, &text), uri.to_string() == text);
            }
        }
    }
}
