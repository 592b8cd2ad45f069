import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicCollection;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** The life of a topic and of a group's offsets through Kafka's Java admin client, each answer checked. */
final class AdminWalk {
    private static final long BASE_MS = System.currentTimeMillis() - 60_000;

    private final Admin admin;
    private final String bootstrap;
    private final String topic;
    private final List<String> steps = new ArrayList<>();

    private AdminWalk(Admin admin, String bootstrap, String topic) {
        this.admin = admin;
        this.bootstrap = bootstrap;
        this.topic = topic;
    }

    static void run(String bootstrap, String topic) throws Exception {
        Properties settings = new Properties();
        settings.put(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrap);
        try (Admin admin = Admin.create(settings)) {
            AdminWalk walk = new AdminWalk(admin, bootstrap, topic);
            walk.cluster();
            walk.topics();
            walk.configs();
            walk.records();
            walk.offsets();
            walk.end();
            Contract.emit("steps", walk.steps);
        }
    }

    private void cluster() throws Exception {
        var cluster = admin.describeCluster();
        require("cluster id", !get(cluster.clusterId()).isEmpty());
        require("one node", get(cluster.nodes()).size() == 1);
        require("controller is that node", get(cluster.controller()).id() == get(cluster.nodes()).iterator().next().id());
    }

