import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.SimpleRecord;

/** Prints record batches as Kafka builds them, with what went into them. */
public final class EncodeBatches {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    public static void main(String[] arguments) throws Exception {
        print("one record", 0, -1, -1, -1, new SimpleRecord(1_700_000_000_000L, null, text("v")));
        print("keys, nulls and headers", 42, -1, -1, -1,
            new SimpleRecord(1_700_000_000_000L, text("k"), text("v"), new Header[] {
                new RecordHeader("trace", text("abc")),
                new RecordHeader("größe", null),
                new RecordHeader("", text("")),
            }),
            new SimpleRecord(1_700_000_000_123L, text("k"), null),
            new SimpleRecord(1_699_999_999_000L, text(""), text("")),
            new SimpleRecord(1_700_000_000_001L, (byte[]) null, null));
        print("idempotent", 7, 4_000_000_000_123L, 3, 2_147_483_646,
            new SimpleRecord(5, text("a"), text("b".repeat(200))),
            new SimpleRecord(4_000_000_000_000L, text("a".repeat(100)), text("b")));
        SimpleRecord[] many = new SimpleRecord[150];
        for (int i = 0; i < many.length; i++) {
            many[i] = new SimpleRecord(1_000 + i * 37L, text("key-" + i), text("value-" + i));
        }
        print("many", 9_007_199_254_740_000L, -1, -1, -1, many);
    }

    private static void print(
        String title, long baseOffset, long producerId, int epoch, int sequence,
        SimpleRecord... records
    ) throws Exception {
        MemoryRecords batch = MemoryRecords.withRecords(
            (byte) 2, baseOffset, Compression.NONE, TimestampType.CREATE_TIME, producerId,
            (short) epoch, sequence, 11, false, records);
        ObjectNode line = MAPPER.createObjectNode();
        line.put("title", title).put("baseOffset", baseOffset).put("producerId", producerId);
        line.put("producerEpoch", epoch).put("baseSequence", sequence);
        line.put("partitionLeaderEpoch", 11);
        ArrayNode list = line.putArray("records");
        for (SimpleRecord record : records) {
            ObjectNode entry = list.addObject();
            entry.put("timestamp", record.timestamp());
            entry.put("key", hex(record.key())).put("value", hex(record.value()));
            ArrayNode headers = entry.putArray("headers");
            for (Header header : record.headers()) {
                ByteBuffer value = header.value() == null ? null : ByteBuffer.wrap(header.value());
                headers.addObject().put("key", header.key()).put("value", hex(value));
            }
        }
        line.put("hex", hex(batch.buffer()));
        System.out.println(MAPPER.writeValueAsString(line));
    }

    private static byte[] text(String value) {
        return value.getBytes(StandardCharsets.UTF_8);
    }

    private static String hex(ByteBuffer bytes) {
        if (bytes == null) {
            return null;
        }
        byte[] copy = new byte[bytes.remaining()];
        bytes.duplicate().get(copy);
        return HexFormat.of().formatHex(copy);
    }
}
