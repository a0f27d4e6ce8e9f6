//! Payment, mail, chat, language models and other services.

use super::format::{TokenRule, letters_and_digits, rule, run, text, upper_lower_digit};
use crate::bytes::{
    ALNUM, BASE64, ByteSet, DIGIT, HEX, HEX_LOWER, LOWER_DIGIT, URL64, URL64_DOT, WORD,
};

static HOST: ByteSet = ByteSet::new("0-9A-Za-z-");
static PATH: ByteSet = ByteSet::new("0-9A-Za-z/_-");
static SLACK: ByteSet = ByteSet::new("0-9A-Za-z%-");
static TEAMS: ByteSet = ByteSet::new("0-9A-Za-z@/-");
static UUID: ByteSet = ByteSet::new("0-9a-f-");

#[rustfmt::skip]
pub(super) static RULES: &[TokenRule] = &[
    rule("adafruit-key", &["aio_"], &[run(&ALNUM, 28, 28)])
        .examples(&["ai`o_y8QO3obqbqTBpownuWBPrt4Fnk7Q"], &["aio_short"]),
    rule("airtable-token", &["pat"], &[run(&ALNUM, 14, 14), text("."), run(&HEX_LOWER, 64, 64)])
        .examples(&["pa`tE373Xr9Wi0tk7Q.0f75ae616b1e5d490340494b35ec2daca1760147d301a233f4d05743bf2b64f2"], &["path.name", "pattern.0123"]),
    rule("anthropic-key", &["sk-ant-"], &[run(&URL64, 40, 200)])
        .examples(&["sk`-ant-wbHIifzg0UIbPf6KQ0IZ2O1XtXX0saEGWEzolk7Q"], &["sk-ant-hill", "sk-ant-api03-"]),
    rule("braintree-token", &["access_token$production$", "access_token$sandbox$"], &[run(&LOWER_DIGIT, 16, 16), text("$"), run(&HEX_LOWER, 32, 32)])
        .examples(&["access_token$production$`9u29u3a446v8yk7q$2c8a2788fbf742b65b754e51acbd34f2"], &["access_token$production$x"]),
    rule("brevo-key", &["xkeysib-", "xsmtpsib-"], &[run(&HEX_LOWER, 64, 64), text("-"), run(&ALNUM, 16, 16)])
        .examples(&["xk`eysib-c3bb9e28c9e3ef5404bf7bac806081598a878e2f264d9b1ecb19dd8b7c46b4f2-3efWCyzHAF75Pk7Q"], &["xkeysib-a"]),
    rule("contentful-token", &["CFPAT-"], &[run(&URL64, 43, 43)])
        .examples(&["CF`PAT-n77318wi4Y_rbDzZfLQX6plCjbn-lB6hzQ9h1r0gk7Q"], &["CFPAT-short"]),
    rule("discord-webhook", &["discord.com/api/webhooks/", "discordapp.com/api/webhooks/"], &[run(&DIGIT, 15, 22), text("/"), run(&URL64, 50, 100)])
        .examples(&["discord.com/api/webhooks/1`49139595267559412/gNMFW3GNzqgAV7_sURz6gObi0PeJC4LzA6Z4AAhx3pgrj-xbv-CLBusAm7mzlg1CGk7Q"], &["discord.com/api/webhooks/123"])
        .keeping_anchor(),
    rule("dropbox-token", &["sl."], &[run(&URL64_DOT, 120, 1600)])
        .examples(&["sl`.u.hrfu5LDOtNHPBtDYePWtLClz7tx3QZoeTpAjL_Sc-lz_JMlzr8IDMemaSytMgwQS59FQUwoMi6mouY7eefm0q1TjVuUvlQa9MtHmnEot-IpP7FufGUzKZAqEEmbng_ADlvtHd2YoLpkBDFhFjRmfBwMRk7xbOk7Q"], &["sl.method", "sl.u"])
        .checked(upper_lower_digit),
    rule("duffel-token", &["duffel_test_", "duffel_live_"], &[run(&BASE64, 43, 43)])
        .examples(&["du`ffel_test_lFsvtSrAzCQia9e-QiizgU0lSu--rHMg7v3XMoiGk7Q"], &["duffel_test_x"]),
    rule("easypost-key", &["EZAK", "EZTK"], &[run(&ALNUM, 54, 54)])
        .examples(&["EZ`AKLDJp4FK67R4TdzQYzYORX8v0yz8foPR1YvQM51BYtatFMb8h4ZEk7Q"], &["EZAKshort"]),
    rule("facebook-token", &["EAA"], &[run(&ALNUM, 90, 400)])
        .examples(&["EA`AtDjvInfwz2DNcsvfrlS4CAQIZphnROcy05lyrv9jxkow40N459ztFu94GYMm219kzHaa2lg8pDKZQqVwRgJV3WGk7Q"], &["EAA", "EAAirports"])
        .checked(upper_lower_digit),
    rule("figma-token", &["figd_", "figo_", "figu_"], &[run(&URL64, 38, 80)])
        .examples(&["fi`gd_G1jQ4ILUNWh--UchpW5Nt6eP9raIsyfYwJEk7Q"], &["figd_short"]),
    rule("flutterwave-key", &["FLWSECK_TEST-", "FLWSECK-"], &[run(&URL64, 12, 80)])
        .examples(&["FL`WSECK-d2cfb8a5f1b461595919cb589f6ae4f2-X"], &["FLWSECK-x"]),
    rule("frameio-token", &["fio-u-"], &[run(&URL64, 64, 64)])
        .examples(&["fi`o-u-UYOX8IoA50uOftJ80jJYUYKpH5bfNTUHFim0oNvwpZYRZY-RSxs0KrBRi0iaEk7Q"], &["fio-u-short"]),
    rule("groq-key", &["gsk_"], &[run(&ALNUM, 52, 52)])
        .examples(&["gs`k_KUrY2RY21ijoQ2WpGh5s5cV07Py4siPT4TyN5rTeXMM0GrMn5k7Q"], &["gsk_short"]),
    rule("hubspot-token", &["pat-na1-", "pat-na2-", "pat-eu1-"], &[run(&UUID, 36, 36)])
        .examples(&["pa`t-na1-1c2d3e4f-5a6b-7c8d-9e0f-a1b2c3d4e5f6"], &["pat-na1-x"]),
    rule("huggingface-token", &["hf_", "api_org_"], &[run(&ALNUM, 34, 40)])
        .examples(&["hf`_aDOWiCrGdCLJMZccI0DhEosO7v9vHKok7Q"], &["hf_hub_download", "hf_transfer"]),
    rule("jwt-in-base64", &["ZXlK"], &[run(&BASE64, 60, 8192)])
        .examples(&["ZX`lKJEgPZXxjOozWf7bNihdIGnJXlq8MxVj5l3V26XkHbwXTpC3FnO6w5ZyDnuY5bgQUaeZP6zR3wdoKyk7Q"], &["ZXlK"]),
    rule("langsmith-key", &["lsv2_pt_", "lsv2_sk_"], &[run(&HEX_LOWER, 32, 32), text("_"), run(&HEX_LOWER, 10, 10)])
        .examples(&["ls`v2_pt_6907508db2823ccd71ba82f4dee6a4f2_59620e64f2"], &["lsv2_pt_x"]),
    rule("mailchimp-key", &["-us"], &[run(&DIGIT, 1, 2)])
        .examples(&["9002b6d08b5ab4f2`5bd0e3a34bff24f2-us12"], &["contact-us", "about-us1"])
        .after(&HEX_LOWER, 32, 32),
    rule("mailgun-key", &["key-"], &[run(&HEX_LOWER, 32, 32)])
        .examples(&["ke`y-438c6b8068dc5d44036c002e162aa4f2"], &["key-value", "api-key-name"]),
    rule("nightfall-key", &["NF-"], &[run(&ALNUM, 32, 32)])
        .examples(&["NF`-apn5wy4ggL4i8mCDKL6ORT6CWeKUUk7Q"], &["NF-short"]),
    rule("notion-secret", &["secret_"], &[run(&ALNUM, 43, 43)])
        .examples(&["se`cret_kzPR3TpTPES4EMjh6FMyeSpZ4oazKYV0oOVVPcpgk7Q"], &["secret_access_key", "secret_"])
        .checked(upper_lower_digit),
    rule("notion-token", &["ntn_"], &[run(&ALNUM, 40, 60)])
        .examples(&["nt`n_acDdzp879oXRc7JOK6AqcjDbEW9gW4TgljZHkk7Q"], &["ntn_short"]),
    rule("openai-key", &["sk-proj-", "sk-svcacct-", "sk-admin-", "sk-None-"], &[run(&URL64, 40, 220)])
        .examples(&["sk`-proj-nWajdkjgL6YaAdx6ApA2olTmlEmlVJMNLs-QyakjfoBX60Akchdr3hxL4GrGMSdPWmu4u8Pk7Q"], &["sk-proj-demo", "sk-project-of-the-year-award-winning"]),
    rule("openai-legacy-key", &["sk-", "sess-"], &[run(&ALNUM, 32, 64)])
        .examples(&["sk`-AIbvoI4w60vaXXXp4k7QT3BlbkFJIkgc02uBOvxeIh9Dkk7Q"], &["sk-learn", "sk-estimator", "desk-0123456789"])
        .checked(letters_and_digits),
    rule("openrouter-key", &["sk-or-v1-"], &[run(&HEX_LOWER, 64, 64)])
        .examples(&["sk`-or-v1-7d266908d35e59c7a80268422c922202b243f8e5389cd5e3eaa60c736ba804f2"], &["sk-or-v1-short"]),
    rule("perplexity-key", &["pplx-"], &[run(&ALNUM, 48, 56)])
        .examples(&["pp`lx-kYQQLtQqlcjEg1dyqPfKLodesar27i79wxIUlixYVqxxkk7Q"], &["pplx-short"]),
    rule("plaid-token", &["access-sandbox-", "access-development-", "access-production-"], &[run(&UUID, 36, 36)])
        .examples(&["access-sandbox-`1c2d3e4f-5a6b-7c8d-9e0f-a1b2c3d4e5f6"], &["access-sandbox-x"]),
    rule("razorpay-key", &["rzp_live_", "rzp_test_"], &[run(&ALNUM, 14, 14)])
        .examples(&["rz`p_live_3p6YksWy7Wbk7Q"], &["rzp_live_short"]),
    rule("replicate-token", &["r8_"], &[run(&ALNUM, 37, 40)])
        .examples(&["r8`_4oWy2xpP5Eq3adgQy1xpsbECFhhDJTFfzhk7Q"], &["r8_short"]),
    rule("resend-key", &["re_"], &[run(&WORD, 30, 40)])
        .examples(&["re`_l6oBCdhmerxCEp7vJdeGoEVnKN3k7Q"], &["re_compile_the_pattern_and_return", "re_"])
        .checked(upper_lower_digit),
    rule("sendgrid-key", &["SG."], &[run(&URL64, 16, 32), text("."), run(&URL64, 32, 64)])
        .examples(&["SG`.Woh3hEvOBmk9H76qj5Ok7Q.Uip89Gxbd8eD-rUsXPfVxDc6k5BeK4ryMOziZdvbk7Q"], &["SG.1", "SG.module.name"]),
    rule("shippo-token", &["shippo_live_", "shippo_test_"], &[run(&HEX_LOWER, 40, 40)])
        .examples(&["sh`ippo_live_2fbf666f69e87a1d5ad0b57048efc48738d444f2"], &["shippo_live_short"]),
    rule("shopify-token", &["shpat_", "shpca_", "shppa_", "shpss_"], &[run(&HEX, 32, 32)])
        .examples(&["sh`pat_57d52Ced8CF748d31d3092954d2Ac4F2"], &["shpat_short"]),
    rule("slack-token", &["xoxb-", "xoxp-", "xoxa-", "xoxo-", "xoxr-", "xoxs-", "xoxe-", "xoxc-", "xoxd-", "xapp-", "xoxe.xoxp-", "xoxe.xoxb-"], &[run(&SLACK, 20, 400)])
        .examples(&["xo`xb-928489699412-573547695412-nRuZ6aCEvRWT9P4lD9uYok7Q", "xa`pp-1-AN80ZIOXK7Q-6344521937412-eabbda5f05cb39676b9852e160d80205270575870032264fa2ba9df8a12854f2"], &["xoxb-your-token", "xoxo-hugs-and-kisses-to-all-of-you"])
        .checked(letters_and_digits),
    rule("slack-webhook", &["hooks.slack.com/services/", "hooks.slack.com/workflows/", "hooks.slack.com/triggers/"], &[run(&PATH, 30, 120)])
        .examples(&["hooks.slack.com/services/T`DQIVV6K7Q/B9DJ1YSK7Q/ZeZEgeLjmYTCZDY0oNf0Qk7Q"], &["hooks.slack.com/services/", "hooks.slack.com/services/docs"])
        .keeping_anchor(),
    rule("square-access-token", &["EAAA"], &[run(&URL64, 60, 60)])
        .examples(&["EA`AArbyBn6EH2QhdDdCLB6yxANHquhC7RNYONhOlLgPEtwF7dzPpU8NjniX39k7Q"], &["EAAA"]),
    rule("square-token", &["sq0atp-", "sq0csp-"], &[run(&URL64, 22, 64)])
        .examples(&["sq`0atp-5O91V5Ogn6lJreqi7eMk7Q"], &["sq0atp-short"]),
    rule("stripe-key", &["sk_live_", "sk_test_", "sk_prod_", "rk_live_", "rk_test_", "rk_prod_"], &[run(&ALNUM, 10, 250)])
        .examples(&["sk`_live_HfjzSgTk7Q"], &["sk_live_short"]),
    rule("stripe-webhook-secret", &["whsec_"], &[run(&ALNUM, 24, 64)])
        .examples(&["wh`sec_cs6XQiHgSeuk0IM1Akplyk7Q"], &["whsec_short"]),
    rule("teams-webhook", &[".webhook.office.com/webhookb2/"], &[run(&TEAMS, 80, 200)])
        .examples(&["x.webhook.office.com/webhookb2/`1c2d3e4f-5a6b-7c8d-9e0f-a1b2c3d4e5f6@1c2d3e4f-5a6b-7c8d-9e0f-a1b2c3d4e5f6/IncomingWebhook/ab37e328cf759ec646f3a708f4aa54f2/1c2d3e4f-5a6b-7c8d-9e0f-a1b2c3d4e5f6"], &["x.webhook.office.com/webhookb2/"])
        .after(&HOST, 1, 60).keeping_anchor(),
    rule("telegram-bot-token", &[":AA"], &[run(&URL64, 32, 33)])
        .examples(&["114615412:`AADOIUMVTYWKoDb0FgvtNGPW3NrERhSwk7Q"], &["12:AAB", "key:AAAAAAAA"])
        .after(&DIGIT, 8, 10),
    rule("twilio-key", &["SK"], &[run(&HEX_LOWER, 32, 32)])
        .examples(&["SK`eafe6ab7233a007b22f16ec9fc9fa4f2"], &["SK", "SKU-1234", "TASK0123456789abcdef0123456789abcdef"]),
    rule("typeform-token", &["tfp_"], &[run(&URL64_DOT, 40, 64)])
        .examples(&["tf`p_ni951bDAAUUpe73dq2lxLTmChCU3uWj1zPMQx_bsWvxcoUghAcB7tBstk7Q"], &["tfp_x"]),
    rule("xai-key", &["xai-"], &[run(&ALNUM, 70, 100)])
        .examples(&["xa`i-iMSqMroAnGODdfXaZv5TkVYpIqoH0loMl53mLUUhVDTMTnr11B7GdF8aC3f3e5YJRAjk7Q"], &["xai-short"]),
];