    private void topics() throws Exception {
        NewTopic wanted = new NewTopic(topic, Optional.of(3), Optional.empty())
            .configs(Map.of("retention.ms", "86400000", "cleanup.policy", "delete"));
        var created = admin.createTopics(List.of(wanted));
        Uuid id = get(created.topicId(topic));
        require("create topic", get(created.numPartitions(topic)) == 3 && !id.equals(Uuid.ZERO_UUID));
        fails("create topic twice", "TopicExists", admin.createTopics(List.of(wanted)).all());
        fails("bad replication factor", "InvalidReplicationFactor",
            admin.createTopics(List.of(new NewTopic(topic + "-2", 1, (short) 7))).all());
        fails("bad topic name", "InvalidTopic", admin.createTopics(List.of(new NewTopic("a b", 1, (short) 1))).all());
        fails("bad config", "InvalidConfig", admin.createTopics(List.of(
            new NewTopic(topic + "-2", 1, (short) 1).configs(Map.of("retention.ms", "soon")))).all());
        get(admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(4))).all());
        fails("fewer partitions", "InvalidPartitions",
            admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(2))).all());
        TopicDescription byName = get(admin.describeTopics(List.of(topic)).allTopicNames()).get(topic);
        require("describe by name", byName.partitions().size() == 4 && byName.topicId().equals(id));
        var byId = get(admin.describeTopics(TopicCollection.ofTopicIds(List.of(id))).allTopicIds()).get(id);
        require("describe by id", byId.name().equals(topic));
        require("list topics", get(admin.listTopics().names()).contains(topic));
        fails("describe unknown", "UnknownTopicOrPartition",
            admin.describeTopics(List.of(topic + "-none")).allTopicNames());
    }

    private void configs() throws Exception {
        ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
        Collection<AlterConfigOp> changes = List.of(
            new AlterConfigOp(new ConfigEntry("segment.bytes", "1048576"), AlterConfigOp.OpType.SET),
            new AlterConfigOp(new ConfigEntry("retention.ms", ""), AlterConfigOp.OpType.DELETE),
            new AlterConfigOp(new ConfigEntry("cleanup.policy", "compact"), AlterConfigOp.OpType.APPEND));
        get(admin.incrementalAlterConfigs(Map.of(resource, changes)).all());
        Config config = get(admin.describeConfigs(List.of(resource)).all()).get(resource);
        ConfigEntry size = config.get("segment.bytes");
        require("set config", size.value().equals("1048576")
            && size.source() == ConfigEntry.ConfigSource.DYNAMIC_TOPIC_CONFIG);
        require("delete config", config.get("retention.ms").source() == ConfigEntry.ConfigSource.DEFAULT_CONFIG);
        require("append config", config.get("cleanup.policy").value().equals("delete,compact"));
        fails("unknown config", "InvalidConfig", admin.incrementalAlterConfigs(Map.of(resource,
            List.of(new AlterConfigOp(new ConfigEntry("no.such", "1"), AlterConfigOp.OpType.SET)))).all());
        AlterConfigOp back = new AlterConfigOp(new ConfigEntry("cleanup.policy", "delete"), AlterConfigOp.OpType.SET);
        get(admin.incrementalAlterConfigs(Map.of(resource, List.of(back))).all());
    }

    private void records() throws Exception {
        Properties settings = new Properties();
        settings.put("bootstrap.servers", bootstrap);
        try (var producer = new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer())) {
            for (int i = 0; i < 40; i++) {
                // The newest timestamp is not at the end, for the offset of the maximum timestamp.
                long timestampMs = BASE_MS + (i == 21 ? 1000 : i);
                producer.send(new ProducerRecord<>(topic, i % 4, timestampMs, null, new byte[] {(byte) i})).get();
            }
        }
        TopicPartition one = new TopicPartition(topic, 1);
        require("earliest", offset(one, OffsetSpec.earliest()) == 0);
        require("latest", offset(one, OffsetSpec.latest()) == 10);
        require("max timestamp", offset(one, OffsetSpec.maxTimestamp()) == 5);
        require("for timestamp", offset(one, OffsetSpec.forTimestamp(BASE_MS + 14)) == 4);
        require("after the last timestamp", offset(one, OffsetSpec.forTimestamp(BASE_MS + 5000)) == -1);
        require("earliest local", offset(one, OffsetSpec.earliestLocal()) == 0);
        require("latest tiered", offset(one, OffsetSpec.latestTiered()) == -1);
        var deleted = admin.deleteRecords(Map.of(one, RecordsToDelete.beforeOffset(7)));
        require("delete records", get(deleted.lowWatermarks().get(one)).lowWatermark() == 7);
        require("earliest after deletion", offset(one, OffsetSpec.earliest()) == 7);
        fails("delete beyond the end", "OffsetOutOfRange",
            admin.deleteRecords(Map.of(one, RecordsToDelete.beforeOffset(700))).all());
        int node = get(admin.describeCluster().nodes()).iterator().next().id();
        var directories = get(admin.describeLogDirs(List.of(node)).allDescriptions()).get(node).values();
        require("log dirs", directories.stream().anyMatch(d -> d.replicaInfos().containsKey(one)));
        var producers = get(admin.describeProducers(List.of(one)).partitionResult(one)).activeProducers();
        require("describe producers", producers.size() == 1 && producers.get(0).lastSequence() == 9);
    }

    private long offset(TopicPartition partition, OffsetSpec spec) throws Exception {
        return get(admin.listOffsets(Map.of(partition, spec)).partitionResult(partition)).offset();
    }

    private void offsets() throws Exception {
        String group = topic + "-group";
        TopicPartition zero = new TopicPartition(topic, 0);
        TopicPartition one = new TopicPartition(topic, 1);
        get(admin.alterConsumerGroupOffsets(group,
            Map.of(zero, new OffsetAndMetadata(5, "note"), one, new OffsetAndMetadata(6))).all());
        var committed = get(admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata());
        require("offsets of a group", committed.get(zero).offset() == 5 && committed.get(zero).metadata().equals("note"));
        require("list groups", get(admin.listGroups().all()).stream().anyMatch(g -> g.groupId().equals(group)));
        get(admin.deleteConsumerGroupOffsets(group, Set.of(one)).all());
        committed = get(admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata());
        require("delete offsets", committed.get(one) == null && committed.get(zero) != null);
        get(admin.deleteConsumerGroups(List.of(group)).all());
        fails("delete unknown group", "GroupIdNotFound", admin.deleteConsumerGroups(List.of(group)).all());
    }

    private void end() throws Exception {
        get(admin.deleteTopics(List.of(topic)).all());
        // Kafka's brokers learn of a deletion some time after it was answered.
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        while (get(admin.listTopics().names()).contains(topic) && System.nanoTime() < deadline) {
            Thread.onSpinWait();
        }
        require("delete topic", !get(admin.listTopics().names()).contains(topic));
        fails("delete topic twice", "UnknownTopicOrPartition", admin.deleteTopics(List.of(topic)).all());
    }

    private static <T> T get(KafkaFuture<T> future) throws Exception {
        return future.get(20, TimeUnit.SECONDS);
    }

    private void require(String step, boolean holds) {
        if (!holds) {
            throw new IllegalStateException(step);
        }
        steps.add(step);
    }

    private void fails(String step, String error, KafkaFuture<?> future) throws Exception {
        String got = "no error";
        try {
            get(future);
        } catch (java.util.concurrent.ExecutionException failure) {
            got = failure.getCause().getClass().getSimpleName();
        }
        if (!got.startsWith(error)) {
            throw new IllegalStateException(step + ": " + got + ", want " + error);
        }
        steps.add(step);
    }
}
