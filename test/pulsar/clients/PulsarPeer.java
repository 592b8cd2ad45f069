import java.nio.charset.StandardCharsets;
import java.security.KeyPairGenerator;
import java.util.Base64;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.apache.pulsar.client.api.CompressionType;
import org.apache.pulsar.client.api.Consumer;
import org.apache.pulsar.client.api.CryptoKeyReader;
import org.apache.pulsar.client.api.EncryptionKeyInfo;
import org.apache.pulsar.client.api.Message;
import org.apache.pulsar.client.api.Producer;
import org.apache.pulsar.client.api.ProducerBuilder;
import org.apache.pulsar.client.api.PulsarClient;
import org.apache.pulsar.client.api.Schema;
import org.apache.pulsar.client.api.SubscriptionInitialPosition;
import org.apache.pulsar.client.api.TypedMessageBuilder;

/** Writes and reads a topic with Pulsar's Java client; one line a message, as pulsar-client.ts reads it. */
public final class PulsarPeer {
    /** A message to write; null where it has no such part. */
    private record Sent(byte[] key, boolean textKey, byte[] ordering, byte[] value, long time, Map<String, String> headers) {}

    private static byte[] text(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String packed(byte[] bytes) {
        return bytes == null ? "-" : Base64.getEncoder().encodeToString(bytes);
    }

    private static void line(byte[] key, byte[] ordering, byte[] value, long time, Map<String, String> headers) {
        TreeSet<String> pairs = new TreeSet<>();
        headers.forEach((name, content) -> pairs.add(packed(text(name)) + "=" + packed(text(content))));
        System.out.println(String.join("\t", "message", packed(key), packed(ordering), packed(value), Long.toString(time),
                String.join(",", pairs)));
    }

    private static final Sent[] MESSAGES = {
        new Sent(null, false, null, text("plain"), 0, Map.of()),
        new Sent(text("text key"), true, null, text("keyed"), 1_500_000_000_000L, Map.of("a", "1", "b", "")),
        new Sent(new byte[] {0, (byte) 0xff, 10}, false, null, text("binary key"), 0, Map.of()),
        new Sent(text("p"), true, new byte[] {(byte) 0xfe, 1}, text("ordered"), 1, Map.of("é", "ü")),
        new Sent(text("gone"), true, null, null, 0, Map.of()),
        new Sent(new byte[0], false, null, new byte[0], 0, Map.of()),
        new Sent(null, false, null, text("long ".repeat(300)), 0, Map.of()),
    };

    private static void send(Producer<byte[]> producer, Sent sent) {
        TypedMessageBuilder<byte[]> message = producer.newMessage().value(sent.value).properties(sent.headers);
        if (sent.key != null && sent.textKey) message.key(new String(sent.key, StandardCharsets.UTF_8));
        else if (sent.key != null) message.keyBytes(sent.key);
        if (sent.ordering != null) message.orderingKey(sent.ordering);
        if (sent.time > 0) message.eventTime(sent.time);
        message.sendAsync();
        line(sent.key, sent.ordering, sent.value, sent.time, sent.headers);
    }

    private static void produce(PulsarClient client, String topic) throws Exception {
        for (boolean batching : new boolean[] {true, false}) {
            for (CompressionType compression : CompressionType.values()) {
                ProducerBuilder<byte[]> builder = client.newProducer(Schema.BYTES).topic(topic)
                        .compressionType(compression).enableBatching(batching);
                if (batching) builder.batchingMaxPublishDelay(5, TimeUnit.SECONDS);
                try (Producer<byte[]> producer = builder.create()) {
                    for (Sent sent : MESSAGES) send(producer, sent);
                    producer.flush();
                }
            }
        }
    }

    /** A message in pieces, then a whole one. */
    private static void produceChunks(PulsarClient client, String topic) throws Exception {
        try (Producer<byte[]> producer = client.newProducer(Schema.BYTES).topic(topic)
                .enableBatching(false).enableChunking(true).chunkMaxMessageSize(1000).create()) {
            send(producer, new Sent(text("chunked"), true, null, text("piece".repeat(700)), 0, Map.of()));
            send(producer, new Sent(text("whole"), true, null, text("end"), 0, Map.of()));
            producer.flush();
        }
    }

    /** What a topic's schema describes; Avro's library fills no record of Java's. */
    public static final class Order {
        public int number;
        public String article;
    }

    private static Order order(int number, String article) {
        Order order = new Order();
        order.number = number;
        order.article = article;
        return order;
    }

    /** Messages whose entry has the version of a schema; their bytes are Avro without more. */
    private static void produceWithSchema(PulsarClient client, String topic) throws Exception {
        Schema<Order> schema = Schema.AVRO(Order.class);
        try (Producer<Order> producer = client.newProducer(schema).topic(topic).create()) {
            for (Order order : new Order[] {order(1, "cup"), order(-70000, "")}) {
                producer.newMessage().key("order").value(order).sendAsync();
                line(text("order"), null, schema.encode(order), 0, Map.of());
            }
            producer.flush();
        }
    }

    /** One message that nobody without the key can read. */
    private static void produceEncrypted(PulsarClient client, String topic) throws Exception {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
        generator.initialize(2048);
        byte[] encoded = generator.generateKeyPair().getPublic().getEncoded();
        String pem = "-----BEGIN PUBLIC KEY-----\n" + Base64.getMimeEncoder().encodeToString(encoded) + "\n-----END PUBLIC KEY-----\n";
        CryptoKeyReader keys = new CryptoKeyReader() {
            @Override
            public EncryptionKeyInfo getPublicKey(String name, Map<String, String> metadata) {
                return new EncryptionKeyInfo(text(pem), Map.of());
            }

            @Override
            public EncryptionKeyInfo getPrivateKey(String name, Map<String, String> metadata) {
                throw new IllegalStateException("only written");
            }
        };
        try (Producer<byte[]> producer = client.newProducer(Schema.BYTES).topic(topic)
                .cryptoKeyReader(keys).addEncryptionKey("nobody's").create()) {
            producer.send(text("secret"));
        }
    }

    private static void consume(PulsarClient client, String topic, int count) throws Exception {
        try (Consumer<byte[]> consumer = client.newConsumer(Schema.BYTES).topic(topic).subscriptionName("reads-java")
                .subscriptionInitialPosition(SubscriptionInitialPosition.Earliest).subscribe()) {
            for (int i = 0; i < count; i++) {
                Message<byte[]> message = consumer.receive(30, TimeUnit.SECONDS);
                if (message == null) throw new IllegalStateException("only " + i + " of " + count + " messages came");
                line(message.hasKey() ? message.getKeyBytes() : null, message.getOrderingKey(), message.getValue(),
                        message.getEventTime(), message.getProperties());
                consumer.acknowledge(message);
            }
        }
    }

    public static void main(String[] words) throws Exception {
        try (PulsarClient client = PulsarClient.builder().serviceUrl(words[1]).build()) {
            // One after the other: starting a virtual machine takes longer than most of them.
            for (String verb : words[0].split(",")) {
                switch (verb) {
                    case "produce" -> produce(client, words[2]);
                    case "chunks" -> produceChunks(client, words[2]);
                    case "schema" -> produceWithSchema(client, words[2]);
                    case "encrypted" -> produceEncrypted(client, words[2]);
                    default -> consume(client, words[2], Integer.parseInt(words[3]));
                }
            }
        }
    }
}
