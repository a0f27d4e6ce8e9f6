//! Exit codes: stable, in the style of `sysexits.h`.

use std::process::ExitCode;

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $code:literal, $advice:literal;)*) => {
        /// How a plugin's process ended.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        #[repr(u8)]
        pub enum Exit {
            $($(#[$doc])* $variant = $code,)*
        }

        impl Exit {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The number.
            #[must_use]
            pub const fn code(self) -> u8 {
                self as u8
            }

            /// What a person can do about it.
            #[must_use]
            pub const fn advice(self) -> &'static str {
                match self { $(Self::$variant => $advice),* }
            }
        }
    };
}

codes! {
    /// Every task was taken care of; a failed task is none of the process's failures.
    Ok = 0, "nothing to do";
    /// The process was not started as a plugin.
    Usage = 64, "start the plugin with `oxg run DIR`, which sets the OXG_ variables";
    /// The broker's answer, or the token, is not for this plugin.
    Data = 65, "check that the launcher started the plugin whose manifest it read";
    /// The broker cannot be reached, or was lost.
    Unavailable = 69, "check that the broker runs, then start the plugin again";
    /// The plugin itself failed: `on_start`, or a panic outside of a task.
    Software = 70, "this is a fault of the plugin; its log says where";
    /// The workspace cannot be written.
    Io = 74, "check OXG_WORKSPACE: it must be a directory that the plugin can write";
    /// The broker is busy or stopping.
    TempFail = 75, "start the plugin again in a while";
    /// Plugin and broker do not speak a common version, or a feature is missing.
    Protocol = 76, "use a broker and a plugin of the same major protocol version";
    /// The token was refused, or the broker denies the plugin its work.
    NoPerm = 77, "start the plugin with a fresh token, and check what its manifest declares";
    /// The plugin's configuration is not valid.
    Config = 78, "correct the plugin's configuration, then start it again";
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_never_change() {
        let codes: Vec<u8> = Exit::ALL.iter().map(|exit| exit.code()).collect();
        assert_eq!(codes, [0, 64, 65, 69, 70, 74, 75, 76, 77, 78]);
    }
}
