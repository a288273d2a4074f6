//! The functions of Rust that the prelude is built on: few, and each with its limit.

use std::rc::Rc;

use aws_lc_rs::{constant_time, digest, hmac};
use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use rquickjs::{ArrayBuffer, Ctx, Exception, Function, Object, Value as JsValue};
use rustix::rand::{GetRandomFlags, getrandom};

use crate::host::HostCall;
use crate::sandbox::Run;
use crate::worker::{Failure, FailureKind, FromWorker, LogEntry, LogLevel};

/// Random bytes of one request, at most: as in the web platform.
const RANDOM_BYTES_MAX: usize = 65_536;

/// Reads base64 the way browsers do, with or without padding; letters are translated before.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Returns the object `host` that the prelude takes.
pub(crate) fn host<'js>(ctx: &Ctx<'js>, run: &Rc<Run>) -> rquickjs::Result<Object<'js>> {
    let host = Object::new(ctx.clone())?;
    offer_run(ctx, &host, run)?;
    offer_calls(ctx, &host, run)?;
    offer_text(ctx, &host)?;
    offer_digests(ctx, &host)?;
    Ok(host)
}

/// How a run ends and what it writes.
fn offer_run<'js>(ctx: &Ctx<'js>, host: &Object<'js>, run: &Rc<Run>) -> rquickjs::Result<()> {
    let own = Rc::clone(run);
    let done = move |ctx: Ctx<'js>, value: JsValue<'js>| -> rquickjs::Result<()> {
        if own.has_ended() {
            return Ok(());
        }
        let json = ctx.json_stringify(value)?;
        let json = json.map(|json| json.to_string()).transpose()?;
        own.finish(json.as_deref());
        Ok(())
    };
    host.set("done", Function::new(ctx.clone(), done)?)?;
    let own = Rc::clone(run);
    let fail = move |kind: String, message: String, stack: String| {
        own.fail(Failure {
            kind: match kind.as_str() {
                "custom" => FailureKind::Custom,
                _ => FailureKind::Runtime,
            },
            message,
            stack: (!stack.is_empty()).then_some(stack),
        });
    };
    host.set("fail", Function::new(ctx.clone(), fail)?)?;
    let own = Rc::clone(run);
    let log = move |level: String, message: String, extras: String, at: f64| {
        own.log(LogEntry {
            level: match level.as_str() {
                "debug" => LogLevel::Debug,
                "warn" => LogLevel::Warn,
                "error" => LogLevel::Error,
                _ => LogLevel::Info,
            },
            message,
            extras,
            at_ms: milliseconds(at),
        });
    };
    host.set("log", Function::new(ctx.clone(), log)?)
}

/// What leaves the isolate and is answered.
fn offer_calls<'js>(ctx: &Ctx<'js>, host: &Object<'js>, run: &Rc<Run>) -> rquickjs::Result<()> {
    let own = Rc::clone(run);
    let call = move |ctx: Ctx<'js>, id: u32, json: String| -> rquickjs::Result<()> {
        if !own.may_send(json.len()) {
            return Err(Exception::throw_range(
                &ctx,
                "the call's arguments are too large",
            ));
        }
        let call: HostCall = serde_json::from_str(&json)
            .map_err(|error| Exception::throw_type(&ctx, &format!("not a call: {error}")))?;
        open(&ctx, &own)?;
        own.link.send(&FromWorker::Call { id, call });
        Ok(())
    };
    host.set("call", Function::new(ctx.clone(), call)?)?;
    let own = Rc::clone(run);
    let timer = move |ctx: Ctx<'js>, id: u32, after_ms: u32| -> rquickjs::Result<()> {
        open(&ctx, &own)?;
        own.link.send(&FromWorker::Timer {
            id,
            after_ms: u64::from(after_ms),
        });
        Ok(())
    };
    host.set("timer", Function::new(ctx.clone(), timer)?)?;
    let own = Rc::clone(run);
    // The parent answers what is cancelled at once: its place is free then.
    let cancel = move |id: u32| own.link.send(&FromWorker::Cancel { id });
    host.set("cancel", Function::new(ctx.clone(), cancel)?)
}

fn open(ctx: &Ctx<'_>, run: &Run) -> rquickjs::Result<()> {
    run.open()
        .map_err(|full| Exception::throw_range(ctx, &full))
}

