"""aiokafka under the contract of the client tests."""

import asyncio
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from aiokafka.errors import CommitFailedError, IllegalStateError

from contract import Check, emit, headers, key, spec_from_argv, value, when_told_to_stop

ASSIGNORS = {"range": RangePartitionAssignor, "roundrobin": RoundRobinPartitionAssignor}


async def produce(spec: dict[str, Any]) -> None:
    produced = 0
    for part in spec["parts"]:
        compression = part["compression"]
        async with AIOKafkaProducer(
            bootstrap_servers=spec["bootstrap"],
            enable_idempotence=True,
            linger_ms=2,
            compression_type=None if compression == "none" else compression,
        ) as producer:
            deliveries = []
            for i in range(part["startIndex"], part["endIndex"]):
                deliveries.append(
                    await producer.send(
                        spec["topic"],
                        value(i),
                        key(i),
                        partition=i % spec["partitions"],
                        timestamp_ms=spec["baseTimestampMs"] + i,
                        headers=headers(i, spec["nullHeaders"]),
                    )
                )
            await asyncio.gather(*deliveries)
            produced += len(deliveries)
    emit(produced=produced)


async def consume(spec: dict[str, Any]) -> None:
    check = Check(spec)
    async with AIOKafkaConsumer(
        bootstrap_servers=spec["bootstrap"], enable_auto_commit=False
    ) as consumer:
        partitions = [TopicPartition(spec["topic"], p) for p in range(spec["partitions"])]
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        while not check.done:
            polled = await consumer.getmany(timeout_ms=20_000, max_records=2000)
            if not polled:
                break
            for records in polled.values():
                for r in records:
                    check.record(
                        r.partition, r.offset, r.timestamp, r.key, r.value, list(r.headers)
                    )
    check.report()


class Listener(ConsumerRebalanceListener):
    async def on_partitions_revoked(self, revoked: Any) -> None:
        pass

    async def on_partitions_assigned(self, assigned: Any) -> None:
        emit(assigned=sorted(p.partition for p in assigned))


async def member(spec: dict[str, Any]) -> None:
    stop = when_told_to_stop()
    consumer = AIOKafkaConsumer(
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
    async with consumer:
        while not stop.is_set():
            polled = await consumer.getmany(timeout_ms=200)
            seen = [
                [r.partition, r.offset, r.offset + 1] for records in polled.values() for r in records
            ]
            if seen:
                emit(seen=seen)
                try:
                    await consumer.commit()
                except (CommitFailedError, IllegalStateError) as error:
                    # A rebalance may have taken the partitions since; their next owner reads again.
                    emit(note=f"commit: {error!r}")
    emit(closed=True)


SCENARIOS = {"produce": produce, "consume": consume, "member": member}

if __name__ == "__main__":
    SPEC = spec_from_argv()
    asyncio.run(SCENARIOS[SPEC["scenario"]](SPEC))
