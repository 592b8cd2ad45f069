"""A load of a real librdkafka for the benchmark: produces without an end, or reads a topic again and again."""

import json
import os
import sys
import time
from typing import Any

from confluent_kafka import Consumer, Producer, TopicPartition

DISTINCT_VALUES = 4096


def produce(spec: dict[str, Any]) -> None:
    producer = Producer(
        {
            "bootstrap.servers": spec["bootstrap"],
            "acks": spec["acks"],
            "enable.idempotence": spec["acks"] == -1,
            "linger.ms": spec["lingerMs"],
            "batch.size": spec["batchBytes"],
            "compression.type": spec["compression"],
        }
    )
    # Hexadecimal digits: codecs make about half of it.
    values = [os.urandom(spec["recordBytes"] // 2 + 1).hex()[: spec["recordBytes"]] for _ in range(DISTINCT_VALUES)]
    topic = spec["topic"]
    sent = 0
    while True:
        try:
            producer.produce(topic, values[sent % DISTINCT_VALUES])
            sent += 1
        except BufferError:
            producer.poll(0.01)
        if sent % 1000 == 0:
            producer.poll(0)


def fetch(spec: dict[str, Any]) -> None:
    consumer = Consumer(
        {
            "bootstrap.servers": spec["bootstrap"],
            "group.id": "load",
            "enable.auto.commit": False,
        }
    )
    parts = [TopicPartition(spec["topic"], partition, 0) for partition in range(spec["partitions"])]
    consumed = 0
    reported = time.monotonic()
    while True:
        consumer.assign(parts)
        end = consumed + spec["records"]
        while consumed < end:
            messages = consumer.consume(10_000, 0.1)
            for message in messages:
                if message.error() is not None:
                    raise RuntimeError(str(message.error()))
            consumed += len(messages)
            if time.monotonic() - reported > spec["reportMs"] / 1000:
                reported = time.monotonic()
                print(json.dumps({"consumed": consumed}), flush=True)


SPEC = json.loads(sys.argv[1])
if SPEC["does"] == "produce":
    produce(SPEC)
else:
    fetch(SPEC)
