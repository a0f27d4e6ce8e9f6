//! Identity, secrets stores, hashes of passwords, keys of wallets.

use super::format::{TokenRule, letters_and_digits, rule, run, text};
use crate::bytes::{ALNUM, BASE64, ByteSet, DIGIT, HEX_LOWER, LOWER_DIGIT, URL64};

static CRYPT: ByteSet = ByteSet::new("0-9A-Za-z./");
static CODE: ByteSet = ByteSet::new("0-9A-Za-z%/._~-");
static KERBEROS: ByteSet = ByteSet::new("0-9A-Za-z$*@./:_-");
/// The alphabet of the PHC string format.
static PHC: ByteSet = ByteSet::new("0-9A-Za-z$=,+/.-");
static SCRAM: ByteSet = ByteSet::new("0-9A-Za-z$:+/=");

#[rustfmt::skip]
pub(super) static RULES: &[TokenRule] = &[
    rule("infisical-token", &["st."], &[run(&HEX_LOWER, 24, 24), text("."), run(&HEX_LOWER, 64, 64), text("."), run(&HEX_LOWER, 32, 32)])
        .examples(&["st`.2166e0f28f015cd160ddd4f2.a496d2b6cd684fb9035e22c1d460fae4e72b005d284ba6492933cb9bfe7484f2.47f1006d779171cb09ee33b8cc9524f2"], &["st.name", "st.0123"]),
    rule("kerberos-hash", &["$krb5asrep$", "$krb5tgs$", "$krb5pa$"], &[run(&KERBEROS, 40, 8192)])
        .examples(&["$k`rb5asrep$23$8b0e7153bf7c3706d85c524e440064f2$9a6656c90bd5482a90a29b9fa5ff5180bc0dbc0e15637ebb8e3b91d264f2"], &["$krb5asrep$"]),
    rule("ldap-password-hash", &["{SHA}", "{SSHA}", "{SSHA256}", "{SSHA512}", "{SHA512}", "{CRYPT}"], &[run(&BASE64, 27, 200)])
        .examples(&["{S`SHA}LHxiY5JhKJBp5e9kiJUAk35cYxP2FlcMqGTk7Q=="], &["{SSHA}"]),
    rule("nostr-secret-key", &["nsec1"], &[run(&LOWER_DIGIT, 58, 58)])
        .examples(&["ns`ec1xo6wjznq8tm4v0dt2357l9nlghu97gg1goafgsb83mz70t2v21q7qxsk7q"], &["nsec1short"]),
    rule("openshift-token", &["sha256~"], &[run(&URL64, 43, 43)])
        .examples(&["sh`a256~8B58wc8YFpdXwcc0f-xmJRXeQwBJjAsuoMPH_Lvik7Q"], &["sha256~short", "sha256~"]),
    rule("password-hash-apr1", &["$apr1$"], &[run(&CRYPT, 1, 8), text("$"), run(&CRYPT, 22, 22)])
        .examples(&["$a`pr1$Y$/RULrWebDPXsjX.BEEhk7Q"], &["$apr1$x"]),
    rule("password-hash-argon2", &["$argon2id$", "$argon2i$", "$argon2d$"], &[run(&PHC, 40, 400)])
        .examples(&["$a`rgon2id$v=19$m=65536,t=3,p=4$3we2pVLrD8kay8evoQ6k7Q$93sQI9TxdsAXTzVikKUHIUPv97OqYzBexVtLB5VHk7Q"], &["$argon2id$v=19"]),
    rule("password-hash-cisco", &["$8$", "$9$"], &[run(&CRYPT, 14, 14), text("$"), run(&CRYPT, 43, 43)])
        .examples(&["$8`$M6nMgXCqgCdk7Q$qq88c8N5CqDxr9Sr3bDfk9xmDLVECAmtEYdws5QHk7Q"], &["$8", "$9$word"]),
    rule("password-hash-django", &["pbkdf2_sha256$", "pbkdf2_sha1$"], &[run(&DIGIT, 4, 8), text("$"), run(&ALNUM, 8, 32), text("$"), run(&BASE64, 27, 64)])
        .examples(&["pb`kdf2_sha256$260000$tWN4oonMibg2mJNZjgHk7Q$nijIzyLfBbs0UZnGKgHTIqWfhpMMHfMlyrQMxrBtk7Q="], &["pbkdf2_sha256$x"]),
    rule("password-hash-pbkdf2", &["$pbkdf2-sha256$", "$pbkdf2-sha512$", "$pbkdf2$"], &[run(&PHC, 40, 400)])
        .examples(&["$p`bkdf2-sha256$29000$NzLX9XACrNxsUIi5kgkk7Q$nxbXgxQJdZnteHk1CAbSdfBEmhBej2UEA3v87KzBk7Q"], &["$pbkdf2$x"]),
    rule("password-hash-phpass", &["$P$", "$H$"], &[run(&CRYPT, 31, 31)])
        .examples(&["$P`$f9Hd6xduWaLWwypCHPwDuTHVLBvWk7Q"], &["$P$", "$H$word"]),
    rule("password-hash-scram", &["SCRAM-SHA-256$", "SCRAM-SHA-1$"], &[run(&SCRAM, 60, 300)])
        .examples(&["SC`RAM-SHA-256$4096:2QTMOgd4bDFjvN0MPyHk7Q==$7irZNz2ZdJ6IYWLybIzMq8QQqafYNT9AcOaUzCz8k7Q=:qvg0O6KawdY9KeuvaORREVIUjOOzswAccGlJVGQ1k7Q="], &["SCRAM-SHA-256$x", "SCRAM-SHA-256"]),
    rule("password-hash-yescrypt", &["$y$", "$gy$", "$7$"], &[run(&PHC, 40, 200)])
        .examples(&["$y`$j9T$VxI9U17gdzSFI2o8qP0k7Q$HFxUo2FVHs9kIIVcUXftculv71m8JIYjLdIkX1TMk7Q"], &["$y$x", "$7$x"]),
    rule("wallet-extended-key", &["xprv", "yprv", "zprv", "tprv"], &[run(&ALNUM, 107, 108)])
        .examples(&["xp`rv6JbuGeMi3YkZ7Dm1LabUerVttXwcIcL3uI8XQIQNn8IfCmyk20VyAJzsQgIQqrbhTLwkXWKjidoo0AaVf0YoUnTrN2EY0U7lCAAsWFgrk7Q"], &["xprvshort"]),
    rule("oauth-code", &["?code=", "&code="], &[run(&CODE, 20, 600)])
        .examples(&["?code=`4/0AgpytzUhvVAT77j9oWpSGzT7bPyq2oqbILcfxUk7Q"], &["?code=404", "?code=not_found"])
        .checked(letters_and_digits)
        .keeping_anchor(),
    rule("secret-token-uri", &["secret-token:"], &[run(&CODE, 16, 600)])
        .examples(&["secret-token:`f0drKXHHL8wbh4rAX23ojk7Q"], &["secret-token:x"])
        .checked(letters_and_digits)
        .keeping_anchor(),
];
