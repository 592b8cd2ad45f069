import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.MessageUtil;

/**
 * Encodes each message on standard input (a line of JSON each: name, version, value) with Kafka's
 * own codecs, and prints the line with the bytes added as `hex`. See README.md beside it.
 */
public final class EncodeSamples {
    private static final String[] CONVERTERS = {
        "org.apache.kafka.common.message.%sDataJsonConverter",
        "org.apache.kafka.common.message.%sJsonConverter",
        "org.apache.kafka.coordinator.group.generated.%sJsonConverter",
    };

    public static void main(String[] arguments) throws Exception {
        ObjectMapper mapper = new ObjectMapper();
        BufferedReader lines =
            new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            ObjectNode sample = (ObjectNode) mapper.readTree(line);
            short version = (short) sample.get("version").asInt();
            Message message = message(sample, version);
            ByteBuffer bytes = MessageUtil.toByteBufferAccessor(message, version).buffer();
            byte[] copy = new byte[bytes.remaining()];
            bytes.get(copy);
            sample.put("hex", HexFormat.of().formatHex(copy));
            System.out.println(mapper.writeValueAsString(sample));
        }
    }

    private static Message message(ObjectNode sample, short version) throws Exception {
        Class<?> converter = converter(sample.get("name").asText());
        if (sample.get("value").isNull()) {
            String name = converter.getName().replace("JsonConverter", "");
            return (Message) Class.forName(name).getConstructor().newInstance();
        }
        return (Message) converter
            .getMethod("read", JsonNode.class, short.class)
            .invoke(null, sample.get("value"), version);
    }

    private static Class<?> converter(String name) throws ClassNotFoundException {
        for (String pattern : CONVERTERS) {
            try {
                return Class.forName(String.format(pattern, name));
            } catch (ClassNotFoundException notThisOne) {
                continue;
            }
        }
        throw new ClassNotFoundException(name);
    }
}
