import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** What a broker refuses, and what it rewrites, by the settings of the topic. */
final class BrokerRules {
    private final Properties settings = new Properties();
    private final Admin admin;
    private final String prefix;
    private final List<String> steps = new ArrayList<>();

    private BrokerRules(String bootstrap, String prefix) {
        this.settings.put("bootstrap.servers", bootstrap);
        this.settings.put("auto.offset.reset", "none");
        this.admin = Admin.create(settings);
        this.prefix = prefix;
    }

    static void run(String bootstrap, String prefix, boolean transactions, int largestRecordBytes) throws Exception {
        BrokerRules rules = new BrokerRules(bootstrap, prefix);
        try (Admin admin = rules.admin) {
            rules.sizes(largestRecordBytes);
            rules.appendTime();
            rules.timestampBounds();
            rules.keys();
            rules.recompression();
            rules.positions();
            if (!transactions) {
                rules.transactionsRefused();
            }
            Contract.emit("steps", rules.steps);
        }
    }

    private TopicPartition topic(String name, Map<String, String> configs) throws Exception {
        NewTopic topic = new NewTopic(prefix + "-" + name, 1, (short) 1).configs(configs);
        admin.createTopics(List.of(topic)).all().get(20, TimeUnit.SECONDS);
        return new TopicPartition(topic.name(), 0);
    }

    private KafkaProducer<String, String> producer(Map<String, Object> more) {
        Properties all = new Properties();
        all.putAll(settings);
        all.putAll(more);
        return new KafkaProducer<>(all, new StringSerializer(), new StringSerializer());
    }

    private RecordMetadata send(TopicPartition to, Long timestampMs, String key, String value) throws Exception {
        try (var producer = producer(Map.of("max.request.size", 20_000_000))) {
            return producer.send(new ProducerRecord<>(to.topic(), 0, timestampMs, key, value)).get();
        }
    }

    private List<ConsumerRecord<String, String>> readAll(TopicPartition from, long count) {
        List<ConsumerRecord<String, String>> all = new ArrayList<>();
        var deserializer = new StringDeserializer();
        try (var consumer = new KafkaConsumer<>(settings, deserializer, deserializer)) {
            consumer.assign(List.of(from));
            consumer.seekToBeginning(List.of(from));
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
            while (all.size() < count && System.nanoTime() < deadline) {
                consumer.poll(Duration.ofSeconds(1)).forEach(all::add);
            }
        }
        return all;
    }

    private void sizes(int largestRecordBytes) throws Exception {
        TopicPartition plain = topic("sizes", Map.of());
        String large = "x".repeat(1_000_000);
        send(plain, null, "large", large);
        fails("a record above the default max.message.bytes", "RecordTooLarge", () -> send(plain, null, null, large + large));
        TopicPartition wide = topic("wide",
            Map.of("max.message.bytes", String.valueOf(largestRecordBytes + 100_000)));
        String huge = "y".repeat(largestRecordBytes);
        send(wide, null, "huge", huge);
        send(wide, null, "after", "small");
        var records = readAll(wide, 2);
        require("a batch larger than the fetch limits is read, and the next one", records.size() == 2
            && records.get(0).value().equals(huge) && records.get(1).value().equals("small"));
        TopicPartition narrow = topic("narrow", Map.of("max.message.bytes", "1000"));
        fails("a record above the topic's max.message.bytes", "RecordTooLarge",
            () -> send(narrow, null, null, "z".repeat(2000)));
        send(narrow, null, null, "fits");
        require("the next record fits", readAll(narrow, 1).get(0).offset() == 0);
    }

    private void appendTime() throws Exception {
        TopicPartition to = topic("append-time", Map.of("message.timestamp.type", "LogAppendTime"));
        long before = System.currentTimeMillis();
        RecordMetadata first = send(to, 1000L, "a", "first");
        try (var producer = producer(Map.of("compression.type", "lz4", "linger.ms", 50))) {
            for (int i = 0; i < 100; i++) {
                producer.send(new ProducerRecord<>(to.topic(), 0, 2000L + i, "k" + i, "v" + i));
            }
        }
        long after = System.currentTimeMillis();
        require("the answer has the append time", first.timestamp() >= before && first.timestamp() <= after);
        var records = readAll(to, 101);
        require("records carry the append time", records.size() == 101 && records.stream().allMatch(
            r -> r.timestampType() == TimestampType.LOG_APPEND_TIME && r.timestamp() >= before && r.timestamp() <= after));
    }

    private void timestampBounds() throws Exception {
        TopicPartition to = topic("bounds", Map.of(
            "message.timestamp.before.max.ms", "60000", "message.timestamp.after.max.ms", "60000"));
        long now = System.currentTimeMillis();
        fails("a timestamp too old", "InvalidTimestamp", () -> send(to, now - 600_000, null, "old"));
        fails("a timestamp too new", "InvalidTimestamp", () -> send(to, now + 600_000, null, "new"));
        send(to, now, null, "now");
        require("the next record is the first", readAll(to, 1).get(0).offset() == 0);
    }

