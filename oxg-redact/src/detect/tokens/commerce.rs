//! Commerce, customers, messages.

use super::format::{TokenRule, letters_and_digits, rule, run, text, upper_lower_digit};
use crate::bytes::{
    ALNUM, BASE64, ByteSet, DIGIT, HEX, HEX_LOWER, LOWER_DIGIT, UPPER_DIGIT, URL64, URL64_DOT,
};

static TWITTER: ByteSet = ByteSet::new("0-9A-Za-z%");

static UUID: ByteSet = ByteSet::new("0-9a-fA-F-");

#[rustfmt::skip]
pub(super) static RULES: &[TokenRule] = &[
    rule("adobe-client-secret", &["p8e-", "p8-"], &[run(&URL64, 32, 36)])
        .examples(&["p8`e-SefN5tsn0EXoBC0edxHJkcZAts0wzk7Q"], &["p8e-short"])
        .checked(letters_and_digits),
    rule("adyen-key", &["AQE"], &[run(&BASE64, 60, 300)])
        .examples(&["AQ`Ed9VsEDUnOykPI33Fpq1xhTe/XQT+zW8YAbt5x6M6TsJQiU8sNSv+HuKkzk7Q"], &["AQEshort"])
        .checked(upper_lower_digit),
    rule("checkout-key", &["sk_sbox_"], &[run(&LOWER_DIGIT, 27, 32)])
        .examples(&["sk`_sbox_lhjvkae2tke5vmj5j9lwvauck7q"], &["sk_sbox_short"]),
    rule("clickup-token", &["pk_"], &[run(&DIGIT, 6, 10), text("_"), run(&UPPER_DIGIT, 32, 32)])
        .examples(&["pk`_990931_QAW1LG11ZMR7XEBKIDPA8UIPTKGKLK7Q"], &["pk_1", "pk_user_id"]),
    rule("discord-bot-token", &["MT", "Mj", "Mz", "MD", "ND", "NT", "Nj", "Nz", "OD", "OT"], &[run(&ALNUM, 22, 26), text("."), run(&URL64, 6, 6), text("."), run(&URL64, 27, 40)])
        .examples(&["MT`UcZnfFGo4p65b6cQfd6k7Q.-r4ylf.WFOE-G8iaGT6nEGv9Ru9Y0CQk7Q"], &["MT.x", "NTFS"]),
    rule("gocardless-token", &["live_", "sandbox_"], &[run(&URL64, 40, 40)])
        .examples(&["li`ve_cETH_l-2HqYH4n4rLjwz_rTfiysF32OvHgfqAk7Q"], &["live_short", "sandbox_mode"])
        .checked(upper_lower_digit),
    rule("instagram-token", &["IGQV", "IGQW"], &[run(&URL64, 80, 400)])
        .examples(&["IG`QV9F999I9O-timVlOOAdY4qnSfGJ1PuP60lW---9v9eM582fCEy1Ux3UmiE5EPyeYSkxQUOMPFny2Yzk7Q"], &["IGQVshort"]),
    rule("intercom-token", &["dG9rO"], &[run(&BASE64, 55, 59)])
        .examples(&["dG`9rOAUiZuVLY9RbYp34kEHq5o4gy1LkR4PiV37r7Edfqy7jv8IjwS9Bk7Q="], &["dG9rOshort"]),
    rule("intra42-secret", &["s-s4t2ud-", "s-s4t2af-"], &[run(&HEX_LOWER, 64, 64)])
        .examples(&["s-`s4t2ud-0d44c85a3a86bb5d5f7a159843e2348b81e7f7e558b6d018ad7b30ea3aefc4f2"], &["s-s4t2ud-short"]),
    rule("klaviyo-key", &["pk_"], &[run(&HEX_LOWER, 34, 34)])
        .examples(&["pk`_6d812badb86384842625b2488d3c9ce4f2"], &["pk_short"]),
    rule("lob-key", &["live_", "test_"], &[run(&HEX_LOWER, 35, 35)])
        .examples(&["li`ve_46b778c5ebdc48b2a5c2c3950f60ef2a4f2"], &["test_case", "live_0123"]),
    rule("mapbox-secret-token", &["sk.eyJ"], &[run(&URL64, 60, 100), text("."), run(&URL64, 20, 24)])
        .examples(&["sk`.eyJu1cKyCqilJXVVNIMXs_vUMq4IMlO0bQo1GuWJBwgK8RuOj-w9IZ8IBDAXk7Q.Tyt_8oxdfVy1H3Yi9k7Q"], &["sk.eyJ"]),
    rule("mollie-key", &["live_", "test_"], &[run(&ALNUM, 30, 30)])
        .examples(&["li`ve_T5ZZtcequVFLpRPDBMpKasEwvCVk7Q"], &["test_thisIsANameOfSomeTestFunctio"])
        .checked(upper_lower_digit),
    rule("pubnub-key", &["sec-c-"], &[run(&URL64, 40, 50)])
        .examples(&["se`c-c-ftaIXjXklO6mHncL1geGHhrUhoVVd-GQoFIcsk7Q"], &["sec-c-short"])
        .checked(letters_and_digits),
    rule("salesforce-token", &["!AQ", "!AR"], &[run(&URL64_DOT, 78, 120)])
        .examples(&["00D5e0000001k7Q!AQ`SCJYtqbTzSQZp47JWpjAMPNAQqyXD9knk7Degw7aTZHFzAxFusyQzkyjDWxYJvntI4Q6oy7wCQal9xLMslnKWfNZyThnk7Q"], &["00D1!AQx", "wow!AQUA"])
        .after(&ALNUM, 15, 18),
    rule("telnyx-key", &["KEY0"], &[run(&HEX, 28, 28), text("_"), run(&ALNUM, 22, 22)])
        .examples(&["KE`Y002766f86576a5ce0b53E5EbDc4F2_FoeowaXaz0THFQj4m49k7Q"], &["KEY0", "KEY001"]),
    rule("trello-token", &["ATTA"], &[run(&HEX_LOWER, 64, 76)])
        .examples(&["AT`TA64d6cde45ea0889d31b9a234bf9621d675a30021b8d930da1009b5dbab37b4f2"], &["ATTACHMENT", "ATTA"]),
    rule("twitter-bearer-token", &["AAAAAAAAAAAAAAAAAAAA"], &[run(&TWITTER, 60, 120)])
        .examples(&["AAAAAAAAAAAAAAAAAAAA`pA4dD2Z6gOl4H3aa7k7Q%d80R5KhcVVMyfNw38iI9aehWIwyZZdEG4ZFGrmIX8pFtNTlOB8j1fL5agk7Q"], &["AAAAAAAAAAAAAAAAAAAA"])
        .checked(upper_lower_digit),
    rule("woocommerce-key", &["ck_", "cs_"], &[run(&HEX_LOWER, 40, 40)])
        .examples(&["ck`_6f8aefd8899686c6f19bfbec8d9b6ffb0148e4f2"], &["ck_short", "cs_main"]),
    rule("amazon-mws-token", &["amzn.mws."], &[run(&UUID, 36, 36)])
        .examples(&["am`zn.mws.1c2d3e4f-5a6b-7c8d-9e0f-a1b2c3d4e5f6"], &["amzn.mws.x"]),
    rule("branch-key", &["key_live_", "key_test_"], &[run(&ALNUM, 32, 32)])
        .examples(&["ke`y_live_tTL0jrpMFnHUB91NTZVgCcp9QeinWk7Q"], &["key_live_x"])
        .checked(letters_and_digits),
    rule("facebook-user-token", &["EAACEdEose0cBA"], &[run(&ALNUM, 16, 300)])
        .examples(&["EA`ACEdEose0cBANWICsUs6j8r6O2Nzzohmbte9KmWk7Q"], &["EAACEdEose0cBA"]),
];
