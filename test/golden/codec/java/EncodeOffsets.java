import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.HexFormat;
import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.coordinator.common.runtime.CoordinatorRecord;
import org.apache.kafka.coordinator.group.GroupCoordinatorRecordHelpers;
import org.apache.kafka.coordinator.group.GroupCoordinatorRecordSerde;
import org.apache.kafka.coordinator.group.OffsetAndMetadata;
import org.apache.kafka.coordinator.group.generated.GroupMetadataKey;
import org.apache.kafka.coordinator.group.generated.GroupMetadataValue;
import org.apache.kafka.coordinator.group.generated.GroupMetadataValueJsonConverter;
import org.apache.kafka.coordinator.group.generated.OffsetCommitValue;
import org.apache.kafka.coordinator.group.generated.OffsetCommitValueJsonConverter;
import org.apache.kafka.server.common.ApiMessageAndVersion;

/** Prints records of __consumer_offsets as Kafka's group coordinator writes them. */
public final class EncodeOffsets {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final GroupCoordinatorRecordSerde SERDE = new GroupCoordinatorRecordSerde();

    public static void main(String[] arguments) throws Exception {
        Uuid topicId = Uuid.fromString("AQIDBAUGBwgJCgsMDQ4PEA");
        printCommit("plain", new OffsetAndMetadata(
            42, OptionalInt.of(3), "note", 1_700_000_000_000L, OptionalLong.empty(), Uuid.ZERO_UUID));
        printCommit("with topic id", new OffsetAndMetadata(
            0, OptionalInt.empty(), "", 1_700_000_000_000L, OptionalLong.empty(), topicId));
        printCommit("expiring", new OffsetAndMetadata(
            9_007_199_254_740_991L, OptionalInt.of(3), "größe", 1_700_000_000_000L,
            OptionalLong.of(1_700_000_600_000L), Uuid.ZERO_UUID));
        CoordinatorRecord gone =
            GroupCoordinatorRecordHelpers.newOffsetCommitTombstoneRecord("group", "topic-a", 7);
        System.out.println(MAPPER.writeValueAsString(line("offset tombstone", gone).putNull("value")));
        GroupMetadataValue value = new GroupMetadataValue()
            .setProtocolType("consumer").setGeneration(5).setProtocol("range").setLeader("member-1")
            .setCurrentStateTimestamp(1_700_000_000_000L)
            .setMembers(List.of(
                new GroupMetadataValue.MemberMetadata()
                    .setMemberId("member-1").setGroupInstanceId("instance").setClientId("client")
                    .setClientHost("/127.0.0.1").setRebalanceTimeout(300_000).setSessionTimeout(45_000)
                    .setSubscription(new byte[] {1, 2, 3}).setAssignment(new byte[] {4}),
                new GroupMetadataValue.MemberMetadata()
                    .setMemberId("member-2").setClientId("client").setClientHost("/127.0.0.1")));
        CoordinatorRecord group = CoordinatorRecord.record(
            new GroupMetadataKey().setGroup("group"), new ApiMessageAndVersion(value, (short) 3));
        ObjectNode line = line("group", group);
        line.set("value", GroupMetadataValueJsonConverter.write(value, (short) 3));
        System.out.println(MAPPER.writeValueAsString(line));
    }

    private static void printCommit(String title, OffsetAndMetadata offset) throws Exception {
        CoordinatorRecord record =
            GroupCoordinatorRecordHelpers.newOffsetCommitRecord("group", "topic-a", 7, offset);
        ObjectNode line = line(title, record);
        OffsetCommitValue value = (OffsetCommitValue) record.value().message();
        short version = record.value().version();
        line.set("value", OffsetCommitValueJsonConverter.write(value, version));
        System.out.println(MAPPER.writeValueAsString(line));
    }

    private static ObjectNode line(String title, CoordinatorRecord record) {
        HexFormat hex = HexFormat.of();
        ObjectNode line = MAPPER.createObjectNode().put("title", title);
        line.put("keyHex", hex.formatHex(SERDE.serializeKey(record)));
        byte[] value = SERDE.serializeValue(record);
        line.put("valueHex", value == null ? null : hex.formatHex(value));
        return line;
    }
}
