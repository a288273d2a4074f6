//! What authors know from the web platform.

use serde_json::{Value, json};
use usher_functions::host::{Body, HostCall, HttpAnswer, HttpRequest};

use crate::harness::{Worker, evaluate, job};

#[test]
fn urls_are_read_as_browsers_read_them() {
    for (expression, expected) in [
        (
            "new URL('https://Example.com').href",
            "https://example.com/",
        ),
        (
            "new URL('HTTP://a.b:80/x/../y/./z?q=a b#h i').href",
            "http://a.b/y/z?q=a%20b#h%20i",
        ),
        ("new URL('https://u:p@a.b:8443/').host", "a.b:8443"),
        ("new URL('https://u:p@a.b:8443/').username", "u"),
        (
            "new URL('../c?x=1', 'https://a.b/d/e/f').href",
            "https://a.b/d/c?x=1",
        ),
        ("new URL('/c', 'https://a.b/d').href", "https://a.b/c"),
        ("new URL('//c.d/e', 'https://a.b/d').href", "https://c.d/e"),
        (
            "new URL('?y=2', 'https://a.b/d?x=1').href",
            "https://a.b/d?y=2",
        ),
        ("new URL('https://a.b/é').pathname", "/%C3%A9"),
        ("new URL('https://[::1]:81/').hostname", "[::1]"),
        (
            "(() => { const u = new URL('https://a.b/?x=1'); u.searchParams.append('y', 'ä &'); return u.href; })()",
            "https://a.b/?x=1&y=%C3%A4+%26",
        ),
        (
            "new URLSearchParams({ a: '1', b: 'x y' }).toString()",
            "a=1&b=x+y",
        ),
        (
            "new URLSearchParams('a=1&a=2&b=%20+').getAll('a').join()",
            "1,2",
        ),
        (
            "JSON.stringify([...new URLSearchParams('?b=%C3%A9+x')])",
            "[[\"b\",\"é x\"]]",
        ),
    ] {
        assert_eq!(evaluate(expression), expected, "{expression}");
    }
    for words in [
        "a.b/c",
        "file:///etc/passwd",
        "https://",
        "https://a b/",
        "https://a.b:99999/",
    ] {
        assert_eq!(
            evaluate(&format!("URL.canParse('{words}')")),
            false,
            "{words}"
        );
    }
}

#[test]
fn text_and_bytes_turn_into_each_other() {
    for (expression, expected) in [
        (
            "[...new TextEncoder().encode('é😀')].join()",
            "195,169,240,159,152,128",
        ),
        (
            "new TextDecoder().decode(new Uint8Array([195, 169, 255]))",
            "é\u{fffd}",
        ),
        ("btoa('usher') + atob('dXNoZXI=')", "dXNoZXI=usher"),
        ("Buffer.from('usher ü').toString('base64')", "dXNoZXIgw7w="),
        ("Buffer.from('dXNoZXIgw7w', 'base64').toString()", "usher ü"),
        ("Buffer.from('00ff', 'hex').toString('hex')", "00ff"),
        (
            "Buffer.concat([Buffer.from('a'), Buffer.from('b')]).toString()",
            "ab",
        ),
    ] {
        assert_eq!(evaluate(expression), expected, "{expression}");
    }
}

#[test]
fn digests_and_signatures_are_those_of_everybody() {
    let hex = "Buffer.from(new Uint8Array(RESULT)).toString('hex')";
    for (expression, expected) in [
        ("await crypto.subtle.digest('SHA-256', new TextEncoder().encode('abc'))",
         "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ("await crypto.subtle.digest({ name: 'SHA-1' }, new TextEncoder().encode('abc'))",
         "a9993e364706816aba3e25717850c26c9cd0d89d"),
        // RFC 4231, test case 2.
        ("await crypto.subtle.sign('HMAC', await crypto.subtle.importKey('raw', new TextEncoder().encode('Jefe'),
            { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']),
            new TextEncoder().encode('what do ya want for nothing?'))",
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
        ("require('crypto').createHmac('sha256', 'Jefe').update('what do ya want ').update('for nothing?').digest()",
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
    ] {
        assert_eq!(evaluate(&hex.replace("RESULT", expression)), expected, "{expression}");
    }
    assert_eq!(
        evaluate(
            "await (async () => {
                const key = await crypto.subtle.importKey('raw', new Uint8Array([1]),
                    { name: 'HMAC', hash: { name: 'SHA-512' } }, false, ['sign', 'verify']);
                const words = new TextEncoder().encode('x');
                const signature = new Uint8Array(await crypto.subtle.sign('HMAC', key, words));
                const good = await crypto.subtle.verify('HMAC', key, signature, words);
                signature[0] ^= 1;
                return [good, await crypto.subtle.verify('HMAC', key, signature, words)];
            })()"
        ),
        json!([true, false])
    );
    assert_eq!(
        evaluate(
            "/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(crypto.randomUUID())"
        ),
        true
    );
    assert_eq!(
        evaluate("crypto.randomUUID() !== crypto.randomUUID()"),
        true
    );
}

#[test]
fn clones_are_deep_and_keep_cycles() {
    assert_eq!(
        evaluate(
            "(() => {
                const one = { date: new Date(0), map: new Map([[1, { a: 1 }]]), bytes: new Uint8Array([1, 2]) };
                one.self = one;
                const copy = structuredClone(one);
                one.map.get(1).a = 2;
                return [copy.self === copy, copy.date.getTime(), copy.map.get(1).a, copy.bytes[1], copy !== one];
            })()"
        ),
        json!([true, 0, 1, 2, true])
    );
}

#[test]
fn fetch_goes_through_the_host() {
    let source = "async function lambda() {
        const answer = await fetch('https://crm.example/vip?id=7', {
            method: 'post', headers: { 'X-One': '1' }, body: JSON.stringify({ a: 1 }),
        });
        return [answer.status, answer.ok, answer.headers.get('Content-Type'), await answer.json()];
    }";
    let answer = HttpAnswer {
        status: 201,
        url: "https://crm.example/vip?id=7".to_owned(),
        headers: vec![("content-type".to_owned(), "application/json".to_owned())],
        body: Body::Base64("eyJ2aXAiOnRydWV9".to_owned()),
    };
    let ran = Worker::start().run(job(source, Value::Null), |_| {
        Ok(serde_json::to_value(&answer).unwrap())
    });
    assert_eq!(
        *ran.value(),
        json!([201, true, "application/json", { "vip": true }])
    );
    assert_eq!(
        ran.calls,
        [HostCall::Http(HttpRequest {
            method: "POST".to_owned(),
            url: "https://crm.example/vip?id=7".to_owned(),
            headers: vec![
                (
                    "content-type".to_owned(),
                    "text/plain;charset=UTF-8".to_owned()
                ),
                ("x-one".to_owned(), "1".to_owned()),
            ],
            body: Some(Body::Text("{\"a\":1}".to_owned())),
            timeout_ms: None,
            redirects_followed: true,
        })]
    );
}
