"""Writes what librdkafka and Python's libraries compress: forms that the Java client does not write.

Usage: samples.py FOLDER BROKER DATA_FOLDER (of that broker, a real and empty Kafka, whose segments hold
librdkafka's batches as they were sent)
"""
import gzip
import pathlib
import struct
import sys

import lz4.frame
import snappy
import zstandard
from confluent_kafka import Producer

folder, broker, data = pathlib.Path(sys.argv[1]), sys.argv[2], pathlib.Path(sys.argv[3])
payload = "".join(f"line {i} of the golden payload, mark {i * i % 7}\n" for i in range(3000)).encode()
half = len(payload) // 2


def write(name, content):
    (folder / name).write_bytes(content)


# Frames without a content size, one with a checksum, a skippable frame in between.
compressor = zstandard.ZstdCompressor(level=3, write_content_size=False)
checked = zstandard.ZstdCompressor(level=19, write_checksum=True)
skippable = struct.pack("<II", 0x184D2A53, 5) + b"notes"
write("python-zstd-frames.bin", compressor.compress(payload[:half]) + skippable + checked.compress(payload[half:]))
write("python-gzip-members.bin", gzip.compress(payload[:half], mtime=0) + gzip.compress(payload[half:], 1, mtime=0))
write(
    "python-lz4-checksums.bin",
    lz4.frame.compress(
        payload,
        block_size=lz4.frame.BLOCKSIZE_MAX256KB,
        block_linked=False,
        content_checksum=True,
        block_checksum=True,
        store_size=True,
    ),
)
write("python-lz4-linked.bin", lz4.frame.compress(payload, block_size=lz4.frame.BLOCKSIZE_MAX64KB, block_linked=True))
write("python-snappy-raw.bin", snappy.compress(payload))

for codec in ("none", "gzip", "snappy", "lz4", "zstd"):
    topic = f"codec-{codec}"
    producer = Producer(
        {"bootstrap.servers": broker, "compression.type": codec, "linger.ms": 500, "batch.num.messages": 30}
    )
    for i in range(30):
        key = None if i % 3 == 0 else f"key-{i}".encode()
        value = None if i % 5 == 4 else (f"value {i} ".encode() * 40)
        producer.produce(topic, value, key, partition=0, timestamp=1_700_000_000_000 + i, headers=[("h", b"\x00\x01")])
    producer.flush()
    segment = (data / f"{topic}-0" / "00000000000000000000.log").read_bytes()
    batches = []
    while segment:
        length = struct.unpack(">i", segment[8:12])[0] + 12
        batches.append(bytearray(segment[:length]))
        segment = segment[length:]
    batch = max(batches, key=len)  # the first one may hold only what came before the metadata
    batch[0:8] = bytes(8)  # the base offset and the partition leader epoch are the broker's
    batch[12:16] = b"\xff\xff\xff\xff"
    write(f"librdkafka-{codec}.batch", bytes(batch))
