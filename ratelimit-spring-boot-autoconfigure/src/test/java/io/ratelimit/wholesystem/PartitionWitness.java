package io.ratelimit.wholesystem;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.ratelimit.wholesystem.Step.Dropped;
import io.ratelimit.wholesystem.Step.Freed;
import io.ratelimit.wholesystem.Step.Granted;
import io.ratelimit.wholesystem.Step.Lease;
import io.ratelimit.wholesystem.Step.Numbered;
import io.ratelimit.wholesystem.Step.PutBack;
import io.ratelimit.wholesystem.Step.Queued;
import io.ratelimit.wholesystem.Step.Renewed;
import io.ratelimit.wholesystem.Step.Restarted;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Understands the commands of scripts: which of them change who holds and who waits in a partition. A script is atomic, so its steps are
 * told at its end, in the order of the state machine: what was given back, then the queue, then what was taken. This class and {@code
 * holders.lua} and {@code queue.lua} share a layout. Not thread-safe.
 */
final class PartitionWitness {

    private final String key;

    private final Consumer<Step> steps;

    private final Map<String, Long> queued = new HashMap<>();

    private final Set<String> held = new HashSet<>();

    private final Set<String> ids = new HashSet<>();

    private final Map<String, ByteBuffer> holders = new LinkedHashMap<>();

    private final Set<String> gone = new HashSet<>();

    private final Map<String, Long> sequences = new HashMap<>();

    private @Nullable Numbered numbered;

    private long callMicros;

    private long lastFence;

    /** When all keys expire. */
    private long expiresAtMillis = Long.MAX_VALUE;

    /** Whether the commands come from a master, and not from a script that runs here. */
    private boolean isReplica;

    private boolean isInTransaction;

    /** A busy Redis may begin to run a script long after it has told of the call: keys may be over by then. */
    private boolean isFirstCommand;

    private boolean isMaster;

    private boolean isOver;

    /** Tickets that have queued, and those that have left, in their order. */
    private final List<Queued> moves = new ArrayList<>();

    PartitionWitness(String key, Consumer<Step> steps) {
        this.key = key;
        this.steps = steps;
    }

    /** Returns whether a line of MONITOR may be of interest here: most are not, and understanding them takes long. */
    static boolean concerns(String line) {
        return line.contains("] \"HSET\"")
                || line.contains("] \"HDEL\"")
                || line.contains("] \"ZADD\"")
                || line.contains("] \"ZREM\"")
                || line.contains("] \"SET\"")
                || line.contains("] \"SETRANGE\"")
                || line.contains("] \"GET\"");
    }

    /** A call has begun, so the one before is over. */
    void begin(MonitorLine call) {
        if (this.isInTransaction && isWithinTransaction(call)) {
            if (isExpiry(call)) {
                forgotten(this.callMicros);
            }
            return;
        }
        end();
        this.callMicros = call.micros();
        this.isInTransaction = call.command().equalsIgnoreCase("MULTI");
        if (call.command().equalsIgnoreCase("FLUSHALL")) {
            restarted(Restarted.empty(call.micros(), call.micros()));
        } else if (isExpiry(call)) {
            forgotten(call.micros());
        }
        this.isFirstCommand = true;
        if (SeenCall.isOnPartition(call) && call.word(3).equals(this.key)) {
            this.ids.addAll(SeenCall.ids(call));
            this.isReplica = false;
        }
    }

    /**
     * What a master tells of a script is one transaction, and not all of it is of interest: expiries, and keys that it found to be over. Others
     * may be answered between its begin and the rest.
     */
    private static boolean isWithinTransaction(MonitorLine call) {
        String command = call.command().toUpperCase(Locale.ROOT);
        return !(command.equals("MULTI")
                || command.equals("EXEC")
                || command.equals("FLUSHALL")
                || SeenCall.isOnPartition(call));
    }

    /** Returns whether a master tells that the keys of the partition are over. */
    private boolean isExpiry(MonitorLine call) {
        return (call.command().equalsIgnoreCase("DEL") || call.command().equalsIgnoreCase("UNLINK"))
                && call.word(1).equals(this.key);
    }

    private void forgotten(long atMicros) {
        restarted(new Restarted(atMicros, atMicros, false, Map.of(), List.of()));
    }

    /** A master has told of a command that a script ran there. */
    void replicate(MonitorLine line) {
        if (this.isMaster) {
            over(); // what it has been told of while it was no replica is not seen
        }
        if (!this.isInTransaction) {
            end();
            this.callMicros = line.micros();
        }
        this.isReplica = true;
        understand(line);
    }

    /** What it sees from now on is not of interest: it does not serve the partition any more. */
    void over() {
        if (!this.isOver) {
            restarted(Restarted.empty(this.callMicros, Witness.nowMicros()));
            this.isOver = true;
        }
    }

