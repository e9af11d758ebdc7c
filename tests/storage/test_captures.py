from __future__ import annotations

import fcntl
import gzip
import hashlib
import json
import subprocess
import sys
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from forked import Child
from making import NOON, bury, heard
from warcio.archiveiterator import ArchiveIterator

from scraper.items import Validators
from storage import captures
from storage.captures import Archive, Exchange, Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

URL = "https://snv.example.vn/portal/Pages/tin.aspx?id=1&b=2"
BODY = "<html><title>Quyết định</title><p>Nội dung</p></html>".encode()
ODD = (
    ("Content-Type", "text/html; charset=utf-8"),
    ("Set-Cookie", "a=1; path=/"),
    ("Set-Cookie", "b=2"),
    ("X-Empty", ""),
    ("X-Colons", "a: b:c"),
    ("X-Latin", 'caf\xe9; filename="qu\xfd.pdf"'),
    ("X-Utf8", "Quyết định số 1".encode().decode("latin-1")),
    ("x-Case", " two  spaces"),
)


def exchange(body: bytes = BODY, **fields: Any) -> Exchange:
    told = {
        "url": URL, "at": NOON, "request_headers": (("Host", "snv.example.vn"), ("User-Agent", "congtin")),
        "status": 200, "reason": "OK", "headers": (("Content-Type", "text/html"),), "body": body,
        "address": "203.0.113.9",
    }  # fmt: skip
    return Exchange(**(told | fields))


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    opened = Archive(tmp_path / "archive")
    yield opened
    opened.close()


def records(path: Path) -> list[dict[str, Any]]:
    """All records of a file as warcio reads them, with place and length, digests checked."""
    found = []
    with path.open("rb") as file:
        iterator = ArchiveIterator(file, check_digests="raise")
        for record in iterator:
            payload = record.raw_stream.read()
            found.append(
                {
                    "type": record.rec_type,
                    "headers": dict(record.rec_headers.headers),
                    "http": record.http_headers,
                    "payload": payload,
                    "offset": iterator.get_record_offset(),
                    "length": iterator.get_record_length(),
                }
            )
    return found


def check(path: Path) -> None:
    """`warcio check`, as anyone else would run it."""
    done = subprocess.run(
        [sys.executable, "-m", "warcio.cli", "check", "-v", str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "digest pass" in done.stdout


def test_a_file_begins_with_who_made_it_and_holds_valid_records(archive: Archive) -> None:
    captured = archive.write(exchange())
    archive.close()
    path = archive.folder / captured.warc
    about, response, request = records(path)
    assert about["type"] == "warcinfo"
    assert b"software: congtin" in about["payload"]
    assert about["headers"]["WARC-Filename"] == path.name
    assert response["type"] == "response"
    assert response["headers"]["WARC-Target-URI"] == URL
    assert response["headers"]["WARC-Date"] == "2025-03-10T05:00:00Z"
    assert response["headers"]["WARC-IP-Address"] == "203.0.113.9"
    assert response["headers"]["WARC-Payload-Digest"] == f"sha256:{hashlib.sha256(BODY).hexdigest()}"
    assert response["headers"]["Content-Type"] == "application/http; msgtype=response"
    assert response["payload"] == BODY
    assert (response["offset"], response["length"]) == (captured.offset, captured.length)
    assert request["type"] == "request"
    assert request["headers"]["WARC-Concurrent-To"] == response["headers"]["WARC-Record-ID"]
    assert request["http"].protocol == "GET"
    assert request["http"].statusline == "/portal/Pages/tin.aspx?id=1&b=2 HTTP/1.1"
    assert captured.at == NOON
    assert captured.at.tzinfo == UTC
    check(path)


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://a.vn", "/"),
        ("https://a.vn/", "/"),
        ("https://a.vn?x=1", "/?x=1"),
        ("https://a.vn?x=/y", "/?x=/y"),
        ("https://a.vn/t?u=http://b.vn/#top", "/t?u=http://b.vn/"),
    ],
)
def test_a_request_line_names_path_and_query(archive: Archive, url: str, target: str) -> None:
    captured = archive.write(exchange(url=url))
    archive.close()
    assert records(archive.folder / captured.warc)[2]["http"].statusline == f"{target} HTTP/1.1"


def test_a_form_that_was_posted_is_kept(archive: Archive) -> None:
    form = b"__EVENTTARGET=grv&__EVENTARGUMENT=Page%242"
    captured = archive.write(exchange(method="POST", request_body=form))
    archive.close()
    request = records(archive.folder / captured.warc)[2]
    assert (request["http"].protocol, request["payload"]) == ("POST", form)
    check(archive.folder / captured.warc)


