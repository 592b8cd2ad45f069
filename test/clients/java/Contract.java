import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;

/**
 * What every client program shares: the records it makes and how it compares them. Record i is the
 * same in every language, so that one client can check what another produced; the runner's own
 * copy is test/clients/records.ts.
 */
final class Contract {
    private static final String ALPHABET = "abcdefghijklmnopqrstuvwxyz".repeat(21);

    private Contract() {
    }

    /** The key of record i, null for a null key. */
    static byte[] key(int i) {
        // Two of the clients refuse a record with neither key nor value.
        if (i % 7 == 0 && i % 13 != 0) {
            return null;
        }
        return bytes(i % 11 == 0 ? "" : "k" + i % 1000);
    }

    /** The value of record i, null for a null value. */
    static byte[] value(int i) {
        if (i % 13 == 0) {
            return null;
        }
        if (i % 17 == 0) {
            return new byte[0];
        }
        int start = i % 26;
        return bytes(i + ":" + ALPHABET.substring(start, start + (int) (i * 37L % 500)));
    }

    /** The headers of record i in order; not every client can send a null header value. */
    static List<Header> headers(int i, boolean withNull) {
        List<Header> headers = new ArrayList<>();
        if (i % 3 == 0) {
            return headers;
        }
        headers.add(new RecordHeader("h", bytes(Integer.toString(i))));
        if (i % 5 == 0) {
            headers.add(new RecordHeader("h", bytes("again")));
            headers.add(new RecordHeader("n", withNull ? null : bytes("0")));
            headers.add(new RecordHeader("e", new byte[0]));
            headers.add(new RecordHeader("b", new byte[] {(byte) 0xff, (byte) 0xfe, (byte) (0x80 | (i & 0x7f))}));
        }
        return headers;
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** One result line: names and values in turn; a value is a number, a boolean, a text or a list. */
    static void emit(Object... namesAndValues) {
        Map<String, Object> line = new LinkedHashMap<>();
        for (int n = 0; n < namesAndValues.length; n += 2) {
            line.put((String) namesAndValues[n], namesAndValues[n + 1]);
        }
        synchronized (System.out) {
            System.out.println(json(line));
            System.out.flush();
        }
    }

    private static String json(Object value) {
        StringBuilder out = new StringBuilder();
        if (value instanceof Map<?, ?> map) {
            map.forEach((k, v) -> out.append(out.isEmpty() ? "" : ",").append(json(k)).append(':').append(json(v)));
            return "{" + out + "}";
        }
        if (value instanceof Iterable<?> list) {
            list.forEach(v -> out.append(out.isEmpty() ? "" : ",").append(json(v)));
            return "[" + out + "]";
        }
        if (value instanceof Number || value instanceof Boolean || value == null) {
            return String.valueOf(value);
        }
        value.toString().chars().forEach(c -> {
            if (c == '"' || c == '\\' || c < 0x20 || c > 0x7e) {
                out.append(String.format("\\u%04x", c));
            } else {
                out.append((char) c);
            }
        });
        return "\"" + out + "\"";
    }

    /** Compares consumed records: record n of partition p is n * partitions + p. */
    static final class Check {
        private final int partitions;
        private final long baseTimestampMs;
        private final int expected;
        private final boolean nullHeaders;
        private final int[] seen;
        private final List<String> wrong = new ArrayList<>();
        private int consumed;

        Check(int partitions, long baseTimestampMs, int expected, boolean nullHeaders) {
            this.partitions = partitions;
            this.baseTimestampMs = baseTimestampMs;
            this.expected = expected;
            this.nullHeaders = nullHeaders;
            this.seen = new int[partitions];
        }

        boolean done() {
            return consumed >= expected;
        }

        void record(int partition, long offset, long timestampMs, byte[] key, byte[] value, Header[] headers) {
            int i = seen[partition]++ * partitions + partition;
            consumed++;
            String where = "partition " + partition + " offset " + offset + " record " + i + ": ";
            if (timestampMs != baseTimestampMs + i) {
                miss(where + "timestamp is " + timestampMs + ", want " + (baseTimestampMs + i));
            }
            if (!Arrays.equals(key, key(i))) {
                miss(where + "key is " + text(key) + ", want " + text(key(i)));
            }
            if (!Arrays.equals(value, value(i))) {
                miss(where + "value is " + text(value) + ", want " + text(value(i)));
            }
            if (!headers(i, nullHeaders).equals(Arrays.asList(headers))) {
                miss(where + "headers are " + Arrays.toString(headers) + ", want " + headers(i, nullHeaders));
            }
        }

        void report() {
            emit("consumed", consumed, "wrong", wrong);
        }

        private void miss(String what) {
            if (wrong.size() < 5) {
                wrong.add(what);
            }
        }

        private static String text(byte[] bytes) {
            return bytes == null ? "null" : new String(bytes, StandardCharsets.ISO_8859_1);
        }
    }
}
