"""What every client program shares: the spec it is given, the records it makes, the lines it prints.

Record i is the same in every language, so that one client can check what another produced. The
runner's own copy is test/clients/records.ts.
"""

import json
import sys
import threading
from typing import Any

ALPHABET = b"abcdefghijklmnopqrstuvwxyz" * 21
Headers = list[tuple[str, bytes | None]]


def key(i: int) -> bytes | None:
    # Two of the clients refuse a record with neither key nor value.
    if i % 7 == 0 and i % 13 != 0:
        return None
    return b"" if i % 11 == 0 else b"k%d" % (i % 1000)


def value(i: int) -> bytes | None:
    if i % 13 == 0:
        return None
    if i % 17 == 0:
        return b""
    start = i % 26
    return b"%d:" % i + ALPHABET[start : start + (i * 37) % 500]


def headers(i: int, with_null: bool) -> Headers:
    """The headers of record i; not every client can send a null header value."""
    if i % 3 == 0:
        return []
    first: Headers = [("h", b"%d" % i)]
    if i % 5 != 0:
        return first
    return first + [
        ("h", b"again"),
        ("n", None if with_null else b"0"),
        ("e", b""),
        ("b", bytes([0xFF, 0xFE, 0x80 | (i & 0x7F)])),
    ]


def emit(**line: Any) -> None:
    print(json.dumps(line), flush=True)


class Check:
    """Compares consumed records with the expected ones: record n of partition p is n * partitions + p."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self.partitions: int = spec["partitions"]
        self.base_timestamp_ms: int = spec["baseTimestampMs"]
        self.expected: int = spec["count"]
        self.null_headers: bool = spec["nullHeaders"]
        self.seen = [0] * self.partitions
        self.consumed = 0
        self.wrong: list[str] = []

    @property
    def done(self) -> bool:
        return self.consumed >= self.expected

    def record(
        self,
        partition: int,
        offset: int,
        timestamp_ms: int,
        got_key: bytes | None,
        got_value: bytes | None,
        got_headers: Headers,
    ) -> None:
        i = self.seen[partition] * self.partitions + partition
        self.seen[partition] += 1
        self.consumed += 1
        for what, got, want in (
            ("timestamp", timestamp_ms, self.base_timestamp_ms + i),
            ("key", got_key, key(i)),
            ("value", got_value, value(i)),
            ("headers", got_headers, headers(i, self.null_headers)),
        ):
            if got != want and len(self.wrong) < 5:
                self.wrong.append(
                    f"partition {partition} offset {offset} record {i}: "
                    f"{what} is {got!r:.200}, want {want!r:.200}"
                )

    def report(self) -> None:
        emit(consumed=self.consumed, wrong=self.wrong)


def when_told_to_stop() -> threading.Event:
    """An event that is set when the runner closes this process's standard input."""
    stop = threading.Event()

    def wait() -> None:
        sys.stdin.read()
        stop.set()

    threading.Thread(target=wait, daemon=True).start()
    return stop


def spec_from_argv() -> dict[str, Any]:
    return json.loads(sys.argv[1])