def test_the_same_payload_again_is_a_revisit_that_says_of_what(archive: Archive) -> None:
    first = archive.write(exchange())
    had = Validators(captured_at=first.at, digest=first.digest)
    second = archive.write(exchange(at=datetime(2025, 3, 11, tzinfo=UTC)), had)
    archive.close()
    assert (second.record_type, second.digest, second.status) == ("revisit", first.digest, 200)
    revisit = records(archive.folder / second.warc)[3]
    assert revisit["type"] == "revisit"
    assert revisit["headers"]["WARC-Profile"] == "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"
    assert revisit["headers"]["WARC-Refers-To-Target-URI"] == URL
    assert revisit["headers"]["WARC-Refers-To-Date"] == "2025-03-10T05:00:00Z"
    assert revisit["headers"]["WARC-Payload-Digest"] == first.digest
    assert revisit["payload"] == b""
    assert revisit["http"].get_header("Content-Type") == "text/html"
    check(archive.folder / second.warc)


def test_not_modified_is_a_revisit_of_what_is_held(archive: Archive) -> None:
    had = Validators(etag='"1"', captured_at=NOON, digest="sha256:" + "0" * 64)
    captured = archive.write(exchange(b"", status=304, reason="Not Modified"), had)
    archive.close()
    assert (captured.record_type, captured.digest, captured.status) == ("revisit", had.digest, 304)
    revisit = records(archive.folder / captured.warc)[1]
    assert revisit["headers"]["WARC-Profile"] == "http://netpreserve.org/warc/1.1/revisit/server-not-modified"
    assert revisit["headers"]["WARC-Refers-To-Date"] == "2025-03-10T05:00:00Z"
    assert revisit["http"].statusline == "304 Not Modified"
    check(archive.folder / captured.warc)


@pytest.mark.parametrize(
    ("body", "status", "had"),
    [
        (b"other", 200, Validators(captured_at=NOON, digest="sha256:" + "0" * 64)),
        (BODY, 200, Validators(etag='"1"')),
        (b"", 200, Validators(captured_at=NOON, digest=f"sha256:{hashlib.sha256(b'').hexdigest()}")),
        (b"", 304, None),
    ],
)
def test_what_refers_to_nothing_that_is_held_is_a_response(
    archive: Archive, body: bytes, status: int, had: Validators | None
) -> None:
    captured = archive.write(exchange(body, status=status), had)
    assert captured.record_type == "response"
    assert archive.read(captured.warc, captured.offset).payload == body


def test_no_response_is_a_metadata_record(archive: Archive) -> None:
    failed = Exchange(url=URL, at=NOON, error="TimeoutError: quá\r\nlâu \ud800")
    captured = archive.write(failed)
    assert (captured.record_type, captured.status) == ("metadata", None)
    assert (
        archive.read(captured.warc, captured.offset).payload.decode()
        == "error: TimeoutError: quá  lâu ?\r\nmethod: GET\r\n"
    )
    archive.close()
    found = records(archive.folder / captured.warc)
    assert [one["type"] for one in found] == ["warcinfo", "metadata"]
    assert found[1]["headers"]["Content-Type"] == "application/warc-fields"
    check(archive.folder / captured.warc)


def test_a_body_that_was_cut_says_so(archive: Archive) -> None:
    captured = archive.write(exchange(truncated=True))
    archive.close()
    assert records(archive.folder / captured.warc)[1]["headers"]["WARC-Truncated"] == "disconnect"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\r\n\r\n",
        gzip.compress(BODY, mtime=0),
        bytes(range(256)) * 300,
        b"WARC/1.1\r\n\r\n",
        "Ω".encode("utf-16"),
    ],
)
def test_headers_and_payload_come_back_byte_for_byte(archive: Archive, body: bytes) -> None:
    headers = (*ODD, ("Content-Encoding", "gzip"))
    captured = archive.write(exchange(body, headers=headers))
    found = archive.read(captured.warc, captured.offset)
    assert found.payload == body
    assert found.headers == headers
    assert (found.url, found.record_type, found.date) == (URL, "response", "2025-03-10T05:00:00Z")
    archive.close()
    path = archive.folder / captured.warc
    raw = gzip.decompress(path.read_bytes()[captured.offset : captured.offset + captured.length])
    assert b'X-Latin: caf\xe9; filename="qu\xfd.pdf"\r\n' in raw
    assert "X-Utf8: Quyết định số 1\r\n".encode() in raw
    check(path)


