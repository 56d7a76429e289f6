import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** Starts each application in turn, many times, next to a real Redis, and prints medians. See run.sh. */
public class Startup {

    private static final List<String> APPLICATIONS = List.of("empty", "parts", "starter");

    private static final List<String> COLUMNS = List.of("wall ms", "CPU ms", "beans", "heap KB");

    public static void main(String[] args) throws IOException, InterruptedException {
        Path home = Path.of(args[0]);
        int rounds = Integer.parseInt(args[1]);
        List<String> jvm = Arrays.asList(args).subList(2, args.length);
        int port = 20_000 + (int) (ProcessHandle.current().pid() % 20_000);
        Process redis = new ProcessBuilder(
                        redisBinary(home).toString(), "--port", "" + port, "--bind", "127.0.0.1", "--save", "")
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        try {
            Map<String, List<long[]>> runs = new LinkedHashMap<>();
            APPLICATIONS.forEach((application) -> runs.put(application, new ArrayList<>()));
            for (int round = 0; round <= rounds; round++) {
                for (String application : APPLICATIONS) {
                    long[] run = start(home.resolve(application), port, jvm);
                    System.err.println(application + " " + Arrays.toString(run));
                    if (round > 0) { // the first reads the jars from the disk
                        runs.get(application).add(run);
                    }
                }
            }
            print(runs);
        } finally {
            redis.destroy();
        }
    }

    private static Path redisBinary(Path home) throws IOException {
        String cpu = System.getProperty("os.arch").equals("aarch64") ? "arm64" : "amd64";
        String system = System.getProperty("os.name").toLowerCase(Locale.ROOT).startsWith("mac") ? "darwin" : "linux";
        try (var files = Files.list(home.resolve("starter/target/redis-binaries"))) {
            Path binary = files.filter((file) -> file.toString().endsWith(system + "-" + cpu)).findFirst().orElseThrow();
            binary.toFile().setExecutable(true);
            return binary;
        }
    }

    private static long[] start(Path application, int port, List<String> jvm) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(ProcessHandle.current().info().command().orElseThrow()));
        command.addAll(jvm);
        command.addAll(List.of(
                "-cp",
                application.resolve("target/classes") + ":" + Files.readString(application.resolve("target/classpath")),
                "io.ratelimit.benchmarks.startup.EmptyApplication",
                "--server.port=0",
                "--spring.data.redis.port=" + port,
                "--ratelimit.resources.pool.concurrency=10",
                "--ratelimit.resources.pool.rate=100/1m"));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes());
        if (process.waitFor() != 0) {
            throw new IllegalStateException(output);
        }
        String line = output.lines().filter((text) -> text.startsWith("started ")).findFirst().orElseThrow();
        return Arrays.stream(line.substring(8).split(" ")).mapToLong(Long::parseLong).toArray();
    }

    private static void print(Map<String, List<long[]>> runs) {
        System.out.println("| | " + COLUMNS.stream().map((column) -> column + ", median (quartiles)").collect(Collectors.joining(" | ")) + " |");
        System.out.println("|---|" + "---|".repeat(COLUMNS.size()));
        runs.forEach((application, all) -> {
            StringBuilder row = new StringBuilder("| " + application + " |");
            for (int i = 0; i < COLUMNS.size(); i++) {
                int column = i;
                long[] sorted = all.stream().mapToLong((run) -> run[column]).sorted().toArray();
                row.append(" %d (%d–%d) |".formatted(
                        sorted[sorted.length / 2], sorted[sorted.length / 4], sorted[sorted.length * 3 / 4]));
            }
            System.out.println(row);
        });
    }
}
