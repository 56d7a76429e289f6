package io.ratelimit.wholesystem;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.ratelimit.wholesystem.Step.Granted;
import io.ratelimit.wholesystem.Step.Numbered;
import io.ratelimit.wholesystem.Step.Queued;
import io.ratelimit.wholesystem.Step.Restarted;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * What a replica is told of a script, line by line.
 */
class PartitionWitnessTests {

    private static final String KEY = Setup.PARTITION;

    private final List<Step> steps = new ArrayList<>();

    private final PartitionWitness witness = new PartitionWitness(KEY, this.steps::add);

    @Test
    void aTransactionIsOneCallAlthoughOthersAreAnsweredMeanwhile() {
        this.witness.begin(line("MULTI"));
        this.witness.replicate(line("HSET", KEY + ":t", "a:1", packed(5, 900, 1)));
        this.witness.begin(line("ECHO", "token:1"));
        this.witness.replicate(line("ZADD", KEY + ":q", "5", "a:1"));
        this.witness.replicate(line("SET", KEY, header(4, 5), "KEEPTTL"));
        this.witness.begin(line("PEXPIREAT", KEY + ":q", "9"));
        this.witness.begin(line("EXEC"));
        assertThat(this.steps).containsExactly(new Queued("a:1", 5, 5), new Numbered(4, 5));
    }

    @Test
    void keysThatTheMasterFindsToBeOverAreForgottenBeforeTheRestOfItsCall() {
        this.witness.begin(line("MULTI"));
        this.witness.begin(line("DEL", KEY));
        this.witness.replicate(line("HSET", KEY + ":h", "a:1", packed(7, 7, 90, 0, 1)));
        this.witness.begin(line("DEL", KEY + ":q"));
        this.witness.replicate(line("SET", KEY, header(7, 7), "PXAT", "9"));
        this.witness.begin(line("EXEC"));
        assertThat(this.steps)
                .containsExactly(
                        new Restarted(1, 1, false, Map.of(), List.of()),
                        new Granted("a:1", 7, 7, 90, 1, false),
                        new Numbered(7, 7));
    }

    @Test
    void aCallThatGivesNoNumberTellsOfNone() {
        this.witness.begin(line("MULTI"));
        this.witness.replicate(line("SET", KEY, header(9, 7), "KEEPTTL"));
        this.witness.begin(line("EXEC"));
        assertThat(this.steps).isEmpty();
    }

    private static MonitorLine line(String... words) {
        return new MonitorLine(1, false, List.of(words));
    }

    private static String header(double time, double number) {
        return "\1\0" + packed(time, number);
    }

    private static String packed(double... doubles) {
        ByteBuffer packed = ByteBuffer.allocate(doubles.length * Double.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (double one : doubles) {
            packed.putDouble(one);
        }
        return new String(packed.array(), ISO_8859_1);
    }
}