def test_a_header_cannot_break_out_of_its_line(archive: Archive) -> None:
    captured = archive.write(exchange(headers=(("X", "a\r\nY: b\r\n\r\n<html>"), ("Z\n", "c"))))
    found = archive.read(captured.warc, captured.offset)
    assert [name for name, _ in found.headers] == ["X", "Z "]
    assert found.payload == BODY


def test_places_and_lengths_are_right_for_every_record(archive: Archive) -> None:
    written = [archive.write(exchange(b"x" * (number * 997))) for number in range(40)]
    archive.close()
    places = {one["offset"]: one for one in records(archive.folder / written[0].warc)}
    for number, captured in enumerate(written):
        assert places[captured.offset]["length"] == captured.length
        assert places[captured.offset]["type"] == "response"
        assert len(archive.read(captured.warc, captured.offset).payload) == number * 997
    assert len(places) == 1 + 2 * len(written)


@pytest.mark.parametrize("offset", [1, 57, 10**9, -5])
def test_a_place_where_no_record_begins_is_unreadable(archive: Archive, offset: int) -> None:
    captured = archive.write(exchange())
    with pytest.raises(Unreadable, match=f"byte {offset} of"):
        archive.read(captured.warc, offset)


def test_a_file_that_is_missing_or_no_archive_is_unreadable(archive: Archive) -> None:
    archive.folder.mkdir()
    for name, data in (("text.warc.gz", b"no archive at all\n" * 9), ("empty.warc.gz", b""), ("nul", b"\0" * 999)):
        (archive.folder / name).write_bytes(data)
        with pytest.raises(Unreadable, match=name):
            archive.read(name, 0)
    with pytest.raises(Unreadable, match="none"):
        archive.read("none.warc.gz", 0)


def test_a_record_that_is_cut_off_is_never_read_as_if_it_were_whole(archive: Archive) -> None:
    captured = archive.write(exchange(bytes(range(256)) * 40))
    archive.close()
    path = archive.folder / captured.warc
    whole = path.read_bytes()
    end = captured.offset + captured.length
    for cut in range(captured.offset, end - 8, 97):
        path.write_bytes(whole[:cut])
        with pytest.raises(Unreadable):
            archive.read(captured.warc, captured.offset)


def torn(archive: Archive) -> tuple[Path, bytes, int]:
    """A file as a process leaves it that is killed: the path, all its bytes, where the last record begins."""
    for number in range(3):
        captured = archive.write(exchange(f"page {number}".encode() * 50))
    path = archive.folder / captured.warc
    whole = path.read_bytes()
    archive.close()
    return path, whole, records(path)[-1]["offset"]


def test_a_torn_record_is_cut_off_wherever_it_was_torn_and_nothing_else_is_lost(archive: Archive) -> None:
    path, whole, last = torn(archive)
    marker = path.with_name(path.name + ".open")
    for size in range(last, len(whole) + 1, 3):
        path.write_bytes(whole[:size])
        marker.touch()
        told = captures.mend(archive.folder)
        complete = size in {last, len(whole)}
        assert told == (
            [] if complete else [f"{path.name}: cut {size - last:,} bytes of a record that a crash left torn"]
        )
        assert path.read_bytes() == whole[: size if complete else last]
        assert not marker.exists()
    path.write_bytes(whole[:last])
    assert [one["type"] for one in records(path)].count("response") == 3
    assert captures.mend(archive.folder) == []


@pytest.mark.parametrize("tail", [b"\0" * 5000, b"\x1f\x8b\x08\x00", b"garbage", b"\x1f\x8b\x08" + b"\xff" * 300])
def test_what_a_power_cut_leaves_at_the_end_is_cut_off(archive: Archive, tail: bytes) -> None:
    path, whole, _ = torn(archive)
    path.write_bytes(whole + tail)
    path.with_name(path.name + ".open").touch()
    assert len(captures.mend(archive.folder)) == 1
    assert path.read_bytes() == whole


