import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Random;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.compress.Lz4BlockOutputStream;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MemoryRecordsBuilder;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.apache.kafka.common.utils.BufferSupplier;
import org.apache.kafka.common.utils.ByteBufferOutputStream;
import org.apache.kafka.common.utils.Crc32C;
import org.apache.kafka.common.utils.PrimitiveRef;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.storage.internals.log.AppendOrigin;
import org.apache.kafka.storage.internals.log.LogValidator;

/** Writes what the Java client compresses, and what Kafka's LogValidator says about bad batches. */
public class Samples {
    static final CompressionType[] TYPES = CompressionType.values();
    static final long BASE_TIMESTAMP = 1_700_000_000_000L;
    static Path folder;

    public static void main(String[] args) throws Exception {
        folder = Path.of(args[0]);
        byte[] payload = payload();
        for (CompressionType type : TYPES) {
            if (type != CompressionType.NONE) {
                ByteBufferOutputStream out = new ByteBufferOutputStream(1024);
                try (OutputStream stream = compression(type).wrapForOutput(out, (byte) 2)) {
                    stream.write(payload);
                }
                write("java-" + type.name + ".bin", bytes(out.buffer().flip()));
            }
            write("java-" + type.name + ".batch", batch(type, 40, type == CompressionType.NONE ? 200 : 3000));
        }
        ByteArrayOutputStream broken = new ByteArrayOutputStream();
        try (OutputStream stream = new Lz4BlockOutputStream(broken, Lz4BlockOutputStream.BLOCKSIZE_64KB, 9, false, true)) {
            stream.write(payload);
        }
        write("java-lz4-kafka-3160.bin", broken.toByteArray());
        try (PrintWriter out = new PrintWriter(folder.resolve("verdicts.jsonl").toFile())) {
            Random random = new Random(3);
            for (int i = 0; i < 400; i++) verdict(random, out);
        }
    }

    static byte[] payload() {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < 3000; i++) text.append("line " + i + " of the golden payload, mark " + i * i % 7 + "\n");
        return text.toString().getBytes(StandardCharsets.US_ASCII);
    }

    static Compression compression(CompressionType type) {
        return Compression.of(type).build();
    }

    /** Records with keys, null keys, null values and headers; the greatest timestamp is in the middle. */
    static byte[] batch(CompressionType type, int count, int valueBytes) {
        MemoryRecordsBuilder builder = MemoryRecords.builder(ByteBuffer.allocate(1024), compression(type),
            TimestampType.CREATE_TIME, 0L);
        for (int i = 0; i < count; i++) {
            byte[] key = i % 3 == 0 ? null : ("key-" + i).getBytes(StandardCharsets.UTF_8);
            byte[] value = i % 5 == 4 ? null : ("value " + i + " ").repeat(valueBytes / 8).getBytes(StandardCharsets.UTF_8);
            Header[] headers = new Header[i % 3];
            for (int h = 0; h < headers.length; h++) {
                headers[h] = new RecordHeader("header-" + h, h == 1 ? null : new byte[] {(byte) i, (byte) h});
            }
            long timestamp = BASE_TIMESTAMP + (i == count / 2 ? 1_000_000 : i * 7L);
            builder.append(timestamp, key == null ? null : ByteBuffer.wrap(key), value == null ? null : ByteBuffer.wrap(value), headers);
        }
        return bytes(builder.build().buffer());
    }

    /** One small batch with some bytes changed behind a right CRC, and Kafka's verdict. */
    static void verdict(Random random, PrintWriter out) {
        CompressionType type = random.nextInt(3) == 0 ? TYPES[random.nextInt(TYPES.length)] : CompressionType.NONE;
        byte[] batch = batch(type, 1 + random.nextInt(3), 8);
        int changes = random.nextInt(3);
        for (int i = 0; i < changes; i++) {
            int at = random.nextInt(4) == 0 ? 21 + random.nextInt(40) : 61 + random.nextInt(batch.length - 61);
            batch[at] = random.nextBoolean() ? (byte) random.nextInt(256) : (byte) (batch[at] + random.nextInt(5) - 2);
        }
        boolean compacted = random.nextInt(4) == 0;
        ByteBuffer.wrap(batch).putInt(17, (int) Crc32C.compute(batch, 21, batch.length - 21));
        String base64 = Base64.getEncoder().encodeToString(batch);
        out.printf("{\"compacted\":%s,%s,\"batch\":\"%s\"}%n", compacted, judge(batch, compacted), base64);
    }

    static String judge(byte[] batch, boolean compacted) {
        MemoryRecords records = MemoryRecords.readableRecords(ByteBuffer.wrap(batch.clone()));
        try {
            MutableRecordBatch first = records.batches().iterator().next();
            first.ensureValid();
            CompressionType type = first.compressionType();
            LogValidator.ValidationResult result = new LogValidator(records, new TopicPartition("t", 0), Time.SYSTEM, type,
                compression(type), compacted, (byte) 2, TimestampType.CREATE_TIME, Long.MAX_VALUE, Long.MAX_VALUE, 0,
                AppendOrigin.CLIENT).validateMessagesAndAssignOffsets(PrimitiveRef.ofLong(0), new Recorder(), BufferSupplier.NO_CACHING);
            return "\"accepted\":true,\"rewritten\":" + result.messageSizeMaybeChanged()
                + ",\"maxTimestamp\":\"" + result.maxTimestampMs() + "\"";
        } catch (Throwable e) {
            return "\"accepted\":false,\"reason\":\"" + e.getClass().getSimpleName() + "\"";
        }
    }

    record Recorder() implements LogValidator.MetricsRecorder {
        public void recordInvalidMagic() {}
        public void recordInvalidOffset() {}
        public void recordInvalidSequence() {}
        public void recordInvalidChecksums() {}
        public void recordNoKeyCompactedTopic() {}
    }

    static byte[] bytes(ByteBuffer buffer) {
        byte[] copy = new byte[buffer.remaining()];
        buffer.duplicate().get(copy);
        return copy;
    }

    static void write(String name, byte[] content) throws Exception {
        Files.write(folder.resolve(name), content);
    }
}
