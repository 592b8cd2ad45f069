"""confluent-kafka (a current librdkafka) under the contract of the client tests."""

from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition

from contract import Check, emit, headers, key, spec_from_argv, value, when_told_to_stop


def produce(spec: dict[str, Any]) -> None:
    failures: list[str] = []

    def delivered(error: KafkaError | None, _message: Any) -> None:
        if error is not None:
            failures.append(str(error))

    produced = 0
    for part in spec["parts"]:
        producer = Producer(
            {
                "bootstrap.servers": spec["bootstrap"],
                "enable.idempotence": True,
                "max.in.flight.requests.per.connection": 5,
                "linger.ms": 2,
                # It would forget its brokers with each connection cut, and ask again only each second.
                "metadata.recovery.strategy": "none",
                "topic.metadata.refresh.fast.interval.ms": 100,
                "reconnect.backoff.max.ms": 500,
                "batch.num.messages": 500,
                "compression.type": part["compression"],
            }
        )
        for i in range(part["startIndex"], part["endIndex"]):
            while True:
                try:
                    producer.produce(
                        spec["topic"],
                        value(i),
                        key(i),
                        partition=i % spec["partitions"],
                        on_delivery=delivered,
                        timestamp=spec["baseTimestampMs"] + i,
                        headers=headers(i, spec["nullHeaders"]),
                    )
                    break
                except BufferError:
                    producer.poll(0.1)
            produced += 1
            if i % 100 == 0:
                producer.poll(0)
        if producer.flush(60) != 0:
            failures.append("records still undelivered after 60 s")
    if failures:
        raise RuntimeError(f"{len(failures)} deliveries failed, the first with {failures[0]}")
    emit(produced=produced)


def consume(spec: dict[str, Any]) -> None:
    check = Check(spec)
    consumer = Consumer(
        {"bootstrap.servers": spec["bootstrap"], "group.id": "unused", "enable.auto.commit": False}
    )
    consumer.assign([TopicPartition(spec["topic"], p, 0) for p in range(spec["partitions"])])
    while not check.done:
        messages = consumer.consume(1000, timeout=20)
        if not messages:
            break
        for message in messages:
            if message.error():
                raise KafkaException(message.error())
            check.record(
                message.partition(),
                message.offset(),
                message.timestamp()[1],
                message.key(),
                message.value(),
                message.headers() or [],
            )
    consumer.close()
    check.report()


def member(spec: dict[str, Any]) -> None:
    stop = when_told_to_stop()
    settings = {
        "bootstrap.servers": spec["bootstrap"],
        "group.id": spec["group"],
        "partition.assignment.strategy": spec["assignor"],
        "session.timeout.ms": spec["sessionTimeoutMs"],
        "heartbeat.interval.ms": 1000,
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
    }
    if spec.get("instanceId"):
        settings["group.instance.id"] = spec["instanceId"]
    consumer = Consumer(settings)
    owned: set[int] = set()
    incremental = spec["assignor"] == "cooperative-sticky"

    def on_assign(_: Consumer, partitions: list[TopicPartition]) -> None:
        if not incremental:
            owned.clear()
        owned.update(p.partition for p in partitions)
        emit(assigned=sorted(owned))

    def on_revoke(_: Consumer, partitions: list[TopicPartition]) -> None:
        owned.difference_update(p.partition for p in partitions)
        emit(assigned=sorted(owned))

    consumer.subscribe([spec["topic"]], on_assign=on_assign, on_revoke=on_revoke)
    while not stop.is_set():
        seen: list[list[int]] = []
        for message in consumer.consume(500, timeout=0.2):
            if message.error():
                raise KafkaException(message.error())
            seen.append([message.partition(), message.offset(), message.offset() + 1])
        if seen:
            emit(seen=seen)
            try:
                consumer.commit(asynchronous=False)
            except KafkaException as error:
                # A rebalance may have taken the partitions since; their next owner reads them again.
                emit(note=f"commit: {error}")
    consumer.close()
    emit(closed=True)


def load(spec: dict[str, Any]) -> None:
    """Sends numbered records to every partition, across restarts of the broker, until told to stop."""
    stop = when_told_to_stop()
    producer = Producer(
        {
            "bootstrap.servers": spec["bootstrap"],
            "enable.idempotence": True,
            "max.in.flight.requests.per.connection": 5,
            "compression.type": "lz4",
            "reconnect.backoff.max.ms": 200,
            "retry.backoff.max.ms": 200,
            "queue.buffering.max.messages": 20_000,
        }
    )
    acked: list[list[int]] = []

    def report(partition: int, n: int) -> Any:
        def delivered(error: KafkaError | None, message: Any) -> None:
            if error is not None:
                raise KafkaException(error)
            acked.append([partition, n, message.offset()])

        return delivered

    n = 0
    while not stop.is_set():
        for _ in range(5):
            for partition in range(spec["partitions"]):
                text = f"{spec['name']}:{n}"
                try:
                    producer.produce(
                        spec["topic"], text, partition=partition, on_delivery=report(partition, n)
                    )
                except BufferError:
                    # Full while the broker is away: this number goes out once there is room.
                    while len(producer) > 10_000 and not stop.is_set():
                        producer.poll(0.05)
                    producer.produce(
                        spec["topic"], text, partition=partition, on_delivery=report(partition, n)
                    )
            n += 1
        producer.poll(0.01)
        if acked:
            emit(acked=acked)
            acked.clear()
    left = producer.flush(60)
    emit(acked=acked)
    if left != 0:
        raise RuntimeError(f"{left} records undelivered")
    emit(produced=n * spec["partitions"])


def audit(spec: dict[str, Any]) -> None:
    """Prints every record of a topic of loads: partition, offset, the load's name, its number. There are `records` of
    them; without that, as many as offsets."""
    consumer = Consumer(
        {"bootstrap.servers": spec["bootstrap"], "group.id": "unused", "enable.auto.commit": False}
    )
    left = 0
    partitions = [TopicPartition(spec["topic"], p, 0) for p in range(spec["partitions"])]
    for partition in partitions:
        left += consumer.get_watermark_offsets(partition, timeout=20)[1]
    left = spec.get("records", left)
    consumer.assign(partitions)
    while left > 0:
        messages = consumer.consume(1000, timeout=20)
        if not messages:
            raise RuntimeError(f"{left} records did not come")
        records = []
        for message in messages:
            if message.error():
                raise KafkaException(message.error())
            name, n = message.value().decode().split(":")
            records.append([message.partition(), message.offset(), name, int(n)])
        emit(records=records)
        left -= len(records)
    consumer.close()


SCENARIOS = {
    "produce": produce,
    "consume": consume,
    "member": member,
    "load": load,
    "audit": audit,
}

if __name__ == "__main__":
    SPEC = spec_from_argv()
    SCENARIOS[SPEC["scenario"]](SPEC)
