//! The event-stream format itself.

use modelwire::error::ErrorKind;
use modelwire::sse::{Flow, MAX_EVENT_BYTES, SseParser};

fn events(pieces: &[&[u8]]) -> Vec<(String, String)> {
    let mut parser = SseParser::new();
    let mut list = Vec::new();
    for piece in pieces {
        parser
            .feed(piece, &mut |event| {
                list.push((event.name.to_owned(), event.data.to_owned()));
                Ok(Flow::More)
            })
            .unwrap();
    }
    parser
        .finish(&mut |event| {
            list.push((event.name.to_owned(), event.data.to_owned()));
            Ok(Flow::More)
        })
        .unwrap();
    list
}

#[test]
fn every_rule_of_the_format_is_kept() {
    type Case = (&'static str, &'static str, &'static [(&'static str, &'static str)]);
    let table: &[Case] = &[
        ("one event", "data: a\n\n", &[("", "a")]),
        ("without the space", "data:a\n\n", &[("", "a")]),
        ("only one space is taken off", "data:  a\n\n", &[("", " a")]),
        ("two data lines join", "data: a\ndata: b\n\n", &[("", "a\nb")]),
        ("an empty data line counts", "data: a\ndata\ndata: b\n\n", &[("", "a\n\nb")]),
        ("a named event", "event: ping\ndata: {}\n\n", &[("ping", "{}")]),
        ("the name is forgotten afterwards", "event: x\ndata: 1\n\ndata: 2\n\n", &[("x", "1"), ("", "2")]),
        ("a name without data is no event", "event: x\n\ndata: 2\n\n", &[("", "2")]),
        ("comments, id and retry are skipped", ": hi\nid: 1\nretry: 5\ndata: a\n\n", &[("", "a")]),
        ("empty data is not dispatched", "data:\n\ndata: a\n\n", &[("", "a")]),
        ("a colon in the value stays", "data: a: b\n\n", &[("", "a: b")]),
        ("no blank line at the end", "data: a\n\ndata: b", &[("", "a"), ("", "b")]),
        ("no line end at all", "data: a", &[("", "a")]),
        ("a BOM is skipped once", "\u{FEFF}data: a\n\n", &[("", "a")]),
        ("only at the start", "data: a\n\n\u{FEFF}data: b\n\n", &[("", "a")]),
        ("bare CR", "data: a\rdata: b\r\r", &[("", "a\nb")]),
        ("CRLF", "data: a\r\n\r\ndata: b\r\n\r\n", &[("", "a"), ("", "b")]),
        ("mixed", "data: a\r\n\ndata: b\n\r\n", &[("", "a"), ("", "b")]),
    ];
    for (name, text, expected) in table {
        let expected: Vec<(String, String)> = expected.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        let bytes = text.as_bytes();
        assert_eq!(events(&[bytes]), expected, "{name}");
        for cut in 0..=bytes.len() {
            assert_eq!(events(&[&bytes[..cut], &[], &bytes[cut..]]), expected, "{name}, cut at {cut}");
        }
    }
}

#[test]
fn bytes_that_are_not_utf8_become_replacement_characters() {
    assert_eq!(events(&[b"data: a\xFFb\n\n"]), [(String::new(), "a\u{FFFD}b".to_owned())]);
}

#[test]
fn an_endless_line_is_an_error_at_the_bound_and_not_an_endless_buffer() {
    let mut parser = SseParser::new();
    let megabyte = vec![b'x'; 1024 * 1024];
    let mut fed = 0;
    let error = loop {
        match parser.feed(&megabyte, &mut |_| Ok(Flow::More)) {
            Ok(_) => fed += megabyte.len(),
            Err(error) => break error,
        }
        assert!(fed <= MAX_EVENT_BYTES, "more than the bound was buffered");
    };
    assert_eq!(error.kind, ErrorKind::Malformed);
}

#[test]
fn endless_data_lines_of_one_event_are_an_error_at_the_bound() {
    let mut parser = SseParser::new();
    let line = format!("data: {}\n", "x".repeat(1024 * 1024));
    let fails = (0..=MAX_EVENT_BYTES / (1024 * 1024)).any(|_| parser.feed(line.as_bytes(), &mut |_| Ok(Flow::More)).is_err());
    assert!(fails);
}

#[test]
fn nothing_after_done_is_read() {
    let mut parser = SseParser::new();
    let mut seen = 0;
    let flow = parser.feed(b"data: 1\n\ndata: 2\n\n", &mut |_| {
        seen += 1;
        Ok(Flow::Done)
    });
    assert_eq!((flow.unwrap(), seen), (Flow::Done, 1));
}
