use oxg_protocol::Url;
use oxg_protocol::url::UrlError;

/// What a request can be made to: a [`Url`], or a text that is one.
pub trait IntoUrl: sealed::Sealed {
    /// The URL.
    ///
    /// # Errors
    /// [`UrlError`] where the text is none.
    fn into_url(self) -> Result<Url, UrlError>;
}

mod sealed {
    pub trait Sealed {}
}

macro_rules! into_url {
    ($($type:ty, $url:ident => $result:expr;)*) => {
        $(
            impl sealed::Sealed for $type {}

            impl IntoUrl for $type {
                fn into_url(self) -> Result<Url, UrlError> {
                    let $url = self;
                    $result
                }
            }
        )*
    };
}

into_url! {
    Url, url => Ok(url);
    &Url, url => Ok(url.clone());
    &str, text => text.parse();
    String, text => text.parse();
    &String, text => text.parse();
}
