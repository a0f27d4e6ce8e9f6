//! Addresses that are secrets: who knows them may post.

use super::format::{TokenRule, letters_and_digits, rule, run, text, upper_lower_digit};
use crate::bytes::{ByteSet, DIGIT, HEX_LOWER, LOWER_DIGIT};

static OTPAUTH: ByteSet = ByteSet::new("0-9A-Za-z%:@=?&._-");
static TEAMS: ByteSet = ByteSet::new("0-9A-Za-z@/-");
static UUID: ByteSet = ByteSet::new("0-9a-fA-F-");
static PATH: ByteSet = ByteSet::new("0-9A-Za-z/_-");
static HOST: ByteSet = ByteSet::new("0-9A-Za-z.-");

#[rustfmt::skip]
pub(super) static RULES: &[TokenRule] = &[
    rule("dingtalk-webhook", &["oapi.dingtalk.com/robot/send?access_token="], &[run(&HEX_LOWER, 64, 64)])
        .examples(&["oapi.dingtalk.com/robot/send?access_token=6`344d6aa4ec67b10cda1f06f2ba73f56f1e7b31615f2ce3a768567cd5ec624f2"], &["oapi.dingtalk.com/robot/send"])
        .keeping_anchor(),
    rule("feishu-webhook", &["open.feishu.cn/open-apis/bot/v2/hook/", "open.larksuite.com/open-apis/bot/v2/hook/"], &[run(&UUID, 36, 36)])
        .examples(&["open.feishu.cn/open-apis/bot/v2/hook/1`c2d3e4f-5a6b-7c8d-9e0f-a1b2c3d4e5f6"], &["open.feishu.cn/open-apis/bot/v2/hook/x"])
        .keeping_anchor(),
    rule("ifttt-webhook", &["maker.ifttt.com/trigger/"], &[run(&PATH, 30, 200)])
        .examples(&["maker.ifttt.com/trigger/`door/with/key/iTfiAlFONoFY1EG8xIGq8iZYuPJVab84GZiP7SYhk7Q"], &["maker.ifttt.com/trigger/"])
        .checked(upper_lower_digit)
        .keeping_anchor(),
    rule("make-webhook", &[".make.com/"], &[run(&LOWER_DIGIT, 30, 36)])
        .examples(&["hook.eu1.make.com/`d31tg4vz82ya94ajidvfbvrg9yoytk7q"], &[".make.com/en/help"])
        .checked(letters_and_digits)
        .after(&HOST, 3, 40)
        .keeping_anchor(),
    rule("office-webhook", &["outlook.office.com/webhook/", "outlook.office365.com/webhook/"], &[run(&TEAMS, 80, 200)])
        .examples(&["outlook.office.com/webhook/`1c2d3e4f-5a6b-7c8d-9e0f-a1b2c3d4e5f6@1c2d3e4f-5a6b-7c8d-9e0f-a1b2c3d4e5f6/IncomingWebhook/3e7cefa30c14d732f64cb79abcc4b4f2/1c2d3e4f-5a6b-7c8d-9e0f-a1b2c3d4e5f6"], &["outlook.office.com/webhook/"])
        .keeping_anchor(),
    rule("wecom-webhook", &["qyapi.weixin.qq.com/cgi-bin/webhook/send?key="], &[run(&UUID, 36, 36)])
        .examples(&["qyapi.weixin.qq.com/cgi-bin/webhook/send?key=1`c2d3e4f-5a6b-7c8d-9e0f-a1b2c3d4e5f6"], &["qyapi.weixin.qq.com/cgi-bin/webhook/send"])
        .keeping_anchor(),
    rule("zapier-webhook", &["hooks.zapier.com/hooks/catch/"], &[run(&DIGIT, 4, 9), text("/"), run(&LOWER_DIGIT, 5, 8)])
        .examples(&["hooks.zapier.com/hooks/catch/2`803/czix4"], &["hooks.zapier.com/hooks/catch/"])
        .keeping_anchor(),
    rule("otpauth-secret", &["otpauth://totp/", "otpauth://hotp/"], &[run(&OTPAUTH, 10, 300)])
        .examples(&["otpauth://totp/`shop:jo?secret=JBSWY3DPEHPK3PXP&issuer=shop"], &["otpauth://totp/x"])
        .keeping_anchor(),
    rule("mattermost-webhook", &["/hooks/"], &[run(&LOWER_DIGIT, 26, 26)])
        .examples(&["/hooks/`kj4xi423l375t823g4c3mhwk7q"], &["/hooks/pre-commit", "/hooks/"])
        .checked(letters_and_digits)
        .keeping_anchor(),
];
