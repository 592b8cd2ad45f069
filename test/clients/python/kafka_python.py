"""kafka-python under the contract of the client tests."""

from typing import Any

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.consumer.subscription_state import ConsumerRebalanceListener
from kafka.coordinator.assignors.range import RangePartitionAssignor
from kafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from kafka.errors import CommitFailedError, RebalanceInProgressError

from contract import Check, emit, headers, key, spec_from_argv, value, when_told_to_stop

ASSIGNORS = {"range": RangePartitionAssignor, "roundrobin": RoundRobinPartitionAssignor}


def produce(spec: dict[str, Any]) -> None:
    produced = 0
    for part in spec["parts"]:
        compression = part["compression"]
        producer = KafkaProducer(
            bootstrap_servers=spec["bootstrap"],
            enable_idempotence=True,
            acks="all",
            max_in_flight_requests_per_connection=5,
            linger_ms=2,
            compression_type=None if compression == "none" else compression,
        )
        futures = []
        for i in range(part["startIndex"], part["endIndex"]):
            futures.append(
                producer.send(
                    spec["topic"],
                    value=value(i),
                    key=key(i),
                    headers=headers(i, spec["nullHeaders"]),
                    partition=i % spec["partitions"],
                    timestamp_ms=spec["baseTimestampMs"] + i,
                )
            )
        producer.flush(timeout=60)
        for future in futures:
            future.get(timeout=0)
        produced += len(futures)
        producer.close()
    emit(produced=produced)


def consume(spec: dict[str, Any]) -> None:
    check = Check(spec)
    consumer = KafkaConsumer(bootstrap_servers=spec["bootstrap"], enable_auto_commit=False)
    partitions = [TopicPartition(spec["topic"], p) for p in range(spec["partitions"])]
    consumer.assign(partitions)
    consumer.seek_to_beginning(*partitions)
    while not check.done:
        polled = consumer.poll(timeout_ms=20_000, max_records=2000)
        if not polled:
            break
        for records in polled.values():
            for r in records:
                check.record(
                    r.partition, r.offset, r.timestamp, r.key, r.value, [tuple(h) for h in r.headers]
                )
    consumer.close()
    check.report()


class Listener(ConsumerRebalanceListener):
    def on_partitions_revoked(self, revoked: Any) -> None:
        pass

    def on_partitions_assigned(self, assigned: Any) -> None:
        emit(assigned=sorted(p.partition for p in assigned))


def member(spec: dict[str, Any]) -> None:
    stop = when_told_to_stop()
    consumer = KafkaConsumer(
        bootstrap_servers=spec["bootstrap"],
        group_id=spec["group"],
        group_instance_id=spec.get("instanceId"),
        partition_assignment_strategy=[ASSIGNORS[spec["assignor"]]],
        session_timeout_ms=spec["sessionTimeoutMs"],
        heartbeat_interval_ms=1000,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    consumer.subscribe([spec["topic"]], listener=Listener())
    while not stop.is_set():
        polled = consumer.poll(timeout_ms=200)
        seen = [
            [r.partition, r.offset, r.offset + 1] for records in polled.values() for r in records
        ]
        if seen:
            emit(seen=seen)
            try:
                consumer.commit()
            except (CommitFailedError, RebalanceInProgressError) as error:
                # A rebalance may have taken the partitions since; their next owner reads them again.
                emit(note=f"commit: {error!r}")
    consumer.close()
    emit(closed=True)


SCENARIOS = {"produce": produce, "consume": consume, "member": member}

if __name__ == "__main__":
    SPEC = spec_from_argv()
    SCENARIOS[SPEC["scenario"]](SPEC)