    private void keys() throws Exception {
        TopicPartition to = topic("compacted", Map.of("cleanup.policy", "compact"));
        fails("a record without a key on a compacted topic", "InvalidRecord", () -> send(to, null, null, "keyless"));
        send(to, null, "key", null);
        require("a tombstone is taken", readAll(to, 1).get(0).value() == null);
    }

    private void recompression() throws Exception {
        // Not older than the retention.
        long baseMs = System.currentTimeMillis() - 60_000;
        for (String codec : List.of("uncompressed", "gzip", "snappy", "lz4", "zstd")) {
            TopicPartition to = topic("to-" + codec, Map.of("compression.type", codec));
            for (String from : List.of("none", "gzip", "snappy", "lz4", "zstd")) {
                try (var producer = producer(Map.of("compression.type", from, "linger.ms", 50))) {
                    for (int i = 0; i < 200; i++) {
                        byte[] header = from.getBytes(StandardCharsets.UTF_8);
                        var record = new ProducerRecord<>(to.topic(), 0, baseMs + i, i % 5 == 0 ? null : "k" + i, "value " + i);
                        record.headers().add("from", header);
                        producer.send(record);
                    }
                }
            }
            var records = readAll(to, 1000);
            boolean right = records.size() == 1000;
            for (int n = 0; right && n < 1000; n++) {
                var r = records.get(n);
                int i = n % 200;
                right = r.offset() == n && r.timestamp() == baseMs + i && r.value().equals("value " + i)
                    && (i % 5 == 0 ? r.key() == null : r.key().equals("k" + i)) && r.headers().toArray().length == 1;
            }
            require("compression.type=" + codec + " keeps " + records.size() + " records sent with any codec", right);
        }
    }

    private void positions() throws Exception {
        TopicPartition to = topic("positions", Map.of());
        long baseMs = System.currentTimeMillis() - 60_000;
        try (var producer = producer(Map.of("linger.ms", 200, "batch.size", 100_000))) {
            for (int i = 0; i < 1000; i++) {
                producer.send(new ProducerRecord<>(to.topic(), 0, baseMs + i * 10, "k", "v" + i));
            }
        }
        admin.deleteRecords(Map.of(to, RecordsToDelete.beforeOffset(500))).all().get();
        var deserializer = new StringDeserializer();
        try (var consumer = new KafkaConsumer<>(settings, deserializer, deserializer)) {
            consumer.assign(List.of(to));
            OffsetAndTimestamp found = consumer.offsetsForTimes(Map.of(to, baseMs + 7005)).get(to);
            require("the offset for a time inside a batch", found.offset() == 701 && found.timestamp() == baseMs + 7010);
            require("the begin after a deletion inside a batch", consumer.beginningOffsets(List.of(to)).get(to) == 500);
            consumer.seek(to, 777);
            var r = consumer.poll(Duration.ofSeconds(10)).iterator().next();
            require("a position inside a batch", r.offset() == 777 && r.value().equals("v777"));
            consumer.seek(to, 10);
            fails("a position before the begin", "OffsetOutOfRange", () -> consumer.poll(Duration.ofSeconds(10)));
            consumer.seek(to, 5000);
            fails("a position behind the end", "OffsetOutOfRange", () -> consumer.poll(Duration.ofSeconds(10)));
            consumer.seek(to, 1000);
            require("nothing at the end", consumer.poll(Duration.ofMillis(300)).isEmpty());
        }
    }

    private void transactionsRefused() {
        long start = System.nanoTime();
        Map<String, Object> more = Map.of("transactional.id", prefix, "max.block.ms", 10_000);
        try (var producer = producer(more)) {
            fails("transactions", "", producer::initTransactions);
        }
        require("within ten seconds", System.nanoTime() - start < TimeUnit.SECONDS.toNanos(15));
    }

    private interface Action {
        void run() throws Exception;
    }

    private void require(String step, boolean holds) {
        if (!holds) {
            throw new IllegalStateException(step);
        }
        steps.add(step);
    }

    private void fails(String step, String error, Action action) {
        String got = "no error";
        try {
            action.run();
        } catch (ExecutionException failure) {
            got = failure.getCause().getClass().getSimpleName();
        } catch (KafkaException failure) {
            got = failure.getClass().getSimpleName();
        } catch (Exception failure) {
            got = failure.toString();
        }
        if (got.equals("no error") || !got.startsWith(error)) {
            throw new IllegalStateException(step + ": " + got + ", want " + error);
        }
        steps.add(step + (error.isEmpty() ? " fail with " + got : ""));
    }
}