def test_a_file_of_nothing_but_torn_bytes_is_taken_away(tmp_path: Path) -> None:
    path, marker = tmp_path / "a.warc.gz", tmp_path / "a.warc.gz.open"
    path.write_bytes(b"\x1f\x8b\x08\x00torn")
    marker.touch()
    (tmp_path / "b.warc.gz.open").touch()  # its file was never made
    captures.mend(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_file_without_a_marker_is_left_alone(archive: Archive) -> None:
    path, whole, last = torn(archive)
    path.write_bytes(whole[: last + 5])
    assert captures.mend(archive.folder) == []
    assert path.read_bytes() == whole[: last + 5]


WRITE = """
import sys
from pathlib import Path
from test_captures import exchange
from storage.captures import Archive
archive = Archive(Path(sys.argv[1]))
print(archive.write(exchange()).warc, flush=True)
sys.stdin.readline()
archive.write(exchange())
archive.close()
print("closed", flush=True)
"""


def test_the_file_of_a_living_process_is_never_touched(archive: Archive) -> None:
    process = Child(WRITE, archive.folder)
    try:
        name = heard(process)
        path = archive.folder / name
        with path.open("ab") as file:
            file.write(b"\x1f\x8btorn")  # as a record looks that is being written
        before = path.read_bytes()
        assert captures.mend(archive.folder) == []
        assert path.read_bytes() == before
        assert (archive.folder / f"{name}.open").exists()
        process.kill()
        process.wait()
        assert len(captures.mend(archive.folder)) == 1
        assert len(records(path)) == 3
        assert not (archive.folder / f"{name}.open").exists()
    finally:
        bury(process)


def test_each_process_writes_a_file_of_its_own(archive: Archive) -> None:
    processes = [Child(WRITE, archive.folder) for _ in range(2)]
    try:
        names = {heard(process) for process in processes} | {archive.write(exchange()).warc}
        assert len(names) == 3
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
            assert heard(process) == "closed"
        archive.close()
        assert {path.name for path in captures.files(archive.folder)} == names
        assert not list(archive.folder.glob("*.open"))
        for name in names:
            check(archive.folder / name)
    finally:
        for process in processes:
            bury(process)


def test_a_new_file_is_begun_when_one_is_large(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(captures, "LARGEST_FILE", 2_000)
    written = [archive.write(exchange()) for _ in range(6)]
    archive.close()
    assert len({one.warc for one in written}) > 1
    for captured in written:
        assert captured.offset < 2_000
        assert archive.read(captured.warc, captured.offset).payload == BODY
        check(archive.folder / captured.warc)
    assert not list(archive.folder.glob("*.open"))


def test_syncing_from_another_thread_does_not_trip_over_a_new_file(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(captures, "LARGEST_FILE", 1)
    failures: list[Exception] = []
    done = threading.Event()

    def sync() -> None:
        while not done.is_set():
            try:
                archive.sync()
            except Exception as error:  # noqa: BLE001 - whatever it is
                failures.append(error)

    thread = threading.Thread(target=sync)
    thread.start()
    for _ in range(100):
        archive.write(exchange(b""))
    done.set()
    thread.join()
    assert failures == []


FULL = """
import json, resource, signal, sys
from pathlib import Path
from test_captures import exchange
from storage.captures import Archive
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
archive = Archive(Path(sys.argv[1]))
kept = [archive.write(exchange()).offset]
size = (archive.folder / (name := archive.write(exchange()).warc)).stat().st_size
resource.setrlimit(resource.RLIMIT_FSIZE, (size + int(sys.argv[2]), resource.RLIM_INFINITY))
import random
failures = 0
for _ in range(3):
    try:
        archive.write(exchange(random.Random(1).randbytes(600_000)))
    except OSError:
        failures += 1
full = (archive.folder / name).stat().st_size
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
last = archive.write(exchange())
archive.close()
print(json.dumps([name, failures, full - size, last.offset - size]), flush=True)
"""


@pytest.mark.parametrize("room", [0, 1, 4096, 300_000])
def test_a_full_disk_leaves_the_file_as_it_was_and_it_goes_on_when_there_is_room(archive: Archive, room: int) -> None:
    process = Child(FULL, archive.folder, room)
    try:
        name, failures, grown, place = json.loads(heard(process))
    finally:
        bury(process)
    assert (failures, grown, place) == (3, 0, 0)
    assert [one["type"] for one in records(archive.folder / name)] == ["warcinfo", *["response", "request"] * 3]
    check(archive.folder / name)


def test_where_not_even_the_head_of_a_file_can_be_written_none_is_left(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(captures, "_append", full)
        with pytest.raises(OSError, match="No space left"):
            archive.write(exchange())
    assert list(archive.folder.iterdir()) == []
    captured = archive.write(exchange())
    with (archive.folder / captured.warc).open("rb") as file, pytest.raises(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