/// Text to bytes and back.
fn offer_text<'js>(ctx: &Ctx<'js>, host: &Object<'js>) -> rquickjs::Result<()> {
    let encode = |ctx: Ctx<'js>, text: String| ArrayBuffer::new_copy(ctx, text.as_bytes());
    host.set("encode", Function::new(ctx.clone(), encode)?)?;
    let decode = |ctx: Ctx<'js>, buffer: ArrayBuffer<'js>, is_fatal: bool| {
        let bytes = copy(&buffer);
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
        if is_fatal && std::str::from_utf8(bytes).is_err() {
            return Err(Exception::throw_type(&ctx, "the bytes are not UTF-8"));
        }
        Ok(String::from_utf8_lossy(bytes).into_owned())
    };
    host.set("decode", Function::new(ctx.clone(), decode)?)?;
    let to_base64 = |buffer: ArrayBuffer<'js>| STANDARD.encode(copy(&buffer));
    host.set("toBase64", Function::new(ctx.clone(), to_base64)?)?;
    let from_base64 = |ctx: Ctx<'js>, text: String| {
        let letters: Vec<u8> = text
            .bytes()
            .filter(|byte| !byte.is_ascii_whitespace())
            .map(|byte| match byte {
                b'-' => b'+',
                b'_' => b'/',
                other => other,
            })
            .collect();
        match LENIENT.decode(letters) {
            Ok(bytes) => ArrayBuffer::new_copy(ctx, &bytes),
            Err(error) => Err(Exception::throw_type(&ctx, &format!("not base64: {error}"))),
        }
    };
    host.set("fromBase64", Function::new(ctx.clone(), from_base64)?)
}

/// Digests, signatures, random bytes.
fn offer_digests<'js>(ctx: &Ctx<'js>, host: &Object<'js>) -> rquickjs::Result<()> {
    let digest = |ctx: Ctx<'js>, name: String, buffer: ArrayBuffer<'js>| {
        let hash = match name.as_str() {
            "SHA-1" => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            "SHA-384" => &digest::SHA384,
            "SHA-512" => &digest::SHA512,
            _ => &digest::SHA256,
        };
        ArrayBuffer::new_copy(ctx, digest::digest(hash, &copy(&buffer)))
    };
    host.set("digest", Function::new(ctx.clone(), digest)?)?;
    let sign = |ctx: Ctx<'js>, name: String, key: ArrayBuffer<'js>, words: ArrayBuffer<'js>| {
        ArrayBuffer::new_copy(ctx, signature(&name, &key, &words))
    };
    host.set("hmac", Function::new(ctx.clone(), sign)?)?;
    let verify = |name: String,
                  key: ArrayBuffer<'js>,
                  words: ArrayBuffer<'js>,
                  claimed: ArrayBuffer<'js>| {
        let own = signature(&name, &key, &words);
        constant_time::verify_slices_are_equal(own.as_ref(), &copy(&claimed)).is_ok()
    };
    host.set("verify", Function::new(ctx.clone(), verify)?)?;
    let random = |ctx: Ctx<'js>, size: usize| {
        if size > RANDOM_BYTES_MAX {
            let message = format!("at most {RANDOM_BYTES_MAX} random bytes at once");
            return Err(Exception::throw_range(&ctx, &message));
        }
        let mut bytes = vec![0_u8; size];
        for part in bytes.chunks_mut(256) {
            getrandom(part, GetRandomFlags::empty())
                .map_err(|error| rquickjs::Error::Io(error.into()))?;
        }
        ArrayBuffer::new_copy(ctx, &bytes)
    };
    host.set("random", Function::new(ctx.clone(), random)?)
}

fn signature(name: &str, key: &ArrayBuffer<'_>, words: &ArrayBuffer<'_>) -> hmac::Tag {
    let algorithm = match name {
        "SHA-1" => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        "SHA-384" => hmac::HMAC_SHA384,
        "SHA-512" => hmac::HMAC_SHA512,
        _ => hmac::HMAC_SHA256,
    };
    hmac::sign(&hmac::Key::new(algorithm, &copy(key)), &copy(words))
}

/// Copies the bytes of a buffer out of the engine; a detached one has none.
fn copy(buffer: &ArrayBuffer<'_>) -> Vec<u8> {
    #[expect(unsafe_code, reason = "the bytes belong to the engine")]
    // SAFETY: the slice is copied before any JavaScript runs again.
    let bytes = unsafe { buffer.as_bytes() };
    bytes.map(<[u8]>::to_vec).unwrap_or_default()
}

/// The instant that JavaScript says, in whole milliseconds.
fn milliseconds(at: f64) -> i64 {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "such a cast saturates, and an author's lie about the time harms nobody"
    )]
    let whole = at as i64;
    whole
}
