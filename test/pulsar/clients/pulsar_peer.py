"""Writes and reads a topic with Pulsar's Python client; one line a message, as pulsar-client.ts reads it."""

import base64
import sys

import pulsar

COMPRESSIONS = {
    "none": pulsar.CompressionType.NONE,
    "lz4": pulsar.CompressionType.LZ4,
    "zlib": pulsar.CompressionType.ZLib,
    "zstd": pulsar.CompressionType.ZSTD,
    "snappy": pulsar.CompressionType.SNAPPY,
}


def packed(content):
    return base64.b64encode(content.encode() if isinstance(content, str) else content).decode()


def line(key, ordering, value, time, properties):
    pairs = sorted(f"{packed(name)}={packed(text)}" for name, text in properties.items())
    fields = [
        "message",
        "-" if key is None else packed(key),
        "-" if ordering is None else packed(ordering),
        "-" if value is None else packed(value),
        str(time),
        ",".join(pairs),
    ]
    print("\t".join(fields))


MESSAGES = [
    {"content": b"plain"},
    {"content": b"keyed", "partition_key": "k\u00e9y", "properties": {"a": "1", "b": ""}},
    {"content": b"ordered", "partition_key": "p", "ordering_key": "o", "event_timestamp": 1500000000000},
    {"content": b""},
    {"content": b"long " * 300, "ordering_key": "only"},
]


def produce(client, topic):
    for batching in (True, False):
        for compression in COMPRESSIONS.values():
            producer = client.create_producer(
                topic,
                compression_type=compression,
                batching_enabled=batching,
                batching_max_publish_delay_ms=5000,
            )
            for message in MESSAGES:
                producer.send_async(callback=lambda result, _: None, **message)
                line(
                    message.get("partition_key"),
                    message.get("ordering_key"),
                    message["content"],
                    message.get("event_timestamp", 0),
                    message.get("properties", {}),
                )
            producer.flush()
            producer.close()


def consume(client, topic, count):
    consumer = client.subscribe(
        topic, "reads", initial_position=pulsar.InitialPosition.Earliest
    )
    for _ in range(count):
        message = consumer.receive(timeout_millis=30000)
        # This client gives a key in base64 as it stands, and a null value as an empty one.
        key = message.partition_key()
        line(key or None, None, message.data(), message.event_timestamp(), message.properties())
        consumer.acknowledge(message)


def main(verb, url, topic, count):
    client = pulsar.Client(url, logger=pulsar.ConsoleLogger(pulsar.LoggerLevel.Error))
    try:
        if verb == "produce":
            produce(client, topic)
        else:
            consume(client, topic, int(count))
    finally:
        client.close()


main(*sys.argv[1:5])