    /** A script has run a command. */
    void add(MonitorLine line) {
        this.isMaster = true;
        if (this.isFirstCommand && line.micros() / 1_000 >= this.expiresAtMillis) {
            Set<String> own = Set.copyOf(this.ids);
            forgotten(this.callMicros);
            this.ids.addAll(own);
        }
        this.isFirstCommand = false;
        understand(line);
    }

    private void understand(MonitorLine line) {
        String on = line.word(1);
        if (!on.startsWith(this.key)) {
            return;
        }
        switch (line.command() + on.substring(this.key.length())) {
            case "SET" -> {
                if (line.word(3).equals("PXAT")) {
                    this.expiresAtMillis = Long.parseLong(line.word(4));
                }
                readHeader(line.bytes(2));
            }
            case "SETRANGE" -> {
                if (line.word(2).equals("0")) {
                    readHeader(line.bytes(3));
                }
            }
            case "HSET:h" -> {
                for (int i = 2; i < line.words().size() && isNamed(line, i); i += 2) {
                    this.holders.put(line.word(i), doubles(line.bytes(i + 1)));
                }
            }
            case "HDEL:h" ->
                this.gone.addAll(line.words().subList(2, line.words().size()));
            case "HSET:t" -> {
                for (int i = 2; i < line.words().size() && isNamed(line, i); i += 2) {
                    this.sequences.put(
                            line.word(i), (long) doubles(line.bytes(i + 1)).getDouble(0));
                }
            }
            case "ZADD:q" -> {
                for (int i = 2; i < line.words().size() && isNamed(line, i + 1); i += 2) {
                    String ticket = line.word(i + 1);
                    this.moves.add(new Queued(ticket, this.sequences.get(ticket), Double.parseDouble(line.word(i))));
                }
            }
            case "ZREM:q" -> {
                for (String ticket :
                        line.words().subList(2, isNamed(line, 2) ? line.words().size() : 2)) {
                    this.moves.add(new Queued(ticket, 0, 0));
                }
            }
            default -> {}
        }
    }

    /** Returns whether a command is about somebody, and not one that makes a table of a small hash. */
    private static boolean isNamed(MonitorLine line, int word) {
        return !line.word(word).isBlank();
    }

    /** Returns when the last call was that it saw. */
    long callMicros() {
        return this.callMicros;
    }

    /** Redis has begun anew, so what it has not told of the call before is not known. */
    void restarted(Restarted step, long expiresAtMillis) {
        restarted(step);
        this.expiresAtMillis = expiresAtMillis;
    }

    private void restarted(Restarted step) {
        if (this.isOver) {
            return;
        }
        forgetCall();
        this.expiresAtMillis = Long.MAX_VALUE;
        this.held.clear();
        this.held.addAll(step.held().keySet());
        this.queued.clear();
        step.queue().forEach((ticket) -> this.queued.put(ticket.ticket(), ticket.sequence()));
        this.steps.accept(step);
    }

    /**
     * The connection was cut, so what Redis has done since the last call was not seen. Its state is not lost.
     *
     * @param state how things stand now, see {@link RedisProbe#snapshot}
     * @param atMicros now
     */
    void resumed(List<List<String>> state, long atMicros) {
        List<String> packed = state.get(0);
        Map<String, Lease> leases = new HashMap<>();
        for (int i = 0; i < packed.size(); i += 2) {
            addLease(leases, packed.get(i), packed.get(i + 1).getBytes(ISO_8859_1));
        }
        List<String> tickets = state.get(1);
        Map<String, Long> numbers = new HashMap<>();
        for (int i = 0; i < tickets.size(); i += 2) {
            numbers.put(tickets.get(i), (long)
                    doubles(tickets.get(i + 1).getBytes(ISO_8859_1)).getDouble(0));
        }
        List<String> scores = state.get(2);
        List<Queued> queue = new ArrayList<>();
        for (int i = 0; i < scores.size(); i += 2) {
            queue.add(new Queued(scores.get(i), numbers.get(scores.get(i)), Double.parseDouble(scores.get(i + 1))));
        }
        long expiresAt = Long.parseLong(state.get(3).get(0));
        restarted(
                new Restarted(this.callMicros, atMicros, false, leases, queue),
                (expiresAt > 0) ? expiresAt : Long.MAX_VALUE);
    }

    /** Returns the state of the partition, as it is in Redis: that has begun anew, and nobody has asked it for anything yet. */
    static Restarted stateOf(RedisProbe probe, long blindFromMicros, boolean lost) {
        List<Queued> queue = new ArrayList<>();
        Map<String, byte[]> tickets = probe.hash(Setup.PARTITION + ":t");
        probe.scores(Setup.PARTITION + ":q")
                .forEach((ticket, score) -> queue.add(
                        new Queued(ticket, (long) doubles(tickets.get(ticket)).getDouble(0), score)));
        return new Restarted(blindFromMicros, Witness.nowMicros(), lost, leases(probe), queue);
    }

