import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.InputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Properties;
import java.util.TreeSet;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.RangeAssignor;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RebalanceInProgressException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Kafka's own Java client under the contract of the client tests. */
public final class JavaClient {
    private JavaClient() {
    }

    public static void main(String[] args) throws Exception {
        JsonNode spec = new ObjectMapper().readTree(args[0]);
        switch (spec.get("scenario").asText()) {
            case "produce" -> produce(spec);
            case "consume" -> consume(spec);
            case "member" -> member(spec);
            case "admin" -> AdminWalk.run(spec.get("bootstrap").asText(), spec.get("topic").asText());
            case "rules" -> BrokerRules.run(spec.get("bootstrap").asText(), spec.get("topic").asText(),
                spec.get("transactions").asBoolean(), spec.get("largestRecordBytes").asInt());
            default -> throw new IllegalArgumentException(args[0]);
        }
    }

    private static void produce(JsonNode spec) throws Exception {
        String topic = spec.get("topic").asText();
        int partitions = spec.get("partitions").asInt();
        long baseTimestampMs = spec.get("baseTimestampMs").asLong();
        boolean nullHeaders = spec.get("nullHeaders").asBoolean();
        int produced = 0;
        for (JsonNode part : spec.get("parts")) {
            Properties settings = new Properties();
            settings.put(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, spec.get("bootstrap").asText());
            settings.put(ProducerConfig.COMPRESSION_TYPE_CONFIG, part.get("compression").asText());
            settings.put(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, true);
            settings.put(ProducerConfig.MAX_IN_FLIGHT_REQUESTS_PER_CONNECTION, 5);
            List<Future<RecordMetadata>> sent = new ArrayList<>();
            try (var producer = new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer())) {
                for (int i = part.get("startIndex").asInt(); i < part.get("endIndex").asInt(); i++) {
                    sent.add(producer.send(new ProducerRecord<>(topic, i % partitions, baseTimestampMs + i,
                        Contract.key(i), Contract.value(i), Contract.headers(i, nullHeaders))));
                }
                for (Future<RecordMetadata> one : sent) {
                    one.get();
                }
            }
            produced += sent.size();
        }
        Contract.emit("produced", produced);
    }

    private static Properties consumerSettings(JsonNode spec) {
        Properties settings = new Properties();
        settings.put(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, spec.get("bootstrap").asText());
        settings.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
        settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        return settings;
    }

    private static void consume(JsonNode spec) {
        int partitions = spec.get("partitions").asInt();
        var check = new Contract.Check(partitions, spec.get("baseTimestampMs").asLong(),
            spec.get("count").asInt(), spec.get("nullHeaders").asBoolean());
        List<TopicPartition> all = new ArrayList<>();
        for (int p = 0; p < partitions; p++) {
            all.add(new TopicPartition(spec.get("topic").asText(), p));
        }
        var deserializer = new ByteArrayDeserializer();
        try (var consumer = new KafkaConsumer<>(consumerSettings(spec), deserializer, deserializer)) {
            consumer.assign(all);
            consumer.seekToBeginning(all);
            while (!check.done()) {
                ConsumerRecords<byte[], byte[]> records = consumer.poll(Duration.ofSeconds(20));
                if (records.isEmpty()) {
                    break;
                }
                for (ConsumerRecord<byte[], byte[]> r : records) {
                    check.record(r.partition(), r.offset(), r.timestamp(), r.key(), r.value(), r.headers().toArray());
                }
            }
        }
        check.report();
    }

    private static void member(JsonNode spec) {
        AtomicBoolean stop = whenToldToStop();
        boolean cooperative = spec.get("assignor").asText().equals("cooperative-sticky");
        Properties settings = consumerSettings(spec);
        settings.put(ConsumerConfig.GROUP_ID_CONFIG, spec.get("group").asText());
        settings.put(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG, spec.get("sessionTimeoutMs").asInt());
        settings.put(ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG, 1000);
        settings.put(ConsumerConfig.PARTITION_ASSIGNMENT_STRATEGY_CONFIG,
            (cooperative ? CooperativeStickyAssignor.class : RangeAssignor.class).getName());
        if (spec.hasNonNull("instanceId")) {
            settings.put(CommonClientConfigs.GROUP_INSTANCE_ID_CONFIG, spec.get("instanceId").asText());
        }
        var deserializer = new ByteArrayDeserializer();
        try (var consumer = new KafkaConsumer<>(settings, deserializer, deserializer)) {
            consumer.subscribe(List.of(spec.get("topic").asText()), new Owned());
            while (!stop.get()) {
                List<List<Long>> seen = new ArrayList<>();
                for (ConsumerRecord<byte[], byte[]> r : consumer.poll(Duration.ofMillis(200))) {
                    seen.add(List.of((long) r.partition(), r.offset(), r.offset() + 1));
                }
                if (seen.isEmpty()) {
                    continue;
                }
                Contract.emit("seen", seen);
                try {
                    consumer.commitSync();
                } catch (CommitFailedException | RebalanceInProgressException error) {
                    // A rebalance may have taken the partitions since; their next owner reads them again.
                    Contract.emit("note", "commit: " + error);
                }
            }
        }
        Contract.emit("closed", true);
    }

    private static AtomicBoolean whenToldToStop() {
        AtomicBoolean stop = new AtomicBoolean();
        Thread reader = new Thread(() -> {
            try (InputStream in = System.in) {
                in.readAllBytes();
            } catch (java.io.IOException error) {
                System.err.println(error);
            }
            stop.set(true);
        });
        reader.setDaemon(true);
        reader.start();
        return stop;
    }

    /** Prints the partitions owned whenever they change. */
    private static final class Owned implements ConsumerRebalanceListener {
        private final TreeSet<Integer> partitions = new TreeSet<>();

        @Override
        public void onPartitionsAssigned(Collection<TopicPartition> added) {
            added.forEach(p -> partitions.add(p.partition()));
            Contract.emit("assigned", partitions);
        }

        @Override
        public void onPartitionsRevoked(Collection<TopicPartition> gone) {
            gone.forEach(p -> partitions.remove(p.partition()));
            Contract.emit("assigned", partitions);
        }
    }
}