    /** Returns what is held, as it is in Redis. */
    static Map<String, Lease> leases(RedisProbe probe) {
        Map<String, Lease> leases = new HashMap<>();
        probe.hash(Setup.PARTITION + ":h").forEach((permit, packed) -> addLease(leases, permit, packed));
        return leases;
    }

    private static void addLease(Map<String, Lease> leases, String permit, byte[] packed) {
        ByteBuffer holder = doubles(packed);
        if (fence(holder) > 0) {
            leases.put(permit, new Lease(fence(holder), leaseEnd(holder), slots(holder)));
        }
    }

    /** Tells the steps of the script that is over. */
    void end() {
        free();
        Map<Long, Granted> direct = grants();
        for (Queued move : this.moves) {
            if (move.sequence() > 0) {
                direct.entrySet().removeIf((grant) -> grant.getKey() < move.sequence() && tell(grant.getValue()));
                this.queued.put(move.ticket(), move.sequence());
                tell(move);
            } else if (this.queued.remove(move.ticket()) != null) {
                ByteBuffer holder = this.holders.get(move.ticket());
                boolean isGranted = isNew(move.ticket(), holder) && !isPutBack(holder);
                tell(isGranted ? grant(move.ticket(), holder, true) : new Dropped(move.ticket()));
            }
        }
        direct.values().forEach(this::tell);
        if (this.numbered != null) {
            tell(this.numbered);
        }
        forgetCall();
    }

    private void forgetCall() {
        this.numbered = null;
        this.holders.clear();
        this.gone.clear();
        this.moves.clear();
        this.sequences.clear();
        this.ids.clear();
    }

    private void free() {
        this.holders.forEach((permit, holder) -> {
            if (fence(holder) == 0) {
                this.gone.add(permit); // a tombstone
            } else if (this.held.contains(permit)) {
                tell(new Renewed(permit, leaseEnd(holder)));
            }
        });
        for (String permit : this.gone) {
            if (this.held.remove(permit)) {
                tell(new Freed(permit, this.ids.contains(permit)));
            }
        }
    }

    /** Returns the grants that did not queue, by their fence. */
    private Map<Long, Granted> grants() {
        Map<Long, Granted> direct = new TreeMap<>();
        this.holders.forEach((permit, holder) -> {
            boolean left = this.queued.containsKey(permit)
                    || this.moves.stream()
                            .anyMatch((move) ->
                                    move.sequence() > 0 && move.ticket().equals(permit));
            if (isNew(permit, holder) && isPutBack(holder)) {
                tell(new PutBack(permit, fence(holder), leaseEnd(holder), slots(holder)));
            } else if (isNew(permit, holder) && !left) {
                direct.put(fence(holder), grant(permit, holder, false));
            }
        });
        return direct;
    }

    /** Redis reads the clock after it has told of the call, so a grant is not from before; a replica tells of it later. */
    private boolean isPutBack(ByteBuffer holder) {
        return this.isReplica ? fence(holder) <= this.lastFence : holder.getDouble(8) < this.callMicros;
    }

    private boolean isNew(String permit, @Nullable ByteBuffer holder) {
        return holder != null && fence(holder) > 0 && !this.held.contains(permit);
    }

    private Granted grant(String permit, ByteBuffer holder, boolean fromQueue) {
        return new Granted(
                permit, fence(holder), (long) holder.getDouble(8), leaseEnd(holder), slots(holder), fromQueue);
    }

    private static long slots(ByteBuffer holder) {
        long slots = 0;
        for (int at = 32; at < holder.limit(); at += 8) {
            slots += (long) holder.getDouble(at);
        }
        return slots;
    }

    private boolean tell(Step step) {
        if (this.isOver) {
            return true;
        }
        if (step instanceof Granted granted) {
            this.lastFence = granted.fence();
        }
        if (step instanceof Granted || step instanceof PutBack) {
            this.held.add(step.ticket());
        }
        this.steps.accept(step);
        return true;
    }

    private static long fence(ByteBuffer holder) {
        return (long) holder.getDouble(0);
    }

    private static long leaseEnd(ByteBuffer holder) {
        return (long) holder.getDouble(16);
    }

    private void readHeader(byte[] packed) {
        ByteBuffer header = doubles(packed);
        long fromMicros = (long) header.getDouble(2);
        long toNumber = (long) header.getDouble(10);
        this.numbered = (toNumber >= fromMicros) ? new Numbered(fromMicros, toNumber) : null;
    }

    private static ByteBuffer doubles(byte[] packed) {
        return ByteBuffer.wrap(packed).order(ByteOrder.LITTLE_ENDIAN);
    }
}
